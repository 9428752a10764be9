"""A fake Secret Service that follows the specification, except as its mode says.

Usage: `python support/programs/secret_service.py ADDRESS FOLDER`, on a private bus. It
starts often, so it imports little. `support.vault.secret_service` runs it.

`FOLDER/mode` is its mode, which can change at any time: entries from the list below, separated by
`; `, each `at METHOD` or for all methods. `FOLDER/prompts` has a line for each call that opens a
window, `FOLDER/items` is the stored items, and `FOLDER/writes` has a line for each write.

    well                      follows the specification
    mute                      never answers
    dies, dies after METHOD   ends before the answer, or after it
    says NAME                 answers with an error of that name
    odd                       answers in another form
    slow SECONDS              waits before every answer
    locked, locks             is locked from the start; after the first search
    prompts                   answers with a prompt where it can, which never ends
    refuses large values      rejects them, and stores the others
    loses, swallows           finds no item; stores no item
    gone                      finds the item, but can't read it
    another's, cut, emptied, altered, binary        returns another secret
    no keyring                has no default collection

Source: specifications.freedesktop.org/secret-service-spec.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import open_dbus_connection

_ROOT = "/org/freedesktop/secrets"
_COLLECTION = f"{_ROOT}/collection/login"
_PROMPT = f"{_ROOT}/prompt/1"
_SESSION = f"{_ROOT}/session/1"
_DEFAULT = (_COLLECTION, f"{_ROOT}/aliases/default")
_WINDOWS = frozenset(("Unlock", "Prompt", "CreateCollection"))
LARGE = 400
"""The minimum size of a large value, in bytes; a session has some 600."""
_OBJECT_GONE, _NOT_SUPPORTED = (
    "org.freedesktop.DBus.Error.UnknownObject",
    "org.freedesktop.DBus.Error.NotSupported",
)
_ITEM_GONE = "org.freedesktop.Secret.Error.NoSuchObject"
_LIMIT = "org.freedesktop.DBus.Error.LimitsExceeded"
_ODD = ("a{sv}", ({"x": ("u", 1)},))
_SECRETS: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda secret: secret[: len(secret) // 2],
    "emptied": lambda _: b"",
    "altered": lambda secret: secret[::-1],
    "binary": lambda _: b"\xff\xfe\x00\x80",
    "another's": lambda _: b"a password of another program",
}
_Answer = tuple[str, tuple[Any, ...]]


class _ErrorReply(Exception):  # noqa: N818 -- a reply
    """A reply with an error of this name."""


class Service:
    """Answers method calls."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._member = ""
        self._searched = False

    def answer(self, message: Message) -> _Answer | None:
        """Return the reply's signature and values, None for no reply. Raises _ErrorReply."""
        fields = message.header.fields
        path, member = str(fields[HeaderFields.path]), str(fields[HeaderFields.member])
        self._member = member
        if member in _WINDOWS:
            self._note("prompts", member)
        if (seconds := self._mode("slow")) is not None:
            time.sleep(float(seconds))
        if self._mode("mute") is not None:
            return None
        if self._mode("dies") == "":
            sys.exit(1)
        if (name := self._mode("says")) is not None:
            raise _ErrorReply(name)
        if self._mode("no keyring") is not None and path in _DEFAULT:
            raise _ErrorReply(_OBJECT_GONE)
        answer: _Answer = getattr(self, f"_{member.lower()}")(path, *message.body)
        return answer if self._mode("odd") is None else _ODD

    def ends(self) -> bool:
        """Check whether this was its last answer."""
        self._searched |= self._member == "SearchItems"
        return self._mode("dies") == f"after {self._member}"

    def _mode(self, word: str) -> str | None:
        """Return the rest of a mode entry, None without one for this method."""
        for part in (self._folder / "mode").read_text().split("; "):
            mode, _, member = part.partition(" at ")
            if (mode == word or mode.startswith(f"{word} ")) and member in {"", self._member}:
                return mode.removeprefix(word).strip()
        return None

    def _note(self, name: str, line: str) -> None:
        with (self._folder / name).open("a") as file:
            file.write(f"{line}\n")

    @property
    def _items(self) -> dict[str, tuple[dict[str, str], bytes]]:
        path = self._folder / "items"
        items = json.loads(path.read_text()) if path.exists() else {}
        return {name: (has, base64.b64decode(secret)) for name, (has, secret) in items.items()}

    def _keep(self, items: dict[str, tuple[dict[str, str], bytes]]) -> None:
        part = self._folder / "items.part"
        part.write_text(
            json.dumps(
                {
                    name: (has, base64.b64encode(secret).decode())
                    for name, (has, secret) in items.items()
                }
            )
        )
        part.replace(self._folder / "items")

    @property
    def _locked(self) -> bool:
        return self._mode("locked") is not None or (
            self._searched and self._mode("locks") is not None
        )

    def _readalias(self, _: str, name: str) -> _Answer:
        return "o", (
            _COLLECTION if name == "default" and self._mode("no keyring") is None else "/",
        )

    def _get(self, path: str, interface: str, name: str) -> _Answer:
        items = self._items
        if path not in _DEFAULT and path not in items:
            raise _ErrorReply(_OBJECT_GONE)
        values: dict[str, Any] = {"Label": ("s", interface), "Locked": ("b", self._locked)}
        if path in items:
            values["Attributes"] = ("a{ss}", items[path][0])
        return "v", (values[name],)

    def _unlock(self, _: str, paths: list[str]) -> _Answer:
        return ("aoo", ([], _PROMPT)) if self._locked else ("aoo", (paths, "/"))

    def _prompt(self, _: str, __: str) -> _Answer:
        return "", ()  # Completed is never sent

    def _createcollection(self, _: str, __: object, ___: str) -> _Answer:
        return "oo", ("/", _PROMPT)

    def _opensession(self, _: str, algorithm: str, __: object) -> _Answer:
        if algorithm != "plain":
            raise _ErrorReply(_NOT_SUPPORTED)
        return "vo", (("s", ""), _SESSION)

    def _searchitems(self, _: str, wanted: dict[str, str]) -> _Answer:
        if self._mode("loses") is not None:
            return "ao", ([],)
        return "ao", (
            [path for path, (has, _) in self._items.items() if wanted.items() <= has.items()],
        )

    def _getsecret(self, path: str, session: str) -> _Answer:
        items = self._items
        if path not in items or self._mode("loses") is not None or self._mode("gone") is not None:
            raise _ErrorReply(_ITEM_GONE)
        if self._locked:
            raise _ErrorReply("org.freedesktop.Secret.Error.IsLocked")
        secret = items[path][1]
        for word, change in _SECRETS.items():
            secret = secret if self._mode(word) is None else change(secret)
        return "(oayays)", ((session, b"", secret, "text/plain"),)

    def _createitem(self, _: str, about: dict[str, Any], secret: Any, __: object) -> _Answer:
        self._note("writes", str(len(secret[2])))
        if self._mode("refuses large values") is not None and len(secret[2]) > LARGE:
            raise _ErrorReply(_LIMIT)
        if self._mode("prompts") is not None:
            return "oo", ("/", _PROMPT)
        items, attributes = self._items, about["org.freedesktop.Secret.Item.Attributes"][1]
        new = (
            f"{_COLLECTION}/{1 + max((int(path.rpartition('/')[2]) for path in items), default=0)}"
        )
        path = next((path for path, (has, _) in items.items() if has == attributes), new)
        if self._mode("swallows") is None:
            self._keep({**items, path: (attributes, bytes(secret[2]))})
        return "oo", (path, "/")

    def _delete(self, path: str) -> _Answer:
        if self._mode("prompts") is not None:
            return "o", (_PROMPT,)
        self._keep({name: item for name, item in self._items.items() if name != path})
        return "o", ("/",)


def _serve(address: str, folder: Path) -> None:
    connection = open_dbus_connection(bus=address)
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    name = "org.freedesktop.secrets"
    connection.send_and_get_reply(new_method_call(bus, "RequestName", "su", (name, 0)))
    print("ready", flush=True)  # noqa: T201 -- the parent waits for it
    service = Service(folder)
    while True:
        message = connection.receive()
        if message.header.message_type is not MessageType.method_call:
            continue
        try:
            answer = service.answer(message)
        except _ErrorReply as reply:
            connection.send(new_error(message, str(reply), "s", ("a text that is never shown",)))
            continue
        last = service.ends()
        if last:  # before the answer, so that the next call finds no service
            connection.send_and_get_reply(new_method_call(bus, "ReleaseName", "s", (name,)))
        if answer is not None:
            connection.send(new_method_return(message, *answer))
        if last:
            return


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))
