"""Guards: the rule that applies to a role, and the confirmation it requires.

A role is guarded by what it is, not by how it is reached. All ways to it (its profiles, managed
profiles with a name of their own, `ACCOUNT:ROLE`) lead to the same permissions, so each way is
matched, and the strictest result applies to all of them.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from xswitch.core.arn import RoleArn, account_of, parse_role_arn
from xswitch.core.display import first_line
from xswitch.core.model import (
    ConfigView,
    Guard,
    GuardRule,
    Problem,
    Profile,
    Role,
    Settings,
    SsoRole,
)
from xswitch.core.profiles.managed import (
    ACCOUNT_NAME_KEY,
    ROLE_KEY,
    SOURCE_PROFILE_KEY,
    managed_profile_name,
    stores_portal_role,
)
from xswitch.core.roles.ad_hoc import ad_hoc_role_name
from xswitch.core.roles.kinds import SSO_ROLE_PREFIX, sso_identity, valid_sso_role
from xswitch.core.roles.portal import stored_sso_role
from xswitch.core.roles.sources import is_sso

_TargetId = tuple[str, str]
"""Account ID and role name in lower case: AWS has no two roles that differ only in path or case,
and an account is in one partition. Without a role, "" and the profile that has the credentials."""


@lru_cache(maxsize=64)
def _compile_patterns(rule: GuardRule) -> re.Pattern[str]:
    # Case is ignored: a guard that matches too much asks too often, one that matches too little
    # doesn't guard.
    return re.compile(
        "|".join(fnmatch.translate(pattern.casefold()) for pattern in rule.match) or r"(?!)"
    )


class _Way(NamedTuple):
    """A profile that leads to a target, and what it leads to."""

    profile: str
    account_id: str = ""
    role_name: str = ""
    arns: tuple[str, ...] = ()
    """The forms of the role's ARN."""


class RoleGuards:
    """Finds the guards of one config's targets."""

    def __init__(self, view: ConfigView, settings: Settings) -> None:
        self._view = view
        self._settings = settings

    def guard_for(self, role: Role, *, managed_profile: str = "") -> Guard | None:
        """Return the guard of a target, None without one.

        A pattern matches a profile's name, the role's ARN (with or without its path), the account
        ID, `ACCOUNT:ROLE`, or a name of the account. For each way to the role, the first rule that
        matches counts. Of several, the first that needs a confirmation gives the confirmation, and
        the limits are those of all: the shortest duration, and the first session policy.

        `managed_profile` is the name of one that doesn't exist yet.
        """
        settings = self._settings
        if not settings.guards:
            return None
        target, way = _target_of_role(role)
        names = self._names(way, role.account_name)
        own = [role.name, *names]
        more = () if target[0] else names  # of what only the resolved target tells
        ways: list[Sequence[str]] = [
            [other.profile, *self._names(other, role.account_name), *more]
            for other in self._ways.get(target, ())
        ]
        if managed_profile and managed_profile != managed_profile_name(
            settings.profile_prefix, role.name
        ):
            ways.append([managed_profile, *names])
        if not ways:
            ways.append(own)
        matched = {index for way in ways if (index := self._first_match(way)) is not None}
        rules = [settings.guards[index] for index in sorted(matched)]
        return _strictest(rules, role) if rules else None

    def _first_match(self, names: Sequence[str]) -> int | None:
        folded = {name.casefold() for name in names if name}
        for index, rule in enumerate(self._settings.guards):
            pattern = _compile_patterns(rule)
            if any(pattern.match(name) for name in folded):
                return index
        return None

    def _names(self, way: _Way, account_name: str) -> list[str]:
        """Return what names a target, apart from its profiles."""
        accounts = [way.account_id, account_name, *self._account_names.get(way.account_id, ())]
        return [
            *accounts,
            *way.arns,
            *(f"{account}:{way.role_name}" for account in accounts if account and way.role_name),
        ]

    @cached_property
    def _ways(self) -> dict[_TargetId, list[_Way]]:
        """The profiles that lead to each target."""
        ways: dict[_TargetId, list[_Way]] = {}
        for profile in self._view.profiles.values():
            found = self._target_of(profile)
            if found is not None:
                ways.setdefault(found[0], []).append(found[1])
        return ways

    @cached_property
    def _account_names(self) -> dict[str, dict[str, None]]:
        """The names of each account, from the settings and from any of its profiles."""
        names = {number: {name: None} for number, name in self._settings.account_names.items()}
        for profile in self._view.profiles.values():
            account_name = profile.get("xswitch_account_name")
            if account_name:
                found = self._target_of(profile, any_name=True)
                if found is not None and found[1].account_id:
                    names.setdefault(found[1].account_id, {})[account_name] = None
        return names

    def _target_of(
        self, profile: Profile, *, any_name: bool = False
    ) -> tuple[_TargetId, _Way] | None:
        """Return the target that a profile leads to under a name that its user chose.

        The usual name of a managed profile is its target's with the prefix, which isn't a choice
        (and counts only with `any_name`).
        """
        value = profile.get(ROLE_KEY)
        if value is None:
            return _target_of_profile(self._view, profile, profile.name)
        arn = parse_role_arn(value)
        found: tuple[_TargetId, _Way] | None = None
        name = value
        if arn is not None and SOURCE_PROFILE_KEY in profile.properties:
            name = ad_hoc_role_name(arn)
            found = _role_target(profile.name, arn)
        elif stores_portal_role(profile):
            role = stored_sso_role(self._view, profile)
            found = None if role is None else _sso_target(profile.name, role)
            if role is not None:
                account = first_line(profile.get(ACCOUNT_NAME_KEY) or "") or role.account_id
                name = f"{account}/{role.role_name}"
        elif value in self._view.profiles:
            found = _target_of_profile(self._view, self._view.profiles[value], profile.name)
        usual = managed_profile_name(self._settings.profile_prefix, name)
        return None if profile.name == usual and not any_name else found


