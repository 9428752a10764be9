"""Sign-in to Identity Center: RegisterClient, StartDeviceAuthorization, CreateToken.

Sources: the API reference "IAM Identity Center OIDC", RFC 6749, RFC 7636, and RFC 8628. The texts
are ours, because AWS's are empty or undocumented; programs go by the errors' names.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from xswitch.emulator.identity_center.sign_ins import (
    AuthorizationCode,
    ClientRegistration,
    Decision,
    DeviceAuthorization,
    IssuedToken,
    SignIn,
    SignInStore,
    challenge_of,
    new_token,
    new_user_code,
    start_sign_in,
)
from xswitch.emulator.rest_json import RestCall, error
from xswitch.emulator.state import AwsState, IdentityCenter

NAME = "sso-oidc"
DEVICE_PATH = "/device"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CODE_GRANT, REFRESH_GRANT = "authorization_code", "refresh_token"
GRANTS = frozenset({DEVICE_GRANT, CODE_GRANT, REFRESH_GRANT})
_DEFAULT_REGISTRATION_SECONDS = 7_776_000
_SCOPE = re.compile(r"[a-z_]+(:[a-z_]+)*", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_INTERVAL_GROWTH = 5
_TIMER_TOLERANCE = 0.1

Result = Mapping[str, Any]
Action = Callable[[RestCall, AwsState, SignInStore], Result]


def perform(call: RestCall, world: AwsState, store: SignInStore) -> Result:
    """Run an action. Raises EmulatedAwsError."""
    return store.locked(lambda: ACTIONS[call.action](call, world, store))


def _register_client(call: RestCall, world: AwsState, store: SignInStore) -> Result:
    name = _text(call, "clientName")
    if _text(call, "clientType") != "public":
        raise error("InvalidClientMetadataException", "clientType must be public")
    grant_types = _texts(call, "grantTypes")
    if unknown := [grant for grant in grant_types if grant not in GRANTS]:
        raise error("UnsupportedGrantTypeException", f"{unknown[0]} is not supported")
    scopes = _texts(call, "scopes")
    if wrong := [scope for scope in scopes if not _SCOPE.fullmatch(scope)]:
        raise error("InvalidScopeException", f"{wrong[0]} is not a scope")
    redirect_uris = _texts(call, "redirectUris")
    if wrong := [uri for uri in redirect_uris if not _redirect_allowed(uri)]:
        raise error("InvalidRedirectUriException", f"{wrong[0]} can't be redirected to")
    issuer_url = _text(call, "issuerUrl", required=False)
    instance = world.identity_center(issuer_url) if issuer_url else None
    if issuer_url and (instance is None or not _in_region(call, instance.region)):
        raise error("InvalidRequestException", "issuerUrl is not known in this region")
    if CODE_GRANT in grant_types and not redirect_uris:
        raise error("InvalidRedirectUriException", "authorization_code needs redirectUris")
    if CODE_GRANT in grant_types and not issuer_url:
        raise error("InvalidRequestException", "authorization_code needs issuerUrl")
    instance = instance or next(
        (one for one in world.identity_centers if _in_region(call, one.region)), None
    )
    seconds = instance.registration_seconds if instance else _DEFAULT_REGISTRATION_SECONDS
    issued_at = call.now.replace(microsecond=0)
    client = ClientRegistration(
        client_id=secrets.token_urlsafe(24),
        client_secret=secrets.token_urlsafe(120),
        name=name,
        grant_types=frozenset(grant_types),
        scopes=scopes,
        redirect_uris=redirect_uris,
        issuer_url=issuer_url,
        region=call.region,
        expires_at=issued_at + timedelta(seconds=seconds),
    )
    store.clients[client.client_id] = client
    return {
        "clientId": client.client_id,
        "clientSecret": client.client_secret,
        "clientIdIssuedAt": int(issued_at.timestamp()),
        "clientSecretExpiresAt": int(client.expires_at.timestamp()),
        "authorizationEndpoint": None,
        "tokenEndpoint": None,
    }


def _start_device_authorization(call: RestCall, world: AwsState, store: SignInStore) -> Result:
    client = _client(call, store)
    instance = world.identity_center(_text(call, "startUrl"))
    if instance is None or not _in_region(call, instance.region):
        raise error("InvalidRequestException", "startUrl is not known in this region")
    _check_grant(client, DEVICE_GRANT)
    device = DeviceAuthorization(
        device_code=new_token(""),
        user_code=new_user_code(),
        client_id=client.client_id,
        start_url=instance.start_url,
        expires_at=call.now + timedelta(seconds=instance.device_code_seconds),
        interval=instance.device_interval,
    )
    store.devices[device.device_code] = device
    address = f"{call.base}{DEVICE_PATH}"
    return {
        "deviceCode": device.device_code,
        "userCode": device.user_code,
        "verificationUri": address,
        "verificationUriComplete": f"{address}?user_code={quote(device.user_code)}",
        "expiresIn": instance.device_code_seconds,
        "interval": device.interval,
    }


def _create_token(call: RestCall, world: AwsState, store: SignInStore) -> Result:
    grant_type = _text(call, "grantType")
    if grant_type not in GRANTS:
        raise error("UnsupportedGrantTypeException", f"{grant_type} is not supported")
    client = _client(call, store)
    _check_grant(client, grant_type)
    if any(scope not in client.scopes for scope in _texts(call, "scope")):
        raise error("InvalidScopeException", "The client is not registered for this scope")
    if grant_type == DEVICE_GRANT:
        return _device_token(call, world, store, client)
    if grant_type == CODE_GRANT:
        return _code_token(call, world, store, client)
    return _refreshed_token(call, world, store, client)


def _device_token(
    call: RestCall, world: AwsState, store: SignInStore, client: ClientRegistration
) -> Result:
    device = store.devices.get(_text(call, "deviceCode"))
    if device is None or device.client_id != client.client_id or device.used:
        raise error("InvalidGrantException", "The device code is unknown or was used")
    if call.now >= device.expires_at:
        raise error("ExpiredTokenException", "The device code has expired")
    if device.decision is Decision.DENIED:
        raise error("AccessDeniedException", "The request was denied")
    _pace(call, device)
    if device.decision is Decision.NONE:
        raise error("AuthorizationPendingException", "The request waits for approval")
    instance = _instance_of(world, device.start_url, device.user)
    device.used = True
    sign_in = start_sign_in(instance, device.user, client, call.now)
    return _tokens(call, store, instance, sign_in, client)


def _pace(call: RestCall, device: DeviceAuthorization) -> None:
    """Refuse a client that asks too often, which must then wait longer (RFC 8628, 3.5).

    The first question is free: clients ask once before they show the code.
    """
    device.asked += 1
    before, device.last_asked = device.last_asked, call.now if device.asked > 1 else None
    if before is None:
        return
    passed = (call.now - before).total_seconds()
    if passed < device.interval - _TIMER_TOLERANCE:
        device.interval += _INTERVAL_GROWTH
        raise error("SlowDownException", f"Ask every {device.interval} seconds")


def _code_token(
    call: RestCall, world: AwsState, store: SignInStore, client: ClientRegistration
) -> Result:
    text = _text(call, "code")
    redirect_uri, verifier = _text(call, "redirectUri"), _text(call, "codeVerifier")
    if not _VERIFIER.fullmatch(verifier):
        raise error("InvalidRequestException", "codeVerifier must be 43 to 128 characters")
    code = store.codes.get(text)
    if code is None or code.request.client_id != client.client_id:
        raise error("InvalidGrantException", "The code is unknown")
    if code.used:
        _end(code)
        raise error("InvalidGrantException", "The code was used")
    code.used = True
    if call.now >= code.expires_at:
        raise error("InvalidGrantException", "The code has expired")
    if code.request.redirect_uri != redirect_uri:
        raise error("InvalidGrantException", "redirectUri is not the one of the request")
    if not hmac.compare_digest(challenge_of(verifier), code.request.challenge):
        raise error("InvalidGrantException", "codeVerifier doesn't match the challenge")
    instance = _instance_of(world, code.request.start_url, code.user)
    code.sign_in = start_sign_in(instance, code.user, client, call.now)
    return _tokens(call, store, instance, code.sign_in, client)


def _end(code: AuthorizationCode) -> None:
    """End what a code was exchanged for: its second user may be a thief (RFC 6749, 4.1.2)."""
    if code.sign_in is not None:
        code.sign_in.ended = True


def _refreshed_token(
    call: RestCall, world: AwsState, store: SignInStore, client: ClientRegistration
) -> Result:
    text = _text(call, "refreshToken")
    issued = store.refresh_tokens.get(text)
    if (
        issued is None
        or issued.sign_in.client_id != client.client_id
        or issued.sign_in.ended
        or call.now >= issued.expires_at
    ):
        raise error("InvalidGrantException", "The refresh token is invalid or has expired")
    instance = _instance_of(world, issued.sign_in.start_url, issued.sign_in.user)
    if instance.rotates_refresh_tokens:
        del store.refresh_tokens[text]
        return _tokens(call, store, instance, issued.sign_in, client)
    return _tokens(call, store, instance, issued.sign_in, client, refresh_token=text)


def _tokens(  # noqa: PLR0913 -- whose tokens, and where they are kept
    call: RestCall,
    store: SignInStore,
    instance: IdentityCenter,
    sign_in: SignIn,
    client: ClientRegistration,
    *,
    refresh_token: str = "",
) -> Result:
    """Issue tokens: a client with scopes can refresh, another's token lasts the whole session."""
    refreshes = bool(client.scopes) and _may(client, REFRESH_GRANT)
    left = int((sign_in.ends_at - call.now).total_seconds())
    seconds = min(instance.token_seconds, left) if refreshes else left
    access_token = new_token("aoa")
    expires_at = call.now + timedelta(seconds=seconds)
    store.access_tokens[access_token] = IssuedToken(sign_in, expires_at)
    answer: dict[str, Any] = {
        "accessToken": access_token,
        "tokenType": "Bearer",
        "expiresIn": seconds,
        "refreshToken": None,
        "idToken": None,
    }
    if refreshes:
        answer["refreshToken"] = refresh_token or new_token("aor")
        store.refresh_tokens[answer["refreshToken"]] = IssuedToken(sign_in, sign_in.ends_at)
    return answer


