"""The AWS CLI's cache of sign-ins: names and form of its token files.

The AWS CLI, botocore, and the SDKs read `~/.aws/sso/cache/SHA1.json`, the SHA-1 of the session's
name, else of its start URL. Sources: botocore's utils.py (SSOTokenLoader) and tokens.py, the SDK
for JavaScript's token-providers (getSSOTokenFromFile), and the SDK for Go's ssocreds (cachedToken).
All read times as RFC 3339 in UTC with whole seconds.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from xswitch.core.arn import partition_of_region
from xswitch.core.digests import sha1
from xswitch.core.model import Secret, SharedSignIn, SsoSession, SsoToken, portal_address

MAX_BYTES = 1 << 20


def token_file_name(session: SsoSession) -> str:
    """Return the name of a session's token file."""
    return f"{sha1(session.cache_name.encode())}.json"


def format_time(time: datetime) -> str:
    """Write a time as every reader of the cache parses it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: object) -> datetime | None:
    """Read a time of the cache in any form that a program writes; None for anything else.

    Old versions of the AWS CLI wrote `2020-06-17T10:02:08UTC`.
    """
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text.removesuffix("UTC") + "Z" * text.endswith("UTC"))
        return (time.replace(tzinfo=UTC) if time.tzinfo is None else time).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def encode_token(session: SsoSession, token: SsoToken) -> str:
    """Write a token as the AWS CLI v2 does; a refresh token goes with what it needs."""
    data = {
        "startUrl": session.start_url,
        "region": session.region,
        "accessToken": token.access_token.reveal(),
        "expiresAt": format_time(token.expires_at),
    }
    if token.client_secret is not None and token.registration_expires_at is not None:
        data |= {
            "clientId": token.client_id,
            "clientSecret": token.client_secret.reveal(),
            "registrationExpiresAt": format_time(token.registration_expires_at),
        }
        if token.refresh_token is not None:
            data["refreshToken"] = token.refresh_token.reveal()
    return json.dumps(data)


def read_token(text: str, session: SsoSession) -> SharedSignIn:
    """Read the token file of a session, which any of these programs wrote.

    Fields beside the token that have another form count as missing, as in botocore. A file has the
    session's name, so it may be of a portal that the session had before; that portal's token isn't
    sent to another one, nor to another partition.
    """
    data = _fields(text)
    token = _decode(data)
    url = _text(data, "startUrl")
    if url and portal_address(url) != portal_address(session.start_url):
        return SharedSignIn()
    partition = partition_of_region(_text(data, "region") or session.region)
    if partition != partition_of_region(session.region):
        return SharedSignIn()
    return SharedSignIn(token, damaged=token is None)


def _fields(text: str) -> dict[str, object]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _decode(data: dict[str, object]) -> SsoToken | None:
    access, expires_at = _text(data, "accessToken"), parse_time(data.get("expiresAt"))
    if not access or expires_at is None:
        return None
    secret, refresh = _text(data, "clientSecret"), _text(data, "refreshToken")
    return SsoToken(
        access_token=Secret(access),
        expires_at=expires_at,
        client_id=_text(data, "clientId"),
        client_secret=Secret(secret) if secret else None,
        registration_expires_at=parse_time(data.get("registrationExpiresAt")),
        refresh_token=Secret(refresh) if refresh else None,
    )


def _text(data: dict[str, object], key: str) -> str:
    value = data.get(key)
    # A line break can't be sent in a header
    return value if isinstance(value, str) and value.isprintable() else ""
