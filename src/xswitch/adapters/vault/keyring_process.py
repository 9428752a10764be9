"""The parent's side of the child process that calls `keyring`.

Starts it, asks it with a deadline, ends it by its id.
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
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_END_SECONDS = 1.0
_WORKER = Path(__file__).with_name("keyring_worker.py")
# What would steer the keyring package or the interpreter from outside, and secrets the child has no
# business with.
_DROPPED_PREFIXES = ("PYTHON", "KEYRING_PROPERTY_", "KEYCHAIN_PATH", "AWS_", "XSWITCH_")


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """A keyring backend by its class; `properties` are set on the instance."""

    module: str
    name: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyringTimeouts:
    """How long a keyring may take, in seconds.

    Over the bus, to load, through the child, and while a person has a prompt.
    """

    direct: float = 2.0
    load: float = (
        10.0  # only after the service has answered; a loaded machine takes long to import keyring
    )
    probe: float = 2.5  # an answer is promised within 3, and the child has to start
    prompt: float = 60.0


KEYRING_TIMEOUTS = KeyringTimeouts()


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request: `word` is ok, locked, absent, broken or mute.

    `value` is a secret when there is one.
    """

    word: str
    value: str | None = field(default=None, repr=False)
    why: str = ""


class KeyringProcess:
    """One backend, in a child started at the first request and kept for the next.

    Safe to use from several threads.
    """

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
        self, do: str, service: str, user: str, *, seconds: float, value: str | None = None
    ) -> Reply:
        """`do` is get, put, delete or load (get ready).

        Never raises but for a bug; a child silent for `seconds` is killed: mute.
        """
        request: dict[str, object] = {"do": do, "service": service, "user": user, "value": value}
        with self._lock:
            try:
                process = self._running()
            except OSError as error:
                return Reply(
                    "broken",
                    why=f"its helper process can't be started ({os.strerror(error.errno or 0)})",
                )
            answers: queue.SimpleQueue[str] = queue.SimpleQueue()
            # A thread, because a pipe can't be waited for with a deadline on every platform; it
            # ends with the child.
            threading.Thread(
                target=_exchange, args=(process, json.dumps(request) + "\n", answers), daemon=True
            ).start()
            try:
                line = answers.get(timeout=seconds)
            except queue.Empty:
                self._stop()
                return Reply("mute", why=f"it said nothing for {seconds:.0f} seconds")
            except BaseException:
                self._stop()
                raise
            if not line:
                self._stop()
                return Reply("broken", why="its helper process ended")
        answer = json.loads(line)
        return Reply(answer["word"], answer.get("value"), answer.get("why", ""))

    def close(self) -> None:
        """End the child, if there is one."""
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
    process: subprocess.Popen[str], request: str, answers: queue.SimpleQueue[str]
) -> None:
    line = ""
    if process.stdin is not None and process.stdout is not None:
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(request)
            process.stdin.flush()
            line = process.stdout.readline()
    answers.put(line)


def _end_process(process: subprocess.Popen[str], owner: int) -> None:
    if owner != os.getpid():  # a fork of us: the child is not ours to end
        return
    with contextlib.suppress(OSError):
        process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                pipe.close()
