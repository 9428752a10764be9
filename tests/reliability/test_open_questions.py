"""A question for an MFA code is open on a terminal, and others want sessions meanwhile."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pexpect

from support.aws.emulator import totp_code
from support.e2e import XSWITCH, Home
from support.reliability.soak import count, tell
from xswitch.emulator.server import EmbeddedAws

_SECONDS = 40
"""Fewer than the 45 for which a lock is waited for."""
SILENT = (
    ("credential-process", "admin"),
    ("credential-process", "gateway"),
    ("switch", "admin"),
    ("renew", "deep"),
    ("credential-process", "deep"),
)
SERVED = (("switch", "reader"), ("credential-process", "reader"), ("list",), ("status",))


def exit_code(home: Home, words: tuple[str, ...]) -> int:
    """Run xswitch without a terminal; a run that waits for the question is -1."""
    try:
        return subprocess.run(
            [str(XSWITCH), *words],
            env=home.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        ).returncode
    except subprocess.TimeoutExpired:
        return -1


def on_a_terminal(home: Home, *words: str) -> pexpect.spawn[str]:
    return pexpect.spawn(
        str(XSWITCH), list(words), env=home.env, encoding="utf-8", timeout=_SECONDS
    )


def test_an_open_question_holds_up_only_who_could_answer_it(home: Home, aws: EmbeddedAws) -> None:
    rounds = count(1, 12)
    wrong = 0
    for _ in range(rounds):
        home.run("forget", "--all", "--yes")
        before = aws.count("GetSessionToken")
        first = on_a_terminal(home, "switch", "admin")
        first.expect("MFA code: ")
        second = on_a_terminal(home, "switch", "gateway")
        second.expect("waiting for another xswitch")
        with ThreadPoolExecutor(3) as pool:
            silent = list(pool.map(lambda words: exit_code(home, words), SILENT))
            served = list(pool.map(lambda words: exit_code(home, words), SERVED))
        aws.clock.advance(30)  # each code is taken once
        first.sendline(totp_code(now=aws.clock.now()))
        for person in (first, second):
            person.expect(pexpect.EOF)
            person.close()
        calls = aws.count("GetSessionToken") - before
        found = (silent, served, first.exitstatus, second.exitstatus, calls)
        expected = ([5] * len(SILENT), [0] * len(SERVED), 0, 0, 1)
        wrong += found != expected
        assert found == expected
    tell(
        "questions",
        "rounds of an open MFA question, with 5 silent callers, 4 others, and a second person",
        rounds,
        wrong,
        "5 told at once, 4 served, one question and one GetSessionToken in each",
    )
