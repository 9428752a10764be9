from __future__ import annotations

from datetime import timedelta

import pytest

from support.actions import CONFIG, CREDENTIALS, GOOD_CODE, MFA_ARN, NOW, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import MfaInfo, SessionInfo, SourceInfo, SwitchOptions
from xswitch.core.errors import VaultLockedError
from xswitch.core.model import Problem, SessionState, Settings


@pytest.fixture
def world() -> World:
    return World()


def switch(world: World, name: str, **options: object) -> str:
    switch_options = SwitchOptions(**options)  # type: ignore[arg-type]
    role = world.actions.resolve(name, switch_options)
    return world.actions.switch(
        role, switch_options, FakePrompt(GOOD_CODE), no_progress
    ).managed_profile


def test_every_role_is_there_without_vault_or_aws(world: World) -> None:
    world.vault.fail = VaultLockedError("Locked.")
    listing = world.actions.listing()
    assert [role.name for role in listing.roles] == [
        "payments",
        "reports",
        "open",
        "hub",
        "spoke",
        "broken",
        "dev",
    ]
    assert set(listing.sessions) == {role.name for role in listing.roles}
    assert all(session == SessionInfo(SessionState.NONE) for session in listing.sessions.values())
    assert listing.mfa_sessions == ()
    assert listing.current_profile == ""
    assert listing.vault_label == ""
    assert world.sts.keys == []


def test_sessions_are_listed_with_their_state(world: World) -> None:
    switch(world, "payments")
    session = world.actions.listing().sessions["payments"]
    assert (session.state, session.expires_at) == (SessionState.LIVE, NOW + timedelta(hours=1))
    assert session.key in world.vault.values
    world.clock.advance(50 * 60)
    assert world.actions.listing().sessions["payments"].state is SessionState.EXPIRING
    world.clock.advance(10 * 60)
    assert world.actions.listing().sessions["payments"].state is SessionState.EXPIRED
    assert world.actions.listing().mfa_sessions == (
        MfaInfo("dev", MFA_ARN, NOW + timedelta(hours=12)),
    )
    world.clock.advance(11 * 3600)
    assert world.actions.listing().mfa_sessions == ()


def test_the_session_of_a_row_is_the_one_its_managed_profile_serves(world: World) -> None:
    switch(world, "open", duration_seconds=900)
    assert world.actions.listing().sessions["open"].expires_at == NOW + timedelta(seconds=900)
    managed = switch(world, "777777777777:Deploy", source="dev", duration_seconds=1800)
    assert managed == "xs-777777777777-Deploy"
    assert world.actions.listing().sessions["777777777777:Deploy"].expires_at == NOW + timedelta(
        seconds=1800
    )


def test_an_edited_role_has_no_session_any_more(world: World) -> None:
    switch(world, "open")
    world.config.config = world.config.config.replace("role/Open", "role/Edited")
    session = world.actions.listing().sessions["open"]
    assert session.state is SessionState.NONE
    assert session.key


def test_a_damaged_managed_profile_is_a_problem_of_its_row_alone(world: World) -> None:
    switch(world, "open", duration_seconds=900)
    switch(world, "payments")
    world.config.config = world.config.config.replace(
        "xswitch_duration_seconds = 900", "xswitch_duration_seconds = long"
    )
    listing = world.actions.listing()
    assert listing.sessions["open"].state is SessionState.NONE
    assert listing.sessions["payments"].state is SessionState.LIVE
    assert [
        problem.profile for problem in listing.problems if problem.code == "managed_profile"
    ] == ["open"]


def test_problems_memory_and_settings_come_along() -> None:
    odd = Problem("odd_setting", "What is this?")
    world = World(config=CONFIG + "odd line\n", settings=Settings(problems=(odd,)))
    world.actions.set_pin("open", pinned=True)
    world.actions.set_pin("hub", pinned=True)
    world.actions.set_pin("hub", pinned=False)
    listing = world.actions.listing()
    assert odd in listing.problems
    assert len(listing.problems) > 1
    assert listing.usage.pins == {"open"}
    assert listing.settings.problems == (odd,)


def test_the_vault_is_named_once_it_was_opened(world: World) -> None:
    assert world.actions.vault_info().label == "runtime keyring"
    assert world.actions.listing().vault_label == "runtime keyring"


BASES = """
[profile corp]
sso_account_id = 999999999999
sso_role_name = Developer
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
[profile via-corp]
role_arn = arn:aws:iam::222222222222:role/Corp
source_profile = corp
[profile web]
role_arn = arn:aws:iam::888888888888:role/Web
web_identity_token_file = /token
[profile via-web]
role_arn = arn:aws:iam::222222222222:role/ViaWeb
source_profile = web
[profile env]
role_arn = arn:aws:iam::222222222222:role/Env
credential_source = Environment
"""


