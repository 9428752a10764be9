from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.access.iam_model import (
    ACCOUNT,
    AUDIT,
    GROUP,
    LIST_BUCKETS,
    PROFILES,
    READ_ONLY,
    ROLE,
    SOURCE,
    TARGET,
    USER,
    Accounts,
    accounts,
    calls,
    full_request,
    run,
    settled,
    wanted,
)
from xswitch.core.access.documents import (
    canonical_json,
    permission_statement,
    policy_name,
    statements_of,
    trust_policy,
)
from xswitch.core.access.model import (
    AccessRequest,
    AccountSide,
    NamedPolicy,
    PrincipalState,
    PrincipalType,
    RoleState,
    TrustedPrincipal,
)
from xswitch.core.access.plan import make_plan, managed_policy_arn
from xswitch.core.errors import ConfigError
from xswitch.core.policy import PolicyError

PEOPLES = canonical_json(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "People",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
OLD_ROLE = RoleState(
    f"arn:aws:iam::{TARGET}:role/SwitchRole",
    PEOPLES,
    description="as it was",
    max_session_seconds=10800,
    tags=(("Team", "red"), ("owner", "somebody")),
    attached=(AUDIT, "arn:aws:iam::aws:policy/job-function/Billing"),
    inline=(
        NamedPolicy("buckets", PEOPLES.replace("sts:", "s3:")),
        NamedPolicy("theirs", LIST_BUCKETS),
    ),
    boundary="arn:aws:iam::aws:policy/PowerUserAccess",
)
EVERY_WHO = pytest.mark.parametrize(
    "who", [USER, GROUP, ROLE, ACCOUNT], ids=["user", "group", "role", "account"]
)
EITHER_ROLE = pytest.mark.parametrize("role", [None, OLD_ROLE], ids=["new", "old"])


def test_two_empty_accounts_need_a_policy_a_role_and_its_permissions() -> None:
    request = full_request()
    plan = accounts(request).plan(request)
    assert [call.operation for call in calls(plan)] == [
        "PutUserPolicy",
        "CreateRole",
        "AttachRolePolicy",
        "AttachRolePolicy",
        "PutRolePolicy",
        "PutRolePolicy",
    ]
    put, create = calls(plan)[:2]
    assert put.parameters == {
        "UserName": "SwitchUser",
        "PolicyName": policy_name(request),
        "PolicyDocument": plan.permission,
    }
    assert create.parameters == {
        "RoleName": "SwitchRole",
        "Path": "/",
        "AssumeRolePolicyDocument": plan.trust,
        "MaxSessionDuration": 7200,
        "Description": "For the people on call",
        "Tags": [{"Key": "team", "Value": "blue"}, {"Key": "Cost Centre", "Value": "7"}],
    }
    assert (plan.source.profile, plan.target.profile, plan.source.account, plan.target.account) == (
        "source-admin",
        "target-admin",
        SOURCE,
        TARGET,
    )
    assert {change.side for change in plan.source.changes} == {AccountSide.SOURCE}
    assert {change.side for change in plan.target.changes} == {AccountSide.TARGET}


def test_nothing_unrequested_is_sent() -> None:
    request = wanted(managed_policies=())
    (create,) = [
        call for call in calls(accounts(request).plan(request)) if call.operation == "CreateRole"
    ]
    assert set(create.parameters) == {
        "RoleName",
        "Path",
        "AssumeRolePolicyDocument",
        "MaxSessionDuration",
    }


@EVERY_WHO
@EITHER_ROLE
def test_killed_after_any_call_and_run_again_it_ends_in_the_same_state(
    who: TrustedPrincipal, role: RoleState | None
) -> None:
    request = full_request(who)
    world = accounts(request, role)
    made = calls(world.plan(request))
    done = settled(run(world, made, request))
    assert done.plan(request).empty
    for killed in range(len(made) + 1):
        half = run(world, made[:killed], request)
        again = half.plan(request)
        assert len(calls(again)) == len(made) - killed
        assert settled(run(half, calls(again), request)) == done


@EVERY_WHO
@EITHER_ROLE
def test_taken_back_from_any_point_both_accounts_are_as_they_were(
    who: TrustedPrincipal, role: RoleState | None
) -> None:
    request = full_request(who)
    existing = NamedPolicy(
        "theirs",
        canonical_json(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            }
        ),
    )
    for inline in ((), (existing,), (NamedPolicy(policy_name(request), existing.document),)):
        managed = (
            replace(inline[0], name=policy_name(request))
            if inline and who.kind is PrincipalType.ACCOUNT
            else None
        )
        world = accounts(
            request,
            role,
            inline=() if who.kind is PrincipalType.ACCOUNT else inline,
            managed=managed,
        )
        plan = world.plan(request)
        changes = [change for side in plan.sides for change in side.changes]
        for stopped in range(len(changes) + 1):
            half = run(world, [change.call for change in changes[:stopped]], request)
            undone = run(
                half,
                [call for change in reversed(changes[:stopped]) for call in change.undo],
                request,
            )
            assert settled(undone) == settled(world)


