"""List every account and role of a portal: paced, resumable, and with each page shown at once."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from xswitch.actions.ports import Clock, Locks
from xswitch.actions.sso.ports import Portal, PortalListStore, Workers
from xswitch.core.digests import sha256
from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    LockBusyError,
    NetworkError,
    ThrottledError,
    XswitchError,
)
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.model import PortalRole, Secret, SsoSession, SsoToken
from xswitch.core.model.sso import portal_address
from xswitch.core.sso import pacing
from xswitch.core.sso.portal_list import (
    RESUMABLE_FOR,
    EndedRequest,
    ListingState,
    PageRequest,
    PortalList,
    PortalPage,
    RolesPage,
    finished_list,
    portal_role,
)
from xswitch.core.text import pluralize

AT_ONCE = 8
"""Requests under way at the same time."""
_TICK_SECONDS = 0.2
"""How often `Show` is called without news, so that it can cancel."""
_ROLES_FIRST = 3
"""Requests for roles before the next one for accounts: rows appear, and the total is known soon."""
_TRIES = 3
_RETRY_SECONDS = 1.0
_SILENCE_SECONDS = 180.0
"""So long without any answer but refusals ends a listing."""
_OTHERS_WAIT_SECONDS = 300.0
_FOLLOW_SECONDS = 0.5
"""How often the pages of another process are looked for."""
_NEARLY_EXPIRED = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class DiscoveryUpdate:
    """The progress of a listing."""

    roles: tuple[PortalRole, ...]
    """The roles of the page that came; none at a tick, all so far at the start."""
    accounts_done: int
    accounts_known: int
    """More may follow until the end of ListAccounts."""
    roles_found: int
    throttled: bool = False
    """The portal refuses requests at present."""


NewToken = Callable[[SsoToken | None], SsoToken]
"""Returns a token; not the one that the portal no longer accepts, if one is given."""
Show = Callable[[DiscoveryUpdate], None]
"""Shows progress; it may raise CancelledError, which ends the listing and keeps its pages."""


def show_nothing(_: DiscoveryUpdate) -> None:
    """Discard an update."""


@dataclass(frozen=True, slots=True)
class DiscoveryPorts:
    """The ports of a listing."""

    portal: Portal
    lists: PortalListStore
    locks: Locks
    clock: Clock
    workers: Callable[[], Workers]


def lock_name(start_url: str) -> str:
    """Return the name of the lock of a portal's listing."""
    return f"portal-{sha256(portal_address(start_url).encode())[:16]}"


def refresh(
    ports: DiscoveryPorts,
    session: SsoSession,
    token: NewToken,
    show: Show = show_nothing,
    *,
    wait: bool = True,
) -> PortalList:
    """List a portal, store the list, and return it.

    A listing that was interrupted goes on where it was. If another process lists the same portal,
    its pages are shown as they arrive, and its list is returned; without `wait`, that raises
    LockBusyError. Raises
    SourceCredentialsError without a sign-in, AwsDeniedError, NetworkError, ConfigError, and
    CancelledError.
    """
    began = ports.clock.now()
    name = lock_name(session.start_url)
    with ExitStack() as stack:
        try:
            stack.enter_context(ports.locks.hold(name, 0))
        except LockBusyError:
            if not wait:
                raise
            _enter_after_others(stack, ports, session, show)
        found = ports.lists.read(session.start_url)
        if found is not None and found.listed_at >= began:
            return found
        return _refresh(ports, session, token, show)


def _enter_after_others(
    stack: ExitStack, ports: DiscoveryPorts, session: SsoSession, show: Show
) -> None:
    """Enter the lock of a portal's listing, and show meanwhile what its holder finds."""
    name, follower = lock_name(session.start_url), _Follower(ports, session, show)
    for tries_left in reversed(range(round(_OTHERS_WAIT_SECONDS / _FOLLOW_SECONDS))):
        follower.look()
        try:
            stack.enter_context(ports.locks.hold(name, _FOLLOW_SECONDS))
        except LockBusyError:
            if not tries_left:
                raise
        else:
            return


