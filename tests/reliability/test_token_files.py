"""Token files of Identity Center, from xswitch to real clients and back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conftest import find_program
from support.aws.cli import signing_in
from support.aws.emulator import aws_server
from support.aws.identity_center import (
    SSO_REGION,
    START_URL,
    WORK,
    SignedIn,
    approve,
    endpoint_variables,
    identity_center_state,
    sign_in,
    write_endpoint_models,
    write_shared_token,
)
from support.e2e import Ran, run
from support.identity.clients import CLIENTS, NEWEST_CLI, Client
from support.reliability.soak import chance, chunks, count, tell
from xswitch.adapters.sso.shared_tokens import SharedTokenFiles
from xswitch.core.model import Secret, SharedSignIn, SsoSession, SsoToken
from xswitch.core.sso.cache_files import token_file_name
from xswitch.emulator.server import EmbeddedAws

FILES_PER_CLIENT = count(2, 10)
_IDENTITY = Path(__file__).parents[1] / "tools" / "identity.py"


def _boto3(env: Mapping[str, str], _config: str, cwd: Path, _url: str) -> Ran:
    """Start afresh: botocore's folder of tokens is that of the HOME in which it was imported."""
    return run([sys.executable, str(_IDENTITY)], env, cwd=cwd)


READERS = (
    Client("boto3", _boto3),
    *(one for one in CLIENTS if one.name != "boto3"),
    NEWEST_CLI,
)
_LETTERS = "abcXYZ019 .-_+@/é漢"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(identity_center_state()) as server:
        yield server


@pytest.fixture(scope="module")
def token(aws: EmbeddedAws) -> SignedIn:
    return sign_in(aws)


def session_named(name: str) -> SsoSession:
    """Return the session of a name, or of a profile of the older form."""
    return SsoSession(name, START_URL, SSO_REGION)


def config_of(home: Path, aws: EmbeddedAws, session: SsoSession) -> None:
    """Write a config whose profile `p` has this session and the role Admin of work."""
    where = f"sso_start_url = {session.start_url}\nsso_region = {session.region}\n"
    role = f"sso_account_id = {WORK}\nsso_role_name = Admin\nregion = {SSO_REGION}\n"
    if session.name:
        text = (
            f"[sso-session {session.name}]\n{where}sso_registration_scopes = sso:account:access\n\n"
            f"[profile p]\nsso_session = {session.name}\n{role}"
        )
    else:
        text = f"[profile p]\n{where}{role}"
    config = home / ".aws" / "config"
    config.parent.mkdir(exist_ok=True)
    config.write_text(text, encoding="utf-8")
    write_endpoint_models(home, aws)


def names(client: Client, number: int) -> list[str]:
    """Return names of sessions; "" is a profile of the older form."""
    random = chance(f"token files {client.name}", number)
    found = ["", "corp"]
    while len(found) < FILES_PER_CLIENT:
        found.append("".join(random.choice("abcXYZ019.-_+@") for _ in range(random.randint(1, 20))))
    return found[:FILES_PER_CLIENT]


def environment(home: Path, aws: EmbeddedAws) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "AWS_PROFILE": "p",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SDK_LOAD_CONFIG": "1",
        **endpoint_variables(aws),
    }


def as_token(found: SignedIn) -> SsoToken:
    return SsoToken(
        Secret(found.access_token),
        found.expires_at,
        found.client_id,
        Secret(found.client_secret),
        found.registration_expires_at,
        Secret(found.refresh_token),
    )


@pytest.mark.parametrize("client", READERS, ids=lambda client: client.name)
def test_clients_read_what_xswitch_writes(
    client: Client, aws: EmbeddedAws, token: SignedIn, tmp_path: Path
) -> None:
    wrong = []
    for number, name in enumerate(names(client, 0)):
        home = tmp_path / str(number)
        home.mkdir()
        session = session_named(name)
        config_of(home, aws, session)
        SharedTokenFiles(str(home)).store(session, as_token(token))
        answer = client.ask(environment(home, aws), aws, home)
        if (answer.account, answer.name.startswith("AWSReservedSSO_Admin_")) != (WORK, True):
            wrong.append(f"{name!r}: {answer}")
    tell("tokens", f"read by {client.name}", FILES_PER_CLIENT, len(wrong), "; ".join(wrong))


@pytest.mark.parametrize("client", READERS, ids=lambda client: client.name)
def test_xswitch_reads_what_clients_write(client: Client, aws: EmbeddedAws, tmp_path: Path) -> None:
    """A client with a token that has expired refreshes it, and writes the new one."""
    wrong, written = [], 0
    for number, name in enumerate(names(client, 1)):
        home = tmp_path / str(number)
        home.mkdir()
        session = session_named(name or "older")  # only sso-sessions are refreshed
        config_of(home, aws, session)
        near = replace(sign_in(aws), expires_at=datetime.now(UTC) - timedelta(minutes=1))
        file = write_shared_token(home, session.cache_name, near)
        answer = client.ask(environment(home, aws), aws, home)
        changed = json.loads(file.read_text(encoding="utf-8"))
        written += changed["accessToken"] != near.access_token
        found = SharedTokenFiles(str(home)).load(session)
        if (
            answer.account != WORK
            or found.token is None
            or found.token.access_token.reveal() != changed["accessToken"]
            or found.token.refresh_token != Secret(changed["refreshToken"])
            or found.token.client_secret != Secret(near.client_secret)
        ):
            wrong.append(f"{name!r}: {answer}")
    assert written, f"{client.name} refreshed nothing"
    tell("tokens", f"written by {client.name}", FILES_PER_CLIENT, len(wrong), "; ".join(wrong))


def test_xswitch_reads_a_sign_in_of_the_aws_cli(aws: EmbeddedAws, tmp_path: Path) -> None:
    session = session_named("corp")
    config_of(tmp_path, aws, session)
    words = [find_program("/usr/bin/aws"), "sso", "login", "--no-browser"]
    env = environment(tmp_path, aws)
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = next(
            found[0]
            for line in process.stdout
            if (found := re.search(r"http://\S+user_code=\S+", line))
        )
        approve(url)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    read = SharedTokenFiles(str(tmp_path)).load(session).token
    assert read is not None
    assert read.expires_at > datetime.now(UTC)


def test_xswitch_reads_a_sign_in_of_the_newest_aws_cli(aws: EmbeddedAws, tmp_path: Path) -> None:
    session = session_named("corp")
    config_of(tmp_path, aws, session)
    with signing_in(["sso", "login"], environment(tmp_path, aws), tmp_path) as cli:
        approve(cli.opened(), follow=True)  # by PKCE
        assert cli.ended() == 0, cli.said
    read = SharedTokenFiles(str(tmp_path)).load(session).token
    assert read is not None
    assert read.refresh_token is not None
    assert read.expires_at > datetime.now(UTC)


@pytest.mark.parametrize(("number", "size"), chunks(40, 400, 40))
def test_any_session_name_is_a_file_of_its_own(
    number: int, size: int, token: SignedIn, tmp_path: Path
) -> None:
    random = chance("token file names", number)
    files = SharedTokenFiles(str(tmp_path))
    made = set()
    for _ in range(size):
        name = "".join(random.choice(_LETTERS) for _ in range(random.randint(1, 40)))
        session = session_named(name)
        files.store(session, as_token(token))
        made.add(token_file_name(session))
        read = files.load(session)
        expected = replace(as_token(token), expires_at=token.expires_at.replace(microsecond=0))
        assert read == SharedSignIn(expected)
    assert {path.name for path in (tmp_path / ".aws/sso/cache").iterdir()} == made
