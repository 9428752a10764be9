"""Where a chain's base gets its credentials.

Botocore's own providers, fed with our reading of the config, never asking anybody.
"""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.core.errors import ErrorCode
from xswitch.core.errors.source_credentials import SourceLabel
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import (
    ConfigView,
    Credentials,
    CredentialSource,
    CredentialSourceKind,
    Endpoint,
    Secret,
)
from xswitch.threads import DEFAULT_TIMEOUTS, Timeouts, run_with_timeout

_OPERATIONS = {
    CredentialSourceKind.SSO: "sso:GetRoleCredentials",
    CredentialSourceKind.WEB_IDENTITY: "sts:AssumeRoleWithWebIdentity",
    CredentialSourceKind.LOGIN_SESSION: "signin:CreateOAuth2Token",
}

_KEY_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
)


class BotocoreProviders:
    """Fulfils `actions.ports.SourceCredentials`.

    `environment` is where environment keys, container variables and HOME come from, and what a
    credential_process sees. botocore itself looks at this process's environment for proxies,
    `AWS_ENDPOINT_URL*` and the metadata service's settings. A credential_process is ended after
    `process_seconds`, everything else bounded by `limits`.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        limits: Timeouts = DEFAULT_TIMEOUTS,
        process_seconds: float = 60.0,
    ) -> None:
        self._environment = environment
        self._limits = limits
        self._process_seconds = process_seconds

    def resolve(self, base: CredentialSource, view: ConfigView, endpoint: Endpoint) -> Credentials:
        """The base's credentials, refreshed where that needs no person.

        Raises SourceCredentialsError, NetworkError.
        """
        keys = _static_keys(base, view, self._environment)
        if keys is not None:
            return keys
        # They import botocore, 160 ms nobody else shall pay
        from xswitch.adapters.providers import botocore, errors  # noqa: PLC0415

        source = SourceLabel(base, _sso_session(base, view))
        url = endpoint.url or "" if base.kind is CredentialSourceKind.WEB_IDENTITY else ""
        call = ApiCall(
            _OPERATIONS.get(base.kind, base.kind.value),
            endpoint.region,
            base.profile or "",
            url=url,
        )
        around = botocore.ProviderContext(self._environment, self._limits, self._process_seconds)
        provider = botocore.Provider(base, view, endpoint, around)
        seconds = self._limits.total + (
            self._process_seconds if base.kind is CredentialSourceKind.CREDENTIAL_PROCESS else 0.0
        )
        try:
            found = run_with_timeout(seconds, provider.load)
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"There was no complete answer within {seconds:g} seconds."
            ) from None
        # Botocore's providers raise far outside its own tree
        except Exception as error:  # noqa: BLE001
            raise errors.translate_error(
                error, source, call, provider.status, self._process_seconds
            ) from None
        finally:
            provider.stop()
        if found is None:
            raise errors.source_unavailable(source, self._environment)
        return found


def _static_keys(
    base: CredentialSource, view: ConfigView, environment: Mapping[str, str]
) -> Credentials | None:
    """Whole keys that just stand there, without botocore.

    None for all else, so that botocore says what is missing.

    Of two tokens the one under the older name counts, as in botocore (credentials.py,
    SharedCredentialProvider and EnvProvider).
    """
    if base.kind is CredentialSourceKind.ENVIRONMENT and not environment.get(
        "AWS_CREDENTIAL_EXPIRATION"
    ):
        found = {name: environment.get(name) or "" for name in _KEY_VARIABLES}
    elif base.kind is CredentialSourceKind.STATIC_KEYS and (base.profile or "") in view.profiles:
        profile = view.profiles[base.profile or ""]
        found = {name: profile.get(name.lower()) or "" for name in _KEY_VARIABLES}
    else:
        return None
    key, secret, old, new = found.values()
    if not key or not secret or any("\n" in value for value in found.values()):
        return None
    return Credentials(key, Secret(secret), Secret(old or new) if old or new else None)


def _sso_session(base: CredentialSource, view: ConfigView) -> str:
    profile = None if base.profile is None else view.profiles.get(base.profile)
    return "" if profile is None else profile.get("sso_session") or ""
