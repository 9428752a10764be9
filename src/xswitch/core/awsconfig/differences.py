"""Compare what the AWS CLI and boto3 read with what the SDKs read, key by key.

The CLI's parser reads only sections that may differ, one at a time; all readers read the others
alike. That is exact if both see the same sections and no name is repeated; otherwise the CLI's
parser reads the whole text.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from xswitch.core.awsconfig.botocore_reader import (
    CliParseResult,
    CliSection,
    CliValue,
    parse_as_cli,
    parse_cli_header,
)
from xswitch.core.awsconfig.document import ConfigDocument, ConfigSection, SectionKind
from xswitch.core.display import show_header, show_setting
from xswitch.core.model import FileKind, Origin, Problem, Profile, Property

SdkSections = Mapping[SectionKind, Mapping[str, Profile]]
CliMaps = Mapping[SectionKind, Mapping[str, CliSection]]

_NAMED_KINDS: tuple[SectionKind, ...] = ("profile", "sso-session", "services")


class CliDifferences(NamedTuple):
    """The differences as problems, and the sections that only the CLI sees."""

    problems: tuple[Problem, ...]
    cli_only: SdkSections


def compare_with_cli(document: ConfigDocument, sdk: SdkSections, path: str) -> CliDifferences:
    """Find the differences between the SDKs' and the CLI's sections of one file.

    Lines with a reported fault are left out.
    """
    suspects = [section for section in document.sections if section.cli_may_differ]
    if _sections_are_comparable(document):
        if not suspects:
            return CliDifferences((), {kind: {} for kind in _NAMED_KINDS})
        maps = _read_suspect_sections(document, suspects)
        if maps is not None:
            names = {(section.kind, section.name) for section in suspects}
            suspect_profiles = {
                kind: {
                    name: profile for name, profile in sdk[kind].items() if (kind, name) in names
                }
                for kind in _NAMED_KINDS
            }
            return _section_differences(document, suspect_profiles, maps, path)
    parsed = parse_as_cli(document.text)
    if parsed.error:
        text = f"The AWS CLI and boto3 reject the file because of this line: {parsed.error.reason}."
        problem = Problem("cli_refuses", text, "error", path, parsed.error.line)
        cli = _sections_unknown_to_sdk(document)
        cli["profile"] = {
            name: profile for name, profile in cli["profile"].items() if name not in sdk["profile"]
        }
        only = _section_differences(document, {kind: {} for kind in _NAMED_KINDS}, cli, path)
        return CliDifferences((problem, *only.problems), only.cli_only)
    return _section_differences(document, sdk, cli_maps(parsed, document.file), path)


def read_as_cli(document: ConfigDocument, touched: Container[str] = ()) -> CliParseResult:
    """Return the result of `parse_as_cli` for a document, without parsing plain sections again.

    The CLI's parser always reads the sections named in `touched`.
    """
    if not _sections_are_comparable(document):
        return parse_as_cli(document.text)
    sections: dict[str, CliSection] = {}
    for section in document.sections:
        if section.kind == "preamble" or section.cli_header is None:
            continue
        if section.cli_may_differ or section.name in touched:
            parsed_section = _parse_section(document, section)
            if parsed_section.defaults or list(parsed_section.sections) != [section.cli_header]:
                return parse_as_cli(document.text)
            sections.update(parsed_section.sections)
        else:
            values = {row[0]: row[1] for row in section.rows}
            sections[section.cli_header] = CliSection(
                section.line, values, {row[0]: row[2] for row in section.rows}
            )
    return CliParseResult(sections)


def cli_maps(parsed: CliParseResult, file: FileKind) -> dict[SectionKind, dict[str, CliSection]]:
    """Return the CLI's sections by kind and name; the credentials file has only profiles."""
    if file == "credentials":
        return {"profile": dict(parsed.sections), "sso-session": {}, "services": {}}
    maps = parsed.profile_map()
    return {
        "profile": dict(maps.profiles),
        "sso-session": dict(maps.sso_sessions),
        "services": dict(maps.services),
    }


def same_value(sdk: str, cli: CliValue) -> bool:
    """Whether both read the same value; nested values are text to SDKs, a mapping to the CLI."""
    if isinstance(cli, str):
        return sdk == cli
    inner = {}
    for line in sdk.split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            inner[key.strip()] = value.strip()
    return sdk.startswith("\n") and inner == cli


def _sections_are_comparable(document: ConfigDocument) -> bool:
    """Whether both see the same sections, with no repeated name, so that each can be compared."""
    if document.cli_splits_differently:
        return False
    cli_names: set[tuple[str, str | None]] = set()
    names: set[tuple[str, str]] = set()
    count = named = 0
    for section in document.sections:
        if section.kind == "preamble":
            continue
        count += 1
        if section.kind in _NAMED_KINDS:
            named += 1
            names.add((section.kind, section.name))
        if document.file == "credentials" or section.cli_header is None:
            cli_names.add(("", section.cli_header))
        elif not section.cli_may_differ and section.kind in _NAMED_KINDS:
            cli_names.add((section.kind, section.name))
        else:
            word, name = parse_cli_header(section.cli_header)
            cli_names.add((word, name) if name is not None else ("", section.cli_header))
        if section.cli_header == "DEFAULT" or len({row[0] for row in section.rows}) < len(
            section.rows
        ):
            return False
    return len(cli_names) == count and named == len(names)


