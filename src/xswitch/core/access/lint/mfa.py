"""Conditions on MFA; many are wrong because requests with long-term keys lack the context key.

Source: IAM reference, "AWS global condition context keys", aws:MultiFactorAuthPresent and
aws:MultiFactorAuthAge.
"""

from __future__ import annotations

from collections.abc import Iterator

from xswitch.core.access.documents import MFA_PRESENT
from xswitch.core.access.lint.statement import MFA_AGE, LintedStatement, with_only_condition
from xswitch.core.access.model import Finding
from xswitch.core.policy import Condition, Statement

_KEY_ABSENT = "Requests with long-term access keys don't have this key"


def mfa(subject: LintedStatement) -> Iterator[Finding]:
    """Yield at most one finding for each of the two keys, as one correction fixes all."""
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
    """Return whether the condition requires true (or present); None if either value meets it."""
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
        why = "The test is inverted: it allows callers without MFA. Use Bool true."
        return subject.finding("mfa_inverted", "error", why, corrected)
    if subject.needs_mfa:
        if condition.operator in ("bool", "null"):
            return None
        why = "The key is a boolean; compare it with Bool."
        return subject.finding("mfa_operator", "info", why, corrected)
    if condition.operator == "null":
        why = (
            "It only requires the key to be present, but with temporary credentials without MFA "
            "it is present and false. Use Bool true."
        )
        return subject.finding("mfa_not_tested", "error", why, corrected)
    why = f"{_KEY_ABSENT}, and this test passes if it is absent. Use Bool true."
    return subject.finding("mfa_if_exists", "error", why, corrected)


def _deny_finding(subject: LintedStatement, condition: Condition) -> Finding | None:
    corrected = with_only_condition(subject.raw, "BoolIfExists", MFA_PRESENT, "false")
    if _expected_value(condition) is not False:
        why = "The test is inverted: it denies callers with MFA. Use BoolIfExists false."
        return subject.finding("mfa_inverted", "error", why, corrected)
    passes_absent = (
        condition.if_exists
        or condition.operator == "null"
        or "not" in condition.operator
        or condition.quantifier == "all"
    )
    if passes_absent or any(_denies_absent(other) for other in subject.others):
        return None
    why = f"{_KEY_ABSENT}, so this only denies sessions without MFA. Add IfExists."
    return subject.finding("mfa_deny_misses_keys", "warning", why, corrected)


def _denies_absent(statement: Statement) -> bool:
    return statement.effect == "Deny" and any(
        condition.key.lower() == MFA_PRESENT.lower()
        and condition.operator == "null"
        and set(condition.values) == {"true"}
        for condition in statement.conditions
    )


def _age_finding(subject: LintedStatement, condition: Condition) -> Finding | None:
    if not subject.allows:
        return None
    corrected = with_only_condition(subject.raw, "Bool", MFA_PRESENT, "true")
    corrected = with_only_condition(corrected, "NumericLessThan", MFA_AGE, "3600")
    inverted = "greaterthan" in condition.operator or (
        condition.operator == "null" and _expected_value(condition) is not True
    )
    if inverted:
        why = "The test is inverted: it allows callers with an old MFA code, or without one."
        return subject.finding("mfa_inverted", "error", why, corrected)
    if condition.if_exists and not subject.needs_mfa:
        why = f"{_KEY_ABSENT}, and this test passes if it is absent. Remove IfExists."
        return subject.finding("mfa_if_exists", "error", why, corrected)
    return None
