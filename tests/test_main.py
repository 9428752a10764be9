from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import xswitch
from support.hot import PROFILE, HotWorld
from support.vault.keyrings import memory_folder
from xswitch import __main__ as module

SOURCE = str(Path(xswitch.__file__).parents[1])


@pytest.fixture
def world(clean_world: Path) -> Iterator[HotWorld]:
    with memory_folder() as memory:
        yield HotWorld(clean_world, memory)


@pytest.fixture
def full(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Callable[[list[str]], int], list[str]], None]:
    """Replace the full program."""

    def place(main: Callable[[list[str]], int], argv: list[str]) -> None:
        stub = types.ModuleType("xswitch.cli.main")
        stub.main = main  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "xswitch.cli.main", stub)
        monkeypatch.setattr(sys, "argv", ["xswitch", *argv])

    return place


def test_everything_but_the_hot_command_is_the_full_programs(full: Callable[..., None]) -> None:
    for argv in ([], ["list", "--json"], ["-h"], ["credential-processes"]):
        seen: list[list[str]] = []
        full(lambda given, seen=seen: (seen.append(given), 7)[1], argv)
        assert module.main() == 7
        assert seen == [argv]


def test_what_the_hot_path_can_not_answer_is_the_full_programs(world: HotWorld) -> None:
    done = world.run()
    assert (done.stdout, done.returncode) == (f"FULL credential-process {PROFILE}", 42)


def test_what_the_hot_path_answers_never_reaches_the_full_program(world: HotWorld) -> None:
    expected = world.ready()
    done = world.run()
    assert (done.stdout, done.returncode) == (expected, 0)


def test_ctrl_c_is_130_without_output(
    full: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    full(interrupted, ["list"])
    assert module.main() == 130
    assert capsys.readouterr() == ("", "")


def test_a_reader_may_leave_without_an_error() -> None:
    program = (
        "import sys, types\n"
        f"sys.path.insert(0, {SOURCE!r})\n"
        "def run(argv):\n"
        "    sys.stdin.readline()\n"
        "    sys.stdout.write('x' * 100)\n"
        "    return 0\n"
        "stub = types.SimpleNamespace(main=run)\n"
        "sys.modules['xswitch.cli'] = sys.modules['xswitch.cli.main'] = stub\n"
        "from xswitch.__main__ import main\n"
        "sys.argv = ['xswitch', 'list']\n"
        "raise SystemExit(main())\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xswitch", "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "xswitch" in done.stdout
