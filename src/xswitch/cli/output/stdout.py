"""The only module that writes stdout: data, and nothing but data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TextIO

from xswitch.core.model import Problem
from xswitch.core.text import sanitize

ENVELOPE_VERSION = 1
_ITEMS_PER_CHUNK = 50


class Stdout:
    """Writes to one stream, which may be a saved copy of descriptor 1 while the screen holds the terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def raw(self, text: str) -> None:
        """Text that is complete and safe for a program as it is.

        A credential_process answer, shell code, a template.

        On a terminal there is no such program, and what a path or a name in it holds must do
        nothing there.
        """
        if self._stream.isatty():
            text = "\n".join(
                "\t".join(map(sanitize, line.split("\t"))) for line in text.split("\n")
            )
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            self._bytes(text)
        self._stream.flush()

    def _bytes(self, text: str) -> None:
        # A path may be no text at all, and a locale may lack a sign that the shell, which only
        # passes bytes on, doesn't have to know.
        self._stream.flush()
        try:
            content = text.encode(self._stream.encoding, "surrogateescape")
        except UnicodeEncodeError:
            content = text.encode("utf-8", "surrogateescape")
        self._stream.buffer.write(content)

    def lines(self, lines: Sequence[str]) -> None:
        """One line each, made harmless; what the locale has no sign for is written as an escape."""
        text = "".join(sanitize(line) + "\n" for line in lines)
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()

    def envelope(
        self, command: str, data: object, problems: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        """The JSON envelope: version, command, data, problems.

        ASCII only, so no terminal acts on it.

        Whatever can be iterated over is an array. Indented for whoever looks at it on a terminal,
        one line for a program: the encoder that indents takes four times as long.
        """
        document = {
            "version": ENVELOPE_VERSION,
            "command": command,
            "data": data,
            "problems": problems,
        }
        if self._stream.isatty():
            self._stream.write(
                json.dumps(document, indent=2, ensure_ascii=True, default=list) + "\n"
            )
        else:
            self._stream.writelines(_json_chunks(document, 3))
            self._stream.write("\n")
        self._stream.flush()


def _json_chunks(value: object, depth: int) -> Iterator[str]:
    """The JSON of a value, the arrays up to `depth` levels down bit by bit.

    Thousands of roles never lie in memory together.
    """
    if depth and isinstance(value, dict):
        separator = "{"
        for name, inner in value.items():
            yield f"{separator}{json.dumps(name)}: "
            yield from _json_chunks(inner, depth - 1)
            separator = ", "
        yield "}" if value else "{}"
    elif depth and isinstance(value, Iterable) and not isinstance(value, str | bytes):
        items = iter(value)
        separator = "["
        while chunk := list(islice(items, _ITEMS_PER_CHUNK)):
            yield separator
            yield json.dumps(chunk)[1:-1]
            separator = ", "
        yield "]" if separator == ", " else "[]"
    else:
        yield json.dumps(value)


def table(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> list[str]:
    """Rows as aligned text lines under their headings; cells are made harmless first."""
    cells = [[sanitize(cell) for cell in row] for row in [headings, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def problem_json(problem: Problem) -> dict[str, Any]:
    """A Problem as `--json` shows it."""
    return {
        "file": problem.file,
        "line": problem.line,
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
        "profile": problem.profile,
    }
