"""The vault's record of a sign-in survives, and anything else is empty."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.actions import FakeClock
from support.sso.sign_in import SESSION, a_token
from xswitch.core.model import Endpoint, Secret, SsoRegistration
from xswitch.core.sso.sign_in_record import (
    FailedRefresh,
    SignInRecord,
    access_digest,
    decode,
    encode,
    refresh_digest,
    sign_in_key,
    usable_registration,
)

KEY = sign_in_key(SESSION)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
REGISTRATIONS = tuple(
    SsoRegistration(grant, "client", Secret("s"), NOW, "https://corp.awsapps.com/start", ("a", "b"))
    for grant in ("authorization_code", "device_code")
)
TOKEN = a_token(FakeClock())
RECORDS = [
    SignInRecord(),
    SignInRecord(TOKEN),
    SignInRecord(replace(TOKEN, client_secret=None, refresh_token=None)),
    SignInRecord(replace(TOKEN, registration_expires_at=None), REGISTRATIONS),
    SignInRecord(TOKEN, failed=(FailedRefresh(refresh_digest(TOKEN), NOW, refused=True, why="w"),)),
    SignInRecord(TOKEN, rejected=(access_digest(TOKEN),), replacement=access_digest(TOKEN)),
]


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_survives_under_its_own_key_only(record: SignInRecord) -> None:
    value = encode(KEY, record)
    assert decode(value, KEY) == record
    assert decode(value, "0" * 40) == SignInRecord()


@pytest.mark.parametrize("record", RECORDS)
@given(data=st.data())
def test_a_damaged_record_is_a_whole_one_or_empty(
    record: SignInRecord, data: st.DataObject
) -> None:
    value = encode(KEY, record)
    cut = data.draw(st.integers(0, len(value) - 1))
    assert decode(value[:cut], KEY) == SignInRecord()
    fields = json.loads(value)
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(st.none() | st.integers() | st.text() | st.lists(st.none()))
    assert isinstance(decode(json.dumps(fields), KEY), SignInRecord)


def test_what_makes_another_sign_in() -> None:
    others = [
        replace(SESSION, name="other"),
        replace(SESSION, start_url="https://other.awsapps.com/start"),
        replace(SESSION, region="us-east-1"),
        replace(SESSION, oidc=Endpoint("eu-west-1", "http://127.0.0.1:1")),
    ]
    assert len({KEY, *map(sign_in_key, others)}) == 5
    same = replace(SESSION, scopes=("x",), portal=Endpoint("eu-west-1", "http://127.0.0.1:1"))
    assert sign_in_key(same) == KEY
    assert len(KEY) == 40


@pytest.mark.parametrize(
    ("change", "usable"),
    [
        ({}, True),
        ({"grant": "device_code"}, False),
        ({"issuer_url": "https://other.awsapps.com/start"}, False),
        ({"scopes": ("x",)}, False),
        ({"expires_at": NOW + timedelta(minutes=14)}, False),
    ],
)
def test_a_registration_is_used_for_the_same_sign_in_only(
    change: dict[str, object],
    usable: bool,  # noqa: FBT001
) -> None:
    registration = replace(
        REGISTRATIONS[0], expires_at=NOW + timedelta(minutes=15), scopes=SESSION.scopes
    )
    record = SignInRecord(registrations=(replace(registration, **change),))  # type: ignore[arg-type]
    found = usable_registration(
        record, SESSION, "authorization_code", "https://corp.awsapps.com/start", NOW
    )
    assert (found is not None) == usable


def test_the_latest_rejected_tokens_are_known_without_their_text() -> None:
    tokens = [a_token(FakeClock(), name=name) for name in "abc"]
    record = SignInRecord()
    for token in (tokens[0], *tokens):
        record = record.with_rejected(token)
    assert [record.rejects(token) for token in tokens] == [False, True, True]
    value = encode(KEY, record)
    assert not any(token.access_token.reveal() in value for token in tokens)
