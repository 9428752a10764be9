"""File names made from profile names and from the paths of config files."""

from __future__ import annotations

from xswitch.core.errors import UsageError

# Capitals are escaped, as a file system may not tell them from small letters
_UNESCAPED = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_.@:+-")


def profile_file_name(profile: str) -> str:
    """Make a file name, without a directory, that is unique to `profile`.

    The name is ASCII and never `.`, `..`, or hidden: every byte of the UTF-8 text outside
    `[a-z0-9_.@:+-]`, and a leading dot, becomes `%XX` in upper-case hex. The shells' prompt helpers
    make the same name with their builtins, so change them together. Raises UsageError for an empty
    name.
    """
    if not profile:
        raise UsageError("A profile needs a name.", next_step="xswitch list")
    raw = profile.encode("utf-8", "surrogateescape")
    return "".join(
        chr(byte) if byte in _UNESCAPED and (index or byte != ord(".")) else f"%{byte:02X}"
        for index, byte in enumerate(raw)
    )


def config_folder_name(config: str, default_config: str) -> str:
    """Name the folder of what belongs to the profiles of one config file: "" for the default one.

    Both are absolute paths. Profiles of two config files may have the same name. The shells' prompt
    helpers make the same name; see `profile_file_name`.
    """
    return "" if config == default_config else profile_file_name(config)
