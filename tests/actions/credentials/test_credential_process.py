from __future__ import annotations

import json
from datetime import timedelta

import pytest

from support.actions import CONFIG, GOOD_CODE, MFA_ARN, NOW, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions
from xswitch.core.errors import (
    AwsDeniedError,
    ConfigError,
    MfaNeededError,
    NetworkError,
    TargetError,
    VaultError,
    VaultLockedError,
)


@pytest.fixture
def world() -> World:
    return World()


def switch(world: World, name: str, **options: object) -> str:
    switch_options = SwitchOptions(**options)  # type: ignore[arg-type]
    role = world.actions.resolve(name, switch_options)
    return world.actions.switch(
        role, switch_options, FakePrompt(GOOD_CODE), no_progress
    ).managed_profile


def answer(world: World, profile: str) -> dict[str, object]:
    data = json.loads(world.actions.credential_process(profile, FakePrompt()))
    assert isinstance(data, dict)
    return data


def test_a_managed_profile_gets_its_session(world: World) -> None:
    switch(world, "payments")
    assert answer(world, "xs-payments") == {
        "Version": 1,
        "AccessKeyId": "ASIAROLE2",
        "SecretAccessKey": "canary-secret-2",
        "SessionToken": "canary-token-2",
        "Expiration": "2026-03-01T12:59:00Z",
    }
    assert len(world.sts.requests) == 1
    assert world.sts.identity_calls == 1


def test_a_role_profile_is_served_by_its_own_name(world: World) -> None:
    assert answer(world, "open")["AccessKeyId"] == "ASIAROLE1"
    assert world.hot_pointers.pointers["open"][1] == world.config.fingerprint()
    assert world.prompt_files.states == {}
    assert [entry.managed_profile for entry in world.index.stored.values()] == [""]


def test_its_own_name_means_no_overrides(world: World) -> None:
    switch(world, "open", duration_seconds=900)
    assert answer(world, "open")["AccessKeyId"] == "ASIAROLE2"
    assert answer(world, "xs-open")["AccessKeyId"] == "ASIAROLE1"


def test_no_prompt_is_needed_while_the_mfa_session_is_valid(world: World) -> None:
    switch(world, "payments")
    for _ in range(40):
        world.clock.advance(15 * 60)
        data = answer(world, "xs-payments")
        ends = str(data["Expiration"])
        assert ends > (world.clock.now() + timedelta(minutes=14)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(world.sts.mfa_calls) == 1
    end = world.prompt_files.states["xs-payments"].expires_at
    assert end is not None
    assert end > world.clock.now()


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({}, "xswitch switch payments"),
        ({"duration_seconds": 900}, "xswitch renew xs-payments"),
        ({"region": "us-east-1"}, "xswitch renew xs-payments"),
    ],
)
def test_without_a_code_it_fails_at_once_and_names_the_command(
    world: World, options: dict[str, object], command: str
) -> None:
    switch(world, "payments", **options)
    world.clock.advance(13 * 3600)
    calls = len(world.base.resolved)
    with pytest.raises(MfaNeededError) as caught:
        answer(world, "xs-payments")
    assert caught.value.next_step == command
    assert len(world.base.resolved) == calls


