from __future__ import annotations

import argparse

import pytest

from xswitch.cli.parser import build_parser, duration, parse_arguments, parse_tag
from xswitch.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3600", 3600), ("90s", 90), ("45m", 2700), ("12h", 43_200), ("90 min", 5400)],
)
def test_durations(text: str, expected: int) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "h", "1d", "-5", "1.5h", "1h30m"])
def test_invalid_durations(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a duration"):
        duration(text)


def test_tags() -> None:
    assert parse_tag("team=a=b") == ("team", "a=b")
    with pytest.raises(argparse.ArgumentTypeError, match="KEY=VALUE"):
        parse_tag("team")


def test_every_option_of_switch_arrives() -> None:
    arguments = build_parser().parse_args(
        [
            *[
                "switch",
                "pay",
                "prod",
                "--source",
                "dev",
                "--region",
                "eu-west-1",
                "--duration",
                "1h",
                "--session-name",
                "me",
            ],
            *[
                "--external-id",
                "x1",
                "--mfa-code",
                "123456",
                "--profile-name",
                "p",
                "--static",
                "--policy-arn",
                "a",
                "--policy-arn",
                "b",
            ],
            *["--tag", "k=v", "--force", "--json", "--confirm", "prod", "--emit", "fish"],
        ]
    )
    assert arguments.target == ["pay", "prod"]
    assert (arguments.source, arguments.region, arguments.duration, arguments.session_name) == (
        "dev",
        "eu-west-1",
        3600,
        "me",
    )
    assert (arguments.external_id, arguments.mfa_code, arguments.profile_name) == (
        "x1",
        "123456",
        "p",
    )
    assert (
        arguments.static,
        arguments.force,
        arguments.json,
        arguments.confirm,
        arguments.emit,
    ) == (True, True, True, "prod", "fish")
    assert (arguments.policy_arn, arguments.tag) == (["a", "b"], [("k", "v")])


def test_a_dash_is_a_target() -> None:
    assert build_parser().parse_args(["switch", "-"]).target == ["-"]


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["switch", "--nonsense"],
        ["init", "tcsh"],
        ["credential-process"],
        ["switch", "--dur", "1h", "x"],
    ],
)
def test_mistakes_are_usage_errors(argv: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        build_parser().parse_args(argv)
    assert caught.value.next_step.endswith("--help")


@pytest.mark.parametrize(
    ("words", "kind"),
    [([], None), (["a"], None), (["", "sign-ins"], "sign-ins"), (["a", "sign-ins"], "sign-ins")],
)
def test_completion_takes_a_word_and_a_kind(words: list[str], kind: str | None) -> None:
    assert parse_arguments(["complete", *words]).of == kind


@pytest.mark.parametrize("kind", ["", "sign-in", "roles", "a b"])
def test_completion_refuses_a_kind_that_it_doesnt_know(kind: str) -> None:
    with pytest.raises(UsageError):
        parse_arguments(["complete", "a", kind])


def test_the_help_lists_no_hidden_command() -> None:
    text = build_parser().format_help()
    assert "credential-process" in text
    assert "renew-background" not in text


def test_each_verb_of_access_has_its_own_options() -> None:
    parse = parse_arguments
    assert parse(["access", "lint", "x.json", "--target", "admin"]).action == "lint"
    for words in (["lint", "--yes"], ["check", "R", "--dry-run"], ["plan", "R", "--no-check"]):
        with pytest.raises(UsageError) as caught:
            parse(["access", *words])
        assert caught.value.next_step == f"xswitch access {words[0]} --help"
    before = parse(["access", "--json", "--source", "a", "plan", "R", "--target", "b"])
    assert (before.action, before.json, before.source, before.target, before.name) == (
        "plan",
        True,
        "a",
        "b",
        ["R"],
    )


def test_the_former_names_of_options_are_accepted() -> None:
    words = ["access", "apply", "R", "--colour", "red", "--take-back-on-failure"]
    arguments = parse_arguments(words)
    assert (arguments.color, arguments.rollback_on_failure) == ("red", True)
    words = ["access", "apply", "R", "--color", "red", "--rollback-on-failure"]
    assert parse_arguments(words) == arguments


def test_one_command_is_declared_as_in_the_whole_parser() -> None:
    def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
        action = next(
            action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
        )
        return dict(action.choices)

    whole = commands(build_parser())
    for name, parser in whole.items():
        alone = commands(build_parser(name))
        assert alone[name].format_help() == parser.format_help()
        assert name == "demo" or len(alone) < len(whole)
    assert commands(build_parser("nonsense")).keys() == whole.keys()
