from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.aws.emulator import aws_server, refusal
from support.aws.iam import (
    ADMINISTRATOR,
    BOB_ARN,
    ROOT,
    SOURCE,
    TARGET,
    allowing,
    bob,
    source,
    state,
    trusting,
)
from xswitch.emulator.iam import statement_positions
from xswitch.emulator.server import EmbeddedAws

ROLE = f"arn:aws:iam::{TARGET}:role/SwitchRole"
DENY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "No", "Effect": "Deny", "Action": "sts:*", "Resource": ROLE}],
    }
)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


def simulate(
    aws: EmbeddedAws,
    *actions: str,
    arn: str = BOB_ARN,
    resources: tuple[str, ...] = (ROLE,),
    **more: Any,
) -> Any:
    names = list(actions) or ["sts:AssumeRole"]
    answer = source(aws).simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=names, ResourceArns=list(resources), **more
    )
    found = answer["EvaluationResults"]
    return found[0] if len(found) == 1 else found


def test_nothing_is_allowed_that_no_policy_allows(aws: EmbeddedAws) -> None:
    found = simulate(aws)
    assert found == {
        "EvalActionName": "sts:AssumeRole",
        "EvalResourceName": ROLE,
        "EvalDecision": "implicitDeny",
        "MatchedStatements": [],
        "MissingContextValues": [],
    }


def test_what_allows_is_named_with_its_place(aws: EmbeddedAws) -> None:
    iam = source(aws)
    first, second = (
        f'{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}'
        for action in ("s3:*", "sts:AssumeRole")
    )
    text = f'{{\n  "Version": "2012-10-17",\n  "Statement": [{first},\n    {second}]}}'
    iam.put_user_policy(UserName="Bob", PolicyName="may", PolicyDocument=text)
    iam.create_group(GroupName="Team")
    iam.put_group_policy(
        GroupName="Team", PolicyName="too", PolicyDocument=allowing("sts:AssumeRole", ROLE)
    )
    iam.attach_group_policy(GroupName="Team", PolicyArn=ADMINISTRATOR)
    iam.add_user_to_group(GroupName="Team", UserName="Bob")
    found = simulate(aws)
    assert found["EvalDecision"] == "allowed"
    assert [
        (one["SourcePolicyId"], one["SourcePolicyType"]) for one in found["MatchedStatements"]
    ] == [
        ("user_Bob_may", "IAM Policy"),
        ("group_Team_too", "IAM Policy"),
        ("AdministratorAccess", "IAM Policy"),
    ]
    place = found["MatchedStatements"][0]
    assert (place["StartPosition"], place["EndPosition"]) == (
        {"Line": 4, "Column": 5},
        {"Line": 4, "Column": 5 + len(second)},
    )


def test_a_denial_shows_only_what_denies(aws: EmbeddedAws) -> None:
    iam = source(aws)
    iam.attach_user_policy(UserName="Bob", PolicyArn=ADMINISTRATOR)
    iam.put_user_policy(UserName="Bob", PolicyName="no", PolicyDocument=DENY)
    found = simulate(aws)
    assert found["EvalDecision"] == "explicitDeny"
    assert [one["SourcePolicyId"] for one in found["MatchedStatements"]] == ["user_Bob_no"]
    pair = simulate(aws, "sts:AssumeRole", "s3:ListBucket", resources=(ROLE, f"{ROLE}2"))
    assert [one["EvalDecision"] for one in pair] == [
        "explicitDeny",
        "allowed",
        "allowed",
        "allowed",
    ]


def test_a_boundary_has_its_own_verdict(aws: EmbeddedAws) -> None:
    iam = source(aws)
    iam.put_user_policy(UserName="Bob", PolicyName="may", PolicyDocument=allowing("sts:*"))
    iam.put_user_permissions_boundary(
        UserName="Bob", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )
    found = simulate(aws)
    assert (found["EvalDecision"], found["PermissionsBoundaryDecisionDetail"]) == (
        "implicitDeny",
        {"AllowedByPermissionsBoundary": False},
    )
    assert [one["SourcePolicyId"] for one in found["MatchedStatements"]] == ["user_Bob_may"]
    wider = simulate(aws, PermissionsBoundaryPolicyInputList=[allowing("*")])
    assert (wider["EvalDecision"], wider["PermissionsBoundaryDecisionDetail"]) == (
        "allowed",
        {"AllowedByPermissionsBoundary": True},
    )


