"""Translate what a botocore client raises, inside botocore's exception tree or outside it.

Importing this module imports botocore. The texts of parser errors are never shown: they quote the
response, and a truncated response holds new credentials.
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
from xswitch.core.display import hide_secrets, show_value
from xswitch.core.errors import ErrorCode, NetworkError, XswitchError
from xswitch.core.errors.sts import (
    ApiCall,
    AwsErrorResponse,
    connection_error,
    error_from_response,
    invalid_request,
    redact,
)

_CONNECTION = re.compile(r"^\w+\(host=[^)]*\): ")

# The order counts: some of botocore's classes are subclasses of others.
_CODES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], ErrorCode], ...] = (
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
    """Return the error to raise for an exception of a client; `secrets` are redacted.

    `received_at` is this machine's time (UTC) when the response arrived, to measure clock skew.
    """
    if isinstance(error, boto.ClientError):
        return error_from_response(call, error_response(error, received_at, secrets))
    if isinstance(error, boto.ParamValidationError):
        return invalid_request(call, redact(str(error), secrets))
    if "Invalid header value" in str(error):
        text = "The keys contain a character that a request can't carry."
        return error_from_response(call, AwsErrorResponse("IncompleteSignature", text, received_at))
    return translate_connection_error(error, call, secrets)


def translate_connection_error(
    error: Exception, call: ApiCall, secrets: tuple[str, ...] = ()
) -> NetworkError:
    """Return the error to raise for a call that got no response from AWS."""
    code, detail = _cause(error, call)
    url = call.url or getattr(error, "kwargs", {}).get("endpoint_url") or ""
    # botocore quotes settings, and what follows a line end continues one
    detail = hide_secrets(redact(detail, secrets)).partition("\n")[0]
    return connection_error(replace(call, url=show_value(str(url))), code, detail)


def is_connection_error(error: Exception) -> bool:
    """Whether the connection failed, rather than the service or the settings."""
    return isinstance(error, (boto.HTTPClientError, boto.ConnectionError, ResponseParserError))


def error_response(
    error: boto.ClientError, received_at: datetime, secrets: tuple[str, ...] = ()
) -> AwsErrorResponse:
    """Return the response in a ClientError; each of its parts may be missing."""
    response: dict[str, Any] = dict(error.response)
    problem: dict[str, Any] = response.get("Error") or {}
    metadata: dict[str, Any] = response.get("ResponseMetadata") or {}
    status = int(metadata.get("HTTPStatusCode") or 0)
    text = str(problem.get("Message") or "") if problem else f"HTTP status {status}."
    return AwsErrorResponse(
        code=str(problem.get("Code") or ""),
        text=redact(text, secrets),
        received_at=received_at,
        server_time=server_time((metadata.get("HTTPHeaders") or {}).get("date")),
        status=status,
    )


def _cause(error: Exception, call: ApiCall) -> tuple[ErrorCode, str]:
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
        return ErrorCode.NOT_AWS, "The response doesn't have the form of an AWS response."
    safe = isinstance(error, boto.BotoCoreError)
    return ErrorCode.NETWORK, text if safe else type(error).__name__


def _is_ca_bundle_error(inner: Any) -> bool:
    """Whether the certificate file couldn't be read; urllib3 wraps that failure."""
    cause = inner.args[0] if inner.args else inner
    return "NO_CERTIFICATE_OR_CRL_FOUND" in str(cause) or (
        isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError)
    )


def _connect_failure_code(inner: BaseException) -> ErrorCode:
    """Return why the connection failed: urllib3 keeps the system's error as the cause."""
    cause: BaseException | None = inner
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return ErrorCode.DNS
        if isinstance(cause, ConnectionRefusedError):
            return ErrorCode.REFUSED
        cause = cause.__cause__ or cause.__context__
    return ErrorCode.UNREACHABLE
