"""The XML of the AWS Query protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from xswitch.emulator.errors import STS_NAMESPACE, EmulatedAwsError


@dataclass(frozen=True, slots=True)
class XmlMap:
    """A map: each key and value becomes an `<entry>`."""

    values: Mapping[str, int]


XmlNode = str | int | bool | XmlMap | Mapping[str, "XmlNode"] | Sequence["XmlNode"]
"""Text, a structure (in AWS's order), a map, or a list (items become `<member>`)."""

# XML 1.0 can't represent these, not even as a character reference.
_INVALID_XML_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _render(node: XmlNode) -> str:
    if isinstance(node, XmlMap):
        return "".join(
            f"<entry>{_render({'key': key, 'value': value})}</entry>"
            for key, value in node.values.items()
        )
    if isinstance(node, Mapping):
        return "".join(f"<{name}>{_render(value)}</{name}>" for name, value in node.items())
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, str | int):
        return escape(_INVALID_XML_CHARACTERS.sub("\ufffd", str(node)))
    return "".join(f"<member>{_render(item)}</member>" for item in node)


def response_body(
    action: str,
    result: Mapping[str, XmlNode] | None,
    request_id: str,
    namespace: str = STS_NAMESPACE,
) -> bytes:
    """The body of a good answer to `action`; None for an action without a result."""
    inside = "" if result is None else f"<{action}Result>{_render(result)}</{action}Result>"
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{action}Response xmlns="{namespace}">{inside}{metadata}</{action}Response>\n'.encode()


def error_body(
    aws_error: EmulatedAwsError, request_id: str, namespace: str = STS_NAMESPACE
) -> bytes:
    """The body of an error answer; the error's own namespace overrides the service's."""
    inner = _render({"Type": aws_error.kind, "Code": aws_error.code, "Message": aws_error.message})
    error_namespace = aws_error.namespace or namespace
    return (
        f'<ErrorResponse xmlns="{error_namespace}"><Error>{inner}</Error>'
        f"<RequestId>{request_id}</RequestId></ErrorResponse>\n"
    ).encode()
