from __future__ import annotations

import re

import pytest

from xswitch.core.arn import parse_role_arn
from xswitch.core.model import Settings
from xswitch.core.roles.ad_hoc import Definition, definition_of, managed_name, row_name

SETTINGS = Settings(account_names={"444444444444": "Data Lake", "555555555555": "twin", "666666666666": "Twin", "short": "odd"})


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("333333333333:Ops", Definition("333333333333", "/", "Ops")),
        ("333333333333:team/sub/Ops", Definition("333333333333", "/team/sub/", "Ops")),
        ("333333333333:/team/Ops", Definition("333333333333", "/team/", "Ops")),
        ("data lake:Ops", Definition("444444444444", "/", "Ops")),
        ("arn:aws-cn:iam::333333333333:role/team/Ops", Definition("333333333333", "/team/", "Ops", "aws-cn")),
        ("333333333333", None),
        ("333333333333:", None),
        ("333333333333:no role", None),
        ("3333:Ops", None),
        ("nobody:Ops", None),
        ("twin:Ops", None),
        ("odd:Ops", None),
        ("", None),
    ],
)
def test_what_spells_a_role(target: str, expected: Definition | None) -> None:
    assert definition_of(target, SETTINGS) == expected


def test_names_of_rows() -> None:
    for text, name in (("role/Ops", "333333333333:Ops"), ("role/team/Ops", "333333333333:team/Ops")):
        arn = parse_role_arn(f"arn:aws:iam::333333333333:{text}")
        assert arn is not None
        assert row_name(arn) == name


def test_managed_names_are_legal_and_apart() -> None:
    assert managed_name("xs-", "payments.prod/x@y:z") == "xs-payments.prod/x@y:z"
    assert managed_name("xs-", "333333333333:team/Ops") == "xs-333333333333-team/Ops"
    odd = [managed_name("xs-", name) for name in ("foo bar", "foo-bar", "foo]bar", "föö bar", "333333333333:a=b", "333333333333:a,b")]
    assert len(set(odd)) == len(odd)
    assert all(re.fullmatch(r"[A-Za-z0-9_\-/.%@:+]+", name) for name in odd)
