"""Permission to assume roles in identity policies.

Source: IAM user guide, "Grant a user permissions to switch roles".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from xswitch.core.access.documents import ASSUME_ROLE, normalized_statement
from xswitch.core.access.lint.statement import EXAMPLE_ACCOUNT, LintedStatement
from xswitch.core.access.model import Finding
from xswitch.core.policy.patterns import matches, tokens

_ROLES_OF_ACCOUNT = re.compile(r"arn:aws[a-z0-9-]*:iam::([0-9]{12}):(?:role/)?\*+")
_ROLE_PATTERN = re.compile(r"arn:[^:]*:iam::([^:]*):(role/.*|\*.*|role\*.*)", re.DOTALL)


def assume_permission_findings(subject: LintedStatement) -> Iterator[Finding]:
    """Find permission to assume more roles than intended, or none."""
    statement = subject.statement
    covered = any(
        matches(tokens(action.lower(), {}, variables=False), ASSUME_ROLE.lower())
        for action in statement.actions
    )
    if covered == statement.not_actions or not subject.allows or statement.resources is None:
        return
    named = any(action.lower() == ASSUME_ROLE.lower() for action in statement.actions)
    if statement.not_actions or any(action in ("*", "*:*") for action in statement.actions):
        if _any_account(subject):
            why = "It also allows assuming every role that trusts their account."
            yield subject.finding("assume_any_role", "info", why, _corrected(subject))
        return
    if _any_account(subject):
        why = (
            "It allows assuming every role, in any account, that trusts their account. "
            "Name the intended roles."
        )
        yield subject.finding("assume_any_role", "warning", why, _corrected(subject))
    elif any(_ROLES_OF_ACCOUNT.fullmatch(resource) for resource in statement.resources):
        why = (
            "It allows assuming every role of an account that trusts theirs. "
            "Name the intended roles."
        )
        yield subject.finding("assume_any_role_of_account", "info", why, _corrected(subject))
    wide = [action for action in statement.actions if "*" in action or "?" in action]
    if wide:
        why = f"{', '.join(wide)} is wider than necessary. Name {ASSUME_ROLE}."
        remaining = [action for action in statement.actions if action not in wide]
        yield subject.finding(
            "wide_action",
            "info",
            why,
            normalized_statement({**subject.raw, "Action": [*remaining, ASSUME_ROLE]}),
        )
    if (
        named
        and not statement.not_resources
        and not any(_may_be_role(resource) for resource in statement.resources)
    ):
        why = f"{', '.join(statement.resources)}: not a role ARN, so it never applies."
        yield subject.finding("never_matches", "error", why, _corrected(subject))


def _any_account(subject: LintedStatement) -> bool:
    if subject.statement.not_resources:
        return True
    role_patterns = (
        _ROLE_PATTERN.fullmatch(resource) for resource in subject.statement.resources or ()
    )
    return any(
        "*" in role_pattern[1] or "?" in role_pattern[1]
        for role_pattern in role_patterns
        if role_pattern is not None
    ) or "*" in (subject.statement.resources or ())


def _may_be_role(resource: str) -> bool:
    return (
        resource == "*"
        or "${" in resource
        or _ROLE_PATTERN.fullmatch(resource) is not None
        or resource.startswith("arn:*")
    )


def _corrected(subject: LintedStatement) -> dict[str, object]:
    """Restrict the statement to assuming the intended role, or an example role."""
    arn = (
        str(subject.role)
        if subject.role is not None
        else f"arn:aws:iam::{EXAMPLE_ACCOUNT}:role/ROLE-NAME"
    )
    other_elements = {
        key: value
        for key, value in subject.raw.items()
        if key not in ("Action", "NotAction", "Resource", "NotResource")
    }
    return normalized_statement({**other_elements, "Action": ASSUME_ROLE, "Resource": arn})
