"""Sign-ins in a real browser: headless Chromium opens the page and clicks its button."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from support.sso.corp import Corp, printed_url
from xswitch.core.sso.sign_in_record import SignInRecord

_APPROVE = Path(__file__).parents[1] / "tools" / "approve.mjs"


def chromium(need: Callable[[str], str], folder: Path, button: str) -> tuple[Path, Path]:
    """Return a program for BROWSER that clicks a button, and the file of what it then shows."""
    node, browser = need("node"), need("chromium")
    shown = folder / "shown"
    program = folder / f"chromium-{button}"
    words = f'{node} {_APPROVE} {browser} {folder}/chromium "$1" {button}'
    program.write_text(f"#!/bin/sh\nexec {words} >{shown} 2>&1\n", encoding="utf-8")
    program.chmod(0o700)
    return program, shown


def text_of(shown: Path, expected: str) -> str:
    """Return what the browser shows, once it does."""
    for _ in range(300):
        text = shown.read_text(encoding="utf-8") if shown.exists() else ""
        if expected in text:
            return text
        time.sleep(0.1)
    raise AssertionError(text)


def test_approved(corp: Corp, need: Callable[[str], str], tmp_path: Path) -> None:
    program, shown = chromium(need, tmp_path, "approve")
    done = corp.run("login", "corp", "--json", BROWSER=str(program))
    assert done.code == 0, done.err
    assert done.json["data"]["method"] == "authorization_code"
    text = text_of(shown, "xswitch has the answer.")
    token = corp.record().token
    assert token is not None
    assert token.access_token.reveal() not in text
    assert corp.credentials().access_key_id.startswith("ASIA")


def test_denied(corp: Corp, need: Callable[[str], str], tmp_path: Path) -> None:
    program, shown = chromium(need, tmp_path, "deny")
    done = corp.run("login", "corp", "--json", BROWSER=str(program))
    assert done.json["problems"][0]["code"] == "sso_callback"
    assert corp.record() == SignInRecord()
    text_of(shown, "The sign-in was refused.")


def test_by_a_code(corp: Corp, need: Callable[[str], str], tmp_path: Path) -> None:
    program, shown = chromium(need, tmp_path, "approve")
    with corp.running("login", "corp", "--device-code") as process:
        corp.open(program, printed_url(process))
        _, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert text_of(shown, "")
