from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pexpect
import pytest

from xswitch.adapters.system import mfa_prompts
from xswitch.adapters.system.mfa_prompts import TerminalPrompt
from xswitch.core.errors import CancelledError, ExitCode
from xswitch.core.model import MfaChallenge

SERIAL = "arn:aws:iam::111111111111:mfa/dev"
CHALLENGE = MfaChallenge(SERIAL, "admin")


def otherwise(challenge: MfaChallenge) -> str:
    raise AssertionError(challenge)


@contextmanager
def terminal(typed: str) -> Iterator[list[str]]:
    """A pseudo-terminal with keys already pressed.

    Yields what was shown on it, once the block ends.
    """
    master, slave = pty.openpty()
    shown: list[str] = []

    @contextmanager
    def opened() -> Iterator[tuple[int, int]]:
        yield slave, slave

    def watch() -> None:
        try:
            while data := os.read(master, 4096):
                shown.append(data.decode(errors="replace"))
        except OSError:
            return

    os.write(master, typed.encode())
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with mock.patch.object(mfa_prompts, "open_for_questions", opened):
            yield shown
    finally:
        os.close(slave)
        watcher.join(5)
        os.close(master)


def test_the_code_is_read_from_the_terminal() -> None:
    with terminal("123456\n") as shown:
        assert TerminalPrompt(otherwise).code(CHALLENGE) == "123456"
    text = "".join(shown)
    assert f"Profile admin needs an MFA code from {SERIAL}." in text
    assert "MFA code: " in text


def test_an_invalid_code_is_prompted_for_again_and_spaces_are_ignored() -> None:
    with terminal("12345\n12345a\n 123 456 \n") as shown:
        assert TerminalPrompt(otherwise).code(CHALLENGE) == "123456"
    assert "".join(shown).count("A code has 6 digits.") == 2


@pytest.mark.parametrize("typed", ["\n", "\x04", "1\n2\n3\n"])
def test_giving_up_cancels(typed: str) -> None:
    with terminal(typed), pytest.raises(CancelledError) as caught:
        TerminalPrompt(otherwise).code(CHALLENGE)
    assert caught.value.exit_code == ExitCode.CANCELLED


def test_the_last_error_is_shown_sanitized() -> None:
    challenge = MfaChallenge(
        "serial\x1b]52;c;AAAA\x07", "pro\nfile", attempt=2, refusal="wrong \x1b[2J code"
    )
    with terminal("123456\n") as shown:
        TerminalPrompt(otherwise).code(challenge)
    text = "".join(shown)
    assert "wrong" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_without_a_terminal_the_error_names_a_command() -> None:
    code = f"""
from xswitch.adapters.system.mfa_prompts import TerminalPrompt
from xswitch.actions.sessions.mfa import NoMfaPrompt
from xswitch.core.errors import MfaNeededError
from xswitch.core.model import MfaChallenge
try:
    TerminalPrompt(NoMfaPrompt().code).code(MfaChallenge("{SERIAL}", "admin"))
except MfaNeededError as error:
    print(int(error.exit_code), error.next_step)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "5 xswitch switch admin --mfa-code CODE\n", done.stderr


def test_stdin_and_stdout_stay_free_and_ctrl_c_cancels() -> None:
    code = f"""
import sys
from xswitch.adapters.system.mfa_prompts import TerminalPrompt
from xswitch.core.errors import CancelledError
from xswitch.core.model import MfaChallenge
try:
    TerminalPrompt(None).code(MfaChallenge("{SERIAL}", "admin"))
except CancelledError as error:
    open("/dev/tty", "w").write("cancelled " + str(int(error.exit_code)))
"""
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f"'{sys.executable}' -c '{code}' </dev/null >/dev/null 2>&1"],
        timeout=30,
        encoding="utf-8",
    )
    try:
        child.expect("MFA code: ")
        child.sendintr()
        child.expect("cancelled 130")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.signalstatus in (None, signal.SIGINT, signal.SIGHUP)
