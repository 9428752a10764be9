"""Several things at the same time, and an end to waiting for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence


def run_all(works: Sequence[Callable[[], None]], seconds: float | None = None) -> None:
    """Do all of it at the same time and wait for the end, or `seconds`.

    What isn't done by then is left to itself, and keeps no process.

    The threads are daemons, and the work must be safe to abandon. What one of them raises in time
    is raised here: a thread of its own would print it, with values nobody may see.
    """
    finished = threading.Event()
    lock = threading.Lock()
    left = len(works)
    raised: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        nonlocal left
        try:
            work()
        except BaseException as error:  # noqa: BLE001 -- raised again below
            raised.append(error)
        finally:
            with lock:
                left -= 1
                if not left:
                    finished.set()

    for work in works:
        threading.Thread(target=run, args=(work,), name="xswitch-explain", daemon=True).start()
    if works:
        finished.wait(seconds)
    if raised:
        raise raised[0]
