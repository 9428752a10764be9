"""Home folders for STS faults: without sessions, with valid sessions, and an administrator's."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from support.access.services import write_home
from support.aws.emulator import aws_server, role, trust, write_config
from support.aws.iam import BOB, BOB_ARN, SOURCE_ADMIN, TARGET, TARGET_ADMIN, state
from support.aws.servers import TEST_CERTIFICATE, Server, closed_port, serve
from support.aws.sts_faults import SOUND_CODE, SOUND_SOURCE, SOUND_TARGET, Fault, FaultySts
from support.e2e import Home
from support.forked import Forks
from support.homes import lead_to
from xswitch.core.sessions import session_record
from xswitch.emulator.server import EmbeddedAws

_ADMINS = {
    "source-admin": SOURCE_ADMIN,
    "target-admin": TARGET_ADMIN,
    "sound-source": SOUND_SOURCE,
    "sound-target": SOUND_TARGET,
}
Snapshot = Mapping[str, bytes]


class FaultHome(Home):
    """A home folder in memory; `env` is added to a command's usual environment."""

    def __init__(
        self, root: Path, env: Mapping[str, str], *, like: FaultHome | None = None
    ) -> None:
        self.folder = root / "home"
        self.runtime = root / "runtime"
        self.config = self.folder / ".aws" / "config"
        self.credentials = self.folder / ".aws" / "credentials"
        if like is None:
            settings = self.folder / ".config" / "xswitch" / "config.toml"
            settings.parent.mkdir(parents=True)
            settings.write_text('vault = "runtime"\n', encoding="utf-8")
            self.runtime.mkdir(mode=0o700)
        else:
            shutil.copytree(like.folder, self.folder)
            shutil.copytree(like.runtime, self.runtime)
            # The copy has sessions of its own
            (self.state / "runtime.json").unlink(missing_ok=True)
        self._left_out = ["/locks/", "/hot/", "history.jsonl", "runtime.json"]
        self.env = {
            "HOME": str(self.folder),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "XDG_RUNTIME_DIR": str(self.runtime),
            "AWS_EC2_METADATA_DISABLED": "true",
            **env,
        }

    @property
    def state(self) -> Path:
        return self.folder / ".local" / "state" / "xswitch"

    def snapshot(self) -> dict[str, bytes]:
        """Return all files by path but history, locks, hot pointers, and the recorded folder."""
        paths = (
            path
            for root in (self.folder, self.runtime)
            for path in sorted(root.rglob("*"))
            if path.is_file()
        )
        found = {str(path.relative_to(self.folder.parent)): path for path in paths}
        return {
            name: path.read_bytes()
            for name, path in found.items()
            if not any(part in name for part in self._left_out)
        }

    def history(self) -> list[dict[str, object]]:
        path = self.state / "history.jsonl"
        return (
            [
                entry
                for line in path.read_text(encoding="utf-8").splitlines()
                if "result" in (entry := json.loads(line))
            ]
            if path.exists()
            else []
        )

    def results(self) -> list[object]:
        """Return the results of the session requests in the history."""
        return [entry["result"] for entry in self.history()]

    def age(self, profile: str, left: timedelta) -> None:
        """Let the session of a role profile expire after `left`."""
        path = self._session(profile)
        record = session_record.decode(path.read_text(encoding="utf-8"), path.name)
        assert record is not None
        ends = datetime.now(UTC) + left
        aged = session_record.encode(
            path.name, replace(record.credentials, expires_at=ends), ends - timedelta(hours=1)
        )
        path.write_text(aged, encoding="utf-8")
        self._left_out.append("/prompt/")  # it shows the previous expiration

    def answer(self, profile: str) -> str:
        """Return the credential_process output for the session of a role profile."""
        return (
            self._session(profile).read_text(encoding="utf-8")[session_record.HEADER_LENGTH :]
            + "\n"
        )

    def _session(self, profile: str) -> Path:
        index = json.loads((self.state / "index.json").read_text(encoding="utf-8"))
        keys = [
            key
            for key, entry in index["entries"].items()
            if entry["profile"] == profile and entry["kind"] == "role"
        ]
        (path,) = [path for key in keys for path in self.runtime.rglob(key)]
        return path


@dataclass
class FaultySetup:
    """An STS with one fault, and the homes that use it.

    `cold` has no session, `warm` has some, `admin` sets up access with the IAM at `iam`. `forks`
    run the commands of copies that needn't run at once.
    """

    fault: Fault
    sts: FaultySts
    server: Server
    iam: EmbeddedAws
    root: Path
    cold: FaultHome
    warm: FaultHome
    admin: FaultHome
    kept: str
    ill_env: Mapping[str, str]
    forks: Forks | None = None

    def __post_init__(self) -> None:
        self._numbers = count()

    def copy(self, like: FaultHome) -> FaultHome:
        """Return a copy of a home in which the fault occurs."""
        copy = FaultHome(self.root / f"copy{next(self._numbers)}", self.ill_env, like=like)
        copy.warm = self.forks
        return copy


@contextmanager
def faulty_setup(fault: Fault) -> Iterator[FaultySetup]:
    """Prepare the homes without the fault, then yield them with it."""
    sts = FaultySts(fault)
    root = Path(tempfile.mkdtemp(prefix="xswitch-test-", dir="/dev/shm"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, root)
        server = stack.enter_context(serve(sts, tls=fault.way.tls))
        iam = stack.enter_context(aws_server(_two_keys()))
        certificate = root / "certificate.pem"
        certificate.write_text(TEST_CERTIFICATE, encoding="ascii")
        values = {"port": server.port, "certificate": certificate, "closed": closed_port()}
        well, ill = (
            {name: text.format(**values) for name, text in env.items()}
            for env in (fault.way.well, fault.way.ill)
        )
        url = fault.way.url.format(**values)
        cold = FaultHome(root / "cold", well)
        write_config(cold.folder, 1)
        lead_to(cold, url)
        warm = FaultHome(root / "warm", well, like=cold)
        for words in (("reader",), ("admin", "--mfa-code", SOUND_CODE), ("tagged", "--static")):
            done = warm.run("switch", *words)
            assert done.code == 0, done.err
        kept = warm.run("credential-process", "xs-reader").out
        admin = FaultHome(root / "admin", well)
        _administer(admin, url, iam.endpoint)
        sts.ill = True
        server.requests.clear()
        yield FaultySetup(fault, sts, server, iam, root, cold, warm, admin, kept, ill)


def _two_keys() -> dict[str, object]:
    """Return the state of `support.aws.iam` with the role, and a second key per administrator."""
    world = state()
    world["accounts"][1]["roles"] = [role("SwitchRole", trust(BOB_ARN))]
    for account, (key, secret) in zip(world["accounts"], (SOUND_SOURCE, SOUND_TARGET), strict=True):
        account["users"][0]["access_keys"].append({"id": key, "secret": secret})
    return world


def _administer(place: FaultHome, sts: str, iam: str) -> None:
    write_home(place.folder, "", {**_ADMINS, "bob": BOB})
    text = place.config.read_text(encoding="utf-8").replace(
        "endpoint_url = \n", "services = split\n"
    )
    text += f"[services split]\nsts =\n  endpoint_url = {sts}\niam =\n  endpoint_url = {iam}\n"
    text += f"[profile SwitchRole]\nrole_arn = arn:aws:iam::{TARGET}:role/SwitchRole\n"
    text += "source_profile = bob\n"
    text += "region = us-east-1\nservices = split\n"
    place.config.write_text(text, encoding="utf-8")
