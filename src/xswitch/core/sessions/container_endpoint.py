"""The rules of a container credential endpoint: which request is served, and every response.

Sources: "Container credential provider" in the AWS SDKs and Tools reference guide; botocore's
`ContainerMetadataFetcher`, `endpointcreds` of the SDK for Go v2, and
`credential-provider-http` of the SDK for JavaScript v3, whose requests are one GET without a body.
The syntax of a request follows RFC 9112, without what no SDK sends: every line ends in CRLF, and
a header is on one line.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from xswitch.core.display import display
from xswitch.core.errors import XswitchError
from xswitch.core.model import Credentials, Secret
from xswitch.core.profiles.child_environment import cleaned_environment
from xswitch.core.sessions.freshness import refresh_times
from xswitch.core.sessions.session_record import EXPIRATION_SAFETY_SECONDS

HOST = "127.0.0.1"
HEAD_END = b"\r\n\r\n"
MAX_HEAD_BYTES = 16 * 1024
URI_VARIABLE = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE_VARIABLE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 -- a variable's name
_REPLACED_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",  # goes before the full URI
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)

_NO_EXPIRATION = timedelta(hours=1)
"""The lifetime stated for credentials without an end: the SDKs need one, and ask again then."""
_FIRST_RETRY_SECONDS = 15
_LAST_RETRY_SECONDS = 300
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)").fullmatch


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """The port, the path, and the token of an endpoint; the last two are random."""

    port: int
    path: str
    token: Secret

    @property
    def url(self) -> str:
        """The URL that clients get in their environment."""
        return f"http://{HOST}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class ServedCredentials:
    """Credentials as the endpoint has them: since when, and for which account."""

    credentials: Credentials
    issued_at: datetime
    account_id: str = ""

    def usable_at(self, now: datetime) -> bool:
        """Whether a client can still use them."""
        end = self.credentials.expires_at
        return end is None or now < end - timedelta(seconds=EXPIRATION_SAFETY_SECONDS)

    @property
    def renew_at(self) -> datetime | None:
        """When the next session is due; None for credentials without an end."""
        end = self.credentials.expires_at
        return None if end is None else refresh_times(self.issued_at, end)[0]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request isn't served; its text holds nothing of the request."""

    status: HTTPStatus
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """A request to serve."""

    keep_alive: bool
    """Whether the client's connection stays open for its next request."""


BAD_REQUEST = Refusal(HTTPStatus.BAD_REQUEST, "BadRequest", "The request isn't valid.")
TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "RequestTooLarge",
    f"The headers have more than {MAX_HEAD_BYTES} bytes.",
)
OTHER_USER = Refusal(
    HTTPStatus.FORBIDDEN, "OtherUser", "This endpoint serves only the user who started it."
)
WRONG_METHOD = Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", "Use GET.")
WRONG_HOST = Refusal(
    HTTPStatus.FORBIDDEN, "WrongHost", "The Host header has to be the endpoint's address."
)
NOT_FOUND = Refusal(HTTPStatus.NOT_FOUND, "NotFound", "There are no credentials at this path.")
NOT_AUTHORIZED = Refusal(
    HTTPStatus.UNAUTHORIZED, "Unauthorized", "The authorization token is missing or wrong."
)


def judge_request(head: bytes, address: EndpointAddress) -> AcceptedRequest | Refusal:
    """Decide about a request by its head: all bytes up to and with the empty line."""
    (method, target, version), headers = _parse(head)
    if headers is None or version not in (b"HTTP/1.1", b"HTTP/1.0"):
        return BAD_REQUEST
    # A page of a browser whose host name was pointed at this machine has that name here.
    hosts = [f"{name}:{address.port}".encode() for name in (HOST, "localhost")]
    tokens = headers.get(b"authorization", [])
    checks = (
        (method == b"GET", WRONG_METHOD),
        (headers.get(b"host", []) in ([host] for host in hosts), WRONG_HOST),
        (not _has_body(headers), BAD_REQUEST),
        (_equal(target, address.path), NOT_FOUND),
        (len(tokens) == 1 and _equal(tokens[0], address.token.reveal()), NOT_AUTHORIZED),
    )
    for passed, refusal in checks:
        if not passed:
            return refusal
    options = b",".join(headers.get(b"connection", [])).lower().replace(b" ", b"").split(b",")
    return AcceptedRequest(keep_alive=version == b"HTTP/1.1" and b"close" not in options)


