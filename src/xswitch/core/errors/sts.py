"""What a failed STS call means: AWS's error code and text, or the way the connection broke, as one of our errors.

Pure: the adapter says what happened, this module finds the sentence, the reason and the next step. AWS's codes are not
enough (a wrong MFA code, a missing permission and an explicit deny are all `AccessDenied`), so its texts are read too.
`core.stssentences.SENTENCES` is the list of everything that can come out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from xswitch.core.errors import AwsDeniedError, BaseCredentialsError, NetworkError, XswitchError
from xswitch.core.errors.sts_messages import SENTENCES
from xswitch.core.text import clean

WHY_LIMIT = 600
_SERVER_FAULT = 500
_PROXY_AUTHENTICATION = 407
_SAME_MINUTE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Call:
    """The call that failed, `operation` as in policies ("sts:AssumeRole").

    `hop` is the role ARN or MFA serial it was about; `long_term` says its credentials had no session token.
    """

    operation: str
    region: str
    hop: str = ""
    long_term: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What came back: AWS's code and text, its clock (the Date header, UTC) and ours when the answer arrived."""

    code: str
    text: str
    received_at: datetime
    server_time: datetime | None = None
    status: int = 0


BASE_CODES = frozenset({"invalid_key", "bad_secret", "expired_token"})
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
_LIMITS = (
    ("role chaining", "duration_chaining"),
    ("maxsessionduration", "duration_role_max"),
)
_CLOCKS = (
    ("signature expired", "clock_skew"),
    ("not yet current", "clock_skew"),
)
# AWS's code → (part of its text in lower case → our code, our code otherwise).
_BY_TEXT: Mapping[str, tuple[tuple[tuple[str, str], ...], str]] = MappingProxyType(
    {
        "AccessDenied": (_DENIALS, "not_authorized"),
        "AccessDeniedException": (_DENIALS, "not_authorized"),
        "ValidationError": (_LIMITS, "bad_parameter"),
        "ValidationException": (_LIMITS, "bad_parameter"),
        "SignatureDoesNotMatch": (_CLOCKS, "bad_secret"),
        "InvalidSignatureException": (_CLOCKS, "bad_secret"),
    }
)
_DENIER = re.compile(r"with an explicit deny in (?:an?|the) ([a-z -]{3,40}?)(?: policy| boundary)\b", re.IGNORECASE)
_STAMP = re.compile(r"\d{8}T\d{6}Z")
# Real STS adds the string it signed, session token and all, to SignatureDoesNotMatch.
_CANONICAL = re.compile(r"The Canonical String for this request should have been.*", re.DOTALL)


def refused(call: Call, refusal: Refusal) -> XswitchError:
    """The error for an answer of AWS that was an error: AwsDeniedError, BaseCredentialsError or NetworkError."""
    code = _code(refusal)
    why = reason(_CANONICAL.sub("", refusal.text))
    detail = ""
    if code == "clock_skew":
        detail = _skew_sentence(refusal)
    elif code == "explicit_deny" and (found := _DENIER.search(refusal.text)):
        word = "boundary" if found.group(0).lower().endswith("boundary") else "policy"
        detail = f" ({found.group(1)} {word})"
    what, next_step = _fill(code, call, detail)
    if SENTENCES[code].network:
        return NetworkError(what, why=why, next_step=next_step, code=code)
    if call.long_term and code in BASE_CODES:
        return BaseCredentialsError(what, why=why, next_step=next_step, code=code)
    return AwsDeniedError(what, why=why, next_step=next_step, code=code, aws_code=clean(refusal.code, limit=80), hop=call.hop)


def broken(call: Call, code: str, detail: str = "") -> NetworkError:
    """The error for a call that got no answer of AWS; `code` is one of `SENTENCES` marked network, `detail` a reason in words."""
    what, next_step = _fill(code, call, "")
    return NetworkError(what, why=reason(detail), next_step=next_step, code=code)


def rejected(call: Call, detail: str) -> AwsDeniedError:
    """The error for a request that is not even sent, because its values break the rules STS states."""
    what, next_step = _fill("bad_parameter", call, "")
    return AwsDeniedError(what, why=reason(detail), next_step=next_step, code="bad_parameter", hop=call.hop)


def reason(text: str) -> str:
    """`text` as it may be shown: one line, nothing a terminal acts on, at most `WHY_LIMIT` characters."""
    return clean(" ".join(text.split()), limit=WHY_LIMIT)


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """`text` with every one of `secrets` taken out: an answer may repeat what was sent. Digits in a longer number stay."""
    for secret in secrets:
        if secret:
            text = re.sub(rf"(?<!\d){secret}(?!\d)", "***", text) if secret.isdigit() else text.replace(secret, "***")
    return text


def clock_skew(refusal: Refusal) -> timedelta | None:
    """How far this machine's clock is ahead of AWS's (negative: behind); None when the answer doesn't tell.

    The Date header is exact to the second. Without one, the text of STS names the time the request was signed at and,
    in brackets, its own.
    """
    if refusal.server_time is not None:
        return refusal.received_at - refusal.server_time
    stamps = _STAMP.findall(refusal.text)
    if len(stamps) < 2:  # noqa: PLR2004 -- the time of signing and the server's
        return None
    signed, server = (_stamp(stamp) for stamp in (stamps[0], stamps[-1]))
    return None if signed is None or server is None else signed - server


def _stamp(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _code(refusal: Refusal) -> str:
    if refusal.code in _BY_AWS_CODE:
        return _BY_AWS_CODE[refusal.code]
    if refusal.status >= _SERVER_FAULT:
        return "aws_internal"
    if refusal.code.isdigit() or not refusal.code:
        # No AWS error document: a proxy or a portal wrote this page.
        return "proxy" if refusal.status == _PROXY_AUTHENTICATION else "not_aws"
    texts, otherwise = _BY_TEXT.get(refusal.code, ((), "denied"))
    text = refusal.text.lower()
    return next((code for part, code in texts if part in text), otherwise)


def _skew_sentence(refusal: Refusal) -> str:
    skew = clock_skew(refusal)
    if skew is None:
        return "AWS says this machine's clock is wrong."
    if abs(skew) < _SAME_MINUTE:
        return "AWS says the request was signed too long ago, though this machine's clock agrees with AWS's now."
    minutes = round(abs(skew) / timedelta(minutes=1))
    unit = "minute" if minutes == 1 else "minutes"
    return f"This machine's clock is {minutes} {unit} {'ahead of' if skew > timedelta(0) else 'behind'} AWS's."


def _fill(code: str, call: Call, detail: str) -> tuple[str, str]:
    sentence = SENTENCES[code]
    values = {
        "operation": call.operation,
        "hop": call.hop or "these credentials",
        "region": call.region or '""',
        "url": call.url or f"the endpoint of {call.region}",
        "detail": detail,
    }
    values = {name: clean(value, limit=200) for name, value in values.items()}
    return sentence.what.format(**values), sentence.next_step.format(**values)
