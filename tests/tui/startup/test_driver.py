"""The program on a real terminal: how it ends, and the bytes it writes."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from support.tui.screen_model import ScreenModel
from xswitch.tui.startup.full_screen import LEAVING_SIGNALS

PROGRAM = Path(__file__).resolve().parents[2] / "support/programs/picker.py"
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
PUT_BACK = (
    LEFT,
    b"\x1b[?25h",
    b"\x1b[?1000l",
    b"\x1b[?1003l",
    b"\x1b[?1006l",
    b"\x1b[?2004l",
    b"\x1b[?1004l",
    b"\x1b[<u",
)
_PATIENCE = 20.0


class Terminal:
    """The program on a pseudo terminal, with all its output."""

    def __init__(
        self, result: Path, mode: str, environ: dict[str, str], size: tuple[int, int] = (30, 110)
    ) -> None:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("COV_", "TEXTUAL", "COLUMNS", "LINES"))
        }
        env: dict[str, str] = {
            **clean,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(PROGRAM.parent),
            "LANG": "C.UTF-8",
            **environ,
        }
        self.result, self.size = result, size
        self.child: Any = pexpect.spawn(
            sys.executable, [str(PROGRAM), str(result), mode], env=env, dimensions=size, timeout=20
        )
        self.before = termios.tcgetattr(self.child.child_fd)
        self.written = b""

    def _read(self) -> bool:
        try:
            self.written += self.child.read_nonblocking(65536, 0.1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return True

    def until(self, what: bytes, start: int = 0) -> None:
        """Read until `what` is written after position `start`."""
        end = time.monotonic() + _PATIENCE
        while what not in self.written[start:]:
            if time.monotonic() > end or not self._read():
                pytest.fail(f"{what!r} was never written; the last of it: {self.written[-2000:]!r}")

    def quiet(self) -> None:
        """Read until output pauses."""
        end = time.monotonic() + _PATIENCE
        length = -1
        while length != len(self.written) and time.monotonic() < end:
            length = len(self.written)
            self._read()
            self._read()

    def send(self, text: str, wait_for: bytes) -> None:
        start = len(self.written)
        self.child.send(text)
        self.until(wait_for, start)

    def ended(self) -> int:
        """Return the exit code after the program ends."""
        end = time.monotonic() + _PATIENCE
        while self._read():
            if time.monotonic() > end:
                pytest.fail("it did not end")
        self.child.close()
        assert self.child.exitstatus is not None, self.child.signalstatus
        self.restored()
        return int(self.child.exitstatus)

    def restored(self) -> None:
        """The shell's prompt has a clean line, with and without an alternate screen."""
        for alternate in (True, False):
            model = ScreenModel(self.size[1], self.size[0], alternate=alternate)
            model.feed(self.written)
            assert model.as_before, (alternate, model.modes, model.kitty)
            assert model.on_a_clean_line, (alternate, model.row, model.text())
            assert not model.queries, "a late answer would be typed at the prompt"

    def put_back(self) -> None:
        """Read until the terminal's modes are restored."""
        end = time.monotonic() + _PATIENCE
        while termios.tcgetattr(self.child.child_fd) != self.before and time.monotonic() < end:
            self._read()

    def gone(self) -> None:
        """Close the terminal, and wait for the program to end."""
        self.child.ptyproc.fileobj.close()
        end = time.monotonic() + _PATIENCE
        while self.child.isalive() and time.monotonic() < end:
            time.sleep(0.02)
        assert not self.child.isalive()

    def outcome(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.result.read_text(encoding="utf-8"))
        return found

    def colors(self) -> set[bytes]:
        """Return the color parameters of all SGR sequences."""
        found = set()
        for parameters in re.findall(rb"\x1b\[([0-9;:]*)m", self.written):
            for word in re.split(rb"[;:]", parameters):
                if word and (30 <= int(word) <= 49 or 90 <= int(word) <= 107):
                    found.add(parameters)
        return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    running: list[Terminal] = []

    def begin(
        mode: str = "plain", environ: dict[str, str] | None = None, ready: bytes = b"14 roles"
    ) -> Terminal:
        terminal = Terminal(tmp_path / "result.json", mode, environ or {})
        running.append(terminal)
        terminal.until(ready)
        return terminal

    yield begin
    for terminal in running:
        terminal.child.close(force=True)


@pytest.mark.parametrize("key", ["\x1b", "\x03"], ids=["escape", "ctrl-c"])
def test_leaving_returns_130_and_restores_the_terminal(
    start: Callable[..., Terminal], key: str
) -> None:
    terminal = start()
    assert ENTERED in terminal.written
    during = termios.tcgetattr(terminal.child.child_fd)
    assert during != terminal.before
    terminal.child.send(key)
    terminal.until(LEFT)
    terminal.until(b"\x1b[?1004l")
    terminal.put_back()
    assert termios.tcgetattr(terminal.child.child_fd) == terminal.before
    assert terminal.ended() == 130
    assert all(sequence in terminal.written for sequence in PUT_BACK)
    assert terminal.written.rindex(b"\x1b[?1000h") < terminal.written.rindex(b"\x1b[?1000l")
    assert terminal.outcome() == {"switched": None, "exit_code": 130, "asked": []}


