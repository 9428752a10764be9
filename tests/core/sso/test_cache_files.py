"""Token files of the shared cache: ours are botocore's, and any program's are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.sso.sign_in import SESSION
from xswitch.core.model import Secret, SharedSignIn, SsoToken
from xswitch.core.sso.cache_files import (
    encode_token,
    format_time,
    parse_time,
    read_token,
    token_file_name,
)

# Access tokens of AWS are long and of URL-safe base64; nothing says that they stay so.
_TEXTS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1)
_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(9000, 1, 1)).map(  # noqa: DTZ001
    lambda time: time.replace(microsecond=0, tzinfo=UTC)
)
TOKENS = st.builds(
    lambda access, end, client, registered, refresh: SsoToken(
        Secret(access),
        end,
        client if registered else "",
        Secret(f"{client}-secret") if registered else None,
        end + timedelta(days=1) if registered else None,
        Secret(refresh) if registered and refresh else None,
    ),
    _TEXTS,
    _TIMES,
    _TEXTS,
    st.booleans(),
    st.none() | _TEXTS,
)


@given(TOKENS)
def test_a_token_survives(token: SsoToken) -> None:
    assert read_token(encode_token(SESSION, token), SESSION) == SharedSignIn(token)


@given(TOKENS)
def test_botocore_finds_what_it_needs(token: SsoToken) -> None:
    data = json.loads(encode_token(SESSION, token))
    assert (data["startUrl"], data["region"]) == (SESSION.start_url, SESSION.region)
    # botocore and Go refresh only if all of them are there
    refresh = {"refreshToken", "clientId", "clientSecret", "registrationExpiresAt"}
    assert ("refreshToken" in data) <= (refresh <= set(data))
    for name in ("expiresAt", "registrationExpiresAt"):
        if name in data:
            assert datetime.strptime(data[name], "%Y-%m-%dT%H:%M:%S%z").tzinfo is not None
            assert data[name].endswith("Z")


def test_the_name_is_that_of_the_aws_cli() -> None:
    # printf corp | sha1sum
    assert token_file_name(SESSION) == "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00UTC", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00.123Z", datetime(2026, 3, 1, 12, 0, 0, 123_000, UTC)),
        ("2026-03-01T14:00:00+02:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (17, None),
        (None, None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_times(text: object, expected: datetime | None) -> None:
    assert parse_time(text) == expected
    if expected is not None:
        assert parse_time(format_time(expected)) == expected.replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        '"text"',
        "null",
        "{}",
        '{"accessToken": "a"}',
        '{"accessToken": "a", "expiresAt": "soon"}',
        '{"accessToken": 1, "expiresAt": "2026-03-01T12:00:00Z"}',
        '{"accessToken": "a\\nb", "expiresAt": "2026-03-01T12:00:00Z"}',
        "[" * 100_000,
    ],
)
def test_damaged_files(text: str) -> None:
    assert read_token(text, SESSION) == SharedSignIn(damaged=True)


@pytest.mark.parametrize(
    ("start_url", "is_taken"),
    [
        (SESSION.start_url, True),
        (f"{SESSION.start_url}/#/", True),
        (SESSION.start_url.replace("corp", "CORP"), True),
        (None, True),  # some programs leave it out
        (17, True),
        ("https://other.awsapps.com/start", False),
        (f"{SESSION.start_url}/other", False),
    ],
)
def test_a_token_of_the_portal_that_a_session_had_before_isnt_taken(
    start_url: object,
    is_taken: bool,  # noqa: FBT001
) -> None:
    fields = {"accessToken": "a", "expiresAt": "2026-03-01T12:00:00Z", "startUrl": start_url}
    found = read_token(json.dumps(fields), SESSION)
    assert (found.token is not None, found.damaged) == (is_taken, False)


@given(st.text())
def test_any_text_is_a_token_or_none(text: str) -> None:
    assert read_token(text, SESSION) == SharedSignIn(damaged=True)
