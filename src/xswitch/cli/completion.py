"""The words of commands and options that shells complete, read from the parser.

Targets are completed by `complete` in `cli/commands/inspect.py`, which the shells run.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from xswitch.cli.commands import COMMANDS, SIGN_INS
from xswitch.cli.parser import build_parser
from xswitch.core.shell.completion import CompletionWord, WordKind

_FILE_METAVARS = frozenset({"FILE", "DIR"})
_TARGET_METAVARS = frozenset({"TARGET", "PROFILE", "ROLE"})
_SIGN_IN_COMMANDS = frozenset({"login", "logout", "sso"})
# Characters that a shell, or a shell's completion menu, could act on
_UNSAFE = {ord("'"): "\u2019", **dict.fromkeys(map(ord, '"\\`$!*?[]{}<>|&;#~@\t\n'))}


def plain_commands() -> tuple[str, ...]:
    """Return the first words after which the hook runs xswitch unchanged; others are targets."""
    names = (entry.name for entry in COMMANDS if not entry.hidden and entry.name != "switch")
    return (*names, "-h", "--help", "--version")


def completion_words() -> tuple[CompletionWord, ...]:
    """Return every word of the parser, in the order it is offered."""
    parser = build_parser()
    subparsers = _subparsers(parser)
    assert subparsers is not None  # noqa: S101 -- build_parser adds them
    visible = [command for command in COMMANDS if not command.hidden]
    words = [_word("", "command", command.name, command.help) for command in visible]
    words += _options("", parser)
    for command in visible:
        words += _arguments(command.name, subparsers.choices[command.name])
    return tuple(words)


def _arguments(command: str, parser: argparse.ArgumentParser) -> Iterator[CompletionWord]:
    """Yield the words of a command, then those of its verbs as commands "access plan"."""
    yield from _positionals(command, parser)
    yield from _options(command, parser)
    verbs = _subparsers(parser)
    if verbs is not None:
        for choice in verbs._choices_actions:  # noqa: SLF001 -- no public way to the help texts
            yield _word(command, "choice", choice.dest, choice.help)
        for name, verb in verbs.choices.items():
            yield from _arguments(f"{command} {name}", verb)


def _positionals(command: str, parser: argparse.ArgumentParser) -> Iterator[CompletionWord]:
    for action in parser._actions:  # noqa: SLF001 -- argparse lists them nowhere else
        if action.option_strings or isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            continue
        for choice in action.choices or ():
            yield _word(command, "choice", str(choice))
        if action.metavar in _TARGET_METAVARS:
            kind = SIGN_INS if command.split(maxsplit=1)[0] in _SIGN_IN_COMMANDS else ""
            yield CompletionWord(command, "target", kind, "")
    if command == "switch":
        yield _word(command, "choice", "-", "the previous profile")


def _options(command: str, parser: argparse.ArgumentParser) -> Iterator[CompletionWord]:
    for action in parser._actions:  # noqa: SLF001 -- as above
        name = next((name for name in action.option_strings if name.startswith("--")), None)
        if name is None or action.help == argparse.SUPPRESS:
            continue
        kind: WordKind = "file" if action.metavar in _FILE_METAVARS else "value"
        yield _word(command, "flag" if action.nargs == 0 else kind, name, action.help)


def _word(command: str, kind: WordKind, word: str, text: str | None = None) -> CompletionWord:
    return CompletionWord(command, kind, word, (text or "").partition(";")[0].translate(_UNSAFE))


def _subparsers(
    parser: argparse.ArgumentParser,
) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
    return next(
        (a for a in parser._actions if isinstance(a, argparse._SubParsersAction)),  # noqa: SLF001
        None,
    )
