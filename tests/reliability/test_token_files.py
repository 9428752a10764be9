"""Token files of Identity Center, from xswitch to real clients and back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conftest import TOOLS, find_program, missing
from support.aws.cli import signing_in
from support.aws.emulator import aws_server
from support.aws.identity_center import (
    SCOPES,
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

FILES, FILES_PER_CLIENT = count(2, 40), count(2, 10)
"""Files of xswitch, each of which every client reads; and files of each client."""
_PROGRAMS = Path(__file__).parents[1] / "tools"


def _boto3(env: Mapping[str, str], _config: str, cwd: Path, _url: str) -> Ran:
    """Start afresh: botocore's folder of tokens is that of the HOME in which it was imported."""
    return run([sys.executable, str(_PROGRAMS / "identity.py")], env, cwd=cwd)


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
    config = home / ".aws" / "config"
    config.parent.mkdir(exist_ok=True)
    config.write_text(profile_text("p", session, "Admin"), encoding="utf-8")
    write_endpoint_models(home, aws)


def profile_text(profile: str, session: SsoSession, role_name: str) -> str:
    """Return a profile with this session, and the section of its session."""
    where = f"sso_start_url = {session.start_url}\nsso_region = {session.region}\n"
    role = f"sso_account_id = {WORK}\nsso_role_name = {role_name}\nregion = {SSO_REGION}\n"
    if not session.name:
        return f"[profile {profile}]\n{where}{role}"
    return (
        f"[sso-session {session.name}]\n{where}sso_registration_scopes = sso:account:access\n\n"
        f"[profile {profile}]\nsso_session = {session.name}\n{role}"
    )


def names(client: Client) -> list[str]:
    """Return names of sso-sessions."""
    random = chance(f"token files {client.name}")
    found = ["older", "corp"]
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
        Secret(found.refresh_token) if found.refresh_token else None,
    )


@dataclass(frozen=True)
class WrittenFile:
    """A token file of xswitch: a session, and a user's token with or without a refresh token."""

    session: SsoSession
    user: str
    token: SsoToken

    @property
    def role(self) -> str:
        """The user's role in the account `work`; the other user hasn't it."""
        return {"dana": "Admin", "eve": "Look"}[self.user]


def written_files(aws: EmbeddedAws, home: Path) -> list[WrittenFile]:
    """Let xswitch write the files, each of a profile `p0`, `p1`, … of one config."""
    tokens = {
        (user, scopes): as_token(sign_in(aws, user, scopes=scopes))
        for user in ("dana", "eve")
        for scopes in (SCOPES, ())
    }
    random = chance("token files")
    older = [START_URL, "https://d-1234567890.awsapps.com/start"]
    found: list[WrittenFile] = []
    files, text = SharedTokenFiles(str(home)), ""
    for number in range(FILES):
        name = "".join(random.choice("abcXYZ019.-_+@") for _ in range(random.randint(1, 20)))
        session = session_named(f"{name}{number}")
        if older and number % 2 == 0:
            session = SsoSession("", older.pop(), SSO_REGION)
        user = random.choice(("dana", "eve"))
        found.append(WrittenFile(session, user, tokens[user, random.choice((SCOPES, ()))]))
        files.store(session, found[-1].token)
        text += profile_text(f"p{number}", session, found[-1].role) + "\n"
    config = home / ".aws" / "config"
    config.write_text(text, encoding="utf-8")
    write_endpoint_models(home, aws)
    return found


def boto3_reads(profiles: Sequence[str], env: Mapping[str, str], _aws: EmbeddedAws) -> list[str]:
    words = [sys.executable, str(_PROGRAMS / "identity.py"), "--serve"]
    asked = [{"env": {**env, "AWS_PROFILE": one}, "words": [], "cwd": "/"} for one in profiles]
    return answered(words, env, asked)


def cli_reads(profiles: Sequence[str], env: Mapping[str, str], aws: EmbeddedAws) -> list[str]:
    script = Path(find_program("/usr/bin/aws"))
    interpreter = script.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#!")
    call = f"sts get-caller-identity --query Arn --output text --endpoint-url {aws.endpoint}"
    asked = [{"env": {**env, "AWS_PROFILE": one}, "words": call.split()} for one in profiles]
    return answered([interpreter, str(_PROGRAMS / "aws_cli_forks.py")], env, asked)


