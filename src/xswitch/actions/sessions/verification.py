"""Checks that AWS returned a session of the requested role."""

from __future__ import annotations

import re
from datetime import datetime

from xswitch.core.arn import is_caller_arn, parse_role_arn
from xswitch.core.errors import ErrorCode, IdentityMismatchError, NetworkError
from xswitch.core.model import CallerIdentity, Credentials, PlannedHop, Role

# The ARN that GetCallerIdentity returns for a role session; it omits the role's path.
_ASSUMED_ROLE_ARN = re.compile(
    r"arn:([a-z0-9-]+):sts::([0-9]{12}):assumed-role/([\w+=,.@-]+)/[^/]+", re.ASCII
)


def check_identity(role: Role, identity: CallerIdentity) -> None:
    """Raise IdentityMismatchError unless `identity` is a session of `role`."""
    if identity.account != role.account_id or not _is_session_of(role.role_arn, identity.arn):
        raise _identity_mismatch(
            role.role_arn,
            identity.arn,
            f"{role.name} has that role at {role.origin.file}:{role.origin.line}.",
        )


def check_assumed_role(hop: PlannedHop, arn: str) -> None:
    """Raise IdentityMismatchError unless AssumeRole's `arn` is a session of the hop's role."""
    if not _is_session_of(hop.request.role_arn, arn):
        raise _identity_mismatch(
            hop.request.role_arn, arn, f"It's the role of the profile {hop.profile}."
        )


def check_temporary_credentials(credentials: Credentials, now: datetime) -> None:
    """Raise NetworkError unless these are temporary credentials that are valid at `now`.

    STS always returns such credentials.
    """
    if credentials.expires_at is None or credentials.session_token is None:
        raise NetworkError(
            "The response of STS lacks the session's expiration or token.",
            why="AWS always sends both, so the response is from something else, or was changed.",
            next_step="xswitch doctor",
            code=ErrorCode.INCOMPLETE_ANSWER,
        )
    if credentials.expires_at <= now:
        raise NetworkError(
            "According to this machine's clock, the new session has already expired.",
            why=f"It expires at {credentials.expires_at:%Y-%m-%d %H:%M:%S} UTC,"
            f" and the clock says {now:%Y-%m-%d %H:%M:%S} UTC.",
            next_step="Set this machine's clock (on Linux: sudo timedatectl set-ntp true),"
            " then rerun the command.",
            code=ErrorCode.CLOCK_SKEW,
        )


def _is_session_of(role_arn: str, arn: str) -> bool:
    role, session = parse_role_arn(role_arn), _ASSUMED_ROLE_ARN.fullmatch(arn)
    if role is None or session is None:
        return False
    partition, account, name = session.groups()
    # Role names are unique in an account regardless of case
    return (partition, account, name.casefold()) == (
        role.partition,
        role.account_id,
        role.name.casefold(),
    )


def _identity_mismatch(role_arn: str, arn: str, why: str) -> IdentityMismatchError:
    # Text that isn't an ARN may be anything, even a secret
    caller = arn if is_caller_arn(arn) else "not an ARN of a session"
    return IdentityMismatchError(
        f"AWS says this session is {caller}, not {role_arn}. It was dropped; nothing changed.",
        why=why,
        next_step="xswitch doctor",
        hop=role_arn,
    )