def _instance_of(world: AwsState, start_url: str, user: str) -> IdentityCenter:
    """The instance of a grant, if it still has the person."""
    instance = world.identity_center(start_url)
    if instance is None or instance.user(user) is None:
        raise error("InvalidGrantException", "The user or the instance is gone")
    return instance


def _client(call: RestCall, store: SignInStore) -> ClientRegistration:
    """The client that the call names. Raises InvalidClientException."""
    client_id, secret = _text(call, "clientId"), _text(call, "clientSecret")
    client = store.clients.get(client_id)
    if (
        client is None
        or not hmac.compare_digest(client.client_secret.encode(), secret.encode())
        or not _in_region(call, client.region)
    ):
        raise error("InvalidClientException", "The client is not registered")
    if call.now >= client.expires_at:
        raise error("InvalidClientException", "The client's registration has expired")
    return client


def _may(client: ClientRegistration, grant_type: str) -> bool:
    allowed = client.grant_types or frozenset({DEVICE_GRANT, REFRESH_GRANT})
    return grant_type in allowed


def _check_grant(client: ClientRegistration, grant_type: str) -> None:
    if not _may(client, grant_type):
        raise error("UnauthorizedClientException", f"The client is not registered for {grant_type}")


def _in_region(call: RestCall, region: str) -> bool:
    return not call.region or not region or call.region == region


