"""A bound on work that has none of its own.

An HTTP read timeout counts per packet, so a slow drip never ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a call may take, in seconds.

    To connect, to wait for a packet, and all tries together.
    """

    connect: float = 3.0
    read: float = 10.0
    total: float = 25.0
    tries: int = 2


DEFAULT_TIMEOUTS = Timeouts()


def run_with_timeout(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises, or TimeoutError after `seconds`.

    The work runs in a daemon thread with a copy of the caller's context. When the time is up it is
    left to itself, so it must be safe to abandon; an interrupt (Ctrl-C) in the waiting thread
    leaves it at once in the same way.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []
    context = copy_context()

    def run() -> None:
        try:
            outcome.append(context.run(work))
        except BaseException as error:  # noqa: BLE001 -- it's raised again where it was asked for
            failure.append(error)

    thread = threading.Thread(target=run, name="xswitch-bounded", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        msg = f"not done within {seconds:g} s"
        raise TimeoutError(msg)
    return outcome[0]
