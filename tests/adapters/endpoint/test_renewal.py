"""Credentials are renewed ahead, once for all callers, and a failure ends nothing that lives."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from conftest import FixedClock
from support.endpoint import SECONDS, Source
from xswitch.adapters.endpoint.renewal import RenewedCredentials
from xswitch.core.errors import NetworkError, XswitchError
from xswitch.core.sessions.container_endpoint import ServedCredentials


@pytest.fixture
def source(clock: FixedClock) -> Source:
    return Source(clock.now)


@pytest.fixture
def held(source: Source) -> Iterator[RenewedCredentials]:
    renewed = RenewedCredentials(source, source.now, source())
    renewed.start()
    yield renewed
    renewed.stop()


def key(served: ServedCredentials) -> str:
    return served.credentials.access_key_id.removeprefix("ASIAENDPOINT")


def wait_until(renewed: RenewedCredentials, holds: Callable[[], bool]) -> None:
    with renewed._changed:
        assert renewed._changed.wait_for(holds, SECONDS)


def test_a_living_session_is_served_without_a_renewal(
    held: RenewedCredentials, source: Source, clock: FixedClock
) -> None:
    clock.advance(34 * 60)
    held.look()
    assert key(held.current()) == "1"
    assert source.calls == 1


def test_it_is_renewed_ahead_without_a_caller_for_26_hours(
    held: RenewedCredentials, source: Source, clock: FixedClock
) -> None:
    end = clock.now() + timedelta(hours=26)
    while clock.now() < end:
        before = held._attempts
        clock.advance(36 * 60)
        held.look()
        wait_until(held, lambda before=before: held._attempts > before)  # type: ignore[misc]
        served = held.current()
        assert key(served) == str(source.calls)
        assert served.usable_at(clock.now() + timedelta(minutes=50))
    assert source.calls > 26


def test_a_failed_renewal_leaves_the_living_session_and_is_tried_again(
    held: RenewedCredentials, source: Source, clock: FixedClock
) -> None:
    source.failure = NetworkError("AWS wasn't reached.")
    clock.advance(40 * 60)
    held.look()
    wait_until(held, lambda: held._attempts == 1)
    assert key(held.current()) == "1"
    clock.advance(14)
    held.look()
    assert key(held.current()) == "1"
    source.failure = None
    clock.advance(2)
    held.look()
    wait_until(held, lambda: held._attempts == 2)
    assert key(held.current()) == "3"


def test_after_its_end_callers_share_one_renewal(
    held: RenewedCredentials, source: Source, clock: FixedClock
) -> None:
    reached, go = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        assert go.wait(SECONDS)

    source.before = wait
    clock.advance(61 * 60)
    with concurrent.futures.ThreadPoolExecutor(20) as crowd:
        callers = [crowd.submit(held.current) for _ in range(20)]
        assert reached.wait(SECONDS)
        go.set()
        assert {key(caller.result(SECONDS)) for caller in callers} == {"2"}
    assert source.calls == 2


def test_after_its_end_a_failure_reaches_each_caller_and_the_next_one_tries_again(
    held: RenewedCredentials, source: Source, clock: FixedClock
) -> None:
    source.failure = NetworkError("AWS wasn't reached.")
    clock.advance(61 * 60)
    with pytest.raises(NetworkError, match="AWS wasn't reached"):
        held.current()
    source.failure = None
    assert held.current().usable_at(clock.now())


def test_a_bug_tells_no_secret_and_the_thread_lives_on(
    held: RenewedCredentials, source: Source, clock: FixedClock
) -> None:
    def fail() -> None:
        msg = "wJalrXUtnFEMI"
        raise ValueError(msg)

    source.before = fail
    clock.advance(61 * 60)
    with pytest.raises(XswitchError) as caught:
        held.current()
    assert "wJalr" not in str(caught.value)
    source.before = lambda: None
    assert held.current().usable_at(clock.now())


def test_a_source_that_gives_the_same_session_is_not_asked_without_an_end(
    clock: FixedClock,
) -> None:
    source = Source(clock.now)
    first = source()
    calls = 0

    def same() -> ServedCredentials:
        nonlocal calls
        calls += 1
        return first

    renewed = RenewedCredentials(same, clock.now, first)
    renewed.start()
    try:
        clock.advance(36 * 60)
        renewed.look()
        wait_until(renewed, lambda: renewed._attempts == 1)
        renewed.look()
        assert renewed.current() == first
        assert renewed._next is not None
        assert renewed._next > clock.now()
        assert calls == 1
    finally:
        renewed.stop()


def test_without_a_first_session_the_first_caller_gets_one(clock: FixedClock) -> None:
    source = Source(clock.now)
    renewed = RenewedCredentials(source, clock.now)
    renewed.start()
    try:
        assert key(renewed.current()) == "1"
    finally:
        renewed.stop()


def test_a_stopped_one_tells_callers_so_at_once(clock: FixedClock) -> None:
    renewed = RenewedCredentials(Source(clock.now), clock.now)
    renewed.start()
    renewed.stop()
    with pytest.raises(NetworkError):
        renewed.current()
