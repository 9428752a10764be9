"""Identity Center and Organizations in the state file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.aws.emulator import allow
from support.aws.identity_center import SANDBOX, START_URL, WORK, identity_center_state
from xswitch.core.errors import SettingsError
from xswitch.emulator.state import AwsState

ACCOUNTS = ["111111111111", "222222222222"]
USERS, GROUPS, SETS = ["dana", "eve@example.com"], ["A", "B"], ["Admin", "Read+Only", "x" * 32]
ORGANIZATION = "o-exampleorg1"
SOME_USERS = st.lists(st.sampled_from(USERS), unique=True)
HOLDERS = st.one_of(
    st.fixed_dictionaries({"user": st.sampled_from(USERS)}),
    st.fixed_dictionaries({"group": st.sampled_from(GROUPS)}),
)
ASSIGNMENTS = st.builds(
    lambda common, holder: {**common, **holder},
    st.fixed_dictionaries(
        {
            "account": st.sampled_from(ACCOUNTS),
            "permission_set": st.sampled_from(SETS),
            "provisioned": st.booleans(),
        }
    ),
    HOLDERS,
)
PERMISSION_SET = st.fixed_dictionaries(
    {},
    optional={
        "description": st.text(max_size=5),
        "session_duration": st.integers(3_600, 43_200),
        "managed_policies": st.just(["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        "customer_managed_policies": st.just(["Own"]),
        "inline_policy": st.sampled_from(
            [allow(Action="s3:*", Resource="*"), json.dumps(allow(Action="*", Resource="*"))]
        ),
        "permissions_boundary": st.sampled_from(["Own", "arn:aws:iam::aws:policy/PowerUserAccess"]),
    },
)
INSTANCE = st.fixed_dictionaries(
    {
        "region": st.sampled_from(["us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1"]),
        "users": st.just([{"name": USERS[0], "email": "d@example.com"}, {"name": USERS[1]}]),
        "groups": st.tuples(SOME_USERS, SOME_USERS).map(
            lambda members: [
                {"name": name, "users": users} for name, users in zip(GROUPS, members, strict=True)
            ]
        ),
        "permission_sets": st.tuples(*[PERMISSION_SET] * 3).map(
            lambda found: [{"name": name, **one} for name, one in zip(SETS, found, strict=True)]
        ),
        "assignments": st.lists(ASSIGNMENTS, max_size=5),
    },
    optional={
        "aliases": st.just(["https://d-{}.awsapps.com/start"]),
        "redirects": st.just(["/go-{}"]),
        "session_duration": st.integers(900, 7_776_000),
        "token_duration": st.integers(1, 86_400),
        "rotate_refresh_tokens": st.booleans(),
        "device_interval": st.integers(1, 600),
        "device_code_duration": st.integers(1, 86_400),
        "authorization_code_duration": st.integers(1, 86_400),
        "registration_duration": st.integers(1, 86_400),
        "throttle": st.fixed_dictionaries(
            {"rate": st.floats(0.1, 100), "burst": st.integers(1, 9)}
        ),
    },
)
UNITS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.fixed_dictionaries({}),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=5,
)


def units(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "units": units(inner)} for name, inner in tree.items()]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(INSTANCE, max_size=2), UNITS, st.integers(0, 1), st.sampled_from(["aws", "aws-cn"]))
def test_any_instance_is_written_and_read_again(
    instances: list[dict[str, Any]],
    tree: dict[str, Any],
    delegated: int,
    partition: str,
) -> None:
    own = [{"name": "Own", "document": allow(Action="*", Resource="*")}]
    for number, one in enumerate(instances):
        one["start_url"] = f"https://corp{number}.awsapps.com/start"
        for key in ("aliases", "redirects"):
            if key in one:
                one[key] = [text.format(number) for text in one[key]]
    organization: dict[str, Any] = {
        "id": ORGANIZATION,
        "delegated_administrators": ACCOUNTS[:delegated],
        "units": units(tree),
    }
    organization["units"].append({"name": "with", "accounts": ACCOUNTS[1:]})
    state = {
        "version": 1,
        "organization": ORGANIZATION,
        "accounts": [{"id": one, "policies": own, "partition": partition} for one in ACCOUNTS],
        "identity_center": instances,
        "organizations": [organization],
    }
    found = AwsState.from_json(json.dumps(state))
    text = found.to_json()
    assert AwsState.from_json(text) == found
    assert "AWSReservedSSO_" not in text
    wanted = {
        (number, assignment["account"], assignment["permission_set"])
        for number, instance in enumerate(instances)
        for assignment in instance["assignments"]
        if assignment["provisioned"]
    }
    roles = [role for account in found.accounts for role in account.roles]
    assert len(roles) == len({role.arn for role in roles}) == len(wanted)
    for role in roles:
        assert role.arn.startswith(f"arn:{partition}:iam::{role.account}:role/aws-reserved/")
        assert role.trust.statements
        assert found.documents(role) is not None


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Set a member of the instance, at a path of names and numbers."""

    def apply(data: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = data["identity_center"][0]
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value

    return apply


def add(path: str, entry: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["identity_center"][0][path].append(entry)


def organize(**entry: Any) -> Callable[[dict[str, Any]], None]:
    def apply(data: dict[str, Any]) -> None:
        data["organization"] = ORGANIZATION
        data["organizations"] = [{"id": ORGANIZATION, **entry}]

    return apply


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (change("start_url", "http://corp.awsapps.com/start"), "is not a start URL"),
        (change("start_url", 7), "is not a start URL"),
        (change("region", "nowhere"), "'nowhere' is not a region"),
        (change("aliases", "https://x.awsapps.com/start"), "is not a list of"),
        (change("redirects", ["corp"]), "'corp' is not a path"),
        (change("session_duration", 10), "session_duration must be 900..7776000 seconds"),
        (change("session_duration", True), "session_duration must be"),
        (change("token_duration", 0), "token_duration must be"),
        (change("token_duration", 1.5), "token_duration must be"),
        (change("device_interval", 0), "device_interval must be"),
        (change("device_code_duration", 0), "device_code_duration must be"),
        (change("authorization_code_duration", 0), "authorization_code_duration must be"),
        (change("registration_duration", 0), "registration_duration must be"),
        (change("rotate_refresh_tokens", "yes"), "rotate_refresh_tokens must be true or false"),
        (change("throttle", {"rate": 0, "burst": 1}), "throttle needs a positive rate"),
        (change("throttle", {"rate": 1, "burst": 0}), "throttle needs a positive rate"),
        (change("throttle", {"rate": 1}), "KeyError: 'burst'"),
        (change("throttle", {"rate": 1, "burst": 1, "x": 1}), "there is no member x"),
        (change("sessions", 1), "there is no member sessions"),
        (change("users.0.nick", "d"), "there is no member nick"),
        (change("users.0.name", "d a"), "'d a' is not a user name"),
        (change("groups.0.users", ["nobody"]), "group Builders: there is no user nobody"),
        (add("users", {"name": "dana"}), "there are two entries for user dana"),
        (add("groups", {"name": "Builders"}), "there are two entries for group Builders"),
        (add("permission_sets", {"name": "Admin"}), "two entries for permission set Admin"),
        (change("permission_sets.0.name", "x" * 33), "is not a permission set name"),
        (change("permission_sets.0.session_duration", 60), "must be 3600..43200 seconds"),
        (change("permission_sets.0.managed_policies", ["arn:aws:iam::aws:policy/X"]), "no policy"),
        (change("permission_sets.0.managed_policies", "arn"), "is not a list of policy ARNs"),
        (change("permission_sets.0.inline_policy", {}), "Statement is missing"),
        (
            change("permission_sets.0.customer_managed_policies", ["Own"]),
            f"assignment of Admin in {WORK}: there is no policy arn:aws:iam::{WORK}:policy/Own",
        ),
        (change("permission_sets.0.permissions_boundary", "Own"), "policy/Own"),
        (change("permission_sets.0.permissions_boundary", "arn:aws:iam::aws:policy/X"), "policy/X"),
        (change("assignments.0.account", "9" * 12), "there is no account 999999999999"),
        (change("assignments.0.permission_set", "X"), "there is no permission set X"),
        (change("assignments.0.group", "X"), "there is no group X"),
        (change("assignments.0.user", "dana"), "give either a user or a group"),
        (change("assignments.2.user", "nobody"), "there is no user nobody"),
        (change("assignments.2.user", ""), "give either a user or a group"),
        (change("assignments.0.provisioned", "no"), "provisioned must be true or false"),
        (
            lambda data: data["identity_center"].append(
                {"start_url": f"{START_URL}/", "region": "eu-west-1"}
            ),
            "two instances of identity_center have the start URL",
        ),
        (lambda data: data["identity_center"].append({"region": "eu-west-1"}), "start_url"),
        (lambda data: data.update(identity_center=7), "TypeError"),
        (lambda data: data["accounts"][0].update(state="GONE"), "state must be one of"),
        (organize(id="o-X"), "its id must be o-"),
        (organize(x=1), "there is no member x"),
        (organize(delegated_administrators=["9" * 12]), "it has no account 999999999999"),
        (organize(delegated_administrators="9"), "is not a list of account IDs"),
        (organize(units=[{"name": "A"}, {"name": "A"}]), "two units of one parent"),
        (organize(units=[{"name": ""}]), "a unit needs a name"),
        (organize(units=[{"name": "A", "accounts": ["9" * 12]}]), "it has no account"),
        (organize(units=[{"name": "A", "x": 1}]), "unit A: there is no member x"),
        (
            organize(units=[{"name": "A", "accounts": [WORK]}, {"name": "B", "accounts": [WORK]}]),
            "an account is in two units",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(
    make: Callable[[dict[str, Any]], None], why: str
) -> None:
    data = identity_center_state()
    make(data)
    with pytest.raises(SettingsError) as caught:
        AwsState.from_json(json.dumps(data))
    assert why in caught.value.why


def test_a_role_that_isnt_provisioned_needs_no_policy() -> None:
    data = identity_center_state()
    change("permission_sets.2.customer_managed_policies", ["Own"])(data)
    found = AwsState.from_json(json.dumps(data)).account(SANDBOX)
    assert found is not None
    assert found.roles == ()
