from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from support.actions import CONFIG, CREDENTIALS, GOOD_CODE, MFA_ARN, NOW, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import ForgetPreview, ForgetResult, SwitchOptions
from xswitch.core.errors import ConfigError, TargetError, VaultError, VaultLockedError
from xswitch.core.model import IndexEntry, Problem, ProfileEdit


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


# -- everything, also if something fails


def failures(results: tuple[ForgetResult, ...]) -> list[str]:
    return [result.error.code for result in results if result.error is not None]


def filled(world: World) -> World:
    switch(world, "payments", static=True)
    switch(world, "open")
    return world


def test_sessions_that_the_index_lost_are_counted(world: World) -> None:
    filled(world)
    world.index.stored.clear()
    world.vault.values["f" * 40] = "an old one"
    results = world.actions.forget([], all_sessions=True)
    # The two role sessions are known by their profiles; the MFA session and the old one aren't
    assert ForgetResult("sessions that the index didn't name", 2) in results
    assert_nothing_left(world)


def test_a_locked_vault_is_named_and_the_rest_goes_on(world: World) -> None:
    filled(world)
    world.vault.fail = VaultLockedError("Locked.")
    results = world.actions.forget([], all_sessions=True)
    assert failures(results) == ["vault_locked"]
    assert all(result.sessions == 0 for result in results)
    assert world.config.config == CONFIG
    assert world.config.credentials == CREDENTIALS
    assert world.hot_pointers.pointers == {}
    assert len(world.index.stored) == len(world.vault.values) == 3
    world.vault.fail = None
    assert failures(world.actions.forget([], all_sessions=True)) == []
    assert_nothing_left(world)


def test_profiles_that_stay_are_named_with_the_file(world: World) -> None:
    filled(world)
    world.config.fail = ConfigError("It is read-only.", next_step="chmod u+w it")
    results = world.actions.forget([], all_sessions=True)
    errors = [result.error for result in results if result.error is not None]
    assert [error.what for error in errors] == [
        "1 profile is left in the credentials file: xs-payments-static.",
        "3 profiles are left in the config file: xs-payments, xs-open, xs-payments-static.",
    ]
    assert {error.next_step for error in errors} == {"chmod u+w it; then: xswitch forget --all"}
    assert world.vault.values == {}
    assert world.index.stored == {}


def test_an_unreadable_config_stops_no_deletion(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(world)

    def unreadable() -> None:
        raise ConfigError("It is a pipe.", code="config_not_a_file")

    monkeypatch.setattr(world.config, "read", unreadable)
    assert failures(world.actions.forget([], all_sessions=True)) == ["config_not_a_file"]
    assert world.vault.values == {}
    assert world.index.stored == {}
    assert world.prompt_files.states == {}


def test_an_index_of_a_newer_program_is_only_told(world: World) -> None:
    filled(world)
    world.index.fail_remove = ConfigError("Newer.", code="state_newer")
    results = world.actions.forget([], all_sessions=True)
    assert [result.only_told for result in results if result.error is not None] == [True]
    assert world.vault.values == {}
    switch(world, "open")
    results = world.actions.forget(["open"])
    assert [result.only_told for result in results if result.error is not None] == [True]
    assert "xs-open" not in world.config.read().profiles


def test_marks_that_can_not_be_made_are_named_and_the_rest_goes_on(world: World) -> None:
    filled(world)
    world.forget_marks.fail = ConfigError("The disk is full.", code="state_folder")
    assert failures(world.actions.forget([], all_sessions=True)) == ["state_folder"]
    assert world.vault.values == {}


def test_the_preview_counts_what_is_known(world: World) -> None:
    filled(world)
    assert world.actions.forget_preview() == ForgetPreview(
        2, 1, 0, ("xs-payments", "xs-open", "xs-payments-static")
    )
    assert len(world.vault.values) == 3


def test_sign_ins_are_counted_and_named_as_such(world: World) -> None:
    filled(world)
    end = NOW + timedelta(hours=1)
    key = "5" * 40
    world.vault.put(key, "token")
    world.index.put(IndexEntry(key, "sso_token", "corp", "https://corp/start", NOW, end, NOW))
    known = world.actions.forget_preview()
    assert (known.sessions, known.mfa_sessions, known.sign_ins) == (2, 1, 1)
    assert ForgetResult("corp (sign-in)", 1) in world.actions.forget([], all_sessions=True)


# -- requests that are under way


def forget_during(world: World, *names: str) -> None:
    """Forget while STS answers, once."""
    waiting = [True]

    def around() -> None:
        if waiting.pop() if waiting else False:
            world.actions.forget(names, all_sessions=not names)

    world.sts.around = around


@pytest.mark.parametrize("names", [(), ("xs-open",)])
@pytest.mark.parametrize("static", [False, True])
def test_a_switch_during_which_its_role_is_forgotten_keeps_nothing(
    world: World, names: tuple[str, ...], *, static: bool
) -> None:
    switch(world, "open", static=static)
    world.vault.values.clear()
    forget_during(world, *names)
    with pytest.raises(VaultError) as caught:
        switch(world, "open", static=static)
    assert caught.value.code == "forgotten"
    assert_nothing_left(world)
    assert switch(world, "open") == "xs-open"


def test_a_renewal_during_which_its_role_is_forgotten_keeps_nothing(world: World) -> None:
    switch(world, "open", static=True)
    forget_during(world)
    (result,) = world.actions.renew(["open"], FakePrompt(), no_progress)
    assert result.error is not None
    assert result.error.code == "forgotten"
    assert_nothing_left(world)


def test_a_client_during_which_all_is_forgotten_gets_its_answer(world: World) -> None:
    switch(world, "open", static=True)
    world.vault.values.clear()
    forget_during(world)
    assert "AccessKeyId" in world.actions.credential_process("xs-open", FakePrompt())
    assert_nothing_left(world)


def test_a_background_renewal_puts_nothing_back(world: World) -> None:
    switch(world, "open")
    world.vault.values.clear()
    forget_during(world)
    world.actions.renew_in_background("xs-open")
    assert_nothing_left(world)


def test_the_mfa_session_of_a_forgotten_request_is_not_kept_either(world: World) -> None:
    forget_during(world)
    with pytest.raises(VaultError):
        switch(world, "spoke")
    assert_nothing_left(world)


def test_forgetting_another_role_changes_nothing(world: World) -> None:
    switch(world, "reports")
    world.vault.values.clear()
    forget_during(world, "reports")
    assert switch(world, "open") == "xs-open"
    assert len(world.vault.values) == 1


def test_a_session_that_is_stored_while_all_are_deleted_is_removed_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = world.vault.put

    def put_late(key: str, value: str) -> None:
        world.actions.forget([], all_sessions=True)
        put(key, value)

    monkeypatch.setattr(world.vault, "put", put_late)
    with pytest.raises(VaultError):
        switch(world, "open")
    assert_nothing_left(world)


def test_a_profile_that_is_written_while_all_are_removed_is_removed_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = world.config.apply

    def apply_late(edits: Sequence[ProfileEdit]) -> tuple[Problem, ...]:
        monkeypatch.setattr(world.config, "apply", apply)
        world.actions.forget([], all_sessions=True)
        return apply(edits)

    monkeypatch.setattr(world.config, "apply", apply_late)
    with pytest.raises(VaultError):
        switch(world, "open", static=True)
    assert_nothing_left(world)
    switch(world, "open", static=True)
    monkeypatch.setattr(world.config, "apply", apply_late)
    world.actions.renew(["open"], FakePrompt(), no_progress)
    assert_nothing_left(world)
