"""CreateOAuth2Token: keys for a code of `/v1/authorize`, and new ones for a refresh token.

Sources: the API reference "AWS Sign-In", RFC 6749, RFC 7636, and RFC 9449. The texts are ours,
because AWS's are undocumented; programs go by the member `error`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from xswitch.emulator.authorize import authorize_action, base_context
from xswitch.emulator.callers import AuthenticatedCall, user_caller
from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.jwt import encoded
from xswitch.emulator.signin.logins import (
    RESOURCES,
    Login,
    LoginCode,
    LoginStore,
    RefreshGrant,
    new_login_token,
)
from xswitch.emulator.state import AwsState, User
from xswitch.emulator.stores import IssuedSession, SessionStore, new_session_keys

CREDENTIAL_SECONDS, LOGIN_SECONDS, CODE_SECONDS = 900, 43_200, 600
DEFAULT_REGION = "us-east-1"
CODE_GRANT, REFRESH_GRANT = "authorization_code", "refresh_token"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_MAX_CODE, _MAX_URI, _MAX_REFRESH = 512, 2_048, 2_048
_PARAMETERS = ("clientId", "grantType", "code", "redirectUri", "codeVerifier", "refreshToken")
_Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenCall:
    """One call of CreateOAuth2Token; `thumbprint` is that of the key that it proves."""

    parameters: Mapping[str, Any] = field(repr=False)
    thumbprint: str
    issuer: str
    region: str
    now: datetime
    source_ip: str
    user_agent: str


def refusal(code: str, message: str) -> EmulatedAwsError:
    """An error by its code in the member `error`."""
    return EmulatedAwsError(code, message)


def create_token(
    call: TokenCall, world: AwsState, store: LoginStore, sessions: SessionStore
) -> _Answer:
    """Run the action. Raises EmulatedAwsError with a code of the member `error`."""
    client_id = _text(call, "clientId", 256)
    if client_id not in RESOURCES:
        raise refusal("INVALID_REQUEST", "clientId is not that of a client")
    grants = {CODE_GRANT: _redeem, REFRESH_GRANT: _refresh}
    grant = grants.get(_text(call, "grantType", 64))
    if grant is None:
        raise refusal("INVALID_REQUEST", f"grantType must be {CODE_GRANT} or {REFRESH_GRANT}")
    return store.locked(lambda: grant(call, client_id, world, store, sessions))


def _redeem(
    call: TokenCall, client_id: str, world: AwsState, store: LoginStore, sessions: SessionStore
) -> _Answer:
    text, redirect_uri = _text(call, "code", _MAX_CODE), _text(call, "redirectUri", _MAX_URI)
    verifier = _text(call, "codeVerifier", 128)
    if not _VERIFIER.fullmatch(verifier):
        raise refusal("INVALID_REQUEST", "codeVerifier must be 43 to 128 characters")
    code = store.codes.get(text)
    if code is None or code.request.client_id != client_id:
        raise refusal("INVALID_REQUEST", "The code is unknown")
    if code.used:
        code.login.ended = True  # the second user may be a thief (RFC 6749, 4.1.2)
        raise refusal("INVALID_REQUEST", "The code was used")
    code.used = True
    if call.now >= code.expires_at:
        raise refusal("AUTHCODE_EXPIRED", "The code has expired")
    _check_code(code, redirect_uri, verifier)
    login = code.login
    user = _permitted(call, world, login, "signin:CreateOAuth2Token")
    login.thumbprint = call.thumbprint
    store.logins.append(login)
    answer = _issue(call, store, sessions, RefreshGrant(login), user)
    return {**answer, "idToken": _id_token(call, login)}


def _check_code(code: LoginCode, redirect_uri: str, verifier: str) -> None:
    if code.request.redirect_uri != redirect_uri:
        raise refusal("INVALID_REQUEST", "redirectUri is not the one of the request")
    digest = encoded(hashlib.sha256(verifier.encode()).digest())
    if not hmac.compare_digest(digest, code.request.challenge):
        raise refusal("INVALID_REQUEST", "codeVerifier doesn't match the challenge")


def _refresh(
    call: TokenCall, client_id: str, world: AwsState, store: LoginStore, sessions: SessionStore
) -> _Answer:
    """Give new keys and a new refresh token; the old one gives the same ones while they live."""
    text = _text(call, "refreshToken", _MAX_REFRESH)
    grant = store.refresh_grants.get(text)
    if grant is None or grant.login.client_id != client_id:
        raise refusal("INVALID_REQUEST", "The refresh token is unknown")
    login = grant.login
    if login.thumbprint != call.thumbprint:
        raise refusal("INVALID_REQUEST", "The refresh token belongs to another key")
    over = grant.session is not None and call.now >= grant.session.expires_at
    if login.ended or call.now >= login.ends_at or over:
        raise refusal("TOKEN_EXPIRED", "The refresh token has expired")
    user = _permitted(call, world, login, "signin:CreateOAuth2Token")
    return _issue(call, store, sessions, grant, user)


def _issue(
    call: TokenCall, store: LoginStore, sessions: SessionStore, grant: RefreshGrant, user: User
) -> _Answer:
    if grant.session is None:
        grant.session = login_session(grant.login, user, call.now)
        grant.successor = new_login_token("aor")
        sessions.add(grant.session)
        store.refresh_grants[grant.successor] = RefreshGrant(grant.login)
    keys = grant.session.keys
    return {
        "accessToken": {
            "accessKeyId": keys.access_key_id,
            "secretAccessKey": keys.secret,
            "sessionToken": keys.token,
        },
        "tokenType": "aws_sigv4",
        "expiresIn": int((grant.session.expires_at - call.now).total_seconds()),
        "refreshToken": grant.successor,
    }


def login_session(login: Login, user: User, now: datetime) -> IssuedSession:
    """A session of the user who signed in: 15 minutes at most, and never past the login's end."""
    issued_at = now.replace(microsecond=0)
    return IssuedSession(
        keys=new_session_keys(user.account),
        account=user.account,
        principal_arn=user.arn,
        issued_at=issued_at,
        expires_at=min(issued_at + timedelta(seconds=CREDENTIAL_SECONDS), login.ends_at),
        mfa_at=login.mfa_at,
        principal_id=user.id,
        signed_in=True,
    )


