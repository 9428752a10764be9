"""Home folders with a valid session in a real vault, from the embedded AWS by `xswitch switch`."""

from __future__ import annotations

import configparser
import contextlib
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sample import config_text

from support.aws.identity_center import (
    SSO_REGION,
    START_URL,
    endpoint_variables,
    sign_in,
    write_shared_token,
)
from xswitch.core.model import Credentials
from xswitch.core.sessions import keys, session_record
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState

XSWITCH = str(Path(sys.executable).with_name("xswitch"))
PROFILE = "xs-bench"
_BASE, _ROLE = "111111111111", "222222222222"
BASE_KEY, BASE_SECRET = "AKIAQRSTUVWXYZ234567", "benchbenchbenchbenchbenchbenchbenchbench"
ROLE_ARN = f"arn:aws:iam::{_ROLE}:role/Bench"
_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{_BASE}:root"},
        }
    ],
}
_STATE = {
    "version": 1,
    "accounts": [
        {
            "id": _BASE,
            "name": "base",
            "users": [
                {
                    "name": "bench",
                    "access_keys": [{"id": BASE_KEY, "secret": BASE_SECRET}],
                    "policies": {"all": _ALL},
                }
            ],
        },
        {"id": _ROLE, "name": "role", "roles": [{"name": "Bench", "trust_policy": _TRUST}]},
    ],
    "identity_center": [
        {
            "start_url": START_URL,
            "region": SSO_REGION,
            "users": [{"name": "dana"}],
            "permission_sets": [{"name": "Bench"}],
            "assignments": [{"account": _ROLE, "permission_set": "Bench", "user": "dana"}],
        }
    ],
}
_SSO_PROFILES = f"""[sso-session corp]
sso_start_url = {START_URL}
sso_region = {SSO_REGION}
sso_registration_scopes = sso:account:access

[profile bench]
sso_session = corp
sso_account_id = {_ROLE}
sso_role_name = Bench
region = {SSO_REGION}

[sso-session other]
sso_start_url = https://other.awsapps.com/start
sso_region = {SSO_REGION}

[profile other]
sso_session = other
sso_account_id = {_ROLE}
sso_role_name = Bench

"""
_PROFILES = """[profile bench-base]
region = eu-west-1
endpoint_url = http://127.0.0.1:{port}

[profile bench]
role_arn = arn:aws:iam::{account}:role/Bench
source_profile = bench-base
region = eu-west-1
endpoint_url = http://127.0.0.1:{port}

"""


