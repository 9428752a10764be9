"""A home folder with twelve kinds of profiles, and an AWS that knows the identity of each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from support.aws.emulator import (
    DEV,
    DEV_KEY,
    DEV_SECRET,
    MFA_SERIAL,
    PLAIN_KEY,
    PLAIN_SECRET,
    PROD,
    allow,
    default_state,
    role,
    sts_client,
    trust,
)
from support.aws.identity_center import (
    SESSION,
    SSO_REGION,
    START_URL,
    identity_center_state,
    sign_in,
    write_shared_token,
)
from support.aws.login import expire_login, sign_in_to_console, write_login
from support.aws.servers import Received, json_reply, reply, serve
from support.aws.web_identity import Issuer
from support.e2e import Ran
from support.identity.clients import CLIENTS, NEWEST_CLI, Client
from support.identity.world import REGION, GenerousAws, World, world
from xswitch.demo.home import sso_endpoint_rules
from xswitch.emulator.http import HttpResponse
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.sigv4 import HttpRequest
from xswitch.emulator.state import AwsState

LOGIN = f"arn:aws:iam::{DEV}:user/console"
ISSUER = Issuer()


class KindsAws(GenerousAws):
    """An AWS without a gift for intruders."""

    def answer(self, request: HttpRequest, source_ip: str = "127.0.0.1") -> HttpResponse | None:
        """Answer as AWS does."""
        return EmbeddedAws.answer(self, request, source_ip)


def minted(aws: EmbeddedAws, name: str) -> dict[str, str]:
    """Make a session of a role without going through xswitch."""
    made = sts_client(aws, (DEV_KEY, DEV_SECRET)).assume_role(
        RoleArn=f"arn:aws:iam::{PROD}:role/{name}", RoleSessionName="minted"
    )["Credentials"]
    return {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": made["AccessKeyId"],
        "SecretAccessKey": made["SecretAccessKey"],
        "Token": made["SessionToken"],
        "Expiration": f"{made['Expiration']:%Y-%m-%dT%H:%M:%SZ}",
        "LastUpdated": "2026-01-01T00:00:00Z",
    }


@contextmanager
def kinds_aws() -> Iterator[KindsAws]:
    """Run an AWS with what the kinds need.

    There are roles and users, an Identity Center that gives Admin and ReadOnly, an identity
    provider whose users get Web, and a user who signs in to the console.
    """
    state = default_state()
    state["identity_center"] = identity_center_state()["identity_center"]
    dev, prod = (
        next(account for account in state["accounts"] if account["id"] == one)
        for one in (DEV, PROD)
    )
    assume = {"assume": allow(Action="sts:AssumeRole", Resource="*")}
    next(user for user in dev["users"] if user["name"] == "plain")["policies"] = assume
    local = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
    dev["users"].append({"name": "console", "policies": assume, "attached_policies": [local]})
    dev_root, prod_root = (f"arn:aws:iam::{one}:root" for one in (DEV, PROD))
    prod["oidc_providers"] = [ISSUER.provider()]
    prod["roles"] += [
        role("Web", ISSUER.trust(PROD), policies=assume),
        role("Node", trust(dev_root), policies=assume),
        role("FromProd", trust(prod_root)),
    ]
    with KindsAws(AwsState.from_json(json.dumps(state))) as aws:
        yield aws


@dataclass(frozen=True)
class Kind:
    """A profile, and whose credentials it gives."""

    name: str
    kind: str
    """In `list --json`."""
    account: str
    identity: str
    """The role's name, or its start if AWS chooses the rest, or `user/NAME`."""
    properties: Mapping[str, str]
    code: bool = False
    """Whether it needs an MFA code if no MFA session is stored."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the shell at the switch."""
    exchange: str = ""
    """The call by which each client gets keys itself, because the profile holds none."""
    signs_in: bool = False
    """Whether it starts with the keys of `aws login`, which have ended before each use."""
    unknown_to: Mapping[str, str] = field(default_factory=dict)
    """Clients of which the tested version can't read such a profile, and why."""

    @property
    def profile(self) -> str:
        """The value of AWS_PROFILE after a switch."""
        own = {"static_keys", "credential_process", "web_identity", "login_session"}
        return self.name if self.kind in own else f"xs-{self.name}"


