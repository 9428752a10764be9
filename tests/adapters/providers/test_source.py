"""Source credentials without a network: keys, environment, commands, and common rules."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.aws.servers import REGION
from support.source_credentials import a_base, a_view, at
from xswitch.adapters.providers.botocore import Provider, ProviderContext
from xswitch.adapters.providers.source import BotocoreProviders, _static_keys
from xswitch.core.errors import ExitCode, SourceCredentialsError
from xswitch.core.model import Credentials, CredentialSourceKind, Endpoint, Secret
from xswitch.threads import DEFAULT_TIMEOUTS

ENDPOINT = Endpoint(REGION)
SHOW = "See its output: aws sts get-caller-identity --profile dev"


def resolve(
    kind: CredentialSourceKind,
    properties: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Credentials:
    """Resolve the credentials of profile dev with these properties, or of an environment."""
    profile = None if environment is not None else "dev"
    source = BotocoreProviders(
        os.environ if environment is None else environment, process_seconds=30
    )
    return source.resolve(a_base(kind, profile), a_view(properties), ENDPOINT)


def refused(
    kind: CredentialSourceKind,
    properties: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> SourceCredentialsError:
    with pytest.raises(SourceCredentialsError) as caught:
        resolve(kind, properties, environment)
    assert caught.value.exit_code == ExitCode.BASE_CREDENTIALS
    return caught.value


# -- static keys


def test_static_keys_are_the_profiles(clean_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = clean_world / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        "[dev]\naws_access_key_id = AKIAFILE\naws_secret_access_key = file\n", encoding="utf-8"
    )
    (folder / "config").write_text(
        "\ufeff[profile dev]\nregion = a\nregion = b\n", encoding="utf-8"
    )
    (clean_world / ".boto").write_text(
        "[Credentials]\naws_access_key_id = AKIABOTO\naws_secret_access_key = boto\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "env")
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/file")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/Env")
    found = resolve(
        CredentialSourceKind.STATIC_KEYS,
        {
            "aws_access_key_id": "AKIAVIEW",
            "aws_secret_access_key": "view",
            "role_arn": "arn:aws:iam::222222222222:role/Admin",
            "source_profile": "dev",
        },
    )
    assert found == Credentials("AKIAVIEW", Secret("view"))


@pytest.mark.parametrize("name", ["aws_session_token", "aws_security_token"])
def test_static_keys_may_be_temporary(name: str) -> None:
    found = resolve(
        CredentialSourceKind.STATIC_KEYS,
        {"aws_access_key_id": "ASIAVIEW", "aws_secret_access_key": "view", name: "token"},
    )
    assert found == Credentials("ASIAVIEW", Secret("view"), Secret("token"))
    found = resolve(
        CredentialSourceKind.STATIC_KEYS,
        {"aws_access_key_id": "AKIAVIEW", "aws_secret_access_key": "view", name: ""},
    )
    assert not found.temporary


@pytest.mark.parametrize(
    "tokens",
    [
        {},
        {"session": "new"},
        {"security": "old"},
        {"session": "new", "security": "old"},
        {"security": ""},
    ],
)
def test_complete_keys_are_read_without_botocore(
    tokens: Mapping[str, str],
) -> None:
    properties = {
        "aws_access_key_id": "AKIAVIEW",
        "aws_secret_access_key": "vi ew",
        **{f"aws_{k}_token": v for k, v in tokens.items()},
    }
    environment = {name.upper(): value for name, value in properties.items()}
    for kind, view, variables in (
        (CredentialSourceKind.STATIC_KEYS, a_view(properties), {}),
        (CredentialSourceKind.ENVIRONMENT, a_view(None), environment),
    ):
        base = a_base(kind, "dev" if kind is CredentialSourceKind.STATIC_KEYS else None)
        direct = _static_keys(base, view, variables)
        assert direct is not None
        assert (
            direct
            == Provider(
                base, view, ENDPOINT, ProviderContext(variables, DEFAULT_TIMEOUTS, 30)
            ).load()
        )


def test_incomplete_and_missing_keys() -> None:
    error = refused(CredentialSourceKind.STATIC_KEYS, {"aws_access_key_id": "AKIAVIEW"})
    assert (error.code, error.next_step) == ("keys_incomplete", "aws configure --profile dev")
    assert "aws_secret_access_key is missing" in error.what
    assert refused(CredentialSourceKind.STATIC_KEYS, {"region": "eu-west-1"}).code == "keys_missing"


# -- the environment

PAIR = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env"}


def test_the_given_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    assert resolve(CredentialSourceKind.ENVIRONMENT, None, PAIR) == Credentials(
        "AKIAENV", Secret("env")
    )
    expiry = at(timedelta(hours=1))
    found = resolve(
        CredentialSourceKind.ENVIRONMENT,
        None,
        PAIR | {"AWS_SESSION_TOKEN": "t", "AWS_CREDENTIAL_EXPIRATION": expiry},
    )
    assert found == Credentials(
        "AKIAENV", Secret("env"), Secret("t"), datetime.fromisoformat(expiry)
    )


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"AWS_ACCESS_KEY_ID": ""}, "keys_missing"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "keys_incomplete"),
        ({"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}, "keys_expired"),
        ({"AWS_CREDENTIAL_EXPIRATION": "soon"}, "keys_incomplete"),
        ({"AWS_CREDENTIAL_EXPIRATION": "2036-01-01T00:00:00"}, "keys_incomplete"),
    ],
)
def test_an_environment_without_usable_keys(more: dict[str, str], code: str) -> None:
    error = refused(CredentialSourceKind.ENVIRONMENT, None, PAIR | more)
    assert error.code == code
    assert "the environment" in error.what
    assert "AWS_SESSION_TOKEN" in error.next_step


# -- credential_process


def printing(tmp_path: Path, answer: object, body: str = "") -> str:
    """Return a credential_process that prints `answer` and counts its runs."""
    script = tmp_path / "helper script.py"
    text = answer if isinstance(answer, str) else json.dumps(answer)
    script.write_text(
        f"{body}\nopen({str(tmp_path / 'runs')!r}, 'a').write('x')\nprint({text!r}, end='')\n",
        encoding="utf-8",
    )
    return f"{sys.executable} '{script}' 'two words'"


def answer(**more: object) -> dict[str, object]:
    return {
        "Version": 1,
        "AccessKeyId": "ASIAPROC",
        "SecretAccessKey": "proc",
        "SessionToken": "token",
    } | more


def test_a_credential_process_with_and_without_expiry(tmp_path: Path) -> None:
    expiry = at(timedelta(hours=1))
    found = resolve(
        CredentialSourceKind.CREDENTIAL_PROCESS,
        {"credential_process": printing(tmp_path, answer(Expiration=expiry))},
    )
    assert found == Credentials(
        "ASIAPROC", Secret("proc"), Secret("token"), datetime.fromisoformat(expiry)
    )
    assert found.expires_at is not None
    assert found.expires_at.tzinfo is UTC
    found = resolve(
        CredentialSourceKind.CREDENTIAL_PROCESS,
        {"credential_process": printing(tmp_path, answer(SessionToken=None))},
    )
    assert found == Credentials("ASIAPROC", Secret("proc"))
    assert (tmp_path / "runs").read_text(encoding="utf-8") == "xx"


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("", "process_answer"),
        ("s3cret and more", "process_answer"),
        ("[1]", "process_answer"),
        (answer(Version=2), "process_answer"),
        (answer(Version="s3cret"), "process_answer"),
        ({"Version": 1, "AccessKeyId": "s3cret"}, "process_answer"),
        (answer(Expiration="s3cret"), "process_answer"),
        (answer(Expiration="2036-01-01T00:00:00"), "process_answer"),
        (answer(Expiration="2020-01-01T00:00:00Z"), "process_expired"),
    ],
)
def test_a_credential_process_that_prints_nonsense(
    tmp_path: Path, printed: object, code: str
) -> None:
    error = refused(
        CredentialSourceKind.CREDENTIAL_PROCESS, {"credential_process": printing(tmp_path, printed)}
    )
    assert (error.code, error.next_step) == (code, SHOW)
    assert "s3cret" not in "".join(traceback.format_exception(error)) + str(vars(error))


@pytest.mark.parametrize(
    ("command", "code", "detail"),
    [
        ("/no/such/helper --password s3cret", "process_missing", "no such file or directory"),
        ("/dev/null s3cret", "process_missing", "permission denied"),
        ("sh -c 's3cret", "process_missing", "its quotes don't match"),
        ("   ", "process_missing", "the command is empty"),
        (
            "sh -c 'echo s3cret; echo s3cret >&2; exit 7'",
            "process_failed",
            "it ended with status 7",
        ),
        ("sh -c 'kill -9 $$'", "process_failed", "it ended with status -9"),
        ("printf '\\\\377'", "process_answer", "it isn't one JSON object"),
        ("yes s3cret", "process_answer", "it is too long"),
    ],
)
def test_a_credential_process_that_fails(command: str, code: str, detail: str) -> None:
    error = refused(CredentialSourceKind.CREDENTIAL_PROCESS, {"credential_process": command})
    assert error.code == code
    assert detail in error.what
    assert error.next_step == (
        "Correct it at ~/.aws/config:12." if code == "process_missing" else SHOW
    )
    assert "s3cret" not in "".join(traceback.format_exception(error)) + str(vars(error))


def test_a_missing_program(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x00\x01\x02")
    program.chmod(0o700)
    error = refused(CredentialSourceKind.CREDENTIAL_PROCESS, {"credential_process": str(program)})
    assert (error.code, "exec format error" in error.what) == ("process_missing", True)


def test_a_credential_process_has_no_terminal(tmp_path: Path) -> None:
    body = """
