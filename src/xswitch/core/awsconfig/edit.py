"""Set or remove a profile or sso-session in one file, and leave every other byte unchanged.

Line ends, byte order mark, comments, blank lines, nesting, and order are preserved. Of a repeated
key, the last occurrence is edited, which is the one SDKs read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from xswitch.core.awsconfig.document import (
    BLANKS,
    BOM,
    ConfigSection,
    is_legal_name,
    parse_document,
)
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import FileKind, ProfileEdit, RemoveProfile, SetProfile
from xswitch.core.model.profiles import PropertyRow

COMMENT_PREFIX = "# xswitch"

_control_character = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_surrogate = re.compile(r"[\ud800-\udfff]").search
_writable_key = re.compile(r"[a-z0-9_./%@+-]+").fullmatch
_comment_after_blank = re.compile(r"[ \t][#;]").search


class TextPatch(NamedTuple):
    """A replacement of `[start:end]` of a text."""

    start: int
    end: int
    text: str


class _Line(NamedTuple):
    start: int
    end: int
    content: str

    @property
    def has_content(self) -> bool:
        """Whether it's neither blank nor a comment at column 0."""
        return bool(self.content.strip(BLANKS)) and self.content[0] not in "#;"


def apply_edits(text: str, file: FileKind, edits: Sequence[ProfileEdit]) -> str:
    """Apply the edits of this file in order; edits of the other file are skipped.

    A new profile is appended: a blank line, a comment line that begins with `# xswitch`, the
    header, and the properties. A replaced value loses its continuation lines, and its inline
    comment moves to a separate line, because the AWS CLI would read it as part of the value. Raises
    ConfigError for a name, key, or value that some reader would read differently.
    """
    for patches in plan_edits(text, file, edits):
        text = apply_patches(text, patches)
    return text


def plan_edits(text: str, file: FileKind, edits: Sequence[ProfileEdit]) -> list[list[TextPatch]]:
    """Return the patches of each edit that changes something.

    The offsets of each list are those of the text after the previous list.
    """
    steps = []
    parsed = _ParsedText(text, file)
    for edit in edits:
        if edit.file != file:
            continue
        sections = parsed.sections_of(edit)
        patches = (
            _set_patches(parsed.text, edit, sections)
            if isinstance(edit, SetProfile)
            else _remove_patches(parsed.text, edit, sections)
        )
        if patches:
            steps.append(patches)
            parsed.apply(patches, edit)
    return steps


class _ParsedText:
    """A text between edits, which is parsed again only where an edit could have changed something.

    Thousands of profiles, each appended or edited from the end of the file to its start, take one
    pass.
    """

    def __init__(self, text: str, file: FileKind) -> None:
        self.text = text
        self._file: FileKind = file
        self._valid_before = 0
        self._sections: dict[tuple[str, str], list[ConfigSection]] = {}
        self._changed: set[tuple[str, str]] = set()
        self._parse()

    def sections_of(self, edit: ProfileEdit) -> list[ConfigSection]:
        """Return the sections that the edit is about."""
        key = (edit.section, edit.name)
        found = self._sections.get(key, [])
        if key in self._changed or any(one.content_end > self._valid_before for one in found):
            self._parse()
            found = self._sections.get(key, [])
        return found

    def apply(self, patches: Sequence[TextPatch], edit: ProfileEdit) -> None:
        """Make the patches of an edit."""
        # Whole lines before the first patch read as before
        start = patches[0].start
        whole = self.text[start - 1 : start] == "\n"
        self._valid_before = min(self._valid_before, start if whole else start - 1)
        self._changed.add((edit.section, edit.name))
        self.text = apply_patches(self.text, patches)

    def _parse(self) -> None:
        self._sections = {}
        for section in parse_document(self.text, self._file).sections:
            self._sections.setdefault((section.kind, section.name), []).append(section)
        self._valid_before = len(self.text)
        self._changed = set()


def apply_patches(text: str, patches: Sequence[TextPatch]) -> str:
    """Apply patches, which are in order and don't overlap; their offsets are those of `text`."""
    parts = []
    offset = 0
    for patch in patches:
        parts += [text[offset : patch.start], patch.text]
        offset = patch.end
    return "".join([*parts, text[offset:]])


