from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.awsconfig.document import is_legal_name
from xswitch.core.errors import ErrorCode, UsageError
from xswitch.core.model import PortalRole
from xswitch.core.sso.names import (
    LONGEST,
    Case,
    Naming,
    assign_names,
    parse_template,
    template_name,
)

URL = "https://corp.awsapps.com/start"


def role(
    account: str = "Prod", name: str = "Admin", account_id: str = "111111111111"
) -> PortalRole:
    return PortalRole("corp", URL, account_id, account, name)


@pytest.mark.parametrize(
    ("text", "case", "separator", "trim", "name"),
    [
        ("{account_name}/{role_name}", "keep", "-", (), "Acme-Prod-EU/AWSAdministratorAccess"),
        ("{account_name}.{role_name}", "lower", "_", (), "acme_prod_eu.awsadministratoraccess"),
        ("{role_name}@{account_id}", "upper", "-", (), "AWSADMINISTRATORACCESS@111111111111"),
        (
            "{session}-{region}-{role_name}",
            "keep",
            "-",
            ("^aws", "access$"),
            "corp-eu-west-1-Administrator",
        ),
        ("{account_name}", "lower", "", ("^acme",), "prodeu"),
        ("x/{account_name}", "keep", "-", (".*",), "x/111111111111"),
    ],
)
def test_a_template_makes_the_name(
    text: str, case: Case, separator: str, trim: tuple[str, ...], name: str
) -> None:
    template = parse_template(text, case, separator, trim)
    found = role(" Acme  Prod (EU) ", "AWSAdministratorAccess")
    assert template_name(template, found, "eu-west-1") == name


@pytest.mark.parametrize(
    ("account", "name"),
    [
        ("Müller & Söhne", "Muller-Sohne/Admin"),
        ("Großkunde", "Grosskunde/Admin"),
        ("本番", "111111111111/Admin"),
        ("a[b]\n; c", "a-b-c/Admin"),
        ("", "111111111111/Admin"),
        ("x" * 200, None),
    ],
)
def test_every_account_name_gives_a_legal_name(account: str, name: str | None) -> None:
    found = template_name(parse_template("{account_name}/{role_name}"), role(account), "")
    assert found == name or (name is None and len(found) == LONGEST)
    assert is_legal_name(found)


@pytest.mark.parametrize(
    ("text", "separator", "trim"),
    [
        ("{acount_name}", "-", ()),
        ("{}", "-", ()),
        ("{account_name", "-", ()),
        ("account_name}", "-", ()),
        ("Admin", "-", ()),
        ("", "-", ()),
        ("{account_name} {role_name}", "-", ()),
        ("[{role_name}]", "-", ()),
        ("{role_name}", " ", ()),
        ("{role_name}", "é", ()),
        ("{role_name}", "-", ("(",)),
    ],
)
def test_a_template_that_cant_work_is_a_sentence(
    text: str, separator: str, trim: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as error:
        parse_template(text, "keep", separator, trim)
    assert error.value.code == ErrorCode.BAD_TEMPLATE


def test_roles_with_one_name_get_the_account_id_then_the_role() -> None:
    roles = [role("Prod", "A"), role("Prod", "A", "222222222222"), role("Dev", "A", "333333333333")]
    names = assign_names(roles, Naming(parse_template("{account_name}/{role_name}")))
    assert names == {
        ("111111111111", "A"): "Prod/A-111111111111",
        ("222222222222", "A"): "Prod/A-222222222222",
        ("333333333333", "A"): "Dev/A",
    }
    both = [role("Prod", "A"), role("Prod", "B")]
    assert assign_names(both, Naming(parse_template("{account_name}"))) == {
        ("111111111111", "A"): "Prod-111111111111-A",
        ("111111111111", "B"): "Prod-111111111111-B",
    }


def test_a_name_that_is_taken_isnt_given() -> None:
    template = parse_template("{account_name}")
    assert assign_names([role("default")], Naming(template)) == {
        ("111111111111", "Admin"): "default-111111111111"
    }
    taken = {"Prod", "Prod-111111111111"}
    assert assign_names([role()], Naming(template, taken=taken)) == {
        ("111111111111", "Admin"): "Prod-111111111111-Admin"
    }


accounts = st.sampled_from(
    ["Prod", "prod", "Prod ", "Pröd", "", "default", "Prod-111111111111", "本"]
)
ids = st.sampled_from(["111111111111", "222222222222", "333333333333"])
role_names = st.sampled_from(["Admin", "Ad+min", "Ad=min", "Ad,min", "admin", "111111111111-Admin"])
portal_roles = st.lists(
    st.builds(role, accounts, role_names, ids),
    max_size=12,
    unique_by=lambda one: (one.account_id, one.role_name),
)
templates = st.sampled_from(
    ["{account_name}/{role_name}", "{account_name}", "{role_name}", "x-{account_id}", "{session}"]
)


@given(
    portal_roles,
    templates,
    st.sampled_from(["keep", "lower", "upper"]),
    st.sets(st.sampled_from(["Prod", "Prod/Admin", "Admin", "corp", "Admin-111111111111"])),
    st.integers(0, 1000),
)
def test_names_are_legal_unique_and_the_same_in_any_order(
    roles: list[PortalRole], template: str, case: Case, taken: set[str], seed: int
) -> None:
    naming = Naming(parse_template(template, case), "eu-west-1", taken)
    names = assign_names(roles, naming)
    assert len(set(names.values())) == len(names) == len(roles)
    assert all(map(is_legal_name, names.values()))
    assert not {*names.values()} & {*taken, "default", "DEFAULT"}
    shuffled = random.Random(seed).sample(roles, len(roles))
    assert assign_names(shuffled, naming) == names
    fixed = dict(list(names.items())[:2])
    kept = assign_names(roles, Naming(naming.template, "eu-west-1", taken, fixed))
    assert fixed.items() <= kept.items()
    assert len(set(kept.values())) == len(roles)
