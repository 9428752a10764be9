from __future__ import annotations

import pytest

from support.roles import (
    CONFIG,
    KEYS,
    MFA,
    arn,
    codes,
    other_problems,
    planned,
    role,
    roles,
    targets,
    view,
)
from xswitch.core.errors import TargetError, UsageError
from xswitch.core.model import ConfigView, GuardRule, Problem, Profile, Role, Settings
from xswitch.core.profiles.managed import Overrides, managed_properties
from xswitch.core.roles.resolve import (
    managed_profiles,
    resolve_ad_hoc_role,
    resolve_all,
)

DEV = {"dev": KEYS}


def test_profiles_without_credentials_and_our_own_arent_targets() -> None:
    managed = {"credential_process": "/x", "xswitch_role": "a"}
    web = {"role_arn": arn("Web"), "web_identity_token_file": "/token"}
    config_view = view(
        {
            "a": role("dev"),
            "xs-a": managed,
            "web": web,
            "plain": {"region": "eu-west-1"},
            "by-web": role("web"),
        },
        DEV,
    )
    assert list(roles(config_view)) == ["a", "by-web"]
    assert list(targets(config_view)) == ["a", "by-web", "web", "dev"]
    assert other_problems(config_view) == []


def test_a_managed_profile_with_a_missing_role_is_reported() -> None:
    config_view = view({"xs-a": {"credential_process": "/x", "xswitch_role": "a"}})
    assert other_problems(config_view) == ["managed_orphan"]
    assert resolve_all(config_view, Settings(), {}).roles == ()


def test_managed_profiles_by_any_name() -> None:
    config = {
        "a": role("dev"),
        "mine": {"credential_process": "/x", "xswitch_role": "a"},
        "b": role("dev"),
        "also": {"credential_process": "/x", "xswitch_role": "b"},
        "xs-b": {"credential_process": "/x", "xswitch_role": "b"},
        "old": {"credential_process": "/x", "xswitch_role": "gone"},
    }
    config_view = view(config, DEV)
    resolved = roles(config_view)
    assert (resolved["a"].managed_profile, resolved["b"].managed_profile) == ("mine", "xs-b")
    assert managed_profiles(config_view, list(resolved.values())) == {
        "mine": "a",
        "also": "b",
        "xs-b": "b",
    }


def resolve_ad_hoc(
    config_view: ConfigView, overrides: Overrides | None = None, **given: str
) -> Role:
    wanted = {"account": "333333333333", "role": "Ops", "source": "dev"} | given
    return resolve_ad_hoc_role(
        config_view,
        Settings(account_names={"444444444444": "Data Lake"}),
        {},
        account=wanted["account"],
        role=wanted["role"],
        source=wanted["source"],
        partition=wanted.get("partition"),
        overrides=overrides or Overrides(),
    )


def test_an_ad_hoc_role_through_a_source() -> None:
    config_view = view(
        {
            "dev": {"region": "eu-west-1", "endpoint_url": "http://127.0.0.1:1"},
            "hub": role("dev", "Hub", mfa_serial=MFA),
        },
        DEV,
    )
    resolved = resolve_ad_hoc(config_view)
    assert (resolved.name, resolved.role_arn, resolved.managed_profile) == (
        "333333333333:Ops",
        arn("Ops", "333333333333"),
        "xs-333333333333-Ops",
    )
    assert resolved.is_ad_hoc
    assert (resolved.region, resolved.endpoint.url) == ("eu-west-1", "http://127.0.0.1:1")
    assert resolved.chain is not None
    assert [hop.role_arn for hop in resolved.chain.hops] == [arn("Ops", "333333333333")]
    upon = resolve_ad_hoc(config_view, source="hub")
    assert upon.chain is not None
    assert [hop.profile for hop in upon.chain.hops] == ["hub", "xs-333333333333-Ops"]
    assert upon.mfa_serial == MFA


