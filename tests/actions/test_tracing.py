"""The lines that `--debug` logs for calls of ports, and what they omit."""

from __future__ import annotations

import re
from itertools import count
from typing import get_type_hints

import pytest

from support.actions import CANARY, GOOD_CODE, MFA_ARN, FakePrompt, World
from xswitch.actions.api import Actions
from xswitch.actions.ports import Iam, Ports, no_progress
from xswitch.actions.results import SwitchOptions
from xswitch.actions.sso.sign_in_ports import SsoPorts
from xswitch.actions.tracing import _ARGUMENTS, _RESULTS, with_tracing
from xswitch.core.errors import AwsDeniedError, LockBusyError
from xswitch.core.model import AssumeRoleRequest, Credentials, Endpoint, Secret

_KEYS = Credentials("AKIADEV", Secret(f"{CANARY}-base-secret"))
_REQUEST = AssumeRoleRequest(
    "arn:aws:iam::333333333333:role/Open",
    "me",
    3600,
    external_id=f"{CANARY}-id",
    policy=f"{CANARY}-policy",
)


def traced(world: World) -> tuple[Ports, list[str]]:
    """Return traced ports, whose calls take 5 ms each, and their log."""
    lines: list[str] = []
    ticks = count()
    return with_tracing(world.ports, lines.append, lambda: next(ticks) * 0.005), lines


def test_a_switch_logs_each_call_without_a_secret() -> None:
    world = World()
    ports, lines = traced(world)
    actions = Actions(ports)
    role = actions.resolve("payments", SwitchOptions())
    switched = actions.switch(role, SwitchOptions(), FakePrompt(GOOD_CODE), no_progress)
    assert switched.managed_profile == "xs-payments"
    assert f"{CANARY}-secret-2" in actions.credential_process("xs-payments", FakePrompt())
    actions.forget((), all_sessions=True)
    text = "\n".join(lines)
    assert (
        f"sts.get_session_token {MFA_ARN} for 43200 s in eu-west-1: until 2026-03-02 "
        "00:00:00 UTC, 5 ms" in lines
    )
    session = (
        r"arn:aws:iam::222222222222:role/Admin as \S+ for 3600 s in eu-west-1: until "
        r"2026-03-01 13:00:00 UTC, 5 ms"
    )
    assert re.search(rf"^sts\.assume_role {session}$", text, re.MULTILINE)
    assert "source_credentials.resolve static_keys dev: long-term keys, 5 ms" in lines
    assert "config.apply SetProfile xs-payments in config: 5 ms" in lines
    for begins in (
        "vault.get",
        "vault.put",
        "vault.clear",
        "locks.hold",
        "history.record payments new",
        "index.put",
    ):
        assert f"\n{begins}" in text
    assert CANARY not in text
    assert GOOD_CODE not in text
    assert not set(world.vault.values) & set(re.findall(r"[0-9a-f]{9,}", text))


def test_a_failure_is_logged_by_its_code_and_a_bug_by_its_type() -> None:
    world = World()
    ports, lines = traced(world)
    world.sts.refuse["AKIADEV"] = AwsDeniedError(f"no {CANARY}", why=CANARY, code="not_authorized")
    with pytest.raises(AwsDeniedError):
        ports.aws.sts.assume_role(_KEYS, _REQUEST, Endpoint("eu-west-1"))
    world.vault.values = None  # type: ignore[assignment] # so that there is a bug
    with pytest.raises(AttributeError):
        ports.storage.vault.get("k" * 40)
    assert lines == [
        (
            "sts.assume_role arn:aws:iam::333333333333:role/Open as me for 3600 s in "
            "eu-west-1: ✗ not_authorized, 5 ms"
        ),
        "vault.get kkkkkkkk…: ✗ AttributeError, 5 ms",
    ]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://me:{CANARY}@sts.example:8443/x?token={CANARY}", "https://sts.example:8443"),
        ("http://[::1]:4566", "http://[::1]:4566"),
        (f"{CANARY}://x", "an invalid URL"),
    ],
)
def test_an_endpoint_is_logged_without_its_user(url: str, shown: str) -> None:
    world = World()
    ports, lines = traced(world)
    ports.aws.sts.assume_role(_KEYS, _REQUEST, Endpoint("eu-west-1", url))
    assert f"in eu-west-1 at {shown}: until" in lines[0]
    assert CANARY not in lines[0]


def test_a_lock_is_always_released_and_a_busy_one_is_logged() -> None:
    world = World()
    ports, lines = traced(world)
    with pytest.raises(KeyError), ports.storage.locks.hold("renew-abcdefgh"):
        raise KeyError
    with ports.storage.locks.hold("renew-abcdefgh", 0):
        pass
    world.locks.busy.add("other")
    with pytest.raises(LockBusyError), ports.storage.locks.hold("other", 0):
        raise AssertionError
    assert lines == [
        "locks.hold renew-ab…: 5 ms",
        "locks.hold renew-ab…: 5 ms",
        "locks.hold other: ✗ busy, 5 ms",
    ]


def test_the_tables_name_only_existing_methods() -> None:
    ports = {
        name: port
        for group in (*get_type_hints(Ports).values(), SsoPorts)
        for name, port in get_type_hints(group).items()
    }
    ports |= {"iam": Iam, "config": ports["files"]}
    known = {f"{name}.{method}" for name, port in ports.items() for method in dir(port)} | {
        "iam.open"
    }
    assert set(_ARGUMENTS) | set(_RESULTS) <= known
