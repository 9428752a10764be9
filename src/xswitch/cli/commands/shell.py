"""`init` and `completion`: templates filled in."""

from __future__ import annotations

from importlib import resources

from xswitch.cli.context import Context
from xswitch.core.errors import ExitCode
from xswitch.core.shell.scripts import (
    completion_template,
    init_template,
    render_completion,
    render_init,
)


def init(context: Context) -> int:
    """The hook."""
    arguments = context.arguments
    hook = render_init(
        arguments.shell,
        _template(init_template(arguments.shell)),
        command=context.services.command_words,
        cmd=arguments.cmd,
        state_folder=context.services.state_folder,
        prompt=arguments.prompt,
    )
    context.data.raw(hook)
    return ExitCode.DONE


def completion(context: Context) -> int:
    """Completion of commands, options and targets."""
    arguments = context.arguments
    template = _template(completion_template(arguments.shell))
    context.data.raw(
        render_completion(
            arguments.shell, template, command=context.services.command_words, cmd=arguments.cmd
        )
    )
    return ExitCode.DONE


def _template(name: str) -> str:
    return (
        resources.files("xswitch")
        .joinpath("core", "shell", "templates", name)
        .read_text(encoding="utf-8")
    )
