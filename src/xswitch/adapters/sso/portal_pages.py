"""The portal of Identity Center: ListAccounts and ListAccountRoles, a page at a time.

Calls are unsigned: the token is all that they carry. botocore repeats none of them, because a
listing paces every request.

Importing this module imports botocore.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from xswitch.adapters.aws.errors import translate_error
from xswitch.adapters.sso.clients import ForbiddenHostError, SsoClients, forbidden_host
from xswitch.core.arn import is_account_id
from xswitch.core.errors import (
    ErrorCode,
    SourceCredentialsError,
    ThrottledError,
    XswitchError,
)
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import Secret, SsoSession
from xswitch.core.sso.portal_list import AccountsPage, PageRequest, PortalPage, RolesPage
from xswitch.threads import DEFAULT_TIMEOUTS, Timeouts, run_with_timeout

MAX_RESULTS = 100
"""The most that the portal accepts."""
_UNAUTHORIZED, _NOT_FOUND, _TOO_MANY = 401, 404, 429
_LONGEST_NAME = 256


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class PortalPages:
    """Implements `actions.sso.ports.Portal`. Thread-safe; one per process, to keep connections."""

    def __init__(
        self, timeouts: Timeouts = DEFAULT_TIMEOUTS, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._timeouts = replace(timeouts, tries=1)
        self._now = now
        self._clients = SsoClients("sso", self._timeouts)

    def page(self, session: SsoSession, token: Secret, request: PageRequest) -> PortalPage:
        """Call ListAccounts or ListAccountRoles once.

        An account that the portal doesn't know any more has no roles.
        """
        endpoint = session.portal_endpoint
        operation = "ListAccountRoles" if request.account_id else "ListAccounts"
        call = ApiCall(
            f"sso:{operation}", endpoint.region, request.account_id, url=endpoint.url or ""
        )
        try:
            response = run_with_timeout(
                self._timeouts.total, lambda: self._send(session, token, request)
            )
        except TimeoutError:
            detail = f"No complete response within {self._timeouts.total:g} seconds."
            raise connection_error(call, ErrorCode.TIMEOUT, detail) from None
        except XswitchError:
            raise
        except ForbiddenHostError:
            raise forbidden_host(session) from None
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its own tree
            if _status(error) == _NOT_FOUND and request.account_id:
                return RolesPage(request.account_id, ())
            raise self._translate(error, call, session, token) from None
        page = _parse(response, request, call)
        if any(token.reveal() in name for name in _names(page)):
            raise _not_aws(call)  # names are shown, and kept in a file
        return page

    def _send(self, session: SsoSession, token: Secret, request: PageRequest) -> Any:
        client = self._clients.client(session, session.portal_endpoint)
        parameters: dict[str, Any] = {"accessToken": token.reveal(), "maxResults": MAX_RESULTS}
        if request.next_token:
            parameters["nextToken"] = request.next_token
        if request.account_id:
            return client.list_account_roles(accountId=request.account_id, **parameters)
        return client.list_accounts(**parameters)

    def _translate(
        self, error: Exception, call: ApiCall, session: SsoSession, token: Secret
    ) -> XswitchError:
        status = _status(error)
        if status == _TOO_MANY:
            return ThrottledError(
                f"The portal of {session.label} refuses requests, because there were too many.",
                retry_after=retry_after(_headers(error).get("retry-after"), self._now()),
                aws_code="TooManyRequestsException",
            )
        if status == _UNAUTHORIZED:
            return SourceCredentialsError(
                f"The portal of {session.label} doesn't accept the sign-in.",
                code=ErrorCode.SSO_LOGIN,
            )
        return translate_error(error, call, self._now(), (token.reveal(),))


def retry_after(header: object, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110: a number or a date), None without."""
    if not isinstance(header, str):
        return None
    text = header.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
        return max(0.0, (when - now).total_seconds())
    except (ValueError, OverflowError, TypeError):
        return None


def _response(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata") if isinstance(response, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _status(error: Exception) -> int:
    return int(_response(error).get("HTTPStatusCode") or 0)


def _headers(error: Exception) -> dict[str, Any]:
    return dict(_response(error).get("HTTPHeaders") or {})


def _parse(response: Any, request: PageRequest, call: ApiCall) -> PortalPage:
    """Return the page of a response. Raises NetworkError if it hasn't the form of one."""
    token = response.get("nextToken") or ""
    entries = response.get("roleList" if request.account_id else "accountList")
    if not isinstance(token, str) or not isinstance(entries, list):
        raise _not_aws(call)
    if token and token == request.next_token:  # a listing would never end
        raise _not_aws(call)
    if request.account_id:
        names = tuple(_name(entry, "roleName", call) for entry in entries)
        if not all(names):
            raise _not_aws(call)
        return RolesPage(request.account_id, names, token)
    accounts = tuple(
        (_name(entry, "accountId", call), _name(entry, "accountName", call)) for entry in entries
    )
    if not all(is_account_id(account_id) for account_id, _ in accounts):
        raise _not_aws(call)
    return AccountsPage(accounts, token)


def _names(page: PortalPage) -> Iterator[str]:
    if isinstance(page, AccountsPage):
        yield from (name for _, name in page.accounts)
    else:
        yield from page.role_names
    yield page.next_token


def _name(entry: Any, key: str, call: ApiCall) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise _not_aws(call)
    return value


def _not_aws(call: ApiCall) -> XswitchError:
    text = "The response doesn't have the form of an answer of the portal."
    return connection_error(call, ErrorCode.NOT_AWS, text)
