"""The token broker: silent refresh, once for all, and never a question."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from support.actions import CANARY
from support.sso.sign_in import SESSION, SsoWorld, a_token, refused
from xswitch.actions.sso.tokens import AccessTokens
from xswitch.core.errors import (
    ConfigError,
    ErrorCode,
    NetworkError,
    SignInError,
    SignInNeededError,
    VaultBrokenError,
    XswitchError,
)
from xswitch.core.model import SsoSession, SsoToken
from xswitch.core.sso.sign_in_record import FailedRefresh, SignInRecord, refresh_digest, sign_in_key

CALLERS = 200


def needed(world: SsoWorld, rejected: SsoToken | None = None) -> SignInNeededError:
    with pytest.raises(SignInNeededError) as caught:
        world.tokens.token(SESSION, rejected)
    assert (caught.value.next_step, caught.value.label) == ("xswitch login corp", "corp")
    assert not world.events  # neither browser nor callback
    return caught.value


def test_a_living_token_is_used_as_it_is() -> None:
    world = SsoWorld()
    world.store(a_token(world.clock, 15 * 60))
    assert world.tokens.token(SESSION) == a_token(world.clock, 15 * 60)
    assert not world.oidc.calls


def test_the_vault_comes_before_the_shared_cache() -> None:
    world = SsoWorld()
    world.shared.tokens["corp"] = a_token(world.clock, 7200, "shared")
    assert world.tokens.token(SESSION) == a_token(world.clock, 7200, "shared")
    world.store(a_token(world.clock, name="own"))
    assert world.tokens.token(SESSION) == a_token(world.clock, name="own")


@pytest.mark.parametrize("seconds", [15 * 60 - 1, 61, 0, -3600])
@pytest.mark.parametrize("place", ["vault", "shared"])
def test_a_token_about_to_end_is_refreshed_where_it_is_stored(seconds: float, place: str) -> None:
    world = SsoWorld()
    old = a_token(world.clock, seconds)
    if place == "vault":
        world.store(old)
    else:
        world.shared.tokens["corp"] = old
    new = world.tokens.token(SESSION)
    assert new == a_token(world.clock, name="number-1")
    assert world.oidc.calls == ["refresh"]
    assert world.tokens.token(SESSION) == new
    assert world.oidc.calls == ["refresh"]
    assert (world.tokens.load(SESSION).token == new) == (place == "vault")
    assert (world.shared.tokens.get("corp") == new) == (place == "shared")


def test_a_token_of_both_places_stays_in_both() -> None:
    world = SsoWorld()
    world.store(a_token(world.clock, 60))
    world.shared.tokens["corp"] = a_token(world.clock, 60)
    new = world.tokens.token(SESSION)
    assert world.tokens.load(SESSION).token == new == world.shared.tokens["corp"]


@pytest.mark.parametrize("own", [True, False])
def test_a_renewed_token_isnt_lost_where_the_shared_cache_cant_be_written(own: object) -> None:
    """A refresh token works once, so the next program couldn't renew it again."""
    world = SsoWorld()
    world.shared.tokens["corp"] = a_token(world.clock, 60)
    world.shared.error = ConfigError("The cache can't be written.")
    if own:
        world.store(a_token(world.clock, 60, "own", refreshable=False))
    new = world.tokens.token(SESSION)
    assert world.tokens.load(SESSION).token == new == world.tokens.token(SESSION)
    assert world.oidc.calls == ["refresh"]


def test_a_token_whose_life_is_short_isnt_refreshed_at_each_call_of_a_crowd() -> None:
    world = SsoWorld()
    world.oidc.token_seconds = 300
    world.store(a_token(world.clock, 0))
    before = world.tokens._load(SESSION)
    new = world.tokens.token(SESSION)
    assert world.tokens._refresh_once(SESSION, before, None) == new
    assert world.oidc.calls == ["refresh"]


