"""Where the AWS CLI and boto3 read something else than the SDKs, key by key.

A section that holds nothing odd reads alike for both, so only odd sections are read again with the CLI's parser, each by itself. That is
exact while both see the same sections and no name occurs twice; where that fails, the whole text is read again.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from xswitch.core.awsconfig.botocore_reader import CliReading, CliSection, CliValue, cli_name, predict
from xswitch.core.awsconfig.document import Document, Section, SectionKind
from xswitch.core.awsconfig.problems import shown
from xswitch.core.model import FileKind, Origin, Problem, Profile, Property

Sections = Mapping[SectionKind, Mapping[str, Profile]]
CliMaps = Mapping[SectionKind, Mapping[str, CliSection]]

_NAMED: tuple[SectionKind, ...] = ("profile", "sso-session", "services")


class Differences(NamedTuple):
    """Each difference as a problem, and the profiles only the CLI sees."""

    problems: tuple[Problem, ...]
    cli_only: Mapping[str, Profile]


def compare(document: Document, sdk: Sections, path: str) -> Differences:
    """Every difference between the SDKs' sections of this file and the CLI's, unless a fault of the same line tells it already."""
    odd = [section for section in document.sections if section.odd]
    if _apart(document):
        if not odd:
            return Differences((), {})
        maps = _in_pieces(document, odd)
        if maps is not None:
            names = {(section.kind, section.name) for section in odd}
            some = {kind: {name: found for name, found in sdk[kind].items() if (kind, name) in names} for kind in _NAMED}
            return _differences(document, some, maps, path)
    reading = predict(document.text)
    if reading.refused:
        refused = f"The AWS CLI and boto3 refuse the whole file over this line: {reading.refused.reason}."
        problem = Problem("cli_refuses", refused, "error", path, reading.refused.line)
        cli = _unknown_sections(document)
        cli["profile"] = {name: found for name, found in cli["profile"].items() if name not in sdk["profile"]}
        only = _differences(document, {kind: {} for kind in _NAMED}, cli, path)
        return Differences((problem, *only.problems), only.cli_only)
    return _differences(document, sdk, cli_maps(reading, document.file), path)


def cli_reading(document: Document, touched: Container[str] = ()) -> CliReading:
    """The CLI's reading of a whole document, as `predict` gives it for the text, without running its parser over plain sections.

    Sections named in `touched` are read with the CLI's parser in any case.
    """
    if not _apart(document):
        return predict(document.text)
    sections: dict[str, CliSection] = {}
    for section in document.sections:
        if section.kind == "preamble" or section.cli_header is None:
            continue
        if section.odd or section.name in touched:
            piece = predict(document.text[section.start : section.end], first_line=section.line)
            if piece.defaults or list(piece.sections) != [section.cli_header]:
                return predict(document.text)
            sections.update(piece.sections)
        else:
            values = {row[0]: row[1] for row in section.rows}
            sections[section.cli_header] = CliSection(section.line, values, {row[0]: row[2] for row in section.rows})
    return CliReading(sections)


def cli_maps(reading: CliReading, file: FileKind) -> dict[SectionKind, dict[str, CliSection]]:
    """A reading by the names the CLI calls things by: in the credentials file every section is a profile."""
    if file == "credentials":
        return {"profile": dict(reading.sections), "sso-session": {}, "services": {}}
    found = reading.profile_map()
    return {"profile": dict(found.profiles), "sso-session": dict(found.sso_sessions), "services": dict(found.services)}


def same_value(sdk: str, cli: CliValue) -> bool:
    """Whether a value reads alike; indented lines below an empty value are a mapping to the CLI, text to the SDKs."""
    if isinstance(cli, str):
        return sdk == cli
    inner = {}
    for line in sdk.split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            inner[key.strip()] = value.strip()
    return sdk.startswith("\n") and inner == cli


def _apart(document: Document) -> bool:
    """Whether sections can be compared one by one: the same sections for both, and no name that occurs twice for either."""
    if document.split:
        return False
    seen: set[tuple[str, str | None]] = set()
    names: set[tuple[str, str]] = set()
    count = named = 0
    for section in document.sections:
        if section.kind == "preamble":
            continue
        count += 1
        if section.kind in _NAMED:
            named += 1
            names.add((section.kind, section.name))
        if document.file == "credentials" or section.cli_header is None:
            seen.add(("", section.cli_header))
        elif not section.odd and section.kind in _NAMED:
            seen.add((section.kind, section.name))
        else:
            word, name = cli_name(section.cli_header)
            seen.add((word, name) if name is not None else ("", section.cli_header))
        if section.cli_header == "DEFAULT" or len({row[0] for row in section.rows}) < len(section.rows):
            return False
    return len(seen) == count and named == len(names)


def _in_pieces(document: Document, odd: list[Section]) -> dict[SectionKind, dict[str, CliSection]] | None:
    """The CLI's reading of the odd sections, or None if one of them holds what only the whole text can tell.

    That may be another header, indented under this one: of `[DEFAULT]` nothing but what it lends is seen.
    """
    sections: dict[str, CliSection] = {}
    for section in odd:
        reading = predict(document.text[section.start : section.end], first_line=section.line)
        if reading.refused or reading.defaults or list(reading.sections) != [section.cli_header]:
            return None
        sections.update(reading.sections)
    return cli_maps(CliReading(sections), document.file)


def _unknown_sections(document: Document) -> dict[SectionKind, dict[str, CliSection]]:
    """What the CLI would see in sections the SDKs have no name for, if it didn't refuse the file."""
    sections: dict[str, CliSection] = {}
    for section in document.sections:
        if section.odd and section.kind not in (*_NAMED, "preamble"):
            sections.update(predict(document.text[section.start : section.end], first_line=section.line).sections)
    return cli_maps(CliReading(sections), document.file)


