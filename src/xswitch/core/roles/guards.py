"""Guards.

Which rule of the settings applies to a role, and what must be typed before switching to it.
"""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

from xswitch.core.model import Guard, GuardRule, Role, Settings


@lru_cache(maxsize=64)
def _compile_patterns(rule: GuardRule) -> re.Pattern[str]:
    # Without regard to case: a guard that matches too much asks once too often, one that matches
    # too little doesn't guard.
    return re.compile(
        "|".join(fnmatch.translate(pattern.casefold()) for pattern in rule.match) or r"(?!)"
    )


def guard_for(role: Role, settings: Settings) -> Guard | None:
    """The guard of a role.

    The first rule one of whose patterns matches its profile, ARN, account id or account name.
    """
    if not settings.guards:
        return None
    names = [
        name.casefold()
        for name in (role.name, role.role_arn, role.account_id, role.account_name)
        if name
    ]
    for rule in settings.guards:
        pattern = _compile_patterns(rule)
        if any(pattern.match(name) for name in names):
            return Guard(
                name=rule.name,
                color=rule.color,
                confirm=confirmation_text(rule, role),
                duration_seconds=rule.duration_seconds,
                policy_arns=rule.policy_arns,
                policy=rule.policy,
            )
    return None


def confirmation_text(rule: GuardRule, role: Role) -> str:
    """What has to be typed under `rule` to switch to `role`, "" for nothing.

    Names that can't be typed, because they are empty or hold control characters, are replaced by
    the account id.
    """
    text = {
        "none": "",
        "account": role.account_name or role.account_id,
        "role": role.role_name,
        "profile": role.name,
    }.get(rule.confirm, rule.confirm)
    if rule.confirm == "none":
        return ""
    text = text.strip()
    return text if text and text.isprintable() else role.account_id or role.name


def is_confirmed(guard: Guard | None, typed: str | None) -> bool:
    """Whether what was typed lets the switch go on; blanks around it don't count, case does."""
    return (
        guard is None or not guard.confirm or (typed is not None and typed.strip() == guard.confirm)
    )