class _Follower:
    """Shows the listing of another process by the pages that it keeps."""

    def __init__(self, ports: DiscoveryPorts, session: SsoSession, show: Show) -> None:
        self._ports = ports
        self._session = session
        self._show = show
        self._state = ListingState()
        self._seen = 0

    def look(self) -> None:
        """Show the pages that have arrived since the last look; without any, show a tick."""
        since = self._ports.clock.now() - RESUMABLE_FOR
        pages = self._ports.lists.pages(self._session.start_url, since)
        if len(pages) < self._seen:  # it has ended, or begun again
            self._state, self._seen = ListingState(), 0
        state, roles = self._state, []
        for page in pages[self._seen :]:
            fresh = state.add(page)
            if isinstance(page, RolesPage):
                name = state.accounts.get(page.account_id, "")
                roles += [portal_role(self._session, page.account_id, name, one) for one in fresh]
        self._seen = len(pages)
        self._show(
            DiscoveryUpdate(
                roles=tuple(roles),
                accounts_done=state.accounts_done,
                accounts_known=len(state.accounts),
                roles_found=sum(map(len, state.roles.values())),
            )
        )


def _refresh(ports: DiscoveryPorts, session: SsoSession, token: NewToken, show: Show) -> PortalList:
    newer = ports.lists.newer(session.start_url)
    if newer is not None:
        raise newer
    now = ports.clock.now()
    state = ListingState()
    pages = ports.lists.pages(session.start_url, now - RESUMABLE_FOR)
    for page in pages:
        state.add(page)
    if not pages:
        ports.lists.begin(session.start_url, now)
    _Listing(ports, session, token, show, state).run()
    before = ports.lists.read(session.start_url)
    found = finished_list(session, state, before, ports.clock.now())
    ports.lists.write(found)
    return found


