"""Making a plan so, call by call, and taking it back. Whatever was stopped, the next apply starts from what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from xswitch.actions.access.planner import Surveyed, survey
from xswitch.actions.access.sides import Sides
from xswitch.actions.accessapi import AppliedAccess, PlannedAccess, Steps
from xswitch.actions.iamport import Iam
from xswitch.actions.ports import Ports
from xswitch.core.access.model import Change, IamCall, Side
from xswitch.core.errors import CancelledError, NetworkError, UsageError, XswitchError
from xswitch.core.iamerrors import BUSY, EXISTS, MALFORMED, MISSING

PAUSES = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0)
"""Seconds between tries: IAM needs some to tell all of itself what it was told (IAM user guide, "Changes that I make are not always
immediately visible")."""

Done = tuple[Side, Change]


def apply(ports: Ports, sides: Sides, planned: PlannedAccess, steps: Steps) -> AppliedAccess:
    """See `AccessActions.apply`."""
    surveyed = survey(ports, sides, planned.inputs)
    plan = surveyed.planned.plan
    todo = [(side.side, change) for side in plan.sides if side.profile is not None for change in side.changes]
    done: list[Done] = []
    for number, (side, change) in enumerate(todo):
        opened = surveyed.side(side)
        if opened is None:
            raise UsageError(f"There is no profile for the {side.value} side.", next_step="xswitch access plan --format cli")
        try:
            steps(side, change, "doing")
            _make(ports, opened.iam, change, partial(_still_wanted, ports, sides, surveyed, (side, change)))
        except XswitchError as error:
            if not isinstance(error, CancelledError):
                steps(side, change, "failed")
            return AppliedAccess(surveyed.planned, tuple(done), tuple(todo[number:]), error)
        steps(side, change, "done")
        done.append((side, change))
    return AppliedAccess(surveyed.planned, tuple(done))


def take_back(ports: Ports, sides: Sides, applied: AppliedAccess, steps: Steps) -> AppliedAccess:
    """See `AccessActions.take_back`. What is gone already counts as taken back."""
    opened = {side.side: sides.open(side.profile) for side in applied.planned.plan.sides if side.profile is not None}
    back: list[Done] = []
    todo: Sequence[Done] = tuple(reversed(applied.done))
    for number, (side, change) in enumerate(todo):
        try:
            steps(side, change, "doing")
            for call in change.undo:
                _undo(ports, opened[side].iam, call)
        except XswitchError as error:
            if not isinstance(error, CancelledError):
                steps(side, change, "failed")
            return AppliedAccess(applied.planned, tuple(back), tuple(todo[number:]), error)
        steps(side, change, "taken_back")
        back.append((side, change))
    return AppliedAccess(applied.planned, tuple(back))


def _make(ports: Ports, iam: Iam, change: Change, still_wanted: Callable[[], bool]) -> None:
    """One change, once: an answer that was lost, or came too early, is looked at again before it counts as a failure."""
    pauses = iter(PAUSES)
    while True:
        try:
            iam.run(change.call)
        except XswitchError as error:
            if isinstance(error, NetworkError) or error.code == EXISTS:
                # The call may have worked all the same: what is there decides.
                if not still_wanted():
                    return
                if error.code == EXISTS:
                    raise
            elif not _passes(error):
                raise
            pause = next(pauses, None)
            if pause is None:
                raise
            ports.pause(pause)
        else:
            return


def _undo(ports: Ports, iam: Iam, call: IamCall) -> None:
    pauses = iter(PAUSES[:3])
    while True:
        try:
            iam.run(call)
        except XswitchError as error:
            if error.code == MISSING:
                return
            pause = next(pauses, None)
            if pause is None or not (isinstance(error, NetworkError) or _passes(error)):
                raise
            ports.pause(pause)
        else:
            return


def _passes(error: XswitchError) -> bool:
    """Whether a refusal is of the kind that waiting helps against."""
    if error.code == MALFORMED:
        # A trust policy can't name a principal that was created only just now.
        return "principal" in error.why.lower()
    return error.code in (BUSY, MISSING, "throttled", "aws_internal")


def _still_wanted(ports: Ports, sides: Sides, surveyed: Surveyed, one: Done) -> bool:
    """Whether a change is still to be made, by what is there now."""
    side, change = one
    now = survey(ports, sides, surveyed.planned.inputs).planned.plan
    changes = next(found.changes for found in now.sides if found.side is side)
    return any((found.call.operation, found.summary) == (change.call.operation, change.summary) for found in changes)
