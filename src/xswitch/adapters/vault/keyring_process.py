"""The `keyring` package's backends, called in a child process that can be killed.

Starts `keyring_worker.py`, sends it requests with a timeout, and keeps the sessions of macOS and
Windows through it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.store import USER, Report, Store, service_name
from xswitch.core.errors import VaultError

_EXIT_SECONDS = 1.0
_WORKER = Path(__file__).with_name("keyring_worker.py")
# Variables that would configure the keyring package or the interpreter, and credentials
_DROPPED_PREFIXES = ("PYTHON", "KEYRING_PROPERTY_", "KEYCHAIN_PATH", "AWS_", "XSWITCH_")


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """A keyring backend by module and class name; `properties` are set on the instance."""

    module: str
    name: str
    properties: Mapping[str, str] = field(default_factory=dict)


MACOS_LABEL = "macOS Keychain"
MACOS = BackendSpec("keyring.backends.macOS", "Keyring")
WINDOWS_LABEL = "Windows Credential Manager"
# The library's default would copy credentials to a domain's servers
WINDOWS = BackendSpec("keyring.backends.Windows", "WinVaultKeyring", {"persist": "local machine"})


@dataclass(frozen=True, slots=True)
class KeyringTimeouts:
    """How long a keyring may take, in seconds."""

    direct: float = 2.0
    """Over D-Bus."""
    load: float = 10.0
    """Importing `keyring` in the child, which only happens once the service has answered."""
    probe: float = 2.5
    """A request to the child. With its start, an answer stays under 3 seconds."""
    prompt: float = 60.0
    """A request that may show a person a prompt."""


KEYRING_TIMEOUTS = KeyringTimeouts()


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a request."""

    status: str
    """ok, locked, absent, broken or unresponsive."""
    value: str | None = field(default=None, repr=False)
    """The secret, if one was read."""
    why: str = ""


def reply_error(
    reply: Reply, label: str, errors: VaultErrors, *, prompt_seconds: float
) -> VaultError:
    """Return the error for a status other than ok.

    `prompt_seconds` is how long a prompt may have been on the screen, 0 for no prompt.
    """
    if reply.status == "locked":
        return errors.locked(label)
    if reply.status == "unresponsive" and prompt_seconds:
        return errors.locked(
            label, f"its prompt wasn't answered within {prompt_seconds:.0f} seconds"
        )
    if reply.status == "absent":
        return errors.absent(label, reply.why)
    if reply.status == "unresponsive":
        return errors.unresponsive(label, reply.why)
    return errors.broken(label, reply.why)


class KeyringProcess:
    """One backend in a child process, started at the first request and reused. Thread-safe."""

    def __init__(
        self, backend: BackendSpec, env: Mapping[str, str], path: tuple[str, ...] | None = None
    ) -> None:
        self._backend = backend
        self._env = {
            name: value
            for name, value in env.items()
            if not name.upper().startswith(_DROPPED_PREFIXES)
        }
        self._path = tuple(
            entry for entry in (sys.path if path is None else path) if Path(entry).is_absolute()
        )
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0
        self._end: weakref.finalize[Any, Any] | None = None

    def ask(
        self, operation: str, service: str, user: str, *, seconds: float, value: str | None = None
    ) -> Reply:
        """Send a request and await the reply.

        The operations are get, put, delete, clear where the backend has it (then `service` is a
        prefix), and load, which only imports the backend.

        A child that doesn't reply within `seconds` is killed, and the status is unresponsive.
        """
        request = {"operation": operation, "service": service, "user": user, "value": value}
        with self._lock:
            try:
                process = self._running()
            except OSError as error:
                why = f"its helper process can't be started ({os.strerror(error.errno or 0)})"
                return Reply("broken", why=why)
            replies: queue.SimpleQueue[str] = queue.SimpleQueue()
            # Not every platform can wait for a pipe with a timeout. The thread ends with the child.
            threading.Thread(
                target=_exchange, args=(process, json.dumps(request) + "\n", replies), daemon=True
            ).start()
            try:
                line = replies.get(timeout=seconds)
            except queue.Empty:
                self._stop()
                return Reply("unresponsive", why=f"it didn't answer within {seconds:.0f} seconds")
            except BaseException:
                self._stop()
                raise
            if not line:
                self._stop()
                return Reply("broken", why="its helper process ended")
        reply = json.loads(line)
        return Reply(reply["status"], reply.get("value"), reply.get("why", ""))

    def close(self) -> None:
        """End the child process, if there is one."""
        with self._lock:
            self._stop()

    def _running(self) -> subprocess.Popen[str]:
        if (
            self._process is not None
            and self._owner == os.getpid()
            and self._process.poll() is None
        ):
            return self._process
        self._stop()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._env,
            text=True,
            encoding="utf-8",
        )
        self._process, self._owner = process, os.getpid()
        self._end = weakref.finalize(self, _end_process, process, self._owner)
        setup = {
            "path": self._path,
            "module": self._backend.module,
            "class": self._backend.name,
            "properties": dict(self._backend.properties),
        }
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.write(json.dumps(setup) + "\n")
        return process

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._process, self._end = None, None


