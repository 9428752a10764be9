"""The environment of a command that runs as a target."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.model import ConfigPaths, Credentials, Secret
from xswitch.core.profiles.binding import STORED_ONLY_VARIABLE
from xswitch.core.profiles.child_environment import keys_environment, profile_environment
from xswitch.core.variables import (
    CLEARED_VARIABLES,
    OWN_REGIONS,
    REGION_VARIABLES,
    SWITCHED_REGION,
    identity_before_profile,
)

PATHS = ConfigPaths("/home/me/.aws/config", "/home/me/.aws/credentials")
OURS = (*CLEARED_VARIABLES, *REGION_VARIABLES, *OWN_REGIONS.values(), SWITCHED_REGION)
ENVIRONMENTS = st.dictionaries(
    st.sampled_from(
        (*OURS, "AWS_PROFILE", "AWS_CONFIG_FILE", STORED_ONLY_VARIABLE, "PATH", "EDITOR")
    ),
    st.text(min_size=1, max_size=5),
)
KEYS = Credentials(
    "ASIAX", Secret("secret"), Secret("token"), datetime(2026, 11, 30, 12, 0, 5, tzinfo=UTC)
)


@given(ENVIRONMENTS)
def test_nothing_goes_before_the_profile(environment: dict[str, str]) -> None:
    child = profile_environment(environment, PATHS, "xs-admin", "eu-west-1")
    assert identity_before_profile(child) == ()
    assert {name: child.get(name) for name in REGION_VARIABLES} == dict.fromkeys(
        REGION_VARIABLES, "eu-west-1"
    )
    assert child["AWS_PROFILE"] == "xs-admin"
    assert (child["AWS_CONFIG_FILE"], child["AWS_SHARED_CREDENTIALS_FILE"]) == (
        PATHS.config,
        PATHS.credentials,
    )
    assert not set(child) & {*CLEARED_VARIABLES, *OWN_REGIONS.values(), STORED_ONLY_VARIABLE}
    for name in ("PATH", "EDITOR"):
        assert child.get(name) == environment.get(name)


def test_without_renewals_only_the_stored_session_is_served() -> None:
    child = profile_environment({}, PATHS, "xs-admin", "", renews=False)
    assert child[STORED_ONLY_VARIABLE] == "1"
    assert "AWS_REGION" not in child


@given(ENVIRONMENTS)
def test_keys_are_given_without_a_profile(environment: dict[str, str]) -> None:
    child = keys_environment(environment, KEYS, "eu-west-1")
    assert child["AWS_ACCESS_KEY_ID"] == "ASIAX"
    assert (child["AWS_SECRET_ACCESS_KEY"], child["AWS_SESSION_TOKEN"]) == ("secret", "token")
    assert child["AWS_CREDENTIAL_EXPIRATION"] == "2026-11-30T12:00:05Z"
    assert "AWS_PROFILE" not in child


def test_long_term_keys_have_no_token_and_no_end() -> None:
    child = keys_environment(
        {"AWS_SESSION_TOKEN": "old", "AWS_CREDENTIAL_EXPIRATION": "old"},
        Credentials("AKIAX", Secret("secret")),
        "",
    )
    assert child == {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "secret"}
