"""The Secret Service (gnome-keyring, KWallet, KeePassXC).

Reads over D-Bus itself, writes through the `keyring` package in a child.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.keyring_process import (
    KEYRING_TIMEOUTS,
    BackendSpec,
    KeyringProcess,
    KeyringTimeouts,
    Reply,
)
from xswitch.adapters.vault.store import USER, service_name

LABEL = "Secret Service"
NO_PROMPT_BACKEND = BackendSpec("xswitch.adapters.vault.no_prompt", "QuietKeyring")
PROMPTING_BACKEND = BackendSpec("keyring.backends.SecretService", "Keyring")
_THREAD_LOCK = threading.Lock()
_UNUSED_KEY = "0" * 40


@dataclass(frozen=True, slots=True)
class _BusLookup:
    """What the bus said: the value (None.

    There is none), or that the library has to do it, whether it may ask a person, and why.
    """

    value: str | None = field(repr=False)
    use_keyring_package: bool = False
    ask: bool = False
    odd: str = ""


class SecretServiceStore:
    """Fits `Store`.

    `may_ask` tells whether a person is there to answer the desktop's unlock prompt.

    `turns` is the file by which xswitch's processes take turns; `hot.secret_service` says why.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        sentences: VaultErrors,
        may_ask: Callable[[], bool],
        turns: Path,
        patience: KeyringTimeouts = KEYRING_TIMEOUTS,
    ) -> None:
        self._env = env
        self._turns = os.fsencode(turns)
        self._sentences = sentences
        self._may_ask = may_ask
        self._patience = patience
        self._children: dict[str, KeyringProcess] = {}

    def probe(self) -> None:
        """Whether it can be used. Raises VaultAbsentError, VaultLockedError or VaultBrokenError."""
        look = self._look(_UNUSED_KEY)
        if look.odd:
            self._library("get", _UNUSED_KEY, look)

    def get(self, key: str) -> str | None:
        """The value, None when there is none."""
        look = self._look(key)
        return self._library("get", key, look) if look.use_keyring_package else look.value

    def put(self, key: str, value: str) -> None:
        """Keep `value`."""
        self._library("put", key, self._look(key), value)

    def delete(self, key: str) -> None:
        """Drop it."""
        self._library("delete", key, self._look(key))

    def close(self) -> None:
        """End the child processes, if there are any."""
        for child in self._children.values():
            child.close()

    # -- how
    # -----------------------------------------------------------------------------------------------------

    def _look(self, key: str) -> _BusLookup:
        """Ask over D-Bus. Raises what locked, absent, mute and broken mean here."""
        # Needs a POSIX system, which this module does not
        from xswitch.hot import dbus, secret_service  # noqa: PLC0415

        with _THREAD_LOCK:
            word, value = secret_service.read_secret(
                self._address(),
                service_name(key).encode(),
                USER.encode(),
                self._patience.direct,
                self._turns,
            )
        if word == dbus.OK:
            return _BusLookup(value.decode("utf-8", "replace"))
        if word == dbus.MISSING:
            return _BusLookup(None)
        # With any other word comes ours or the bus's name of an error: never the secret.
        why = value.decode("utf-8", "replace")
        if word in {dbus.LOCKED, dbus.NO_KEYRING} and self._may_ask():
            return _BusLookup(None, use_keyring_package=True, ask=True)
        if word == dbus.LOCKED:
            raise self._sentences.locked(LABEL)
        if word == dbus.NO_KEYRING:
            raise self._sentences.no_keyring(LABEL)
        if word == dbus.NOT_RUNNING:
            raise self._sentences.absent(LABEL, _absence_reason(why))
        if word == dbus.NO_RESPONSE:
            raise self._sentences.mute(LABEL, why)
        if why.startswith("org.freedesktop.DBus.Error.Spawn."):
            raise self._sentences.broken(LABEL, f"the session bus could not start it ({why})")
        return _BusLookup(None, use_keyring_package=True, odd=why)

    def _address(self) -> bytes:
        # Needs a POSIX system, which this module does not
        from xswitch.hot import dbus  # noqa: PLC0415

        return dbus.bus_address(
            {os.fsencode(name): os.fsencode(value) for name, value in self._env.items()}
        )

    def _library(self, do: str, key: str, look: _BusLookup, value: str | None = None) -> str | None:
        reply = Reply("locked") if look.ask else self._quietly(do, key, value)
        asked = reply.word == "locked" and self._may_ask()
        if asked:
            reply = self._asked(
                PROMPTING_BACKEND, do, key, value, self._patience.prompt
            )  # not in turn: nobody waits while a person thinks
        if reply.word == "absent" or (look.odd and reply.word not in {"ok", "locked"}):
            # The library calls much "absent" that is there and wrong; only the bus itself may say
            # that nobody is there.
            raise self._sentences.broken(
                LABEL, "; ".join(part for part in (look.odd, _exit_reason(reply.why)) if part)
            )
        return (
            reply.value
            if reply.word == "ok"
            else raise_for_reply(
                reply, LABEL, self._sentences, asked=self._patience.prompt if asked else 0
            )
        )

    def _quietly(self, do: str, key: str, value: str | None) -> Reply:
        loaded = self._asked(NO_PROMPT_BACKEND, "load", key, None, self._patience.load)
        if loaded.word != "ok":
            return loaded
        with self._turn():
            return self._asked(NO_PROMPT_BACKEND, do, key, value, self._patience.probe)

    def _asked(
        self, backend: BackendSpec, do: str, key: str, value: str | None, seconds: float
    ) -> Reply:
        child = self._children.get(backend.module)
        if child is None:
            child = KeyringProcess(
                backend, {**self._env, "DBUS_SESSION_BUS_ADDRESS": os.fsdecode(self._address())}
            )
            self._children[backend.module] = child
        return child.ask(do, service_name(key), USER, seconds=seconds, value=value)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # Needs a POSIX system, which this module does not
        from xswitch.hot import secret_service  # noqa: PLC0415

        with _THREAD_LOCK:
            turn = secret_service.acquire_lock(self._turns, self._patience.direct)
            try:
                yield
            finally:
                secret_service.release_lock(turn)


def item_path(env: Mapping[bytes, bytes], key: str, turns: Path, seconds: float) -> bytes:
    """The path of the item that keeps a session, for the hot path; b"" when it can't be told."""
    # Needs a POSIX system, which this module does not
    from xswitch.hot import dbus, secret_service  # noqa: PLC0415

    with _THREAD_LOCK:
        address = dbus.bus_address(dict(env))
        word, item = secret_service.find_item(
            address, service_name(key).encode(), USER.encode(), seconds, os.fsencode(turns)
        )
    return item if word == dbus.OK else b""


def raise_for_reply(reply: Reply, label: str, sentences: VaultErrors, *, asked: float) -> NoReturn:
    """Raise the error a reply other than ok stands for.

    `asked`: for how many seconds a person may have had a prompt on the screen.
    """
    if reply.word == "locked":
        raise sentences.locked(label)
    if reply.word == "mute" and asked:
        raise sentences.locked(label, f"nobody answered its prompt for {asked:.0f} seconds")
    if reply.word == "absent":
        raise sentences.absent(label, reply.why)
    if reply.word == "mute":
        raise sentences.mute(label, reply.why)
    raise sentences.broken(label, reply.why)


def _exit_reason(why: str) -> str:
    return "it ended while it was asked" if why == "SecretServiceNotAvailableException" else why


def _absence_reason(why: str) -> str:
    return (
        "nothing on the session bus provides the Secret Service"
        if why.startswith("org.freedesktop.")
        else why
    )
