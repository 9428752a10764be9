"""The command line's grammar: argv to parsed arguments, and the options that commands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from xswitch import __version__
from xswitch.cli.commands import COMMANDS, Command
from xswitch.core.duration_text import parse_duration
from xswitch.core.errors import UsageError

_TOP_LEVEL_OPTIONS = frozenset({"-h", "--help", "--version"})


class CommandParser(argparse.ArgumentParser):
    """An argparse parser that raises UsageError instead of exiting, and takes no abbreviations."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, add_help=False, **settings)
        self.add_argument("-h", "--help", action="help", help="show help")

    def parse_known_args(  # type: ignore[override]  # argparse's overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Raise the error of an unknown option here: its command's help is the next step."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with the parser's help as the next step."""
        raise UsageError(f"Invalid arguments: {message}.", next_step=f"{self.prog} --help")


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; `run` in the result is the function that executes it.

    Only the command used is declared, which saves about 5 ms. Raises UsageError.
    """
    words = list(argv)
    index = next((i for i, word in enumerate(words) if not word.startswith("-")), len(words))
    if index == len(words):
        parser = build_parser("")
        if not _TOP_LEVEL_OPTIONS.intersection(words):
            from xswitch.cli.commands.switch import picker  # noqa: PLC0415 -- not for --help

            parser.set_defaults(run=picker)
        return parser.parse_args(words)
    name = words[index]
    if all(command.name != name for command in COMMANDS):
        raise _unknown_command_error(name)
    if name in VERBS:
        words[index + 1 :] = _move_verb_first(words[index + 1 :], VERBS[name])
    child: list[str] = []
    if name in TAKES_COMMAND and "--" in words:
        end = words.index("--")
        words, child = words[:end], words[end + 1 :]
    arguments = build_parser(name).parse_args(words)
    arguments.child = child
    return arguments


def build_parser(name: str | None = None) -> argparse.ArgumentParser:
    """Build the parser with the arguments of one command; None declares those of all commands.

    Any other name lists the commands without their arguments.
    """
    parser = CommandParser(
        prog="xswitch",
        description=(
            "Switch this shell to an AWS role for the whole day. "
            "Without a command, xswitch opens the picker."
        ),
    )
    parser.add_argument(
        "--version", action="version", version=f"xswitch {__version__}", help="show the version"
    )
    _add_debug(parser, default=False)
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", parser_class=CommandParser
    )
    names = {command.name for command in COMMANDS}
    for command in COMMANDS:
        if name not in names or command.name == name:
            subparser = add_subcommand(subparsers, command.name, command.help, command.hidden)
            if name in (None, command.name):
                _declare_arguments(command, subparser)
    return parser


def add_subcommand(
    subparsers: argparse._SubParsersAction[CommandParser],  # no public name
    name: str,
    text: str,
    hidden: bool = False,  # noqa: FBT001, FBT002 -- as the field of Command
) -> CommandParser:
    """Add a command, or a verb of one, with `--debug`."""
    # A `help`, even an empty one, would list a hidden command
    listed: dict[str, Any] = {} if hidden else {"help": text}
    parser = subparsers.add_parser(name, description=f"{text[0].upper()}{text[1:]}.", **listed)
    # A default would override a --debug before the command
    _add_debug(parser, default=argparse.SUPPRESS)
    return parser


def _declare_arguments(command: Command, parser: CommandParser) -> None:
    module = import_module(f"xswitch.cli.commands.{command.module}")
    getattr(module, f"add_{command.name.replace('-', '_')}")(parser)


def _add_debug(parser: CommandParser, *, default: object) -> None:
    parser.add_argument(
        "--debug",
        action="store_true",
        default=default,
        help="log to stderr; secrets are never included",
    )


def _unknown_command_error(name: str) -> UsageError:
    from difflib import get_close_matches  # noqa: PLC0415 -- only for a typing mistake

    similar = get_close_matches(name, [command.name for command in COMMANDS if not command.hidden])
    suggestion = f" Did you mean {similar[0]!r}?" if similar else ""
    return UsageError(f"Unknown command {name!r}.{suggestion}", next_step="xswitch --help")


def _move_verb_first(words: list[str], verbs: Sequence[str]) -> list[str]:
    """Accept options before a verb, which argparse requires in front of them."""
    index = next((i for i, word in enumerate(words) if word in verbs), 0)
    return [*words[index : index + 1], *words[:index], *words[index + 1 :]]


TAKES_COMMAND = frozenset({"exec"})
"""The commands that run the words after `--`."""

VERBS = {
    "access": ("plan", "apply", "check", "lint"),
    "sso": ("list", "refresh", "populate", "add"),
}
"""The verbs of the commands that have some."""


# -- options that several commands share


def add_json(parser: CommandParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print a JSON envelope on stdout")


def add_mfa_code(parser: CommandParser) -> None:
    """Add `--mfa-code`."""
    parser.add_argument("--mfa-code", metavar="CODE", help="MFA code (skips the prompt)")


def add_tags(parser: CommandParser, text: str) -> None:
    """Add `--tag`, repeatable."""
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        type=parse_tag,
        metavar="KEY=VALUE",
        help=f"{text} (repeatable)",
    )


def duration(text: str) -> int:
    """Convert the value of a duration option to seconds."""
    seconds = parse_duration(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration (3600, 45m, 12h)")
    return seconds


def parse_tag(text: str) -> tuple[str, str]:
    """Split KEY=VALUE at the first equals sign."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value