def _differences(document: Document, sdk: Sections, cli: CliMaps, path: str) -> Differences:
    told = _told_lines(document)
    problems: list[Problem] = []
    only: dict[str, Profile] = {}
    for kind in _NAMED:
        for name, section in sdk[kind].items():
            seen = cli[kind].get(name)
            if seen is None:
                problems.append(_problem("cli_misses", f"The AWS CLI and boto3 don't see this {kind}.", section.origin, kind, name))
            else:
                problems.extend(_values(kind, section, seen, told, path))
        for name, seen in cli[kind].items():
            if name in sdk[kind]:
                continue
            origin = Origin(path, seen.line)
            problems.append(_problem("cli_only", f'Only the AWS CLI and boto3 see the {kind} "{name}".', origin, kind, name))
            if kind == "profile":
                only[name] = Profile(name, _cli_properties(seen, path, document.file), origin, cli_only=True)
    return Differences(tuple(problems), only)


def _values(kind: SectionKind, section: Profile, seen: CliSection, told: frozenset[int], path: str) -> Iterator[Problem]:
    name = section.name
    for key, found in section.properties.items():
        value = seen.values.get(key)
        if found.origin.line in told or (value is not None and same_value(found.value, value)):
            continue
        if value is None:
            yield _problem("cli_misses_key", f"The AWS CLI and boto3 don't see this {key}.", found.origin, kind, name)
        else:
            text = value if isinstance(value, str) else _flat(value)
            message = f"For {key} the AWS CLI and boto3 read {shown(key, text)}, the SDKs {shown(key, found.value)}."
            yield _problem("cli_value", message, found.origin, kind, name)
    for key in seen.values:
        line = seen.lines[key]
        if key not in section.properties and line not in told:
            yield _problem("cli_only_key", f'Only the AWS CLI and boto3 see the key "{key}".', Origin(path, line), kind, name)


def _problem(code: str, message: str, origin: Origin, kind: SectionKind, name: str) -> Problem:
    return Problem(code, message, "warning", origin.file, origin.line, name if kind == "profile" else None)


def _told_lines(document: Document) -> frozenset[int]:
    """Lines a fault speaks of already: its own, that of the property it continues, and every line of a `[DEFAULT]`, which leaks."""
    told: set[int] = set()
    for section in document.sections:
        for fault in section.faults:
            told.add(fault.line)
            if fault.code in ("nested_no_equals", "indented_comment"):
                told.add(max(row[2] for row in section.rows if row[2] < fault.line))
        if section.cli_header == "DEFAULT":
            told.update(range(section.line, section.line + 1 + document.text.count("\n", section.start, section.end)))
    return frozenset(told)


def _cli_properties(section: CliSection, path: str, file: FileKind) -> dict[str, Property]:
    found = {}
    for key, value in section.values.items():
        text = value if isinstance(value, str) else _flat(value)
        found[key] = Property(text, Origin(path, section.lines[key]), file)
    return found


def _flat(nested: Mapping[str, str]) -> str:
    return "".join(f"\n{key} = {value}" for key, value in nested.items())