def _equal(given: bytes, expected: str) -> bool:
    """Compare in a time that doesn't tell where they differ."""
    return hmac.compare_digest(given, expected.encode())


def _parse(head: bytes) -> tuple[tuple[bytes, bytes, bytes], dict[bytes, list[bytes]] | None]:
    """Split a head into the words of its first line, and the values of each header.

    None instead of the headers if the syntax is wrong.
    """
    nothing = (b"", b"", b"")
    if not head.endswith(HEAD_END) or len(head) > MAX_HEAD_BYTES:
        return nothing, None
    first, *lines = head.removesuffix(HEAD_END).split(b"\r\n")
    words = first.split(b" ")
    if len(words) != len(nothing) or re.search(rb"[\x00-\x20\x7f-\xff]", b"".join(words)):
        return nothing, None
    headers: dict[bytes, list[bytes]] = {}
    for line in lines:
        found = _HEADER(line)
        if found is None:
            return nothing, None
        headers.setdefault(found[1].lower(), []).append(found[2])
    return (words[0], words[1], words[2]), headers


def _has_body(headers: dict[bytes, list[bytes]]) -> bool:
    lengths = headers.get(b"content-length", [])
    return b"transfer-encoding" in headers or any(length != b"0" for length in lengths)


def credentials_body(served: ServedCredentials, now: datetime) -> bytes:
    """Return the JSON that clients expect.

    Its Expiration is a minute early, because the SDK for Go uses credentials to the last second.
    """
    credentials = served.credentials
    token, end = credentials.session_token, credentials.expires_at
    stated = now + _NO_EXPIRATION
    if end is not None:
        stated = end - timedelta(seconds=EXPIRATION_SAFETY_SECONDS)
    body = {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        # The SDKs for Python and JavaScript need the key; an empty token isn't sent.
        "Token": "" if token is None else token.reveal(),
        "Expiration": stated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if served.account_id:
        body["AccountId"] = served.account_id
    return json.dumps(body).encode()


def failure(error: XswitchError) -> Refusal:
    """Return the response for credentials that can't be had."""
    parts = (error.what, error.why, f"next: {error.next_step}" if error.next_step else "")
    message = display(" ".join(part for part in parts if part))
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error.code), message)


def response(status: HTTPStatus, body: bytes, *, keep_alive: bool = False) -> bytes:
    """Return a whole response, which no cache may store."""
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def refusal_response(refusal: Refusal) -> bytes:
    """Return the response to a request that isn't served; it ends the connection."""
    body = json.dumps({"code": refusal.code, "message": refusal.message}).encode()
    return response(refusal.status, body)


def retry_delay(failures: int) -> timedelta:
    """Return how long to wait after so many failed renewals in a row."""
    doubled = _FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 8)
    return timedelta(seconds=min(doubled, _LAST_RETRY_SECONDS))


def renews(before: ServedCredentials | None, after: ServedCredentials) -> bool:
    """Whether credentials last longer than those before: else the next try has to wait."""
    if before is None or before.credentials.expires_at is None:
        return True
    end = after.credentials.expires_at
    return end is None or end > before.credentials.expires_at


def private_config(region: str) -> str:
    """Return a config file that has only a region.

    With it, and an empty credentials file, no profile of the user goes before the endpoint.
    """
    return f"[default]\nregion = {region}\n" if region else ""


def child_environment(
    around: Mapping[str, str],
    address: EndpointAddress,
    files: Iterable[tuple[str, str]],
    region: str,
) -> dict[str, str]:
    """Return the environment that leads a program to the endpoint; `files` are names and paths.

    What would lead it elsewhere isn't in it.
    """
    child = cleaned_environment(around, region)
    for name in _REPLACED_VARIABLES:
        child.pop(name, None)
    return {**child, URI_VARIABLE: address.url, **dict(files)}
