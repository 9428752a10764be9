"""The errors of failed STS calls, from AWS's response or from a failed connection.

AWS's codes alone don't tell what failed (a wrong MFA code, a missing permission and an explicit
deny are all `AccessDenied`), so AWS's texts are read too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from xswitch.core.display import display, show_value
from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    NetworkError,
    SourceCredentialsError,
    XswitchError,
)
from xswitch.core.errors.messages import MessageTemplate, display_reason
from xswitch.core.text import pluralize, sanitize

_RUN_AGAIN = "Run the same command again."
_SERVER_FAULT = 500
_PROXY_AUTHENTICATION = 407
_TOO_MANY_REQUESTS = 429
_NEGLIGIBLE_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """The call that failed."""

    operation: str
    """As in policies: "sts:AssumeRole"."""
    region: str
    hop: str = ""
    """The role ARN or MFA serial the call was about."""
    long_term: bool = False
    """Whether long-term keys signed it."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class AwsErrorResponse:
    """An error document of AWS, or an HTTP response that should have been one."""

    code: str
    text: str
    received_at: datetime
    """This machine's time (UTC) when the response arrived."""
    server_time: datetime | None = None
    """AWS's time (UTC), from the Date header."""
    status: int = 0


STS_MESSAGES: Mapping[ErrorCode, MessageTemplate] = MappingProxyType(
    {
        ErrorCode.MFA_WRONG: MessageTemplate(
            "AWS rejected the MFA code for {hop}.",
            "Wait for the next code, then run the same command again.",
        ),
        ErrorCode.MFA_SERIAL: MessageTemplate(
            "AWS can't validate MFA codes from {hop} for this user.",
            "Compare mfa_serial in the config with the output of: aws iam list-mfa-devices",
        ),
        ErrorCode.NOT_AUTHORIZED: MessageTemplate(
            "AWS denied {operation} on {hop}.",
            "Both sides must allow it: one of your policies, and the role's trust policy, which "
            "must name you. If the trust policy requires MFA or an external ID, set mfa_serial or "
            "external_id in the profile.",
        ),
        ErrorCode.EXPLICIT_DENY: MessageTemplate(
            "A policy explicitly denies {operation} on {hop}{detail}.",
            "Ask the administrator of that policy: no permission overrides an explicit deny.",
        ),
        ErrorCode.SESSION_CREDENTIALS: MessageTemplate(
            "AWS can't issue an MFA session from temporary credentials.",
            "Remove mfa_serial from the profile, or use a source profile with long-term keys.",
        ),
        ErrorCode.ROOT_USER: MessageTemplate(
            "The root user of an account can't assume roles.",
            "Use the keys of an IAM user, or sign in with: aws configure sso",
        ),
        ErrorCode.EXPIRED_TOKEN: MessageTemplate(
            "The session that signed {operation} has expired.", _RUN_AGAIN
        ),
        ErrorCode.INVALID_KEY: MessageTemplate(
            "AWS doesn't recognize the access key that signed {operation}.",
            "Store an active key: aws configure. If the region must be enabled first, enable it or "
            "use another --region.",
        ),
        ErrorCode.BAD_SECRET: MessageTemplate(
            "The secret access key doesn't belong to its access key.",
            "Store the pair again: aws configure",
        ),
        ErrorCode.CLOCK_SKEW: MessageTemplate(
            "{detail}",
            "Set this machine's clock (on Linux: sudo timedatectl set-ntp true), then run the same "
            "command again.",
        ),
        ErrorCode.REGION_DISABLED: MessageTemplate(
            "STS isn't active in region {region} for this account.",
            "Use another region (--region us-east-1), or ask an administrator to activate this one "
            "under Account settings in the IAM console.",
        ),
        ErrorCode.PACKED_POLICY: MessageTemplate(
            "The session policies and tags for {hop} are too large together.",
            "Shorten the session policy, or use fewer --policy-arn and --tag options.",
        ),
        ErrorCode.MALFORMED_POLICY: MessageTemplate(
            "The session policy for {hop} isn't valid.",
            "Correct the policy: it must be one JSON policy document without a Principal.",
        ),
        ErrorCode.DURATION_ROLE_MAX: MessageTemplate(
            "{hop} doesn't allow sessions this long.",
            "Request a shorter session (--duration 3600), or ask an administrator to raise the "
            "role's maximum session duration.",
        ),
        ErrorCode.DURATION_CHAINING: MessageTemplate(
            "A role assumed from temporary credentials lasts at most one hour.",
            "Request at most one hour: --duration 3600",
        ),
        ErrorCode.BAD_PARAMETER: MessageTemplate(
            "AWS rejected a value in the {operation} request for {hop}.",
            "Correct the value named in the reason.",
        ),
        ErrorCode.THROTTLED: MessageTemplate(
            "AWS is throttling requests from this account.",
            "Wait a minute, then run the same command again.",
        ),
        ErrorCode.DENIED: MessageTemplate(
            "AWS denied {operation} for {hop}.",
            "Look up the reason under common errors in the AWS STS API reference.",
        ),
    }
)

