"""Opening accounts by profile, and linting what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from support.access.services import AccessWorld, inputs
from support.actions import FakePrompt
from support.aws.emulator import aws_server, totp_code
from support.aws.iam import (
    ADMINISTRATOR,
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
from xswitch.actions.ports import no_progress
from xswitch.core.access.model import NamedPolicy
from xswitch.core.errors import ChainError, MfaNeededError, TargetError, UsageError
from xswitch.emulator.server import EmbeddedAws

KEYS = {"source-admin": SOURCE_ADMIN, "target-admin": TARGET_ADMIN, "bob": BOB}
WIDE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


@pytest.fixture
def world(aws: EmbeddedAws) -> AccessWorld:
    return AccessWorld(aws.endpoint, KEYS)


# -- administrators


def test_a_role_administers_through_a_session_with_mfa_and_no_profile_is_written(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    arn = f"arn:aws:iam::{TARGET}:role/Admin"
    target(aws).create_role(
        RoleName="Admin",
        AssumeRolePolicyDocument=trusting(
            {"AWS": f"arn:aws:iam::{SOURCE}:root"}, Condition=condition
        ),
    )
    target(aws).attach_role_policy(RoleName="Admin", PolicyArn=ADMINISTRATOR)
    source(aws).put_user_policy(
        UserName="Bob", PolicyName="admin", PolicyDocument=allowing("sts:AssumeRole", arn)
    )
    config = world.world.config
    config.config += (
        f"[profile through]\nrole_arn = {arn}\nsource_profile = bob\n"
        f"mfa_serial = {BOB_SERIAL}\nendpoint_url = {aws.endpoint}\n"
    )
    text = config.config
    wanted = inputs(target_profile="through")
    with pytest.raises(MfaNeededError):
        world.access.plan(wanted, FakePrompt(), no_progress)
    prompt = FakePrompt(totp_code(BOB_TOTP, aws.clock.now()))
    planned = world.access.plan(wanted, prompt, no_progress)
    assert [challenge.serial for challenge in prompt.challenges] == [BOB_SERIAL]
    assert planned.plan.target.account == TARGET
    applied = world.access.apply(planned, FakePrompt(), world.step)
    assert applied.error is None
    assert world.access.rollback(applied, FakePrompt(), world.step).error is None
    assert config.config == text


@pytest.mark.parametrize(
    ("section", "error"),
    [
        ("role_arn = arn:aws:iam::222222222222:role/Admin\nsource_profile = nowhere\n", ChainError),
        (
            (
                "region = us-east-1\nsource_profile = bob\ncredential_source = Nothing\n"
                "role_arn = arn:aws:iam::222222222222:role/x\n"
            ),
            ChainError,
        ),
    ],
)
def test_a_profile_that_leads_nowhere(
    world: AccessWorld, section: str, error: type[Exception]
) -> None:
    world.world.config.config += f"[profile odd]\n{section}"
    with pytest.raises(error):
        world.access.plan(inputs(target_profile="odd"), FakePrompt(), no_progress)


def test_each_side_is_asked_at_its_own_iam(aws: EmbeddedAws, world: AccessWorld) -> None:
    config = world.world.config
    config.config = config.config.replace(
        f"[profile target-admin]\nregion = us-east-1\nendpoint_url = {aws.endpoint}\n",
        "[profile target-admin]\nregion = eu-west-1\nservices = s\n[services s]\nsts =\n"
        f"  endpoint_url = {aws.endpoint}\n"
        f"iam =\n  endpoint_url = {aws.endpoint}/\n",
    )
    assert world.access.plan(inputs(), FakePrompt(), no_progress).plan.target.account == TARGET
    used = {(endpoint.region, endpoint.url) for endpoint in world.source.endpoints}
    assert used == {("us-east-1", aws.endpoint), ("us-east-1", f"{aws.endpoint}/")}


# -- lint


def codes(
    world: AccessWorld,
    documents: tuple[NamedPolicy, ...] = (),
    roles: tuple[str, ...] = (),
    profile: str | None = None,
) -> set[str]:
    return {finding.code for finding in world.access.lint(documents, roles, profile, FakePrompt())}


def test_documents_are_linted_as_what_they_are(world: AccessWorld) -> None:
    assert codes(world, (NamedPolicy("trust.json", WIDE),))
    assert "assume_any_role" in codes(
        world, (NamedPolicy("permission.json", allowing("sts:AssumeRole")),)
    )
    assert codes(world, (NamedPolicy("odd.json", "no policy at all"),))
    assert world.source.endpoints == []


def test_roles_are_read_by_name_arn_and_profile_and_all_of_them(
    aws: EmbeddedAws, world: AccessWorld
) -> None:
    target(aws).create_role(RoleName="Wide", Path="/team/", AssumeRolePolicyDocument=WIDE)
    target(aws).create_role(
        RoleName="Tight",
        AssumeRolePolicyDocument=trusting({"AWS": f"arn:aws:iam::{TARGET}:user/admin"}),
    )
    arn = f"arn:aws:iam::{TARGET}:role/team/Wide"
    world.world.config.config += (
        f"[profile short]\nrole_arn = {arn}\nsource_profile = bob\nduration_seconds = 7200\n"
    )
    wide = codes(world, roles=("Wide",), profile="target-admin")
    assert wide
    assert codes(world, roles=(arn,), profile="target-admin") == wide
    assert codes(world, roles=("short",), profile="target-admin") == wide
    assert codes(world, profile="target-admin") >= wide
    assert "duration_over_maximum" in wide
    assert not codes(world, roles=("Tight",), profile="target-admin")
    with pytest.raises(TargetError):
        codes(world, roles=("Nobody",), profile="target-admin")
    with pytest.raises(UsageError):
        codes(world, roles=("Wide",))
