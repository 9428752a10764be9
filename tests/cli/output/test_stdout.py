from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.cli.output.stdout import Stdout
from xswitch.core.display import hide_secrets, holds_secrets


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_envelope_is_one_line_and_indented_only_on_a_terminal() -> None:
    program, person = io.StringIO(), Terminal()
    for stream in (program, person):
        Stdout(stream).envelope("list", {"roles": ["\u202ea", "\x1b[31m"]})
    assert program.getvalue().count("\n") == 1
    assert person.getvalue().startswith('{\n  "version": 1,\n  "command": "list"')
    assert program.getvalue().isascii()
    assert json.loads(program.getvalue()) == json.loads(person.getvalue())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=20,
    )
)
def test_a_document_in_chunks_is_the_document(value: object) -> None:
    stream = io.StringIO()
    Stdout(stream).envelope("x", value)
    assert (
        stream.getvalue()
        == json.dumps({"version": 1, "command": "x", "data": value, "problems": []}) + "\n"
    )


_SECRETS = (
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AKIAIOSFODNN7EXAMPLE",
    "password=hunter2",
    "aws_session_token: x",
    "https://me:hunter2@host/",
    "a\naws_secret_access_key = x",
)
_HARMLESS = ("payments-00042-admin", "arn:aws:iam::111122223333:role/Admin", "a", "=", ": ", "")
_texts = st.lists(
    st.sampled_from((*_SECRETS, *_HARMLESS, '"', "\\", "\n", " ", "\x7f", "é", "\ud83d", "\ude00")),
    max_size=3,
).map("".join)


@given(
    st.lists(
        st.recursive(
            st.none() | st.integers() | _texts | st.sampled_from(_HARMLESS),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_a_program_gets_the_values_that_a_person_sees(roles: list[object]) -> None:
    program, person = io.StringIO(), Terminal()
    for stream in (program, person):
        Stdout(stream).envelope("list", {"roles": iter(roles)})
    shown = json.loads(person.getvalue())
    assert program.getvalue() == json.dumps(shown) + "\n"


@pytest.mark.parametrize("secret", _SECRETS)
@pytest.mark.parametrize("position", [0, 49, 50, 119])
def test_a_secret_is_hidden_in_each_chunk_of_a_list(secret: str, position: int) -> None:
    roles = [{"name": f"payments-{number:05}-admin", "note": ""} for number in range(120)]
    roles[position]["note"] = secret
    stream = io.StringIO()
    Stdout(stream).envelope("list", {"roles": roles})
    shown = json.loads(stream.getvalue())["data"]["roles"]
    assert shown[position]["note"] == hide_secrets(secret) != secret
    assert shown[:position] + shown[position + 1 :] == roles[:position] + roles[position + 1 :]


def test_iterables_are_arrays() -> None:
    for stream in (io.StringIO(), Terminal()):
        Stdout(stream).envelope(
            "x",
            {"roles": (number for number in range(2)), "none": iter(())},
            ({"code": "a"} for _ in range(1)),
        )
        assert json.loads(stream.getvalue())["data"] == {"roles": [0, 1], "none": []}
        assert json.loads(stream.getvalue())["problems"] == [{"code": "a"}]


def _stream(encoding: str) -> tuple[io.BytesIO, io.TextIOWrapper]:
    written = io.BytesIO()
    return written, io.TextIOWrapper(written, encoding=encoding, errors="strict")


def test_program_text_is_sanitized_on_a_terminal() -> None:
    person, program = Terminal(), io.StringIO()
    for stream in (person, program):
        Stdout(stream).raw("a\tb\n'\x1b[2J\x9b31m\u202e'\n")
    assert person.getvalue() == "a\tb\n'␛[2J\ufffd31m\ufffd'\n"
    assert program.getvalue() == "a\tb\n'\x1b[2J\x9b31m\u202e'\n"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_bytes_that_are_not_text_pass_to_a_program_unchanged(encoding: str) -> None:
    written, stream = _stream(encoding)
    data = Stdout(stream)
    data.lines(["a"])
    data.raw("STATE='/tmp/\udcff'\n")
    data.lines(["b"])
    assert written.getvalue() == b"a\nSTATE='/tmp/\xff'\nb\n"


def test_a_shell_gets_utf_8_for_characters_the_locale_lacks() -> None:
    written, stream = _stream("latin-1")
    Stdout(stream).raw("export AWS_PROFILE='xs-\u20ac\udcff'\n")
    assert written.getvalue() == b"export AWS_PROFILE='xs-\xe2\x82\xac\xff'\n"


def test_lines_escape_characters_the_locale_lacks() -> None:
    written, stream = _stream("latin-1")
    Stdout(stream).lines(["Z\u00fcrich \u20ac \U0001f468"])
    assert written.getvalue() == b"Z\xfcrich \\u20ac \\U0001f468\n"


@pytest.mark.parametrize(
    "key",
    ["aws_secret_access_key", "SecretAccessKey", "session_token", "aws_session_token2", "password"],
)
def test_a_value_is_hidden_whose_key_names_a_secret(key: str) -> None:
    stream = io.StringIO()
    tags = {key: "tr0ub4dor horse", "team": "payments"}
    Stdout(stream).envelope("list", {"roles": [{"tags": tags}]})
    shown = json.loads(stream.getvalue())["data"]["roles"][0]["tags"]
    assert shown == {key: "(hidden)", "team": "payments"}


def test_a_harmless_value_can_be_the_name_of_a_secret_later() -> None:
    stream = io.StringIO()
    roles = [{"note": "password"} for _ in range(60)] + [{"password": "tr0ub4dor horse"}]
    Stdout(stream).envelope("list", {"roles": roles})
    assert json.loads(stream.getvalue())["data"]["roles"][-1] == {"password": "(hidden)"}


@pytest.mark.parametrize("key", _SECRETS)
def test_a_key_is_hidden_that_is_a_secret_itself(key: str) -> None:
    stream = io.StringIO()
    Stdout(stream).envelope("list", {"roles": [{"tags": {key: "a"}}]})
    assert list(json.loads(stream.getvalue())["data"]["roles"][0]["tags"]) == [hide_secrets(key)]


@given(st.lists(_texts))
def test_texts_hold_a_secret_if_one_of_them_is_changed(texts: list[str]) -> None:
    assert holds_secrets(texts) is any(hide_secrets(text) != text for text in texts)
