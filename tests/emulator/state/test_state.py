from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.aws.emulator import (
    ADMIN_ARN,
    DEV,
    DEV_KEY,
    EXTERNAL_ARN,
    PROD,
    allow,
    default_state,
    trust,
)
from xswitch.core.errors import ExitCode, SettingsError
from xswitch.core.policy import PolicyKind
from xswitch.demo import scenario
from xswitch.emulator.state import AwsState, unique_id
from xswitch.emulator.stores import SessionStore, new_session_keys


def world(data: Any) -> AwsState:
    return AwsState.from_json(json.dumps(data))


def test_everything_is_found_by_its_name() -> None:
    found = world(default_state())
    known = found.key(DEV_KEY)
    assert known is not None
    user, key = known
    assert (user.name, user.account, key.active) == ("dev", DEV, True)
    assert user.mfa_devices[0].serial == f"arn:aws:iam::{DEV}:mfa/dev"
    role = found.role(ADMIN_ARN)
    assert role is not None
    assert (role.max_session_seconds, found.documents(role)[0].name) == (
        43_200,
        "arn:aws:iam::aws:policy/AdministratorAccess",
    )
    assert found.role(EXTERNAL_ARN) is not None
    assert found.user(user.arn) == user
    assert (found.key("AKIAX"), found.role("x"), found.user("x"), found.account("x")) == (
        None,
        None,
        None,
        None,
    )


def test_the_documented_state_is_one() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "demo.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    account = AwsState.from_json(example).account("111111111111")
    assert account is not None
    assert (len(account.users), len(account.roles), len(account.groups), len(account.policies)) == (
        1,
        2,  # with the one that its permission set makes
        1,
        2,
    )


def test_what_is_read_is_what_was_written() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "demo.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    for data in (example, json.dumps(default_state()), json.dumps(scenario.state())):
        found = AwsState.from_json(data)
        assert AwsState.from_json(found.to_json()) == found
        assert found.to_json() == AwsState.from_json(found.to_json()).to_json()


def test_documents_given_as_text_are_kept_to_the_letter() -> None:
    data = default_state()
    text = '{ "Statement" : {"Effect":"Allow", "Action":"*",\n "Resource":"*"} }'
    data["accounts"][0]["users"][0]["policies"] = {"p": text}
    found = world(data)
    user = found.user(f"arn:aws:iam::{DEV}:user/dev")
    assert user is not None
    assert user.inline == {"p": text}
    assert AwsState.from_json(found.to_json()) == found


