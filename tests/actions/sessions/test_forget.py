from __future__ import annotations

import pytest

from support.actions import CONFIG, CREDENTIALS, GOOD_CODE, MFA_ARN, FakePrompt, World
from xswitch.actions.api import ForgetResult, SwitchOptions
from xswitch.actions.ports import no_progress
from xswitch.core.errors import ConfigError, TargetError, VaultLockedError


@pytest.fixture
def world() -> World:
    return World()


def switch(world: World, name: str, **options: object) -> str:
    switch_options = SwitchOptions(**options)  # type: ignore[arg-type]
    role = world.actions.resolve(name, switch_options)
    return world.actions.switch(
        role, switch_options, FakePrompt(GOOD_CODE), no_progress
    ).managed_profile


def assert_nothing_left(world: World) -> None:
    assert world.vault.values == {}
    assert world.index.stored == {}
    assert world.prompt_files.states == {}
    assert world.hot_pointers.pointers == {}
    assert world.config.config == CONFIG
    assert world.config.credentials == CREDENTIALS


def test_a_role_is_forgotten_with_everything_written_for_it(world: World) -> None:
    switch(world, "open", static=True)
    assert world.actions.forget(["open"]) == (ForgetResult("open", 1, "xs-open"),)
    assert_nothing_left(world)


def test_other_roles_and_the_mfa_session_stay(world: World) -> None:
    switch(world, "payments")
    switch(world, "reports")
    world.actions.forget(["payments"])
    assert {entry.profile for entry in world.index.stored.values()} == {"dev", "reports"}
    assert "xs-reports" in world.config.read().profiles
    assert "xs-payments" not in world.config.read().profiles
    assert set(world.vault.values) == set(world.index.stored)


def test_all_means_mfa_sessions_and_sessions_in_between_too(world: World) -> None:
    switch(world, "spoke")
    switch(world, "open", static=True)
    switch(world, "777777777777:Deploy", source="dev")
    results = world.actions.forget([], all_sessions=True)
    assert set(results) == {
        ForgetResult("spoke", 1, "xs-spoke"),
        ForgetResult("open", 1, "xs-open"),
        ForgetResult("777777777777:Deploy", 1, "xs-777777777777-Deploy"),
        ForgetResult("hub", 1),
        ForgetResult("dev (MFA)", 1),
    }
    assert_nothing_left(world)


def test_all_with_nothing_there(world: World) -> None:
    assert world.actions.forget([], all_sessions=True) == ()


def test_a_base_profile_means_its_mfa_session(world: World) -> None:
    switch(world, "payments")
    assert world.actions.forget(["dev"]) == (ForgetResult("dev", 1),)
    assert {entry.kind for entry in world.index.stored.values()} == {"role"}


def test_an_mfa_session_of_the_environment(world: World) -> None:
    world.config.config += (
        "[profile env]\nrole_arn = arn:aws:iam::222222222222:role/Env\n"
        f"credential_source = Environment\nmfa_serial = {MFA_ARN}\n"
    )
    switch(world, "env")
    assert ForgetResult("the environment (MFA)", 1) in world.actions.forget([], all_sessions=True)


def test_one_of_several_managed_profiles(world: World) -> None:
    switch(world, "open")
    switch(world, "open", profile_name="work", duration_seconds=900)
    assert world.actions.forget(["work"]) == (ForgetResult("open", 1, "work"),)
    assert "xs-open" in world.config.read().profiles
    assert len(world.vault.values) == 1
    world.actions.forget(["xs-open"])
    assert_nothing_left(world)


def test_the_role_means_all_of_them(world: World) -> None:
    switch(world, "open")
    switch(world, "open", profile_name="work", duration_seconds=900)
    assert world.actions.forget(["open"])[0].sessions == 2
    assert_nothing_left(world)


def test_a_static_profile_means_the_managed_one(world: World) -> None:
    switch(world, "open", static=True)
    assert world.actions.forget(["xs-open-static"]) == (ForgetResult("open", 1, "xs-open"),)
    assert_nothing_left(world)


def test_sessions_are_found_without_the_index(world: World) -> None:
    switch(world, "open")
    switch(world, "payments")
    mfa = next(entry for entry in world.index.stored.values() if entry.kind == "mfa")
    world.index.stored.clear()
    assert world.actions.forget(["open", "xs-payments"]) == (
        ForgetResult("open", 0, "xs-open"),
        ForgetResult("payments", 0, "xs-payments"),
    )
    assert set(world.vault.values) == {mfa.key}


def test_a_managed_profile_whose_role_is_gone(world: World) -> None:
    switch(world, "open")
    world.config.config = world.config.config.replace("[profile open]", "[profile closed]")
    assert world.actions.forget(["xs-open"]) == (ForgetResult("xs-open", 1, "xs-open"),)
    assert world.vault.values == {}
    assert "xs-open" not in world.config.read().profiles


def test_a_session_whose_profile_is_gone(world: World) -> None:
    switch(world, "open")
    world.config.config = CONFIG.replace("[profile open]", "[profile closed]")
    assert world.actions.forget(["open"]) == (ForgetResult("open", 1),)
    assert world.vault.values == {}


def test_a_static_profile_whose_managed_one_is_gone(world: World) -> None:
    switch(world, "open", static=True)
    world.config.config = world.config.config.replace("[profile xs-open]", "[profile was]").replace(
        "xswitch_role = open\n", ""
    )
    world.actions.forget([], all_sessions=True)
    assert world.config.credentials == CREDENTIALS


def test_a_role_that_was_never_used_is_nothing_to_forget_but_no_error(world: World) -> None:
    assert world.actions.forget(["open", "broken"]) == (
        ForgetResult("open", 0),
        ForgetResult("broken", 0),
    )
    assert world.config.applied == []


def test_a_name_that_means_nothing_stops_it_before_anything_is_dropped(world: World) -> None:
    switch(world, "open")
    with pytest.raises(TargetError):
        world.actions.forget(["open", "nothing like it"])
    assert len(world.vault.values) == 1


def test_a_locked_vault_leaves_everything_as_it_was(world: World) -> None:
    switch(world, "open")
    world.vault.fail = VaultLockedError("Locked.")
    with pytest.raises(VaultLockedError):
        world.actions.forget(["open"])
    assert "xs-open" in world.config.read().profiles
    assert len(world.index.stored) == 1


def test_an_unwritable_config_does_not_stop_the_deletion_of_sessions(world: World) -> None:
    switch(world, "open")
    world.config.fail = ConfigError("The file changed meanwhile.")
    with pytest.raises(ConfigError):
        world.actions.forget(["open"])
    assert world.vault.values == {}


def test_a_damaged_override_does_not_stop_the_deletion_of_a_session(world: World) -> None:
    switch(world, "open", duration_seconds=900)
    world.config.config = world.config.config.replace(
        "xswitch_duration_seconds = 900", "xswitch_duration_seconds = long"
    )
    world.actions.forget(["xs-open"])
    assert_nothing_left(world)
