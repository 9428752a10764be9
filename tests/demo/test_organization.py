"""The demo's organization: who signs in, and what they then have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.aws.emulator import organizations_client, sts_client
from support.aws.identity_center import portal_client, sign_in
from support.e2e import run
from xswitch.demo import organization, scenario
from xswitch.demo.home import write_home
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(AwsState.from_json(json.dumps(scenario.state()))) as server:
        yield server


def test_twelve_accounts_and_thirty_permission_sets() -> None:
    accounts, sets = organization.ACCOUNTS, organization.PERMISSION_SETS
    assert len({one.id for one in accounts}) == len({one.name for one in accounts}) == 12
    assert len({one.name for one in sets}) == len(sets) == 30
    assert not {one.id for one in accounts} & set(scenario.ACCOUNT_NAMES)
    assert {one.group for one in sets} == set(organization.GROUPS)


def test_what_the_person_has_works(aws: EmbeddedAws) -> None:
    token = sign_in(aws, organization.SIGN_IN_USER, start_url=organization.START_URL).access_token
    portal = portal_client(aws)
    accounts = portal.list_accounts(accessToken=token, maxResults=100)["accountList"]
    found: Counter[str] = Counter()
    for account in accounts:
        asked = {"accessToken": token, "accountId": account["accountId"]}
        for role in portal.list_account_roles(**asked, maxResults=100)["roleList"]:
            found[account["accountName"]] += 1
            answer = portal.get_role_credentials(**asked, roleName=role["roleName"])
            keys = answer["roleCredentials"]
            assert keys["accessKeyId"]
    assert len(accounts) == 10
    assert found.total() == 47, found
    keys = {
        "AccessKeyId": keys["accessKeyId"],
        "SecretAccessKey": keys["secretAccessKey"],
        "SessionToken": keys["sessionToken"],
    }
    arn = sts_client(aws, keys).get_caller_identity()["Arn"]
    assert arn.endswith(f"/{organization.SIGN_IN_USER}")


def test_the_management_account_tells_its_organization(aws: EmbeddedAws) -> None:
    token = sign_in(aws, organization.SIGN_IN_USER, start_url=organization.START_URL).access_token
    keys = portal_client(aws).get_role_credentials(
        accessToken=token,
        accountId=organization.MANAGEMENT.id,
        roleName="OrganizationViewer",
    )["roleCredentials"]
    client = organizations_client(
        aws,
        {
            "AccessKeyId": keys["accessKeyId"],
            "SecretAccessKey": keys["secretAccessKey"],
            "SessionToken": keys["sessionToken"],
        },
    )
    accounts = client.list_accounts()["Accounts"]
    assert {one["Name"]: one["Id"] for one in accounts} == {
        one.name: one.id for one in organization.ACCOUNTS
    }
    depths = Counter(one["Paths"][0].count("/ou-") for one in accounts)
    assert depths == {0: 1, 1: 5, 2: 6}


def test_the_aws_cli_can_sign_in_there(
    aws: EmbeddedAws, need: Callable[[str], str], tmp_path: Path
) -> None:
    cli = need("/usr/bin/aws")
    home = write_home(
        tmp_path / "h",
        aws.endpoint,
        environ={"PATH": "/usr/bin:/bin"},
        command=("/opt/xswitch",),
        memory=None,
    )
    before = aws.count("RegisterClient")
    aws.faults.add("error", "StartDeviceAuthorization", code="InvalidRequestException")
    login = [cli, "sso", "login", "--no-browser", "--sso-session", organization.SSO_SESSION]
    ran = run(login, home.env)
    assert "InvalidRequestException" in ran.err
    assert aws.count("RegisterClient") == before + 1
