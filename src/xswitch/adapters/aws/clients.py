"""STS and IAM clients by botocore, one per endpoint, shared by every thread and every set of credentials.

Importing this module imports botocore. A client costs some 40 ms and its connection a TLS handshake, a call with a kept one
only the round trip: so the credentials are not the client's but the call's, handed over in a context variable.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import botocore.credentials
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from xswitch.adapters.aws.botocore_session import IsolatedSession, SharedConfig, client_config
from xswitch.core.model import Credentials, Endpoint
from xswitch.threads import Timeouts

_signer: ContextVar[botocore.credentials.ReadOnlyCredentials] = ContextVar("xswitch_sts_signer")


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
