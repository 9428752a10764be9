"""Commands inside a running demo, which they find through the environment of `run.start`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from xswitch.core.errors import UsageError
from xswitch.demo.home import CLOCK, DEMO, TOTP
from xswitch.emulator import totp
from xswitch.emulator.clock import DemoClock, valid_offset


@dataclass(frozen=True, slots=True)
class CurrentCode:
    """The code of the demo's MFA device, and its remaining seconds."""

    code: str
    seconds_left: int
    serial: str


def is_demo(environ: Mapping[str, str]) -> bool:
    """Whether this environment is a demo's."""
    return environ.get(DEMO) == "1" and CLOCK in environ and TOTP in environ


def demo_clock(environ: Mapping[str, str]) -> DemoClock | None:
    """The clock that all processes of the demo share; None outside a demo."""
    return DemoClock(Path(environ[CLOCK])) if is_demo(environ) else None


def notice(environ: Mapping[str, str]) -> str:
    """The demo's line for the screen, "" outside a demo."""
    return (
        "DEMO: an embedded AWS on this machine; nothing here is yours or real"
        if is_demo(environ)
        else ""
    )


def current_code(
    environ: Mapping[str, str], now: datetime | None = None, *, who: str = ""
) -> CurrentCode:
    """The MFA code at `now` (default: the demo's time) of a device.

    `who` is a serial number or a user, "" for dana. Raises UsageError outside a demo, and for a
    device it doesn't have.
    """
    clock = _clock(environ)
    try:
        devices = json.loads(Path(environ[TOTP]).read_text(encoding="utf-8"))["devices"]
        device = next(
            (
                one
                for one in devices
                if not who or who in (one["serial"], one["serial"].rpartition("/")[2])
            ),
            None,
        )
        when = now or clock.now()
        if device is not None:
            return CurrentCode(
                totp.code(device["secret"], when), totp.seconds_left(when), device["serial"]
            )
    except (OSError, ValueError, KeyError) as problem:
        raise UsageError(
            "This demo has ended.", why=str(problem), next_step="xswitch demo", code="demo_ended"
        ) from None
    names = ", ".join(one["serial"].rpartition("/")[2] for one in devices)
    raise UsageError(
        f"The demo has no MFA device of {who}.", why=f"It has those of {names}.", code="demo_device"
    )


def code_shown(environ: Mapping[str, str], serial: str = "") -> str:
    """The current MFA code of the device with this serial number ("" for dana's).

    "" if the demo has no such device or has ended.
    """
    try:
        return current_code(environ, who=serial).code
    except UsageError:
        return ""


def advance(environ: Mapping[str, str], seconds: float) -> float:
    """Advance the demo's AWS and xswitch by `seconds` (0 or more); return the total offset.

    Raises UsageError outside a demo.
    """
    clock = _clock(environ)
    if not seconds >= 0:
        raise UsageError(
            "Time only goes forward.", next_step="xswitch demo --advance 1h", code="demo_clock"
        )
    total = clock.offset_seconds() + seconds
    if not valid_offset(total):
        raise UsageError(
            "The demo's clock can't go that far.",
            why="It goes 100 years ahead at most.",
            next_step="xswitch demo --advance 1h",
            code="demo_clock",
        )
    path = Path(environ[CLOCK])
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        temporary.write_text(f"{total}\n", encoding="ascii")
        temporary.replace(path)
    except OSError as problem:
        raise UsageError(
            "This demo has ended.", why=str(problem), next_step="xswitch demo", code="demo_ended"
        ) from None
    return total


def _clock(environ: Mapping[str, str]) -> DemoClock:
    clock = demo_clock(environ)
    if clock is None:
        raise UsageError(
            "This only works inside the demo.", next_step="xswitch demo", code="not_in_demo"
        )
    return clock
