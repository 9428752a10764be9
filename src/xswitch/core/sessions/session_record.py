"""What the vault keeps and what `credential_process` answers.

A vault value is a fixed-width ASCII header of `HEADER_LENGTH` characters, then the finished answer
as one line of JSON:

    xswitch1 KEY SOFT HARD EXPIRES ISSUED⏎{"Version": 1, ...}

KEY is the session key (40 hex digits), the rest are seconds since the epoch as 12 digits: after
SOFT renew in the background, after HARD serve only when renewing fails, after EXPIRES never. The
answer's Expiration is a minute early, because the Go SDK uses credentials to the last second; the
header has AWS's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from xswitch.core.model import Credentials, Secret
from xswitch.core.model.sessions import MIN_SOURCE_LIFETIME
from xswitch.core.sessions.freshness import refresh_times
from xswitch.core.sessions.keys import KEY_LENGTH

MAGIC = "xswitch1"
_DIGITS = 12
_TIMES = 4
HEADER_LENGTH = len(MAGIC) + 1 + KEY_LENGTH + (1 + _DIGITS) * _TIMES + 1
EXPIRATION_SAFETY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session out of the vault; times are UTC."""

    key: str
    credentials: Credentials
    issued_at: datetime
    expires_at: datetime
    advisory_refresh_at: datetime
    mandatory_refresh_at: datetime

    @property
    def usable_until(self) -> datetime:
        """Until when it can be used as the source of another session."""
        return self.expires_at - MIN_SOURCE_LIFETIME


def credential_process_json(credentials: Credentials) -> str:
    """The one JSON line of the credential_process contract, without a newline.

    Source: docs.aws.amazon.com, "Sourcing credentials with an external process". Expiration is left
    out for long-term keys.
    """
    data: dict[str, object] = {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
    }
    if credentials.session_token is not None:
        data["SessionToken"] = credentials.session_token.reveal()
    if credentials.expires_at is not None:
        early = credentials.expires_at - timedelta(seconds=EXPIRATION_SAFETY_SECONDS)
        data["Expiration"] = early.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(data)


def encode(key: str, credentials: Credentials, issued_at: datetime) -> str:
    """The vault value of a session.

    Raises ValueError without an expiry or with a malformed key: those are bugs.
    """
    if credentials.expires_at is None or len(key) != KEY_LENGTH:
        msg = "only sessions with an expiry and a whole key are kept"
        raise ValueError(msg)
    advisory, mandatory = refresh_times(issued_at, credentials.expires_at)
    timestamps = " ".join(
        f"{int(time.timestamp()):012d}"
        for time in (advisory, mandatory, credentials.expires_at, issued_at)
    )
    return f"{MAGIC} {key} {timestamps}\n{credential_process_json(credentials)}"


def decode(value: str, key: str) -> SessionRecord | None:
    """The record in a vault value, None when it is not one, or one of another key.

    Then it is as good as absent.
    """
    header, line = value[:HEADER_LENGTH], value[HEADER_LENGTH:]
    words = header.split(" ")
    if (
        len(header) != HEADER_LENGTH
        or not header.endswith("\n")
        or len(words) != 2 + _TIMES
        or words[:2] != [MAGIC, key]
    ):
        return None
    try:
        advisory, mandatory, expires, issued = (
            datetime.fromtimestamp(int(word), UTC) for word in words[2:]
        )
        data = json.loads(line)
        credentials = Credentials(
            access_key_id=_required_text(data, "AccessKeyId"),
            secret_access_key=Secret(_required_text(data, "SecretAccessKey")),
            session_token=Secret(_required_text(data, "SessionToken")),
            expires_at=expires,
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
    return SessionRecord(
        key=key,
        credentials=credentials,
        issued_at=issued,
        expires_at=expires,
        advisory_refresh_at=advisory,
        mandatory_refresh_at=mandatory,
    )


def _required_text(data: object, name: str) -> str:
    if not isinstance(data, dict) or not isinstance(data[name], str) or not data[name]:
        raise ValueError(name)
    return str(data[name])
