from __future__ import annotations

import shlex

import pytest

from xswitch.core.errors import AwsDeniedError, ErrorCode, ExitCode, SourceCredentialsError
from xswitch.core.errors.source_credentials import (
    SOURCE_MESSAGES,
    SourceLabel,
    as_source_error,
    renewal_instruction,
    source_error,
)
from xswitch.core.model import (
    CredentialSource,
    CredentialSourceKind,
    Origin,
    SsoRole,
    SsoSession,
)
from xswitch.core.roles.sources import sso_source


def base(kind: CredentialSourceKind, profile: str | None = "dev") -> CredentialSource:
    return CredentialSource(kind, profile, "identity", Origin("~/.aws/config", 12))


@pytest.mark.parametrize("code", sorted(SOURCE_MESSAGES))
@pytest.mark.parametrize("kind", list(CredentialSourceKind))
def test_every_code_has_a_message_for_every_source(
    code: ErrorCode, kind: CredentialSourceKind
) -> None:
    for profile in ("dev", None):
        found = source_error(SourceLabel(base(kind, profile)), code, detail="a\nb", why="c\nd")
        assert (found.code, found.exit_code, found.why) == (code, ExitCode.BASE_CREDENTIALS, "c d")
        assert found.what.endswith(".")
        assert found.next_step
        assert "{" not in found.what + found.next_step
        assert "\n" not in found.what + found.next_step


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (SourceLabel(base(CredentialSourceKind.STATIC_KEYS)), "aws configure --profile dev"),
        (SourceLabel(base(CredentialSourceKind.SSO)), "xswitch login dev"),
        (SourceLabel(base(CredentialSourceKind.SSO), "corp"), "xswitch login corp"),
        (SourceLabel(base(CredentialSourceKind.LOGIN_SESSION)), "aws login --profile dev"),
        (
            SourceLabel(base(CredentialSourceKind.CREDENTIAL_PROCESS)),
            "See its output: aws sts get-caller-identity --profile dev",
        ),
    ],
)
def test_the_renewal_command(source: SourceLabel, expected: str) -> None:
    assert renewal_instruction(source) == expected


def test_a_role_that_only_the_portal_lists_is_named_and_listed_again() -> None:
    session = SsoSession("", "https://corp.awsapps.com/start", "eu-west-1")
    listed = sso_source(SsoRole(session, "111111111111", "Admin"), None, Origin("/config", 1))
    label = SourceLabel(listed, session.label)
    assert renewal_instruction(label) == f"xswitch login {session.start_url}"
    for code in (ErrorCode.SSO_DENIED, ErrorCode.SSO_NOT_FOUND):
        found = source_error(label, code)
        assert found.what.endswith(f" 111111111111/Admin at {session.start_url}.")
        assert found.next_step.endswith(f": xswitch sso refresh {session.start_url}")


def test_a_hostile_profile_name_stays_one_word_and_one_line() -> None:
    found = renewal_instruction(SourceLabel(base(CredentialSourceKind.SSO, "a; rm -rf ~\n\x1b")))
    assert shlex.split(found)[:2] == ["xswitch", "login"]
    assert len(shlex.split(found)) == 3
    assert found.isprintable()


def test_rejected_source_credentials_are_a_source_error() -> None:
    refusal = AwsDeniedError("w", why="y", next_step="n", code="expired_token")
    blamed = as_source_error(refusal, SourceLabel(base(CredentialSourceKind.SSO), "corp"))
    assert type(blamed) is SourceCredentialsError
    assert (blamed.what, blamed.why, blamed.next_step, blamed.code) == (
        "w",
        "y",
        "xswitch login corp",
        "expired_token",
    )
    other = AwsDeniedError("w", code="not_authorized")
    assert as_source_error(other, SourceLabel(base(CredentialSourceKind.SSO))) is other
