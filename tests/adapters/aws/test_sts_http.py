"""Plain STS calls without botocore, compared with botocore's."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import botocore.auth
import botocore.credentials
import botocore.session
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.retries import standard
from hypothesis import given, settings
from hypothesis import strategies as st

from support.aws.servers import (
    KEYS,
    REGION,
    SESSION,
    TEST_CERTIFICATE,
    Received,
    Response,
    altered,
    assumed,
    drip,
    good,
    hang,
    promise_more,
    refusal,
    reply,
    reset,
    serve,
)
from xswitch.adapters.aws import sts_http
from xswitch.adapters.aws.sts import BotoSts
from xswitch.adapters.aws.sts_http import MIN_LENGTHS, RETRYABLE_CODES, DirectSts, signed_headers
from xswitch.core.errors import AwsDeniedError, NetworkError, XswitchError
from xswitch.core.model import AssumeRoleRequest, Credentials, Endpoint, Secret
from xswitch.threads import Timeouts

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
LIMITS = Timeouts(connect=10.0, read=20.0, total=60.0, tries=2)
SOON = replace(LIMITS, read=2.0)  # for servers that never respond
REQUEST = AssumeRoleRequest("arn:aws:iam::222222222222:role/Admin", "me@here", 3600)
PARAMETERS = {"RoleArn": REQUEST.role_arn, "RoleSessionName": "me@here", "DurationSeconds": 3600}
words = st.text("abcXYZ019/+=", min_size=1, max_size=40)


def direct(environment: Mapping[str, str] | None = None) -> DirectSts:
    return DirectSts(LIMITS, lambda: datetime.now(UTC), environment or {})


def sts(limits: Timeouts = LIMITS) -> BotoSts:
    return BotoSts(limits, sleep=lambda: None)


@st.composite
def calls(draw: st.DrawFn) -> tuple[bytes, str, str, Credentials, datetime]:
    token = draw(st.none() | words)
    credentials = Credentials(
        draw(words), Secret(draw(words)), None if token is None else Secret(token)
    )
    host = draw(st.sampled_from(["sts.eu-west-1.amazonaws.com", "127.0.0.1:4566", "localhost"]))
    region = draw(st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1"]))
    # Hypothesis requires this type
    moment = draw(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
    return draw(st.binary(max_size=300)), host, region, credentials, moment.replace(tzinfo=UTC)


@given(calls())
@settings(max_examples=60)
def test_the_signature_is_botocores(call: tuple[bytes, str, str, Credentials, datetime]) -> None:
    body, host, region, credentials, moment = call
    headers = signed_headers(*call)
    request = AWSRequest(
        "POST", f"https://{host}/", {"Content-Type": headers["content-type"]}, body
    )
    token = credentials.session_token
    frozen = botocore.credentials.ReadOnlyCredentials(
        credentials.access_key_id,
        credentials.secret_access_key.reveal(),
        None if token is None else token.reveal(),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        botocore.auth.SigV4Auth(frozen, "sts", region).add_auth(request)
    assert headers["authorization"] == request.headers["Authorization"]
    assert headers["x-amz-date"] == request.headers["X-Amz-Date"]


def test_every_region_has_botocores_endpoint() -> None:
    session = botocore.session.Session()
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        regions = session.get_available_regions("sts", partition)
        assert regions
        for region in regions:
            place = sts_http._address(Endpoint(region))
            if place is None:
                assert region == "aws-global"
                continue
            options: dict[str, Any] = {
                "aws_access_key_id": "a",
                "aws_secret_access_key": "b",
                "config": Config(region_name=region),
            }
            client = session.create_client("sts", **options)
            assert f"https://{place.host}" == client.meta.endpoint_url


def test_minimum_lengths_are_botocores() -> None:
    model = botocore.session.Session().get_service_model("sts")
    found: dict[str, int] = {}

    def walk(name: str, shape: Any) -> None:
        if name in {"MinimumSessionTokenSize", "ProvidedContexts"}:
            return
        if shape.type_name == "structure":
            for inner, member in shape.members.items():
                walk(inner, member)
        elif shape.type_name == "list":
            walk(
                shape.member.name if shape.member.type_name == "structure" else "TagKey",
                shape.member,
            )
        else:
            found[name] = max(shape.metadata.get("min", 0), found.get(name, 0))

    for operation in ("AssumeRole", "GetSessionToken"):
        walk("", model.operation_model(operation).input_shape)
    assert found.pop("TagKey") == 1  # a transitive key must be a tag's
    assert {name: MIN_LENGTHS[name] for name in found} == found


def test_retryable_codes_are_botocores() -> None:
    checkers: tuple[Any, Any] = (
        standard.TransientRetryableChecker,
        standard.ThrottledRetryableChecker,
    )
    assert {
        *checkers[0]._TRANSIENT_ERROR_CODES,
        *checkers[1]._THROTTLED_ERROR_CODES,
    } <= RETRYABLE_CODES


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint(REGION, use_fips=True),
        Endpoint(REGION, use_dualstack=True),
        Endpoint("eusc-de-east-1"),
        Endpoint("us-iso-east-1"),
        Endpoint("aws-global"),
        Endpoint("eu west"),
        Endpoint("evil.example/"),
        Endpoint(REGION, url="http://127.0.0.1:1/path"),
        Endpoint(REGION, url="http://user@127.0.0.1:1"),
        Endpoint(REGION, url="http://127.0.0.1:1?x=y"),
        Endpoint(REGION, url="ftp://127.0.0.1"),
        Endpoint(REGION, url="http://bad host"),
        Endpoint(REGION, url="http://127.0.0.1:notaport"),
        Endpoint(REGION, url="http://a..b"),
        Endpoint("", url="http://127.0.0.1:1"),
    ],
    ids=str,
)
def test_unusual_endpoints_are_left_to_botocore(endpoint: Endpoint) -> None:
    assert not direct().is_plain_call(PARAMETERS, KEYS, endpoint)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"])
def test_proxies_are_left_to_botocore(name: str) -> None:
    assert not direct({name: "x"}).is_plain_call(PARAMETERS, KEYS, Endpoint(REGION))
    assert direct({name: ""}).is_plain_call(PARAMETERS, KEYS, Endpoint(REGION))


@pytest.mark.parametrize("name", ["", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_the_given_ca_bundle_is_trusted(name: str, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(TEST_CERTIFICATE, encoding="ascii")
    with serve(lambda _: assumed(), tls=True) as server:
        given_here = replace(server.endpoint, ca_bundle=None if name else str(bundle))
        assert isinstance(
            direct({name: str(bundle)} if name else {}).call(
                "AssumeRole", PARAMETERS, KEYS, given_here
            ),
            dict,
        )
        assert direct().call("AssumeRole", PARAMETERS, KEYS, server.endpoint) is None
        assert (
            direct({"AWS_CA_BUNDLE": "/no/such.pem"}).call(
                "AssumeRole", PARAMETERS, KEYS, server.endpoint
            )
            is None
        )
        assert len(server.requests) == 1


def test_default_certificates_are_botocores() -> None:
    context = direct()._tls_context("")
    assert len(context.get_ca_certs()) > 50
    assert context.check_hostname
    assert sts_http._default_ca_bundle() == get_cert_path(verify=True)


@pytest.mark.parametrize(
    "change",
    [
        {"RoleSessionName": "m"},
        {"TokenCode": "12"},
        {"DurationSeconds": 10},
        {"Tags": [{"Key": "", "Value": "x"}]},
        {"ExternalId": "é" * 9},
    ],
    ids=str,
)
def test_values_botocore_would_reject_are_left_to_it(change: dict[str, Any]) -> None:
    assert direct().is_plain_call(
        PARAMETERS | {"Tags": [{"Key": "k", "Value": ""}]}, KEYS, Endpoint(REGION)
    )
    assert not direct().is_plain_call(PARAMETERS | change, KEYS, Endpoint(REGION))


def test_keys_that_fit_no_header_are_left_to_botocore() -> None:
    for credentials in (
        Credentials("AKIA\nX", Secret("s")),
        Credentials("A", Secret("")),
        Credentials("A", Secret("s"), Secret("a\r\nb")),
    ):
        assert not direct().is_plain_call(PARAMETERS, credentials, Endpoint(REGION))


def test_a_plain_call_does_not_import_botocore() -> None:
    code = """
