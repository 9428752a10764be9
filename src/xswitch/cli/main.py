"""From argv to exit code.

Every failure leaves as a sentence with its exit code, never as a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from xswitch.cli.context import Context
from xswitch.cli.output.json_output import error_json
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.output.stdout import Stdout
from xswitch.cli.parser import build_parser
from xswitch.core.errors import CancelledError, ExitCode, XswitchError

if TYPE_CHECKING:
    from xswitch.wiring import Services

Command = Callable[[Context], int]


def main(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run one command line (without the program's name); the exit code."""
    environ = os.environ if environ is None else environ
    words = Stderr(sys.stderr, colour=_use_color(environ))
    data = Stdout(sys.stdout)
    arguments = argparse.Namespace(command=None)
    try:
        try:
            arguments = build_parser(argv[0] if argv else "").parse_args(argv)
            return int(
                _load_command(arguments.command)(
                    Context(
                        arguments,
                        data,
                        words,
                        environ,
                        lambda: _services(environ, _debug_logger(arguments, words)),
                    )
                )
            )
        except KeyboardInterrupt:
            raise CancelledError("Cancelled.") from None
    except XswitchError as error:
        _report_error(error, arguments, data, words)
        return error.exit_code
    except BrokenPipeError:
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 -- the last line of defence: a bug is a sentence too
        return _report_bug(error, arguments, data, words)


def _services(environ: Mapping[str, str], log: Callable[[str], None] | None) -> Services:
    from xswitch.wiring import build_services  # noqa: PLC0415 -- it imports every adapter

    return build_services(environ, log)


def _debug_logger(arguments: argparse.Namespace, words: Stderr) -> Callable[[str], None] | None:
    return words.debug if arguments.debug else None


_COMMAND_FUNCTIONS: Mapping[str, tuple[str, str]] = {
    "access": ("access", "access"),
    "complete": ("inspect", "complete"),
    "completion": ("shell", "completion"),
    "config": ("inspect", "config"),
    "console": ("access", "console"),
    "credential-process": ("sessions", "credential_process"),
    "demo": ("demo", "demo"),
    "doctor": ("inspect", "doctor"),
    "forget": ("sessions", "forget"),
    "history": ("inspect", "history"),
    "explain": ("explain", "explain"),
    "init": ("shell", "init"),
    "list": ("inspect", "list_roles"),
    "pin": ("sessions", "pin"),
    "renew": ("sessions", "renew"),
    "renew-background": ("sessions", "renew_background"),
    "status": ("inspect", "status"),
    "switch": ("switch", "switch"),
}
"""Command → its module and function; the picker is what no command means."""


def _load_command(name: str | None) -> Command:
    """The function of a command.

    Its module is imported only when it is the one asked for: start-up time is felt at every prompt.
    """
    module, function = _COMMAND_FUNCTIONS.get(name or "", ("switch", "picker"))
    command: Command = getattr(import_module(f"xswitch.cli.commands.{module}"), function)
    return command


def _report_error(
    error: XswitchError, arguments: argparse.Namespace, data: Stdout, words: Stderr
) -> None:
    if getattr(arguments, "json", False):
        try:
            data.envelope(_full_command_name(arguments), None, [error_json(error)])
        except OSError:  # stdout takes nothing
            words.error(error)
    elif arguments.command in {"credential-process", "complete"}:
        words.one_line(error)
    else:
        words.error(error)


def _full_command_name(arguments: argparse.Namespace) -> str:
    """The command as its envelope names it when it works."""
    action = getattr(arguments, "action", "")
    return (
        f"{arguments.command} {action}"
        if arguments.command == "access" or action == "undo"
        else str(arguments.command)
    )


def _report_bug(
    error: Exception, arguments: argparse.Namespace, data: Stdout, words: Stderr
) -> int:
    """Name the place, not the values: an exception's text may hold a secret."""
    place = "an unknown place"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "xswitch" in code.co_filename:
            # Pathlib isn't loaded for a file's name
            place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
        trace = trace.tb_next
    bug = XswitchError(
        f"This is a bug in xswitch: {type(error).__name__} at {place}.",
        why="Nothing more is shown, because the error's own text may hold a secret.",
        next_step="report it with this line and the command (docs/contributing.md says where)",
    )
    _report_error(bug, arguments, data, words)
    return ExitCode.BUG


def _use_color(environ: Mapping[str, str]) -> bool:
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and sys.stderr.isatty()
