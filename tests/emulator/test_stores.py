"""A changing state: propagation, lost answers, and concurrent writers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from conftest import FixedClock
from support.aws.emulator import aws_server, refusal, sts_client
from support.aws.iam import (
    BOB,
    BOB_ARN,
    SOURCE,
    TARGET,
    allowing,
    assume,
    source,
    state,
    target,
    trusting,
)
from xswitch.emulator.clock import ShiftedClock
from xswitch.emulator.faults import ALWAYS, ERROR_RESPONSES, FaultKind
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState
from xswitch.emulator.stores import StateStore

ROLE = f"arn:aws:iam::{TARGET}:role/SwitchRole"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state(), clock=FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))) as server:
        yield server


def slow() -> dict[str, Any]:
    return {**state(), "propagation_seconds": 10}


def set_up(aws: EmbeddedAws) -> None:
    target(aws).create_role(
        RoleName="SwitchRole", AssumeRolePolicyDocument=trusting({"AWS": BOB_ARN})
    )
    source(aws).put_user_policy(
        UserName="Bob", PolicyName="may", PolicyDocument=allowing("sts:AssumeRole", ROLE)
    )


def test_a_change_takes_its_time_to_be_seen() -> None:
    with aws_server(slow(), clock=FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))) as aws:
        set_up(aws)
        key = source(aws).create_access_key(UserName="Bob")["AccessKey"]
        new = (key["AccessKeyId"], key["SecretAccessKey"])
        assert target(aws).get_role(RoleName="SwitchRole")["Role"]["Arn"] == ROLE
        aws.clock.advance(9)
        assert refusal(lambda: assume(aws, ROLE))[0] == "AccessDenied"
        assert refusal(sts_client(aws, new).get_caller_identity)[0] == "InvalidClientTokenId"
        aws.clock.advance(1)
        assert assume(aws, ROLE)
        assert sts_client(aws, new).get_caller_identity()["Arn"] == BOB_ARN
        source(aws).delete_user_policy(UserName="Bob", PolicyName="may")
        assert assume(aws, ROLE)
        aws.clock.advance(10)
        assert refusal(lambda: assume(aws, ROLE))[0] == "AccessDenied"


def test_without_a_delay_it_is_seen_at_once_and_a_world_put_there_always_is(
    aws: EmbeddedAws,
) -> None:
    set_up(aws)
    assert assume(aws, ROLE)
    before = aws.world
    aws.world = AwsState.from_json(json.dumps(slow()))
    assert refusal(lambda: assume(aws, ROLE))[0] == "AccessDenied"
    aws.world = before
    assert assume(aws, ROLE)


def test_old_worlds_are_forgotten() -> None:
    clock = ShiftedClock(FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC)))
    realm = StateStore(AwsState((), propagation_seconds=10), clock)
    for number in range(50):
        realm.change(partial(_later, float(number)))
        clock.advance(1)
    assert realm.seen().clock_offset == 40
    assert len(realm._history) <= 11
    clock.advance(-3_600)
    assert realm.seen().clock_offset == 40
    with pytest.raises(OSError, match="no"):
        realm.change(_fail)
    assert realm.current.clock_offset == 49


def _later(offset: float, world: AwsState) -> tuple[AwsState, None]:
    return AwsState((), offset, world.propagation_seconds), None


def _fail(_world: AwsState) -> tuple[AwsState, None]:
    raise OSError("no")


# -- faults


@pytest.mark.parametrize("code", sorted(ERROR_RESPONSES))
def test_a_refusal_by_its_code(aws: EmbeddedAws, code: str) -> None:
    aws.faults.add(FaultKind.ERROR, "GetRole", code=code)
    with pytest.raises(ClientError) as caught:
        target(aws).get_role(RoleName="x")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == ERROR_RESPONSES[code][0]
    assert aws.calls[0].error == code
    assert refusal(target(aws).get_role, RoleName="x")[0] == "NoSuchEntity"


def test_the_nth_call_of_an_action_fails_and_changes_nothing(aws: EmbeddedAws) -> None:
    aws.faults.add("error", "CreateUser", after=2, times=1, code="ConcurrentModification")
    iam = source(aws)
    outcomes = []
    for number in range(4):
        try:
            iam.create_user(UserName=f"u{number}")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
        else:
            outcomes.append("")
    assert outcomes == ["", "", "ConcurrentModification", ""]
    assert {user["UserName"] for user in iam.list_users()["Users"]} == {
        "admin",
        "Bob",
        "u0",
        "u1",
        "u3",
    }


def test_an_answer_that_is_lost_after_the_work_was_done(aws: EmbeddedAws) -> None:
    aws.faults.add("lost", "CreateRole")
    iam = target(aws)
    with pytest.raises(ConnectionClosedError):
        iam.create_role(RoleName="SwitchRole", AssumeRolePolicyDocument=trusting("*"))
    assert iam.get_role(RoleName="SwitchRole")["Role"]["Arn"] == ROLE
    seen = [(call.action, call.subject, call.error) for call in aws.calls]
    assert seen == [("CreateRole", "SwitchRole", ""), ("GetRole", "SwitchRole", "")]
    aws.faults.add("lost", times=ALWAYS)
    assert refusal(iam.get_role, RoleName="None")[0] == "NoSuchEntity"


# -- many at once


def test_writers_lose_nothing_of_each_other(aws: EmbeddedAws) -> None:
    iam = source(aws)
    iam.create_group(GroupName="g")
    gate = threading.Barrier(8)

    def write(number: int) -> None:
        gate.wait(10)
        for each in range(5):
            iam.create_user(UserName=f"u{number}-{each}")
            iam.put_group_policy(
                GroupName="g", PolicyName=f"p{number}-{each}", PolicyDocument=allowing("s3:*")
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(iam.list_users()["Users"]) == 42
    assert len(iam.list_group_policies(GroupName="g")["PolicyNames"]) == 40


def test_of_many_who_make_the_same_role_one_does(aws: EmbeddedAws) -> None:
    iam = target(aws)
    gate = threading.Barrier(8)

    def write(_number: int) -> str:
        gate.wait(10)
        try:
            iam.create_role(RoleName="SwitchRole", AssumeRolePolicyDocument=trusting("*"))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == ["", *["EntityAlreadyExists"] * 7]


# -- the state, from outside


def test_the_world_can_be_read_and_exchanged_where_that_is_opened() -> None:
    with aws_server(state(), admin=True) as aws:

        def send(method: str, body: str = "") -> tuple[int, bytes]:
            connection = HTTPConnection("127.0.0.1", aws.port, timeout=10)
            try:
                connection.request(method, "/_xswitch/state", body)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()

        source(aws).create_user(UserName="Ann")
        status, text = send("GET")
        assert (status, AwsState.from_json(text.decode())) == (200, aws.world)
        changed = text.decode().replace('"name": "Ann"', '"name": "Eve"')
        assert send("POST", changed)[0] == 200
        assert aws.world.user(f"arn:aws:iam::{SOURCE}:user/Eve") is not None
        status, text = send("POST", "{}")
        assert (status, b"version must be 1" in text) == (400, True)
        assert sts_client(aws, BOB).get_caller_identity()["Account"] == SOURCE
    with aws_server(state()) as closed:
        connection = HTTPConnection("127.0.0.1", closed.port, timeout=10)
        connection.request("GET", "/_xswitch/state")
        assert connection.getresponse().status == 404
        connection.close()
