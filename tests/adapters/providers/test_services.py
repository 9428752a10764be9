"""Source credentials from a service: SSO, web identity, login, containers, and instances."""

from __future__ import annotations

import json
import os
import stat
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from support.aws.servers import (
    IMPATIENT,
    ONCE,
    REGION,
    Received,
    closed_port,
    drip,
    good,
    hang,
    json_reply,
    refusal,
    reply,
    serve,
)
from support.source_credentials import (
    ACCOUNT,
    START_URL,
    a_base,
    a_view,
    at,
    sso_cache,
    store_login,
    store_sso_token,
)
from support.sso.sign_in import real_tokens
from xswitch.adapters.providers.source import BotocoreProviders
from xswitch.core.errors import ExitCode, NetworkError, SourceCredentialsError, XswitchError
from xswitch.core.model import ConfigView, Credentials, CredentialSourceKind, Endpoint, Secret
from xswitch.threads import Timeouts

ENDPOINT = Endpoint(REGION)
LEGACY = {
    "sso_start_url": START_URL,
    "sso_region": REGION,
    "sso_account_id": ACCOUNT,
    "sso_role_name": "Admin",
}
MODERN = {"sso_session": "corp", "sso_account_id": ACCOUNT, "sso_role_name": "Admin"}
SESSIONS = {"corp": {"sso_start_url": START_URL, "sso_region": REGION}}


def providers(limits: Timeouts = ONCE) -> BotocoreProviders:
    token = real_tokens(Path(os.environ["HOME"]), limits).token
    return BotocoreProviders(os.environ, sso_token=token, timeouts=limits)


def resolve(
    kind: CredentialSourceKind,
    view: ConfigView | None = None,
    endpoint: Endpoint = ENDPOINT,
    limits: Timeouts = ONCE,
) -> Credentials:
    """Resolve the credentials of profile dev, or of a kind without a profile."""
    return providers(limits).resolve(
        a_base(kind, None if view is None else "dev"), view or a_view(), endpoint
    )


def refused(
    kind: CredentialSourceKind,
    view: ConfigView | None = None,
    endpoint: Endpoint = ENDPOINT,
    limits: Timeouts = ONCE,
) -> XswitchError:
    with pytest.raises((SourceCredentialsError, NetworkError)) as caught:
        resolve(kind, view, endpoint, limits)
    error = caught.value
    assert error.exit_code == (
        ExitCode.NETWORK if isinstance(error, NetworkError) else ExitCode.BASE_CREDENTIALS
    )
    assert not any(
        secret in "".join(traceback.format_exception(error))
        for secret in ("sso-access-token", "login-refresh-token", "s3cret")
    )
    return error


def legacy(**more: str) -> ConfigView:
    return a_view(LEGACY | more)


def modern() -> ConfigView:
    return a_view(MODERN, sso_sessions=SESSIONS)


# -- IAM Identity Center


def role_credentials(lasts: timedelta = timedelta(hours=1)) -> bytes:
    expires = int((datetime.now(UTC) + lasts).timestamp() * 1000)
    found = {
        "accessKeyId": "ASIASSO",
        "secretAccessKey": "sso",
        "sessionToken": "token",
        "expiration": expires,
    }
    return json_reply(200, {"roleCredentials": found})


def sso_error(status: int, kind: str) -> bytes:
    return json_reply(status, {"message": f"{kind} says no"}, {"x-amzn-ErrorType": kind})