@pytest.mark.parametrize("number", LEAVING_SIGNALS)
def test_a_signal_while_python_ignores_exceptions_leaves_too(
    start: Callable[..., Terminal], number: signal.Signals
) -> None:
    terminal = start(f"finalizer-{number:d}", ready=ENTERED)
    assert terminal.ended() == 130
    assert all(sequence in terminal.written for sequence in PUT_BACK)


@pytest.mark.parametrize("number", LEAVING_SIGNALS)
def test_a_signal_leaves_like_escape(
    start: Callable[..., Terminal], number: signal.Signals
) -> None:
    terminal = start()
    terminal.child.kill(number)
    assert terminal.ended() == 130
    assert all(sequence in terminal.written for sequence in PUT_BACK)


@pytest.mark.parametrize(
    ("mode", "keys", "ready"),
    [("stuck", "", b"Reading your AWS config"), ("hang", "lake read\r", b"14 roles")],
)
def test_leaving_does_not_wait_for_jobs(
    start: Callable[..., Terminal], mode: str, keys: str, ready: bytes
) -> None:
    terminal = start(mode, ready=ready)
    if keys:
        terminal.send(keys, b"Switching")
    terminal.child.send("\x03")
    assert terminal.ended() == 130
    assert LEFT in terminal.written


def test_a_switch_ends_with_0(start: Callable[..., Terminal]) -> None:
    terminal = start("mfa")
    terminal.send("lake read", b"1 of 14")
    terminal.send("\r", b"MFA code")
    terminal.child.send("123456\r")
    assert terminal.ended() == 0
    assert terminal.outcome()["switched"] == "lake-read"
    assert all(sequence in terminal.written for sequence in PUT_BACK)


def test_textual_does_not_log_a_typed_code(start: Callable[..., Terminal], tmp_path: Path) -> None:
    log = tmp_path / "textual.log"
    terminal = start("mfa", {"TEXTUAL_LOG": str(log), "TEXTUAL": "debug"})
    terminal.send("lake read", b"1 of 14")
    terminal.send("\r", b"MFA code")
    terminal.child.send("123456\r")
    assert terminal.ended() == 0
    assert not log.exists() or "123456" not in log.read_text(encoding="utf-8")


def test_text_typed_before_enter_counts(start: Callable[..., Terminal]) -> None:
    terminal = start()
    terminal.child.send("lake read\r")
    assert terminal.ended() == 0
    assert terminal.outcome()["switched"] == "lake-read"


def test_no_color_is_written_with_no_color_set(start: Callable[..., Terminal]) -> None:
    terminal = start("mfa", {"NO_COLOR": "1"})
    for keys, wanted in (
        ("payments adm", b"3 of 14"),
        ("\r", b"Guarded role"),
        ("\x1b", b"config:31"),
        ("\x15", b"14 roles"),
        ("lake read", b"1 of 14"),
        ("\r", b"MFA code"),
        ("000000\r", b"Attempt 2"),
        ("\x1b", b"Stopped"),
        ("\x10", b"Search"),
        ("\x1b", b"lake read"),
        ("\x1bOP", b"Renew the selected role"),
        ("\x1b", b"lake read"),
    ):
        terminal.send(keys, wanted)
        terminal.quiet()
    terminal.child.send("\x03")
    assert terminal.ended() == 130
    assert terminal.colors() == set()
    assert b"\x1b[1m" in terminal.written
    assert b"7m" in terminal.written


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": ""}], ids=["unset", "empty"])
def test_without_no_color_there_is_color(
    start: Callable[..., Terminal], environ: dict[str, str]
) -> None:
    terminal = start(environ=environ)
    assert any(b"38;2;124;183;255" in parameters for parameters in terminal.colors())
    assert any(
        parameters.startswith(b"38;2;") or b"38;2;" in parameters
        for parameters in terminal.colors()
    )
    terminal.child.send("\x1b")
    assert terminal.ended() == 130


def test_a_bug_in_a_use_case_is_reported_without_values(start: Callable[..., Terminal]) -> None:
    terminal = start("crash")
    terminal.send("lake read\r", b"This is a bug in xswitch")
    terminal.child.send("\x03")
    assert terminal.ended() == 130
    assert b"canary" not in terminal.written
    assert b"Traceback" not in terminal.written


def test_a_bug_of_the_screen_is_reported_and_the_terminal_restored(
    start: Callable[..., Terminal],
) -> None:
    terminal = start("screen-bug")
    assert terminal.ended() == 1
    assert all(sequence in terminal.written for sequence in PUT_BACK)
    assert b"This is a bug in xswitch. RuntimeError at" in terminal.written
    assert b"canary" not in terminal.written
    assert b"Traceback" not in terminal.written


