"""The `keyring` package's Secret Service backend without any prompt; imported in the child only.

The package calls Unlock before every read, and a keyring can be locked, or reply with a prompt,
after it was found open. A prompt can't be withdrawn once it is on the screen.
"""

from __future__ import annotations

import json
from contextlib import closing
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
_SERVICE = "org.freedesktop.Secret.Service"
_UNUSED_ALIAS = "xswitch"  # doesn't exist; only the arrival of the reply matters
_MAX_REMOVED = 20  # in one request, which has a timeout
_IS_LOCKED = "org.freedesktop.Secret.Error.IsLocked"


class NoPromptKeyring(Keyring):
    """Raises KeyringLocked where the package would prompt."""

    def get_preferred_collection(self) -> Any:
        """Return the default collection if it is open; never create one."""
        collection = secretstorage.Collection(_NoPromptConnection(secretstorage.dbus_init()))
        if collection.is_locked():
            raise KeyringLocked("the collection is locked")
        return collection

    def unlock(self, item: Any) -> None:
        """Do nothing for an open item, and refuse a locked one."""
        if item.is_locked():
            raise KeyringLocked("the item is locked")

    def clear(self, prefix: str, user: str) -> str:
        """Delete a user's entries; see `_clear`. Locked ones stay."""
        return _clear(_NoPromptConnection(secretstorage.dbus_init()), prefix, user, unlock=False)


class PromptingKeyring(Keyring):
    """The package's own backend, which may prompt, and can delete many entries at once."""

    def clear(self, prefix: str, user: str) -> str:
        """Delete a user's entries; see `_clear`. Locked ones are unlocked first."""
        return _clear(secretstorage.dbus_init(), prefix, user, unlock=True)


def _clear(connection: Any, prefix: str, user: str, *, unlock: bool) -> str:
    """Delete a user's entries in every collection whose service begins with `prefix`.

    Returns JSON: `removed`, the services; `locked`, the number of locked entries; `more`, whether
    this ended before the last one.
    """
    removed: list[str] = []
    locked = 0
    with closing(connection):
        # gnome-keyring registers a client in a separate step: see hot/secret_service.py
        service = secretstorage.util.DBusAddressWrapper(SS_PATH, _SERVICE, connection)
        service.call("ReadAlias", "s", _UNUSED_ALIAS)
        found, also_locked = service.call("SearchItems", "a{ss}", {"username": user})
        # Of a keyring that was never unlocked, gnome-keyring only knows the attributes' hashes
        attributes = {"username": user, "application": Keyring.appid}
        ours = {
            path for paths in service.call("SearchItems", "a{ss}", attributes) for path in paths
        }
        for path in (*found, *also_locked):
            if len(removed) == _MAX_REMOVED:
                break
            try:
                item = secretstorage.Item(connection, path)
                name = item.get_attributes().get("service")
                if (path not in ours) if name is None else not name.startswith(prefix):
                    continue
                if item.is_locked() and (not unlock or item.unlock() or item.is_locked()):
                    locked += 1
                    continue
                name = item.get_attributes().get("service", "")
                if not name.startswith(prefix):
                    continue
                item.delete()
            except secretstorage.ItemNotFoundException:
                continue
            removed.append(name)
    return json.dumps({"removed": removed, "locked": locked, "more": len(removed) == _MAX_REMOVED})


class _NoPromptConnection:
    """A connection that refuses to send calls that open a window.

    It also tells a missing item from a service whose default collection is missing.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def send_and_get_reply(self, message: Any) -> Any:
        call = message.header.fields
        if call[HeaderFields.member] in _PROMPTING_CALLS:
            raise KeyringLocked("it would have to prompt")
        reply = self._connection.send_and_get_reply(message)
        if reply.header.message_type is MessageType.error:
            name = reply.header.fields.get(HeaderFields.error_name)
            if name == _IS_LOCKED:
                raise KeyringLocked("the service reports it")
            if name in _MISSING_ERRORS and call[HeaderFields.path] in {SS_PATH, DEFAULT_COLLECTION}:
                raise KeyringError(f"{call[HeaderFields.member]} was answered with {name}")
        return reply
