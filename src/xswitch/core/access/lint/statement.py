"""One statement under judgement, and the ways in which a statement is corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xswitch.core.access.documents import (
    EXTERNAL_ID,
    MFA_PRESENT,
    normalized_statement,
    statement_to_json,
)
from xswitch.core.access.model import Finding
from xswitch.core.arn import RoleArn
from xswitch.core.model import Severity
from xswitch.core.policy import Condition, Statement

EXAMPLE_ACCOUNT = "111122223333"
"""AWS's own example account, where a corrected statement needs an account nobody told us."""
MFA_AGE = "aws:MultiFactorAuthAge"
WHO_KEYS = frozenset(
    {
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:userid",
    }
)
"""Condition keys, in lower case, that say who the caller is."""

_NEGATED = "not"
_LESS_THAN_OPERATORS = frozenset({"numericlessthan", "numericlessthanequals"})
_EQUALITY_OPERATORS = frozenset({"bool", "stringequals", "stringequalsignorecase", "stringlike"})


@dataclass(frozen=True, slots=True)
class LintedStatement:
    """A statement as it was written and as it was read, where it stands, and whose role it is about (None: nobody told)."""

    raw: Mapping[str, Any]
    statement: Statement
    where: str
    role: RoleArn | None
    own_accounts: frozenset[str] = frozenset()
    others: tuple[Statement, ...] = field(default=(), repr=False)

    @property
    def allows(self) -> bool:
        """Whether it lets in rather than keeps out."""
        return self.statement.effect == "Allow"

    @property
    def account(self) -> str:
        """The account of the role, or an example's."""
        return self.role.account_id if self.role is not None else EXAMPLE_ACCOUNT

    def finding(
        self, code: str, severity: Severity, why: str, corrected: Mapping[str, Any] | None = None
    ) -> Finding:
        """A finding on this statement."""
        return Finding(
            code,
            severity,
            why,
            self.where,
            statement_to_json(corrected) if corrected is not None else "",
        )

    def principals(self, kind: str) -> tuple[str, ...]:
        """The principals of a type that it names; none for NotPrincipal."""
        named = self.statement.principals
        return named.values.get(kind, ()) if named is not None and not named.negated else ()

    def on(self, key: str) -> Iterator[Condition]:
        """The conditions on a key."""
        return (
            condition
            for condition in self.statement.conditions
            if condition.key.lower() == key.lower()
        )

    def bound_by(self, keys: Iterable[str]) -> bool:
        """Whether a condition on one of these keys really keeps somebody out."""
        wanted = {key.lower() for key in keys}
        return any(
            condition.key.lower() in wanted and self.binds(condition)
            for condition in self.statement.conditions
        )

    def binds(self, condition: Condition) -> bool:
        """Whether a condition fails when its key is absent, and for some value.

        No IfExists, no negation, no mere star.

        ForAllValues holds for an absent key, and so binds only beside a Null that asks for it.
        """
        if condition.if_exists or condition.operator == "null" or _NEGATED in condition.operator:
            return False
        if condition.quantifier == "all" and not any(
            one.operator == "null" and set(one.values) == {"false"}
            for one in self.on(condition.key)
        ):
            return False
        return "*" not in condition.values or "like" not in condition.operator

    @property
    def needs_mfa(self) -> bool:
        """Whether nobody gets by without MFA."""
        present = any(
            self.binds(one) and one.operator in _EQUALITY_OPERATORS and set(one.values) == {"true"}
            for one in self.on(MFA_PRESENT)
        )
        recent = any(
            self.binds(one) and one.operator in _LESS_THAN_OPERATORS for one in self.on(MFA_AGE)
        )
        return (
            present
            or recent
            or any(
                one.operator == "null" and set(one.values) == {"false"} for one in self.on(MFA_AGE)
            )
        )

    @property
    def needs_external_id(self) -> bool:
        """Whether an external ID has to be given."""
        return self.bound_by({EXTERNAL_ID})


def with_condition(raw: Mapping[str, Any], operator: str, key: str, value: str) -> dict[str, Any]:
    """The statement with one more condition."""
    statement = normalized_statement(raw)
    conditions = {name: dict(keys) for name, keys in statement.get("Condition", {}).items()}
    conditions.setdefault(operator, {})[key] = value
    return normalized_statement({**statement, "Condition": conditions})


def without_conditions(
    raw: Mapping[str, Any], unwanted: Callable[[str, str], bool]
) -> dict[str, Any]:
    """The statement without the conditions for which `unwanted(operator, key)` holds.

    Both come in lower case.
    """
    statement = normalized_statement(raw)
    conditions = {
        operator: {
            key: value for key, value in keys.items() if not unwanted(operator.lower(), key.lower())
        }
        for operator, keys in statement.get("Condition", {}).items()
    }
    return normalized_statement(
        {
            **statement,
            "Condition": {operator: keys for operator, keys in conditions.items() if keys},
        }
    )


def with_only_condition(
    raw: Mapping[str, Any], operator: str, key: str, value: str
) -> dict[str, Any]:
    """The statement with this as its only condition on the key."""
    return with_condition(
        without_conditions(raw, lambda _, condition_key: condition_key == key.lower()),
        operator,
        key,
        value,
    )


def with_principals(raw: Mapping[str, Any], principals: Mapping[str, list[str]]) -> dict[str, Any]:
    """The statement for other principals."""
    other_elements = {
        key: value
        for key, value in normalized_statement(raw).items()
        if key not in ("Principal", "NotPrincipal")
    }
    return normalized_statement(
        {
            **other_elements,
            "Principal": {kind: names for kind, names in principals.items() if names},
        }
    )


def with_operators_renamed(
    raw: Mapping[str, Any], change: Callable[[str, str], str]
) -> dict[str, Any]:
    """The statement with each condition under the operator that `change(operator, key)` says.

    Both come as written.
    """
    statement = normalized_statement(raw)
    conditions: dict[str, dict[str, Any]] = {}
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            conditions.setdefault(change(operator, key), {})[key] = value
    return normalized_statement({**statement, "Condition": conditions})
