"""Match statements with a denied call, part by part.

A statement applies, doesn't apply, or may apply. `core.policy` evaluates one part at a time, which
shows the smallest change that would help.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from xswitch.core.access.documents import statements_of
from xswitch.core.access.model import NamedPolicy
from xswitch.core.explain.request_context import RequestContext
from xswitch.core.policy import (
    Condition,
    Grant,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    Request,
    Statement,
    evaluate,
    parse,
)
from xswitch.core.policy.patterns import variable_keys


class Applicability(StrEnum):
    """Whether a statement applies; MAYBE if that depends on unknown values."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """One statement of a policy that was read."""

    name: str
    """The policy's."""
    document: PolicyDocument
    statement: Statement
    raw: Mapping[str, Any]

    @property
    def number(self) -> int:
        """Position in the policy, from 1."""
        return self.statement.index + 1

    @property
    def deny(self) -> bool:
        """Whether its effect is Deny."""
        return self.statement.effect == "Deny"


@dataclass(frozen=True, slots=True)
class ConditionCheck:
    """One condition, with operator and key as written."""

    operator: str
    key: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class StatementMatch:
    """How a statement matches: its parts that cover the request, and its conditions."""

    policy_statement: PolicyStatement
    principal: bool
    action: bool
    resource: bool
    unmet: tuple[ConditionCheck, ...]
    unknown: tuple[ConditionCheck, ...]
    met: tuple[ConditionCheck, ...]
    unknown_keys: tuple[str, ...]
    """Context keys whose values decide whether it applies."""
    grant: Grant

    @property
    def covers_request(self) -> bool:
        """Whether it is about this request, apart from conditions."""
        return self.principal and self.action and self.resource

    @property
    def applicability(self) -> Applicability:
        """Whether it applies."""
        if not self.covers_request or self.unmet:
            return Applicability.NO
        return Applicability.MAYBE if self.unknown_keys else Applicability.YES


@dataclass(frozen=True, slots=True)
class StatementMatches:
    """The matches of all statements of one kind of policy."""

    matches: tuple[StatementMatch, ...]
    unreadable: tuple[str, ...] = ()
    """Names of policies with invalid documents."""

    def denies(self, applicability: Applicability) -> list[StatementMatch]:
        """List the Deny statements with this applicability."""
        return [
            match
            for match in self.matches
            if match.policy_statement.deny and match.applicability is applicability
        ]

    def allows(self, applicability: Applicability) -> list[StatementMatch]:
        """List the Allow statements with this applicability."""
        return [match for match in self._allows if match.applicability is applicability]

    @property
    def nearest(self) -> StatementMatch | None:
        """The Allow that covers this request with the fewest unmet conditions."""
        return min(
            (match for match in self._allows if match.covers_request),
            key=lambda match: (
                len(match.unmet),
                len(match.unknown_keys),
                match.policy_statement.number,
            ),
            default=None,
        )

    @property
    def _allows(self) -> list[StatementMatch]:
        return [match for match in self.matches if not match.policy_statement.deny]


def match_statements(
    policies: Iterable[NamedPolicy], kind: PolicyKind, request: Request, context: RequestContext
) -> StatementMatches:
    """Match every statement of the policies with a request."""
    matches: list[StatementMatch] = []
    unreadable: list[str] = []
    for policy in policies:
        try:
            document = parse(policy.document, kind, policy.name)
            raws = statements_of(policy.document, policy.name)
        except PolicyError:
            unreadable.append(policy.name)
            continue
        matches += [
            match_statement(
                PolicyStatement(policy.name, document, statement, raw), request, context
            )
            for statement, raw in zip(document.statements, raws, strict=True)
        ]
    return StatementMatches(tuple(matches), tuple(unreadable))


def match_statement(
    policy_statement: PolicyStatement, request: Request, context: RequestContext
) -> StatementMatch:
    """Match one statement with a request, part by part."""
    statement = policy_statement.statement
    (trace,) = evaluate(
        request, (replace(policy_statement.document, statements=(statement,)),)
    ).traces
    failed_conditions = {unmet.condition for unmet in trace.unmet}
    checks = condition_checks(policy_statement)
    unknown = tuple(check for check in checks if unknown_keys(check, context))
    known = [check for check in checks if check not in unknown]
    unknown_variables = [
        key
        for text in statement.resources or ()
        for key in variable_keys(text)
        if not context.has(key)
    ]
    needed_keys = [key for check in unknown for key in unknown_keys(check, context)]
    if not trace.resource:
        needed_keys += unknown_variables
    return StatementMatch(
        policy_statement=policy_statement,
        principal=trace.principal,
        action=trace.action,
        resource=trace.resource or bool(unknown_variables),
        unmet=tuple(check for check in known if check.condition in failed_conditions),
        unknown=unknown,
        met=tuple(check for check in known if check.condition not in failed_conditions),
        unknown_keys=tuple(dict.fromkeys(needed_keys)),
        grant=trace.grant,
    )


def condition_checks(policy_statement: PolicyStatement) -> tuple[ConditionCheck, ...]:
    """Pair the conditions of a statement with their spelling; the parser keeps their order."""
    raw = policy_statement.raw.get("Condition", {})
    written = [(operator, key) for operator, keys in raw.items() for key in keys]
    return tuple(
        ConditionCheck(operator, key, condition)
        for (operator, key), condition in zip(
            written, policy_statement.statement.conditions, strict=True
        )
    )


def unknown_keys(check: ConditionCheck, context: RequestContext) -> list[str]:
    """List the context keys of a condition whose values aren't known."""
    keys = [check.key, *(key for value in check.condition.values for key in variable_keys(value))]
    return [key for key in keys if not context.has(key)]
