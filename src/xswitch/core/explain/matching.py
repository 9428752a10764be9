"""Weighing statements with what is known: each applies, doesn't, or may, and why not is told part by part and condition by condition.

`core.policy` decides; this asks it about one part at a time, which is how the smallest thing to change is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from xswitch.core.access.documents import statements_of
from xswitch.core.access.model import NamedPolicy
from xswitch.core.explain.request_context import Known, variables
from xswitch.core.policy import Condition, Document, Grant, PolicyError, PolicyKind, PrincipalSet, Request, Statement, evaluate, parse

_ANYBODY = PrincipalSet(MappingProxyType({"AWS": ("*",)}))


class Fit(StrEnum):
    """Whether a statement applies to a request; `maybe` when that hangs on something that isn't known here."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class Given:
    """One statement of a policy that was read: `name` of the policy, and the statement's own JSON."""

    name: str
    document: Document
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
class Test:
    """One condition: the operator and the key as written, and the parsed one."""

    operator: str
    key: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Weighed:
    """A statement weighed: which parts cover the request, which conditions are not met, and which can't be known.

    `dark` are the keys that would have to be known.
    """

    given: Given
    principal: bool
    action: bool
    resource: bool
    unmet: tuple[Test, ...]
    unknown: tuple[Test, ...]
    met: tuple[Test, ...]
    dark: tuple[str, ...]
    grant: Grant

    @property
    def aimed(self) -> bool:
        """Whether it is about this request at all, conditions aside."""
        return self.principal and self.action and self.resource

    @property
    def fit(self) -> Fit:
        """Whether it applies."""
        if not self.aimed or self.unmet:
            return Fit.NO
        return Fit.MAYBE if self.dark else Fit.YES


@dataclass(frozen=True, slots=True)
class Heap:
    """Every statement of one kind of policy, weighed; `unreadable` names documents that are no policies."""

    weighed: tuple[Weighed, ...]
    unreadable: tuple[str, ...] = ()

    def denies(self, fit: Fit) -> list[Weighed]:
        """The Deny statements that fit so."""
        return [one for one in self.weighed if one.given.deny and one.fit is fit]

    def allows(self, fit: Fit) -> list[Weighed]:
        """The Allow statements that fit so."""
        return [one for one in self.weighed if not one.given.deny and one.fit is fit]

    @property
    def nearest(self) -> Weighed | None:
        """The Allow that is meant for this request and only asks for more: the one whose conditions lack least."""
        aimed = [one for one in self.weighed if not one.given.deny and one.aimed]
        return min(aimed, key=lambda one: (len(one.unmet), len(one.dark), one.given.number), default=None)


def weigh_all(policies: Iterable[NamedPolicy], kind: PolicyKind, request: Request, known: Known) -> Heap:
    """Every statement of these policies, weighed."""
    weighed: list[Weighed] = []
    unreadable: list[str] = []
    for policy in policies:
        try:
            document = parse(policy.document, kind, policy.name)
            raws = statements_of(policy.document, policy.name)
        except PolicyError:
            unreadable.append(policy.name)
            continue
        given = [Given(policy.name, document, statement, raw) for statement, raw in zip(document.statements, raws, strict=True)]
        weighed += [weigh(one, request, known) for one in given]
    return Heap(tuple(weighed), tuple(unreadable))


def weigh(given: Given, request: Request, known: Known) -> Weighed:
    """One statement, weighed part by part."""
    statement = given.statement
    bare = replace(statement, conditions=())
    anything = None if statement.resources is None else ("*",)
    wide = replace(
        bare,
        actions=("*",),
        not_actions=False,
        resources=anything,
        not_resources=False,
        principals=None if statement.principals is None else _ANYBODY,
    )
    tests = conditions_of(given)
    unknown = tuple(test for test in tests if dark_keys(test, known))
    certain = [test for test in tests if test not in unknown]
    unmet = tuple(test for test in certain if not _applies(given, replace(wide, conditions=(test.condition,)), request))
    hidden = [key for text in statement.resources or () for key in variables(text) if not known.has(key)]
    resource = _applies(given, replace(wide, resources=statement.resources, not_resources=statement.not_resources), request)
    principal = replace(wide, principals=statement.principals)
    return Weighed(
        given=given,
        principal=_applies(given, principal, request),
        action=_applies(given, replace(wide, actions=statement.actions, not_actions=statement.not_actions), request),
        resource=resource or bool(hidden),
        unmet=unmet,
        unknown=unknown,
        met=tuple(test for test in certain if test not in unmet),
        dark=tuple(dict.fromkeys([key for test in unknown for key in dark_keys(test, known)] + ([] if resource else hidden))),
        grant=evaluate(request, (replace(given.document, statements=(principal,)),)).traces[0].grant,
    )


def conditions_of(given: Given) -> tuple[Test, ...]:
    """The conditions of a statement, as written and as parsed; the parser keeps their order."""
    raw = given.raw.get("Condition", {})
    written = [(operator, key) for operator, keys in raw.items() for key in keys]
    return tuple(Test(operator, key, one) for (operator, key), one in zip(written, given.statement.conditions, strict=True))


def dark_keys(test: Test, known: Known) -> list[str]:
    """The keys a condition asks about and nothing is known of."""
    keys = [test.key, *(key for value in test.condition.values for key in variables(value))]
    return [key for key in keys if not known.has(key)]


def _applies(given: Given, statement: Statement, request: Request) -> bool:
    return evaluate(request, (replace(given.document, statements=(statement,)),)).traces[0].applies