def answered(
    words: list[str], env: Mapping[str, str], asked: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return what a process that answers line by line says to each line."""
    lines = "".join(f"{json.dumps(one)}\n" for one in asked)
    done = run(words, env, lines)
    assert done.code == 0, done.err
    answers = map(json.loads, done.out.splitlines())
    return [one["out"] or one["err"] for one in answers]


def javascript_reads(
    profiles: Sequence[str], env: Mapping[str, str], _aws: EmbeddedAws
) -> list[str]:
    modules = TOOLS / "node_modules"
    if not (modules / "@aws-sdk" / "client-sts").exists():
        missing("@aws-sdk/client-sts is not installed (make test-tools)")
    words = [find_program("node"), "--no-warnings", str(_PROGRAMS / "identity.cjs"), "--profiles"]
    done = run([*words, *profiles], {**env, "NODE_PATH": str(modules)})
    lines = done.out.splitlines()
    return lines + [done.err] * (len(profiles) - len(lines))


def go_reads(profiles: Sequence[str], env: Mapping[str, str], aws: EmbeddedAws) -> list[str]:
    return each_reads(next(one for one in CLIENTS if one.name == "Go"), profiles, env, aws)


def newest_cli_reads(
    profiles: Sequence[str], env: Mapping[str, str], aws: EmbeddedAws
) -> list[str]:
    return each_reads(NEWEST_CLI, profiles, env, aws)


def each_reads(
    client: Client, profiles: Sequence[str], env: Mapping[str, str], aws: EmbeddedAws
) -> list[str]:
    """Return what a process of a client says to each profile."""
    ran = [client.run({**env, "AWS_PROFILE": one}, "", Path("/"), aws.endpoint) for one in profiles]
    return [one.out or one.err for one in ran]


@pytest.mark.parametrize(
    ("name", "read", "how_many"),
    [
        ("boto3", boto3_reads, FILES),
        ("Go", go_reads, FILES),
        ("JavaScript", javascript_reads, FILES),
        ("AWS CLI", cli_reads, FILES),
        (NEWEST_CLI.name, newest_cli_reads, FILES_PER_CLIENT),
    ],
)
def test_every_client_reads_every_file_of_xswitch(
    name: str,
    read: Callable[[Sequence[str], Mapping[str, str], EmbeddedAws], list[str]],
    how_many: int,
    aws: EmbeddedAws,
    tmp_path: Path,
) -> None:
    (tmp_path / ".aws").mkdir()
    files = written_files(aws, tmp_path)[:how_many]
    said = read([f"p{number}" for number in range(how_many)], environment(tmp_path, aws), aws)
    assert len(said) == how_many
    wrong = [
        f"{one.session.label!r}: {text[-300:]}"
        for one, text in zip(files, said, strict=True)
        if f":assumed-role/AWSReservedSSO_{one.role}_" not in text or f"/{one.user}" not in text
    ]
    tell("tokens", f"files read by {name}", how_many, len(wrong), "; ".join(wrong[:3]))


@pytest.mark.parametrize("client", READERS, ids=lambda client: client.name)
def test_xswitch_reads_what_clients_write(client: Client, aws: EmbeddedAws, tmp_path: Path) -> None:
    """A client with a token that has expired refreshes it, and writes the new one."""
    wrong = []
    for number, name in enumerate(names(client)):  # only sso-sessions are refreshed
        home = tmp_path / str(number)
        home.mkdir()
        session = session_named(name)
        config_of(home, aws, session)
        near = replace(sign_in(aws), expires_at=datetime.now(UTC) - timedelta(minutes=1))
        file = write_shared_token(home, session.cache_name, near)
        answer = client.ask(environment(home, aws), aws, home)
        changed = json.loads(file.read_text(encoding="utf-8"))
        found = SharedTokenFiles(str(home)).load(session)
        if (
            answer.account != WORK
            or changed["accessToken"] == near.access_token
            or found.token is None
            or found.token.access_token.reveal() != changed["accessToken"]
            or found.token.refresh_token != Secret(changed["refreshToken"])
            or found.token.client_secret != Secret(near.client_secret)
        ):
            wrong.append(f"{name!r}: {answer}")
    tell(
        "tokens", f"files written by {client.name}", FILES_PER_CLIENT, len(wrong), "; ".join(wrong)
    )


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
