from __future__ import annotations

import pytest

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
