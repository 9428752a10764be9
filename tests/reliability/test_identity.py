"""Real clients get the identity and the region that a switch announced, or nothing and a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.identity.clients import CLIENTS, Answer, Client
from support.identity.routes import ROUTES, Route, Switched
from support.identity.surroundings import ANNOUNCED, SURROUNDINGS, Surroundings
from support.identity.table import identity_table
from support.identity.world import GenerousAws, generous_aws, world
from support.reliability.soak import OF_CLIENTS, SOAK, tell


@pytest.fixture(scope="module")
def generous() -> Iterator[GenerousAws]:
    with generous_aws() as aws:
        yield aws


def _cells() -> list[tuple[Route, Surroundings, tuple[Client, ...]]]:
    """Return the cells with their clients.

    `make clients` asks every client in every cell. `make soak` asks one in each, by turns: the AWS
    CLI, which takes longer to start than the others together, once in every row and in every
    column. Otherwise, it is a slice, with the AWS CLI by four routes.
    """
    cells: list[tuple[Route, Surroundings, tuple[Client, ...]]] = []
    for row, surroundings in enumerate(SURROUNDINGS):
        for column, route in enumerate(ROUTES):
            if not SOAK and route.name not in surroundings.slice:
                continue
            cells.append((route, surroundings, _clients(row, column, len(cells))))
    return cells


def _clients(row: int, column: int, before: int) -> tuple[Client, ...]:
    *others, cli = CLIENTS
    if OF_CLIENTS:
        return CLIENTS
    if SOAK:
        return (cli if column == row % len(ROUTES) else others[(row + column) % len(others)],)
    return CLIENTS if before % 4 == 0 else tuple(others)


@pytest.mark.parametrize(
    ("route", "surroundings", "clients"),
    [
        pytest.param(*cell, id=f"{cell[0].name}-{cell[1].name}".replace(" ", "-"))
        for cell in _cells()
    ],
)
def test_the_announced_identity_and_region_or_a_sentence(
    generous: GenerousAws,
    tmp_path: Path,
    route: Route,
    surroundings: Surroundings,
    clients: tuple[Client, ...],
) -> None:
    wrong: list[str] = []
    with world(generous, tmp_path) as home:
        surroundings.before(home)
        with surroundings.around(home):
            switched = route.switch(home, tmp_path)
            shells = [switched, *surroundings.after(home, route, switched)]
            for client in clients:
                for shell in shells:
                    answer = client.ask(shell.env, generous, shell.cwd, shell.config)
                    expected = surroundings.expected(route)
                    unread = client.name == surroundings.unread_by and answer.refused
                    if not (unread or _holds(client, answer, shell, expected)):
                        wrong.append(f"{client.name}: {answer}, not {expected}: {shell.announced}")
    parts = {client.name: 1 for client in clients}
    row = "identity_of_clients" if OF_CLIENTS else "identity"
    tell(row, route.title, len(clients), len(wrong), "\n".join(wrong), parts=parts)


def _holds(client: Client, answer: Answer, shell: Switched, expected: str) -> bool:
    if expected != ANNOUNCED:
        return answer.refused and ("xswitch: " in answer.said or not client.shows_reasons)
    announced = shell.announced
    found = (answer.account, answer.name, answer.region)
    return found == (announced.account, announced.role, announced.region)


def test_the_table_of_the_docs_is_the_one_of_these_tests() -> None:
    page = (Path(__file__).parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")
    table = identity_table()
    assert table in page, f"docs/identity.md must contain:\n{table}"


def test_the_slice_has_every_route() -> None:
    tried = {name for surroundings in SURROUNDINGS for name in surroundings.slice}
    assert tried == {route.name for route in ROUTES}
