"""Who is calling: from a verified signature to an identity with everything policies ask about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from xswitch.core.policy import Document, Principal, PrincipalKind
from xswitch.demo import sigv4
from xswitch.demo.answers import AwsAnswerError, unknown_token
from xswitch.demo.sessions import Session, SessionStore
from xswitch.demo.state import Role, User, World


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller; `session` is None for a user's long-term keys, `role` None for a user."""

    access_key_id: str
    arn: str
    user_id: str
    account: str
    partition: str
    user: User | None = None
    role: Role | None = None
    session: Session | None = None

    @property
    def principal(self) -> Principal:
        """The caller as policies see it."""
        if self.role is not None:
            return Principal(PrincipalKind.ROLE_SESSION, self.arn, self.account, self.role.arn)
        return Principal(PrincipalKind.USER, self.arn, self.account)

    @property
    def policies(self) -> tuple[Document, ...]:
        """Everything on the caller's side that allows, denies or limits."""
        own = self.role.policies if self.role is not None else self.user.policies if self.user is not None else ()
        return own + (self.session.policies if self.session is not None else ())

    @property
    def tags(self) -> Mapping[str, str]:
        """aws:PrincipalTag: the entity's own tags, session tags over them."""
        own = self.role.tags if self.role is not None else self.user.tags if self.user is not None else {}
        return {**own, **(self.session.tags if self.session is not None else {})}


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call: its parameters, who makes it, where and when (`now` by the session clock)."""

    action: str
    parameters: Mapping[str, str] = field(repr=False)
    caller: Caller
    region: str
    now: datetime
    source_ip: str = "127.0.0.1"
    user_agent: str = ""


def authenticate(
    request: sigv4.HttpRequest, world: World, store: SessionStore, *, now: datetime, wall: datetime
) -> tuple[Caller, sigv4.Claim]:
    """The caller of a request whose signature is right; `now` judges sessions, `wall` signatures. Raises AwsAnswerError."""
    claim = sigv4.read_claim(request)
    known = world.key(claim.access_key_id)
    if known is not None:
        user, key = known
        if not key.active or claim.session_token is not None:
            raise unknown_token()
        sigv4.verify(request, claim, key.secret, wall)
        return Caller(claim.access_key_id, user.arn, user.id, user.account, _partition(user.arn), user=user), claim
    session = store.get(claim.access_key_id)
    if session is None or claim.session_token != session.keys.token:
        raise unknown_token()
    if now >= session.expires_at:
        raise AwsAnswerError("ExpiredToken", "The security token included in the request is expired", 403)
    sigv4.verify(request, claim, session.keys.secret, wall)
    return _session_caller(session, world), claim


def _session_caller(session: Session, world: World) -> Caller:
    partition = _partition(session.principal_arn)
    if session.role_arn:
        role = world.role(session.role_arn)
        if role is None:
            raise unknown_token()
        user_id = f"{role.id}:{session.session_name}"
        return Caller(session.keys.access_key_id, session.principal_arn, user_id, session.account, partition, role=role, session=session)
    user = world.user(session.principal_arn)
    if user is None:
        raise unknown_token()
    return Caller(session.keys.access_key_id, user.arn, user.id, user.account, partition, user=user, session=session)


def _partition(arn: str) -> str:
    return arn.split(":")[1]
