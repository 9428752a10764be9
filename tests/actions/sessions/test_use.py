"""`use_session`: credentials of a target for one use."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.actions import CONFIG, CREDENTIALS, GOOD_CODE, NOW, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions, UsedSession
from xswitch.core.errors import ErrorCode, MfaNeededError, UsageError, XswitchError
from xswitch.core.model import GuardRule, Settings

GUARDED = Settings(guards=(GuardRule("prod", ("open",), confirm="role"),))


@pytest.fixture
def world() -> World:
    return World()


def use(
    world: World, target: str, options: SwitchOptions | None = None, *codes: str | XswitchError
) -> UsedSession:
    options = options or SwitchOptions(command="xswitch export")
    role = world.actions.resolve(target, options)
    prompt = FakePrompt(*(codes or (GOOD_CODE,)))
    return world.actions.use_session(role, options, prompt, no_progress)


def test_a_session_is_stored_and_no_profile_is_written(world: World) -> None:
    used = use(world, "payments")
    assert used.credentials.expires_at == NOW + timedelta(hours=1)
    assert used.identity is not None
    assert used.identity.arn.startswith("arn:aws:sts::222222222222:assumed-role/Admin/")
    assert used.region == "eu-west-1"
    assert (world.config.config, world.config.credentials) == (CONFIG, CREDENTIALS)
    assert world.hot_pointers.pointers == {}
    again = use(world, "payments")
    assert again.from_vault
    assert again.credentials == used.credentials


def test_a_switch_and_a_use_have_the_same_session(world: World) -> None:
    used = use(world, "payments")
    options = SwitchOptions()
    role = world.actions.resolve("payments", options)
    switched = world.actions.switch(role, options, FakePrompt(), no_progress)
    assert switched.from_vault
    assert switched.expires_at == used.credentials.expires_at


def test_what_was_used_is_forgotten_by_its_name(world: World) -> None:
    use(world, "payments")
    (forgotten,) = world.actions.forget(["payments"])
    assert forgotten.sessions == 1
    assert not use(world, "payments").from_vault


def test_other_options_are_another_session(world: World) -> None:
    first = use(world, "payments")
    second = use(world, "payments", SwitchOptions(session_name="other"))
    assert not second.from_vault
    assert second.credentials != first.credentials


def test_a_guard_is_confirmed_by_the_command_that_asked(world: World) -> None:
    world.settings.settings = GUARDED
    with pytest.raises(UsageError) as raised:
        use(world, "open")
    assert raised.value.code == ErrorCode.GUARD_UNCONFIRMED
    assert raised.value.next_step.startswith("xswitch export open --confirm")
    with pytest.raises(UsageError):
        use(world, "open", SwitchOptions(confirmation="no"))
    assert use(world, "open", SwitchOptions(confirmation="Open")).credentials.temporary


def test_a_question_that_cannot_be_asked_is_an_error(world: World) -> None:
    with pytest.raises(MfaNeededError):
        use(world, "payments", None, MfaNeededError("no terminal"))


def test_another_role_than_was_shown_is_refused(world: World) -> None:
    options = SwitchOptions()
    role = world.actions.resolve("payments", options)
    world.config.config = world.config.config.replace("222222222222", "333333333333")
    with pytest.raises(XswitchError) as raised:
        world.actions.use_session(role, options, FakePrompt(GOOD_CODE), no_progress)
    assert raised.value.code == ErrorCode.ROLE_CHANGED
