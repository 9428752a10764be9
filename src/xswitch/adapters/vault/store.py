"""The one small interface behind which every store stands."""

from __future__ import annotations

from typing import Protocol

from xswitch.core.sessions.keys import KEY_LENGTH

SERVICE_PREFIX = "xswitch:"
USER = "session"
_HEX = frozenset("0123456789abcdef")


class Store(Protocol):
    """Values by session key.

    Every call may raise VaultLockedError, VaultAbsentError or VaultBrokenError, within seconds.
    """

    def get(self, key: str) -> str | None:
        """The value kept under a session key, None when there is none."""
        ...

    def put(self, key: str, value: str) -> None:
        """Keep `value`; a reader sees the old value or the new one, never a mix."""
        ...

    def delete(self, key: str) -> None:
        """Drop it; no error when it isn't there."""
        ...


def validate_key(key: str) -> str:
    """`key` itself.

    Raises ValueError, a bug of the caller, for anything but 40 lower-case hex digits: keys become
    file names.
    """
    if len(key) != KEY_LENGTH or not _HEX.issuperset(key):
        msg = "not a session key"
        raise ValueError(msg)
    return key


def service_name(key: str) -> str:
    """The service name a session is kept under in a keyring."""
    return SERVICE_PREFIX + validate_key(key)
