"""Condition operators.

Source: IAM reference, "Condition operators" and "Set operators for multivalued context keys".
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from xswitch.core.policy.model import Condition, UnmetCondition
from xswitch.core.policy.patterns import (
    MissingVariableError,
    Token,
    expand,
    matches,
    matches_arn,
    tokens,
    unresolved,
)

Context = Mapping[str, tuple[str, ...]]

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_DATE = re.compile(
    r"\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?)?", re.ASCII
)
_MONTH_LENGTH = len("2026-03")


def _in_network(actual: str, expected: str) -> bool:
    return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)


def _converted(
    convert: Callable[[str], float], compare: Callable[[float, float], bool]
) -> Callable[[str, str], bool]:
    return lambda actual, expected: compare(convert(actual), convert(expected))


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _epoch_seconds(text: str) -> float:
    """Convert a W3C ISO 8601 date or time (UTC by default) or a number of seconds."""
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    when = datetime.fromisoformat(f"{text}-01" if len(text) == _MONTH_LENGTH else text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "equals": operator.eq,
        "lessthan": operator.lt,
        "lessthanequals": operator.le,
        "greaterthan": operator.gt,
        "greaterthanequals": operator.ge,
    }
)
_VALUE_TESTS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {
        "stringequals": operator.eq,
        "stringequalsignorecase": lambda actual, expected: actual.lower() == expected.lower(),
        "binaryequals": operator.eq,
        "bool": lambda actual, expected: actual.lower() == expected.lower(),
        "ipaddress": _in_network,
        **{f"numeric{name}": _converted(_number, test) for name, test in _COMPARISONS.items()},
        **{f"date{name}": _converted(_epoch_seconds, test) for name, test in _COMPARISONS.items()},
    }
)
"""Tests of a value in the request and one in the policy. They raise ValueError for invalid ones."""
_PATTERN_TESTS: Mapping[str, Callable[[list[Token], str], bool]] = MappingProxyType(
    {"stringlike": matches, "arnequals": matches_arn, "arnlike": matches_arn}
)
"""Tests of a wildcard pattern in the policy and a value in the request."""
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
"""How operators begin whose values can have variables (IAM user guide, "Variables and tags")."""

OPERATORS = frozenset({*_VALUE_TESTS, *_PATTERN_TESTS, *_NEGATED, "null"})
"""All operators, in lower case, without set operator and `IfExists`."""


def unmet(
    condition: Condition, context: Context, *, variables: bool = True
) -> UnmetCondition | None:
    """Return the condition if the request's context (lower-case keys) doesn't meet it."""
    if holds(condition, context, variables=variables):
        return None
    unresolved_keys: tuple[str, ...] = ()
    if variables and condition.operator.startswith(_WITH_VARIABLES):
        unresolved_keys = tuple(
            dict.fromkeys(key for value in condition.values for key in unresolved(value, context))
        )
    return UnmetCondition(condition, context.get(condition.key.lower()), unresolved_keys)


def holds(condition: Condition, context: Context, *, variables: bool = True) -> bool:
    """Test a condition against the request's context (lower-case keys).

    A variable without a value matches nothing, so it meets a negated operator (IAM user guide,
    "Variables and tags", policy variables with no value).
    """
    actual = context.get(condition.key.lower()) or None
    if condition.operator == "null":
        return any((value.lower() == "true") == (actual is None) for value in condition.values)
    negated = condition.operator in _NEGATED
    if actual is None:
        # An absent key fails a test and meets its negation. ForAllValues is true of no values,
        # ForAnyValue isn't.
        return (
            condition.if_exists
            or (condition.quantifier == "all")
            or (negated and not condition.quantifier)
        )
    if condition.quantifier and not any(actual):
        # Empty strings count as no values ("Set operators for multivalued context keys").
        return condition.quantifier == "all"
    if not condition.quantifier and len(actual) > 1:
        # Several values need a set operator ("Single-valued vs. multivalued context keys").
        return False
    positive = _NEGATED.get(condition.operator, condition.operator)
    results = (
        any(
            _value_matches(positive, expected, value, context, variables=variables)
            for expected in condition.values
        )
        != negated
        for value in actual
    )
    return any(results) if condition.quantifier == "any" else all(results)


def _value_matches(
    operator_name: str, expected: str, actual: str, context: Context, *, variables: bool
) -> bool:
    try:
        if operator_name in _PATTERN_TESTS:
            pattern = tokens(expected, context, variables=variables)
            return _PATTERN_TESTS[operator_name](pattern, actual)
        if operator_name.startswith(_WITH_VARIABLES):
            expected = expand(expected, context, variables=variables)
        return _VALUE_TESTS[operator_name](actual, expected)
    except (MissingVariableError, ValueError):
        return False
