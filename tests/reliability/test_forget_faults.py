"""`forget --all` with every change of a file killed or refused once: the next one finishes."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.aws.emulator import totp_code
from support.e2e import Home, Ran, run
from support.reliability.soak import chance, chunks, tell
from support.secrets_left import places_of, secrets_in
from xswitch.core.errors import ExitCode
from xswitch.emulator.server import EmbeddedAws

PROGRAM = Path(__file__).parents[1] / "support/programs/faulty_writes.py"
FAULTS = ("kill", "ENOSPC", "EIO", "EPERM", "EACCES", "EROFS", "EINTR", "ENOLCK")


@dataclass(frozen=True)
class Filled:
    """A home with sessions, which can be restored."""

    home: Home
    keep: Path
    secrets: set[bytes]

    def restore(self) -> None:
        """Bring all files back to the time before `forget`."""
        for name, place in (("home", self.home.folder), ("runtime", self.home.runtime)):
            for path in place.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(self.keep / name, place, dirs_exist_ok=True)

    def forget(self, number: int, fault: str) -> Ran:
        """Run `forget --all`, whose change `number` fails."""
        command = [sys.executable, str(PROGRAM), str(number), fault, "forget", "--all"]
        return run(command, self.home.env)

    def left(self) -> list[str]:
        """Return the files that still hold a secret of a session."""
        return places_of(self.secrets, [self.home.folder, self.home.runtime])


@pytest.fixture
def filled(home: Home, aws: EmbeddedAws, tmp_path: Path) -> Filled:
    for words in (
        ("admin", "--mfa-code", totp_code(now=aws.clock.now())),
        ("reader", "--static"),
    ):
        done = home.run("switch", *words)
        assert done.code == 0, done.err
    shutil.copytree(home.folder, tmp_path / "home")
    shutil.copytree(home.runtime, tmp_path / "runtime")
    return Filled(home, tmp_path, secrets_in([home.folder, home.runtime]))


def faults_of(filled: Filled, number: int, fault: str) -> list[str]:
    """Return what is wrong after one fault, and after the next `forget --all`."""
    filled.restore()
    ran = filled.forget(number, fault)
    wrong = []
    if fault != "kill":
        if ran.code == ExitCode.BUG or "Traceback" in ran.err or "This is a bug" in ran.err:
            wrong.append(f"a bug: {ran.err}")
        left = filled.left()
        named = "left" in ran.err or "can't" in ran.err or "wasn't" in ran.err
        if left and not (ran.code and named):
            wrong.append(f"exit code {ran.code}, and left in {left}: {ran.err}")
    again = filled.home.run("forget", "--all")
    if again.code:
        wrong.append(f"the next one ends with {again.code}: {again.err}")
    if filled.left():
        wrong.append(f"the next one leaves {filled.left()}")
    if "xswitch_role" in filled.home.config.read_text() + filled.home.credentials.read_text():
        wrong.append("the next one leaves a profile")
    return [f"{fault} at change {number}: {text}" for text in wrong]


@pytest.mark.parametrize(("chunk", "how_many"), chunks(4, 60, 20))
def test_any_change_may_fail_once(filled: Filled, chunk: int, how_many: int) -> None:
    filled.restore()
    done = filled.forget(0, "none")
    assert done.code == 0, done.err
    assert filled.left() == []
    changes = int(done.err.splitlines()[-1])
    cases = [(number, fault) for number in range(1, changes + 1) for fault in FAULTS]
    chosen = chance("forget faults", chunk).sample(cases, how_many)
    wrong = [text for number, fault in chosen for text in faults_of(filled, number, fault)]
    tell(
        "forget",
        "kills and errors at every change of a file by `forget --all`",
        len(chosen),
        len(wrong),
        f"{changes} changes, {len(FAULTS)} faults" if not wrong else "\n".join(wrong[:20]),
    )
