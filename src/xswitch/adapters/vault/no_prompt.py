"""The Secret Service by the `keyring` package, but for whatever opens a window.

For when nobody was asked whether one may.

Imported in the child process alone. Unlock is what the package calls before every reading, and a
keyring can be locked, or answer with a prompt, after it was found open. It can't be taken back once
it is on the screen, and is there for nobody.
"""

from __future__ import annotations

from typing import Any

import secretstorage
from jeepney import HeaderFields, MessageType
from keyring.backends.SecretService import Keyring
from keyring.errors import KeyringError, KeyringLocked
from secretstorage.collection import DEFAULT_COLLECTION
from secretstorage.defines import (
    DBUS_NO_SUCH_OBJECT,
    DBUS_UNKNOWN_METHOD,
    DBUS_UNKNOWN_OBJECT,
    SS_PATH,
)

_PROMPTING_CALLS = frozenset(("Unlock", "Prompt", "CreateCollection"))
_MISSING_ERRORS = frozenset((DBUS_NO_SUCH_OBJECT, DBUS_UNKNOWN_METHOD, DBUS_UNKNOWN_OBJECT))
_IS_LOCKED = "org.freedesktop.Secret.Error.IsLocked"


class QuietKeyring(Keyring):
    """Raises KeyringLocked where a person would have to be asked."""

    def get_preferred_collection(self) -> Any:
        """The default collection, if it is open; none is made."""
        collection = secretstorage.Collection(_NoPromptConnection(secretstorage.dbus_init()))
        if collection.is_locked():
            raise KeyringLocked("the collection is locked")
        return collection

    def unlock(self, item: Any) -> None:
        """Nothing, for an item that is open."""
        if item.is_locked():
            raise KeyringLocked("the item is locked")


class _NoPromptConnection:
    """A connection that refuses to say what opens a window, and tells a missing item from a service that has nothing where it should."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def send_and_get_reply(self, message: Any) -> Any:
        asked = message.header.fields
        if asked[HeaderFields.member] in _PROMPTING_CALLS:
            raise KeyringLocked("it wants to ask somebody")
        reply = self._connection.send_and_get_reply(message)
        if reply.header.message_type is MessageType.error:
            name = reply.header.fields.get(HeaderFields.error_name)
            if name == _IS_LOCKED:
                raise KeyringLocked("it says so")
            if name in _MISSING_ERRORS and asked[HeaderFields.path] in {
                SS_PATH,
                DEFAULT_COLLECTION,
            }:
                raise KeyringError(f"{asked[HeaderFields.member]} was answered with {name}")
        return reply
