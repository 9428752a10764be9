from __future__ import annotations

import queue
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.sso.portal import (
    CORP,
    START,
    FakePortal,
    VirtualClock,
    VirtualWorkers,
    assignments,
    token,
)
from xswitch.actions.sso import discovery
from xswitch.actions.sso.discovery import (
    DiscoveryPorts,
    DiscoveryUpdate,
    NewToken,
    lock_name,
    refresh,
)
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.portal_lists import FilePortalLists
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    ErrorCode,
    LockBusyError,
    NetworkError,
    SignInNeededError,
    SourceCredentialsError,
    ThrottledError,
)
from xswitch.core.model import PortalRole, SsoToken
from xswitch.core.sso.portal_list import AccountsPage, PortalList, RolesPage


class Scene:
    """A portal, its lists on disk, and the updates that were shown."""

    def __init__(self, folder: Path, portal: FakePortal) -> None:
        self.portal = portal
        self.workers = VirtualWorkers(portal)
        self.lists = FilePortalLists(folder / "portal")
        self.ports = DiscoveryPorts(
            portal,
            self.lists,
            FileLocks(folder / "locks"),
            VirtualClock(self.workers),
            self.workers,
        )
        self.updates: list[tuple[float, DiscoveryUpdate]] = []

    def show(self, update: DiscoveryUpdate) -> None:
        self.updates.append((self.workers.time, update))

    def refresh(
        self,
        show: Callable[[DiscoveryUpdate], None] | None = None,
        new_token: NewToken = lambda _: token(),
    ) -> PortalList:
        return refresh(self.ports, CORP, new_token, show or self.show)

    def again(self) -> Scene:
        """A later process with the same files."""
        later = Scene(self.lists._folder.parent, self.portal)
        later.workers.time = self.workers.time
        return later


def listed(roles: tuple[PortalRole, ...]) -> set[tuple[str, str, str]]:
    return {(role.account_id, role.account_name, role.role_name) for role in roles}


def test_every_account_and_role_is_listed_and_shown_as_its_page_arrives(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(250, 800)))
    found = scene.refresh()
    assert listed(found.roles) == scene.portal.roles()
    shown = [role for _, update in scene.updates for role in update.roles]
    assert listed(tuple(shown)) == scene.portal.roles()
    assert len(shown) == len(found.roles) == 800
    assert not any(role.is_new or role.is_gone for role in found.roles)
    stored = scene.lists.read(CORP.start_url)
    assert stored is not None
    assert stored.roles == found.roles
    assert abs(stored.listed_at - found.listed_at) < timedelta(seconds=1)
    first_page = scene.portal.requests[0][0] + 0.2
    first_rows = next(at for at, update in scene.updates if update.roles)
    assert first_rows < first_page + 1
    last = scene.updates[-1][1]
    assert (last.accounts_done, last.accounts_known, last.roles_found) == (250, 250, 800)


def test_pages_of_roles_are_followed(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(5, 90), page_size=3))
    assert listed(scene.refresh().roles) == scene.portal.roles()


def test_a_page_is_asked_for_once_and_at_most_ten_times_a_second_at_first(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(300, 900)))
    scene.refresh()
    assert max(Counter(scene.portal.served).values()) == 1
    assert sum(1 for at, _, _ in scene.portal.requests if at < 1 - 1e-6) <= 10
    assert scene.workers.most_at_once <= 8


def test_after_a_429_the_pace_is_halved_and_the_page_waits(tmp_path: Path) -> None:
    portal = FakePortal(assignments(40, 40), refuse_once_at=1, retry_after=3)
    scene = Scene(tmp_path, portal)
    assert listed(scene.refresh().roles) == portal.roles()
    ((at, refused),) = ((at, request) for at, request, no in portal.requests if no)
    again = [time for time, other, _ in portal.requests if other == refused]
    assert again[1] >= at + 3
    assert sum(1 for time, _, _ in portal.requests if at + 0.2 < time <= at + 1.2) <= 8


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_throttled_listing_is_complete(tmp_path: Path, share: float) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(60, 200), share=share))
    assert listed(scene.refresh().roles) == scene.portal.roles()
    assert any(update.throttled for _, update in scene.updates)


def test_a_portal_that_refuses_everything_ends_the_listing_in_minutes(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(5, 5), share=1))
    with pytest.raises(ThrottledError):
        scene.refresh()
    assert scene.workers.time < 300


