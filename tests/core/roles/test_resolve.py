from __future__ import annotations

import pytest

from support.roles import CONFIG, KEYS, MFA, arn, codes, other_problems, planned, role, roles, view
from xswitch.core.errors import TargetError, UsageError
from xswitch.core.model import ConfigView, GuardRule, Problem, Profile, Role, Settings
from xswitch.core.profiles.managed import Overrides, managed_properties
from xswitch.core.roles.resolve import (
    managed_profiles,
    resolve_ad_hoc_role,
    resolve_all,
)

DEV = {"dev": KEYS}


def test_profiles_that_are_no_roles_are_no_rows() -> None:
    managed = {"credential_process": "/x", "xswitch_role": "a"}
    web = {"role_arn": arn("Web"), "web_identity_token_file": "/token"}
    seen = view(
        {
            "a": role("dev"),
            "xs-a": managed,
            "web": web,
            "plain": {"region": "eu-west-1"},
            "by-web": role("web"),
        },
        DEV,
    )
    assert list(roles(seen)) == ["a", "by-web"]
    assert other_problems(seen) == ["web_identity_profile"]


def test_a_managed_profile_whose_role_is_gone_is_told() -> None:
    seen = view({"xs-a": {"credential_process": "/x", "xswitch_role": "a"}})
    assert other_problems(seen) == ["managed_orphan"]
    assert resolve_all(seen, Settings(), {}).roles == ()


def test_managed_profiles_by_any_name() -> None:
    config = {
        "a": role("dev"),
        "mine": {"credential_process": "/x", "xswitch_role": "a"},
        "b": role("dev"),
        "also": {"credential_process": "/x", "xswitch_role": "b"},
        "xs-b": {"credential_process": "/x", "xswitch_role": "b"},
        "old": {"credential_process": "/x", "xswitch_role": "gone"},
    }
    seen = view(config, DEV)
    found = roles(seen)
    assert (found["a"].managed_profile, found["b"].managed_profile) == ("mine", "xs-b")
    assert managed_profiles(seen, list(found.values())) == {"mine": "a", "also": "b", "xs-b": "b"}


def definition(seen: ConfigView, overrides: Overrides | None = None, **given: str) -> Role:
    wanted = {"account": "333333333333", "role": "Ops", "source": "dev"} | given
    return resolve_ad_hoc_role(
        seen,
        Settings(account_names={"444444444444": "Data Lake"}),
        {},
        account=wanted["account"],
        role=wanted["role"],
        source=wanted["source"],
        partition=wanted.get("partition"),
        overrides=overrides or Overrides(),
    )


def test_an_account_and_a_role_through_a_source() -> None:
    seen = view(
        {
            "dev": {"region": "eu-west-1", "endpoint_url": "http://127.0.0.1:1"},
            "hub": role("dev", "Hub", mfa_serial=MFA),
        },
        DEV,
    )
    found = definition(seen)
    assert (found.name, found.role_arn, found.managed_profile) == (
        "333333333333:Ops",
        arn("Ops", "333333333333"),
        "xs-333333333333-Ops",
    )
    assert found.is_ad_hoc
    assert (found.region, found.endpoint.url) == ("eu-west-1", "http://127.0.0.1:1")
    assert found.chain is not None
    assert [hop.role_arn for hop in found.chain.hops] == [arn("Ops", "333333333333")]
    upon = definition(seen, source="hub")
    assert upon.chain is not None
    assert [hop.profile for hop in upon.chain.hops] == ["hub", "xs-333333333333-Ops"]
    assert upon.mfa_serial == MFA


def test_a_definition_by_account_name_with_a_path() -> None:
    found = definition(view({}, DEV), account="data lake", role="team/Ops")
    assert (found.name, found.role_arn) == (
        "444444444444:team/Ops",
        arn("team/Ops", "444444444444"),
    )


def test_the_partition_of_a_definition_is_its_sources() -> None:
    gov = role("dev")["role_arn"].replace(":aws:", ":aws-us-gov:")
    seen = view(
        {"hub": {"role_arn": gov, "source_profile": "dev"}, "cn": {"region": "cn-north-1"}},
        DEV | {"cn": KEYS},
    )
    assert definition(seen, source="hub").partition == "aws-us-gov"
    assert definition(seen, source="cn").partition == "aws-cn"
    assert definition(seen).partition == "aws"
    assert definition(seen, partition="aws-iso").partition == "aws-iso"


