"""What the AWS CLI and boto3 would read from the same text.

Both read with botocore's `configloader`, which is `configparser.RawConfigParser` and a few lines
around it. The same parser does the work here, so its rules are the CLI's by construction, on this
version of Python; the lines around it (nested values, profile names through `shlex`) are written
again from their behaviour. Time is linear in the text.
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
    "duplicate_section": "the section is there twice",
    "duplicate_key": "the key is there twice in its section",
    "no_section_header": "there is text before the first section",
    "not_a_property": "the line is neither a section nor a key with a value",
    "nested_no_equals": "an indented line below holds no '='",
}


@dataclass(frozen=True, slots=True)
class CliParseError:
    """Why the CLI refuses the whole file, and the line (from 1) it stumbles over.

    Holds nothing of the file's text.
    """

    code: CliParseErrorCode
    line: int

    @property
    def reason(self) -> str:
        """The reason as a clause."""
        return _PARSE_ERROR_MESSAGES[self.code]


@dataclass(frozen=True, slots=True)
class CliSection:
    """One section as the CLI has it.

    Values by lower-case key, `lines` the line of each key, of which `[DEFAULT]` may lend some.
    """

    line: int
    values: Mapping[str, CliValue]
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CliProfiles:
    """The profile map of the config file: sections by the name the CLI calls them by.

    `other` is keyed by the whole header.
    """

    profiles: Mapping[str, CliSection]
    sso_sessions: Mapping[str, CliSection]
    services: Mapping[str, CliSection]
    other: Mapping[str, CliSection]


@dataclass(frozen=True, slots=True)
class CliParseResult:
    """The CLI's reading of one file, or its refusal.

    `sections` are keyed by what stands between the brackets, as it stands there.

    `defaults` is what `[DEFAULT]` holds; every section has it too.
    """

    sections: Mapping[str, CliSection] = field(default_factory=dict)
    refused: CliParseError | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> dict[str, dict[str, CliValue]]:
        """What botocore's `raw_config_parse` returns for this file; empty when it refuses."""
        return {name: dict(section.values) for name, section in self.sections.items()}

    def profile_map(self) -> CliProfiles:
        """What botocore's `load_config` makes of it, for the config file.

        A later header that means the same name replaces the earlier.
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
    """What a header of the config file means to the CLI.

    ("profile", name), ("sso-session", name), ("services", name) or ("", header).

    The name is None when the header begins with such a word but names nothing, so that the CLI
    drops the section.
    """
    plain_header = _plain_header(header)
    if plain_header is not None:  # what shlex would say, a hundred times as fast
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
    """The CLI's reading of `text`, whose first line counts as `first_line`. Never raises.

    It is what botocore's `raw_config_parse` gives for a file of this text, if the locale's encoding
    is UTF-8.
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
    """A value that begins with a line end, as the mapping the CLI makes of it, or None when it would refuse it."""
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
    return CliParseResult(refused=CliParseError(code, line))


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
    """The CLI's parser, with a pattern for properties that matches the same lines in linear time.

    The library's own takes quadratic time on a long run of blanks before the delimiter. The option
    is stripped afterwards either way.
    """

    OPTCRE = re.compile(r"(?P<option>[^=:]*)(?P<vi>[=:])\s*(?P<value>.*)$")


class _LineTrackingDict(dict[str, Any]):
    """A mapping the parser fills, which notes at which line each key came."""

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
    """The text's lines as Python reads them from a file: LF, CRLF and a lone CR all end one.

    Numbers count LF, as editors do.
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
            for piece in line.removesuffix("\r").split("\r"):
                self.current = number
                numbers.append(number)
                yield piece + "\n"

    def table(self) -> _LineTrackingDict:
        return _LineTrackingDict(self)

    def number(self, of_parser: int | None) -> int:
        """The file's line for a line as the parser counts, from 1."""
        return self.numbers[of_parser - 1] if of_parser else self.current
