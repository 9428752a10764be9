"""STS's XML answers as plain values.

Strict: whatever isn't well-formed and of the expected shape is no answer.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.parsers import expat

from xswitch.core.errors.sts import AwsErrorResponse

_MAX_DEPTH = 16


class NotAwsResponseError(Exception):
    """What came back is no answer of AWS."""


def parse_result(body: bytes, action: str) -> dict[str, Any]:
    """What stands in `<ActionResponse><ActionResult>`, as botocore would give it.

    Raises NotAwsResponseError.
    """
    response = _parse_xml(body).get(f"{action}Response")
    found = response.get(f"{action}Result") if isinstance(response, dict) else None
    if not isinstance(found, dict):
        raise NotAwsResponseError
    credentials = found.get("Credentials")
    if isinstance(credentials, dict) and isinstance(credentials.get("Expiration"), str):
        try:
            credentials["Expiration"] = datetime.fromisoformat(credentials["Expiration"])
        except ValueError:
            raise NotAwsResponseError from None
    return found


def parse_error(
    body: bytes, status: int, date: str | None, received_at: datetime
) -> AwsErrorResponse:
    """What stands in `<ErrorResponse><Error>`.

    Raises NotAwsResponseError for a page that isn't AWS's.
    """
    response = _parse_xml(body).get("ErrorResponse")
    error = response.get("Error") if isinstance(response, dict) else None
    code = error.get("Code") if isinstance(error, dict) else None
    text = error.get("Message", "") if isinstance(error, dict) else ""
    if not isinstance(code, str) or not code or not isinstance(text, str):
        raise NotAwsResponseError
    return AwsErrorResponse(code, text, received_at, server_time(date), status)


def server_time(date: str | None) -> datetime | None:
    """A Date header as UTC, None when there is none or it's no date."""
    try:
        found = parsedate_to_datetime(date or "")
    except (ValueError, TypeError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _parse_xml(body: bytes) -> dict[str, Any]:
    """Elements by their local names: a dict of those with children, else the text.

    Of elements with the same name the last counts.
    """
    root: dict[str, Any] = {}
    stack: list[tuple[dict[str, Any], list[str]]] = [(root, [])]

    def start(_name: str, _attributes: dict[str, str]) -> None:
        if len(stack) > _MAX_DEPTH:
            raise NotAwsResponseError
        stack.append(({}, []))

    def end(name: str) -> None:
        children, texts = stack.pop()
        stack[-1][0][name.rpartition(":")[2]] = children or "".join(texts).strip()

    def heard(text: str) -> None:
        stack[-1][1].append(text)

    def refuse(*_: object) -> None:
        raise NotAwsResponseError

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = heard
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise NotAwsResponseError from None
    return root
