"""Whether a session is of the role that was asked for, in AWS's own words."""

from __future__ import annotations

import re
from datetime import datetime

from xswitch.core.arn import is_caller_arn, parse_role_arn
from xswitch.core.errors import ErrorCode, IdentityMismatchError, NetworkError
from xswitch.core.model import CallerIdentity, Credentials, PlannedHop, Role

# GetCallerIdentity of a role session: the role's path is left out.
_ASSUMED_ROLE_ARN = re.compile(
    r"arn:([a-z0-9-]+):sts::([0-9]{12}):assumed-role/([\w+=,.@-]+)/[^/]+", re.ASCII
)


def check_identity(role: Role, identity: CallerIdentity) -> None:
    """Raise IdentityMismatchError unless `identity` is a session of `role`.

    Its account, its name, its partition.
    """
    if identity.account != role.account_id or not _is_session_of(role.role_arn, identity.arn):
        raise _identity_mismatch(
            role.role_arn,
            identity.arn,
            f"{role.name} is configured with that role at {role.origin.file}:{role.origin.line}.",
        )


def check_assumed_role(hop: PlannedHop, arn: str) -> None:
    """Raise IdentityMismatchError unless what AssumeRole says it gave, the session of this ARN, is of the role that was asked for."""
    if not _is_session_of(hop.request.role_arn, arn):
        raise _identity_mismatch(
            hop.request.role_arn, arn, f"That is the role of the profile {hop.profile}."
        )


def check_temporary_credentials(credentials: Credentials, now: datetime) -> None:
    """Raise NetworkError unless these are temporary credentials that live at `now`.

    An answer of STS always holds such.
    """
    if credentials.expires_at is None or credentials.session_token is None:
        raise NetworkError(
            "The answer of STS lacks the session's end, or its token.",
            why="AWS always sends both, so something else answered, or something in between changed the answer.",
            next_step="xswitch doctor",
            code=ErrorCode.INCOMPLETE_ANSWER,
        )
    if credentials.expires_at <= now:
        raise NetworkError(
            "The session AWS just gave is over already by this machine's clock.",
            why=f"It ends at {credentials.expires_at:%Y-%m-%d %H:%M:%S} UTC, and the clock says {now:%Y-%m-%d %H:%M:%S} UTC.",
            next_step="Set this machine's clock (on Linux: sudo timedatectl set-ntp true), then run the same command again.",
            code=ErrorCode.CLOCK_SKEW,
        )


def _is_session_of(role_arn: str, arn: str) -> bool:
    asked, found = parse_role_arn(role_arn), _ASSUMED_ROLE_ARN.fullmatch(arn)
    if asked is None or found is None:
        return False
    partition, account, name = found.groups()
    # IAM compares the names of roles without regard to case when it creates them, so no other role
    # differs in case alone.
    return (partition, account, name.casefold()) == (
        asked.partition,
        asked.account_id,
        asked.name.casefold(),
    )


def _identity_mismatch(role_arn: str, arn: str, why: str) -> IdentityMismatchError:
    # What is nobody's ARN may be anything, a secret that was sent along too.
    who = arn if is_caller_arn(arn) else "something that is no ARN of a session"
    return IdentityMismatchError(
        f"AWS says this session is {who}, not {role_arn}. It was dropped, and nothing was changed.",
        why=why,
        next_step="xswitch doctor",
        hop=role_arn,
    )
