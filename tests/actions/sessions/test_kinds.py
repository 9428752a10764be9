"""A switch to each kind of target: what is asked, kept, written, and announced."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from support.actions import (
    CANARY,
    CONFIG,
    CREDENTIALS,
    GOOD_CODE,
    MFA_ARN,
    NOW,
    FakePrompt,
    World,
)
from xswitch.actions.ports import no_progress, replace_ports
from xswitch.actions.results import SwitchOptions, SwitchResult
from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    IdentityMismatchError,
    MfaNeededError,
    NetworkError,
    SourceCredentialsError,
    UsageError,
    XswitchError,
)
from xswitch.core.model import (
    Credentials,
    CredentialSourceKind,
    GuardRule,
    IndexEntry,
    PortalRole,
    Secret,
    Settings,
    TargetKind,
)

ACCOUNT = "222222222222"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/dana"
USER = "arn:aws:iam::111111111111:user/dana"
URL = "https://corp.awsapps.com/start"
KINDS = f"""
[sso-session corp]
sso_start_url = {URL}
sso_region = eu-west-1

[profile admin]
sso_session = corp
sso_account_id = {ACCOUNT}
sso_role_name = Admin
region = eu-west-1
output = json

[profile twin]
sso_session = corp
sso_account_id = {ACCOUNT}
sso_role_name = Admin

[profile older]
sso_start_url = {URL}
sso_region = eu-west-1
sso_account_id = {ACCOUNT}
sso_role_name = Admin

[profile me]
mfa_serial = {MFA_ARN}

[profile process]
credential_process = /bin/tool

[profile web]
role_arn = arn:aws:iam::{ACCOUNT}:role/Web
web_identity_token_file = /token

