"""The emulated AWS Sign-In: `aws login`, and the keys that SDKs refresh by it.

It is told by method and path, so it shares the emulator's address with the other services.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.http import HttpResponse
from xswitch.emulator.pages import HTML_TYPE, comes_from_elsewhere, form_of
from xswitch.emulator.rest_json import (
    JSON_TYPE,
    Endpoint,
    RestOperation,
    endpoint_of,
    json_object,
    result_response,
)
from xswitch.emulator.signin import approval
from xswitch.emulator.signin.logins import LoginStore
from xswitch.emulator.signin.proofs import ProofError, proven_key
from xswitch.emulator.signin.tokens import TokenCall, create_token, refusal
from xswitch.emulator.sigv4 import HttpRequest
from xswitch.emulator.state import AwsState
from xswitch.emulator.stores import SessionStore

__all__ = ["NAME", "LoginStore", "operation"]

NAME = "signin"
_TOKENS_AT = "/v1/token"
_ACTIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("POST", _TOKENS_AT): "CreateOAuth2Token",
        ("GET", approval.AUTHORIZE_PATH): "AuthorizeOAuth2Access",
        ("POST", approval.AUTHORIZE_PATH): "AuthorizeOAuth2Access",
        ("GET", approval.CONFIRMATION_PATH): "ConfirmSession",
    }
)
_ERRORS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "TOKEN_EXPIRED": ("AccessDeniedException", 401),
        "AUTHCODE_EXPIRED": ("AccessDeniedException", 401),
        "USER_CREDENTIALS_CHANGED": ("AccessDeniedException", 403),
        "INSUFFICIENT_PERMISSIONS": ("AccessDeniedException", 403),
        "INVALID_REQUEST": ("ValidationException", 400),
        "server_error": ("InternalServerException", 500),
    }
)
"""The exception and the HTTP status of each code in the member `error`."""


def operation(  # noqa: PLR0913 -- the request, what the emulator knows, and the two clocks
    request: HttpRequest,
    request_id: str,
    world: AwsState,
    logins: LoginStore,
    store: SessionStore,
    *,
    now: datetime,
    wall: datetime,
    default_host: str,
    source_ip: str,
) -> RestOperation | None:
    """The action of AWS Sign-In that a request names, None for any other request."""
    endpoint = endpoint_of(request, default_host)
    action = _ACTIONS.get((request.method, endpoint.path))
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if action is None or "x-amz-client-auth-method" in query:
        return None
    agent = request.headers.get("user-agent", "")

    def tokens() -> HttpResponse:
        parameters = _body(request)
        try:
            key = proven_key(request, f"{endpoint.base}{endpoint.path}", logins, wall)
        except ProofError as problem:
            raise refusal("INVALID_REQUEST", str(problem)) from None
        call = TokenCall(parameters, key, endpoint.base, endpoint.region, now, source_ip, agent)
        return result_response(create_token(call, world, logins, store), request_id)

    def pages() -> HttpResponse:
        call = approval.LoginPageCall(
            form_of(request) if request.method == "POST" else query,
            endpoint.base,
            endpoint.region,
            now,
            source_ip,
            agent,
        )
        shown = _page(request, call, endpoint, world, logins, store)
        return replace(shown, request_id=request_id)

    return RestOperation(
        NAME,
        action,
        endpoint.region,
        "",
        tokens if endpoint.path == _TOKENS_AT else pages,
        lambda problem: _error_response(problem, request_id),
    )


def _page(  # noqa: PLR0913, PLR0917 -- the request, and what the emulator knows
    request: HttpRequest,
    call: approval.LoginPageCall,
    endpoint: Endpoint,
    world: AwsState,
    logins: LoginStore,
    store: SessionStore,
) -> HttpResponse:
    if endpoint.path == approval.CONFIRMATION_PATH:
        return approval.confirm(call)
    if request.method == "GET":
        return approval.show(call, world, logins)
    if comes_from_elsewhere(request, endpoint.base):
        return HttpResponse(HTTPStatus.FORBIDDEN, b"", "", HTML_TYPE)
    return approval.decide(call, world, logins, store)


def _body(request: HttpRequest) -> Mapping[str, Any]:
    data = json_object(request.body)
    if data is None:
        raise refusal("INVALID_REQUEST", "The body must be a JSON object")
    return data


def _error_response(problem: EmulatedAwsError, request_id: str) -> HttpResponse:
    """The response with an error, whose kind programs read in the member `error`."""
    exception, status = _ERRORS.get(problem.code, (problem.code, problem.status))
    code = problem.code if problem.code in _ERRORS else _code_for(problem.status)
    body = {"error": code, "message": problem.message}
    headers = [("x-amzn-ErrorType", exception), ("Cache-Control", "no-store")]
    if problem.retry_after:
        headers.append(("Retry-After", str(problem.retry_after)))
    return HttpResponse(
        status, json.dumps(body).encode(), request_id, JSON_TYPE, headers=tuple(headers)
    )


def _code_for(status: int) -> str:
    server = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return "server_error" if server else "INVALID_REQUEST"
