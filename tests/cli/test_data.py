from __future__ import annotations

import io
import json

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
