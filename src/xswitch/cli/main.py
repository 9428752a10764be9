"""Runs one command line: argv to exit code. Every failure becomes a message, never a traceback."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from xswitch.cli.context import Context
from xswitch.cli.output.json_output import error_json
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.output.stdout import Stdout
from xswitch.cli.parser import parse_arguments
from xswitch.core.errors import (
    CancelledError,
    ExitCode,
    OutputLostError,
    SystemRefusedError,
    XswitchError,
)

if TYPE_CHECKING:
    from xswitch.wiring import Services

_PACKAGE = __file__.removesuffix(f"cli{os.sep}main.py")


def main(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run a command line (without the program's name) and return the exit code."""
    environ = os.environ if environ is None else environ
    stderr = Stderr(sys.stderr, color=_use_color(environ))
    stdout = Stdout(sys.stdout)
    arguments = argparse.Namespace(command=None)
    try:
        try:
            arguments = parse_arguments(argv)
            log = stderr.debug if arguments.debug else None
            context = Context(
                arguments, stdout, stderr, environ, lambda variables: _services(variables, log)
            )
            return _exit_code(int(arguments.run(context)), stdout, stderr)
        except KeyboardInterrupt:
            raise CancelledError("Cancelled.") from None
    except XswitchError as error:
        _report_error(error, arguments, stdout, stderr)
        return error.exit_code
    except OSError as error:  # of a file or device, so no bug; what it is about has its own message
        return _report_refusal(error, arguments, stdout, stderr)
    except (ImportError, SyntaxError) as error:
        return _report_incomplete(error, arguments, stdout, stderr)
    except Exception as error:  # noqa: BLE001 -- a bug gets a message and an exit code too
        return _report_bug(error, arguments, stdout, stderr)


def _services(environ: Mapping[str, str], log: Callable[[str], None] | None) -> Services:
    from xswitch.wiring import build_services  # noqa: PLC0415 -- it imports every adapter

    return build_services(environ, log)


def _exit_code(code: int, stdout: Stdout, stderr: Stderr) -> int:
    """Return the exit code of a command that has finished with `code`.

    Its output may have been lost. A reader that closed its pipe has what it wanted.
    """
    if code != ExitCode.DONE or stdout.lost is None or isinstance(stdout.lost, BrokenPipeError):
        return code
    stderr.error(
        OutputLostError(
            f"Can't write to standard output: {stdout.lost.strerror}.",
            why="The command has done everything else.",
        )
    )
    return OutputLostError.exit_code


def _report_refusal(
    error: OSError, arguments: argparse.Namespace, stdout: Stdout, stderr: Stderr
) -> int:
    place = f"{error.filename}: " if isinstance(error.filename, str) else ""
    refused = SystemRefusedError(
        "The system refused something that xswitch needs.",
        why=f"{place}{error.strerror or type(error).__name__}.",
        next_step="xswitch doctor",
    )
    _report_error(refused, arguments, stdout, stderr)
    return refused.exit_code


def _report_error(
    error: XswitchError, arguments: argparse.Namespace, stdout: Stdout, stderr: Stderr
) -> None:
    if getattr(arguments, "json", False):
        stdout.envelope(_full_command_name(arguments), None, [error_json(error)])
        if stdout.lost is not None:
            stderr.error(error)
    elif arguments.command in {"credential-process", "complete"}:
        stderr.one_line(error)
    else:
        stderr.error(error)


def _full_command_name(arguments: argparse.Namespace) -> str:
    """Return the command as its successful JSON envelope names it."""
    action = getattr(arguments, "action", "")
    return (
        f"{arguments.command} {action}"
        if arguments.command == "access" or action == "undo"
        else str(arguments.command)
    )


def _report_incomplete(
    error: ImportError | SyntaxError,
    arguments: argparse.Namespace,
    stdout: Stdout,
    stderr: Stderr,
) -> int:
    """Report a module that is missing, half replaced, or made for another Python."""
    module = error.name if isinstance(error, ImportError) else error.filename
    incomplete = XswitchError(
        f"xswitch's installation is incomplete: {module or 'a module'} can't be imported.",
        why=f"It runs with {sys.executable} ({sys.version.split()[0]}).",
        next_step="reinstall xswitch, then run: xswitch renew --all",
    )
    _report_error(incomplete, arguments, stdout, stderr)
    return ExitCode.BUG


def _report_bug(
    error: Exception, arguments: argparse.Namespace, stdout: Stdout, stderr: Stderr
) -> int:
    """Report an unexpected exception by type and place; its text may hold a secret."""
    place = "an unknown place"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith(_PACKAGE):
            # importing pathlib takes time
            place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
        trace = trace.tb_next
    bug = XswitchError(
        f"This is a bug in xswitch: {type(error).__name__} at {place}.",
        why="The error's own text is withheld, because it may hold a secret.",
        next_step="report this line and the command (see docs/contributing.md)",
    )
    _report_error(bug, arguments, stdout, stderr)
    return ExitCode.BUG


def _use_color(environ: Mapping[str, str]) -> bool:
    terminal = environ.get("TERM", "").strip().lower() not in {"", "dumb", "unknown"}
    return terminal and not environ.get("NO_COLOR") and sys.stderr.isatty()
