"""The sign-in service of Identity Center, through botocore's client "sso-oidc".

Importing this module imports botocore.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from xswitch.adapters.sso.clients import ForbiddenHostError, SsoClients, forbidden_host
from xswitch.core.errors import ErrorCode, NetworkError
from xswitch.core.model import (
    DeviceAuthorization,
    DevicePoll,
    Secret,
    SignInGrant,
    SsoRegistration,
    SsoSession,
    SsoToken,
)
from xswitch.core.sso.authorization import REGISTERED_REDIRECT
from xswitch.threads import Timeouts

Parsed = TypeVar("Parsed")
_ONCE = Timeouts(tries=1)
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_DEFAULT_INTERVAL_SECONDS = 5  # RFC 8628, section 3.2
_MAX_SECONDS = 365 * 24 * 3600
_REGISTER_PATH = "/client/register"
_GRANT_CODES = {
    "InvalidGrantException": ErrorCode.SSO_GRANT,
    "ExpiredTokenException": ErrorCode.SSO_GRANT,
    "AccessDeniedException": ErrorCode.SSO_GRANT,
    "InvalidClientException": ErrorCode.SSO_CLIENT,
    "UnauthorizedClientException": ErrorCode.SSO_CLIENT,
}
_START_CODES = {"InvalidRequestException": ErrorCode.SSO_START_URL}
"""Of the calls that carry the start URL: AWS refuses one that isn't of the region's portals."""
_DEVICE_CODES = _GRANT_CODES | {
    "ExpiredTokenException": ErrorCode.SSO_CODE_EXPIRED,
    "AccessDeniedException": ErrorCode.SSO_NOT_APPROVED,
}


class BotoOidc:
    """Implements `actions.sso.sign_in_ports.Oidc`; `now` is the machine's time in UTC."""

    def __init__(self, now: Callable[[], datetime], timeouts: Timeouts = _ONCE) -> None:
        self._now = now
        self._clients = SsoClients("sso-oidc", timeouts)

    def authorization_base(self, session: SsoSession) -> str:
        """Return the URL of the endpoint, as the endpoint rules give it for an operation.

        The browser's answer depends on it, so its host is one of those that get secrets.
        """
        endpoint = session.oidc_endpoint
        url = self._clients.client(session, endpoint).generate_presigned_url(
            "register_client", Params={"clientName": "xswitch", "clientType": "public"}
        )
        try:
            self._clients.check_host(endpoint, str(url))
        except ForbiddenHostError:
            raise forbidden_host(session) from None
        return str(url).partition("?")[0].removesuffix(_REGISTER_PATH)

    def register(self, session: SsoSession, grant: SignInGrant, issuer_url: str) -> SsoRegistration:
        """Register a client, as the AWS CLI does."""
        options: dict[str, Any] = {}
        if grant == "authorization_code":
            options = {
                "grantTypes": ["authorization_code", "refresh_token"],
                "redirectUris": [REGISTERED_REDIRECT],
                "issuerUrl": issuer_url,
            }
        response = self._call(
            session,
            "RegisterClient",
            lambda client: client.register_client(
                clientName=f"xswitch-{session.name or int(self._now().timestamp())}",
                clientType="public",
                scopes=list(session.scopes),
                **options,
            ),
            codes=_START_CODES,
        )
        return self._parsed(
            lambda: SsoRegistration(
                grant=grant,
                client_id=_public(response["clientId"], response["clientSecret"]),
                client_secret=Secret(_text(response["clientSecret"])),
                expires_at=datetime.fromtimestamp(response["clientSecretExpiresAt"], UTC),
                issuer_url=issuer_url,
                scopes=session.scopes,
            )
        )

    def start_device(
        self, session: SsoSession, registration: SsoRegistration, start_url: str
    ) -> DeviceAuthorization:
        """Start a sign-in by code."""
        secret = registration.client_secret.reveal()
        response = self._call(
            session,
            "StartDeviceAuthorization",
            lambda client: client.start_device_authorization(
                clientId=registration.client_id, clientSecret=secret, startUrl=start_url
            ),
            (secret,),
            _GRANT_CODES | _START_CODES,
        )
        url = response.get("verificationUri", "")

        def make() -> DeviceAuthorization:
            code = _text(response["deviceCode"])
            complete = response.get("verificationUriComplete") or url
            return DeviceAuthorization(
                device_code=Secret(code),
                user_code=_public(response["userCode"], code, secret),
                verification_url=_public(url, code, secret),
                verification_url_complete=_public(complete, code, secret),
                expires_at=self._end(response["expiresIn"]),
                interval_seconds=max(1, response.get("interval") or _DEFAULT_INTERVAL_SECONDS),
            )

        return self._parsed(make)

    def token_by_code(
        self,
        session: SsoSession,
        registration: SsoRegistration,
        code: Secret,
        verifier: Secret,
        redirect_uri: str,
    ) -> SsoToken:
        """Return the token for an authorization code."""
        return self._token(
            session,
            registration,
            {
                "grantType": "authorization_code",
                "code": code.reveal(),
                "codeVerifier": verifier.reveal(),
                "redirectUri": redirect_uri,
            },
            (code.reveal(), verifier.reveal()),
        )

    def token_by_device_code(
        self, session: SsoSession, registration: SsoRegistration, device_code: Secret
    ) -> SsoToken | DevicePoll:
        """Return the token for a device code, or why there is none yet."""
        secrets = (device_code.reveal(), registration.client_secret.reveal())

        def send(client: Any) -> Any:
            try:
                return client.create_token(
                    clientId=registration.client_id,
                    clientSecret=registration.client_secret.reveal(),
                    grantType=_DEVICE_GRANT,
                    deviceCode=device_code.reveal(),
                )
            except client.exceptions.AuthorizationPendingException:
                return DevicePoll.PENDING
            except client.exceptions.SlowDownException:
                return DevicePoll.SLOW_DOWN

        response = self._call(session, "CreateToken", send, secrets, _DEVICE_CODES)
        if isinstance(response, DevicePoll):
            return response
        return self._parsed(lambda: self._to_token(response, registration))

    def refresh(self, session: SsoSession, token: SsoToken) -> SsoToken:
        """Return the token that follows one with a refresh token.

        A response without a new refresh token leaves the old one.
        """
        if token.client_secret is None or token.refresh_token is None:
            msg = "a refresh needs a refresh token and its client"
            raise ValueError(msg)
        registration = SsoRegistration(
            grant="authorization_code",
            client_id=token.client_id,
            client_secret=token.client_secret,
            expires_at=token.registration_expires_at or self._now(),
            issuer_url=session.start_url,
            scopes=session.scopes,
        )
        refresh = token.refresh_token.reveal()
        new = self._token(
            session,
            registration,
            {"grantType": "refresh_token", "refreshToken": refresh},
            (refresh, token.access_token.reveal()),
        )
        if new.refresh_token is not None:
            return new
        return replace(new, refresh_token=token.refresh_token)

    def _token(
        self,
        session: SsoSession,
        registration: SsoRegistration,
        parameters: dict[str, str],
        secrets: tuple[str, ...],
    ) -> SsoToken:
        secret = registration.client_secret.reveal()
        response = self._call(
            session,
            "CreateToken",
            lambda client: client.create_token(
                clientId=registration.client_id, clientSecret=secret, **parameters
            ),
            (*secrets, secret),
        )
        return self._parsed(lambda: self._to_token(response, registration))

    def _to_token(self, response: Any, registration: SsoRegistration) -> SsoToken:
        refresh = response.get("refreshToken")
        return SsoToken(
            access_token=Secret(_text(response["accessToken"])),
            expires_at=self._end(response["expiresIn"]),
            client_id=registration.client_id,
            client_secret=registration.client_secret,
            registration_expires_at=registration.expires_at,
            refresh_token=Secret(_text(refresh)) if refresh else None,
        )

    def _end(self, seconds: int) -> datetime:
        return self._now() + timedelta(seconds=min(max(0, int(seconds)), _MAX_SECONDS))

    def _call(
        self,
        session: SsoSession,
        operation: str,
        send: Callable[[Any], Any],
        secrets: tuple[str, ...] = (),
        codes: Mapping[str, ErrorCode] = _GRANT_CODES,
    ) -> Any:
        return self._clients.call(
            session, session.oidc_endpoint, operation, send, secrets, codes.get
        )

    @staticmethod
    def _parsed(make: Callable[[], Parsed]) -> Parsed:
        try:
            return make()
        except (LookupError, ValueError, TypeError, OverflowError, OSError):
            raise NetworkError(
                "The response of IAM Identity Center lacks a part.",
                next_step="xswitch doctor",
                code=ErrorCode.INCOMPLETE_ANSWER,
            ) from None


def _public(value: object, *secrets: str) -> str:
    """Return a text that is shown, in a URL for example, and so must hold no secret."""
    text = _text(value)
    if any(secret in text for secret in secrets):
        raise ValueError
    return text


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError
    return value
