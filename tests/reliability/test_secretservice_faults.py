"""A faulty Secret Service under the whole program.

Results are correct: no window opens, no other store is used silently, and nothing is lost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import find_program
from support.aws.emulator import DEV_SECRET, PLAIN_SECRET
from support.e2e import Home, Ran, run
from support.forked import Forks
from support.hostile.canary import Canaries, issued
from support.reliability.soak import SOAK, tell
from support.vault.secret_service import FakeSecretService, fake_secret_service
from xswitch.emulator.server import EmbeddedAws

_PROMISE = 3.0
_WRITES = ("switch", "reader", "--force", "--json")
_CALLS = ("ReadAlias", "Get", "OpenSession", "SearchItems", "GetSecret", "CreateItem")


@dataclass(frozen=True)
class Mood:
    """A fault, and the exit codes of a warm read and of a new session.

    0, or 7 if the vault can't be used.
    """

    feels: str
    reads: tuple[int, ...]
    writes: tuple[int, ...]


_UNUSABLE, _FINE, _EITHER = (7,), (0,), (0, 7)
MOODS: dict[str, Mood] = {
    "mute": Mood("mute", _UNUSABLE, _UNUSABLE),
    **{f"mute at {call}": Mood(f"mute at {call}", _EITHER, _EITHER) for call in _CALLS},
    "locked": Mood("locked", _UNUSABLE, _UNUSABLE),
    "locked after the first look": Mood("locks", _EITHER, _UNUSABLE),
    "an endless prompt": Mood("prompts", _FINE, _UNUSABLE),
    # The item is requested by its last known name and may still exist.
    "no keyring": Mood("no keyring", _EITHER, _UNUSABLE),
    **{f"dies at {call}": Mood(f"dies at {call}", _EITHER, _EITHER) for call in _CALLS},
    **{f"dies after {call}": Mood(f"dies after {call}", _EITHER, _EITHER) for call in _CALLS},
    "refuses large values": Mood("refuses large values", _FINE, _UNUSABLE),
    "loses items": Mood("loses", _FINE, _FINE),
    "loses what it has just found": Mood("gone", _EITHER, _FINE),
    "another's secret": Mood("another's", _FINE, _FINE),
    "a secret cut in half": Mood("cut", _FINE, _FINE),
    "an empty secret": Mood("emptied", _FINE, _FINE),
    "a secret with other characters": Mood("altered", _FINE, _FINE),
    "a secret that is no text": Mood("binary", _FINE, _FINE),
    "keeps nothing": Mood("swallows", _FINE, _FINE),
    "answers wrongly": Mood("odd", _UNUSABLE, _UNUSABLE),
    "refuses everything": Mood(
        "says org.freedesktop.DBus.Error.AccessDenied", _UNUSABLE, _UNUSABLE
    ),
    "slow": Mood("slow 0.1", _EITHER, _EITHER),
}
_FAST = ("mute", "locked", "loses items")


@pytest.fixture
def keyring_home(home: Home) -> Home:
    (home.folder / ".config" / "xswitch" / "config.toml").write_text(
        'vault = "secret-service"\n', encoding="utf-8"
    )
    return home


@pytest.mark.parametrize("name", MOODS if SOAK else _FAST)
def test_a_faulty_secret_service_gives_the_right_result(
    name: str, keyring_home: Home, aws: EmbeddedAws, warm: Forks
) -> None:
    home, mood = keyring_home, MOODS[name]
    home.warm = warm
    long_term = [DEV_SECRET, PLAIN_SECRET]
    with fake_secret_service(find_program) as service:
        home.env["DBUS_SESSION_BUS_ADDRESS"] = service.address
        begun = home.run("switch", "reader", "--json")
        assert begun.code == 0, begun.err
        process = home.command("xs-reader")
        before = json.loads(run(process, home.env).out)
        config = home.config.read_bytes()
        faults: list[str] = []
        longest = 0.0
        uses: dict[str, tuple[Callable[[], Ran], tuple[int, ...]]] = {
            "credential-process": (lambda: run(process, home.env), mood.reads),
            "switch --force": (lambda: home.run(*_WRITES), mood.writes),
            "status": (lambda: home.run("status", "--json"), _FINE),
            "list": (lambda: home.run("list", "--json"), _FINE),
        }
        for use, (do, codes) in uses.items():
            service.restart(mood.feels)
            began = time.monotonic()
            ran = do()
            longest = max(longest, time.monotonic() - began)
            faults += _complaints(f"{use}", ran, codes, Canaries([*long_term, *issued(aws)]))
        faults += _check_untouched(home, service, config)
        service.restart("well")
        after = run(process, home.env)
        if after.code or (name in _KEEPING and json.loads(after.out) != before):
            faults.append(f"well again, it does not answer as before: {after.err}")
    note = f"the longest command took {longest:.1f} s"
    tell("secretservice", name, len(uses) + 1, len(faults), "; ".join(faults[:5]) or note)
    assert not faults


_KEEPING = (
    "mute",
    "locked",
    "no keyring",
    "an endless prompt",
    "refuses large values",
    "answers wrongly",
    "refuses everything",
)
"""Faults that prevent writes, so that the earlier session remains."""


def _complaints(use: str, ran: Ran, codes: tuple[int, ...], canaries: Canaries) -> list[str]:
    faults = []
    if ran.code not in codes:
        faults.append(f"{use}: exit code {ran.code}, not {codes}: {ran.err} {ran.out[:200]}")
    if "Traceback" in ran.err or "bug" in ran.err:
        faults.append(f"{use}: {ran.err}")
    message = ran.err if use == "credential-process" and ran.code == 0 else ran.err + ran.out
    faults += [f"{use}: {found} is told" for found in canaries.in_text(message)]
    if (
        ran.code == 7
        and use == "credential-process"
        and (ran.out or len(ran.err.splitlines()) != 1 or "Next: " not in ran.err)
    ):
        faults.append(f"{use}: not one line with a way out: {ran.out} {ran.err}")
    return faults


def _check_untouched(home: Home, service: FakeSecretService, config: bytes) -> list[str]:
    """Check that no window opened, no other store was used, and the config is unchanged."""
    faults = [f"a window was opened: {service.prompts}"] if service.prompts else []
    kept = [
        str(path)
        for root in (home.runtime, home.folder)
        for path in root.rglob("*")
        if _holds_a_session(path)
    ]
    faults += [f"a session is in {path}" for path in kept]
    return faults + ([] if home.config.read_bytes() == config else ["the config is not as it was"])


def _holds_a_session(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"xswitch1 ")
