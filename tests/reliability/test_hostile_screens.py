"""Hostile names, notes, ARNs, and messages on every screen, on a real terminal."""

from __future__ import annotations

import os

import pytest

from support.aws.servers import refusal, serve
from support.e2e import XSWITCH, Home
from support.hostile.controls import foreign_output, hostile, in_xml, marks
from support.hostile.home import written_config
from support.reliability.soak import chance, chunks, tell
from support.tui.watched import watched

# The keys for the picker: down the list with the detail shown, and through the dialogs.
_WALK = ["\x1b[B"] * 12 + ["\x1b[6~", "\x1b[F", "\x1b[H", "g", "g", "?", "\x1b", "\t", "\t"]


def commands() -> list[list[str]]:
    return [
        ["list"],
        ["list", "--json"],
        ["config"],
        ["doctor"],
        ["complete", ""],
        ["status"],
        ["history"],
        ["switch", "p0000"],
        ["explain", "p0000"],
        ["renew", "p0000"],
        ["credential-process", "p0000"],
    ]


@pytest.mark.parametrize(("chunk", "how_many"), chunks(30, 500, 50))
def test_no_hostile_sequence_reaches_the_terminal(chunk: int, how_many: int, home: Home) -> None:
    random = chance("screens", chunk)
    texts = [hostile(random, number) for number in range(how_many)]
    message = in_xml(hostile(random, 9000 + chunk, lines=True))
    environ = {
        **home.env,
        "COLORTERM": "truecolor",
        "HOME": str(home.folder),
        "PATH": os.environ["PATH"],
    }
    faults: list[str] = []
    written = b""
    with serve(lambda _: refusal("AccessDenied", message)) as server:
        written_config(home, texts, server.url)
        for words in commands():
            with watched([str(XSWITCH), *words], environ) as program:
                while program.read(1.0):
                    pass
                program.child.close()
                faults += [f"{words[0]}: {found!r}" for found in foreign_output(program.written)]
                if b"Traceback" in program.written or b"This is a bug" in program.written:
                    faults.append(f"{words[0]}: {program.written[-300:]!r}")
                written += program.written
        with watched([str(XSWITCH)], environ) as program:
            program.until(b"type to filter")
            program.read(1.0)
            for key in [*_WALK, *["\x1b[B"] * (how_many // 3)]:
                program.child.send(key)
                program.read(0.03)
            program.child.send("\r")
            program.read(1.5)
            program.child.send("\x03")
            while program.read(1.0):
                pass
            program.child.close()
            faults += [f"picker: {found!r}" for found in foreign_output(program.written)]
            if program.child.exitstatus not in (0, 130) or b"bug" in program.written:
                faults.append(
                    f"the picker ended with {program.child.exitstatus}: {program.written[-300:]!r}"
                )
            written += program.written
    seen = marks(written.decode("utf-8", "replace"))
    shown = sum(number in seen for number in range(how_many))
    if shown < how_many * 0.9:
        faults.append(f"only {shown} of {how_many} texts were shown at all")
    parts = {"shown on some screen or in some output": shown}
    tell(
        "screens",
        "hostile texts through the picker and eleven commands",
        how_many,
        len(faults),
        "; ".join(faults[:5]),
        parts=parts,
    )
    assert not faults
