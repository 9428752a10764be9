"""The check before a write: read old and new text as the SDKs and as the AWS CLI do, and let only what was meant differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from xswitch.core.awsconfig.botocore_reader import CliReading, CliValue
from xswitch.core.awsconfig.differences import cli_maps, cli_reading
from xswitch.core.awsconfig.document import Document, parse
from xswitch.core.errors import ConfigError
from xswitch.core.model import Edit, FileKind, RemoveProfile, SetProfile

_Values = dict[str, str]
_Sections = dict[tuple[str, str], _Values]


def verify(old: str, new: str, file: FileKind, edits: Sequence[Edit]) -> None:
    """Check that `new` is `old` with `edits` made and nothing else changed, under both readings.

    When the AWS CLI refuses the old text already, its reading is no measure and only the SDKs' counts. Raises ConfigError, which names
    no value.
    """
    edits = [edit for edit in edits if edit.file == file]
    before = parse(old, file)
    after = before if new == old else parse(new, file)
    expected = _sdk(before)
    for edit in edits:
        _edit_sdk(expected, edit)
    found = _sdk(after)
    if found != expected:
        names = sorted({name for key in {*found, *expected} if found.get(key) != expected.get(key) for name in [key[1]]})
        raise _refused(f"The SDKs would read {_some(names)} otherwise than meant.")
    if new_faults := _faults(after) - _faults(before):
        raise _refused(f"The new text would have a new fault: {', '.join(sorted(new_faults))}.")
    touched = {edit.name for edit in edits}
    cli_before = cli_reading(before, touched)
    if cli_before.refused:
        return
    cli_after = cli_reading(after, touched)
    if cli_after.refused:
        raise _refused(f"The AWS CLI would refuse the file: in line {cli_after.refused.line} {cli_after.refused.reason}.")
    _verify_cli(cli_before, cli_after, file, edits)


def _verify_cli(before: CliReading, after: CliReading, file: FileKind, edits: Sequence[Edit]) -> None:
    touched = {edit.name for edit in edits}
    old, new = _cli(before, file), _cli(after, file)
    wrong = sorted(key[1] for key in {*old, *new} if old.get(key) != new.get(key) and not (key[0] == "profile" and key[1] in touched))
    if wrong:
        raise _refused(f"The AWS CLI would read {_some(wrong)} otherwise than before.")
    for name in touched:
        was, now = old.get(("profile", name)), new.get(("profile", name))
        wanted = _wanted(name, was, edits)
        if wanted is None:
            if now is not None:
                raise _refused(f"The AWS CLI would still see a profile {name}, from a header the SDKs read otherwise.")
        elif now is None or {**before.defaults, **wanted} != {**before.defaults, **now}:
            raise _refused(f"The AWS CLI would read profile {name} otherwise than meant.")


def _wanted(name: str, was: Mapping[str, CliValue] | None, edits: Sequence[Edit]) -> dict[str, CliValue] | None:
    """What the AWS CLI shall have for a profile after the edits, None when it shall be gone."""
    wanted = None if was is None else dict(was)
    for edit in edits:
        if edit.name != name:
            continue
        if isinstance(edit, RemoveProfile):
            wanted = None
        else:
            kept = {} if edit.exact or wanted is None else wanted
            wanted = {**kept, **edit.properties}
    return wanted


def _cli(reading: CliReading, file: FileKind) -> dict[tuple[str, str], Mapping[str, CliValue]]:
    maps = cli_maps(reading, file)
    found = {(str(kind), name): section.values for kind, sections in maps.items() for name, section in sections.items()}
    if file == "config":
        found |= {("other", name): section.values for name, section in reading.profile_map().other.items()}
    return found


def _sdk(document: Document) -> _Sections:
    """The values of every section, last one wins, the sections that mean nothing to an SDK too."""
    found: _Sections = {}
    prefixed = any(section.prefixed and section.name == "default" and section.kind == "profile" for section in document.sections)
    for section in document.sections:
        kind = str(section.kind)
        if kind == "preamble":
            continue
        if kind == "profile" and section.name == "default" and prefixed and not section.prefixed:
            kind = "ignored"
        values = found.setdefault((kind, section.name or section.raw), {})
        values.update((row[0], row[1]) for row in section.rows)
    return found


def _edit_sdk(sections: _Sections, edit: Edit) -> None:
    key = ("profile", edit.name)
    if isinstance(edit, SetProfile):
        kept = {} if edit.exact else sections.get(key, {})
        sections[key] = {**kept, **edit.properties}
    else:
        sections.pop(key, None)
        if edit.name == "default":
            sections.pop(("ignored", "default"), None)


def _faults(document: Document) -> Counter[str]:
    return Counter(fault.code for section in document.sections for fault in section.faults)


def _some(names: Sequence[str]) -> str:
    few = 3
    return ", ".join(f"[{name}]" for name in names[:few]) + (f" and {len(names) - few} more" if len(names) > few else "")


def _refused(why: str) -> ConfigError:
    return ConfigError(
        "The file is left as it is, as the change can't be made safely.",
        why=why,
        next_step="xswitch config, and mend the lines it names.",
        code="edit_unsafe",
    )
