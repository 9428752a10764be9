"""Plain STS calls without botocore, whose import takes longer than all else in a cold start.

A call is plain if its region is in one of the three public partitions, or its URL has nothing but a
host; without proxy, FIPS or dual stack; with values within STS's limits. It is attempted once. All
other calls, and calls that got neither a result nor a final error, are left to botocore, which
retries and determines the error.
"""

from __future__ import annotations

import hmac
import http.client
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.parsers import expat

from xswitch import __version__
from xswitch.core.digests import sha256
from xswitch.core.errors.sts import AwsErrorResponse
from xswitch.core.model import Credentials, Endpoint
from xswitch.threads import Timeouts

VERSION = "2011-06-15"
# From botocore's service model (a test compares them). Shorter values are left to botocore, which
# rejects them without sending.
MIN_LENGTHS: Mapping[str, int] = {
    "DurationSeconds": 900,
    "ExternalId": 2,
    "Policy": 1,
    "RoleArn": 20,
    "RoleSessionName": 2,
    "SerialNumber": 9,
    "SourceIdentity": 2,
    "TokenCode": 6,
    "Key": 1,
    "Value": 0,
    "arn": 20,
}
# The codes botocore retries (retries/standard.py).
RETRYABLE_CODES = frozenset(
    {
        *(
            "RequestTimeout",
            "RequestTimeoutException",
            "PriorRequestNotComplete",
            "IDPCommunicationError",
        ),
        *(
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottledException",
            "TooManyRequestsException",
        ),
        *(
            "ProvisionedThroughputExceededException",
            "TransactionInProgressException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
        ),
        *("LimitExceededException", "RequestThrottled", "SlowDown", "EC2ThrottledException"),
    }
)
_FINAL_STATUSES = frozenset({400, 401, 403, 404})
_SUFFIXES = (
    (re.compile(r"(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d{1,2}"), "amazonaws.com"),
    (re.compile(r"us-gov-[a-z]+-\d{1,2}"), "amazonaws.com"),
    (re.compile(r"cn-[a-z]+-\d{1,2}"), "amazonaws.com.cn"),
)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?")
_REGION = re.compile(r"[a-z0-9-]{1,63}")
_MAX_LABEL_LENGTH = 63
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_CA_BUNDLE_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")  # in botocore's order
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_MAX_RESPONSE_BYTES = 256 * 1024
_MAX_IDLE = 32
_MAX_DEPTH = 16
_CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class _Address:
    """The server to connect to."""

    tls: bool
    host: str
    port: int
    host_header: str
    ca_bundle: str = ""


