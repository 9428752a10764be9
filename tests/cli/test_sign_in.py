"""A sign-in on the command line, as the smallest usual terminal shows it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from support.tui.screen_model import ScreenModel
from xswitch.actions.sso.sign_in_ports import SignInPrompt
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.sign_in import CommandLineSignIn
from xswitch.qr_code import qr_rows

CODE = "WXYZ-ABCD"
URLS = [
    f"https://corp.awsapps.com/start/#/device?user_code={CODE}",
    f"https://device.sso.ap-southeast-2.amazonaws.com/?user_code={CODE}",
    f"https://ssoins-1234567890abcdef.portal.eu-west-1.app.aws/#/device?user_code={CODE}",
    (
        "https://start.us-gov-west-1.us-gov-home.awsapps.com/directory/d-1234567890/#/device"
        f"?user_code={CODE}"
    ),
]


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    return Terminal()


def shown(terminal: Terminal, prompt: SignInPrompt, *, demo: bool = False) -> list[str]:
    """Return the rows of the screen while the approval is waited for, after other output."""
    context: Any = SimpleNamespace(
        stderr=Stderr(terminal, color=True),
        progress=lambda _text: None,
        services=SimpleNamespace(approve_sign_in=(lambda _url: "dana") if demo else None),
    )
    terminal.write("$ xswitch login corp\n" * 30)
    ui = CommandLineSignIn(context)
    ui.show(prompt)
    ui.waiting(587)
    screen = ScreenModel(80, 24)
    screen.feed(terminal.getvalue().replace("\n", "\r\n").encode())
    return screen.lines()


@pytest.mark.parametrize("url", URLS)
def test_the_qr_code_is_whole_and_the_code_is_beside_it(terminal: Terminal, url: str) -> None:
    short = url.rpartition("?")[0]
    until = datetime(2026, 1, 1, tzinfo=UTC)
    lines = shown(terminal, SignInPrompt("corp", url, until, user_code=CODE, short_url=short))
    rows = list(qr_rows(url))
    first = lines.index(rows[0])
    assert lines[first : first + len(rows)] == rows
    assert lines[-1].startswith("waiting for approval, 9:47 left")
    assert f"The page shows the code {CODE}. Approve no other one." in lines


def test_the_demo_has_a_command_that_approves(terminal: Terminal) -> None:
    url = "http://127.0.0.1:45397/device?user_code=WXYZ-ABCD"
    prompt = SignInPrompt("acorn", url, datetime(2026, 1, 1, tzinfo=UTC), user_code=CODE)
    lines = shown(terminal, prompt, demo=True)
    assert any("xswitch demo --approve URL" in line for line in lines)
    rows = list(qr_rows(url))
    first = lines.index(rows[0])
    assert lines[first : first + len(rows)] == rows


def test_a_qr_code_that_doesnt_fit_is_left_out(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, until = URLS[0], datetime(2026, 1, 1, tzinfo=UTC)
    rows = qr_rows(url)
    for columns, room in ((80, len(rows)), (len(rows[0]) - 1, 24)):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", str(room))
        lines = shown(terminal, SignInPrompt("corp", url, until, user_code=CODE))
        assert not any("█" in line for line in lines)
        assert any(url in line for line in lines)


@pytest.mark.parametrize("opened", [True, False])
def test_the_url_of_a_browser_of_this_machine(terminal: Terminal, opened: object) -> None:
    prompt = SignInPrompt(
        "corp",
        "https://oidc.eu-west-1.amazonaws.com/authorize?state=1",
        datetime(2026, 1, 1, tzinfo=UTC),
        browser_opened=bool(opened),
    )
    text = "\n".join(shown(terminal, prompt))
    assert ("has been opened at:" in text) is opened
    assert ("Open this URL on this machine" in text) is not opened
    assert f"  {prompt.url}" in text
