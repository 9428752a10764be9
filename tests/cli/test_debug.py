"""`--debug`: before or after the command, only on stderr, and not during a screen."""

from __future__ import annotations

import io
import json
from threading import Thread

import pytest

from xswitch.cli import main as cli
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.parser import parse_arguments


@pytest.mark.parametrize(
    ("argv", "debug"),
    [
        (("--debug",), True),
        (("--debug", "list"), True),
        (("list", "--debug"), True),
        (("switch", "a", "--debug"), True),
        (("list",), False),
        ((), False),
    ],
)
def test_it_is_accepted_before_and_after_the_command(argv: tuple[str, ...], *, debug: bool) -> None:
    assert parse_arguments(argv).debug == debug


def test_stdout_is_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"PATH": "/usr/bin:/bin"}
    assert cli.main(["list", "--json"], environ) == 0
    plain = capsys.readouterr()
    assert cli.main(["list", "--json", "--debug"], environ) == 0
    loud = capsys.readouterr()
    assert json.loads(plain.out) == json.loads(loud.out)
    assert plain.err == ""
    lines = loud.err.splitlines()
    assert any(line.startswith("debug: config.read: 0 profiles, 0 problems, ") for line in lines)
    assert all(line.startswith("debug: ") and line.endswith(" ms") for line in lines)


def test_lines_wait_for_the_end_of_a_screen_and_the_last_ones_are_kept() -> None:
    stream = io.StringIO()
    stderr = Stderr(stream)
    stderr.debug("before")

    def screen() -> None:
        with stderr.defer_debug():
            threads = [
                Thread(target=stderr.debug, args=(f"\x1b]0;{number}\x07",)) for number in range(3)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for number in range(20_000):
                stderr.debug(str(number))
            assert stream.getvalue() == "debug: before\n"
            raise KeyError

    with pytest.raises(KeyError):
        screen()
    stderr.debug("after")
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["debug: before", "debug: 10000"]
    assert lines[-2:] == ["debug: 19999", "debug: after"]
    assert "\x1b" not in stream.getvalue()
