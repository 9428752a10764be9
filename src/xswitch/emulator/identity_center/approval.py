"""The pages on which a person lets a client in: `/authorize` and `/device`.

Each is a form with a choice of who signs in, Approve, and Deny; no script, no cookie.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from html import escape

from xswitch.emulator.http import HttpResponse
from xswitch.emulator.identity_center.oidc import CODE_GRANT, DEVICE_PATH, redirect_registered
from xswitch.emulator.identity_center.sign_ins import (
    AuthorizationCode,
    AuthorizationRequest,
    ClientRegistration,
    Decision,
    SignInStore,
    new_token,
)
from xswitch.emulator.pages import PageError, hidden_fields, page, redirect, refused_page
from xswitch.emulator.rest_json import RestCall
from xswitch.emulator.state import AwsState, IdentityCenter

AUTHORIZE_PATH = "/authorize"
_CHALLENGE_LENGTH = 43


def answer(call: RestCall, world: AwsState, store: SignInStore, *, posted: bool) -> HttpResponse:
    """Show a page, or take the answer that its form sends; the request ID is left empty."""
    pages = {
        ("Authorize", False): _show_authorize,
        ("Authorize", True): _decide_authorize,
        ("ApproveDevice", False): _show_device,
        ("ApproveDevice", True): _decide_device,
    }
    try:
        return store.locked(lambda: pages[call.action, posted](call, world, store))
    except PageError as problem:
        return refused_page(problem)


def _show_authorize(call: RestCall, world: AwsState, store: SignInStore) -> HttpResponse:
    given = call.parameters
    client = store.clients.get(given.get("client_id", ""))
    redirect_uri = given.get("redirect_uri", "")
    if client is None:
        raise PageError("invalid_client: The client is not registered.")
    if call.now >= client.expires_at:
        raise PageError("invalid_client: The client's registration has expired.")
    if not redirect_registered(client, redirect_uri):
        raise PageError("invalid_redirect_uri: The client didn't register this redirect_uri.")
    instance = world.identity_center(client.issuer_url)
    if instance is None or call.region not in ("", instance.region):
        raise PageError("invalid_request: The instance is not known in this region.")
    if problem := _request_problem(given, client):
        return _redirect(redirect_uri, given.get("state"), problem)
    request = AuthorizationRequest(
        id=secrets.token_urlsafe(24),
        client_id=client.client_id,
        start_url=instance.start_url,
        redirect_uri=redirect_uri,
        state=given.get("state"),
        challenge=given["code_challenge"],
    )
    store.requests[request.id] = request
    hidden = {"request": request.id}
    return _form(AUTHORIZE_PATH, instance, client, hidden, client.scopes)


def _request_problem(
    given: Mapping[str, str], client: ClientRegistration
) -> tuple[str, str] | None:
    """OAuth's error for a request whose redirect URI is good (RFC 6749, 4.1.2.1; RFC 7636)."""
    if CODE_GRANT not in client.grant_types:
        return "unauthorized_client", "The client is not registered for authorization_code"
    if given.get("response_type") != "code":
        return "unsupported_response_type", "response_type must be code"
    if given.get("code_challenge_method") != "S256":
        return "invalid_request", "code_challenge_method must be S256"
    if len(given.get("code_challenge", "")) != _CHALLENGE_LENGTH:
        return "invalid_request", "code_challenge must be 43 characters"
    scopes = given.get("scopes", "").split()
    if not scopes or any(scope not in client.scopes for scope in scopes):
        return "invalid_scope", "scopes must be scopes of the client"
    return None


def _decide_authorize(call: RestCall, world: AwsState, store: SignInStore) -> HttpResponse:
    request = store.requests.pop(call.parameters.get("request", ""), None)
    if request is None:
        raise PageError("invalid_request: This page was answered already, or never shown.")
    if _decision(call) is Decision.DENIED:
        problem = ("access_denied", "The request was denied")
        return _redirect(request.redirect_uri, request.state, problem)
    instance = world.identity_center(request.start_url)
    if instance is None:
        raise PageError("invalid_request: The instance is gone.")
    user = _chosen_user(call, instance)
    code = new_token("aoc")
    expires_at = call.now + timedelta(seconds=instance.authorization_code_seconds)
    store.codes[code] = AuthorizationCode(request, user, expires_at)
    return redirect(request.redirect_uri, {"code": code}, request.state)


def _show_device(call: RestCall, world: AwsState, store: SignInStore) -> HttpResponse:
    user_code = call.parameters.get("user_code", "")
    if not user_code:
        return page(
            "Authorize a device",
            f'<form action="{DEVICE_PATH}"><input name=user_code placeholder=XXXX-XXXX autofocus>'
            "<button>Continue</button></form>",
        )
    device = store.by_user_code(user_code)
    if device is None or call.now >= device.expires_at:
        raise PageError("The code is unknown or has expired.")
    if device.decision is not Decision.NONE:
        raise PageError("The code was answered already.")
    instance = world.identity_center(device.start_url)
    if instance is None:
        raise PageError("The instance is gone.")
    client = store.clients[device.client_id]
    return _form(DEVICE_PATH, instance, client, {"user_code": device.user_code}, client.scopes)


def _decide_device(call: RestCall, world: AwsState, store: SignInStore) -> HttpResponse:
    _show_device(call, world, store)
    device = store.by_user_code(call.parameters.get("user_code", ""))
    decision = _decision(call)
    if device is None:
        raise PageError("The code is unknown or has expired.")
    instance = world.identity_center(device.start_url)
    if instance is not None and decision is Decision.APPROVED:
        device.user = _chosen_user(call, instance)
    device.decision = decision
    if decision is Decision.DENIED:
        return page("Request denied", "<p id=done>You can close this window.</p>")
    return page("Request approved", "<p id=done>You can close this window.</p>")


def _decision(call: RestCall) -> Decision:
    chosen = {"approve": Decision.APPROVED, "deny": Decision.DENIED}.get(
        call.parameters.get("decision", "")
    )
    if chosen is None:
        raise PageError("invalid_request: Approve or deny.")
    return chosen


def _chosen_user(call: RestCall, instance: IdentityCenter) -> str:
    user = instance.user(call.parameters.get("user", ""))
    if user is None:
        raise PageError("access_denied: There is no such user.")
    return user.name


def _form(
    path: str,
    instance: IdentityCenter,
    client: ClientRegistration,
    hidden: Mapping[str, str],
    scopes: tuple[str, ...],
) -> HttpResponse:
    user_code = escape(hidden.get("user_code", ""))
    shown = f"<p>Code: <strong id=code>{user_code}</strong></p>" if user_code else ""
    users = "".join(
        f'<option value="{escape(user.name)}">{escape(user.name)}</option>'
        for user in instance.users
    )
    asked = ", ".join(scopes) or "your accounts"
    body = (
        f"<p><strong id=client>{escape(client.name)}</strong> asks for {escape(asked)} at"
        f" {escape(instance.start_url)}.</p>{shown}"
        f'<form method=post action="{path}">{hidden_fields(hidden)}'
        f"<p><label>Sign in as <select name=user id=user>{users}</select></label></p>"
        "<button name=decision value=approve id=approve>Approve</button>"
        "<button name=decision value=deny id=deny>Deny</button></form>"
    )
    return page("Allow access?", body)


def _redirect(uri: str, state: str | None, problem: tuple[str, str]) -> HttpResponse:
    return redirect(uri, {"error": problem[0], "error_description": problem[1]}, state)
