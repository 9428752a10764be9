"""Lists portals in the background: what is old or missing, and after a sign-in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from xswitch.core.errors import CancelledError, ErrorCode, XswitchError
from xswitch.core.model import SsoSession, portal_address
from xswitch.core.text import pluralize
from xswitch.tui import errors as failures
from xswitch.tui.jobs import Job
from xswitch.tui.picker import portals as portal_states
from xswitch.tui.picker import state as states
from xswitch.tui.picker.portals import Portals, PortalState

if TYPE_CHECKING:
    from xswitch.actions.sso.discovery import DiscoveryUpdate
    from xswitch.core.sso.portal_list import PortalList
    from xswitch.tui.app import PickerApp

_RELOAD_SECONDS = 1.0
"""The least time between two readings of the rows while pages arrive."""


class PortalWatch:
    """One listing at a time for each portal; a listing that is stopped goes on at the next start.

    The rows that a page brings are read from the state folder, as every other row, so that a
    switch finds them too.
    """

    def __init__(self, app: PickerApp, reload: Callable[[Callable[[], None]], None]) -> None:
        self._app = app
        self._reload = reload
        self._jobs: dict[str, Job] = {}
        self._reloading = False
        self._reload_again = False

    def look(self, sessions: Sequence[SsoSession]) -> None:
        """Look which portals are due, and list those with a sign-in.

        It opens no browser and asks nothing.
        """
        if not sessions:
            return
        actions = self._app.actions

        def work(_job: Job) -> list[tuple[SsoSession, PortalState]]:
            signed_in = actions.sso.signed_in(sessions)
            return [
                (
                    status.session,
                    PortalState(
                        status.session.label,
                        status.listed_at,
                        status.is_due,
                        status.session.label in signed_in,
                    ),
                )
                for status in actions.portals.statuses(sessions)
            ]

        # The rows are there without it; an action on them reports what is wrong
        self._app.start_job(work, self._looked, lambda _error: None)

    def _looked(self, found: Sequence[tuple[SsoSession, PortalState]]) -> None:
        known = self._app.picker.state.portals
        portals: dict[str, PortalState] = {}
        due: dict[str, SsoSession] = {}
        for session, portal in found:
            address = portal_address(session.start_url)
            if address in self._jobs:
                portals[address] = known.get(address, portal)
                continue
            # Of two sessions of one portal, the one with a sign-in counts
            if address not in portals or (portal.signed_in and address not in due):
                portals[address] = portal
                if portal.is_due and portal.signed_in:
                    due[address] = session
        self._app.picker.update(partial(states.with_portals, portals=portals))
        for session in due.values():
            self.list(session, quiet=True)

    def list(self, session: SsoSession, *, quiet: bool = False) -> None:
        """List a portal, unless that is under way.

        If `quiet`, only a change is told: the user didn't ask for it.
        """
        address = portal_address(session.start_url)
        if address in self._jobs:
            return
        known = self._app.picker.state.portals.get(address)
        portal = replace(known or PortalState(session.label), label=session.label)
        self._show(address, portal_states.started(portal))

        def work(job: Job) -> PortalList:
            last: list[DiscoveryUpdate] = []

            def show(update: DiscoveryUpdate) -> None:
                if job.stopped:
                    raise CancelledError("You stopped it.")
                if [update] != last:
                    last[:] = [update]
                    job.notify(update)

            return self._app.actions.portals.refresh(session, show)

        self._jobs[address] = self._app.start_job(
            work,
            partial(self._done, address, quiet=quiet),
            partial(self._failed, address),
            partial(self._progress, address),
        )

    def _portal(self, address: str) -> PortalState:
        return self._app.picker.state.portals.get(address) or PortalState("")

    def _show(self, address: str, portal: PortalState) -> None:
        portals: Portals = {**self._app.picker.state.portals, address: portal}
        self._app.picker.update(partial(states.with_portals, portals=portals))

    def _progress(self, address: str, update: DiscoveryUpdate) -> None:
        self._show(address, portal_states.with_update(self._portal(address), update))
        if update.roles:
            self._read_rows()

    def _done(self, address: str, found: PortalList, *, quiet: bool) -> None:
        del self._jobs[address]
        portal = self._portal(address)
        self._show(address, portal_states.finished(portal, found.listed_at))
        self._read_rows()
        new = sum(role.is_new for role in found.roles)
        gone = sum(role.is_gone for role in found.roles)
        changes = [f"{count} {word}" for count, word in ((new, "new"), (gone, "gone")) if count]
        if changes or not quiet:
            count = pluralize(len(found.present), "role")
            text = ", ".join([f"{portal.label}: {count} listed", *changes])
            self._app.picker.show_message(f"{text}.")

    def _failed(self, address: str, error: BaseException) -> None:
        del self._jobs[address]
        failure = failures.from_exception(error)
        ended = isinstance(error, XswitchError) and error.code == ErrorCode.SSO_LOGIN
        self._show(
            address,
            portal_states.failed(self._portal(address), failure.what, sign_in_ended=ended),
        )
        self._read_rows()

    def _read_rows(self) -> None:
        """Read the rows now, or once more after the reading that is under way."""
        if self._reloading:
            self._reload_again = True
            return
        self._reloading, self._reload_again = True, False
        self._reload(self._rows_read)

    def _rows_read(self) -> None:
        self._app.set_timer(_RELOAD_SECONDS, self._may_read_rows)

    def _may_read_rows(self) -> None:
        self._reloading = False
        if self._reload_again:
            self._read_rows()
