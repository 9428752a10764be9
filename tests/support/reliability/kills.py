"""Writers that are killed at random moments, forked from a warm process.

Run as `python -m support.reliability.kills vault|index FOLDER TIMES SEED`; prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.config.writers import in_child
from xswitch.adapters.state.index import JsonIndex
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore
from xswitch.core.model import IndexEntry

KEY = "ab" * 20
SIZE = 200_000


@dataclass(frozen=True)
class Subject:
    """The write, and the file's bytes before and after it."""

    file: Path
    reset: Callable[[], None]
    write: Callable[[], None]


def vault(folder: Path) -> Subject:
    store = FileStore(folder / "xswitch", VaultErrors(""), memory=True)
    old, new = "old " * (SIZE // 4), "new!" * (SIZE // 4)
    return Subject(
        folder / "xswitch" / KEY, lambda: store.put(KEY, old), lambda: store.put(KEY, new)
    )


def index(folder: Path) -> Subject:
    found = JsonIndex(folder / "index.json", FileLocks(folder / "locks", timeout_seconds=60))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    entries = [
        IndexEntry(
            f"{number:040x}",
            "role",
            f"p{number}",
            "arn:x",
            start,
            start + timedelta(hours=1),
            start,
            f"xs-{number}",
            static=False,
        )
        for number in range(300)
    ]
    found.put(entries[0])
    for entry in entries[1:-1]:
        found.put(entry)
    text = (folder / "index.json").read_bytes()

    def reset() -> None:
        (folder / "index.json").write_bytes(text)

    return Subject(folder / "index.json", reset, lambda: found.put(entries[-1]))


def kill(subject: Subject, times: int, seed: int) -> dict[str, object]:
    """Kill `times` writers.

    A writer that finished before the kill doesn't count; the next kill comes earlier.
    """
    chance = random.Random(seed)
    subject.reset()
    old = subject.file.read_bytes()
    begin = time.monotonic()
    subject.write()
    window = 2 * (time.monotonic() - begin)
    new = subject.file.read_bytes()
    found = {"tries": 0, "killed": 0, "old": 0, "new": 0, "torn": 0, "waited": 0, "litter": 0}
    for _ in range(20 * times):
        if found["killed"] == times:
            break
        found["tries"] += 1
        subject.reset()
        child = in_child(subject.write)
        time.sleep(chance.uniform(0, window))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        found["killed"] += os.WIFSIGNALED(status)
        window *= 1.1 if os.WIFSIGNALED(status) else 0.9
        there = subject.file.read_bytes()
        found["old" if there == old else "new" if there == new else "torn"] += 1
        begin = time.monotonic()
        subject.reset()
        subject.write()
        found["waited"] += (
            time.monotonic() - begin > 30
        )  # half of what a lock left behind would take
        found["torn"] += subject.file.read_bytes() != new
        found["litter"] = max(
            found["litter"], sum(path.is_file() for path in subject.file.parent.iterdir())
        )
    return dict(found)


if __name__ == "__main__":
    what, where, *numbers = sys.argv[1:]
    print(json.dumps(kill({"vault": vault, "index": index}[what](Path(where)), *map(int, numbers))))  # noqa: T201 -- its answer
