"""One process of many that want the same session.

Real locks and index, a vault of files, an STS that only counts.

Started as `python -m support.broker_process FOLDER PROFILE PROCESSES`; prints the answer of
`credential-process`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from support.actions import GOOD_CODE, FakePrompt, FakeSts, FakeVault, World
from xswitch.actions.api import Actions
from xswitch.actions.ports import replace_ports
from xswitch.adapters.state.index import JsonIndex
from xswitch.adapters.state.locks import FileLocks
from xswitch.core.model import AssumedRole, AssumeRoleRequest, Credentials, Endpoint, MfaChallenge


class FileVault(FakeVault):
    """One file per session, replaced in one go."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def get(self, key: str) -> str | None:
        try:
            return (self._folder / key).read_text()
        except FileNotFoundError:
            return None

    def put(self, key: str, value: str) -> None:
        part = self._folder / f"{key}.{os.getpid()}"
        part.write_text(value)
        part.replace(self._folder / key)


def note(folder: Path, event: str) -> None:
    """One line per event, appended so that no two processes' lines mix."""
    with (folder / "events").open("a") as file:
        file.write(f"{event}\n")


class CountingSts(FakeSts):
    """Notes every call, and holds the first back until all processes are on their way."""

    folder: Path
    processes: int

    def get_session_token(
        self,
        credentials: Credentials,
        serial: str,
        code: str,
        duration_seconds: int,
        endpoint: Endpoint,
    ) -> Credentials:
        deadline = time.monotonic() + 30
        while len(list(self.folder.glob("started-*"))) < self.processes:
            assert time.monotonic() < deadline, "some process never started"
            time.sleep(0.01)
        note(self.folder, "GetSessionToken")
        return super().get_session_token(credentials, serial, code, duration_seconds, endpoint)

    def assume_role(
        self, credentials: Credentials, request: AssumeRoleRequest, endpoint: Endpoint
    ) -> AssumedRole:
        note(self.folder, f"AssumeRole {request.role_arn}")
        return super().assume_role(credentials, request, endpoint)


class NotingPrompt(FakePrompt):
    """A person who answers, and whose every answer is noted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(GOOD_CODE)
        self._folder = folder

    def code(self, challenge: MfaChallenge) -> str:
        note(self._folder, "question")
        return super().code(challenge)


def answer(folder: Path, profile: str, processes: int) -> str:
    """The session of one profile, as `credential-process` gives it, once all processes have started."""
    world = World()
    sts = CountingSts(world.clock)
    sts.folder, sts.processes = folder, processes
    locks = FileLocks(folder / "locks")
    ports = replace_ports(
        world.ports,
        vault=FileVault(folder / "vault"),
        index=JsonIndex(folder / "index.json", locks),
        locks=locks,
        sts=sts,
    )
    (folder / f"started-{os.getpid()}").touch()
    return Actions(ports).credential_process(profile, NotingPrompt(folder))


def main() -> None:
    """Ask for the session of one profile."""
    sys.stdout.write(answer(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])) + "\n")


if __name__ == "__main__":
    main()
