"""IAM on the wire: routing of requests and contents of answers."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.aws.emulator import aws_server
from support.aws.iam import BOB, SOURCE_ADMIN, allowing, state, trusting
from xswitch.emulator.server import EmbeddedAws

IAM = "{https://iam.amazonaws.com/doc/2010-05-08/}"
LIST = "Action=ListUsers&Version=2010-05-08"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


def send(
    aws: EmbeddedAws,
    body: str,
    *,
    service: str = "iam",
    region: str = "us-east-1",
    key: tuple[str, str] | None = SOURCE_ADMIN,
) -> tuple[int, ET.Element, str]:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Host": f"127.0.0.1:{aws.port}",
    }
    request = AWSRequest("POST", f"{aws.endpoint}/", data=body, headers=headers)
    if key is not None:
        SigV4Auth(Credentials(*key), service, region).add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=10)
    try:
        connection.request("POST", "/", body, dict(request.headers.items()))
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, ET.fromstring(text), text
    finally:
        connection.close()


def code(root: ET.Element, namespace: str = IAM) -> str | None:
    return root.findtext(f"{namespace}Error/{namespace}Code")


def test_a_good_answer(aws: EmbeddedAws) -> None:
    status, root, _ = send(aws, LIST)
    assert (status, root.tag) == (200, f"{IAM}ListUsersResponse")
    members = root.findall(f"{IAM}ListUsersResult/{IAM}Users/{IAM}member")
    assert [member.findtext(f"{IAM}UserName") for member in members] == ["admin", "Bob"]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", members[0].findtext(f"{IAM}CreateDate") or ""
    )
    assert root.findtext(f"{IAM}ListUsersResult/{IAM}IsTruncated") == "false"
    assert root.findtext(f"{IAM}ResponseMetadata/{IAM}RequestId")


def test_an_answer_without_a_result_has_none_and_an_empty_one_is_empty(aws: EmbeddedAws) -> None:
    _, root, text = send(aws, "Action=DeleteUser&Version=2010-05-08&UserName=Bob")
    assert root.tag == f"{IAM}ErrorResponse"
    assert "must delete access keys first" in text
    _, root, _ = send(aws, "Action=CreateGroup&Version=2010-05-08&GroupName=g")
    _, root, _ = send(aws, "Action=DeleteGroup&Version=2010-05-08&GroupName=g")
    assert [child.tag for child in root] == [f"{IAM}ResponseMetadata"]


def test_documents_are_percent_encoded(aws: EmbeddedAws) -> None:
    text = allowing("s3:*")
    send(
        aws,
        f"Action=PutUserPolicy&Version=2010-05-08&UserName=Bob&PolicyName=p&PolicyDocument={quote(text)}",
    )
    _, root, _ = send(aws, "Action=GetUserPolicy&Version=2010-05-08&UserName=Bob&PolicyName=p")
    assert root.findtext(f"{IAM}GetUserPolicyResult/{IAM}PolicyDocument") == quote(text, safe="")


def test_a_refusal(aws: EmbeddedAws) -> None:
    status, root, _ = send(aws, "Action=GetRole&Version=2010-05-08&RoleName=x")
    assert (status, root.tag, code(root)) == (404, f"{IAM}ErrorResponse", "NoSuchEntity")
    assert root.findtext(f"{IAM}Error/{IAM}Type") == "Sender"
    assert send(aws, LIST, key=BOB)[0] == 403
    policy = trusting("*").replace(" ", "")
    body = f"Action=CreateRole&Version=2010-05-08&RoleName=x&AssumeRolePolicyDocument={policy}"
    assert [send(aws, body)[0] for _ in range(2)] == [200, 409]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "us-gov-west-1"])
def test_whatever_region_a_client_signs_for(aws: EmbeddedAws, region: str) -> None:
    assert send(aws, LIST, region=region)[0] == 200


@pytest.mark.parametrize(
    ("body", "service", "text"),
    [
        (LIST, "sts", "Could not find operation ListUsers for version 2010-05-08"),
        (
            "Action=GetCallerIdentity&Version=2011-06-15",
            "iam",
            "Could not find operation GetCallerIdentity for version 2011-06-15",
        ),
        (
            "Action=Fly&Version=2010-05-08",
            "iam",
            "Could not find operation Fly for version 2010-05-08",
        ),
        ("Version=2010-05-08", "iam", "Missing Action"),
        (LIST, "s3", "Credential should be scoped to correct service: 'iam'."),
    ],
    ids=["iam-at-sts", "sts-at-iam", "unknown", "none", "other-service"],
)
def test_each_service_has_its_own_actions(
    aws: EmbeddedAws, body: str, service: str, text: str
) -> None:
    status, _, answer = send(aws, body, service=service)
    assert status in (400, 403)
    assert text in answer


def test_nobody_calls_without_a_signature_or_with_a_wrong_one(aws: EmbeddedAws) -> None:
    status, root, _ = send(aws, LIST, key=None)
    assert (status, code(root)) == (403, "MissingAuthenticationToken")
    status, root, _ = send(aws, LIST, key=(SOURCE_ADMIN[0], "wrong"))
    assert (status, code(root)) == (403, "SignatureDoesNotMatch")
    status, root, _ = send(aws, LIST, key=("AKIAUNKNOWNUNKNOWN22", "x"))
    assert (status, code(root)) == (403, "InvalidClientTokenId")
