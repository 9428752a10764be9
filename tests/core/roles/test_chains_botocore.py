"""Compare the chains of small random configs with the calls that botocore makes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.credentials
import botocore.exceptions
import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.roles import arn
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.model import (
    ConfigPaths,
    CredentialSourceKind,
    Problem,
    Role,
    Settings,
    TargetKind,
)
from xswitch.core.roles.chains import ChainResolver
from xswitch.core.roles.resolve import resolve_all

NAMES = ("a", "b", "c", "d")
FAR = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def keys(name: str) -> dict[str, str]:
    return {"aws_access_key_id": f"AKID{name}", "aws_secret_access_key": "s"}


@st.composite
def sections(draw: st.DrawFn) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    drawn = {}
    for name in NAMES:
        config: dict[str, str] = {}
        if draw(st.booleans()) or draw(st.booleans()):
            config["role_arn"] = arn(name.upper())
        if "role_arn" in config or draw(st.booleans()):
            where = draw(
                st.sampled_from(["source", "source", "source", "environment", "both", "none"])
            )
            if where in ("source", "both"):
                config["source_profile"] = draw(st.sampled_from((*NAMES, "nobody")))
            if where in ("environment", "both"):
                config["credential_source"] = draw(
                    st.sampled_from(["Environment", "Environment", "environment"])
                )
        if draw(st.integers(0, 3)) == 0:
            config |= keys(f"CONFIG{name}")
        credentials = keys(f"SHARED{name}") if draw(st.integers(0, 2)) == 0 else {}
        drawn[name] = (config, credentials)
    return drawn


class FakeSts:
    """Answers AssumeRole with keys that encode the chain."""

    def __init__(self, access_key: str) -> None:
        self._access_key = access_key

    def assume_role(self, **request: Any) -> Mapping[str, Any]:
        name = f"{self._access_key}>{request['RoleArn'].rpartition('/')[2]}"
        return {
            "Credentials": {
                "AccessKeyId": name,
                "SecretAccessKey": "s",
                "SessionToken": "t",
                "Expiration": FAR,
            }
        }


def by_botocore(profile: str) -> str | None:
    session = botocore.session.Session(profile=profile)
    resolver = botocore.credentials.create_credential_resolver(session)
    provider: Any = resolver.get_provider("assume-role")
    provider._client_creator = lambda _service, **given: FakeSts(given["aws_access_key_id"])
    try:
        found = provider.load()
        return None if found is None else found.get_frozen_credentials().access_key
    except botocore.exceptions.BotoCoreError:
        return None


def by_xswitch(role: Role) -> str | None:
    if role.chain is None:
        return None
    base = role.chain.base
    start = (
        base.detail
        if base.kind in (CredentialSourceKind.STATIC_KEYS, CredentialSourceKind.ENVIRONMENT)
        else base.kind.value
    )
    return ">".join([start, *(hop.role_arn.rpartition("/")[2] for hop in role.chain.hops)])


def texts(drawn: dict[str, tuple[dict[str, str], dict[str, str]]]) -> tuple[str, str]:
    """Return the texts of the config and the credentials file."""
    config = "".join(
        f"[profile {name}]\n" + "".join(f"{key} = {value}\n" for key, value in parts[0].items())
        for name, parts in drawn.items()
    )
    credentials = "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in parts[1].items())
        for name, parts in drawn.items()
        if parts[1]
    )
    return config, credentials


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=sections())
def test_chains_are_those_of_botocore(
    drawn: dict[str, tuple[dict[str, str], dict[str, str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, credentials = texts(drawn)
    paths = ConfigPaths(str(tmp_path / "config"), str(tmp_path / "credentials"))
    Path(paths.config).write_text(config)
    Path(paths.credentials).write_text(credentials)
    monkeypatch.setenv("AWS_CONFIG_FILE", paths.config)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", paths.credentials)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    found = resolve_all(read_view(paths, config, credentials), Settings(), os.environ).roles
    roles = [role for role in found if role.kind is TargetKind.ROLE]
    assert [role.name for role in roles] == [
        name for name, parts in drawn.items() if "role_arn" in parts[0]
    ]
    assert {role.name for role in found} - {role.name for role in roles} == {
        name
        for name, parts in drawn.items()
        if "role_arn" not in parts[0] and "aws_access_key_id" in {**parts[0], **parts[1]}
    }
    for role in roles:
        assert by_xswitch(role) == by_botocore(role.name), f"{role.name}\n{config}\n{credentials}"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(drawn=sections(), order=st.permutations(NAMES))
def test_a_chain_is_the_same_whichever_profiles_were_resolved_before(
    drawn: dict[str, tuple[dict[str, str], dict[str, str]]], order: list[str]
) -> None:
    view = read_view(ConfigPaths("/config", "/credentials"), *texts(drawn))
    resolver = ChainResolver(view, {"AWS_ACCESS_KEY_ID": "AKIDENV"})
    roles = [name for name, parts in drawn.items() if "role_arn" in parts[0]]
    for name in order:
        if name in view.profiles:
            resolver.resolve_source(name)
    for name in roles:
        alone = ChainResolver(view, {"AWS_ACCESS_KEY_ID": "AKIDENV"}).resolve_role(name)
        found = resolver.resolve_role(name)
        assert isinstance(found, Problem) is isinstance(alone, Problem), name
        assert isinstance(found, Problem) or found == alone, name
