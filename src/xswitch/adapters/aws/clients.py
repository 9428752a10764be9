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

# At debug level botocore and urllib3 log whole requests and answers, and botocore's warnings carry
# what a credential_process printed. None of it may reach a log, whoever configures logging.
for _name in ("botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

# Service models of the user's own (~/.aws/models) have no business here. One loader for all
# sessions: it keeps what it parsed.
_LOADER = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
_signer: ContextVar[botocore.credentials.ReadOnlyCredentials] = ContextVar("xswitch_sts_signer")


@dataclass(frozen=True, slots=True)
class SharedConfig:
    """What the session answers for the shared config, in botocore's shape."""

    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sso_sessions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class IsolatedSession(botocore.session.Session):
    """A session over a `SharedConfig`.

    `profile` is the one its clients and providers use, None for none, whatever the environment
    says.
    """

    def __init__(
        self, reading: SharedConfig, profile: str | None = None, limits: Timeouts | None = None
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
        self._reading = {
            "profiles": reading.profiles,
            "sso_sessions": reading.sso_sessions,
            "services": reading.services,
        }
        super().__init__(session_vars=variables, profile=profile)
        self.user_agent_name = "xswitch"
        self.user_agent_version = __version__
        self.register_component("data_loader", _LOADER)
        self.set_default_client_config(client_config(limits or Timeouts()))

    @property
    def full_config(self) -> Any:
        """The reading; nothing is parsed."""
        return self._reading


def client_config(limits: Timeouts, **more: Any) -> Config:
    """How every client calls.

    Bounded, two tries with backoff, the same whatever `AWS_MAX_ATTEMPTS` and its like say.
    """
    return Config(
        connect_timeout=limits.connect,
        read_timeout=limits.read,
        retries={"mode": "standard", "total_max_attempts": limits.tries},
        max_pool_connections=32,
        **more,
    )


def to_botocore_dict(profile: Profile) -> dict[str, Any]:
    """A profile's properties as botocore holds them.

    A nested block ("s3 =" and indented lines) is a dict.
    """
    return {key: _parse_nested_block(found.value) for key, found in profile.properties.items()}


def _parse_nested_block(value: str) -> str | dict[str, str]:
    if not value.startswith("\n"):
        return value
    pairs = (line.partition("=") for line in value.split("\n") if line.strip())
    return {key.strip(): inner.strip() for key, _, inner in pairs}


class _CallCredentials(botocore.credentials.Credentials):
    """Whatever the running call is to be signed with."""

    def __init__(self) -> None:
        super().__init__("of the call", "of the call")

    def get_frozen_credentials(self) -> botocore.credentials.ReadOnlyCredentials:
        return _signer.get()


class _CallCredentialsProvider:
    """The session's only source of credentials, so that no client looks for others."""

    def load_credentials(self) -> _CallCredentials:
        return _CallCredentials()


@contextmanager
def signed_with(credentials: Credentials) -> Iterator[None]:
    """Calls inside are signed with these credentials, in this context only."""
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
    """One service's clients by endpoint, made when first asked for; safe for threads."""

    def __init__(self, limits: Timeouts, service: str = "sts") -> None:
        self._limits = limits
        self._service = service
        self._lock = threading.Lock()
        self._session = IsolatedSession(SharedConfig(), limits=limits)
        self._session.register_component("credential_provider", _CallCredentialsProvider())
        self._clients: dict[Endpoint, Any] = {}

    def get(self, endpoint: Endpoint) -> Any:
        """The client of an endpoint.

        Raises what botocore raises for a bad region, URL or combination.
        """
        with self._lock:
            client = self._clients.get(endpoint)
            if client is None:
                client = self._make(endpoint)
                self._clients[endpoint] = client
            return client

    def look(self, endpoint: Endpoint) -> tuple[str | None, float]:
        """The Date header of the answer to one unsigned GET, and the seconds it took.

        Raises what botocore raises for none.
        """
        url = self.get(endpoint).meta.endpoint_url
        verify: Any = (
            endpoint.ca_bundle
            or self._session.get_config_variable("ca_bundle")
            or os.environ.get("REQUESTS_CA_BUNDLE")
            or True
        )
        timeout: Any = (self._limits.connect, self._limits.read)
        session = URLLib3Session(verify=verify, timeout=timeout, proxies=get_environ_proxies(url))
        started = time.monotonic()
        try:
            answer = session.send(AWSRequest("GET", url).prepare())
            return answer.headers.get("Date"), time.monotonic() - started
        finally:
            session.close()

    def _make(self, endpoint: Endpoint) -> Any:
        config = client_config(
            self._limits,
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
