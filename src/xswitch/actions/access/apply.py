"""Making a plan so, call by call, and taking it back. Whatever was stopped, the next apply starts from what is there.

Nothing is done that was not in the plan somebody agreed to: each side is read again before it is changed, and where others changed it
meanwhile, the apply stops.
"""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.actions.access.accounts import Sides
from xswitch.actions.access.api import AppliedAccess, PlannedAccess, Steps
from xswitch.actions.access.plan import Surveyed, survey
from xswitch.actions.iamport import Iam
from xswitch.actions.ports import Ports
from xswitch.core.access.model import AccessPlan, Change, IamCall, Side, SidePlan
from xswitch.core.errors import CancelledError, ConfigError, NetworkError, XswitchError
from xswitch.core.errors.iam import BUSY, EXISTS, MALFORMED, MISSING

PAUSES = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0)
"""Seconds between tries: IAM needs some to tell all of itself what it was told (IAM user guide, "Changes that I make are not always
immediately visible")."""

Done = tuple[Side, Change]


def apply(ports: Ports, sides: Sides, planned: PlannedAccess, steps: Steps) -> AppliedAccess:
    """See `AccessActions.apply`."""
    return _Apply(ports, sides, planned, steps).run()


class _Apply:
    """One apply: what is done, and what is left to do."""

    def __init__(self, ports: Ports, sides: Sides, planned: PlannedAccess, steps: Steps) -> None:
        self._ports = ports
        self._sides = sides
        self._planned = planned
        self._steps = steps
        self._ours = tuple(side for side in planned.plan.sides if side.profile is not None)
        self._done: list[Done] = []
        self._left: list[Done] = [(side.side, change) for side in self._ours for change in side.changes]
        self._doing: Done | None = None

    def run(self) -> AppliedAccess:
        """All of it, or as much as could be done."""
        stopped: XswitchError
        try:
            for side in self._ours:
                self._make_side(side)
        except XswitchError as error:
            stopped = error
        except KeyboardInterrupt:
            stopped = CancelledError("You stopped it.")
        else:
            return AppliedAccess(self._planned, tuple(self._done))
        if self._doing is not None and not isinstance(stopped, CancelledError):
            self._steps(*self._doing, "failed")
        return AppliedAccess(self._planned, tuple(self._done), tuple(self._left), stopped)

    def _make_side(self, agreed: SidePlan) -> None:
        side = agreed.side
        surveyed = self._survey()
        now = surveyed.planned.plan.of(side).changes
        _refuse_others(side, now, agreed.changes)
        self._left = [*((side, change) for change in now), *(one for one in self._left if one[0] is not side)]
        opened = surveyed.side(side)
        if opened is None:
            return
        for change in now:
            self._steps(side, change, "doing")
            self._doing = (side, change)
            self._make(opened.iam, side, change)
            self._done.append(self._left.pop(0))
            self._doing = None
            self._steps(side, change, "done")

    def _make(self, iam: Iam, side: Side, change: Change) -> None:
        """One change, once: an answer that was lost, or came too early, is looked at again before it counts as a failure."""
        pauses = iter(PAUSES)
        while True:
            try:
                iam.run(change.call)
            except XswitchError as error:
                # The call may have worked all the same: what is there decides.
                unsure = isinstance(error, NetworkError) or error.code == EXISTS
                if unsure and self._is_there(side, change):
                    return
                pause = next(pauses, None)
                if pause is None or not (unsure or _passes(error)):
                    raise
                self._ports.pause(pause)
            else:
                return

    def _is_there(self, side: Side, change: Change) -> bool:
        rest = [one for where, one in self._left if where is side and one is not change]
        return is_made(self._survey().planned.plan, side, change, rest)

    def _survey(self) -> Surveyed:
        return survey(self._ports, self._sides, self._planned.inputs)


def is_made(now: AccessPlan, side: Side, change: Change, rest: Sequence[Change]) -> bool:
    """Whether a change was made, by a plan from what is there now; `rest` are the side's changes that are still to be made.

    Raises ConfigError when what is there is neither what was nor what the change makes of it: then somebody else changed it.
    """
    found = now.of(side).changes
    if any(one.call == change.call for one in found):
        return False
    _refuse_others(side, found, rest)
    return True


def _refuse_others(side: Side, now: Sequence[Change], agreed: Sequence[Change]) -> None:
    others = [change.summary for change in now if not any(change.call == one.call for one in agreed)]
    if others:
        raise ConfigError(
            f"The {side.value} account is not as it was when the plan was made: somebody else changed it meanwhile.",
            why=f"Now this would be needed: {'; '.join(others)}.",
            next_step="look at the plan again: the same with `xswitch access plan`",
            code="access_changed",
        )


# -- taking back --------------------------------------------------------------------------------------------------


def take_back(ports: Ports, sides: Sides, applied: AppliedAccess, steps: Steps) -> AppliedAccess:
    """See `AccessActions.take_back`. What is gone already counts as taken back."""
    todo: list[Done] = list(reversed(applied.done))
    back: list[Done] = []
    doing: Done | None = None
    stopped: XswitchError
    try:
        todo = [*_perhaps(ports, sides, applied), *todo]
        opened = {side: sides.open(applied.planned.plan.of(side).profile or "") for side in dict.fromkeys(side for side, _ in todo)}
        while todo:
            side, change = todo[0]
            steps(side, change, "doing")
            doing = todo[0]
            for call in change.undo:
                _undo(ports, opened[side].iam, call)
            back.append(todo.pop(0))
            doing = None
            steps(side, change, "taken_back")
    except XswitchError as error:
        stopped = error
    except KeyboardInterrupt:
        stopped = CancelledError("You stopped it.")
    else:
        return AppliedAccess(applied.planned, tuple(back))
    if doing is not None and not isinstance(stopped, CancelledError):
        steps(*doing, "failed")
    return AppliedAccess(applied.planned, tuple(back), tuple(todo), stopped)


def _perhaps(ports: Ports, sides: Sides, applied: AppliedAccess) -> list[Done]:
    """The step that was on its way when nothing more was heard, if it was made."""
    if not applied.left or not isinstance(applied.error, NetworkError | CancelledError):
        return []
    (side, change), *rest = applied.left
    now = survey(ports, sides, applied.planned.inputs).planned.plan
    return [(side, change)] if is_made(now, side, change, [one for where, one in rest if where is side]) else []


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
    if error.code == MISSING:
        # The role or user was there when the plan was made. A policy that isn't there will not come.
        return not error.why.startswith("Policy ")
    return error.code in (BUSY, "throttled", "aws_internal")