NETWORK_MESSAGES: Mapping[ErrorCode, MessageTemplate] = MappingProxyType(
    {
        ErrorCode.AWS_INTERNAL: MessageTemplate(
            "AWS, or a gateway in front of it, has an internal error.",
            "Wait a minute, then run the same command again.",
        ),
        ErrorCode.NOT_AWS: MessageTemplate(
            "The response from {url} isn't from AWS.",
            "If the network requires a sign-in, open http://example.com in a browser; otherwise "
            "correct endpoint_url or the proxy.",
        ),
        ErrorCode.TIMEOUT: MessageTemplate(
            "AWS didn't respond in time at {url}.",
            "Check the network and the proxy, then run the same command again.",
        ),
        ErrorCode.RESET: MessageTemplate(
            "The connection to {url} was closed before the response arrived.", _RUN_AGAIN
        ),
        ErrorCode.DNS: MessageTemplate(
            "The host name in {url} can't be resolved.",
            "Check the network, and the spelling of the region or endpoint_url.",
        ),
        ErrorCode.REFUSED: MessageTemplate(
            "Connection refused by {url}.",
            "Check endpoint_url, the network and the firewall.",
        ),
        ErrorCode.UNREACHABLE: MessageTemplate(
            "No route to {url}.",
            "Check that this machine is online.",
        ),
        ErrorCode.TLS: MessageTemplate(
            "The TLS certificate of {url} isn't trusted.",
            "If a company proxy inspects TLS, set ca_bundle in the profile (or AWS_CA_BUNDLE) to "
            "its certificate file.",
        ),
        ErrorCode.CA_BUNDLE: MessageTemplate(
            "The CA bundle for {url} can't be used.",
            "Correct ca_bundle in the profile, or AWS_CA_BUNDLE.",
        ),
        ErrorCode.PROXY: MessageTemplate(
            "The proxy doesn't allow a connection to {url}.",
            "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
        ),
        ErrorCode.ENDPOINT_URL: MessageTemplate(
            "{url} isn't a valid endpoint URL.",
            "Correct endpoint_url: it starts with https:// and a host name.",
        ),
        ErrorCode.REGION: MessageTemplate(
            "{region} isn't a valid region.",
            "Correct region in the profile, or use --region.",
        ),
        ErrorCode.ENDPOINT_VARIANT: MessageTemplate(
            "Region {region} has no such STS endpoint.",
            "Correct use_fips_endpoint, use_dualstack_endpoint or region.",
        ),
        ErrorCode.NETWORK: MessageTemplate(
            "{operation} couldn't be sent to {url}.",
            "Check the network, then run: xswitch doctor",
        ),
    }
)

CREDENTIALS_ERROR_CODES = frozenset(
    {ErrorCode.INVALID_KEY, ErrorCode.BAD_SECRET, ErrorCode.EXPIRED_TOKEN}
)
"""Errors about the credentials that signed a call, rather than about the request."""

