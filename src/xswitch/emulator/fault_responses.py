"""What an answer looks like when a fault has taken its place, or been done to it."""

from __future__ import annotations

import re
from http import HTTPStatus

from xswitch.emulator import xml
from xswitch.emulator.errors import STS_NAMESPACE, EmulatedAwsError
from xswitch.emulator.faults import ERROR_RESPONSES, FaultKind, InjectedFault
from xswitch.emulator.http import HttpResponse

_ACCOUNT = re.compile(rb"\b[0-9]{12}\b")
_EXPIRATION = re.compile(rb"<Expiration>[^<]*</Expiration>")
_LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please accept the terms of this network.</p></body></html>\n"
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
"""The faults that leave nothing of an answer, and nothing done."""


def fault_response(
    fault: InjectedFault, request_id: str, namespace: str = STS_NAMESPACE
) -> HttpResponse | None:
    """The answer in place of the right one; None for a connection torn down."""
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
            status, text = ERROR_RESPONSES.get(fault.code, (400, f"{fault.code} on purpose"))
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
    return HttpResponse(error.status, xml.error_body(error, request_id, namespace), request_id)


def corrupted(fault: InjectedFault, body: bytes) -> bytes:
    """A good body after the fault."""
    match fault.kind:
        case FaultKind.TRUNCATED:
            return body[: len(body) // 2]
        case FaultKind.NO_EXPIRATION:
            return _EXPIRATION.sub(b"", body)
        case FaultKind.WRONG_ACCOUNT:
            return _ACCOUNT.sub(b"999999999999", body)
        case _:
            return body
