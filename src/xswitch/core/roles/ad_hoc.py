"""`ACCOUNT:ROLE`: roles that no profile of the user's names, and the names of the managed profiles that keep them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xswitch.core.arn import RoleArn, is_account_id, parse_role_arn
from xswitch.core.digests import sha256
from xswitch.core.model import Hop, Origin, Settings
from xswitch.core.profiles.managed import Overrides

# The names every SDK takes; a blank or a quote would hide the profile from most of them.
_ILLEGAL = re.compile(r"[^A-Za-z0-9_\-/.%@:+]")
_ROLE = re.compile(r"/?((?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Definition:
    """A role given by account and name; `partition` None when it wasn't said, `path` begins and ends with a slash."""

    account_id: str
    path: str
    name: str
    partition: str | None = None

    def arn(self, partition: str) -> RoleArn:
        """The role's ARN, in its own partition or else this one."""
        return RoleArn(self.partition or partition, self.account_id, self.path, self.name)


def definition_of(target: str, settings: Settings) -> Definition | None:
    """The role that `ACCOUNT:ROLE`, `ACCOUNT NAME:ROLE` (a name out of the settings) or a role ARN spells, None when it is none of them."""
    arn = parse_role_arn(target)
    if arn is not None:
        return Definition(arn.account_id, arn.path, arn.name, arn.partition)
    account, mark, role = target.partition(":")
    found = _ROLE.fullmatch(role)
    if not mark or found is None:
        return None
    if not is_account_id(account):
        ids = [number for number, name in settings.account_names.items() if name.casefold() == account.casefold()]
        if len(ids) != 1 or not is_account_id(ids[0]):
            return None
        account = ids[0]
    return Definition(account, f"/{found[1]}", found[2])


def row_name(arn: RoleArn) -> str:
    """What a definition is called: `ACCOUNT:ROLE`, with the path of the role when it has one."""
    return f"{arn.account_id}:{arn.path[1:]}{arn.name}"


def managed_name(prefix: str, name: str) -> str:
    """The default name of the managed profile of a role profile, or of an `ACCOUNT:ROLE`.

    Characters that are illegal in a profile name become `-`; a few hex digits then keep two such names apart.
    """
    account, mark, role = name.partition(":")
    if mark and is_account_id(account):
        name = f"{account}-{role}"
    legal = _ILLEGAL.sub("-", name)
    return f"{prefix}{legal}" if legal == name else f"{prefix}{legal}-{sha256(name.encode())[:6]}"


def definition_hop(profile: str, arn: RoleArn, origin: Origin, overrides: Overrides) -> Hop:
    """The AssumeRole of a definition, kept under the name `profile`."""
    return Hop(
        profile=profile,
        role_arn=str(arn),
        origin=origin,
        external_id=overrides.external_id,
        mfa_serial=overrides.mfa_serial,
        duration_seconds=overrides.duration_seconds,
        session_name=overrides.session_name,
        tags=overrides.tags,
        policy_arns=overrides.policy_arns,
        policy=overrides.policy,
    )