TAGS = st.lists(
    st.tuples(
        st.sampled_from(["team", "Team", "owner", "x"]), st.sampled_from(["", "blue", "red"])
    ),
    max_size=3,
)


@settings(max_examples=120, deadline=None)
@given(
    who=st.sampled_from([USER, GROUP, ROLE, ACCOUNT]),
    tags=TAGS.map(
        lambda pairs: tuple({key.casefold(): (key, value) for key, value in pairs}.values())
    ),
    old_tags=TAGS.map(
        lambda pairs: tuple({key.casefold(): (key, value) for key, value in pairs}.values())
    ),
    managed=st.sets(st.sampled_from([READ_ONLY, AUDIT])).map(lambda arns: tuple(sorted(arns))),
    attached=st.sets(st.sampled_from([READ_ONLY, AUDIT])).map(lambda arns: tuple(sorted(arns))),
    durations=st.tuples(st.sampled_from([3600, 7200]), st.sampled_from([3600, 7200])),
    texts=st.tuples(st.sampled_from(["", "a"]), st.sampled_from(["", "b"])),
    external_id=st.sampled_from([None, "e42"]),
    mfa=st.booleans(),
    trusts=st.lists(
        st.sampled_from(["ours", "other", "without", "denies"]), max_size=3, unique=True
    ),
    cut=st.integers(0, 10),
)
def test_a_plan_applied_from_anywhere_leaves_nothing_to_do(
    *,
    who: TrustedPrincipal,
    tags: Any,
    old_tags: Any,
    managed: tuple[str, ...],
    attached: tuple[str, ...],
    durations: tuple[int, int],
    texts: tuple[str, str],
    external_id: str | None,
    mfa: bool,
    trusts: list[str],
    cut: int,
) -> None:
    request = wanted(
        who,
        managed_policies=managed,
        tags=tags,
        max_session_seconds=durations[0],
        description=texts[0],
        external_id=external_id,
        require_mfa=mfa,
    )
    other_request = replace(request, require_mfa=not mfa)
    (ours,) = statements_of(trust_policy(request, "arn:aws:iam::111111111111:root"))
    (without,) = statements_of(trust_policy(other_request, "arn:aws:iam::111111111111:root"))
    choices = {
        "ours": {**ours, "Sid": "a"},
        "other": statements_of(PEOPLES)[0],
        "without": without,
        "denies": {**ours, "Sid": "d", "Effect": "Deny"},
    }
    trust = canonical_json(
        {"Version": "2012-10-17", "Statement": [choices[name] for name in trusts]}
    )
    role = RoleState(OLD_ROLE.arn, trust, texts[1], durations[1], old_tags, attached)
    world = accounts(request, role)
    made = calls(world.plan(request))
    done = run(world, made, request)
    assert done.plan(request).empty
    half = run(world, made[:cut], request)
    assert settled(run(half, calls(half.plan(request)), request)) == settled(done)
    assert done.target is not None
    assert {statement.get("Sid") for statement in statements_of(trust)} <= {
        one.get("Sid") for one in statements_of(done.target.trust)
    }