# AWS's codes, without the suffix "Exception" that some services add.
_BY_AWS_CODE: Mapping[str, ErrorCode] = MappingProxyType(
    {
        "ExpiredToken": ErrorCode.EXPIRED_TOKEN,
        "InvalidClientTokenId": ErrorCode.INVALID_KEY,
        "UnrecognizedClient": ErrorCode.INVALID_KEY,
        "InvalidAccessKeyId": ErrorCode.INVALID_KEY,
        "IncompleteSignature": ErrorCode.INVALID_KEY,
        "MissingAuthenticationToken": ErrorCode.INVALID_KEY,
        "RequestExpired": ErrorCode.CLOCK_SKEW,
        "RequestTimeTooSkewed": ErrorCode.CLOCK_SKEW,
        "RegionDisabled": ErrorCode.REGION_DISABLED,
        "PackedPolicyTooLarge": ErrorCode.PACKED_POLICY,
        "MalformedPolicyDocument": ErrorCode.MALFORMED_POLICY,
        "InvalidParameterValue": ErrorCode.BAD_PARAMETER,
        "InvalidParameterCombination": ErrorCode.BAD_PARAMETER,
        "MissingParameter": ErrorCode.BAD_PARAMETER,
        "Throttling": ErrorCode.THROTTLED,
        "Throttled": ErrorCode.THROTTLED,
        "RequestLimitExceeded": ErrorCode.THROTTLED,
        "TooManyRequests": ErrorCode.THROTTLED,
        "InternalFailure": ErrorCode.AWS_INTERNAL,
        "InternalError": ErrorCode.AWS_INTERNAL,
        "InternalServerError": ErrorCode.AWS_INTERNAL,
        "ServiceUnavailable": ErrorCode.AWS_INTERNAL,
        "InvalidAction": ErrorCode.NOT_AWS,
        "UnknownOperation": ErrorCode.NOT_AWS,
    }
)

_VALIDATION_ERRORS = (
    ("role chaining", ErrorCode.DURATION_CHAINING),
    ("maxsessionduration", ErrorCode.DURATION_ROLE_MAX),
)
_SIGNATURE_ERRORS = (
    ("signature expired", ErrorCode.CLOCK_SKEW),
    ("not yet current", ErrorCode.CLOCK_SKEW),
)
# AWS's code → (lowercase part of its text → error code), and the error code for all other texts.
_BY_AWS_CODE_AND_TEXT: Mapping[str, tuple[tuple[tuple[str, ErrorCode], ...], ErrorCode]] = (
    MappingProxyType(
        {
            "AccessDenied": (
                (
                    ("unable to validate mfa code", ErrorCode.MFA_SERIAL),
                    ("multifactorauthentication failed", ErrorCode.MFA_WRONG),
                    ("with an explicit deny", ErrorCode.EXPLICIT_DENY),
                    (
                        "cannot call getsessiontoken with session credentials",
                        ErrorCode.SESSION_CREDENTIALS,
                    ),
                    ("by root accounts", ErrorCode.ROOT_USER),
                ),
                ErrorCode.NOT_AUTHORIZED,
            ),
            "ValidationError": (_VALIDATION_ERRORS, ErrorCode.BAD_PARAMETER),
            "Validation": (_VALIDATION_ERRORS, ErrorCode.BAD_PARAMETER),
            "SignatureDoesNotMatch": (_SIGNATURE_ERRORS, ErrorCode.BAD_SECRET),
            "InvalidSignature": (_SIGNATURE_ERRORS, ErrorCode.BAD_SECRET),
        }
    )
)
_DENYING_POLICY = re.compile(
    r"with an explicit deny in (?:an?|the) ([a-z -]{3,40}?)( policy| boundary)\b", re.IGNORECASE
)
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z")
# STS adds the string it signed, including the session token, to SignatureDoesNotMatch.
_CANONICAL_STRING = re.compile(
    r"The Canonical String for this request should have been.*", re.DOTALL
)


def error_from_response(call: ApiCall, response: AwsErrorResponse) -> XswitchError:
    """Return the AwsDeniedError, SourceCredentialsError or NetworkError for a response."""
    code = _error_code(response)
    why = display_reason(_CANONICAL_STRING.sub("", response.text))
    detail = ""
    if code == ErrorCode.CLOCK_SKEW:
        detail = _skew_message(response)
    elif code == ErrorCode.EXPLICIT_DENY and (policy := _DENYING_POLICY.search(response.text)):
        detail = f" ({policy[1]}{policy[2].lower()})"
    what, next_step = _fill_message(code, call, detail)
    if code in NETWORK_MESSAGES:
        return NetworkError(what, why=why, next_step=next_step, code=code)
    if call.long_term and code in CREDENTIALS_ERROR_CODES:
        return SourceCredentialsError(what, why=why, next_step=next_step, code=code)
    return AwsDeniedError(
        what,
        why=why,
        next_step=next_step,
        code=code,
        aws_code=sanitize(response.code, limit=80),
        hop=call.hop,
    )


