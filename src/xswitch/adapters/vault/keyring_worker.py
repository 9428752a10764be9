"""The child process that calls the `keyring` package; run by path, never imported by xswitch.

Started with `-I -S`, it reads lines of JSON from stdin: first the backend class to build (by name,
never by discovery) and the module search path, then one request a line. Each request is answered by
one line on stdout. Secrets pass through these pipes only.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

_TRIES = 3
_MAX_WHY = 300
# Exception names of keyring, secretstorage and the Windows bindings, by their meaning
_LOCKED = frozenset(
    ("KeyringLocked", "LockedException", "PromptDismissedException", "KeychainDenied")
)
_ABSENT = frozenset(
    ("SecretServiceNotAvailableException", "NoKeyringError", "ModuleNotFoundError", "ImportError")
)
_VANISHED = frozenset(("ItemNotFoundException",))
# Exceptions whose text explains the failure and never contains the secret
_SAFE_TEXT_ERRORS = frozenset(
    ("KeyringError", "InitError", "PasswordSetError", "PasswordDeleteError", "TimeoutError")
)
# errSecInteractionNotAllowed, errSecAuthFailed, userCanceledErr
_MAC_LOCKED = ("-25308", "-25293", "-128,")


def main() -> None:
    """Answer requests until stdin ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library's own output must not look like a reply
    setup = json.loads(sys.stdin.readline())
    sys.path[:] = setup["path"]
    backend = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if backend is None:
                backend = _build(setup)
            reply: dict[str, str | None] = {"status": "ok", "value": _execute(backend, request)}
        except Exception as error:  # noqa: BLE001 -- the parent decides what to report
            reply = _failure(error)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _build(setup: dict[str, Any]) -> Any:
    backend = getattr(importlib.import_module(setup["module"]), setup["class"])()
    for name, value in setup["properties"].items():
        setattr(backend, name, value)
    return backend


def _execute(backend: Any, request: dict[str, Any]) -> str | None:
    service, user = request["service"], request["user"]
    if request["operation"] == "get":
        return _get(backend, service, user)
    if request["operation"] == "put":
        backend.set_password(service, user, request["value"])
    elif request["operation"] == "delete":
        _delete(backend, service, user)
    elif request["operation"] == "clear":
        return str(backend.clear(service, user))
    return None  # "load" only imports the backend


def _get(backend: Any, service: str, user: str) -> str | None:
    for _ in range(_TRIES):
        try:
            password = backend.get_password(service, user)
        except Exception as error:
            if type(error).__name__ not in _VANISHED:
                raise
        else:
            return None if password is None else str(password)
    return None


def _delete(backend: Any, service: str, user: str) -> None:
    try:
        backend.delete_password(service, user)
    except Exception as error:
        # keyring raises the same exception for "can't delete" and "doesn't exist"
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
    name = type(error).__name__
    text = " ".join(str(error).split())[:_MAX_WHY] if name in _SAFE_TEXT_ERRORS else ""
    # A D-Bus error has a name; its text could contain anything
    text = text or str(getattr(error, "name", ""))[:_MAX_WHY]
    why = f"{name}: {text}" if text else name
    if names & _LOCKED or any(code in text for code in _MAC_LOCKED):
        return {"status": "locked", "why": why}
    return {"status": "absent" if names & _ABSENT else "broken", "why": why}


if __name__ == "__main__":
    main()
