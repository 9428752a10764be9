"""A Secret Service that does what the specification says until it is told to be ill.

A program of its own, on a private bus.

Run in `tests/` as `python -m support.vault.secret_service ADDRESS FOLDER`. `FOLDER/mood` says how it feels, and
can change at any time: words from the list below, separated by `; `, each `at METHOD` or
everywhere. `FOLDER/asked` gets a line for every call that puts a window on somebody's screen,
`FOLDER/items` keeps what it was given, also when it dies, and `FOLDER/writes` has a line for every
item it was to keep.

    well                      as the specification has it
    mute                      takes the question and says nothing
    dies, dies after METHOD   before it answers, or once it has
    says NAME                 an error of that name
    odd                       an answer in another form
    slow SECONDS              before every answer
    locked, locks             from the start; once it was searched
    prompts                   for whatever can be answered by a prompt, which never ends
    refuses large values      and keeps the others
    loses, swallows           an item that was kept; one that is to be kept
    gone                      the item can be found, and not be read
    another's, cut, emptied, altered, binary        what it gives for the secret
    no keyring                no default collection

Source: specifications.freedesktop.org/secret-service-spec.
"""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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

from support.vault.keyrings import Need, end, private_bus, short_folder

_TESTS = Path(__file__).parents[2]
_MODULE = "support.vault.secret_service"
_ROOT = "/org/freedesktop/secrets"
_COLLECTION = f"{_ROOT}/collection/login"
_PROMPT = f"{_ROOT}/prompt/1"
_SESSION = f"{_ROOT}/session/1"
_DEFAULT = (_COLLECTION, f"{_ROOT}/aliases/default")
_WINDOWS = frozenset(("Unlock", "Prompt", "CreateCollection"))
LARGE = 400
"""Bytes from which on a value is one of the large ones; a session is some 600."""
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


class _No(Exception):  # noqa: N818 -- an answer like any other
    """An error's name, for the caller."""


class Service:
    """The service's side: a method call in, a signature and values out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._member = ""
        self._searched = False

    def answer(self, message: Message) -> _Answer | None:
        """The answer's signature and values; None: never. Raises _No."""
        fields = message.header.fields
        path, member = str(fields[HeaderFields.path]), str(fields[HeaderFields.member])
        self._member = member
        if member in _WINDOWS:
            self._note("asked", member)
        if (seconds := self._feels("slow")) is not None:
            time.sleep(float(seconds))
        if self._feels("mute") is not None:
            return None
        if self._feels("dies") == "":
            sys.exit(1)
        if (name := self._feels("says")) is not None:
            raise _No(name)
        if self._feels("no keyring") is not None and path in _DEFAULT:
            raise _No(_OBJECT_GONE)
        answer: _Answer = getattr(self, f"_{member.lower()}")(path, *message.body)
        return answer if self._feels("odd") is None else _ODD

    def ends(self) -> bool:
        """Whether this is its last answer."""
        self._searched |= self._member == "SearchItems"
        return self._feels("dies") == f"after {self._member}"

    def _feels(self, word: str) -> str | None:
        """What follows the word in the mood, None when it isn't there, or is for another method."""
        for part in (self._folder / "mood").read_text().split("; "):
            mood, _, member = part.partition(" at ")
            if (mood == word or mood.startswith(f"{word} ")) and member in {"", self._member}:
                return mood.removeprefix(word).strip()
        return None

    def _note(self, name: str, line: str) -> None:
        with (self._folder / name).open("a") as file:
            file.write(f"{line}\n")

    @property
    def _items(self) -> dict[str, tuple[dict[str, str], bytes]]:
        path = self._folder / "items"
        kept = json.loads(path.read_text()) if path.exists() else {}
        return {name: (has, base64.b64decode(secret)) for name, (has, secret) in kept.items()}

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
        return self._feels("locked") is not None or (
            self._searched and self._feels("locks") is not None
        )

    def _readalias(self, _: str, name: str) -> _Answer:
        return "o", (
            _COLLECTION if name == "default" and self._feels("no keyring") is None else "/",
        )

    def _get(self, path: str, interface: str, name: str) -> _Answer:
        items = self._items
        if path not in _DEFAULT and path not in items:
            raise _No(_OBJECT_GONE)
        values: dict[str, Any] = {"Label": ("s", interface), "Locked": ("b", self._locked)}
        if path in items:
            values["Attributes"] = ("a{ss}", items[path][0])
        return "v", (values[name],)

    def _unlock(self, _: str, paths: list[str]) -> _Answer:
        return ("aoo", ([], _PROMPT)) if self._locked else ("aoo", (paths, "/"))

    def _prompt(self, _: str, __: str) -> _Answer:
        return "", ()  # and Completed is never said

    def _createcollection(self, _: str, __: object, ___: str) -> _Answer:
        return "oo", ("/", _PROMPT)

    def _opensession(self, _: str, algorithm: str, __: object) -> _Answer:
        if algorithm != "plain":
            raise _No(_NOT_SUPPORTED)
        return "vo", (("s", ""), _SESSION)

    def _searchitems(self, _: str, wanted: dict[str, str]) -> _Answer:
        if self._feels("loses") is not None:
            return "ao", ([],)
        return "ao", (
            [path for path, (has, _) in self._items.items() if wanted.items() <= has.items()],
        )

    def _getsecret(self, path: str, session: str) -> _Answer:
        items = self._items
        if path not in items or self._feels("loses") is not None or self._feels("gone") is not None:
            raise _No(_ITEM_GONE)
        if self._locked:
            raise _No("org.freedesktop.Secret.Error.IsLocked")
        secret = items[path][1]
        for word, change in _SECRETS.items():
            secret = secret if self._feels(word) is None else change(secret)
        return "(oayays)", ((session, b"", secret, "text/plain"),)

    def _createitem(self, _: str, about: dict[str, Any], secret: Any, __: object) -> _Answer:
        self._note("writes", str(len(secret[2])))
        if self._feels("refuses large values") is not None and len(secret[2]) > LARGE:
            raise _No(_LIMIT)
        if self._feels("prompts") is not None:
            return "oo", ("/", _PROMPT)
        items, attributes = self._items, about["org.freedesktop.Secret.Item.Attributes"][1]
        new = (
            f"{_COLLECTION}/{1 + max((int(path.rpartition('/')[2]) for path in items), default=0)}"
        )
        path = next((path for path, (has, _) in items.items() if has == attributes), new)
        if self._feels("swallows") is None:
            self._keep({**items, path: (attributes, bytes(secret[2]))})
        return "oo", (path, "/")

    def _delete(self, path: str) -> _Answer:
        if self._feels("prompts") is not None:
            return "o", (_PROMPT,)
        self._keep({name: item for name, item in self._items.items() if name != path})
        return "o", ("/",)


