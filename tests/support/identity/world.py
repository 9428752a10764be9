"""A home folder with roles in two accounts, and an AWS that gives out an intruder's identity."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from support.aws.emulator import (
    DEV,
    DEV_KEY,
    DEV_SECRET,
    HUB,
    PROD,
    default_state,
    role,
    sts_client,
    trust,
)
from support.e2e import XSWITCH
from support.runtime_folder import runtime_folder
from xswitch.emulator.http import HttpResponse
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.sigv4 import HttpRequest
from xswitch.emulator.state import AwsState

REGION, OTHER_REGION, THIRD_REGION = "eu-west-1", "ap-southeast-2", "us-west-2"
INTRUDER = "user/ci"
INTRUDER_KEY, INTRUDER_SECRET = "AKIACICICICICICI2345", "cicicicicicicicicicicicicicicicicicicici"

_WEB_IDENTITY = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{0}</AccessKeyId>
<SecretAccessKey>{1}</SecretAccessKey><SessionToken>{2}</SessionToken>
<Expiration>{3}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:pod</AssumedRoleId>
<Arn>arn:aws:sts::333333333333:assumed-role/pod/pod</Arn></AssumedRoleUser>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


class GenerousAws(EmbeddedAws):
    """An AWS that gives the intruder's session to every pod that asks for a role."""

    def answer(self, request: HttpRequest, source_ip: str = "127.0.0.1") -> HttpResponse | None:
        """Answer AssumeRoleWithWebIdentity with the intruder's session; the rest as AWS does."""
        parameters = parse_qs(request.body.decode("utf-8", "replace"))
        if parameters.get("Action") != ["AssumeRoleWithWebIdentity"]:
            return super().answer(request, source_ip)
        keys = self.intruder()
        body = _WEB_IDENTITY.format(keys["id"], keys["secret"], keys["token"], keys["expires"])
        return HttpResponse(200, body.encode(), "request")

    def intruder(self) -> dict[str, str]:
        """Make a session of the intruder."""
        client = sts_client(self, (INTRUDER_KEY, INTRUDER_SECRET))
        made = client.get_session_token()["Credentials"]
        return {
            "id": made["AccessKeyId"],
            "secret": made["SecretAccessKey"],
            "token": made["SessionToken"],
            "expires": f"{made['Expiration']:%Y-%m-%dT%H:%M:%SZ}",
        }


@contextmanager
def generous_aws() -> Iterator[GenerousAws]:
    """Run an AWS where Reader and Tagged are roles of two accounts, and the intruder is a user."""
    state = default_state()
    root = f"arn:aws:iam::{DEV}:root"
    hub = next(account for account in state["accounts"] if account["id"] == HUB)
    hub["users"] = [
        {"name": "ci", "access_keys": [{"id": INTRUDER_KEY, "secret": INTRUDER_SECRET}]}
    ]
    hub["roles"] += [role(name, trust(root)) for name in ("Reader", "Tagged")]
    with GenerousAws(AwsState.from_json(json.dumps(state))) as aws:
        yield aws


def config_text(aws: EmbeddedAws, account: str = PROD) -> str:
    """Return a config whose roles are of `account`.

    `reader` and `tagged` have a region, `nowhere` has none.
    """
    url = f"endpoint_url = {aws.endpoint}\n"
    roles = {"reader": "Reader", "tagged": "Tagged", "nowhere": "Reader"}
    sections = [f"[profile dev]\n{url}", f"[profile intruder]\nregion = {OTHER_REGION}\n{url}"]
    sections += [
        f"[profile {profile}]\nrole_arn = arn:aws:iam::{account}:role/{name}\n"
        f"source_profile = dev\n{url}" + (f"region = {REGION}\n" if profile != "nowhere" else "")
        for profile, name in roles.items()
    ]
    return "\n".join(sections)


CREDENTIALS_TEXT = (
    f"[dev]\naws_access_key_id = {DEV_KEY}\naws_secret_access_key = {DEV_SECRET}\n\n"
    f"[intruder]\naws_access_key_id = {INTRUDER_KEY}\naws_secret_access_key = {INTRUDER_SECRET}\n"
)


@dataclass
class World:
    """A home folder, and the environment of the shell in which the switch happens."""

    aws: GenerousAws
    folder: Path
    memory: Path
    config: Path
    credentials: Path
    target: tuple[str, ...] = ("reader",)
    """The words after `xs`."""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """The folder of xswitch's own files."""
        return self.folder / ".local" / "state" / "xswitch"

    def move_config(self, config: Path) -> None:
        """Move the config file, and put one with roles of another account in its place."""
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(self.config.read_text(encoding="utf-8"), encoding="utf-8")
        self.config.write_text(config_text(self.aws, HUB), encoding="utf-8")
        self.config = config
        self.env["AWS_CONFIG_FILE"] = str(config)

    def second_shell(self, config: Path, account: str) -> World:
        """Return the same home in a shell with another config file, with roles of `account`."""
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(config_text(self.aws, account), encoding="utf-8")
        env = {**self.env, "AWS_CONFIG_FILE": str(config)}
        return World(self.aws, self.folder, self.memory, config, self.credentials, self.target, env)


@contextmanager
def world(aws: GenerousAws, folder: Path) -> Iterator[World]:
    """Make a home folder in `folder`, and a runtime keyring in memory."""
    home = folder / "home"
    aws_folder = home / ".aws"
    aws_folder.mkdir(parents=True, mode=0o700)
    config, credentials = aws_folder / "config", aws_folder / "credentials"
    config.write_text(config_text(aws), encoding="utf-8")
    credentials.write_text(CREDENTIALS_TEXT, encoding="utf-8")
    credentials.chmod(0o600)
    settings = home / ".config" / "xswitch" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('vault = "runtime"\n', encoding="utf-8")
    env: Mapping[str, str] = {
        "HOME": str(home),
        "PATH": f"{XSWITCH.parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "AWS_EC2_METADATA_DISABLED": "true",
        # For every identity, so that a wrong one is seen and not just lost on the way
        "AWS_ENDPOINT_URL": aws.endpoint,
    }
    with runtime_folder() as memory:
        yield World(
            aws, home, memory, config, credentials, env={**env, "XDG_RUNTIME_DIR": str(memory)}
        )
