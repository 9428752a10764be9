"""A canary at every place of every key of both files, and every command that could show it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from support import next_steps
from support.aws.emulator import totp_code
from support.e2e import Home
from support.hostile.canary import Canaries, report
from support.hostile.canary_places import PLACES, Files, all_files
from support.next_steps_table import ADVICE, ELSEWHERE, INSTRUCTIONS, RUN
from support.reliability.soak import chance, count
from xswitch.cli.commands import COMMANDS
from xswitch.emulator.server import EmbeddedAws

TESTS = Path(__file__).parents[1]
_PROGRAM = [sys.executable, str(TESTS / "support/programs/canary_files.py")]
ALL = {**RUN, **ELSEWHERE, **ADVICE, **INSTRUCTIONS}
_GENERAL = (
    ["list"],
    ["list", "--json"],
    ["config"],
    ["config", "--json"],
    ["doctor"],
    ["doctor", "--json"],
    ["status"],
    ["history", "--json"],
    ["complete", ""],
    ["sso", "list"],
    ["logout", "--all"],
    ["renew", "--all"],
    ["screen"],
)
_OF_PROFILES = (
    ["switch", "{}"],
    ["switch", "{}", "--json", "--debug"],
    ["switch", "{}", "--static"],
    ["exec", "{}", "--", "true"],
    ["exec", "--env", "{}", "--debug", "--", "true"],
    ["exec", "--serve", "{}", "--debug", "--", "true"],
    ["explain", "{}"],
    ["explain", "{}", "--json"],
    ["credential-process", "{}"],
    ["credential-process", "xs-{}"],
    ["renew", "{}", "--json"],
    ["renew-background", "xs-{}"],
    ["console", "{}"],
    ["pin", "{}"],
    ["access", "plan", "New", "--source", "dev", "--target", "{}"],
    ["access", "check", "Reader", "--source", "{}", "--target", "{}"],
    ["access", "lint", "Reader", "--target", "{}"],
    ["sso", "populate", "{}", "--cached", "--dry-run"],
    ["forget", "{}"],
    ["config", "undo"],
    ["switch", "nobody"],
)
_READING = {"explain", "credential-process", "console", "access"}
# The first three read neither file; of a sign-in, the canary has a test of its own
_ELSEWHERE = {"init", "completion", "demo", "login"}


def test_every_command_is_tried() -> None:
    tried = {words[0] for words in (*_GENERAL, *_OF_PROFILES)}
    assert {command.name for command in COMMANDS} <= tried | _ELSEWHERE


def _asked(home: Home, files: Files, pick: int) -> Iterator[tuple[list[str], str]]:
    written = {str(home.config): files.config, str(home.credentials): files.credentials}
    profile = files.profiles[pick % len(files.profiles)]
    general = [_GENERAL[(pick + step) % len(_GENERAL)] for step in (0, 3, 6)[: count(2, 3)]]
    # State files name profiles as they are, so nothing is written about one named like a secret
    named = PLACES[files.what.partition(",")[0]].named
    possible = [words for words in _OF_PROFILES if not named or words[0] in _READING]
    of_profiles = [possible[(pick + step) % len(possible)] for step in range(count(1, 4))]
    for words in (*general, *of_profiles):
        line = [word.format(profile) for word in words]
        yield line, json.dumps({"files": written, "words": line})


def test_no_key_of_the_files_reveals_a_canary(home: Home, aws: EmbeddedAws) -> None:
    assert home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())).code == 0
    base, credentials = home.config.read_text(), home.credentials.read_text()
    every = list(all_files(base, credentials))
    assert {files.what.partition(",")[0] for files in every} == set(PLACES)
    random = chance("canary keys")
    random.shuffle(every)
    tried = every[: count(10, 60)]
    asked = [
        (files, words, line)
        for files in tried
        for words, line in _asked(home, files, random.randrange(10_000))
    ]
    done = subprocess.run(
        _PROGRAM,
        env={
            **home.env,
            "PYTHONPATH": str(TESTS),
            "AWS_ENDPOINT_URL_STS": aws.endpoint,
            "AWS_ENDPOINT_URL_IAM": aws.endpoint,
        },
        input="".join(f"{line}\n" for _, _, line in asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        start_new_session=True,
    )
    outs, errs = (re.split(r"\n== (?:\d+)\n", text) for text in (done.stdout, done.stderr))
    faults = []
    if len(outs) != len(asked) + 1:
        faults.append(f"{len(outs) - 1} of {len(asked)} ended: {done.stderr[-800:]}")
    for (files, words, _), out, err in zip(asked, outs, errs, strict=False):
        if Canaries([files.canary]).in_text(out, err):
            faults.append(f"{files.what}, {words}, {files.canary}: {_around(out + err, files)}")
        if words[0] != "explain" and (steps := next_steps.unknown(err, ALL)):
            faults.append(f"{files.what}, {words}: no test knows the next step {steps}")
        if "bug in xswitch" in err or "Traceback" in err:
            faults.append(f"{files.what}, {words}: {err[-300:]}")
    canaries = Canaries({files.canary for files in tried})
    spared = [home.config, home.credentials, *home.folder.rglob("backups/*")]
    faults += canaries.in_files(home.folder, spared)
    report("commands over files with one at any place of any key", faults, len(asked))


def _around(text: str, files: Files) -> str:
    at = text.find(files.canary[:12])
    return text[max(0, at - 200) : at + 60]


def test_the_example_of_an_indented_secret(home: Home) -> None:
    """Indented by mistake, the secret is the second line of the region."""
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY99"
    text = home.config.read_text()
    home.config.write_text(
        f"[profile p]\nregion=eu-west-1\n  aws_secret_access_key={secret}\n"
        "role_arn=arn:aws:iam::222222222222:role/Admin\nsource_profile=dev\n" + text
    )
    for words in (["list", "--json"], ["config"], ["explain", "p"], ["credential-process", "p"]):
        ran = home.run(*words)
        assert secret[:10] not in ran.out + ran.err
        assert "bug" not in ran.err
    config = home.run("config")
    assert (
        f"{home.config}:3: warning: This indented key is part of the value above it" in config.err
    )
    assert "'eu-west-1…' isn't a valid region" in config.err


@pytest.mark.parametrize("key", sorted(chain(["region", "role_arn", "source_profile", "output"])))
def test_a_continuation_is_no_part_of_what_list_says(home: Home, key: str) -> None:
    text = home.config.read_text()
    values = {
        "region": "eu-west-1",
        "role_arn": "arn:aws:iam::222222222222:role/Reader",
        "source_profile": "dev",
        "output": "json",
    }
    lines = "".join(
        f"{name} = {value}\n" + ("  some words of mine\n" if name == key else "")
        for name, value in values.items()
    )
    home.config.write_text(f"[profile p]\n{lines}" + text)
    for words in (["list", "--json"], ["list"], ["config"], ["config", "--json"], ["doctor"]):
        ran = home.run(*words)
        assert "some words" not in ran.out + ran.err, words
