"""Check a new text before it's written: only the intended edits may change what readers read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from xswitch.core.awsconfig.botocore_reader import CliParseResult, CliValue
from xswitch.core.awsconfig.differences import cli_maps, read_as_cli
from xswitch.core.awsconfig.document import ConfigDocument, parse_document
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import FileKind, ProfileEdit, RemoveProfile, SetProfile

_Values = dict[str, str]
_Sections = dict[tuple[str, str], _Values]


def verify(old: str, new: str, file: FileKind, edits: Sequence[ProfileEdit]) -> None:
    """Check that `new` differs from `old` only by `edits`, for the SDKs and for the AWS CLI.

    If the AWS CLI rejects the old text, only the SDKs count. Raises ConfigError, whose message
    contains no values.
    """
    edits = [edit for edit in edits if edit.file == file]
    before = parse_document(old, file)
    after = before if new == old else parse_document(new, file)
    expected = _sdk_values(before)
    for edit in edits:
        _apply_edit(expected, edit)
    actual = _sdk_values(after)
    if actual != expected:
        keys = {*actual, *expected}
        names = sorted({key[1] for key in keys if actual.get(key) != expected.get(key)})
        raise _unsafe_edit_error(f"The SDKs would misread {_list_names(names)}.")
    if new_faults := _count_faults(after) - _count_faults(before):
        raise _unsafe_edit_error(
            f"The new text would have new mistakes: {', '.join(sorted(new_faults))}."
        )
    edited = {edit.name for edit in edits}
    cli_before = read_as_cli(before, edited)
    if cli_before.error:
        return
    cli_after = read_as_cli(after, edited)
    if cli_after.error:
        raise _unsafe_edit_error(
            "The AWS CLI would reject the file:"
            f" in line {cli_after.error.line} {cli_after.error.reason}."
        )
    _verify_cli(cli_before, cli_after, file, edits)


def _verify_cli(
    before: CliParseResult, after: CliParseResult, file: FileKind, edits: Sequence[ProfileEdit]
) -> None:
    touched: dict[tuple[str, str], list[ProfileEdit]] = {}
    for edit in edits:
        touched.setdefault((edit.section, edit.name), []).append(edit)
    old, new = _cli_values(before, file), _cli_values(after, file)
    changed_names = sorted(
        key[1] for key in {*old, *new} if old.get(key) != new.get(key) and key not in touched
    )
    if changed_names:
        raise _unsafe_edit_error(
            f"The change would affect what the AWS CLI reads in {_list_names(changed_names)}."
        )
    for (word, name), changes in touched.items():
        was, now = old.get((word, name)), new.get((word, name))
        expected = _expected_cli_values(was, changes)
        if expected is None:
            if now is not None:
                raise _unsafe_edit_error(
                    f"The AWS CLI would still see {word} {name}, from a header that SDKs read"
                    " differently."
                )
        elif now is None or {**before.defaults, **expected} != {**before.defaults, **now}:
            raise _unsafe_edit_error(f"The AWS CLI would misread {word} {name}.")


def _expected_cli_values(
    was: Mapping[str, CliValue] | None, edits: Sequence[ProfileEdit]
) -> dict[str, CliValue] | None:
    """Return the values that the AWS CLI must read after the edits; None for no profile."""
    expected = None if was is None else dict(was)
    for edit in edits:
        if isinstance(edit, RemoveProfile):
            expected = None
        else:
            retained = {} if edit.exact or expected is None else expected
            expected = {**retained, **edit.properties}
    return expected


def _cli_values(
    parsed: CliParseResult, file: FileKind
) -> dict[tuple[str, str], Mapping[str, CliValue]]:
    maps = cli_maps(parsed, file)
    values_by_section = {
        (str(kind), name): section.values
        for kind, sections in maps.items()
        for name, section in sections.items()
    }
    if file == "config":
        values_by_section |= {
            ("other", name): section.values for name, section in parsed.profile_map().other.items()
        }
    return values_by_section


def _sdk_values(document: ConfigDocument) -> _Sections:
    """Return the values of every section, even of those that SDKs ignore; the last one wins."""
    values_by_section: _Sections = {}
    for section in document.sections:
        kind = str(section.kind)
        if kind == "preamble":
            continue
        if document.ignores(section):
            kind = "ignored"
        values = values_by_section.setdefault((kind, section.name or section.raw), {})
        values.update((row[0], row[1]) for row in section.rows)
    return values_by_section


def _apply_edit(sections: _Sections, edit: ProfileEdit) -> None:
    key = (str(edit.section), edit.name)
    if isinstance(edit, SetProfile):
        retained = {} if edit.exact else sections.get(key, {})
        sections[key] = {**retained, **edit.properties}
    else:
        sections.pop(key, None)
        if key == ("profile", "default"):
            sections.pop(("ignored", "default"), None)


def _count_faults(document: ConfigDocument) -> Counter[str]:
    return Counter(fault.code for section in document.sections for fault in section.faults)


def _list_names(names: Sequence[str]) -> str:
    max_shown = 3
    return ", ".join(f"[{name}]" for name in names[:max_shown]) + (
        f" and {len(names) - max_shown} more" if len(names) > max_shown else ""
    )


def _unsafe_edit_error(why: str) -> ConfigError:
    return ConfigError(
        "The file wasn't changed, because the change isn't safe.",
        why=why,
        next_step="xswitch config, and fix the lines it names.",
        code=ErrorCode.EDIT_UNSAFE,
    )