def test_definitions_that_cant_be() -> None:
    seen = view({"broken": role("gone")}, DEV)
    wrong: list[dict[str, str]] = [
        {"account": "12"},
        {"account": "nobody"},
        {"role": "no role"},
        {"source": "gone"},
    ]
    for given in wrong:
        with pytest.raises(TargetError):
            definition(seen, None, **given)
    with pytest.raises(UsageError):
        definition(seen, Overrides(duration_seconds=1))
    assert definition(seen, source="broken").chain is None


def test_a_definition_is_the_same_role_once_a_managed_profile_keeps_it() -> None:
    before = view({"dev": {"region": "eu-west-1"}}, DEV)
    asked = Overrides(
        region="eu-west-2",
        duration_seconds=1800,
        session_name="me",
        external_id="ext",
        mfa_serial=MFA,
        policy='{"a": "x # y"}',
        tags=(("k", "v"),),
    )
    made = definition(before, asked)
    properties = managed_properties(made, before, asked, "/bin/xswitch credential-process x")
    after = view({"dev": {"region": "eu-west-1"}, made.managed_profile: properties}, DEV)
    kept = roles(after)[made.name]
    assert (kept.region, kept.role_arn, kept.mfa_serial, kept.duration_seconds) == (
        "eu-west-2",
        made.role_arn,
        MFA,
        1800,
    )
    assert kept.is_ad_hoc
    assert planned(kept).key == planned(made).key == planned(made, overrides=asked).key
    again = managed_properties(kept, after, Overrides(), "/bin/xswitch credential-process x")
    assert again | {"xswitch_region": "eu-west-2"} == properties
    assert managed_profiles(after, [kept]) == {made.managed_profile: made.name}


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"xswitch_source_profile": "gone"}, "source_missing"),
        ({"xswitch_source_profile": "dev", "xswitch_duration_seconds": "long"}, "managed_profile"),
        ({"xswitch_source_profile": "dev", "xswitch_policy": "{"}, "managed_profile"),
    ],
)
def test_a_kept_definition_that_is_broken_is_a_row_with_an_error(
    properties: dict[str, str], code: str
) -> None:
    kept = {"credential_process": "/x", "xswitch_role": arn("Ops"), **properties}
    found = roles(view({"xs-ops": kept, "a": role("dev")}, DEV))
    broken = found["222222222222:Ops"]
    assert (broken.chain, codes(broken), broken.managed_profile) == (None, [code], "xs-ops")
    assert found["a"].chain is not None


def test_two_definitions_of_one_role_have_two_names() -> None:
    kept = {"credential_process": "/x", "xswitch_role": arn("Ops"), "xswitch_source_profile": "dev"}
    assert list(roles(view({"one": kept, "two": kept}, DEV))) == [
        "222222222222:Ops",
        "222222222222:Ops@two",
    ]


def test_rows_of_one_reading_share_what_they_can() -> None:
    seen = view({"hub": role("dev"), **{f"p{i}": role("hub") for i in range(3)}}, DEV)
    found = resolve_all(seen, Settings(), {}).roles
    chains = [found_role.chain for found_role in found if found_role.chain is not None]
    assert len(chains) == 4
    assert len({id(chain.hops[0]) for chain in chains}) == 1


def test_an_empty_view_has_no_rows() -> None:
    assert resolve_all(view({}), Settings(), {}).roles == ()
    assert isinstance(view({"x": {}}).profiles["x"], Profile)


DEV = {"dev": KEYS}


CUT = "1 h at most: role chaining after"


