from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from support.policy.cases import ROLE_A, SESSION, USER, A, B, Case, denies, trusts
from xswitch.core.policy import Condition, PolicyKind, parse
from xswitch.core.policy.conditions import holds

CONTEXT = {
    "aws:multifactorauthpresent": ("true",),
    "aws:multifactorauthage": ("120",),
    "aws:currenttime": ("2026-03-01T12:00:00Z",),
    "aws:epochtime": ("1772366400",),
    "aws:sourceip": ("10.1.2.3",),
    "aws:username": ("dana",),
    "aws:principalarn": ("arn:aws:iam::111111111111:role/Dev",),
    "sts:externalid": ("unicorn-42",),
    "aws:tagkeys": ("team", "ticket"),
    "aws:empty": (),
}


def check(operator: str, key: str, *values: str, variables: bool = True) -> bool:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {key: list(values)}},
    }
    version = {"Version": "2012-10-17"} if variables else {}
    document = parse({**version, "Statement": statement}, PolicyKind.IDENTITY, "p")
    (condition,) = document.statements[0].conditions
    return holds(condition, CONTEXT, variables=document.variables)


@pytest.mark.parametrize(
    ("operator", "key", "values"),
    [
        ("StringEquals", "sts:ExternalId", ("other", "unicorn-42")),
        ("stringequals", "STS:EXTERNALID", ("unicorn-42",)),
        ("StringNotEquals", "sts:ExternalId", ("a", "b")),
        ("StringEqualsIgnoreCase", "sts:ExternalId", ("UNICORN-42",)),
        ("StringNotEqualsIgnoreCase", "sts:ExternalId", ("HORSE",)),
        ("StringLike", "sts:ExternalId", ("uni*-4?",)),
        ("StringNotLike", "sts:ExternalId", ("horse*",)),
        ("StringEquals", "aws:username", ("${aws:username}",)),
        ("StringLike", "sts:ExternalId", ("${aws:nobody, 'unicorn'}-*",)),
        ("ArnLike", "aws:PrincipalArn", ("arn:aws:iam::*:role/*",)),
        ("ArnEquals", "aws:PrincipalArn", ("arn:aws:iam::111111111111:role/D?v",)),
        ("ArnNotLike", "aws:PrincipalArn", ("arn:aws:iam::*:user/*",)),
        ("ArnNotEquals", "aws:PrincipalArn", ("arn:aws:iam::2*:role/Dev",)),
        ("BinaryEquals", "sts:ExternalId", ("unicorn-42",)),
        ("NumericEquals", "aws:MultiFactorAuthAge", ("120.0",)),
        ("NumericNotEquals", "aws:MultiFactorAuthAge", ("121",)),
        ("NumericLessThan", "aws:MultiFactorAuthAge", ("121",)),
        ("NumericLessThanEquals", "aws:MultiFactorAuthAge", ("120",)),
        ("NumericGreaterThan", "aws:MultiFactorAuthAge", ("119",)),
        ("NumericGreaterThanEquals", "aws:MultiFactorAuthAge", ("120",)),
        ("DateLessThan", "aws:CurrentTime", ("2026-03-01T13:00:00+00:30",)),
        ("DateGreaterThan", "aws:CurrentTime", ("2026-03-01",)),
        ("DateGreaterThanEquals", "aws:EpochTime", ("1772366400",)),
        ("DateEquals", "aws:CurrentTime", ("1772366400",)),
        ("DateNotEquals", "aws:CurrentTime", ("2026-03-02",)),
        ("DateLessThanEquals", "aws:CurrentTime", ("2026-03-01T12:00:00Z",)),
        ("Bool", "aws:MultiFactorAuthPresent", ("True",)),
        ("IpAddress", "aws:SourceIp", ("192.0.2.0/24", "10.1.0.0/16")),
        ("NotIpAddress", "aws:SourceIp", ("192.0.2.0/24",)),
        ("Null", "aws:absent", ("true",)),
        ("Null", "sts:ExternalId", ("false",)),
        ("StringEqualsIfExists", "aws:absent", ("x",)),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", ("true",)),
        ("StringNotEquals", "aws:absent", ("x",)),
        ("NotIpAddress", "aws:absent", ("10.0.0.0/8",)),
        ("ForAllValues:StringEquals", "aws:TagKeys", ("team", "ticket", "more")),
        ("ForAllValues:StringEquals", "aws:absent", ("x",)),
        ("ForAllValues:StringEquals", "aws:empty", ("x",)),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ("team",)),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", ("team",)),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", ("other",)),
        ("ForAnyValue:StringEqualsIfExists", "aws:absent", ("x",)),
    ],
)
def test_met(operator: str, key: str, values: tuple[str, ...]) -> None:
    assert check(operator, key, *values)