def _arn(name: str) -> str:
    return f"arn:aws:iam::{PROD}:role/{name}"


def _debian_cli(env: Mapping[str, str], config: str, cwd: Path, url: str) -> Ran:
    return CLIENTS[-1].run({**env, "AWS_DATA_PATH": str(cwd / MODELS)}, config, cwd, url)


MODELS = "models"
DEBIAN_CLI = Client("AWS CLI 2.9", _debian_cli, names_files=False)
KINDS_CLIENTS = (*CLIENTS[:-1], NEWEST_CLI, DEBIAN_CLI)
_SSO = {"sso_account_id": PROD}
KINDS = (
    Kind(
        "plain-role",
        "role",
        PROD,
        "Reader",
        {"role_arn": _arn("Reader"), "source_profile": "keys-mfa"},
    ),
    Kind(
        "mfa-role",
        "role",
        PROD,
        "Admin",
        {"role_arn": _arn("Admin"), "source_profile": "keys-mfa", "mfa_serial": MFA_SERIAL},
        code=True,
    ),
    Kind(
        "chained-role",
        "role",
        PROD,
        "FromProd",
        {"role_arn": _arn("FromProd"), "source_profile": "mfa-role"},
        code=True,
    ),
    Kind(
        "role-of-sso",
        "role",
        PROD,
        "FromProd",
        {"role_arn": _arn("FromProd"), "source_profile": "work-admin"},
    ),
    Kind(
        "role-of-environment",
        "role",
        PROD,
        "Reader",
        {"role_arn": _arn("Reader"), "credential_source": "Environment"},
        environment={"AWS_ACCESS_KEY_ID": DEV_KEY, "AWS_SECRET_ACCESS_KEY": DEV_SECRET},
    ),
    Kind(
        "work-admin",
        "sso",
        PROD,
        "AWSReservedSSO_Admin_",
        {"sso_session": SESSION, "sso_role_name": "Admin", **_SSO},
    ),
    Kind(
        "legacy-sso",
        "sso",
        PROD,
        "AWSReservedSSO_ReadOnly_",
        {
            "sso_start_url": START_URL,
            "sso_region": SSO_REGION,
            "sso_role_name": "ReadOnly",
            **_SSO,
        },
    ),
    Kind(
        "keys",
        "static_keys",
        DEV,
        "user/plain",
        {"aws_access_key_id": PLAIN_KEY, "aws_secret_access_key": PLAIN_SECRET},
    ),
    Kind(
        "keys-mfa",
        "mfa_session",
        DEV,
        "user/dev",
        {
            "aws_access_key_id": DEV_KEY,
            "aws_secret_access_key": DEV_SECRET,
            "mfa_serial": MFA_SERIAL,
        },
        code=True,
    ),
    Kind(
        "process",
        "credential_process",
        DEV,
        "user/plain",
        {"credential_process": "cat {home}/p.json"},
    ),
    Kind(
        "web",
        "web_identity",
        PROD,
        "Web",
        {"role_arn": _arn("Web"), "web_identity_token_file": "{home}/token"},
        exchange="AssumeRoleWithWebIdentity",
    ),
    Kind(
        "aws-login",
        "login_session",
        DEV,
        "user/console",
        {"login_session": LOGIN},
        exchange="CreateOAuth2Token",
        signs_in=True,
        unknown_to={DEBIAN_CLI.name: "login_session is known since 2.32"},
    ),
)
"""Twelve kinds; the order is that of a person who signs in with MFA once."""
NEIGHBORS = (
    Kind(
        "role-of-process",
        "role",
        PROD,
        "Reader",
        {"role_arn": _arn("Reader"), "source_profile": "process"},
    ),
    Kind(
        "role-of-web",
        "role",
        PROD,
        "FromProd",
        {"role_arn": _arn("FromProd"), "source_profile": "web"},
    ),
    Kind(
        "role-of-login",
        "role",
        PROD,
        "Reader",
        {"role_arn": _arn("Reader"), "source_profile": "aws-login"},
        signs_in=True,
    ),
    Kind(
        "role-of-container",
        "role",
        PROD,
        "FromProd",
        {"role_arn": _arn("FromProd"), "credential_source": "EcsContainer"},
        environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{node}/credentials"},
    ),
    Kind(
        "role-of-instance",
        "role",
        PROD,
        "FromProd",
        {"role_arn": _arn("FromProd"), "credential_source": "Ec2InstanceMetadata"},
        environment={
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{node}",
            "AWS_EC2_METADATA_DISABLED": "false",
        },
    ),
)
"""Roles whose chain starts with each of the other sources."""


