"""BotoSts against the AWS emulator (AWS's errors) and faulty servers (connection errors)."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from support.aws.emulator import (
    ADMIN_ARN,
    DENIED_ARN,
    DEV,
    DEV_KEY,
    DEV_SECRET,
    EXTERNAL_ARN,
    EXTERNAL_ID,
    FORBIDDEN_ARN,
    GATEWAY_ARN,
    MFA_SERIAL,
    MIDDLE_ARN,
    READER_ARN,
    TAGGED_ARN,
    aws_server,
    totp_code,
)
from support.aws.servers import (
    IMPATIENT,
    KEYS,
    ONCE,
    REGION,
    SESSION,
    TEST_CERTIFICATE,
    Received,
    Response,
    altered,
    assumed,
    closed_port,
    drip,
    good,
    hang,
    promise_more,
    refusal,
    reply,
    reset,
    serve,
)
from xswitch.adapters.aws.sts import BotoSts
from xswitch.core.errors import (
    AwsDeniedError,
    ExitCode,
    NetworkError,
    SourceCredentialsError,
    XswitchError,
)
from xswitch.core.errors.sts import ApiCall, AwsErrorResponse, error_from_response
from xswitch.core.model import AssumeRoleRequest, Credentials, Endpoint, Secret
from xswitch.emulator.server import EmbeddedAws
from xswitch.threads import Timeouts

DEV_CREDENTIALS = Credentials(DEV_KEY, Secret(DEV_SECRET))
REQUEST = AssumeRoleRequest("arn:aws:iam::222222222222:role/Admin", "me@here", 3600)


def asked(arn: str, **more: object) -> AssumeRoleRequest:
    return AssumeRoleRequest(arn, "me@here", **{"duration_seconds": 3600, **more})  # type: ignore[arg-type] # a test's shorthand


def at(aws: EmbeddedAws) -> Endpoint:
    return Endpoint(REGION, url=aws.endpoint)


def failure(
    answer: Response,
    credentials: Credentials = KEYS,
    request: AssumeRoleRequest = REQUEST,
    limits: Timeouts = ONCE,
) -> XswitchError:
    """Return the error of AssumeRole against a server that always responds with this."""
    with serve(lambda _: answer) as server, pytest.raises(XswitchError) as caught:
        BotoSts(limits).assume_role(credentials, request, server.endpoint)
    return caught.value


# -- valid calls


def test_assume_role_and_get_caller_identity() -> None:
    sts = BotoSts()
    with aws_server() as aws:
        role = sts.assume_role(DEV_CREDENTIALS, asked(READER_ARN), at(aws))
        identity = sts.get_caller_identity(role.credentials, at(aws))
    assert role.arn == identity.arn == "arn:aws:sts::222222222222:assumed-role/Reader/me@here"
    assert identity.account == "222222222222"
    assert role.credentials.temporary
    assert role.credentials.expires_at is not None
    assert (
        timedelta(minutes=59)
        < role.credentials.expires_at - datetime.now(UTC)
        <= timedelta(hours=1)
    )
    assert role.credentials.expires_at.tzinfo is UTC


def test_an_mfa_session_opens_a_role_that_needs_mfa() -> None:
    sts = BotoSts()
    with aws_server() as aws:
        code = totp_code(now=aws.clock.now())
        session = sts.get_session_token(DEV_CREDENTIALS, MFA_SERIAL, code, 43_200, at(aws))
        role = sts.assume_role(session, asked(ADMIN_ARN), at(aws))
    assert session.expires_at is not None
    assert session.expires_at - datetime.now(UTC) > timedelta(hours=11)
    assert role.arn.endswith("assumed-role/Admin/me@here")


def test_everything_of_a_request_is_sent() -> None:
    request = AssumeRoleRequest(
        TAGGED_ARN,
        "me@here",
        900,
        external_id="ext",
        mfa_serial=MFA_SERIAL,
        mfa_code=Secret("123456"),
        tags=(("team", "pay"), ("x", "y z")),
        transitive_tag_keys=("team",),
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        policy='{"Version":"2012-10-17"}',
        source_identity="alice",
    )
    with serve(lambda _: assumed()) as server:
        BotoSts().assume_role(SESSION, request, server.endpoint)
        sent = server.requests[0]
    assert parse_qs(sent.body) == {
        "Action": ["AssumeRole"],
        "Version": ["2011-06-15"],
        "RoleArn": [TAGGED_ARN],
        "RoleSessionName": ["me@here"],
        "DurationSeconds": ["900"],
        "ExternalId": ["ext"],
        "SerialNumber": [MFA_SERIAL],
        "TokenCode": ["123456"],
        "Tags.member.1.Key": ["team"],
        "Tags.member.1.Value": ["pay"],
        "Tags.member.2.Key": ["x"],
        "Tags.member.2.Value": ["y z"],
        "TransitiveTagKeys.member.1": ["team"],
        "PolicyArns.member.1.arn": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "Policy": ['{"Version":"2012-10-17"}'],
        "SourceIdentity": ["alice"],
    }
    assert sent.headers["x-amz-security-token"] == "tokentokentoken=="
    assert f"/{REGION}/sts/aws4_request" in sent.headers["authorization"]
    assert sent.headers["user-agent"].startswith("xswitch/")


def test_calls_share_a_connection_but_not_their_credentials() -> None:
    sts = BotoSts()
    with serve(lambda _: assumed()) as server:
        for _ in range(3):
            sts.assume_role(KEYS, REQUEST, server.endpoint)
            sts.assume_role(SESSION, REQUEST, server.endpoint)
        signers = [
            request.headers["authorization"].split("Credential=")[1].split("/")[0]
            for request in server.requests
        ]
        tokens = [request.headers.get("x-amz-security-token") for request in server.requests]
        assert server.connections == 1
    assert signers == [KEYS.access_key_id, SESSION.access_key_id] * 3
    assert tokens == [None, "tokentokentoken=="] * 3


def test_threads_do_not_mix_up_credentials() -> None:
    sts = BotoSts()
    many = [
        Credentials(f"AKIA{number:016d}", Secret(f"secret{number}"), Secret(f"token{number}"))
        for number in range(24)
    ]

    def answer(request: Received) -> bytes:
        key = request.headers["authorization"].split("Credential=")[1].split("/")[0]
        return assumed(f"{key} {request.headers['x-amz-security-token']}")

    with serve(answer) as server, ThreadPoolExecutor(8) as pool:
        arns = list(
            pool.map(
                lambda credentials: sts.assume_role(credentials, REQUEST, server.endpoint).arn, many
            )
        )
    assert arns == [f"AKIA{number:016d} token{number}" for number in range(24)]


def test_the_users_config_files_and_variables_are_ignored(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clean_world / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        "\ufeff[default]\nregion = a\nregion = b\nkey\n", encoding="utf-8"
    )
    (folder / "credentials").write_text("[default\n", encoding="utf-8")
    (folder / "models" / "sts" / "2011-06-15").mkdir(parents=True)
    (folder / "models" / "sts" / "2011-06-15" / "service-2.json").write_text(
        "{broken", encoding="utf-8"
    )
    for name, value in {
        "AWS_PROFILE": "nowhere",
        "AWS_DEFAULT_PROFILE": "nowhere",
        "AWS_ACCESS_KEY_ID": "AKIAWRONG",
        "AWS_SECRET_ACCESS_KEY": "wrong",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_RETRY_MODE": "odd",
        "AWS_DEFAULTS_MODE": "odd",
        "AWS_STS_REGIONAL_ENDPOINTS": "odd",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "odd",
        "AWS_CSM_ENABLED": "true",
        "AWS_DATA_PATH": str(folder),
    }.items():
        monkeypatch.setenv(name, value)
    with aws_server() as aws:
        role = BotoSts().assume_role(DEV_CREDENTIALS, asked(READER_ARN), at(aws))
    assert role.arn.endswith("/Reader/me@here")


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        (Endpoint("eu-west-1"), "https://sts.eu-west-1.amazonaws.com"),
        (Endpoint("us-east-1"), "https://sts.us-east-1.amazonaws.com"),
        (Endpoint("us-east-1", use_fips=True), "https://sts-fips.us-east-1.amazonaws.com"),
        (Endpoint("eu-west-1", use_dualstack=True), "https://sts.eu-west-1.api.aws"),
        (Endpoint("cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn"),
        (Endpoint("us-gov-west-1"), "https://sts.us-gov-west-1.amazonaws.com"),
        (Endpoint("eu-west-1", url="http://127.0.0.1:1"), "http://127.0.0.1:1"),
    ],
)
def test_the_default_endpoint_is_the_regions(
    endpoint: Endpoint, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    asked_for: list[str] = []

    def spy(self: object, request: object) -> object:
        del self
        asked_for.append(str(getattr(request, "url", "")))
        raise OSError

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", spy)
    with pytest.raises(NetworkError):
        BotoSts(ONCE).get_caller_identity(KEYS, endpoint)
    assert [url.rstrip("/") for url in asked_for] == [host]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Arn", "arn:aws:sts::222222222222:assumed-role/IQoJ/secret//token==/Admin/me"),
        ("Account", "IQoJsecret"),
        ("UserId", "IQoJ//secret=="),
    ],
)
def test_only_a_valid_caller_identity_is_accepted(name: str, value: str) -> None:
    identity = {
        "Arn": "arn:aws:iam::111111111111:user/dev",
        "Account": "111111111111",
        "UserId": "AIDACKCEVSQ6C2EXAMPLE",
    }

    def answer(identity: dict[str, str]) -> bytes:
        inner = "".join(f"<{key}>{text}</{key}>" for key, text in identity.items())
        kind = "GetCallerIdentity"
        return reply(200, f"<{kind}Response><{kind}Result>{inner}</{kind}Result></{kind}Response>")

    with serve(lambda _: answer(identity)) as server:
        assert (
            BotoSts(ONCE).get_caller_identity(KEYS, Endpoint(REGION, server.url)).arn
            == identity["Arn"]
        )
    with (
        serve(lambda _: answer({**identity, name: value})) as server,
        pytest.raises(NetworkError) as caught,
    ):
        BotoSts(ONCE).get_caller_identity(KEYS, Endpoint(REGION, server.url))
    assert caught.value.code == "not_aws"
    assert name in caught.value.why
    assert "secret" not in f"{caught.value} {caught.value.why} {caught.value.next_step}"


# -- AWS's errors


def denied(arn: str, credentials: Credentials = DEV_CREDENTIALS, **more: object) -> XswitchError:
    with aws_server() as aws, pytest.raises(XswitchError) as caught:
        BotoSts().assume_role(credentials, asked(arn, **more), at(aws))
    return caught.value


def test_a_role_that_does_not_trust_you() -> None:
    error = denied(DENIED_ARN)
    assert isinstance(error, AwsDeniedError)
    assert (error.code, error.exit_code, error.aws_code, error.hop) == (
        "not_authorized",
        ExitCode.DENIED,
        "AccessDenied",
        DENIED_ARN,
    )
    assert "is not authorized to perform: sts:AssumeRole" in error.why
    assert "trust policy" in error.next_step


def test_an_explicit_deny_names_the_kind_of_policy() -> None:
    error = denied(FORBIDDEN_ARN)
    assert error.code == "explicit_deny"
    assert error.what.endswith("(identity-based policy).")


def test_a_missing_external_id() -> None:
    assert denied(EXTERNAL_ARN).code == "not_authorized"
    assert denied(EXTERNAL_ARN, external_id="wrong").code == "not_authorized"
    with aws_server() as aws:
        assert (
            BotoSts()
            .assume_role(DEV_CREDENTIALS, asked(EXTERNAL_ARN, external_id=EXTERNAL_ID), at(aws))
            .arn
        )


def test_a_wrong_mfa_code_is_not_repeated_to_the_user() -> None:
    with aws_server() as aws:
        wrong = f"{(int(totp_code(now=aws.clock.now())) + 1) % 1_000_000:06d}"
        with pytest.raises(AwsDeniedError) as caught:
            BotoSts().get_session_token(DEV_CREDENTIALS, MFA_SERIAL, wrong, 3600, at(aws))
    assert caught.value.code == "mfa_wrong"
    assert caught.value.hop == MFA_SERIAL
    assert wrong not in str(caught.value)


@pytest.mark.parametrize(
    ("credentials", "code", "kind"),
    [
        (Credentials("AKIANOBODY0000000000", Secret("x")), "invalid_key", SourceCredentialsError),
        (Credentials(DEV_KEY, Secret("wrong")), "bad_secret", SourceCredentialsError),
        (
            Credentials("ASIANOBODY0000000000", Secret("x"), Secret("t")),
            "invalid_key",
            AwsDeniedError,
        ),
    ],
)
def test_keys_that_aws_rejects(
    credentials: Credentials, code: str, kind: type[XswitchError]
) -> None:
    error = denied(READER_ARN, credentials)
    assert (error.code, type(error)) == (code, kind)
    assert error.exit_code == (
        ExitCode.BASE_CREDENTIALS if kind is SourceCredentialsError else ExitCode.DENIED
    )


def test_an_expired_session() -> None:
    sts = BotoSts()
    with aws_server() as aws:
        role = sts.assume_role(DEV_CREDENTIALS, asked(READER_ARN, duration_seconds=900), at(aws))
        aws.clock.advance(901)
        with pytest.raises(AwsDeniedError) as caught:
            sts.get_caller_identity(role.credentials, at(aws))
    assert (caught.value.code, caught.value.aws_code) == ("expired_token", "ExpiredToken")


def test_durations_that_aws_rejects() -> None:
    assert denied(READER_ARN, duration_seconds=7201).code == "duration_role_max"
    short = denied(READER_ARN, duration_seconds=60)
    assert isinstance(short, AwsDeniedError)
    assert (short.code, short.aws_code) == ("bad_parameter", "")
    assert "DurationSeconds" in short.why
    sts = BotoSts()
    with aws_server() as aws:
        session = sts.get_session_token(
            DEV_CREDENTIALS, MFA_SERIAL, totp_code(now=aws.clock.now()), 3600, at(aws)
        )
        first = sts.assume_role(session, asked(GATEWAY_ARN), at(aws))
        with pytest.raises(AwsDeniedError) as caught:
            sts.assume_role(first.credentials, asked(MIDDLE_ARN, duration_seconds=3601), at(aws))
    assert caught.value.code == "duration_chaining"


def test_an_invalid_session_policy() -> None:
    assert denied(READER_ARN, policy="{nonsense").code == "malformed_policy"


def test_faults_of_aws_itself() -> None:
    with aws_server() as aws:
        aws.faults.add("throttling", times=2)
        with pytest.raises(AwsDeniedError) as slow:
            BotoSts().get_caller_identity(DEV_CREDENTIALS, at(aws))
        aws.faults.add("server_error", times=2)
        with pytest.raises(NetworkError) as broken:
            BotoSts().get_caller_identity(DEV_CREDENTIALS, at(aws))
        aws.faults.add("unavailable", times=1)
        assert BotoSts().get_caller_identity(DEV_CREDENTIALS, at(aws)).account == DEV
        assert len(aws.calls) == 6
    assert slow.value.code == "throttled"
    assert broken.value.code == "aws_internal"


@pytest.mark.parametrize(
    ("minutes", "words"), [(-22, "22 minutes behind"), (1443, "1,443 minutes ahead of")]
)
def test_clock_skew_is_measured_by_the_date_header(minutes: int, words: str) -> None:
    server_time = datetime.now(UTC) - timedelta(minutes=minutes)
    text = (
        "Signature expired: 20260301T120000Z is now earlier than 20260301T130000Z "
        "(20260301T131500Z - 15 min.)"
    )
    error = failure(refusal("SignatureDoesNotMatch", text, date=server_time))
    assert isinstance(error, AwsDeniedError)
    assert error.code == "clock_skew"
    assert f"{words} AWS's" in error.what


def test_the_string_aws_signed_is_not_repeated() -> None:
    text = (
        "The request signature we calculated does not match the signature you provided.\n\n"
        "The Canonical String for this request should have been\n"
        "'POST\n/\n\nx-amz-security-token:tokentokentoken==\n'"
    )
    error = failure(refusal("SignatureDoesNotMatch", text), SESSION)
    assert error.code == "bad_secret"
    assert (
        error.why
        == "The request signature we calculated does not match the signature you provided."
    )


# -- other responses, or none

PAGE = "<!DOCTYPE html><html><body>Please sign in</body></html>"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(200, PAGE, kind="text/html"), "not_aws"),
        (reply(200, "<html><br></html>", kind="text/html"), "not_aws"),
        (reply(403, PAGE, kind="text/html"), "not_aws"),
        (reply(404, "", kind="text/html"), "not_aws"),
        (reply(407, PAGE, kind="text/html"), "proxy"),
        (reply(502, PAGE, kind="text/html"), "aws_internal"),
        (reply(504, ""), "aws_internal"),
        (reply(200), "not_aws"),
        (reply(200, '{"a": 1}', kind="application/json"), "not_aws"),
        (reply(302, headers={"Location": "http://127.0.0.1:1/"}), "not_aws"),
        (promise_more, "not_aws"),
        (altered(assumed(), "AssumeRoleResult", "OtherResult"), "not_aws"),
        (good("AssumeRole", expiration="soon"), "not_aws"),
        (good("AssumeRole", expiration=""), "not_aws"),
        (good("AssumeRole"), "not_aws"),
        (refusal("InvalidAction", "no such action", 400), "not_aws"),
        (reset, "reset"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "answer",
)
def test_unusual_responses(answer: Response, code: str) -> None:
    error = failure(answer)
    assert isinstance(error, NetworkError)
    assert (error.code, error.exit_code) == (code, ExitCode.NETWORK)
    assert "127.0.0.1" in error.what or code == "aws_internal"
    assert error.next_step


def test_no_response() -> None:
    error = failure(hang, limits=IMPATIENT)
    assert isinstance(error, NetworkError)
    assert error.code == "timeout"


def test_a_response_without_expiration() -> None:
    assert failure(good("AssumeRole", expiration="")).why == "The response has no expiration time."


def test_a_truncated_response_reveals_no_secret() -> None:
    answer = altered(good("AssumeRole", secret="freshfreshfresh"), "</SessionToken>", "")
    error = failure(answer)
    shown = "".join(traceback.format_exception(error))
    assert error.code == "not_aws"
    assert "freshfreshfresh" not in shown + str(vars(error))


def test_a_slow_response_has_a_total_time_limit() -> None:
    error = failure(drip, limits=Timeouts(connect=0.5, read=5.0, total=0.7, tries=1))
    assert error.code == "timeout"
    assert error.why == "No complete response within 0.7 seconds."


def test_a_call_makes_two_attempts() -> None:
    with serve(lambda _: reply(500)) as server, pytest.raises(NetworkError):
        BotoSts().assume_role(KEYS, REQUEST, server.endpoint)
    assert len(server.requests) == 2


def test_connection_refused() -> None:
    with pytest.raises(NetworkError) as caught:
        BotoSts(ONCE).assume_role(
            KEYS, REQUEST, Endpoint(REGION, url=f"http://127.0.0.1:{closed_port()}")
        )
    assert caught.value.code == "refused"


def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(NetworkError) as caught:
        BotoSts(Timeouts(total=20, tries=1)).assume_role(
            KEYS, REQUEST, Endpoint(REGION, url="https://sts.nowhere.invalid")
        )
    assert caught.value.code == "dns"
    assert "sts.nowhere.invalid" in caught.value.what


def test_an_untrusted_certificate(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(TEST_CERTIFICATE, encoding="ascii")
    with serve(lambda _: assumed(), tls=True) as server:
        with pytest.raises(NetworkError) as caught:
            BotoSts(ONCE).assume_role(KEYS, REQUEST, server.endpoint)
        trusting = Endpoint(REGION, url=server.url, ca_bundle=str(bundle))
        assert BotoSts(ONCE).assume_role(KEYS, REQUEST, trusting).arn
    assert caught.value.code == "tls"
    assert "certificate verify failed" in caught.value.why
    assert "ca_bundle" in caught.value.next_step


def test_the_ca_bundle_of_the_environment_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(TEST_CERTIFICATE, encoding="ascii")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with serve(lambda _: assumed(), tls=True) as server:
        assert BotoSts(ONCE).assume_role(KEYS, REQUEST, server.endpoint).arn


def test_a_missing_or_invalid_ca_bundle(tmp_path: Path) -> None:
    with serve(lambda _: assumed(), tls=True) as server, pytest.raises(NetworkError) as caught:
        BotoSts(ONCE).assume_role(
            KEYS, REQUEST, Endpoint(REGION, url=server.url, ca_bundle="/no/such.pem")
        )
    assert caught.value.code == "ca_bundle"
    assert "No such file" in caught.value.why
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing", encoding="ascii")
    with serve(lambda _: assumed(), tls=True) as server, pytest.raises(NetworkError) as caught:
        BotoSts(ONCE).assume_role(
            KEYS, REQUEST, Endpoint(REGION, url=server.url, ca_bundle=str(empty))
        )
    assert caught.value.code == "ca_bundle"


def test_a_server_without_tls_behind_https() -> None:
    with serve(lambda _: assumed()) as server, pytest.raises(NetworkError) as caught:
        BotoSts(IMPATIENT).assume_role(
            KEYS, REQUEST, Endpoint(REGION, url=server.url.replace("http:", "https:"))
        )
    assert caught.value.code in {"tls", "timeout", "reset"}


@pytest.mark.parametrize("refusing", [True, False])
def test_a_proxy_that_is_down_or_rejects(
    monkeypatch: pytest.MonkeyPatch, *, refusing: bool
) -> None:
    with serve(lambda _: reply(407)) as proxy:
        port = proxy.port if refusing else closed_port()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxypassword@127.0.0.1:{port}")
        with pytest.raises(NetworkError) as caught:
            BotoSts(ONCE).assume_role(KEYS, REQUEST, Endpoint(REGION))
    assert caught.value.code == "proxy"
    assert "proxypassword" not in str(vars(caught.value))


def test_an_invalid_proxy_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:proxypassword@127.0.0.1:notaport")
    with pytest.raises(NetworkError) as caught:
        BotoSts(ONCE).assume_role(KEYS, REQUEST, Endpoint(REGION))
    assert "proxypassword" not in str(vars(caught.value))


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:80", "nonsense", "http://", "http://bad host/", "http://" + "a" * 70 + ".example"],
)
def test_an_invalid_endpoint_url(url: str) -> None:
    with pytest.raises(NetworkError) as caught:
        BotoSts(ONCE).assume_role(KEYS, REQUEST, Endpoint(REGION, url=url))
    assert caught.value.code == "endpoint_url"


@pytest.mark.parametrize("region", ["", "eu west", "evil.example/", "-"])
def test_an_invalid_region(region: str) -> None:
    with pytest.raises(NetworkError) as caught:
        BotoSts(ONCE).assume_role(KEYS, REQUEST, Endpoint(region))
    assert caught.value.code == "region"


def test_keys_that_fit_no_header() -> None:
    for credentials in (
        Credentials("AKIA\nX", Secret("s")),
        Credentials("ASIAX", Secret("s"), Secret("to\r\nken")),
    ):
        error = failure(assumed(), credentials)
        assert error.code == "invalid_key"
        assert "ken" not in error.why


def test_values_rejected_before_sending() -> None:
    with serve(lambda _: assumed()) as server, pytest.raises(AwsDeniedError) as caught:
        BotoSts(ONCE).get_session_token(KEYS, MFA_SERIAL, "12", 3600, server.endpoint)
    assert caught.value.code == "bad_parameter"
    assert "TokenCode" in caught.value.why
    assert server.requests == []


# -- secrets, and the cost of imports


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    request = asked(ADMIN_ARN, mfa_serial=MFA_SERIAL, mfa_code=Secret("918273"))
    with serve(lambda _: assumed()) as server:
        BotoSts().assume_role(SESSION, request, server.endpoint)
    failure(refusal("AccessDenied", "no"), SESSION, request)
    failure(hang, SESSION, request, IMPATIENT)
    assert [
        record for record in caplog.records if record.name.startswith(("botocore", "urllib3"))
    ] == []


def test_secrets_repeated_by_a_response_are_removed() -> None:
    text = (
        f"{SESSION.secret_access_key.reveal()} tokentokentoken== 918273 \x1b]52;c;x\x07 "
        + "long " * 400
    )
    request = asked(ADMIN_ARN, mfa_serial=MFA_SERIAL, mfa_code=Secret("918273"))
    error = failure(
        refusal("AccessDenied", text.replace("\x1b", "&#155;").replace("\x07", "")),
        SESSION,
        request,
    )
    assert error.why.startswith("*** *** *** ")
    assert error.why.isprintable()
    assert len(error.why) <= 600
    shown = "".join(traceback.format_exception(error))
    assert not any(secret in shown for secret in ("tokentoken", "918273", "anothersecret"))


def test_a_hundred_calls_leave_no_threads() -> None:
    sts = BotoSts()
    with serve(lambda _: assumed()) as server:
        before = threading.active_count()
        for _ in range(20):
            sts.assume_role(KEYS, REQUEST, server.endpoint)
        assert threading.active_count() <= before + 1


def test_botocore_is_not_imported_before_the_first_call() -> None:
    names = ("aws.sts", "providers.source", "system.environment", "system.mfa_process")
    modules = ", ".join(("sys", "json", *(f"xswitch.adapters.{name}" for name in names)))
    code = f"import {modules}; print(json.dumps('botocore' in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) is False


def test_clock_skew_uses_the_given_clock() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    answer = refusal("SignatureDoesNotMatch", "Signature not yet current: x", date=noon)
    with serve(lambda _: answer) as server, pytest.raises(AwsDeniedError) as caught:
        BotoSts(ONCE, now=lambda: noon + timedelta(minutes=20)).assume_role(
            KEYS, REQUEST, server.endpoint
        )
    expected = error_from_response(
        ApiCall("sts:AssumeRole", REGION),
        AwsErrorResponse(
            "SignatureDoesNotMatch", "Signature expired", noon + timedelta(minutes=20), noon
        ),
    )
    assert (
        caught.value.what == expected.what == "This machine's clock is 20 minutes ahead of AWS's."
    )


def test_an_interrupt_ends_the_wait_at_once() -> None:
    code = f"""
import os, signal, socket, threading
from xswitch.threads import Timeouts
from xswitch.adapters.aws.sts import BotoSts
from xswitch.core.model import Credentials, Endpoint, Secret
listener = socket.create_server(("127.0.0.1", 0))
def interrupt():
    listener.accept()
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
endpoint = Endpoint("{REGION}", url=f"http://127.0.0.1:{{listener.getsockname()[1]}}")
try:
    keys = Credentials("AKIA", Secret("s"))
    BotoSts(Timeouts(read=600, total=600)).get_caller_identity(keys, endpoint)
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "interrupted\n", done.stderr