@pytest.mark.parametrize(
    "change",
    [
        {"refresh_token": None},
        {"client_secret": None},
        {"client_id": ""},
        {"registration_expires_at": None},
        {"registration_expires_at": "past"},
    ],
)
def test_a_token_that_cant_be_refreshed_needs_a_sign_in(change: dict[str, object]) -> None:
    world = SsoWorld()
    if change.get("registration_expires_at") == "past":
        change = {"registration_expires_at": world.clock.now() - timedelta(seconds=1)}
    world.store(replace(a_token(world.clock, 0), **change))  # type: ignore[arg-type]
    assert "expired" in needed(world).why
    # One with little time left is used up
    world.store(replace(a_token(world.clock, 120), **change))  # type: ignore[arg-type]
    assert world.tokens.token(SESSION).expires_at > world.clock.now()
    assert not world.oidc.calls


def test_never_signed_in() -> None:
    world = SsoWorld()
    assert needed(world).code == "sso_login"
    world.shared.damaged = True
    assert needed(world).code == "sso_cache"


@pytest.mark.parametrize("code", [ErrorCode.SSO_GRANT, ErrorCode.SSO_CLIENT])
@pytest.mark.parametrize("place", ["vault", "shared"])
def test_a_refused_refresh_is_tried_once(code: ErrorCode, place: str) -> None:
    world = SsoWorld()
    world.oidc.refusals = {"refresh": [refused(code)]}
    if place == "vault":
        world.store(a_token(world.clock, 0))
    else:
        world.shared.tokens["corp"] = a_token(world.clock, 0)
    for _ in range(5):
        assert "ended" in needed(world).why
        world.clock.advance(60)
    assert world.oidc.calls == ["refresh"]
    # The next sign-in isn't held back by it
    world.oidc.refusals.clear()
    world.store(a_token(world.clock, 0, "next"))
    assert world.tokens.token(SESSION).expires_at > world.clock.now()


def test_a_refused_refresh_leaves_a_living_token() -> None:
    world = SsoWorld()
    world.oidc.refusals = {"refresh": [refused()]}
    world.store(a_token(world.clock, 600))
    assert world.tokens.token(SESSION) == a_token(world.clock, 600)
    assert world.tokens.token(SESSION) == a_token(world.clock, 600)
    assert world.oidc.calls == ["refresh"]


def test_the_other_places_refresh_token_is_tried_too() -> None:
    world = SsoWorld()
    world.oidc.refusals = {"refresh": [refused(), refused()]}
    world.store(a_token(world.clock, 0, "own"))
    world.shared.tokens["corp"] = a_token(world.clock, 0, "shared")
    for _ in range(3):
        needed(world)
    assert world.oidc.calls == ["refresh", "refresh"]


def test_without_a_network_it_isnt_tried_by_everyone() -> None:
    world = SsoWorld()
    world.oidc.refusals = {"refresh": [NetworkError("No network.")]}
    world.store(a_token(world.clock, 0))
    for _ in range(3):
        with pytest.raises(NetworkError):
            world.tokens.token(SESSION)
    assert world.oidc.calls == ["refresh"]
    world.clock.advance(6)
    with pytest.raises(NetworkError):
        world.tokens.token(SESSION)
    assert world.oidc.calls == ["refresh"] * 2
    # A living token is served meanwhile
    world.store(a_token(world.clock, 600))
    assert world.tokens.token(SESSION) == a_token(world.clock, 600)


def test_a_rejected_token_is_replaced_or_needs_a_sign_in() -> None:
    world = SsoWorld()
    old = a_token(world.clock)
    world.store(old)
    new = world.tokens.token(SESSION, old)
    assert new != old
    world.store(a_token(world.clock, refreshable=False))
    assert "ended" in needed(world, old).why


