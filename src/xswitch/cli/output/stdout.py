"""The only module that writes stdout: data only, no messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TextIO

from xswitch import streams
from xswitch.core.display import (
    HIDDEN,
    SHORTEST_SECRET,
    display,
    hide_secrets,
    holds_secrets,
    names_secret,
)
from xswitch.core.text import sanitize

ENVELOPE_VERSION = 1
_ITEMS_PER_CHUNK = 50
_ARRAYS = (list, tuple)
_NUMBERS = (int, float)


class Stdout:
    """Writes data to one stream.

    A write never fails: a command that changes something finishes its work without a reader. The
    first error is `lost`, and nothing is written after it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost: OSError | None = None

    def raw(self, text: str) -> None:
        """Write text for a program unchanged: a credential_process answer, code, a template.

        On a terminal, control characters are replaced: a path or name in it could hold some.
        """
        if self._stream.isatty():
            text = "\n".join(
                "\t".join(map(sanitize, line.split("\t"))) for line in text.split("\n")
            )
        try:
            self._write([text])
        except UnicodeEncodeError:
            # A path can be any bytes, and the locale can lack a character that the shell only
            # passes on
            try:
                content = text.encode(self._stream.encoding, "surrogateescape")
            except UnicodeEncodeError:
                content = text.encode("utf-8", "surrogateescape")
            self._write([content])

    def lines(self, lines: Sequence[str], *, verbatim: bool = False) -> None:
        """Write each line as it may be shown; characters the locale lacks become escapes.

        `verbatim` lines are what the user asked for, such as a policy document; they are sanitized.
        """
        text = "".join((sanitize(line) if verbatim else display(line)) + "\n" for line in lines)
        try:
            self._write([text])
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            self._write([text.encode(encoding, "backslashreplace").decode(encoding)])

    def envelope(
        self,
        command: str,
        data: object,
        problems: Iterable[Mapping[str, Any]] = (),
        *,
        verbatim: bool = False,
    ) -> None:
        """Write the JSON envelope: version, command, data, problems.

        It is ASCII only, so no terminal acts on it. Any iterable becomes an array. The text is
        indented only on a terminal: the indenting encoder takes four times as long. Strings are
        without secrets; `verbatim` data is what the user asked for, such as a policy document.
        """
        for_person = self._stream.isatty()
        document = {
            "version": ENVELOPE_VERSION,
            "command": command,
            "data": _without_secrets(data) if for_person and not verbatim else data,
            "problems": _without_secrets(problems),
        }
        if for_person:
            text = json.dumps(document, indent=2, ensure_ascii=True, default=_as_json)
            self._write([text, "\n"])
        else:
            encode = _json_text if verbatim else _SecretsHider()
            self._write(chain(_json_chunks(document, 3, encode), ["\n"]))

    def _write(self, pieces: Iterable[str | bytes]) -> None:
        """Write and flush; remember the first failure. Raises UnicodeEncodeError."""
        for piece in pieces:
            if self.lost is not None:
                return
            try:
                if isinstance(piece, bytes):
                    self._stream.flush()
                    self._stream.buffer.write(piece)
                else:
                    self._stream.write(piece)
            except OSError as error:
                self._lose(error)
        if self.lost is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._lose(error)

    def _lose(self, error: OSError) -> None:
        self.lost = error
        streams.flush(self._stream)  # which discards what can't be written


def _without_secrets(value: object, known: dict[str, str] | None = None) -> object:
    """Return JSON data with `hide_secrets` applied to its strings; iterables stay lazy.

    `known` keeps the results: paths and ARNs occur thousands of times in a large list.
    """
    known = {} if known is None else known
    if isinstance(value, str):
        if (shown := known.get(value)) is None:
            shown = known[value] = hide_secrets(value)
        return shown
    if isinstance(value, Mapping):
        return {
            hide_secrets(key): HIDDEN
            if isinstance(inner, str) and names_secret(key)
            else _without_secrets(inner, known)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(inner, known) for inner in value]
    if isinstance(value, Iterable):
        return (_without_secrets(inner, known) for inner in value)
    return value


def _as_json(value: Any) -> dict[Any, Any] | list[Any]:
    """Return what the encoder doesn't know as a dict or a list. Raises TypeError."""
    return dict(value) if isinstance(value, Mapping) else list(value)


# Without the search for circles, which takes a tenth of a long list's time
_json_text = json.JSONEncoder(default=_as_json, check_circular=False).encode


class _SecretsHider:
    """Encodes JSON as `_without_secrets` returns it, without a new copy where nothing is hidden.

    `list` has half a million values, most of them equal, so only distinct ones are looked at.
    """

    def __init__(self) -> None:
        self._harmless: set[str] = set()
        self._harmless_names: set[str] = set()

    def __call__(self, value: object) -> str:
        """Return the JSON text of a value."""
        keys: set[str] = set()
        strings: set[str] = set()
        pending = [value] if value else []
        for item in pending:  # which grows; a call for each value would take most of the time
            if isinstance(item, str):
                strings.add(item)
            elif isinstance(item, dict):
                keys.update(item)
                pending.extend(filter(None, item.values()))
            elif isinstance(item, _ARRAYS):
                pending.extend(filter(None, item))
            elif not isinstance(item, _NUMBERS):
                return self._encode_hidden(value)
        names = keys - self._harmless_names
        texts = strings - self._harmless
        if not all(isinstance(name, str) for name in names):
            return self._encode_hidden(value)
        if any(map(names_secret, names)) or holds_secrets(names) or holds_secrets(texts):
            return self._encode_hidden(value)
        self._harmless |= texts
        self._harmless_names |= names
        return _json_text(value)

    def _encode_hidden(self, value: object) -> str:
        return _json_text(_without_secrets(json.loads(_json_text(value))))


def _json_chunks(value: object, depth: int, encode: Callable[[object], str]) -> Iterator[str]:
    """Yield the JSON of a value, its arrays in chunks down to `depth` levels.

    Thousands of roles are never in memory at once.
    """
    if depth and isinstance(value, Mapping):
        separator = "{"
        for name, inner in value.items():
            key = _json_text(name) if len(name) < SHORTEST_SECRET else encode(name)
            yield f"{separator}{key}: "
            yield from _json_chunks(inner, depth - 1, encode)
            separator = ", "
        yield "}" if value else "{}"
    elif depth and isinstance(value, Iterable) and not isinstance(value, str | bytes):
        items = iter(value)
        separator = "["
        while chunk := list(islice(items, _ITEMS_PER_CHUNK)):
            yield separator
            yield encode(chunk)[1:-1]
            separator = ", "
        yield "]" if separator == ", " else "[]"
    else:
        yield encode(value)


def table(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> list[str]:
    """Format rows as aligned lines under their headings; cells are as they may be shown."""
    cells = [[display(cell) for cell in row] for row in [headings, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
