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

from xswitch.core.arn import RoleArn, parse_role_arn
from xswitch.core.model import ConfigView, Guard, GuardRule, Profile, Role, Settings
from xswitch.core.profiles.managed import ROLE_KEY, SOURCE_PROFILE_KEY, managed_profile_name
from xswitch.core.roles.ad_hoc import ad_hoc_role_name

_RoleId = tuple[str, str]
"""Account ID and role name in lower case: AWS has no two roles that differ only in path or case,
and an account is in one partition."""


@lru_cache(maxsize=64)
def _compile_patterns(rule: GuardRule) -> re.Pattern[str]:
    # Case is ignored: a guard that matches too much asks too often, one that matches too little
    # doesn't guard.
    return re.compile(
        "|".join(fnmatch.translate(pattern.casefold()) for pattern in rule.match) or r"(?!)"
    )


class RoleGuards:
    """Finds the guards of one config's roles."""

    def __init__(self, view: ConfigView, settings: Settings) -> None:
        self._view = view
        self._settings = settings

    def guard_for(self, role: Role, *, managed_profile: str = "") -> Guard | None:
        """Return the guard of a role, None without one.

        A pattern matches a profile's name, the role's ARN (with or without its path), the account
        ID, `ACCOUNT:ROLE`, or a name of the account. For each way to the role, the first rule that
        matches counts. Of several, the first that needs a confirmation gives the confirmation, and
        the limits are those of all: the shortest duration, and the first session policy.

        `managed_profile` is the name of one that doesn't exist yet.
        """
        settings = self._settings
        if not settings.guards:
            return None
        arn = parse_role_arn(role.role_arn)
        own = [role.name, role.role_arn, role.account_id, role.account_name]
        ways: list[Sequence[str]] = []
        if arn is not None:
            ways = [
                [name, *self._names(way, role.account_name)]
                for name, way in self._ways.get(_role_id(arn), ())
            ]
            own = [role.name, *self._names(arn, role.account_name)]
        if managed_profile and managed_profile != managed_profile_name(
            settings.profile_prefix, role.name
        ):
            ways.append([managed_profile, *own[1:]])
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

    def _names(self, arn: RoleArn, account_name: str) -> list[str]:
        """Return what names a role, apart from its profiles."""
        accounts = [arn.account_id, account_name, *self._account_names.get(arn.account_id, ())]
        return [
            *accounts,
            str(arn),
            str(_without_path(arn)),
            *(f"{account}:{arn.name}" for account in accounts if account),
            ad_hoc_role_name(arn),
        ]

    @cached_property
    def _ways(self) -> dict[_RoleId, list[tuple[str, RoleArn]]]:
        """The profiles that lead to each role, and its ARN there."""
        ways: dict[_RoleId, list[tuple[str, RoleArn]]] = {}
        for profile in self._view.profiles.values():
            arn = self._role_of(profile)
            if arn is not None:
                ways.setdefault(_role_id(arn), []).append((profile.name, arn))
        return ways

    @cached_property
    def _account_names(self) -> dict[str, dict[str, None]]:
        """The names of each account, from the settings and from any of its profiles."""
        names = {number: {name: None} for number, name in self._settings.account_names.items()}
        for profile in self._view.profiles.values():
            account_name = profile.get("xswitch_account_name")
            arn = parse_role_arn(profile.get("role_arn") or "") if account_name else None
            if arn is not None and account_name:
                names.setdefault(arn.account_id, {})[account_name] = None
        return names

    def _role_of(self, profile: Profile) -> RoleArn | None:
        """Return the role that a profile leads to under a name that its user chose.

        The usual name of a managed profile is its role's with the prefix, which isn't a choice.
        """
        value = profile.get(ROLE_KEY)
        if value is None:
            return parse_role_arn(profile.get("role_arn") or "")
        arn = parse_role_arn(value)
        if arn is not None and SOURCE_PROFILE_KEY in profile.properties:
            name = ad_hoc_role_name(arn)
        else:
            name = value
            role_profile = self._view.profiles.get(value)
            arn = parse_role_arn((role_profile and role_profile.get("role_arn")) or "")
        usual = managed_profile_name(self._settings.profile_prefix, name)
        return None if profile.name == usual else arn


def _role_id(arn: RoleArn) -> _RoleId:
    return arn.account_id, arn.name.casefold()


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
