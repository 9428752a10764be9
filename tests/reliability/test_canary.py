"""Secrets stay hidden in every command line that works, and in its ordinary failures."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from support.aws.emulator import default_state, totp_code
from support.e2e import XSWITCH, Home, run
from support.forked import Forks
from support.hostile.canary import LONG_TERM, Canaries, Watch, has_code, issued, report
from support.hostile.canary_lines import lines, missing_words, with_debug
from support.processes import ending
from support.reliability.soak import SOAK
from xswitch.demo.run import start
from xswitch.emulator.server import EmbeddedAws


def test_no_command_line_reveals_a_secret(
    home: Home, aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Forks
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("state.json").write_text(json.dumps(default_state()))
    Path("own.json").write_text(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    )
    temporary = home.folder / "tmp"
    temporary.mkdir()
    code = totp_code(now=aws.clock.now())
    plain = lines(code, aws.port)
    every = [*plain, *with_debug(plain)]
    assert missing_words(every) == []
    as_programs = plain if SOAK else plain[:3]
    in_forks = with_debug(as_programs)
    tried = [*as_programs, *in_forks]
    temporary_files = {"TMPDIR": str(temporary)}
    with Watch(home.folder, Canaries(LONG_TERM)) as watch:
        outputs = {words: home.run(*words, env=temporary_files) for words in as_programs}
        # The arguments are those of the programs; what is new here is the log.
        for words in in_forks:
            outputs[words] = warm.run(words, {**home.env, **temporary_files}, cwd=tmp_path)
    canaries = Canaries([*LONG_TERM, *issued(aws)])
    assert len(canaries) > len(LONG_TERM) + 2
    assert watch.processes > len(tried)
    assert outputs[every[0]].code == 0, outputs[every[0]].err
    faults = [
        f"{words}: {found}"
        for words, ran in outputs.items()
        for found in canaries.in_text(ran.out, ran.err)
    ]
    faults += [
        f"{words}: {ran.err}"
        for words, ran in outputs.items()
        if ran.code == 1 or "Traceback" in ran.err
    ]
    faults += (
        sorted(watch.seen)
        + canaries.in_files(home.folder, [home.credentials])
        + canaries.in_files(tmp_path, [tmp_path / "state.json"])
    )
    faults += [
        f"the MFA code is in {file}"
        for file in home.folder.rglob("*")
        if file.is_file() and has_code(file, code)
    ]
    report("command lines that have every option", faults, len(tried))


def test_the_demo_reveals_no_secret(home: Home, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps(default_state()))
    canaries = Canaries(LONG_TERM)
    words = [str(XSWITCH), "demo", "--serve", "--state", str(state)]
    with (
        Watch(home.folder, canaries) as watch,
        subprocess.Popen(
            words, env=home.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as server,
        ending(server),
    ):
        assert server.stdout is not None
        announced = server.stdout.readline()
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=60)
    assert announced.startswith("http://127.0.0.1:")
    faults = [*canaries.in_text(announced, out, err), *sorted(watch.seen)]
    with start({**os.environ, **home.env}, (str(XSWITCH),)) as demo:
        devices = json.loads(next(demo.home.rglob("totp*")).read_text())["devices"]
        credentials = demo.home / ".aws" / "credentials"
        keys = [
            line.partition("=")[2].strip()
            for line in credentials.read_text().splitlines()
            if "secret" in line
        ]
        inside = Canaries([*keys, *(device["secret"] for device in devices)])
        assert len(inside) > len(keys)
        inner = [
            ["demo", "--code"],
            ["demo", "--code", "--user", "nobody"],
            ["demo", "--advance", "1m"],
            ["list"],
            ["doctor"],
            ["config"],
        ]
        outputs = [run([str(XSWITCH), *words], demo.env) for words in inner]
    assert re.fullmatch(r"\d{6}\n", outputs[0].out)
    faults += [f"{ran}" for ran in outputs if inside.in_text(ran.out, ran.err)]
    report("commands of the demo", faults, len(outputs) + 1)
