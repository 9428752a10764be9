"""Profiles that get their keys from AWS by themselves: what is said when AWS gives none.

Web identity and `aws login`, each as a target and as the source of a role, against the emulated
services.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.aws.cli import signing_in
from support.aws.identity_center import fetch
from support.aws.login import ProofKey, answer_page, login_file, sign_in_to_console, write_login
from support.aws.web_identity import Issuer, signing_key
from support.e2e import XSWITCH, run
from support.forked import Forks, forks
from support.identity.clients import newest_cli
from support.kinds import ISSUER, LOGIN, KindsAws, KindsHome, kinds_aws, kinds_world
from xswitch.core.errors import ExitCode
from xswitch.emulator.faults import ALWAYS
from xswitch.emulator.state import AwsState


@pytest.fixture(scope="module")
def warm() -> Iterator[Forks]:
    with forks() as running:
        yield running


@pytest.fixture(scope="module")
def aws() -> Iterator[KindsAws]:
    with kinds_aws() as running:
        yield running


@pytest.fixture(scope="module")
def made(aws: KindsAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KindsHome]:
    with kinds_world(aws, tmp_path_factory.mktemp("own")) as home:
        yield home


@pytest.fixture
def home(aws: KindsAws, made: KindsHome) -> Iterator[KindsHome]:
    """Give a home with a living token and a living login, and an AWS as it was."""
    before = aws.world
    (made.world.folder / "token").write_text(ISSUER.token(aws.clock.now()), encoding="utf-8")
    write_login(made.world.folder, sign_in_to_console(aws, LOGIN))
    yield made
    aws.world = before
    aws.faults.clear()


@dataclass(frozen=True)
class Case:
    """A fault of a source, the error's code, and words of its sentence."""

    breaks: Callable[[KindsAws, Path], object]
    code: str
    words: str
    exit_code: ExitCode = ExitCode.BASE_CREDENTIALS


def _token(**claims: Any) -> Callable[[KindsAws, Path], object]:
    return lambda aws, home: (home / "token").write_text(
        ISSUER.token(aws.clock.now(), **claims), encoding="utf-8"
    )


def _expired(aws: KindsAws, home: Path) -> None:
    text = ISSUER.token(aws.clock.now() - timedelta(hours=2))
    (home / "token").write_text(text, encoding="utf-8")


def _forged(aws: KindsAws, home: Path) -> None:
    forger = Issuer()
    forger.key = signing_key("ES256", 1)
    (home / "token").write_text(forger.token(aws.clock.now()), encoding="utf-8")


def _fault(kind: str, action: str) -> Callable[[KindsAws, Path], object]:
    return lambda aws, _home: aws.faults.add(kind, action, times=ALWAYS)


def _changed_user(**members: object) -> Callable[[KindsAws, Path], object]:
    def breaks(aws: KindsAws, _home: Path) -> None:
        state = json.loads(aws.world.to_json())
        users = next(one["users"] for one in state["accounts"] if one["id"] == LOGIN.split(":")[4])
        next(user for user in users if user["name"] == "console").update(members)
        aws.world = AwsState.from_json(json.dumps(state))

    return breaks


def _other_key(aws: KindsAws, home: Path) -> None:
    file = login_file(home, LOGIN)
    data = json.loads(file.read_text(encoding="utf-8"))
    other = sign_in_to_console(aws, LOGIN).key.pem
    file.write_text(json.dumps({**data, "dpopKey": other}), encoding="utf-8")


def _unreadable_key(aws: KindsAws, home: Path) -> None:
    write_login(home, sign_in_to_console(aws, LOGIN, key=ProofKey(readable=False)))