class DirectSts:
    """A client that keeps its connections, so one per process is enough. Thread-safe.

    `now` returns UTC; `environment` names proxies and CA bundles.
    """

    def __init__(
        self, timeouts: Timeouts, now: Callable[[], datetime], environment: Mapping[str, str]
    ) -> None:
        self._timeouts = timeouts
        self._now = now
        self._environment = environment
        self._lock = threading.Lock()
        self._idle: dict[_Address, list[http.client.HTTPConnection]] = {}
        self._tls_contexts: dict[str, Any] = {}

    def __del__(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()

    def is_plain_call(
        self, parameters: Mapping[str, Any], credentials: Credentials, endpoint: Endpoint
    ) -> bool:
        """Whether `call` can make this call."""
        token = credentials.session_token
        secrets = (
            credentials.access_key_id,
            credentials.secret_access_key.reveal(),
            "x" if token is None else token.reveal(),
        )
        return (
            _address(endpoint) is not None
            and not (endpoint.use_fips or endpoint.use_dualstack)
            and sys.platform == "linux"  # elsewhere the system has settings for proxies
            and not any(
                value and name.lower() in _PROXIES for name, value in self._environment.items()
            )
            and all(_PRINTABLE.fullmatch(secret) for secret in secrets)
            and _meets_minimums(parameters)
        )

    def call(
        self,
        action: str,
        parameters: Mapping[str, Any],
        credentials: Credentials,
        endpoint: Endpoint,
    ) -> dict[str, Any] | AwsErrorResponse | None:
        """Return the result or AWS's error; None if the call should be retried with botocore."""
        address = _address(endpoint)
        if address is None:
            return None
        if address.tls:
            bundles = (
                endpoint.ca_bundle,
                *(self._environment.get(name) for name in _CA_BUNDLE_VARIABLES),
            )
            address = replace(address, ca_bundle=next(filter(None, bundles), ""))
        body = urlencode(
            {"Action": action, "Version": VERSION, **_query_parameters("", parameters)}
        ).encode()
        headers = dict(
            signed_headers(body, address.host_header, endpoint.region, credentials, self._now())
        )
        headers["user-agent"] = f"xswitch/{__version__}"
        try:
            status, date, content = self._exchange(address, body, headers)
            if status == http.client.OK:
                return parse_result(content, action)
            error = parse_error(content, status, date, self._now())
        except (OSError, http.client.HTTPException, NotAwsResponseError):
            return None
        return error if status in _FINAL_STATUSES and error.code not in RETRYABLE_CODES else None

    def _exchange(
        self, address: _Address, body: bytes, headers: dict[str, str]
    ) -> tuple[int, str | None, bytes]:
        idle = self._take_idle(address)
        if idle is not None:
            try:
                return self._post(address, idle, body, headers)
            except ConnectionError:
                pass  # the server has closed the idle connection; a new one may work
        return self._post(address, self._connect(address), body, headers)

    def _post(
        self,
        address: _Address,
        connection: http.client.HTTPConnection,
        body: bytes,
        headers: dict[str, str],
    ) -> tuple[int, str | None, bytes]:
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            content = _read_body(response)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._keep_idle(address, connection)
        return response.status, response.getheader("Date"), content

    def _take_idle(self, address: _Address) -> http.client.HTTPConnection | None:
        with self._lock:
            idle = self._idle.get(address)
            return idle.pop() if idle else None

    def _connect(self, address: _Address) -> http.client.HTTPConnection:
        seconds = self._timeouts.connect
        connection = (
            http.client.HTTPSConnection(
                address.host,
                address.port,
                timeout=seconds,
                context=self._tls_context(address.ca_bundle),
            )
            if address.tls
            else http.client.HTTPConnection(address.host, address.port, timeout=seconds)
        )
        try:
            connection.connect()
            connection.sock.settimeout(self._timeouts.read)
        except BaseException:
            connection.close()
            raise
        return connection

    def _keep_idle(self, address: _Address, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            idle = self._idle.setdefault(address, [])
            if len(idle) < _MAX_IDLE:
                idle.append(connection)
                return
        connection.close()

    def _tls_context(self, bundle: str) -> Any:
        """Return the TLS context that trusts a CA bundle. Raises OSError.

        "" stands for botocore's default: certifi's bundle if installed, else botocore's copy.
        """
        context = self._tls_contexts.get(bundle)
        if context is None:
            import ssl  # noqa: PLC0415 -- only for TLS

            context = self._tls_contexts[bundle] = ssl.create_default_context(
                cafile=bundle or _default_ca_bundle()
            )
        return context


def _default_ca_bundle() -> str:
    from importlib.util import find_spec  # noqa: PLC0415 -- only for TLS

    package = find_spec("certifi") or find_spec("botocore")
    return str(Path((package and package.origin) or "").with_name("cacert.pem"))


def _read_body(response: http.client.HTTPResponse) -> bytes:
    """Return the body. Raises NotAwsResponseError if it is truncated, or too long for AWS's."""
    body = response.read(_MAX_RESPONSE_BYTES)
    if not response.isclosed() or response.length not in (0, None):
        raise NotAwsResponseError
    return body


def _address(endpoint: Endpoint) -> _Address | None:
    if endpoint.url is None:
        suffix = next(
            (suffix for form, suffix in _SUFFIXES if form.fullmatch(endpoint.region)), None
        )
        host = f"sts.{endpoint.region}.{suffix}"
        return None if suffix is None else _Address(True, host, 443, host)
    try:
        parts = urlsplit(endpoint.url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    tls = parts.scheme == "https"
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    labels = all(0 < len(label) <= _MAX_LABEL_LENGTH for label in host.split("."))
    if not (
        bare
        and labels
        and parts.scheme in ("http", "https")
        and _HOST.fullmatch(host)
        and _REGION.fullmatch(endpoint.region)
    ):
        return None
    default_port = 443 if tls else 80
    return _Address(
        tls,
        host,
        port or default_port,
        host_header=host if port in (None, default_port) else f"{host}:{port}",
    )


def _query_parameters(prefix: str, value: Any) -> dict[str, str]:
    """Flatten a structure for the query protocol: `Tags.member.1.Key`."""
    if isinstance(value, Mapping):
        pairs = [(f"{prefix}.{name}" if prefix else name, inner) for name, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{prefix}.member.{number}", inner) for number, inner in enumerate(value, 1)]
    else:
        return {prefix: str(value)}
    return {
        name: text for key, inner in pairs for name, text in _query_parameters(key, inner).items()
    }


def _meets_minimums(value: Any, name: str = "") -> bool:
    if isinstance(value, Mapping):
        return all(_meets_minimums(inner, key) for key, inner in value.items())
    if isinstance(value, list):
        return all(_meets_minimums(inner) for inner in value)
    if isinstance(value, int):
        return value >= MIN_LENGTHS.get(name, 0)
    return (
        isinstance(value, str)
        and len(value) >= MIN_LENGTHS.get(name, 0)
        and value.isascii()
        and value.isprintable()
    )


# -- Signature Version 4


def signed_headers(
    body: bytes, host: str, region: str, credentials: Credentials, now: datetime
) -> Mapping[str, str]:
    """Return the headers of `POST /` with this body, without Host.

    Source: the IAM user guide, "Create a signed AWS API request". A test compares the signature
    with botocore's. `now` is UTC, `host` the Host header.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": _CONTENT_TYPE, "host": host, "x-amz-date": stamp}
    if credentials.session_token is not None:
        headers["x-amz-security-token"] = credentials.session_token.reveal()
    names = ";".join(headers)  # in alphabetical order, as required
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{sha256(body)}"
    scope = f"{stamp[:8]}/{region}/sts/aws4_request"
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode())}"
    key = f"AWS4{credentials.secret_access_key.reveal()}".encode()
    for word in (*scope.split("/"), to_sign):
        key = hmac.digest(key, word.encode(), "sha256")
    del headers["host"]
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, "
        f"Signature={key.hex()}"
    )
    return headers


# -- XML responses


class NotAwsResponseError(Exception):
    """The response isn't AWS's, or is damaged."""


def parse_result(body: bytes, action: str) -> dict[str, Any]:
    """Return `<ActionResponse><ActionResult>` in botocore's form. Raises NotAwsResponseError."""
    response = _parse_xml(body).get(f"{action}Response")
    result = response.get(f"{action}Result") if isinstance(response, dict) else None
    if not isinstance(result, dict):
        raise NotAwsResponseError
    credentials = result.get("Credentials")
    if isinstance(credentials, dict) and isinstance(credentials.get("Expiration"), str):
        try:
            credentials["Expiration"] = datetime.fromisoformat(credentials["Expiration"])
        except ValueError:
            raise NotAwsResponseError from None
    return result


def parse_error(
    body: bytes, status: int, date: str | None, received_at: datetime
) -> AwsErrorResponse:
    """Return `<ErrorResponse><Error>`. Raises NotAwsResponseError for a page of another server."""
    response = _parse_xml(body).get("ErrorResponse")
    error = response.get("Error") if isinstance(response, dict) else None
    code = error.get("Code") if isinstance(error, dict) else None
    text = error.get("Message", "") if isinstance(error, dict) else ""
    if not isinstance(code, str) or not code or not isinstance(text, str):
        raise NotAwsResponseError
    return AwsErrorResponse(code, text, received_at, server_time(date), status)


def server_time(date: str | None) -> datetime | None:
    """Parse a Date header into UTC; return None if it is missing or invalid."""
    try:
        parsed = parsedate_to_datetime(date or "")
    except (ValueError, TypeError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _parse_xml(body: bytes) -> dict[str, Any]:
    """Return elements by local name: a dict for an element with children, else its text.

    Of elements with the same name the last counts.
    """
    root: dict[str, Any] = {}
    stack: list[tuple[dict[str, Any], list[str]]] = [(root, [])]

    def start(_name: str, _attributes: dict[str, str]) -> None:
        if len(stack) > _MAX_DEPTH:
            raise NotAwsResponseError
        stack.append(({}, []))

    def end(name: str) -> None:
        children, texts = stack.pop()
        stack[-1][0][name.rpartition(":")[2]] = children or "".join(texts).strip()

    def characters(text: str) -> None:
        stack[-1][1].append(text)

    def reject_doctype(*_: object) -> None:
        raise NotAwsResponseError

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = reject_doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise NotAwsResponseError from None
    return root
