"""The check before a write.

Read old and new text as the SDKs and as the AWS CLI do, and let only what was meant differ.
"""

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
    """Check that `new` is `old` with `edits` made and nothing else changed, under both readings.

    When the AWS CLI refuses the old text already, its reading is no measure and only the SDKs'
    counts. Raises ConfigError, which names no value.
    """
    edits = [edit for edit in edits if edit.file == file]
    before = parse_document(old, file)
    after = before if new == old else parse_document(new, file)
    expected = _sdk_values(before)
    for edit in edits:
        _apply_edit(expected, edit)
    actual = _sdk_values(after)
    if actual != expected:
        names = sorted(
            {
                name
                for key in {*actual, *expected}
                if actual.get(key) != expected.get(key)
                for name in [key[1]]
            }
        )
        raise _unsafe_edit_error(f"The SDKs would read {_list_names(names)} otherwise than meant.")
    if new_faults := _count_faults(after) - _count_faults(before):
        raise _unsafe_edit_error(
            f"The new text would have a new fault: {', '.join(sorted(new_faults))}."
        )
    touched = {edit.name for edit in edits}
    cli_before = read_as_cli(before, touched)
    if cli_before.refused:
        return
    cli_after = read_as_cli(after, touched)
    if cli_after.refused:
        raise _unsafe_edit_error(
            f"The AWS CLI would refuse the file: in line {cli_after.refused.line} {cli_after.refused.reason}."
        )
    _verify_cli(cli_before, cli_after, file, edits)


def _verify_cli(
    before: CliParseResult, after: CliParseResult, file: FileKind, edits: Sequence[ProfileEdit]
) -> None:
    touched = {edit.name for edit in edits}
    old, new = _cli_values(before, file), _cli_values(after, file)
    changed_names = sorted(
        key[1]
        for key in {*old, *new}
        if old.get(key) != new.get(key) and not (key[0] == "profile" and key[1] in touched)
    )
    if changed_names:
        raise _unsafe_edit_error(
            f"The AWS CLI would read {_list_names(changed_names)} otherwise than before."
        )
    for name in touched:
        was, now = old.get(("profile", name)), new.get(("profile", name))
        expected = _expected_cli_values(name, was, edits)
        if expected is None:
            if now is not None:
                raise _unsafe_edit_error(
                    f"The AWS CLI would still see a profile {name}, from a header the SDKs read otherwise."
                )
        elif now is None or {**before.defaults, **expected} != {**before.defaults, **now}:
            raise _unsafe_edit_error(f"The AWS CLI would read profile {name} otherwise than meant.")


def _expected_cli_values(
    name: str, was: Mapping[str, CliValue] | None, edits: Sequence[ProfileEdit]
) -> dict[str, CliValue] | None:
    """What the AWS CLI shall have for a profile after the edits, None when it shall be gone."""
    expected = None if was is None else dict(was)
    for edit in edits:
        if edit.name != name:
            continue
        if isinstance(edit, RemoveProfile):
            expected = None
        else:
            retained = {} if edit.exact or expected is None else expected
            expected = {**retained, **edit.properties}
    return expected


def _cli_values(
    reading: CliParseResult, file: FileKind
) -> dict[tuple[str, str], Mapping[str, CliValue]]:
    maps = cli_maps(reading, file)
    values_by_section = {
        (str(kind), name): section.values
        for kind, sections in maps.items()
        for name, section in sections.items()
    }
    if file == "config":
        values_by_section |= {
            ("other", name): section.values for name, section in reading.profile_map().other.items()
        }
    return values_by_section


def _sdk_values(document: ConfigDocument) -> _Sections:
    """The values of every section, last one wins, the sections that mean nothing to an SDK too."""
    values_by_section: _Sections = {}
    prefixed = any(
        section.prefixed and section.name == "default" and section.kind == "profile"
        for section in document.sections
    )
    for section in document.sections:
        kind = str(section.kind)
        if kind == "preamble":
            continue
        if kind == "profile" and section.name == "default" and prefixed and not section.prefixed:
            kind = "ignored"
        values = values_by_section.setdefault((kind, section.name or section.raw), {})
        values.update((row[0], row[1]) for row in section.rows)
    return values_by_section


def _apply_edit(sections: _Sections, edit: ProfileEdit) -> None:
    key = ("profile", edit.name)
    if isinstance(edit, SetProfile):
        retained = {} if edit.exact else sections.get(key, {})
        sections[key] = {**retained, **edit.properties}
    else:
        sections.pop(key, None)
        if edit.name == "default":
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
        "The file is left as it is, as the change can't be made safely.",
        why=why,
        next_step="xswitch config, and mend the lines it names.",
        code=ErrorCode.EDIT_UNSAFE,
    )
