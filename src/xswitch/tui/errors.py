"""What went wrong, in sentences the screen can show: never a traceback, never a value that may be secret."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from xswitch.core.errors import ExitCode, XswitchError
from xswitch.core.model import Role
from xswitch.core.text import clean

_PACKAGE = "xswitch"


@dataclass(frozen=True, slots=True)
class Failure:
    """One sentence of what happened, why, and what to do next; harmless to draw."""

    what: str
    why: str = ""
    next_step: str = ""
    code: str = "bug"
    exit_code: int = ExitCode.BUG


def of_error(error: XswitchError) -> Failure:
    """The failure an error of ours tells."""
    return Failure(clean(error.what), clean(error.why), clean(error.next_step), error.code, int(error.exit_code))


def of_bug(error: BaseException) -> Failure:
    """The failure of an exception nobody expected: its kind and place only, since its text may hold anything."""
    return Failure(
        what="This is a bug in xswitch.",
        why=f"{type(error).__name__} {_where(error)}".strip() + ".",
        next_step="Please report it with the line above; `xswitch doctor` may tell more.",
    )


def of_exception(error: BaseException) -> Failure:
    """Either of the two."""
    return of_error(error) if isinstance(error, XswitchError) else of_bug(error)


def of_unusable(role: Role) -> Failure:
    """Why a role without a resolved chain can't be switched to."""
    reasons = [problem for problem in role.problems if problem.severity == "error"] or list(role.problems)
    first = reasons[0] if reasons else None
    where = f"{first.file}:{first.line}" if first is not None and first.file and first.line else f"{role.origin.file}:{role.origin.line}"
    return Failure(
        what=f"{clean(role.name)} can't be used as it is configured.",
        why=clean(first.message) if first is not None else "Its chain of roles can't be resolved.",
        next_step=f"Correct {clean(where)}, then press F5 to read the files again.",
        code=first.code if first is not None else "chain",
        exit_code=ExitCode.CONFIG,
    )


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"/{_PACKAGE}/" in frame.filename.replace("\\", "/")]
    frame = (ours or frames)[-1] if frames else None
    if frame is None:
        return ""
    path = frame.filename.replace("\\", "/")
    short = path.rpartition(f"/{_PACKAGE}/")[2] if ours else path.rpartition("/")[2]
    return f"at {short}:{frame.lineno}"
