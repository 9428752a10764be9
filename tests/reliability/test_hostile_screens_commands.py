"""Hostile text through every command on a real terminal: words, environment, files, and AWS."""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from collections import defaultdict
from pathlib import Path

import pexpect
import pytest

from support.aws.emulator import aws_server
from support.aws.servers import refusal, serve
from support.e2e import Home
from support.hostile.command_lines import (
    BASES,
    UNTOLD,
    Job,
    by_argv,
    by_environment,
    by_files,
    grammar,
)
from support.hostile.controls import foreign_output, hostile, in_xml, marks
from support.hostile.home import (
    hostile_accounts,
    with_administrators,
    written_config,
    written_settings,
    written_state,
)
from support.reliability.soak import chance, chunks, tell
from support.tui.watched import Watched, watched
from xswitch.cli.completion import completion_words

PROGRAM = Path(__file__).parents[1] / "support/programs/commands.py"
_ASKS = re.compile(rb"Type [^\n]* to switch: |MFA code: |Type yes: ")
_JOB = re.compile(rb"\r\n=== (\d+) ===\r\n")
# Bytes without an encoding, as a program's arguments and environment contain them.
_NO_UTF_8 = "\udcff\udc9b31m"
_TURNS = 200_000
_MOST = 0.8


def run(folder: Path, jobs: list[Job], environ: dict[str, str]) -> list[bytes]:
    """Return the output of each command on a terminal; prompts are answered with an empty line."""
    place = folder / "jobs.json"
    place.write_text(
        json.dumps([{"argv": job.argv, "env": job.env} for job in jobs]), encoding="utf-8"
    )
    with watched(
        [sys.executable, str(PROGRAM), str(place)], {**environ, "PYTHONPATH": str(PROGRAM.parent)}
    ) as one:
        _answering(one)
        one.child.close()
        assert one.child.exitstatus == 0, one.written[-2000:]
        pieces = _JOB.split(one.written)
    assert [int(number) for number in pieces[1::2]] == list(range(len(jobs)))
    return pieces[2::2]


def _answering(one: Watched) -> None:
    answered = looked = 0
    for _ in range(_TURNS):
        try:
            one.written += one.child.read_nonblocking(65536, 0.05)
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            return
        asked = answered + len(_ASKS.findall(one.written, looked))
        for _ in range(asked - answered):
            one.child.send("\r")
        looked = max(looked, *(found.end() for found in _ASKS.finditer(one.written, looked)), 0)
        answered = asked
    raise AssertionError(one.written[-500:])


def test_every_command_has_its_lines() -> None:
    assert set(grammar()) == set(BASES)
    assert {word.word for word in completion_words() if word.kind == "command"} <= set(BASES)


@pytest.mark.parametrize(("chunk", "how_many"), chunks(8, 500, 50))
def test_no_command_writes_hostile_sequences(chunk: int, how_many: int, home: Home) -> None:
    random = chance("commands", chunk)
    texts = [hostile(random, number) for number in range(how_many)]
    said = itertools.cycle(in_xml(text) for text in texts)
    environ = {**home.env, "HOME": str(home.folder), "PATH": os.environ["PATH"]}
    with (
        serve(lambda _: refusal("AccessDenied", next(said))) as server,
        aws_server(state=hostile_accounts(texts)) as aws,
    ):
        # A short config: what is hostile here is in the words and in the environment.
        written_config(home, texts[:3], server.url)
        with_administrators(home, aws.endpoint)
        given = [text + _NO_UTF_8 if number % 3 == 0 else text for number, text in enumerate(texts)]
        jobs = by_argv(given)
        outputs = run(home.folder, jobs, environ)
        more = by_environment(given, home.folder)
        outputs += run(home.folder, more, environ)
        names = written_config(home, texts, server.url)
        with_administrators(home, aws.endpoint)
        written_settings(home, texts)
        written_state(home, texts)
        last = by_files(names, texts, home.folder)
        outputs += run(home.folder, last, environ)
    faults = []
    shown: dict[str, set[int]] = defaultdict(set)
    for job, output in zip([*jobs, *more, *last], outputs, strict=True):
        shown[job.scene] |= marks(output.decode("utf-8", "replace"))
        faults += [f"{job.argv} {job.env}: {found!r}" for found in foreign_output(output)]
        if b"Traceback" in output or b"This is a bug" in output or b"exit crash" in output:
            faults.append(f"{job.argv} {job.env}: {output[-300:]!r}")
    parts = {
        f"shown by {scene}": len([one for one in found if one < how_many])
        for scene, found in sorted(shown.items())
        if scene != UNTOLD
    }
    faults += [
        f"{what}: {count} of {how_many}"
        for what, count in parts.items()
        if count < how_many * _MOST
    ]
    tell(
        "screens",
        f"hostile texts through {len(BASES)} commands",
        how_many,
        len(faults),
        "; ".join(faults[:8]),
        parts=parts,
    )