def _permitted(call: TokenCall, world: AwsState, login: Login, action: str) -> User:
    """The user of a login, who still exists and may do `action` with its client."""
    user = world.user(login.user_arn)
    if user is None or user.id != login.user_id:
        raise refusal("USER_CREDENTIALS_CHANGED", "The user signed in with other credentials")
    asked = AuthenticatedCall(
        action,
        {},
        user_caller(user, world, "", login_session(login, user, call.now)),
        call.region or DEFAULT_REGION,
        call.now,
        call.source_ip,
        call.user_agent,
    )
    if not may_use(asked, login.client_id):
        raise refusal("INSUFFICIENT_PERMISSIONS", f"{user.arn} may not perform {action}")
    return user


def may_use(call: AuthenticatedCall, client_id: str) -> bool:
    """Whether a user may perform the call's action with a client (SignInLocalDevelopmentAccess)."""
    caller = call.caller
    resource = (
        f"arn:{caller.partition}:signin:{call.region}:{caller.account}:{RESOURCES[client_id]}"
    )
    return authorize_action(call, call.action, resource, base_context(call)).allowed


def _id_token(call: TokenCall, login: Login) -> str:
    """Who signed in, as a signed token; the SDKs read its `sub` and don't verify it."""
    from awscrt.crypto import EC, ECType  # noqa: PLC0415 -- for tokens only

    issued_at = int(call.now.timestamp())
    claims = {
        "iss": call.issuer,
        "sub": login.user_arn,
        "aud": login.client_id,
        "iat": issued_at,
        "exp": issued_at + CREDENTIAL_SECONDS,
    }
    parts = [
        encoded(json.dumps(part).encode()) for part in ({"alg": "ES256", "typ": "JWT"}, claims)
    ]
    digest = hashlib.sha256(".".join(parts).encode()).digest()
    signature = EC.decode_der_signature_to_padded_pair(
        EC.new_generate(ECType.P_256).sign(digest), pad_to=32
    )
    return ".".join([*parts, encoded(signature)])


def _text(call: TokenCall, name: str, longest: int) -> str:
    value = call.parameters.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise refusal("INVALID_REQUEST", f"{name} must be text of 1 to {longest} characters")
    return value
