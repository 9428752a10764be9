"""The Secret Service (gnome-keyring, KWallet, KeePassXC).

Reads over D-Bus directly, and writes through the `keyring` package in a child process.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.keyring_process import (
    KEYRING_TIMEOUTS,
    BackendSpec,
    KeyringProcess,
    KeyringTimeouts,
    Reply,
    reply_error,
)
from xswitch.adapters.vault.store import SERVICE_PREFIX, USER, Report, service_name
from xswitch.core.errors import ErrorCode, VaultError, VaultLockedError

LABEL = "Secret Service"
NO_PROMPT_BACKEND = BackendSpec("xswitch.adapters.vault.no_prompt", "NoPromptKeyring")
PROMPTING_BACKEND = BackendSpec("xswitch.adapters.vault.no_prompt", "PromptingKeyring")
_THREAD_LOCK = threading.Lock()
_UNUSED_KEY = "0" * 40


@dataclass(frozen=True, slots=True)
class _BusLookup:
    """The result of a read over D-Bus."""

    value: str | None = field(repr=False)
    use_keyring_package: bool = False
    """The bus alone can't tell; ask the package."""
    prompt: bool = False
    """The package may prompt."""
    why: str = ""
    """The unexpected answer that makes the package necessary."""


class SecretServiceStore:
    """Implements `Store`.

    `may_prompt` tells whether a person can answer the desktop's unlock prompt. `lock_path` is the
    file by which processes take turns; `hot.secret_service` explains why they must.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        errors: VaultErrors,
        may_prompt: Callable[[], bool],
        lock_path: Path,
        timeouts: KeyringTimeouts = KEYRING_TIMEOUTS,
    ) -> None:
        self._env = env
        self._lock_path = os.fsencode(lock_path)
        self._errors = errors
        self._may_prompt = may_prompt
        self._timeouts = timeouts
        self._children: dict[str, KeyringProcess] = {}

    def probe(self) -> None:
        """Check that it can be used.

        Raises VaultAbsentError, VaultLockedError or VaultBrokenError.
        """
        lookup = self._look_up(_UNUSED_KEY)
        if lookup.why:
            self._use_package("get", _UNUSED_KEY, lookup)

    def get(self, key: str) -> str | None:
        """Return the value, or None."""
        lookup = self._look_up(key)
        return self._use_package("get", key, lookup) if lookup.use_keyring_package else lookup.value

    def put(self, key: str, value: str) -> None:
        """Store `value`."""
        self._use_package("put", key, self._look_up(key), value)

    def delete(self, key: str) -> None:
        """Delete the value, if there is one."""
        self._use_package("delete", key, self._look_up(key))

    def clear(self, report: Report, *, expected: bool) -> frozenset[str]:
        """Delete every session in every collection; return their keys.

        `report` gets what can't be deleted; with `expected` also why the service can't be asked.
        """
        try:
            self.probe()
        except VaultLockedError:
            pass  # it still lists what it has
        except VaultError as error:
            # Without a default keyring, there may be others
            if error.code != ErrorCode.VAULT_NO_KEYRING:
                if expected:
                    report(self._errors.left_unreachable(LABEL, error))
                return frozenset()
        removed, locked, failure = self._clear_unlocked()
        if failure is not None and (expected or removed):
            report(self._errors.left_unreachable(LABEL, failure))
        if locked and self._may_prompt():
            reply = self._ask(
                PROMPTING_BACKEND, "clear", SERVICE_PREFIX, None, self._timeouts.prompt
            )
            if reply.status == "ok":
                names, locked, _ = _cleared(reply)
                removed |= names
        if locked:
            report(self._errors.left_locked(LABEL, locked))
        return frozenset(name[len(SERVICE_PREFIX) :] for name in removed)

    def _clear_unlocked(self) -> tuple[set[str], int, VaultError | None]:
        """Delete the unlocked sessions.

        Returns their services, the number of locked ones, and what ended this early.
        """
        removed: set[str] = set()
        locked, more = 0, True
        while more:
            reply = self._without_prompt("clear", SERVICE_PREFIX)
            if reply.status != "ok":
                return removed, locked, reply_error(reply, LABEL, self._errors, prompt_seconds=0)
            names, locked, more = _cleared(reply)
            more = more and not names <= removed
            removed |= names
        return removed, locked, None

    def close(self) -> None:
        """End the child processes."""
        for child in self._children.values():
            child.close()

    def _look_up(self, key: str) -> _BusLookup:
        """Read over D-Bus. Raises the vault's errors for any failure."""
        from xswitch.hot import dbus, secret_service  # noqa: PLC0415 -- POSIX only

        with _THREAD_LOCK:
            status, value = secret_service.read_secret(
                self._address(),
                service_name(key).encode(),
                USER.encode(),
                self._timeouts.direct,
                self._lock_path,
            )
        if status == dbus.OK:
            return _BusLookup(value.decode("utf-8", "replace"))
        if status == dbus.MISSING:
            return _BusLookup(None)
        # With any other status the value is an error's text or name, never the secret
        why = value.decode("utf-8", "replace")
        if status in {dbus.LOCKED, dbus.NO_KEYRING} and self._may_prompt():
            return _BusLookup(None, use_keyring_package=True, prompt=True)
        if status == dbus.LOCKED:
            raise self._errors.locked(LABEL)
        if status == dbus.NO_KEYRING:
            raise self._errors.no_keyring(LABEL)
        if status == dbus.NOT_RUNNING:
            raise self._errors.absent(LABEL, _absence_reason(why))
        if status == dbus.NO_RESPONSE:
            raise self._errors.unresponsive(LABEL, why)
        if why.startswith("org.freedesktop.DBus.Error.Spawn."):
            raise self._errors.broken(LABEL, f"the session bus could not start it ({why})")
        return _BusLookup(None, use_keyring_package=True, why=why)

    def _address(self) -> bytes:
        from xswitch.hot import dbus  # noqa: PLC0415 -- POSIX only

        return dbus.bus_address(
            {os.fsencode(name): os.fsencode(value) for name, value in self._env.items()}
        )

    def _use_package(
        self, operation: str, key: str, lookup: _BusLookup, value: str | None = None
    ) -> str | None:
        timeouts = self._timeouts
        service = service_name(key)
        reply = (
            Reply("locked") if lookup.prompt else self._without_prompt(operation, service, value)
        )
        prompt = reply.status == "locked" and self._may_prompt()
        if prompt:
            # Outside the lock, so that no process waits for a person
            reply = self._ask(PROMPTING_BACKEND, operation, service, value, timeouts.prompt)
        if reply.status == "ok":
            return reply.value
        if reply.status == "absent" or (lookup.why and reply.status != "locked"):
            # The package reports many failures as "absent"; only the bus can know that
            reasons = (lookup.why, _exit_reason(reply.why))
            raise self._errors.broken(LABEL, "; ".join(reason for reason in reasons if reason))
        raise reply_error(
            reply, LABEL, self._errors, prompt_seconds=timeouts.prompt if prompt else 0
        )

    def _without_prompt(self, operation: str, service: str, value: str | None = None) -> Reply:
        loaded = self._ask(NO_PROMPT_BACKEND, "load", service, None, self._timeouts.load)
        if loaded.status != "ok":
            return loaded
        with self._locked():
            return self._ask(NO_PROMPT_BACKEND, operation, service, value, self._timeouts.probe)

    def _ask(
        self, backend: BackendSpec, operation: str, service: str, value: str | None, seconds: float
    ) -> Reply:
        child = self._children.get(backend.name)
        if child is None:
            child = KeyringProcess(
                backend, {**self._env, "DBUS_SESSION_BUS_ADDRESS": os.fsdecode(self._address())}
            )
            self._children[backend.name] = child
        return child.ask(operation, service, USER, seconds=seconds, value=value)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from xswitch.hot import secret_service  # noqa: PLC0415 -- POSIX only

        with _THREAD_LOCK:
            lock = secret_service.acquire_lock(self._lock_path, self._timeouts.direct)
            try:
                yield
            finally:
                secret_service.release_lock(lock)


def item_path(env: Mapping[bytes, bytes], key: str, lock_path: bytes, seconds: float) -> bytes:
    """Return the path of a session's item, for the hot path; b"" when it can't be determined."""
    from xswitch.hot import dbus, secret_service  # noqa: PLC0415 -- POSIX only

    with _THREAD_LOCK:
        address = dbus.bus_address(dict(env))
        status, item = secret_service.find_item(
            address, service_name(key).encode(), USER.encode(), seconds, lock_path
        )
    return item if status == dbus.OK else b""


def _cleared(reply: Reply) -> tuple[set[str], int, bool]:
    """Return the deleted services, the number of locked entries, and whether there are more."""
    found = json.loads(reply.value or "{}")
    return set(found["removed"]), int(found["locked"]), bool(found["more"])


def _exit_reason(why: str) -> str:
    return "it ended during the request" if why == "SecretServiceNotAvailableException" else why


def _absence_reason(why: str) -> str:
    return (
        "no service on the session bus provides it" if why.startswith("org.freedesktop.") else why
    )