@pytest.mark.parametrize(("view", "key"), [(legacy(), START_URL), (modern(), "corp")])
def test_a_stored_sign_in_gives_the_role(
    view: ConfigView, key: str, clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_sso_token(clean_world, key)
    with serve(lambda _: role_credentials()) as portal:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
        found = resolve(CredentialSourceKind.SSO, view)
        sent = portal.requests[0]
    assert (found.access_key_id, found.secret_access_key, found.session_token) == (
        "ASIASSO",
        Secret("sso"),
        Secret("token"),
    )
    assert found.expires_at is not None
    assert timedelta(minutes=58) < found.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert sent.headers["x-amz-sso_bearer_token"] == "sso-access-token"
    assert parse_qs(urlsplit(sent.path).query) == {"role_name": ["Admin"], "account_id": [ACCOUNT]}


def test_the_portals_address_may_be_in_a_services_section(clean_world: Path) -> None:
    store_sso_token(clean_world, START_URL)
    with serve(lambda _: role_credentials()) as portal:
        view = a_view(
            LEGACY | {"services": "local"},
            services={"local": {"sso": f"\nendpoint_url = {portal.url}"}},
        )
        assert resolve(CredentialSourceKind.SSO, view).access_key_id == "ASIASSO"


@pytest.mark.parametrize(
    ("view", "command"),
    [(legacy(), f"xswitch login {START_URL}"), (modern(), "xswitch login corp")],
)
def test_never_signed_in(view: ConfigView, command: str) -> None:
    error = refused(CredentialSourceKind.SSO, view)
    assert (error.code, error.next_step) == ("sso_login", command)


@pytest.mark.parametrize(("view", "key"), [(legacy(), START_URL), (modern(), "corp")])
def test_an_expired_or_revoked_sign_in(
    view: ConfigView, key: str, clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_sso_token(clean_world, key, timedelta(minutes=-1))
    assert refused(CredentialSourceKind.SSO, view).code == "sso_login"
    store_sso_token(clean_world, key)
    with serve(lambda _: sso_error(401, "UnauthorizedException")) as portal:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
        assert refused(CredentialSourceKind.SSO, view).code == "sso_login"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", '"text"', '{"accessToken": "sso-access-token", "expiresAt": "soon"}'],
)
@pytest.mark.parametrize(("view", "key"), [(legacy(), START_URL), (modern(), "corp")])
def test_a_damaged_token_file(view: ConfigView, key: str, content: str, clean_world: Path) -> None:
    store_sso_token(clean_world, key).write_text(content, encoding="utf-8")
    error = refused(CredentialSourceKind.SSO, view)
    assert error.code in {"sso_cache", "sso_login"}
    assert error.next_step.startswith("xswitch login ")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (sso_error(403, "ForbiddenException"), "sso_denied"),
        (sso_error(404, "ResourceNotFoundException"), "sso_not_found"),
        (sso_error(400, "InvalidRequestException"), "sso_request"),
        (sso_error(429, "TooManyRequestsException"), "throttled"),
        (json_reply(500, {"message": "oh"}), "aws_internal"),
        (reply(200, "<html>sign in</html>", kind="text/html"), "not_aws"),
        (hang, "timeout"),
    ],
)
def test_a_portal_that_denies_the_role(
    answer: object, code: str, clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_sso_token(clean_world, START_URL)
    with serve(lambda _: answer) as portal:  # type: ignore[arg-type,return-value] # parametrised
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
        error = refused(
            CredentialSourceKind.SSO, legacy(), limits=IMPATIENT if answer is hang else ONCE
        )
    assert error.code == code


def test_a_slow_portal_has_a_total_time_limit(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_sso_token(clean_world, START_URL)
    source = providers(Timeouts(read=5.0, total=0.7))
    with serve(lambda _: drip) as portal:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
        with pytest.raises(NetworkError) as caught:
            source.resolve(a_base(CredentialSourceKind.SSO), legacy(), ENDPOINT)
    assert (caught.value.code, caught.value.why) == (
        "timeout",
        "No complete response within 0.7 seconds.",
    )


def test_a_missing_portal(clean_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_sso_token(clean_world, START_URL)
    url = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", url)
    error = refused(CredentialSourceKind.SSO, legacy())
    assert error.code == "refused"
    assert url in error.what


@pytest.mark.parametrize(
    "view",
    [
        a_view({"sso_account_id": ACCOUNT, "sso_role_name": "Admin"}),
        a_view(MODERN),
        a_view(MODERN | {"sso_region": "us-east-1"}, sso_sessions=SESSIONS),
        a_view(LEGACY | {"sso_region": "no region"}),
    ],
)
def test_settings_that_contradict_each_other(view: ConfigView, clean_world: Path) -> None:
    store_sso_token(clean_world, START_URL)
    store_sso_token(clean_world, "corp")
    error = refused(CredentialSourceKind.SSO, view)
    assert (error.code, error.next_step) == ("sso_config", "Correct it at ~/.aws/config:12.")
    assert error.why


REGISTRATION = {
    "clientId": "client",
    "clientSecret": "client-secret",
    "refreshToken": "sso-refresh",
    "registrationExpiresAt": "2036-01-01T00:00:00Z",
}


def portal_and_oidc(oidc: bytes) -> Callable[[Received], bytes]:
    def answer(request: Received) -> bytes:
        return oidc if request.path == "/token" else role_credentials()

    return answer


def test_a_sign_in_about_to_expire_is_refreshed_and_stored(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = store_sso_token(clean_world, "corp", timedelta(minutes=-5), **REGISTRATION)
    fresh = json_reply(
        200,
        {
            "accessToken": "fresh-token",
            "expiresIn": 3600,
            "tokenType": "Bearer",
            "refreshToken": "next-refresh",
        },
    )
    with serve(portal_and_oidc(fresh)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", server.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", server.url)
        assert resolve(CredentialSourceKind.SSO, modern()).access_key_id == "ASIASSO"
        asked, role = server.requests
    assert json.loads(asked.body)["refreshToken"] == "sso-refresh"
    assert role.headers["x-amz-sso_bearer_token"] == "fresh-token"
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert (stored["accessToken"], stored["refreshToken"]) == ("fresh-token", "next-refresh")
    assert datetime.fromisoformat(stored["expiresAt"]) > datetime.now(UTC) + timedelta(minutes=50)
    assert stored["expiresAt"].endswith("Z")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sso_cache(clean_world, "corp") == file


def test_a_denied_refresh_requires_a_sign_in(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_sso_token(clean_world, "corp", timedelta(minutes=-5), **REGISTRATION)
    with serve(portal_and_oidc(sso_error(400, "InvalidGrantException"))) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", server.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", server.url)
        error = refused(CredentialSourceKind.SSO, modern())
    assert (error.code, error.next_step) == ("sso_login", "xswitch login corp")


# -- web identity

WEB_ROLE = "arn:aws:iam::222222222222:role/Web"


def web(token: Path, **more: str) -> ConfigView:
    return a_view(
        {"role_arn": WEB_ROLE, "web_identity_token_file": str(token), "role_session_name": "me"}
        | more
    )


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("s3cret.web.token", encoding="utf-8")
    return file


def test_a_web_identity_is_exchanged_at_the_plans_endpoint(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/Other")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token")
    with serve(lambda _: good("AssumeRoleWithWebIdentity")) as sts:
        found = resolve(
            CredentialSourceKind.WEB_IDENTITY,
            web(token_file, endpoint_url="http://127.0.0.1:1"),
            sts.endpoint,
        )
        sent = sts.requests[0]
    assert found.access_key_id == "ASIANEW"
    assert found.temporary
    assert "authorization" not in sent.headers
    asked = parse_qs(sent.body)
    assert (asked["RoleArn"], asked["RoleSessionName"], asked["WebIdentityToken"]) == (
        [WEB_ROLE],
        ["me"],
        ["s3cret.web.token"],
    )


def test_an_unreadable_web_identity_token(tmp_path: Path) -> None:
    nowhere = tmp_path / ("folder-" * 12) / "nowhere"
    error = refused(CredentialSourceKind.WEB_IDENTITY, web(nowhere))
    assert error.code == "web_identity_file"
    assert f"{nowhere}: no such file or directory" in error.what
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\xfd")
    assert refused(CredentialSourceKind.WEB_IDENTITY, web(binary)).code == "web_identity_file"
    empty = tmp_path / "empty"
    empty.write_text("", encoding="utf-8")
    assert refused(CredentialSourceKind.WEB_IDENTITY, web(empty)).code == "web_identity_denied"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (
            refusal("InvalidIdentityToken", "Couldn't retrieve verification key", 400),
            "web_identity_denied",
        ),
        (refusal("ExpiredTokenException", "Token expired", 400), "web_identity_denied"),
        (
            refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
            "web_identity_denied",
        ),
        (refusal("Throttling", "Rate exceeded", 400), "throttled"),
        (reply(503), "aws_internal"),
        (reply(200, "<html></html>"), "not_aws"),
        (hang, "timeout"),
    ],
)
def test_a_denied_web_identity(answer: object, code: str, token_file: Path) -> None:
    with serve(lambda _: answer) as sts:  # type: ignore[arg-type,return-value] # parametrised
        error = refused(
            CredentialSourceKind.WEB_IDENTITY,
            web(token_file),
            sts.endpoint,
            IMPATIENT if answer is hang else ONCE,
        )
    assert error.code == code


# -- aws login

LOGIN = "arn:aws:iam::111111111111:user/dev"


def login() -> ConfigView:
    return a_view({"login_session": LOGIN, "region": REGION})


def test_a_valid_sign_in_of_aws_login(clean_world: Path) -> None:
    store_login(clean_world, LOGIN, timedelta(minutes=30))
    found = resolve(CredentialSourceKind.LOGIN_SESSION, login())
    assert (found.access_key_id, found.secret_access_key, found.session_token) == (
        "ASIALOGIN",
        Secret("login-secret"),
        Secret("login-token"),
    )
    assert found.expires_at is not None


def test_never_signed_in_with_aws_login(clean_world: Path) -> None:
    error = refused(CredentialSourceKind.LOGIN_SESSION, login())
    assert (error.code, error.next_step) == ("login_needed", "aws login --profile dev")
    store_login(clean_world, LOGIN).write_text("{", encoding="utf-8")
    assert refused(CredentialSourceKind.LOGIN_SESSION, login()).code == "login_needed"
    store_login(clean_world, LOGIN).write_text('{"accessToken": {}}', encoding="utf-8")
    assert refused(CredentialSourceKind.LOGIN_SESSION, login()).code == "login_needed"
    store_login(clean_world, LOGIN, timedelta(minutes=-1), dpopKey="no key")
    assert refused(CredentialSourceKind.LOGIN_SESSION, login()).code == "login_needed"


def test_a_sign_in_of_aws_login_is_refreshed_and_stored(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = store_login(clean_world, LOGIN, timedelta(minutes=-1))
    answer = {
        "accessToken": {
            "accessKeyId": "ASIAFRESH",
            "secretAccessKey": "fresh",
            "sessionToken": "fresh-token",
        },
        "tokenType": "aws_sigv4",
        "expiresIn": 900,
        "refreshToken": "next-refresh",
    }
    with serve(lambda _: json_reply(200, answer)) as signin:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", signin.url)
        found = resolve(CredentialSourceKind.LOGIN_SESSION, login())
        sent = signin.requests[0]
    assert found.access_key_id == "ASIAFRESH"
    assert "dpop" in sent.headers
    assert json.loads(sent.body)["refreshToken"] == "login-refresh-token"
    assert json.loads(file.read_text(encoding="utf-8"))["refreshToken"] == "next-refresh"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("TOKEN_EXPIRED", "login_needed"),
        ("INSUFFICIENT_PERMISSIONS", "login_denied"),
        ("ODD", "login_denied"),
    ],
)
def test_a_sign_in_that_is_not_refreshed(
    reason: str, code: str, clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_login(clean_world, LOGIN, timedelta(minutes=-1))
    answer = json_reply(
        403, {"error": reason, "message": "no"}, {"x-amzn-ErrorType": "AccessDeniedException"}
    )
    with serve(lambda _: answer) as signin:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", signin.url)
        error = refused(CredentialSourceKind.LOGIN_SESSION, login())
    assert (error.code, error.next_step) == (code, "aws login --profile dev")


def test_a_throttled_sign_in_service_is_no_denial(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_login(clean_world, LOGIN, timedelta(minutes=-1))
    answer = json_reply(
        429,
        {"error": "INVALID_REQUEST", "message": "Too many requests"},
        {"x-amzn-ErrorType": "TooManyRequestsError"},
    )
    with serve(lambda _: answer) as signin:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", signin.url)
        assert refused(CredentialSourceKind.LOGIN_SESSION, login()).code == "throttled"


def test_a_sign_in_service_that_returns_expired_keys(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_login(clean_world, LOGIN, timedelta(minutes=-1))
    keys = {"accessKeyId": "ASIAFRESH", "secretAccessKey": "fresh", "sessionToken": "token"}
    answer = {"accessToken": keys, "expiresIn": -60, "refreshToken": "next-refresh"}
    with serve(lambda _: json_reply(200, answer)) as signin:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", signin.url)
        error = refused(CredentialSourceKind.LOGIN_SESSION, login())
    assert error.why == "AWS returned credentials that have already expired."


def test_the_login_cache_may_be_elsewhere(
    clean_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = store_login(clean_world, LOGIN, timedelta(minutes=30)).rename(
        tmp_path / "moved.json"
    )
    stored = elsewhere.rename(tmp_path / store_login(clean_world, LOGIN).name)
    store_login(clean_world, LOGIN).unlink()
    assert stored.exists()
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path))
    assert resolve(CredentialSourceKind.LOGIN_SESSION, login()).access_key_id == "ASIALOGIN"


# -- containers and instances


def metadata(lasts: timedelta = timedelta(hours=2), **more: object) -> bytes:
    data = {
        "Code": "Success",
        "AccessKeyId": "ASIAMETA",
        "SecretAccessKey": "s3cret",
        "Token": "t",
        "Expiration": at(lasts),
    }
    return json_reply(200, {**data, **more})


def test_container_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda _: metadata()) as container:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/creds")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer x")
        found = resolve(CredentialSourceKind.ECS_CONTAINER)
        sent = container.requests[0]
    assert (found.access_key_id, found.temporary) == ("ASIAMETA", True)
    assert (sent.path, sent.headers["authorization"]) == ("/creds", "Bearer x")


def test_no_container() -> None:
    assert refused(CredentialSourceKind.ECS_CONTAINER).code == "no_container"


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        (
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://metadata.example/s3cret"},
            "Its address is neither local nor AWS's.",
        ),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/no/such",
            },
            "The token file can't be read: no such file or directory.",
        ),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "s3cret\r\nHost: x",
            },
            "Its response isn't what the SDKs expect.",
        ),
    ],
)
def test_invalid_container_settings(
    environment: Mapping[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    error = refused(CredentialSourceKind.ECS_CONTAINER)
    assert (error.code, error.why) == ("container_answer", why)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(404, "s3cret"), "It returned HTTP status 404."),
        (reply(200, "s3cret"), "It doesn't respond."),
        (json_reply(200, ["s3cret"]), "Its response isn't what the SDKs expect."),
        (json_reply(200, {"AccessKeyId": "s3cret"}), "Its response isn't what the SDKs expect."),
    ],
)
def test_a_container_endpoint_without_credentials(
    answer: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    with serve(lambda _: answer) as container:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url)
        error = refused(CredentialSourceKind.ECS_CONTAINER)
    assert (error.code, error.why) == ("container_answer", why)


