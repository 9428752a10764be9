from __future__ import annotations

from datetime import UTC, datetime

import pytest

from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    NetworkError,
    SourceCredentialsError,
)
from xswitch.core.errors.iam import iam_error_from_response
from xswitch.core.errors.sts import ApiCall, AwsErrorResponse

CALL = ApiCall("iam:CreateRole", "us-east-1", "Reader")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("aws_code", "code"),
    [
        ("AccessDenied", ErrorCode.IAM_DENIED),
        ("AccessDeniedException", ErrorCode.IAM_DENIED),
        ("NoSuchEntity", ErrorCode.IAM_MISSING),
        ("NoSuchEntityException", ErrorCode.IAM_MISSING),
        ("EntityAlreadyExists", ErrorCode.IAM_EXISTS),
        ("ConcurrentModification", ErrorCode.IAM_BUSY),
        ("EntityTemporarilyUnmodifiable", ErrorCode.IAM_BUSY),
        ("MalformedPolicyDocument", ErrorCode.IAM_MALFORMED),
        ("LimitExceeded", "iam_limit"),
        ("DeleteConflict", "iam_conflict"),
        ("InvalidInput", "iam_input"),
        ("ValidationError", "iam_input"),
        ("UnmodifiableEntity", "iam_unmodifiable"),
    ],
)
def test_each_code_of_iam_has_a_message_and_a_next_step(aws_code: str, code: str) -> None:
    error = iam_error_from_response(
        CALL, AwsErrorResponse(aws_code, "what AWS said", NOW, status=400)
    )
    assert isinstance(error, AwsDeniedError)
    assert (error.code, error.aws_code, error.hop) == (code, aws_code, "Reader")
    assert "Reader" in error.what
    assert "what AWS said" in error.why
    assert error.next_step
    assert "{" not in error.what


def test_a_call_without_a_subject() -> None:
    assert (
        "on it"
        in iam_error_from_response(
            ApiCall("iam:ListRoles", "us-east-1"), AwsErrorResponse("AccessDenied", "no", NOW)
        ).what
    )


def test_common_errors_have_the_messages_of_sts() -> None:
    keys = iam_error_from_response(
        ApiCall("iam:GetRole", "us-east-1", long_term=True),
        AwsErrorResponse("InvalidClientTokenId", "no such key", NOW, status=403),
    )
    assert isinstance(keys, SourceCredentialsError)
    assert (
        iam_error_from_response(
            CALL, AwsErrorResponse("Throttling", "Rate exceeded", NOW, status=400)
        ).code
        == "throttled"
    )
    assert isinstance(
        iam_error_from_response(
            CALL, AwsErrorResponse("ServiceFailure", "unknown", NOW, status=500)
        ),
        AwsDeniedError | NetworkError,
    )
