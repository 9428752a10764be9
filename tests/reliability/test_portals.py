"""Listings of a large portal that refuses a tenth of the requests, in virtual time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from support.reliability.generated import Tally
from support.reliability.soak import chance, chunks
from support.sso.portal import CORP, FakePortal, VirtualClock, VirtualWorkers, assignments, token
from xswitch.actions.sso.discovery import DiscoveryPorts, DiscoveryUpdate, refresh
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.portal_lists import FilePortalLists

ACCOUNTS, ROLES = 500, 1_500
MOST_SECONDS = 60


@pytest.mark.parametrize(("chunk", "how_many"), chunks(2, 100, 25))
def test_a_throttled_portal_is_listed_whole_within_a_minute(
    chunk: int, how_many: int, tmp_path: Path
) -> None:
    tally = Tally()
    for number in range(how_many):
        random = chance("portal", chunk * 1000 + number)
        with tally.case(chunk, number):
            seed = random.randrange(1 << 30)
            portal = FakePortal(assignments(ACCOUNTS, ROLES, seed), share=0.1, chance=random)
            workers = VirtualWorkers(portal, latency=random.uniform(0.05, 0.4), seed=seed)
            lists = FilePortalLists(tmp_path / str(number))
            locks = FileLocks(tmp_path / "locks")
            ports = DiscoveryPorts(portal, lists, locks, VirtualClock(workers), workers)
            rows: list[float] = []
            first_page: list[float] = []

            def show(
                update: DiscoveryUpdate,
                rows: list[float] = rows,
                first_page: list[float] = first_page,
                workers: VirtualWorkers = workers,
            ) -> None:
                if update.roles:
                    rows.append(workers.time)
                if update.accounts_known and not first_page:
                    first_page.append(workers.time)

            found = refresh(ports, CORP, lambda _: token(), show)
            listed = {(one.account_id, one.account_name, one.role_name) for one in found.roles}
            assert listed == portal.roles()
            assert len(found.roles) == ROLES
            assert max(Counter(portal.served).values()) == 1
            before = sum(no for at, _, no in portal.requests if at < rows[0])
            # A refused page waits for a second: with one refusal another page brings roles.
            assert rows[0] < first_page[0] + max(1, before)
            tally.parts["first roles within a second"] += rows[0] < first_page[0] + 1
            assert workers.time < MOST_SECONDS
            refused = sum(1 for _, _, no in portal.requests if no)
            tally.parts["refused requests"] += refused
            assert refused > len(portal.requests) // 20
    assert tally.parts["first roles within a second"] >= how_many * 0.9
    tally.tell("portals", f"listings of {ACCOUNTS} accounts and {ROLES} roles, 10 % refused")
