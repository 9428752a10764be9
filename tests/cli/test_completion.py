"""The words for the shells' completion, compared with the parser they come from."""

from __future__ import annotations

import argparse

from xswitch.cli.completion import completion_words, plain_commands
from xswitch.cli.parser import build_parser
from xswitch.core.shell.completion import completion_table

WORDS = completion_words()
COMMANDS = [row.word for row in WORDS if row.kind == "command"]


def subparsers(
    parser: argparse.ArgumentParser,
) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
    return next((a for a in parser._actions if isinstance(a, argparse._SubParsersAction)), None)


def test_the_words_are_those_of_the_parser() -> None:
    commands = subparsers(build_parser())
    assert commands is not None
    shown = {choice.dest for choice in commands._choices_actions}
    assert set(COMMANDS) == shown
    parsers = {name: commands.choices[name] for name in COMMANDS}
    for command in ("access", "sso"):
        verbs = subparsers(parsers[command])
        assert verbs is not None
        parsers |= {f"{command} {name}": parser for name, parser in verbs.choices.items()}
    for name, parser in parsers.items():
        actions = parser._actions
        options = {
            next(option for option in action.option_strings if option.startswith("--")): (
                "flag" if action.nargs == 0 else "value"
            )
            for action in actions
            if action.option_strings and action.help != argparse.SUPPRESS
        }
        rows = [row for row in WORDS if row.command == name]
        listed = {
            row.word: "value" if row.kind == "file" else row.kind
            for row in rows
            if row.word.startswith("--")
        }
        assert listed == options, name
        positional = [action for action in actions if not action.option_strings]
        choices = {row.word for row in rows if row.kind == "choice"} - {"-"}
        assert choices == {choice for action in positional for choice in action.choices or ()}, name
        assert any(row.kind == "target" for row in rows) is any(
            action.choices is None and action.metavar != "NAME" for action in positional
        ), name


def test_each_word_is_offered_once() -> None:
    assert len(WORDS) == len({(row.command, row.kind, row.word) for row in WORDS})


def test_files_follow_the_options_that_take_one() -> None:
    files = {(row.command, row.word) for row in WORDS if row.kind == "file"}
    assert files == {
        ("access plan", "--output"),
        ("access apply", "--output"),
        ("demo", "--state"),
        ("exec", "--chdir"),
    }


def test_every_command_but_switch_is_passed_through() -> None:
    assert set(plain_commands()) == (set(COMMANDS) - {"switch"}) | {"-h", "--help", "--version"}


def test_the_table_has_four_fields_and_no_special_characters() -> None:
    table = completion_table(WORDS)
    rows = [line.split("\t") for line in table.split("\n")]
    assert len(rows) == len(WORDS)
    assert all(len(row) == 4 and all(row) for row in rows)
    assert not set(table) & set("'\"\\`$!*?[]{}<>|&;#~@")
