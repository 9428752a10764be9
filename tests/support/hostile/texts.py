"""Hostile text as profile names, ARNs, account names, and STS messages may contain it.

Code in it would create a file `pwned` in the working directory. Deterministic for a given
`random.Random`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

CANARY = "pwned"
"""The file that hostile text would create if a shell ran any of it."""

_COMMANDS = (
    f"touch {CANARY}",
    f"/usr/bin/touch {CANARY}",
    f">{CANARY}",
    f"echo x>{CANARY}",
    f"^touch {CANARY}",
    f"'' | save {CANARY}",
)
_WRAPPED = (
    "$({})",
    "`{}`",
    "';{};'",
    '";{};"',
    "';{} #",
    "\\';{};\\'",
    "'\\'';{};'\\''",
    "'\"'\"';{};'\"'\"'",
    "\\\\';{};\\\\'",
    "\n{}\n",
    "\r\n{}\r\n",
    ";{};",
    "&{}&",
    "|{}|",
    "&&{}||{}",
    "<({})",
    "({})",
    "{{{};}}",
    "${{x:-$({})}}",
    "$[$({})]",
    "$((a[$({})]))",
    "a[$({})]",
    "$'\\n{}\\n'",
    "EOF\n{}\nEOF\n",
    "\u2018;{};\u2019",
    "\u201c;{};\u201d",
    "\uff07;{};\uff07",
    "$(|{})",
    "=({})",
    "${{(e):-$({})}}",
    "!{}",
    "%({})",
    "eval {}",
    "\x1b]0;{}\x07",
    "\x16{}\n",
    "\x1b[200~{}\n\x1b[201~",
    "; end; {}; begin",
    "'; end; {}; '",
    ") && {} #",
    '$"{}"',
    "$env:x; {}",
)
_TERMINAL = (
    "\x1b[31m",
    "\x1b[2J\x1b[H",
    "\x1b[8m",
    "\x1b]0;title\x07",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]8;;https://evil.example/\x1b\\here\x1b]8;;\x1b\\",
    '\x1bP$q"p\x1b\\',
    "\x1b[6n",
    "\x1b[>c",
    "\x1b[?1049h",
    "\x1bc",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\x90q\x9c",
    "\x07",
    "\x08\x08\x08",
    "\r",
    "\x7f",
    "\x0e\x0f",
    "\x1a",
    "\x04",
    "\x03",
)
_UNICODE = (
    "\u202e",
    "\u2066\u2069",
    "\u200b",
    "\u200d",
    "\u2028",
    "\u2029",
    "\x85",
    "\u00a0",
    "\ufeff",
    "\u3000",
    "a\u0301\u0302\u0303\u0304",
    "e\u0301",
    "\u00e9",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U000e0041",
    "\U0010ffff",
    "\ufdd0\ufdef",
    "\uf600\uf6ff",
    "\ue000",
    "\uff1b\uff04\uff08",
    "\u2044\u2215",
    "\u0130\u0131\u017f\u212a",
    "\ufffd",
)
_MARKUP = (
    "[/]",
    "[bold red]",
    "[link=https://evil.example/]here[/link]",
    "[@click=app.quit]x[/]",
    "[@click=app.bell()]x[/]",
    "\\[",
    "[[/]]",
    "[not closed",
    ":skull:",
    "$text",
    "[on red]%s[/on red]",
)
_CONFIG = (
    "]\n[profile evil]\ncredential_process = touch pwned\n",
    "\n  region = evil",
    "\ncredential_process = touch pwned",
    "\r[profile evil]",
    " # a comment",
    "\t;another",
    "# xswitch",
    "[profile evil]",
    "]",
    "[",
    " = evil",
    "=",
    ":",
    "\\\n[evil]",
    "%(region)s",
    "\n\n[DEFAULT]\nregion = evil",
    "\u2028[profile evil]\u2028",
    "\x0c[profile evil]",
    "\x1c[profile evil]",
    "\x85[profile evil]",
)
_PLAIN = (
    "'",
    '"',
    "\\",
    "`",
    "$",
    "!",
    "*",
    "?",
    "~",
    "-",
    "--",
    "-n",
    "%s%n",
    "{a,b}",
    "{0}",
    "\n",
    "\t",
    " ",
    "..",
    "/",
    "&lt;",
    "\\x00",
    "$HOME",
    "%PATH%",
)
_AROUND = (
    "{}",
    "xs-{}",
    "{}-prod",
    "team/{}",
    "-{}",
    "arn:aws:iam::222222222222:role/{}",
    "arn:aws:sts::222222222222:assumed-role/Admin/{}",
    "arn:aws:iam::{}:role/Admin",
    "arn:aws:iam::222222222222:mfa/{}",
    "Payments ({})",
    (
        "User: arn:aws:iam::111111111111:user/ann is not authorized to perform: sts:AssumeRole "
        "on resource: {}"
    ),
    "An error occurred (AccessDenied) when calling the AssumeRole operation: {}",
    "1 validation error detected: Value '{}' at 'roleSessionName' failed to satisfy constraint",
)
LONGEST = 15_000
"""Maximum length. About sixteen such variables fit into a program's environment."""


def hostile(chance: Random, *, as_bytes: bool = False) -> str:
    """Return a hostile text without NUL. About one in a hundred is very long.

    With `as_bytes` it may contain bytes that aren't UTF-8, as lone surrogates.
    """
    pieces = [chance.choice(_KINDS)(chance) for _ in range(chance.randint(1, 4))]
    if as_bytes and not chance.randrange(8):
        pieces.insert(
            chance.randint(0, len(pieces)),
            bytes(chance.randrange(128, 256) for _ in range(chance.randint(1, 3))).decode(*_BYTES),
        )
    text = chance.choice(_AROUND).format("".join(pieces))
    if not chance.randrange(100):
        text = (text * (LONGEST // len(text) + 1))[: chance.randint(LONGEST // 2, LONGEST)]
    # Adjacent bytes may form a valid character.
    return text.encode(*_BYTES).decode(*_BYTES)


def hostiles(chance: Random, how_many: int, *, as_bytes: bool = False) -> list[str]:
    """Return a number of different hostile texts."""
    found: dict[str, None] = {}
    while len(found) < how_many:
        found[hostile(chance, as_bytes=as_bytes)] = None
    return list(found)


def one_line(text: str) -> str:
    """Return `text` without control characters, as a writer of lines accepts it."""
    return "".join(
        character for character in text if character >= " " and character != "\x7f"
    ).strip()


def _code(chance: Random) -> str:
    wrapped = chance.choice(_WRAPPED)
    return (
        wrapped.replace("{{", "\0")
        .replace("}}", "\1")
        .replace("{}", chance.choice(_COMMANDS))
        .replace("\0", "{")
        .replace("\1", "}")
    )


def _one_of(texts: tuple[str, ...]) -> Callable[[Random], str]:
    return lambda chance: chance.choice(texts)


def _noise(chance: Random) -> str:
    return "".join(
        chr(chance.choice((chance.randint(1, 127), chance.randint(1, 0x2FFF))))
        for _ in range(chance.randint(1, 12))
    )


_BYTES = ("utf-8", "surrogateescape")
_KINDS: tuple[Callable[[Random], str], ...] = (
    _code,
    _code,
    _one_of(_TERMINAL),
    _one_of(_UNICODE),
    _one_of(_MARKUP),
    _one_of(_CONFIG),
    _one_of(_PLAIN),
    _noise,
)
