"""Injected faults: wrong answers that tests ask the emulator for, a few times or always."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from random import Random
from types import MappingProxyType

from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.http import HttpResponse
from xswitch.emulator.rest_json import STATUSES as REST_STATUSES

ALWAYS = 1_000_000_000


class FaultKind(StrEnum):
    """A kind of fault.

    The kinds up to ERROR replace the answer; DELAY precedes it, the others alter it.
    """

    SERVER_ERROR = "server_error"  # 500 InternalFailure
    UNAVAILABLE = "unavailable"  # 503 ServiceUnavailable
    THROTTLING = "throttling"  # 400 Throttling, or the service's own, with Retry-After `seconds`
    HTML_OK = "html_ok"  # 200 with a captive portal's page
    HTML_FORBIDDEN = "html_forbidden"  # 403 with a proxy's page
    EMPTY = "empty"  # 200 without a body
    RESET = "reset"  # the connection is torn down instead of an answer
    REDIRECT = "redirect"  # 302 to a path of this server
    ERROR = "error"  # the error code in `code`
    DELAY = "delay"  # `seconds` pass first
    TRUNCATED = "truncated"  # half of the body, with the Content-Length of the half
    NO_EXPIRATION = "no_expiration"  # what tells when credentials or tokens expire is missing
    WRONG_ACCOUNT = "wrong_account"  # account ids are exchanged for 999999999999
    LOST = "lost"  # the action is done, then the connection is reset instead of an answer


ERROR_RESPONSES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "AccessDenied": (403, "User is not authorized to perform this action"),
        "ConcurrentModification": (
            409,
            (
                "The request was rejected because multiple requests to change this object were"
                " submitted simultaneously."
            ),
        ),
        "EntityTemporarilyUnmodifiable": (
            409,
            "The entity is temporarily unmodifiable. Please try again later.",
        ),
        "LimitExceeded": (409, "Cannot exceed quota"),
        "ServiceFailure": (
            500,
            "The request processing has failed because of an unknown error, exception or failure.",
        ),
        "Throttling": (400, "Rate exceeded"),
        "ServiceUnavailable": (503, "Service is unable to handle request."),
    }
)
"""Status and text of the errors that ERROR knows by code; any other code is a 400."""


@dataclass
class InjectedFault:
    """A fault for `action` ("*": any), `times` times after the first `after` calls.

    `action` can name its service as in `sso:ListAccounts`. `seconds` belongs to DELAY and, as
    Retry-After in whole seconds, to THROTTLING; `code` to ERROR. `share` is the part of the
    matching calls that it hits, by random numbers of its own.
    """

    kind: FaultKind
    action: str = "*"
    times: int = 1
    seconds: float = 0.0
    after: int = 0
    code: str = ""
    share: float = 1.0
    random: Random = field(default_factory=Random, repr=False)


class FaultInjector:
    """The faults in force; thread-safe.

    Setting `released` ends every delay at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[InjectedFault] = []
        self.released = threading.Event()

    def add(  # noqa: PLR0913 -- what there is to say of a fault, each with a default
        self,
        kind: FaultKind | str,
        action: str = "*",
        *,
        times: int = 1,
        seconds: float = 0.0,
        after: int = 0,
        code: str = "",
        share: float = 1.0,
        seed: int = 0,
    ) -> None:
        """Inject a fault `times` times (ALWAYS: until `clear`), after `after` matching calls.

        With `share`, it hits that part of the matching calls, chosen by `seed`.
        """
        fault = InjectedFault(
            FaultKind(kind),
            action,
            times,
            seconds,
            after,
            code,
            share,
            Random(seed),  # noqa: S311 -- a test's choice
        )
        with self._lock:
            self._faults.append(fault)

    @property
    def pending(self) -> int:
        """The number of faults that still wait for a call."""
        with self._lock:
            return len(self._faults)

    def clear(self) -> None:
        """Remove every fault."""
        with self._lock:
            self._faults.clear()

    def take(self, action: str, service: str = "") -> tuple[InjectedFault, ...]:
        """Take the faults for this call: its delays, and the first fault of another kind.

        Each counts one less.
        """
        names = ("*", action, f"{service}:{action}")
        with self._lock:
            matching = [fault for fault in self._faults if fault.action in names]
            active = [
                fault
                for fault in matching
                if not fault.after and (fault.share >= 1.0 or fault.random.random() < fault.share)
            ]
            delays = [fault for fault in active if fault.kind is FaultKind.DELAY]
            others = [fault for fault in active if fault.kind is not FaultKind.DELAY][:1]
            selected = tuple(delays + others)
            for fault in matching:
                fault.after -= fault.after > 0
            for fault in selected:
                fault.times -= 1
            self._faults = [fault for fault in self._faults if fault.times > 0]
            return selected


