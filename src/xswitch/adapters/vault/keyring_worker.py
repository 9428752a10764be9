"""The child process that calls the `keyring` package.

Run by path, never imported by xswitch, and killed when it takes too long.

It is started with `-I -S` and told everything in lines of JSON on stdin: first which backend class
to build (by its name, never by discovery) and where modules are found; then one request a line,
answered by one line on stdout. Secrets pass through these pipes only.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

_TRIES = 3
_MAX_WHY = 300
# The names of exceptions of keyring, secretstorage and the Windows bindings, by what they mean.
_LOCKED = frozenset(
    ("KeyringLocked", "LockedException", "PromptDismissedException", "KeychainDenied")
)
_ABSENT = frozenset(
    ("SecretServiceNotAvailableException", "NoKeyringError", "ModuleNotFoundError", "ImportError")
)
_VANISHED = frozenset(("ItemNotFoundException",))
# Exceptions whose text tells why, and never holds what was being stored.
_SAFE_TEXT_ERRORS = frozenset(
    ("KeyringError", "InitError", "PasswordSetError", "PasswordDeleteError", "TimeoutError")
)
_MAC_LOCKED = (
    "-25308",
    "-25293",
    "-128,",
)  # errSecInteractionNotAllowed, errSecAuthFailed, userCanceledErr


def main() -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
    setup = json.loads(sys.stdin.readline())
    sys.path[:] = setup["path"]
    backend = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if backend is None:
                backend = _build(setup)
            answer: dict[str, str | None] = {"word": "ok", "value": _execute(backend, request)}
        # Every failure is an answer; the parent decides what to say
        except Exception as error:  # noqa: BLE001
            answer = _failure(error)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _build(setup: dict[str, Any]) -> Any:
    backend = getattr(importlib.import_module(setup["module"]), setup["class"])()
    for name, value in setup["properties"].items():
        setattr(backend, name, value)
    return backend


def _execute(backend: Any, request: dict[str, Any]) -> str | None:
    service, user = request["service"], request["user"]
    if request["do"] == "get":
        return _get(backend, service, user)
    if request["do"] == "put":
        backend.set_password(service, user, request["value"])
    elif request["do"] == "delete":
        _delete(backend, service, user)
    return None  # "load": importing the backend was all there was to do


def _get(backend: Any, service: str, user: str) -> str | None:
    for _ in range(_TRIES):
        try:
            found = backend.get_password(service, user)
        except Exception as error:
            if type(error).__name__ not in _VANISHED:
                raise
        else:
            return None if found is None else str(found)
    return None


def _delete(backend: Any, service: str, user: str) -> None:
    try:
        backend.delete_password(service, user)
    except Exception as error:
        # "Can't delete" and "isn't there" are one exception in keyring: look, and only believe the
        # second.
        if (
            type(error).__name__ not in _VANISHED | {"PasswordDeleteError"}
            or _get(backend, service, user) is not None
        ):
            raise


def _failure(error: BaseException) -> dict[str, str | None]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    names = {cause.__name__ for part in chain for cause in type(part).__mro__}
    text = (
        " ".join(str(error).split())[:_MAX_WHY] if type(error).__name__ in _SAFE_TEXT_ERRORS else ""
    )
    text = (
        text or str(getattr(error, "name", ""))[:_MAX_WHY]
    )  # a D-Bus error's name; its text is anybody's
    why = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if names & _LOCKED or any(code in text for code in _MAC_LOCKED):
        return {"word": "locked", "why": why}
    return {"word": "absent" if names & _ABSENT else "broken", "why": why}


if __name__ == "__main__":
    main()
