from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    NetworkError,
    SourceCredentialsError,
    XswitchError,
)
from xswitch.core.errors.iam import IAM_CODES
from xswitch.core.errors.messages import WHY_LIMIT, display_reason
from xswitch.core.errors.source_credentials import SOURCE_MESSAGES
from xswitch.core.errors.sts import (
    CREDENTIALS_ERROR_CODES,
    NETWORK_MESSAGES,
    STS_MESSAGES,
    ApiCall,
    AwsErrorResponse,
    clock_skew,
    connection_error,
    error_from_response,
    invalid_request,
    redact,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROLE = "arn:aws:iam::222222222222:role/Admin"
CALL = ApiCall("sts:AssumeRole", "eu-west-1", ROLE, long_term=True, url="https://sts.example")
CHAINED = ApiCall("sts:AssumeRole", "eu-west-1", ROLE)


def error(code: str, text: str = "", call: ApiCall = CALL, status: int = 403) -> XswitchError:
    return error_from_response(call, AwsErrorResponse(code, text, NOON, status=status))


@pytest.mark.parametrize(
    ("aws_code", "text", "code"),
    [
        (
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
            "mfa_wrong",
        ),
        (
            "AccessDenied",
            (
                "MultiFactorAuthentication failed, unable to validate MFA code.  "
                "Please verify your MFA serial number is valid."
            ),
            "mfa_serial",
        ),
        (
            "AccessDenied",
            (
                "User: arn:aws:iam::1:user/a is not authorized to perform: "
                f"sts:AssumeRole on resource: {ROLE}"
            ),
            "not_authorized",
        ),
        ("AccessDenied", "Access denied", "not_authorized"),
        (
            "AccessDenied",
            "… is not authorized … with an explicit deny in a service control policy",
            "explicit_deny",
        ),
        (
            "AccessDenied",
            "Cannot call GetSessionToken with session credentials",
            "session_credentials",
        ),
        ("AccessDenied", "Roles may not be assumed by root accounts.", "root_user"),
        ("ExpiredToken", "The security token included in the request is expired", "expired_token"),
        ("ExpiredTokenException", "", "expired_token"),
        (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            "invalid_key",
        ),
        (
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match",
            "bad_secret",
        ),
        ("SignatureDoesNotMatch", "Signature expired: a is now earlier than b", "clock_skew"),
        (
            "SignatureDoesNotMatch",
            "Signature not yet current: a is still later than b",
            "clock_skew",
        ),
        ("RequestExpired", "", "clock_skew"),
        (
            "RegionDisabledException",
            "STS is not activated in this region for account:1",
            "region_disabled",
        ),
        (
            "PackedPolicyTooLarge",
            "Packed size of session tags consumes 119% of allotted space.",
            "packed_policy",
        ),
        ("MalformedPolicyDocument", "Syntax errors in policy.", "malformed_policy"),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "duration_role_max",
        ),
        (
            "ValidationError",
            (
                "The requested DurationSeconds exceeds the 1 hour session limit "
                "for roles assumed by role chaining."
            ),
            "duration_chaining",
        ),
        ("ValidationError", "1 validation error detected: Value 'x' at 'roleArn'", "bad_parameter"),
        ("InvalidParameterValue", "", "bad_parameter"),
        ("Throttling", "Rate exceeded", "throttled"),
        ("InternalFailure", "", "aws_internal"),
        ("InvalidAction", "Could not find operation X", "not_aws"),
        ("404", "Not Found", "not_aws"),
        ("407", "Proxy Authentication Required", "not_aws"),
        ("", "HTTP status 403.", "not_aws"),
        ("SomethingNew", "a text of its own", "denied"),
    ],
)
def test_each_aws_error_has_its_code(aws_code: str, text: str, code: str) -> None:
    found = error(aws_code, text)
    assert found.code == code
    assert found.why == display_reason(text)
    assert found.what.endswith((".", "?"))
    assert found.next_step
    assert "{" not in found.what + found.next_step


def test_the_status_decides_without_a_code() -> None:
    assert error("503", "Service Unavailable", status=503).code == "aws_internal"
    assert error("Odd", status=500).code == "aws_internal"
    assert error("407", status=407).code == "proxy"
    assert error("TooManyRequestsError", status=429).code == "throttled"
    assert error("429", status=429).code == "not_aws"


def test_only_long_term_keys_are_a_source_error() -> None:
    for aws_code in ("InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"):
        assert type(error(aws_code)) is SourceCredentialsError
        assert type(error(aws_code, call=CHAINED)) is AwsDeniedError
        assert error(aws_code).code in CREDENTIALS_ERROR_CODES
    assert type(error("AccessDenied")) is AwsDeniedError


def test_a_denial_keeps_awss_code_and_the_hop() -> None:
    found = error("AccessDenied", "no")
    assert isinstance(found, AwsDeniedError)
    assert (found.aws_code, found.hop) == ("AccessDenied", ROLE)
    assert ROLE in found.what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("with an explicit deny in an identity-based policy", " (identity-based policy)."),
        (
            "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/x",
            " (service control policy).",
        ),
        ("with an explicit deny in the role trust policy", " (role trust policy)."),
        ("with an explicit deny in a permissions boundary", " (permissions boundary)."),
        ("with an explicit deny", f"{ROLE}."),
    ],
)
def test_an_explicit_deny_names_its_policy(text: str, words: str) -> None:
    assert error("AccessDenied", text).what.endswith(words)


