"""Failures while a setup is applied, rolled back, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.access.services import AccessWorld, Kill, inputs, state_of
from support.actions import FakePrompt
from support.aws.emulator import aws_server, totp_code
from support.aws.iam import (
    BOB,
    BOB_SERIAL,
    BOB_TOTP,
    SOURCE,
    SOURCE_ADMIN,
    TARGET,
    TARGET_ADMIN,
    allowing,
    source,
    state,
    target,
    trusting,
)
from xswitch.actions.access.api import ChangeStatus
from xswitch.actions.ports import no_progress
from xswitch.adapters.aws.sts import BotoSts
from xswitch.core.access.model import AccountSide, IamChange, PrincipalType
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    ConfigError,
    NetworkError,
    TargetError,
    UsageError,
    XswitchError,
)
from xswitch.core.model import CallerIdentity, Credentials, Endpoint
from xswitch.emulator.faults import ALWAYS
from xswitch.emulator.server import EmbeddedAws

KEYS = {"source-admin": SOURCE_ADMIN, "target-admin": TARGET_ADMIN, "bob": BOB}
ROLE = f"arn:aws:iam::{TARGET}:role/SwitchRole"
FIDO = f"arn:aws:iam::{SOURCE}:u2f/user/Bob/default-ABC"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


@pytest.fixture
def world(aws: EmbeddedAws) -> AccessWorld:
    return AccessWorld(aws.endpoint, KEYS)


def code(aws: EmbeddedAws) -> FakePrompt:
    return FakePrompt(totp_code(BOB_TOTP, aws.clock.now()))


class At:
    """A listener that does some work once, just before a call."""

    def __init__(self, operation: str, work: Any) -> None:
        self._operation = operation
        self._work = work

    def __call__(self, side: AccountSide, change: IamChange, now: ChangeStatus) -> None:
        del side
        if now == "doing" and change.call.operation == self._operation:
            self._operation = ""
            self._work()


# -- changes by others


def test_a_role_created_by_others_in_the_meantime_is_neither_used_nor_rolled_back(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    theirs = trusting({"AWS": f"arn:aws:iam::{TARGET}:root"})
    planned = world.access.plan(inputs(), FakePrompt(), no_progress)
    others = At(
        "CreateRole",
        lambda: target(aws).create_role(RoleName="SwitchRole", AssumeRolePolicyDocument=theirs),
    )
    applied = world.access.apply(planned, FakePrompt(), others)
    assert isinstance(applied.error, ConfigError)
    assert applied.error.code == "access_changed"
    assert "CreateRole" not in [change.call.operation for _, change in applied.done]
    assert applied.left[0][1].call.operation == "CreateRole"
    assert world.access.rollback(applied, FakePrompt(), world.step).error is None
    role, user = state_of(aws.endpoint, KEYS)
    assert (SOURCE in role.trust, user.inline) == (False, ())


def test_only_changes_in_the_plan_are_made(aws: EmbeddedAws, world: AccessWorld) -> None:
    planned = world.access.plan(inputs(), FakePrompt(), no_progress)
    target(aws).create_role(
        RoleName="SwitchRole",
        AssumeRolePolicyDocument=trusting({"AWS": f"arn:aws:iam::{TARGET}:root"}),
    )
    applied = world.access.apply(planned, FakePrompt(), world.step)
    assert isinstance(applied.error, ConfigError)
    assert "trust" in applied.error.why
    assert {side for side, _ in applied.done} == {AccountSide.SOURCE}
    assert world.calls == ["PutUserPolicy"]


def test_a_plan_half_of_which_was_made_by_others_goes_on(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    planned = world.access.plan(inputs(), FakePrompt(), no_progress)
    other = AccessWorld(aws.endpoint, KEYS)
    other.apply(inputs(policies=()))
    applied = world.access.apply(planned, FakePrompt(), world.step)
    assert (applied.error, [change.call.operation for _, change in applied.done]) == (
        None,
        ["AttachRolePolicy"],
    )


# -- lost responses


@pytest.mark.parametrize("action", ["PutUserPolicy", "CreateRole", "AttachRolePolicy"])
def test_an_answer_that_is_lost_is_looked_up(
    aws: EmbeddedAws, world: AccessWorld, action: str
) -> None:
    before = state_of(aws.endpoint, KEYS)
    aws.faults.add("lost", action)
    applied = world.apply(inputs())
    assert (applied.error, len(applied.done), aws.faults.pending) == (None, 3, 0)
    assert world.changes(inputs()) == 0
    assert world.access.rollback(applied, FakePrompt(), world.step).error is None
    assert state_of(aws.endpoint, KEYS) == before


@pytest.mark.parametrize("action", ["PutUserPolicy", "CreateRole", "AttachRolePolicy"])
def test_a_possibly_applied_change_is_rolled_back_too(
    aws: EmbeddedAws, world: AccessWorld, action: str
) -> None:
    before = state_of(aws.endpoint, KEYS)
    planned = world.access.plan(inputs(), FakePrompt(), no_progress)

    def cut() -> None:
        aws.faults.add("lost", action)
        aws.faults.add("reset", times=ALWAYS, after=1)

    applied = world.access.apply(planned, FakePrompt(), At(action, cut))
    assert isinstance(applied.error, NetworkError)
    assert applied.left[0][1].call.operation == action
    aws.faults.clear()
    assert state_of(aws.endpoint, KEYS) != before
    back = world.access.rollback(applied, FakePrompt(), world.step)
    assert back.error is None
    assert len(back.done) == len(applied.done) + 1
    assert state_of(aws.endpoint, KEYS) == before


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupt_is_a_stop_that_says_what_was_done(
    # Pytest passes it by name
    aws: EmbeddedAws,
    world: AccessWorld,
    at: int,
    after: bool,  # noqa: FBT001
) -> None:
    before = state_of(aws.endpoint, KEYS)
    planned = world.access.plan(inputs(), FakePrompt(), no_progress)
    world.source.kill = Kill(at, after, KeyboardInterrupt)
    applied = world.access.apply(planned, FakePrompt(), world.step)
    world.source.kill = None
    assert isinstance(applied.error, CancelledError)
    assert (len(applied.done), len(applied.left)) == (at - 1, 4 - at)
    back = world.access.rollback(applied, FakePrompt(), world.step)
    assert (back.error, len(back.done)) == (None, at - 1 + after)
    assert state_of(aws.endpoint, KEYS) == before


def test_an_unreachable_aws_is_reported_in_the_result(aws: EmbeddedAws, world: AccessWorld) -> None:
    planned = world.access.plan(inputs(), FakePrompt(), no_progress)
    aws.faults.add("reset", times=ALWAYS)
    applied = world.access.apply(planned, FakePrompt(), world.step)
    assert isinstance(applied.error, NetworkError)
    assert (applied.done, len(applied.left)) == ((), 3)
    back = world.access.rollback(applied, FakePrompt(), world.step)
    assert isinstance(back.error, XswitchError)


@pytest.mark.parametrize(
    "refusal", ["ConcurrentModification", "EntityTemporarilyUnmodifiable", "Throttling"]
)
def test_a_transient_error_is_retried(aws: EmbeddedAws, world: AccessWorld, refusal: str) -> None:
    aws.faults.add("error", "AttachRolePolicy", times=3, code=refusal)
    applied = world.apply(inputs())
    assert applied.error is None
    assert world.world.pauses
    aws.faults.add("error", "DetachRolePolicy", times=2, code=refusal)
    assert world.access.rollback(applied, FakePrompt(), world.step).error is None


# -- policies by name


def test_a_policy_that_is_not_there_is_found_before_anything_is_done(world: AccessWorld) -> None:
    for name in (
        "NotThere",
        f"arn:aws:iam::{TARGET}:policy/NotThere",
        "arn:aws:iam::aws:policy/NotThere",
    ):
        with pytest.raises(TargetError) as error:
            world.access.plan(inputs(policies=(name,)), FakePrompt(), no_progress)
        assert error.value.code == "policy_missing"
        assert "NotThere" in error.value.what
    assert world.calls == []


def test_a_policy_is_found_by_its_name_wherever_it_is(aws: EmbeddedAws, world: AccessWorld) -> None:
    target(aws).create_policy(PolicyName="Ours", PolicyDocument=allowing("s3:ListAllMyBuckets"))
    planned = world.access.plan(
        inputs(policies=("ReadOnlyAccess", "ViewOnlyAccess", "Ours")), FakePrompt(), no_progress
    )
    amazon = "arn:aws:iam::aws:policy"
    arns = (
        f"{amazon}/ReadOnlyAccess",
        f"{amazon}/job-function/ViewOnlyAccess",
        f"arn:aws:iam::{TARGET}:policy/Ours",
    )
    assert planned.plan.request.managed_policies == arns
    assert planned.inputs.policies == arns
    unseen = world.access.plan(
        inputs(policies=("Ours",), target_profile=None, target_account=TARGET),
        FakePrompt(),
        no_progress,
    )
    assert unseen.plan.request.managed_policies == ("arn:aws:iam::aws:policy/Ours",)


def test_where_policies_may_not_be_looked_at_the_apply_says_it_and_waits_for_nothing(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    aws.faults.add("error", "GetPolicy", times=ALWAYS, code="AccessDenied")
    applied = world.apply(inputs(policies=("NotThere",)))
    assert isinstance(applied.error, AwsDeniedError)
    assert applied.error.code == "iam_missing"
    assert world.world.pauses == []
    assert len(applied.done) == 2


# -- the trusted principal


@pytest.mark.parametrize("name", ["eu/west/Ann", f"arn:aws:iam::{SOURCE}:user/eu/west/Ann"])
def test_a_path_that_only_the_caller_knows_gets_into_the_trust_policy(
    aws: EmbeddedAws, world: AccessWorld, name: str
) -> None:
    source(aws).create_user(UserName="Ann", Path="/eu/west/")
    account = "" if name.startswith("arn:") else SOURCE
    wanted = inputs(who_name=name, source_profile=None, source_account=account)
    applied = world.apply(wanted)
    assert applied.error is None
    assert f"arn:aws:iam::{SOURCE}:user/eu/west/Ann" in state_of(aws.endpoint, KEYS)[0].trust
    assert (
        world.access.plan(applied.planned.inputs, FakePrompt(), no_progress).plan.target.changes
        == ()
    )


# -- the check


def test_a_profile_of_the_same_role_that_says_something_else_is_not_touched(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    applied = world.apply(inputs())
    world.world.config.config += (
        f"[profile SwitchRole]\nrole_arn = {ROLE}\nsource_profile = target-admin\n"
    )
    text = world.world.config.config
    with pytest.raises(ConfigError, match="source_profile is target-admin") as error:
        world.access.check(applied.planned, code(aws), no_progress)
    assert (error.value.code, world.world.config.config) == ("profile_exists", text)


def test_a_profile_that_says_the_same_and_more_is_used(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    applied = world.apply(inputs(require_mfa=False))
    world.world.config.config += (
        f"[profile SwitchRole]\nrole_arn = {ROLE}\nsource_profile = bob\n"
        f"region = us-east-1\nendpoint_url = {aws.endpoint}\n"
        "duration_seconds = 7200\nrole_session_name = mine\n"
    )
    text = world.world.config.config
    assert world.access.check(applied.planned, FakePrompt(), no_progress).identity.arn.endswith(
        "/mine"
    )
    assert world.world.config.config == text


def test_the_device_is_that_of_who_switches_and_not_of_who_administers(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    source(aws).create_group(GroupName="Team")
    source(aws).add_user_to_group(GroupName="Team", UserName="Bob")
    source(aws).create_virtual_mfa_device(VirtualMFADeviceName="admin")
    applied = world.apply(inputs(who_kind=PrincipalType.GROUP, who_name="Team", switch_from="bob"))
    world.access.check(applied.planned, code(aws), no_progress)
    assert world.world.config.read().profiles["SwitchRole"].get("mfa_serial") == BOB_SERIAL


@pytest.mark.parametrize("serials", [(FIDO, BOB_SERIAL), (FIDO,), ()])
def test_a_security_key_has_no_codes(
    aws: EmbeddedAws, world: AccessWorld, serials: tuple[str, ...]
) -> None:
    applied = world.apply(inputs())
    world.source.serials = serials
    if BOB_SERIAL in serials:
        world.access.check(applied.planned, code(aws), no_progress)
        assert world.world.config.read().profiles["SwitchRole"].get("mfa_serial") == BOB_SERIAL
        return
    with pytest.raises(UsageError) as error:
        world.access.check(applied.planned, code(aws), no_progress)
    assert error.value.code == "mfa_device_missing"
    assert ("security key" in error.value.why) == bool(serials)
    assert world.world.config.applied == []
    given = world.access.plan(inputs(mfa_serial=BOB_SERIAL), FakePrompt(), no_progress)
    assert world.access.check(given, code(aws), no_progress).tries == 1


class CountingSts(BotoSts):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get_caller_identity(self, credentials: Credentials, endpoint: Endpoint) -> CallerIdentity:
        self.asked.append(credentials.access_key_id)
        return super().get_caller_identity(credentials, endpoint)


def test_only_the_source_profile_is_identified_if_it_is_trusted(world: AccessWorld) -> None:
    applied = world.apply(inputs(who_name="", require_mfa=False))
    counting = CountingSts()
    world.use(sts=counting)
    checked = world.access.check(applied.planned, FakePrompt(), no_progress)
    assert checked.identity.account == TARGET
    assert {key for key in counting.asked if key.startswith("AKIA")} == {SOURCE_ADMIN[0]}


def test_an_untrusted_profile_is_rejected_before_aws_denies_it(world: AccessWorld) -> None:
    applied = world.apply(inputs(require_mfa=False, switch_from="target-admin"))
    with pytest.raises(UsageError) as error:
        world.access.check(applied.planned, FakePrompt(), no_progress)
    assert error.value.code == "switch_from"
    assert world.world.pauses == []


def test_longer_sessions_are_asked_for_where_they_can_be_had(world: AccessWorld) -> None:
    plain = world.apply(inputs(require_mfa=False))
    checked = world.access.check(plain.planned, FakePrompt(), no_progress)
    assert world.world.config.read().profiles["SwitchRole"].get("duration_seconds") == "7200"
    assert (checked.expires_at - world.world.clock.now()).total_seconds() != 0
    hour = world.apply(inputs(require_mfa=False, max_session_seconds=3600, save_as="hour"))
    world.access.check(hour.planned, FakePrompt(), no_progress)
    assert world.world.config.read().profiles["hour"].get("duration_seconds") is None


def test_a_permanent_denial_is_reported_after_bounded_retries(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    applied = world.apply(inputs(require_mfa=False))
    name = source(aws).list_user_policies(UserName="Bob")["PolicyNames"][0]
    source(aws).delete_user_policy(UserName="Bob", PolicyName=name)
    messages: list[str] = []
    with pytest.raises(AwsDeniedError):
        world.access.check(applied.planned, FakePrompt(), messages.append)
    assert 15 <= sum(world.world.pauses) <= 25
    assert sum("retrying" in text for text in messages) == len(world.world.pauses)
