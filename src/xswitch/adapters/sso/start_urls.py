"""Follows the start URL of a company's own host to the one of AWS's that it stands for.

Importing this module imports botocore.
"""

from __future__ import annotations

import os
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from xswitch.adapters.aws.errors import translate_connection_error
from xswitch.core.errors import ErrorCode
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import SsoSession
from xswitch.core.sso.hosts import (
    MAX_REDIRECTS,
    check_start_url,
    next_start_url,
    start_url_partitions,
    unresolved_start_url,
)
from xswitch.threads import Timeouts, run_with_timeout

_TIMEOUTS = Timeouts(connect=3.0, read=5.0, total=15.0)
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class HttpStartUrls:
    """Implements `actions.sso.sign_in_ports.StartUrls`.

    Only redirects are followed, by requests that carry nothing of the sign-in.
    """

    def __init__(self, timeouts: Timeouts = _TIMEOUTS) -> None:
        self._timeouts = timeouts

    def resolve(self, session: SsoSession) -> str:
        """Return the start URL of AWS's. Raises SignInError, NetworkError."""
        check_start_url(session)
        url = session.start_url
        if session.oidc_endpoint.url is not None or start_url_partitions(url):
            return url
        for _ in range(MAX_REDIRECTS):
            location = self._location(session, url)
            if location is None:
                break
            url = next_start_url(session, url, location)
            if start_url_partitions(url):
                return url
        raise unresolved_start_url(session)

    def _location(self, session: SsoSession, url: str) -> str | None:
        """Return where a URL redirects to; some servers don't know HEAD."""
        return self._request(session, "HEAD", url) or self._request(session, "GET", url)

    def _request(self, session: SsoSession, method: str, url: str) -> str | None:
        call = ApiCall("start URL", session.region, "", url=url)
        ca_bundle = session.oidc_endpoint.ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE")
        verify: Any = ca_bundle or True
        timeout: Any = (self._timeouts.connect, self._timeouts.read)

        def send() -> str | None:
            http = URLLib3Session(verify=verify, timeout=timeout, proxies=get_environ_proxies(url))
            try:
                # A stream's body isn't read: only the headers count
                request = AWSRequest(method, url, stream_output=True).prepare()
                response = http.send(request)
                found = response.headers.get("Location")
                response.raw.close()
                return str(found) if found and response.status_code in _REDIRECTS else None
            finally:
                http.close()

        try:
            return run_with_timeout(self._timeouts.total, send)
        except TimeoutError:
            raise connection_error(call, ErrorCode.TIMEOUT, "No complete response.") from None
        except Exception as error:  # noqa: BLE001 -- urllib3 raises outside botocore's tree
            raise translate_connection_error(error, call) from None
