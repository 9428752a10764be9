from __future__ import annotations

import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from xswitch.threads import DaemonExecutor, run_all, run_with_timeout

_word: ContextVar[str] = ContextVar("word", default="none")


def test_run_with_timeout_returns_and_raises_what_the_work_does() -> None:
    assert run_with_timeout(5, lambda: 42) == 42
    assert run_with_timeout(5, lambda: None) is None

    def fail() -> int:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        run_with_timeout(5, fail)


def test_work_sees_the_context_of_its_caller() -> None:
    reset = _word.set("hello")
    try:
        assert run_with_timeout(5, _word.get) == "hello"
    finally:
        _word.reset(reset)


def test_work_is_abandoned_after_the_timeout() -> None:
    release = threading.Event()
    try:
        with pytest.raises(TimeoutError, match=r"0\.05 s"):
            run_with_timeout(0.05, lambda: release.wait(60))
    finally:
        release.set()


def test_an_executor_returns_results_and_raises_errors() -> None:
    pool = DaemonExecutor(2)
    results = [pool.submit(divmod, 7, number) for number in (2, 0, 3)]
    assert results[0].result(20) == (3, 1)
    assert results[2].result(20) == (2, 1)
    with pytest.raises(ZeroDivisionError):
        results[1].result(20)


def test_an_executor_limits_how_many_tasks_run_at_once() -> None:
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


def test_a_program_exits_while_a_task_still_runs() -> None:
    program = (
        "import threading; from xswitch.threads import DaemonExecutor; "
        "DaemonExecutor(1).submit(threading.Event().wait); print('over')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "over\n"


def test_run_all_works_in_parallel() -> None:
    meet = threading.Barrier(3, timeout=20)
    met: list[int] = []
    run_all([lambda number=number: met.append(number + 0 * meet.wait()) for number in range(3)])  # type: ignore[misc]
    assert sorted(met) == [0, 1, 2]


def test_run_all_abandons_work_that_outlasts_the_timeout() -> None:
    never = threading.Event()

    def waits() -> None:
        never.wait(60)

    run_all([lambda: None, waits], 0.05)
    never.set()


def test_run_all_raises_an_error_of_the_work_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    done = threading.Event()

    def fails() -> None:
        raise ValueError("a secret")

    with pytest.raises(ValueError, match="a secret"):
        run_all([fails, done.set])
    assert done.is_set()
    assert capfd.readouterr() == ("", "")


def test_run_all_of_no_work_returns_at_once() -> None:
    run_all([])
