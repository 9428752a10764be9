"""The program inside the programs that provide terminals: tmux, GNU screen, mosh, expect, Emacs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from support.e2e import XSWITCH
from support.reliability.soak import count
from support.tui.pty_program import pty_program

CONFIG = """
[profile dev]
aws_access_key_id = AKIAQRSTUVWXYZ234567
aws_secret_access_key = devdevdevdevdevdevdevdevdevdevdevdevdev1
[profile picked]
role_arn = arn:aws:iam::222222222222:role/Admin
source_profile = dev
region = eu-west-1
"""
STARTED = b"esc"
Need = Callable[[str], str]


@pytest.fixture
def environ(clean_world: Path) -> dict[str, str]:
    config = clean_world / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(CONFIG, encoding="utf-8")
    return {
        "HOME": str(clean_world),
        "PATH": f"{XSWITCH.parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "SHELL": "/bin/sh",
    }


def then_prompt(count: int = 1) -> str:
    """A shell line that runs the picker `count` times, and then shows where the prompt is."""
    return "; ".join(["printf 'before\\n'", *["xswitch; printf 'left=%s\\n' $?"] * count, "cat"])


def until(condition: Callable[[], bool], show: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, show()
        time.sleep(0.05)


def is_last_line(text: str, line: str) -> bool:
    """Whether the last line with text has exactly this text."""
    lines = [found.rstrip() for found in text.splitlines() if found.strip()]
    return lines[-1:] == [line]


@pytest.mark.parametrize("alternate", ["off", "on"][: count(1, 2)])
def test_in_tmux(need: Need, environ: dict[str, str], tmp_path: Path, alternate: str) -> None:
    tmux = [need("tmux"), "-S", str(tmp_path / "socket"), "-f", "/dev/null"]

    def run(*words: str) -> str:
        return subprocess.run(
            [*tmux, *words], env=environ, capture_output=True, text=True, check=True, timeout=30
        ).stdout

    run(
        *("new-session", "-d", "-x", "80", "-y", "24", "cat", ";"),
        *("set", "-g", "alternate-screen", alternate, ";"),
        *("respawn-pane", "-k", then_prompt()),
    )
    try:
        until(lambda: "esc leave" in run("capture-pane", "-p"), lambda: run("capture-pane", "-p"))
        time.sleep(0.3)
        run("send-keys", "Escape")
        until(lambda: "left=130" in run("capture-pane", "-p"), lambda: run("capture-pane", "-p"))
        screen = run("capture-pane", "-p")
        assert is_last_line(screen, "left=130"), screen
        assert "esc leave" not in screen
        assert ("before" in screen) == (alternate == "on")
        flags = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{cursor_x} #{wrap_flag}"
        assert run("display-message", "-p", flags).split() == ["0", "1", "0", "0", "1"]
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True, timeout=30)


@pytest.mark.parametrize("alternate", ["off", "on"][: count(1, 2)])
def test_in_gnu_screen(need: Need, environ: dict[str, str], tmp_path: Path, alternate: str) -> None:
    screen = need("screen")
    folder = tmp_path / "sockets"
    folder.mkdir(mode=0o700)
    settings = tmp_path / "screenrc"
    settings.write_text(f"altscreen {alternate}\nstartup_message off\ndefutf8 on\n")
    environ["SCREENDIR"] = str(folder)
    words = [screen, "-U", "-c", str(settings), "sh", "-c", then_prompt()]
    copy = tmp_path / "copy"
    with pty_program(words, environ) as program:
        program.until(STARTED)
        program.quiet()
        # One Escape is enough, and GNU screen passes it on after its usual delay.
        program.send("\x1b")
        program.until(b"left=130")
        subprocess.run([screen, "-X", "hardcopy", str(copy)], env=environ, check=True, timeout=30)
        until(copy.exists, program.written.decode)
        program.quiet()
        text = copy.read_text("utf-8", "replace")
        subprocess.run([screen, "-X", "quit"], env=environ, check=False, timeout=30)
    assert is_last_line(text, "left=130"), text
    assert "esc" not in text
    assert ("before" in text) == (alternate == "on")


def test_in_mosh(need: Need, environ: dict[str, str]) -> None:
    server, client = need("mosh-server"), need("mosh-client")
    started = subprocess.run(
        [server, "new", "-i", "127.0.0.1", "--", "/bin/sh", "-c", then_prompt()],
        env=environ | {"LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    port, key = re.findall(r"MOSH CONNECT (\d+) (\S+)", started.stdout)[0]
    detached = int(re.findall(r"pid = (\d+)", started.stdout + started.stderr)[0])
    try:
        with pty_program(
            [client, "127.0.0.1", port], environ | {"LC_ALL": "C.UTF-8", "MOSH_KEY": key}
        ) as program:
            program.until(STARTED)
            program.quiet()
            program.send("\x1b")
            program.until(b"left=130")
            program.quiet()
            lines = program.model().lines()
            assert is_last_line("\n".join(lines), "left=130"), lines
            assert not any("esc" in line for line in lines)
    finally:
        with suppress(ProcessLookupError):
            os.kill(detached, signal.SIGKILL)


@pytest.mark.parametrize(("term", "key"), [("xterm", "\\033"), ("dumb", "\\r")])
def test_in_expect(
    need: Need, environ: dict[str, str], tmp_path: Path, term: str, key: str
) -> None:
    """expect's terminal has no size, and its scripts wait for text."""
    script = tmp_path / "script"
    script.write_text(
        f"""
set timeout 30
spawn {XSWITCH}
expect "picked" {{}} default {{exit 1}}
expect "leave" {{}} default {{exit 2}}
after 500
send "{key}"
expect eof {{}} default {{exit 3}}
exit [lindex [wait] 3]
""",
        encoding="utf-8",
    )
    done = subprocess.run(
        [need("expect"), str(script)],
        env=environ | {"TERM": term},
        capture_output=True,
        check=False,
        timeout=60,
        start_new_session=True,
    )
    assert done.returncode == 130, done.stdout[-500:]


def test_in_emacs_shell(need: Need, environ: dict[str, str], tmp_path: Path) -> None:
    """`M-x shell` is a dumb terminal: the numbered list."""
    result = tmp_path / "buffer"
    code = """
(progn
  (setq explicit-shell-file-name "/bin/sh" process-connection-type t)
  (let ((buffer (shell)) (end (+ (float-time) 30)))
    (defun until (text)
      (while (not (save-excursion (goto-char (point-min)) (search-forward text nil t)))
        (when (> (float-time) end) (write-region nil nil RESULT) (kill-emacs 9))
        (accept-process-output (get-buffer-process buffer) 0.1)))
    (with-current-buffer buffer
      (goto-char (point-max)) (insert "xswitch; printf 'left%s\\\\n' =$?") (comint-send-input)
      (until "empty: leave")
      (goto-char (point-max)) (insert "nothing like it") (comint-send-input)
      (until "No role matches")
      (goto-char (point-max)) (comint-send-input)
      (until "left=130")
      (write-region nil nil RESULT))))
""".replace("RESULT", f'"{result}"')
    done = subprocess.run(
        [need("emacs"), "-Q", "--batch", "--eval", code],
        env=environ,
        capture_output=True,
        check=False,
        timeout=90,
        start_new_session=True,
    )
    text = result.read_text(encoding="utf-8") if result.exists() else ""
    assert done.returncode == 0, (text, done.stderr[-800:])
    assert "1  picked" in text
    assert "\x1b" not in text
