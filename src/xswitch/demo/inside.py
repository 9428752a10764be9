"""What a process that runs inside a demo can ask of it.

Everything is found through the environment `run.start` made.
"""

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
from xswitch.emulator.clock import DemoClock


@dataclass(frozen=True, slots=True)
class CurrentCode:
    """The code the demo's MFA device shows, and for how many seconds more."""

    code: str
    seconds_left: int
    serial: str


def is_demo(environ: Mapping[str, str]) -> bool:
    """Whether this environment is that of a demo."""
    return environ.get(DEMO) == "1" and CLOCK in environ and TOTP in environ


def demo_clock(environ: Mapping[str, str]) -> DemoClock | None:
    """The clock every process of the demo shares; None outside of one."""
    return DemoClock(Path(environ[CLOCK])) if is_demo(environ) else None


def notice(environ: Mapping[str, str]) -> str:
    """One line for the screen, "" outside of a demo."""
    return (
        "DEMO: an embedded AWS on this machine; nothing here is yours or real"
        if is_demo(environ)
        else ""
    )


def current_code(
    environ: Mapping[str, str], now: datetime | None = None, *, who: str = ""
) -> CurrentCode:
    """The MFA code at `now` (default: the demo's time) of the device `who` names.

    A serial number or a user, "" for dana's.

    Raises UsageError outside of a demo, and for a device it doesn't have.
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
    """The MFA code of the device with this serial number ("".

    Dana's), "" for a device the demo doesn't have, or a demo that has ended.
    """
    try:
        return current_code(environ, who=serial).code
    except UsageError:
        return ""


def advance(environ: Mapping[str, str], seconds: float) -> float:
    """Let `seconds` (0 or more) pass for this demo's AWS and xswitch; how far both are ahead now.

    Raises UsageError outside of a demo.
    """
    clock = _clock(environ)
    if not seconds >= 0:
        raise UsageError(
            "Time only goes forward.", next_step="xswitch demo --advance 1h", code="demo_clock"
        )
    total = clock.offset_seconds() + seconds
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
