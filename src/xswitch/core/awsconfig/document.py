"""Parse one file of the shared config by the SDKs' rules into spans of its text.

The rules are those of the Rust, C, and Java SDKs: only LF and CRLF end lines, only space and tab
are blanks, headers and properties start at column 0, and an indented line continues the property
above. Offsets count characters; lines count from 1. The sections' spans cover the whole text.
Parsing takes linear time and never raises: a mistake becomes a `ConfigFault`.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from xswitch.core.display import is_known_key
from xswitch.core.model import FileKind
from xswitch.core.model.profiles import PropertyRow

BOM = "\ufeff"
BLANKS = " \t"
_SPECIAL_CHARACTERS = "#;\x0b\x0c\x1c\x1d\x1e\x1f"

SectionKind = Literal[
    "profile", "sso-session", "services", "other", "illegal", "broken", "preamble"
]

ConfigFaultCode = Literal[
    "bom",
    "lone_cr",
    "unclosed_header",
    "text_after_header",
    "property_outside_section",
    "no_equals",
    "no_key",
    "illegal_key",
    "stray_indent",
    "nested_no_equals",
    "indented_comment",
    "indented_key",
    "inline_comment",
]

_LEGAL = r"[A-Za-z0-9_\-/.%@:+]+"
_is_legal = re.compile(_LEGAL).fullmatch
_plain_profile = re.compile(rf"\[profile ({_LEGAL})\]").fullmatch
_plain_config_header = re.compile(rf"\[(?:(?:profile|sso-session|services) )?{_LEGAL}\]").fullmatch
_plain_credentials_header = re.compile(rf"\[{_LEGAL}\]").fullmatch
_cli_header = re.compile(r"\[(.+)\]").match
_inline_comment = re.compile(r"[ \t][#;]").search
_any_comment = re.compile(r"[#;]").search
_two_words = re.compile(r"([^ \t]+)[ \t]+(.+)", re.DOTALL).fullmatch


_SECTION_PREFIXES: dict[str, SectionKind] = {
    "profile": "profile",
    "sso-session": "sso-session",
    "services": "services",
}


def is_legal_name(name: str) -> bool:
    """Whether the SDKs accept `name` as the name of a profile, a section, or a property."""
    return _is_legal(name) is not None


class ConfigFault(NamedTuple):
    """A mistake in a line that SDKs reject or that readers read differently."""

    code: ConfigFaultCode
    line: int


class ConfigSection:
    """A header and the lines up to the next header at column 0."""

    __slots__ = (
        "body",
        "cli_header",
        "cli_may_differ",
        "content_end",
        "end",
        "faults",
        "kind",
        "line",
        "name",
        "prefixed",
        "raw",
        "rows",
        "start",
    )

    def __init__(self, kind: SectionKind, line: int, start: int) -> None:
        self.kind: SectionKind = kind
        self.name = ""
        """The name of the profile, sso-session, ...; of an illegal section, the text as written."""
        self.raw = ""
        """The text between the brackets."""
        self.prefixed = False
        """The header has a word before the name: `[profile default]`, not `[default]`."""
        self.line = line
        self.start = start
        self.body = start
        """The offset after the header line."""
        self.content_end = start
        """The offset after the last line that is neither blank nor a comment."""
        self.end = start
        self.rows: list[PropertyRow] = []
        """The properties in file order, including repeated keys."""
        self.faults: list[ConfigFault] = []
        self.cli_may_differ = False
        """The AWS CLI might read something in the section differently."""
        self.cli_header: str | None = None
        """The section's name for the AWS CLI; None if it sees no header."""