class _Listing:
    """One listing: the queue of its requests, and those under way."""

    def __init__(
        self,
        ports: DiscoveryPorts,
        session: SsoSession,
        token: NewToken,
        show: Show,
        state: ListingState,
    ) -> None:
        self._ports = ports
        self._session = session
        self._new_token = token
        self._token = token(None)
        self._show = show
        self._state = state
        self._workers = ports.workers()
        self._pace = pacing.start(self._workers.now())
        self._ready = deque(state.requests())
        self._later: list[tuple[float, int, PageRequest]] = []
        self._under_way = 0
        self._failures: dict[PageRequest, int] = {}
        self._sent: dict[PageRequest, Secret] = {}
        """The token of each request that is under way."""
        self._restarted: set[str] = set()
        self._answered_at = self._workers.now()
        self._roles_found = sum(map(len, state.roles.values()))

    def run(self) -> None:
        """Ask for every page that is missing."""
        state = self._state
        self._tell(
            tuple(
                portal_role(self._session, account_id, state.accounts.get(account_id, ""), name)
                for account_id, names in state.roles.items()
                for name in names
            )
        )
        try:
            while self._ready or self._later or self._under_way:
                self._start_what_is_due()
                ended = self._workers.wait(self._next_moment())
                for one in ended:
                    self._under_way -= 1
                    self._take(one)
                if not ended:
                    self._tell(())
        except XswitchError as error:
            raise self._with_progress(error) from None

    def _start_what_is_due(self) -> None:
        now = self._workers.now()
        while self._later and self._later[0][0] <= now:
            self._ready.appendleft(heapq.heappop(self._later)[2])
        while self._ready and self._under_way < AT_ONCE and self._pace.next_at <= now:
            request = self._ready.popleft()
            token = self._current_token().access_token
            self._pace = pacing.after_request(self._pace, now)
            self._under_way += 1
            self._sent[request] = token
            self._workers.start(request, partial(self._page, token, request))
            now = self._workers.now()

    def _page(self, token: Secret, request: PageRequest) -> PortalPage:
        return self._ports.portal.page(self._session, token, request)

    def _current_token(self) -> SsoToken:
        if self._token.expires_at - self._ports.clock.now() < _NEARLY_EXPIRED:
            self._token = self._new_token(None)
        return self._token

    def _next_moment(self) -> float:
        now = self._workers.now()
        moments = [now + _TICK_SECONDS]
        if self._ready and self._under_way < AT_ONCE:
            moments.append(self._pace.next_at)
        if self._later:
            moments.append(self._later[0][0])
        return max(now, min(moments))

    def _take(self, ended: EndedRequest) -> None:
        now = self._workers.now()
        if isinstance(ended.error, ThrottledError):
            self._refused(ended, ended.error, now)
            return
        if ended.error is not None:
            self._failed(ended, ended.error, now)
            return
        if ended.page is None:
            raise XswitchError("A request to the portal ended without an answer.")
        self._pace = pacing.after_answer(self._pace, now)
        self._answered_at = now
        self._failures.pop(ended.request, None)
        self._add(ended.page)

    def _add(self, page: PortalPage) -> None:
        self._ports.lists.append(self._session.start_url, page)
        known = len(self._state.accounts)
        fresh = self._state.add(page)
        if isinstance(page, RolesPage):
            if page.next_token:
                self._ready.appendleft(PageRequest(page.account_id, page.next_token))
            name = self._state.accounts.get(page.account_id, "")
            self._roles_found += len(fresh)
            self._tell(
                tuple(portal_role(self._session, page.account_id, name, role) for role in fresh)
            )
            return
        self._ready.extend(map(PageRequest, list(self._state.accounts)[known:]))
        if page.next_token:
            self._ready.insert(_ROLES_FIRST, PageRequest("", page.next_token))
        self._tell(())

    def _refused(self, ended: EndedRequest, error: ThrottledError, now: float) -> None:
        self._pace = pacing.after_refusal(self._pace, now, ended.started_at, error.retry_after)
        if now - self._answered_at > _SILENCE_SECONDS:
            raise error
        self._repeat(ended.request, now + pacing.retry_seconds(error.retry_after))
        self._tell(())

    def _failed(self, ended: EndedRequest, error: XswitchError, now: float) -> None:
        request = ended.request
        if error.code == ErrorCode.SSO_LOGIN:
            if self._failures.get(request):
                raise error
            if self._token.access_token == self._sent[request]:
                self._token = self._new_token(self._token)
            self._failures[request] = 1
            self._ready.appendleft(request)
            return
        if request.next_token and _is_invalid(error) and request.account_id not in self._restarted:
            # The portal no longer knows the token of the page: this list begins again
            self._restarted.add(request.account_id)
            self._ready.appendleft(PageRequest(request.account_id))
            return
        failures = self._failures[request] = self._failures.get(request, 0) + 1
        if not isinstance(error, NetworkError) or failures >= _TRIES:
            raise error
        self._repeat(request, now + _RETRY_SECONDS * failures)

    def _repeat(self, request: PageRequest, at: float) -> None:
        heapq.heappush(self._later, (at, id(request), request))

    def _tell(self, roles: tuple[PortalRole, ...]) -> None:
        self._show(
            DiscoveryUpdate(
                roles=roles,
                accounts_done=self._state.accounts_done,
                accounts_known=len(self._state.accounts),
                roles_found=self._roles_found,
                throttled=self._pace.refused_in_a_row > 0,
            )
        )

    def _with_progress(self, error: XswitchError) -> XswitchError:
        """Return the error with the command that goes on, and how far the listing got."""
        state = self._state
        kept = (
            f"{state.accounts_done} of {pluralize(len(state.accounts), 'account')} are kept, and"
            " the next listing goes on from there."
            if state.accounts
            else ""
        )
        if error.code == ErrorCode.SSO_LOGIN:
            return sign_in_needed(self._session.label, f"The sign-in has ended. {kept}".strip())
        error.why = f"{error.why} {kept}".strip()
        return error


def _is_invalid(error: XswitchError) -> bool:
    return isinstance(error, AwsDeniedError) and error.aws_code == "InvalidRequestException"
