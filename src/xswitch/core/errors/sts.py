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

from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    NetworkError,
    SourceCredentialsError,
    XswitchError,
)
from xswitch.core.errors.messages import MessageTemplate, display_reason
from xswitch.core.text import sanitize

_RUN_AGAIN = "Run the same command again."
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


STS_MESSAGES: Mapping[str, MessageTemplate] = MappingProxyType(
    {
        ErrorCode.MFA_WRONG: MessageTemplate(
            "AWS did not accept the MFA code for {hop}.",
            "Wait until the device shows the next code, then run the same command again.",
        ),
        ErrorCode.MFA_SERIAL: MessageTemplate(
            "AWS can't check MFA codes of {hop} for this user.",
            "Compare mfa_serial in the config with what `aws iam list-mfa-devices` shows.",
        ),
        ErrorCode.NOT_AUTHORIZED: MessageTemplate(
            "AWS does not allow {operation} on {hop}.",
            "Ask for two things: a policy of yours that allows it, and the role's trust policy naming you. "
            "If that policy asks for MFA or an external ID, set mfa_serial or external_id in the profile.",
        ),
        ErrorCode.EXPLICIT_DENY: MessageTemplate(
            "A policy explicitly denies {operation} on {hop}{detail}.",
            "No permission helps against an explicit deny: ask who administers that policy.",
        ),
        ErrorCode.SESSION_CREDENTIALS: MessageTemplate(
            "AWS gives no MFA session to credentials that are temporary themselves.",
            "Remove mfa_serial from the profile, or use a source profile with long-term keys.",
        ),
        ErrorCode.ROOT_USER: MessageTemplate(
            "The root user of an account can't assume roles.",
            "Use the keys of an IAM user, or sign in with: aws configure sso",
        ),
        ErrorCode.EXPIRED_TOKEN: MessageTemplate(
            "The session that {operation} was called with has expired.", _RUN_AGAIN
        ),
        ErrorCode.INVALID_KEY: MessageTemplate(
            "AWS does not know the access key that {operation} was signed with.",
            "Store a key that is active: aws configure. In a region that must be enabled first, enable it or use another --region.",
        ),
        ErrorCode.BAD_SECRET: MessageTemplate(
            "The secret access key does not belong to its access key.",
            "Store the pair again: aws configure",
        ),
        ErrorCode.CLOCK_SKEW: MessageTemplate(
            "{detail}",
            "Set this machine's clock (on Linux: sudo timedatectl set-ntp true), then run the same command again.",
        ),
        ErrorCode.REGION_DISABLED: MessageTemplate(
            "STS is not active in region {region} for this account.",
            "Use another region (--region us-east-1), or have it activated under Account settings in the IAM console.",
        ),
        ErrorCode.PACKED_POLICY: MessageTemplate(
            "The session policies and tags for {hop} are too large together.",
            "Shorten the session policy, or use fewer --policy-arn and --tag.",
        ),
        ErrorCode.MALFORMED_POLICY: MessageTemplate(
            "AWS can't read the session policy for {hop}.",
            "Correct the policy: it must be one JSON policy document without a Principal.",
        ),
        ErrorCode.DURATION_ROLE_MAX: MessageTemplate(
            "{hop} does not allow sessions this long.",
            "Ask for less (--duration 3600), or have the role's maximum session duration raised.",
        ),
        ErrorCode.DURATION_CHAINING: MessageTemplate(
            "A role assumed from temporary credentials lasts at most one hour.",
            "Ask for at most an hour: --duration 3600",
        ),
        ErrorCode.BAD_PARAMETER: MessageTemplate(
            "AWS does not accept a value of the {operation} request for {hop}.",
            "Correct the value named in the reason.",
        ),
        ErrorCode.THROTTLED: MessageTemplate(
            "AWS asks to slow down: too many requests from this account.",
            "Wait a minute, then run the same command again.",
        ),
        ErrorCode.DENIED: MessageTemplate(
            "AWS refused {operation} for {hop}.",
            "Look the reason up in the AWS STS reference, under common errors.",
        ),
    }
)

