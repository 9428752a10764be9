"""From argv to exit code: every failure leaves as a sentence with its exit code, never as a traceback."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from xswitch.cli.context import Context, World
from xswitch.cli.data import Data
from xswitch.cli.parser import build
from xswitch.cli.shapes import error_shape
from xswitch.cli.words import Words
from xswitch.core.errors import CancelledError, ExitCode, XswitchError

Command = Callable[[Context], int]


def main(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run one command line (without the program's name); the exit code."""
    environ = os.environ if environ is None else environ
    words = Words(sys.stderr, colour=_colour(environ))
    data = Data(sys.stdout)
    arguments = argparse.Namespace(command=None)
    try:
        try:
            arguments = build().parse_args(argv)
            return int(_command(arguments.command)(Context(arguments, data, words, environ, lambda: _world(environ))))
        except KeyboardInterrupt:
            raise CancelledError("Cancelled.") from None
    except XswitchError as error:
        _report(error, arguments, data, words)
        return error.exit_code
    except BrokenPipeError:
        _forget_stdout()
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 -- the last line of defence: a bug is a sentence too
        return _bug(error, arguments, data, words)


def _world(environ: Mapping[str, str]) -> World:
    from xswitch.wiring import build_world

    return build_world(environ)


def _command(name: str | None) -> Command:
    """The function of a command; its module is imported only when it is the one asked for."""
    # ruff: noqa: PLC0415 -- every import below is one command's, and start-up time is felt at every prompt
    match name:
        case "list" | "status" | "history" | "config" | "doctor" | "complete":
            from xswitch.cli.commands import looking

            return {
                "list": looking.list_roles,
                "status": looking.status,
                "history": looking.history,
                "config": looking.config,
                "doctor": looking.doctor,
                "complete": looking.complete,
            }[name]
        case "renew" | "forget" | "pin" | "credential-process" | "renew-background":
            from xswitch.cli.commands import sessions

            return {
                "renew": sessions.renew,
                "forget": sessions.forget,
                "pin": sessions.pin,
                "credential-process": sessions.credential_process,
                "renew-background": sessions.renew_background,
            }[name]
        case "init" | "completion":
            from xswitch.cli.commands import shells

            return shells.init if name == "init" else shells.completion
        case "demo":
            from xswitch.cli.commands import demo

            return demo.demo
        case "switch":
            from xswitch.cli.commands import switching

            return switching.switch
        case _:
            from xswitch.cli.commands import switching

            return switching.picker


def _report(error: XswitchError, arguments: argparse.Namespace, data: Data, words: Words) -> None:
    if getattr(arguments, "json", False):
        data.envelope(arguments.command, None, [error_shape(error)])
    elif arguments.command in {"credential-process", "complete"}:
        words.one_line(error)
    else:
        words.error(error)


def _bug(error: Exception, arguments: argparse.Namespace, data: Data, words: Words) -> int:
    """Name the place, not the values: an exception's text may hold a secret."""
    place = "an unknown place"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "xswitch" in code.co_filename:
            place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119 -- pathlib isn't loaded for a file's name
        trace = trace.tb_next
    bug = XswitchError(
        f"This is a bug in xswitch: {type(error).__name__} at {place}.",
        why="Nothing more is shown, because the error's own text may hold a secret.",
        next_step="report it with this line and the command (docs/contributing.md says where)",
    )
    _report(bug, arguments, data, words)
    return ExitCode.BUG


def _colour(environ: Mapping[str, str]) -> bool:
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and sys.stderr.isatty()


def _forget_stdout() -> None:
    """Whoever read stdout is gone: point it at nothing, so that the interpreter's last flush says nothing either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
