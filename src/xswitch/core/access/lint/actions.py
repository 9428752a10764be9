"""Actions in trust policies, and statements that never match.

Source: IAM user guide, "Update a role trust policy"; STS API reference (AssumeRole,
AssumeRoleWithSAML, AssumeRoleWithWebIdentity).
"""

from __future__ import annotations

from collections.abc import Iterator

from xswitch.core.access.documents import ASSUME_ROLE, MFA_PRESENT, normalized_statement
from xswitch.core.access.lint.statement import MFA_AGE, LintedStatement, without_conditions
from xswitch.core.access.model import Finding
from xswitch.core.model import Severity

SAML_ACTION = "sts:AssumeRoleWithSAML"
WEB_ACTION = "sts:AssumeRoleWithWebIdentity"

_ASSUME_ACTIONS = {ASSUME_ROLE.lower(), SAML_ACTION.lower(), WEB_ACTION.lower()}
_SESSION_ACTIONS = {"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"}


def assume_actions_for(subject: LintedStatement) -> list[str]:
    """List the actions with which the principals of a statement can assume a role."""
    federated = subject.principals("Federated")
    actions = (
        [ASSUME_ROLE]
        if subject.principals("AWS") or subject.principals("Service") or not federated
        else []
    )
    if any(":saml-provider/" in provider for provider in federated):
        actions.append(SAML_ACTION)
    if any(":saml-provider/" not in provider for provider in federated):
        actions.append(WEB_ACTION)
    return actions


def _valid_actions(subject: LintedStatement) -> list[str]:
    """List the statement's exact actions that are valid in a trust policy."""
    return [
        action
        for action in subject.statement.actions
        if action.lower() in _ASSUME_ACTIONS | _SESSION_ACTIONS
    ]


def trust_actions(subject: LintedStatement) -> Iterator[Finding]:
    """Find actions that are wider than assuming the role, or invalid in a trust policy."""
    statement = subject.statement
    if statement.not_actions:
        if subject.allows:
            why = "Allow with NotAction allows everything else. Name the action."
            yield subject.finding(
                "wide_action", "warning", why, _with_actions(subject, assume_actions_for(subject))
            )
        return
    wild = [action for action in statement.actions if "*" in action or "?" in action]
    if wild and subject.allows:
        why = (
            f"{', '.join(wild)} is wider than necessary, and includes future actions. "
            "Name the action."
        )
        severity: Severity = (
            "warning" if {"*", "*:*", "sts:*"} & {action.lower() for action in wild} else "info"
        )
        session_actions = [
            action for action in _valid_actions(subject) if action.lower() in _SESSION_ACTIONS
        ]
        yield subject.finding(
            "wide_action",
            severity,
            why,
            _with_actions(subject, [*assume_actions_for(subject), *session_actions]),
        )
    invalid = [
        action
        for action in statement.actions
        if action not in wild and action.lower() not in _ASSUME_ACTIONS | _SESSION_ACTIONS
    ]
    if invalid:
        why = f"{', '.join(invalid)}: IAM rejects actions that don't assume the role."
        yield subject.finding(
            "action_not_assume",
            "error",
            why,
            _with_actions(subject, _valid_actions(subject) or assume_actions_for(subject)),
        )


def _with_actions(subject: LintedStatement, actions: list[str]) -> dict[str, object]:
    other_elements = {
        key: value for key, value in subject.raw.items() if key not in ("Action", "NotAction")
    }
    return normalized_statement({**other_elements, "Action": actions})


def never_matching(subject: LintedStatement) -> Iterator[Finding]:
    """Find statements that can never apply."""
    statement = subject.statement
    actions = {action.lower() for action in statement.actions} & _ASSUME_ACTIONS
    named = statement.principals
    exact_actions = not statement.not_actions and not any(
        "*" in action or "?" in action for action in statement.actions
    )
    if (
        exact_actions
        and actions
        and named is not None
        and not named.negated
        and not actions & {action.lower() for action in assume_actions_for(subject)}
    ):
        usable_actions = assume_actions_for(subject)
        why = (
            f"These principals can only assume a role with {' or '.join(usable_actions)}, "
            "so it never applies."
        )
        yield subject.finding(
            "never_matches",
            "error",
            why,
            _with_actions(subject, [*usable_actions, *_listed_session_actions(subject)]),
        )
    absent = {
        condition.key.lower()
        for condition in statement.conditions
        if condition.operator == "null" and set(condition.values) == {"true"}
    }
    contradictory = sorted(
        {
            condition.key
            for condition in statement.conditions
            if condition.key.lower() in absent and subject.binds(condition)
        }
    )
    if contradictory:
        why = (
            f"It requires {', '.join(contradictory)} to be absent and to have a value, "
            "so it never applies."
        )
        lowered = {key.lower() for key in contradictory}
        corrected = without_conditions(
            subject.raw, lambda operator, key: operator == "null" and key in lowered
        )
        yield subject.finding("never_matches", "error", why, corrected)
    names = subject.principals("AWS")
    # "*" and accounts also cover users, who can have MFA.
    if (
        subject.allows
        and subject.needs_mfa
        and names
        and all(":role/" in name or ":assumed-role/" in name for name in names)
    ):
        why = (
            "It requires MFA, which role sessions never have, so these principals are denied. "
            "Require MFA where their role is assumed."
        )
        keys = {MFA_PRESENT.lower(), MFA_AGE.lower()}
        yield subject.finding(
            "mfa_for_role",
            "warning",
            why,
            without_conditions(subject.raw, lambda _, key: key in keys),
        )


def _listed_session_actions(subject: LintedStatement) -> list[str]:
    return [action for action in subject.statement.actions if action.lower() in _SESSION_ACTIONS]
