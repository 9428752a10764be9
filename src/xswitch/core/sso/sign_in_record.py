"""The vault's record of a sign-in: its token, the registered clients, and what AWS refused.

The record is one JSON object under the session's own key. It holds the only copy of the tokens.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from xswitch.core.digests import sha256
from xswitch.core.model import Secret, SignInGrant, SsoRegistration, SsoSession, SsoToken

_VERSION = 1
_KEY_LENGTH = 40
_MAX_FAILURES = 2
REFRESH_WINDOW = timedelta(minutes=15)
"""A token with less time left is refreshed, as botocore's SSOTokenProvider and the SDKs do."""
MIN_LIFETIME = timedelta(seconds=60)
"""Time that a token must have left to be used: for the call, and for a slightly wrong clock."""
REGISTRATION_WINDOW = timedelta(minutes=15)
"""A registration with less time left isn't used for a new sign-in, as in the AWS CLI."""
UNREACHABLE_MEMORY = timedelta(seconds=5)
"""How long a refresh isn't tried again after AWS wasn't reached."""


@dataclass(frozen=True, slots=True)
class FailedRefresh:
    """A refresh that failed, so that not every caller tries it again."""

    digest: str
    """Of the refresh token (`refresh_digest`)."""
    at: datetime
    refused: bool
    """AWS refused it, for good; False if AWS wasn't reached."""
    why: str = ""

    def blocks(self, token: SsoToken, now: datetime) -> bool:
        """Whether a refresh with this token needn't be tried."""
        if self.digest != refresh_digest(token):
            return False
        return self.refused or self.at <= now < self.at + UNREACHABLE_MEMORY


@dataclass(frozen=True, slots=True)
class SignInRecord:
    """The stored parts of a session's sign-in; each may be missing."""

    token: SsoToken | None = None
    registrations: tuple[SsoRegistration, ...] = ()
    failed: tuple[FailedRefresh, ...] = ()
    """Of the tokens that are stored: the vault's and the shared cache's."""
    rejected: tuple[str, ...] = ()
    """Digests of access tokens that the portal no longer accepts, although they haven't expired."""
    replacement: str = ""
    """The digest of the access token that a refresh has put in the place of a rejected one."""

    def failure(self, token: SsoToken, now: datetime) -> FailedRefresh | None:
        """Return the failure for which a refresh with this token needn't be tried."""
        return next((failed for failed in self.failed if failed.blocks(token, now)), None)

    def with_failure(self, failed: FailedRefresh) -> SignInRecord:
        """Return the record with one more failure; the oldest go."""
        others = tuple(one for one in self.failed if one.digest != failed.digest)
        return replace(self, failed=(*others, failed)[-_MAX_FAILURES:])

    def rejects(self, token: SsoToken) -> bool:
        """Whether the portal has refused a token."""
        return bool(self.rejected) and access_digest(token) in self.rejected

    def may_refresh(self, token: SsoToken, now: datetime) -> bool:
        """Whether a refresh of a token may help.

        It doesn't if it failed, or if the portal has refused its result too: the token of a client
        without the portal's scope, for example, is renewed and refused forever.
        """
        is_refused = self.rejects(token) and access_digest(token) == self.replacement
        return can_refresh(token, now) and self.failure(token, now) is None and not is_refused

    def with_rejected(self, token: SsoToken) -> SignInRecord:
        """Return the record with one more token that the portal refuses; the oldest go."""
        digest = access_digest(token)
        others = tuple(one for one in self.rejected if one != digest)
        return replace(self, rejected=(*others, digest)[-_MAX_FAILURES:])


def sign_in_key(session: SsoSession) -> str:
    """Return the session's key in the vault: 40 hex digits over what makes it another sign-in."""
    facts = {
        "kind": "sso-token",
        "name": session.name,
        "start_url": session.start_url,
        "region": session.region,
        "url": session.oidc_endpoint.url,
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode())[:_KEY_LENGTH]


def refresh_digest(token: SsoToken) -> str:
    """Return a digest of a token's refresh token, "" if it has none."""
    refresh = token.refresh_token
    return "" if refresh is None else sha256(refresh.reveal().encode())


def access_digest(token: SsoToken) -> str:
    """Return a digest of a token's access token."""
    return sha256(token.access_token.reveal().encode())


def is_fresh(token: SsoToken, now: datetime) -> bool:
    """Whether a token is used without a refresh."""
    return token.expires_at - now >= REFRESH_WINDOW


