from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from conftest import FixedClock
from support.aws.emulator import (
    MFA_SERIAL,
    PLAIN_KEY,
    PLAIN_SECRET,
    READER_ARN,
    aws_server,
    refusal,
    sts_client,
    totp_code,
)
from xswitch.emulator.server import EmbeddedAws

WRONG_CODE = (
    "AccessDenied",
    "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(clock=FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))) as server:
        yield server


def test_twelve_hours_unless_said_otherwise(aws: EmbeddedAws) -> None:
    issued = aws.clock.now()
    client = sts_client(aws)
    lives = [
        answer["Credentials"]["Expiration"] - issued
        for answer in (
            client.get_session_token(),
            client.get_session_token(DurationSeconds=129_600),
        )
    ]
    assert [life.total_seconds() for life in lives] == [43_200, 129_600]


@pytest.mark.parametrize(
    ("seconds", "word"),
    [(899, "greater than or equal to 900"), (129_601, "less than or equal to 129600")],
)
def test_durations_have_limits(aws: EmbeddedAws, seconds: int, word: str) -> None:
    code, text = refusal(sts_client(aws, validate=False).get_session_token, DurationSeconds=seconds)
    assert code == "ValidationError"
    where = f"1 validation error detected: Value '{seconds}' at 'durationSeconds'"
    assert text == f"{where} failed to satisfy constraint: Member must have value {word}"


def test_a_code_is_right_once_and_one_step_around(aws: EmbeddedAws) -> None:
    client = sts_client(aws)
    code = totp_code(now=aws.clock.now())
    client.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=code)
    assert refusal(client.get_session_token, SerialNumber=MFA_SERIAL, TokenCode=code) == WRONG_CODE
    aws.clock.advance(30)
    assert refusal(client.get_session_token, SerialNumber=MFA_SERIAL, TokenCode=code) == WRONG_CODE
    later = totp_code(now=aws.clock.now())
    aws.clock.advance(30)
    client.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=later)
    old = totp_code(now=aws.clock.now())
    aws.clock.advance(60)
    assert refusal(client.get_session_token, SerialNumber=MFA_SERIAL, TokenCode=old) == WRONG_CODE
    assert (
        refusal(client.get_session_token, SerialNumber=MFA_SERIAL, TokenCode="000000") == WRONG_CODE
    )


def test_serial_and_code_go_together_and_belong_to_the_user(aws: EmbeddedAws) -> None:
    code = totp_code(now=aws.clock.now())
    both = (
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass"
        " code."
    )
    assert refusal(sts_client(aws).get_session_token, SerialNumber=MFA_SERIAL) == (
        "AccessDenied",
        both,
    )
    assert refusal(sts_client(aws).get_session_token, TokenCode=code) == ("AccessDenied", both)
    for client, serial in (
        (sts_client(aws), f"{MFA_SERIAL}x"),
        (sts_client(aws, (PLAIN_KEY, PLAIN_SECRET)), MFA_SERIAL),
    ):
        denied, text = refusal(client.get_session_token, SerialNumber=serial, TokenCode=code)
        assert denied == "AccessDenied"
        assert "unable to validate MFA code" in text


def test_sessions_get_no_sessions(aws: EmbeddedAws) -> None:
    token = sts_client(aws).get_session_token()["Credentials"]
    role = sts_client(aws).assume_role(RoleArn=READER_ARN, RoleSessionName="me")["Credentials"]
    for credentials in (token, role):
        answer = refusal(sts_client(aws, credentials).get_session_token)
        assert answer == ("AccessDenied", "Cannot call GetSessionToken with session credentials")


@pytest.mark.parametrize("code", ["12345", "12345a", "1234567"])
def test_a_code_of_the_wrong_form_is_not_even_tried(aws: EmbeddedAws, code: str) -> None:
    answer, text = refusal(
        sts_client(aws, validate=False).get_session_token, SerialNumber=MFA_SERIAL, TokenCode=code
    )
    assert answer == "ValidationError"
    assert "'tokenCode' failed to satisfy constraint" in text
