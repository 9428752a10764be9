"""Failures as text for the screen: no traceback, and no value that may be secret."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from xswitch.core.display import display
from xswitch.core.errors import ErrorCode, ExitCode, XswitchError
from xswitch.core.model import Role
from xswitch.tui.render.text import Line, wrap

_PACKAGE = Path(__file__).parents[1].as_posix() + "/"


@dataclass(frozen=True, slots=True)
class FailureMessage:
    """A failure, its reason, and the next step, sanitized."""

    what: str
    why: str = ""
    next_step: str = ""
    code: str = ErrorCode.BUG
    exit_code: int = ExitCode.BUG


def from_error(error: XswitchError) -> FailureMessage:
    """Return the message of an expected error."""
    return FailureMessage(
        display(error.what),
        display(error.why),
        display(error.next_step),
        error.code,
        int(error.exit_code),
    )


def from_bug(error: BaseException) -> FailureMessage:
    """Return the message of an unexpected exception.

    It names only the exception's type and location, since its text may hold anything.
    """
    return FailureMessage(
        what="This is a bug in xswitch.",
        why=f"{type(error).__name__} {_error_location(error)}".strip() + ".",
        next_step="Report it with the line above; `xswitch doctor` may show the cause.",
    )


def from_exception(error: BaseException) -> FailureMessage:
    """Return the message of an expected or unexpected exception."""
    return from_error(error) if isinstance(error, XswitchError) else from_bug(error)


def from_misconfigured_role(role: Role) -> FailureMessage:
    """Say why a role without a resolved chain can't be assumed."""
    problems = [problem for problem in role.problems if problem.severity == "error"] or list(
        role.problems
    )
    main_problem = problems[0] if problems else None
    location = (
        f"{main_problem.file}:{main_problem.line}"
        if main_problem is not None and main_problem.file and main_problem.line
        else f"{role.origin.file}:{role.origin.line}"
    )
    return FailureMessage(
        what=f"{display(role.name)} is misconfigured.",
        why=display(main_problem.message)
        if main_problem is not None
        else "Its chain of roles can't be resolved.",
        next_step=f"Correct {display(location)}, then press F5 to reload.",
        code=main_problem.code if main_problem is not None else ErrorCode.CHAIN,
        exit_code=ExitCode.CONFIG,
    )


def _error_location(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own_frames = [
        frame for frame in frames if frame.filename.replace("\\", "/").startswith(_PACKAGE)
    ]
    frame = (own_frames or frames)[-1] if frames else None
    if frame is None:
        return ""
    path = frame.filename.replace("\\", "/")
    relative_path = path.removeprefix(_PACKAGE) if own_frames else path.rpartition("/")[2]
    return f"at {relative_path}:{frame.lineno}"


def failure_lines(failure: FailureMessage, width: int) -> list[Line]:
    """Return the lines of a failure: what failed, why, and the next step."""
    lines = wrap([("✗ ", "error"), (failure.what, "error")], width, hang=2)
    if failure.why:
        lines += wrap([("  " + failure.why, "text")], width, hang=2)
    if failure.next_step:
        lines += wrap([("  next  ", "muted"), (failure.next_step, "bright")], width, hang=8)
    return lines