@pytest.mark.parametrize("place", ["vault", "shared"])
def test_a_rejected_token_isnt_taken_again_and_leaves_way_for_a_sign_in(place: str) -> None:
    world = SsoWorld()
    world.oidc.refusals = {"refresh": [refused()]}
    ended = a_token(world.clock)
    if place == "vault":
        world.store(ended)
    else:
        world.shared.tokens["corp"] = ended
    assert "ended" in needed(world, ended).why
    assert "ended" in needed(world).why  # of another program, which doesn't ask the portal first
    assert world.tokens.stored(SESSION) is None
    assert world.oidc.calls == ["refresh"]
    result = world.sign_in()
    assert result.method == "authorization_code"
    assert world.tokens.token(SESSION).expires_at == result.expires_at


@pytest.mark.parametrize("place", ["vault", "shared"])
def test_a_token_that_is_renewed_and_refused_again_needs_a_sign_in(place: str) -> None:
    """Such as that of a client without the portal's scope: each program would renew it."""
    world = SsoWorld()
    if place == "vault":
        world.store(a_token(world.clock))
    else:
        world.shared.tokens["corp"] = a_token(world.clock)
    renewed = world.tokens.token(SESSION, world.tokens.token(SESSION))
    assert "ended" in needed(world, renewed).why
    assert "ended" in needed(world).why
    assert world.oidc.calls == ["refresh"]
    # One that was accepted in between is renewed again when it's refused
    world = SsoWorld()
    world.store(a_token(world.clock))
    renewed = world.tokens.token(SESSION, world.tokens.token(SESSION))
    world.clock.advance(3500)
    later = world.tokens.token(SESSION)
    assert world.tokens.token(SESSION, later) not in {renewed, later}
    assert world.oidc.calls == ["refresh"] * 3


def test_another_places_token_is_taken_after_a_rejected_one() -> None:
    world = SsoWorld()
    ended = a_token(world.clock, name="own", refreshable=False)
    world.store(ended)
    world.shared.tokens["corp"] = a_token(world.clock, name="shared")
    assert world.tokens.token(SESSION) == ended
    for _ in range(2):
        assert world.tokens.token(SESSION, ended) == world.shared.tokens["corp"]
    assert world.tokens.token(SESSION) == world.shared.tokens["corp"]
    # A token that isn't stored any more isn't kept in mind
    world.tokens.token(SESSION, a_token(world.clock, name="stranger"))
    assert len(world.tokens.load(SESSION).rejected) == 1


def test_a_rejected_token_is_replaced_while_another_process_renews_it() -> None:
    world = SsoWorld()
    ended = a_token(world.clock)
    world.store(ended)
    lock = f"sso-{sign_in_key(SESSION)}"
    with world.ports.storage.locks.hold(lock):
        new = a_token(world.clock, name="new")
        plain_sleep = world.sleep

        def sleep(seconds: float) -> None:
            plain_sleep(seconds)
            world.store(new)

        tokens = AccessTokens(replace(world.sso, sleep=sleep), world.monotonic)
        assert tokens.token(SESSION, ended) == new
    assert not world.tokens.load(SESSION).rejected


def test_a_token_isnt_stored_after_it_was_forgotten() -> None:
    world = SsoWorld()
    world.store(a_token(world.clock, 0))
    real = world.oidc.refresh

    def refresh(session: SsoSession, token: SsoToken) -> SsoToken:
        world.forget_marks.mark([sign_in_key(session)])
        world.vault.delete(sign_in_key(session))
        return real(session, token)

    world.oidc.refresh = refresh  # type: ignore[method-assign]
    assert world.tokens.token(SESSION).expires_at > world.clock.now()
    assert world.vault.get(sign_in_key(SESSION)) is None


def test_another_error_of_the_service_isnt_remembered() -> None:
    world = SsoWorld()
    world.oidc.refusals = {"refresh": [refused(ErrorCode.SSO_CALLBACK)]}
    world.store(a_token(world.clock, 0))
    for _ in range(2):
        with pytest.raises(SignInError):
            world.tokens.token(SESSION)
    assert world.oidc.calls == ["refresh"] * 2


