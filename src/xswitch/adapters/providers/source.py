"""Source credentials of a chain; botocore is imported only where it is needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from xswitch.core.errors import ErrorCode
from xswitch.core.errors.source_credentials import SourceLabel
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import (
    ConfigView,
    Credentials,
    CredentialSource,
    CredentialSourceKind,
    Endpoint,
    Secret,
    SsoSession,
    SsoToken,
)
from xswitch.core.sessions.running_commands import (
    child_environment,
    credential_process_digest,
)
from xswitch.threads import DEFAULT_TIMEOUTS, Timeouts, run_with_timeout

if TYPE_CHECKING:  # imported where a source needs it
    from xswitch.adapters.providers.sso import SsoProvider

_OPERATIONS = {
    CredentialSourceKind.WEB_IDENTITY: "sts:AssumeRoleWithWebIdentity",
    CredentialSourceKind.LOGIN_SESSION: "signin:CreateOAuth2Token",
}

_KEY_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
)


AccessToken = Callable[[SsoSession, SsoToken | None], SsoToken]
"""Returns a living token of a session, not the one that the portal has rejected (if any)."""


def _no_token(session: SsoSession, _rejected: SsoToken | None) -> SsoToken:
    raise sign_in_needed(session.label)


class BotocoreProviders:
    """Implements `actions.ports.SourceCredentials`; never prompts.

    Tokens of IAM Identity Center come from `sso_token`.

    `environment` supplies keys, container variables and HOME, and is the environment of a
    credential_process. botocore reads proxies, `AWS_ENDPOINT_URL*` and the settings of the metadata
    service from this process's environment. A credential_process is stopped after
    `process_seconds`; `timeouts` apply to everything else.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        sso_token: AccessToken = _no_token,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        process_seconds: float = 60.0,
    ) -> None:
        self._environment = environment
        self._sso_token = sso_token
        self._timeouts = timeouts
        self._process_seconds = process_seconds

    def resolve(self, base: CredentialSource, view: ConfigView, endpoint: Endpoint) -> Credentials:
        """Return the credentials, refreshed if that is possible without a prompt.

        Raises SourceCredentialsError, NetworkError.
        """
        keys = _static_keys(base, view, self._environment)
        if keys is not None:
            return keys
        if base.kind is CredentialSourceKind.SSO:
            return self._sso().resolve(base, view)
        # They import botocore, which takes 160 ms.
        from xswitch.adapters.providers import botocore, errors  # noqa: PLC0415

        source = SourceLabel(base)
        url = endpoint.url or "" if base.kind is CredentialSourceKind.WEB_IDENTITY else ""
        call = ApiCall(
            _OPERATIONS.get(base.kind, base.kind.value),
            endpoint.region,
            base.profile or "",
            url=url,
        )
        environment = self._environment
        if base.kind is CredentialSourceKind.CREDENTIAL_PROCESS:
            environment = child_environment(
                environment, credential_process_digest(base), os.getpid()
            )
        context = botocore.ProviderContext(environment, self._timeouts, self._process_seconds)
        provider = botocore.Provider(base, view, endpoint, context)
        seconds = self._timeouts.total + (
            self._process_seconds if base.kind is CredentialSourceKind.CREDENTIAL_PROCESS else 0.0
        )
        try:
            credentials = run_with_timeout(seconds, provider.load)
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"No complete response within {seconds:g} seconds."
            ) from None
        except Exception as error:  # noqa: BLE001 -- providers raise far outside botocore's tree
            raise errors.translate_error(
                error, source, call, provider.status, self._process_seconds
            ) from None
        finally:
            provider.stop()
        if credentials is None:
            raise errors.source_unavailable(source, self._environment)
        return credentials

    def ensure_sign_in(self, base: CredentialSource, view: ConfigView) -> None:
        """Renew the sign-in to IAM Identity Center that a source needs, if it needs one.

        Raises SourceCredentialsError, NetworkError.
        """
        if base.kind is CredentialSourceKind.SSO:
            self._sso().ensure_sign_in(base, view)

    def _sso(self) -> SsoProvider:
        from xswitch.adapters.providers.sso import SsoProvider  # noqa: PLC0415 -- few need it

        return SsoProvider(self._environment, self._sso_token, self._timeouts)


def _static_keys(
    base: CredentialSource, view: ConfigView, environment: Mapping[str, str]
) -> Credentials | None:
    """Return complete keys of a profile or the environment, read without botocore.

    Anything else is None, and botocore finds out what is missing. If both token names are set, the
    older one counts, as in botocore (credentials.py, SharedCredentialProvider and EnvProvider).
    """
    if base.kind is CredentialSourceKind.ENVIRONMENT and not environment.get(
        "AWS_CREDENTIAL_EXPIRATION"
    ):
        values = {name: environment.get(name) or "" for name in _KEY_VARIABLES}
    elif base.kind is CredentialSourceKind.STATIC_KEYS and (base.profile or "") in view.profiles:
        profile = view.profiles[base.profile or ""]
        values = {name: profile.get(name.lower()) or "" for name in _KEY_VARIABLES}
    else:
        return None
    key, secret, old_token, new_token = values.values()
    if not key or not secret or any("\n" in value for value in values.values()):
        return None
    token = old_token or new_token
    return Credentials(key, Secret(secret), Secret(token) if token else None)
