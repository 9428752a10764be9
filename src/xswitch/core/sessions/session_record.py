"""The vault's session record, and the JSON that credential_process prints.

A record is an ASCII header of `HEADER_LENGTH` characters, then the finished output as one line of
JSON:

    xswitch1 KEY ADVISORY MANDATORY EXPIRES ISSUED⏎{"Version": 1, ...}

KEY is the session key; the times are 12-digit seconds since the epoch. After ADVISORY, the session
is renewed in the background; after MANDATORY, it is used only if the renewal fails; after EXPIRES,
never. The Expiration in the JSON is a minute earlier than EXPIRES, because the Go SDK uses
credentials up to the last second.
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
    """A session from the vault; times are UTC."""

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
    """Format credentials as credential_process output: one line of JSON, without a newline.

    Long-term keys have no Expiration. Source: docs.aws.amazon.com, "Sourcing credentials with an
    external process".
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
    """Encode a session as a record.

    Raises ValueError for credentials without an expiry or a malformed key, which are bugs.
    """
    if credentials.expires_at is None or len(key) != KEY_LENGTH:
        msg = "a session record needs an expiry and a full key"
        raise ValueError(msg)
    advisory, mandatory = refresh_times(issued_at, credentials.expires_at)
    timestamps = " ".join(
        f"{int(time.timestamp()):012d}"
        for time in (advisory, mandatory, credentials.expires_at, issued_at)
    )
    return f"{MAGIC} {key} {timestamps}\n{credential_process_json(credentials)}"


def decode(value: str, key: str) -> SessionRecord | None:
    """Decode a record; return None if it's malformed or has another key."""
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
