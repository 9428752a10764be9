"""Faults of STS and of the network, through every command that calls STS and through the screen."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import pytest

from support.aws.sts_faults import FAULTS
from support.aws.sts_homes import FaultySetup, faulty_setup
from support.aws.sts_scenes import SCENES, differences
from support.aws.sts_screen import done_on_screen, on_screen
from support.forked import Forks
from support.reliability.soak import SOAK, tell

_FAST = ("AccessDenied", "wrong account in the answer")
_AT_ONCE = 6
_APART = 0.5
"""Seconds between the starts of slow commands; simultaneous starts would take more time."""
_SILENT: tuple[tuple[str, ...], ...] = (
    *(
        ("list",),
        ("list", "--json"),
        ("status",),
        ("status", "--json"),
        ("history",),
        ("history", "--json"),
        ("config",),
        ("config", "--json"),
    ),
    *(
        ("complete", ""),
        ("completion", "bash"),
        ("init", "zsh"),
        ("console", "reader"),
        ("console", "reader", "--json"),
        ("--help",),
    ),
    *(
        ("pin", "reader"),
        ("pin", "reader", "--off"),
        ("switch", "--emit", "bash", "--unset"),
        ("demo", "--help"),
        ("--version",),
    ),
    *(("credential-process", "xs-reader"), ("forget", "xs-reader"), ("forget", "--all", "--json")),
)


@pytest.mark.parametrize("name", FAULTS if SOAK else _FAST)
async def test_every_command_and_the_screen_report_the_fault_and_lose_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, warm: Forks
) -> None:
    fault = FAULTS[name]
    scenes = {of: scene for of, scene in SCENES.items() if SOAK or scene.fast}
    screen = done_on_screen(fault) if SOAK or name == _FAST[0] else 0
    with (
        faulty_setup(fault) as setup,
        ThreadPoolExecutor(len(scenes) if fault.slow else _AT_ONCE) as pool,
    ):
        apart = _APART if fault.slow else 0
        setup.forks = None if fault.slow else warm
        running = [
            pool.submit(_later, apart * number, setup, of) for number, of in enumerate(scenes)
        ]
        # Use the screen while the commands run.
        faults = await on_screen(setup, monkeypatch) if screen else []
        faults += [complaint for one in running for complaint in one.result()]
        faults += changes_of_iam(setup)
    note = "; ".join(faults) or f"exit code {int(fault.exit_code)}, {fault.code}"
    parts = {"commands": len(scenes), "things done on the screen": screen}
    tell("sts", name, len(scenes) + screen, len(faults), note, parts=parts)
    assert not faults


def _later(seconds: float, setup: FaultySetup, name: str) -> list[str]:
    time.sleep(seconds)
    return differences(setup, name, SCENES[name])


def changes_of_iam(setup: FaultySetup) -> list[str]:
    """Return changes made although the account couldn't be verified."""
    made = {call.action for call in setup.iam.calls if not call.action.startswith(("Get", "List"))}
    return [] if setup.fault.alone else [f"IAM was told to {action}" for action in sorted(made)]


def test_each_case_has_its_own_message() -> None:
    ends = {(fault.exit_code, fault.code, fault.says) for fault in FAULTS.values()}
    alike = [
        (one, other)
        for one, other in combinations(ends, 2)
        if one[2] in other[2] or other[2] in one[2]
    ]
    assert alike == []
    by_code = {(fault.exit_code, fault.code) for fault in FAULTS.values()}
    assert (
        len(FAULTS) - len(by_code) == 3
    )  # two delays, two broken responses, and a clock ahead or behind


def test_a_valid_session_makes_no_sts_call(warm: Forks) -> None:
    faults = []
    commands = _SILENT if SOAK else _SILENT[-4:]
    with faulty_setup(FAULTS["reset"]) as setup:
        place = setup.copy(setup.warm)
        place.warm = warm
        for words in commands:
            ran = place.run(*words)
            faults += [f"{' '.join(words)}: {ran.err}"] if ran.code else []
        faults += [f"STS was called: {request.body}" for request in setup.server.requests]
    tell(
        "sts",
        "commands that need no STS",
        len(commands),
        len(faults),
        "; ".join(faults) or "exit code 0, no call",
    )
    assert not faults