@dataclass(frozen=True)
class HotHome:
    """A home folder with a session of the role."""

    environ: Mapping[str, str]
    command: tuple[str, ...]
    """The command line of the managed profile."""
    runtime: Path

    @property
    def console(self) -> tuple[str, ...]:
        """The same command through the console script."""
        return (XSWITCH, "credential-process", PROFILE)

    def check_hot(self, command: tuple[str, ...]) -> None:
        """Stop the benchmark if the hot path doesn't answer this command."""
        words = [sys.executable, *command] if command[0] == XSWITCH else list(command)
        done = subprocess.run(
            [words[0], "-X", "importtime", *words[1:]],
            env=dict(self.environ),
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert json.loads(done.stdout)["Version"] == 1
        assert "xswitch.hot.answer" in done.stderr
        assert "xswitch.cli" not in done.stderr, "the hot path did not answer"

    def empty(self) -> None:
        """Remove all sessions from the runtime keyring."""
        for file in (self.runtime / "xswitch").iterdir():
            if len(file.name) == keys.KEY_LENGTH:
                file.unlink()

    def shorten(self, seconds: float) -> str:
        """Let the session in the runtime keyring expire in `seconds`; return its access key ID."""
        (file,) = (
            path
            for path in (self.runtime / "xswitch").iterdir()
            if len(path.name) == keys.KEY_LENGTH
        )
        record = session_record.decode(file.read_text(), file.name)
        assert record is not None
        old = record.credentials
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        short = Credentials(old.access_key_id, old.secret_access_key, old.session_token, expires)
        file.write_text(session_record.encode(record.key, short, expires - timedelta(hours=1)))
        return old.access_key_id


def base_config(port: int) -> str:
    """Return the source profile and the role's profile, with the stub's address."""
    return _PROFILES.format(port=port, account=_ROLE)


@contextlib.contextmanager
def embedded_aws() -> Iterator[EmbeddedAws]:
    """Run an STS with one role on the loopback interface."""
    with EmbeddedAws(AwsState.from_json(json.dumps(_STATE))) as aws:
        yield aws


@contextlib.contextmanager
def hot_home(
    folder: Path, aws: EmbeddedAws, roles: int = 10, bus: Mapping[str, str] | None = None
) -> Iterator[HotHome]:
    """Create a home folder with `roles` other role profiles, and switch to the role.

    The session is in a runtime keyring, or in the Secret Service on `bus`.
    """
    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    config = home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(base_config(aws.port) + config_text(roles))
    credentials = home / ".aws" / "credentials"
    credentials.write_text(
        f"[bench-base]\naws_access_key_id = {BASE_KEY}\naws_secret_access_key = {BASE_SECRET}\n"
    )
    credentials.chmod(0o600)
    with _switched(home, bus or {}) as found:
        yield found


@contextlib.contextmanager
def identity_center_home(folder: Path, aws: EmbeddedAws, roles: int = 10) -> Iterator[HotHome]:
    """Create such a home folder whose role is one of Identity Center, with a sign-in."""
    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    config = home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(_SSO_PROFILES + config_text(roles))
    write_shared_token(home, "corp", sign_in(aws))
    with _switched(home, endpoint_variables(aws)) as found:
        yield found


@contextlib.contextmanager
def _switched(home: Path, variables: Mapping[str, str]) -> Iterator[HotHome]:
    """Switch to the profile `bench` of a home folder; a bus in `variables` has the vault."""
    runtime = Path(tempfile.mkdtemp(prefix="xs-bench-", dir="/dev/shm"))
    vault = "secret-service" if "DBUS_SESSION_BUS_ADDRESS" in variables else "runtime"
    settings = home / ".config" / "xswitch" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'vault = "{vault}"\n')
    environ = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "XDG_RUNTIME_DIR": str(runtime),
        "AWS_EC2_METADATA_DISABLED": "true",
        **variables,
    }
    try:
        subprocess.run(
            [XSWITCH, "switch", "bench"], env=environ, check=True, capture_output=True, timeout=120
        )
        written = configparser.RawConfigParser()
        written.read(home / ".aws" / "config")
        yield HotHome(
            environ,
            tuple(shlex.split(written[f"profile {PROFILE}"]["credential_process"])),
            runtime,
        )
    finally:
        shutil.rmtree(runtime)


_MORE = """[profile more-{number}]
role_arn = {arn}
role_session_name = bench-{number}
source_profile = bench-base
region = eu-west-1
endpoint_url = http://127.0.0.1:{port}

"""
_SWITCH_TO_ALL = """
import os, sys
from xswitch.actions.results import SwitchOptions
from xswitch.wiring import build_services
services = build_services(dict(os.environ))
for number in range(int(sys.argv[1])):
    role = services.actions.resolve(f"more-{number}", SwitchOptions())
    services.actions.switch(role, SwitchOptions(), services.no_mfa_prompt(""), lambda _: None)
"""


def more_sessions(home: HotHome, aws: EmbeddedAws, count: int) -> None:
    """Get sessions of `count` more roles."""
    config = Path(home.environ["HOME"]) / ".aws" / "config"
    with config.open("a") as file:
        file.writelines(
            _MORE.format(number=number, arn=ROLE_ARN, port=aws.port) for number in range(count)
        )
    command = [sys.executable, "-c", _SWITCH_TO_ALL, str(count)]
    subprocess.run(command, env=dict(home.environ), check=True, capture_output=True, timeout=120)


@contextlib.contextmanager
def gnome_keyring() -> Iterator[dict[str, str] | None]:
    """Run a private gnome-keyring and yield the variable that leads to it, None without one."""
    programs = {name: shutil.which(name) or "" for name in ("dbus-daemon", "gnome-keyring-daemon")}
    if not all(programs.values()):
        yield None
        return
    from support.vault.keyrings import secret_service  # noqa: PLC0415 -- only with a keyring

    with secret_service(programs.__getitem__) as service:
        yield {"DBUS_SESSION_BUS_ADDRESS": service.address}
