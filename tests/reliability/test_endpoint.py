"""500 requests a second to the container credential endpoint, beside renewals."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.reliability.soak import count, tell

TESTS = Path(__file__).parents[1]
_RATE = 500
_CALLERS = 10
_REQUESTS = count(1_500, 30_000)
_KEPT_OPEN = 25
"""Requests on one connection; every other caller opens one for each request."""
_GROWTH_BYTES = 4 * 1024 * 1024
_SECONDS = 60


class Caller:
    """Sends requests at its share of the rate, and counts what came back."""

    def __init__(self, address: dict[str, Any], number: int) -> None:
        self._address = address
        self._per_connection = _KEPT_OPEN if number % 2 else 1
        self.keys: set[str] = set()
        self.errors: list[str] = []

    def run(self, requests: int, start: float) -> None:
        """Send so many requests. A late one is sent at once."""
        client: http.client.HTTPConnection | None = None
        for number in range(requests):
            time.sleep(max(0.0, start + number * _CALLERS / _RATE - time.monotonic()))
            if client is None:
                client = http.client.HTTPConnection(
                    "127.0.0.1", self._address["port"], timeout=_SECONDS
                )
            try:
                self._request(client)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.errors.append(repr(error))
            if (number + 1) % self._per_connection == 0:
                client.close()
                client = None
        if client is not None:
            client.close()

    def _request(self, client: http.client.HTTPConnection) -> None:
        headers = {"Authorization": self._address["token"]}
        client.request("GET", self._address["path"], headers=headers)
        answer = client.getresponse()
        body = answer.read()
        if answer.status != 200:
            self.errors.append(f"{answer.status} {body!r}")
            return
        self.keys.add(json.loads(body)["AccessKeyId"])


def resident(pid: int) -> int:
    """The bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process in /proc")
def test_a_minute_of_requests_beside_renewals_has_no_error_and_flat_memory() -> None:
    command = [sys.executable, "-m", "support.programs.endpoint"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    ) as server:
        try:
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())
            callers = [Caller(address, number) for number in range(_CALLERS)]
            with concurrent.futures.ThreadPoolExecutor(_CALLERS) as crowd:
                run_all(crowd, callers, count(500, 5_000))  # so that everything is warm
                before = resident(address["pid"])
                began = time.monotonic()
                run_all(crowd, callers, _REQUESTS)
                seconds = time.monotonic() - began
            growth = resident(address["pid"]) - before
            renewals = int(server.communicate("", _SECONDS)[0])
        finally:
            server.kill()
    errors = [error for caller in callers for error in caller.errors]
    assert renewals > 10
    assert len(set().union(*(caller.keys for caller in callers))) > 10
    note = "; ".join(errors[:3])
    if growth > _GROWTH_BYTES:
        errors.append(note := f"its memory grew by {growth:,} bytes")
    tell(
        "endpoint",
        "requests of 10 callers beside renewals",
        _REQUESTS,
        len(errors),
        note,
        parts={"seconds": round(seconds), "renewals": renewals},
    )


def run_all(
    crowd: concurrent.futures.ThreadPoolExecutor, callers: list[Caller], requests: int
) -> None:
    """Let all callers send their shares of some requests."""
    start = time.monotonic()
    each = requests // len(callers)
    for work in [crowd.submit(caller.run, each, start) for caller in callers]:
        work.result()
