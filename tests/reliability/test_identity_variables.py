"""Every variable that a real client prefers to the profile is one that a switch takes care of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.aws.emulator import HUB
from support.identity.clients import CLIENTS, Client
from support.identity.routes import ROUTES
from support.identity.variables import HARMLESS, NONE, SELECTING, read_variables
from support.identity.world import (
    INTRUDER_KEY,
    INTRUDER_SECRET,
    OTHER_REGION,
    GenerousAws,
    generous_aws,
    world,
)
from support.reliability.soak import SOAK
from xswitch.core.variables import CLEARED_VARIABLES, REGION_VARIABLES

_BASH = ROUTES[0]
_KEYS = {"AWS_ACCESS_KEY_ID": INTRUDER_KEY, "AWS_SECRET_ACCESS_KEY": INTRUDER_SECRET}
_POD = {
    "AWS_ROLE_ARN": f"arn:aws:iam::{HUB}:role/pod",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "",
    "AWS_ROLE_SESSION_NAME": "pod",
}


@pytest.fixture(scope="module")
def generous() -> Iterator[GenerousAws]:
    with generous_aws() as aws:
        yield aws


def test_every_variable_that_a_client_reads_is_known() -> None:
    known = {*CLEARED_VARIABLES, *REGION_VARIABLES, *SELECTING, *HARMLESS, *NONE}
    assert read_variables() - known == set()
    handled = {*CLEARED_VARIABLES, *REGION_VARIABLES}
    assert (handled & SELECTING, handled & HARMLESS.keys(), handled & NONE) == (set(),) * 3


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_the_variables_that_a_switch_leaves_alone_change_neither_identity_nor_region(
    generous: GenerousAws, tmp_path: Path, client: Client
) -> None:
    with world(generous, tmp_path) as home:
        switched = _BASH.switch(home, tmp_path)
        bearer = {"AWS_BEARER_TOKEN_STS": "intruder"}
        answer = client.ask({**HARMLESS, **bearer, **switched.env}, generous, tmp_path)
        announced = switched.announced
        expected = (announced.account, announced.role, announced.region)
        assert (answer.account, answer.name, answer.region) == expected, answer


# The clients of the slice are the cheap ones.
@pytest.mark.parametrize("client", CLIENTS if SOAK else CLIENTS[:2], ids=lambda client: client.name)
def test_the_variables_that_a_switch_clears_are_preferred_to_the_profile(
    generous: GenerousAws, tmp_path: Path, client: Client
) -> None:
    """Else the other tests would prove nothing: each of these is seen to lead a client astray."""
    token = tmp_path / "token"
    token.write_text("ey.ey.ey", encoding="utf-8")
    groups = {
        "keys": _KEYS,
        "pod": {**_POD, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)},
        "profile": {"AWS_DEFAULT_PROFILE": "intruder"},
        "AWS_REGION": {"AWS_REGION": OTHER_REGION},
        "AWS_DEFAULT_REGION": {"AWS_DEFAULT_REGION": OTHER_REGION},
    }
    assert set().union(*groups.values()) <= {*CLEARED_VARIABLES, *REGION_VARIABLES}
    with world(generous, tmp_path) as home:
        switched = _BASH.switch(home, tmp_path)
        plain = {name: text for name, text in switched.env.items() if name not in REGION_VARIABLES}
        announced = switched.announced
        astray = set()
        for name, group in groups.items():
            answer = client.ask({**plain, **group}, generous, tmp_path)
            if (answer.account, answer.region) != (announced.account, announced.region):
                astray.add(name)
    assert astray == _ASTRAY[client.name]


_ASTRAY = {
    "boto3": {"keys", "pod", "profile", "AWS_DEFAULT_REGION"},
    "Go": {"keys", "pod", "AWS_REGION", "AWS_DEFAULT_REGION"},
    "JavaScript": {"AWS_REGION"},
    "AWS CLI": {"keys", "pod", "AWS_REGION", "AWS_DEFAULT_REGION"},
}
"""The variables that the clients prefer to the profile that AWS_PROFILE selects."""