def test_service_control_policies_have_theirs() -> None:
    data = state()
    everything, some = json.loads(allowing("*")), json.loads(allowing("s3:*"))
    data["accounts"][0]["scps"] = [
        [{"name": "Full", "document": everything}],
        [{"name": "Some", "document": some}],
    ]
    data["accounts"][0]["users"][1]["attached_policies"] = [ADMINISTRATOR]
    data["accounts"][0]["scps"][1][0]["document"]["Statement"].append(
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    )
    with aws_server(data) as aws:
        found = simulate(aws)
        assert (found["EvalDecision"], found["OrganizationsDecisionDetail"]) == (
            "implicitDeny",
            {"AllowedByOrganizations": False},
        )
        fine = simulate(aws, "s3:ListBucket")
        assert (fine["EvalDecision"], fine["OrganizationsDecisionDetail"]) == (
            "allowed",
            {"AllowedByOrganizations": True},
        )
    data["accounts"][0]["scps"][1].append({"name": "NoSts", "document": json.loads(DENY)})
    with aws_server(data) as aws:
        assert simulate(aws)["EvalDecision"] == "explicitDeny"
    data["accounts"][0]["management"] = True
    with aws_server(data) as aws:
        assert "OrganizationsDecisionDetail" not in simulate(aws)


def test_context_that_is_given_and_that_is_missing(aws: EmbeddedAws) -> None:
    conditions = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "StringLike": {"sts:RoleSessionName": "${aws:username}-*"},
    }
    source(aws).put_user_policy(
        UserName="Bob",
        PolicyName="may",
        PolicyDocument=allowing("sts:AssumeRole", ROLE, Condition=conditions),
    )
    found = simulate(aws)
    assert (found["EvalDecision"], found["MissingContextValues"]) == (
        "implicitDeny",
        ["aws:MultiFactorAuthPresent", "sts:RoleSessionName"],
    )
    mfa = {
        "ContextKeyName": "aws:MultiFactorAuthPresent",
        "ContextKeyValues": ["true"],
        "ContextKeyType": "boolean",
    }
    name = {
        "ContextKeyName": "sts:rolesessionname",
        "ContextKeyValues": ["Bob-1"],
        "ContextKeyType": "string",
    }
    assert simulate(aws, ContextEntries=[mfa])["MissingContextValues"] == ["sts:RoleSessionName"]
    found = simulate(aws, ContextEntries=[mfa, name])
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("allowed", [])
    assert simulate(aws, "s3:ListBucket")["MissingContextValues"] == []
    assert simulate(aws, resources=(f"{ROLE}2",))["MissingContextValues"] == []
    assert (
        refusal(lambda: simulate(aws, ContextEntries=[{**mfa, "ContextKeyType": "truth"}]))[0]
        == "InvalidInput"
    )


def test_a_variable_in_a_resource_is_asked_for(aws: EmbeddedAws) -> None:
    text = allowing("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/${{aws:PrincipalTag/team}}")
    source(aws).put_user_policy(UserName="Bob", PolicyName="may", PolicyDocument=text)
    assert simulate(aws)["MissingContextValues"] == ["aws:PrincipalTag/team"]
    entry = {
        "ContextKeyName": "aws:PrincipalTag/team",
        "ContextKeyValues": ["SwitchRole"],
        "ContextKeyType": "string",
    }
    assert simulate(aws, ContextEntries=[entry])["EvalDecision"] == "allowed"
    source(aws).tag_user(UserName="Bob", Tags=[{"Key": "team", "Value": "SwitchRole"}])
    assert simulate(aws)["EvalDecision"] == "allowed"


