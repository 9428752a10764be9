"""One of many processes that request the same session.

It uses real locks and a real index, a vault of files, and an STS that counts its calls. Started as
`python -m support.broker_process FOLDER PROFILE PROCESSES`, it prints the answer of
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
    """A vault with one file per session, which is replaced atomically."""

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
    """Append a line for an event, without mixing the lines of different processes."""
    with (folder / "events").open("a") as file:
        file.write(f"{event}\n")


class CountingSts(FakeSts):
    """Counts calls, and delays the first one until all processes have started."""

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
    """A prompt that counts its answers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(GOOD_CODE)
        self._folder = folder

    def code(self, challenge: MfaChallenge) -> str:
        note(self._folder, "question")
        return super().code(challenge)


def answer(folder: Path, profile: str, processes: int) -> str:
    """Return the answer of `credential-process` once all processes have started."""
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
    """Print the session of one profile."""
    sys.stdout.write(answer(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])) + "\n")


if __name__ == "__main__":
    main()
