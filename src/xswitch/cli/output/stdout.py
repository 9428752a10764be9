"""The only module that writes stdout: data only, no messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TextIO

from xswitch.core.text import sanitize

ENVELOPE_VERSION = 1
_ITEMS_PER_CHUNK = 50


class Stdout:
    """Writes data to one stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def raw(self, text: str) -> None:
        """Write text for a program unchanged: a credential_process answer, code, a template.

        On a terminal, control characters are replaced: a path or name in it could hold some.
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
        # A path can be any bytes, and the locale can lack a character that the shell only passes on
        self._stream.flush()
        try:
            content = text.encode(self._stream.encoding, "surrogateescape")
        except UnicodeEncodeError:
            content = text.encode("utf-8", "surrogateescape")
        self._stream.buffer.write(content)

    def lines(self, lines: Sequence[str]) -> None:
        """Write each line sanitized; characters the locale lacks become escapes."""
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
        """Write the JSON envelope: version, command, data, problems.

        It is ASCII only, so no terminal acts on it. Any iterable becomes an array. The text is
        indented only on a terminal: the indenting encoder takes four times as long.
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
    """Yield the JSON of a value, its arrays in chunks down to `depth` levels.

    Thousands of roles are never in memory at once.
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
    """Format rows as aligned lines under their headings; cells are sanitized."""
    cells = [[sanitize(cell) for cell in row] for row in [headings, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
