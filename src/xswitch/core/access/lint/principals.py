"""Principals in trust policies.

Source: IAM reference, "AWS JSON policy elements: Principal" and "NotPrincipal"; IAM user guide,
"Access to AWS accounts owned by third parties" (external ID) and "IAM identifiers" (unique IDs of
deleted principals).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from xswitch.core.access.documents import EXTERNAL_ID
from xswitch.core.access.lint.statement import (
    EXAMPLE_ACCOUNT,
    WHO_KEYS,
    LintedStatement,
    with_condition,
    with_principals,
)
from xswitch.core.access.model import Finding
from xswitch.core.arn import partition_of
from xswitch.core.model import Severity
from xswitch.core.text import capitalize_first

EXAMPLE_EXTERNAL_ID = "an-external-ID-agreed-with-them"

_ACCOUNT = re.compile(r"(?:arn:aws[a-z0-9-]*:iam::)?([0-9]{12})(?::root)?")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{8,124}")
_ARN = re.compile(
    r"arn:(aws[a-z0-9-]*):(?:iam::([0-9]{12}):(root|user/.+|role/.+|group/.+)"
    r"|sts::([0-9]{12}):(assumed-role/[^/]+/[^/]+|federated-user/.+|self))"
)
_WILD = re.compile(r"[*?]")


def principal_findings(subject: LintedStatement) -> Iterator[Finding]:
    """Find principals that are too wide, deleted, or invalid."""
    named = subject.statement.principals
    if named is None:
        return
    if named.negated:
        if subject.allows:
            yield _not_principal(subject)
        return
    aws = named.values.get("AWS", ())
    if "*" in aws and subject.allows:
        yield from _anyone(subject)
    wildcards = [name for name in aws if name != "*" and _WILD.search(name)]
    if wildcards:
        yield _wildcards(subject, wildcards)
    deleted = [name for name in aws if _UNIQUE_ID.fullmatch(name)]
    if deleted:
        why = (
            f"{', '.join(deleted)}: a deleted user or role. "
            "A new one of the same name isn't trusted."
        )
        yield subject.finding(
            "principal_deleted", "warning", why, _without_principals(subject, deleted)
        )
    groups = [name for name in aws if ":group/" in name and name not in wildcards]
    if groups:
        why = (
            f"{', '.join(groups)}: IAM rejects groups as principals. Trust the account, "
            "and give the group a policy that allows assuming the role."
        )
        yield subject.finding("principal_group", "error", why, _with_accounts(subject, groups))
    yield from _invalid_principals(
        subject, [name for name in aws if name not in (*wildcards, *deleted, *groups, "*")]
    )


def _invalid_principals(subject: LintedStatement, plain: list[str]) -> Iterator[Finding]:
    wrong = [
        name for name in plain if _ACCOUNT.fullmatch(name) is None and _ARN.fullmatch(name) is None
    ]
    if wrong:
        why = (
            f"{', '.join(wrong)}: not an account or the ARN of a user, role or session; "
            "IAM rejects it."
        )
        yield subject.finding(
            "principal_invalid", "error", why, _without_principals(subject, wrong)
        )
    if subject.role is not None:
        partition = subject.role.partition
        strange = [
            name
            for name in plain
            if name.startswith("arn:") and name not in wrong and partition_of(name) != partition
        ]
        if strange:
            why = (
                f"{', '.join(strange)}: not in the role's partition, {partition}; "
                "roles can't be assumed across partitions."
            )
            yield subject.finding(
                "principal_partition", "error", why, _without_principals(subject, strange)
            )


def _not_principal(subject: LintedStatement) -> Finding:
    why = (
        "Allow with NotPrincipal allows everyone else in every account, including sessions and "
        "anonymous callers. Name the intended principals."
    )
    corrected = with_principals(
        subject.raw, {"AWS": [f"arn:{_partition(subject)}:iam::{subject.account}:root"]}
    )
    return subject.finding("not_principal_allow", "error", why, corrected)


def _anyone(subject: LintedStatement) -> Iterator[Finding]:
    if subject.bound_by(WHO_KEYS):
        return
    own = (
        subject.account
        if subject.role is not None
        else f"your own account's ID instead of {EXAMPLE_ACCOUNT}"
    )
    severity: Severity = "warning" if subject.statement.conditions else "error"
    note = ", and its conditions don't restrict callers" if subject.statement.conditions else ""
    why = (
        f"It allows principals of any account{note}. "
        f"Name the intended principals, or limit it to {own}."
    )
    corrected = with_condition(subject.raw, "StringEquals", "aws:PrincipalAccount", subject.account)
    yield subject.finding("principal_anyone", severity, why, corrected)


def _wildcards(subject: LintedStatement, wild: list[str]) -> Finding:
    why = (
        f"{', '.join(wild)}: IAM rejects wildcards in a principal's ARN. "
        "Trust the account, and match aws:PrincipalArn."
    )
    corrected = _with_accounts(subject, wild)
    # ArnLike restricts the caller if the pattern has an account; several patterns are alternatives.
    conditions: dict[str, Any] = {
        name: dict(keys) for name, keys in corrected.get("Condition", {}).items()
    }
    conditions.setdefault("ArnLike", {})["aws:PrincipalArn"] = (
        sorted(wild) if len(wild) > 1 else wild[0]
    )
    return subject.finding(
        "principal_wildcard", "error", why, {**corrected, "Condition": conditions}
    )


def _with_accounts(subject: LintedStatement, replaced: list[str]) -> dict[str, Any]:
    """Replace principals by their accounts."""
    remaining = [name for name in subject.principals("AWS") if name not in replaced]
    roots = [
        f"arn:{_partition(subject)}:iam::{_account_in(name, subject.account)}:root"
        for name in replaced
    ]
    return with_principals(
        subject.raw, {**_principals_by_type(subject), "AWS": [*remaining, *roots]}
    )


def _account_in(name: str, default: str) -> str:
    account = re.search(r"(?<![0-9])[0-9]{12}(?![0-9])", name)
    return account[0] if account is not None else default


def _without_principals(subject: LintedStatement, unwanted: list[str]) -> dict[str, Any] | None:
    """Remove principals; None if none is left, and the statement should be removed."""
    remaining = [name for name in subject.principals("AWS") if name not in unwanted]
    kinds = {**_principals_by_type(subject), "AWS": remaining}
    return with_principals(subject.raw, kinds) if any(kinds.values()) else None


def _principals_by_type(subject: LintedStatement) -> dict[str, list[str]]:
    named = subject.statement.principals
    return (
        {kind: list(values) for kind, values in named.values.items()} if named is not None else {}
    )


def _partition(subject: LintedStatement) -> str:
    return subject.role.partition if subject.role is not None else "aws"


def third_parties(subject: LintedStatement) -> Iterator[Finding]:
    """Find foreign accounts without any condition, or without an external ID."""
    if not subject.allows:
        return
    foreign = [
        (name, *parts)
        for name in subject.principals("AWS")
        if (parts := _foreign_account(subject, name))[0]
    ]
    unknown = subject.role is None
    accounts = sorted({account for _, account, kind in foreign if kind == "root"})
    corrected = with_condition(subject.raw, "StringEquals", EXTERNAL_ID, EXAMPLE_EXTERNAL_ID)
    if accounts and not any(_caller_restrictions(subject)):
        why = (
            f"{_unless_own_account(unknown, accounts)}all principals that the administrators of "
            f"{', '.join(accounts)} permit can assume it, without any condition. "
            "Name users or roles; require MFA of people, and an external ID of third parties."
        )
        yield subject.finding(
            "foreign_account_open",
            "info" if unknown else "warning",
            capitalize_first(why),
            corrected,
        )
        foreign = [entry for entry in foreign if entry[2] != "root"]
    if (
        not foreign
        or subject.needs_external_id
        or subject.needs_mfa
        or subject.bound_by(WHO_KEYS - {"aws:principalarn", "aws:userid"})
    ):
        return
    role_named = any(kind.startswith(("role/", "assumed-role/")) for _, _, kind in foreign)
    listed = ", ".join(sorted({account for _, account, _ in foreign}))
    why = (
        f"{_unless_own_account(unknown, [listed])}an external ID is missing: other customers of "
        f"{listed}, if it is a third party, can use this role through it if they know its ARN."
    )
    yield subject.finding(
        "external_id_missing",
        "warning" if role_named and not unknown else "info",
        capitalize_first(why),
        corrected,
    )


def _foreign_account(subject: LintedStatement, name: str) -> tuple[str, str]:
    """Return account and kind of a principal of another owner, or ("", "")."""
    root, arn = _ACCOUNT.fullmatch(name), _ARN.fullmatch(name)
    if root is not None:
        account, kind = root[1], "root"
    elif arn is not None:
        account, kind = (arn[2] or arn[4], arn[3] or arn[5])
    else:
        return "", ""
    own = subject.own_accounts | ({subject.role.account_id} if subject.role is not None else set())
    return ("", "") if account in own else (account, kind)


def _caller_restrictions(subject: LintedStatement) -> Iterable[bool]:
    yield subject.needs_mfa
    yield subject.bound_by(
        {
            condition.key
            for condition in subject.statement.conditions
            if "multifactor" not in condition.key.lower()
        }
    )


def _unless_own_account(unknown: bool, accounts: list[str]) -> str:  # noqa: FBT001
    return f"if {', '.join(accounts)} is not your own account, " if unknown else ""