class ConfigDocument(NamedTuple):
    """A parsed file; the first section is the "preamble" before the first header."""

    text: str
    file: FileKind
    sections: list[ConfigSection]
    cli_splits_differently: bool
    """The AWS CLI would split the text into other lines or sections."""
    ignores_plain_default: bool
    """There is a `[profile default]`, so SDKs ignore `[default]`."""

    def ignores(self, section: ConfigSection) -> bool:
        """Whether SDKs ignore a profile's section in favor of `[profile default]`."""
        return (
            self.ignores_plain_default
            and section.name == "default"
            and section.kind == "profile"
            and not section.prefixed
        )


def parse_document(text: str, file: FileKind) -> ConfigDocument:
    """Parse the text of the config or the credentials file."""
    parser = _DocumentParser(text, file)
    parser.run()
    ignores_plain_default = any(
        section.prefixed and section.name == "default" and section.kind == "profile"
        for section in parser.sections
    )
    return ConfigDocument(
        text, file, parser.sections, parser.cli_splits_differently, ignores_plain_default
    )


class _DocumentParser:
    """The state between two lines."""

    def __init__(self, text: str, file: FileKind) -> None:
        self.text = text
        self.file = file
        self.section = ConfigSection("preamble", 1, 0)
        self.sections = [self.section]
        self.cli_splits_differently = False
        self.plain_keys: dict[str, str] = {}
        self.open: Literal["", "property", "error"] = ""  # what an indented line continues
        self.nested = False
        self.multiline: list[tuple[ConfigSection, int, list[str]]] = []

    def run(self) -> None:
        text = self.text
        lines = text.split("\n")
        start = 0
        if text.startswith(BOM):
            self.section.faults.append(ConfigFault("bom", 1))
            self.cli_splits_differently = True
            lines[0] = lines[0][1:]
            start = 1
        crlf = "\r" in text
        plain_keys = self.plain_keys
        # Most texts have none of these characters, so that no value has to be searched for them.
        plain = text.isascii() and not any(sign in text for sign in _SPECIAL_CHARACTERS)
        for number, raw_line in enumerate(lines, 1):
            line = raw_line.removesuffix("\r") if crlf else raw_line
            end = start + len(raw_line) + 1
            first = line[:1]
            if first == "[":
                self.header(line, number, start, end)
            elif first not in "#; \t":
                # The common case, inlined for speed: `key = value` with a known key, no comment,
                # and only blanks around the value. All readers read such a line alike.
                raw, equals, value = line.partition("=")
                key = plain_keys.get(raw)
                value = value.strip(BLANKS)
                if (
                    key is None
                    or not equals
                    or not (
                        plain or ("#" not in value and ";" not in value and value == value.strip())
                    )
                ):
                    self.property(line, number, start, end)
                else:
                    section = self.section
                    section.rows.append((key, value, number, start, end))
                    section.content_end = end
                    self.open = "property"
                    self.nested = not value
            elif first and first in BLANKS and line.strip(BLANKS):
                self.continuation(line, number, end)
            start = end
        self.finish(lines)

    def finish(self, lines: list[str]) -> None:
        if self.text.count("\r") != self.text.count("\r\n"):
            self.cli_splits_differently = True
            self.sections[0].faults.extend(
                ConfigFault("lone_cr", n)
                for n, line in enumerate(lines, 1)
                if "\r" in line.removesuffix("\r")
            )
        for section, index, parts in self.multiline:
            key, _, number, start, end = section.rows[index]
            section.rows[index] = (key, "\n".join(parts), number, start, end)
        size = len(self.text)
        last = self.sections[-1]
        last.end = size
        last.content_end = min(last.content_end, size)
        last.body = min(last.body, size)
        if last.rows and last.rows[-1][4] > size:
            last.rows[-1] = (*last.rows[-1][:4], size)

    def header(self, line: str, number: int, start: int, end: int) -> None:
        self.section.end = start
        section = self.section = ConfigSection("other", number, start)
        self.sections.append(section)
        section.body = section.content_end = end
        self.open = ""
        self.nested = False
        plain = _plain_profile(line) if self.file == "config" else None
        if plain is not None:
            section.kind = "profile"
            section.name = plain[1]
            section.raw = section.cli_header = line[1:-1]
            section.prefixed = True
            return
        cli_match = _cli_header(line.strip())
        section.cli_header = cli_match[1] if cli_match else None
        self.cli_splits_differently = self.cli_splits_differently or cli_match is None
        canonical = _plain_config_header if self.file == "config" else _plain_credentials_header
        section.cli_may_differ = canonical(line) is None
        comment = _any_comment(line)
        stripped = (line[: comment.start()] if comment else line).strip(BLANKS)
        if stripped.endswith("]"):
            section.raw = stripped[1:-1]
            _name_section(section, self.file)
        else:
            section.kind = "broken"
            section.raw = cli_match[1] if cli_match else stripped[1:]
            section.faults.append(
                ConfigFault("text_after_header" if "]" in stripped else "unclosed_header", number)
            )

    def property(self, line: str, number: int, start: int, end: int) -> None:
        section = self.section
        section.content_end = end
        comment = _inline_comment(line)
        raw, equals, value = (line[: comment.start()] if comment else line).partition("=")
        key = raw.strip(BLANKS)
        value = value.strip(BLANKS)
        self.open = "error"
        self.nested = False
        if comment or value != value.strip():
            section.cli_may_differ = True
        if section.kind == "preamble":
            self.cli_splits_differently = True
            section.faults.append(ConfigFault("property_outside_section", number))
        elif not equals or not key:
            section.cli_may_differ = True
            section.faults.append(ConfigFault("no_key" if equals else "no_equals", number))
        elif not is_legal_name(key):
            section.cli_may_differ = True
            section.faults.append(ConfigFault("illegal_key", number))
        else:
            if comment:
                section.faults.append(ConfigFault("inline_comment", number))
            key = key.lower()
            if ":" in key:
                section.cli_may_differ = True
            else:
                self.plain_keys[raw] = key
            section.rows.append((key, value, number, start, end))
            self.open = "property"
            self.nested = not value

    def continuation(self, line: str, number: int, end: int) -> None:
        section = self.section
        section.cli_may_differ = True
        section.content_end = end
        if section.kind == "preamble":
            self.cli_splits_differently = True
        if self.open != "property":
            if not self.open:
                section.faults.append(ConfigFault("stray_indent", number))
            return
        index = len(section.rows) - 1
        section.rows[index] = (*section.rows[index][:4], end)
        stripped = line.strip(BLANKS)
        if self.nested:
            comment = _inline_comment(line)
            key, equals, _ = (line[: comment.start()] if comment else line).partition("=")
            if not equals or not key.strip(BLANKS):
                section.faults.append(ConfigFault("nested_no_equals", number))
                return
        elif stripped[0] in "#;":
            section.faults.append(ConfigFault("indented_comment", number))
        elif is_known_key(stripped.partition("=")[0]):
            section.faults.append(ConfigFault("indented_key", number))
        if (
            not self.multiline
            or self.multiline[-1][0] is not section
            or self.multiline[-1][1] != index
        ):
            self.multiline.append((section, index, [section.rows[index][1]]))
        self.multiline[-1][2].append(stripped)


def _name_section(section: ConfigSection, file: FileKind) -> None:
    """Set kind and name from `raw`."""
    raw = section.raw.strip(BLANKS)
    words = _two_words(raw)
    prefix, name = (words[1], words[2]) if words else (raw, "")
    section.name = raw
    if file == "credentials":
        section.kind = "other" if prefix in _SECTION_PREFIXES and is_legal_name(name) else "illegal"
        if is_legal_name(raw):
            section.kind = "profile"
        return
    if prefix in _SECTION_PREFIXES and name:
        section.kind = _SECTION_PREFIXES[prefix] if is_legal_name(name) else "illegal"
        section.name = name
        section.prefixed = True
    elif raw == "default":
        section.kind = "profile"
