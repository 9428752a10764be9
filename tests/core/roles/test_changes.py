from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from support.roles import KEYS, role, roles, view
from xswitch.core.model import (
    CredentialSource,
    CredentialSourceKind,
    Endpoint,
    GuardRule,
    Hop,
    Origin,
    PortalRole,
    Problem,
    Role,
    Settings,
    SsoRole,
    SsoSession,
)
from xswitch.core.roles.changes import COMPARED, IGNORED, changes
from xswitch.core.roles.resolve import resolve_all

VIEW = view(
    {
        "dev": {"region": "eu-west-1"},
        "hub": role("dev", "Hub"),
        "spoke": role(
            "hub",
            "Spoke",
            external_id="x1",
            xswitch_tags="a=b",
            xswitch_account_name="spokes",
            duration_seconds="900",
        ),
    },
    {"dev": KEYS},
)
SETTINGS = Settings(guards=(GuardRule("g", ("spoke",), policy="{}"),))
SPOKE = next(found for found in resolve_all(VIEW, SETTINGS, {}).roles if found.name == "spoke")
CHANGED: dict[str, Any] = {
    "chain": None,
    "endpoint": Endpoint("eu-north-1"),
    "guard": None,
    "kind": CredentialSourceKind.SSO,
    "sso": SsoRole(SsoSession("corp", "https://a.example/start", "eu-west-1"), "1" * 12, "R"),
    "portal_role": PortalRole("corp", "https://a.example/start", "1" * 12, "payments", "R"),
    "base": CredentialSource(CredentialSourceKind.SSO, "dev", "{}"),
    "hops": (),
    "origin": Origin("/elsewhere", 99),
    "origins": {"role_arn": Origin("/elsewhere", 99)},
    "problems": (Problem("odd", "Odd."),),
}


def changed_value(name: str, value: object) -> Any:
    if name in CHANGED:
        return CHANGED[name]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple):
        return (*value, ("k", "v") if "tags" in name else "more")
    return "changed" if value is None else f"{value}-changed"


def parts(current: Role) -> Iterator[tuple[Any, Any]]:
    """Return every part of a role, and a function that puts another one in its place."""
    chain, guard = current.chain, current.guard
    assert chain is not None
    assert guard is not None
    yield current, lambda new: new
    yield chain, lambda new: current._replace(chain=new)
    yield chain.base, lambda new: current._replace(chain=replace(chain, base=new))
    for number, hop in enumerate(chain.hops):
        yield (
            hop,
            lambda new, number=number: current._replace(
                chain=replace(chain, hops=(*chain.hops[:number], new, *chain.hops[number + 1 :])),
            ),
        )
    yield current.endpoint, lambda new: current._replace(endpoint=new)
    yield guard, lambda new: current._replace(guard=new)


def field_names(kind: Any) -> tuple[str, ...]:
    """Return the names of a dataclass's or a named tuple's fields."""
    return tuple(getattr(kind, "_fields", ())) or tuple(field.name for field in fields(kind))


@pytest.mark.parametrize("kind", COMPARED)
def test_every_field_is_compared_or_known_not_to_matter(kind: type) -> None:
    names = set(field_names(kind))
    assert set(COMPARED[kind]) | IGNORED[kind] == names
    assert not set(COMPARED[kind]) & IGNORED[kind]


def test_a_change_of_any_compared_field_is_named_and_of_no_other() -> None:
    tried = 0
    for part, put in parts(SPOKE):
        for name in field_names(type(part)):
            changed = {name: changed_value(name, getattr(part, name))}
            other = put(
                part._replace(**changed)
                if isinstance(part, Role | Hop)
                else replace(part, **changed)
            )
            found = changes(SPOKE, other)
            label = COMPARED[type(part)].get(name)
            assert bool(found) is (label is not None), (type(part), name)
            assert label is None or label in found[0]
            assert changes(other, SPOKE) == found
            tried += 1
    assert tried > 60


def test_the_same_role_read_again_has_not_changed() -> None:
    again = next(found for found in resolve_all(VIEW, SETTINGS, {}).roles if found.name == "spoke")
    assert changes(SPOKE, again) == ()


def test_a_change_of_a_value_is_told_without_it() -> None:
    (name,) = changes(SPOKE, SPOKE._replace(external_id="canary"))
    assert name == "external ID"


def test_a_change_further_up_in_the_chain_is_one_too() -> None:
    config = {
        "dev": {"region": "eu-west-1"},
        "hub": role("dev", "Elsewhere"),
        "spoke": role(
            "hub",
            "Spoke",
            external_id="x1",
            xswitch_tags="a=b",
            xswitch_account_name="spokes",
            duration_seconds="900",
        ),
    }
    other = roles(view(config, {"dev": KEYS}))["spoke"]
    assert "chain roles role ARN" in changes(SPOKE._replace(guard=None), other)


def test_a_name_for_an_account_without_one_is_no_change_but_its_guard_is() -> None:
    nameless = SPOKE._replace(account_name="")
    assert not changes(nameless, SPOKE)
    assert not changes(SPOKE, nameless)
    assert changes(nameless._replace(guard=None), SPOKE) == ("guard",)