def test_a_start_url_of_another_partition_gets_nothing() -> None:
    world = SsoWorld()
    world.store(a_token(world.clock))
    with pytest.raises(SignInError) as caught:
        world.tokens.token(replace(SESSION, region="cn-north-1"))
    assert caught.value.code == "sso_start_url"


def crowd(world: SsoWorld) -> list[SsoToken | XswitchError]:
    """Ask for the token from many threads at once."""
    results: list[SsoToken | XswitchError] = []
    start = threading.Barrier(CALLERS)
    waits = threading.Event()

    def sleep(seconds: float) -> None:
        waits.wait(seconds)

    def ask() -> None:
        tokens = AccessTokens(replace(world.sso, sleep=sleep))
        start.wait()
        try:
            results.append(tokens.token(SESSION))
        except XswitchError as error:
            results.append(error)

    threads = [threading.Thread(target=ask) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_hundred_callers_at_the_end_refresh_once() -> None:
    world = SsoWorld()
    world.store(a_token(world.clock, 0))
    results = crowd(world)
    assert results == [a_token(world.clock, name="number-1")] * CALLERS
    assert world.oidc.calls == ["refresh"]
    assert not world.events


def test_two_hundred_callers_with_a_revoked_sign_in_ask_once_and_name_the_command() -> None:
    world = SsoWorld()
    world.oidc.refusals = {"refresh": [refused()]}
    world.store(a_token(world.clock, 0))
    results = crowd(world)
    assert len(results) == CALLERS
    assert {result.next_step for result in results if isinstance(result, SignInNeededError)} == {
        "xswitch login corp"
    }
    assert all(isinstance(result, SignInNeededError) for result in results)
    assert world.oidc.calls == ["refresh"]


def test_who_waits_looks_into_the_vault_rarely_and_goes_on_when_the_token_is_there() -> None:
    world = SsoWorld()
    world.store(a_token(world.clock, 0))
    lock = f"sso-{sign_in_key(SESSION)}"
    world.locks.busy.add(lock)
    looks: list[float] = []
    get = world.vault.get

    def counted(key: str) -> str | None:
        looks.append(world.seconds)
        if world.seconds > 5 and len(looks) > 2:
            world.vault.get = get  # type: ignore[method-assign]
            world.store(a_token(world.clock, name="of-another"))
        return get(key)

    world.vault.get = counted  # type: ignore[method-assign]
    found = world.tokens.token(SESSION)
    assert found.access_token.reveal().endswith("of-another")
    assert 3 < len(looks) < 12
    assert world.seconds < 7
    # The lock is tried far more often: it is free as soon as the other one is done
    assert len(world.locks.limits) > 2 * len(looks)
    looks.clear()
    world.store(a_token(world.clock, 0))

    def freed(name: str) -> None:
        if world.seconds > 10:
            world.locks.busy.discard(name)

    world.locks.waiting = freed
    assert world.tokens.token(SESSION).access_token.reveal().endswith("number-1")
    assert world.seconds < 10.5


def test_a_vault_that_cant_be_read_is_its_own_error() -> None:
    world = SsoWorld()
    world.vault.get = _broken  # type: ignore[method-assign]
    with pytest.raises(VaultBrokenError):
        world.tokens.token(SESSION)


def _broken(key: str) -> str | None:
    raise VaultBrokenError(f"{key} is broken.")


def test_a_failure_is_of_one_refresh_token() -> None:
    world = SsoWorld()
    token = a_token(world.clock)
    failed = FailedRefresh(refresh_digest(token), world.clock.now(), refused=True)
    assert failed.blocks(token, world.clock.now() + timedelta(days=1))
    assert not failed.blocks(a_token(world.clock, name="other"), world.clock.now())
    assert CANARY not in f"{failed}{SignInRecord(token, (), (failed,))}"
