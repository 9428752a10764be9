from __future__ import annotations

import shlex

import pytest

from xswitch.core.errors import AwsDeniedError, BaseCredentialsError, ExitCode
from xswitch.core.errors.source_credentials import SENTENCES, Source, blame, command, missing
from xswitch.core.model import Base, BaseKind, Origin


def base(kind: BaseKind, profile: str | None = "dev") -> Base:
    return Base(kind, profile, "identity", Origin("~/.aws/config", 12))


@pytest.mark.parametrize("code", sorted(SENTENCES))
@pytest.mark.parametrize("kind", list(BaseKind))
def test_every_code_is_a_sentence_for_every_base(code: str, kind: BaseKind) -> None:
    for profile in ("dev", None):
        found = missing(Source(base(kind, profile)), code, detail="a\nb", why="c\nd")
        assert (found.code, found.exit_code, found.why) == (code, ExitCode.BASE_CREDENTIALS, "c d")
        assert found.what.endswith(".")
        assert found.next_step
        assert "{" not in found.what + found.next_step
        assert "\n" not in found.what + found.next_step


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Source(base(BaseKind.STATIC_KEYS)), "aws configure --profile dev"),
        (Source(base(BaseKind.SSO)), "aws sso login --profile dev"),
        (Source(base(BaseKind.SSO), "corp"), "aws sso login --sso-session corp"),
        (Source(base(BaseKind.LOGIN_SESSION)), "aws login --profile dev"),
        (Source(base(BaseKind.CREDENTIAL_PROCESS)), "See what it says: aws sts get-caller-identity --profile dev"),
    ],
)
def test_the_command_that_helps(source: Source, expected: str) -> None:
    assert command(source) == expected


def test_a_hostile_profile_name_stays_one_word_and_one_line() -> None:
    found = command(Source(base(BaseKind.SSO, "a; rm -rf ~\n\x1b")))
    assert shlex.split(found)[:4] == ["aws", "sso", "login", "--profile"]
    assert len(shlex.split(found)) == 5
    assert found.isprintable()


def test_a_refusal_of_the_bases_credentials_is_the_bases_fault() -> None:
    refusal = AwsDeniedError("w", why="y", next_step="n", code="expired_token")
    blamed = blame(refusal, Source(base(BaseKind.SSO), "corp"))
    assert type(blamed) is BaseCredentialsError
    assert (blamed.what, blamed.why, blamed.next_step, blamed.code) == ("w", "y", "aws sso login --sso-session corp", "expired_token")
    other = AwsDeniedError("w", code="not_authorized")
    assert blame(other, Source(base(BaseKind.SSO))) is other
