"""The keys of a static profile follow each renewal of its session, or their own end is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from support.actions import GOOD_CODE, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions, SwitchResult
from xswitch.core.errors import ConfigError
from xswitch.core.sessions import session_record


def switch(world: World, name: str, **options: object) -> SwitchResult:
    switch_options = SwitchOptions(**options)  # type: ignore[arg-type]
    role = world.actions.resolve(name, switch_options)
    return world.actions.switch(role, switch_options, FakePrompt(GOOD_CODE), no_progress)


def wait(world: World, seconds: float = 2700) -> None:
    world.clock.advance(seconds)


def by_force(world: World) -> None:
    switch(world, "hub", force=True)


def by_a_switch_when_it_is_due(world: World) -> None:
    wait(world)
    switch(world, "hub")


def by_a_switch_after_its_end(world: World) -> None:
    wait(world, 4000)
    switch(world, "hub", static=True)


def by_renew(world: World) -> None:
    wait(world, 60)
    world.actions.renew(("hub",), FakePrompt(), no_progress)


def by_renewing_all(world: World) -> None:
    wait(world, 60)
    world.actions.renew((), FakePrompt(), no_progress, all_sessions=True)


def by_an_sdk(world: World) -> None:
    wait(world)
    world.actions.credential_process("xs-hub", FakePrompt())


def by_an_sdk_after_its_end(world: World) -> None:
    wait(world, 4000)
    world.actions.credential_process("xs-hub", FakePrompt())


def by_the_role_profile(world: World) -> None:
    wait(world)
    world.actions.credential_process("hub", FakePrompt())


def by_another_managed_profile(world: World) -> None:
    wait(world)
    world.actions.credential_process("hub-too", FakePrompt())


def in_the_background(world: World) -> None:
    wait(world, 2400)
    world.actions.renew_in_background("xs-hub")


def within_the_chain_of_another_role(world: World) -> None:
    wait(world)
    switch(world, "spoke")


def within_a_chain_by_an_sdk(world: World) -> None:
    wait(world, 4000)
    world.actions.credential_process("spoke", FakePrompt())


RENEWALS = [
    by_force,
    by_a_switch_when_it_is_due,
    by_a_switch_after_its_end,
    by_renew,
    by_renewing_all,
    by_an_sdk,
    by_an_sdk_after_its_end,
    by_the_role_profile,
    by_another_managed_profile,
    in_the_background,
    within_the_chain_of_another_role,
    within_a_chain_by_an_sdk,
]


@pytest.fixture
def world() -> World:
    world = World()
    switch(world, "hub", static=True)
    switch(world, "hub", profile_name="hub-too")
    switch(world, "spoke")
    return world


def stored(world: World) -> tuple[str, datetime]:
    """Return the key ID and the end of the role's session in the vault."""
    (key,) = {
        entry.key for entry in world.index.stored.values() if entry.principal.endswith("/Hub")
    }
    record = session_record.decode(world.vault.values[key], key)
    assert record is not None
    return record.credentials.access_key_id, record.expires_at


def static(world: World) -> tuple[str, datetime]:
    """Return the key ID and the end of the keys in the credentials file."""
    profile = world.config.read().profiles["xs-hub-static"]
    end = datetime.fromisoformat(profile.get("aws_expiration") or "")
    return profile.get("aws_access_key_id") or "", end


def shown_end(world: World) -> datetime:
    """Return the end that the prompt shows, after a comparison with `status`."""
    rows = [row for row in world.actions.status() if row.entry.principal.endswith("/Hub")]
    end = world.prompt_files.states["xs-hub-static"].expires_at
    assert end is not None
    managed = [row for row in rows if row.entry.managed_profile == "xs-hub"]
    assert {row.static_expires_at for row in managed} <= {end}
    return end


@pytest.mark.parametrize("renewal", RENEWALS)
def test_the_keys_follow_every_renewal(world: World, renewal: Callable[[World], None]) -> None:
    before = static(world)
    assert before == stored(world)
    renewal(world)
    assert static(world) == stored(world)
    assert static(world) != before
    assert shown_end(world) == static(world)[1]


@pytest.mark.parametrize("renewal", RENEWALS)
def test_keys_that_cannot_be_replaced_show_their_own_end(
    world: World, renewal: Callable[[World], None]
) -> None:
    before = static(world)
    world.config.fail = ConfigError("The credentials file can't be written.")
    if renewal is by_a_switch_after_its_end:
        with pytest.raises(ConfigError):
            renewal(world)
        return
    renewal(world)
    assert stored(world) != before
    assert static(world) == before
    assert shown_end(world) == before[1]


def test_a_switch_and_a_renewal_tell_of_keys_that_stay(world: World) -> None:
    world.config.fail = ConfigError("The credentials file can't be written.")
    (problem,) = switch(world, "hub", force=True).problems
    results = world.actions.renew(("hub", "open"), FakePrompt(), no_progress)
    (renewed,) = [found for result in results for found in result.problems]
    for found in (problem, renewed):
        assert found.code == "static_keys_kept"
        assert found.profile == "xs-hub-static"
        assert "until 2026-03-01 13:00:00 UTC: The credentials file" in found.message
    assert [result.error for result in results] == [None, None]


def test_an_sdk_gets_its_answer_and_a_pointer_to_it_after_the_keys_are_written(
    world: World,
) -> None:
    by_an_sdk(world)
    key, fingerprint, _ = world.hot_pointers.pointers["xs-hub"]
    assert fingerprint == world.config.fingerprint()
    assert world.index.stored[key].expires_at == stored(world)[1]


def test_a_session_that_is_served_writes_nothing(world: World) -> None:
    changes = len(world.config.applied)
    world.actions.credential_process("xs-hub", FakePrompt())
    switch(world, "hub")
    assert len(world.config.applied) == changes
