"""What the screen says of an STS fault.

Enter, a renewal, a typed code, and Enter on a session that lives.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from support.aws.sts_faults import Fault
from support.aws.sts_homes import Place, Stand
from support.aws.sts_scenes import by_living, changed
from support.reliability.soak import SOAK
from support.tui.fake_actions import Driven
from xswitch.tui.app import PickerApp
from xswitch.tui.setup.screen import SetupScreen
from xswitch.tui.setup.state import SetupStage
from xswitch.wiring import build_services

_TIMES = 12
"""So many times a step may take what `Driven.until` gives it.

The slowest of them are two calls, one after the other.
"""


def done_on_screen(fault: Fault) -> int:
    """How many things are done.

    They wait for STS one after the other, so a slow one is spared the set-up, and so is the fast
    slice.
    """
    return 5 if SOAK and not (fault.alone or fault.slow) else 4


async def on_screen(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is wrong with what the picker does."""
    wrong = await _without_a_session(stand, monkeypatch) + await _with_a_living_one(
        stand, monkeypatch
    )
    return wrong + (
        await _setting_up(stand, monkeypatch) if done_on_screen(stand.fault) > 4 else []
    )


async def _without_a_session(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    fault, place = stand.fault, stand.copy(stand.cold)
    before = place.picture()
    wrong = []
    async with _on_screen(place, monkeypatch) as one:
        # At the same time, as on a screen: one role is renewed while another one is switched to.
        one.app.session_actions.renew(
            next(role for role in one.state.roles if role.name == "denied")
        )
        await _enter(one, "forbidden")
        await _until(one, lambda: {"forbidden", "denied"} <= set(one.state.failures))
        wrong += _failures(one, fault, "forbidden", "denied")
        await one.closed()
        await _until(
            one,
            lambda: fault.says in _told(one),
            lambda: f"{fault.says!r} is not on the screen:\n{one.text()}",
        )
        await _enter(one, "admin")
        await one.dialog("MfaDialog")
        await one.type("123456")
        await one.press("enter")
        await _until(one, lambda: "admin" in one.state.failures)
        wrong += _failures(one, fault, "admin")
        await one.closed()
        # And it goes on: another role, another filter, the help.
        await _filter(one, "reader")
        await one.press("f1")
        await one.dialog("TextDialog")
        await one.press("escape")
        await one.closed()
        if one.app.crash is not None:
            wrong.append(f"the screen crashed: {one.app.crash!r}")
    return wrong + [
        f"{path} is not as it was"
        for path in changed("sessions" if fault.alone else "everything", before, place.picture())
    ]


async def _with_a_living_one(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    fault, place = stand.fault, stand.copy(stand.warm)
    before = place.picture()
    end = by_living(fault)
    wrong = []
    async with _on_screen(place, monkeypatch) as one:
        await _enter(one, "reader")
        await _until(
            one, lambda: one.app.return_value is not None or "reader" in one.state.failures
        )
        switched = one.app.return_value
        if end.code:
            wrong += _failures(one, fault, "reader")
        elif switched is None or switched.managed_profile != "xs-reader":
            wrong.append(f"the living session is not served: {one.state.failures.get('reader')}")
    wrong += [f"{path} is not as it was" for path in changed("files", before, place.picture())]
    if not fault.by_keys and place.run("credential-process", "xs-reader").out != stand.kept:
        wrong.append("the living session is gone")
    return wrong


async def _setting_up(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    fault, place = stand.fault, stand.copy(stand.admin)
    before = place.picture()
    async with _on_screen(place, monkeypatch) as one:
        await one.press("f10")
        await one.dialog("SetupScreen")
        screen = one.app.screen
        assert isinstance(screen, SetupScreen)
        for key, value in (
            ("source_profile", "source-admin"),
            ("who_name", "Bob"),
            ("target_profile", "target-admin"),
        ):
            screen.query_one(f"#field-{key}").focus()
            await one.pilot.pause()
            await one.type(value)
        await one.press("enter")
        await _until(one, lambda: screen.state.failure is not None)
        failure, stage = screen.state.failure, screen.state.stage
    wrong = [f"{path} is not as it was" for path in changed("everything", before, place.picture())]
    if (
        failure is None
        or failure.code != fault.code
        or fault.says not in failure.what
        or stage is not SetupStage.FORM
    ):
        wrong.append(f"the set-up tells {failure}, and is at {stage}")
    return wrong


def _failures(one: Driven, fault: Fault, *names: str) -> list[str]:
    found = {name: one.state.failures.get(name) for name in names}
    return [
        f"{name}: the screen knows {failure}"
        for name, failure in found.items()
        if failure is None
        or (failure.code, failure.exit_code) != (fault.code, fault.exit_code)
        or fault.says not in failure.what
    ]


@asynccontextmanager
async def _on_screen(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Driven]:
    """The picker of a place, with everything real behind it."""
    with monkeypatch.context() as patch:
        for variable, value in place.env.items():
            patch.setenv(variable, value)
        services = build_services(dict(os.environ))
        app = PickerApp(services.actions, clock=services.clock, environ={})
        async with app.run_test(size=(150, 44)) as pilot:
            one = Driven(app, pilot, services.actions)  # type: ignore[arg-type] # the real ones
            await one.until(lambda: one.state.loaded and one.state.indexed_sessions is not None)
            yield one


async def _filter(one: Driven, name: str) -> None:
    await one.press("ctrl+u")
    await one.type(name)
    await one.until(lambda: one.selected() == name)


async def _enter(one: Driven, name: str) -> None:
    await _filter(one, name)
    await one.press("enter")


async def _until(one: Driven, what: Callable[[], bool], why: Callable[[], str] = str) -> None:
    for _ in range(_TIMES):
        try:
            await one.until(what)
        except AssertionError:
            continue
        return
    raise AssertionError(why() or one.text())


def _told(one: Driven) -> str:
    """The sentences at the crosses on the screen, which go over several lines."""
    lines = one.lines()
    found = []
    for number, line in enumerate(lines):
        at = line.rfind("✗ ")
        if at >= 0:
            found.append(
                " ".join(" ".join(other[at + 2 :] for other in lines[number : number + 6]).split())
            )
    return "\n".join(found)