def test_roles_groups_and_policies_that_are_only_thought_of(aws: EmbeddedAws) -> None:
    iam = source(aws)
    iam.create_role(RoleName="R", Path="/p/", AssumeRolePolicyDocument=trusting({"AWS": ROOT}))
    iam.put_role_policy(RoleName="R", PolicyName="may", PolicyDocument=allowing("sts:AssumeRole"))
    iam.create_group(GroupName="G")
    iam.put_group_policy(GroupName="G", PolicyName="may", PolicyDocument=allowing("sts:AssumeRole"))
    for arn, name in (
        (f"arn:aws:iam::{SOURCE}:role/p/R", "role_R_may"),
        (f"arn:aws:iam::{SOURCE}:group/G", "group_G_may"),
    ):
        found = simulate(aws, arn=arn)
        assert (found["EvalDecision"], found["MatchedStatements"][0]["SourcePolicyId"]) == (
            "allowed",
            name,
        )
    found = simulate(aws, PolicyInputList=[allowing("s3:*"), allowing("sts:*")])
    assert (found["EvalDecision"], found["MatchedStatements"][0]["SourcePolicyId"]) == (
        "allowed",
        "PolicyInputList.2",
    )


@pytest.mark.parametrize(
    ("arn", "code", "text"),
    [
        (
            f"arn:aws:iam::{SOURCE}:user/None",
            "NoSuchEntity",
            "The user with name None cannot be found.",
        ),
        (
            f"arn:aws:iam::{SOURCE}:role/a/None",
            "NoSuchEntity",
            "The role with name None cannot be found.",
        ),
        (
            f"arn:aws:sts::{SOURCE}:assumed-role/R/me",
            "InvalidInput",
            "does not clearly define entity type and name.",
        ),
    ],
    ids=["user", "role", "session"],
)
def test_identities_that_are_none(aws: EmbeddedAws, arn: str, code: str, text: str) -> None:
    found = refusal(lambda: simulate(aws, arn=arn))
    assert found[0] == code
    assert found[1].endswith(text)


def test_it_needs_permission_and_names_of_actions(aws: EmbeddedAws) -> None:
    ask = {"PolicySourceArn": BOB_ARN, "ActionNames": ["sts:AssumeRole"]}
    code, text = refusal(bob(aws).simulate_principal_policy, **ask)
    assert code == "AccessDenied"
    assert (
        f"iam:SimulatePrincipalPolicy on resource: {BOB_ARN} because no identity-based policy"
        " allows" in text
    )
    source(aws).put_user_policy(
        UserName="Bob",
        PolicyName="sim",
        PolicyDocument=allowing("iam:SimulatePrincipalPolicy", BOB_ARN),
    )
    assert (
        bob(aws).simulate_principal_policy(**ask)["EvaluationResults"][0]["EvalResourceName"] == "*"
    )
    assert refusal(lambda: simulate(aws, "AssumeRole"))[0] == "InvalidInput"
    assert refusal(lambda: simulate(aws, ResourcePolicy=trusting("*")))[0] == "InvalidInput"
    many = [f"sts:Action{number}" for number in range(150)]
    assert (
        len(
            list(
                source(aws)
                .get_paginator("simulate_principal_policy")
                .paginate(**{**ask, "ActionNames": many})
            )
        )
        == 2
    )


STATEMENTS = st.lists(
    st.dictionaries(st.text(max_size=3), st.text(max_size=5), max_size=3), min_size=1, max_size=4
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STATEMENTS, st.sampled_from([None, 0, 3]), st.sampled_from(["first", "last", "single"]))
def test_statements_are_found_where_they_stand(
    entries: list[dict[str, str]], indent: int | None, place: str
) -> None:
    body: Any = entries[0] if place == "single" else entries
    data = (
        {"Statement": body, "Version": "x"}
        if place == "first"
        else {"Id": '{[,"', "Version": "x", "Statement": body}
    )
    text = json.dumps(data, indent=indent)
    found = [
        json.loads(text[span.start : span.end]) for span in statement_positions.statements(text)
    ]
    assert found == (entries[:1] if place == "single" else entries)
