"""Text that means something to a terminal or to Textual, and what a program of ours may write to a terminal."""

from __future__ import annotations

import re
from random import Random

_PIECES = (
    "\x1b[31m",
    "\x1b[2J",
    "\x1b[6n",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1bP$q\x1b\\",
    "\x1b_apc\x1b\\",
    "\x1b[?1049l",
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

# What Textual and our own words write: colours, the cursor, modes, the keyboard's protocol, questions about modes.
ALLOWED = re.compile(
    r"\x1b\[[0-9;:]*m|\x1b\[\d*;?\d*H|\x1b\[\d*[ABCDJKXG]|\x1b\[\?[\d;]+[hlsr]|\x1b\[[<>=][\d;]*u|\x1b\[\?u"
    r"|\x1b\[\?\d+\$p|\x1b\[\d+ q|\x1b\[c|\x1b\]22;[a-z]*\x07"
)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def hostile(random: Random, number: int, *, lines: bool = False) -> str:
    """A text of one line (or, with `lines`, with ends of lines in it too) with a mark that tells it from all others."""
    pieces = [random.choice(_PIECES) for _ in range(random.randint(1, 3))]
    pieces.insert(random.randrange(len(pieces) + 1), mark(number))
    if lines:
        pieces.insert(random.randrange(len(pieces) + 1), random.choice(_ENDS))
    return "".join(pieces)


def mark(number: int) -> str:
    """The mark of one text."""
    return f"hx{number:04}z"


def theirs(written: bytes) -> list[str]:
    """What in a program's output can only be somebody else's: controls that are none of ours, links, what turns text round."""
    text = written.decode("utf-8", "replace")
    rest = ALLOWED.sub("", text)
    found = [rest[max(0, one.start() - 20) : one.end() + 20] for one in _FORBIDDEN.finditer(rest)]
    if "\x1b]8;" in text:
        found.append("a link")
    return found
