from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from xswitch.threads import run_with_timeout

_word: ContextVar[str] = ContextVar("word", default="none")


def test_what_the_work_returns_and_raises_comes_back() -> None:
    assert run_with_timeout(5, lambda: 42) == 42
    assert run_with_timeout(5, lambda: None) is None

    def fail() -> int:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        run_with_timeout(5, fail)


def test_the_work_sees_the_callers_context() -> None:
    reset = _word.set("hello")
    try:
        assert run_with_timeout(5, _word.get) == "hello"
    finally:
        _word.reset(reset)


def test_work_that_never_ends_is_left_alone() -> None:
    release = threading.Event()
    try:
        with pytest.raises(TimeoutError, match=r"0\.05 s"):
            run_with_timeout(0.05, lambda: release.wait(60))
    finally:
        release.set()
