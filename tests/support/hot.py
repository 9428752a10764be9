"""A home folder for the hot path: config files, a pointer, a stored session, and ways to run it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import xswitch
from xswitch.adapters.config.read import fingerprint
from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.state.stamps import TICK_SECONDS
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore
from xswitch.adapters.vault.hot_pointers import FileHotPointers
from xswitch.core.filenames import profile_file_name
from xswitch.core.model import ConfigPaths, Credentials, PointedSession, Secret, VaultInfo
from xswitch.core.sessions import session_record

# The imports of a warm read beside those of a bare interpreter
ROLE = "arn:aws:iam::222222222222:role/Admin"
RUNTIME = {"xswitch", "xswitch.hot", "xswitch.hot.answer"}
LAUNCHER = Path(xswitch.__file__).with_name("credential_process.py")
BARE = [sys.executable, "-I", "-S", "-X", "importtime"]
SECRET = "wJalrXUtnFEMI-canary/K7MDENG"
PROFILE = "xs-payments-admin"

_SCRIPT = """
import sys
sys.path.insert(0, {source!r})
{before}
from xswitch.__main__ import main
try:
    code = main()
finally:
    {after}
sys.exit(code)
"""
# Replaces the full program and reports its arguments
STUB = """
class Stub:
    @staticmethod
    def main(argv):
        import os
        os.write(1, ("FULL " + " ".join(argv)).encode())
        if argv[0] == "renew-background":
            session = os.getsid(0)
            detached = session == os.getpid() or session == os.getpgid(0)
            with open({marker!r}, "a") as file:
                file.write(repr((argv, detached, os.listdir("/proc/self/fd"))) + "\\n")
        return 42
sys.modules["xswitch.cli"] = Stub
sys.modules["xswitch.cli.main"] = Stub
"""


@dataclass
class HotWorld:
    """A home folder at `home`, with a session in a runtime keyring at `memory`."""

    home: Path
    memory: Path
    key: str = "ab" * 20
    profile: str = PROFILE
    absent: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.home / ".aws").mkdir()
        self.config.write_text("[profile a]\nregion = eu-west-1\n")
        self.age(self.config)

    @property
    def config(self) -> Path:
        return self.home / ".aws" / "config"

    @property
    def credentials(self) -> Path:
        return self.home / ".aws" / "credentials"

    @property
    def settings(self) -> Path:
        return self.home / ".config" / "xswitch" / "config.toml"

    @property
    def paths(self) -> AppPaths:
        return AppPaths(settings=self.settings, state=self.home / ".local" / "state" / "xswitch")

    @property
    def pointer(self) -> Path:
        return self.paths.hot / profile_file_name(self.profile)

    @property
    def store(self) -> FileStore:
        return FileStore(self.memory / "xswitch", VaultErrors(""), memory=True)

    @property
    def value(self) -> Path:
        return self.memory / "xswitch" / self.key

    @property
    def info(self) -> VaultInfo:
        return VaultInfo("runtime", "runtime keyring", str(self.memory / "xswitch"))

    @property
    def marker(self) -> Path:
        return self.home / "renewals"

    def renewals(self) -> list[str]:
        """Wait for renewals by the stub; return what each reported."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if self.marker.exists() and (text := self.marker.read_text()).endswith("\n"):
                return text.splitlines()
            time.sleep(0.01)
        raise AssertionError(self.marker)

    def environ(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": os.environ["PATH"], **self.extra}

    def bytes_environ(self) -> dict[bytes, bytes]:
        return {os.fsencode(name): os.fsencode(value) for name, value in self.environ().items()}

    @staticmethod
    def age(path: Path, seconds: float = 60) -> None:
        """Set a file's time to `seconds` ago, and let its change be over."""
        os.utime(path, (time.time() - seconds, time.time() - seconds))
        time.sleep(1.1 * TICK_SECONDS)

    def fingerprint(self) -> str:
        env = self.environ()
        return fingerprint(
            ConfigPaths(
                env.get("AWS_CONFIG_FILE", str(self.config)),
                env.get("AWS_SHARED_CREDENTIALS_FILE", str(self.credentials)),
            )
        )

    def session(self, *, left: float = 3000, life: float = 3600) -> str:
        """Return the vault value of a session of `life` seconds that expires in `left`."""
        expires = datetime.now(UTC) + timedelta(seconds=left)
        credentials = Credentials("ASIAEXAMPLE", Secret(SECRET), Secret("token=="), expires)
        return session_record.encode(self.key, credentials, expires - timedelta(seconds=life))

    def ready(
        self, *, left: float = 3000, life: float = 3600, info: VaultInfo | None = None
    ) -> str:
        """Store a session and write its pointer; return the expected answer."""
        value = self.session(left=left, life=life)
        self.store.put(self.key, value)
        self.point(info)
        assert self.pointer.exists()
        return value[session_record.HEADER_LENGTH :] + "\n"

    def point(self, info: VaultInfo | None = None) -> None:
        FileHotPointers(self.paths.hot, self.bytes_environ).write(
            self.profile,
            PointedSession(ROLE, self.key, self.fingerprint(), self.absent),
            info or self.info,
        )

    def loaded(self) -> tuple[str, set[str]]:
        """Run the launcher; return its output, and its imports beside a bare interpreter's."""
        bare = subprocess.run(
            [*BARE, "-c", "pass"], capture_output=True, text=True, check=True, timeout=60
        )
        command = [*BARE, str(LAUNCHER), self.profile]
        done = subprocess.run(
            command, env=self.environ(), capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout, modules(done.stderr) - modules(bare.stderr)

    def run(
        self,
        *argv: str,
        before: str = "",
        after: str = "pass",
        flags: tuple[str, ...] = ("-I", "-S"),
    ) -> subprocess.CompletedProcess[str]:
        """Run xswitch with a stub for the full program."""
        script = self.home / "xswitch.py"
        source = str(Path(xswitch.__file__).parents[1])
        script.write_text(
            _SCRIPT.format(
                source=source, before=before + STUB.format(marker=str(self.marker)), after=after
            )
        )
        command = [
            sys.executable,
            *flags,
            str(script),
            *(argv or ("credential-process", self.profile)),
        ]
        return subprocess.run(
            command, env=self.environ(), capture_output=True, text=True, check=False, timeout=60
        )


def modules(report: str) -> set[str]:
    """Return the modules in the output of `-X importtime`, which must have no other lines."""
    lines = report.splitlines()
    assert all(line.startswith("import time:") for line in lines), report
    return {line.rpartition("|")[2].strip() for line in lines[1:]}


def as_bytes(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    """Encode an environment."""
    return {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}
