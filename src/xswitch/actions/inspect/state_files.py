"""Checks of xswitch's own files: those that a newer xswitch wrote are read as empty."""

from __future__ import annotations

from collections.abc import Iterator

from xswitch.actions.ports import State
from xswitch.actions.results import DoctorCheck
from xswitch.core.model import Problem


def newer_files_checks(state: State) -> Iterator[DoctorCheck]:
    """Yield a warning for each file that a newer xswitch wrote."""
    for error in state.newer_files():
        message = f"{error.what} {error.why}"
        yield DoctorCheck("state", "warning", message, error.next_step, {"code": error.code})


def newer_files_problems(state: State) -> tuple[Problem, ...]:
    """Return a problem for each file that a newer xswitch wrote."""
    return tuple(Problem(error.code, str(error)) for error in state.newer_files())
