r"""The binding of a managed profile's command: the role that was announced, and its files.

The words follow the profile's name in `credential_process`:

    … PROFILE ROLE_ARN [CONFIG_FILE CREDENTIALS_FILE]

So a program that names its own config file gets the role that this file's profile is for. Without
file words, the profile is in the default files. A command of an earlier version has no words: it
means the files that the environment names, and whichever role they give the profile.

In a word, every byte outside `[A-Za-z0-9_@+:,./-]` is `=XX`, because SDKs, shells, and locales read
the others differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xswitch.core.errors import UsageError
from xswitch.core.model import ConfigPaths, Profile
from xswitch.core.profiles.process_command import split_command

STORED_ONLY_VARIABLE = "XSWITCH_STORED_ONLY"
"""Set where `credential-process` is only tried out: it then serves a stored session, or none."""

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@+:,./-")
_ESCAPED = re.compile(rb"=([0-9A-F]{2})?")
_ARN_PREFIX = "arn:"
_FILE_VARIABLES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
_FULL = 3  # an ARN and two files


@dataclass(frozen=True, slots=True)
class ProfileBinding:
    """A role, and the files in which a managed profile is for it."""

    role_arn: str
    files: ConfigPaths | None = None
    """None for the default files."""


def bind(role_arn: str, paths: ConfigPaths, default_paths: ConfigPaths) -> ProfileBinding:
    """Bind a profile of the files at `paths` to a role."""
    return ProfileBinding(role_arn, None if paths == default_paths else paths)


def binding_words(binding: ProfileBinding | None) -> tuple[str, ...]:
    """Return the words after the profile's name."""
    if binding is None:
        return ()
    files = () if binding.files is None else (binding.files.config, binding.files.credentials)
    return tuple(map(encode_word, (binding.role_arn, *files)))


def parse_binding(words: Sequence[str]) -> ProfileBinding | None:
    """Parse the words after the profile's name, None if there are none. Raises UsageError."""
    if not words:
        return None
    try:
        role_arn, *files = map(decode_word, words)
        if not role_arn.startswith(_ARN_PREFIX) or len(words) not in {1, _FULL}:
            raise ValueError  # noqa: TRY301 -- one message for all damage
    except ValueError:
        raise UsageError(
            "A managed profile's command ends in words that xswitch didn't write.",
            why="After the profile's name come a role ARN, or a role ARN and two files.",
            next_step="xswitch doctor",
        ) from None
    return ProfileBinding(role_arn, ConfigPaths(*files) if files else None)


def stored_binding(profile: Profile) -> ProfileBinding | None:
    """Return what the command of a managed profile is bound to.

    None for a command of an earlier version, and for one that xswitch didn't write.
    """
    words = split_command(profile.get("credential_process") or "")
    if profile.name not in words[1:]:
        return None
    last = len(words) - 1 - words[::-1].index(profile.name)
    try:
        return parse_binding(words[last + 1 :])
    except UsageError:
        return None


def bound_environments(
    environ: Mapping[str, str], binding: ProfileBinding | None
) -> tuple[Mapping[str, str], ...]:
    """Return the environments whose files may have a bound profile, the likeliest first.

    Files that the binding names are the only ones. A profile of the default files may be in those
    that the variables name, if they were moved, or if HOME is another one.
    """
    if binding is None:
        return (environ,)
    if binding.files is not None:
        files = zip(_FILE_VARIABLES, (binding.files.config, binding.files.credentials), strict=True)
        return ({**environ, **dict(files)},)
    if not any(map(environ.get, _FILE_VARIABLES)):
        return (environ,)
    default = {name: value for name, value in environ.items() if name not in _FILE_VARIABLES}
    return (default, environ)


def encode_word(text: str) -> str:
    """Write a text as one word that every SDK, shell, and locale reads alike."""
    raw = text.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in _PLAIN else f"={byte:02X}" for byte in raw)


def decode_word(word: str) -> str:
    """Read a word of `encode_word`. Raises ValueError for any other one."""

    def byte(match: re.Match[bytes]) -> bytes:
        return bytes((int(match[1] or b"", 16),))

    text = _ESCAPED.sub(byte, word.encode("utf-8", "surrogateescape")).decode(
        "utf-8", "surrogateescape"
    )
    if encode_word(text) != word:
        raise ValueError(word)
    return text