@dataclass(frozen=True)
class KindsHome:
    """A home folder with all kinds, and the address at which a machine's keys are."""

    world: World
    node: str

    def before(self, kind: Kind) -> World:
        """Return the world in which the switch to a kind happens."""
        own = {name: text.format(node=self.node) for name, text in kind.environment.items()}
        self.expire(kind)
        return replace(self.world, target=(kind.name,), env={**self.world.env, **own})

    def expire(self, kind: Kind) -> None:
        """Let no keys be left from another client.

        Those of `aws login` have ended, if the kind starts with them, and the AWS CLI has none of a
        web identity.
        """
        shutil.rmtree(self.world.folder / ".aws" / "cli" / "cache", ignore_errors=True)
        if kind.signs_in:
            expire_login(self.world.folder, LOGIN)


@contextmanager
def kinds_world(aws: KindsAws, folder: Path) -> Iterator[KindsHome]:
    """Make a home folder in `folder` whose config has all kinds, and who is signed in."""
    keys = minted(aws, "Node")
    with world(aws, folder) as home, serve(lambda request: _node(request, keys)) as node:
        # Go's providers read no AWS_ENDPOINT_URL
        home.env |= {f"AWS_ENDPOINT_URL_{name}": aws.endpoint for name in ("STS", "SIGNIN")}
        _write_profiles(home)
        process = {"Version": 1, "AccessKeyId": PLAIN_KEY, "SecretAccessKey": PLAIN_SECRET}
        (home.folder / "p.json").write_text(json.dumps(process), encoding="utf-8")
        (home.folder / "token").write_text(ISSUER.token(aws.clock.now()), encoding="utf-8")
        token = sign_in(aws)
        for name in (SESSION, START_URL):
            write_shared_token(home.folder, name, token)
        write_login(home.folder, sign_in_to_console(aws, LOGIN))
        _write_model(home.folder / MODELS, aws)
        yield KindsHome(home, node.url)


def _write_profiles(home: World) -> None:
    text = f"[sso-session {SESSION}]\nsso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n"
    keys = ""
    for kind in (*KINDS, *NEIGHBORS):
        own = {key: value.format(home=home.folder) for key, value in kind.properties.items()}
        secret = {key: value for key, value in own.items() if key.startswith("aws_")}
        other = {key: value for key, value in own.items() if key not in secret}
        text += f"\n[profile {kind.name}]\nregion = {REGION}\n" + _lines(other)
        keys += f"\n[{kind.name}]\n" + _lines(secret) if secret else ""
    home.config.write_text(text, encoding="utf-8")
    home.credentials.write_text(keys, encoding="utf-8")


def _lines(properties: Mapping[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in properties.items())


def _node(request: Received, keys: Mapping[str, str]) -> bytes:
    """Answer as a container's endpoint, and as an instance's metadata service."""
    roles = "/latest/meta-data/iam/security-credentials"
    if request.path == "/latest/api/token":
        return reply(200, "token", kind="text/plain", headers={_TTL: "21600"})
    if request.path.rstrip("/") == roles:
        return reply(200, "Node", kind="text/plain")
    if request.path in ("/credentials", f"{roles}/Node"):
        return json_reply(200, keys)
    return reply(404, "", kind="text/plain")


_TTL = "X-aws-ec2-metadata-token-ttl-seconds"


def _write_model(folder: Path, aws: EmbeddedAws) -> None:
    """Lead an old AWS CLI to AWS by a model: it reads no variable that names an endpoint."""
    models = folder / "sts" / "2011-06-15"
    models.mkdir(parents=True)
    rules = sso_endpoint_rules(aws.endpoint)
    (models / "endpoint-rule-set-1.json").write_text(rules, encoding="utf-8")