def reversed_patches(text: str, steps: Sequence[Sequence[TextPatch]]) -> list[list[TextPatch]]:
    """Return the steps that restore `text` after `steps`.

    They contain only the replaced parts of the text.
    """
    reversed_steps: list[list[TextPatch]] = []
    for patches in steps:
        shift = 0
        inverse_patches = []
        for patch in patches:
            start = patch.start + shift
            inverse_patches.append(
                TextPatch(start, start + len(patch.text), text[patch.start : patch.end])
            )
            shift += len(patch.text) - (patch.end - patch.start)
        reversed_steps.insert(0, inverse_patches)
        text = apply_patches(text, patches)
    return reversed_steps


# -- setting ---------------------------------------------------------------------------------------


def _set_patches(text: str, edit: SetProfile, sections: list[ConfigSection]) -> list[TextPatch]:
    _check(edit)
    is_default = edit.name == "default" and edit.section == "profile"
    if is_default and any(section.prefixed for section in sections):
        sections = [section for section in sections if section.prefixed]
    if not sections:
        return [_append_patch(text, edit)]
    patches: list[TextPatch] = []
    missing = dict(edit.properties)
    for section in reversed(sections):
        for row in reversed(section.rows):
            if row[0] in missing:
                value = missing.pop(row[0])
                if value != row[1]:
                    patches += _replace_value(text, row, value)
            elif edit.exact:
                patches += _drop_lines(text, row[3], row[4])
        if edit.exact:
            patches += _drop_errors(text, section)
    if missing:
        patches.append(_insert_patch(text, sections[-1], missing, patches))
    return sorted(patches)


def _insert_patch(
    text: str, section: ConfigSection, properties: Mapping[str, str], patches: Sequence[TextPatch]
) -> TextPatch:
    """Insert properties after the content of a section, whose last line may lack its end."""
    offset = section.content_end
    eol = _line_ending(text[section.start : section.body]) or _usual_line_ending(text)
    dropped = any(
        patch.end == offset and not patch.text and text[patch.start - 1] == "\n"
        for patch in patches
    )
    start = "" if dropped or text[offset - 1] == "\n" else eol
    return TextPatch(
        offset,
        offset,
        start + "".join(f"{key} = {value}".rstrip() + eol for key, value in properties.items()),
    )


def _append_patch(text: str, edit: SetProfile) -> TextPatch:
    eol = _usual_line_ending(text)
    lines = []
    if text and text != BOM:
        if not text.endswith("\n"):
            lines.append("")
        lines.append("")  # also after a blank line: a removal takes one, and leaves the others
    if edit.comment:
        has_prefix = edit.comment.lower().startswith("xswitch")
        lines.append(f"# {edit.comment}" if has_prefix else f"{COMMENT_PREFIX}: {edit.comment}")
    is_default = edit.name == "default" and edit.section == "profile"
    unprefixed = edit.file == "credentials" or is_default
    lines.append(f"[{edit.name}]" if unprefixed else f"[{edit.section} {edit.name}]")
    lines += [f"{key} = {value}".rstrip() for key, value in edit.properties.items()]
    return TextPatch(len(text), len(text), "".join(line + eol for line in lines))


def _replace_value(text: str, row: PropertyRow, value: str) -> Iterator[TextPatch]:
    first, *continuation_lines = _lines(text, row[3], row[4])
    comment = _comment_after_blank(first.content)
    if comment:
        note = first.content[comment.start() + 1 :].rstrip()
        yield TextPatch(
            first.start,
            first.start,
            note + (_line_ending(text[first.start : first.end]) or _usual_line_ending(text)),
        )
    equals = first.content.index("=")
    after = first.content[equals + 1 :]
    blanks = len(after) - len(after.lstrip(BLANKS))
    if row[1].split("\n", 1)[0]:
        start, blank = equals + 1 + blanks, ""
    else:  # an empty value: the blank after "=" may belong to a comment
        start, blank = equals + 1, " " if first.content[equals - 1] in BLANKS else ""
    yield TextPatch(
        first.start + start, first.start + len(first.content), blank + value if value else ""
    )
    for line in continuation_lines:
        if line.has_content:
            yield TextPatch(line.start, line.end, "")


def _drop_lines(text: str, start: int, end: int) -> Iterator[TextPatch]:
    return (
        TextPatch(line.start, line.end, "") for line in _lines(text, start, end) if line.has_content
    )


