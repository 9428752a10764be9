from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from support.actions import GOOD_CODE, MFA_ARN, NOW, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import RenewResult, SwitchOptions
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    ConfigError,
    MfaNeededError,
    TargetError,
    UsageError,
    VaultLockedError,
)
from xswitch.core.model import GuardRule, Settings


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("payments", "reports", "spoke", "open"):
        switch(world, name)
    return world


def switch(world: World, name: str, **options: object) -> str:
    switch_options = SwitchOptions(**options)  # type: ignore[arg-type]
    role = world.actions.resolve(name, switch_options)
    return world.actions.switch(
        role, switch_options, FakePrompt(GOOD_CODE), no_progress
    ).managed_profile


def renew(
    world: World, *names: str, prompt: FakePrompt | None = None, everything: bool = False
) -> tuple[RenewResult, ...]:
    return world.actions.renew(names, prompt or FakePrompt(), no_progress, all_sessions=everything)


def names(results: tuple[RenewResult, ...]) -> list[str]:
    return [result.name for result in results]


def test_named_sessions_are_renewed_in_the_order_asked_for(world: World) -> None:
    world.clock.advance(60)
    results = renew(world, "open", "payments")
    assert results == tuple(
        RenewResult(name, NOW + timedelta(minutes=61), managed_profile=f"xs-{name}")
        for name in ("open", "payments")
    )
    assert len(world.sts.mfa_calls) == 1
    assert world.prompt_files.states["xs-open"].expires_at == NOW + timedelta(minutes=61)
    assert world.hot_pointers.pointers["xs-open"][1] == world.config.fingerprint()


def test_all_are_renewed_with_one_question_the_next_morning(world: World) -> None:
    world.clock.advance(20 * 3600)
    world.sts.codes.add("222222")
    prompt = FakePrompt("222222", "333333", "444444")
    results = renew(world, everything=True, prompt=prompt)
    assert sorted(names(results)) == ["open", "payments", "reports", "spoke"]
    assert all(result.error is None for result in results)
    assert len(prompt.challenges) == 1
    assert len(world.sts.mfa_calls) == 2


def test_they_run_side_by_side() -> None:
    config = "[profile dev]\nregion = eu-west-1\n" + "".join(
        f"[profile r{number}]\nrole_arn = arn:aws:iam::222222222222:role/R{number}\n"
        "source_profile = dev\n"
        for number in range(4)
    )
    world = World(config=config)
    barrier = threading.Barrier(4, timeout=20)

    def together() -> None:
        barrier.wait()

    world.sts.around = together
    assert all(result.error is None for result in renew(world, "r0", "r1", "r2", "r3"))


def test_one_failure_does_not_stop_the_others(world: World) -> None:
    world.sts.refuse["arn:aws:iam::222222222222:role/Reports"] = AwsDeniedError(
        "Not allowed.", code="not_authorized"
    )
    results = renew(world, "open", "reports", "nothing like it", "payments", "broken")
    errors = [None if result.error is None else type(result.error) for result in results]
    assert errors[:4] == [None, AwsDeniedError, TargetError, None]
    assert isinstance(results[4].error, ConfigError)
    assert names(results) == ["open", "reports", "nothing like it", "payments", "broken"]


def test_one_target_under_several_names_is_renewed_once(world: World) -> None:
    calls = len(world.sts.requests)
    assert names(renew(world, "open", "xs-open", "333333333333:Open", "payments", "open")) == [
        "open",
        "payments",
    ]
    assert len(world.sts.requests) == calls + 2


def test_a_rejected_code_fails_all_targets_without_another_prompt(world: World) -> None:
    world.clock.advance(20 * 3600)
    prompt = FakePrompt("222221", "222222", "222223", "222224", "222225")
    results = renew(world, "payments", "reports", "open", prompt=prompt)
    assert [None if result.error is None else result.error.code for result in results] == [
        "mfa_wrong",
        "mfa_wrong",
        None,
    ]
    assert len(prompt.challenges) == 3


def test_without_a_prompt_the_other_sessions_are_renewed(world: World) -> None:
    world.clock.advance(20 * 3600)
    results = renew(world, "payments", "open")
    assert isinstance(results[0].error, MfaNeededError)
    assert results[1].error is None


def test_cancelling_the_prompt_cancels_the_renewal(world: World) -> None:
    world.clock.advance(20 * 3600)
    with pytest.raises(CancelledError):
        renew(world, "payments", "reports", prompt=FakePrompt(CancelledError("The user gave up.")))


def test_stopping_stops_what_is_under_way_and_what_comes(world: World) -> None:
    messages: list[str] = []

    def stop(text: str) -> None:
        messages.append(text)
        raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        world.actions.renew(["open", "payments", "reports"], FakePrompt(), stop)
    assert len(messages) <= 3
    assert all(not lock.locked() for lock in world.locks._locks.values())


def test_no_progress_is_reported_after_a_stop() -> None:
    config = "[profile dev]\nregion = eu-west-1\n" + "".join(
        f"[profile r{number}]\nrole_arn = arn:aws:iam::222222222222:role/R{number}\n"
        "source_profile = dev\n"
        for number in range(30)
    )
    world = World(config=config)
    messages: list[str] = []

    def stop(text: str) -> None:
        messages.append(text)
        raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        world.actions.renew([f"r{number}" for number in range(30)], FakePrompt(), stop)
    assert len(messages) <= 8
    assert world.sts.requests == []