# -- the clock


def skewed(server_time: datetime | None, text: str = "Signature expired: ") -> AwsErrorResponse:
    return AwsErrorResponse("SignatureDoesNotMatch", text, NOON, server_time)


@pytest.mark.parametrize(
    ("server_time", "what"),
    [
        (NOON + timedelta(minutes=17), "This machine's clock is 17 minutes behind AWS's."),
        (
            NOON - timedelta(minutes=95, seconds=31),
            "This machine's clock is 96 minutes ahead of AWS's.",
        ),
        (NOON + timedelta(seconds=61), "This machine's clock is 1 minute behind AWS's."),
        (
            NOON,
            (
                "AWS reports that the signature has expired, although this machine's clock now "
                "agrees with AWS's."
            ),
        ),
        (None, "AWS reports that this machine's clock is wrong."),
    ],
)
def test_clock_skew_is_in_minutes(server_time: datetime | None, what: str) -> None:
    assert error_from_response(CALL, skewed(server_time)).what == what


def test_without_a_date_header_the_text_counts() -> None:
    behind = (
        "Signature expired: 20260301T120000Z is now earlier than 20260301T121500Z "
        "(20260301T123000Z - 15 min.)"
    )
    assert clock_skew(skewed(None, behind)) == timedelta(minutes=-30)
    ahead = (
        "Signature not yet current: 20260301T130000Z is still later than 20260301T121500Z "
        "(20260301T120000Z + 15 min.)"
    )
    assert clock_skew(skewed(None, ahead)) == timedelta(hours=1)
    assert clock_skew(skewed(None, "20261301T120000Z 20260301T120000Z")) is None
    assert clock_skew(skewed(None, "20260301T120000Z")) is None


# -- connection errors


@pytest.mark.parametrize("code", list(NETWORK_MESSAGES))
def test_every_network_code_is_a_network_error(code: ErrorCode) -> None:
    found = connection_error(CALL, code, "detail\nof it")
    assert type(found) is NetworkError
    assert (found.code, found.why) == (code, "detail of it")
    assert "{" not in found.what + found.next_step
    assert (
        connection_error(ApiCall("sts:AssumeRole", "eu-west-1"), ErrorCode.TIMEOUT).what
        == "AWS didn't respond in time at the endpoint of eu-west-1."
    )


def test_an_unsent_request_is_a_bad_parameter() -> None:
    found = invalid_request(
        CALL, "Parameter validation failed:\nInvalid length for parameter TokenCode"
    )
    assert (type(found), found.code, found.why) == (
        AwsDeniedError,
        "bad_parameter",
        "Parameter validation failed: Invalid length for parameter TokenCode",
    )


# -- hostile texts

HOSTILE = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\x1b\x9b\x07\r\n{}\u202e"), max_size=900
)


@settings(max_examples=60, derandomize=True)
@given(
    HOSTILE,
    st.sampled_from(["AccessDenied", "ValidationError", "SignatureDoesNotMatch", "Throttling", ""])
    | HOSTILE,
    HOSTILE,
)
def test_aws_texts_are_sanitized(text: str, aws_code: str, hop: str) -> None:
    found = error_from_response(
        ApiCall("sts:AssumeRole", "eu-west-1", hop, url=text),
        AwsErrorResponse(aws_code, text, NOON),
    )
    for part in (found.what, found.why, found.next_step, getattr(found, "aws_code", "")):
        assert not any(character in part for character in "\x1b\x9b\x07\r\n\u202e")
    assert len(found.why) <= WHY_LIMIT
    assert found.code in STS_MESSAGES or found.code in NETWORK_MESSAGES


def test_the_canonical_string_is_removed() -> None:
    text = (
        "Does not match.\n\nThe Canonical String for this request should have been\n"
        "'POST\nx-amz-security-token:abc'"
    )
    assert error("SignatureDoesNotMatch", text).why == "Does not match."


def test_secrets_are_removed_and_longer_numbers_stay() -> None:
    assert (
        redact("key s3cret/+x and 123456 in 123456789012, 0123456", ("s3cret/+x", "123456", ""))
        == "key *** and *** in 123456789012, 0123456"
    )


def test_every_code_is_documented_with_its_exit_code() -> None:
    rows = {
        cells[1].strip(" `"): cells[2].strip()
        for line in (Path(__file__).parents[3] / "docs" / "errors.md")
        .read_text(encoding="utf-8")
        .splitlines()
        if line.startswith("| `") and len(cells := line.split("|")) > 4
    }
    assert all(rows[code].split(", ")[0] == "4" for code in STS_MESSAGES)
    assert all(rows[code] == "9" for code in NETWORK_MESSAGES)
    for code in CREDENTIALS_ERROR_CODES:
        assert rows[code] == "4, 6"
    assert all(rows[code] == "6" for code in SOURCE_MESSAGES)
    assert all(rows[code] == "4" for code in IAM_CODES)
    assert set(rows) == set(ErrorCode)
