"""Processes that write the AWS config, forked from a warm parent so that hundreds are cheap.

Run as `python -m support.config.writers kill|write FOLDER ...` by the tests; it prints one JSON
object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import xswitch.adapters.config.transaction  # noqa: F401 -- the same
from xswitch.adapters.config.store import FileConfigStore
from xswitch.core.model import ConfigPaths, ProfileEdit, RemoveProfile, SetProfile

ROLES = 40
OLD = "# mine\n[default]\nregion = eu-west-1\n" + "".join(
    f"\n[profile role-{n}]\nrole_arn = arn:aws:iam::{n:012}:role/A\n" for n in range(ROLES)
)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def store_in(folder: Path) -> FileConfigStore:
    paths = ConfigPaths(str(folder / "aws/config"), str(folder / "aws/credentials"))
    return FileConfigStore(
        paths, backups=folder / "backups", locks=folder / "locks", clock=_Clock()
    )


def managed(name: str) -> SetProfile:
    command = f"/opt/my\\ tools/xswitch credential-process {name}"
    return SetProfile(
        "config", name, {"credential_process": command, "xswitch_role": name}, "xswitch"
    )


def in_child(work: object) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work()  # type: ignore[operator]
        # A child must not return to its parent's code
        except BaseException as error:  # noqa: BLE001
            sys.stderr.write(f"{error!r} {getattr(error, 'why', '')}\n")
            os._exit(1)
        os._exit(0)
    return pid


def kill_writers(folder: Path, times: int, seed: int) -> dict[str, object]:
    """Kill `times` writers at random moments, and check the file and the lock after each.

    A writer that finishes first doesn't count, and the next one is killed earlier, because the
    duration of a write depends on the machine's load.
    """
    chance = random.Random(seed)
    store, config = store_in(folder), folder / "aws/config"
    config.parent.mkdir(parents=True)
    config.write_text(OLD)
    edit = managed("xs-new")
    store.apply([edit])
    new = config.read_text()
    config.write_text(OLD)
    begin = time.monotonic()
    store.apply([edit])
    once = time.monotonic() - begin
    counts = {"tries": 0, "old": 0, "new": 0, "torn": 0, "killed": 0, "leftovers": 0, "waited": 0}
    window = 2 * once
    for _ in range(20 * times):
        if counts["killed"] == times:
            break
        counts["tries"] += 1
        config.write_text(OLD)
        pid = in_child(lambda: store.apply([edit]))
        time.sleep(chance.uniform(0, window))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        counts["killed"] += os.WIFSIGNALED(status)
        window *= 1.1 if os.WIFSIGNALED(status) else 0.9
        text = config.read_text()
        counts["old" if text == OLD else "new" if text == new else "torn"] += 1
        counts["leftovers"] += any(path.name.endswith(".tmp") for path in config.parent.iterdir())
        begin = time.monotonic()
        store.apply([managed("xs-next"), RemoveProfile("config", "xs-new")])
        counts["waited"] += time.monotonic() - begin > 20  # a stale lock would take 30
        if "xs-next" not in config.read_text():
            counts["torn"] += 1
    return {**counts, "names": sorted(path.name for path in config.parent.iterdir())}


def write_profiles(folder: Path, writers: int, profiles: int, runs: int) -> dict[str, object]:
    """Run `writers` processes that each add `profiles` profiles during `runs` runs of a reader.

    The reader counts its runs in the size of a file.
    """
    progress = folder / "progress"

    def write(who: int) -> None:
        chance = random.Random(who)
        store = store_in(folder)
        ends = {}
        for number in range(profiles):
            deadline = time.monotonic() + 60
            while (
                progress.stat().st_size < number * runs // profiles and time.monotonic() < deadline
            ):
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.4))
            edits: list[ProfileEdit] = [managed(f"w{who}-{number}")]
            store.apply(edits)
            ends[f"w{who}-{number}"] = time.monotonic()
        (folder / f"ends-{who}.json").write_text(json.dumps(ends))

    children = [in_child(lambda who=who: write(who)) for who in range(writers)]
    statuses = [os.waitpid(pid, 0)[1] for pid in children]
    ends: dict[str, float] = {}
    for who in range(writers):
        ends |= json.loads((folder / f"ends-{who}.json").read_text())
    return {"statuses": statuses, "ends": ends}


if __name__ == "__main__":
    command, where, *numbers = sys.argv[1:]
    run = {"kill": kill_writers, "write": write_profiles}[command]
    print(json.dumps(run(Path(where), *map(int, numbers))))  # type: ignore[operator]  # noqa: T201 -- its output
