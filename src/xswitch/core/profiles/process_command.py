r"""How a command is spelled as the value of `credential_process`.

botocore splits the value with `shlex` and starts the program itself; the Rust and JavaScript SDKs
hand it to a shell; Terraform and rclone split it their own way. What all of them read alike: words
of plain characters, an absolute path first, a blank inside a word as `\ `.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from xswitch.core.errors import ConfigError, ErrorCode

_windows = re.compile(r"[A-Za-z]:[\\/]").match
_unsafe = re.compile(r"[^A-Za-z0-9_@+=:,./ \x80-\U0010ffff-]").search


def quote_command(words: Sequence[str]) -> str:
    """The words as one credential_process value.

    The first is the program's absolute path; a Windows path is spelled with slashes. Raises
    ConfigError for a relative path and for anything a shell or one of the SDKs could read
    otherwise: quotes, backslashes, `~ $ # ; %`, other shell characters, control characters, an
    empty word, and a blank on Windows, where nothing escapes it.
    """
    if not words:
        raise ConfigError(
            "There is no command to write into the profile.",
            next_step="xswitch doctor",
            code=ErrorCode.COMMAND_UNSAFE,
        )
    program = words[0]
    windows = _windows(program) is not None
    if windows:
        program = program.replace("\\", "/")
    elif not program.startswith("/"):
        raise _unsafe_word_error(
            program, "It is no absolute path, so SDKs would look for it elsewhere.", 0
        )
    return " ".join(
        _escape_word(word, place, windows=windows)
        for place, word in enumerate([program, *words[1:]])
    )


def _escape_word(word: str, place: int, *, windows: bool) -> str:
    if not word:
        raise _unsafe_word_error(word, "It is empty.", place)
    match = _unsafe(word)
    bad_character = (
        match[0]
        if match
        else next(
            (
                char
                for char in word
                if not char.isascii() and (char.isspace() or not char.isprintable())
            ),
            None,
        )
    )
    if bad_character is not None:
        raise _unsafe_word_error(
            word,
            f"It holds {bad_character!r}, which shells and SDKs read in different ways.",
            place,
        )
    if windows and " " in word:
        raise _unsafe_word_error(
            word,
            "It holds a blank, and on Windows nothing that all SDKs understand escapes one.",
            place,
        )
    return word.replace(" ", "\\ ")


def _unsafe_word_error(word: str, why: str, place: int) -> ConfigError:
    if place == 0:
        step = "Install xswitch under a plain path, such as pipx and uv use, and run that one."
    else:
        step = "Choose a plain name: xswitch switch TARGET --profile-name NAME"
    return ConfigError(
        f"{word!r} can't be part of a credential_process command.",
        why=why,
        next_step=step,
        code=ErrorCode.COMMAND_UNSAFE,
    )
