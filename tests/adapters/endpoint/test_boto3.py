"""boto3 as the endpoint's client, with many files and environments of its user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.endpoint import Endpoint

_WHO = """
import json, boto3
session = boto3.Session()
keys = session.get_credentials()
frozen = keys.get_frozen_credentials()
print(json.dumps({
    "method": keys.method, "id": frozen.access_key, "token": frozen.token,
    "account": keys.account_id, "region": session.region_name,
}))
"""
_DEFAULT = "[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n"
_SURROUNDINGS = {
    "no files": {},
    "default keys": {"credentials": _DEFAULT},
    "default keys in the config": {"config": _DEFAULT},
    "a default process": {"config": "[default]\ncredential_process = /bin/false\n"},
    "a default region": {"config": "[default]\nregion = us-east-2\n"},
}


def ask(endpoint: Endpoint, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _WHO],
        env={**endpoint.environ(os.environ), **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("name", _SURROUNDINGS)
def test_boto3_gets_the_endpoints_credentials(
    endpoint: Endpoint, clean_world: Path, name: str
) -> None:
    folder = clean_world / ".aws"
    folder.mkdir()
    for file, content in _SURROUNDINGS[name].items():
        (folder / file).write_text(content)
    ran = ask(endpoint)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "method": "container-role",
        "id": "ASIAENDPOINT1",
        "token": "session",
        "account": "111122223333",
        "region": "eu-west-1",
    }


def test_a_profile_of_the_surroundings_does_not_matter(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "missing")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/other")
    ran = ask(endpoint)
    assert json.loads(ran.stdout)["id"] == "ASIAENDPOINT1", ran.stderr


def test_the_private_config_is_what_keeps_default_keys_out(
    endpoint: Endpoint, clean_world: Path
) -> None:
    """Without it boto3 uses them: what the private files are for."""
    (clean_world / ".aws").mkdir()
    (clean_world / ".aws" / "credentials").write_text(_DEFAULT)
    ran = ask(
        endpoint,
        AWS_CONFIG_FILE=str(clean_world / ".aws" / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(clean_world / ".aws" / "credentials"),
    )
    assert json.loads(ran.stdout)["id"] == "AKIAOTHER"


def test_boto3_tells_a_wrong_token_and_runs_as_nobody(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong")
    ran = ask(endpoint, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(tmp_path / "token"))
    assert ran.returncode
    assert "The authorization token is missing or wrong." in ran.stderr
    assert not ran.stdout


def test_boto3_refuses_plain_http_to_another_host(endpoint: Endpoint) -> None:
    """A container reaches its host by such a name: the SDKs don't ask it for credentials."""
    port = endpoint.server.address.port
    ran = ask(
        endpoint, AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://host.docker.internal:{port}/path"
    )
    assert ran.returncode
    assert "Unsupported host 'host.docker.internal'" in ran.stderr
