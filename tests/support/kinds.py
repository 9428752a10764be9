"""A home folder with twelve kinds of profiles, and an AWS that knows the identity of each."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from support.aws.emulator import (
    DEV,
    DEV_KEY,
    DEV_SECRET,
    MFA_SERIAL,
    PLAIN_KEY,
    PLAIN_SECRET,
    PROD,
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
from support.identity.world import REGION, GenerousAws, World, world
from xswitch.emulator.state import AwsState

LOGIN = f"arn:aws:iam::{DEV}:user/dev"
WEB_TOKEN = "web-identity-token-of-the-test"


class KindsAws(GenerousAws):
    """An AWS that gives a session of the role `Web` for the right token."""

    def intruder(self) -> dict[str, str]:
        """Return a session of the role that a web identity asks for."""
        return minted(self, "Web")

    def answer(self, request: Any, source_ip: str = "127.0.0.1") -> Any:
        """Answer as AWS does, and refuse any other role and token."""
        asked = parse_qs(request.body.decode("utf-8", "replace"))
        if asked.get("Action") == ["AssumeRoleWithWebIdentity"]:
            assert asked["RoleArn"] == [f"arn:aws:iam::{PROD}:role/Web"]
            assert asked["WebIdentityToken"] == [WEB_TOKEN]
        return super().answer(request, source_ip)


def minted(aws: KindsAws, name: str) -> dict[str, str]:
    """Make a session of a role without going through xswitch."""
    made = sts_client(aws, (DEV_KEY, DEV_SECRET)).assume_role(
        RoleArn=f"arn:aws:iam::{PROD}:role/{name}", RoleSessionName="minted"
    )["Credentials"]
    return {
        "id": made["AccessKeyId"],
        "secret": made["SecretAccessKey"],
        "token": made["SessionToken"],
        "expires": f"{made['Expiration']:%Y-%m-%dT%H:%M:%SZ}",
    }


@contextmanager
def kinds_aws() -> Iterator[KindsAws]:
    """Run an AWS with roles, users, and an Identity Center that gives Admin and ReadOnly."""
    state = default_state()
    state["identity_center"] = identity_center_state()["identity_center"]
    prod = next(account for account in state["accounts"] if account["id"] == PROD)
    prod["roles"] += [role(name, trust(f"arn:aws:iam::{DEV}:root")) for name in ("Web", "Login")]
    prod["roles"].append(role("FromSso", trust(f"arn:aws:iam::{PROD}:root")))
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
    unknown_to: tuple[str, ...] = ()
    """Clients of which the tested version can't read such a profile, or asks another AWS."""


def _arn(name: str) -> str:
    return f"arn:aws:iam::{PROD}:role/{name}"


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
        "FromSso",
        {"role_arn": _arn("FromSso"), "source_profile": "mfa-role"},
        code=True,
    ),
    Kind(
        "role-of-sso",
        "role",
        PROD,
        "FromSso",
        {"role_arn": _arn("FromSso"), "source_profile": "sso"},
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
        "sso",
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
        unknown_to=("AWS CLI",),  # 2.9 doesn't read AWS_ENDPOINT_URL
    ),
    Kind(
        "aws-login",
        "login_session",
        PROD,
        "Login",
        {"login_session": LOGIN},
        unknown_to=("AWS CLI",),  # since 2.32
    ),
)
"""Twelve kinds; the order is that of a person who signs in with MFA once."""


@contextmanager
def kinds_world(aws: KindsAws, folder: Path) -> Iterator[World]:
    """Make a home folder in `folder` whose config has all kinds, and who is signed in."""
    with world(aws, folder) as home:
        text = f"[sso-session {SESSION}]\nsso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n"
        keys = ""
        for kind in KINDS:
            own = {key: value.format(home=home.folder) for key, value in kind.properties.items()}
            secret = {key: value for key, value in own.items() if key.startswith("aws_")}
            other = {key: value for key, value in own.items() if key not in secret}
            text += f"\n[profile {kind.name}]\nregion = {REGION}\n" + _lines(other)
            keys += f"\n[{kind.name}]\n" + _lines(secret) if secret else ""
        home.config.write_text(text, encoding="utf-8")
        home.credentials.write_text(keys, encoding="utf-8")
        process = {"Version": 1, "AccessKeyId": PLAIN_KEY, "SecretAccessKey": PLAIN_SECRET}
        (home.folder / "p.json").write_text(json.dumps(process), encoding="utf-8")
        (home.folder / "token").write_text(WEB_TOKEN, encoding="utf-8")
        token = sign_in(aws)
        for name in (SESSION, START_URL):
            write_shared_token(home.folder, name, token)
        _write_login(aws, home.folder)
        yield home


def _lines(properties: Mapping[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in properties.items())


def _write_login(aws: KindsAws, home: Path) -> None:
    """Write a living sign-in of `aws login` (botocore, credentials.py, LoginCredentialFetcher)."""
    keys = minted(aws, "Login")
    command = "openssl ecparam -name prime256v1 -genkey -noout"
    key = subprocess.run(command.split(), capture_output=True, check=True, text=True).stdout
    data = {
        "accessToken": {
            "accessKeyId": keys["id"],
            "secretAccessKey": keys["secret"],
            "sessionToken": keys["token"],
            "accountId": PROD,
            "expiresAt": keys["expires"],
        },
        "tokenType": "aws_sigv4",
        "refreshToken": "refresh",
        "idToken": "e30.e30.x",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": key,
    }
    assert keys["expires"] > f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    file = home / ".aws" / "login" / "cache" / f"{hashlib.sha256(LOGIN.encode()).hexdigest()}.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(data), encoding="utf-8")
