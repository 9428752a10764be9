"""Ad hoc roles, `ACCOUNT:ROLE`: parsed, named, and as hops.

A user's profile doesn't configure them; only a managed profile stores them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xswitch.core.arn import RoleArn, is_account_id, parse_role_arn
from xswitch.core.model import Hop, Origin, Settings
from xswitch.core.profiles.managed import Overrides, override_hop

_PATH_AND_ROLE_NAME = re.compile(r"/?((?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class AdHocRole:
    """A role given by account and name."""

    account_id: str
    path: str
    """Begins and ends with a slash."""
    name: str
    partition: str | None = None
    """Known only if a role ARN was given."""

    def arn(self, partition: str) -> RoleArn:
        """Build the role's ARN; `partition` applies if none is known."""
        return RoleArn(self.partition or partition, self.account_id, self.path, self.name)


def parse_ad_hoc_role(target: str, settings: Settings) -> AdHocRole | None:
    """Parse `ACCOUNT:ROLE`, where ACCOUNT is an ID or a name from the settings, or a role ARN.

    Returns None for any other text.
    """
    arn = parse_role_arn(target)
    if arn is not None:
        return AdHocRole(arn.account_id, arn.path, arn.name, arn.partition)
    account, colon, role = target.partition(":")
    role_match = _PATH_AND_ROLE_NAME.fullmatch(role)
    if not colon or role_match is None:
        return None
    if not is_account_id(account):
        ids = [
            number
            for number, name in settings.account_names.items()
            if name.casefold() == account.casefold()
        ]
        if len(ids) != 1 or not is_account_id(ids[0]):
            return None
        account = ids[0]
    return AdHocRole(account, f"/{role_match[1]}", role_match[2])


def ad_hoc_role_name(arn: RoleArn) -> str:
    """Name an ad hoc role: `ACCOUNT:ROLE`, with the role's path if it has one."""
    return f"{arn.account_id}:{arn.path[1:]}{arn.name}"


def ad_hoc_hop(profile: str, arn: RoleArn, origin: Origin, overrides: Overrides) -> Hop:
    """Make the hop of an ad hoc role that is stored in the managed profile `profile`."""
    return override_hop(Hop(profile, str(arn), origin), overrides)
