"""Fake use cases of Identity Center, for the screen's tests and the screenshots."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from support.tui.fake_actions import NOW, FakeActions, make_role, sample_listing
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.results import RenewResult, SwitchOptions, SwitchResult
from xswitch.actions.sso.discovery import DiscoveryUpdate, Show
from xswitch.actions.sso.finding import AwsLogin
from xswitch.actions.sso.portals import AddingSession, PortalStatus
from xswitch.actions.sso.sign_in import SignInOptions, SignInResult
from xswitch.actions.sso.sign_in_ports import SignInPrompt, SignInUi
from xswitch.actions.sso.sign_out import SignOutResult
from xswitch.core.errors import CancelledError, XswitchError
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.model import (
    Chain,
    PortalRole,
    Problem,
    Role,
    SetProfile,
    SsoRole,
    SsoSession,
    TargetKind,
)
from xswitch.core.roles.sources import sso_source
from xswitch.core.sso.portal_list import PortalList

CORP = SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1")
DEVICE_PROMPT = SignInPrompt(
    "corp",
    "https://device.sso.eu-west-1.amazonaws.com/?user_code=WXYZ-ABCD",
    NOW + timedelta(minutes=10),
    user_code="WXYZ-ABCD",
    short_url="https://device.sso.eu-west-1.amazonaws.com/",
)
BROWSER_PROMPT = SignInPrompt(
    "corp",
    "https://oidc.eu-west-1.amazonaws.com/authorize?response_type=code&client_id=" + "c" * 22
    + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Foauth%2Fcallback&state=" + "5" * 64
    + "&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess&code_challenge=" + "h" * 43,
    NOW + timedelta(minutes=10),
    browser_opened=True,
)  # fmt: skip


def sso_role(name: str, account: str, role: str, *, listed: bool = False) -> Role:
    """Return an Identity Center role of corp, with a profile or only `listed` by its portal."""
    portal_role = PortalRole("corp", CORP.start_url, account, "", role)
    base = sso_source(SsoRole(CORP, account, role), None if listed else name, None)
    made = make_role(name, account, role, base=base)
    return made._replace(
        chain=Chain(base, ()),
        kind=TargetKind.SSO,
        sso=SsoRole(CORP, account, role),
        portal_role=portal_role if listed else None,
    )


@dataclass
class FakeSso:
    """Use cases of signing in; `prompt` is shown until `approve` or a cancel."""

    prompt: SignInPrompt = BROWSER_PROMPT
    errors: list[XswitchError] = field(default_factory=list)
    """Raised by one sign-in each, after the approval."""
    find_error: XswitchError | None = None
    labels: frozenset[str] = frozenset()
    """Of the sessions with a sign-in."""
    asked: list[tuple[str, object]] = field(default_factory=list)
    approved: queue.SimpleQueue[bool] = field(default_factory=queue.SimpleQueue)
    listening: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    sign_outs: tuple[SignOutResult, ...] = (SignOutResult("corp", was_signed_in=True),)

    def find(self, target: str) -> SsoSession | AwsLogin:
        self.asked.append(("find", target))
        if self.find_error is not None:
            raise self.find_error
        return AwsLogin(target) if target == "laptop" else CORP

    labeled = find

    def signed_in(self, sessions: Sequence[SsoSession]) -> frozenset[str]:
        return self.labels & {session.label for session in sessions}

    def sign_in(self, session: SsoSession, options: SignInOptions, ui: SignInUi) -> SignInResult:
        self.asked.append(("sign in", options))
        ui.progress("registering")
        ui.show(DEVICE_PROMPT if options.device_code else self.prompt)
        self.listening += 1
        try:
            while True:
                ui.waiting(587)
                if ui.cancelled():
                    raise CancelledError("The sign-in was cancelled.")
                try:
                    self.approved.get(timeout=0.02)
                except queue.Empty:
                    continue
                break
        finally:
            self.listening -= 1
            self.ended.set()
        if self.errors:
            raise self.errors.pop(0)
        self.labels |= {session.label}
        until = NOW + timedelta(hours=1)
        method = "device_code" if options.device_code else "authorization_code"
        return SignInResult(session, until, True, method)  # type: ignore[arg-type]

    def sign_out(self, target: str) -> tuple[SignOutResult, ...]:
        self.asked.append(("sign out", target))
        return self.sign_outs


@dataclass
class FakePortals:
    """Use cases of portals' lists: `pages` come one at a time, as the test lets them."""

    pages: Sequence[tuple[PortalRole, ...]] = ()
    accounts: int = 0
    arrived: Callable[[tuple[PortalRole, ...]], None] = lambda _roles: None
    """Called with the roles of a page before it is told."""
    listed_at: datetime | None = None
    is_due: bool = True
    error: XswitchError | None = None
    """Ends a listing after its pages."""
    throttled: bool = False
    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1_000))
    asked: list[tuple[str, object]] = field(default_factory=list)
    marks: tuple[PortalRole, ...] = ()
    plan_error: XswitchError | None = None
    write_error: XswitchError | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    def statuses(self, sessions: Sequence[SsoSession]) -> tuple[PortalStatus, ...]:
        return tuple(PortalStatus(session, self.listed_at, self.is_due) for session in sessions)

    def refresh(self, session: SsoSession, show: Show) -> PortalList:
        self.asked.append(("refresh", session.label))
        found: list[PortalRole] = []
        total = self.accounts or len(self.pages)
        try:
            show(DiscoveryUpdate((), 0, 0, 0))
            for number, page in enumerate(self.pages, 1):
                while not self.gate.acquire(timeout=0.02):
                    show(DiscoveryUpdate((), number - 1, total, len(found), self.throttled))
                found += page
                self.arrived(page)
                show(DiscoveryUpdate(page, number, total, len(found), self.throttled))
        except CancelledError:
            self.stopped.set()
            raise
        if self.error is not None:
            raise self.error
        self.listed_at, self.is_due = NOW, False
        return PortalList(session.label, session.start_url, NOW, NOW, (*found, *self.marks))

    def start_refresh(self, session: SsoSession) -> None:
        self.asked.append(("start refresh", session.label))

    def regions(self) -> tuple[str, ...]:
        return ("eu-central-1", "eu-west-1", "us-east-1")

    def plan_session(
        self, name: str, start_url: str, region: str, scopes: Sequence[str] = ()
    ) -> AddingSession:
        self.asked.append(("plan", (name, start_url, region, tuple(scopes))))
        if self.plan_error is not None:
            raise self.plan_error
        session = SsoSession(name, start_url, region)
        edit = SetProfile("config", name, {"sso_start_url": start_url}, section="sso-session")
        lines = (f"[sso-session {name}]", f"sso_start_url = {start_url}", f"sso_region = {region}")
        return AddingSession(session, start_url, (edit,), tuple(f"+{line}" for line in lines))

    def add_session(self, adding: AddingSession) -> tuple[Problem, ...]:
        self.asked.append(("add", adding.session.name))
        if self.write_error is not None:
            raise self.write_error
        return ()