def test_a_renewal_keeps_the_overrides_of_a_managed_profile() -> None:
    world = World()
    switch(world, "open", duration_seconds=900)
    switch(world, "open", profile_name="work", session_name="me@work")
    renew(world, "xs-open", "work")
    assert sorted(
        (request.duration_seconds, request.session_name) for request in world.sts.requests[-2:]
    ) == [
        (900, "dana@host"),
        (3600, "me@work"),
    ]


def test_all_means_the_managed_profiles_not_the_sessions_in_between(world: World) -> None:
    before = [request.role_arn for request in world.sts.requests]
    renew(world, everything=True)
    assert sum("Hub" in arn for arn in before) == 1
    assert sum("Hub" in request.role_arn for request in world.sts.requests) == 1


def test_with_nothing_to_renew_nothing_is_done() -> None:
    assert renew(World(), everything=True) == ()
    assert renew(World()) == ()


def test_a_role_that_was_never_switched_to_gets_a_session_and_no_profile() -> None:
    world = World()
    assert renew(world, "open")[0].error is None
    assert world.config.applied == []
    assert world.prompt_files.states == {}


def test_a_guarded_role_must_have_been_switched_to() -> None:
    world = World(settings=Settings(guards=(GuardRule("prod", ("open",)),)))
    result = renew(world, "open")[0]
    assert isinstance(result.error, UsageError)
    assert result.error.next_step == "xswitch switch open"
    switch(world, "open", confirmation="333333333333")
    assert renew(world, "open")[0].error is None


def test_static_keys_are_replaced() -> None:
    world = World()
    switch(world, "open", static=True)
    switch(world, "payments", static=True)
    applied = len(world.config.applied)
    world.clock.advance(60)
    renew(world, "open", "payments")
    assert len(world.config.applied) == applied + 1
    view = world.config.read()
    assert view.profiles["xs-open-static"].get("aws_expiration") == "2026-03-01T13:01:00Z"
    assert view.profiles["xs-open-static"].get("aws_access_key_id") != "ASIAROLE1"
    assert view.profiles["xs-payments-static"].get("region") == "eu-west-1"
    assert world.prompt_files.states["xs-open-static"].renewable_until == world.clock.now()


def test_a_failure_to_publish_does_not_fail_a_renewal(world: World) -> None:
    world.prompt_files.fail = ConfigError("The folder is full.")
    assert renew(world, "open")[0].error is None


def test_a_locked_vault_is_the_error_of_each(world: World) -> None:
    world.vault.fail = VaultLockedError("Locked.")
    assert all(
        isinstance(result.error, VaultLockedError) for result in renew(world, "open", "payments")
    )


def test_roles_that_send_a_code_each_are_asked_one_after_the_other() -> None:
    config = (
        "[profile sso]\nsso_account_id = 111111111111\nsso_role_name = D\n"
        "sso_start_url = https://x\nsso_region = eu-west-1\n"
        + "".join(
            f"[profile l{number}]\nrole_arn = arn:aws:iam::222222222222:role/L{number}\n"
            f"source_profile = sso\nmfa_serial = {MFA_ARN}\n"
            for number in range(3)
        )
    )
    world = World(config=config)
    world.sts.codes = {"000001", "000002", "000003"}
    prompt = FakePrompt("000001", "000001", "000002", "000003")
    assert all(result.error is None for result in renew(world, "l0", "l1", "l2", prompt=prompt))
    assert sorted(world.sts.codes_seen) == ["000001", "000002", "000003"]


def commands(world: World) -> dict[str, str]:
    commands = {
        name: profile.get("credential_process") or ""
        for name, profile in world.config.read().profiles.items()
    }
    return {name: command for name, command in commands.items() if command}


def test_managed_profiles_that_start_another_xswitch_start_this_one_after_a_renewal(
    world: World,
) -> None:
    before = commands(world)
    assert set(before) >= {"xs-open", "xs-payments"}
    world.environment.words = ("/new/bin/python3", "-I", "-S", "/new/share/xswitch")
    settings = {
        name: dict(profile.properties) for name, profile in world.config.read().profiles.items()
    }
    assert all(result.error is None for result in renew(world, "open"))
    assert commands(world) == {
        **before,
        "xs-open": "/new/bin/python3 -I -S /new/share/xswitch credential-process xs-open"
        " arn:aws:iam::333333333333:role/Open",
    }
    after = world.config.read().profiles["xs-open"].properties
    assert {key: value.value for key, value in after.items() if key != "credential_process"} == {
        key: value.value
        for key, value in settings["xs-open"].items()
        if key != "credential_process"
    }
    # The hot pointer must match the current config
    assert world.hot_pointers.pointers["xs-open"][1] == world.config.fingerprint()


def test_a_config_that_can_not_be_written_is_no_reason_not_to_renew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = commands(world)
    world.environment.words = ("/new/xswitch",)

    def refuse(_: object) -> None:
        raise ConfigError("Read-only.", code="unwritable")

    monkeypatch.setattr(world.config, "apply", refuse)
    assert all(result.error is None for result in renew(world, "open"))
    assert commands(world) == before