NETWORK_MESSAGES: Mapping[str, MessageTemplate] = MappingProxyType(
    {
        ErrorCode.AWS_INTERNAL: MessageTemplate(
            "AWS, or a gateway on the way to it, has a fault at the moment.",
            "Wait a minute, then run the same command again.",
        ),
        ErrorCode.NOT_AWS: MessageTemplate(
            "What answered at {url} is not AWS.",
            "Sign in to the network if it asks for that (open http://example.com in a browser), or correct endpoint_url or the proxy.",
        ),
        ErrorCode.TIMEOUT: MessageTemplate(
            "AWS did not answer in time at {url}.",
            "Check the network and the proxy, then run the same command again.",
        ),
        ErrorCode.RESET: MessageTemplate(
            "The connection to {url} was cut before the answer came.", _RUN_AGAIN
        ),
        ErrorCode.DNS: MessageTemplate(
            "The name in {url} can't be resolved.",
            "Check the network, and the spelling of the region or endpoint_url.",
        ),
        ErrorCode.REFUSED: MessageTemplate(
            "Nothing accepts connections at {url}.",
            "Check endpoint_url, the network and the firewall.",
        ),
        ErrorCode.UNREACHABLE: MessageTemplate(
            "There is no way to {url} from here.", "Check that this machine is online."
        ),
        ErrorCode.TLS: MessageTemplate(
            "The TLS certificate of {url} can't be trusted.",
            "If a company proxy inspects TLS, set ca_bundle in the profile (or AWS_CA_BUNDLE) to its certificate file.",
        ),
        ErrorCode.CA_BUNDLE: MessageTemplate(
            "The certificate file to check {url} with can't be used.",
            "Correct ca_bundle in the profile, or AWS_CA_BUNDLE.",
        ),
        ErrorCode.PROXY: MessageTemplate(
            "The proxy does not let a connection to {url} through.",
            "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
        ),
        ErrorCode.ENDPOINT_URL: MessageTemplate(
            "{url} is no address AWS can be called at.",
            "Correct endpoint_url: it begins with https:// and a host.",
        ),
        ErrorCode.REGION: MessageTemplate(
            "{region} is no region name.", "Correct region in the profile, or give --region."
        ),
        ErrorCode.ENDPOINT_VARIANT: MessageTemplate(
            "There is no such STS endpoint for region {region}.",
            "Correct use_fips_endpoint, use_dualstack_endpoint or region.",
        ),
        ErrorCode.NETWORK: MessageTemplate(
            "{operation} could not be sent to {url}.", "Check the network, then run: xswitch doctor"
        ),
    }
)

CREDENTIALS_ERROR_CODES = frozenset(
    {ErrorCode.INVALID_KEY, ErrorCode.BAD_SECRET, ErrorCode.EXPIRED_TOKEN}
)
"""Refusals that speak of the credentials a call was signed with, not of what it asked for."""

_BY_AWS_CODE: Mapping[str, str] = MappingProxyType(
    {
        "ExpiredToken": ErrorCode.EXPIRED_TOKEN,
        "ExpiredTokenException": ErrorCode.EXPIRED_TOKEN,
        "InvalidClientTokenId": ErrorCode.INVALID_KEY,
        "UnrecognizedClientException": ErrorCode.INVALID_KEY,
        "InvalidAccessKeyId": ErrorCode.INVALID_KEY,
        "IncompleteSignature": ErrorCode.INVALID_KEY,
        "MissingAuthenticationToken": ErrorCode.INVALID_KEY,
        "RequestExpired": ErrorCode.CLOCK_SKEW,
        "RequestTimeTooSkewed": ErrorCode.CLOCK_SKEW,
        "RegionDisabledException": ErrorCode.REGION_DISABLED,
        "RegionDisabled": ErrorCode.REGION_DISABLED,
        "PackedPolicyTooLarge": ErrorCode.PACKED_POLICY,
        "PackedPolicyTooLargeException": ErrorCode.PACKED_POLICY,
        "MalformedPolicyDocument": ErrorCode.MALFORMED_POLICY,
        "MalformedPolicyDocumentException": ErrorCode.MALFORMED_POLICY,
        "InvalidParameterValue": ErrorCode.BAD_PARAMETER,
        "InvalidParameterCombination": ErrorCode.BAD_PARAMETER,
        "MissingParameter": ErrorCode.BAD_PARAMETER,
        "Throttling": ErrorCode.THROTTLED,
        "ThrottlingException": ErrorCode.THROTTLED,
        "ThrottledException": ErrorCode.THROTTLED,
        "RequestLimitExceeded": ErrorCode.THROTTLED,
        "TooManyRequestsException": ErrorCode.THROTTLED,
        "InternalFailure": ErrorCode.AWS_INTERNAL,
        "InternalError": ErrorCode.AWS_INTERNAL,
        "InternalServerError": ErrorCode.AWS_INTERNAL,
        "ServiceUnavailable": ErrorCode.AWS_INTERNAL,
        "ServiceUnavailableException": ErrorCode.AWS_INTERNAL,
        "InvalidAction": ErrorCode.NOT_AWS,
        "UnknownOperationException": ErrorCode.NOT_AWS,
    }
)

