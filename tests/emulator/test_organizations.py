"""Organizations on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.aws.emulator import (
    DEV,
    DEV_KEY,
    DEV_SECRET,
    HUB,
    PLAIN_KEY,
    PLAIN_SECRET,
    PROD,
    allow,
    aws_server,
    default_state,
    organizations_client,
    refusal,
    sts_client,
)
from xswitch.emulator.server import EmbeddedAws

ORGANIZATION = "o-exampleorg1"
MEMBER_KEY, MEMBER_SECRET = "AKIAMEMBERMEMBER2345", "membermembermembermembermembermembermem"
MORE = [str(7 * 10**11 + number) for number in range(45)]


def organization_state() -> dict[str, Any]:
    """DEV manages, HUB is a delegated administrator, PROD is in Workloads/Prod; 45 are more."""
    state = default_state()
    dev, prod, hub = state["accounts"]
    everything = allow(Action="*", Resource="*")
    state["organization"] = ORGANIZATION
    dev["management"] = True
    prod.update(state="PENDING_CLOSURE", email="prod@example.com", joined="2025-01-02T03:04:05Z")
    for account, key in ((prod, MEMBER_KEY), (hub, MEMBER_KEY[:-4] + "5432")):
        keys = [{"id": key, "secret": MEMBER_SECRET}]
        account["users"] = [{"name": "m", "access_keys": keys, "policies": {"all": everything}}]
    state["accounts"] += [{"id": account, "name": f"team {account}"} for account in MORE]
    state["accounts"].append({"id": "888888888888", "name": "alone", "organization": ""})
    state["organizations"] = [
        {
            "id": ORGANIZATION,
            "delegated_administrators": [HUB],
            "units": [
                {
                    "name": "Workloads",
                    "accounts": MORE[:2],
                    "units": [{"name": "Prod", "accounts": [PROD]}, {"name": "Dev"}],
                },
                {"name": "Sandbox"},
            ],
        }
    ]
    return state


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(organization_state()) as server:
        yield server


def test_the_accounts_come_in_pages_of_twenty(aws: EmbeddedAws) -> None:
    client = organizations_client(aws)
    pages = list(client.get_paginator("list_accounts").paginate())
    assert [len(page["Accounts"]) for page in pages] == [20, 20, 8]
    found = [one["Id"] for page in pages for one in page["Accounts"]]
    assert found == [DEV, PROD, HUB, *MORE]
    assert [call.region for call in aws.calls] == ["us-east-1"] * 3
    pages = list(client.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 7}))
    assert [one["Id"] for page in pages for one in page["Accounts"]] == found


def test_the_members_of_an_account(aws: EmbeddedAws) -> None:
    client = organizations_client(aws)
    found = client.describe_account(AccountId=PROD)["Account"]
    joined = found.pop("JoinedTimestamp")
    assert joined.isoformat().startswith("2025-01-02T")
    (path,) = found.pop("Paths")
    assert found == {
        "Id": PROD,
        "Arn": f"arn:aws:organizations::{DEV}:account/{ORGANIZATION}/{PROD}",
        "Email": "prod@example.com",
        "Name": "prod",
        "Status": "PENDING_CLOSURE",
        "State": "PENDING_CLOSURE",
        "JoinedMethod": "CREATED",
    }
    (parent,) = client.list_parents(ChildId=PROD)["Parents"]
    (above,) = client.list_parents(ChildId=parent["Id"])["Parents"]
    (root,) = client.list_parents(ChildId=above["Id"])["Parents"]
    assert [one["Type"] for one in (parent, above, root)] == ["ORGANIZATIONAL_UNIT"] * 2 + ["ROOT"]
    ids = (ORGANIZATION, root["Id"], above["Id"], parent["Id"], PROD)
    assert path == f"{'/'.join(ids)}/"
    assert client.list_parents(ChildId=MORE[-1])["Parents"] == [root]


def test_the_tree_from_the_root(aws: EmbeddedAws) -> None:
    client = organizations_client(aws)
    (root,) = client.list_roots()["Roots"]

    def tree(parent: str) -> dict[str, Any]:
        units = client.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]
        children = client.list_children(ParentId=parent, ChildType="ORGANIZATIONAL_UNIT")
        assert [one["Id"] for one in children["Children"]] == [one["Id"] for one in units]
        accounts = client.list_accounts_for_parent(ParentId=parent)["Accounts"]
        listed = client.list_children(ParentId=parent, ChildType="ACCOUNT")["Children"]
        assert [one["Id"] for one in listed] == [one["Id"] for one in accounts]
        for one in units:
            described = client.describe_organizational_unit(OrganizationalUnitId=one["Id"])
            assert described["OrganizationalUnit"] == one
        inner = {one["Name"]: tree(one["Id"]) for one in units}
        return {**inner, "accounts": len(accounts)}

    assert tree(root["Id"]) == {
        "Workloads": {"Prod": {"accounts": 1}, "Dev": {"accounts": 0}, "accounts": 2},
        "Sandbox": {"accounts": 0},
        "accounts": 20,  # the first page
    }


def test_who_can_list(aws: EmbeddedAws) -> None:
    delegated = organizations_client(aws, (MEMBER_KEY[:-4] + "5432", MEMBER_SECRET))
    assert delegated.list_accounts()["Accounts"]
    member = organizations_client(aws, (MEMBER_KEY, MEMBER_SECRET))
    for call, given in (
        (member.list_accounts, {}),
        (member.list_parents, {"ChildId": PROD}),
        (member.describe_account, {"AccountId": PROD}),
    ):
        found = refusal(call, **given)
        assert found == (
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        )
    assert member.describe_organization()["Organization"]["MasterAccountId"] == DEV
    powerless = organizations_client(aws, (PLAIN_KEY, PLAIN_SECRET))
    code, text = refusal(powerless.list_accounts)
    assert code == "AccessDeniedException"
    assert "because no identity-based policy allows the organizations:ListAccounts action" in text


def test_a_policy_can_name_one_account() -> None:
    state = organization_state()
    arn = f"arn:aws:organizations::{DEV}:account/{ORGANIZATION}/{PROD}"
    policy = allow(Action="organizations:DescribeAccount", Resource=arn)
    state["accounts"][0]["users"][1]["policies"] = {"one": policy}
    with aws_server(state) as aws:
        client = organizations_client(aws, (PLAIN_KEY, PLAIN_SECRET))
        assert client.describe_account(AccountId=PROD)["Account"]["Name"] == "prod"
        assert refusal(client.describe_account, AccountId=HUB)[0] == "AccessDeniedException"


def test_an_account_without_an_organization() -> None:
    with aws_server() as aws:
        code, _ = refusal(organizations_client(aws).list_accounts)
        assert code == "AWSOrganizationsNotInUseException"


WRONG: dict[str, tuple[Callable[[Any], Callable[..., object]], dict[str, Any], str, str]] = {
    "a page too large": (
        lambda client: client.list_accounts,
        {"MaxResults": 21},
        "InvalidInputException",
        "MAX_VALUE_EXCEEDED",
    ),
    "a page of nothing": (
        lambda client: client.list_accounts,
        {"MaxResults": 0},
        "InvalidInputException",
        "MIN_VALUE_EXCEEDED",
    ),
    "a token of another": (
        lambda client: client.list_accounts,
        {"NextToken": "MjA="},
        "InvalidInputException",
        "INVALID_NEXT_TOKEN",
    ),
    "no account": (
        lambda client: client.describe_account,
        {},
        "InvalidInputException",
        "INPUT_REQUIRED",
    ),
    "an account's pattern": (
        lambda client: client.describe_account,
        {"AccountId": "12"},
        "InvalidInputException",
        "INVALID_PATTERN",
    ),
    "an unknown account": (
        lambda client: client.describe_account,
        {"AccountId": "9" * 12},
        "AccountNotFoundException",
        "",
    ),
    "an account outside": (
        lambda client: client.describe_account,
        {"AccountId": "888888888888"},
        "AccountNotFoundException",
        "",
    ),
    "an unknown child": (
        lambda client: client.list_parents,
        {"ChildId": "9" * 12},
        "ChildNotFoundException",
        "",
    ),
    "an unknown parent": (
        lambda client: client.list_accounts_for_parent,
        {"ParentId": "r-zzzz"},
        "ParentNotFoundException",
        "",
    ),
    "an unknown unit": (
        lambda client: client.describe_organizational_unit,
        {"OrganizationalUnitId": "ou-zzzz-12345678"},
        "OrganizationalUnitNotFoundException",
        "",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_calls_that_are_refused(aws: EmbeddedAws, name: str) -> None:
    method, given, code, reason = WRONG[name]
    call = method(organizations_client(aws, validate=False))
    with pytest.raises(Exception, match=code) as caught:
        call(**given)
    response = getattr(caught.value, "response", {})
    assert response["Error"]["Code"] == code == type(caught.value).__name__
    assert response.get("Reason", "") == reason


def test_it_checks_signatures_as_the_others_do(aws: EmbeddedAws) -> None:
    wrong = organizations_client(aws, (DEV_KEY, "x" * 40))
    assert refusal(wrong.list_accounts)[0] == "SignatureDoesNotMatch"
    session = sts_client(aws).get_session_token()["Credentials"]
    assert organizations_client(aws, session).list_accounts()["Accounts"]
    aws.clock.advance(50_000)
    assert refusal(organizations_client(aws, session).list_accounts)[0] == "ExpiredToken"
    assert DEV_SECRET not in repr(aws.calls)


def test_faults_in_its_own_words(aws: EmbeddedAws) -> None:
    client = organizations_client(aws)
    aws.faults.add("throttling", "organizations:ListAccounts")
    assert refusal(client.list_accounts)[0] == "TooManyRequestsException"
    aws.faults.add("server_error")
    assert refusal(client.list_accounts)[0] == "ServiceException"
    assert client.list_accounts()["Accounts"]
    assert aws.count("ListAccounts", service="organizations") == 3