NAMES = st.text("abcXYZ019+=,.@_-", min_size=1, max_size=8)
PATHS = st.sampled_from(["/", "/team/", "/a/b/"])
TAGS = st.dictionaries(NAMES, st.text(max_size=5), max_size=2)
MOMENTS = st.none() | st.integers(1_600_000_000, 1_900_000_000).map(
    lambda when: datetime.fromtimestamp(when, UTC).isoformat()
)
DOCUMENTS = st.sampled_from(
    [allow(Action="s3:*", Resource="*"), json.dumps(allow(Action="*", Resource="*"), indent=2)]
)
INLINE = st.dictionaries(NAMES, DOCUMENTS, max_size=2)
AWSS = st.sampled_from(
    ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/SecurityAudit"]
)
ATTACHED = st.lists(AWSS, max_size=2, unique=True)
BOUNDARY = st.none() | st.just("arn:aws:iam::aws:policy/PowerUserAccess")
KEYS = st.fixed_dictionaries(
    {"id": NAMES, "secret": NAMES, "active": st.booleans(), "created": MOMENTS}
)
DEVICES = st.fixed_dictionaries(
    {"name": NAMES, "secret": st.just("JBSWY3DPEHPK3PXP"), "enabled": MOMENTS}
)
KEPT = {"access_keys": st.lists(KEYS, max_size=2), "mfa_devices": st.lists(DEVICES, max_size=2)}
COMMON: dict[str, Any] = {"name": NAMES, "path": PATHS, "created": MOMENTS}
HELD: dict[str, Any] = {"policies": INLINE, "attached_policies": ATTACHED}
USERS = st.fixed_dictionaries(
    {**COMMON, **HELD, **KEPT, "tags": TAGS, "permissions_boundary": BOUNDARY}
)
ROLES = st.fixed_dictionaries(
    {
        **COMMON,
        **HELD,
        "tags": TAGS,
        "permissions_boundary": BOUNDARY,
        "description": st.text(max_size=5),
        "max_session_duration": st.integers(3_600, 43_200),
        "trust_policy": st.just(trust("*")),
    }
)
GROUPS = st.fixed_dictionaries({**COMMON, **HELD})
POLICIES = st.fixed_dictionaries(
    {
        **COMMON,
        "description": st.text(max_size=5),
        "tags": TAGS,
        "updated": MOMENTS,
        "document": DOCUMENTS,
    }
)
SCPS = st.lists(
    st.lists(st.fixed_dictionaries({"name": NAMES, "document": DOCUMENTS}), max_size=2), max_size=2
)
ACCOUNTS = st.fixed_dictionaries(
    {
        "id": st.integers(0, 10**12 - 1).map("{:012}".format),
        "name": st.text(max_size=5),
        "partition": st.sampled_from(["aws", "aws-cn"]),
        "alias": NAMES,
        "email": st.sampled_from(["", "a@example.com"]),
        "state": st.sampled_from(["ACTIVE", "SUSPENDED", "CLOSED"]),
        "joined": MOMENTS,
        "organization": st.sampled_from(["", True, "o-x"]),
        "management": st.booleans(),
        "scps": SCPS,
        "users": st.lists(USERS, max_size=2, unique_by=lambda one: str(one["name"])),
        "roles": st.lists(ROLES, max_size=2),
        "groups": st.lists(GROUPS, max_size=1),
        "policies": st.lists(POLICIES, max_size=1),
        "mfa_devices": st.lists(DEVICES, max_size=1),
        "disabled_regions": st.lists(NAMES, max_size=2),
    }
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(ACCOUNTS, max_size=2), st.floats(0, 1e6), st.floats(0, 60))
def test_any_world_is_written_and_read_again(
    accounts: list[dict[str, Any]], ahead: float, delay: float
) -> None:
    for account in accounts:
        for group in account["groups"]:
            group["users"] = [user["name"] for user in account["users"]]
    found = world(
        {"version": 1, "accounts": accounts, "clock_offset": ahead, "propagation_seconds": delay}
    )
    assert AwsState.from_json(found.to_json()) == found


def test_no_secret_shows_in_the_repr() -> None:
    data = default_state()
    text = repr(world(data))
    for user in data["accounts"][0]["users"]:
        for secret in [*user["access_keys"], *user.get("mfa_devices", [])]:
            assert secret["secret"] not in text


def test_other_partitions_and_paths() -> None:
    user = {
        "name": "u",
        "path": "/team/",
        "policies": {"p": allow(Action="*", Resource="*")},
        "tags": {"a": "b"},
    }
    data = {
        "version": 1,
        "clock_offset": 5,
        "accounts": [{"id": PROD, "partition": "aws-cn", "users": [user]}],
    }
    found = world(data)
    assert found.clock_offset == 5
    assert found.user(f"arn:aws-cn:iam::{PROD}:user/team/u") is not None
    account = found.account(PROD)
    assert account is not None
    assert account.name == PROD


