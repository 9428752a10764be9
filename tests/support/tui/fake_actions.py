"""A fake `Actions` with sample data, for the screen's tests and the screenshots."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from rich.console import Console
from rich.segment import Segment
from textual.pilot import Pilot

from conftest import FixedClock
from xswitch.actions.api import Actions
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.results import (
    DoctorCheck,
    ForgetResult,
    Listing,
    MfaInfo,
    RenewResult,
    SessionInfo,
    SourceInfo,
    StatusRow,
    SwitchOptions,
    SwitchResult,
)
from xswitch.core.errors import XswitchError
from xswitch.core.explain.model import Explanation
from xswitch.core.model import (
    CallerIdentity,
    Chain,
    ConfigPaths,
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Endpoint,
    Guard,
    HistoryEntry,
    Hop,
    IndexEntry,
    MfaChallenge,
    Origin,
    Problem,
    Profile,
    Role,
    RoleUsage,
    SessionState,
    Settings,
    UsageState,
    VaultInfo,
)
from xswitch.core.profiles.binding import ProfileBinding
from xswitch.core.sessions import freshness
from xswitch.tui.app import PickerApp
from xswitch.tui.picker import filter_input
from xswitch.tui.picker.state import PickerState

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
CONFIG = "/home/dev/.aws/config"
CREDENTIALS = "/home/dev/.aws/credentials"
DEVICE = "arn:aws:iam::111111111111:mfa/dev"
ACCOUNTS = {
    "222222222222": "payments-prod",
    "333333333333": "payments-prod-dr",
    "444444444444": "payments-sandbox",
    "555555555555": "data-platform",
    "666666666666": "hub",
    "777777777777": "audit",
}
BASE = CredentialSource(
    CredentialSourceKind.STATIC_KEYS,
    "dev",
    "AKIAEXAMPLE",
    Origin(CREDENTIALS, 4),
    "from the credentials file",
)
SSO_BASE = CredentialSource(
    CredentialSourceKind.SSO, "corp-sso", "sso", Origin(CONFIG, 7), "AdministratorAccess"
)


def line_of(line: int) -> Origin:
    return Origin(CONFIG, line)


def make_hop(profile: str, account: str, role: str, line: int, **more: Any) -> Hop:
    keys = {
        "role_arn": line + 1,
        "external_id": line + 2,
        "mfa_serial": line + 3,
        "duration_seconds": line + 4,
        "region": line + 5,
    }
    kept = {"role_arn", "region", *more}
    origins = MappingProxyType(
        {
            key: line_of(number)
            for key, number in keys.items()
            if key in kept and more.get(key, True)
        }
    )
    return Hop(
        profile, f"arn:aws:iam::{account}:role/{role}", line_of(line), origins=origins, **more
    )


def _reason(mfa: str | None, hops: tuple[Hop, ...]) -> str:
    if len(hops) > 1:
        return f"1 h: role chaining after {hops[-2].profile}"
    return "1 h: role chaining after the MFA session" if mfa else "default"


def make_role(
    name: str,
    account: str,
    role: str,
    line: int = 10,
    *,
    mfa: str | None = None,
    base: CredentialSource = BASE,
    hops: tuple[Hop, ...] | None = None,
    region: str = "eu-west-1",
    broken: bool = False,
    **more: Any,
) -> Role:
    hops = hops or (
        make_hop(name, account, role, line, mfa_serial=mfa, external_id=more.get("external_id")),
    )
    path, _, short = role.rpartition("/")
    values: dict[str, Any] = {
        "account_name": ACCOUNTS.get(account, ""),
        "duration_seconds": 3600,
        "duration_reason": _reason(mfa, hops),
        "external_id": None,
        "chain": None if broken else Chain(base, hops),
        "managed_profile": f"xs-{name}",
    }
    return Role(
        name=name,
        role_arn=f"arn:aws:iam::{account}:role/{role}",
        partition="aws",
        account_id=account,
        role_name=short,
        role_path=f"/{path}/" if path else "/",
        region=region,
        mfa_serial=mfa,
        origin=line_of(line),
        endpoint=Endpoint(region),
        **{**values, **more},
    )


def sample_roles() -> tuple[Role, ...]:
    """Return fourteen roles.

    They include MFA, a chain of three, an external ID, guards, a broken source, and a CLI
    difference.
    """
    hub = make_hop("hub", "666666666666", "Gateway", 12, mfa_serial=DEVICE)
    chained = make_hop("payments-admin", "222222222222", "Admin", 31, external_id="acme-42")
    deep = (
        hub,
        make_hop("data-ops", "555555555555", "Operations", 50),
        make_hop("lake-admin", "555555555555", "LakeAdmin", 58),
    )
    difference = Problem(
        "inline_comment",
        'inline comment: the AWS CLI and boto3 read "eu-west-1 # main"',
        "warning",
        CONFIG,
        33,
        "payments-admin",
    )
    missing = Problem(
        "source_missing",
        'source_profile "old-bastion" is not a profile',
        "error",
        CONFIG,
        91,
        "legacy-ops",
    )
    production = Guard("production", "red", "payments-prod", 900)
    recovery = Guard("recovery", "yellow", "", None)
    return (
        make_role(
            "payments-admin",
            "222222222222",
            "Admin",
            31,
            mfa=DEVICE,
            hops=(hub, chained),
            guard=production,
            duration_seconds=900,
            duration_reason="guard production",
            external_id="acme-42",
            problems=(difference,),
            note="card payments, on call: ask first",
        ),
        make_role("payments-read", "222222222222", "ReadOnly", 38, mfa=DEVICE),
        make_role(
            "payments-dr",
            "333333333333",
            "Admin",
            44,
            region="us-east-1",
            mfa=DEVICE,
            guard=recovery,
        ),
        make_role("payments-sandbox", "444444444444", "ProdAdmin", 64),
        make_role(
            "lake-admin",
            "555555555555",
            "LakeAdmin",
            58,
            region="eu-central-1",
            mfa=DEVICE,
            hops=deep,
        ),
        make_role("lake-read", "555555555555", "Analyst", 70, region="eu-central-1", base=SSO_BASE),
        make_role(
            "data-ops",
            "555555555555",
            "Operations",
            50,
            region="eu-central-1",
            mfa=DEVICE,
            hops=deep[:2],
        ),
        make_role("hub", "666666666666", "Gateway", 12, mfa=DEVICE),
        make_role(
            "audit-read", "777777777777", "SecurityAudit", 76, region="us-east-1", base=SSO_BASE
        ),
        make_role(
            "audit-billing", "777777777777", "Billing", 80, region="us-east-1", base=SSO_BASE
        ),
        make_role("sandbox-dev", "444444444444", "Developer", 84),
        make_role(
            "partner-x",
            "888888888888",
            "acme/CrossAccountDelivery",
            86,
            external_id="partner-7f",
            account_name="partner-x",
        ),
        make_role("legacy-ops", "777777777777", "Legacy", 90, broken=True, problems=(missing,)),
        make_role("vendor-drop", "999999999999", "Drop", 95, account_name=""),
    )


def session(state: SessionState, seconds: float, key: str, now: datetime = NOW) -> SessionInfo:
    return SessionInfo(state, now + timedelta(seconds=seconds), key)


def sample_sessions(now: datetime = NOW) -> dict[str, SessionInfo]:
    return {
        "payments-read": session(SessionState.LIVE, 41 * 60 + 12, "a1", now),
        "payments-dr": session(SessionState.EXPIRING, 9 * 60 + 30, "a2", now),
        "payments-sandbox": session(SessionState.EXPIRED, -300, "a3", now),
        "audit-read": session(SessionState.LIVE, 7 * 3600 + 300, "a4", now),
        "hub": session(SessionState.EXPIRING, 75, "a5", now),
    }


def sample_listing(
    now: datetime = NOW, *, roles: tuple[Role, ...] | None = None, settings: Settings | None = None
) -> Listing:
    listed = sample_roles() if roles is None else roles
    given = sample_sessions(now)
    sessions = {
        role.name: given.get(role.name, SessionInfo(SessionState.NONE, key=f"k-{role.name}"))
        for role in listed
    }
    return Listing(
        roles=listed,
        sessions=sessions,
        mfa_sessions=(MfaInfo("dev", DEVICE, now + timedelta(hours=7, minutes=42, seconds=30)),),
        usage=UsageState(
            {"payments-read": RoleUsage(9, now - timedelta(hours=1))}, frozenset({"payments-admin"})
        ),
        settings=settings or Settings(account_names=MappingProxyType(dict(ACCOUNTS)), theme="dark"),
        problems=(
            Problem(
                "duplicate_key",
                "region is set twice; the AWS CLI refuses the whole file",
                "warning",
                CONFIG,
                66,
            ),
        ),
        current_profile="xs-payments-read",
        base=SourceInfo("dev", "111111111111", "static_keys"),
        vault_label="Secret Service",
    )


def many_roles(count: int) -> tuple[Role, ...]:
    names = ("payments", "data", "audit", "search", "mobile", "infra", "edge")
    kinds = ("Admin", "ReadOnly", "Developer", "Operations", "Billing")
    return tuple(
        make_role(
            f"{names[number % 7]}-{number:05}",
            f"{100000000000 + number // 5}",
            kinds[number % 5],
            number,
            account_name=f"{names[number % 7]}-{number // 5:04}",
        )
        for number in range(count)
    )


@dataclass
class FakeActions(Actions):
    """Use cases that return what a test sets, and record their calls."""

    clock: Callable[[], datetime] = lambda: NOW
    answer: Listing = field(default_factory=sample_listing)
    errors: dict[str, BaseException] = field(default_factory=dict)
    code: str = ""
    attempts: int = 3
    gate: threading.Event | None = None
    steps: tuple[str, ...] = (
        "asking STS for an MFA session",
        "assuming hub / Gateway",
        "assuming payments-prod / Admin",
    )
    renew_errors: dict[str, XswitchError] = field(default_factory=dict)
    rows: tuple[StatusRow, ...] | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    asked: list[tuple[str, object]] = field(default_factory=list)
    shown: list[tuple[str, ...]] = field(default_factory=list)
    """The roles that each call says were shown."""
    access: Any = None
    sso: Any = None
    portals: Any = None
    explanation: Explanation | None = None
    codes: list[str] = field(default_factory=list)

    def _fail(self, name: str) -> None:
        if name in self.errors:
            raise self.errors[name]

    def listing(self) -> Listing:
        self._fail("listing")
        return self.answer

    def config(self) -> ConfigView:
        return ConfigView(ConfigPaths(CONFIG, CREDENTIALS), self.profiles)

    def resolve(self, target: str, options: SwitchOptions) -> Role:
        raise NotImplementedError(target, options)

    def _ask(self, ask: MfaPrompt) -> None:
        if not self.code:
            return
        refusal = ""
        for attempt in range(1, self.attempts + 1):
            given = ask.code(MfaChallenge(DEVICE, "dev", attempt, refusal))
            self.codes.append(given)
            if given == self.code:
                return
            refusal = "MultiFactorAuthentication failed with invalid MFA one time pass code."
        raise XswitchError(
            "AWS refused three codes.",
            why=refusal,
            next_step="Check the device's clock.",
            code="mfa_refused",
        )

    def switch(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> SwitchResult:
        self.asked.append(("switch", (role.name, options.confirmation)))
        self._ask(ask)
        for step in self.steps:
            progress(step)
        if self.gate is not None:
            self.gate.wait(20)
            progress("checking who AWS says we are")
        self._fail("switch")
        identity = CallerIdentity(
            role.account_id,
            f"arn:aws:sts::{role.account_id}:assumed-role/{role.role_name}/dev@box",
            "AROA:dev@box",
        )
        return SwitchResult(
            role,
            role.managed_profile,
            self.clock() + timedelta(hours=1),
            identity,
            from_vault=False,
        )

    def explain(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> Explanation:
        self.asked.append(("explain whole", (role.name, options, ask, progress)))
        assert self.explanation is not None
        return self.explanation

    def renew(
        self,
        names: Sequence[str],
        ask: MfaPrompt,
        progress: Progress,
        *,
        all_sessions: bool = False,
        shown: Sequence[Role] = (),
    ) -> tuple[RenewResult, ...]:
        self.shown.append(tuple(role.name for role in shown))
        self.asked.append(("renew", (tuple(names), all_sessions)))
        self._ask(ask)
        if self.gate is not None:
            self.gate.wait(20)
        progress("asking STS")
        self._fail("renew")
        if all_sessions:
            names = [
                name for name, info in self.answer.sessions.items() if info.expires_at is not None
            ]
        until = self.clock() + timedelta(hours=1)
        results = tuple(
            RenewResult(name, None, self.renew_errors[name])
            if name in self.renew_errors
            else RenewResult(name, until)
            for name in names
        )
        sessions = {**self.answer.sessions}
        for result in results:
            if result.error is None:
                sessions[result.name] = SessionInfo(
                    SessionState.LIVE, until, sessions[result.name].key
                )
        self.answer = replace(self.answer, sessions=sessions)
        return results

    def forget(
        self, names: Sequence[str], *, all_sessions: bool = False, shown: Sequence[Role] = ()
    ) -> tuple[ForgetResult, ...]:
        self.shown.append(tuple(role.name for role in shown))
        self.asked.append(("forget", (tuple(names), all_sessions)))
        self._fail("forget")
        sessions = {**self.answer.sessions}
        for name in names:
            sessions[name] = SessionInfo(SessionState.NONE, key=sessions[name].key)
        self.answer = replace(self.answer, sessions=sessions)
        return tuple(ForgetResult(name, 1, f"xs-{name}") for name in names)

    def credential_process(
        self, profile: str, ask: MfaPrompt, binding: ProfileBinding | None = None
    ) -> str:
        raise NotImplementedError(profile, ask)

    def renew_in_background(self, profile: str, binding: ProfileBinding | None = None) -> None:
        raise NotImplementedError(profile)

    def status(self) -> tuple[StatusRow, ...]:
        self._fail("status")
        return self.rows if self.rows is not None else status_rows(self.answer, self.clock())

    def explain_failure(
        self, role: Role, error: XswitchError, options: SwitchOptions | None = None
    ) -> Explanation:
        del options
        self.asked.append(("explain", role.name))
        if self.explanation is None:
            raise error
        return self.explanation

    def history(self) -> tuple[HistoryEntry, ...]:
        return ()

    def undo_config(self) -> tuple[str, ...]:
        return ()

    def doctor(self) -> tuple[DoctorCheck, ...]:
        return ()

    def set_pin(self, profile: str, *, pinned: bool, shown: Sequence[Role] = ()) -> None:
        self.shown.append(tuple(role.name for role in shown))
        self.asked.append(("pin", (profile, pinned)))
        self._fail("pin")

    def vault_info(self) -> VaultInfo:
        self._fail("vault")
        return VaultInfo("secret-service", "Secret Service")


def status_rows(listing: Listing, now: datetime) -> tuple[StatusRow, ...]:
    """Return the index that matches a listing."""
    rows = []
    for role in listing.roles:
        info = listing.sessions.get(role.name, SessionInfo(SessionState.NONE))
        if info.expires_at is None:
            continue
        issued = (
            info.expires_at - timedelta(hours=1)
            if info.expires_at <= now + timedelta(hours=1)
            else now
        )
        entry = IndexEntry(
            info.key,
            "role",
            role.name,
            role.role_arn,
            issued,
            info.expires_at,
            issued,
            role.managed_profile,
        )
        left = int((info.expires_at - now).total_seconds())
        rows.append(StatusRow(entry, freshness.session_state(issued, info.expires_at, now), left))
    for number, mfa in enumerate(listing.mfa_sessions):
        issued = mfa.expires_at - timedelta(hours=12)
        mfa_entry = IndexEntry(
            f"mfa{number}", "mfa", mfa.base_profile, mfa.serial, issued, mfa.expires_at, issued
        )
        rows.append(
            StatusRow(mfa_entry, SessionState.LIVE, int((mfa.expires_at - now).total_seconds()))
        )
    return tuple(rows)


class Driven:
    """The app under a pilot, with bounded waits."""

    def __init__(self, app: PickerApp, pilot: Pilot[Any], actions: FakeActions) -> None:
        self.app = app
        self.pilot = pilot
        self.actions = actions

    @property
    def state(self) -> PickerState:
        return self.app.picker.state

    async def until(self, what: Callable[[], bool], why: str = "") -> None:
        for _ in range(3_000):
            await self.pilot.pause()
            if what():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(why or f"never happened; on screen:\n{self.text()}")

    async def type(self, text: str) -> None:
        """Type without a pause.

        On a slow machine too, a first letter that could act starts a word.
        """
        with pytest.MonkeyPatch.context() as patch:
            if len(text) > 1:
                patch.setattr(filter_input, "LETTER_SECONDS", 60.0)
            await self.pilot.press(
                *("space" if character == " " else character for character in text)
            )

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def dialog(self, kind: str) -> None:
        await self.until(lambda: type(self.app.screen).__name__ == kind)
        await self.pilot.pause()

    async def closed(self) -> None:
        await self.until(lambda: self.app.screen is self.app.picker)

    def lines(self) -> list[str]:
        """Return the screen as text."""
        width, height = self.app.size
        console = Console(
            width=width,
            height=height,
            file=io.StringIO(),
            force_terminal=True,
            legacy_windows=False,
        )
        update = self.app.screen._compositor.render_update(
            full=True, screen_stack=self.app._background_screens
        )
        segments = (segment for segment in console.render(update or "") if not segment.control)
        return [
            "".join(segment.text for segment in line)
            for line in list(Segment.split_lines(segments))[:height]
        ]

    def text(self) -> str:
        return "\n".join(self.lines())

    def selected(self) -> str:
        role = self.state.role
        return role.name if role is not None else ""


@asynccontextmanager
async def driven(
    actions: FakeActions | None = None,
    *,
    size: tuple[int, int] = (120, 34),
    clock: Any = None,
    environ: Mapping[str, str] | None = None,
    **more: Any,
) -> AsyncIterator[Driven]:
    """Yield the picker with its data loaded."""
    actions = actions or FakeActions()
    app = PickerApp(actions, clock=clock or FixedClock(NOW), environ=environ or {}, **more)
    async with app.run_test(size=size) as pilot:
        ui = Driven(app, pilot, actions)
        await ui.until(lambda: ui.state.loaded)
        await ui.until(
            lambda: (
                ui.state.indexed_sessions is not None
                or ui.state.load_failure is not None
                or "status" in actions.errors
            )
        )
        yield ui
        if actions.gate is not None:
            actions.gate.set()
