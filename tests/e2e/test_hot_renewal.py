"""Background renewal: callers get the old session at once, and AWS is called once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.e2e import XSWITCH, Home, run
from xswitch.core.model import Credentials
from xswitch.core.sessions import session_record
from xswitch.emulator.faults import FaultKind
from xswitch.emulator.server import EmbeddedAws

READERS = 24
IN_THE_WINDOW = 20 * 60


def session_file(home: Home) -> Path:
    """Return the file of the only session in the runtime keyring."""
    (file,) = (
        file
        for file in (home.runtime / "xswitch").iterdir()
        if file.read_bytes().startswith(session_record.MAGIC.encode())
    )
    return file


def shorten(home: Home, seconds: float) -> str:
    """Let the session expire in `seconds`; return its access key ID."""
    file = session_file(home)
    record = session_record.decode(file.read_text(), file.name)
    assert record is not None
    old = record.credentials
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    short = Credentials(old.access_key_id, old.secret_access_key, old.session_token, expires)
    file.write_text(session_record.encode(record.key, short, expires - timedelta(hours=1)))
    return old.access_key_id


def key_of(answer: str) -> str:
    return str(json.loads(answer)["AccessKeyId"])


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def renewing(home: Home) -> bool:
    """Check for a running renewal in this home folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, environ = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if b"renew-background" in words and f"HOME={home.folder}\0".encode() in environ:
            return True
    return False


@pytest.mark.parametrize("how", ["managed profile", "console script"])
def test_many_callers_in_the_window_are_served_at_once_and_one_renewal_is_made(
    home: Home, aws: EmbeddedAws, how: str
) -> None:
    assert home.run("switch", "reader").code == 0
    old = shorten(home, IN_THE_WINDOW)
    words = (
        home.command("xs-reader")
        if how == "managed profile"
        else [str(XSWITCH), "credential-process", "xs-reader"]
    )
    # All callers start before the renewal ends
    aws.faults.add(FaultKind.DELAY, "AssumeRole", seconds=1.0)
    with ThreadPoolExecutor(READERS) as pool:
        answers = list(pool.map(lambda _: run(words, home.env), range(READERS)))
    assert {answer.code for answer in answers} == {0}, {answer.err for answer in answers}
    assert {answer.err for answer in answers} == {""}
    keys = {key_of(answer.out) for answer in answers}
    assert old in keys
    wait_for(lambda: old not in session_file(home).read_text())
    wait_for(lambda: not renewing(home))
    new = key_of(run(words, home.env).out)
    assert new != old
    assert keys <= {old, new}
    # One for the switch, one for the renewal
    assert aws.count("AssumeRole") == 2


def test_a_failed_renewal_does_not_affect_callers_and_is_retried(
    home: Home, aws: EmbeddedAws
) -> None:
    assert home.run("switch", "reader").code == 0
    old = shorten(home, IN_THE_WINDOW)
    aws.faults.add(FaultKind.ERROR, "AssumeRole", times=4, code="AccessDenied")
    words = home.command("xs-reader")
    assert key_of(run(words, home.env).out) == old
    wait_for(lambda: aws.count("AssumeRole") > 1)
    wait_for(lambda: not renewing(home))
    made = aws.count("AssumeRole")
    assert [key_of(run(words, home.env).out) for _ in range(5)] == [old] * 5
    assert not renewing(home)
    assert aws.count("AssumeRole") == made
    aws.faults.clear()
    (marker,) = (home.folder / ".local" / "state" / "xswitch" / "hot").glob(".renewing-*")
    os.utime(marker, (time.time() - 60, time.time() - 60))
    assert key_of(run(words, home.env).out) == old
    wait_for(lambda: old not in session_file(home).read_text())


def test_after_the_window_the_caller_waits_for_the_new_session(
    home: Home, aws: EmbeddedAws
) -> None:
    assert home.run("switch", "reader").code == 0
    old = shorten(home, 15 * 60)
    assert key_of(run(home.command("xs-reader"), home.env).out) != old
    assert aws.count("AssumeRole") == 2
