"""`init` and `completion`: the templates of core.shell, filled in."""

from __future__ import annotations

from importlib import resources

from xswitch.cli.completion import completion_words, plain_commands
from xswitch.cli.context import Context
from xswitch.cli.parser import CommandParser
from xswitch.core.errors import ExitCode
from xswitch.core.shell.scripts import (
    completion_template,
    init_template,
    render_completion,
    render_init,
)
from xswitch.core.shell.shells import SHELLS


def add_init(parser: CommandParser) -> None:
    """Declare the arguments of `init`."""
    _add_shell(parser)
    parser.add_argument(
        "--prompt", action="store_true", help="show account, role, and time left in the prompt"
    )
    parser.set_defaults(run=init)


def add_completion(parser: CommandParser) -> None:
    """Declare the arguments of `completion`."""
    _add_shell(parser)
    parser.set_defaults(run=completion)


def _add_shell(parser: CommandParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="your shell")
    parser.add_argument(
        "--cmd", default="xs", metavar="NAME", help="name of the shell function (default: xs)"
    )


def init(context: Context) -> int:
    """Print the shell hook."""
    arguments = context.arguments
    context.stdout.raw(
        render_init(
            arguments.shell,
            _template(init_template(arguments.shell)),
            command=context.services.command_words,
            cmd=arguments.cmd,
            plain_commands=plain_commands(),
            state_folder=context.services.state_folder,
            prompt=arguments.prompt,
        )
    )
    return ExitCode.DONE


def completion(context: Context) -> int:
    """Print the completion script: commands, options, and targets."""
    arguments = context.arguments
    context.stdout.raw(
        render_completion(
            arguments.shell,
            _template(completion_template(arguments.shell)),
            command=context.services.command_words,
            cmd=arguments.cmd,
            words=completion_words(),
        )
    )
    return ExitCode.DONE


def _template(name: str) -> str:
    folder = resources.files("xswitch").joinpath("core", "shell", "templates")
    return folder.joinpath(name).read_text(encoding="utf-8")