def test_changes_of_others_to_the_role_stay() -> None:
    request = full_request()
    world = accounts(request, OLD_ROLE)
    after = run(world, calls(world.plan(request)), request).target
    assert after is not None
    assert ("owner", "somebody") in after.tags
    assert ("team", "blue") in after.tags
    assert ("Team", "red") not in after.tags
    assert set(OLD_ROLE.attached) <= set(after.attached)
    assert "theirs" in {policy.name for policy in after.inline}
    assert [statement["Sid"] for statement in statements_of(after.trust)] == [
        "People",
        f"XswitchAssume{SOURCE}UserSwitchUser",
    ]


def test_a_description_that_was_not_given_is_left_as_it_is() -> None:
    request = wanted()
    plan = accounts(request, OLD_ROLE).plan(request)
    (update,) = [call for call in calls(plan) if call.operation == "UpdateRole"]
    assert update.parameters == {
        "RoleName": "SwitchRole",
        "Description": "as it was",
        "MaxSessionDuration": 3600,
    }


def test_two_users_of_one_role_each_have_their_statement() -> None:
    first = wanted()
    world = run(accounts(first), calls(accounts(first).plan(first)), first)
    second = wanted(TrustedPrincipal(PrincipalType.USER, SOURCE, "Other"))
    world = Accounts(
        world.target, PrincipalState(PrincipalType.USER, f"arn:aws:iam::{SOURCE}:user/Other")
    )
    plan = world.plan(second)
    assert [call.operation for call in calls(plan)] == ["PutUserPolicy", "UpdateAssumeRolePolicy"]
    assert len(statements_of(plan.trust)) == 2
    assert accounts(first, run(world, calls(plan), second).target).plan(first).target.changes == ()


def test_a_deleted_and_made_again_user_is_named_again() -> None:
    request = wanted()
    world = run(accounts(request), calls(accounts(request).plan(request)), request)
    assert world.target is not None
    dead = replace(
        world.target,
        trust=world.target.trust.replace(
            f"arn:aws:iam::{SOURCE}:user/SwitchUser", "AIDAABCDEFGHIJKLMNOP"
        ),
    )
    (update,) = calls(replace(world, target=dead).plan(request))
    assert update.operation == "UpdateAssumeRolePolicy"
    assert "AIDA" not in update.parameters["PolicyDocument"]


def test_a_policy_of_another_name_that_says_the_same_is_enough() -> None:
    request = wanted()
    said = {**permission_statement(request), "Sid": "ByHand"}
    said["Resource"] = [request.role_arn, "arn:aws:iam::333333333333:role/Other"]
    inline = (NamedPolicy("by-hand", canonical_json({"Version": "2012-10-17", "Statement": said})),)
    assert accounts(request, inline=inline).plan(request).source.changes == ()


def test_the_users_own_path_is_taken_from_what_is_there() -> None:
    request = wanted()
    source = PrincipalState(PrincipalType.USER, f"arn:aws:iam::{SOURCE}:user/people/SwitchUser")
    assert "user/people/SwitchUser" in Accounts(None, source).plan(request).trust


def test_an_unread_account_gets_everything() -> None:
    request = full_request()
    plan = make_plan(
        request, target=None, target_seen=False, source=None, source_seen=False, profiles={}
    )
    assert (plan.target.seen, plan.source.seen, plan.target.profile, plan.source.profile) == (
        False,
        False,
        None,
        None,
    )
    assert calls(plan) == calls(accounts(request).plan(request))
    assert "principal_unseen" in {finding.code for finding in plan.warnings}