@pytest.mark.parametrize(
    ("made", "now", "words"),
    [
        ({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "without AWS_ENDPOINT_URL"),
        ({}, {"AWS_ENDPOINT_URL_STS": "https://a.example"}, "without AWS_ENDPOINT_URL_STS"),
        (
            {"AWS_ENDPOINT_URL": "https://a.example"},
            {},
            "with AWS_ENDPOINT_URL, which isn't set",
        ),
        (
            {"AWS_ENDPOINT_URL_STS": "https://a.example", "AWS_REGION": "eu-west-1"},
            {"AWS_ENDPOINT_URL_STS": "https://b.example", "AWS_CA_BUNDLE": "/x.pem"},
            "with another AWS_ENDPOINT_URL_STS",
        ),
        (
            {"AWS_ENDPOINT_URL": "https://a.example"},
            {
                "AWS_ENDPOINT_URL": "https://a.example",
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            },
            "without AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        ),
    ],
)
def test_a_variable_that_makes_it_another_session_is_named(
    world: World, made: dict[str, str], now: dict[str, str], words: str
) -> None:
    world.environment.set |= made
    switch(world, "payments")
    for name in made:
        del world.environment.set[name]
    world.environment.set |= now
    role = world.actions.resolve("payments", SwitchOptions())
    (renewed,) = world.actions.renew(("payments",), FakePrompt(), no_progress)
    assert isinstance(renewed.error, MfaNeededError)
    errors = [renewed.error]
    for run in (
        lambda: answer(world, "xs-payments"),
        lambda: answer(world, "reports"),
        lambda: world.actions.switch(role, SwitchOptions(), FakePrompt(), no_progress),
    ):
        with pytest.raises(MfaNeededError) as caught:
            run()
        errors.append(caught.value)
    for error in errors:
        assert f"A session that is still valid was made {words}." in error.why
        assert error.next_step
    world.clock.advance(13 * 3600)
    with pytest.raises(MfaNeededError) as caught:
        answer(world, "xs-payments")
    assert "still valid" not in caught.value.why


@pytest.mark.parametrize(
    ("command", "changed", "words"),
    [
        ("/bin/keys $TEAM ${STAGE}", {"TEAM": "b"}, "with another value of TEAM"),
        ("/bin/keys $TEAM ${STAGE}", {"STAGE": "canary"}, "with another value of STAGE"),
        (
            "/bin/keys $TEAM ${STAGE}",
            {"TEAM": "b", "STAGE": "b", "OTHER": "b"},
            "with another value of STAGE and with another value of TEAM",
        ),
        ("./keys", {"PWD": "/elsewhere"}, "in another folder"),
    ],
)
def test_a_variable_of_the_source_that_makes_it_another_session_is_named(
    command: str, changed: dict[str, str], words: str
) -> None:
    process = (
        f"[profile keys]\ncredential_process = {command}\n\n[profile p]\nrole_arn = "
        f"arn:aws:iam::222222222222:role/P\nsource_profile = keys\nmfa_serial = {MFA_ARN}\n"
    )
    world = World(config=process, credentials="", TEAM="a", STAGE="a")
    switch(world, "p")
    if "PWD" in changed:
        world.environment.folder.place = changed["PWD"]
    else:
        world.environment.set |= changed
    with pytest.raises(MfaNeededError) as caught:
        answer(world, "xs-p")
    assert f"A session that is still valid was made {words}." in caught.value.why
    assert "canary" not in str(world.index.stored)


def test_a_variable_that_changes_nothing_is_not_blamed(world: World) -> None:
    switch(world, "payments")
    world.clock.advance(13 * 3600)
    switch(world, "open")
    world.environment.set |= {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAOTHER"}
    with pytest.raises(MfaNeededError) as caught:
        answer(world, "xs-payments")
    assert "still valid" not in caught.value.why


def test_an_ad_hoc_role_can_be_renewed_from_its_managed_profile(world: World) -> None:
    managed = switch(world, "777777777777:Deploy", source="dev", duration_seconds=900)
    world.config.config = world.config.config.replace(
        "xswitch_duration_seconds = 900", "xswitch_mfa_serial = arn:aws:iam::111111111111:mfa/dev"
    )
    with pytest.raises(MfaNeededError) as caught:
        answer(world, managed)
    assert caught.value.next_step == "xswitch switch 777777777777:Deploy"


def test_a_name_with_odd_characters_is_quoted_in_the_command() -> None:
    world = World(config=CONFIG.replace("[profile payments]", "[profile pay@%+:/x]"))
    with pytest.raises(MfaNeededError) as caught:
        answer(world, "pay@%+:/x")
    assert caught.value.next_step == "xswitch switch pay@%+:/x"


@pytest.mark.parametrize(
    ("name", "step"),
    [("nothing", "xswitch list"), ("broken", "xswitch config")],
)
def test_a_profile_without_a_role_is_an_error(world: World, name: str, step: str) -> None:
    with pytest.raises((TargetError, ConfigError)) as caught:
        answer(world, name)
    assert caught.value.next_step == step


def test_a_managed_profile_whose_role_is_gone(world: World) -> None:
    switch(world, "open")
    world.config.config = world.config.config.replace("[profile open]", "[profile closed]")
    with pytest.raises(TargetError) as caught:
        answer(world, "xs-open")
    assert caught.value.next_step == "xswitch forget xs-open"


def test_a_profile_with_credentials_of_its_own_gives_those_and_stores_nothing(
    world: World,
) -> None:
    given = answer(world, "dev")
    assert given["AccessKeyId"] == "AKIADEV"
    assert "Expiration" not in given
    assert (world.vault.values, dict(world.index.entries())) == ({}, {})


def test_broken_profiles_beside_it_do_not_matter() -> None:
    world = World(
        config=CONFIG
        + "[profile odd\nrubbish\n[profile loop]\nrole_arn = x\nsource_profile = loop\n"
    )
    assert answer(world, "open")["AccessKeyId"]


def test_an_edited_config_never_gets_the_old_session(world: World) -> None:
    switch(world, "open")
    world.config.config = world.config.config.replace("role/Open", "role/Edited")
    answer(world, "xs-open")
    assert [request.role_arn.rpartition("/")[2] for request in world.sts.requests] == [
        "Open",
        "Edited",
    ]
    assert world.hot_pointers.pointers["xs-open"][1] == world.config.fingerprint()


def test_credentials_are_returned_even_if_publishing_fails(world: World) -> None:
    switch(world, "open")
    world.prompt_files.fail = ConfigError("The folder is full.")
    assert answer(world, "xs-open")["AccessKeyId"]


def test_a_locked_vault_is_reported(world: World) -> None:
    switch(world, "open")
    world.vault.fail = VaultLockedError("Locked.")
    with pytest.raises(VaultLockedError):
        answer(world, "xs-open")


def test_a_denial_is_reported(world: World) -> None:
    world.sts.refuse["arn:aws:iam::333333333333:role/Open"] = AwsDeniedError(
        "No.", code="not_authorized"
    )
    with pytest.raises(AwsDeniedError):
        answer(world, "open")


# -- background renewal


def test_the_background_renews_what_is_due(world: World) -> None:
    managed = switch(world, "payments")
    before = world.hot_pointers.pointers[managed][0]
    world.actions.renew_in_background(managed)
    assert len(world.sts.requests) == 1
    world.clock.time = NOW + timedelta(minutes=36)
    answer(world, managed)
    assert world.background.started == [managed]
    world.actions.renew_in_background(managed)
    assert len(world.sts.requests) == 2
    assert world.hot_pointers.pointers[managed][0] == before
    assert world.prompt_files.states[managed].expires_at == NOW + timedelta(minutes=96)
    assert answer(world, managed)["Expiration"] == "2026-03-01T13:35:00Z"


def test_the_background_works_for_a_role_profile_too(world: World) -> None:
    answer(world, "open")
    world.clock.advance(40 * 60)
    world.actions.renew_in_background("open")
    assert len(world.sts.requests) == 2
    assert world.prompt_files.states == {}


def test_only_one_process_renews_a_session(world: World) -> None:
    managed = switch(world, "open")
    world.clock.advance(40 * 60)
    world.locks.busy.add(f"renew-{world.hot_pointers.pointers[managed][0]}")
    world.actions.renew_in_background(managed)
    assert len(world.sts.requests) == 1


def test_a_lock_that_is_broken_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    managed = switch(world, "open")

    def hold(*_: object) -> None:
        raise VaultError("The folder is gone.")

    monkeypatch.setattr(world.locks, "hold", hold)
    with pytest.raises(VaultError):
        world.actions.renew_in_background(managed)


def test_a_background_renewal_never_prompts_and_runs_no_mfa_process() -> None:
    world = World(
        config=CONFIG.replace("[profile reports]", "mfa_process = oathtool\n[profile reports]", 1)
    )
    managed = switch(world, "payments")
    assert world.prompt_files.states[managed].renewable_until is None
    world.clock.advance(12 * 3600)
    world.mfa_command.commands.clear()
    with pytest.raises(MfaNeededError):
        world.actions.renew_in_background(managed)
    assert world.mfa_command.commands == []


def test_a_failed_background_renewal_does_not_change_the_session(world: World) -> None:
    managed = switch(world, "open")
    world.clock.advance(40 * 60)
    world.base.fail = NetworkError("No network.")
    with pytest.raises(NetworkError):
        world.actions.renew_in_background(managed)
    assert answer(world, managed)["AccessKeyId"] == "ASIAROLE1"
