"""Checks that AWS returned a session of the requested role."""

from __future__ import annotations

import re
from datetime import datetime

from xswitch.core.arn import is_caller_arn, parse_role_arn
from xswitch.core.errors import ErrorCode, IdentityMismatchError, NetworkError
from xswitch.core.model import CallerIdentity, Credentials, PlannedHop, Role, TargetKind
from xswitch.core.roles.kinds import SSO_ROLE_PREFIX

# The ARN that GetCallerIdentity returns for a role session; it omits the role's path.
_ASSUMED_ROLE_ARN = re.compile(
    r"arn:([a-z0-9-]+):sts::([0-9]{12}):assumed-role/([\w+=,.@-]+)/[^/]+", re.ASCII
)
_SSO_SUFFIX = re.compile(r"[0-9a-f]{16}", re.ASCII)


def check_identity(
    role: Role, identity: CallerIdentity, source: CallerIdentity | None = None
) -> None:
    """Raise IdentityMismatchError unless `identity` is that of `role`.

    That is a session of the role, or, of an MFA session, the user that the keys are of: `source` is
    what AWS says of the keys. Where neither is known, any identity is right: it is announced.
    """
    place = f"{role.origin.file}:{role.origin.line}"
    if role.sso is not None:
        if not _is_session_of_permission_set(role, identity.arn):
            raise _identity_mismatch(
                f"{role.account_id}/{role.role_name}",
                identity.arn,
                f"{role.name} has that permission set ({place}).",
            )
        return
    if role.kind is TargetKind.MFA_SESSION:
        if source is not None and (source.arn, source.account) != (identity.arn, identity.account):
            raise _identity_mismatch(
                source.arn, identity.arn, f"{role.name} has its keys ({place})."
            )
        return
    if not role.role_arn:
        return
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


def check_temporary_credentials(
    credentials: Credentials, now: datetime, sender: str = "STS"
) -> None:
    """Raise NetworkError unless these are temporary credentials that are valid at `now`.

    STS, and Identity Center, always return such credentials.
    """
    if credentials.expires_at is None or credentials.session_token is None:
        raise NetworkError(
            f"The response of {sender} lacks the session's expiration or token.",
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


def _is_session_of_permission_set(role: Role, arn: str) -> bool:
    """Whether `arn` is a session of the IAM role that Identity Center made for a permission set.

    Its name ends in 16 hex digits (IAM Identity Center user guide, "Referencing permission sets").
    """
    session = _ASSUMED_ROLE_ARN.fullmatch(arn)
    if session is None:
        return False
    partition, account, name = session.groups()
    prefix = f"{SSO_ROLE_PREFIX}{role.role_name}_".casefold()
    return (
        (partition, account) == (role.partition, role.account_id)
        and name.casefold().startswith(prefix)
        and _SSO_SUFFIX.fullmatch(name[len(prefix) :]) is not None
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