def test_hostile_names_do_not_control_the_terminal(start: Callable[..., Terminal]) -> None:
    terminal = start("hostile", ready=b"1 role")
    terminal.quiet()
    terminal.child.send("\x1b")
    terminal.ended()
    assert b"\x1b]52" not in terminal.written
    assert b"SGFja2Vk" in terminal.written
    assert b"\x1b[2J" not in terminal.written.split(b"evil", 1)[1].split(LEFT)[0]
    text = terminal.written.decode("utf-8")
    assert "\x9b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    "sent", [b"\xff\xc3(\xed\xa0\x80", b"\x1b[99999999999u", b"\x1b[:u", b"\x1b[1114112u"]
)
def test_invalid_bytes_and_keys_do_not_end_the_picker(
    start: Callable[..., Terminal], sent: bytes
) -> None:
    terminal = start()
    terminal.child.send(sent)
    terminal.quiet()
    terminal.child.send("\x15")
    terminal.quiet()
    terminal.send("lake read", b"1 of 14")
    terminal.child.send("\x1b")
    assert terminal.ended() == 130
    assert b"Traceback" not in terminal.written


def test_pasted_text_never_presses_a_key(start: Callable[..., Terminal]) -> None:
    terminal = start()
    terminal.send("lake read", b"1 of 14")
    terminal.send(f"\x1b[200~\x1b[m\r{'x' * 40}\x1b[48;1;1;1;1t\x1b[201~", b"0 of 14")
    terminal.child.send("\x1b")
    assert terminal.ended() == 130
    assert terminal.outcome()["asked"] == []


def test_copying_writes_only_the_export_line_to_the_clipboard(
    start: Callable[..., Terminal],
) -> None:
    terminal = start()
    terminal.send("lake read", b"1 of 14")
    terminal.send("\x19", b"Copied")
    terminal.child.send("\x1b")
    terminal.ended()
    copied = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", terminal.written)
    assert [base64.b64decode(text) for text in copied] == [b"export AWS_PROFILE='xs-lake-read'"]


def test_in_tmux(need: Callable[[str], str], tmp_path: Path) -> None:
    tmux = [need("tmux"), "-L", f"xswitch-tui-{os.getpid()}", "-f", "/dev/null"]

    def run(*words: str) -> str:
        done = subprocess.run(
            [*tmux, *words], capture_output=True, text=True, check=True, timeout=_PATIENCE
        )
        return done.stdout

    def until(what: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while not what():
            if time.monotonic() > end:
                pytest.fail(run("capture-pane", "-p"))
            time.sleep(0.05)

    flags = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{mouse_sgr_flag}"
    command = (
        f"env PYTHONPATH={PROGRAM.parent} {sys.executable} {PROGRAM} {tmp_path}/result.json mfa; "
        "echo left=$?; cat"
    )
    run("new-session", "-d", "-x", "80", "-y", "24", command)
    try:
        until(lambda: "14 roles" in run("capture-pane", "-p"))
        assert run("display-message", "-p", flags).split() == ["1", "0", "1", "1"]
        run("send-keys", "-l", "prod adm")
        until(lambda: "3 of 14" in run("capture-pane", "-p"))
        run("send-keys", "Tab")
        until(lambda: "xs-payments-admin" in run("capture-pane", "-p"))
        run("send-keys", "Escape")
        until(lambda: "esc leave" in run("capture-pane", "-p"))
        run("send-keys", "Escape")
        until(lambda: "left=130" in run("capture-pane", "-p"))
        assert run("display-message", "-p", flags).split() == ["0", "1", "0", "0"]
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True, timeout=_PATIENCE)


@pytest.mark.parametrize("times", range(8))
def test_a_closed_terminal_ends_the_picker(start: Callable[..., Terminal], times: int) -> None:
    del times  # the output at that moment varies
    terminal = start()
    terminal.gone()
    assert (terminal.child.exitstatus, terminal.child.signalstatus) == (130, None)
    assert terminal.outcome() == {"switched": None, "exit_code": 130, "asked": []}


@pytest.mark.parametrize(
    "numbers",
    [[signal.SIGCONT], [signal.SIGSTOP, signal.SIGCONT], [signal.SIGTSTP, signal.SIGCONT]],
)
def test_the_picker_continues_after_a_stop_and_restores_the_terminal(
    start: Callable[..., Terminal], numbers: list[signal.Signals]
) -> None:
    terminal = start()
    terminal.quiet()
    for number in numbers:
        seen = len(terminal.written)
        terminal.child.kill(number)
        terminal.quiet()
    terminal.until(ENTERED, seen)
    terminal.until(b"14 roles", seen)
    assert termios.tcgetattr(terminal.child.child_fd) != terminal.before
    terminal.send("lake read", b"1 of 14")
    terminal.child.send("\x03")
    terminal.put_back()
    assert termios.tcgetattr(terminal.child.child_fd) == terminal.before
    assert terminal.ended() == 130
    assert terminal.written.count(LEFT) == terminal.written.count(ENTERED)