def test_an_ad_hoc_role_by_account_name_with_a_path() -> None:
    resolved = resolve_ad_hoc(view({}, DEV), account="data lake", role="team/Ops")
    assert (resolved.name, resolved.role_arn) == (
        "444444444444:team/Ops",
        arn("team/Ops", "444444444444"),
    )


def test_the_partition_of_an_ad_hoc_role_is_its_sources() -> None:
    gov = role("dev")["role_arn"].replace(":aws:", ":aws-us-gov:")
    config_view = view(
        {"hub": {"role_arn": gov, "source_profile": "dev"}, "cn": {"region": "cn-north-1"}},
        DEV | {"cn": KEYS},
    )
    assert resolve_ad_hoc(config_view, source="hub").partition == "aws-us-gov"
    assert resolve_ad_hoc(config_view, source="cn").partition == "aws-cn"
    assert resolve_ad_hoc(config_view).partition == "aws"
    assert resolve_ad_hoc(config_view, partition="aws-iso").partition == "aws-iso"


def test_invalid_ad_hoc_roles_are_rejected() -> None:
    config_view = view({"broken": role("gone")}, DEV)
    wrong: list[dict[str, str]] = [
        {"account": "12"},
        {"account": "nobody"},
        {"role": "no role"},
        {"source": "gone"},
    ]
    for given in wrong:
        with pytest.raises(TargetError):
            resolve_ad_hoc(config_view, None, **given)
    with pytest.raises(UsageError):
        resolve_ad_hoc(config_view, Overrides(duration_seconds=1))
    assert resolve_ad_hoc(config_view, source="broken").chain is None


def test_an_ad_hoc_role_is_the_same_once_it_is_stored() -> None:
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
    made = resolve_ad_hoc(before, asked)
    properties = managed_properties(made, before, asked, "/bin/xswitch credential-process x")
    after = view({"dev": {"region": "eu-west-1"}, made.managed_profile: properties}, DEV)
    managed = roles(after)[made.name]
    assert (managed.region, managed.role_arn, managed.mfa_serial, managed.duration_seconds) == (
        "eu-west-2",
        made.role_arn,
        MFA,
        1800,
    )
    assert managed.is_ad_hoc
    assert planned(managed).key == planned(made).key == planned(made, overrides=asked).key
    again = managed_properties(managed, after, Overrides(), "/bin/xswitch credential-process x")
    assert again | {"xswitch_region": "eu-west-2"} == properties
    assert managed_profiles(after, [managed]) == {made.managed_profile: made.name}


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"xswitch_source_profile": "gone"}, "source_missing"),
        ({"xswitch_source_profile": "dev", "xswitch_duration_seconds": "long"}, "managed_profile"),
        ({"xswitch_source_profile": "dev", "xswitch_policy": "{"}, "managed_profile"),
    ],
)
def test_an_invalid_stored_ad_hoc_role_is_a_role_with_an_error(
    properties: dict[str, str], code: str
) -> None:
    managed = {"credential_process": "/x", "xswitch_role": arn("Ops"), **properties}
    resolved = roles(view({"xs-ops": managed, "a": role("dev")}, DEV))
    broken = resolved["222222222222:Ops"]
    assert (broken.chain, codes(broken), broken.managed_profile) == (None, [code], "xs-ops")
    assert resolved["a"].chain is not None


def test_two_profiles_of_one_ad_hoc_role_have_two_names() -> None:
    managed = {
        "credential_process": "/x",
        "xswitch_role": arn("Ops"),
        "xswitch_source_profile": "dev",
    }
    assert list(roles(view({"one": managed, "two": managed}, DEV))) == [
        "222222222222:Ops",
        "222222222222:Ops@two",
    ]


def test_roles_of_one_view_share_their_hops() -> None:
    config_view = view({"hub": role("dev"), **{f"p{i}": role("hub") for i in range(3)}}, DEV)
    resolved = resolve_all(config_view, Settings(), {}).roles
    chains = [found_role.chain for found_role in resolved if found_role.chain is not None]
    assert [len(chain.hops) for chain in chains] == [1, 2, 2, 2, 0]
    assert len({id(chain.hops[0]) for chain in chains if chain.hops}) == 1


