from __future__ import annotations

import pytest

from xswitch.core.arn import parse_role_arn
from xswitch.core.model import Settings
from xswitch.core.roles.ad_hoc import (
    AdHocRole,
    ad_hoc_role_name,
    parse_ad_hoc_role,
)

SETTINGS = Settings(
    account_names={
        "444444444444": "Data Lake",
        "555555555555": "twin",
        "666666666666": "Twin",
        "short": "odd",
    }
)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("333333333333:Ops", AdHocRole("333333333333", "/", "Ops")),
        ("333333333333:team/sub/Ops", AdHocRole("333333333333", "/team/sub/", "Ops")),
        ("333333333333:/team/Ops", AdHocRole("333333333333", "/team/", "Ops")),
        ("data lake:Ops", AdHocRole("444444444444", "/", "Ops")),
        (
            "arn:aws-cn:iam::333333333333:role/team/Ops",
            AdHocRole("333333333333", "/team/", "Ops", "aws-cn"),
        ),
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
def test_ad_hoc_roles_are_parsed(target: str, expected: AdHocRole | None) -> None:
    assert parse_ad_hoc_role(target, SETTINGS) == expected


def test_names_of_ad_hoc_roles() -> None:
    for text, name in (
        ("role/Ops", "333333333333:Ops"),
        ("role/team/Ops", "333333333333:team/Ops"),
    ):
        arn = parse_role_arn(f"arn:aws:iam::333333333333:{text}")
        assert arn is not None
        assert ad_hoc_role_name(arn) == name
