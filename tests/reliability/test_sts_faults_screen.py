"""STS faults on the screen in a real terminal.

`test_sts_faults` covers all faults, with the screen under a pilot.
"""

from __future__ import annotations

import re

import pytest

from support.aws.sts_faults import FAULTS
from support.aws.sts_homes import faulty_setup
from support.aws.sts_scenes import TIME_LIMIT, by_living, changed
from support.e2e import XSWITCH
from support.reliability.soak import SOAK, tell
from support.tui.watched import Watched, watched

_TERMINAL = ("DNS failure", "reset", "AccessDenied", "wrong account in the answer")
_CONTROL = re.compile(rb"\x1b\[[0-9;:?<>=]*[a-zA-Z~]|\x1b[()][A-Z0-9]|\x1b[=>78]")


@pytest.mark.parametrize("name", _TERMINAL if SOAK else _TERMINAL[:1])
def test_the_faults_are_shown_in_a_real_terminal(name: str) -> None:
    fault = FAULTS[name]
    faults = []
    with faulty_setup(fault) as setup:
        place = setup.copy(setup.warm)
        before = place.snapshot()
        with watched([str(XSWITCH)], place.env) as program:
            program.until(b"forbidden")
            program.child.send("forbidden\r")
            shown = _written(program, fault.says)
            program.child.send("\x03")
            if (code := program.ended()) != 130:
                faults.append(f"left with {code}")
        if not shown:
            faults.append(f"{fault.says!r} is not shown: {_plain(program.written)[-600:]!r}")
        faults += [
            f"{path} has changed" for path in changed("everything", before, place.snapshot())
        ]
        end = by_living(fault)
        with watched([str(XSWITCH)], place.env) as program:
            program.until(b"reader")
            program.child.send("reader\r")
            if end.code:
                faults += (
                    []
                    if _written(program, fault.says)
                    else [f"{fault.says!r} is not shown for the valid session"]
                )
                program.child.send("\x03")
            if (code := program.ended()) != (130 if end.code else 0):
                faults.append(f"Enter with a valid session: exit code {code}")
            if not end.code and b"xs-reader" not in program.written.rpartition(b"\x1b[?1049l")[2]:
                faults.append("the valid session isn't used")
        faults += [f"{path} has changed" for path in changed("files", before, place.snapshot())]
    tell("sts", name, 2, len(faults), "; ".join(faults), parts={"in a real terminal": 2})
    assert not faults


def _written(program: Watched, says: str) -> bool:
    """Return whether all words of a sentence are written, in order.

    A line of the pane is drawn at once, but others may be drawn in between.
    """
    wanted = re.compile(".{0,400}?".join(re.escape(word) for word in says.split()), re.DOTALL)
    for _ in range(int(TIME_LIMIT)):
        if wanted.search(_plain(program.written)):
            return True
        if not program.read(1.0):
            break
    return False


def _plain(written: bytes | bytearray) -> str:
    return _CONTROL.sub(b" ", written).decode("utf-8", "replace")
