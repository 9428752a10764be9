"""Listings of a large portal that are killed at random moments, forked from a warm process.

Run as `python -m support.reliability.portal_kills FOLDER LISTINGS SEED`; prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.config.writers import in_child
from support.sso.portal import CORP, FakePortal, assignments
from xswitch.actions.sso.discovery import DiscoveryPorts, refresh
from xswitch.adapters.sso.workers import ThreadWorkers
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.portal_lists import FilePortalLists
from xswitch.core.model import Secret, SsoSession, SsoToken
from xswitch.core.sso.portal_list import EndedRequest, PageRequest, PortalPage, RolesPage

ACCOUNTS, ROLES = 500, 1_500
MOST_KILLS = 4
_SPEED = 200
"""Seconds of the listing in a second: its pace is as it would be, its CPU time the same."""


class FastWorkers(ThreadWorkers):
    """Real threads, in a time that passes faster."""

    def now(self) -> float:
        return time.monotonic() * _SPEED

    def wait(self, until: float) -> tuple[EndedRequest, ...]:
        now = self.now()
        return super().wait(now + (until - now) / _SPEED)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class LoggedPortal(FakePortal):
    """A portal whose answers stay on record after the process that asked is killed."""

    log: Path = Path()

    def page(self, session: SsoSession, token: Secret, request: PageRequest) -> PortalPage:
        page = super().page(session, token, request)
        line = json.dumps([request.account_id, request.next_token]) + "\n"
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, line.encode())
        os.close(descriptor)
        return page

    def answered(self) -> list[PageRequest]:
        """Return the requests that were answered with a page, by any process."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [PageRequest(*json.loads(line)) for line in lines]


def asked_for(pages: tuple[PortalPage, ...]) -> Iterator[PageRequest]:
    """Yield the requests whose pages these are: one's `next_token` asks for the next."""
    following: dict[str, str] = {}
    for page in pages:
        account = page.account_id if isinstance(page, RolesPage) else ""
        yield PageRequest(account, following.get(account, ""))
        following[account] = page.next_token


def listing(folder: Path, chance: random.Random, window: float, found: Counter[str]) -> float:
    """Kill a listing a few times, let it end, and count what went wrong.

    Returns the seconds within which the next one is killed.
    """
    seed = chance.randrange(1 << 30)
    portal = LoggedPortal(
        assignments(ACCOUNTS, ROLES, seed),
        share=0.1,
        retry_after=1,
        chance=random.Random(seed),
        log=folder / "answered",
    )
    lists = FilePortalLists(folder / "portal")
    ports = DiscoveryPorts(portal, lists, FileLocks(folder / "locks"), _Clock(), FastWorkers)
    token = SsoToken(Secret(portal.accepted), datetime.now(UTC) + timedelta(hours=8))

    def work() -> None:
        portal.chance = random.Random(seed + os.getpid())
        refresh(ports, CORP, lambda _: token)

    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    finished: set[PageRequest] = set()
    wanted = chance.randint(1, MOST_KILLS)
    while wanted and lists.read(CORP.start_url) is None:
        before = len(portal.answered())
        child = in_child(work)
        time.sleep(chance.uniform(0, window))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        found["repeated"] += len(finished & set(portal.answered()[before:]))
        if lists.read(CORP.start_url) is not None:
            window *= 0.8
            break
        wanted -= 1
        found["kills"] += os.WIFSIGNALED(status)
        found["failed"] += not os.WIFSIGNALED(status)
        finished = set(asked_for(lists.pages(CORP.start_url, long_ago)))
        found["kills amid the pages"] += bool(finished)
        window *= 1.05
    done = len(portal.answered())
    if lists.read(CORP.start_url) is None:
        _, status = os.waitpid(in_child(work), 0)
        found["failed"] += status != 0
    rest = portal.answered()[done:]
    found["repeated"] += len(finished & set(rest)) + len(rest) - len(set(rest))
    whole = lists.read(CORP.start_url)
    roles = whole.roles if whole else ()
    listed = [(role.account_id, role.account_name, role.role_name) for role in roles]
    found["incomplete"] += len(listed) != ROLES or set(listed) != portal.roles()
    found["left over"] += bool(lists.pages(CORP.start_url, long_ago))
    found["listings"] += 1
    return window


def main(folder: Path, listings: int, seed: int) -> Counter[str]:
    """Kill listings, each in a folder of its own."""
    found: Counter[str] = Counter()
    chance = random.Random(seed)
    window = 0.3
    for number in range(listings):
        place = folder / str(number)
        place.mkdir()
        window = listing(place, chance, window, found)
    return found


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    print(json.dumps(main(Path(where), *map(int, numbers))))  # noqa: T201 -- its answer
