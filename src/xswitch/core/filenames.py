"""The names of files made from profile names."""

from __future__ import annotations

from xswitch.core.errors import UsageError

_UNESCAPED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@:+-")


def profile_file_name(profile: str) -> str:
    """The name, without a folder, of the file kept for `profile`.

    ASCII, one per profile, never `.`, `..` or hidden.

    Every byte of the UTF-8 text outside `[A-Za-z0-9_.@:+-]`, and a dot at the beginning, is written
    as `%XX` in upper-case hex. The shells' prompt helpers make the same name with their builtins,
    so a change here is a change there. Raises UsageError for an empty name, which no file can have.
    """
    if not profile:
        raise UsageError("A profile needs a name.", next_step="xswitch list")
    raw = profile.encode("utf-8", "surrogateescape")
    return "".join(
        chr(byte) if byte in _UNESCAPED and (index or byte != ord(".")) else f"%{byte:02X}"
        for index, byte in enumerate(raw)
    )