@pytest.mark.parametrize(
    ("operator", "key", "values"),
    [
        ("StringEquals", "sts:ExternalId", ("UNICORN-42",)),
        ("StringEquals", "sts:ExternalId", ("unicorn-4*",)),
        ("StringNotEquals", "sts:ExternalId", ("a", "unicorn-42")),
        ("StringEquals", "aws:absent", ("x",)),
        ("StringEquals", "sts:ExternalId", ("${aws:nobody}",)),
        ("Bool", "aws:MultiFactorAuthPresent", ("false",)),
        ("Bool", "aws:absent", ("false",)),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", ("false",)),
        ("NumericLessThan", "aws:MultiFactorAuthAge", ("120",)),
        ("NumericLessThan", "aws:MultiFactorAuthAge", ("soon",)),
        ("NumericGreaterThan", "sts:ExternalId", ("1",)),
        ("DateLessThan", "aws:CurrentTime", ("2026-03-01T12:00:00Z",)),
        ("DateLessThan", "aws:CurrentTime", ("tomorrow",)),
        ("IpAddress", "aws:SourceIp", ("nonsense",)),
        ("IpAddress", "sts:ExternalId", ("10.0.0.0/8",)),
        ("Null", "aws:absent", ("false",)),
        ("Null", "sts:ExternalId", ("true",)),
        ("ForAllValues:StringEquals", "aws:TagKeys", ("team",)),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ("other",)),
        ("ForAnyValue:StringEquals", "aws:absent", ("x",)),
        ("ForAnyValue:StringNotEquals", "aws:absent", ("x",)),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", ("team",)),
        ("ArnLike", "aws:PrincipalArn", ("*",)),
    ],
)
def test_not_met(operator: str, key: str, values: tuple[str, ...]) -> None:
    assert not check(operator, key, *values)


def test_the_old_language_takes_variables_literally() -> None:
    assert not check("StringEquals", "aws:username", "${aws:username}", variables=False)


def test_numbers_and_booleans_of_json_are_their_texts() -> None:
    block = {
        "NumericEquals": {"aws:MultiFactorAuthAge": 120},
        "Bool": {"aws:MultiFactorAuthPresent": True},
    }
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block}
    document = parse({"Statement": statement}, PolicyKind.IDENTITY, "p")
    assert [holds(condition, CONTEXT) for condition in document.statements[0].conditions] == [
        True,
        True,
    ]
    assert document.statements[0].conditions[0] == Condition(
        "numericequals", "aws:MultiFactorAuthAge", ("120",)
    )


# -- whole condition blocks, in an Allow and in a Deny

OPERATORS = "IAM: JSON policy elements: Condition operators"
SETS = "IAM: Set operators for multivalued context keys"
CONDITION = "IAM: Conditions with multiple context keys or values"
VARIABLES = "IAM: Policy elements: Variables and tags"


REQUEST_CONTEXT: Mapping[str, str | tuple[str, ...]] = {
    "sts:ExternalId": "unicorn-42",
    "sts:RoleSessionName": "dana",
    "aws:username": "dana",
    "aws:PrincipalArn": SESSION.role_arn,
    "aws:PrincipalTag/team": "blue",
    "aws:MultiFactorAuthPresent": "true",
    "aws:MultiFactorAuthAge": "600",
    "aws:CurrentTime": "2026-03-01T12:00:00Z",
    "aws:EpochTime": "1772366400",
    "aws:SourceIp": "198.51.100.7",
    "aws:VpcSourceIp": "2001:db8::7",
    "aws:TagKeys": ("team", "ticket"),
    "aws:RequestTag/none": "",
    "sts:TransitiveTagKeys": ("team",),
    "key:binary": "QmluYXJ5",
}

