"""Condition operators, after the IAM reference ("Condition operators", "Set operators for multivalued context keys")."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from xswitch.core.policy.model import Condition, UnmetCondition
from xswitch.core.policy.patterns import (
    MissingVariableError,
    expand,
    matches,
    matches_arn,
    tokens,
    unresolved,
)

Context = Mapping[str, tuple[str, ...]]
ValueTest = Callable[[str, str, Context, bool], bool]
"""(value in the policy, value in the request, context, whether variables count) → whether they agree."""

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_DATE = re.compile(
    r"\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?)?", re.ASCII
)
_MONTH_LENGTH = len("2026-03")


# The shape of Test
def _same(expected: str, actual: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001
    return expected == actual


# The shape of Test
def _equals(expected: str, actual: str, context: Context, variables: bool) -> bool:  # noqa: FBT001
    return expand(expected, context, variables=variables) == actual


def _equals_ignoring_case(expected: str, actual: str, context: Context, variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    return expand(expected, context, variables=variables).lower() == actual.lower()


# The shape of Test
def _like(expected: str, actual: str, context: Context, variables: bool) -> bool:  # noqa: FBT001
    return matches(tokens(expected, context, variables=variables), actual)


def _arn_like(expected: str, actual: str, context: Context, variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    return matches_arn(tokens(expected, context, variables=variables), actual)


# The shape of Test
def _bool(expected: str, actual: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001
    return expected.lower() == actual.lower()


def _ip_address(expected: str, actual: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


def _number(compare: Callable[[float, float], bool]) -> ValueTest:
    def test(expected: str, actual: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
        try:
            return compare(_value(actual), _value(expected))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> ValueTest:
    def test(expected: str, actual: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
        try:
            return compare(_epoch_seconds(actual), _epoch_seconds(expected))
        except ValueError:
            return False

    return test


def _value(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _epoch_seconds(text: str) -> float:
    """Seconds since the epoch of a W3C ISO 8601 date or time (UTC unless it says otherwise), or of a number that is them."""
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    when = datetime.fromisoformat(f"{text}-01" if len(text) == _MONTH_LENGTH else text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "equals": lambda actual, expected: actual == expected,
        "lessthan": lambda actual, expected: actual < expected,
        "lessthanequals": lambda actual, expected: actual <= expected,
        "greaterthan": lambda actual, expected: actual > expected,
        "greaterthanequals": lambda actual, expected: actual >= expected,
    }
)

_POSITIVE: Mapping[str, ValueTest] = MappingProxyType(
    {
        "stringequals": _equals,
        "stringequalsignorecase": _equals_ignoring_case,
        "stringlike": _like,
        "arnequals": _arn_like,
        "arnlike": _arn_like,
        "binaryequals": _same,
        "bool": _bool,
        "ipaddress": _ip_address,
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

_WITH_VARIABLES = ("string", "arn")
"""How operators begin whose values may hold variables (IAM user guide, "Variables and tags", where you can use policy variables)."""

OPERATORS = frozenset({*_POSITIVE, *_NEGATED, "null"})
"""Every operator's name in lower case, without `IfExists` and without a set operator's prefix."""


def unmet(
    condition: Condition, context: Context, *, variables: bool = True
) -> UnmetCondition | None:
    """What is wrong when a condition is not met by the request's context (keys in lower case).

    None when it is met.
    """
    if holds(condition, context, variables=variables):
        return None
    unresolved_keys: tuple[str, ...] = ()
    if variables and condition.operator.startswith(_WITH_VARIABLES):
        unresolved_keys = tuple(
            dict.fromkeys(key for value in condition.values for key in unresolved(value, context))
        )
    return UnmetCondition(condition, context.get(condition.key.lower()), unresolved_keys)


def holds(condition: Condition, context: Context, *, variables: bool = True) -> bool:
    """Whether a condition is met by the request's context (keys in lower case).

    A value that only is not equal to, or not like, a variable without a value meets a negated
    operator (IAM user guide, "Variables and tags", policy variables with no value).
    """
    actual = context.get(condition.key.lower()) or None
    if condition.operator == "null":
        return any((value.lower() == "true") == (actual is None) for value in condition.values)
    negated = condition.operator in _NEGATED
    if actual is None:
        # An absent key fails an assertion and satisfies its opposite; ForAllValues is true of
        # nothing, ForAnyValue is not.
        return (
            condition.if_exists
            or (condition.quantifier == "all")
            or (negated and not condition.quantifier)
        )
    if condition.quantifier and not any(actual):
        # Nothing but empty text counts as no value at all ("Set operators for multivalued context
        # keys").
        return condition.quantifier == "all"
    if not condition.quantifier and len(actual) > 1:
        # Several values need a set operator ("Single-valued vs. multivalued context keys"); without
        # one nothing can be said of them.
        return False
    test = _POSITIVE[_NEGATED.get(condition.operator, condition.operator)]

    def agrees(value: str) -> bool:
        return (
            any(
                _test_value(test, expected, value, context, variables=variables)
                for expected in condition.values
            )
            != negated
        )

    return any(map(agrees, actual)) if condition.quantifier == "any" else all(map(agrees, actual))


def _test_value(
    test: ValueTest, expected: str, actual: str, context: Context, *, variables: bool
) -> bool:
    try:
        return test(expected, actual, context, variables)
    except MissingVariableError:
        return False