def is_usable(token: SsoToken, now: datetime) -> bool:
    """Whether a token still works."""
    return token.expires_at - now >= MIN_LIFETIME


def can_refresh(token: SsoToken, now: datetime) -> bool:
    """Whether a token has what a refresh takes, and its registration hasn't expired."""
    return (
        token.refresh_token is not None
        and token.client_secret is not None
        and bool(token.client_id)
        and token.registration_expires_at is not None
        and now < token.registration_expires_at
    )


def usable_registration(
    record: SignInRecord, session: SsoSession, grant: SignInGrant, issuer_url: str, now: datetime
) -> SsoRegistration | None:
    """Return a stored registration for a sign-in of this kind, None if there is none."""
    for registration in record.registrations:
        if (
            registration.grant == grant
            and registration.issuer_url == issuer_url
            and registration.scopes == session.scopes
            and registration.expires_at - now >= REGISTRATION_WINDOW
        ):
            return registration
    return None


def encode(key: str, record: SignInRecord) -> str:
    """Encode a record for the vault."""
    token = record.token
    return json.dumps(
        {
            "version": _VERSION,
            "key": key,
            "token": None if token is None else _token_data(token),
            "registrations": [
                {
                    "grant": one.grant,
                    "clientId": one.client_id,
                    "clientSecret": one.client_secret.reveal(),
                    "expiresAt": one.expires_at.timestamp(),
                    "issuerUrl": one.issuer_url,
                    "scopes": list(one.scopes),
                }
                for one in record.registrations
            ],
            "failed": [
                {
                    "digest": one.digest,
                    "at": one.at.timestamp(),
                    "refused": one.refused,
                    "why": one.why,
                }
                for one in record.failed
            ],
            "rejected": list(record.rejected),
            "replacement": record.replacement,
        }
    )


def decode(value: str | None, key: str) -> SignInRecord:
    """Decode a record; one that is missing, damaged, or of another key is empty."""
    try:
        data = json.loads(value or "")
        if data["key"] != key or data["version"] != _VERSION:
            return SignInRecord()
        token = data["token"]
        return SignInRecord(
            token=None if token is None else _token(token),
            registrations=tuple(_registration(one) for one in data["registrations"]),
            failed=tuple(
                FailedRefresh(
                    _text(one["digest"]),
                    _time(one["at"]),
                    one["refused"] is True,
                    _text(one["why"]),
                )
                for one in data["failed"]
            ),
            rejected=tuple(_text(one) for one in data["rejected"]),
            replacement=_text(data["replacement"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return SignInRecord()


def _token_data(token: SsoToken) -> dict[str, object]:
    secret, refresh = token.client_secret, token.refresh_token
    end = token.registration_expires_at
    return {
        "accessToken": token.access_token.reveal(),
        "expiresAt": token.expires_at.timestamp(),
        "clientId": token.client_id,
        "clientSecret": None if secret is None else secret.reveal(),
        "registrationExpiresAt": None if end is None else end.timestamp(),
        "refreshToken": None if refresh is None else refresh.reveal(),
    }


def _token(data: dict[str, object]) -> SsoToken:
    secret, refresh = data["clientSecret"], data["refreshToken"]
    end = data["registrationExpiresAt"]
    return SsoToken(
        access_token=Secret(_text(data["accessToken"])),
        expires_at=_time(data["expiresAt"]),
        client_id=_text(data["clientId"]),
        client_secret=None if secret is None else Secret(_text(secret)),
        registration_expires_at=None if end is None else _time(end),
        refresh_token=None if refresh is None else Secret(_text(refresh)),
    )


def _registration(data: dict[str, object]) -> SsoRegistration:
    grant, scopes = data["grant"], data["scopes"]
    if grant not in ("authorization_code", "device_code") or not isinstance(scopes, list):
        raise ValueError(grant)
    return SsoRegistration(
        grant="authorization_code" if grant == "authorization_code" else "device_code",
        client_id=_text(data["clientId"]),
        client_secret=Secret(_text(data["clientSecret"])),
        expires_at=_time(data["expiresAt"]),
        issuer_url=_text(data["issuerUrl"]),
        scopes=tuple(_text(scope) for scope in scopes),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 -- `decode` catches one error for all damage
    return value


def _time(value: object) -> datetime:
    if not isinstance(value, (int, float)):
        raise ValueError(value)  # noqa: TRY004 -- as above
    return datetime.fromtimestamp(value, UTC)
