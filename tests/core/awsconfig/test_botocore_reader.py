from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.config.checks import check_prediction, files
from support.config.texts import Botocore, clean_texts, texts
from xswitch.core.awsconfig.botocore_reader import parse_as_cli, parse_cli_header
from xswitch.core.awsconfig.differences import read_as_cli
from xswitch.core.awsconfig.document import parse_document


@pytest.fixture(scope="module")
def botocore(tmp_path_factory: pytest.TempPathFactory) -> Botocore:
    return Botocore(tmp_path_factory.mktemp("botocore"))


@given(texts())
@settings(max_examples=300)
def test_the_prediction_is_what_botocore_reads(botocore: Botocore, text: str) -> None:
    check_prediction(botocore, text)


@given(st.text(max_size=60))
def test_the_prediction_of_any_text_is_what_botocore_reads(botocore: Botocore, text: str) -> None:
    check_prediction(botocore, text)


@given(st.data())
@settings(max_examples=300)
def test_reading_only_suspect_sections_equals_reading_all(data: st.DataObject) -> None:
    file = data.draw(files)
    text = data.draw(texts(file))
    whole, pieces = parse_as_cli(text), read_as_cli(parse_document(text, file))
    assert pieces.raw() == whole.raw()
    assert (pieces.error is None) == (whole.error is None)
    assert {n: (s.line, s.lines) for n, s in pieces.sections.items()} == {
        n: (s.line, s.lines) for n, s in whole.sections.items()
    }


@given(st.data())
def test_a_clean_text_is_suspect_only_for_nesting(data: st.DataObject) -> None:
    file = data.draw(files)
    document = parse_document(data.draw(clean_texts(file)), file)
    assert not document.cli_splits_differently
    for section in document.sections:
        assert section.cli_may_differ == any(row[1].startswith("\n") for row in section.rows)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("[a]\nx = 1\n[b]\n[a]\n", "duplicate_section", 4),
        ("[a]\nx = 1\nX : 2\n", "duplicate_key", 3),
        ("\n\nx = 1\n[a]\n", "no_section_header", 3),
        ("\ufeff[a]\n", "no_section_header", 1),
        ("[a]\nx\n", "not_a_property", 2),
        ("[a]\n= x\n", "not_a_property", 2),
        ("[a]\nb = c\ns3 =\n  x\n", "nested_no_equals", 3),
        ("[a]\nb = c\rd\n[e]\n", "not_a_property", 2),
        ("[a]\r\nb = c\r\n[a]\r\n", "duplicate_section", 3),
    ],
)
def test_parse_errors_have_their_line(botocore: Botocore, text: str, code: str, line: int) -> None:
    refused = parse_as_cli(text).error
    assert refused is not None
    assert (refused.code, refused.line) == (code, line)
    assert refused.reason
    assert botocore.raw(text) is None


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("profile a", ("profile", "a")),
        ("default", ("profile", "default")),
        ("profile 'a b'", ("profile", "a b")),
        ('profile "a', ("profile", None)),
        ("profile a b", ("profile", None)),
        ("profiles y", ("profile", "y")),
        ("profile-x y", ("profile", "y")),
        (" profile y", ("", " profile y")),
        ("sso-session s", ("sso-session", "s")),
        ("services s", ("services", "s")),
        ("foo", ("", "foo")),
    ],
)
def test_headers_as_the_cli_parses_them(header: str, name: tuple[str, str | None]) -> None:
    assert parse_cli_header(header) == name


def test_a_long_run_of_blanks_takes_linear_time() -> None:
    blanks = " " * 300_000
    assert parse_as_cli(f"[a]\nb{blanks}c\n").error is not None
    assert parse_as_cli(f"[a]\nb{blanks}= c\n").raw() == {"a": {"b": "c"}}
