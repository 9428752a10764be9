from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, HTTPClientError
from botocore.parsers import ResponseParserError

from support.aws.emulator import DEV, READER_ARN, aws_server, refusal, sts_client
from xswitch.emulator.faults import ALWAYS, FaultInjector, FaultKind
from xswitch.emulator.server import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server() as server:
        yield server


ERRORS = [
    ("server_error", 500, "InternalFailure"),
    ("unavailable", 503, "ServiceUnavailable"),
    ("throttling", 400, "Throttling"),
]


@pytest.mark.parametrize(("kind", "status", "code"), ERRORS)
def test_answers_that_are_errors(aws: EmbeddedAws, kind: str, status: int, code: str) -> None:
    aws.faults.add(kind)
    with pytest.raises(ClientError) as caught:
        sts_client(aws).get_caller_identity()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert sts_client(aws).get_caller_identity()["Account"] == DEV
    assert [call.error for call in aws.calls] == [kind, ""]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("html_ok", KeyError),
        ("empty", ResponseParserError),
        ("truncated", ResponseParserError),
        ("redirect", ResponseParserError),
        ("reset", ConnectionClosedError),
    ],
)
def test_answers_that_are_none(aws: EmbeddedAws, kind: str, error: type[Exception]) -> None:
    aws.faults.add(kind)
    with pytest.raises(error):
        sts_client(aws).get_caller_identity()


def test_a_proxys_page(aws: EmbeddedAws) -> None:
    aws.faults.add(FaultKind.HTML_FORBIDDEN)
    with pytest.raises(ClientError) as caught:
        sts_client(aws).get_caller_identity()
    assert "Error" not in caught.value.response
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_answers_that_lack_or_lie(aws: EmbeddedAws) -> None:
    aws.faults.add("no_expiration", "AssumeRole")
    assert (
        "Expiration"
        not in sts_client(aws).assume_role(RoleArn=READER_ARN, RoleSessionName="me")["Credentials"]
    )
    aws.faults.add("wrong_account", "GetCallerIdentity")
    seen = sts_client(aws).get_caller_identity()
    assert (seen["Account"], seen["Arn"]) == ("999999999999", "arn:aws:iam::999999999999:user/dev")


def test_a_delay_ends_with_the_server(aws: EmbeddedAws) -> None:
    aws.faults.add("delay", seconds=60)
    client = sts_client(aws)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get_caller_identity)
        for _ in range(1_000):
            if not aws.faults.pending:
                break
            time.sleep(0.01)
        assert not waiting.done()
        aws.close()
        try:
            waiting.result(10)
        except BotoCoreError as error:
            # Whether the answer still gets out is a race, an error is allowed
            assert isinstance(error, HTTPClientError)  # noqa: PT017


def test_faults_wait_for_their_action_and_run_out(aws: EmbeddedAws) -> None:
    aws.faults.add("throttling", "AssumeRole", times=2)
    assert sts_client(aws).get_caller_identity()["Account"] == DEV
    for _ in range(2):
        assert (
            refusal(sts_client(aws).assume_role, RoleArn=READER_ARN, RoleSessionName="me")[0]
            == "Throttling"
        )
    assert sts_client(aws).assume_role(RoleArn=READER_ARN, RoleSessionName="me")["Credentials"]
    assert aws.count("AssumeRole") == 3
    aws.faults.add("throttling", times=ALWAYS)
    aws.faults.clear()
    assert sts_client(aws).get_caller_identity()["Account"] == DEV


def test_one_fault_at_a_time_and_delays_beside_it() -> None:
    faults = FaultInjector()
    faults.add("delay", "AssumeRole", seconds=1)
    faults.add("empty")
    faults.add("reset", "AssumeRole")
    assert [fault.kind for fault in faults.take("GetSessionToken")] == [FaultKind.EMPTY]
    assert [fault.kind for fault in faults.take("AssumeRole")] == [FaultKind.DELAY, FaultKind.RESET]
    assert faults.take("AssumeRole") == ()
    with pytest.raises(ValueError, match="nonsense"):
        faults.add("nonsense")
