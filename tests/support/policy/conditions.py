"""Generated conditions: every operator, probably met by the request or probably not."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from support.policy.cases import USER, A, B

T = TypeVar("T")
LISTS = ("aws:TagKeys", "sts:TransitiveTagKeys")


class Dice:
    """Random choices, and the request's context."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.context: dict[str, str | list[str]] = {}

    def pick(self, options: Sequence[T]) -> T:
        return self.dice.choice(options)

    def some(self, chance: float) -> bool:
        return self.dice.random() < chance


Shape = tuple[str, str, Any]
TEXT_OPERATORS = [
    f"String{sense}{test}"
    for sense in ("", "Not")
    for test in ("Equals", "Like", "EqualsIgnoreCase")
]
OTHER_VALUES = (
    "${aws:PrincipalTag/none}",
    "${aws:RequestedRegion}",
    "x${aws:PrincipalTag/star}",
    "${aws:PrincipalTag/none, 'dana'}",
)
KEYS = (
    "sts:ExternalId",
    "aws:PrincipalTag/team",
    "aws:username",
    "aws:RequestedRegion",
    "aws:PrincipalOrgID",
    "sts:RoleSessionName",
)


def _text(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001 -- the shape of all of these
    key = maker.pick(KEYS)
    actual = str(maker.context.get(key, "blue"))
    name = maker.pick(
        (
            "StringEquals",
            "StringLike",
            "StringEqualsIgnoreCase",
            "StringNotEquals",
            "StringNotLike",
            "StringNotEqualsIgnoreCase",
        )
    )
    same = (
        [actual, "another"]
        if "Like" not in name
        else [maker.pick((f"{actual[:2]}*", f"?{actual[1:]}", actual))]
    )
    if "Case" in name:
        same = [actual.upper()]
    values: Any = same if fits != ("Not" in name) else ["other", "Something*"]
    return name + ("IfExists" if maker.some(0.25) else ""), key, maker.pick((values, values[0]))


def _variable(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    key = maker.pick(("aws:username", "aws:PrincipalTag/team", "sts:RoleSessionName"))
    name = maker.pick(("StringEquals", "StringLike", "StringNotEquals", "StringNotLike"))
    other = maker.pick(
        (
            "${aws:PrincipalTag/none}",
            "${aws:RequestedRegion}",
            "x${aws:PrincipalTag/star}",
            "${aws:PrincipalTag/none, 'dana'}",
        )
    )
    return (
        name,
        key,
        maker.pick((f"${{{key}}}", "${aws:username}")) if fits != ("Not" in name) else other,
    )


def _number(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    low, high = ("-1", "99999") if fits else ("99999", "-1")
    name, value = maker.pick(
        (
            ("NumericLessThan", high),
            ("NumericLessThanEquals", maker.pick((high, "600"))),
            ("NumericGreaterThan", low),
            ("NumericGreaterThanEquals", maker.pick((low, "600.0"))),
            ("NumericEquals", maker.pick(("600", "0"))),
            ("NumericNotEquals", maker.pick(("600", "1"))),
        )
    )
    return name + ("IfExists" if maker.some(0.25) else ""), "aws:MultiFactorAuthAge", value


def _date(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    past = (
        "2026-03-01T11:00:00Z",
        "2025-12-31",
        "2026-03-01T12:30:00+01:00",
        "1772366399",
        "2026-02",
    )
    future = (
        "2026-03-01T13:00:00Z",
        "2027-01-01T00:00:00.500Z",
        "2026-03-01T12:30:00-01:00",
        "1772366401",
    )
    now = "2026-03-01T12:00:00Z"
    name, options = maker.pick(
        (
            ("DateLessThan", future if fits else (*past, now)),
            ("DateLessThanEquals", (*future, now) if fits else past),
            ("DateGreaterThan", past if fits else (*future, now)),
            ("DateGreaterThanEquals", (*past, now) if fits else future),
            ("DateEquals", (now, "2026-03-01T13:00:00+01:00") if fits else past),
            ("DateNotEquals", past if fits else (now,)),
        )
    )
    return name, "aws:CurrentTime", maker.pick(options)


def _address(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    actual = str(maker.context["aws:SourceIp"])
    near = {
        "198.51.100.7": "198.51.100.0/24",
        "203.0.113.9": "203.0.113.8/31",
        "2001:db8::7": "2001:db8::/32",
    }[actual]
    name = maker.pick(("IpAddress", "NotIpAddress"))
    far = ["192.0.2.0/24", "10.0.0.1", "2001:db9::/32"]
    return (
        name,
        "aws:SourceIp",
        maker.pick(([near, "10.0.0.0/8"], actual, near))
        if fits != (name == "NotIpAddress")
        else far,
    )


def _arn(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    actual = str(maker.context.get("aws:PrincipalArn", USER.arn))
    name = maker.pick(("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"))
    same = (actual, f"arn:aws:iam::{A}:*", "arn:*:iam::*:*", actual[:-2] + "??")
    other = (f"arn:aws:iam::{B}:*", "arn:aws:sts::*:*", f"{actual}x", "arn:aws:iam::*:role")
    return (
        name + ("IfExists" if maker.some(0.2) else ""),
        "aws:PrincipalArn",
        [maker.pick(same if fits != ("Not" in name) else other)],
    )


def _flag(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    key = maker.pick(("aws:MultiFactorAuthPresent", "aws:SecureTransport"))
    actual = str(maker.context.get(key, "true"))
    value = actual if fits else {"true": "false", "false": "true"}[actual]
    return maker.pick(("Bool", "BoolIfExists")), key, maker.pick((value, value.capitalize()))


def _null(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    key = maker.pick((*KEYS, "aws:MultiFactorAuthPresent", "aws:TagKeys"))
    absent = key not in maker.context
    return "Null", key, str(absent if fits else not absent).lower()


def _set(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    key = maker.pick(("aws:TagKeys", "sts:TransitiveTagKeys"))
    quantifier = maker.pick(("ForAllValues", "ForAnyValue"))
    name = maker.pick(("StringEquals", "StringLike", "StringNotEquals", "StringEqualsIgnoreCase"))
    values = (
        ["team", "ticket", "co*"] if fits != ("Not" in name) else maker.pick((["none"], ["team"]))
    )
    return f"{quantifier}:{name}" + ("IfExists" if maker.some(0.1) else ""), key, values


def _odd(maker: Dice, fits: bool) -> Shape:  # noqa: FBT001
    """Rare conditions: a list without a set operator, a literal star, bytes."""
    return maker.pick(
        (
            ("StringEquals", "aws:TagKeys", ["team"]),
            ("StringNotEquals", "aws:TagKeys", "team" if fits else "cost"),
            ("StringEquals", "aws:PrincipalTag/star", "${*}"),
            ("StringLike", "aws:PrincipalTag/star", "${*}"),
            ("BinaryEquals", "aws:PrincipalTag/team", "blue"),
            ("StringLike", "aws:PrincipalTag/team", "${$}{x}"),
        )
    )


CONDITIONS: tuple[Callable[[Dice, bool], Shape], ...] = (
    *((_text,) * 4),
    *((_variable, _number, _date, _address, _arn, _flag, _null) * 2),
    *((_set,) * 3),
    _odd,
)
