"""Condition operators, after the IAM reference ("Condition operators", "Set operators for multivalued context keys")."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from xswitch.core.policy.model import Condition, UnmetCondition
from xswitch.core.policy.patterns import MissingVariableError, expand, matches, matches_arn, tokens, unresolved

Context = Mapping[str, tuple[str, ...]]
Test = Callable[[str, str, Context, bool], bool]
"""(value in the policy, value in the request, context, whether variables count) → whether they agree."""

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?)?", re.ASCII)
_MONTH = len("2026-03")


def _same(wanted: str, given: str, _context: Context, _variables: bool) -> bool:  # noqa: FBT001 -- the shape of Test
    return wanted == given


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
            return compare(_value(given), _value(wanted))
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


def _value(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _seconds(text: str) -> float:
    """Seconds since the epoch of a W3C ISO 8601 date or time (UTC unless it says otherwise), or of a number that is them."""
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    when = datetime.fromisoformat(f"{text}-01" if len(text) == _MONTH else text)
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
        "binaryequals": _same,
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

_WITH_VARIABLES = ("string", "arn")
"""How operators begin whose values may hold variables (IAM user guide, "Variables and tags", where you can use policy variables)."""

OPERATORS = frozenset({*_POSITIVE, *_NEGATED, "null"})
"""Every operator's name in lower case, without `IfExists` and without a set operator's prefix."""


def unmet(condition: Condition, context: Context, *, variables: bool = True) -> UnmetCondition | None:
    """What is wrong when a condition is not met by the request's context (keys in lower case); None when it is met."""
    if holds(condition, context, variables=variables):
        return None
    hidden: tuple[str, ...] = ()
    if variables and condition.operator.startswith(_WITH_VARIABLES):
        hidden = tuple(dict.fromkeys(key for value in condition.values for key in unresolved(value, context)))
    return UnmetCondition(condition, context.get(condition.key.lower()), hidden)


def holds(condition: Condition, context: Context, *, variables: bool = True) -> bool:
    """Whether a condition is met by the request's context (keys in lower case).

    A value that only is not equal to, or not like, a variable without a value meets a negated operator (IAM user guide, "Variables
    and tags", policy variables with no value).
    """
    given = context.get(condition.key.lower()) or None
    if condition.operator == "null":
        return any((value.lower() == "true") == (given is None) for value in condition.values)
    negated = condition.operator in _NEGATED
    if given is None:
        # An absent key fails an assertion and satisfies its opposite; ForAllValues is true of nothing, ForAnyValue is not.
        return condition.if_exists or (condition.quantifier == "all") or (negated and not condition.quantifier)
    if condition.quantifier and not any(given):
        # Nothing but empty text counts as no value at all ("Set operators for multivalued context keys").
        return condition.quantifier == "all"
    if not condition.quantifier and len(given) > 1:
        # Several values need a set operator ("Single-valued vs. multivalued context keys"); without one nothing can be said of them.
        return False
    test = _POSITIVE[_NEGATED.get(condition.operator, condition.operator)]

    def agrees(value: str) -> bool:
        return any(_safely(test, wanted, value, context, variables=variables) for wanted in condition.values) != negated

    return any(map(agrees, given)) if condition.quantifier == "any" else all(map(agrees, given))


def _safely(test: Test, wanted: str, given: str, context: Context, *, variables: bool) -> bool:
    try:
        return test(wanted, given, context, variables)
    except MissingVariableError:
        return False
