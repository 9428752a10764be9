"""Conditions on MFA, most of which go wrong because long-term keys have no such key in their requests.

Source: IAM reference, "AWS global condition context keys", aws:MultiFactorAuthPresent and aws:MultiFactorAuthAge.
"""

from __future__ import annotations

from collections.abc import Iterator

from xswitch.core.access.documents import MFA_PRESENT
from xswitch.core.access.lint.statement import MFA_AGE, LintedStatement, with_only_condition
from xswitch.core.access.model import Finding
from xswitch.core.policy import Condition, Statement


def mfa(subject: LintedStatement) -> Iterator[Finding]:
    """At most one finding for each of the two keys: a statement is mended as a whole."""
    for conditions in (tuple(subject.on(MFA_PRESENT)), tuple(subject.on(MFA_AGE))):
        findings = (
            finding
            for condition in conditions
            if (finding := _condition_finding(subject, condition)) is not None
        )
        yield from list(findings)[:1]


def _condition_finding(subject: LintedStatement, condition: Condition) -> Finding | None:
    if condition.key.lower() == MFA_AGE.lower():
        return _age_finding(subject, condition)
    return (
        _allow_finding(subject, condition) if subject.allows else _deny_finding(subject, condition)
    )


def _expected_value(condition: Condition) -> bool | None:
    """Whether the key must be true (or there) for the condition to hold, false for the opposite, None for either."""
    values = {value.lower() for value in condition.values}
    if condition.operator == "null":
        return None if len(values) > 1 else values == {"false"}
    if values == {"true"}:
        return "not" not in condition.operator
    if values == {"false"}:
        return "not" in condition.operator
    return None


def _allow_finding(subject: LintedStatement, condition: Condition) -> Finding | None:
    corrected = with_only_condition(subject.raw, "Bool", MFA_PRESENT, "true")
    if _expected_value(condition) is not True:
        why = "The test is upside down: it lets in who has no MFA, and not, or not only, who has. Ask for Bool true."
        return subject.finding("mfa_inverted", "error", why, corrected)
    if subject.needs_mfa:
        if condition.operator in ("bool", "null"):
            return None
        why = "The key is a truth value; compare it with Bool."
        return subject.finding("mfa_operator", "info", why, corrected)
    if condition.operator == "null":
        why = "It asks only that the request says something of MFA; temporary credentials without MFA say false. Ask for Bool true."
        return subject.finding("mfa_not_tested", "error", why, corrected)
    why = "Long-term access keys have no such key in their requests, and this test passes when it is absent. Ask for Bool true."
    return subject.finding("mfa_if_exists", "error", why, corrected)


def _deny_finding(subject: LintedStatement, condition: Condition) -> Finding | None:
    corrected = with_only_condition(subject.raw, "BoolIfExists", MFA_PRESENT, "false")
    if _expected_value(condition) is not False:
        why = "The test is upside down: it keeps out who has MFA. Deny under BoolIfExists false."
        return subject.finding("mfa_inverted", "error", why, corrected)
    passes_absent = (
        condition.if_exists
        or condition.operator == "null"
        or "not" in condition.operator
        or condition.quantifier == "all"
    )
    if passes_absent or any(_denies_absent(other) for other in subject.others):
        return None
    why = "Long-term access keys have no such key in their requests, so this keeps out sessions without MFA, and not the keys. Add IfExists."
    return subject.finding("mfa_deny_misses_keys", "warning", why, corrected)


def _denies_absent(statement: Statement) -> bool:
    return statement.effect == "Deny" and any(
        one.key.lower() == MFA_PRESENT.lower()
        and one.operator == "null"
        and set(one.values) == {"true"}
        for one in statement.conditions
    )


def _age_finding(subject: LintedStatement, condition: Condition) -> Finding | None:
    if not subject.allows:
        return None
    corrected = with_only_condition(subject.raw, "Bool", MFA_PRESENT, "true")
    corrected = with_only_condition(corrected, "NumericLessThan", MFA_AGE, "3600")
    upside_down = "greaterthan" in condition.operator or (
        condition.operator == "null" and _expected_value(condition) is not True
    )
    if upside_down:
        why = "The test is upside down: it lets in whose MFA is old, or who has none."
        return subject.finding("mfa_inverted", "error", why, corrected)
    if condition.if_exists and not subject.needs_mfa:
        why = "Long-term access keys have no such key in their requests, and this test passes when it is absent. Leave out IfExists."
        return subject.finding("mfa_if_exists", "error", why, corrected)
    return None
