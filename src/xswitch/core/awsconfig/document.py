"""One file of the shared config under the SDK rules, as spans of its text.

The rules are those of the Rust, C and Java SDKs: lines end with LF or CRLF and nothing else, blanks
are space and tab and nothing else, a section header and a property start at column 0, whatever is
indented belongs to the property above. Offsets count characters of the text; lines count from 1.
Nothing is copied that isn't needed, so the text can be put together again exactly. Reading takes
time linear in the text and never raises: what is wrong becomes a `ConfigFault`, and the reading
goes on behind it.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

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
    """Whether the SDKs accept `name` for a profile, a section or a property."""
    return _is_legal(name) is not None


class ConfigProperty(NamedTuple):
    """One property.

    Lower-case key, value as the SDKs read it, and the span of its lines (line ends and continuation
    included).
    """

    key: str
    value: str
    line: int
    start: int
    end: int


class ConfigFault(NamedTuple):
    """Something on one line that the SDKs refuse or that readers see differently.

    The line is `line` of the file.
    """

    code: ConfigFaultCode
    line: int


class ConfigSection:
    """A header and what follows it, up to the next header at column 0; `[start:end]` is its span.

    `raw` is what stands between the brackets. `name` is the profile's (or sso-session's ...) name;
    for kind "illegal" it is the name as written. `prefixed` tells `[profile default]` from
    `[default]`. `body` is the offset behind the header line and `used` the offset behind the last
    line that is neither blank nor a comment. `odd` is set when the AWS CLI might read anything in
    it differently; `cli_header` is what the CLI takes for the section's name, None when it sees no
    header there.
    """

    __slots__ = (
        "body",
        "cli_header",
        "end",
        "faults",
        "kind",
        "line",
        "name",
        "odd",
        "prefixed",
        "raw",
        "rows",
        "start",
        "used",
    )

    def __init__(self, kind: SectionKind, line: int, start: int) -> None:
        self.kind: SectionKind = kind
        self.name = ""
        self.raw = ""
        self.prefixed = False
        self.line = line
        self.start = start
        self.body = start
        self.used = start
        self.end = start
        self.rows: list[PropertyRow] = []
        self.faults: list[ConfigFault] = []
        self.odd = False
        self.cli_header: str | None = None

    @property
    def items(self) -> list[ConfigProperty]:
        """The properties in the order of their lines, doubles included."""
        return [ConfigProperty._make(row) for row in self.rows]


class ConfigDocument(NamedTuple):
    """A whole file.

    The sections' spans follow each other without a gap, the first (kind "preamble") from 0, the
    last to the end.

    `split` is set when the AWS CLI would cut the text into other lines or sections than the SDKs
    do, so it can't be read in pieces.
    """

    text: str
    file: FileKind
    sections: list[ConfigSection]
    split: bool


def parse_document(text: str, file: FileKind) -> ConfigDocument:
    """Read `text` as the config or the credentials file."""
    reader = _DocumentParser(text, file)
    reader.run()
    return ConfigDocument(text, file, reader.sections, reader.split)


class _DocumentParser:
    """The state between two lines.

    `open` says what an indented line continues: nothing, a property, or a line in error.
    """

    def __init__(self, text: str, file: FileKind) -> None:
        self.text = text
        self.file = file
        self.section = ConfigSection("preamble", 1, 0)
        self.sections = [self.section]
        self.split = False
        self.plain_keys: dict[str, str] = {}
        self.open: Literal["", "property", "error"] = ""
        self.nested = False
        self.long: list[tuple[ConfigSection, int, list[str]]] = []

    def run(self) -> None:
        text = self.text
        lines = text.split("\n")
        start = 0
        if text.startswith(BOM):
            self.section.faults.append(ConfigFault("bom", 1))
            self.split = True
            lines[0] = lines[0][1:]
            start = 1
        crlf = "\r" in text
        plain_keys = self.plain_keys
        # Most texts hold nothing that any line would have to be searched for.
        plain = text.isascii() and not any(sign in text for sign in _SPECIAL_CHARACTERS)
        for number, whole in enumerate(lines, 1):
            line = whole.removesuffix("\r") if crlf else whole
            end = start + len(whole) + 1
            first = line[:1]
            if first == "[":
                self.header(line, number, start, end)
            elif first not in "#; \t":
                # In line, as nearly every line is one: `key = value` with a plain key seen before,
                # no comment, and no white space around the value but blanks. Every reader reads it
                # alike.
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
                    section.used = end
                    self.open = "property"
                    self.nested = not value
            elif first and first in BLANKS and line.strip(BLANKS):
                self.continuation(line, number, end)
            start = end
        self.finish(lines)

    def finish(self, lines: list[str]) -> None:
        if self.text.count("\r") != self.text.count("\r\n"):
            self.split = True
            self.sections[0].faults.extend(
                ConfigFault("lone_cr", n)
                for n, line in enumerate(lines, 1)
                if "\r" in line.removesuffix("\r")
            )
        for section, index, parts in self.long:
            key, _, number, start, end = section.rows[index]
            section.rows[index] = (key, "\n".join(parts), number, start, end)
        size = len(self.text)
        last = self.sections[-1]
        last.end = size
        last.used = min(last.used, size)
        last.body = min(last.body, size)
        if last.rows and last.rows[-1][4] > size:
            last.rows[-1] = (*last.rows[-1][:4], size)

    def header(self, line: str, number: int, start: int, end: int) -> None:
        self.section.end = start
        section = self.section = ConfigSection("other", number, start)
        self.sections.append(section)
        section.body = section.used = end
        self.open = ""
        self.nested = False
        plain = _plain_profile(line) if self.file == "config" else None
        if plain is not None:
            section.kind = "profile"
            section.name = plain[1]
            section.raw = section.cli_header = line[1:-1]
            section.prefixed = True
            return
        seen = _cli_header(line.strip())
        section.cli_header = seen[1] if seen else None
        self.split = self.split or seen is None
        canonical = _plain_config_header if self.file == "config" else _plain_credentials_header
        section.odd = canonical(line) is None
        comment = _any_comment(line)
        stripped = (line[: comment.start()] if comment else line).strip(BLANKS)
        if stripped.endswith("]"):
            section.raw = stripped[1:-1]
            _name_section(section, self.file)
        else:
            section.kind = "broken"
            section.raw = seen[1] if seen else stripped[1:]
            section.faults.append(
                ConfigFault("text_after_header" if "]" in stripped else "unclosed_header", number)
            )

    def property(self, line: str, number: int, start: int, end: int) -> None:
        section = self.section
        section.used = end
        comment = _inline_comment(line)
        raw, equals, value = (line[: comment.start()] if comment else line).partition("=")
        key = raw.strip(BLANKS)
        value = value.strip(BLANKS)
        self.open = "error"
        self.nested = False
        if comment or value != value.strip():
            section.odd = True
        if section.kind == "preamble":
            self.split = True
            section.faults.append(ConfigFault("property_outside_section", number))
        elif not equals or not key:
            section.odd = True
            section.faults.append(ConfigFault("no_key" if equals else "no_equals", number))
        elif not is_legal_name(key):
            section.odd = True
            section.faults.append(ConfigFault("illegal_key", number))
        else:
            if comment:
                section.faults.append(ConfigFault("inline_comment", number))
            key = key.lower()
            if ":" in key:
                section.odd = True
            else:
                self.plain_keys[raw] = key
            section.rows.append((key, value, number, start, end))
            self.open = "property"
            self.nested = not value

    def continuation(self, line: str, number: int, end: int) -> None:
        section = self.section
        section.odd = True
        section.used = end
        if section.kind == "preamble":
            self.split = True
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
        if not self.long or self.long[-1][0] is not section or self.long[-1][1] != index:
            self.long.append((section, index, [section.rows[index][1]]))
        self.long[-1][2].append(stripped)


def _name_section(section: ConfigSection, file: FileKind) -> None:
    """Fill in kind and name from `raw`, by the rules of this kind of file."""
    raw = section.raw.strip(BLANKS)
    words = _two_words(raw)
    first, rest = (words[1], words[2]) if words else (raw, "")
    section.name = raw
    if file == "credentials":
        section.kind = "other" if first in _SECTION_PREFIXES and is_legal_name(rest) else "illegal"
        if is_legal_name(raw):
            section.kind = "profile"
        return
    if first in _SECTION_PREFIXES and rest:
        section.kind = _SECTION_PREFIXES[first] if is_legal_name(rest) else "illegal"
        section.name = rest
        section.prefixed = True
    elif raw == "default":
        section.kind = "profile"
