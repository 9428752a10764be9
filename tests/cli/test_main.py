"""Commands without services (help, version, usage errors, hooks), and both output streams."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Iterator

import pytest

from xswitch.cli import main as cli
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.output.stdout import Stdout, table
from xswitch.cli.parser import build_parser
from xswitch.core.errors import AwsDeniedError, CancelledError, TargetError, XswitchError
from xswitch.core.model import Problem

ENV = {"HOME": "/nowhere", "PATH": "/usr/bin:/bin"}


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = cli.main(argv, ENV)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_an_unknown_command_is_exit_2_with_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "swich")
    assert (code, out) == (2, "")
    assert "Unknown command 'swich'. Did you mean 'switch'?" in err
    assert "next: xswitch --help" in err


def test_a_wrong_option_leads_to_the_help_of_its_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words, command in (
        (("switch", "--durat", "1h", "x"), "xswitch switch"),
        (("access", "lint", "x.json", "--yes"), "xswitch access lint"),
        (("--nonsense",), "xswitch"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "")
        assert f"next: {command} --help" in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "nu"])
@pytest.mark.parametrize("command", ["init", "completion"])
def test_hooks_and_completions_are_data(
    capsys: pytest.CaptureFixture[str], command: str, shell: str
) -> None:
    code, out, err = run(capsys, command, shell, "--cmd", "sw")
    assert (code, err) == (0, "")
    assert "sw" in out
    assert "@CMD@" not in out


def test_an_invalid_function_name_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "init", "bash", "--cmd", "a;b")
    assert (code, out) == (2, "")


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_services", interrupted)
    code, out, err = run(capsys, "list")
    assert (code, out) == (130, "")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwsDeniedError("No.", why="because", next_step="do this"), 4),
        (CancelledError("Stopped."), 130),
        (XswitchError("Odd."), 1),
    ],
)
def test_an_error_is_a_message_or_an_envelope(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: XswitchError,
    code: int,
) -> None:
    def failing(*_: object) -> object:
        raise error

    monkeypatch.setattr(cli, "_services", failing)
    exit_code, out, err = run(capsys, "list")
    assert (exit_code, out) == (code, "")
    assert error.what in err
    shaped = run(capsys, "list", "--json")
    assert (shaped[0], shaped[2]) == (code, "")
    problem = json.loads(shaped[1])["problems"][0]
    assert (problem["message"], problem["why"], problem["next_step"], problem["exit_code"]) == (
        error.what,
        error.why,
        error.next_step,
        code,
    )


def test_credential_process_prints_an_error_as_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> object:
        raise AwsDeniedError("No.", why="line one\nline two", next_step="do this")

    monkeypatch.setattr(cli, "_services", failing)
    code, out, err = run(capsys, "credential-process", "x")
    assert (code, out) == (4, "")
    assert err.count("\n") == 1
    assert err.endswith("Next: do this\n")


def test_hostile_text_reaches_no_terminal() -> None:
    stream = io.StringIO()
    stderr = Stderr(stream)
    hostile = "a\x1b]52;c;QQ==\x07b\nc\x9bd"
    stderr.say(hostile)
    stderr.warn(hostile)
    stderr.problem(Problem("code", hostile, "warning", file=hostile, line=1))
    stderr.error(TargetError(hostile, why=hostile, next_step=hostile, candidates=(hostile,)))
    stderr.one_line(TargetError(hostile, why=hostile))
    data = io.StringIO()
    Stdout(data).lines(table([[hostile, "x"]], ["A", "B"]))
    Stdout(data).envelope("list", {"name": hostile})
    for text in (stream.getvalue(), data.getvalue()):
        assert not {c for c in text if not c.isprintable()} - {"\n"}
    assert (
        json.loads(data.getvalue().partition("{")[1] + data.getvalue().partition("{")[2])["data"][
            "name"
        ]
        == hostile
    )


def test_color_only_where_requested() -> None:
    plain, colored = io.StringIO(), io.StringIO()
    Stderr(plain).done("x")
    Stderr(colored, color=True).done("x")
    assert "\x1b" not in plain.getvalue()
    assert "\x1b[32m" in colored.getvalue()


def test_every_command_has_a_function() -> None:
    def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
        nested = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        for action in nested:
            for child in action.choices.values():
                yield from leaves(child)
        if not nested:
            yield parser

    commands = list(leaves(build_parser()))
    assert len(commands) > 20
    assert all(callable(parser.get_default("run")) for parser in commands)


def test_a_bug_below_a_library_is_placed_in_the_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, Callable[..., None]] = {}
    path = "/home/me/xswitch/.venv/lib/python3/site-packages/library.py"
    exec(compile("def fail(*_):\n    raise KeyError\n", path, "exec"), names)
    monkeypatch.setattr(cli, "_services", names["fail"])
    code, _, err = run(capsys, "list")
    assert code == 1
    assert "KeyError at library.py" not in err