def test_managed_policies_are_aws_own_or_the_accounts() -> None:
    data = default_state()
    data["accounts"][1]["policies"] = [
        {"name": "P", "document": allow(Action="s3:*", Resource="*")}
    ]
    found = world(data)
    own = f"arn:aws:iam::{PROD}:policy/P"
    assert found.managed_policy(own, PolicyKind.SESSION, PROD) is not None
    assert found.managed_policy(own, PolicyKind.SESSION, DEV) is None
    assert found.managed_policy(own, PolicyKind.SESSION, "9" * 12) is None
    aws = found.managed_policy(
        "arn:aws:iam::aws:policy/job-function/ReadOnlyAccess", PolicyKind.SESSION, PROD
    )
    assert aws is not None
    assert aws.kind is PolicyKind.SESSION
    assert found.managed_policy("arn:aws:iam::aws:policy/Nothing", PolicyKind.SESSION, PROD) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data.update(version=2), "version must be 1"),
        (lambda data: data.pop("accounts"), "KeyError: 'accounts'"),
        (lambda data: data["accounts"][0].update(id="12"), "'12' is not 12 digits"),
        (lambda data: data["accounts"][0]["users"][0].pop("name"), "KeyError: 'name'"),
        (
            lambda data: data["accounts"][0]["users"][0].update(
                attached_policies=["arn:aws:iam::aws:policy/X"]
            ),
            "there is no policy",
        ),
        (
            lambda data: data["accounts"][1]["roles"][0].update(max_session_duration=60),
            "must be 3600..43200",
        ),
        (
            lambda data: data["accounts"][1]["roles"][0].update(trust_policy={}),
            "the trust policy of arn:aws:iam::222222222222:role/Admin: ",
        ),
        (
            lambda data: data["accounts"][1].update(policies=[{"name": "P", "document": {}}]),
            "policy/P: Statement is missing",
        ),
        (lambda data: data["accounts"].append("x"), "TypeError"),
        (
            lambda data: data["accounts"][0].update(groups=[{"name": "G", "users": ["eve"]}]),
            "group/G: there is no user eve",
        ),
        (
            lambda data: data["accounts"][0].update(scps=[[{"name": "S", "document": {}}]]),
            "policy S of 111111111111: Statement is missing",
        ),
        (
            lambda data: data["accounts"][0].update(
                policies=[
                    {
                        "name": "P",
                        "document": allow(Action="*", Resource="*"),
                        "default_version": "v9",
                    }
                ]
            ),
            "policy/P: there is no version v9",
        ),
        (
            lambda data: data["accounts"][0]["users"][0]["mfa_devices"][0].update(secret="!"),
            "mfa/dev: its secret is not base32",
        ),
    ],
)
def test_what_is_wrong_with_a_state_is_said_with_its_place(change: Any, why: str) -> None:
    data = default_state()
    change(data)
    with pytest.raises(SettingsError) as caught:
        world(data)
    assert why in caught.value.why
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.CONFIG, "demo_state")


@pytest.mark.parametrize("text", ["", "[]", "null", '{"version": 1, "accounts": 7}'])
def test_text_that_is_no_state(text: str) -> None:
    with pytest.raises(SettingsError):
        AwsState.from_json(text)


def test_unique_ids_are_stable_and_of_the_right_form() -> None:
    first = unique_id("AROA", "arn:x")
    assert first == unique_id("AROA", "arn:x") != unique_id("AROA", "arn:y")
    assert len(first) == 21


@pytest.mark.parametrize("account", ["000000000001", "123456789012", "999999999999"])
def test_a_sessions_key_id_carries_its_account(account: str) -> None:
    keys = new_session_keys(account)
    number = int.from_bytes(base64.b32decode(keys.access_key_id[4:])[:6])
    assert (number & 0x7FFFFFFFFF80) >> 7 == int(account)
    assert (len(keys.access_key_id), len(keys.secret)) == (20, 40)
    assert keys.token.startswith("IQoJ")
    assert keys.secret not in repr(keys)


def test_a_code_is_used_once_per_device() -> None:
    store = SessionStore()
    assert [
        store.use_code("a", 1),
        store.use_code("a", 1),
        store.use_code("b", 1),
        store.use_code("a", 2),
    ] == [True, False, True, True]
