"""Identity providers in the state file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.aws.emulator import PROD, default_state
from support.aws.web_identity import Issuer, signing_key
from xswitch.core.errors import SettingsError
from xswitch.emulator.state import AwsState

ISSUER = Issuer()


def state(*providers: dict[str, Any]) -> dict[str, Any]:
    made = default_state()
    prod = next(account for account in made["accounts"] if account["id"] == PROD)
    prod["oidc_providers"] = list(providers)
    return made


def loaded(*providers: dict[str, Any]) -> AwsState:
    return AwsState.from_json(json.dumps(state(*providers)))


def test_what_is_written_is_what_was_read() -> None:
    rsa = Issuer("https://rsa.example.com:8443/a/b.c", algorithm="RS256", kid="k").provider(
        "x", "y"
    )
    mixed = ISSUER.provider()
    mixed["jwks"]["keys"] += [signing_key("ES384").public, {**signing_key().public, "x5t": "no"}]
    world = loaded(rsa, mixed, Issuer("https://none.example.com").provider() | {"client_ids": []})
    again = AwsState.from_json(world.to_json())
    assert again == world
    account = world.account(PROD)
    assert account is not None
    providers = account.oidc_providers
    assert [one.arn.rpartition("oidc-provider/")[2] for one in providers] == [
        "rsa.example.com:8443/a/b.c",
        ISSUER.name,
        "none.example.com",
    ]
    assert [len(one.keys) for one in providers] == [1, 3, 1]
    written = next(one for one in json.loads(world.to_json())["accounts"] if one["id"] == PROD)
    assert written["oidc_providers"][0]["client_ids"] == ["x", "y"]


def _key(**more: Any) -> Callable[[dict[str, Any]], object]:
    return lambda one: one["jwks"]["keys"][0].update(more)


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "no url": lambda one: one.pop("url"),
    "no audiences": lambda one: one.pop("client_ids"),
    "no keys": lambda one: one.pop("jwks"),
    "http": lambda one: one.update(url="http://token.example.com"),
    "query": lambda one: one.update(url="https://token.example.com?a"),
    "slash": lambda one: one.update(url="https://token.example.com/"),
    "audience": lambda one: one.update(client_ids="sts.amazonaws.com"),
    "audiences": lambda one: one.update(client_ids=[1]),
    "keys": lambda one: one.update(jwks=[]),
    "private key": _key(d="AAAA"),
    "secret": _key(kty="oct", k="AAAA"),
    "curve": _key(crv="P-521"),
    "point": _key(y=signing_key("ES256", 1).public["y"]),
    "number": _key(kid=1),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_refused(case: str) -> None:
    provider = ISSUER.provider()
    WRONG[case](provider)
    with pytest.raises(SettingsError):
        loaded(provider)


def test_two_providers_with_one_url_are_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(ISSUER.provider(), ISSUER.provider("other"))
    assert "the same url" in caught.value.why
