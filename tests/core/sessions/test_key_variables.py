from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from support.roles import KEYS, MFA, role, targets, view
from xswitch.core.model import Settings
from xswitch.core.sessions.key_variables import (
    KEY_VARIABLES,
    deciding_variables,
    key_variables,
    with_key_variables,
)
from xswitch.core.sessions.plan import plan_sessions
from xswitch.core.variables import REGION_VARIABLES
from xswitch.hot import answer

URL = "https://sts.example.com"
VALUES = {
    "AWS_ACCESS_KEY_ID": ("AKIAONE", "AKIATWO"),
    "AWS_CA_BUNDLE": ("/a.pem", "/b.pem"),
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": ("http://127.0.0.1/a", "http://127.0.0.1/b"),
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ("/a", "/b"),
    "AWS_DEFAULT_REGION": ("eu-west-1", "us-east-1"),
    "AWS_ENDPOINT_URL": (URL, "http://127.0.0.1:4566"),
    "AWS_ENDPOINT_URL_SSO": (URL, "http://127.0.0.1:4566"),
    "AWS_ENDPOINT_URL_STS": (URL, "http://127.0.0.1:4566"),
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ("true", "false"),
    "AWS_REGION": ("eu-west-1", "us-east-1"),
    "AWS_SECURITY_TOKEN": ("one", "two"),
    "AWS_SESSION_TOKEN": ("one", "two"),
    "AWS_USE_DUALSTACK_ENDPOINT": ("true", "false"),
    "AWS_USE_FIPS_ENDPOINT": ("true", "false"),
}
BASES = {
    "keys": {"source_profile": "dev"},
    "url": {"source_profile": "dev", "endpoint_url": URL + "/p"},
    "environment": {"credential_source": "Environment"},
    "container": {"credential_source": "EcsContainer"},
    "instance": {"credential_source": "Ec2InstanceMetadata"},
}
SSO = {
    "sso_start_url": "https://corp.awsapps.com/start",
    "sso_region": "eu-west-1",
    "sso_account_id": "222222222222",
    "sso_role_name": "Admin",
}
VIEWS = {
    name: view(
        {
            "dev": {},
            name: {"role_arn": role("dev")["role_arn"], "mfa_serial": MFA, **source},
        },
        {"dev": KEYS},
    )
    for name, source in BASES.items()
} | {"sso": view({"sso": SSO})}


def keys(name: str, environment: Mapping[str, str]) -> list[str]:
    found = targets(VIEWS[name], env=environment)[name]
    plan = plan_sessions(found, Settings(), user_at_host="dana@host")
    own = [hop.key for hop in plan.hops] or [plan.key]
    return own + ([] if plan.mfa is None else [plan.mfa.key])


def test_the_variables_tried_here_are_all_that_a_plan_reads() -> None:
    read = {name.decode() for name in (*answer._RELEVANT_VARIABLES, *answer._RELEVANT_IF_SET)}
    # The region counts in the plan, but not in a key
    assert set(VALUES) - {*REGION_VARIABLES} == read


@pytest.mark.parametrize("name", VALUES)
def test_every_variable_that_can_change_a_key_is_listed(name: str) -> None:
    surroundings: list[dict[str, str]] = [{}]
    surroundings += [{other: values[0]} for other, values in VALUES.items() if other != name]
    changed = any(
        keys(base, around) != keys(base, {**around, name: value})
        for base in VIEWS
        for around in surroundings
        for value in VALUES[name]
    )
    assert changed is (name in KEY_VARIABLES)


def test_secrets_and_urls_with_a_password_are_not_recorded() -> None:
    environment = {name: values[0] for name, values in VALUES.items()}
    environment |= {"AWS_SESSION_TOKEN": "canary", "AWS_SECRET_ACCESS_KEY": "canary"}
    environment["AWS_ENDPOINT_URL"] = "https://user:canary@example.com"
    recorded = dict(key_variables(environment))
    assert "canary" not in str(recorded)
    assert set(recorded) == set(KEY_VARIABLES) - {"AWS_ENDPOINT_URL"}
    assert key_variables({}) == ()


@pytest.mark.parametrize("base", BASES)
def test_the_deciding_variables_are_the_fewest_that_change_the_key(base: str) -> None:
    names = [name for name in VALUES if name in KEY_VARIABLES]
    pairs = list(itertools.product(itertools.combinations(names, 2), repeat=2))
    for made, now in pairs[::13]:
        before = {name: VALUES[name][0] for name in made}
        after = {name: VALUES[name][1] for name in now}
        wanted = keys(base, before)
        recorded, current = dict(key_variables(before)), dict(key_variables(after))

        def decides(
            some: list[str],
            after: dict[str, str] = after,
            recorded: dict[str, str] = recorded,
            wanted: list[str] = wanted,
        ) -> bool:
            return keys(base, with_key_variables(after, recorded, some)) == wanted

        found = deciding_variables(current, recorded, decides)
        if keys(base, after) == wanted:
            continue
        assert found
        assert decides(found)
        assert not any(decides([other for other in found if other != name]) for name in found)