def _target_of_profile(
    view: ConfigView, profile: Profile, name: str
) -> tuple[_TargetId, _Way] | None:
    """Return the target of a profile that isn't a managed one; the profile `name` leads to it."""
    arn = parse_role_arn(profile.get("role_arn") or "")
    if arn is not None:
        return _role_target(name, arn)
    if is_sso(profile):
        role = valid_sso_role(view, profile)
        if not isinstance(role, Problem):
            return _sso_target(name, role)
    return ("", profile.name), _Way(name, account_of(profile.get("mfa_serial") or ""))


def _target_of_role(role: Role) -> tuple[_TargetId, _Way]:
    arn = parse_role_arn(role.role_arn)
    if arn is not None and role.sso is None:
        return _role_target(role.name, arn)
    if role.sso is not None:
        return _sso_target(role.name, role.sso)
    return ("", role.name), _Way(role.name, role.account_id, role.role_name, (role.role_arn,))


def _role_target(profile: str, arn: RoleArn) -> tuple[_TargetId, _Way]:
    path = arn.path[1:]
    arns = (str(arn), str(_without_path(arn)), *((ad_hoc_role_name(arn),) if path else ()))
    return (arn.account_id, arn.name.casefold()), _Way(profile, arn.account_id, arn.name, arns)


def _sso_target(profile: str, role: SsoRole) -> tuple[_TargetId, _Way]:
    identity = sso_identity(role)
    iam_name = f"{SSO_ROLE_PREFIX}{role.role_name}_*"
    arns = (
        identity.role_arn,
        f"arn:{identity.partition}:iam::{role.account_id}:role/{iam_name}",
        f"{role.account_id}:{iam_name}",
    )
    key = (role.account_id, iam_name.casefold())
    return key, _Way(profile, role.account_id, role.role_name, arns)


def _without_path(arn: RoleArn) -> RoleArn:
    return RoleArn(arn.partition, arn.account_id, "/", arn.name)


def _strictest(rules: Sequence[GuardRule], role: Role) -> Guard:
    """Combine the rules that match a role, in the order of the settings."""
    asking = (rule for rule in rules if confirmation_text(rule, role))
    main = next(asking, rules[0])
    durations = [rule.duration_seconds for rule in rules if rule.duration_seconds is not None]
    # AWS grants the union of session policies, so two rules' policies would allow more than one's
    limiting = next(_with_policy((main, *rules)), main)
    return Guard(
        name=main.name,
        color=main.color,
        confirm=confirmation_text(main, role),
        duration_seconds=min(durations, default=None),
        policy_arns=limiting.policy_arns,
        policy=limiting.policy,
    )


def _with_policy(rules: Sequence[GuardRule]) -> Iterator[GuardRule]:
    return (rule for rule in rules if rule.policy or rule.policy_arns)


def confirmation_text(rule: GuardRule, role: Role) -> str:
    """Return the text to type before switching to `role`, or "" for no confirmation.

    The account ID replaces names that are empty or have control characters.
    """
    if rule.confirm == "none":
        return ""
    text = {
        "account": role.account_name or role.account_id,
        "role": role.role_name,
        "profile": role.name,
    }.get(rule.confirm, rule.confirm)
    text = text.strip()
    return text if text and text.isprintable() else role.account_id or role.name


def is_confirmed(guard: Guard | None, typed: str | None) -> bool:
    """Whether `typed` matches the guard's confirmation; surrounding spaces are ignored."""
    return (
        guard is None or not guard.confirm or (typed is not None and typed.strip() == guard.confirm)
    )
