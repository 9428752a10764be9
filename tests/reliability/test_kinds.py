"""Each kind of profile is listed, switched to in real shells, and served to real clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.aws.emulator import totp_code
from support.e2e import run
from support.identity.clients import Client
from support.identity.routes import ROUTES, Route
from support.identity.world import REGION
from support.kinds import (
    DEBIAN_CLI,
    KINDS,
    KINDS_CLIENTS,
    NEIGHBORS,
    Kind,
    KindsAws,
    KindsHome,
    kinds_aws,
    kinds_world,
)
from support.reliability.soak import SOAK, tell

_SHELLS = [route for route in ROUTES if route.name in {"bash", "zsh", "fish"}]
_ALL = (*KINDS, *NEIGHBORS)


@pytest.fixture(scope="module")
def aws() -> Iterator[KindsAws]:
    with kinds_aws() as running:
        yield running


@pytest.fixture(scope="module")
def home(aws: KindsAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KindsHome]:
    with kinds_world(aws, tmp_path_factory.mktemp("kinds")) as made:
        yield made


def _cells() -> list[tuple[Route, Kind, tuple[Client, ...]]]:
    """Return every shell with every kind in `make soak`, and each kind with every client.

    A shell's environment doesn't depend on the client, so each shell has two of the clients. Else
    every kind with a shell of its turn, and with two clients of its turn, of which the AWS CLI is
    the slowest; of the roles of other sources, one client.
    """
    if SOAK:
        return [
            (
                shell,
                kind,
                tuple(KINDS_CLIENTS[(turn + step) % len(KINDS_CLIENTS)] for step in (0, 1)),
            )
            for turn, shell in zip((0, 2, 4), _SHELLS, strict=True)
            for kind in _ALL
        ]
    return [
        (
            _SHELLS[number % len(_SHELLS)],
            kind,
            tuple(
                KINDS_CLIENTS[(number + step) % len(KINDS_CLIENTS)]
                for step in ((0, 2) if kind in KINDS else (0,))
            ),
        )
        for number, kind in enumerate(_ALL)
    ]


def test_every_kind_is_listed(home: KindsHome) -> None:
    ran = run(["xswitch", "list", "--json"], home.world.env, cwd=home.world.folder)
    assert ran.code == 0, ran.err
    listed = json.loads(ran.out)["data"]["roles"]
    found = {role["name"]: (role["kind"], role["problems"]) for role in listed}
    assert {kind.name: (kind.kind, []) for kind in _ALL} | found == found
    assert len(KINDS) == 12


@pytest.mark.parametrize(
    ("shell", "kind", "clients"),
    [pytest.param(*cell, id=f"{cell[0].name}-{cell[1].name}") for cell in _cells()],
)
def test_a_switch_serves_the_announced_identity(  # noqa: PLR0917 -- a cell and its world
    aws: KindsAws,
    home: KindsHome,
    tmp_path: Path,
    shell: Route,
    kind: Kind,
    clients: tuple[Client, ...],
) -> None:
    before = home.before(kind)
    if kind.code:
        aws.clock.advance(30)  # a code works once
        code = totp_code(now=aws.clock.now())
        before = replace(before, target=(*before.target, "--mfa-code", code))
    checked = aws.count("GetCallerIdentity")
    switched = shell.switch(before, tmp_path)
    assert aws.count("GetCallerIdentity") > checked
    assert switched.env["AWS_PROFILE"] == kind.profile
    wrong = []
    account, name = switched.announced.account, switched.announced.role
    if account != kind.account or not _is(kind, name):
        wrong.append(f"announced {account} / {name}")
    for client in clients:
        home.expire(kind)
        asked = aws.count(kind.exchange)
        answer = client.ask(switched.env, aws, switched.cwd)
        right = answer.account == kind.account and _is(kind, answer.name)
        right = right and answer.region == REGION
        if client.name in kind.unknown_to:
            right = answer.refused
        elif kind.exchange:
            right = right and aws.count(kind.exchange) > asked
        if not right:
            wrong.append(f"{client.name}: {answer}")
    tell("kinds", kind.name, len(clients), len(wrong), "\n".join(wrong))


def test_only_an_old_client_is_excused() -> None:
    excused = {kind.name: dict(kind.unknown_to) for kind in _ALL if kind.unknown_to}
    assert excused == {"aws-login": {DEBIAN_CLI.name: "login_session is known since 2.32"}}
    assert len(KINDS_CLIENTS) == 5


def _is(kind: Kind, name: str) -> bool:
    """Whether a name is that of the profile's role or user; a switch leaves AWS's part out."""
    wanted = kind.identity.removeprefix("user/").removeprefix("AWSReservedSSO_").rstrip("_")
    found = name.removeprefix("user/")
    if "AWSReservedSSO_" in found:
        found = found.removeprefix("AWSReservedSSO_").rpartition("_")[0]
    return found == wanted