def test_a_row_in_full() -> None:
    properties = {
        "mfa_serial": MFA,
        "external_id": "ext",
        "region": "eu-west-1",
        "xswitch_note": "careful",
        "xswitch_tags": "a=b",
    }
    found = roles(view({"pay": role("dev", "team/Admin", **properties)}, DEV))["pay"]
    assert (
        found.role_arn,
        found.partition,
        found.account_id,
        found.role_name,
        found.role_path,
    ) == (
        arn("team/Admin"),
        "aws",
        "222222222222",
        "Admin",
        "/team/",
    )
    assert (found.region, found.endpoint.region, found.mfa_serial, found.external_id) == (
        "eu-west-1",
        "eu-west-1",
        MFA,
        "ext",
    )
    assert (found.managed_profile, found.note, found.tags) == ("xs-pay", "careful", (("a", "b"),))
    assert (found.origin.file, found.origin.line) == (CONFIG, 1)
    assert (found.problems, found.guard, found.cli_only, found.is_ad_hoc) == (
        (),
        None,
        False,
        False,
    )


def test_what_a_row_is_called_by_people() -> None:
    seen = view({"a": role("dev", xswitch_account_name="payments"), "b": role("dev")}, DEV)
    assert {name: found.account_name for name, found in roles(seen).items()} == {
        "a": "payments",
        "b": "",
    }
    named = roles(seen, Settings(account_names={"222222222222": "Pay"}))
    assert {name: found.account_name for name, found in named.items()} == {"a": "Pay", "b": "Pay"}


def test_problems_of_the_reading_stand_with_their_role_errors_first() -> None:
    seen = view(
        {"a": role("gone"), "b": role("dev")},
        DEV,
        problems=(
            Problem("inline_comment", "x", profile="a"),
            Problem("bom", "y"),
            Problem("note", "z", "info", profile="a"),
        ),
    )
    assert codes(roles(seen)["a"]) == ["source_missing", "inline_comment", "note"]
    assert codes(roles(seen)["b"]) == []


def test_cli_only_profiles_are_marked() -> None:
    assert roles(view({"foo bar": role("dev")}, DEV, cli_only=["foo bar"]))["foo bar"].cli_only


@pytest.mark.parametrize(
    ("config", "mfa", "seconds", "reason"),
    [
        ({"r": role("dev")}, False, 3600, "default"),
        ({"r": role("dev", duration_seconds="7200")}, False, 7200, "configured"),
        (
            {"r": role("dev", mfa_serial=MFA, duration_seconds="7200")},
            True,
            3600,
            f"{CUT} the MFA session, 7200 s configured",
        ),
        (
            {"r": role("dev", mfa_serial=MFA)},
            True,
            3600,
            "1 h: role chaining after the MFA session",
        ),
        ({"r": role("dev", mfa_serial=MFA, duration_seconds="900")}, True, 900, "configured"),
        (
            {"r": role("m", duration_seconds="43200"), "m": role("dev")},
            False,
            3600,
            f"{CUT} another role, 43200 s configured",
        ),
        (
            {"r": {"role_arn": arn("A"), "credential_source": "EcsContainer"}},
            False,
            3600,
            "1 h: role chaining after container credentials",
        ),
    ],
)
def test_the_duration_and_why(
    config: dict[str, dict[str, str]], seconds: int, reason: str, *, mfa: bool
) -> None:
    found = roles(view(config, DEV))["r"]
    assert (found.duration_seconds, found.duration_reason) == (seconds, reason)
    hop = planned(found).hops[-1]
    assert (hop.request.duration_seconds, hop.duration_reason) == (seconds, reason)
    assert (found.mfa_serial is not None) is mfa


def test_the_first_serial_of_the_chain_is_the_roles() -> None:
    seen = view(
        {
            "top": role("mid", mfa_serial="arn:aws:iam::1:mfa/other"),
            "mid": role("dev", mfa_serial=MFA),
            "on": role("mid"),
        },
        DEV,
    )
    assert {name: found.mfa_serial for name, found in roles(seen).items()} == dict.fromkeys(
        ("top", "mid", "on"), MFA
    )


def test_a_guard_is_on_its_row_and_shortens() -> None:
    settings = Settings(
        guards=(GuardRule("prod", ("*prod*",), color="magenta", duration_seconds=1200),)
    )
    found = roles(view({"x-prod": role("dev"), "other": role("dev")}, DEV), settings)
    guard = found["x-prod"].guard
    assert guard is not None
    assert (guard.color, guard.confirm) == ("magenta", "222222222222")
    assert (found["x-prod"].duration_seconds, found["x-prod"].duration_reason) == (
        1200,
        "guard prod",
    )
    assert found["other"].guard is None