@pytest.mark.parametrize("kill", range(20))
def test_a_killed_listing_goes_on_without_repeating_a_page(tmp_path: Path, kill: int) -> None:
    chance = random.Random(kill)
    portal = FakePortal(assignments(120, 300), share=0.1, page_size=50, chance=chance)
    scene = Scene(tmp_path, portal)
    updates = chance.randrange(2, 120)

    class Killed(BaseException):
        pass

    def show(_: DiscoveryUpdate) -> None:
        nonlocal updates
        updates -= 1
        if not updates:
            raise Killed

    with pytest.raises(Killed):
        scene.refresh(show)
    file = next((tmp_path / "portal").glob("*.pages"))
    if kill % 2:
        file.write_bytes(file.read_bytes() + b'["roles", "1000')  # killed during a write
    kept = scene.lists.pages(CORP.start_url, START - timedelta(days=1))
    portal.served.clear()
    later = scene.again()
    assert listed(later.refresh().roles) == portal.roles()
    # Every page once, in both runs together: 3 of accounts, 1 of each account's roles
    assert len(portal.served) + len(kept) == 3 + 120
    assert max(Counter(portal.served).values()) == 1
    assert not list((tmp_path / "portal").glob("*.pages"))


def test_an_old_listing_isnt_continued(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(20, 20)))
    with pytest.raises(CancelledError):
        scene.refresh(cancel_after(5))
    later = scene.again()
    later.workers.time += 3601
    scene.portal.served.clear()
    later.refresh()
    assert len(scene.portal.served) == 21


def cancel_after(updates: int) -> Callable[[DiscoveryUpdate], None]:
    left = [updates]

    def show(_: DiscoveryUpdate) -> None:
        left[0] -= 1
        if not left[0]:
            raise CancelledError("Cancelled.")

    return show


def test_a_cancelled_listing_keeps_its_pages_and_the_list_before(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(20, 40)))
    before = scene.refresh()
    with pytest.raises(CancelledError) as cancelled:
        scene.again().refresh(cancel_after(8))
    assert "accounts are kept" in cancelled.value.why
    found = scene.lists.read(CORP.start_url)
    assert found is not None
    assert found.roles == before.roles
    assert scene.lists.pages(CORP.start_url, START)


def test_a_token_that_expires_midway_is_a_sentence_and_the_progress_is_kept(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(30, 30)))

    def end(update: DiscoveryUpdate) -> None:
        if update.accounts_done == 10:
            scene.portal.accepted = "SECRET-another"

    with pytest.raises(SourceCredentialsError) as error:
        scene.refresh(end)
    assert error.value.code == ErrorCode.SSO_LOGIN
    assert isinstance(error.value, SignInNeededError)
    assert error.value.label == "corp"
    assert error.value.why.startswith("The sign-in has ended. ")
    assert "of 30 accounts are kept" in error.value.why
    assert error.value.next_step == "xswitch login corp"
    served = len(scene.portal.served)
    assert served > 10
    later = scene.again()
    found = later.refresh(new_token=lambda _: token("SECRET-another"))
    assert listed(found.roles) == scene.portal.roles()
    assert len(scene.portal.served) <= 31 + 8  # those that were under way are asked for again


def test_a_token_that_was_renewed_meanwhile_is_taken(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(10, 10)))
    tokens = iter([token(), *(token("SECRET-another") for _ in range(20))])

    def end(update: DiscoveryUpdate) -> None:
        if update.accounts_done == 5:
            scene.portal.accepted = "SECRET-another"

    found = scene.refresh(end, new_token=lambda _: next(tokens))
    assert listed(found.roles) == scene.portal.roles()


def test_a_token_that_is_about_to_expire_is_renewed_before_it_is_sent(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(30, 30)))
    tokens = iter([token(seconds=31), *(token("SECRET-another") for _ in range(20))])
    scene.portal.accepted = "SECRET-access-token"

    def renewed(_: SsoToken | None) -> SsoToken:
        found = next(tokens)
        scene.portal.accepted = found.access_token.reveal()
        return found

    assert listed(scene.refresh(new_token=renewed).roles) == scene.portal.roles()


def test_the_network_may_fail_twice_for_a_page(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(3, 3)))
    scene.portal.faults = [NetworkError("no route"), NetworkError("no route")]
    assert listed(scene.refresh().roles) == scene.portal.roles()
    scene.portal.faults = [NetworkError("no route") for _ in range(3)]
    with pytest.raises(NetworkError):
        scene.refresh()


def test_another_error_ends_the_listing(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(3, 3)))
    scene.portal.faults = [AwsDeniedError("no")]
    with pytest.raises(AwsDeniedError):
        scene.refresh()


def test_a_page_that_the_portal_no_longer_knows_begins_its_list_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(30, 30), page_size=10))
    with pytest.raises(CancelledError):
        scene.refresh(cancel_after(2))
    file = next((tmp_path / "portal").glob("*.pages"))
    text = file.read_text().replace('"10"]', '"forgotten"]')
    file.write_text(text)
    assert listed(scene.again().refresh().roles) == scene.portal.roles()