# (condition block, whether a statement with it applies, page)
BLOCKS: list[tuple[Any, bool, str]] = [
    ({"StringEquals": {"sts:ExternalId": "unicorn-42"}}, True, OPERATORS),
    ({"StringEquals": {"sts:ExternalId": ["horse", "unicorn-42"]}}, True, CONDITION),
    ({"StringEquals": {"sts:ExternalId": "unicorn-*"}}, False, OPERATORS),
    ({"StringEquals": {"sts:ExternalId": "Unicorn-42"}}, False, OPERATORS),
    (
        {"StringEquals": {"STS:externalid": "unicorn-42"}},
        True,
        "IAM: JSON policy elements: Condition",
    ),
    ({"StringEqualsIgnoreCase": {"sts:ExternalId": "UNICORN-42"}}, True, OPERATORS),
    ({"StringNotEquals": {"sts:ExternalId": ["horse", "unicorn-42"]}}, False, CONDITION),
    ({"StringNotEquals": {"sts:ExternalId": ["horse", "cow"]}}, True, CONDITION),
    ({"StringNotEquals": {"aws:absent": "x"}}, True, OPERATORS),
    ({"StringNotLike": {"aws:absent": "*"}}, True, OPERATORS),
    ({"StringEquals": {"aws:absent": "x"}}, False, OPERATORS),
    ({"StringEqualsIfExists": {"aws:absent": "x"}}, True, OPERATORS),
    ({"StringEqualsIfExists": {"sts:ExternalId": "x"}}, False, OPERATORS),
    ({"StringNotEqualsIfExists": {"aws:absent": "x"}}, True, OPERATORS),
    ({"StringLike": {"sts:ExternalId": "uni*-4?"}}, True, OPERATORS),
    ({"StringLike": {"sts:RoleSessionName": "${aws:username}"}}, True, VARIABLES),
    ({"StringLike": {"sts:ExternalId": "${aws:absent, 'unicorn'}-*"}}, True, VARIABLES),
    ({"StringEquals": {"sts:ExternalId": "${aws:absent}"}}, False, VARIABLES),
    ({"StringNotEquals": {"sts:ExternalId": "${aws:absent}"}}, True, VARIABLES),
    ({"StringEquals": {"sts:ExternalId": "${aws:TagKeys}"}}, False, VARIABLES),
    ({"StringEquals": {"sts:ExternalId": "unicorn-42", "aws:username": "dana"}}, True, CONDITION),
    ({"StringEquals": {"sts:ExternalId": "unicorn-42", "aws:username": "root"}}, False, CONDITION),
    (
        {
            "StringEquals": {"sts:ExternalId": "unicorn-42"},
            "Bool": {"aws:MultiFactorAuthPresent": "false"},
        },
        False,
        CONDITION,
    ),
    ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True, OPERATORS),
    ({"Bool": {"aws:MultiFactorAuthPresent": True}}, True, OPERATORS),
    ({"Bool": {"aws:absent": "false"}}, False, OPERATORS),
    (
        {"BoolIfExists": {"aws:absent": "true"}},
        True,
        "IAM: AWS global condition context keys, aws:MultiFactorAuthPresent",
    ),
    ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, False, OPERATORS),
    ({"Null": {"aws:MultiFactorAuthAge": "true"}}, False, OPERATORS),
    ({"Null": {"aws:MultiFactorAuthAge": "false"}}, True, OPERATORS),
    ({"Null": {"aws:absent": True}}, True, OPERATORS),
    (
        {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
        True,
        "IAM: Secure API access with MFA",
    ),
    ({"NumericLessThan": {"aws:MultiFactorAuthAge": "600"}}, False, OPERATORS),
    ({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": 600}}, True, OPERATORS),
    ({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "599.5"}}, True, OPERATORS),
    ({"NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "601"}}, False, OPERATORS),
    ({"NumericEquals": {"aws:MultiFactorAuthAge": ["1", "600"]}}, True, OPERATORS),
    ({"NumericNotEquals": {"aws:MultiFactorAuthAge": ["1", "600"]}}, False, OPERATORS),
    (
        {"NumericEquals": {"aws:MultiFactorAuthAge": "6e2"}},
        False,
        "not a number as AWS writes them",
    ),
    ({"NumericLessThanIfExists": {"aws:absent": "1"}}, True, OPERATORS),
    ({"DateGreaterThan": {"aws:CurrentTime": "2026-03-01T11:59:59Z"}}, True, OPERATORS),
    ({"DateGreaterThan": {"aws:CurrentTime": "2026-03-01T14:00:00+01:00"}}, False, OPERATORS),
    ({"DateLessThan": {"aws:CurrentTime": "2026-04"}}, True, "W3C: Date and Time Formats"),
    ({"DateLessThanEquals": {"aws:CurrentTime": "2026-03-01T12:00:00Z"}}, True, OPERATORS),
    ({"DateGreaterThanEquals": {"aws:EpochTime": "1772366400"}}, True, OPERATORS),
    ({"DateLessThan": {"aws:CurrentTime": "1772366401"}}, True, OPERATORS),
    ({"DateEquals": {"aws:EpochTime": "2026-03-01T12:00:00Z"}}, True, OPERATORS),
    ({"DateNotEquals": {"aws:CurrentTime": "2026-03-01T12:00:00.0Z"}}, False, OPERATORS),
    ({"DateLessThan": {"aws:CurrentTime": "20260401"}}, False, "seconds since the epoch, long ago"),
    ({"DateGreaterThan": {"aws:CurrentTime": "2026-W09"}}, False, "W3C: Date and Time Formats"),
    ({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, True, OPERATORS),
    ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.7"]}}, True, OPERATORS),
    ({"IpAddress": {"aws:SourceIp": "198.51.100.8"}}, False, OPERATORS),
    ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, False, OPERATORS),
    ({"IpAddress": {"aws:VpcSourceIp": "2001:db8::/32"}}, True, OPERATORS),
    ({"IpAddress": {"aws:VpcSourceIp": "2001:0DB8:0:0:0:0:0:7"}}, True, OPERATORS),
    ({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/25"]}}, False, OPERATORS),
    ({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True, OPERATORS),
    ({"NotIpAddress": {"aws:absent": "0.0.0.0/0"}}, True, OPERATORS),
    ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/*"}}, True, OPERATORS),
    ({"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/hub/G?te"}}, True, OPERATORS),
    ({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*"}}, False, OPERATORS),
    ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/hub/*"}}, False, OPERATORS),
    ({"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{B}:role/hub/Gate"}}, True, OPERATORS),
    ({"ArnLike": {"sts:ExternalId": "*"}}, False, OPERATORS),
    ({"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{A}:*Gate"}}, True, OPERATORS),
    ({"BinaryEquals": {"key:binary": "QmluYXJ5"}}, True, OPERATORS),
    ({"BinaryEquals": {"key:binary": "qmluyxj5"}}, False, OPERATORS),
    ({"BinaryEquals": {"key:binary": "${key:binary}"}}, False, VARIABLES),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "ticket", "more"]}}, True, SETS),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, False, SETS),
    ({"ForAllValues:StringEquals": {"aws:absent": ["team"]}}, True, SETS),
    ({"ForAllValues:StringEquals": {"aws:RequestTag/none": ["team"]}}, True, SETS),
    ({"ForAllValues:StringNotLike": {"aws:TagKeys": ["x*"]}}, True, SETS),
    ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["team"]}}, False, SETS),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}, True, SETS),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["cost"]}}, False, SETS),
    ({"ForAnyValue:StringEquals": {"aws:absent": ["team"]}}, False, SETS),
    ({"ForAnyValue:StringNotEquals": {"aws:absent": ["team"]}}, False, SETS),
    ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}}, True, SETS),
    ({"ForAnyValue:StringEquals": {"aws:RequestTag/none": [""]}}, False, SETS),
    ({"ForAnyValue:StringEqualsIfExists": {"aws:absent": ["team"]}}, True, OPERATORS),
    ({"forallvalues:stringequalsignorecase": {"aws:TagKeys": ["TEAM", "TICKET"]}}, True, SETS),
    (
        {"StringEquals": {"aws:TagKeys": "team"}},
        False,
        "IAM: Single-valued vs. multivalued context keys",
    ),
    (
        {"StringNotEquals": {"aws:TagKeys": "cost"}},
        False,
        "IAM: Single-valued vs. multivalued context keys",
    ),
    (
        {"StringEquals": {"sts:TransitiveTagKeys": "team"}},
        True,
        "IAM: Single-valued vs. multivalued context keys",
    ),
]


@pytest.mark.parametrize(
    ("block", "met", "page"), BLOCKS, ids=[str(block) for block, _, _ in BLOCKS]
)
def test_blocks_in_an_allow_and_in_a_deny(block: Any, met: bool, page: str) -> None:  # noqa: FBT001 -- a table
    allowing = Case(
        "", USER, ROLE_A, (trusts(USER.arn, Condition=block),), "", context=REQUEST_CONTEXT
    ).decide()
    assert (allowing.allowed, not allowing.traces[0].unmet) == (met, met), page
    denying = Case(
        "", USER, ROLE_A, (trusts(USER.arn), denies(Condition=block)), "", context=REQUEST_CONTEXT
    ).decide()
    assert denying.explicit_deny is met, page
