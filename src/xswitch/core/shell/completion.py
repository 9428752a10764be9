"""The words shells complete, as a table; the command line's parser provides them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

WordKind = Literal["command", "flag", "value", "file", "choice", "target"]


@dataclass(frozen=True, slots=True)
class CompletionWord:
    """One word that can follow a command."""

    command: str
    """Name of the command, with its verb if it has one; empty for a word after the program."""
    kind: WordKind
    """Whether nothing (flag), any text (value), or a path (file) follows; or a choice or target."""
    word: str
    """Of targets, which only xswitch itself can list, their kind; empty for those of `switch`."""
    text: str
    """A short description."""


def completion_table(words: Iterable[CompletionWord]) -> str:
    """Return a line per word: `command TAB kind TAB word TAB text`, a dot for each empty field.

    Most shells would lose empty fields, because they split at a run of tabs.
    """
    return "\n".join(
        f"{row.command or '.'}\t{row.kind}\t{row.word or '.'}\t{row.text or '.'}" for row in words
    )
