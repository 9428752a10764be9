"""What is wrong with a line or a section, in words: `ConfigFault`s become `Problem`s.

No message holds a value that could be a secret.
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
from xswitch.core.model import FileKind, Problem, Severity

DISPLAYABLE_KEYS = frozenset(
    {
        "credential_source",
        "duration_seconds",
        "mfa_serial",
        "output",
        "region",
        "role_arn",
        "role_session_name",
        "source_profile",
        "sso_account_id",
        "sso_region",
        "sso_role_name",
        "sso_session",
        "sso_start_url",
    }
)
"""The keys whose values a message may quote."""

_MAX_DISPLAY_LENGTH = 80
_KNOWN_SECTIONS = frozenset({"plugins", "preview"})

_FAULT_MESSAGES: dict[ConfigFaultCode, tuple[Severity, str]] = {
    "bom": (
        "error",
        "The file begins with a byte order mark, and the AWS CLI and boto3 refuse it whole; xswitch skips the mark.",
    ),
    "lone_cr": (
        "warning",
        "A carriage return stands alone in this line: for the AWS CLI the line ends there, for the SDKs it does not.",
    ),
    "unclosed_header": (
        "error",
        "This section header has no ']': SDKs refuse the file, xswitch leaves out the section.",
    ),
    "text_after_header": (
        "error",
        "Text follows this section header: SDKs refuse the file, xswitch leaves out the section.",
    ),
    "property_outside_section": (
        "error",
        "This line stands before the first section: every reader refuses the file, xswitch skips the line.",
    ),
    "no_equals": ("error", "This line holds no '=': SDKs refuse the file, xswitch skips the line."),
    "no_key": (
        "error",
        "There is no key before the '=': every reader refuses the file, xswitch skips the line.",
    ),
    "illegal_key": (
        "warning",
        "This key holds characters the SDKs don't allow, so they ignore it; the AWS CLI and boto3 read it.",
    ),
    "stray_indent": (
        "error",
        "This line is indented and continues nothing: SDKs refuse the file, xswitch skips the line.",
    ),
    "nested_no_equals": (
        "error",
        "This indented line holds no '=': SDKs refuse the file, xswitch skips the line.",
    ),
    "indented_comment": (
        "warning",
        "The SDKs take this indented comment for a part of the value above; the AWS CLI and boto3 skip it.",
    ),
    "inline_comment": (
        "warning",
        "The AWS CLI and boto3 take the comment in this line for a part of the value.",
    ),
}


def display_value(key: str, value: str) -> str:
    """`value` in quotes if `key` is one whose values are no secret, else "another value"."""
    if key not in DISPLAYABLE_KEYS:
        return "another value"
    return (
        f'"{value}"' if len(value) <= _MAX_DISPLAY_LENGTH else f'"{value[:_MAX_DISPLAY_LENGTH]}…"'
    )


def fault_problems(document: ConfigDocument, path: str) -> Iterator[Problem]:
    """Every fault of every line, as problems."""
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
    """Sections that are no profile, or are there twice."""
    prefixed_default = any(
        s.kind == "profile" and s.prefixed and s.name == "default" for s in document.sections
    )
    first: dict[tuple[str, str, bool], ConfigSection] = {}
    for section in document.sections:
        problem: tuple[str, Severity, str] | None = None
        if section.cli_header == "DEFAULT":
            text = "The AWS CLI and boto3 add the keys of [DEFAULT] to every other section; the SDKs don't."
            problem = ("default_leaks", "warning", text)
        elif section.kind in ("profile", "sso-session", "services"):
            first_section = first.setdefault(
                (section.kind, section.name, section.prefixed), section
            )
            if (
                section.name == "default"
                and section.kind == "profile"
                and prefixed_default
                and not section.prefixed
            ):
                problem = (
                    "default_ignored",
                    "warning",
                    "The SDKs ignore [default], as there is a [profile default] too.",
                )
            elif first_section is not section:
                text = f"[{section.raw}] is there already in line {first_section.line}: the SDKs join the two."
                problem = ("duplicate_section", "warning", text)
        elif section.kind == "other":
            problem = _unrecognized_section(section, document.file)
        elif section.kind == "illegal" and not _cli_sees(section, document.file):
            problem = (
                "illegal_name",
                "warning",
                f"[{section.raw}] holds characters a name can't have: nobody reads the section.",
            )
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
    if file == "credentials":
        if name.startswith("profile"):
            text = f'The SDKs ignore [{name}] in the credentials file, where headers have no "profile"; to the AWS CLI that is its name.'
            return "profile_in_credentials", "warning", text
        return "section_in_credentials", "warning", f"[{name}] only counts in the config file."
    if name in _KNOWN_SECTIONS or _cli_sees(section, file):
        return None
    return (
        "not_a_profile",
        "warning",
        f"[{name}] is no profile in the config file: that would be [profile {name or 'NAME'}].",
    )


def _cli_sees(section: ConfigSection, file: FileKind) -> bool:
    """Whether the CLI finds a name there, which is reported as a difference."""
    if section.cli_header is None:
        return False
    word, name = parse_cli_header(section.cli_header)
    return file == "credentials" or (bool(word) and name is not None)


def _duplicate_key_problems(section: ConfigSection, path: str) -> Iterator[Problem]:
    lines: dict[str, int] = {}
    for key, _, line, _, _ in section.rows:
        earlier_line = lines.get(key)
        if earlier_line is not None:
            text = f"{key} is there already in line {earlier_line}: the SDKs take the last one."
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
    if key not in DISPLAYABLE_KEYS:
        return generic_message
    return f"The AWS CLI and boto3 take the comment for a part of the value: they read {display_value(key, value.strip())}."
