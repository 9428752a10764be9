from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.model import Credentials, Secret
from xswitch.core.sessions.session_record import (
    HEADER_LENGTH,
    credential_process_json,
    decode,
    encode,
)

KEY = "0123456789abcdef0123456789abcdef01234567"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CREDENTIALS = Credentials(
    "ASIAEXAMPLE", Secret("s/e+cret"), Secret("tok en"), NOW + timedelta(hours=1)
)


def test_the_output_expires_a_minute_early() -> None:
    assert json.loads(credential_process_json(CREDENTIALS)) == {
        "Version": 1,
        "AccessKeyId": "ASIAEXAMPLE",
        "SecretAccessKey": "s/e+cret",
        "SessionToken": "tok en",
        "Expiration": "2026-03-01T12:59:00Z",
    }
    assert "\n" not in credential_process_json(CREDENTIALS)


def test_a_record_is_a_fixed_width_header_and_the_output() -> None:
    value = encode(KEY, CREDENTIALS, NOW)
    assert value[HEADER_LENGTH - 1] == "\n"
    assert value[HEADER_LENGTH:] == credential_process_json(CREDENTIALS)
    record = decode(value, KEY)
    assert record is not None
    assert record.credentials == CREDENTIALS
    assert (record.issued_at, record.expires_at) == (NOW, NOW + timedelta(hours=1))
    assert (record.advisory_refresh_at, record.mandatory_refresh_at) == (
        NOW + timedelta(minutes=35),
        NOW + timedelta(minutes=44),
    )


def test_a_record_of_another_key_isnt_decoded() -> None:
    assert decode(encode(KEY, CREDENTIALS, NOW), KEY[::-1]) is None


def test_secrets_are_in_no_repr() -> None:
    record = decode(encode(KEY, CREDENTIALS, NOW), KEY)
    assert "s/e+cret" not in repr(record)
    assert "tok en" not in repr(record)


def test_credentials_without_an_expiry_cant_be_encoded() -> None:
    with pytest.raises(ValueError, match="expiry"):
        encode(KEY, Credentials("AKIA", Secret("s")), NOW)
    with pytest.raises(ValueError, match="key"):
        encode("short", CREDENTIALS, NOW)


@given(st.integers(min_value=0, max_value=300), st.characters())
def test_a_damaged_record_gives_none_or_the_same_session(position: int, character: str) -> None:
    value = encode(KEY, CREDENTIALS, NOW)
    damaged = value[:position] + character + value[position + 1 :]
    record = decode(damaged, KEY)
    assert record is None or record.key == KEY


@given(st.text(max_size=200))
def test_garbage_isnt_decoded(text: str) -> None:
    assert decode(text, KEY) is None
