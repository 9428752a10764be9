"""Turn the faults of lines and sections into problems.

Messages contain no value that could be a secret: see `xswitch.core.display`.
"""

from __future__ import annotations

from collections.abc import Iterator

from xswitch.core.awsconfig.botocore_reader import parse_cli_header
from xswitch.core.awsconfig.document import (
    ConfigDocument,
    ConfigFault,
    ConfigFaultCode,
    ConfigSection,
)
from xswitch.core.display import SHOWN_KEYS, show_header, show_setting
from xswitch.core.model import FileKind, Problem, Severity

_KNOWN_SECTIONS = frozenset({"plugins", "preview"})

_FAULT_MESSAGES: dict[ConfigFaultCode, tuple[Severity, str]] = {
    "bom": (
        "error",
        "The AWS CLI and boto3 reject the file for its byte order mark; xswitch ignores the mark.",
    ),
    "lone_cr": (
        "warning",
        "The AWS CLI ends this line at the carriage return in it; the SDKs don't.",
    ),
    "unclosed_header": (
        "error",
        "This section header has no ']': SDKs reject the file, xswitch ignores the section.",
    ),
    "text_after_header": (
        "error",
        "Text follows this section header: SDKs reject the file, xswitch ignores the section.",
    ),
    "property_outside_section": (
        "error",
        "No section precedes this line: all readers reject the file, xswitch skips the line.",
    ),
    "no_equals": ("error", "This line has no '=': SDKs reject the file, xswitch skips the line."),
    "no_key": (
        "error",
        "This line has no key before the '=': all readers reject the file, xswitch skips the line.",
    ),
    "illegal_key": (
        "warning",
        "SDKs ignore this key because of its characters; the AWS CLI and boto3 read it.",
    ),
    "stray_indent": (
        "error",
        "This indented line continues nothing: SDKs reject the file, xswitch skips the line.",
    ),
    "nested_no_equals": (
        "error",
        "This indented line has no '=': SDKs reject the file, xswitch skips the line.",
    ),
    "indented_comment": (
        "warning",
        "SDKs read this indented comment as part of the value; the AWS CLI and boto3 skip it.",
    ),
    "indented_key": (
        "warning",
        "This indented key is part of the value above it for all readers: don't indent it.",
    ),
    "inline_comment": (
        "warning",
        "The comment in this line is part of the value for the AWS CLI and boto3.",
    ),
}


def fault_problems(document: ConfigDocument, path: str) -> Iterator[Problem]:
    """Report the faults of all lines."""
    for section in document.sections:
        for fault in section.faults:
            severity, message = _FAULT_MESSAGES[fault.code]
            if fault.code == "inline_comment":
                message = _inline_comment_message(document, section, fault)
            elif fault.code == "no_equals" and ":" in _line_text(document, section, fault.line):
                message = f"{message} The AWS CLI and boto3 accept the ':'."
            profile = section.name if section.kind == "profile" else None
            yield Problem(fault.code, message, severity, path, fault.line, profile)


def section_problems(document: ConfigDocument, path: str) -> Iterator[Problem]:
    """Report ignored, repeated, and illegal sections."""
    first: dict[tuple[str, str, bool], ConfigSection] = {}
    for section in document.sections:
        problem: tuple[str, Severity, str] | None = None
        if section.cli_header == "DEFAULT":
            text = (
                "The AWS CLI and boto3 add the keys of [DEFAULT] to all other sections; SDKs don't."
            )
            problem = ("default_leaks", "warning", text)
        elif section.kind in ("profile", "sso-session", "services"):
            first_section = first.setdefault(
                (section.kind, section.name, section.prefixed), section
            )
            if document.ignores(section):
                text = "SDKs ignore [default] because [profile default] exists."
                problem = ("default_ignored", "warning", text)
            elif first_section is not section:
                text = (
                    f"[{show_header(section.raw)}] repeats line {first_section.line}:"
                    " SDKs join both sections."
                )
                problem = ("duplicate_section", "warning", text)
        elif section.kind == "other":
            problem = _unrecognized_section(section, document.file)
        elif section.kind == "illegal" and not _cli_sees(section, document.file):
            shown = show_header(section.raw)
            text = f"All readers ignore [{shown}]: the name has illegal characters."
            problem = ("illegal_name", "warning", text)
        if problem:
            yield Problem(
                problem[0],
                problem[2],
                problem[1],
                path,
                section.line,
                section.name if section.kind == "profile" else None,
            )
        if len(section.rows) > 1 and len({row[0] for row in section.rows}) < len(section.rows):
            yield from _duplicate_key_problems(section, path)


def _unrecognized_section(
    section: ConfigSection, file: FileKind
) -> tuple[str, Severity, str] | None:
    name = section.raw.strip()
    shown = show_header(name)
    if file == "credentials":
        if name.startswith("profile"):
            text = (
                f'SDKs ignore [{shown}]: headers of the credentials file have no "profile".'
                " The AWS CLI reads it as part of the name."
            )
            return "profile_in_credentials", "warning", text
        return "section_in_credentials", "warning", f"[{shown}] belongs in the config file."
    if name in _KNOWN_SECTIONS or _cli_sees(section, file):
        return None
    return (
        "not_a_profile",
        "warning",
        f"[{shown}] isn't a profile; write [profile {shown or 'NAME'}].",
    )


def _cli_sees(section: ConfigSection, file: FileKind) -> bool:
    """Whether the CLI reads a name in the header, which is reported as a difference."""
    if section.cli_header is None:
        return False
    word, name = parse_cli_header(section.cli_header)
    return file == "credentials" or (bool(word) and name is not None)


def _duplicate_key_problems(section: ConfigSection, path: str) -> Iterator[Problem]:
    lines: dict[str, int] = {}
    for key, _, line, _, _ in section.rows:
        earlier_line = lines.get(key)
        if earlier_line is not None:
            text = f"{key} repeats line {earlier_line}: SDKs use the last value."
            yield Problem(
                "duplicate_key",
                text,
                "warning",
                path,
                line,
                section.name if section.kind == "profile" else None,
            )
        lines[key] = line


def _line_text(document: ConfigDocument, section: ConfigSection, line: int) -> str:
    lines = document.text[section.start : section.end].split("\n", line - section.line + 1)
    return lines[line - section.line]


def _inline_comment_message(
    document: ConfigDocument, section: ConfigSection, fault: ConfigFault
) -> str:
    generic_message = _FAULT_MESSAGES[fault.code][1]
    key, _, value = _line_text(document, section, fault.line).partition("=")
    key = key.strip().lower()
    if key not in SHOWN_KEYS:
        return generic_message
    return (
        "The comment is part of the value for the AWS CLI and boto3: they read"
        f" {show_setting(key, value.strip())}."
    )
