"""The interface that every store implements, and the names sessions have in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from xswitch.core.errors import XswitchError
from xswitch.core.sessions.keys import KEY_LENGTH

SERVICE_PREFIX = "xswitch:"
USER = "session"
_HEX = frozenset("0123456789abcdef")


class Store(Protocol):
    """Values by session key.

    Every call may raise VaultLockedError, VaultAbsentError or VaultBrokenError, within seconds.
    """

    def get(self, key: str) -> str | None:
        """Return the value stored under a session key, or None."""
        ...

    def put(self, key: str, value: str) -> None:
        """Store `value`; a reader sees the old value or the new one, never a mix."""
        ...

    def delete(self, key: str) -> None:
        """Delete the value, if there is one."""
        ...


Report = Callable[[XswitchError], None]
"""Takes an error, and lets the work go on."""


def is_key(text: str) -> bool:
    """Check for 40 lowercase hex digits."""
    return len(text) == KEY_LENGTH and _HEX.issuperset(text)


def validate_key(key: str) -> str:
    """Return `key`.

    Raises ValueError for anything but 40 lowercase hex digits, as keys become file names.
    """
    if not is_key(key):
        msg = "not a session key"
        raise ValueError(msg)
    return key


def service_name(key: str) -> str:
    """Return the service name of a session in a keyring."""
    return SERVICE_PREFIX + validate_key(key)
