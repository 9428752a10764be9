"""Sanitized text and counts for display.

Profile names, ARNs, and AWS messages can contain control characters that a terminal would act on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_SEPARATORS = frozenset("\u2028\u2029")
_C0_PICTURES = 0x2400
_DELETE_PICTURE = "\u2421"


def sanitize(text: str, *, limit: int | None = None) -> str:
    """Replace every character of `text` that a terminal acts on; the result is one line.

    C0 controls become Unicode control pictures. C1 controls, bidirectional overrides, line and
    paragraph separators, and unpaired surrogates become U+FFFD. `limit` is the maximum length in
    characters.
    """
    if not text.isascii() or not text.isprintable():
        text = _sanitize(text)
    if limit is not None and len(text) > limit:
        return text[: limit - 1] + "…"
    return text


def last_argument(text: str) -> str:
    """Quote a text for a shell as the last argument of a command, also if it begins with `-`."""
    import shlex  # noqa: PLC0415 -- most commands print no other command

    quoted = shlex.quote(sanitize(text))
    return f"-- {quoted}" if text.startswith("-") else quoted


def command_for(command: str, name: str, options: str = "") -> str:
    """Return a command for a name, with more options, as a shell reads it; sanitized.

    The options follow the name, except for one that begins with `-`.
    """
    last = last_argument(name)
    words = (command, options, last) if last.startswith("-- ") else (command, last, options)
    return " ".join(word for word in words if word)


def words_text(words: Iterable[str]) -> str:
    """Write the words of a command for a shell; sanitized."""
    import shlex  # noqa: PLC0415 -- as above

    return sanitize(shlex.join(words))


def option_text(name: str, value: str) -> str:
    """Write an option with its value for a shell, also if the value begins with `-`; sanitized."""
    return verbatim_option(name, sanitize(value))


def verbatim_option(name: str, value: str) -> str:
    """Write an option for a shell as `option_text` does, with every character of the value."""
    import shlex  # noqa: PLC0415 -- as above

    quoted = shlex.quote(value)
    return f"{name}={quoted}" if value.startswith("-") else f"{name} {quoted}"


def pluralize(count: int, singular: str, plural: str = "") -> str:
    """Format a count with its noun: "1 role", "1,204 roles"; `plural` defaults to an added s."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def capitalize_first(text: str) -> str:
    """Capitalize the first character, and leave the others as they are."""
    return text[:1].upper() + text[1:]


def strip_user_info(text: str) -> str:
    """Replace the user and password in every URL in `text`."""
    import re  # noqa: PLC0415 -- rarely needed

    return re.sub(r"(?<=//)[^/@\s]+(?=@)", "***", text)


def _sanitize(text: str) -> str:
    from unicodedata import category  # noqa: PLC0415 -- takes 4 ms, and most texts are ASCII

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
