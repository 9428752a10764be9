"""Unsigned botocore clients of "sso-oidc" and "sso" that send only to the session's own hosts.

Importing this module imports botocore.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import botocore.exceptions as boto

from xswitch.adapters.aws.clients import ClientCache
from xswitch.adapters.aws.errors import error_response, translate_error
from xswitch.core.display import hide_secrets
from xswitch.core.errors import ErrorCode, NetworkError, XswitchError
from xswitch.core.errors.sso import SIGN_IN_MESSAGES, sign_in_error
from xswitch.core.errors.sts import ApiCall, connection_error, redact
from xswitch.core.model import Endpoint, SsoSession
from xswitch.core.sso.hosts import check_start_url, is_api_host
from xswitch.threads import DEFAULT_TIMEOUTS, Timeouts, run_with_timeout

Answer = TypeVar("Answer")
_THROTTLED = frozenset(("SlowDownException", "TooManyRequestsException"))
_SERVER_ERROR = 500


class ForbiddenHostError(Exception):
    """A request that would leave the session's hosts."""


def forbidden_host(session: SsoSession) -> XswitchError:
    """Return the error for a request that would leave a session's hosts."""
    origin = session.origin
    return sign_in_error(
        session.label,
        ErrorCode.SSO_START_URL,
        detail="the endpoint isn't one of its partition",
        origin="" if origin is None else f"{origin.file}:{origin.line}",
    )


class SsoClients:
    """Calls one of the two services; clients are kept per endpoint. Thread-safe.

    A request is sent only to the configured endpoint, or to AWS's own of the session's region, and
    goes out once: a code or a refresh token may work only once.
    """

    def __init__(self, service: str, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self._service = service
        self._timeouts = timeouts
        self._cache = ClientCache(timeouts, service, unsigned=True)
        self._checked: set[Endpoint] = set()
        self._lock = threading.Lock()

    def call(  # noqa: PLR0913, PLR0917 -- the parts of a call
        self,
        session: SsoSession,
        endpoint: Endpoint,
        operation: str,
        send: Callable[[Any], Answer],
        secrets: tuple[str, ...] = (),
        codes: Callable[[str], ErrorCode | None] = lambda _: None,
    ) -> Answer:
        """Return `send(client)`.

        `codes` gives the code of the SignInError for an error code of AWS; for None it is one of
        the connection, or `sso_callback`. Raises SignInError, NetworkError, without `secrets`.
        """
        call = ApiCall(f"{self._service}:{operation}", endpoint.region, "", url=endpoint.url or "")
        seconds = self._timeouts.total
        try:
            return run_with_timeout(seconds, lambda: send(self.client(session, endpoint)))
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"No complete response within {seconds:g} seconds."
            ) from None
        except XswitchError:
            raise
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its tree
            raise self._translate(session, error, call, secrets, codes) from None

    def client(self, session: SsoSession, endpoint: Endpoint) -> Any:
        """Return the client of one of a session's endpoints.

        Its calls raise ForbiddenHostError for a host that isn't the endpoint's. Raises SignInError
        for a start URL of another partition, else as botocore does.
        """
        check_start_url(session)
        client = self._cache.get(endpoint)
        with self._lock:
            if endpoint not in self._checked:
                self._checked.add(endpoint)

                def check(request: Any, **_: Any) -> None:
                    self.check_host(endpoint, request.url)

                client.meta.events.register(f"before-send.{self._service}", check)
        return client

    def check_host(self, endpoint: Endpoint, url: str) -> None:
        """Raise ForbiddenHostError for a URL that isn't the endpoint's, nor AWS's own."""
        parts = urlsplit(url)
        if endpoint.url is not None:
            allowed = (parts.scheme, parts.netloc) == urlsplit(endpoint.url)[:2]
        else:
            allowed = parts.scheme == "https" and is_api_host(
                parts.hostname or "", self._service, endpoint.region
            )
        if not allowed:
            raise ForbiddenHostError

    def _translate(
        self,
        session: SsoSession,
        error: Exception,
        call: ApiCall,
        secrets: tuple[str, ...],
        codes: Callable[[str], ErrorCode | None],
    ) -> XswitchError:
        if isinstance(error, ForbiddenHostError):
            return forbidden_host(session)
        origin = "" if session.origin is None else ":".join(map(str, session.origin))
        received_at = datetime.now(UTC)
        if not isinstance(error, boto.ClientError):
            return translate_error(error, call, received_at, secrets)
        response = error_response(error, received_at, secrets)
        details: dict[str, Any] = dict(error.response)
        text = str(details.get("error_description") or response.text or response.code)
        text = hide_secrets(redact(text, secrets)).partition("\n")[0].rstrip(". ")
        code = codes(response.code)
        if code is not None:
            is_told = "{detail}" in SIGN_IN_MESSAGES[code].what
            why = "" if is_told else text
            return sign_in_error(session.label, code, detail=text, why=why, origin=origin)
        translated = translate_error(error, call, received_at, secrets)
        if isinstance(translated, NetworkError) or response.status >= _SERVER_ERROR:
            return translated
        if response.code in _THROTTLED:
            return NetworkError(
                f"{call.operation} is throttled.",
                why=text,
                next_step="Wait a minute, then repeat the command.",
                code=ErrorCode.THROTTLED,
            )
        return sign_in_error(
            session.label, ErrorCode.SSO_CALLBACK, detail=f"{response.code}: {text}", why=""
        )
