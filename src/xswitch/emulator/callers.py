"""Authenticated callers: from a verified signature to the identity that policies test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from xswitch.core.policy import PolicyDocument, Principal, PrincipalKind
from xswitch.emulator import sigv4
from xswitch.emulator.errors import EmulatedAwsError, invalid_client_token
from xswitch.emulator.state import Account, AwsState, IamRole, User
from xswitch.emulator.stores import IssuedSession, SessionStore


@dataclass(frozen=True, slots=True)
class AuthenticatedCaller:
    """An authenticated caller.

    `session` is None for a user's long-term keys, `role` is None for a user. `policies` are all
    policies in the caller's account that allow, deny, or limit, session policies included; SCPs
    belong to `home`.
    """

    access_key_id: str
    arn: str
    user_id: str
    home: Account
    policies: tuple[PolicyDocument, ...] = ()
    user: User | None = None
    role: IamRole | None = None
    session: IssuedSession | None = None

    @property
    def account(self) -> str:
        """The caller's account ID."""
        return self.home.id

    @property
    def partition(self) -> str:
        """The partition of the caller's account."""
        return self.home.partition

    @property
    def principal(self) -> Principal:
        """The caller as a policy principal."""
        if self.role is not None:
            return Principal(PrincipalKind.ROLE_SESSION, self.arn, self.account, self.role.arn)
        return Principal(PrincipalKind.USER, self.arn, self.account)

    @property
    def tags(self) -> Mapping[str, str]:
        """aws:PrincipalTag values: session tags override the entity's tags."""
        own = (
            self.role.tags
            if self.role is not None
            else self.user.tags
            if self.user is not None
            else {}
        )
        return {**own, **(self.session.tags if self.session is not None else {})}


@dataclass(frozen=True, slots=True)
class AuthenticatedCall:
    """One authenticated call: parameters, caller, address, and session time `now`."""

    action: str
    parameters: Mapping[str, str] = field(repr=False)
    caller: AuthenticatedCaller
    region: str
    now: datetime
    source_ip: str = "127.0.0.1"
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class UnsignedCall:
    """One call without a signature, which proves itself by a parameter."""

    action: str
    parameters: Mapping[str, str] = field(repr=False)
    now: datetime
    source_ip: str = "127.0.0.1"
    user_agent: str = ""


def authenticate(  # noqa: PLR0913 -- the request, what is known, and the two clocks
    request: sigv4.HttpRequest,
    world: AwsState,
    store: SessionStore,
    *,
    now: datetime,
    wall: datetime,
    service: str = "sts",
) -> tuple[AuthenticatedCaller, sigv4.Claim]:
    """Authenticate a request; `now` is the time for sessions, `wall` the time for signatures.

    Raises EmulatedAwsError.
    """
    claim = sigv4.read_claim(request, service)
    known = world.key(claim.access_key_id)
    if known is not None:
        user, key = known
        if not key.active or claim.session_token is not None:
            raise invalid_client_token()
        sigv4.verify(request, claim, key.secret, wall)
        return user_caller(user, world, claim.access_key_id), claim
    session = store.get(claim.access_key_id)
    if session is None or claim.session_token != session.keys.token:
        raise invalid_client_token()
    if now >= session.expires_at:
        raise EmulatedAwsError(
            "ExpiredToken", "The security token included in the request is expired", 403
        )
    sigv4.verify(request, claim, session.keys.secret, wall)
    return _session_caller(session, world), claim


def user_caller(
    user: User, world: AwsState, key_id: str, session: IssuedSession | None = None
) -> AuthenticatedCaller:
    """A user with long-term keys, or in a session. Raises EmulatedAwsError without an account."""
    home = world.account(user.account)
    if home is None:
        raise invalid_client_token()
    limits = session.policies if session is not None else ()
    return AuthenticatedCaller(
        key_id, user.arn, user.id, home, world.documents(user) + limits, user=user, session=session
    )


def _session_caller(session: IssuedSession, world: AwsState) -> AuthenticatedCaller:
    key_id = session.keys.access_key_id
    if not session.role_arn:
        user = world.user(session.principal_arn)
        if user is None or user.id != session.principal_id:
            raise invalid_client_token()
        return user_caller(user, world, key_id, session)
    role, home = world.role(session.role_arn), world.account(session.account)
    if role is None or home is None or role.id != session.principal_id:
        raise invalid_client_token()
    policies = world.documents(role) + session.policies
    return AuthenticatedCaller(
        key_id,
        session.principal_arn,
        f"{role.id}:{session.session_name}",
        home,
        policies,
        role=role,
        session=session,
    )