def test_new_and_gone_roles_are_marked_until_the_next_change_or_a_week(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(3, 6)))
    account = next(iter(scene.portal.assigned))
    names = scene.portal.assigned[account][1]
    names[:] = ["Old", "Stays"]
    scene.refresh()
    names[:] = ["Stays", "Fresh"]

    def marks() -> dict[str, tuple[bool, bool]]:
        roles = scene.again().refresh().roles
        return {
            role.role_name: (role.is_new, role.is_gone)
            for role in roles
            if role.account_id == account
        }

    changed = {"Fresh": (True, False), "Old": (False, True), "Stays": (False, False)}
    assert marks() == changed
    assert marks() == changed
    scene.workers.time += 8 * 24 * 3600
    assert marks() == {"Fresh": (False, False), "Stays": (False, False)}
    names[:] = ["Stays", "Fresh", "Old"]
    assert marks()["Old"] == (True, False)


def test_one_process_lists_a_portal_and_the_others_take_its_list(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(3, 6)))
    locks = FileLocks(tmp_path / "locks")
    ports = replace(scene.ports, locks=locks)

    def inside(update: DiscoveryUpdate) -> None:
        if update.accounts_done == 2:
            with pytest.raises(LockBusyError):
                refresh(ports, CORP, lambda _: token(), wait=False)

    found = refresh(ports, CORP, lambda _: token(), inside)
    assert listed(found.roles) == scene.portal.roles()


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_FOLLOW_SECONDS", 0.02)


@pytest.mark.usefixtures("often")
def test_the_pages_of_another_process_are_shown_as_they_arrive(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(3, 9)))
    roles = [
        PortalRole(CORP.label, CORP.start_url, account, name, role)
        for account, name in (("1" * 12, "one"), ("2" * 12, "two"))
        for role in ("Admin", "Reader")
    ]
    shown: queue.SimpleQueue[DiscoveryUpdate] = queue.SimpleQueue()

    def next_update(done: Callable[[DiscoveryUpdate], bool]) -> DiscoveryUpdate:
        for _ in range(1_000):
            update = shown.get(timeout=30)
            if done(update):
                return update
        raise AssertionError("it wasn't shown")

    now, lists = scene.ports.clock.now(), scene.lists
    with ThreadPoolExecutor(1) as pool:
        with FileLocks(tmp_path / "locks").hold(lock_name(CORP.start_url)):
            waiting = pool.submit(scene.refresh, shown.put)
            first = next_update(lambda _: True)
            assert (first.roles, first.accounts_known) == ((), 0)
            lists.begin(CORP.start_url, now)
            lists.append(CORP.start_url, AccountsPage((("1" * 12, "one"), ("2" * 12, "two")), ""))
            known = next_update(lambda update: update.accounts_known == 2)
            assert known.accounts_done == 0
            for number, account in enumerate(("1" * 12, "2" * 12), 1):
                lists.append(CORP.start_url, RolesPage(account, ("Admin", "Reader"), ""))
                update = next_update(lambda update: bool(update.roles))
                assert update.roles == tuple(role for role in roles if role.account_id == account)
                assert (update.accounts_done, update.roles_found) == (number, 2 * number)
            lists.write(PortalList(CORP.label, CORP.start_url, now, now, tuple(roles)))
        assert waiting.result(30).roles == tuple(roles)
    assert scene.portal.requests == []


@pytest.mark.usefixtures("often")
def test_waiting_for_another_process_can_be_cancelled(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(3, 9)))
    with (
        FileLocks(tmp_path / "locks").hold(lock_name(CORP.start_url)),
        pytest.raises(CancelledError),
    ):
        scene.refresh(cancel_after(3))
    assert scene.portal.requests == []


@pytest.mark.usefixtures("often")
def test_a_listing_whose_process_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(5, 15)))
    with pytest.raises(CancelledError):
        scene.refresh(cancel_after(6))
    asked = len(scene.portal.requests)
    hour_ago = scene.ports.clock.now() - timedelta(hours=1)
    pages = scene.lists.pages(CORP.start_url, hour_ago)
    kept = {page.account_id if isinstance(page, RolesPage) else "" for page in pages}
    assert len(kept) > 1
    later = scene.again()
    with ThreadPoolExecutor(1) as pool:
        with FileLocks(tmp_path / "locks").hold(lock_name(CORP.start_url)):
            waiting = pool.submit(later.refresh)
            while not later.updates:
                time.sleep(0.01)
        found = waiting.result(30)
    assert listed(found.roles) == scene.portal.roles()
    assert len(scene.portal.requests) > asked
    assert not kept & {request.account_id for _, request, _ in scene.portal.requests[asked:]}


def test_no_token_is_in_a_file(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakePortal(assignments(20, 40), share=0.2))
    with pytest.raises(CancelledError):
        scene.refresh(cancel_after(20))
    scene.again().refresh(cancel_after(10_000))
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or b"SECRET" not in file.read_bytes()
