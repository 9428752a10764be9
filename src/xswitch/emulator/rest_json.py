"""JSON over HTTP, as the services of signing in speak it: calls, results, and errors.

Sources: the service models of `sso` and `sso-oidc`, and RFC 6749, 5.2, for the errors of OAuth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.http import HttpResponse
from xswitch.emulator.sigv4 import HttpRequest

JSON_TYPE = "application/json"
REGION_PATH = re.compile(r"/region/([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})(?=/|$)")
"""The start of an endpoint's path that names the region which the client believes in."""
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-f:]+\](:[0-9]{1,5})?")
STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "ForbiddenException": 403,
        "InternalServerException": 500,
        "InvalidClientException": 401,
        "ResourceNotFoundException": 404,
        "ServiceUnavailableException": 503,
        "TooManyRequestsException": 429,
        "UnauthorizedException": 401,
    }
)
"""The HTTP status of each error; any other is a 400."""
_OAUTH_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_OAUTH_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "ExpiredTokenException": "expired_token",
        "InternalServerException": "server_error",
        "InvalidRedirectUriException": "invalid_redirect_uri",
    }
)


@dataclass(frozen=True, slots=True)
class RestCall:
    """One unsigned call.

    `parameters` is the JSON body or the query, `bearer` the access token ("" without one), `now`
    the time of sessions. `region` is the one that the endpoint names, "" if it names none; `base`
    is the URL under which the client reached the emulator.
    """

    action: str
    parameters: Mapping[str, Any] = field(repr=False)
    now: datetime
    region: str
    base: str
    bearer: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RestOperation:
    """An action that a request names by its method and path; `subject` is what it's about."""

    service: str
    action: str
    region: str
    subject: str
    run: Callable[[], HttpResponse]
    refuse: Callable[[EmulatedAwsError], HttpResponse]
    parameters: Mapping[str, str] = field(default_factory=dict)


class Endpoint(NamedTuple):
    """Where a client sent a request: the emulator's URL as it sees it, the region, and the path."""

    base: str
    region: str
    path: str


def endpoint_of(request: HttpRequest, default_host: str) -> Endpoint:
    """The endpoint of a request; without a usable Host header it has `default_host`."""
    prefix = REGION_PATH.match(request.path)
    host = request.headers.get("host", "")
    return Endpoint(
        f"http://{host if _HOST.fullmatch(host) else default_host}{prefix[0] if prefix else ''}",
        prefix[1] if prefix else "",
        request.path[prefix.end() :] if prefix else request.path,
    )


def json_object(body: bytes) -> Mapping[str, Any] | None:
    """The object of a body, None if it isn't one."""
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def error(code: str, message: str, *, retry_after: int = 0) -> EmulatedAwsError:
    """Make an error of these services."""
    return EmulatedAwsError(code, message, STATUSES.get(code, 400), retry_after=retry_after)


def result_response(result: Mapping[str, Any] | None, request_id: str) -> HttpResponse:
    """The response with a result; None for an action without one."""
    body = b"" if result is None else json.dumps(result, ensure_ascii=False).encode()
    return HttpResponse(HTTPStatus.OK, body, request_id, JSON_TYPE)


def error_response(problem: EmulatedAwsError, request_id: str, *, oauth: bool) -> HttpResponse:
    """The response with an error: in OAuth's words, or with a message."""
    body = (
        {"error": oauth_name(problem.code), "error_description": problem.message}
        if oauth
        else {"message": problem.message, "__type": problem.code}
    )
    headers = [("x-amzn-ErrorType", problem.code)]
    if problem.retry_after:
        headers.append(("Retry-After", str(problem.retry_after)))
    if oauth:
        headers += [("Cache-Control", "no-store"), ("Pragma", "no-cache")]
    return HttpResponse(
        problem.status, json.dumps(body).encode(), request_id, JSON_TYPE, headers=tuple(headers)
    )


def oauth_name(code: str) -> str:
    """OAuth's word for an error: InvalidGrantException is invalid_grant."""
    words = _OAUTH_WORD.sub("_", code.removesuffix("Exception")).lower()
    return _OAUTH_NAMES.get(code, words)
