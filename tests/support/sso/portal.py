"""A portal in virtual time, and the workers that wait in it: a listing takes no real seconds."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    SourceCredentialsError,
    ThrottledError,
    XswitchError,
)
from xswitch.core.model import Secret, SsoSession, SsoToken
from xswitch.core.sso.portal_list import (
    AccountsPage,
    EndedRequest,
    PageRequest,
    PortalPage,
    RolesPage,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CORP = SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1")


def token(text: str = "SECRET-access-token", seconds: int = 8 * 3600) -> SsoToken:
    return SsoToken(Secret(text), START + timedelta(seconds=seconds))


def assignments(accounts: int, roles: int, seed: int = 1) -> dict[str, tuple[str, list[str]]]:
    """Account names and roles by account ID: `roles` in all, some accounts with the same name."""
    chance = random.Random(seed)
    found: dict[str, tuple[str, list[str]]] = {
        f"{100_000_000_000 + 7 * number}": (f"Account {number % (accounts - 3 or 1)}", [])
        for number in range(accounts)
    }
    for number in range(roles):
        chance.choice(list(found.values()))[1].append(f"Role-{number}")
    return found


@dataclass
class FakePortal:
    """Implements `Portal`; `share` of the requests are refused, of any page."""

    assigned: dict[str, tuple[str, list[str]]]
    share: float = 0.0
    retry_after: float | None = 1.0
    page_size: int = 100
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    accepted: str = "SECRET-access-token"
    now: Callable[[], float] = lambda: 0.0
    limit: float = 0.0
    """Requests a second from which on all are refused, 0 for none."""
    refuse_once_at: float | None = None
    """The first request from then on is refused."""
    faults: list[XswitchError] = field(default_factory=list)
    """Raised by the next requests."""
    served: list[PageRequest] = field(default_factory=list)
    requests: list[tuple[float, PageRequest, bool]] = field(default_factory=list)
    """When, which, and whether it was refused."""

    def page(self, session: SsoSession, token: Secret, request: PageRequest) -> PortalPage:
        del session
        now = self.now()
        recent = sum(1 for at, _, _ in self.requests[-50:] if at > now - 1)
        refused = self.chance.random() < self.share or bool(self.limit and recent >= self.limit)
        if self.refuse_once_at is not None and now >= self.refuse_once_at:
            refused, self.refuse_once_at = True, None
        self.requests.append((now, request, refused))
        if self.faults:
            raise self.faults.pop(0)
        if token.reveal() != self.accepted:
            raise SourceCredentialsError("not accepted", code=ErrorCode.SSO_LOGIN)
        if refused:
            raise ThrottledError("too many", retry_after=self.retry_after)
        self.served.append(request)
        ids = list(self.assigned)
        entries = self.assigned[request.account_id][1] if request.account_id else ids
        if request.next_token and not request.next_token.isdigit():
            raise AwsDeniedError("no such page", aws_code="InvalidRequestException")
        start = int(request.next_token or 0)
        end = start + self.page_size
        some = entries[start:end]
        following = str(end) if end < len(entries) else ""
        if request.account_id:
            return RolesPage(request.account_id, tuple(some), following)
        return AccountsPage(tuple((one, self.assigned[one][0]) for one in some), following)

    def roles(self) -> set[tuple[str, str, str]]:
        """Every account, its name, and role."""
        return {
            (account, name, role)
            for account, (name, roles) in self.assigned.items()
            for role in roles
        }


class VirtualWorkers:
    """Implements `Workers`, and `Clock`: each request takes a random part of `latency`."""

    def __init__(self, portal: FakePortal, latency: float = 0.2, seed: int = 1) -> None:
        self.time = 0.0
        self.under_way: list[tuple[float, int, EndedRequest]] = []
        self.most_at_once = 0
        self._latency = latency
        self._chance = random.Random(seed)
        self._number = 0
        portal.now = lambda: self.time

    def __call__(self) -> VirtualWorkers:
        return self

    def now(self) -> float:
        return self.time

    def start(self, request: PageRequest, work: Callable[[], PortalPage]) -> None:
        page, failure = None, None
        try:
            page = work()
        except XswitchError as error:
            failure = error
        self._number += 1
        end = self.time + self._latency * self._chance.uniform(0.2, 1)
        ended = EndedRequest(request, self.time, page, failure)
        heapq.heappush(self.under_way, (end, self._number, ended))
        self.most_at_once = max(self.most_at_once, len(self.under_way))

    def wait(self, until: float) -> tuple[EndedRequest, ...]:
        end = self.under_way[0][0] if self.under_way else until
        self.time = max(self.time, min(end, until))
        found = []
        while self.under_way and self.under_way[0][0] <= self.time:
            found.append(heapq.heappop(self.under_way)[2])
        return tuple(found)


class VirtualClock:
    """Implements `Clock` in the time of the workers."""

    def __init__(self, workers: VirtualWorkers) -> None:
        self._workers = workers

    def now(self) -> datetime:
        return START + timedelta(seconds=self._workers.time)
