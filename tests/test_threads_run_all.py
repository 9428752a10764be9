from __future__ import annotations

import threading

import pytest

from xswitch.explain_together import run_all


def test_all_of_it_is_done_at_the_same_time() -> None:
    meet = threading.Barrier(3, timeout=20)
    met: list[int] = []
    run_all([lambda number=number: met.append(number + 0 * meet.wait()) for number in range(3)])  # type: ignore[misc]
    assert sorted(met) == [0, 1, 2]


def test_what_does_not_end_is_left_to_itself() -> None:
    never = threading.Event()

    def waits() -> None:
        never.wait(60)

    run_all([lambda: None, waits], 0.05)
    never.set()


def test_what_one_of_them_raises_is_raised_here_and_printed_nowhere(
    capfd: pytest.CaptureFixture[str],
) -> None:
    done = threading.Event()

    def fails() -> None:
        raise ValueError("a secret")

    with pytest.raises(ValueError, match="a secret"):
        run_all([fails, done.set])
    assert done.is_set()
    assert capfd.readouterr() == ("", "")


def test_nothing_at_all_is_no_wait() -> None:
    run_all([])
