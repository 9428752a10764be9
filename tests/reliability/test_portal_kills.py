"""`kill -9` at random moments of a listing: what had finished isn't asked for again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from support.e2e import XSWITCH
from support.reliability.generated import Tally
from support.reliability.portal_kills import ACCOUNTS, ROLES
from support.reliability.soak import chance, chunks, count, tell
from support.sso.place import Place, place

TESTS = Path(__file__).parents[1]
_WRONG = ("failed", "repeated", "incomplete", "left over")
_ACCOUNTS_OF_PROGRAM, _ROLES_OF_PROGRAM, _KILLS = 40, 3, count(2, 4)


@pytest.mark.parametrize(("chunk", "how_many"), chunks(2, 32, 8))
def test_a_killed_listing_repeats_no_finished_page(
    chunk: int, how_many: int, tmp_path: Path
) -> None:
    """In forks of a warm interpreter, with real threads, in a time that passes faster."""
    seed = chance("portal kills", chunk).randrange(1 << 30)
    module = "support.reliability.portal_kills"
    command = [sys.executable, "-m", module, str(tmp_path), str(how_many), str(seed)]
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environ, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = Counter[str](json.loads(done.stdout))
    assert found["listings"] == how_many
    assert found["kills amid the pages"]
    wrong = sum(found[name] for name in _WRONG)
    tell(
        "portal_kills",
        f"kills of listings of {ACCOUNTS} accounts and {ROLES} roles, 10 % refused",
        found["kills"],
        wrong,
        done.stdout if wrong else "",
        parts={name: found[name] for name in ("listings", "kills amid the pages")},
    )


@pytest.mark.parametrize(("chunk", "how_many"), chunks(1, 5, 1))
def test_the_killed_program_repeats_no_finished_page(
    chunk: int, how_many: int, tmp_path: Path
) -> None:
    """The whole program over HTTP, in real time."""
    random, tally = chance("killed portal programs", chunk), Tally()
    del how_many  # one listing, killed several times
    with place(tmp_path, _ACCOUNTS_OF_PROGRAM, _ROLES_OF_PROGRAM) as one:
        one.aws.faults.add(
            "throttling", "ListAccountRoles", times=10_000, share=0.1, seconds=1, seed=chunk
        )
        for _ in range(_KILLS):
            with tally.case(chunk):
                finished = _finished(one)
                before = len(one.aws.calls)
                process = subprocess.Popen(
                    [str(XSWITCH), "sso", "refresh"], env=one.env, stderr=subprocess.DEVNULL
                )
                one.wait_for(len(finished))  # this run asks by now
                time.sleep(random.uniform(0, 0.5))
                assert process.poll() is None, "the listing ended before the kill"
                process.kill()
                process.wait()
                assert not finished & _answered(one, before)
        finished, before = _finished(one), len(one.aws.calls)
        found = one.xswitch("sso", "refresh")
        assert len(finished) > _KILLS
        assert _answered(one, before)
        assert not finished & _answered(one, before)
        assert len(found["roles"]) == _ACCOUNTS_OF_PROGRAM * _ROLES_OF_PROGRAM
        assert found["accounts"] == _ACCOUNTS_OF_PROGRAM
        assert not one.pages
    tally.tell("portal_kills", "kills of the whole program")


def _finished(one: Place) -> set[str]:
    """Return the accounts whose roles are kept, and "" for the accounts themselves."""
    pages = map(json.loads, one.pages[1:])
    return {page[1] if page[0] == "roles" else "" for page in pages}


def _answered(one: Place, since: int) -> set[str]:
    """Return the same of what the portal was asked for since a call."""
    return {
        call.subject if call.action == "ListAccountRoles" else ""
        for call in one.aws.calls[since:]
        if call.service == "sso" and call.action.startswith("ListAccount")
    }