def connection_error(call: ApiCall, code: ErrorCode, detail: str = "") -> NetworkError:
    """Return the error for a call without a response from AWS.

    `code` is a key of `NETWORK_MESSAGES`, `detail` the reason in words.
    """
    what, next_step = _fill_message(code, call, "")
    return NetworkError(what, why=display_reason(detail), next_step=next_step, code=code)


def invalid_request(call: ApiCall, detail: str) -> AwsDeniedError:
    """Return the error for a request that isn't sent because STS would reject its values."""
    code = ErrorCode.BAD_PARAMETER
    what, next_step = _fill_message(code, call, "")
    return AwsDeniedError(
        what, why=display_reason(detail), next_step=next_step, code=code, hop=call.hop
    )


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """Replace `secrets` in `text`, since a response may repeat the request.

    A secret of digits (an MFA code) isn't replaced within a longer number.
    """
    for secret in secrets:
        if secret:
            text = (
                re.sub(rf"(?<!\d){secret}(?!\d)", "***", text)
                if secret.isdigit()
                else text.replace(secret, "***")
            )
    return text


def clock_skew(response: AwsErrorResponse) -> timedelta | None:
    """Return how far this machine's clock is ahead of AWS's, None if the response doesn't tell.

    The Date header is exact to the second. Without one, the text of STS names the time of the
    signature and, in brackets, its own.
    """
    if response.server_time is not None:
        return response.received_at - response.server_time
    stamps = _TIMESTAMP.findall(response.text)
    if len(stamps) < 2:  # noqa: PLR2004 -- the time of the signature and the server's
        return None
    signed, server = (_parse_timestamp(stamp) for stamp in (stamps[0], stamps[-1]))
    return None if signed is None or server is None else signed - server


def _parse_timestamp(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _error_code(response: AwsErrorResponse) -> ErrorCode:
    aws_code = response.code.removesuffix("Exception")
    if aws_code in _BY_AWS_CODE:
        return _BY_AWS_CODE[aws_code]
    if response.status >= _SERVER_FAULT:
        return ErrorCode.AWS_INTERNAL
    if response.code.isdigit() or not response.code:
        # Not an AWS error document: the page of a proxy or a captive portal.
        return ErrorCode.PROXY if response.status == _PROXY_AUTHENTICATION else ErrorCode.NOT_AWS
    if response.status == _TOO_MANY_REQUESTS:  # each service has its own code for it
        return ErrorCode.THROTTLED
    texts, default_code = _BY_AWS_CODE_AND_TEXT.get(aws_code, ((), ErrorCode.DENIED))
    text = response.text.lower()
    return next((code for part, code in texts if part in text), default_code)


def _skew_message(response: AwsErrorResponse) -> str:
    skew = clock_skew(response)
    if skew is None:
        return "AWS reports that this machine's clock is wrong."
    if abs(skew) < _NEGLIGIBLE_SKEW:
        return (
            "AWS reports that the signature has expired, although this machine's clock now agrees "
            "with AWS's."
        )
    minutes = pluralize(round(abs(skew) / timedelta(minutes=1)), "minute")
    direction = "ahead of" if skew > timedelta(0) else "behind"
    return f"This machine's clock is {minutes} {direction} AWS's."


def _fill_message(code: ErrorCode, call: ApiCall, detail: str) -> tuple[str, str]:
    template = STS_MESSAGES[code] if code in STS_MESSAGES else NETWORK_MESSAGES[code]
    values = {
        "operation": call.operation,
        "hop": call.hop or "these credentials",
        "region": show_value(call.region) or '""',
        "url": call.url or f"the endpoint of {show_value(call.region)}",
        "detail": detail,
    }
    return template.fill(**{name: display(value, limit=200) for name, value in values.items()})
