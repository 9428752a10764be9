from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.config.texts import Botocore, clean_texts
from support.populated import SECTION, SESSION, URL, check, populate
from xswitch.core.model import PortalRole, SsoSession
from xswitch.core.sso.names import parse_template
from xswitch.core.sso.populate import PopulateOptions

ADMIN = PortalRole("corp", URL, "111111111111", "Prod", "Admin")
READ = PortalRole("corp", URL, "111111111111", "Prod", "ReadOnly")
DEV = PortalRole("corp", URL, "222222222222", "Dev", "Admin")
ALL = [ADMIN, READ, DEV]
PLAIN = PopulateOptions()


@pytest.fixture(scope="module")
def botocore(tmp_path_factory: pytest.TempPathFactory) -> Botocore:
    return Botocore(tmp_path_factory.mktemp("botocore"))


def test_a_profile_keeps_the_sso_session_and_has_a_region_of_its_own() -> None:
    found = populate(SECTION, [ADMIN], PopulateOptions(region="us-east-1"))
    lines = found.text.removeprefix(SECTION).splitlines()
    assert lines[:6] == [
        "",
        "[profile Prod/Admin]",
        "sso_session = corp",
        "sso_account_id = 111111111111",
        "sso_role_name = Admin",
        "region = us-east-1",
    ]
    assert lines[6].startswith("xswitch_populated = ")
    assert lines[6].endswith(f" {URL}")
    assert len(lines) == 7


def test_a_session_of_a_profile_is_written_in_the_older_form() -> None:
    session = SsoSession("", URL, "eu-west-1")
    found = populate("", [ADMIN], PLAIN, session)
    assert f"sso_start_url = {URL}\nsso_region = eu-west-1\n" in found.text
    assert "sso_session" not in found.text
    assert not populate(found.text, [ADMIN], PLAIN, session).plan.edits


def test_the_users_own_profiles_are_left_and_counted() -> None:
    text = (
        SECTION
        + "[profile mine]\nsso_session=corp\nsso_account_id=111111111111\nsso_role_name=Admin\n"
        f"[profile old]\nsso_start_url={URL}/\nsso_region=eu-west-1\nsso_account_id=222222222222\n"
        "sso_role_name=Admin\n"
    )
    found = populate(text, ALL, PLAIN)
    assert found.plan.added == ("Prod/ReadOnly",)
    assert set(found.plan.covered) == {"mine", "old"}
    pruned = populate(found.text, [], replace(PLAIN, prune=True))
    assert pruned.plan.removed == ("Prod/ReadOnly",)
    assert pruned.text == text


def test_a_name_of_another_profile_isnt_taken_from_it() -> None:
    text = SECTION + "[profile Prod/Admin]\nrole_arn = arn:aws:iam::111111111111:role/Admin\n"
    assert populate(text, [ADMIN], PLAIN).plan.added == ("Prod/Admin-111111111111",)


def test_gone_roles_are_told_and_pruned_only_when_asked() -> None:
    found = populate(SECTION, ALL, PLAIN)
    later = [ADMIN, replace(READ, is_gone=True), DEV]
    kept = populate(found.text, later, PLAIN)
    assert kept.text == found.text
    assert kept.plan.prunable == ("Prod/ReadOnly",)
    pruned = populate(found.text, later, replace(PLAIN, prune=True))
    assert pruned.plan.removed == ("Prod/ReadOnly",)
    assert "ReadOnly" not in pruned.text


def test_profiles_of_another_sign_in_to_the_portal_stay() -> None:
    """Its list is another one: what this one doesn't have isn't gone there."""
    other = SECTION.replace("corp]", "corp-admin]")
    theirs = SsoSession("corp-admin", URL, "eu-west-1")
    text = populate(SECTION + other, ALL, PLAIN, theirs).text
    found = populate(text, [ADMIN], replace(PLAIN, prune=True))
    assert found.text == text
    assert found.plan.covered == ("Prod/Admin",)
    assert (found.plan.edited, found.plan.prunable) == ((), ())
    # Those of the older form become the named session's
    text = populate(SECTION, ALL, PLAIN, SsoSession("", URL, "eu-west-1")).text
    found = populate(text, [ADMIN], replace(PLAIN, prune=True))
    assert set(found.plan.removed) == {"Prod/ReadOnly", "Dev/Admin"}
    assert found.plan.updated == ("Prod/Admin",)


