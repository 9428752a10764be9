"""The table of variables against the SDKs' own code, and what derives from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import botocore.configprovider
import botocore.credentials
import botocore.session
import botocore.utils
import pytest

from conftest import TOOLS
from xswitch.core.variables import (
    CLEARED_VARIABLES,
    KEY_ID_VARIABLES,
    OWN_REGIONS,
    REGION_VARIABLES,
    SET_ASIDE_VARIABLES,
    VARIABLES,
    WEB_IDENTITY_VARIABLE,
    identity_before_profile,
    own_regions,
)

# Read with keys, and people's own as well: see the module.
NOT_CLEARED = {"AWS_ACCOUNT_ID"}


def test_no_variable_is_listed_twice_and_each_is_named() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in names)
    assert set(names) == set(SET_ASIDE_VARIABLES) == {*CLEARED_VARIABLES, *REGION_VARIABLES}
    assert {"AWS_PROFILE", "AWS_CONFIG_FILE"} & set(names) == set()
    assert set(OWN_REGIONS) == set(REGION_VARIABLES)


def test_every_variable_of_botocores_environment_provider_is_cleared() -> None:
    provider = botocore.credentials.EnvProvider
    names = {
        provider.ACCESS_KEY,
        provider.SECRET_KEY,
        *provider.TOKENS,
        provider.EXPIRY_TIME,
        provider.ACCOUNT_ID,
    }
    assert names - set(CLEARED_VARIABLES) == NOT_CLEARED


def test_every_variable_of_botocores_web_identity_is_cleared() -> None:
    provider = botocore.credentials.AssumeRoleWithWebIdentityProvider
    variables = getattr(provider, "_CONFIG_TO_ENV_VAR")  # noqa: B009 -- not in its types
    assert set(variables.values()) <= set(CLEARED_VARIABLES)


def test_the_bearer_tokens_of_services_that_also_take_signatures_are_cleared() -> None:
    """In botocore's data, those are the two services that sign as Bedrock."""
    name = "AWS_BEARER_TOKEN_BEDROCK"
    assert name in CLEARED_VARIABLES
    assert botocore.utils.get_token_from_environment("bedrock", {name: "x"}) == "x"


def test_botocores_variables_of_profile_and_region_are_listed() -> None:
    variables = botocore.configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES
    assert set(variables["profile"][1]) - {"AWS_PROFILE"} <= set(CLEARED_VARIABLES)
    assert variables["region"][1] in REGION_VARIABLES


def test_botocores_providers_before_a_profiles_process_are_known() -> None:
    """A new one could read a variable that isn't in the table."""
    session = botocore.session.Session()
    resolver = botocore.credentials.create_credential_resolver(session)
    methods = [provider.METHOD for provider in resolver.providers]
    assert methods[: methods.index("custom-process")] == [
        "env",
        "assume-role",
        "assume-role-with-web-identity",
        "sso",
        "shared-credentials-file",
        "login",
    ]


def test_every_variable_of_the_javascript_sdks_providers_is_cleared() -> None:
    sdk = TOOLS / "node_modules" / "@aws-sdk"
    if not sdk.exists():
        pytest.skip("the SDK for JavaScript is not installed: make test-tools")
    found: set[str] = set()
    for name in (
        "credential-provider-env/dist-es/fromEnv.js",
        "credential-provider-web-identity/dist-es/fromTokenFile.js",
    ):
        text = (sdk / name).read_text(encoding="utf-8")
        found |= set(re.findall(r"ENV_\w+ = \"(\w+)\"", text))
    assert found - set(CLEARED_VARIABLES) == NOT_CLEARED


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, ()),
        ({"AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "a"}, ()),
        ({"AWS_DEFAULT_PROFILE": "a"}, ()),
        ({"AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"}, ("AWS_DEFAULT_PROFILE",)),
        ({"AWS_SESSION_TOKEN": "t"}, ()),
        ({"AWS_ROLE_ARN": "arn"}, ()),
        ({"AWS_ROLE_ARN": "arn", "AWS_WEB_IDENTITY_TOKEN_FILE": ""}, ()),
        (
            {"AWS_ROLE_ARN": "arn", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t"},
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
        ),
        (
            {"AWS_SESSION_TOKEN": "t", "AWS_ACCESS_KEY": "a", "AWS_SECRET_KEY": "s"},
            ("AWS_SESSION_TOKEN", "AWS_ACCESS_KEY", "AWS_SECRET_KEY"),
        ),
        ({"AWS_BEARER_TOKEN_BEDROCK": "t"}, ("AWS_BEARER_TOKEN_BEDROCK",)),
        ({"AWS_VAULT": "v", "AWS_REGION": "r", "AWS_CREDENTIAL_EXPIRATION": "e"}, ()),
    ],
)
def test_what_goes_before_the_profile(
    environment: Mapping[str, str], names: tuple[str, ...]
) -> None:
    assert identity_before_profile(environment) == names


@pytest.mark.parametrize("name", [*KEY_ID_VARIABLES, WEB_IDENTITY_VARIABLE])
def test_each_variable_that_suffices_is_told(name: str) -> None:
    assert identity_before_profile({name: "x", "AWS_PROFILE": "p"}) == (name,)


@pytest.mark.parametrize(
    ("environment", "own"),
    [
        ({}, {}),
        ({"AWS_REGION": ""}, {}),
        (
            {"AWS_DEFAULT_REGION": "d", "AWS_REGION": "r"},
            {"AWS_REGION": "r", "AWS_DEFAULT_REGION": "d"},
        ),
        ({"AWS_REGION": "x", "XSWITCH_REGION": "x"}, {}),
        (
            {"AWS_REGION": "x", "XSWITCH_REGION": "x", "XSWITCH_OWN_AWS_REGION": "r"},
            {"AWS_REGION": "r"},
        ),
        (
            {"AWS_REGION": "mine", "XSWITCH_REGION": "x", "XSWITCH_OWN_AWS_REGION": "r"},
            {"AWS_REGION": "mine"},
        ),
    ],
)
def test_own_regions(environment: Mapping[str, str], own: Mapping[str, str]) -> None:
    assert own_regions(environment) == own
    assert list(own_regions(environment)) == [name for name in REGION_VARIABLES if name in own]


def test_the_documentation_lists_every_variable() -> None:
    text = (Path(__file__).parents[2] / "docs" / "shells.md").read_text(encoding="utf-8")
    table = text.partition("## Variables")[2].partition("\n## ")[0]
    assert {
        name for name in re.findall(r"`([A-Z0-9_]+)`", table) if not name.startswith("XSWITCH")
    } >= set(SET_ASIDE_VARIABLES)
    for variable in VARIABLES:
        row = next(
            line
            for line in table.splitlines()
            if f"`{variable.name}`" in line and line.startswith("|")
        )
        assert variable.kind in row
        assert variable.read_by in row
