"""Clients, pending approvals, sign-ins, and tokens of the emulated Identity Center."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from xswitch.emulator.state.identity_center import IdentityCenter, PortalThrottle

_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class ClientRegistration:
    """A registered client; empty `grant_types` allow the device code and refreshing."""

    client_id: str
    client_secret: str = field(repr=False)
    name: str
    grant_types: frozenset[str]
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    issuer_url: str
    region: str
    expires_at: datetime


class Decision(StrEnum):
    """A person's answer to a client's request."""

    NONE = "none"
    APPROVED = "approved"
    DENIED = "denied"


@dataclass(slots=True)
class DeviceAuthorization:
    """A device code that waits for a person; `interval` is in seconds and grows."""

    device_code: str = field(repr=False)
    user_code: str
    client_id: str
    start_url: str
    expires_at: datetime
    interval: int
    asked: int = 0
    last_asked: datetime | None = None
    decision: Decision = Decision.NONE
    user: str = ""
    used: bool = False


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request of `/authorize`, whose page a person has open."""

    id: str
    client_id: str
    start_url: str
    redirect_uri: str
    state: str | None
    challenge: str


@dataclass(slots=True)
class AuthorizationCode:
    """A code that `/authorize` gave to a client; `sign_in` is what it was exchanged for."""

    request: AuthorizationRequest
    user: str
    expires_at: datetime
    used: bool = False
    sign_in: SignIn | None = None


@dataclass(slots=True)
class SignIn:
    """A person's sign-in for one client; once `ended`, none of its tokens is valid."""

    start_url: str
    user: str
    client_id: str
    scopes: tuple[str, ...]
    region: str
    ends_at: datetime
    ended: bool = False


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token or a refresh token of a sign-in."""

    sign_in: SignIn
    expires_at: datetime


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: datetime


class SignInStore:
    """Clients, codes, sign-ins, and tokens in memory; thread-safe through `locked`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.clients: dict[str, ClientRegistration] = {}
        self.devices: dict[str, DeviceAuthorization] = {}
        self.requests: dict[str, AuthorizationRequest] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.access_tokens: dict[str, IssuedToken] = {}
        self.refresh_tokens: dict[str, IssuedToken] = {}
        self._buckets: dict[str, _Bucket] = {}

    def locked(self, act: Callable[[], _Result]) -> _Result:
        """Run `act` alone: every read that decides a change, and the change."""
        with self._lock:
            return act()

    def by_user_code(self, user_code: str) -> DeviceAuthorization | None:
        """The device authorization with this user code, in any case and without its dash."""
        wanted = user_code.replace("-", "").strip().upper()
        return next(
            (one for one in self.devices.values() if one.user_code.replace("-", "") == wanted), None
        )

    def revoke(self, user: str, start_url: str = "") -> int:
        """End every sign-in of a person, in all instances or in one; return how many."""
        with self._lock:
            ended = [
                one
                for one in self.sign_ins()
                if one.user == user and start_url in ("", one.start_url) and not one.ended
            ]
            for one in ended:
                one.ended = True
            return len(ended)

    def sign_ins(self) -> list[SignIn]:
        """Every sign-in, ended ones included, oldest first."""
        with self._lock:
            issued = (*self.access_tokens.values(), *self.refresh_tokens.values())
            return list({id(token.sign_in): token.sign_in for token in issued}.values())

    def wait_seconds(self, key: str, throttle: PortalThrottle, now: datetime) -> float:
        """Take a request from a bucket; 0 if there was one, else the seconds until the next."""
        with self._lock:
            bucket = self._buckets.setdefault(key, _Bucket(throttle.burst, now))
            passed = max((now - bucket.filled).total_seconds(), 0.0)
            bucket.tokens = min(bucket.tokens + passed * throttle.rate, float(throttle.burst))
            bucket.filled = now
            if bucket.tokens >= 1.0:
                bucket.tokens -= 1.0
                return 0.0
            return (1.0 - bucket.tokens) / throttle.rate


def start_sign_in(
    instance: IdentityCenter, user: str, client: ClientRegistration, now: datetime
) -> SignIn:
    """Sign a person in, for as long as the instance's sessions last."""
    ends_at = now + timedelta(seconds=instance.session_seconds)
    return SignIn(
        instance.start_url, user, client.client_id, client.scopes, instance.region, ends_at
    )


def new_token(prefix: str) -> str:
    """A new token: AWS's have such prefixes (aoa, aor, aoc), and are opaque."""
    return prefix + secrets.token_urlsafe(96)


def new_user_code() -> str:
    """A new user code, such as BCDF-GHJK."""
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