@pytest.mark.parametrize(
    ("current", "base"),
    [
        ("", SourceInfo("dev", "111111111111", "static_keys")),
        ("nothing", SourceInfo("dev", "111111111111", "static_keys")),
        ("payments", SourceInfo("dev", "111111111111", "static_keys")),
        ("open", SourceInfo("dev", "", "static_keys")),
        ("dev", SourceInfo("dev", "111111111111", "static_keys")),
        ("corp", SourceInfo("corp", "999999999999", "sso")),
        ("via-corp", SourceInfo("corp", "999999999999", "sso")),
        ("via-web", SourceInfo("web", "888888888888", "web_identity")),
        ("env", SourceInfo("environment", "", "environment")),
        ("broken", SourceInfo("dev", "111111111111", "static_keys")),
    ],
)
def test_the_base_is_the_one_this_shell_works_from(current: str, base: SourceInfo) -> None:
    world = World(config=CONFIG + BASES, AWS_PROFILE=current)
    assert world.actions.listing().base == base
    assert world.actions.listing().current_profile == current


def test_a_managed_profile_counts_as_its_role() -> None:
    world = World(config=CONFIG + BASES)
    world.environment.set["AWS_DEFAULT_PROFILE"] = switch(world, "via-corp", static=True)
    assert world.actions.listing().base == SourceInfo("corp", "999999999999", "sso")


def test_an_odd_web_identity_has_no_account() -> None:
    config = (
        "[profile web]\nrole_arn = odd\nweb_identity_token_file = /token\n"
        + BASES.partition("/token\n")[2]
    )
    world = World(config=config, AWS_PROFILE="web")
    base = world.actions.listing().base
    assert base is not None
    assert base.account_id == ""


def test_without_roles_there_is_no_base() -> None:
    assert World(config="", credentials="").actions.listing().base is None
    alone = World(config="", credentials=CREDENTIALS).actions.listing().base
    assert alone == SourceInfo("dev", "", "static_keys")


# -- status


def test_status_shows_every_session(world: World) -> None:
    switch(world, "spoke")
    switch(world, "open")
    world.clock.advance(600)
    rows = world.actions.status()
    assert [(row.entry.kind, row.entry.profile) for row in rows] == [
        ("role", "hub"),
        ("role", "open"),
        ("role", "spoke"),
        ("mfa", "dev"),
    ]
    assert [row.seconds_left for row in rows] == [3000, 3000, 3000, 12 * 3600 - 600]
    assert {row.state for row in rows} == {SessionState.LIVE}
    mfa_end = NOW + timedelta(hours=12, seconds=-60)
    assert [row.renewable_until for row in rows] == [mfa_end, None, mfa_end, None]


def test_an_expired_session_has_no_time_left(world: World) -> None:
    switch(world, "open")
    world.clock.advance(7200)
    row = world.actions.status()[0]
    assert (row.state, row.seconds_left) == (SessionState.EXPIRED, 0)


def test_a_session_of_a_role_that_is_gone_cannot_be_renewed(world: World) -> None:
    switch(world, "open")
    world.config.config = CONFIG.replace("[profile open]", "[profile closed]")
    assert world.actions.status()[0].renewable_until == NOW + timedelta(hours=1)


def test_an_mfa_process_makes_a_session_renewable_without_end() -> None:
    world = World(
        config=CONFIG.replace("[profile reports]", "mfa_process = oathtool\n[profile reports]", 1)
    )
    switch(world, "payments")
    assert world.actions.status()[0].renewable_until is None


def test_a_valid_session_within_a_chain_outlasts_the_mfa_session(world: World) -> None:
    switch(world, "payments")
    world.clock.advance(12 * 3600 - 120)
    switch(world, "spoke")
    row = next(row for row in world.actions.status() if row.entry.profile == "spoke")
    assert row.renewable_until == world.clock.now() + timedelta(minutes=59)


def test_a_code_of_its_own_is_needed_every_time() -> None:
    world = World(
        config=CONFIG + BASES + "[profile literal]\nrole_arn = arn:aws:iam::222222222222:role/L\n"
        f"source_profile = corp\nmfa_serial = {MFA_ARN}\n"
    )
    switch(world, "literal")
    assert world.actions.status()[0].renewable_until == world.clock.now()


def test_the_config_is_given_as_read(world: World) -> None:
    assert world.actions.config() == world.config.read()
