"""The pages of `aws login`: `/v1/authorize`, and the code that a person copies to another device.

A user is chosen without a password; with an MFA device, its code is needed, as in the console.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlsplit

from xswitch.emulator import totp
from xswitch.emulator.callers import AuthenticatedCall, user_caller
from xswitch.emulator.http import HttpResponse
from xswitch.emulator.pages import PageError, hidden_fields, page, redirect, refused_page
from xswitch.emulator.signin.logins import (
    CROSS_DEVICE,
    RESOURCES,
    Login,
    LoginCode,
    LoginRequest,
    LoginStore,
    new_login_token,
)
from xswitch.emulator.signin.tokens import (
    CODE_SECONDS,
    DEFAULT_REGION,
    LOGIN_SECONDS,
    login_session,
    may_use,
)
from xswitch.emulator.state import AwsState, User
from xswitch.emulator.stores import SessionStore

AUTHORIZE_PATH, CONFIRMATION_PATH = "/v1/authorize", "/v1/sessions/confirmation"
CALLBACK_PATH = "/oauth/callback"
_CHALLENGE_LENGTH = 43


@dataclass(frozen=True, slots=True)
class LoginPageCall:
    """One request of a browser; `base` is the URL under which it reached the emulator."""

    parameters: Mapping[str, str] = field(repr=False)
    base: str
    region: str
    now: datetime
    source_ip: str
    user_agent: str


def show(call: LoginPageCall, world: AwsState, store: LoginStore) -> HttpResponse:
    """Answer `GET /v1/authorize`: the page, or a redirect with an error."""
    given = call.parameters
    client_id, redirect_uri = given.get("client_id", ""), given.get("redirect_uri", "")
    if client_id not in RESOURCES:
        return refused_page(PageError("invalid_client: There is no such client."))
    if not _redirect_allowed(call, client_id, redirect_uri):
        return refused_page(PageError("invalid_redirect_uri: The client can't be sent there."))
    if problem := _request_problem(given):
        return redirect(redirect_uri, _error("invalid_request", problem), given.get("state"))
    request = LoginRequest(
        id=secrets.token_urlsafe(24),
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=given["state"],
        challenge=given["code_challenge"],
    )
    store.locked(lambda: store.requests.update({request.id: request}))
    users = "".join(
        f'<option value="{escape(user.arn)}">{escape(user.arn)}</option>'
        for account in world.accounts
        for user in account.users
    )
    body = (
        f"<p><strong id=client>{escape(client_id)}</strong> asks for your permissions.</p>"
        f'<form method=post action="{AUTHORIZE_PATH}">{hidden_fields({"request": request.id})}'
        f"<p><label>Sign in as <select name=user id=user>{users}</select></label></p>"
        "<p><label>MFA code <input name=code id=code autocomplete=off></label></p>"
        "<button name=decision value=approve id=approve>Approve</button>"
        "<button name=decision value=deny id=deny>Deny</button></form>"
    )
    return page("Sign in", body)


def decide(
    call: LoginPageCall, world: AwsState, store: LoginStore, sessions: SessionStore
) -> HttpResponse:
    """Answer `POST /v1/authorize`: send the browser back with a code, or with an error."""
    try:
        return store.locked(lambda: _decide(call, world, store, sessions))
    except PageError as problem:
        return refused_page(problem)


def confirm(call: LoginPageCall) -> HttpResponse:
    """Answer `/v1/sessions/confirmation`: show the code to copy, which holds the state too."""
    given = call.parameters
    if "code" not in given or "state" not in given:
        why = given.get("error_description") or "There is no code."
        return refused_page(PageError(f"{given.get('error', 'invalid_request')}: {why}"))
    text = f"state={given['state']}&code={given['code']}"
    copied = base64.b64encode(text.encode()).decode()
    return page("Copy the code", f"<p><code id=code>{escape(copied)}</code></p>")


def _decide(
    call: LoginPageCall, world: AwsState, store: LoginStore, sessions: SessionStore
) -> HttpResponse:
    given = call.parameters
    if given.get("decision") not in ("approve", "deny"):
        raise PageError("invalid_request: Approve or deny.")
    request = store.requests.get(given.get("request", ""))
    if request is None:
        raise PageError("invalid_request: This page was answered already, or never shown.")
    if given["decision"] == "deny":
        del store.requests[request.id]
        return redirect(
            request.redirect_uri, _error("access_denied", "The request was denied"), request.state
        )
    user = world.user(given.get("user", ""))
    if user is None:
        raise PageError("access_denied: There is no such user.")
    login = Login(
        user.arn,
        user.id,
        request.client_id,
        ends_at=call.now.replace(microsecond=0) + timedelta(seconds=LOGIN_SECONDS),
        mfa_at=_mfa(call, user, sessions),
    )
    del store.requests[request.id]
    if not _permitted(call, world, user, login):
        denied = f"{user.arn} may not perform signin:AuthorizeOAuth2Access"
        return redirect(request.redirect_uri, _error("access_denied", denied), request.state)
    code = new_login_token("aoc")
    store.codes[code] = LoginCode(request, login, call.now + timedelta(seconds=CODE_SECONDS))
    return redirect(request.redirect_uri, {"code": code}, request.state)


def _mfa(call: LoginPageCall, user: User, sessions: SessionStore) -> datetime | None:
    """When an MFA code was given, None for a user without a device. Raises PageError."""
    if not user.mfa_devices:
        return None
    code = call.parameters.get("code", "").strip()
    for device in user.mfa_devices:
        step = totp.matching_step(device.secret, code, call.now)
        if step is not None and sessions.use_code(device.serial, step):
            return call.now.replace(microsecond=0)
    raise PageError("access_denied: The MFA code is wrong, or was used.")


def _permitted(call: LoginPageCall, world: AwsState, user: User, login: Login) -> bool:
    asked = AuthenticatedCall(
        "signin:AuthorizeOAuth2Access",
        {},
        user_caller(user, world, "", login_session(login, user, call.now)),
        call.region or DEFAULT_REGION,
        call.now,
        call.source_ip,
        call.user_agent,
    )
    return may_use(asked, login.client_id)


def _redirect_allowed(call: LoginPageCall, client_id: str, uri: str) -> bool:
    """Whether a client can be sent there: a port of its own machine, or the page with the code."""
    if client_id == CROSS_DEVICE:
        return uri == f"{call.base}{CONFIRMATION_PATH}"
    try:
        parts = urlsplit(uri)
        plain = parts.port is not None and not (parts.query or parts.fragment or "#" in uri)
    except ValueError:
        return False
    where = (parts.scheme, parts.hostname, parts.username, parts.path)
    return plain and where == ("http", "127.0.0.1", None, CALLBACK_PATH)


def _request_problem(given: Mapping[str, str]) -> str:
    """The mistake of a request whose redirect URI is good, "" for none."""
    if given.get("response_type") != "code":
        return "response_type must be code"
    if given.get("scope") != "openid":
        return "scope must be openid"
    if given.get("code_challenge_method") != "SHA-256":
        return "code_challenge_method must be SHA-256"
    if len(given.get("code_challenge", "")) != _CHALLENGE_LENGTH:
        return "code_challenge must be 43 characters"
    return "" if given.get("state") else "state is missing"


def _error(code: str, text: str) -> Mapping[str, str]:
    return {"error": code, "error_description": text}
