"""Each kind of profile is listed, switched to in real shells, and served to real clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.aws.emulator import totp_code
from support.e2e import run
from support.identity.clients import CLIENTS, Client
from support.identity.routes import ROUTES, Route
from support.identity.world import REGION, World
from support.kinds import KINDS, Kind, KindsAws, kinds_aws, kinds_world
from support.reliability.soak import SOAK, tell

_SHELLS = [route for route in ROUTES if route.name in {"bash", "zsh", "fish"}]


@pytest.fixture(scope="module")
def aws() -> Iterator[KindsAws]:
    with kinds_aws() as running:
        yield running


@pytest.fixture(scope="module")
def home(aws: KindsAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kinds_world(aws, tmp_path_factory.mktemp("kinds")) as made:
        yield made


def _cells() -> list[tuple[Route, Kind, tuple[Client, ...]]]:
    """Return every shell with every kind and client in `make soak`.

    Else every kind with a shell of its turn, and with two clients of its turn, of which the AWS CLI
    is the slowest.
    """
    if SOAK:
        return [(shell, kind, CLIENTS) for shell in _SHELLS for kind in KINDS]
    return [
        (
            _SHELLS[number % len(_SHELLS)],
            kind,
            (CLIENTS[number % len(CLIENTS)], CLIENTS[(number + 1) % len(CLIENTS)]),
        )
        for number, kind in enumerate(KINDS)
    ]


def test_every_kind_is_listed(home: World) -> None:
    ran = run(["xswitch", "list", "--json"], home.env, cwd=home.folder)
    assert ran.code == 0, ran.err
    listed = json.loads(ran.out)["data"]["roles"]
    found = {role["name"]: (role["kind"], role["problems"]) for role in listed}
    assert {kind.name: (kind.kind, []) for kind in KINDS} | found == found
    assert len(KINDS) == 12


@pytest.mark.parametrize(
    ("shell", "kind", "clients"),
    [pytest.param(*cell, id=f"{cell[0].name}-{cell[1].name}") for cell in _cells()],
)
def test_a_switch_serves_the_announced_identity(  # noqa: PLR0917 -- a cell and its world
    aws: KindsAws,
    home: World,
    tmp_path: Path,
    shell: Route,
    kind: Kind,
    clients: tuple[Client, ...],
) -> None:
    words: tuple[str, ...] = (kind.name,)
    if kind.code:
        aws.clock.advance(30)  # a code works once
        words = (*words, "--mfa-code", totp_code(now=aws.clock.now()))
    switched = shell.switch(
        replace(home, target=words, env={**home.env, **kind.environment}), tmp_path
    )
    wrong = []
    account, name = switched.announced.account, switched.announced.role
    if account != kind.account or not _is(kind, name):
        wrong.append(f"announced {account} / {name}")
    asked = [client for client in clients if client.name not in kind.unknown_to]
    for client in asked:
        answer = client.ask(switched.env, aws, switched.cwd)
        right = answer.account == kind.account and _is(kind, answer.name)
        if not (right and answer.region == REGION):
            wrong.append(f"{client.name}: {answer}")
    tell("kinds", kind.name, len(asked), len(wrong), "\n".join(wrong))


def _is(kind: Kind, name: str) -> bool:
    """Whether a name is that of the profile's role or user; a switch leaves AWS's part out."""
    wanted = kind.identity.removeprefix("user/").removeprefix("AWSReservedSSO_").rstrip("_")
    found = name.removeprefix("user/")
    if "AWSReservedSSO_" in found:
        found = found.removeprefix("AWSReservedSSO_").rpartition("_")[0]
    return found == wanted