def test_a_whole_account_gets_a_managed_policy_and_new_versions_of_it() -> None:
    request = wanted(ACCOUNT)
    world = accounts(request)
    (create, *_) = calls(world.plan(request))
    assert (create.operation, create.parameters["PolicyName"]) == (
        "CreatePolicy",
        policy_name(request),
    )
    old = NamedPolicy(policy_name(request), LIST_BUCKETS)
    (version, *_) = calls(accounts(request, managed=old).plan(request))
    assert (version.operation, version.parameters["PolicyArn"]) == (
        "CreatePolicyVersion",
        managed_policy_arn(request),
    )
    by_arn = NamedPolicy(f"arn:aws:iam::{SOURCE}:policy/x/Mine", LIST_BUCKETS)
    (version, *_) = calls(accounts(request, managed=by_arn).plan(request))
    assert version.parameters["PolicyArn"] == by_arn.name


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{TARGET}:role/team/SwitchRole",
        f"arn:aws:iam::{SOURCE}:role/SwitchRole",
        f"arn:aws:iam::{TARGET}:role/switchrole",
    ],
    ids=["path", "account", "case"],
)
def test_a_role_with_another_arn_is_rejected(arn: str) -> None:
    with pytest.raises(ConfigError) as error:
        accounts(wanted(), replace(OLD_ROLE, arn=arn)).plan(wanted())
    assert error.value.code == "role_elsewhere"
    assert arn in error.value.what


def test_a_missing_principal_is_rejected() -> None:
    with pytest.raises(ConfigError) as error:
        Accounts(None, None).plan(wanted())
    assert error.value.code == "principal_missing"
    assert Accounts(None, None).plan(wanted(ACCOUNT)).source.changes


@pytest.mark.parametrize(
    ("who", "source"),
    [
        (USER, PrincipalState(PrincipalType.USER, f"arn:aws:iam::{TARGET}:user/SwitchUser")),
        (USER, PrincipalState(PrincipalType.USER, f"arn:aws:iam::{SOURCE}:user/Another")),
        (USER, PrincipalState(PrincipalType.ROLE, f"arn:aws:iam::{SOURCE}:user/SwitchUser")),
        (
            replace(USER, path="/a/"),
            PrincipalState(PrincipalType.USER, f"arn:aws:iam::{SOURCE}:user/b/SwitchUser"),
        ),
        (ACCOUNT, PrincipalState(PrincipalType.ACCOUNT, f"arn:aws:iam::{TARGET}:root")),
    ],
    ids=["account", "name", "kind", "path", "root"],
)
def test_a_principal_with_another_arn_is_rejected(
    who: TrustedPrincipal, source: PrincipalState
) -> None:
    with pytest.raises(ConfigError) as error:
        Accounts(None, source).plan(wanted(who))
    assert error.value.code == "principal_elsewhere"


def test_an_invalid_trust_policy_is_reported_with_its_role() -> None:
    with pytest.raises(PolicyError, match="role/SwitchRole"):
        accounts(wanted(), replace(OLD_ROLE, trust="{")).plan(wanted())


def test_the_planned_documents_are_in_both_accounts_afterwards() -> None:
    request = full_request(ROLE)
    world = accounts(request, OLD_ROLE)
    plan = world.plan(request)
    after = run(world, calls(plan), request)
    assert after.target is not None
    assert after.source is not None
    assert after.target.trust == plan.trust
    assert after.source.inline == (NamedPolicy(policy_name(request), plan.permission),)
    assert json.loads(plan.permission)["Statement"][0]["Resource"] == request.role_arn


def test_profiles_are_those_given() -> None:
    request: AccessRequest = wanted()
    plan = make_plan(
        request,
        target=None,
        target_seen=True,
        source=None,
        source_seen=False,
        profiles={**PROFILES, AccountSide.SOURCE: None},
    )
    assert (plan.target.profile, plan.source.profile) == ("target-admin", None)
