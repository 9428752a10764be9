"""Whether a session is of the role that was asked for, in AWS's own words."""

from __future__ import annotations

import re

from xswitch.core.errors import WrongIdentityError
from xswitch.core.model import CallerIdentity, Role

# GetCallerIdentity of a role session: the role's path is left out.
_ASSUMED = re.compile(r"arn:([a-z0-9-]+):sts::([0-9]{12}):assumed-role/([\w+=,.@-]+)/[^/]+", re.ASCII)


def refuse_other(role: Role, identity: CallerIdentity) -> None:
    """Raise WrongIdentityError unless `identity` is a session of `role`: its account, its name, its partition."""
    found = _ASSUMED.fullmatch(identity.arn)
    # IAM compares the names of roles without regard to case when it creates them, so no other role differs in case alone.
    if found is not None and identity.account == role.account_id:
        partition, account, name = found.groups()
        if (partition, account, name.casefold()) == (role.partition, role.account_id, role.role_name.casefold()):
            return
    raise WrongIdentityError(
        f"AWS says this session is {identity.arn}, not {role.role_arn}. It was dropped, and nothing was changed.",
        why=f"{role.name} is configured with that role at {role.origin.file}:{role.origin.line}.",
        next_step="xswitch doctor",
        hop=role.role_arn,
    )
