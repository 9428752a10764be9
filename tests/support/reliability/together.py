"""Many processes at once, forked from a warm one.

Run as `python -m support.reliability.together writers|readers FOLDER PROCESSES [WRITES]`; prints
one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import xswitch.actions.credentials.credential_process
import xswitch.actions.sessions.switch  # noqa: F401 -- the same
from support.broker_process import answer
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore


def key(writer: int, number: int) -> str:
    return hashlib.sha256(f"{writer} {number}".encode()).hexdigest()[:40]


def value(writer: int, number: int) -> str:
    return f"{writer} {number} " * 200


def _all(processes: int, work: Callable[[int], None]) -> list[int]:
    """Run `work` in many children at once and return their exit statuses."""
    children = []
    for who in range(processes):
        child = os.fork()
        if child == 0:
            try:
                work(who)
            # A child must not fall back into its parent's code
            except BaseException as error:  # noqa: BLE001
                sys.stderr.write(f"{error!r}\n")
                os._exit(1)
            os._exit(0)
        children.append(child)
    return [os.waitpid(child, 0)[1] for child in children]


def writers(folder: Path, processes: int, writes: int) -> dict[str, object]:
    """Each child writes its own sessions into one folder, starting together."""
    store = FileStore(folder / "xswitch", VaultErrors(""), memory=True)
    begin = time.time() + 0.2

    def work(who: int) -> None:
        time.sleep(max(0.0, begin - time.time()))
        for number in range(writes):
            store.put(key(who, number), value(who, number))

    statuses = _all(processes, work)
    kept = sum(
        store.get(key(who, number)) == value(who, number)
        for who in range(processes)
        for number in range(writes)
    )
    return {
        "failed": sum(status != 0 for status in statuses),
        "kept": kept,
        "files": len(list((folder / "xswitch").iterdir())),
    }


def readers(folder: Path, processes: int) -> dict[str, object]:
    """Each child requests the same role's session, which doesn't exist yet."""
    (folder / "vault").mkdir()

    def work(who: int) -> None:
        (folder / f"answer-{who}").write_text(answer(folder, "payments", processes))

    statuses = _all(processes, work)
    answers = {
        json.loads((folder / f"answer-{who}").read_text())["AccessKeyId"]
        for who in range(processes)
    }
    return {
        "failed": sum(status != 0 for status in statuses),
        "answers": len(answers),
        "events": sorted((folder / "events").read_text().splitlines()),
    }


if __name__ == "__main__":
    what, where, *numbers = sys.argv[1:]
    run = writers if what == "writers" else readers
    print(json.dumps(run(Path(where), *map(int, numbers))))  # noqa: T201 -- its answer
