from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.config.texts import read_simply_as_sdk, texts
from xswitch.core.awsconfig.document import BOM, is_legal_name, parse_document
from xswitch.core.awsconfig.sdk_reader import sdk_sections
from xswitch.core.model import FileKind

files: st.SearchStrategy[FileKind] = st.sampled_from(["config", "credentials"])


def check_spans(text: str, file: FileKind) -> None:
    document = parse_document(text, file)
    assert "".join(text[s.start : s.end] for s in document.sections) == text
    assert document.sections[0].start == 0
    for section in document.sections:
        assert section.start <= section.body <= section.content_end <= section.end
        at = section.body
        for key, _, line, start, end in section.rows:
            assert at <= start < end <= section.content_end
            assert line == text.count("\n", 0, start) + 1
            assert text[start:end].lower().startswith(key)
            at = end
        if section.kind != "preamble":
            assert text[section.start] == "["
            assert section.line == text.count("\n", 0, section.start) + 1


@given(st.data())
@settings(max_examples=300)
def test_the_spans_give_the_text_again(data: st.DataObject) -> None:
    file = data.draw(files)
    check_spans(data.draw(texts(file)), file)


@given(st.text(max_size=80), files)
def test_any_text_can_be_parsed(text: str, file: FileKind) -> None:
    check_spans(text, file)


@given(st.data())
@settings(max_examples=300)
def test_a_second_reading_of_the_same_rules_agrees(data: st.DataObject) -> None:
    file = data.draw(files)
    text = data.draw(texts(file))
    values = {
        (str(kind), name): {key: prop.value for key, prop in profile.properties.items()}
        for kind, profiles in sdk_sections(parse_document(text, file), "path").items()
        for name, profile in profiles.items()
    }
    assert values == read_simply_as_sdk(text, file)


def test_the_properties_of_a_section_with_their_spans() -> None:
    text = (
        f"{BOM}[profile a]\r\nRegion = eu-west-1 # main\r\ns3 =\r\n  x = 1\r\n\r\n  y = 2\r\n"
        "# end\r\n[b]\r\n"
    )
    preamble, a, b = parse_document(text, "config").sections
    assert (preamble.start, preamble.end, a.start) == (0, 1, 1)
    assert [row[:3] for row in a.rows] == [
        ("region", "eu-west-1", 2),
        ("s3", "\nx = 1\ny = 2", 3),
    ]
    assert text[a.rows[1][3] : a.rows[1][4]] == "s3 =\r\n  x = 1\r\n\r\n  y = 2\r\n"
    assert text[a.content_end : a.end] == "# end\r\n"
    assert (b.kind, b.raw, b.line) == ("other", "b", 8)


def test_only_blanks_are_blank_and_only_line_feeds_end_a_line() -> None:
    text = "[profile a]\nk = \u00a0x\u2028y\x0c\x85\x1c z\v\n"
    (row,) = parse_document(text, "config").sections[1].rows
    assert row[1] == "\u00a0x\u2028y\x0c\x85\x1c z\v"


@pytest.mark.parametrize(
    ("header", "kind", "name"),
    [
        ("[profile a]", "profile", "a"),
        ("[default]", "profile", "default"),
        ("[profile default]", "profile", "default"),
        ("[  profile \t a ]", "profile", "a"),
        ("[profile a]# c", "profile", "a"),
        ("[profile a] ; ]", "profile", "a"),
        ("[profile A-Za_z/.%@:+9]", "profile", "A-Za_z/.%@:+9"),
        ("[Default]", "other", "Default"),
        ("[foo]", "other", "foo"),
        ("[profilefoo]", "other", "profilefoo"),
        ("[DEFAULT]", "other", "DEFAULT"),
        ("[profile 'a b']", "illegal", "'a b'"),
        ('[profile "a"]', "illegal", '"a"'),
        ("[profile a b]", "illegal", "a b"),
        ("[sso-session s]", "sso-session", "s"),
        ("[services s]", "services", "s"),
        ("[profile a", "broken", ""),
        ("[profile a] x", "broken", ""),
    ],
)
def test_headers_of_the_config_file(header: str, kind: str, name: str) -> None:
    section = parse_document(f"{header}\nregion = x\n", "config").sections[1]
    assert (section.kind, section.name) == (kind, name)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("[a]", "profile"),
        ("[ a ]", "profile"),
        ("[profile a]", "other"),
        ("[sso-session s]", "other"),
        ("[a b]", "illegal"),
        ("[profile]", "profile"),
    ],
)
def test_headers_of_the_credentials_file(header: str, kind: str) -> None:
    assert parse_document(header, "credentials").sections[1].kind == kind


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("x = 1\n", [("property_outside_section", 1)]),
        ("\n  x\n", [("stray_indent", 2)]),
        ("[profile a\n", [("unclosed_header", 1)]),
        ("[profile a] b\n", [("text_after_header", 1)]),
        ("[profile a]\nb\n", [("no_equals", 2)]),
        ("[profile a]\nb: c\n", [("no_equals", 2)]),
        ("[profile a]\nb # c = d\n", [("no_equals", 2)]),
        ("[profile a]\n = d\n", [("stray_indent", 2)]),
        ("[profile a]\n= d\n", [("no_key", 2)]),
        ("[profile a]\nb c = d\n", [("illegal_key", 2)]),
        ("[profile a]\nb = d # e\n", [("inline_comment", 2)]),
        ("[profile a]\nb = d\n  # e\n", [("indented_comment", 3)]),
        ("[profile a]\nb =\n  # e = f\n", [("nested_no_equals", 3)]),
        ("[profile a]\nb =\n  c\n  d = e\n", [("nested_no_equals", 3)]),
        ("[profile a]\nb\n  c\n", [("no_equals", 2)]),
        ("\ufeff[default]\n", [("bom", 1)]),
        ("[default]\na = b\rc\n", [("lone_cr", 2)]),
        ("[default]\r\na = b\r\n  c\r\n\r\n# d\r\na#b = c#d\r\n", [("illegal_key", 6)]),
    ],
)
def test_faults_have_their_line(text: str, faults: list[tuple[str, int]]) -> None:
    document = parse_document(text, "config")
    assert [tuple(fault) for section in document.sections for fault in section.faults] == faults


def test_a_value_of_many_lines_takes_linear_time() -> None:
    text = "[profile a]\nb = c\n" + "  d\n" * 100_000
    (row,) = parse_document(text, "config").sections[1].rows
    assert row[1].count("\n") == 100_000
    assert row[4] == len(text)


def test_legal_names() -> None:
    assert is_legal_name("Az09_-/.%@:+")
    for name in ("", "a b", "ä", "a]", "a\n", "a'", "a#"):
        assert not is_legal_name(name)
