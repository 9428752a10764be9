"""The wire: requests accepted and refused."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.aws.emulator import (
    DEV,
    DEV_KEY,
    DEV_SECRET,
    READER_ARN,
    aws_server,
    default_state,
    sts_client,
)
from xswitch.emulator.faults import ALWAYS
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState

STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server() as server:
        yield server


def send(
    aws: EmbeddedAws, method: str = "POST", path: str = "/", body: str = "", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=10)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def presigned(aws: EmbeddedAws, query: str) -> str:
    request = AWSRequest(
        "GET", f"{aws.endpoint}/?{query}", headers={"Host": f"127.0.0.1:{aws.port}"}
    )
    SigV4QueryAuth(Credentials(DEV_KEY, DEV_SECRET), "sts", "eu-west-1", expires=60).add_auth(
        request
    )
    return str(request.url).removeprefix(aws.endpoint)


def test_it_listens_on_loopback_alone(aws: EmbeddedAws) -> None:
    assert aws.endpoint == f"http://127.0.0.1:{aws.port}"
    assert aws._http.socket.getsockname()[0] == "127.0.0.1"


def test_a_good_answer_is_in_the_form_of_sts(aws: EmbeddedAws) -> None:
    answer, body = send(aws, "GET", presigned(aws, "Action=GetCallerIdentity&Version=2011-06-15"))
    root = ET.fromstring(body)
    assert (answer.status, answer.getheader("Content-Type"), root.tag) == (
        200,
        "text/xml",
        f"{STS}GetCallerIdentityResponse",
    )
    assert root.findtext(f"{STS}GetCallerIdentityResult/{STS}Account") == DEV
    assert root.findtext(f"{STS}ResponseMetadata/{STS}RequestId") == answer.getheader(
        "x-amzn-RequestId"
    )
    assert (
        abs(
            parsedate_to_datetime(answer.getheader("Date") or "").timestamp()
            - aws.wall.now().timestamp()
        )
        < 60
    )


def test_a_refusal_is_in_the_form_of_sts(aws: EmbeddedAws) -> None:
    answer, body = send(aws, body="Action=GetCallerIdentity&Version=2011-06-15")
    root = ET.fromstring(body)
    assert (answer.status, root.tag) == (403, f"{STS}ErrorResponse")
    error = root.find(f"{STS}Error")
    assert error is not None
    assert [(child.tag.removeprefix(STS), child.text) for child in error] == [
        ("Type", "Sender"),
        ("Code", "MissingAuthenticationToken"),
        ("Message", "Request is missing Authentication Token"),
    ]
    assert root.findtext(f"{STS}RequestId") == answer.getheader("x-amzn-RequestId")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", b"MissingAction"),
        ("Action=Fly&Version=2011-06-15", b"Could not find operation Fly for version 2011-06-15"),
        ("Action=GetCallerIdentity", b"version NO_VERSION_SPECIFIED"),
        ("Action=%3Cb%3E%01&Version=x", b"operation &lt;b&gt;\xef\xbf\xbd for"),
    ],
)
def test_requests_that_ask_for_nothing_it_has(aws: EmbeddedAws, body: str, code: bytes) -> None:
    answer, text = send(aws, body=body)
    assert answer.status == 400
    assert code in text
    ET.fromstring(text)


def test_bodies_without_or_with_too_much_length(aws: EmbeddedAws) -> None:
    for header, status in (
        ("Transfer-Encoding: chunked", 411),
        ("Content-Length: 10000000", 413),
        ("Content-Length: -1", 413),
    ):
        with socket.create_connection(("127.0.0.1", aws.port), timeout=10) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
            assert connection.recv(1_000).startswith(f"HTTP/1.1 {status} ".encode())


def test_boto3_itself_gets_an_identity(aws: EmbeddedAws) -> None:
    client = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=aws.endpoint,
        aws_access_key_id=DEV_KEY,
        aws_secret_access_key=DEV_SECRET,
    )
    assert client.get_caller_identity()["Account"] == DEV
    assert aws.calls[0].region == "us-east-1"
    assert aws.calls[0].access_key_id == DEV_KEY


def test_many_at_once_each_get_their_own(aws: EmbeddedAws) -> None:
    client = sts_client(aws)
    gate = threading.Barrier(16)

    def assume(number: int) -> str:
        gate.wait(10)
        return client.assume_role(RoleArn=READER_ARN, RoleSessionName=f"me-{number}")[
            "Credentials"
        ]["AccessKeyId"]

    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(assume, range(16)))
    assert len(set(keys)) == 16
    assert aws.count("AssumeRole") == 16
    assert {call.role_arn for call in aws.calls} == {READER_ARN}


def test_the_admin_paths_are_closed_unless_opened(aws: EmbeddedAws) -> None:
    for method, path in (("GET", "/_xswitch/calls"), ("POST", "/_xswitch/clock")):
        assert send(aws, method, path)[0].status == 404
    assert aws.calls == []


def test_the_admin_paths_move_the_clock_and_tell_the_calls() -> None:
    with aws_server(admin=True) as aws:
        before = aws.clock.now()
        answer, body = send(aws, "POST", "/_xswitch/clock", json.dumps({"advance": 3_600}))
        assert answer.status == 200
        assert (aws.clock.now() - before).total_seconds() >= 3_600
        assert json.loads(body)["now"] > before.isoformat()
        assert json.loads(send(aws, "GET", "/_xswitch/clock")[1])["now"] > before.isoformat()
        for wrong in ("", "[]", '{"advance": "soon"}', "{}"):
            assert send(aws, "POST", "/_xswitch/clock", wrong)[0].status == 400
        assert send(aws, "GET", "/_xswitch/other")[0].status == 404
        sts_client(aws).get_caller_identity()
        calls = json.loads(send(aws, "GET", "/_xswitch/calls")[1])["calls"]
        assert calls == [{"action": "GetCallerIdentity", "role_arn": "", "error": ""}]


def test_closing_hangs_up_on_everyone() -> None:
    aws = EmbeddedAws(AwsState.from_json(json.dumps(default_state()))).start()
    aws.faults.add("delay", times=ALWAYS, seconds=60)
    with socket.create_connection(("127.0.0.1", aws.port), timeout=10) as idle:
        idle.sendall(b"GET /_xswitch/clock HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(1_000).startswith(b"HTTP/1.1 404")
        aws.close()
        assert idle.recv(1_000) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", aws.port), timeout=10)
