"""Text that controls a terminal or Textual, and the sequences xswitch may write to a terminal."""

from __future__ import annotations

import base64
import re
from random import Random
from xml.sax.saxutils import escape

# These numbers differ from those xswitch writes.
_SEQUENCES = ("\x1b[35;45;6m", "\x1b[22J", "\x1b[99;98H", "\x1b[?1047l")
_PIECES = (
    *_SEQUENCES,
    "\x1b[6n",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1bP$q\x1b\\",
    "\x1b_apc\x1b\\",
    "\x1bc",
    "\x9b31m",
    "\x9d0;x\x9c",
    "\x07",
    "\x08\x08",
    "\x7f",
    "\x0b",
    "\x0c",
    "\x05",
    "\u202etxet\u202c",
    "\u2066x\u2069",
    "\u200b\u200d\ufeff",
    "a\u0301\u0301\u0301",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\uff21\uff22\uff23",
    "[@click=app.quit]x[/]",
    "[link=http://evil.example]x[/link]",
    "[bold red]x[/]",
    "[/]",
    "[",
    "\\[b]",
    "{x}",
    "%s%n",
    "$(touch pwned)",
)
_ENDS = "\r\n"

# Written by Textual and xswitch: colors, the cursor, modes, the keyboard protocol, mode queries.
ALLOWED = re.compile(
    r"\x1b\[[0-9;:]*m|\x1b\[\d*;?\d*H|\x1b\[\d*[ABCDJKXG]|\x1b\[\?[\d;]+[hlsr]|\x1b\[[<>=][\d;]*u|\x1b\[\?u"
    r"|\x1b\[\?\d+\$p|\x1b\[\d+ q|\x1b\[c|\x1b\]22;[a-z]*\x07"
)
_CLIPBOARD = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
_COPIED = ("export AWS_PROFILE='", "https://signin.", "'xswitch' 'access' ", "{")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARK = re.compile(r"hx(\d{4})z")
_FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def hostile(random: Random, number: int, *, lines: bool = False) -> str:
    """Return a hostile text with a unique mark; `lines` adds line ends."""
    pieces = [random.choice(_PIECES) for _ in range(random.randint(1, 3))]
    pieces.insert(random.randrange(len(pieces) + 1), mark(number))
    if lines:
        pieces.insert(random.randrange(len(pieces) + 1), random.choice(_ENDS))
    return "".join(pieces)


def mark(number: int) -> str:
    """Return the mark of a text."""
    return f"hx{number:04}z"


def marks(text: str) -> set[int]:
    """Return the numbers of the texts whose marks occur."""
    return {int(found) for found in _MARK.findall(text)}


def in_xml(text: str) -> str:
    """Return the part of a text that an AWS response can contain.

    XML 1.0 excludes C0 controls, but allows C1 controls and bidirectional marks.
    """
    return escape(_NO_XML.sub("", text), {"\r": "&#13;", "\n": "&#10;", '"': "&quot;"})


def _ours(clipboard: re.Match[str]) -> str:
    """Return "" for a sequence that copies a harmless line, else the sequence."""
    copied = base64.b64decode(clipboard[1]).decode()
    return (
        ""
        if copied.startswith(_COPIED) and all(one.isprintable() or one == "\n" for one in copied)
        else clipboard[0]
    )


def foreign_output(written: bytes | bytearray) -> list[str]:
    """Return parts of an output that xswitch doesn't write itself.

    These are unknown controls, links, and bidirectional marks.
    """
    text = written.decode("utf-8", "replace")
    rest = ALLOWED.sub("", _CLIPBOARD.sub(_ours, text))
    found = [rest[max(0, one.start() - 20) : one.end() + 20] for one in _FORBIDDEN.finditer(rest)]
    found += [repr(piece) for piece in _SEQUENCES if piece in text]
    if "\x1b]8;" in text:
        found.append("a link")
    return found