def _exchange(
    process: subprocess.Popen[str], request: str, replies: queue.SimpleQueue[str]
) -> None:
    line = ""
    if process.stdin is not None and process.stdout is not None:
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(request)
            process.stdin.flush()
            line = process.stdout.readline()
    replies.put(line)


def _end_process(process: subprocess.Popen[str], owner: int) -> None:
    if owner != os.getpid():  # a fork of the owner: the child belongs to the parent
        return
    with contextlib.suppress(OSError):
        process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_EXIT_SECONDS)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                pipe.close()


class KeyringEntries:
    """Implements `chunks.ShortEntries` with one backend: a name is a service, the user is fixed."""

    def __init__(
        self,
        child: KeyringProcess,
        label: str,
        errors: VaultErrors,
        may_prompt: Callable[[], bool],
        timeouts: KeyringTimeouts = KEYRING_TIMEOUTS,
    ) -> None:
        self._child = child
        self._label = label
        self._errors = errors
        self._may_prompt = may_prompt
        self._timeouts = timeouts

    def read(self, name: str) -> str | None:
        """Return the value, or None."""
        return self._ask("get", name)

    def write(self, name: str, value: str) -> None:
        """Replace the value."""
        self._ask("put", name, value)

    def erase(self, name: str) -> None:
        """Delete the value, if there is one."""
        self._ask("delete", name)

    def _ask(self, operation: str, name: str, value: str | None = None) -> str | None:
        prompt_seconds = self._timeouts.prompt if self._may_prompt() else 0
        seconds = prompt_seconds or self._timeouts.probe
        reply = self._child.ask(operation, name, USER, seconds=seconds, value=value)
        if reply.status == "ok":
            return reply.value
        raise reply_error(reply, self._label, self._errors, prompt_seconds=prompt_seconds)


class EntryStore:
    """Implements `Store` where an entry holds a whole session, as on macOS."""

    def __init__(self, entries: KeyringEntries) -> None:
        self._entries = entries

    def get(self, key: str) -> str | None:
        """Return the value, or None."""
        return self._entries.read(service_name(key))

    def put(self, key: str, value: str) -> None:
        """Store `value`."""
        self._entries.write(service_name(key), value)

    def delete(self, key: str) -> None:
        """Delete the value, if there is one."""
        self._entries.erase(service_name(key))


def clear_keys(store: Store, keys: Iterable[str], report: Report) -> frozenset[str]:
    """Delete these sessions from a store that can't list its own; return the keys that it had."""
    removed = set()
    for key in keys:
        try:
            found = store.get(key) is not None
            store.delete(key)
        except VaultError as error:
            report(error)
            break  # the next call would wait for the same answer
        if found:
            removed.add(key)
    return frozenset(removed)