def test_an_empty_view_has_no_roles() -> None:
    assert resolve_all(view({}), Settings(), {}).roles == ()
    assert isinstance(view({"x": {}}).profiles["x"], Profile)


CUT = "1 h at most: role chaining after"


def test_a_role_in_full() -> None:
    properties = {
        "mfa_serial": MFA,
        "external_id": "ext",
        "region": "eu-west-1",
        "xswitch_note": "careful",
        "xswitch_tags": "a=b",
    }
    resolved = roles(view({"pay": role("dev", "team/Admin", **properties)}, DEV))["pay"]
    assert (
        resolved.role_arn,
        resolved.partition,
        resolved.account_id,
        resolved.role_name,
        resolved.role_path,
    ) == (
        arn("team/Admin"),
        "aws",
        "222222222222",
        "Admin",
        "/team/",
    )
    assert (
        resolved.region,
        resolved.endpoint.region,
        resolved.mfa_serial,
        resolved.external_id,
    ) == (
        "eu-west-1",
        "eu-west-1",
        MFA,
        "ext",
    )
    assert (resolved.managed_profile, resolved.note, resolved.tags) == (
        "xs-pay",
        "careful",
        (("a", "b"),),
    )
    assert (resolved.origin.file, resolved.origin.line) == (CONFIG, 1)
    assert (resolved.problems, resolved.guard, resolved.cli_only, resolved.is_ad_hoc) == (
        (),
        None,
        False,
        False,
    )


def test_account_names_and_notes() -> None:
    config_view = view({"a": role("dev", xswitch_account_name="payments"), "b": role("dev")}, DEV)
    assert {name: resolved.account_name for name, resolved in roles(config_view).items()} == {
        "a": "payments",
        "b": "",
    }
    named = roles(config_view, Settings(account_names={"222222222222": "Pay"}))
    assert {name: resolved.account_name for name, resolved in named.items()} == {
        "a": "Pay",
        "b": "Pay",
    }


def test_problems_of_the_files_join_their_role_errors_first() -> None:
    config_view = view(
        {"a": role("gone"), "b": role("dev")},
        DEV,
        problems=(
            Problem("inline_comment", "x", profile="a"),
            Problem("bom", "y"),
            Problem("note", "z", "info", profile="a"),
        ),
    )
    assert codes(roles(config_view)["a"]) == ["source_missing", "inline_comment", "note"]
    assert codes(roles(config_view)["b"]) == []


def test_cli_only_profiles_are_flagged() -> None:
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
    resolved = roles(view(config, DEV))["r"]
    assert (resolved.duration_seconds, resolved.duration_reason) == (seconds, reason)
    hop = planned(resolved).hops[-1]
    assert (hop.request.duration_seconds, hop.duration_reason) == (seconds, reason)
    assert (resolved.mfa_serial is not None) is mfa


def test_the_first_serial_of_the_chain_is_the_roles() -> None:
    config_view = view(
        {
            "top": role("mid", mfa_serial="arn:aws:iam::1:mfa/other"),
            "mid": role("dev", mfa_serial=MFA),
            "on": role("mid"),
        },
        DEV,
    )
    assert {
        name: resolved.mfa_serial for name, resolved in roles(config_view).items()
    } == dict.fromkeys(("top", "mid", "on"), MFA)


def test_a_guard_applies_to_its_role_and_shortens() -> None:
    settings = Settings(
        guards=(GuardRule("prod", ("*prod*",), color="magenta", duration_seconds=1200),)
    )
    resolved = roles(view({"x-prod": role("dev"), "other": role("dev", "Other")}, DEV), settings)
    guard = resolved["x-prod"].guard
    assert guard is not None
    assert (guard.color, guard.confirm) == ("magenta", "222222222222")
    assert (resolved["x-prod"].duration_seconds, resolved["x-prod"].duration_reason) == (
        1200,
        "guard prod",
    )
    assert resolved["other"].guard is None
