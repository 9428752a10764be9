"""Weighing statements with what is context.

Each applies, doesn't, or may, and why not is told part by part and condition by condition.

`core.policy` decides; this asks it about one part at a time, which is how the smallest thing to
change is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from xswitch.core.access.documents import statements_of
from xswitch.core.access.model import NamedPolicy
from xswitch.core.explain.request_context import RequestContext, variable_keys
from xswitch.core.policy import (
    Condition,
    Grant,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    PrincipalSet,
    Request,
    Statement,
    evaluate,
    parse,
)

_ANY_PRINCIPAL = PrincipalSet(MappingProxyType({"AWS": ("*",)}))


class Applicability(StrEnum):
    """Whether a statement applies to a request.

    `maybe` when that hangs on something that isn't known here.
    """

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """One statement of a policy that was read.

    `name` of the policy, and the statement's own JSON.
    """

    name: str
    document: PolicyDocument
    statement: Statement
    raw: Mapping[str, Any]

    @property
    def number(self) -> int:
        """Its place in the policy, counted from 1."""
        return self.statement.index + 1

    @property
    def deny(self) -> bool:
        """Whether its effect is Deny."""
        return self.statement.effect == "Deny"


@dataclass(frozen=True, slots=True)
class ConditionCheck:
    """One condition: the operator and the key as written, and the parsed one."""

    operator: str
    key: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class StatementMatch:
    """A statement weighed.

    Which parts cover the request, which conditions are not met, and which can't be context.

    `unknown_keys` are the keys that would have to be context.
    """

    policy_statement: PolicyStatement
    principal: bool
    action: bool
    resource: bool
    unmet: tuple[ConditionCheck, ...]
    unknown: tuple[ConditionCheck, ...]
    met: tuple[ConditionCheck, ...]
    unknown_keys: tuple[str, ...]
    grant: Grant

    @property
    def covers_request(self) -> bool:
        """Whether it is about this request at all, conditions aside."""
        return self.principal and self.action and self.resource

    @property
    def applicability(self) -> Applicability:
        """Whether it applies."""
        if not self.covers_request or self.unmet:
            return Applicability.NO
        return Applicability.MAYBE if self.unknown_keys else Applicability.YES


@dataclass(frozen=True, slots=True)
class StatementMatches:
    """Every statement of one kind of policy, weighed.

    `unreadable` names documents that are no policies.
    """

    matches: tuple[StatementMatch, ...]
    unreadable: tuple[str, ...] = ()

    def denies(self, applicability: Applicability) -> list[StatementMatch]:
        """The Deny statements that applicability so."""
        return [
            one
            for one in self.matches
            if one.policy_statement.deny and one.applicability is applicability
        ]

    def allows(self, applicability: Applicability) -> list[StatementMatch]:
        """The Allow statements that applicability so."""
        return [
            one
            for one in self.matches
            if not one.policy_statement.deny and one.applicability is applicability
        ]

    @property
    def nearest(self) -> StatementMatch | None:
        """The Allow that is meant for this request and only asks for more.

        The one whose conditions lack least.
        """
        candidates = [
            one for one in self.matches if not one.policy_statement.deny and one.covers_request
        ]
        return min(
            candidates,
            key=lambda one: (len(one.unmet), len(one.unknown_keys), one.policy_statement.number),
            default=None,
        )


def match_statements(
    policies: Iterable[NamedPolicy], kind: PolicyKind, request: Request, context: RequestContext
) -> StatementMatches:
    """Every statement of these policies, weighed."""
    matches: list[StatementMatch] = []
    unreadable: list[str] = []
    for policy in policies:
        try:
            document = parse(policy.document, kind, policy.name)
            raws = statements_of(policy.document, policy.name)
        except PolicyError:
            unreadable.append(policy.name)
            continue
        policy_statements = [
            PolicyStatement(policy.name, document, statement, raw)
            for statement, raw in zip(document.statements, raws, strict=True)
        ]
        matches += [
            match_statement(policy_statement, request, context)
            for policy_statement in policy_statements
        ]
    return StatementMatches(tuple(matches), tuple(unreadable))


def match_statement(
    policy_statement: PolicyStatement, request: Request, context: RequestContext
) -> StatementMatch:
    """One statement, weighed part by part."""
    statement = policy_statement.statement
    unconditional = replace(statement, conditions=())
    any_resource = None if statement.resources is None else ("*",)
    match_all = replace(
        unconditional,
        actions=("*",),
        not_actions=False,
        resources=any_resource,
        not_resources=False,
        principals=None if statement.principals is None else _ANY_PRINCIPAL,
    )
    tests = condition_checks(policy_statement)
    unknown = tuple(test for test in tests if unknown_keys(test, context))
    certain = [test for test in tests if test not in unknown]
    unmet = tuple(
        test
        for test in certain
        if not _applies(policy_statement, replace(match_all, conditions=(test.condition,)), request)
    )
    unknown_variables = [
        key
        for text in statement.resources or ()
        for key in variable_keys(text)
        if not context.has(key)
    ]
    resource = _applies(
        policy_statement,
        replace(match_all, resources=statement.resources, not_resources=statement.not_resources),
        request,
    )
    principal = replace(match_all, principals=statement.principals)
    return StatementMatch(
        policy_statement=policy_statement,
        principal=_applies(policy_statement, principal, request),
        action=_applies(
            policy_statement,
            replace(match_all, actions=statement.actions, not_actions=statement.not_actions),
            request,
        ),
        resource=resource or bool(unknown_variables),
        unmet=unmet,
        unknown=unknown,
        met=tuple(test for test in certain if test not in unmet),
        unknown_keys=tuple(
            dict.fromkeys(
                [key for test in unknown for key in unknown_keys(test, context)]
                + ([] if resource else unknown_variables)
            )
        ),
        grant=evaluate(request, (replace(policy_statement.document, statements=(principal,)),))
        .traces[0]
        .grant,
    )


def condition_checks(policy_statement: PolicyStatement) -> tuple[ConditionCheck, ...]:
    """The conditions of a statement, as written and as parsed; the parser keeps their order."""
    raw = policy_statement.raw.get("Condition", {})
    written = [(operator, key) for operator, keys in raw.items() for key in keys]
    return tuple(
        ConditionCheck(operator, key, one)
        for (operator, key), one in zip(written, policy_statement.statement.conditions, strict=True)
    )


def unknown_keys(test: ConditionCheck, context: RequestContext) -> list[str]:
    """The keys a condition asks about and nothing is known of."""
    keys = [test.key, *(key for value in test.condition.values for key in variable_keys(value))]
    return [key for key in keys if not context.has(key)]


def _applies(policy_statement: PolicyStatement, statement: Statement, request: Request) -> bool:
    return (
        evaluate(request, (replace(policy_statement.document, statements=(statement,)),))
        .traces[0]
        .applies
    )
