"""Read config text as the AWS CLI and boto3 do.

Both use botocore's `configloader`: `configparser.RawConfigParser`, then nested values and profile
names through `shlex`. This module runs the same parser, so its rules match the CLI's on this
version of Python, and reimplements the rest. Time is linear in the text.
"""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

CliParseErrorCode = Literal[
    "duplicate_section", "duplicate_key", "no_section_header", "not_a_property", "nested_no_equals"
]

CliValue = str | Mapping[str, str]

_plain_header = re.compile(r"(profile|sso-session|services) ([A-Za-z0-9_\-/.%@:+]+)").fullmatch

_PARSE_ERROR_MESSAGES: dict[CliParseErrorCode, str] = {
    "duplicate_section": "the section is repeated",
    "duplicate_key": "the key is repeated in its section",
    "no_section_header": "text precedes the first section",
    "not_a_property": "the line is neither a header nor a key with a value",
    "nested_no_equals": "an indented line below has no '='",
}


@dataclass(frozen=True, slots=True)
class CliParseError:
    """The reason why the CLI rejects the whole file; it contains none of the file's text."""

    code: CliParseErrorCode
    line: int  # from 1

    @property
    def reason(self) -> str:
        """A clause for messages."""
        return _PARSE_ERROR_MESSAGES[self.code]


@dataclass(frozen=True, slots=True)
class CliSection:
    """A section as the CLI reads it; `[DEFAULT]` can contribute keys."""

    line: int
    values: Mapping[str, CliValue]
    """By lower-case key."""
    lines: Mapping[str, int]
    """The line of each key."""


@dataclass(frozen=True, slots=True)
class CliProfiles:
    """The sections of the config file by the CLI's names for them."""

    profiles: Mapping[str, CliSection]
    sso_sessions: Mapping[str, CliSection]
    services: Mapping[str, CliSection]
    other: Mapping[str, CliSection]
    """By the whole header."""


@dataclass(frozen=True, slots=True)
class CliParseResult:
    """The sections that the CLI reads from a file, or the error."""

    sections: Mapping[str, CliSection] = field(default_factory=dict)
    """By the text between the brackets."""
    error: CliParseError | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)
    """The keys of `[DEFAULT]`, which every section has too."""

    def raw(self) -> dict[str, dict[str, CliValue]]:
        """Return the result of botocore's `raw_config_parse`; empty after an error."""
        return {name: dict(section.values) for name, section in self.sections.items()}

    def profile_map(self) -> CliProfiles:
        """Return the result of botocore's `load_config` for the config file.

        A later section with the same name replaces an earlier one.
        """
        profile_maps = CliProfiles({}, {}, {}, {})
        by_word = {
            "profile": profile_maps.profiles,
            "sso-session": profile_maps.sso_sessions,
            "services": profile_maps.services,
        }
        for header, section in self.sections.items():
            word, name = parse_cli_header(header)
            target = by_word.get(word, profile_maps.other)
            if name is not None:
                cast("dict[str, CliSection]", target)[name] = section
        return profile_maps


def parse_cli_header(header: str) -> tuple[str, str | None]:
    """Parse a header of the config file to ("profile", name), ("", header), and so on.

    The name is None if a header with a known prefix has no valid name; the CLI drops the section.
    """
    plain_header = _plain_header(header)
    if plain_header is not None:  # same result as shlex, 100 times as fast
        return plain_header[1], plain_header[2]
    for word in ("profile", "sso-session", "services"):
        if header.startswith(word):
            try:
                parts = shlex.split(header)
            except ValueError:
                return word, None
            return word, parts[1] if len(parts) == 2 else None  # noqa: PLR2004 -- a word and a name
    return ("profile", header) if header == "default" else ("", header)


def parse_as_cli(text: str, *, first_line: int = 1) -> CliParseResult:
    """Parse `text`, which begins at `first_line` of its file. Never raises.

    The result is that of botocore's `raw_config_parse` if the locale's encoding is UTF-8.
    """
    lines = _LineReader(text, first_line)
    parser = _CliConfigParser(
        dict_type=cast("type[dict[str, str]]", lines.table), interpolation=None
    )
    try:
        parser.read_file(lines, source="text")
    except configparser.DuplicateSectionError as error:
        return _parse_failure("duplicate_section", lines.number(error.lineno))
    except configparser.DuplicateOptionError as error:
        return _parse_failure("duplicate_key", lines.number(error.lineno))
    except configparser.MissingSectionHeaderError as error:
        return _parse_failure("no_section_header", lines.number(error.lineno))
    except configparser.ParsingError as error:
        return _parse_failure("not_a_property", lines.number(error.errors[0][0]))
    return _cli_sections(parser, lines)


def parse_nested(value: str) -> dict[str, str] | None:
    """Parse a value that begins with a line end; None if the CLI would reject it."""
    values = {}
    for line in value.splitlines():
        stripped = line.strip()
        if stripped:
            key, equals, inner = stripped.partition("=")
            if not equals:
                return None
            values[key.strip()] = inner.strip()
    return values


def _parse_failure(code: CliParseErrorCode, line: int) -> CliParseResult:
    return CliParseResult(error=CliParseError(code, line))


def _cli_sections(parser: configparser.RawConfigParser, lines: _LineReader) -> CliParseResult:
    cli_sections: dict[str, CliSection] = {}
    defaults = parser.defaults()
    default_lines = defaults.lines if isinstance(defaults, _LineTrackingDict) else {}
    for name, (line, table) in lines.sections.items():
        values: dict[str, CliValue] = {}
        key_lines = {**default_lines, **table.lines}
        for key, value in parser.items(name, raw=True):
            values[key] = value
            if value.startswith("\n"):
                mapping = parse_nested(value)
                if mapping is None:
                    return _parse_failure("nested_no_equals", key_lines[key])
                values[key] = mapping
        cli_sections[name] = CliSection(line, values, key_lines)
    return CliParseResult(cli_sections, defaults=dict(defaults))


class _CliConfigParser(configparser.RawConfigParser):
    """The CLI's parser, with a property pattern that matches the same lines in linear time.

    The library's pattern takes quadratic time on many blanks before the delimiter. The parser
    strips the option name in both cases.
    """

    OPTCRE = re.compile(r"(?P<option>[^=:]*)(?P<vi>[=:])\s*(?P<value>.*)$")


class _LineTrackingDict(dict[str, Any]):
    """A mapping that records the line at which the parser sets each key."""

    def __init__(self, source: _LineReader) -> None:
        super().__init__()
        self.source = source
        self.lines: dict[str, int] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, _LineTrackingDict):
            self.source.sections[key] = (self.source.current, value)
        self.lines.setdefault(key, self.source.current)
        super().__setitem__(key, value)


class _LineReader:
    """The text's lines as Python reads them: LF, CRLF, and a lone CR end a line.

    Line numbers count LF, as editors do.
    """

    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self.first = first_line
        self.numbers: list[int] = []
        self.current = first_line
        self.sections: dict[str, tuple[int, _LineTrackingDict]] = {}

    def __iter__(self) -> Iterator[str]:
        numbers = self.numbers
        for number, line in enumerate(self.text.split("\n"), self.first):
            for part in line.removesuffix("\r").split("\r"):
                self.current = number
                numbers.append(number)
                yield part + "\n"

    def table(self) -> _LineTrackingDict:
        return _LineTrackingDict(self)

    def number(self, of_parser: int | None) -> int:
        """Convert a line number of the parser to one of the file."""
        return self.numbers[of_parser - 1] if of_parser else self.current
