"""Conditions that hold when they shouldn't: for absent keys, for any external ID; and those that never hold.

Source: IAM reference, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context keys".
"""

from __future__ import annotations

from collections.abc import Iterator

from xswitch.core.access.documents import EXTERNAL_ID
from xswitch.core.access.lint.statement import WHO_KEYS, Subject, instead, renamed_operators, with_condition
from xswitch.core.access.model import Finding
from xswitch.core.policy import Condition

_SOURCES = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "saml:aud"})
_MFA = "aws:multifactor"


def external_ids(subject: Subject) -> Iterator[Finding]:
    """Tests of the external ID that let in who has another, or none."""
    if not subject.allows:
        return
    for condition in list(subject.on(EXTERNAL_ID)):
        found = _external_id(subject, condition)
        if found is not None:
            yield found
            return


def _external_id(subject: Subject, condition: Condition) -> Finding | None:
    values = [value for value in condition.values if value.strip("*?")]
    agreed = values[0] if len(values) == 1 and not _wild(values[0]) else "the-agreed-external-ID"
    corrected = instead(subject.raw, "StringEquals", EXTERNAL_ID, agreed)
    if condition.operator == "null":
        if set(condition.values) == {"false"} and not subject.needs_external_id:
            why = "Any external ID will do; the third party's other customers have one too."
            return subject.finding("external_id_any", "error", why, corrected)
        return None
    if "not" in condition.operator:
        why = "It lets in who gives another external ID, or none. Ask for the agreed one with StringEquals."
        return subject.finding("external_id_negated", "error", why, corrected)
    if condition.if_exists:
        why = "It lets in who gives no external ID at all. Leave out IfExists."
        return subject.finding("external_id_if_exists", "error", why, corrected)
    if "like" in condition.operator and any(_wild(value) for value in condition.values):
        any_will_do = any(not value.strip("*?") for value in condition.values)
        why = "Any external ID will do." if any_will_do else "An external ID is not a pattern: others fit it too."
        code = "external_id_any" if any_will_do else "external_id_pattern"
        return subject.finding(code, "error" if any_will_do else "warning", why, corrected)
    return None


def _wild(text: str) -> bool:
    return "*" in text or "?" in text


def absent_keys(subject: Subject) -> Iterator[Finding]:
    """Conditions that hold when their key is not in the request at all."""
    if not subject.allows:
        return
    statement = subject.statement
    there = {one.key.lower() for one in statement.conditions if one.operator == "null" and set(one.values) == {"false"}}
    loose = [one for one in statement.conditions if one.quantifier == "all" and one.key.lower() not in there]
    if loose:
        keys = ", ".join(sorted({one.key for one in loose}))
        why = f"ForAllValues holds for nothing, so that a request without {keys} gets in. Ask for the key too, with Null false."
        corrected = subject.raw
        for one in loose:
            corrected = with_condition(corrected, "Null", one.key, "false")
        yield subject.finding("for_all_values_absent", "warning", why, corrected)
    optional = sorted({one.key for one in statement.conditions if one.if_exists and _says_who(one.key)})
    if optional:
        why = f"With IfExists a request without {', '.join(optional)} gets in."
        lowered = {key.lower() for key in optional}

        def firm(operator: str, key: str) -> str:
            return operator[: -len("IfExists")] if key.lower() in lowered and operator.lower().endswith("ifexists") else operator

        yield subject.finding("if_exists_absent", "warning", why, renamed_operators(subject.raw, firm))


def _says_who(key: str) -> bool:
    lowered = key.lower()
    return lowered in WHO_KEYS | _SOURCES or lowered.endswith((":sub", ":aud"))


def literal_wildcards(subject: Subject) -> Iterator[Finding]:
    """Stars where no operator reads them as wildcards."""
    literal = [
        one
        for one in subject.statement.conditions
        if one.operator in ("stringequals", "stringnotequals", "stringequalsignorecase", "stringnotequalsignorecase")
        and one.key.lower() != EXTERNAL_ID.lower()
        and any("*" in value.replace("${*}", "") for value in one.values)
    ]
    if not literal:
        return
    keys = {one.key.lower() for one in literal}
    named = ", ".join(sorted({one.key for one in literal}))
    why = f"StringEquals reads * in {named} as a star and not as a wildcard. StringLike has wildcards."

    def like(operator: str, key: str) -> str:
        if key.lower() not in keys:
            return operator
        prefix, colon, name = operator.rpartition(":")
        suffix = "IfExists" if name.lower().endswith("ifexists") else ""
        if not name.lower().startswith(("stringequals", "stringnotequals")):
            return operator
        return f"{prefix}{colon}{'StringNotLike' if 'not' in name.lower() else 'StringLike'}{suffix}"

    yield subject.finding("wildcard_literal", "warning", why, renamed_operators(subject.raw, like))