@dataclass
class SignInActions(FakeActions):
    """Actions whose switches and renewals need a sign-in."""

    denies: bool = False
    """Whether they still need one after a sign-in."""

    def _need(self) -> None:
        if self.denies or "corp" not in self.sso.labels:
            raise sign_in_needed("corp")

    def switch(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> SwitchResult:
        self._need()
        return super().switch(role, options, ask, progress)

    def renew(
        self,
        names: Sequence[str],
        ask: MfaPrompt,
        progress: Progress,
        *,
        all_sessions: bool = False,
        shown: Sequence[Role] = (),
    ) -> tuple[RenewResult, ...]:
        try:
            self._need()
        except XswitchError as error:
            return tuple(RenewResult(name, None, error) for name in names or ("dev-admin",))
        return super().renew(names, ask, progress, all_sessions=all_sessions, shown=shown)


def sso_actions(
    *roles: Role, sso: FakeSso | None = None, portals: FakePortals | None = None, **more: Any
) -> SignInActions:
    """Return actions whose config has the session corp, and these roles beside the usual ones."""
    listing = sample_listing()
    if roles:
        listing = sample_listing(roles=(*listing.roles, *roles))
    return SignInActions(
        answer=replace(listing, sign_ins=(CORP,)),
        sso=sso or FakeSso(),
        portals=portals or FakePortals(is_due=False),
        **more,
    )
