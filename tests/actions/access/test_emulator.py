"""Plan, apply, roll back, and check against the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.access.services import AccessWorld, Stand, inputs, killed_everywhere, state_of
from support.actions import FakePrompt
from support.aws.emulator import aws_server, totp_code
from support.aws.iam import (
    BOB,
    BOB_TOTP,
    SOURCE,
    SOURCE_ADMIN,
    TARGET,
    TARGET_ADMIN,
    source,
    state,
    target,
)
from xswitch.actions.ports import no_progress, replace_ports
from xswitch.core.access.model import NamedPolicy, PrincipalType
from xswitch.core.errors import AwsDeniedError, ConfigError, MfaNeededError, TargetError, UsageError
from xswitch.emulator.server import EmbeddedAws

KEYS = {"source-admin": SOURCE_ADMIN, "target-admin": TARGET_ADMIN, "bob": BOB}
ROLE = f"arn:aws:iam::{TARGET}:role/SwitchRole"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


@pytest.fixture
def world(aws: EmbeddedAws) -> AccessWorld:
    return AccessWorld(aws.endpoint, KEYS)


def code(aws: EmbeddedAws) -> FakePrompt:
    return FakePrompt(totp_code(BOB_TOTP, aws.clock.now()))


def test_from_nothing_to_a_switch_that_works(aws: EmbeddedAws, world: AccessWorld) -> None:
    planned = world.access.plan(inputs(), FakePrompt(), no_progress)
    assert planned.plan.source.account == SOURCE
    assert planned.plan.target.account == TARGET
    assert planned.plan.request.role_arn == ROLE
    assert len(planned.plan.source.changes) == 1
    assert world.calls == []
    applied = world.access.apply(planned, FakePrompt(), world.step)
    assert (applied.error, applied.left) == (None, ())
    assert next(step[0] for step in world.steps if step[2] == "done") == "source"
    checked = world.access.check(applied.planned, code(aws), no_progress)
    assert checked.identity.arn.startswith(f"arn:aws:sts::{TARGET}:assumed-role/SwitchRole/")
    assert (checked.profile, checked.command) == ("SwitchRole", "xs SwitchRole")
    assert "account=222222222222" in checked.console_link
    profile = world.world.config.read().profiles["SwitchRole"]
    assert profile.get("source_profile") == "bob"
    assert profile.get("mfa_serial") == f"arn:aws:iam::{SOURCE}:mfa/Bob"
    again = world.access.check(applied.planned, FakePrompt(), no_progress)
    assert again.tries == 1


def test_a_second_apply_changes_nothing(world: AccessWorld) -> None:
    world.apply(inputs())
    before = list(world.calls)
    assert world.apply(inputs()).done == ()
    assert world.calls == before


@pytest.mark.parametrize("who", [PrincipalType.GROUP, PrincipalType.ROLE, PrincipalType.ACCOUNT])
def test_groups_roles_and_whole_accounts(
    aws: EmbeddedAws, world: AccessWorld, who: PrincipalType
) -> None:
    source(aws).create_group(GroupName="Team", Path="/eu/")
    source(aws).create_role(RoleName="Team", Path="/eu/", AssumeRolePolicyDocument=_trust(SOURCE))
    wanted = inputs(who_kind=who, who_name="" if who is PrincipalType.ACCOUNT else "Team")
    assert world.apply(wanted).error is None
    assert world.changes(wanted) == 0


def test_killed_at_every_change_and_run_again_it_ends_the_same() -> None:
    opened: list[Any] = []

    wanted = inputs(documents=(NamedPolicy("own", _document()),))

    def make() -> Stand:
        manager = aws_server(state())
        aws = manager.__enter__()
        opened.append(manager)
        return Stand(AccessWorld(aws.endpoint, KEYS), wanted, lambda: state_of(aws.endpoint, KEYS))

    try:
        reference, ends = killed_everywhere(make)
    finally:
        for manager in opened:
            manager.__exit__(None, None, None)
    assert len(ends) >= 8
    assert all(end == reference for end in ends)


def test_existing_objects_are_changed_and_restored_by_a_rollback(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    target(aws).create_role(
        RoleName="SwitchRole",
        AssumeRolePolicyDocument=_trust(TARGET),
        Tags=[{"Key": "team", "Value": "red"}],
    )
    source(aws).put_user_policy(UserName="Bob", PolicyName="own", PolicyDocument=_document())
    before = state_of(aws.endpoint, KEYS)
    applied = world.apply(inputs())
    assert applied.error is None
    between = state_of(aws.endpoint, KEYS)
    assert between != before
    assert "111111111111:user/Bob" in between[0].trust
    assert f"{TARGET}" in between[0].trust
    back = world.access.rollback(applied, FakePrompt(), world.step)
    assert back.error is None
    assert state_of(aws.endpoint, KEYS) == before


def test_a_failure_in_the_middle_says_what_was_done_and_can_be_taken_back(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    before = state_of(aws.endpoint, KEYS)
    aws.faults.add("error", "AttachRolePolicy", code="LimitExceeded")
    applied = world.apply(inputs())
    assert isinstance(applied.error, AwsDeniedError)
    assert len(applied.done) >= 2
    assert len(applied.left) == 1
    assert world.steps[-1][2] == "failed"
    assert world.access.rollback(applied, FakePrompt(), world.step).error is None
    assert state_of(aws.endpoint, KEYS) == before


def test_one_side_alone(aws: EmbeddedAws, world: AccessWorld) -> None:
    planned = world.access.plan(
        inputs(target_profile=None, target_account=TARGET), FakePrompt(), no_progress
    )
    assert (planned.plan.target.seen, planned.plan.source.seen) == (False, True)
    applied = world.access.apply(planned, FakePrompt(), world.step)
    assert {side.value for side, _ in applied.done} == {"source"}
    assert state_of(aws.endpoint, KEYS)[0] is None


def test_the_made_up_external_id_stays(world: AccessWorld) -> None:
    wanted = inputs(generate_external_id=True)
    first = world.apply(wanted)
    assert first.planned.plan.request.external_id == "made-up-42"
    world.world.ports = replace_ports(world.world.ports, new_id=lambda: "another")
    assert world.changes(wanted) == 0


def test_inputs_that_lead_nowhere(world: AccessWorld) -> None:
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"target_profile": "nobody"}, TargetError),
        ({"who_name": "Nobody"}, TargetError),
        ({"who_name": "arn:aws:iam::333333333333:user/Bob"}, UsageError),
        ({"who_name": "two words"}, UsageError),
        ({"target_profile": None, "source_profile": None}, UsageError),
        ({"max_session_seconds": 10}, UsageError),
    ]
    for more, error in cases:
        with pytest.raises(error):
            world.access.plan(inputs(**more), FakePrompt(), no_progress)
    assert world.calls == []


def test_the_user_of_the_source_profile_is_meant_when_none_is_named(world: AccessWorld) -> None:
    planned = world.access.plan(
        inputs(who_name="", source_profile="source-admin"), FakePrompt(), no_progress
    )
    assert planned.plan.request.principal.name == "admin"


def test_a_check_never_overwrites_a_different_profile(aws: EmbeddedAws, world: AccessWorld) -> None:
    applied = world.apply(inputs(save_as="bob"))
    with pytest.raises(ConfigError, match="different profile"):
        world.access.check(applied.planned, code(aws), no_progress)
    assert world.world.config.applied == []


def test_a_check_needs_a_code_and_says_so(world: AccessWorld) -> None:
    applied = world.apply(inputs())
    with pytest.raises(MfaNeededError):
        world.access.check(applied.planned, FakePrompt(), no_progress)


def test_the_check_waits_until_iam_has_spread_the_change(
    world: AccessWorld, aws: EmbeddedAws
) -> None:
    applied = world.apply(inputs(require_mfa=False))
    policy = source(aws).get_user_policy(
        UserName="Bob", PolicyName=source(aws).list_user_policies(UserName="Bob")["PolicyNames"][0]
    )
    source(aws).delete_user_policy(UserName="Bob", PolicyName=policy["PolicyName"])

    def spread(seconds: float) -> None:
        world.world.pauses.append(seconds)
        if len(world.world.pauses) == 3:
            source(aws).put_user_policy(
                UserName="Bob",
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )

    world.broker.ports = replace_ports(world.world.ports, sleep=spread)
    checked = world.access.check(applied.planned, FakePrompt(), no_progress)
    assert checked.tries == 4


def _trust(account: str) -> str:
    return _json(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
        }
    )


def _document() -> str:
    return _json({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"})


def _json(statement: dict[str, Any]) -> str:

    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
