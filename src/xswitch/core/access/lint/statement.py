"""A statement to check, and functions that correct statements."""

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
"""AWS's example account, for corrected statements if the account is unknown."""
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
"""Condition keys that identify the caller, in lower case."""

_NEGATED = "not"
_LESS_THAN_OPERATORS = frozenset({"numericlessthan", "numericlessthanequals"})
_EQUALITY_OPERATORS = frozenset({"bool", "stringequals", "stringequalsignorecase", "stringlike"})


@dataclass(frozen=True, slots=True)
class LintedStatement:
    """A statement to check."""

    raw: Mapping[str, Any]
    """As written."""
    statement: Statement
    """As parsed."""
    where: str
    role: RoleArn | None
    """The role of the trust policy, or the intended role; None if unknown."""
    own_accounts: frozenset[str] = frozenset()
    others: tuple[Statement, ...] = field(default=(), repr=False)

    @property
    def allows(self) -> bool:
        """Whether its effect is Allow."""
        return self.statement.effect == "Allow"

    @property
    def account(self) -> str:
        """Account of the role, or an example account."""
        return self.role.account_id if self.role is not None else EXAMPLE_ACCOUNT

    def finding(
        self, code: str, severity: Severity, why: str, corrected: Mapping[str, Any] | None = None
    ) -> Finding:
        """Make a finding on this statement."""
        return Finding(
            code,
            severity,
            why,
            self.where,
            statement_to_json(corrected) if corrected is not None else "",
        )

    def principals(self, kind: str) -> tuple[str, ...]:
        """List the named principals of a type; none for NotPrincipal."""
        named = self.statement.principals
        return named.values.get(kind, ()) if named is not None and not named.negated else ()

    def on(self, key: str) -> Iterator[Condition]:
        """Iterate over the conditions on a key."""
        return (
            condition
            for condition in self.statement.conditions
            if condition.key.lower() == key.lower()
        )

    def bound_by(self, keys: Iterable[str]) -> bool:
        """Check whether a condition restricts one of these keys."""
        wanted = {key.lower() for key in keys}
        return any(
            condition.key.lower() in wanted and self.binds(condition)
            for condition in self.statement.conditions
        )

    def binds(self, condition: Condition) -> bool:
        """Check whether a condition fails for an absent key and for some values.

        IfExists, negations and a plain * don't. ForAllValues needs a Null that requires the key.
        """
        if condition.if_exists or condition.operator == "null" or _NEGATED in condition.operator:
            return False
        if condition.quantifier == "all" and not any(
            map(_requires_presence, self.on(condition.key))
        ):
            return False
        return "*" not in condition.values or "like" not in condition.operator

    @property
    def needs_mfa(self) -> bool:
        """Whether it requires MFA."""
        present = any(
            self.binds(condition)
            and condition.operator in _EQUALITY_OPERATORS
            and set(condition.values) == {"true"}
            for condition in self.on(MFA_PRESENT)
        )
        return present or any(
            _requires_presence(condition)
            or (self.binds(condition) and condition.operator in _LESS_THAN_OPERATORS)
            for condition in self.on(MFA_AGE)
        )

    @property
    def needs_external_id(self) -> bool:
        """Whether it requires an external ID."""
        return self.bound_by({EXTERNAL_ID})


def _requires_presence(condition: Condition) -> bool:
    return condition.operator == "null" and set(condition.values) == {"false"}


def with_condition(raw: Mapping[str, Any], operator: str, key: str, value: str) -> dict[str, Any]:
    """Add a condition."""
    statement = normalized_statement(raw)
    conditions = {name: dict(keys) for name, keys in statement.get("Condition", {}).items()}
    conditions.setdefault(operator, {})[key] = value
    return normalized_statement({**statement, "Condition": conditions})


def without_conditions(
    raw: Mapping[str, Any], unwanted: Callable[[str, str], bool]
) -> dict[str, Any]:
    """Remove the conditions for which `unwanted(operator, key)` is true; both in lower case."""
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
    """Set the only condition on a key."""
    return with_condition(
        without_conditions(raw, lambda _, condition_key: condition_key == key.lower()),
        operator,
        key,
        value,
    )


def with_principals(raw: Mapping[str, Any], principals: Mapping[str, list[str]]) -> dict[str, Any]:
    """Replace the principals."""
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
    """Replace operators by `change(operator, key)`; both as written."""
    statement = normalized_statement(raw)
    conditions: dict[str, dict[str, Any]] = {}
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            conditions.setdefault(change(operator, key), {})[key] = value
    return normalized_statement({**statement, "Condition": conditions})
