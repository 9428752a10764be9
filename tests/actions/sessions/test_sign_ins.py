"""A source whose sign-in has ended: its callers fail at once, without waiting for a lock."""

from __future__ import annotations

import pytest

from support.actions import CONFIG, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions
from xswitch.core.errors import SignInNeededError
from xswitch.core.errors.sso import sign_in_needed

SSO = """
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
[profile own]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Developer
[profile older]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 111111111111
sso_role_name = Developer
[profile one]
role_arn = arn:aws:iam::222222222222:role/One
source_profile = own
[profile two]
role_arn = arn:aws:iam::222222222222:role/Two
source_profile = one
[profile three]
role_arn = arn:aws:iam::222222222222:role/Three
source_profile = two
"""
NAMES = ["own", "older", "one", "two", "three"]


@pytest.fixture
def world() -> World:
    return World(config=CONFIG + SSO)


def ask(world: World, name: str) -> str:
    return world.actions.credential_process(name, FakePrompt())


@pytest.mark.parametrize("name", NAMES)
def test_who_isnt_signed_in_fails_without_a_lock(world: World, name: str) -> None:
    world.base.signed_out = sign_in_needed("corp")
    with pytest.raises(SignInNeededError) as caught:
        ask(world, name)
    assert caught.value.next_step == "xswitch login corp"
    assert (world.locks.held, world.base.resolved) == ([], [])
    assert world.history.entries[-1].result == caught.value.code


@pytest.mark.parametrize("name", ["one", "two", "three"])
def test_the_sign_in_is_renewed_once_and_while_nothing_is_locked(world: World, name: str) -> None:
    held: list[int] = []
    world.base.at_sign_in = lambda: held.append(
        sum(lock.locked() for lock in world.locks._locks.values())
    )
    ask(world, name)
    assert held == [0]


def test_a_stored_session_of_a_chain_needs_no_sign_in(world: World) -> None:
    ask(world, "two")
    world.base.signed_out = sign_in_needed("corp")
    ask(world, "three")
    ask(world, "two")
    assert len(world.base.signed_in) == 1


def test_a_session_that_is_due_but_valid_is_served(world: World) -> None:
    first = ask(world, "one")
    world.base.signed_out = sign_in_needed("corp")
    world.clock.advance(3_600 - 15 * 60)
    assert ask(world, "one") == first


def test_another_source_needs_no_sign_in(world: World) -> None:
    world.actions.switch(
        world.actions.resolve("open", SwitchOptions()),
        SwitchOptions(),
        FakePrompt(),
        no_progress,
    )
    assert not world.base.signed_in
