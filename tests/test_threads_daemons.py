from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from xswitch.daemons import DaemonExecutor


def test_results_and_errors_come_where_they_are_asked_for() -> None:
    pool = DaemonExecutor(2)
    results = [pool.submit(divmod, 7, number) for number in (2, 0, 3)]
    assert results[0].result(20) == (3, 1)
    assert results[2].result(20) == (2, 1)
    with pytest.raises(ZeroDivisionError):
        results[1].result(20)


def test_no_more_than_so_many_work_at_once() -> None:
    pool, gate, inside = DaemonExecutor(2), threading.Event(), threading.Semaphore(0)

    def work() -> None:
        inside.release()
        gate.wait(20)

    jobs = [pool.submit(work) for _ in range(3)]
    assert inside.acquire(timeout=20)
    assert inside.acquire(timeout=20)
    assert not inside.acquire(blocking=False)
    gate.set()
    for job in jobs:
        job.result(20)
    assert inside.acquire(blocking=False)


def test_a_program_ends_without_those_who_never_answer() -> None:
    program = "import threading; from xswitch.daemons import Daemons; Daemons(1).submit(threading.Event().wait); print('over')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "over\n"
