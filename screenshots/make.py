"""Writes screenshots/*.svg: the real app, driven by keys, with sample data and a fixed clock."""
# ruff: noqa: INP001, E402 -- a script, not a package; its sample data is in the tests

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

os.environ["TZ"] = "UTC"
time.tzset()
_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "tests")]

from rich.console import Console
from rich.segment import Segment
from svg import render
from textual.pilot import Pilot

from support.access.fake_actions import FakeAccess
from support.explain.samples import denied
from support.tui.fake_actions import NOW, FakeActions, sample_listing
from support.tui.fake_sso import (
    BROWSER_PROMPT,
    CORP,
    DEVICE_PROMPT,
    FakePortals,
    FakeSso,
    sso_actions,
    sso_role,
)
from xswitch.actions.results import Listing
from xswitch.actions.sso.sign_in_ports import SignInPrompt
from xswitch.core.errors import AwsDeniedError
from xswitch.core.model import PortalRole, Role, Settings
from xswitch.tui.app import PickerApp
from xswitch.tui.render.palette import DARK, LIGHT, PALETTES
from xswitch.tui.setup.screen import SetupScreen
from xswitch.tui.setup.state import SetupStage
from xswitch.tui.sso.sign_in_dialog import SignInDialog

_STEP = 0.02
_PATIENCE = 500


