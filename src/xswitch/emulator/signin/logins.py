"""Requests, codes, logins, and refresh tokens of the emulated AWS Sign-In."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from xswitch.emulator.stores import IssuedSession

SAME_DEVICE = "arn:aws:signin:::devtools/same-device"
CROSS_DEVICE = "arn:aws:signin:::devtools/cross-device"
RESOURCES = {
    SAME_DEVICE: "oauth2/public-client/localhost",
    CROSS_DEVICE: "oauth2/public-client/remote",
}
"""The clients, and how policies name them."""
_PROOF_SECONDS = 600
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A request of `/v1/authorize`, whose page a person has open."""

    id: str
    client_id: str
    redirect_uri: str
    state: str
    challenge: str


@dataclass(slots=True)
class Login:
    """A user's login for one client; once `ended`, it can't be refreshed.

    `user_id` is the unique ID of the user, so a recreated one differs. `mfa_at` is when an MFA code
    was given (None: no code). `thumbprint` is that of the key that the client proved, "" before.
    """

    user_arn: str
    user_id: str
    client_id: str
    ends_at: datetime
    mfa_at: datetime | None
    thumbprint: str = ""
    ended: bool = False


@dataclass(slots=True)
class LoginCode:
    """A code that `/v1/authorize` gave to a client."""

    request: LoginRequest
    login: Login
    expires_at: datetime
    used: bool = False


@dataclass(slots=True)
class RefreshGrant:
    """A refresh token of a login; `session` and `successor` are what it was exchanged for."""

    login: Login
    session: IssuedSession | None = None
    successor: str = ""


@dataclass(frozen=True, slots=True)
class _UsedProof:
    content: bytes = field(repr=False)
    made_at: datetime


class LoginStore:
    """Requests, codes, logins, and refresh tokens in memory; thread-safe through `locked`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.requests: dict[str, LoginRequest] = {}
        self.codes: dict[str, LoginCode] = {}
        self.refresh_grants: dict[str, RefreshGrant] = {}
        self.logins: list[Login] = []
        self._proofs: dict[str, _UsedProof] = {}

    def locked(self, act: Callable[[], _Result]) -> _Result:
        """Run `act` alone: every read that decides a change, and the change."""
        with self._lock:
            return act()

    def revoke(self, user_arn: str) -> int:
        """End every login of a user; return how many there were."""
        with self._lock:
            ended = [one for one in self.logins if one.user_arn == user_arn and not one.ended]
            for one in ended:
                one.ended = True
            return len(ended)

    def use_proof(self, name: str, content: bytes, now: datetime) -> bool:
        """Whether a proof is new, or sent again with the same request, as by a retry."""
        with self._lock:
            self._proofs = {
                key: proof
                for key, proof in self._proofs.items()
                if abs((now - proof.made_at).total_seconds()) <= _PROOF_SECONDS
            }
            return self._proofs.setdefault(name, _UsedProof(content, now)).content == content


def new_login_token(prefix: str) -> str:
    """A new code or refresh token: AWS's are opaque."""
    return prefix + secrets.token_urlsafe(96)
