"""botocore sessions that read none of the user's files, and the STS and IAM clients they make.

botocore rejects a whole config file over one duplicate key or a byte order mark, and lets a dozen
environment variables change how STS is called. Here its public `full_config` property returns
xswitch's own reading of the files, and of the environment only the variables that are meant for
every AWS program count (CA bundle, metadata service, proxies).

A client takes some 40 ms to make and its connection a TLS handshake; a call over an open connection
takes one round trip. So clients are kept per endpoint and shared by all threads, and the
credentials belong to the call: a context variable carries them.

Importing this module imports botocore (about 160 ms), so callers import it inside a function.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import botocore.credentials
import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.httpsession import URLLib3Session
from botocore.loaders import Loader
from botocore.utils import get_environ_proxies

from xswitch import __version__
from xswitch.core.model import Credentials, Endpoint, Profile
from xswitch.threads import Timeouts

_FROM_THE_ENVIRONMENT = frozenset(
    {
        "ca_bundle",
        "ec2_metadata_service_endpoint",
        "ec2_metadata_service_endpoint_mode",
        "ec2_metadata_v1_disabled",
        "imds_use_ipv6",
        "metadata_service_num_attempts",
        "metadata_service_timeout",
    }
)

# At debug level botocore and urllib3 log whole requests and responses, and botocore's warnings
# contain the output of a credential_process. None of it may reach a log, however logging is set up.
for _name in ("botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

# Ignores the user's own service models (~/.aws/models). One loader for all sessions, since it keeps
# what it has parsed.
_LOADER = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
_signer: ContextVar[botocore.credentials.ReadOnlyCredentials] = ContextVar("xswitch_sts_signer")


@dataclass(frozen=True, slots=True)
class SharedConfig:
    """The shared config in botocore's shape."""

    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sso_sessions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class IsolatedSession(botocore.session.Session):
    """A session over a `SharedConfig`; its profile is `profile`, not the environment's."""

    def __init__(
        self, config: SharedConfig, profile: str | None = None, timeouts: Timeouts | None = None
    ) -> None:
        variables = {
            name: (option, environment if name in _FROM_THE_ENVIRONMENT else None, default, convert)
            for name, (
                option,
                environment,
                default,
                convert,
            ) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
        }
        self._shared_config = {
            "profiles": config.profiles,
            "sso_sessions": config.sso_sessions,
            "services": config.services,
        }
        super().__init__(session_vars=variables, profile=profile)
        self.user_agent_name = "xswitch"
        self.user_agent_version = __version__
        self.register_component("data_loader", _LOADER)
        self.set_default_client_config(client_config(timeouts or Timeouts()))

    @property
    def full_config(self) -> Any:
        """The shared config; no file is parsed."""
        return self._shared_config


def client_config(timeouts: Timeouts, **options: Any) -> Config:
    """Return the config of a client: time limits and retries, regardless of the environment."""
    return Config(
        connect_timeout=timeouts.connect,
        read_timeout=timeouts.read,
        retries={"mode": "standard", "total_max_attempts": timeouts.tries},
        max_pool_connections=32,
        **options,
    )


def to_botocore_dict(profile: Profile) -> dict[str, Any]:
    """Return a profile's properties in botocore's form: a nested block ("s3 =") is a dict."""
    return {key: _parse_nested_block(item.value) for key, item in profile.properties.items()}


def _parse_nested_block(value: str) -> str | dict[str, str]:
    if not value.startswith("\n"):
        return value
    pairs = (line.partition("=") for line in value.split("\n") if line.strip())
    return {key.strip(): inner.strip() for key, _, inner in pairs}


class _CallCredentials(botocore.credentials.Credentials):
    """The credentials of the running call."""

    def __init__(self) -> None:
        super().__init__("of the call", "of the call")

    def get_frozen_credentials(self) -> botocore.credentials.ReadOnlyCredentials:
        return _signer.get()


class _CallCredentialsProvider:
    """The session's only credential provider, so that its clients use no other."""

    def load_credentials(self) -> _CallCredentials:
        return _CallCredentials()


@contextmanager
def signed_with(credentials: Credentials) -> Iterator[None]:
    """Sign the calls made inside the context, and in this thread, with `credentials`."""
    token = credentials.session_token
    frozen = botocore.credentials.ReadOnlyCredentials(
        credentials.access_key_id,
        credentials.secret_access_key.reveal(),
        None if token is None else token.reveal(),
    )
    reset = _signer.set(frozen)
    try:
        yield
    finally:
        _signer.reset(reset)


class ClientCache:
    """The clients of one service by endpoint, created on first use. Thread-safe."""

    def __init__(self, timeouts: Timeouts, service: str = "sts", *, unsigned: bool = False) -> None:
        self._timeouts = timeouts
        self._unsigned = unsigned
        self._service = service
        self._lock = threading.Lock()
        self._session = IsolatedSession(SharedConfig(), timeouts=timeouts)
        self._session.register_component("credential_provider", _CallCredentialsProvider())
        self._clients: dict[Endpoint, Any] = {}

    def get(self, endpoint: Endpoint) -> Any:
        """Return the client of an endpoint.

        Raises as botocore does for an invalid region, URL or combination.
        """
        with self._lock:
            client = self._clients.get(endpoint)
            if client is None:
                client = self._make(endpoint)
                self._clients[endpoint] = client
            return client

    def probe(self, endpoint: Endpoint) -> tuple[str | None, float]:
        """Send one unsigned GET; return the Date header of the response and the seconds it took.

        Raises as botocore does.
        """
        url = self.get(endpoint).meta.endpoint_url
        verify: Any = (
            endpoint.ca_bundle
            or self._session.get_config_variable("ca_bundle")
            or os.environ.get("REQUESTS_CA_BUNDLE")
            or True
        )
        timeout: Any = (self._timeouts.connect, self._timeouts.read)
        session = URLLib3Session(verify=verify, timeout=timeout, proxies=get_environ_proxies(url))
        started = time.monotonic()
        try:
            response = session.send(AWSRequest("GET", url).prepare())
            return response.headers.get("Date"), time.monotonic() - started
        finally:
            session.close()

    def _make(self, endpoint: Endpoint) -> Any:
        options = {"signature_version": UNSIGNED} if self._unsigned else {}
        config = client_config(
            self._timeouts,
            **options,
            ignore_configured_endpoint_urls=True,
            use_fips_endpoint=endpoint.use_fips,
            use_dualstack_endpoint=endpoint.use_dualstack,
        )
        return self._session.create_client(
            self._service,
            region_name=endpoint.region,
            endpoint_url=endpoint.url,
            verify=endpoint.ca_bundle,
            config=config,
        )
