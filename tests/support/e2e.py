"""The real program in a process, with the embedded AWS in a thread of the test."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.aws.emulator import write_config
from xswitch.emulator.server import EmbeddedAws

if TYPE_CHECKING:  # it imports this module
    from support.forked import Forks

XSWITCH = Path(sys.executable).with_name("xswitch")
_PATIENT = Path(__file__).parent / "programs/patient.py"


@dataclass(frozen=True)
class Ran:
    """The result of running xswitch."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Home:
    """A home folder with the default config, and a runtime keyring in memory."""

    warm: Forks | None = None
    """Runs xswitch in forks instead of new processes, where a test runs it hundreds of times."""

    def __init__(self, folder: Path, aws: EmbeddedAws, memory: Path) -> None:
        self.folder = folder
        self.config = write_config(folder, aws.port)
        self.credentials = folder / ".aws" / "credentials"
        self.runtime = memory
        self.env = {
            "HOME": str(folder),
            "PATH": f"{XSWITCH.parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "XDG_RUNTIME_DIR": str(memory),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        settings = folder / ".config" / "xswitch" / "config.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text('vault = "runtime"\n', encoding="utf-8")

    def run(
        self, *words: str, env: Mapping[str, str] | None = None, stdin: str | None = None
    ) -> Ran:
        """Run `xswitch WORDS` without a terminal."""
        environ = {**self.env, **(env or {})}
        if self.warm is not None and stdin is None:
            return self.warm.run(words, environ)
        return run([str(XSWITCH), *words], environ, stdin)

    def patiently(self, seconds: float, *words: str) -> Ran:
        """Run `xswitch WORDS` with `seconds` to explain a denied call."""
        return run([sys.executable, str(_PATIENT), str(seconds), *words], self.env)

    def command(self, profile: str) -> list[str]:
        """Split a managed profile's credential_process as an SDK does."""
        text = self.config.read_text(encoding="utf-8").partition(f"[profile {profile}]")[2]
        return shlex.split(
            next(
                line.partition("=")[2]
                for line in text.splitlines()
                if line.startswith("credential_process")
            )
        )


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    stdin: str | None = None,
    cwd: Path | None = None,
) -> Ran:
    """Run a program in a new session, so without a terminal, and with a timeout."""
    done = subprocess.run(
        argv,
        env=dict(env),
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        start_new_session=True,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