def _read_suspect_sections(
    document: ConfigDocument, suspects: list[ConfigSection]
) -> dict[SectionKind, dict[str, CliSection]] | None:
    """Read each section as the CLI does; None if a section needs the whole text.

    That is the case for `[DEFAULT]`, or if an indented line is another header to the CLI.
    """
    sections: dict[str, CliSection] = {}
    for section in suspects:
        parsed = _parse_section(document, section)
        if parsed.error or parsed.defaults or list(parsed.sections) != [section.cli_header]:
            return None
        sections.update(parsed.sections)
    return cli_maps(CliParseResult(sections), document.file)


def _parse_section(document: ConfigDocument, section: ConfigSection) -> CliParseResult:
    return parse_as_cli(document.text[section.start : section.end], first_line=section.line)


def _sections_unknown_to_sdk(document: ConfigDocument) -> dict[SectionKind, dict[str, CliSection]]:
    """Read the sections that SDKs ignore, as the CLI would without the error."""
    sections: dict[str, CliSection] = {}
    for section in document.sections:
        if section.cli_may_differ and section.kind not in (*_NAMED_KINDS, "preamble"):
            sections.update(_parse_section(document, section).sections)
    return cli_maps(CliParseResult(sections), document.file)


def _section_differences(
    document: ConfigDocument, sdk: SdkSections, cli: CliMaps, path: str
) -> CliDifferences:
    reported_lines = _lines_with_faults(document)
    problems: list[Problem] = []
    cli_only: dict[SectionKind, dict[str, Profile]] = {kind: {} for kind in _NAMED_KINDS}
    for kind in _NAMED_KINDS:
        for name, section in sdk[kind].items():
            cli_section = cli[kind].get(name)
            if cli_section is None:
                text = f"The AWS CLI and boto3 don't see this {kind}."
                problems.append(_problem("cli_misses", text, section.origin, kind, name))
            else:
                problems.extend(
                    _value_differences(kind, section, cli_section, reported_lines, path)
                )
        for name, cli_section in cli[kind].items():
            if name in sdk[kind]:
                continue
            origin = Origin(path, cli_section.line)
            text = f'Only the AWS CLI and boto3 see the {kind} "{show_header(name)}".'
            problems.append(_problem("cli_only", text, origin, kind, name))
            cli_only[kind][name] = Profile(
                name, _cli_properties(cli_section, path, document.file), origin, cli_only=True
            )
    return CliDifferences(tuple(problems), cli_only)


def _value_differences(
    kind: SectionKind,
    section: Profile,
    cli_section: CliSection,
    reported_lines: frozenset[int],
    path: str,
) -> Iterator[Problem]:
    name = section.name
    for key, property_ in section.properties.items():
        value = cli_section.values.get(key)
        if property_.origin.line in reported_lines or (
            value is not None and same_value(property_.value, value)
        ):
            continue
        if value is None:
            message = f"The AWS CLI and boto3 don't see this {key}."
            yield _problem("cli_misses_key", message, property_.origin, kind, name)
        else:
            text = value if isinstance(value, str) else _nested_text(value)
            cli, sdk = show_setting(key, text), show_setting(key, property_.value)
            message = (
                f"After the first line of {key}, the AWS CLI and boto3 read other lines than the"
                " SDKs."
                if cli == sdk and "\n" in text
                else f"For {key} the AWS CLI and boto3 read {cli}, the SDKs {sdk}."
            )
            yield _problem("cli_value", message, property_.origin, kind, name)
    for key in cli_section.values:
        line = cli_section.lines[key]
        if key not in section.properties and line not in reported_lines:
            message = f'Only the AWS CLI and boto3 see the key "{show_header(key)}".'
            yield _problem("cli_only_key", message, Origin(path, line), kind, name)


def _problem(code: str, message: str, origin: Origin, kind: SectionKind, name: str) -> Problem:
    return Problem(
        code, message, "warning", origin.file, origin.line, name if kind == "profile" else None
    )


def _lines_with_faults(document: ConfigDocument) -> frozenset[int]:
    """Return the lines whose differences a fault explains.

    That is the fault's line, the line of the property it continues, and all of a `[DEFAULT]`.
    """
    lines: set[int] = set()
    for section in document.sections:
        for fault in section.faults:
            lines.add(fault.line)
            if fault.code in ("nested_no_equals", "indented_comment"):
                lines.add(max(row[2] for row in section.rows if row[2] < fault.line))
        if section.cli_header == "DEFAULT":
            lines.update(
                range(
                    section.line,
                    section.line + 1 + document.text.count("\n", section.start, section.end),
                )
            )
    return frozenset(lines)


def _cli_properties(section: CliSection, path: str, file: FileKind) -> dict[str, Property]:
    properties = {}
    for key, value in section.values.items():
        text = value if isinstance(value, str) else _nested_text(value)
        properties[key] = Property(text, Origin(path, section.lines[key]), file)
    return properties


def _nested_text(nested: Mapping[str, str]) -> str:
    return "".join(f"\n{key} = {value}" for key, value in nested.items())
