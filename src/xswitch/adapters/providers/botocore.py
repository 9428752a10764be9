"""botocore's credential providers, fed with xswitch's reading of the config.

The kind of source decides on the provider. This keeps the SDKs' order, which resolved the chain
before, and keeps all other sources (environment keys, `~/.boto`, the metadata service) out of a
profile that names its own.

Importing this module imports botocore.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.credentials import (
    ContainerProvider,
    EnvProvider,
    InstanceMetadataProvider,
    ProcessProvider,
    ProfileProviderBuilder,
    SharedCredentialProvider,
)
from botocore.utils import InstanceMetadataFetcher, JSONFileCache, resolve_imds_endpoint_mode

from xswitch.adapters.aws.clients import IsolatedSession, SharedConfig, to_botocore_dict
from xswitch.adapters.state.paths import home_folder
from xswitch.adapters.system.processes import CapturedCommand, CommandTimeoutError
from xswitch.core.model import (
    ConfigView,
    Credentials,
    CredentialSource,
    CredentialSourceKind,
    Endpoint,
    Secret,
)
from xswitch.threads import Timeouts

_METHODS = {
    CredentialSourceKind.WEB_IDENTITY: "assume-role-with-web-identity",
    CredentialSourceKind.LOGIN_SESSION: "login",
}
_ROLE_KEYS = frozenset(
    {
        "role_arn",
        "source_profile",
        "credential_source",
        "mfa_serial",
        "external_id",
        "duration_seconds",
    }
)

_NO_KEYS: frozenset[str] = frozenset()
_REFRESH_WINDOW = 15 * 60  # as in botocore's create_credential_resolver


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """The environment and the time limits of source credentials."""

    environment: Mapping[str, str]
    timeouts: Timeouts
    process_seconds: float
    """The limit of a credential_process."""


class Provider:
    """The provider of one source; `load` may run in a thread."""

    def __init__(
        self, base: CredentialSource, view: ConfigView, endpoint: Endpoint, context: ProviderContext
    ) -> None:
        self._base = base
        self._view = view
        self._endpoint = endpoint
        self._context = context
        self._process = _BoundedPopen(context)

    @property
    def status(self) -> int | None:
        """The exit status of the credential_process, None before it has ended."""
        return self._process.status

    def load(self) -> Credentials | None:
        """Return the credentials, None if the source isn't available. Raises as botocore does."""
        credentials = self._provider().load()
        if credentials is None:
            return None
        frozen = credentials.get_frozen_credentials()
        # botocore has no public name for the expiration; a test detects a change.
        expires_at: datetime | None = getattr(credentials, "_expiry_time", None)
        return Credentials(
            access_key_id=frozen.access_key,
            secret_access_key=Secret(frozen.secret_key),
            session_token=Secret(frozen.token) if frozen.token else None,
            expires_at=None if expires_at is None else expires_at.astimezone(UTC),
        )

    def stop(self) -> None:
        """End a credential_process that still runs."""
        self._process.stop()

    def _provider(self) -> Any:
        base = self._base
        environment = dict(self._context.environment)
        if base.kind is CredentialSourceKind.ENVIRONMENT:
            return EnvProvider(environ=environment)
        if base.kind is CredentialSourceKind.ECS_CONTAINER:
            return ContainerProvider(environ=environment)
        session = self._session()
        if base.kind is CredentialSourceKind.EC2_METADATA:
            return _metadata_provider(session, environment)
        name = base.profile or ""
        profile = session.full_config["profiles"].get(name, {})
        if base.kind is CredentialSourceKind.STATIC_KEYS:
            return SharedCredentialProvider("", name, ini_parser=lambda _: {name: profile})
        if base.kind is CredentialSourceKind.CREDENTIAL_PROCESS:
            return ProcessProvider(name, lambda: session.full_config, popen=self._process)
        builder = ProfileProviderBuilder(
            session,
            cache={},
            region_name=self._endpoint.region,
            login_token_cache=JSONFileCache(_login_cache(environment)),
        )
        providers = builder.providers(name, disable_env_vars=True)
        return next(provider for provider in providers if _METHODS[base.kind] == provider.METHOD)

    def _session(self) -> IsolatedSession:
        base, view = self._base, self._view
        profiles: dict[str, dict[str, Any]] = {}
        if base.profile is not None and base.profile in view.profiles:
            shape = to_botocore_dict(view.profiles[base.profile])
            left_out = _NO_KEYS if base.kind is CredentialSourceKind.WEB_IDENTITY else _ROLE_KEYS
            profiles[base.profile] = {
                key: value for key, value in shape.items() if value and key not in left_out
            }
        config = SharedConfig(
            profiles=profiles,
            sso_sessions={
                name: to_botocore_dict(section) for name, section in view.sso_sessions.items()
            },
            services={name: to_botocore_dict(section) for name, section in view.services.items()},
        )
        name = next(iter(profiles), None)
        session = _SourceSession(config, name, self._context.timeouts)
        session.sts = self._endpoint
        if not profiles.get(name or "", {}).get("region"):
            session.set_config_variable("region", self._endpoint.region)
        return session