import sys
from xswitch.adapters.aws.sts import BotoSts
from xswitch.core.model import AssumeRoleRequest, Credentials, Endpoint, Secret
url, arn = sys.argv[1:]
keys, request = Credentials("AKIA", Secret("s")), AssumeRoleRequest(arn, "me", 3600)
role = BotoSts().assume_role(keys, request, Endpoint("eu-west-1", url=url))
heavy = {"boto3", "botocore", "urllib3", "awscrt", "jmespath", "requests"}
print(role.arn, *(name for name in sys.modules if name.split(".")[0] in heavy))
"""
    with serve(lambda _: assumed()) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url, REQUEST.role_arn],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    assert done.stdout == "arn:aws:sts::222222222222:assumed-role/Admin/me\n"


def test_requests_equal_botocores() -> None:
    request = AssumeRoleRequest(
        REQUEST.role_arn,
        "me@here",
        900,
        external_id="e x+t&=%",
        mfa_serial="arn:aws:iam::111111111111:mfa/me",
        mfa_code=Secret("123456"),
        tags=(("team", ""), ("x", "y z")),
        transitive_tag_keys=("team", "x"),
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        policy='{"Version":"2012-10-17"}',
        source_identity="alice",
    )
    bodies = []
    with serve(lambda _: assumed()) as server:
        for tries in (2, 1):
            BotoSts(Timeouts(tries=tries)).assume_role(SESSION, request, server.endpoint)
            bodies.append(sorted(parse_qsl(server.requests[-1].body, keep_blank_values=True)))
        assert server.requests[0].headers["user-agent"].startswith("xswitch/")
    assert bodies[0] == bodies[1]


# -- responses


def once(first: Response, then: Response) -> Callable[[Received], Response]:
    """Return a handler with a different response to the first request."""
    asked = threading.Event()

    def answer(_: Received) -> Response:
        if asked.is_set():
            return then
        asked.set()
        return first

    return answer


_HUGE = assumed().replace(b"<Arn>", b"<!-- " + b"x" * 300_000 + b" --><Arn>")
AGAIN: dict[str, Response] = {
    "500": reply(500),
    "503": refusal("ServiceUnavailable", "no", 503),
    "throttled": refusal("Throttling", "Rate exceeded", 400),
    "reset": reset,
    "no answer": hang,
    "cut off": promise_more,
    "half a document": altered(assumed(), "</AssumeRoleResponse>", ""),
    "a page": reply(200, "<html>welcome</html>", kind="text/html"),
    "nothing": reply(200),
    "another action's": good("GetSessionToken"),
    "a doctype": altered(
        assumed(), "<AssumeRoleResponse", '<!DOCTYPE x [<!ENTITY a "b">]><AssumeRoleResponse'
    ),
    "no time": altered(assumed(), "<Expiration>2", "<Expiration>x"),
}


@pytest.mark.parametrize("name", AGAIN)
def test_an_invalid_response_is_retried_once(name: str) -> None:
    with serve(once(AGAIN[name], assumed())) as server:
        limits = SOON if AGAIN[name] is hang else LIMITS
        assert sts(limits).assume_role(KEYS, REQUEST, server.endpoint).arn.endswith("/me")
        assert len(server.requests) == 2


def test_a_response_that_is_too_long_is_not_read() -> None:
    head, _, body = _HUGE.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    huge = b"\r\n".join([*lines, f"Content-Length: {len(body)}".encode()]) + b"\r\n\r\n" + body
    with serve(lambda _: huge) as server:
        assert direct().call("AssumeRole", PARAMETERS, KEYS, server.endpoint) is None


def test_a_slow_response_has_a_total_time_limit() -> None:
    with serve(lambda _: drip) as server, pytest.raises(NetworkError) as caught:
        sts(Timeouts(connect=0.5, read=5.0, total=0.7, tries=2)).assume_role(
            KEYS, REQUEST, server.endpoint
        )
    assert caught.value.code == "timeout"


def test_a_closed_idle_connection_is_replaced() -> None:
    answers = [
        assumed(),
        assumed().replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1),
        assumed(),
    ]
    with serve(lambda _: answers.pop(0)) as server:
        client = direct()
        for _ in range(3):
            assert isinstance(client.call("AssumeRole", PARAMETERS, KEYS, server.endpoint), dict)
        assert server.connections == 2
    with serve(lambda _: assumed()) as server:
        client = direct()
        assert isinstance(client.call("AssumeRole", PARAMETERS, KEYS, server.endpoint), dict)
        for connections in client._idle.values():
            for connection in connections:
                connection.sock.shutdown(2)
        assert isinstance(client.call("AssumeRole", PARAMETERS, KEYS, server.endpoint), dict)
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        refusal(
            "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole on resource: y"
        ),
        refusal("AccessDenied", "with an explicit deny in an identity-based policy"),
        refusal("ExpiredToken", "The security token included in the request is expired"),
        refusal("InvalidClientTokenId", "The security token included in the request is invalid."),
        refusal("SignatureDoesNotMatch", "Signature not yet current: x", date=NOW),
        refusal("SignatureDoesNotMatch", "The request signature we calculated does not match"),
        refusal(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            400,
        ),
        refusal("PackedPolicyTooLarge", "Packed size of session tags consumes 105%", 400),
        refusal("RegionDisabledException", "STS is not activated in this region", 403),
        refusal("MalformedPolicyDocument", "no", 400),
        refusal(
            "AccessDenied", "secret anothersecretanothersecretanothersecret40 &lt;b&gt; &#233;"
        ),
        refusal("Odd", "", 400),
    ],
)
def test_an_error_equals_botocores_after_one_attempt(answer: bytes) -> None:
    errors: list[XswitchError] = []
    for tries in (2, 1):
        with serve(lambda _: answer) as server, pytest.raises(XswitchError) as caught:
            BotoSts(Timeouts(tries=tries), now=lambda: NOW).assume_role(
                SESSION, REQUEST, server.endpoint
            )
        assert len(server.requests) == 1
        errors.append(caught.value)
    first, second = errors
    assert type(first) is type(second)
    assert (first.what, first.why, first.next_step, first.code) == (
        second.what,
        second.why,
        second.next_step,
        second.code,
    )
    if isinstance(first, AwsDeniedError) and isinstance(second, AwsDeniedError):
        assert (first.aws_code, first.hop) == (second.aws_code, second.hop)


@given(
    st.binary(max_size=200) | st.text("<>/&;AssumeRoleResponse x\n", max_size=80).map(str.encode)
)
@settings(max_examples=200)
def test_arbitrary_bytes_are_rejected(body: bytes) -> None:
    with pytest.raises(sts_http.NotAwsResponseError):
        sts_http.parse_result(body, "AssumeRole")
    with pytest.raises(sts_http.NotAwsResponseError):
        sts_http.parse_error(body, 400, None, NOW)


def test_depth_is_limited() -> None:
    with pytest.raises(sts_http.NotAwsResponseError):
        sts_http.parse_result(b"<a>" * 50 + b"</a>" * 50, "AssumeRole")