import sys
if sys.stdin.read() != "":
    sys.exit(1)
try:
    open("/dev/tty")
    sys.exit(2)
except OSError:
    pass
"""
    assert (
        resolve(
            CredentialSourceKind.CREDENTIAL_PROCESS,
            {"credential_process": printing(tmp_path, answer(), body)},
        ).access_key_id
        == "ASIAPROC"
    )


def test_a_hung_credential_process_is_stopped() -> None:
    source = BotocoreProviders(os.environ, process_seconds=0.5)
    with pytest.raises(SourceCredentialsError) as caught:
        source.resolve(
            a_base(CredentialSourceKind.CREDENTIAL_PROCESS),
            a_view({"credential_process": "sleep 300"}),
            ENDPOINT,
        )
    assert caught.value.code == "process_timeout"
    assert "after 0.5 seconds" in caught.value.what


def test_a_credential_process_gets_the_given_environment(tmp_path: Path) -> None:
    body = "import os, sys\nif os.environ.get('MARK') != 'yes': sys.exit(3)"
    command = printing(tmp_path, answer(), body)
    assert (
        refused(CredentialSourceKind.CREDENTIAL_PROCESS, {"credential_process": command}).code
        == "process_failed"
    )
    source = BotocoreProviders({"MARK": "yes"})
    assert (
        source.resolve(
            a_base(CredentialSourceKind.CREDENTIAL_PROCESS),
            a_view({"credential_process": command}),
            ENDPOINT,
        ).access_key_id
        == "ASIAPROC"
    )


# -- all kinds


def test_unusual_settings_next_to_keys_are_ignored() -> None:
    found = resolve(
        CredentialSourceKind.STATIC_KEYS,
        {
            "aws_access_key_id": "AKIAVIEW",
            "aws_secret_access_key": "view",
            "s3": "\naddressing_style = path\n\nmax_concurrent_requests = 20",
            "api_versions": "nonsense",
            "retry_mode": "odd",
            "max_attempts": "many",
            "metadata_service_timeout": "soon",
            "region": "no region",
        },
    )
    assert found.access_key_id == "AKIAVIEW"


def test_a_profile_removed_meanwhile() -> None:
    with pytest.raises(SourceCredentialsError) as caught:
        BotocoreProviders(os.environ).resolve(
            a_base(CredentialSourceKind.STATIC_KEYS, "gone"), a_view(), ENDPOINT
        )
    assert caught.value.code == "keys_missing"


@pytest.mark.parametrize(
    "kind",
    [
        CredentialSourceKind.SSO,
        CredentialSourceKind.LOGIN_SESSION,
        CredentialSourceKind.CREDENTIAL_PROCESS,
        CredentialSourceKind.WEB_IDENTITY,
    ],
)
def test_a_profile_of_another_kind_meanwhile(kind: CredentialSourceKind) -> None:
    assert refused(
        kind, {"aws_access_key_id": "AKIAVIEW", "aws_secret_access_key": "view"}
    ).next_step
