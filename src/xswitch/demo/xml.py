"""The XML of the AWS Query protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from xswitch.demo.answers import STS_NAMESPACE, AwsAnswerError

Node = str | int | Mapping[str, "Node"] | Sequence["Node"]
"""Text, a structure (in the order AWS sends its members), or a list (whose items become `<member>`)."""

# XML 1.0 has no way to write these at all, not even as a character reference.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _render(node: Node) -> str:
    if isinstance(node, Mapping):
        return "".join(f"<{name}>{_render(value)}</{name}>" for name, value in node.items())
    if isinstance(node, str | int):
        return escape(_NOT_XML.sub("\ufffd", str(node)))
    return "".join(f"<member>{_render(item)}</member>" for item in node)


def answer(action: str, result: Mapping[str, Node], request_id: str, namespace: str = STS_NAMESPACE) -> bytes:
    """The body of a good answer to `action`."""
    return (
        f'<{action}Response xmlns="{namespace}"><{action}Result>{_render(result)}</{action}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>\n"
    ).encode()


def error(refusal: AwsAnswerError, request_id: str) -> bytes:
    """The body of a refusal."""
    inner = _render({"Type": refusal.kind, "Code": refusal.code, "Message": refusal.message})
    return (
        f'<ErrorResponse xmlns="{refusal.namespace}"><Error>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>\n'
    ).encode()
