"""Guards: the rule that applies to a role, and the confirmation it requires."""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

from xswitch.core.model import Guard, GuardRule, Role, Settings


@lru_cache(maxsize=64)
def _compile_patterns(rule: GuardRule) -> re.Pattern[str]:
    # Case is ignored: a guard that matches too much asks too often, one that matches too little
    # doesn't guard.
    return re.compile(
        "|".join(fnmatch.translate(pattern.casefold()) for pattern in rule.match) or r"(?!)"
    )


def guard_for(role: Role, settings: Settings) -> Guard | None:
    """Find the first rule with a pattern that matches the role.

    A pattern matches the profile name, the ARN, the account ID, or the account name.
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
