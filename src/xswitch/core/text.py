"""Text for people.

Hostile text made harmless (profile names, ARNs and AWS messages may hold anything), and counts with
their nouns.
"""

from __future__ import annotations

from collections.abc import Callable

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_SEPARATORS = frozenset("\u2028\u2029")
_C0_PICTURES = 0x2400
_DELETE_PICTURE = "\u2421"


def sanitize(text: str, *, limit: int | None = None) -> str:
    """`text` with nothing in it that a terminal acts on, as one line.

    C0 controls become their Unicode pictures (ESC is shown as a sign), C1 controls, bidirectional
    overrides, line and paragraph separators and unpaired surrogates become U+FFFD. `limit` is the
    longest result in characters.
    """
    if not text.isascii() or not text.isprintable():
        text = _sanitize(text)
    if limit is not None and len(text) > limit:
        return text[: limit - 1] + "…"
    return text


def pluralize(count: int, singular: str, plural: str = "") -> str:
    """A count with its noun: "1 role", "1,204 roles".

    `several` is the plural where it is not `one` with an s.
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def _sanitize(text: str) -> str:
    from unicodedata import category  # noqa: PLC0415 -- 4 ms, and most texts are ASCII

    return "".join(_visible(character, category) for character in text)


def _visible(character: str, category: Callable[[str], str]) -> str:
    code = ord(character)
    if code < 0x20:  # noqa: PLR2004 -- the end of C0
        return chr(_C0_PICTURES + code)
    if code == 0x7F:  # noqa: PLR2004 -- DEL
        return _DELETE_PICTURE
    if character in _BIDI or character in _LINE_SEPARATORS or category(character) in {"Cc", "Cs"}:
        return "\ufffd"
    return character
