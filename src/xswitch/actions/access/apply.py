"""Making a plan so, call by call, and taking it back.

Whatever was stopped, the next apply starts from what is there.

Nothing is done that was not in the plan somebody agreed to: each side is read again before it is
changed, and where others changed it meanwhile, the apply stops.
"""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.actions.access.accounts import Accounts
from xswitch.actions.access.api import AccessApplyResult, AccessPlanResult, ChangeListener
from xswitch.actions.access.plan import ObservedPlan, plan_from_current_state
from xswitch.actions.ports import Iam, Process
from xswitch.core.access.model import AccessPlan, AccountPlan, AccountSide, IamCall, IamChange
from xswitch.core.errors import (
    CancelledError,
    ConfigError,
    ErrorCode,
    NetworkError,
    XswitchError,
)

PROPAGATION_DELAYS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0)
"""Seconds between tries.

IAM needs some to tell all of itself what it was told (IAM user guide, "Changes that I make are not
always immediately visible").
"""

SideChange = tuple[AccountSide, IamChange]


def apply(
    process: Process, accounts: Accounts, planned: AccessPlanResult, steps: ChangeListener
) -> AccessApplyResult:
    """See `AccessActions.apply`."""
    return _ApplyRun(process, accounts, planned, steps).run()


class _ApplyRun:
    """One apply: what is done, and what is left to do."""

    def __init__(
        self, process: Process, accounts: Accounts, planned: AccessPlanResult, steps: ChangeListener
    ) -> None:
        self._process = process
        self._sides = accounts
        self._planned = planned
        self._steps = steps
        self._ours = tuple(side for side in planned.plan.sides if side.profile is not None)
        self._done: list[SideChange] = []
        self._left: list[SideChange] = [
            (side.side, change) for side in self._ours for change in side.changes
        ]
        self._doing: SideChange | None = None

    def run(self) -> AccessApplyResult:
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
            return AccessApplyResult(self._planned, tuple(self._done))
        if self._doing is not None and not isinstance(stopped, CancelledError):
            self._steps(*self._doing, "failed")
        return AccessApplyResult(self._planned, tuple(self._done), tuple(self._left), stopped)

    def _make_side(self, agreed: AccountPlan) -> None:
        side = agreed.side
        surveyed = self._survey()
        now = surveyed.planned.plan.of(side).changes
        _ensure_no_other_changes(side, now, agreed.changes)
        self._left = [
            *((side, change) for change in now),
            *(one for one in self._left if one[0] is not side),
        ]
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

    def _make(self, iam: Iam, side: AccountSide, change: IamChange) -> None:
        """One change, once.

        An answer that was lost, or came too early, is looked at again before it counts as a
        failure.
        """
        pauses = iter(PROPAGATION_DELAYS)
        while True:
            try:
                iam.run(change.call)
            except XswitchError as error:
                # The call may have worked all the same: what is there decides.
                unsure = isinstance(error, NetworkError) or error.code == ErrorCode.IAM_EXISTS
                if unsure and self._is_there(side, change):
                    return
                pause = next(pauses, None)
                if pause is None or not (unsure or _is_transient(error)):
                    raise
                self._process.sleep(pause)
            else:
                return

    def _is_there(self, side: AccountSide, change: IamChange) -> bool:
        rest = [one for where, one in self._left if where is side and one is not change]
        return is_applied(self._survey().planned.plan, side, change, rest)

    def _survey(self) -> ObservedPlan:
        return plan_from_current_state(self._process, self._sides, self._planned.inputs)


def is_applied(
    now: AccessPlan, side: AccountSide, change: IamChange, rest: Sequence[IamChange]
) -> bool:
    """Whether a change was made, by a plan from what is there now.

    `rest` are the side's changes that are still to be made.

    Raises ConfigError when what is there is neither what was nor what the change makes of it: then
    somebody else changed it.
    """
    found = now.of(side).changes
    if any(one.call == change.call for one in found):
        return False
    _ensure_no_other_changes(side, found, rest)
    return True


def _ensure_no_other_changes(
    side: AccountSide, now: Sequence[IamChange], agreed: Sequence[IamChange]
) -> None:
    others = [
        change.summary for change in now if not any(change.call == one.call for one in agreed)
    ]
    if others:
        raise ConfigError(
            f"The {side.value} account is not as it was when the plan was made: somebody else changed it meanwhile.",
            why=f"Now this would be needed: {'; '.join(others)}.",
            next_step="look at the plan again: the same with `xswitch access plan`",
            code=ErrorCode.ACCESS_CHANGED,
        )


# -- taking back
# --------------------------------------------------------------------------------------------------


def rollback(
    process: Process, accounts: Accounts, applied: AccessApplyResult, steps: ChangeListener
) -> AccessApplyResult:
    """See `AccessActions.take_back`. What is gone already counts as taken back."""
    todo: list[SideChange] = list(reversed(applied.done))
    back: list[SideChange] = []
    doing: SideChange | None = None
    stopped: XswitchError
    try:
        todo = [*_possibly_applied(process, accounts, applied), *todo]
        opened = {
            side: accounts.open(applied.planned.plan.of(side).profile or "")
            for side in dict.fromkeys(side for side, _ in todo)
        }
        while todo:
            side, change = todo[0]
            steps(side, change, "doing")
            doing = todo[0]
            for call in change.undo:
                _undo_call(process, opened[side].iam, call)
            back.append(todo.pop(0))
            doing = None
            steps(side, change, "taken_back")
    except XswitchError as error:
        stopped = error
    except KeyboardInterrupt:
        stopped = CancelledError("You stopped it.")
    else:
        return AccessApplyResult(applied.planned, tuple(back))
    if doing is not None and not isinstance(stopped, CancelledError):
        steps(*doing, "failed")
    return AccessApplyResult(applied.planned, tuple(back), tuple(todo), stopped)


def _possibly_applied(
    process: Process, accounts: Accounts, applied: AccessApplyResult
) -> list[SideChange]:
    """The step that was on its way when nothing more was heard, if it was made."""
    if not applied.left or not isinstance(applied.error, NetworkError | CancelledError):
        return []
    (side, change), *rest = applied.left
    now = plan_from_current_state(process, accounts, applied.planned.inputs).planned.plan
    return (
        [(side, change)]
        if is_applied(now, side, change, [one for where, one in rest if where is side])
        else []
    )


def _undo_call(process: Process, iam: Iam, call: IamCall) -> None:
    pauses = iter(PROPAGATION_DELAYS[:3])
    while True:
        try:
            iam.run(call)
        except XswitchError as error:
            if error.code == ErrorCode.IAM_MISSING:
                return
            pause = next(pauses, None)
            if pause is None or not (isinstance(error, NetworkError) or _is_transient(error)):
                raise
            process.sleep(pause)
        else:
            return


def _is_transient(error: XswitchError) -> bool:
    """Whether a refusal is of the kind that waiting helps against."""
    if error.code == ErrorCode.IAM_MALFORMED:
        # A trust policy can't name a principal that was created only just now.
        return "principal" in error.why.lower()
    if error.code == ErrorCode.IAM_MISSING:
        # The role or user was there when the plan was made. A policy that isn't there will not
        # come.
        return not error.why.startswith("Policy ")
    return error.code in (ErrorCode.IAM_BUSY, ErrorCode.THROTTLED, ErrorCode.AWS_INTERNAL)
