"""Every condition operator in an Allow and in a Deny."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from support.policy.cases import ROLE_A, SESSION, USER, A, B, Case, denies, trusts

OPERATORS = "IAM: JSON policy elements: Condition operators"
SETS = "IAM: Set operators for multivalued context keys"
CONDITION = "IAM: Conditions with multiple context keys or values"
VARIABLES = "IAM: Policy elements: Variables and tags"


CONTEXT: Mapping[str, str | tuple[str, ...]] = {
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
CONDITIONS: list[tuple[Any, bool, str]] = [
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
    ("block", "met", "page"), CONDITIONS, ids=[str(block) for block, _, _ in CONDITIONS]
)
def test_conditions(block: Any, met: bool, page: str) -> None:  # noqa: FBT001 -- a table
    allowing = Case(
        "", USER, ROLE_A, (trusts(USER.arn, Condition=block),), "", context=CONTEXT
    ).decide()
    assert (allowing.allowed, not allowing.traces[0].unmet) == (met, met), page
    denying = Case(
        "", USER, ROLE_A, (trusts(USER.arn), denies(Condition=block)), "", context=CONTEXT
    ).decide()
    assert denying.explicit_deny is met, page
