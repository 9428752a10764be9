"""The plain case of an STS call without botocore, whose import and client cost more than everything else a cold start does.

Plain is: a region of the three public partitions or a URL with nothing but a host, no proxy, neither FIPS nor dual stack, values within
STS's limits. What it can't do it says so (None), and so it does when the one try brings neither an answer nor a
refusal that stands: then botocore does the call, with its retries, and names what is wrong.
"""

from __future__ import annotations

import hmac
import http.client
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.parsers import expat

from xswitch import __version__
from xswitch.core.digests import sha256
from xswitch.core.errors.sts import AwsErrorResponse
from xswitch.core.model import Credentials, Endpoint
from xswitch.threads import Timeouts

VERSION = "2011-06-15"
# botocore's service model says so; the tests compare. What is shorter is left to botocore, which
# refuses to send it.
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
# What botocore would try again (its retries/standard.py), and STS's own.
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
    """Where to connect, and the Host header."""

    tls: bool
    host: str
    port: int
    named: str
    bundle: str = ""


class DirectSts:
    """One per process: keeps its connections. Safe for threads.

    `now` is UTC, `environment` is asked for proxies and CA bundles.
    """

    def __init__(
        self, limits: Timeouts, now: Callable[[], datetime], environment: Mapping[str, str]
    ) -> None:
        self._limits = limits
        self._now = now
        self._environment = environment
        self._lock = threading.Lock()
        self._idle: dict[_Address, list[http.client.HTTPConnection]] = {}
        self._trust: dict[str, Any] = {}

    def __del__(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()

    def ready(
        self, parameters: Mapping[str, Any], credentials: Credentials, endpoint: Endpoint
    ) -> bool:
        """Whether this is a plain case."""
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

    def ask(
        self,
        action: str,
        parameters: Mapping[str, Any],
        credentials: Credentials,
        endpoint: Endpoint,
    ) -> dict[str, Any] | AwsErrorResponse | None:
        """The result of an action, AWS's refusal of it, or None for whatever calls for another try."""
        place = _address(endpoint)
        if place is None:
            return None
        if place.tls:
            bundles = (
                endpoint.ca_bundle,
                *(self._environment.get(name) for name in _CA_BUNDLE_VARIABLES),
            )
            place = replace(place, bundle=next(filter(None, bundles), ""))
        body = urlencode(
            {"Action": action, "Version": VERSION, **_query_parameters("", parameters)}
        ).encode()
        headers = dict(signed_headers(body, place.named, endpoint.region, credentials, self._now()))
        headers["user-agent"] = f"xswitch/{__version__}"
        try:
            status, date, answer = self._exchange(place, body, headers)
            if status == http.client.OK:
                return parse_result(answer, action)
            refusal = parse_error(answer, status, date, self._now())
        except (OSError, http.client.HTTPException, NotAwsResponseError):
            return None
        return (
            refusal if status in _FINAL_STATUSES and refusal.code not in RETRYABLE_CODES else None
        )

    def _exchange(
        self, place: _Address, body: bytes, headers: dict[str, str]
    ) -> tuple[int, str | None, bytes]:
        kept = self._kept(place)
        if kept is not None:
            try:
                return self._over(place, kept, body, headers)
            except ConnectionError:
                # The other side had enough of waiting: a connection that was idle says nothing of
                # the next
                pass
        return self._over(place, self._connected(place), body, headers)

    def _over(
        self,
        place: _Address,
        connection: http.client.HTTPConnection,
        body: bytes,
        headers: dict[str, str],
    ) -> tuple[int, str | None, bytes]:
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            answer = _read_body(response)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._keep(place, connection)
        return response.status, response.getheader("Date"), answer

    def _kept(self, place: _Address) -> http.client.HTTPConnection | None:
        with self._lock:
            idle = self._idle.get(place)
            return idle.pop() if idle else None

    def _connected(self, place: _Address) -> http.client.HTTPConnection:
        seconds = self._limits.connect
        connection = (
            http.client.HTTPSConnection(
                place.host, place.port, timeout=seconds, context=self._trusted(place.bundle)
            )
            if place.tls
            else http.client.HTTPConnection(place.host, place.port, timeout=seconds)
        )
        try:
            connection.connect()
            connection.sock.settimeout(self._limits.read)
        except BaseException:
            connection.close()
            raise
        return connection

    def _keep(self, place: _Address, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            idle = self._idle.setdefault(place, [])
            if len(idle) < _MAX_IDLE:
                idle.append(connection)
                return
        connection.close()

    def _trusted(self, bundle: str) -> Any:
        """The certificates of a bundle.

        "" is what botocore trusts: certifi's, where it is installed, else its own copy. Raises
        OSError.
        """
        context = self._trust.get(bundle)
        if context is None:
            import ssl  # noqa: PLC0415 -- http.client has loaded it already

            context = self._trust[bundle] = ssl.create_default_context(
                cafile=bundle or _default_ca_bundle()
            )
        return context


def _default_ca_bundle() -> str:
    from importlib.util import find_spec  # noqa: PLC0415 -- only for TLS

    found = find_spec("certifi") or find_spec("botocore")
    return os.path.join(os.path.dirname((found and found.origin) or ""), "cacert.pem")  # noqa: PTH118, PTH120 -- pathlib has no use here


def _read_body(response: http.client.HTTPResponse) -> bytes:
    """The body. Raises NotAwsResponseError when it is cut off, or longer than any answer is."""
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
        return None if suffix is None else _Address(tls=True, host=host, port=443, named=host)
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
    usual = 443 if tls else 80
    return _Address(
        tls=tls,
        host=host,
        port=port or usual,
        named=host if port in (None, usual) else f"{host}:{port}",
    )


def _query_parameters(prefix: str, value: Any) -> dict[str, str]:
    """A structure as the query protocol writes it: `Tags.member.1.Key`."""
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
    """The headers of `POST /` with this body, Host left out.

    `now` is UTC, `host` as it will be sent, with an unusual port.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": _CONTENT_TYPE, "host": host, "x-amz-date": stamp}
    if credentials.session_token is not None:
        headers["x-amz-security-token"] = credentials.session_token.reveal()
    names = ";".join(headers)  # they are in alphabetical order
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{sha256(body)}"
    scope = f"{stamp[:8]}/{region}/sts/aws4_request"
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode())}"
    key = f"AWS4{credentials.secret_access_key.reveal()}".encode()
    for word in (*scope.split("/"), to_sign):
        key = hmac.digest(key, word.encode(), "sha256")
    del headers["host"]
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    )
    return headers


# -- XML responses


class NotAwsResponseError(Exception):
    """What came back is no answer of AWS."""


def parse_result(body: bytes, action: str) -> dict[str, Any]:
    """What stands in `<ActionResponse><ActionResult>`, as botocore would give it.

    Raises NotAwsResponseError.
    """
    response = _parse_xml(body).get(f"{action}Response")
    found = response.get(f"{action}Result") if isinstance(response, dict) else None
    if not isinstance(found, dict):
        raise NotAwsResponseError
    credentials = found.get("Credentials")
    if isinstance(credentials, dict) and isinstance(credentials.get("Expiration"), str):
        try:
            credentials["Expiration"] = datetime.fromisoformat(credentials["Expiration"])
        except ValueError:
            raise NotAwsResponseError from None
    return found


def parse_error(
    body: bytes, status: int, date: str | None, received_at: datetime
) -> AwsErrorResponse:
    """What stands in `<ErrorResponse><Error>`.

    Raises NotAwsResponseError for a page that isn't AWS's.
    """
    response = _parse_xml(body).get("ErrorResponse")
    error = response.get("Error") if isinstance(response, dict) else None
    code = error.get("Code") if isinstance(error, dict) else None
    text = error.get("Message", "") if isinstance(error, dict) else ""
    if not isinstance(code, str) or not code or not isinstance(text, str):
        raise NotAwsResponseError
    return AwsErrorResponse(code, text, received_at, server_time(date), status)


def server_time(date: str | None) -> datetime | None:
    """A Date header as UTC, None when there is none or it's no date."""
    try:
        found = parsedate_to_datetime(date or "")
    except (ValueError, TypeError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _parse_xml(body: bytes) -> dict[str, Any]:
    """Elements by their local names: a dict of those with children, else the text.

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

    def heard(text: str) -> None:
        stack[-1][1].append(text)

    def refuse(*_: object) -> None:
        raise NotAwsResponseError

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = heard
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise NotAwsResponseError from None
    return root