def instance(role: bytes) -> Callable[[Received], bytes]:
    def answer(request: Received) -> bytes:
        if request.path == "/latest/api/token":
            return reply(200, "imds-token", kind="text/plain")
        if request.path.endswith("/security-credentials/"):
            return reply(200, "the-role", kind="text/plain")
        return role

    return answer


def test_instance_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with serve(instance(metadata())) as imds:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url)
        found = resolve(CredentialSourceKind.EC2_METADATA)
        assert imds.requests[-1].path.endswith("/the-role")
        assert imds.requests[-1].headers["x-aws-ec2-metadata-token"] == "imds-token"
    assert found.access_key_id == "ASIAMETA"
    assert found.expires_at is not None


def test_no_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "AWS_EC2_METADATA_DISABLED is set" in refused(CredentialSourceKind.EC2_METADATA).what
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    error = refused(CredentialSourceKind.EC2_METADATA)
    assert error.code == "no_metadata"
    assert "doesn't respond" in error.what
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "soon")
    assert "can't be used" in refused(CredentialSourceKind.EC2_METADATA).what


def test_an_instance_whose_role_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with serve(
        instance(json_reply(200, {"Code": "AssumeRoleUnauthorizedAccess", "Message": "s3cret"}))
    ) as imds:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url)
        assert refused(CredentialSourceKind.EC2_METADATA).code == "no_metadata"