[profile login]
login_session = {USER}
"""
KEYS = """
[me]
aws_access_key_id = AKIADEV
aws_secret_access_key = canary-me
"""
PLAIN = {
    "dev": USER,
    "process": f"arn:aws:sts::{ACCOUNT}:assumed-role/Tool/me",
    "web": f"arn:aws:sts::{ACCOUNT}:assumed-role/Web/me",
    "login": USER,
}


class PortalFake:
    """Lists that a test sets."""

    def __init__(self, *roles: PortalRole) -> None:
        self.roles = roles

    def load(self) -> tuple[PortalRole, ...]:
        return self.roles


@pytest.fixture
def world() -> World:
    return new_world()


def new_world(settings: Settings | None = None, **variables: str) -> World:
    world = World(
        config=CONFIG + KINDS, credentials=CREDENTIALS + KEYS, settings=settings, **variables
    )
    give_sso(world, "ASIASSO1")
    world.sts.roles |= {"ASIAMFA1": USER, "ASIAMFA2": USER, "AKIADEV": USER}
    for kind, key in (("credential_process", "AKIAPROC"), ("web_identity", "ASIAWEB")):
        world.base.given[CredentialSourceKind(kind)] = Credentials(key, Secret(f"{CANARY}-own"))
    world.base.given[CredentialSourceKind.LOGIN_SESSION] = Credentials(
        "ASIALOGIN", Secret(f"{CANARY}-own"), Secret(f"{CANARY}-t"), NOW + timedelta(minutes=15)
    )
    world.sts.roles |= {
        "AKIAPROC": PLAIN["process"],
        "ASIAWEB": PLAIN["web"],
        "ASIALOGIN": PLAIN["login"],
    }
    return world


def give_sso(world: World, key: str, arn: str = SESSION_ARN, seconds: int = 3600) -> None:
    world.base.given[CredentialSourceKind.SSO] = Credentials(
        key,
        Secret(f"{CANARY}-sso"),
        Secret(f"{CANARY}-sso-token"),
        world.clock.now() + timedelta(seconds=seconds),
    )
    world.sts.roles[key] = arn


def switched(world: World, name: str, code: str = GOOD_CODE, **options: Any) -> SwitchResult:
    chosen = SwitchOptions(**options)
    role = world.actions.resolve(name, chosen)
    return world.actions.switch(role, chosen, FakePrompt(code), no_progress)


def answer(world: World, profile: str) -> str:
    return world.actions.credential_process(profile, FakePrompt())


# -- Identity Center


def test_an_identity_center_session_is_kept_and_served_by_a_managed_profile(world: World) -> None:
    result = switched(world, "admin")
    assert (result.managed_profile, result.from_vault) == ("xs-admin", False)
    assert result.expires_at == NOW + timedelta(hours=1)
    assert result.identity is not None
    assert result.identity.arn == SESSION_ARN
    (entry,) = world.index.entries().values()
    assert (entry.kind, entry.profile, entry.managed_profile) == ("sso", "admin", "xs-admin")
    properties = world.config.read().profiles["xs-admin"].properties
    assert {key: value.value for key, value in properties.items() if "cred" not in key} == {
        "region": "eu-west-1",
        "output": "json",
        "xswitch_role": "admin",
    }
    assert "AWSReservedSSO_Admin_=2A" in properties["credential_process"].value
    assert '"ASIASSO1"' in answer(world, "xs-admin")
    assert CANARY not in world.config.config
    # Another profile of the same role and sign-in has the same session
    assert switched(world, "twin").from_vault
    assert len(world.base.resolved) == 1
    assert set(world.prompt_files.states) >= {"xs-admin", "xs-twin"}
    assert set(world.hot_pointers.pointers) >= {"xs-admin", "xs-twin"}


def test_another_sign_in_to_the_same_portal_may_be_another_persons(world: World) -> None:
    switched(world, "admin")
    other = SESSION_ARN.replace("/dana", "/eve")
    give_sso(world, "ASIASSO2", other)
    result = switched(world, "older")
    assert result.identity is not None
    assert (result.from_vault, result.identity.arn) == (False, other)
    assert '"ASIASSO1"' in answer(world, "xs-admin")
    assert '"ASIASSO2"' in answer(world, "xs-older")


@pytest.mark.parametrize(
    ("signed_in", "until"),
    [
        ((), None),  # one of the shared cache may be used
        ((("corp", URL, True),), None),  # AWS doesn't tell the end of one that is renewed
        ((("corp", URL, False),), NOW + timedelta(hours=8, seconds=-60)),
        ((("other", URL, False),), None),
        ((("corp", "https://other.awsapps.com/start", False),), None),
    ],
)
@pytest.mark.parametrize("name", ["admin", "of-admin"])
def test_a_renewal_ends_with_a_sign_in_that_isnt_renewed(
    name: str, signed_in: tuple[tuple[str, str, bool], ...], until: datetime | None
) -> None:
    chained = "[profile of-admin]\nrole_arn = arn:aws:iam::222222222222:role/Of\n"
    world = World(config=f"{CONFIG}{KINDS}\n{chained}source_profile = admin\n")
    give_sso(world, "ASIASSO1")
    for number, (label, url, refreshable) in enumerate(signed_in):
        end = NOW + timedelta(hours=8)
        entry = IndexEntry(
            f"{number}" * 40, "sso_token", label, url, NOW, end, NOW, refreshable=refreshable
        )
        world.index.put(entry)
    switched(world, name)
    row = next(row for row in world.actions.status() if row.entry.managed_profile == f"xs-{name}")
    assert row.renewable_until == until
    assert world.prompt_files.states[f"xs-{name}"].renewable_until == until


@pytest.mark.parametrize(
    "arn",
    [
        SESSION_ARN.replace(ACCOUNT, "333333333333"),
        SESSION_ARN.replace("_Admin_", "_AdminX_"),
        SESSION_ARN.replace("_Admin_", "_Admin_X_"),
        SESSION_ARN.replace("0123456789abcdef", "0123456789abcde"),
        SESSION_ARN.replace("0123456789abcdef", "0123456789abcdeg"),
        SESSION_ARN.replace("AWSReservedSSO_Admin_0123456789abcdef", "Admin"),
        SESSION_ARN.replace("arn:aws:", "arn:aws-cn:"),
        USER,
    ],
)
def test_a_session_of_another_identity_is_dropped(world: World, arn: str) -> None:
    give_sso(world, "ASIAOTHER", arn)
    with pytest.raises(IdentityMismatchError, match=f"{ACCOUNT}/Admin"):
        switched(world, "admin")
    assert (world.vault.values, dict(world.index.entries())) == ({}, {})
    assert "xs-admin" not in world.config.config


def test_a_session_is_renewed_when_it_is_due_and_by_renew(world: World) -> None:
    switched(world, "admin")
    world.clock.advance(3600 - 10 * 60)
    give_sso(world, "ASIASSO2")
    assert '"ASIASSO2"' in answer(world, "xs-admin")
    give_sso(world, "ASIASSO3")
    (result,) = world.actions.renew(["admin"], FakePrompt(), no_progress)
    assert result.error is None
    assert '"ASIASSO3"' in answer(world, "xs-admin")
    assert [row.entry.kind for row in world.actions.status()] == ["sso"]
    give_sso(world, "ASIASSO4")
    (result,) = world.actions.renew([], FakePrompt(), no_progress, all_sessions=True)
    assert (result.name, result.error) == ("admin", None)


def test_without_a_sign_in_a_valid_session_is_served_and_none_is_an_error(world: World) -> None:
    world.base.fail = SourceCredentialsError("Not signed in.", code=ErrorCode.SSO_LOGIN)
    with pytest.raises(SourceCredentialsError):
        switched(world, "admin")
    world.base.fail = None
    switched(world, "admin")
    world.clock.advance(3600 - 10 * 60)
    world.base.fail = SourceCredentialsError("Not signed in.", code=ErrorCode.SSO_LOGIN)
    assert '"ASIASSO1"' in answer(world, "xs-admin")
    world.clock.advance(11 * 60)
    with pytest.raises(SourceCredentialsError):
        answer(world, "xs-admin")


def test_a_revoked_session_is_replaced_once(world: World) -> None:
    switched(world, "admin")
    world.sts.refuse["ASIASSO1"] = AwsDeniedError("Gone.", code=ErrorCode.INVALID_KEY)
    give_sso(world, "ASIASSO2")
    assert not switched(world, "admin").from_vault


@pytest.mark.parametrize("name", ["admin", "xs-admin"])
def test_forget_leaves_nothing(world: World, name: str) -> None:
    switched(world, "admin", static=True)
    (result,) = world.actions.forget([name])
    assert (result.sessions, result.managed_profile) == (1, "xs-admin")
    assert world.vault.values == {}
    assert "xs-admin" not in world.config.config + world.config.credentials
    assert world.prompt_files.states == {}


def test_static_keys_follow_the_session(world: World) -> None:
    switched(world, "admin", static=True)
    assert "ASIASSO1" in world.config.credentials
    give_sso(world, "ASIASSO2")
    switched(world, "admin", force=True)
    assert "ASIASSO2" in world.config.credentials


def test_an_edited_profile_is_another_role_for_the_managed_profile(world: World) -> None:
    switched(world, "admin")
    world.config.config = world.config.config.replace(
        f"{ACCOUNT}\nsso_role_name = Admin\nregion", f"{ACCOUNT}\nsso_role_name = Reader\nregion"
    )
    with pytest.raises(XswitchError) as caught:
        answer(world, "xs-admin")
    assert caught.value.code == ErrorCode.OTHER_ROLE
    assert caught.value.next_step == "xswitch switch admin"


# -- MFA sessions


def test_an_mfa_session_is_one_for_the_user_and_all_roles(world: World) -> None:
    result = switched(world, "me")
    assert (result.managed_profile, result.role.account_id) == ("xs-me", "111111111111")
    assert result.expires_at == NOW + timedelta(hours=12)
    assert result.identity is not None
    assert result.identity.arn == USER
    (entry,) = world.index.entries().values()
    assert (entry.kind, entry.profile, entry.managed_profile) == ("mfa", "me", "xs-me")
    assert '"ASIAMFA1"' in answer(world, "xs-me")
    world.config.config += (
        f"\n[profile of-me]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/OfMe\nsource_profile = me\n"
        f"mfa_serial = {MFA_ARN}\n"
    )
    assert switched(world, "of-me", code="no code").identity is not None
    assert world.sts.mfa_calls == [43200]


def test_a_role_that_renews_the_mfa_session_leaves_its_row_alone(world: World) -> None:
    switched(world, "me")
    world.config.config += (
        f"\n[profile of-me]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/OfMe\nsource_profile = me\n"
        f"mfa_serial = {MFA_ARN}\n"
    )
    world.clock.advance(12 * 3600)
    world.sts.codes.add(GOOD_CODE)
    switched(world, "of-me")
    kinds = {entry.kind: entry.managed_profile for entry in world.index.entries().values()}
    assert kinds == {"mfa": "xs-me", "role": "xs-of-me"}


def test_the_session_of_another_user_is_dropped(world: World) -> None:
    world.sts.roles["ASIAMFA1"] = USER.replace("dana", "eve")
    with pytest.raises(IdentityMismatchError, match=r"user/eve, not .*user/dana"):
        switched(world, "me")
    assert world.vault.values == {}


def test_its_renewal_needs_a_code_and_no_program_is_asked_for_one(world: World) -> None:
    switched(world, "me")
    row = next(row for row in world.actions.status() if row.entry.kind == "mfa")
    assert row.renewable_until == NOW
    world.clock.advance(12 * 3600)
    with pytest.raises(MfaNeededError) as caught:
        answer(world, "xs-me")
    assert caught.value.next_step == "xswitch switch me"
    world.sts.codes.add(GOOD_CODE)
    (result,) = world.actions.renew(["me"], FakePrompt(GOOD_CODE), no_progress)
    assert result.error is None
    assert '"ASIAMFA2"' in answer(world, "xs-me")


def test_its_duration_can_be_chosen_and_is_kept(world: World) -> None:
    result = switched(world, "me", duration_seconds=1800)
    assert result.expires_at == NOW + timedelta(minutes=30)
    assert "xswitch_duration_seconds = 1800" in world.config.config
    assert '"ASIAMFA1"' in answer(world, "xs-me")


def test_forget_of_the_user_ends_the_mfa_session_and_of_a_role_does_not(world: World) -> None:
    switched(world, "me")
    (result,) = world.actions.forget(["me"])
    assert (result.sessions, result.managed_profile) == (1, "xs-me")
    assert world.vault.values == {}


# -- profiles that need nothing


@pytest.mark.parametrize("name", PLAIN)
def test_a_profile_that_needs_nothing_is_used_as_it_is(world: World, name: str) -> None:
    before = world.config.config, world.config.credentials
    result = switched(world, name)
    assert (result.managed_profile, result.expires_at, result.static) == (name, None, False)
    assert result.identity is not None
    assert result.identity.arn == PLAIN[name]
    assert result.role.account_id == PLAIN[name].split(":")[4]
    assert (world.config.config, world.config.credentials) == before
    assert (world.vault.values, dict(world.index.entries())) == ({}, {})
    assert name in world.memory.uses
    state = world.prompt_files.states[name]
    assert (state.account, state.expires_at) == (result.role.account_id, None)
    assert world.actions.status() == ()
    assert [entry.result for entry in world.actions.history()] == ["own"]
    (renewed,) = world.actions.renew([name], FakePrompt(), no_progress)
    assert renewed.error is not None
    assert renewed.error.code == ErrorCode.NO_SESSION
    (forgotten,) = world.actions.forget([name])
    assert (forgotten.sessions, forgotten.managed_profile) == (0, "")
    assert (world.config.config, world.config.credentials) == before
    assert name not in world.prompt_files.states
    assert f'"{world.sts.keys[0]}"' in answer(world, name)


def test_the_role_of_a_web_identity_is_checked(world: World) -> None:
    world.sts.roles["ASIAWEB"] = PLAIN["web"].replace("/Web/", "/Other/")
    with pytest.raises(IdentityMismatchError):
        switched(world, "web")


def test_the_account_is_the_one_that_aws_names_whatever_the_sign_in_is_called() -> None:
    settings = Settings(guards=(GuardRule("g", (ACCOUNT,), confirm="account"),))
    world = new_world(settings)
    world.sts.roles["ASIALOGIN"] = f"arn:aws:iam::{ACCOUNT}:user/dana"
    with pytest.raises(UsageError, match=f'type "{ACCOUNT}"'):
        switched(world, "login")
    assert switched(world, "login", confirmation=ACCOUNT).role.account_id == ACCOUNT


def test_without_verification_nothing_is_asked(world: World) -> None:
    world.settings.settings = Settings(verify_identity=False)
    result = switched(world, "process")
    assert (result.identity, world.base.resolved, world.sts.keys) == (None, [], [])


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    "options", [{"static": True}, {"profile_name": "mine"}, {"duration_seconds": 900}]
)
def test_options_that_write_or_shape_a_session_are_refused(
    world: World, name: str, options: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=f"isn't possible for {name}"):
        switched(world, name, **options)


@pytest.mark.parametrize("region", [None, "eu-north-1"])
def test_a_region_is_the_shells(world: World, region: str | None) -> None:
    result = switched(world, "dev", region=region)
    assert result.region == (region or "eu-west-1")
    assert result.region_source == ("option" if region else "role")
    assert result.region_in_profile is (region is None)


@pytest.mark.parametrize("pattern", ["111111111111", "live", "live*"])
def test_a_guard_of_an_account_that_only_aws_names_holds(pattern: str) -> None:
    settings = Settings(
        guards=(GuardRule("production", (pattern,), color="blue", confirm="account"),),
        account_names={"111111111111": "live"},
    )
    world = new_world(settings)
    assert world.actions.resolve("dev", SwitchOptions()).guard is None
    with pytest.raises(UsageError) as caught:
        switched(world, "dev")
    assert caught.value.code == ErrorCode.GUARD_UNCONFIRMED
    assert caught.value.next_step == "xswitch switch dev --confirm live"
    assert "dev" not in world.prompt_files.states
    result = switched(world, "dev", confirmation="live")
    assert result.role.guard is not None
    assert world.prompt_files.states["dev"].color == "blue"


def test_keys_that_aws_rejects_name_the_command_that_renews_them(world: World) -> None:
    world.sts.refuse["AKIADEV"] = AwsDeniedError("No.", code=ErrorCode.INVALID_KEY)
    with pytest.raises(SourceCredentialsError) as caught:
        switched(world, "dev")
    assert caught.value.next_step == "aws configure --profile dev"


def test_no_network_is_told(world: World) -> None:
    world.sts.identity_error = NetworkError("No network.", code=ErrorCode.DNS)
    with pytest.raises(NetworkError):
        switched(world, "dev")
    assert [entry.result for entry in world.actions.history()] == ["dns"]


@pytest.mark.parametrize("name", ["admin", "me", *PLAIN])
def test_the_previous_profile_of_every_kind_is_one_to_go_back_to(name: str) -> None:
    world = new_world()
    managed = switched(world, name).managed_profile
    world.environment.set["XSWITCH_PREVIOUS"] = managed
    world.environment.set["AWS_PROFILE"] = "xs-open"
    assert world.actions.resolve("-", SwitchOptions()).name == name
    listing = world.actions.listing()
    assert {role.name: role.kind for role in listing.roles}[name].has_session is (
        name in {"admin", "me"}
    )
    assert listing.base is not None


@pytest.mark.parametrize("name", ["admin", "me", *PLAIN])
def test_explain_says_that_a_target_of_any_kind_works(name: str) -> None:
    world = new_world()
    role = world.actions.resolve(name, SwitchOptions())
    found = world.actions.explain(role, SwitchOptions(), FakePrompt(GOOD_CODE), no_progress)
    assert (str(found.verdict), found.causes) == ("allowed", ())
    assert world.vault.values == {}


# -- roles that only a portal lists


def test_a_role_without_a_profile_is_switched_to_and_outlives_its_list() -> None:
    world = new_world()
    lists = PortalFake(PortalRole("corp", URL, "444444444444", "data lake", "Reader"))
    world.actions = type(world.actions)(replace_ports(world.ports, portal_lists=lists))
    arn = SESSION_ARN.replace(ACCOUNT, "444444444444").replace("_Admin_", "_Reader_")
    give_sso(world, "ASIASSO1", arn)
    before = world.config.config
    role = world.actions.resolve("444444444444:Reader", SwitchOptions())
    assert (role.name, role.kind) == ("data lake/Reader", TargetKind.SSO)
    assert world.actions.resolve("data lake:Reader", SwitchOptions()).name == role.name
    result = switched(world, "lake reader")
    assert world.base.resolved[0].profile is None
    managed = result.managed_profile
    assert managed.startswith("xs-data-lake/Reader")
    assert '"ASIASSO1"' in answer(world, managed)
    lists.roles = ()
    assert '"ASIASSO1"' in answer(world, managed)
    again = world.actions.resolve(managed, SwitchOptions())
    assert (again.name, again.account_name) == ("data lake/Reader", "data lake")
    assert switched(world, managed).from_vault
    (result_,) = world.actions.forget(["data lake/Reader"])
    assert result_.managed_profile == managed
    assert world.config.config == before


DEFAULT = "\n[default]\nregion = {}\n"


@pytest.mark.parametrize(
    ("config", "variables", "option", "region", "source"),
    [
        ("", {}, None, "eu-west-1", "sso_region"),
        (DEFAULT.format("eu-central-1"), {}, None, "eu-central-1", "default_profile"),
        (DEFAULT.format("us-gov-west-1"), {}, None, "eu-west-1", "sso_region"),
        (DEFAULT.format("not a region"), {}, None, "eu-west-1", "sso_region"),
        (
            DEFAULT.format("eu-central-1"),
            {"AWS_REGION": "eu-west-3"},
            None,
            "eu-west-3",
            "AWS_REGION",
        ),
        ("", {"AWS_DEFAULT_REGION": "eu-west-3"}, None, "eu-west-3", "AWS_DEFAULT_REGION"),
        ("", {"AWS_REGION": "cn-north-1"}, None, "eu-west-1", "sso_region"),
        ("", {"AWS_REGION": "eu-west-3"}, "eu-north-1", "eu-north-1", "option"),
    ],
)
def test_programs_have_a_region_also_without_a_profile(
    config: str, variables: dict[str, str], option: str | None, region: str, source: str
) -> None:
    world = new_world(None, **variables)
    world.config.config += config
    lists = PortalFake(PortalRole("corp", URL, "444444444444", "data lake", "Reader"))
    world.actions = type(world.actions)(replace_ports(world.ports, portal_lists=lists))
    arn = SESSION_ARN.replace(ACCOUNT, "444444444444").replace("_Admin_", "_Reader_")
    give_sso(world, "ASIASSO1", arn)
    result = switched(world, "lake reader", region=option)
    assert (result.region, result.region_source) == (region, source)
    assert {endpoint.region for endpoint in world.sts.endpoints} == {region}
    # A region that was given stays with the managed profile, which is all that the role has
    assert result.region_in_profile is (option is not None)
    again = switched(world, "lake reader")
    assert again.from_vault
    assert (again.region, again.region_source) == (
        (region, source) if option is None else (region, "role")
    )


def test_the_progress_of_a_role_without_a_profile_names_it() -> None:
    world = new_world()
    lists = PortalFake(PortalRole("corp", URL, "444444444444", "data lake", "Reader"))
    world.actions = type(world.actions)(replace_ports(world.ports, portal_lists=lists))
    give_sso(world, "ASIASSO1", SESSION_ARN.replace(ACCOUNT, "4" * 12).replace("Admin", "Reader"))
    role = world.actions.resolve("lake reader", SwitchOptions())
    told: list[str] = []
    world.actions.switch(role, SwitchOptions(), FakePrompt(), told.append)
    assert told[0] == "reading the credentials of 444444444444/Reader at corp"
