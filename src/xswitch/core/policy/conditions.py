"""Condition operators, after the IAM reference ("Condition operators", "Set operators for multivalued context keys")."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from xswitch.core.policy.model import Condition
from xswitch.core.policy.patterns import MissingVariableError, expand, matches, matches_arn, tokens

Context = Mapping[str, tuple[str, ...]]
Test = Callable[[str, str, Context, bool], bool]
"""(value in the policy, value in the request, context, whether variables count) → whether they agree."""


def _equals(wanted: str, given: str, context: Context, variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    return expand(wanted, context, variables=variables) == given


def _equals_ignoring_case(wanted: str, given: str, context: Context, variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    return expand(wanted, context, variables=variables).lower() == given.lower()


def _like(wanted: str, given: str, context: Context, variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    return matches(tokens(wanted, context, variables=variables), given)


def _arn_like(wanted: str, given: str, context: Context, variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    return matches_arn(tokens(wanted, context, variables=variables), given)


def _bool(wanted: str, given: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    return wanted.lower() == given.lower()


def _address(wanted: str, given: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _number(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
        try:
            return compare(_seconds(given), _seconds(wanted))
        except ValueError:
            return False

    return test


def _seconds(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time (UTC unless it says otherwise) or of a number."""
    try:
        return float(text)
    except ValueError:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "equals": lambda given, wanted: given == wanted,
        "lessthan": lambda given, wanted: given < wanted,
        "lessthanequals": lambda given, wanted: given <= wanted,
        "greaterthan": lambda given, wanted: given > wanted,
        "greaterthanequals": lambda given, wanted: given >= wanted,
    }
)

_POSITIVE: Mapping[str, Test] = MappingProxyType(
    {
        "stringequals": _equals,
        "stringequalsignorecase": _equals_ignoring_case,
        "stringlike": _like,
        "arnequals": _arn_like,
        "arnlike": _arn_like,
        "binaryequals": _equals,
        "bool": _bool,
        "ipaddress": _address,
        **{f"numeric{name}": _number(compare) for name, compare in _COMPARISONS.items()},
        **{f"date{name}": _date(compare) for name, compare in _COMPARISONS.items()},
    }
)

_NEGATED: Mapping[str, str] = MappingProxyType(
    {
        "stringnotequals": "stringequals",
        "stringnotequalsignorecase": "stringequalsignorecase",
        "stringnotlike": "stringlike",
        "arnnotequals": "arnequals",
        "arnnotlike": "arnlike",
        "notipaddress": "ipaddress",
        "numericnotequals": "numericequals",
        "datenotequals": "dateequals",
    }
)

OPERATORS = frozenset({*_POSITIVE, *_NEGATED, "null"})
"""Every operator's name in lower case, without `IfExists` and without a set operator's prefix."""


def holds(condition: Condition, context: Context, *, variables: bool = True) -> bool:
    """Whether a condition is met by the request's context (keys in lower case)."""
    given = context.get(condition.key.lower())
    if condition.operator == "null":
        return any((value.lower() == "true") == (given is None) for value in condition.values)
    negated = condition.operator in _NEGATED
    if given is None or (not given and condition.quantifier):
        # An absent key fails an assertion and satisfies its opposite; ForAllValues is true of nothing, ForAnyValue is not.
        return condition.if_exists or (condition.quantifier == "all") or (negated and not condition.quantifier)
    test = _POSITIVE[_NEGATED.get(condition.operator, condition.operator)]

    def agrees(value: str) -> bool:
        return any(_safely(test, wanted, value, context, variables=variables) for wanted in condition.values) != negated

    if condition.quantifier == "all" or (negated and not condition.quantifier):
        return all(agrees(value) for value in given)
    return any(agrees(value) for value in given)


def _safely(test: Test, wanted: str, given: str, context: Context, *, variables: bool) -> bool:
    try:
        return test(wanted, given, context, variables)
    except MissingVariableError:
        return False