def test_another_template_renames_only_with_prune() -> None:
    found = populate(SECTION, ALL, PLAIN)
    other = PopulateOptions(template=parse_template("{role_name}.{account_name}", "lower"))
    kept = populate(found.text, ALL, other)
    assert kept.text == found.text
    renamed = populate(found.text, ALL, replace(other, prune=True))
    assert set(renamed.plan.added) == {"admin.prod", "readonly.prod", "admin.dev"}
    assert set(renamed.plan.removed) == {"Prod/Admin", "Prod/ReadOnly", "Dev/Admin"}
    assert not populate(renamed.text, ALL, replace(other, prune=True)).plan.edits


def test_a_region_is_changed_when_it_is_given_and_kept_when_it_isnt() -> None:
    found = populate(SECTION, ALL, PopulateOptions(region="us-east-1"))
    assert not populate(found.text, ALL, PLAIN).plan.edits
    changed = populate(found.text, ALL, PopulateOptions(region="eu-west-3"))
    assert set(changed.plan.updated) == set(found.plan.added)
    assert changed.text.count("region = eu-west-3") == 3
    assert not populate(changed.text, ALL, PLAIN).plan.edits


@pytest.mark.parametrize(
    ("only", "left_out", "added"),
    [
        (("prod",), (), {"Prod/Admin", "Prod/ReadOnly"}),
        (("PROD/*",), (), {"Prod/Admin", "Prod/ReadOnly"}),
        ((), ("*only*",), {"Prod/Admin", "Dev/Admin"}),
        (("222222222222", "ReadOnly"), (), {"Prod/ReadOnly", "Dev/Admin"}),
        (("prod",), ("admin",), {"Prod/ReadOnly"}),
        (("none",), (), set()),
        (("[pd]*/admin",), (), {"Prod/Admin", "Dev/Admin"}),
    ],
)
def test_patterns_choose_roles(
    only: tuple[str, ...], left_out: tuple[str, ...], added: set[str]
) -> None:
    found = populate(SECTION, ALL, PopulateOptions(only=only, left_out=left_out))
    assert set(found.plan.added) == added


def test_prune_stays_within_the_patterns() -> None:
    found = populate(SECTION, ALL, PLAIN)
    pruned = populate(found.text, [], PopulateOptions(only=("Dev/*", "222222222222"), prune=True))
    assert pruned.plan.removed == ("Dev/Admin",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sso_role_name = Admin\n", "sso_role_name = Admin\noutput = json\n"),
        ("sso_role_name = Admin\n", "sso_role_name = Admin\n# mine\n"),
        ("sso_role_name = Admin\n", "sso_role_name = Admin\n\n"),
        ("sso_role_name = Admin\n", "sso_role_name = Admin ; mine\n"),
        ("sso_role_name = Admin\n", "SSO_ROLE_NAME = Admin\n"),
        ("region = eu-west-1\n", "region = us-east-1\n"),
        ("region = eu-west-1\n", "region = x\nregion = eu-west-1\n"),
        ("[profile Prod/Admin]", "[ profile Prod/Admin ]"),
        ("[profile Prod/Admin]", "# xswitch: my note\n[profile Prod/Admin]"),
    ],
)
def test_a_profile_that_was_edited_is_the_users(old: str, new: str) -> None:
    found = populate(SECTION, [ADMIN], PopulateOptions(region="eu-west-1"))
    head, tail = found.text.split("[profile", 1)
    text = head + f"[profile{tail}".replace(old, new, 1)
    assert text != found.text
    pruned = populate(text, [], replace(PLAIN, prune=True))
    assert pruned.text == text
    assert pruned.plan.edited == ("Prod/Admin",)
    again = populate(text, [ADMIN], PopulateOptions(region="ap-south-1"))
    assert not again.plan.edits


def test_a_profile_of_another_portal_with_the_mark_stays() -> None:
    session = SsoSession("other", "https://other.awsapps.com/start", "us-east-1")
    other = f"[sso-session other]\nsso_start_url = {session.start_url}\nsso_region = us-east-1\n"
    role = replace(ADMIN, session="other", start_url=session.start_url)
    found = populate(SECTION + other, [role], PLAIN, session)
    assert not populate(found.text, [], replace(PLAIN, prune=True), SESSION).plan.edits
    assert populate(found.text, [], replace(PLAIN, prune=True), session).plan.removed


@given(clean_texts("config"), st.integers(0, 1 << 32))
@settings(max_examples=40)
def test_populate_and_prune_change_no_foreign_byte(
    botocore: Botocore, text: str, seed: int
) -> None:
    if "sso-session corp]" in text:
        return
    check(f"{text}\n{SECTION}", random.Random(seed), botocore)
    check(f"{SECTION}\n{text}", random.Random(seed), botocore)
