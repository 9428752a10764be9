from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from xswitch.cli.data import Data


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_envelope_is_one_line_for_a_program_and_indented_for_a_person() -> None:
    program, person = io.StringIO(), Terminal()
    for stream in (program, person):
        Data(stream).envelope("list", {"roles": ["\u202ea", "\x1b[31m"]})
    assert program.getvalue().count("\n") == 1
    assert person.getvalue().startswith('{\n  "version": 1,\n  "command": "list"')
    assert program.getvalue().isascii()
    assert json.loads(program.getvalue()) == json.loads(person.getvalue())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=20,
    )
)
def test_a_document_in_pieces_is_the_document(value: object) -> None:
    stream = io.StringIO()
    Data(stream).envelope("x", value)
    assert stream.getvalue() == json.dumps({"version": 1, "command": "x", "data": value, "problems": []}) + "\n"


def test_what_can_be_iterated_over_is_an_array() -> None:
    for stream in (io.StringIO(), Terminal()):
        Data(stream).envelope("x", {"roles": (number for number in range(2)), "none": iter(())}, ({"code": "a"} for _ in range(1)))
        assert json.loads(stream.getvalue())["data"] == {"roles": [0, 1], "none": []}
        assert json.loads(stream.getvalue())["problems"] == [{"code": "a"}]
