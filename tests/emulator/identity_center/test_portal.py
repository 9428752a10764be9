"""The portal on the wire: pages, errors, throttling, and credentials that work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.aws.emulator import aws_server, iam_client, refusal, sts_client
from support.aws.identity_center import (
    MANAGEMENT,
    SANDBOX,
    WORK,
    SignedIn,
    generated_state,
    identity_center_state,
    portal_client,
    sign_in,
)
from xswitch.emulator.faults import ALWAYS
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(identity_center_state()) as server:
        yield server


def error_of(call: Callable[..., object], **parameters: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return (
        error["Code"],
        error["Message"],
        caught.value.response["ResponseMetadata"]["HTTPStatusCode"],
    )


def credentials(aws: EmbeddedAws, token: SignedIn, account: str, role: str) -> dict[str, Any]:
    answer = portal_client(aws).get_role_credentials(
        accessToken=token.access_token, accountId=account, roleName=role
    )["roleCredentials"]
    return {
        "AccessKeyId": answer["accessKeyId"],
        "SecretAccessKey": answer["secretAccessKey"],
        "SessionToken": answer["sessionToken"],
        "Expiration": answer["expiration"],
    }


def test_the_lists_of_a_person(aws: EmbeddedAws) -> None:
    portal, token = portal_client(aws), sign_in(aws).access_token
    accounts = portal.list_accounts(accessToken=token)["accountList"]
    assert {one["accountId"]: one["accountName"] for one in accounts} == {
        WORK: "work",
        MANAGEMENT: "management",
        SANDBOX: "sandbox",
    }
    assert accounts[0]["emailAddress"] == "work@example.com"
    roles = portal.list_account_roles(accessToken=token, accountId=WORK)["roleList"]
    assert [role["roleName"] for role in roles] == ["Admin", "ReadOnly"]
    assert {role["accountId"] for role in roles} == {WORK}
    eve = sign_in(aws, "eve").access_token
    assert [one["accountId"] for one in portal.list_accounts(accessToken=eve)["accountList"]] == [
        WORK
    ]


def test_credentials_are_a_session_of_the_permission_sets_role(aws: EmbeddedAws) -> None:
    token = sign_in(aws)
    keys = credentials(aws, token, WORK, "Admin")
    seconds = keys["Expiration"] / 1_000 - aws.clock.now().timestamp()
    assert 7_195 < seconds <= 7_200
    identity = sts_client(aws, keys).get_caller_identity()
    assert identity["Account"] == WORK
    found = identity["Arn"].removeprefix(f"arn:aws:sts::{WORK}:assumed-role/AWSReservedSSO_Admin_")
    suffix, _, user = found.partition("/")
    assert (len(bytes.fromhex(suffix)), user) == (8, "dana")
    names = {role["RoleName"] for role in iam_client(aws, keys).list_roles()["Roles"]}
    assert f"AWSReservedSSO_Admin_{suffix}" in names
    again = credentials(aws, token, WORK, "Admin")
    assert again["AccessKeyId"] != keys["AccessKeyId"]
    aws.clock.advance(7_200)
    assert refusal(sts_client(aws, keys).get_caller_identity)[0] == "ExpiredToken"


def test_the_permission_sets_policies_decide(aws: EmbeddedAws) -> None:
    dana, eve = sign_in(aws), sign_in(aws, "eve")
    admin = iam_client(aws, credentials(aws, dana, WORK, "Admin"))
    reader = iam_client(aws, credentials(aws, dana, WORK, "ReadOnly"))
    looker = iam_client(aws, credentials(aws, eve, WORK, "Look"))
    admin.create_user(UserName="new")
    assert reader.list_users()["Users"]
    assert refusal(reader.create_user, UserName="newer")[0] == "AccessDenied"
    assert looker.list_roles()["Roles"]
    assert refusal(looker.list_users)[0] == "AccessDenied"


def test_nobody_assumes_the_reserved_role(aws: EmbeddedAws) -> None:
    keys = credentials(aws, sign_in(aws), WORK, "Admin")
    role = next(
        one["Arn"]
        for one in iam_client(aws, keys).list_roles()["Roles"]
        if "ReadOnly" in one["RoleName"]
    )
    ask = sts_client(aws, keys).assume_role
    assert refusal(ask, RoleArn=role, RoleSessionName="me")[0] == "AccessDenied"


FORBIDDEN = ("ForbiddenException", "No access", 403)


@pytest.mark.parametrize(
    ("account", "role", "error"),
    [
        (WORK, "Look", FORBIDDEN),  # assigned to eve alone
        (WORK, "Nothing", FORBIDDEN),
        (MANAGEMENT, "Admin", FORBIDDEN),
        (SANDBOX, "Billing", FORBIDDEN),  # listed, and not provisioned
        ("9" * 12, "Admin", ("ResourceNotFoundException", "The account doesn't exist", 404)),
        ("12", "Admin", ("InvalidRequestException", "Invalid account ID: 12", 400)),
        ("", "Admin", ("InvalidRequestException", "account_id is missing", 400)),
        (WORK, "", ("InvalidRequestException", "role_name is missing", 400)),
    ],
)
def test_credentials_that_are_refused(
    aws: EmbeddedAws, account: str, role: str, error: tuple[str, str, int]
) -> None:
    ask = portal_client(aws).get_role_credentials
    token = sign_in(aws).access_token
    assert error_of(ask, accessToken=token, accountId=account, roleName=role) == error


def test_roles_of_accounts_without_an_assignment(aws: EmbeddedAws) -> None:
    ask, token = portal_client(aws).list_account_roles, sign_in(aws, "eve").access_token
    assert error_of(ask, accessToken=token, accountId=MANAGEMENT) == FORBIDDEN
    assert error_of(ask, accessToken=token, accountId="9" * 12)[2] == 404
    assert error_of(ask, accessToken=token, accountId="x")[0] == "InvalidRequestException"


UNAUTHORIZED = ("UnauthorizedException", "Session token not found or invalid", 401)
CALLS: dict[str, dict[str, str]] = {
    "list_accounts": {},
    "list_account_roles": {"accountId": WORK},
    "get_role_credentials": {"accountId": WORK, "roleName": "Admin"},
    "logout": {},
}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_needs_a_valid_token(aws: EmbeddedAws, name: str) -> None:
    def ask(token: str, region: str = "") -> tuple[str, str, int]:
        call = getattr(portal_client(aws, region), name)
        return error_of(call, accessToken=token, **CALLS[name])

    assert ask("nonsense") == UNAUTHORIZED
    assert ask(sign_in(aws).refresh_token) == UNAUTHORIZED
    assert ask(sign_in(aws).access_token, "us-east-1") == UNAUTHORIZED
    assert ask(sign_in(aws, scopes=("codewhisperer:completions",)).access_token) == UNAUTHORIZED
    token = sign_in(aws).access_token
    aws.sign_ins.revoke("dana")
    assert ask(token) == UNAUTHORIZED
    token = sign_in(aws).access_token
    aws.clock.advance(3_600)
    assert ask(token) == UNAUTHORIZED
    token = sign_in(aws, "eve").access_token
    state = identity_center_state()
    state["identity_center"][0]["users"].pop()
    state["identity_center"][0]["assignments"].pop()
    aws.world = AwsState.from_json(json.dumps(state))
    assert ask(token) == UNAUTHORIZED


def test_a_sign_out_ends_all_tokens_of_the_sign_in_alone(aws: EmbeddedAws) -> None:
    portal, token, other = portal_client(aws), sign_in(aws), sign_in(aws)
    keys = credentials(aws, token, WORK, "Admin")
    portal.logout(accessToken=token.access_token)
    assert error_of(portal.list_accounts, accessToken=token.access_token) == UNAUTHORIZED
    assert portal.list_accounts(accessToken=other.access_token)["accountList"]
    # As in AWS, role sessions outlive the sign-in.
    assert sts_client(aws, keys).get_caller_identity()["Account"] == WORK


def test_an_assignment_that_goes_takes_its_sessions(aws: EmbeddedAws) -> None:
    token = sign_in(aws)
    keys = credentials(aws, token, MANAGEMENT, "ReadOnly")
    state = identity_center_state()
    del state["identity_center"][0]["assignments"][2]
    aws.world = AwsState.from_json(json.dumps(state))
    ask = portal_client(aws).get_role_credentials
    wanted = {"accountId": MANAGEMENT, "roleName": "ReadOnly"}
    assert error_of(ask, accessToken=token.access_token, **wanted) == FORBIDDEN
    assert refusal(sts_client(aws, keys).get_caller_identity)[0] == "InvalidClientTokenId"


@pytest.mark.parametrize("size", [1, 7, 20, 99, 100, None])
def test_pages_are_complete_and_without_repetition(size: int | None) -> None:
    with aws_server(generated_state(205, 3)) as aws:
        portal, token = portal_client(aws), sign_in(aws).access_token
        given: dict[str, Any] = {"accessToken": token} | ({"maxResults": size} if size else {})
        found: list[str] = []
        pages = 0
        while True:
            answer = portal.list_accounts(**given)
            found += [one["accountId"] for one in answer["accountList"]]
            pages += 1
            if not answer.get("nextToken"):
                break
            given["nextToken"] = answer["nextToken"]
        assert found == [str(10**11 + number) for number in range(205)]
        assert pages == -(-205 // (size or 20))


def test_pages_of_roles() -> None:
    with aws_server(generated_state(2, 45)) as aws:
        portal, token = portal_client(aws), sign_in(aws).access_token
        first, second = str(10**11), str(10**11 + 1)
        ask = portal.get_paginator("list_account_roles").paginate
        pages = list(ask(accessToken=token, accountId=first))
        assert [len(page["roleList"]) for page in pages] == [20, 20, 5]
        call = portal.list_account_roles
        given = {"accessToken": token, "nextToken": pages[0]["nextToken"]}
        assert error_of(call, accountId=second, **given)[0] == "InvalidRequestException"
        assert call(accountId=first, **given)["roleList"] == pages[1]["roleList"]


@pytest.mark.parametrize("size", [0, -1, 101, 1_000, "x", "1.5", ""])
def test_page_sizes_that_are_refused(aws: EmbeddedAws, size: Any) -> None:
    call = portal_client(aws, validate=False).list_accounts
    token = sign_in(aws).access_token
    assert error_of(call, accessToken=token, maxResults=size)[0] == "InvalidRequestException"


@pytest.mark.parametrize("token", ["x", "", "MTA6eA==", "\N{SNOWMAN}"])
def test_next_tokens_that_are_refused(aws: EmbeddedAws, token: str) -> None:
    call = portal_client(aws).list_accounts
    given = {"accessToken": sign_in(aws).access_token, "nextToken": token}
    assert error_of(call, **given)[:2] == ("InvalidRequestException", "Invalid next token")


def test_a_bucket_of_requests() -> None:
    state = identity_center_state()
    state["identity_center"][0]["throttle"] = {"rate": 0.5, "burst": 3}
    with aws_server(state) as aws:
        portal, token = portal_client(aws), sign_in(aws).access_token
        for _ in range(3):
            portal.list_accounts(accessToken=token)
        with pytest.raises(ClientError) as caught:
            portal.list_accounts(accessToken=token)
        response = caught.value.response
        assert response["Error"]["Code"] == "TooManyRequestsException"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "2"
        aws.clock.advance(2)
        portal.list_accounts(accessToken=token)
        with pytest.raises(ClientError):
            portal.list_accounts(accessToken=token)
        aws.clock.advance(1_000)
        for _ in range(3):
            portal.list_accounts(accessToken=token)


def test_a_share_of_the_calls_is_throttled(aws: EmbeddedAws) -> None:
    aws.faults.add("throttling", "sso:ListAccounts", times=ALWAYS, share=0.25, seconds=1.5)
    portal, token = portal_client(aws), sign_in(aws).access_token
    seen = []
    for _ in range(100):
        try:
            portal.list_accounts(accessToken=token)
        except ClientError as error:
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
            seen.append((error.response["Error"]["Code"], headers["retry-after"]))
    assert set(seen) == {("TooManyRequestsException", "2")}
    assert 10 < len(seen) < 45
    assert portal.list_account_roles(accessToken=token, accountId=WORK)["roleList"]


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("server_error", "InternalServerException", 500),
        ("unavailable", "ServiceUnavailableException", 503),
        ("throttling", "TooManyRequestsException", 429),
    ],
)
def test_faults_in_the_words_of_the_portal(
    aws: EmbeddedAws, kind: str, code: str, status: int
) -> None:
    token = sign_in(aws).access_token
    aws.faults.add(kind, "ListAccounts")
    found = error_of(portal_client(aws).list_accounts, accessToken=token)
    assert (found[0], found[2]) == (code, status)


@pytest.mark.parametrize("code", ["UnauthorizedException", "ForbiddenException"])
def test_any_error_on_request(aws: EmbeddedAws, code: str) -> None:
    token = sign_in(aws).access_token
    aws.faults.add("error", "ListAccounts", code=code)
    found = error_of(portal_client(aws).list_accounts, accessToken=token)
    assert found[0] == code
    assert found[2] in (401, 403)


def test_answers_are_altered_in_json_too(aws: EmbeddedAws) -> None:
    token, portal = sign_in(aws), portal_client(aws)
    aws.faults.add("no_expiration", "GetRoleCredentials")
    with pytest.raises(KeyError, match="expiration"):
        credentials(aws, token, WORK, "Admin")
    aws.faults.add("wrong_account", "ListAccounts")
    accounts = portal.list_accounts(accessToken=token.access_token)["accountList"]
    assert {one["accountId"] for one in accounts} == {"9" * 12}


def test_calls_are_recorded_with_their_service(aws: EmbeddedAws) -> None:
    token = sign_in(aws)
    credentials(aws, token, WORK, "Admin")
    last = aws.calls[-1]
    assert (last.service, last.action, last.subject) == (
        "sso",
        "GetRoleCredentials",
        f"{WORK}/Admin",
    )
    assert aws.count("CreateToken", service="sso-oidc") == 1
    assert aws.count("CreateToken", service="sso") == 0
    assert last.time - aws.clock.now() < timedelta(seconds=5)