@dataclass(frozen=True)
class StandingClock:
    """A clock that always returns the same moment."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment


@dataclass(frozen=True)
class Shot:
    """A screenshot: the keys that lead to it, and a condition that must hold before it is taken."""

    name: str
    title: str
    keys: Sequence[str] = ()
    until: Callable[[PickerApp], bool] = lambda _app: True
    size: tuple[int, int] = (110, 30)
    environ: dict[str, str] = field(default_factory=dict)
    actions: Callable[[], FakeActions] = FakeActions
    listing: Callable[[Listing], Listing] = lambda listing: listing
    seconds: int = 0


def _on_top(app: PickerApp, name: str) -> bool:
    return type(app.screen).__name__ == name


def _dialog(name: str) -> Callable[[PickerApp], bool]:
    return lambda app: _on_top(app, name)


def _denied() -> FakeActions:
    error = AwsDeniedError(
        "AWS refused to let dev assume payments-prod-dr / Admin.",
        why="User: arn:aws:iam::111111111111:user/dev is not authorized to perform: "
        "sts:AssumeRole on resource: "
        "arn:aws:iam::333333333333:role/Admin",
        next_step="ask for a policy that allows sts:AssumeRole, and a trust policy naming you",
        aws_code="AccessDenied",
    )
    return FakeActions(errors={"switch": error})


def _asking() -> FakeActions:
    return FakeActions(code="123456")


def _waiting() -> FakeActions:
    return FakeActions(gate=threading.Event())


def _explained() -> FakeActions:
    actions = _denied()
    actions.explanation = denied()
    return actions


def _setting_up() -> FakeActions:
    return FakeActions(access=FakeAccess())


def _applying() -> FakeActions:
    return FakeActions(access=FakeAccess(gate=threading.Event()))


def _stage(name: SetupStage) -> Callable[[PickerApp], bool]:
    return lambda app: isinstance(app.screen, SetupScreen) and app.screen.state.stage is name


def _half_applied(app: PickerApp) -> bool:
    return isinstance(app.screen, SetupScreen) and any(
        step.state == "doing" for step in app.screen.state.steps
    )


_FILLED = [*"people-admin", "down", "down", "down", *"SwitchUser", "down", *"payments-admin"]


def _light(listing: Listing) -> Listing:
    return replace(listing, settings=replace(listing.settings, theme="light"))


def _grouped(listing: Listing) -> Listing:
    return replace(listing, settings=replace(listing.settings, group_by_account=True))


_PORTAL = (
    ("web-shop", "610000000002", ("Developer", "LogReader", "ReadOnly")),
    ("web-shop-staging", "610000000003", ("Admin", "Developer")),
    ("research", "610000000004", ("DataScientist",)),
)
_NEW = ("research", "DataScientist")
_ACCOUNTS, _ACCOUNTS_LISTED = 12, 7


def _portal_roles() -> tuple[Role, ...]:
    return tuple(
        sso_role(f"{account}/{role}", account_id, role, listed=True)._replace(
            role_arn=f"arn:aws:iam::{account_id}:role/aws-reserved/sso.amazonaws.com/"
            f"*AWSReservedSSO_{role}_*",
            account_name=account,
            duration_seconds=0,
            duration_reason="set by the permission set",
        )
        for account, account_id, roles in _PORTAL
        for role in roles
    )


def _with_portal(listing: Listing) -> Listing:
    roles = _portal_roles()
    new = next(role.sso for role in roles if (role.account_name, role.role_name) == _NEW)
    return replace(
        listing,
        roles=(*listing.roles, *roles),
        sign_ins=(CORP,),
        portal_changes={} if new is None else {new.address: "new"},
    )


def _signing_in(prompt: SignInPrompt) -> Callable[[], FakeActions]:
    return lambda: sso_actions(sso=FakeSso(prompt))


def _listing_portal() -> FakeActions:
    pages = [
        tuple(
            PortalRole(CORP.label, CORP.start_url, f"61{number:010}", "", f"Role{one}")
            for one in range(3)
        )
        for number in range(_ACCOUNTS)
    ]
    gate = threading.Semaphore(_ACCOUNTS_LISTED)
    portals = FakePortals(pages, listed_at=NOW - timedelta(hours=5), gate=gate)
    return sso_actions(sso=FakeSso(labels=frozenset({CORP.label})), portals=portals)


def _listed(app: PickerApp) -> bool:
    portals = app.picker.state.portals.values()
    return any(portal.accounts_done == _ACCOUNTS_LISTED for portal in portals)


def _waiting_for_approval(app: PickerApp) -> bool:
    screen = app.screen
    return isinstance(screen, SignInDialog) and screen.state.seconds_left is not None


def _named(name: str) -> Callable[[PickerApp], bool]:
    return lambda app: app.picker.state.role is not None and app.picker.state.role.name == name


SHOTS = (
    Shot("picker", "The picker", ["down"], size=(146, 32)),
    Shot("filter", "Typing words in any order", list("adm pay"), _named("payments-admin")),
    Shot(
        "chain",
        "A chain of three, hop by hop",
        list("lake adm"),
        _named("lake-admin"),
        size=(116, 32),
    ),
    Shot(
        "mfa",
        "One MFA code for all roles",
        [*"read", "enter", "<MfaDialog>", *"000000", "enter", "<attempt 2>", *"1234"],
        _dialog("MfaDialog"),
        actions=_asking,
        seconds=11,
    ),
    Shot(
        "guard",
        "A guarded role",
        [*"payments adm", "enter", "<GuardDialog>", *"payments"],
        _dialog("GuardDialog"),
    ),
    Shot("expiring", "Sessions, live and expiring", ["down", "down"], _named("payments-dr")),
    Shot(
        "busy",
        "Switching",
        [*"lake adm", "enter", "<BusyDialog>"],
        _dialog("BusyDialog"),
        actions=_waiting,
    ),
    Shot(
        "error",
        "AWS said no",
        [*"payments dr", "enter"],
        lambda app: bool(app.picker.state.failures),
        actions=_denied,
    ),
    Shot(
        "explain",
        "Why a switch was denied",
        [*"payments dr", "enter", "<explained>", "f4"],
        _dialog("ExplainScreen"),
        (120, 38),
        actions=_explained,
    ),
    Shot(
        "set-up-form",
        "Setting up a role: who, where, what",
        ["f10", "<SetupScreen>", *_FILLED],
        _dialog("SetupScreen"),
        (110, 34),
        actions=_setting_up,
    ),
    Shot(
        "set-up-plan",
        "Review changes, both sides",
        ["f10", "<SetupScreen>", *_FILLED, "enter"],
        _stage(SetupStage.PLAN),
        (124, 40),
        actions=_setting_up,
    ),
    Shot(
        "set-up-apply",
        "Step by step",
        ["f10", "<SetupScreen>", *_FILLED, "enter", "<plan>", "enter"],
        _half_applied,
        (100, 20),
        actions=_applying,
    ),
    Shot(
        "set-up-done",
        "Checked as the user",
        ["f10", "<SetupScreen>", *_FILLED, "enter", "<plan>", "enter"],
        _stage(SetupStage.DONE),
        (100, 20),
        actions=_setting_up,
    ),
    Shot(
        "portal",
        "Roles of an Identity Center portal, listed in the background",
        ["end"],
        _listed,
        size=(120, 32),
        actions=_listing_portal,
        listing=_with_portal,
    ),
    Shot(
        "sign-in",
        "Signing in with the browser",
        ["end", "enter", "<SignInDialog>"],
        _waiting_for_approval,
        size=(100, 26),
        actions=_signing_in(BROWSER_PROMPT),
        listing=_with_portal,
    ),
    Shot(
        "sign-in-code",
        "Signing in with a code, on any device",
        ["end", "enter", "<SignInDialog>"],
        _waiting_for_approval,
        size=(80, 24),
        actions=_signing_in(DEVICE_PROMPT),
        listing=_with_portal,
    ),
    Shot("group", "Grouped by account", ["down", "down", "down"], listing=_grouped),
    Shot("light", "The light theme", ["down"], listing=_light),
    Shot("small-80x24", "80 columns, 24 rows", ["down"], size=(80, 24)),
    Shot("no-color", "NO_COLOR", list("prod"), size=(100, 26), environ={"NO_COLOR": "1"}),
    Shot("help", "Every key", ["f1"], _dialog("TextDialog"), size=(100, 36)),
)


async def wait(pilot: Pilot[Any], what: Callable[[], bool]) -> None:
    """Wait until `what` holds."""
    for _ in range(_PATIENCE):
        await pilot.pause(_STEP)
        if what():
            return
    message = "the screen never came to where the picture is taken"
    raise SystemExit(message)


async def take(shot: Shot) -> str:
    """Return the SVG of a shot."""
    actions = shot.actions()
    actions.answer = shot.listing(sample_listing(settings=_settings()))
    app = PickerApp(
        actions, clock=StandingClock(NOW + timedelta(seconds=shot.seconds)), environ=shot.environ
    )
    async with app.run_test(size=shot.size) as pilot:
        await wait(pilot, lambda: app.picker.state.indexed_sessions is not None)
        for key in shot.keys:
            if key == "<attempt 2>":
                await wait(pilot, lambda: len(actions.codes) == 1 and _on_top(app, "MfaDialog"))
                await pilot.pause(_STEP)
            elif key == "<explained>":
                await wait(pilot, lambda: bool(app.picker.state.explanations))
            elif key == "<plan>":
                await wait(pilot, lambda: _stage(SetupStage.PLAN)(app))
            elif key.startswith("<"):
                await wait(pilot, partial(_on_top, app, key[1:-1]))
            else:
                await pilot.press("space" if key == " " else key)
        await wait(pilot, lambda: shot.until(app))
        await pilot.pause(0.1)
        svg = draw(app, shot.title)
        for gate in (actions.gate, getattr(actions.access, "gate", None)):
            if gate is not None:
                gate.set()
    return svg


def _settings() -> Settings:
    return Settings(
        account_names=MappingProxyType(dict(sample_listing().settings.account_names)), theme="dark"
    )


def draw(app: PickerApp, title: str) -> str:
    """Return the app's screen as lines."""
    width, height = app.size
    console = Console(
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    screen = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)  # noqa: SLF001 -- as Textual's own export does
    lines = list(
        Segment.split_lines(
            segment for segment in console.render(screen or "") if not segment.control
        )
    )[:height]
    colors = PALETTES[LIGHT if app.theme == LIGHT else DARK].colors
    return render(
        lines,
        f"xswitch: {title}",
        background=colors["background"],
        foreground=colors["text"],
        frame=colors["surface"],
    )


def main() -> int:
    """Write all screenshots, or the named ones."""
    names = set(sys.argv[1:])
    for shot in SHOTS:
        if not names or shot.name in names:
            (_HERE / f"{shot.name}.svg").write_text(asyncio.run(take(shot)), encoding="utf-8")
            sys.stdout.write(f"screenshots/{shot.name}.svg\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
