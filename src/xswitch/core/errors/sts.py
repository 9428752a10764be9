"""What a failed STS call means.

AWS's error code and text, or the way the connection broke, as one of our errors.

Pure: the adapter says what happened, this module finds the sentence, the reason and the next step.
AWS's codes are not enough (a wrong MFA code, a missing permission and an explicit deny are all
`AccessDenied`), so its texts are read too. `core.errors.sts_messages.STS_MESSAGES` is the list of
everything that can come out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from xswitch.core.errors import AwsDeniedError, NetworkError, SourceCredentialsError, XswitchError
from xswitch.core.errors.sts_messages import STS_MESSAGES
from xswitch.core.text import sanitize

WHY_LIMIT = 600
_SERVER_FAULT = 500
_PROXY_AUTHENTICATION = 407
_NEGLIGIBLE_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """The call that failed, `operation` as in policies ("sts:AssumeRole").

    `hop` is the role ARN or MFA serial it was about; `long_term` says its credentials had no
    session token.
    """

    operation: str
    region: str
    hop: str = ""
    long_term: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class AwsErrorResponse:
    """What came back.

    AWS's code and text, its clock (the Date header, UTC) and ours when the answer arrived.
    """

    code: str
    text: str
    received_at: datetime
    server_time: datetime | None = None
    status: int = 0


CREDENTIALS_ERROR_CODES = frozenset({"invalid_key", "bad_secret", "expired_token"})
"""Refusals that speak of the credentials a call was signed with, not of what it asked for."""

_BY_AWS_CODE: Mapping[str, str] = MappingProxyType(
    {
        "ExpiredToken": "expired_token",
        "ExpiredTokenException": "expired_token",
        "InvalidClientTokenId": "invalid_key",
        "UnrecognizedClientException": "invalid_key",
        "InvalidAccessKeyId": "invalid_key",
        "IncompleteSignature": "invalid_key",
        "MissingAuthenticationToken": "invalid_key",
        "RequestExpired": "clock_skew",
        "RequestTimeTooSkewed": "clock_skew",
        "RegionDisabledException": "region_disabled",
        "RegionDisabled": "region_disabled",
        "PackedPolicyTooLarge": "packed_policy",
        "PackedPolicyTooLargeException": "packed_policy",
        "MalformedPolicyDocument": "malformed_policy",
        "MalformedPolicyDocumentException": "malformed_policy",
        "InvalidParameterValue": "bad_parameter",
        "InvalidParameterCombination": "bad_parameter",
        "MissingParameter": "bad_parameter",
        "Throttling": "throttled",
        "ThrottlingException": "throttled",
        "ThrottledException": "throttled",
        "RequestLimitExceeded": "throttled",
        "TooManyRequestsException": "throttled",
        "InternalFailure": "aws_internal",
        "InternalError": "aws_internal",
        "InternalServerError": "aws_internal",
        "ServiceUnavailable": "aws_internal",
        "ServiceUnavailableException": "aws_internal",
        "InvalidAction": "not_aws",
        "UnknownOperationException": "not_aws",
    }
)

_DENIALS = (
    ("unable to validate mfa code", "mfa_serial"),
    ("multifactorauthentication failed", "mfa_wrong"),
    ("with an explicit deny", "explicit_deny"),
    ("cannot call getsessiontoken with session credentials", "session_credentials"),
    ("by root accounts", "root_user"),
)
_VALIDATION_ERRORS = (
    ("role chaining", "duration_chaining"),
    ("maxsessionduration", "duration_role_max"),
)
_SIGNATURE_ERRORS = (
    ("signature expired", "clock_skew"),
    ("not yet current", "clock_skew"),
)
# AWS's code → (part of its text in lower case → our code, our code otherwise).
_BY_AWS_CODE_AND_TEXT: Mapping[str, tuple[tuple[tuple[str, str], ...], str]] = MappingProxyType(
    {
        "AccessDenied": (_DENIALS, "not_authorized"),
        "AccessDeniedException": (_DENIALS, "not_authorized"),
        "ValidationError": (_VALIDATION_ERRORS, "bad_parameter"),
        "ValidationException": (_VALIDATION_ERRORS, "bad_parameter"),
        "SignatureDoesNotMatch": (_SIGNATURE_ERRORS, "bad_secret"),
        "InvalidSignatureException": (_SIGNATURE_ERRORS, "bad_secret"),
    }
)
_DENYING_POLICY = re.compile(
    r"with an explicit deny in (?:an?|the) ([a-z -]{3,40}?)(?: policy| boundary)\b", re.IGNORECASE
)
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z")
# Real STS adds the string it signed, session token and all, to SignatureDoesNotMatch.
_CANONICAL_STRING = re.compile(
    r"The Canonical String for this request should have been.*", re.DOTALL
)


def error_from_response(call: ApiCall, refusal: AwsErrorResponse) -> XswitchError:
    """The error for an answer of AWS that was an error.

    AwsDeniedError, SourceCredentialsError or NetworkError.
    """
    code = _error_code(refusal)
    why = display_reason(_CANONICAL_STRING.sub("", refusal.text))
    detail = ""
    if code == "clock_skew":
        detail = _skew_message(refusal)
    elif code == "explicit_deny" and (denier := _DENYING_POLICY.search(refusal.text)):
        policy_kind = "boundary" if denier.group(0).lower().endswith("boundary") else "policy"
        detail = f" ({denier.group(1)} {policy_kind})"
    what, next_step = _fill_message(code, call, detail)
    if STS_MESSAGES[code].network:
        return NetworkError(what, why=why, next_step=next_step, code=code)
    if call.long_term and code in CREDENTIALS_ERROR_CODES:
        return SourceCredentialsError(what, why=why, next_step=next_step, code=code)
    return AwsDeniedError(
        what,
        why=why,
        next_step=next_step,
        code=code,
        aws_code=sanitize(refusal.code, limit=80),
        hop=call.hop,
    )


def connection_error(call: ApiCall, code: str, detail: str = "") -> NetworkError:
    """The error for a call that got no answer of AWS.

    `code` is one of `STS_MESSAGES` marked network, `detail` a reason in words.
    """
    what, next_step = _fill_message(code, call, "")
    return NetworkError(what, why=display_reason(detail), next_step=next_step, code=code)


def invalid_request(call: ApiCall, detail: str) -> AwsDeniedError:
    """The error for a request that is not even sent, because its values break the rules STS states."""
    what, next_step = _fill_message("bad_parameter", call, "")
    return AwsDeniedError(
        what, why=display_reason(detail), next_step=next_step, code="bad_parameter", hop=call.hop
    )


def display_reason(text: str) -> str:
    """`text` as it may be shown.

    One line, nothing a terminal acts on, at most `WHY_LIMIT` characters.
    """
    return sanitize(" ".join(text.split()), limit=WHY_LIMIT)


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """`text` with every one of `secrets` taken out: an answer may repeat what was sent.

    Digits in a longer number stay.
    """
    for secret in secrets:
        if secret:
            text = (
                re.sub(rf"(?<!\d){secret}(?!\d)", "***", text)
                if secret.isdigit()
                else text.replace(secret, "***")
            )
    return text


def clock_skew(refusal: AwsErrorResponse) -> timedelta | None:
    """How far this machine's clock is ahead of AWS's (negative: behind).

    None when the answer doesn't tell.

    The Date header is exact to the second. Without one, the text of STS names the time the request
    was signed at and, in brackets, its own.
    """
    if refusal.server_time is not None:
        return refusal.received_at - refusal.server_time
    stamps = _TIMESTAMP.findall(refusal.text)
    if len(stamps) < 2:  # noqa: PLR2004 -- the time of signing and the server's
        return None
    signed, server = (_parse_timestamp(stamp) for stamp in (stamps[0], stamps[-1]))
    return None if signed is None or server is None else signed - server


def _parse_timestamp(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _error_code(refusal: AwsErrorResponse) -> str:
    if refusal.code in _BY_AWS_CODE:
        return _BY_AWS_CODE[refusal.code]
    if refusal.status >= _SERVER_FAULT:
        return "aws_internal"
    if refusal.code.isdigit() or not refusal.code:
        # No AWS error document: a proxy or a portal wrote this page.
        return "proxy" if refusal.status == _PROXY_AUTHENTICATION else "not_aws"
    texts, default_code = _BY_AWS_CODE_AND_TEXT.get(refusal.code, ((), "denied"))
    text = refusal.text.lower()
    return next((code for part, code in texts if part in text), default_code)


def _skew_message(refusal: AwsErrorResponse) -> str:
    skew = clock_skew(refusal)
    if skew is None:
        return "AWS says this machine's clock is wrong."
    if abs(skew) < _NEGLIGIBLE_SKEW:
        return "AWS says the request was signed too long ago, though this machine's clock agrees with AWS's now."
    minutes = round(abs(skew) / timedelta(minutes=1))
    unit = "minute" if minutes == 1 else "minutes"
    return f"This machine's clock is {minutes} {unit} {'ahead of' if skew > timedelta(0) else 'behind'} AWS's."


def _fill_message(code: str, call: ApiCall, detail: str) -> tuple[str, str]:
    sentence = STS_MESSAGES[code]
    values = {
        "operation": call.operation,
        "hop": call.hop or "these credentials",
        "region": call.region or '""',
        "url": call.url or f"the endpoint of {call.region}",
        "detail": detail,
    }
    values = {name: sanitize(value, limit=200) for name, value in values.items()}
    return sentence.what.format(**values), sentence.next_step.format(**values)
