"""The lines that edits of a file change, as a diff without context: it shows no foreign line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xswitch.core.awsconfig.edit import TextPatch, apply_patches


def diff_lines(text: str, steps: Sequence[Sequence[TextPatch]]) -> Iterator[str]:
    """Yield lines with `+` or `-` in front; `steps` are those of `plan_edits` for `text`."""
    for patches in steps:
        for patch in patches:
            yield from _patch_lines(text, patch)
        text = apply_patches(text, patches)


def _lines(text: str) -> list[str]:
    """Split a text where the readers of the config do: not at a form feed or U+2028."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def _patch_lines(text: str, patch: TextPatch) -> Iterator[str]:
    start = text.rfind("\n", 0, patch.start) + 1
    whole = patch.end == 0 or text[patch.end - 1] == "\n"
    end = patch.end if whole and patch.end > start else text.find("\n", patch.end) + 1 or len(text)
    if whole and patch.end == start:
        end = start
    old = _lines(text[start:end])
    new = _lines(text[start : patch.start] + patch.text + text[patch.end : end])
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    yield from (f"-{line}" for line in old[same:])
    yield from (f"+{line}" for line in new[same:])
