"""The whole program with a bug, and with every log at its most verbose.

Usage: `python support/programs/canary.py BUG [WORD…]`.

BUG is the port (a field of a group of `Ports`) whose every use raises an error that quotes the
canary, "row" (drawing a row of the screen), "tick" (the screen's clock), or "none". Without words,
the picker runs on this terminal. With "-", the command lines come on stdin, one JSON list per line,
and a line `== CODE` follows the output of each.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from xswitch.actions.ports import replace_ports
from xswitch.actions.tracing import with_tracing
from xswitch.cli import main as cli
from xswitch.tui.app import PickerApp
from xswitch.tui.picker.role_list import RoleList
from xswitch.wiring import Services

CANARY = "canary0Secret1canary2Secret3canary4Secre"

_ERRORS = (ValueError, KeyError, OSError, RuntimeError, UnicodeError, TypeError, LookupError)


def explode(where: str) -> NoReturn:
    """Raise an error that quotes the canary in its text, notes, cause, and a local variable."""
    secret = CANARY
    kind = _ERRORS[len(where) % len(_ERRORS)]
    error = kind(f"{where} of {secret!r}")
    error.add_note(secret)
    raise error from ValueError(secret)


class Exploding:
    """Replaces a port, or a function that is a port."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        return lambda *_, **__: explode(f"{self._name}.{method}")

    def __call__(self, *_: object) -> NoReturn:
        explode(self._name)


def break_screen(where: str) -> None:
    """Make a part of the screen fail after the first output."""

    def fails(*_: object) -> NoReturn:
        explode(where)

    if where == "row":
        RoleList.render_line = fails  # type: ignore[method-assign,assignment]
    else:
        PickerApp._tick = fails  # type: ignore[method-assign,assignment]


def main() -> int:
    bug, words = sys.argv[1], sys.argv[2:]
    if words not in ([], ["--debug"]):
        # Not for the picker, which uses the whole terminal; xswitch never configures logging.
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)

    def services(environ: Mapping[str, str], log: Callable[[str], None] | None) -> Services:
        made = Services(environ)
        if bug not in ("none", "row", "tick"):
            change: dict[str, Any] = {bug: Exploding(bug)}
            made.__dict__["ports"] = replace_ports(made.ports, **change)
        if log is not None:
            made.__dict__["ports"] = with_tracing(made.ports, log, time.monotonic)
        return made

    cli._services = services
    if bug in ("row", "tick"):
        break_screen(bug)
    if words != ["-"]:
        return cli.main(words)
    for line in sys.stdin:
        code = cli.main(json.loads(line), os.environ)
        sys.stdout.write(f"\n== {code}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
