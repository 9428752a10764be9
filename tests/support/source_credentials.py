"""Credential sources for tests: a config with one profile, and the AWS CLI's cached sign-ins."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.aws.servers import TEST_KEY
from xswitch.core.model import (
    ConfigPaths,
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Origin,
    Profile,
    Property,
)

ORIGIN = Origin("~/.aws/config", 12)
START_URL = "https://corp.awsapps.example/start"
ACCOUNT = "222222222222"


def section(name: str, properties: Mapping[str, str]) -> Profile:
    return Profile(
        name, {key: Property(value, ORIGIN) for key, value in properties.items()}, ORIGIN
    )


def a_view(
    properties: Mapping[str, str] | None = None,
    *,
    profile: str = "dev",
    sso_sessions: Mapping[str, Mapping[str, str]] | None = None,
    services: Mapping[str, Mapping[str, str]] | None = None,
) -> ConfigView:
    """Return a config with one profile."""
    return ConfigView(
        paths=ConfigPaths("/config", "/credentials"),
        profiles={profile: section(profile, properties or {})},
        sso_sessions={name: section(name, values) for name, values in (sso_sessions or {}).items()},
        services={name: section(name, values) for name, values in (services or {}).items()},
    )


def a_base(kind: CredentialSourceKind, profile: str | None = "dev") -> CredentialSource:
    return CredentialSource(kind, profile, "identity", ORIGIN)


def at(delta: timedelta) -> str:
    """Return a time relative to now in the format of AWS's caches."""
    return (datetime.now(UTC) + delta).strftime("%Y-%m-%dT%H:%M:%SZ")


def sso_cache(home: Path, key: str) -> Path:
    """Return the token file of an SSO session or start URL in the AWS CLI's cache."""
    return home / ".aws" / "sso" / "cache" / f"{hashlib.sha1(key.encode()).hexdigest()}.json"


def store_sso_token(
    home: Path, key: str, lasts: timedelta = timedelta(hours=8), **more: Any
) -> Path:
    file = sso_cache(home, key)
    file.parent.mkdir(parents=True, exist_ok=True)
    token = {
        "startUrl": START_URL,
        "region": "eu-west-1",
        "accessToken": "sso-access-token",
        "expiresAt": at(lasts),
    }
    file.write_text(json.dumps(token | more), encoding="utf-8")
    return file


def store_login(
    home: Path, session: str, lasts: timedelta = timedelta(minutes=14), **more: Any
) -> Path:
    """Store a sign-in of `aws login`, whose file is named after the SHA-256 of the session."""
    file = (
        home / ".aws" / "login" / "cache" / f"{hashlib.sha256(session.encode()).hexdigest()}.json"
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    token = {
        "accessToken": {
            "accessKeyId": "ASIALOGIN",
            "secretAccessKey": "login-secret",
            "sessionToken": "login-token",
            "accountId": ACCOUNT,
            "expiresAt": at(lasts),
        },
        "tokenType": "aws_sigv4",
        "refreshToken": "login-refresh-token",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": TEST_KEY,
    }
    file.write_text(json.dumps(token | more), encoding="utf-8")
    return file
