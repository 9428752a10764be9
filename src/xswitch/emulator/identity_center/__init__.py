"""The emulated IAM Identity Center: sign-in (OIDC), its pages, and the access portal.

All of it is told by method and path, so it shares the emulator's address with STS and IAM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from xswitch.emulator.http import HttpResponse
from xswitch.emulator.identity_center import approval, oidc, portal
from xswitch.emulator.identity_center.sign_ins import SignInStore
from xswitch.emulator.pages import HTML_TYPE, comes_from_elsewhere, form_of
from xswitch.emulator.rest_json import (
    RestCall,
    RestOperation,
    endpoint_of,
    error,
    error_response,
    json_object,
    result_response,
)
from xswitch.emulator.sigv4 import HttpRequest
from xswitch.emulator.state import AwsState
from xswitch.emulator.stores import SessionStore

__all__ = ["SignInStore", "operation"]

BEARER_HEADER = "x-amz-sso_bearer_token"
_ACTIONS: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("POST", "/client/register"): (oidc.NAME, "RegisterClient"),
        ("POST", oidc.DEVICE_PATH + "_authorization"): (oidc.NAME, "StartDeviceAuthorization"),
        ("POST", "/token"): (oidc.NAME, "CreateToken"),
        ("GET", approval.AUTHORIZE_PATH): (oidc.NAME, "Authorize"),
        ("POST", approval.AUTHORIZE_PATH): (oidc.NAME, "Authorize"),
        ("GET", oidc.DEVICE_PATH): (oidc.NAME, "ApproveDevice"),
        ("POST", oidc.DEVICE_PATH): (oidc.NAME, "ApproveDevice"),
        ("GET", "/assignment/accounts"): (portal.NAME, "ListAccounts"),
        ("GET", "/assignment/roles"): (portal.NAME, "ListAccountRoles"),
        ("GET", "/federation/credentials"): (portal.NAME, "GetRoleCredentials"),
        ("POST", "/logout"): (portal.NAME, "Logout"),
    }
)
_PAGES = frozenset({"Authorize", "ApproveDevice"})


def operation(  # noqa: PLR0913 -- the request, and what the emulator knows
    request: HttpRequest,
    request_id: str,
    world: AwsState,
    sign_ins: SignInStore,
    store: SessionStore,
    *,
    now: datetime,
    default_host: str,
) -> RestOperation | None:
    """The action of Identity Center that a request names, None for any other request."""
    base, region, path = endpoint_of(request, default_host)
    if request.method in ("GET", "HEAD"):
        for instance in world.identity_centers:
            if path in instance.redirects:
                return _redirect(instance.start_url, request_id)
    named = _ACTIONS.get((request.method, path))
    if named is None:
        return None
    service, action = named
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    call = RestCall(
        action=action,
        parameters=query,
        now=now,
        region=region,
        base=base,
        bearer=request.headers.get(BEARER_HEADER, ""),
    )

    def run() -> HttpResponse:
        if action in _PAGES:
            return _answer_page(request, call, world, sign_ins, request_id)
        if service == portal.NAME:
            result = portal.perform(call, world, sign_ins, store)
        else:
            body = replace(call, parameters=_json_object(request.body))
            result = oidc.perform(body, world, sign_ins)
        return result_response(result, request_id)

    return RestOperation(
        service,
        action,
        call.region,
        "/".join(query[name] for name in ("account_id", "role_name") if name in query),
        run,
        lambda problem: error_response(problem, request_id, oauth=service == oidc.NAME),
    )


def _answer_page(
    request: HttpRequest, call: RestCall, world: AwsState, sign_ins: SignInStore, request_id: str
) -> HttpResponse:
    posted = request.method == "POST"
    if posted:
        if comes_from_elsewhere(request, call.base):
            return HttpResponse(HTTPStatus.FORBIDDEN, b"", request_id, HTML_TYPE)
        call = replace(call, parameters=form_of(request))
    page = approval.answer(call, world, sign_ins, posted=posted)
    return replace(page, request_id=request_id)


def _redirect(start_url: str, request_id: str) -> RestOperation:
    response = HttpResponse(HTTPStatus.FOUND, b"", request_id, "text/html", start_url)
    return RestOperation(
        portal.NAME, "StartUrl", "", "", lambda: response, lambda _problem: response
    )


def _json_object(body: bytes) -> Mapping[str, Any]:
    data = json_object(body)
    if data is None:
        raise error("InvalidRequestException", "The body must be a JSON object")
    return data
