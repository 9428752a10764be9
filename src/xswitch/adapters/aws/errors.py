"""Every exception a botocore client raises, those outside botocore's own tree too, as one of our errors.

Importing this module imports botocore. The texts of parser errors never reach the user: they quote the answer, and a
truncated answer holds fresh credentials.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import replace
from datetime import datetime
from typing import Any

import botocore.exceptions as boto
from botocore.parsers import ResponseParserError

from xswitch.adapters.aws.sts_http import server_time
from xswitch.core.errors import ErrorCode, NetworkError, XswitchError
from xswitch.core.errors.sts import (
    ApiCall,
    AwsErrorResponse,
    connection_error,
    error_from_response,
    invalid_request,
    redact,
)

_USER_INFO = re.compile(r"(?<=//)[^/@\s]+(?=@)")
_CONNECTION = re.compile(r"^\w+\(host=[^)]*\): ")
_UNEXPECTED_FORM = "The answer does not have the form of an AWS answer."

# In this order: some of botocore's classes are subclasses of others.
_CODES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    ((boto.ReadTimeoutError, boto.ConnectTimeoutError), ErrorCode.TIMEOUT),
    ((boto.ProxyConnectionError, boto.InvalidProxiesConfigError), ErrorCode.PROXY),
    (boto.SSLError, ErrorCode.TLS),
    (boto.ConnectionClosedError, ErrorCode.RESET),
    ((boto.InvalidRegionError, boto.NoRegionError), ErrorCode.REGION),
    ((boto.EndpointProviderError, boto.EndpointVariantError), ErrorCode.ENDPOINT_VARIANT),
    (UnicodeError, ErrorCode.ENDPOINT_URL),
)


def translate_error(
    error: Exception, call: ApiCall, received_at: datetime, secrets: tuple[str, ...] = ()
) -> XswitchError:
    """The error to raise for what a client call raised; `secrets` are taken out of every text.

    `received_at` is this machine's time (UTC) when the answer came, to tell how far its clock is
    off.
    """
    if isinstance(error, boto.ClientError):
        return error_from_response(call, error_response(error, received_at, secrets))
    if isinstance(error, boto.ParamValidationError):
        return invalid_request(call, redact(str(error), secrets))
    if "Invalid header value" in str(error):
        return error_from_response(
            call,
            AwsErrorResponse(
                "IncompleteSignature",
                "The keys hold a character that no request can carry.",
                received_at,
            ),
        )
    return translate_connection_error(error, call, secrets)


def translate_connection_error(
    error: Exception, call: ApiCall, secrets: tuple[str, ...] = ()
) -> NetworkError:
    """The error to raise when no answer of AWS came."""
    code, detail = _cause(error, call)
    url = call.url or getattr(error, "kwargs", {}).get("endpoint_url") or ""
    return connection_error(
        replace(call, url=strip_user_info(str(url))), code, strip_user_info(redact(detail, secrets))
    )


def is_connection_error(error: Exception) -> bool:
    """Whether the call failed on the way, rather than in the service or in the settings."""
    return isinstance(error, (boto.HTTPClientError, boto.ConnectionError, ResponseParserError))


def error_response(
    error: boto.ClientError, received_at: datetime, secrets: tuple[str, ...] = ()
) -> AwsErrorResponse:
    """What AWS answered, out of a ClientError, whichever of its parts are there."""
    answer: dict[str, Any] = dict(error.response)
    problem: dict[str, Any] = answer.get("Error") or {}
    metadata: dict[str, Any] = answer.get("ResponseMetadata") or {}
    status = int(metadata.get("HTTPStatusCode") or 0)
    return AwsErrorResponse(
        code=str(problem.get("Code") or ""),
        text=redact(
            str(problem.get("Message") or "" if problem else f"HTTP status {status}."), secrets
        ),
        received_at=received_at,
        server_time=server_time((metadata.get("HTTPHeaders") or {}).get("date")),
        status=status,
    )


def strip_user_info(text: str) -> str:
    """`text` with the user and password of every URL in it taken out."""
    return _USER_INFO.sub("***", text)


def _cause(error: Exception, call: ApiCall) -> tuple[str, str]:
    inner = getattr(error, "kwargs", {}).get("error") or error
    text = _CONNECTION.sub("", str(inner))
    if isinstance(error, boto.EndpointConnectionError):
        return _connect_failure_code(inner), text
    if isinstance(error, boto.SSLError) and _is_ca_bundle_error(inner):
        return ErrorCode.CA_BUNDLE, text
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code, text
    if isinstance(error, ValueError) and "nvalid endpoint" in str(error):
        return (ErrorCode.ENDPOINT_URL if call.url else ErrorCode.REGION), str(error)
    if isinstance(error, (ResponseParserError, LookupError, ValueError, TypeError, AttributeError)):
        return ErrorCode.NOT_AWS, _UNEXPECTED_FORM
    return ErrorCode.NETWORK, text if isinstance(error, boto.BotoCoreError) else type(
        error
    ).__name__


def _is_ca_bundle_error(inner: Any) -> bool:
    """Whether TLS failed before it began.

    Urllib3 wraps the failure to read the certificate file.
    """
    cause = inner.args[0] if inner.args else inner
    return "NO_CERTIFICATE_OR_CRL_FOUND" in str(cause) or (
        isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError)
    )


def _connect_failure_code(inner: BaseException) -> str:
    """Why there was no connection: urllib3 keeps the operating system's error as the cause."""
    cause: BaseException | None = inner
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return ErrorCode.DNS
        if isinstance(cause, ConnectionRefusedError):
            return ErrorCode.REFUSED
        cause = cause.__cause__ or cause.__context__
    return ErrorCode.UNREACHABLE