def _drop_errors(text: str, section: ConfigSection) -> Iterator[TextPatch]:
    """Drop the lines of a section that aren't a property, a comment, or blank."""
    offset = section.body
    for start, end in [
        *((row[3], row[4]) for row in section.rows),
        (section.content_end, section.content_end),
    ]:
        yield from _drop_lines(text, offset, max(offset, start))
        offset = end


# -- removing --------------------------------------------------------------------------------------


def _remove_patches(
    text: str, edit: RemoveProfile, sections: list[ConfigSection]
) -> list[TextPatch]:
    _check_name(edit)
    patches: list[TextPatch] = []
    for section in sections:
        start = section.start
        above = text.rfind("\n", 0, max(0, start - 1)) + 1
        if start and text[above:start].removeprefix(BOM).startswith(COMMENT_PREFIX):
            start = above + text[above:start].startswith(BOM)
        end = section.content_end
        next_line = text[end : text.find("\n", end) + 1 or len(text)]
        above = text.rfind("\n", 0, max(0, start - 1)) + 1
        is_unclaimed = above >= (patches[-1].end if patches else 0)
        if is_unclaimed and start > above and _is_blank(next_line) and _is_blank(text[above:start]):
            start = above
        patches.append(TextPatch(start, end, ""))
    return patches


# -- shared ----------------------------------------------------------------------------------------


def _lines(text: str, start: int, end: int) -> Iterator[_Line]:
    while start < end:
        stop = text.find("\n", start, end) + 1 or end
        content = text[start:stop].removesuffix("\n").removesuffix("\r")
        yield _Line(start, stop, content)
        start = stop


def _is_blank(line: str) -> bool:
    return not line.removesuffix("\n").removesuffix("\r").strip(BLANKS)


def _line_ending(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n" if line.endswith("\n") else ""


def _usual_line_ending(text: str) -> str:
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def _check(edit: SetProfile) -> None:
    _check_name(edit)
    for key, value in edit.properties.items():
        _check_property(edit, key, value)
    if _control_character(edit.comment) or _surrogate(edit.comment):
        raise ConfigError(
            "The comment has a control character or invalid UTF-8.",
            next_step="Leave the comment out.",
            code=ErrorCode.UNSAFE_COMMENT,
        )


def _check_name(edit: ProfileEdit) -> None:
    if edit.section != "profile" and (edit.file != "config" or not is_legal_name(edit.name)):
        raise ConfigError(
            f"{edit.name!r} isn't a valid name of an sso-session.",
            why="SDKs accept only letters, digits, and _-/.%@:+ in it.",
            next_step="Choose another name: xswitch sso add NAME",
            code=ErrorCode.ILLEGAL_PROFILE_NAME,
        )
    if not is_legal_name(edit.name):
        raise ConfigError(
            f"{edit.name!r} isn't a valid profile name.",
            why="SDKs accept only letters, digits, and _-/.%@:+ in it.",
            next_step="Choose another name: xswitch switch TARGET --profile-name NAME",
            code=ErrorCode.ILLEGAL_PROFILE_NAME,
        )
    if edit.name == "DEFAULT" and edit.file == "credentials":
        raise ConfigError(
            "The credentials file can't have a profile named DEFAULT.",
            why="The AWS CLI and boto3 would add its keys to all other profiles.",
            next_step="Choose another name: xswitch switch TARGET --profile-name NAME",
            code=ErrorCode.ILLEGAL_PROFILE_NAME,
        )


def _check_property(edit: SetProfile, key: str, value: str) -> None:
    if not _writable_key(key):
        raise ConfigError(
            f"{key!r} isn't a valid key.",
            next_step="Use only lower-case letters and _.",
            code=ErrorCode.ILLEGAL_KEY,
        )
    reason = ""
    if _control_character(value):
        reason = "It has a control character or a line end."
    elif _surrogate(value):
        reason = "It isn't valid UTF-8."
    elif value != value.strip():
        reason = "It begins or ends with white space, which readers drop."
    elif _comment_after_blank(f" {value}"):
        reason = "It has a # or ; after a blank, which starts a comment for SDKs."
    if reason:
        raise ConfigError(
            f"The value of {key} can't be written to profile {edit.name}.",
            why=reason,
            next_step=f"Change {key} in the profile it is copied from.",
            code=ErrorCode.UNSAFE_VALUE,
        )
