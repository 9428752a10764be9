"""A switch by the numbered list, where a shell captures stdout."""

from __future__ import annotations

import pytest

from support.aws.emulator import totp_code
from support.e2e import XSWITCH, Home
from support.tui.pty_program import pty_program
from xswitch.emulator.server import EmbeddedAws

HOOK = 'code=$(xswitch switch --emit sh) || exit; eval "$code"; printf "now=%s\\n" "$AWS_PROFILE"'


@pytest.mark.parametrize("words", [[], ["switch"], ["--debug"]])
def test_a_role_is_picked_with_and_without_the_command(
    home: Home, aws: EmbeddedAws, words: list[str]
) -> None:
    with pty_program([str(XSWITCH), *words], {**home.env, "TERM": "dumb"}) as program:
        program.until(b"empty: leave")
        program.send("admin\n")
        program.until(b"MFA code: ")
        program.send(f"{totp_code(now=aws.clock.now())}\n")
        program.until(b"xs-admin")
        assert program.ended() == 0
        assert b"This is a bug" not in program.written


@pytest.mark.parametrize("controlling", [True, False])
def test_a_role_is_picked_and_its_code_asked_for_on_the_terminal(
    home: Home, aws: EmbeddedAws, *, controlling: bool
) -> None:
    with pty_program(
        ["/bin/sh", "-c", HOOK],
        {**home.env, "TERM": "dumb"},
        controlling=controlling,
        on_terminal=(0, 1, 2),
    ) as program:
        program.until(b"empty: leave")
        program.send("admin\n")
        program.until(b"MFA code: ")
        program.send(f"{totp_code(now=aws.clock.now())}\n")
        program.until(b"now=xs-admin")
        assert program.ended() == 0
        assert b"\x1b" not in program.written
        assert program.attributes == program.before