def _serve(address: str, folder: Path) -> None:
    connection = open_dbus_connection(bus=address)
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    name = "org.freedesktop.secrets"
    connection.send_and_get_reply(new_method_call(bus, "RequestName", "su", (name, 0)))
    print("ready", flush=True)  # noqa: T201 -- its starter waits for it
    service = Service(folder)
    while True:
        message = connection.receive()
        if message.header.message_type is not MessageType.method_call:
            continue
        try:
            answer = service.answer(message)
        except _No as no:
            connection.send(new_error(message, str(no), "s", ("a text nobody needs to see",)))
            continue
        last = service.ends()
        if last:  # before the answer: the next call is to find nobody, however quick it is
            connection.send_and_get_reply(new_method_call(bus, "ReleaseName", "s", (name,)))
        if answer is not None:
            connection.send(new_method_return(message, *answer))
        if last:
            return


@dataclass
class Patient:
    """A running service; `feel` as you like."""

    address: str
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def feel(self, mood: str) -> None:
        """From now on; one that died is started again, with what it had kept."""
        part = self.folder / "mood.part"
        part.write_text(mood)
        part.replace(self.folder / "mood")
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, self.address, str(self.folder)],
                stdout=subprocess.PIPE,
                cwd=_TESTS,
            )
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == b"ready\n"

    def anew(self, mood: str) -> None:
        """Another process of it, which remembers nothing but its items."""
        self.stop()
        self.feel(mood)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            end(self._process)
            self._process = None

    @property
    def asked(self) -> list[str]:
        """What would have shown a window."""
        return self._lines("asked")

    @property
    def writes(self) -> int:
        """How many items it was to keep."""
        return len(self._lines("writes"))

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split() if path.exists() else []


@contextlib.contextmanager
def patient(need: Need) -> Iterator[Patient]:
    """A service that is well."""
    with short_folder() as folder, private_bus(need, folder) as address:
        found = Patient(address, folder)
        try:
            found.feel("well")
            yield found
        finally:
            found.stop()


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))
