from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.emulator import xml
from xswitch.emulator.errors import EmulatedAwsError

NAMES = st.sampled_from(["Arn", "Account", "Credentials", "Tags"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NODES = st.recursive(
    TEXTS,
    lambda inner: (
        st.dictionaries(NAMES, inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


def plain(element: ET.Element) -> object:
    """A node as a client reads it: text, a structure, or a list."""
    children = list(element)
    if not children:
        return element.text or ""
    if children[0].tag.endswith("}member"):
        return [plain(child) for child in children]
    return {child.tag.partition("}")[2]: plain(child) for child in children}


def readable(node: object) -> object:
    """A node as it survives XML: no control characters, carriage returns as newlines."""
    if isinstance(node, dict):
        return {name: readable(value) for name, value in node.items()}
    if isinstance(node, list):
        return [readable(item) for item in node]
    kept = "".join(
        character
        if character in "\t\n\r" or (character >= "\x20" and character not in "\ufffe\uffff")
        else "\ufffd"
        for character in str(node)
    )
    return kept.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=150)
@given(st.dictionaries(NAMES, NODES, min_size=1, max_size=3))
def test_whatever_is_answered_comes_back(result: dict[str, object]) -> None:
    root = ET.fromstring(xml.response_body("GetIt", result, "id"))  # type: ignore[arg-type]
    assert plain(root[0]) == readable(result)
    assert root[1][0].text == "id"


@settings(max_examples=50)
@given(TEXTS)
def test_whatever_is_refused_comes_back(text: str) -> None:
    root = ET.fromstring(xml.error_body(EmulatedAwsError("Code", text, 400, kind="Receiver"), "id"))
    assert plain(root[0]) == {"Type": "Receiver", "Code": "Code", "Message": readable(text)}
