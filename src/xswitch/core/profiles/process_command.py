r"""Quote a command as the value of `credential_process`.

botocore splits the value with `shlex` and starts the program itself; the Rust and JavaScript SDKs
pass it to a shell; Terraform and rclone have splitters that differ from both. All of them agree on
an absolute path followed by words of plain characters, with a space inside a word written as `\ `.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from xswitch.core.errors import ConfigError, ErrorCode

_windows = re.compile(r"[A-Za-z]:[\\/]").match
# Only ASCII: a range up to U+10FFFF takes 5 ms to compile, at each start
_unsafe = re.compile(r"(?![A-Za-z0-9_@+=:,./ -])[\x00-\x7f]").search


def quote_command(words: Sequence[str]) -> str:
    """Quote words as one credential_process value.

    The first word is the program's absolute path; a Windows path gets forward slashes. Raises
    ConfigError for a relative path and for anything that a shell or an SDK could read differently:
    quotes, backslashes, `~ $ # ; %`, other shell characters, control characters, an empty word, and
    a space on Windows, where it can't be escaped.
    """
    if not words:
        raise ConfigError(
            "The credential_process command is empty.",
            next_step="xswitch doctor",
            code=ErrorCode.COMMAND_UNSAFE,
        )
    program = words[0]
    windows = _windows(program) is not None
    if windows:
        program = program.replace("\\", "/")
    elif not program.startswith("/"):
        raise _unsafe_word_error(
            program, "The path isn't absolute, so SDKs would look for it elsewhere.", 0
        )
    return " ".join(
        _escape_word(word, position, windows=windows)
        for position, word in enumerate([program, *words[1:]])
    )


def split_command(command: str) -> list[str]:
    """Split a `credential_process` that xswitch wrote, which escapes blanks with a backslash."""
    return [word.replace("\0", " ") for word in command.replace("\\ ", "\0").split(" ") if word]


def _escape_word(word: str, position: int, *, windows: bool) -> str:
    if not word:
        raise _unsafe_word_error(word, "It is empty.", position)
    for char in word:
        if _unsafe(char) or (not char.isascii() and (char.isspace() or not char.isprintable())):
            raise _unsafe_word_error(
                word, f"It has {char!r}, which shells and SDKs read in different ways.", position
            )
    if windows and " " in word:
        raise _unsafe_word_error(
            word, "It has a space, which can't be escaped for all SDKs on Windows.", position
        )
    return word.replace(" ", "\\ ")


def _unsafe_word_error(word: str, why: str, position: int) -> ConfigError:
    if position == 0:
        step = "Install xswitch under a path without special characters, for example with pipx."
    else:
        step = "Choose another name: xswitch switch TARGET --profile-name NAME"
    return ConfigError(
        f"{word!r} can't be part of a credential_process command.",
        why=why,
        next_step=step,
        code=ErrorCode.COMMAND_UNSAFE,
    )