WEB = {
    "missing": Case(
        lambda _, home: (home / "token").unlink(), "web_identity_file", "can't be read"
    ),
    "empty": Case(
        lambda _, home: (home / "token").write_text(""), "web_identity_denied", "rejected"
    ),
    "no token": Case(
        lambda _, home: (home / "token").write_text("x.y.z"), "web_identity_denied", "not a valid"
    ),
    "expired": Case(_expired, "web_identity_denied", "Token expired"),
    "audience": Case(_token(aud="x"), "web_identity_denied", "Incorrect token audience"),
    "issuer": Case(_token(iss="https://no.example.com"), "web_identity_denied", "No OpenIDConnect"),
    "signature": Case(_forged, "web_identity_denied", "signature"),
    "subject": Case(_token(sub="another"), "web_identity_denied", "Not authorized"),
    "throttled": Case(
        _fault("throttling", "AssumeRoleWithWebIdentity"), "throttled", "Rate exceeded"
    ),
    "down": Case(
        _fault("server_error", "AssumeRoleWithWebIdentity"),
        "aws_internal",
        "again",
        ExitCode.NETWORK,
    ),
}
CONSOLE = {
    "missing": Case(
        lambda _, home: login_file(home, LOGIN).unlink(), "login_needed", "aws login --profile"
    ),
    "unreadable": Case(
        lambda _, home: login_file(home, LOGIN).write_text("{"), "login_needed", "aws login"
    ),
    "revoked": Case(
        lambda aws, _home: aws.logins.revoke(LOGIN), "login_needed", "aws login --profile"
    ),
    "recreated": Case(
        _changed_user(unique_id="AIDAOTHEROTHEROTHER01"), "login_needed", "aws login --profile"
    ),
    "forbidden": Case(
        _changed_user(attached_policies=[]), "login_denied", "signin:CreateOAuth2Token"
    ),
    "key": Case(_other_key, "login_denied", "another key"),
    "unreadable key": Case(_unreadable_key, "login_needed", "key of the stored sign-in"),
    "throttled": Case(_fault("throttling", "CreateOAuth2Token"), "throttled", "Too many requests"),
    "down": Case(
        _fault("server_error", "CreateOAuth2Token"), "aws_internal", "again", ExitCode.NETWORK
    ),
}
CASES = [
    *((name, profile, case) for name, case in WEB.items() for profile in ("web", "role-of-web")),
    *(
        (name, profile, case)
        for name, case in CONSOLE.items()
        for profile in ("aws-login", "role-of-login")
    ),
]


@pytest.mark.parametrize(
    ("profile", "case"),
    [pytest.param(profile, case, id=f"{profile}-{name}") for name, profile, case in CASES],
)
def test_a_source_without_keys_is_a_sentence(
    aws: KindsAws, home: KindsHome, warm: Forks, profile: str, case: Case
) -> None:
    folder, env = home.world.folder, home.world.env
    case.breaks(aws, folder)
    if "login" in profile and login_file(folder, LOGIN).exists():
        _end_keys(folder)
    ran = warm.run(["switch", "--json", profile], env, cwd=folder)
    error = next(one for one in ran.json["problems"] if one.get("exit_code"))
    said = f"{error['message']} {error['why']} {error['next_step']}"
    assert (error["code"], ran.code) == (case.code, case.exit_code), said
    assert case.words in said
    assert "eyJ" not in ran.out + ran.err  # how every token begins


def _end_keys(folder: Path) -> None:
    file = login_file(folder, LOGIN)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return
    data["accessToken"]["expiresAt"] = "2026-01-01T00:00:00Z"
    file.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize("profile", ["aws-login", "role-of-login"])
def test_xswitch_signs_in_with_the_aws_cli_and_goes_on(
    home: KindsHome, tmp_path: Path, profile: str
) -> None:
    folder = home.world.folder
    login_file(folder, LOGIN).unlink()
    path = f"{Path(newest_cli()).parent}:{home.world.env['PATH']}"
    env = {**home.world.env, "PATH": path}
    with signing_in(["login", profile], env, tmp_path, program=str(XSWITCH)) as xswitch:
        fetch(answer_page(xswitch.opened(), LOGIN).location)
        assert xswitch.ended() == 0, xswitch.said
    assert "starting: aws login --profile aws-login" in xswitch.said
    ran = run(["xswitch", "switch", profile], env, cwd=folder)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("path", "lacks"), [("/usr/bin:/bin", "is too old"), ("", "isn't installed")]
)
def test_a_missing_or_old_aws_cli_is_a_sentence(
    home: KindsHome, need: Callable[[str], str], path: str, lacks: str
) -> None:
    need("/usr/bin/aws")
    env = {**home.world.env, "PATH": path}
    ran = run([str(XSWITCH), "login", "aws-login"], env, cwd=home.world.folder)
    assert ran.code == ExitCode.BASE_CREDENTIALS
    assert lacks in ran.err
    assert "Install the AWS CLI 2.32 or newer" in ran.err