def _redirect_allowed(uri: str) -> bool:
    """Whether a client can register this: https, or http on this machine (RFC 8252, 7.3)."""
    parts = _split(uri)
    if parts is None or parts.fragment or "#" in uri or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def redirect_registered(client: ClientRegistration, uri: str) -> bool:
    """Whether a client registered this redirect URI; on loopback, its port doesn't count."""
    asked = _split(uri)
    if asked is None or not _redirect_allowed(uri):
        return False
    for registered in map(_split, client.redirect_uris):
        if registered is None:
            continue
        same_port = registered.port == asked.port or _is_loopback(asked.hostname)
        if same_port and _without_port(registered) == _without_port(asked):
            return True
    return False


def _without_port(parts: SplitResult) -> tuple[str, str | None, str, str]:
    return parts.scheme, parts.hostname, parts.path, parts.query


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        # Reading the port checks it
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _text(call: RestCall, name: str, *, required: bool = True) -> str:
    value = call.parameters.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not value:
        raise error("InvalidRequestException", f"{name} must be text")
    return value


def _texts(call: RestCall, name: str) -> tuple[str, ...]:
    values = call.parameters.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(one, str) and one for one in values):
        raise error("InvalidRequestException", f"{name} must be a list of texts")
    return tuple(values)


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "RegisterClient": _register_client,
        "StartDeviceAuthorization": _start_device_authorization,
        "CreateToken": _create_token,
    }
)
"""Every action of the sign-in service that the emulator has."""
