"""Signing in on the screen of the real program, against the embedded Identity Center."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from support.aws.emulator import aws_server
from support.aws.identity_center import (
    SSO_REGION,
    START_URL,
    approve,
    browser_program,
    endpoint_variables,
    identity_center_state,
    write_sso_config,
)
from support.e2e import XSWITCH, Home
from support.runtime_folder import runtime_folder
from support.tui.pty_program import PtyProgram
from xswitch.emulator.server import EmbeddedAws

_COPIED = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07")
_ENTER, _ESCAPE = "\r", "\x1b"
SECTION = f"[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n"
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


@dataclass
class Corp:
    """A home whose config has an sso-session, and an Identity Center to sign in to."""

    home: Home
    aws: EmbeddedAws

    @property
    def folder(self) -> Path:
        return self.home.folder


@pytest.fixture
def corp(clean_world: Path) -> Iterator[Corp]:
    with aws_server(identity_center_state()) as aws, runtime_folder() as memory:
        one = Home(clean_world, aws, memory)
        one.env |= {**endpoint_variables(aws), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        write_sso_config(clean_world)
        one.credentials.unlink(missing_ok=True)
        yield Corp(one, aws)


@contextmanager
def picker(corp: Corp, size: tuple[int, int], **env: str) -> Iterator[PtyProgram]:
    program = PtyProgram([str(XSWITCH)], {**corp.home.env, **env}, size=size)
    try:
        program.until(b"leave")
        yield program
    finally:
        program.close()


def choose(program: PtyProgram, words: str) -> None:
    """Filter for a role, and press Enter."""
    program.send(f"/{words}")
    program.until(b"1 of ")
    program.send(_ENTER)


def copied_url(program: PtyProgram) -> str:
    program.until(b"\x1b]52;c;")
    program.quiet()
    return base64.b64decode(_COPIED.findall(program.written)[-1]).decode()


@SIZES
def test_by_the_browser_and_the_switch_goes_on(corp: Corp, size: tuple[int, int]) -> None:
    browser = str(browser_program(corp.folder))
    with picker(corp, size, BROWSER=browser) as program:
        choose(program, "work-admin")
        assert program.ended() == 0
    assert b"xs-work-admin" in program.written
    assert corp.aws.count("CreateToken") == 1
    assert (corp.folder / "opened").read_text().count("\n") == 1


@SIZES
def test_by_a_code_with_a_qr_code(corp: Corp, size: tuple[int, int]) -> None:
    with picker(corp, size, SSH_CONNECTION="1 2 3 4") as program:
        choose(program, "work-readonly")
        url = copied_url(program)
        text = program.model().text()
        assert "▄▄▄▄▄" in text
        assert parse_qs(urlsplit(url).query)["user_code"][0] in text
        assert "left" in text
        approve(url)
        assert program.ended() == 0
    assert b"xs-work-readonly" in program.written


def test_escape_cancels_and_nothing_listens(corp: Corp) -> None:
    browser = str(browser_program(corp.folder, "nothing"))
    with picker(corp, (80, 24), BROWSER=browser) as program:
        choose(program, "work-admin")
        program.until(b"left")
        program.send("y")
        url = copied_url(program)
        back = unquote(parse_qs(urlsplit(url).query)["redirect_uri"][0])
        port = urlsplit(back).port
        assert port is not None
        socket.create_connection(("127.0.0.1", port), 5).close()
        program.send(_ESCAPE)
        program.until(b"Stopped.")
        program.quiet(1.0)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        program.send("\x03")
        assert program.ended() == 130
    assert corp.aws.count("CreateToken") == 0


def test_a_denied_sign_in_is_told_and_can_be_closed(corp: Corp) -> None:
    browser = str(browser_program(corp.folder, "deny"))
    with picker(corp, (80, 24), BROWSER=browser) as program:
        choose(program, "work-admin")
        program.until(b"try again")
        assert "xswitch login corp" in " ".join(program.model().text().split())
        program.send(_ESCAPE)
        program.until(b"Stopped.")
        program.send("\x03")
        assert program.ended() == 130


@SIZES
def test_from_an_empty_picker_to_a_role_without_a_profile(
    corp: Corp, size: tuple[int, int]
) -> None:
    config = corp.folder / ".aws/config"
    config.write_text(SECTION, encoding="utf-8")
    with picker(corp, size, BROWSER=str(browser_program(corp.folder))) as program:
        program.until(b"No roles yet.")
        program.send("s")
        program.until(b"ReadOnly")
        program.quiet(1.5)
        choose(program, "work admin")
        assert program.ended() == 0
    text = config.read_text(encoding="utf-8")
    assert text.startswith(SECTION)
    assert text.count("[profile ") == 1
    # The next start shows the rows at once, and asks the portal nothing
    asked = corp.aws.count("ListAccounts", service="sso")
    with picker(corp, size) as program:
        program.until(b"ReadOnly")
        program.quiet(1.0)
        program.send("\x03")
        assert program.ended() == 130
    assert corp.aws.count("ListAccounts", service="sso") == asked
