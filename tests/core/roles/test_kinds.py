"""Every kind of profile: whether it is a row, which kind, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from support.roles import KEYS, MFA, arn, error, other_problems, role, targets, view
from xswitch.core.errors import UsageError
from xswitch.core.model import (
    CredentialSourceKind,
    GuardRule,
    PortalRole,
    Role,
    Settings,
    TargetKind,
)
from xswitch.core.profiles.managed import Overrides, managed_properties, portal_role_name
from xswitch.core.roles.changes import changes
from xswitch.core.roles.resolve import managed_profiles
from xswitch.core.sessions.plan import plan_sessions

URL = "https://corp.awsapps.com/start"
LEGACY = {
    "sso_start_url": URL,
    "sso_region": "eu-west-1",
    "sso_account_id": "222222222222",
    "sso_role_name": "Admin",
}
SESSION = {"sso_session": "corp", "sso_account_id": "222222222222", "sso_role_name": "Admin"}
SESSIONS = {"corp": {"sso_start_url": URL, "sso_region": "eu-west-1"}}
TOKEN_KEYS = {**KEYS, "aws_session_token": "t"}
LOGIN = {"login_session": "arn:aws:sts::111111111111:assumed-role/Dev/dana"}
WEB = {"role_arn": arn("Web"), "web_identity_token_file": "/token"}

PROFILES: Mapping[str, tuple[dict[str, str], TargetKind | None]] = {
    "role": (role("keys"), TargetKind.ROLE),
    "role-mfa": (role("keys", mfa_serial=MFA), TargetKind.ROLE),
    "by-env": ({"role_arn": arn("X"), "credential_source": "Environment"}, TargetKind.ROLE),
    "of-sso": (role("sso"), TargetKind.ROLE),
    "role-with-keys": ({**role("keys"), **KEYS}, TargetKind.ROLE),
    "sso": (SESSION, TargetKind.SSO),
    "legacy": (LEGACY, TargetKind.SSO),
    "sso-with-keys": ({**SESSION, **KEYS}, TargetKind.SSO),
    "keys": (KEYS, TargetKind.STATIC_KEYS),
    "keys-mfa": ({**KEYS, "mfa_serial": MFA}, TargetKind.MFA_SESSION),
    "keys-mfa-empty": ({**KEYS, "mfa_serial": ""}, TargetKind.STATIC_KEYS),
    "keys-mfa-hardware": ({**KEYS, "mfa_serial": "GAHT12345678"}, TargetKind.MFA_SESSION),
    "temporary-mfa": ({**TOKEN_KEYS, "mfa_serial": MFA}, TargetKind.STATIC_KEYS),
    "process": ({"credential_process": "/bin/p"}, TargetKind.CREDENTIAL_PROCESS),
    "process-mfa": (
        {"credential_process": "/bin/p", "mfa_serial": MFA},
        TargetKind.CREDENTIAL_PROCESS,
    ),
    "web": (WEB, TargetKind.WEB_IDENTITY),
    "login": (LOGIN, TargetKind.LOGIN_SESSION),
    "region-only": ({"region": "eu-west-1", "output": "json"}, None),
    "mfa-only": ({"mfa_serial": MFA}, None),
    "source-without-role": ({"source_profile": "keys"}, None),
    "credential-source-only": ({"credential_source": "Environment"}, None),
    "xs-role": ({"credential_process": "/x", "xswitch_role": "role"}, None),
    "xs-role-static": ({**TOKEN_KEYS, "xswitch_role": "xs-role"}, None),
}
VIEW = view({name: keys for name, (keys, _) in PROFILES.items()}, sso_sessions=SESSIONS)
TARGETS = targets(VIEW)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_that_gives_credentials_is_a_row_of_its_kind(name: str) -> None:
    kind = PROFILES[name][1]
    assert (TARGETS[name].kind if name in TARGETS else None) is kind
    if kind is not None:
        found = TARGETS[name]
        assert found.chain is not None, found.problems
        assert bool(found.chain.hops) is (kind is TargetKind.ROLE)
        assert found.managed_profile == (f"xs-{name}" if kind.has_session else name)
        assert (found.sso is not None) is (kind is TargetKind.SSO)


def test_roles_come_first_and_profiles_with_credentials_of_their_own_last() -> None:
    kinds = [found.kind for found in TARGETS.values()]
    firsts = [kind in {TargetKind.ROLE, TargetKind.SSO} for kind in kinds]
    assert firsts == sorted(firsts, reverse=True)
    assert next(iter(TARGETS)) == "role"


def test_the_identity_is_what_the_settings_tell() -> None:
    wanted = {
        "sso": ("222222222222", "Admin"),
        "legacy": ("222222222222", "Admin"),
        "keys-mfa": ("111111111111", ""),
        "keys-mfa-hardware": ("", ""),
        "keys": ("", ""),
        "process": ("", ""),
        "web": ("222222222222", "Web"),
        "login": ("111111111111", ""),
    }
    found = {name: (TARGETS[name].account_id, TARGETS[name].role_name) for name in wanted}
    assert found == wanted
    principals = {name: TARGETS[name].principal for name in wanted}
    pattern = (
        "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Admin_*"
    )
    assert principals == {
        "sso": pattern,
        "legacy": pattern,
        "keys-mfa": MFA,
        "keys-mfa-hardware": "arn:aws:iam:::mfa/GAHT12345678",
        "keys": "",
        "process": "",
        "web": arn("Web"),
        "login": "",
    }


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-iso-east-1", "aws-iso"),
    ],
)
def test_the_partition_of_an_identity_center_role_is_its_portals(
    region: str, partition: str
) -> None:
    found = targets(view({"a": {**LEGACY, "sso_region": region}}))["a"]
    assert found.partition == partition
    assert found.role_arn.startswith(f"arn:{partition}:iam::222222222222:role/")
    assert found.endpoint.region.startswith(region.split("-", maxsplit=1)[0])


@pytest.mark.parametrize("missing", LEGACY)
def test_an_incomplete_identity_center_profile_is_a_row_that_names_what_is_missing(
    missing: str,
) -> None:
    keys = {key: value for key, value in LEGACY.items() if key != missing}
    found = targets(view({"a": keys}))["a"]
    assert found.kind is TargetKind.SSO
    assert error(found).code == "sso_incomplete"
    assert error(found).message.endswith(f"lacks {missing}.")


@pytest.mark.parametrize(
    ("keys", "code", "part"),
    [
        ({"sso_session": "corp"}, "sso_incomplete", "sso_account_id, sso_role_name"),
        ({**SESSION, "sso_session": "gone"}, "sso_session_missing", "gone"),
        ({**SESSION, "sso_region": "us-east-1"}, "sso_conflict", "must be equal"),
        ({**SESSION, "sso_account_id": "12"}, "sso_invalid", "12 digits"),
        ({**SESSION, "sso_role_name": "A/B"}, "sso_invalid", "letters"),
    ],
)
def test_other_mistakes_of_identity_center_profiles(
    keys: dict[str, str], code: str, part: str
) -> None:
    found = targets(view({"a": keys}, sso_sessions=SESSIONS))["a"]
    assert (found.kind, error(found).code) == (TargetKind.SSO, code)
    assert part in error(found).message


@pytest.mark.parametrize(
    ("keys", "kind", "code"),
    [
        ({"aws_access_key_id": "AKIA"}, TargetKind.STATIC_KEYS, "partial_keys"),
        ({"aws_secret_access_key": "s"}, TargetKind.STATIC_KEYS, "partial_keys"),
        ({"web_identity_token_file": "/t"}, TargetKind.WEB_IDENTITY, "web_identity_no_role"),
        (
            {**KEYS, "mfa_serial": f"{MFA}\nx = y"},
            TargetKind.MFA_SESSION,
            "mfa_serial_invalid",
        ),
        (
            {"credential_process": "xswitch credential-process a"},
            TargetKind.CREDENTIAL_PROCESS,
            "source_loop",
        ),
    ],
)
def test_mistakes_of_the_other_kinds(keys: dict[str, str], kind: TargetKind, code: str) -> None:
    found = targets(view({"a": keys}))["a"]
    assert (found.kind, error(found).code) == (kind, code)


def test_an_mfa_device_that_aws_rejects_is_only_warned_of() -> None:
    found = targets(view({"a": {**KEYS, "mfa_serial": "short"}}))["a"]
    assert found.chain is not None
    assert [(each.code, each.severity) for each in found.problems] == [
        ("mfa_serial_invalid", "warning")
    ]


# -- sessions


def plan_of(found: Role, overrides: Overrides | None = None) -> str:
    plan = plan_sessions(
        found, Settings(), user_at_host="me@host", overrides=overrides or Overrides()
    )
    return plan.key


def test_a_target_and_the_roles_made_from_it_share_one_mfa_session() -> None:
    found = targets(view({"dev": {**KEYS, "mfa_serial": MFA}, "a": role("dev", mfa_serial=MFA)}))
    plan = plan_sessions(found["a"], Settings(), user_at_host="me@host")
    assert plan.mfa is not None
    assert plan_of(found["dev"]) == plan.mfa.key != plan.key


def test_the_key_of_an_identity_center_session_is_of_the_role_and_the_sign_in() -> None:
    base = plan_of(TARGETS["legacy"])
    named = plan_of(TARGETS["sso"])
    assert named != base  # it may be another person's
    twin = targets(view({"a": SESSION, "b": {**SESSION, "region": "x-y-1"}}, sso_sessions=SESSIONS))
    assert plan_of(twin["a"]) == plan_of(twin["b"]) == named
    other = {**SESSION, "sso_session": "other"}
    sessions = {**SESSIONS, "other": SESSIONS["corp"]}
    assert plan_of(targets(view({"a": other}, sso_sessions=sessions))["a"]) not in {base, named}
    assert plan_of(TARGETS["legacy"], Overrides(region="eu-north-1")) == base
    for key, value in (
        ("sso_start_url", "https://other.awsapps.com/start"),
        ("sso_region", "us-east-1"),
        ("sso_account_id", "333333333333"),
        ("sso_role_name", "Reader"),
    ):
        assert plan_of(targets(view({"a": {**LEGACY, key: value}}))["a"]) != base, key
    for url in (f"{URL}/", f"{URL}/#/", "HTTPS://Corp.awsapps.com/start"):
        same = targets(view({"a": {**LEGACY, "sso_start_url": url}}))["a"]
        assert plan_of(same) == base, url
    env = {"AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:1"}
    assert plan_of(targets(VIEW, env=env)["legacy"]) != base


def test_a_guard_shortens_an_mfa_session() -> None:
    settings = Settings(guards=(GuardRule("short", ("keys-mfa",), duration_seconds=1800),))
    found = targets(VIEW, settings)["keys-mfa"]
    assert (found.duration_seconds, found.duration_reason) == (1800, "guard short")
    plan = plan_sessions(found, settings, user_at_host="me@host")
    assert plan.mfa is not None
    assert plan.mfa.duration_seconds == 1800


OPTIONS = {
    "--duration": Overrides(duration_seconds=900),
    "--session-name": Overrides(session_name="me"),
    "--external-id": Overrides(external_id="ext"),
    "--policy-arn": Overrides(policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",)),
    "--policy": Overrides(policy="{}"),
    "--tag": Overrides(tags=(("a", "b"),)),
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", ["role", "sso", "keys-mfa", "keys", "process", "web", "login"])
def test_options_that_a_kind_cant_have_are_refused_with_the_reason(name: str, option: str) -> None:
    allowed = name == "role" or (name == "keys-mfa" and option == "--duration")
    if allowed:
        plan_of(TARGETS[name], OPTIONS[option])
        return
    with pytest.raises(UsageError, match=f"^{option} isn't possible for {name}") as caught:
        plan_of(TARGETS[name], OPTIONS[option])
    assert caught.value.why
    assert option in caught.value.next_step


@pytest.mark.parametrize("name", ["sso", "keys-mfa", "keys", "process", "web", "login"])
def test_a_guards_policy_that_cant_be_had_refuses_the_target(name: str) -> None:
    settings = Settings(guards=(GuardRule("limit", (name,), policy="{}"),))
    found = targets(VIEW, settings)[name]
    assert found.guard is not None
    with pytest.raises(UsageError, match="session policy"):
        plan_of(found)


# -- guards


@pytest.mark.parametrize(
    "pattern",
    [
        "sso",
        "legacy",
        "222222222222",
        "payments",
        "222222222222:admin",
        "payments:Admin",
        "arn:aws:iam::222222222222:role/aws-reserved/*",
        "arn:aws:iam::222222222222:*",
        "*:role/AWSReservedSSO_Admin_*",
        "my-own-name",
    ],
)
def test_every_name_of_an_identity_center_role_guards_every_way_to_it(pattern: str) -> None:
    managed = {"credential_process": "/x", "xswitch_role": "sso"}
    view_ = view({"sso": SESSION, "legacy": LEGACY, "my-own-name": managed}, sso_sessions=SESSIONS)
    settings = Settings(
        guards=(GuardRule("g", (pattern,)),), account_names={"222222222222": "payments"}
    )
    found = targets(view_, settings)
    assert [found[name].guard is not None for name in ("sso", "legacy")] == [True, True]


@pytest.mark.parametrize("pattern", ["admin", "xs-*", "222222222222:AdminX", "role", "222"])
def test_other_names_guard_no_identity_center_role(pattern: str) -> None:
    settings = Settings(guards=(GuardRule("g", (pattern,)),))
    assert targets(VIEW, settings)["sso"].guard is None


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("keys", "KEYS"),
        ("keys-mfa", "111111111111"),
        ("keys-mfa", "live"),
        ("process", "proc*"),
        ("login", "111111111111"),
        ("login", "live"),
        ("web", arn("Web")),
        ("web", "222222222222:Web"),
    ],
)
def test_the_other_kinds_are_guarded_by_all_that_their_settings_tell(
    name: str, pattern: str
) -> None:
    settings = Settings(
        guards=(GuardRule("g", (pattern,)),), account_names={"111111111111": "live"}
    )
    assert targets(VIEW, settings)[name].guard is not None


# -- roles of a portal


def listed(account: str, name: str, role_name: str, url: str = URL) -> PortalRole:
    return PortalRole("corp", url, account, name, role_name)


PORTAL = (
    listed("222222222222", "payments", "Admin"),
    listed("222222222222", "payments", "Reader"),
    listed("333333333333", "data lake", "Admin", f"{URL}/#/"),
    listed("444444444444", "twin", "Admin"),
    listed("555555555555", "twin", "Admin"),
    listed("666666666666", "", "Admin"),
    listed("777777777777", "elsewhere", "Admin", "https://other.awsapps.com/start"),
    listed("bad", "bad", "Admin"),
)


def test_listed_roles_that_no_profile_has_are_rows_named_by_account_and_role() -> None:
    found = targets(view({"sso": SESSION}, sso_sessions=SESSIONS), portal_roles=PORTAL)
    assert list(found) == [
        "sso",
        "payments/Reader",
        "data lake/Admin",
        "444444444444/Admin@corp",
        "555555555555/Admin@corp",
        "666666666666/Admin",
    ]
    reader = found["payments/Reader"]
    assert (reader.kind, reader.account_id, reader.role_name) == (
        TargetKind.SSO,
        "222222222222",
        "Reader",
    )
    assert reader.managed_profile == "xs-payments/Reader"
    assert reader.chain is not None
    assert (reader.chain.base.kind, reader.chain.base.profile) == (CredentialSourceKind.SSO, None)
    # The list names the account everywhere
    assert {each.account_name for name, each in found.items() if "2222" in each.account_id} == {
        "payments"
    }


def test_the_portals_names_count_after_the_settings_and_the_profiles() -> None:
    named = {**role("sso", "Other"), "xswitch_account_name": "mine"}
    view_ = view({"sso": SESSION, "a": named}, sso_sessions=SESSIONS)
    found = targets(view_, portal_roles=PORTAL)
    assert (found["a"].account_name, found["sso"].account_name) == ("mine", "payments")
    settings = Settings(account_names={"222222222222": "Pay"})
    found = targets(view_, settings, portal_roles=PORTAL)
    assert {found["a"].account_name, found["payments/Reader"].account_name} == {"Pay"}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("role_name", ["Reader", "Admin"])
def test_a_managed_profile_alone_leads_to_its_role(role_name: str, *, legacy: bool) -> None:
    sections = {"other": {**LEGACY, "sso_role_name": "Other"}} if legacy else {}
    sessions = {} if legacy else SESSIONS
    entry = listed("999999999999", "payments live", role_name)
    before = targets(view(sections, sso_sessions=sessions), portal_roles=(entry,))
    shown = before[f"payments live/{role_name}"]
    properties = managed_properties(shown, view({}), Overrides(region="eu-north-1"), "/x")
    assert properties["xswitch_role"] == portal_role_name(shown.sso) if shown.sso else False
    managed = {shown.managed_profile: properties}
    alone = view(managed, sso_sessions=sessions)
    found = targets(alone)
    assert list(found) == [shown.name]
    again = found[shown.name]
    assert (again.managed_profile, again.account_name) == (shown.managed_profile, "payments live")
    assert plan_of(again) == plan_of(shown)
    assert set(changes(shown, again)) <= {"region", "endpoint region"}
    assert again.region == "eu-north-1"
    assert managed_profiles(alone, tuple(found.values())) == {shown.managed_profile: shown.name}
    assert other_problems(alone) == []
    # A profile for it takes its place, and its managed profile still leads there
    own = LEGACY if legacy else {"sso_session": "corp"}
    profile = {**own, "sso_account_id": "999999999999", "sso_role_name": role_name}
    covered = view({"mine": profile, **managed}, sso_sessions=sessions)
    found = targets(covered, portal_roles=(entry,))
    assert list(found) == ["mine"]
    assert managed_profiles(covered, tuple(found.values()))[shown.managed_profile] == "mine"
    # One with another sign-in doesn't: it may be another person's
    other = {"sso_session": "twin"} if legacy else LEGACY
    theirs = {**other, "sso_account_id": "999999999999", "sso_role_name": role_name}
    beside = view(
        {"theirs": theirs, **managed}, sso_sessions={**sessions, "twin": SESSIONS["corp"]}
    )
    found = targets(beside, portal_roles=(replace(entry, session="twin"),))
    assert list(found) == ["theirs", shown.name]
    assert plan_of(found[shown.name]) == plan_of(shown)
    assert managed_profiles(beside, tuple(found.values())) == {shown.managed_profile: shown.name}


def test_a_guard_by_account_name_guards_a_role_that_only_the_portal_names() -> None:
    settings = Settings(guards=(GuardRule("g", ("payments:*",)),))
    found = targets(view({"sso": SESSION}, sso_sessions=SESSIONS), settings, portal_roles=PORTAL)
    guarded = {name for name, each in found.items() if each.guard is not None}
    assert guarded == {"sso", "payments/Reader"}
