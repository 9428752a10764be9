"""In-memory stores of the running emulator: issued sessions, and the current state."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeVar

from xswitch.core.policy import PolicyDocument
from xswitch.emulator.clock import EmulatorClock
from xswitch.emulator.state import AwsState

_NO_TAGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The three parts of temporary credentials."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """Temporary credentials and what AWS stores with them.

    `principal_arn` is the user's ARN (GetSessionToken) or the assumed-role ARN; `role_arn` is ""
    for a user's session. `principal_id` is the unique ID of the user or role, so a recreated one
    differs. `mfa_at` is when an MFA code was given (None: no code). `policies` are the session
    policies; `tags` the session tags, inherited ones included; `transitive` the lower-case keys
    passed on to the next role. `federated_provider` is the ARN of the identity provider that
    vouched for the role's user, "" for none; `signed_in` marks credentials of a sign-in to the
    console, which may do what the user may.
    """

    keys: SessionKeys
    account: str
    principal_arn: str
    issued_at: datetime
    expires_at: datetime
    role_arn: str = ""
    session_name: str = ""
    mfa_at: datetime | None = None
    policies: tuple[PolicyDocument, ...] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: _NO_TAGS)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    principal_id: str = ""
    federated_provider: str = ""
    signed_in: bool = False


def credentials_structure(session: IssuedSession) -> Mapping[str, str]:
    """The members of a Credentials structure."""
    return {
        "AccessKeyId": session.keys.access_key_id,
        "SecretAccessKey": session.keys.secret,
        "SessionToken": session.keys.token,
        "Expiration": session.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def new_key_id(prefix: str, account: str) -> str:
    """A new access key ID (AKIA… or ASIA…) that encodes its account, as AWS's do."""
    number = 1 << 47 | int(account) << 7 | secrets.randbelow(1 << 7)
    return prefix + base64.b32encode(number.to_bytes(6) + secrets.token_bytes(4)).decode()


def account_of_access_key(access_key_id: str) -> str:
    """The account that an access key ID encodes, "" for any other text."""
    try:
        number = int.from_bytes(base64.b32decode(access_key_id[4:])[:6])
    except ValueError:
        return ""
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012d}" if number >> 47 else ""


def new_session_keys(account: str) -> SessionKeys:
    """New keys for a session."""
    token = base64.b64encode(base64.b64decode("IQoJ") + secrets.token_bytes(300)).decode()
    return SessionKeys(new_key_id("ASIA", account), secrets.token_urlsafe(30), token)


class SessionStore:
    """Sessions by access key ID, and used one-time codes; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, IssuedSession] = {}
        self._used: dict[str, set[int]] = {}

    def add(self, session: IssuedSession) -> None:
        """Store a session."""
        with self._lock:
            self._sessions[session.keys.access_key_id] = session

    def get(self, access_key_id: str) -> IssuedSession | None:
        """The session with this access key ID, expired or not."""
        with self._lock:
            return self._sessions.get(access_key_id)

    def use_code(self, serial: str, step: int) -> bool:
        """Use up the code of a device's step: True the first time only (RFC 6238, 5.2)."""
        with self._lock:
            used = self._used.setdefault(serial, set())
            if step in used:
                return False
            used.add(step)
            return True


_Result = TypeVar("_Result")


class StateStore:
    """Holds the current state; thread-safe. Readers get an immutable value.

    `clock` dates changes: until `propagation_seconds` have passed, `seen` returns the state before.
    """

    def __init__(self, world: AwsState, clock: EmulatorClock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._history: list[tuple[datetime | None, AwsState]] = [(None, world)]

    @property
    def current(self) -> AwsState:
        """The state with every change."""
        with self._lock:
            return self._history[-1][1]

    def put(self, world: AwsState) -> None:
        """Replace the state; visible at once."""
        with self._lock:
            self._history = [(None, world)]

    def seen(self) -> AwsState:
        """The state as the parts of AWS see it that learn of changes late."""
        with self._lock:
            delay = timedelta(seconds=self._history[-1][1].propagation_seconds)
            horizon = self._clock.now() - delay
            propagated = [
                at for at, (made, _) in enumerate(self._history) if made is None or made <= horizon
            ]
            self._history = self._history[propagated[-1] if propagated else 0 :]
            return self._history[0][1]

    def change(self, make: Callable[[AwsState], tuple[AwsState, _Result]]) -> _Result:
        """Let `make` turn the current state into the next; return its result.

        If it raises, the state is unchanged.
        """
        with self._lock:
            before = self.current
            world, result = make(before)
            if world is not before:
                self._history.append((self._clock.now(), world))
                self.seen()
            return result
