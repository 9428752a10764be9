"""The screen under an STS fault: Enter, a renewal, a typed code, Enter with a valid session."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from support.aws.sts_faults import Fault
from support.aws.sts_homes import FaultHome, FaultySetup
from support.aws.sts_scenes import by_living, changed
from support.reliability.soak import SOAK
from support.tui.fake_actions import Driven
from xswitch.tui.app import PickerApp
from xswitch.tui.setup.screen import SetupScreen
from xswitch.tui.setup.state import SetupStage
from xswitch.wiring import build_services

_TIMES = 3
"""The factor on the timeout of `Driven.until`; the slowest steps make two calls in a row."""


def done_on_screen(fault: Fault) -> int:
    """Return the number of steps.

    They wait for STS one after the other, so slow faults and the fast slice omit the setup.
    """
    return 5 if SOAK and not (fault.alone or fault.slow) else 4


async def on_screen(setup: FaultySetup, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the differences from the expected picker."""
    wrong = await _without_a_session(setup, monkeypatch) + await _with_a_living_one(
        setup, monkeypatch
    )
    return wrong + (
        await _setting_up(setup, monkeypatch) if done_on_screen(setup.fault) > 4 else []
    )


async def _without_a_session(setup: FaultySetup, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    fault, place = setup.fault, setup.copy(setup.cold)
    before = place.snapshot()
    wrong = []
    async with _on_screen(place, monkeypatch) as ui:
        # Renews one role while switching to another.
        ui.app.session_actions.renew(next(role for role in ui.state.roles if role.name == "denied"))
        await _enter(ui, "forbidden")
        await _until(ui, lambda: {"forbidden", "denied"} <= set(ui.state.failures))
        wrong += _failures(ui, fault, "forbidden", "denied")
        await ui.closed()
        await _until(
            ui,
            lambda: fault.says in _told(ui),
            lambda: f"{fault.says!r} is not on the screen:\n{ui.text()}",
        )
        await _enter(ui, "admin")
        await ui.dialog("MfaDialog")
        await ui.type("123456")
        await ui.press("enter")
        await _until(ui, lambda: "admin" in ui.state.failures)
        wrong += _failures(ui, fault, "admin")
        await ui.closed()
        # The picker still works: another role, another filter, the help.
        await _filter(ui, "reader")
        await ui.press("f1")
        await ui.dialog("TextDialog")
        await ui.press("escape")
        await ui.closed()
        if ui.app.crash is not None:
            wrong.append(f"the screen crashed: {ui.app.crash!r}")
    return wrong + [
        f"{path} has changed"
        for path in changed("sessions" if fault.alone else "everything", before, place.snapshot())
    ]


async def _with_a_living_one(setup: FaultySetup, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    fault, place = setup.fault, setup.copy(setup.warm)
    before = place.snapshot()
    end = by_living(fault)
    wrong = []
    async with _on_screen(place, monkeypatch) as ui:
        await _enter(ui, "reader")
        await _until(ui, lambda: ui.app.return_value is not None or "reader" in ui.state.failures)
        switched = ui.app.return_value
        if end.code:
            wrong += _failures(ui, fault, "reader")
        elif switched is None or switched.managed_profile != "xs-reader":
            wrong.append(f"the living session is not served: {ui.state.failures.get('reader')}")
    wrong += [f"{path} has changed" for path in changed("files", before, place.snapshot())]
    if not fault.by_keys and place.run("credential-process", "xs-reader").out != setup.kept:
        wrong.append("the valid session is gone")
    return wrong


async def _setting_up(setup: FaultySetup, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    fault, place = setup.fault, setup.copy(setup.admin)
    before = place.snapshot()
    async with _on_screen(place, monkeypatch) as ui:
        await ui.press("f10")
        await ui.dialog("SetupScreen")
        screen = ui.app.screen
        assert isinstance(screen, SetupScreen)
        for key, value in (
            ("source_profile", "source-admin"),
            ("who_name", "Bob"),
            ("target_profile", "target-admin"),
        ):
            screen.query_one(f"#field-{key}").focus()
            await ui.pilot.pause()
            await ui.type(value)
        await ui.press("enter")
        await _until(ui, lambda: screen.state.failure is not None)
        failure, stage = screen.state.failure, screen.state.stage
    wrong = [f"{path} has changed" for path in changed("everything", before, place.snapshot())]
    if (
        failure is None
        or failure.code != fault.code
        or fault.says not in failure.what
        or stage is not SetupStage.FORM
    ):
        wrong.append(f"the setup shows {failure} at {stage}")
    return wrong


def _failures(ui: Driven, fault: Fault, *names: str) -> list[str]:
    found = {name: ui.state.failures.get(name) for name in names}
    return [
        f"{name}: the screen knows {failure}"
        for name, failure in found.items()
        if failure is None
        or (failure.code, failure.exit_code) != (fault.code, fault.exit_code)
        or fault.says not in failure.what
    ]


@asynccontextmanager
async def _on_screen(place: FaultHome, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Driven]:
    """Run the picker in a home with the real services."""
    with monkeypatch.context() as patch:
        for variable, value in place.env.items():
            patch.setenv(variable, value)
        services = build_services(dict(os.environ))
        app = PickerApp(services.actions, clock=services.clock, environ={})
        async with app.run_test(size=(150, 44)) as pilot:
            ui = Driven(app, pilot, services.actions)  # type: ignore[arg-type] # the real ones
            await ui.until(lambda: ui.state.loaded and ui.state.indexed_sessions is not None)
            yield ui


async def _filter(ui: Driven, name: str) -> None:
    await ui.press("ctrl+u")
    await ui.type(name)
    await ui.until(lambda: ui.selected() == name)


async def _enter(ui: Driven, name: str) -> None:
    await _filter(ui, name)
    await ui.press("enter")


async def _until(ui: Driven, what: Callable[[], bool], why: Callable[[], str] = str) -> None:
    for _ in range(_TIMES):
        try:
            await ui.until(what)
        except AssertionError:
            continue
        return
    raise AssertionError(why() or ui.text())


def _told(ui: Driven) -> str:
    """Return the error messages on the screen, joined across lines."""
    lines = ui.lines()
    messages = []
    for number, line in enumerate(lines):
        at = line.rfind("✗ ")
        if at >= 0:
            messages.append(
                " ".join(" ".join(other[at + 2 :] for other in lines[number : number + 6]).split())
            )
    return "\n".join(messages)
