"""Conditions that are met when they shouldn't be: by absent keys, by any external ID.

Source: IAM reference, "IAM JSON policy elements: Condition operators" and "Set operators for
multivalued context keys".
"""

from __future__ import annotations

from collections.abc import Iterator

from xswitch.core.access.documents import EXTERNAL_ID
from xswitch.core.access.lint.statement import (
    WHO_KEYS,
    LintedStatement,
    with_condition,
    with_only_condition,
    with_operators_renamed,
)
from xswitch.core.access.model import Finding
from xswitch.core.policy import Condition

_SOURCE_KEYS = frozenset(
    {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "saml:aud"}
)
_MFA = "aws:multifactor"


def external_ids(subject: LintedStatement) -> Iterator[Finding]:
    """Find conditions on the external ID that other IDs, or none, also meet."""
    if not subject.allows:
        return
    for condition in list(subject.on(EXTERNAL_ID)):
        finding = _external_id(subject, condition)
        if finding is not None:
            yield finding
            return


def _external_id(subject: LintedStatement, condition: Condition) -> Finding | None:
    values = [value for value in condition.values if value.strip("*?")]
    agreed = (
        values[0] if len(values) == 1 and not _has_wildcard(values[0]) else "the-agreed-external-ID"
    )
    corrected = with_only_condition(subject.raw, "StringEquals", EXTERNAL_ID, agreed)
    if condition.operator == "null":
        if set(condition.values) == {"false"} and not subject.needs_external_id:
            why = "Any external ID is accepted, including those of the third party's customers."
            return subject.finding("external_id_any", "error", why, corrected)
        return None
    if "not" in condition.operator:
        why = "It allows other external IDs, or none. Require the agreed one with StringEquals."
        return subject.finding("external_id_negated", "error", why, corrected)
    if condition.if_exists:
        why = "It allows calls without an external ID. Remove IfExists."
        return subject.finding("external_id_if_exists", "error", why, corrected)
    if "like" in condition.operator and any(_has_wildcard(value) for value in condition.values):
        accepts_any = any(not value.strip("*?") for value in condition.values)
        why = (
            "Any external ID is accepted."
            if accepts_any
            else "An external ID shouldn't be a pattern, which other IDs also match."
        )
        code = "external_id_any" if accepts_any else "external_id_pattern"
        return subject.finding(code, "error" if accepts_any else "warning", why, corrected)
    return None


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def absent_keys(subject: LintedStatement) -> Iterator[Finding]:
    """Find conditions that are met if the request lacks their key."""
    if not subject.allows:
        return
    statement = subject.statement
    required_keys = {
        condition.key.lower()
        for condition in statement.conditions
        if condition.operator == "null" and set(condition.values) == {"false"}
    }
    unguarded = [
        condition
        for condition in statement.conditions
        if condition.quantifier == "all" and condition.key.lower() not in required_keys
    ]
    if unguarded:
        keys = ", ".join(sorted({condition.key for condition in unguarded}))
        why = (
            f"A request without {keys} also meets ForAllValues. "
            "Require the key, too, with Null false."
        )
        corrected = subject.raw
        for condition in unguarded:
            corrected = with_condition(corrected, "Null", condition.key, "false")
        yield subject.finding("for_all_values_absent", "warning", why, corrected)
    optional = sorted(
        {
            condition.key
            for condition in statement.conditions
            if condition.if_exists and _identifies_caller(condition.key)
        }
    )
    if optional:
        why = f"With IfExists, requests without {', '.join(optional)} are allowed."
        lowered = {key.lower() for key in optional}

        def without_if_exists(operator: str, key: str) -> str:
            return (
                operator[: -len("IfExists")]
                if key.lower() in lowered and operator.lower().endswith("ifexists")
                else operator
            )

        yield subject.finding(
            "if_exists_absent",
            "warning",
            why,
            with_operators_renamed(subject.raw, without_if_exists),
        )


def _identifies_caller(key: str) -> bool:
    lowered = key.lower()
    return lowered in WHO_KEYS | _SOURCE_KEYS or lowered.endswith((":sub", ":aud"))


def literal_wildcards(subject: LintedStatement) -> Iterator[Finding]:
    """Find wildcards in operators without wildcards."""
    literal = [
        condition
        for condition in subject.statement.conditions
        if condition.operator
        in (
            "stringequals",
            "stringnotequals",
            "stringequalsignorecase",
            "stringnotequalsignorecase",
        )
        and condition.key.lower() != EXTERNAL_ID.lower()
        and any("*" in value.replace("${*}", "") for value in condition.values)
    ]
    if not literal:
        return
    keys = {condition.key.lower() for condition in literal}
    named = ", ".join(sorted({condition.key for condition in literal}))
    why = f"In StringEquals, * in {named} isn't a wildcard. Use StringLike for wildcards."

    def like(operator: str, key: str) -> str:
        if key.lower() not in keys:
            return operator
        prefix, colon, name = operator.rpartition(":")
        suffix = "IfExists" if name.lower().endswith("ifexists") else ""
        if not name.lower().startswith(("stringequals", "stringnotequals")):
            return operator
        return (
            f"{prefix}{colon}{'StringNotLike' if 'not' in name.lower() else 'StringLike'}{suffix}"
        )

    yield subject.finding(
        "wildcard_literal", "warning", why, with_operators_renamed(subject.raw, like)
    )