_ACCOUNT = re.compile(rb"\b[0-9]{12}\b")
_EXPIRATION = re.compile(
    rb"<Expiration>[^<]*</Expiration>|, \"expir(?:ation|esIn)\": [0-9]+(?=[,}])"
)
_LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please accept the terms of"
    b" this network.</p></body></html>\n"
)
_MODIFYING = frozenset(
    {
        FaultKind.DELAY,
        FaultKind.TRUNCATED,
        FaultKind.NO_EXPIRATION,
        FaultKind.WRONG_ACCOUNT,
        FaultKind.LOST,
    }
)
REPLACING = frozenset(FaultKind) - _MODIFYING
"""The kinds that replace the answer, so that the action isn't done."""


_OWN_CODES: Mapping[FaultKind, Mapping[str, tuple[str, str, int]]] = MappingProxyType(
    {
        FaultKind.SERVER_ERROR: {
            "sso": ("InternalServerException", "", 500),
            "sso-oidc": ("InternalServerException", "An internal error", 500),
            "signin": ("InternalServerException", "An internal error", 500),
            "organizations": ("ServiceException", "An internal error", 500),
        },
        FaultKind.UNAVAILABLE: {
            "sso": ("ServiceUnavailableException", "Service is unavailable", 503),
            "sso-oidc": ("ServiceUnavailableException", "Service is unavailable", 503),
            "signin": ("InternalServerException", "Service is unavailable", 503),
            "organizations": ("ServiceException", "Service is unavailable", 503),
        },
        FaultKind.THROTTLING: {
            "sso": ("TooManyRequestsException", "Too many requests", 429),
            "sso-oidc": ("SlowDownException", "Too many requests", 400),
            "signin": ("TooManyRequestsError", "Too many requests", 429),
            "organizations": ("TooManyRequestsException", "Too many requests", 400),
        },
    }
)
"""Code, text, and status where a service has an error of its own for a kind of fault."""


def fault_response(
    fault: InjectedFault,
    service: str,
    request_id: str,
    refuse: Callable[[EmulatedAwsError], HttpResponse],
) -> HttpResponse | None:
    """The answer that replaces the right one; None for a reset connection.

    `refuse` renders an error in the protocol of `service`.
    """
    retry_after = math.ceil(fault.seconds) if fault.kind is FaultKind.THROTTLING else 0
    own = _OWN_CODES.get(fault.kind, {}).get(service)
    if own is not None:
        code, text, status = own
        return refuse(EmulatedAwsError(code, text, status, retry_after=retry_after))
    match fault.kind:
        case FaultKind.RESET:
            return None
        case FaultKind.SERVER_ERROR:
            error = EmulatedAwsError(
                "InternalFailure",
                "The request processing has failed because of an unknown error.",
                500,
                kind="Receiver",
            )
        case FaultKind.UNAVAILABLE:
            error = EmulatedAwsError(
                "ServiceUnavailable", "Service is unable to handle request.", 503, kind="Receiver"
            )
        case FaultKind.THROTTLING:
            error = EmulatedAwsError("Throttling", "Rate exceeded", 400)
        case FaultKind.ERROR:
            default = (REST_STATUSES.get(fault.code, 400), f"{fault.code} on purpose")
            status, text = ERROR_RESPONSES.get(fault.code, default)
            error = EmulatedAwsError(
                fault.code,
                text,
                status,
                kind="Sender" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "Receiver",
            )
        case FaultKind.EMPTY:
            return HttpResponse(HTTPStatus.OK, b"", request_id)
        case FaultKind.REDIRECT:
            return HttpResponse(HTTPStatus.FOUND, b"", request_id, location="/elsewhere")
        case _:
            status = HTTPStatus.OK if fault.kind is FaultKind.HTML_OK else HTTPStatus.FORBIDDEN
            return HttpResponse(status, _LOGIN_PAGE, request_id, "text/html; charset=utf-8")
    return refuse(error)


def corrupted(fault: InjectedFault, body: bytes) -> bytes:
    """Alter the body of a good answer."""
    match fault.kind:
        case FaultKind.TRUNCATED:
            return body[: len(body) // 2]
        case FaultKind.NO_EXPIRATION:
            return _EXPIRATION.sub(b"", body)
        case FaultKind.WRONG_ACCOUNT:
            return _ACCOUNT.sub(b"999999999999", body)
        case _:
            return body