class _SourceSession(IsolatedSession):
    """A session whose STS clients use the endpoint of the selected profile, not the source's."""

    sts: Endpoint

    def create_client(self, service_name: str, *args: Any, **options: Any) -> Any:
        if service_name == "sts":
            endpoint_options: dict[str, Any] = {
                "ignore_configured_endpoint_urls": True,
                "use_fips_endpoint": self.sts.use_fips,
                "use_dualstack_endpoint": self.sts.use_dualstack,
            }
            config = (options.get("config") or Config()).merge(Config(**endpoint_options))
            options |= {
                "endpoint_url": self.sts.url,
                "verify": self.sts.ca_bundle,
                "config": config,
            }
        return super().create_client(service_name, *args, **options)


class _BoundedPopen:
    """A replacement of `subprocess.Popen` in botocore's process provider: see `CapturedCommand`."""

    def __init__(self, context: ProviderContext) -> None:
        self._context = context
        self._command: CapturedCommand | None = None
        self._deadline: float | None = None
        self.status: int | None = None

    @property
    def returncode(self) -> int | None:
        return self.status

    def __call__(self, words: list[str], **_pipes: Any) -> _BoundedPopen:
        # botocore runs the command again when its credentials are about to expire; both runs share
        # one time limit.
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._context.process_seconds
        if self._deadline <= now:
            raise CommandTimeoutError
        self._command = CapturedCommand(words, self._context.environment, self._deadline - now)
        return self

    def communicate(self) -> tuple[bytes, bytes]:
        if self._command is None:
            raise CommandTimeoutError
        self.status, output = self._command.finish()
        return output, b""

    def stop(self) -> None:
        self._deadline = 0.0
        if self._command is not None:
            self._command.stop()


def _metadata_provider(
    session: IsolatedSession, environment: dict[str, str]
) -> InstanceMetadataProvider:
    option = session.get_config_variable
    fetcher = InstanceMetadataFetcher(
        timeout=option("metadata_service_timeout"),
        num_attempts=option("metadata_service_num_attempts"),
        env=environment,
        user_agent=session.user_agent(),
        config={
            "ec2_metadata_service_endpoint": option("ec2_metadata_service_endpoint"),
            "ec2_metadata_service_endpoint_mode": resolve_imds_endpoint_mode(session),
            "ec2_credential_refresh_window": _REFRESH_WINDOW,
            "ec2_metadata_v1_disabled": option("ec2_metadata_v1_disabled"),
        },
    )
    return InstanceMetadataProvider(iam_role_fetcher=fetcher)


def _home(environment: Mapping[str, str]) -> Path:
    return Path(home_folder(environment) or "/")


def _login_cache(environment: Mapping[str, str]) -> Path:
    folder = environment.get("AWS_LOGIN_CACHE_DIRECTORY")
    return (
        Path(os.path.expandvars(folder)).expanduser()
        if folder
        else _home(environment) / ".aws" / "login" / "cache"
    )