_DENIALS = (
    ("unable to validate mfa code", ErrorCode.MFA_SERIAL),
    ("multifactorauthentication failed", ErrorCode.MFA_WRONG),
    ("with an explicit deny", ErrorCode.EXPLICIT_DENY),
    ("cannot call getsessiontoken with session credentials", ErrorCode.SESSION_CREDENTIALS),
    ("by root accounts", ErrorCode.ROOT_USER),
)
_VALIDATION_ERRORS = (
    ("role chaining", ErrorCode.DURATION_CHAINING),
    ("maxsessionduration", ErrorCode.DURATION_ROLE_MAX),
)
_SIGNATURE_ERRORS = (
    ("signature expired", ErrorCode.CLOCK_SKEW),
    ("not yet current", ErrorCode.CLOCK_SKEW),
)
# AWS's code → (part of its text in lower case → our code, our code otherwise).
_BY_AWS_CODE_AND_TEXT: Mapping[str, tuple[tuple[tuple[str, str], ...], str]] = MappingProxyType(
    {
        "AccessDenied": (_DENIALS, ErrorCode.NOT_AUTHORIZED),
        "AccessDeniedException": (_DENIALS, ErrorCode.NOT_AUTHORIZED),
        "ValidationError": (_VALIDATION_ERRORS, ErrorCode.BAD_PARAMETER),
        "ValidationException": (_VALIDATION_ERRORS, ErrorCode.BAD_PARAMETER),
        "SignatureDoesNotMatch": (_SIGNATURE_ERRORS, ErrorCode.BAD_SECRET),
        "InvalidSignatureException": (_SIGNATURE_ERRORS, ErrorCode.BAD_SECRET),
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
    if code == ErrorCode.CLOCK_SKEW:
        detail = _skew_message(refusal)
    elif code == ErrorCode.EXPLICIT_DENY and (denier := _DENYING_POLICY.search(refusal.text)):
        policy_kind = (
            "boundary" if denier.group(0).lower().endswith("boundary") else ErrorCode.POLICY
        )
        detail = f" ({denier.group(1)} {policy_kind})"
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
    what, next_step = _fill_message(ErrorCode.BAD_PARAMETER, call, "")
    return AwsDeniedError(
        what,
        why=display_reason(detail),
        next_step=next_step,
        code=ErrorCode.BAD_PARAMETER,
        hop=call.hop,
    )


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
        return ErrorCode.AWS_INTERNAL
    if refusal.code.isdigit() or not refusal.code:
        # No AWS error document: a proxy or a portal wrote this page.
        return ErrorCode.PROXY if refusal.status == _PROXY_AUTHENTICATION else ErrorCode.NOT_AWS
    texts, default_code = _BY_AWS_CODE_AND_TEXT.get(refusal.code, ((), ErrorCode.DENIED))
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
    template = STS_MESSAGES[code] if code in STS_MESSAGES else NETWORK_MESSAGES[code]
    values = {
        "operation": call.operation,
        "hop": call.hop or "these credentials",
        "region": call.region or '""',
        "url": call.url or f"the endpoint of {call.region}",
        "detail": detail,
    }
    return template.fill(**{name: sanitize(value, limit=200) for name, value in values.items()})
