"""Apply a plan call by call, and roll it back.

Only changes of the plan that the user agreed to are made: each account is read again before its
changes, and the apply stops if others changed it in the meantime. After a stopped apply, the next
one starts from the current state.
"""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.actions.access.accounts import Accounts
from xswitch.actions.access.api import AccessApplyResult, AccessPlanResult, ChangeListener
from xswitch.actions.access.plan import ObservedPlan, plan_from_current_state
from xswitch.actions.ports import Iam, Process
from xswitch.core.access.model import AccessPlan, AccountPlan, AccountSide, IamCall, IamChange
from xswitch.core.errors import CancelledError, ConfigError, ErrorCode, NetworkError, XswitchError

CHANGE_RETRY_DELAYS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0)
"""Seconds between retries while IAM propagates a change.

Source: IAM user guide, "Changes that I make are not always immediately visible".
"""

SideChange = tuple[AccountSide, IamChange]


def apply(
    process: Process, accounts: Accounts, planned: AccessPlanResult, steps: ChangeListener
) -> AccessApplyResult:
    """Make the changes of a plan: see `AccessActions.apply`."""
    return _ApplyRun(process, accounts, planned, steps).run()


class _ApplyRun:
    """The state of one apply."""

    def __init__(
        self, process: Process, accounts: Accounts, planned: AccessPlanResult, steps: ChangeListener
    ) -> None:
        self._process = process
        self._accounts = accounts
        self._planned = planned
        self._steps = steps
        self._sides = tuple(side for side in planned.plan.sides if side.profile is not None)
        self._done: list[SideChange] = []
        self._left: list[SideChange] = [
            (side.side, change) for side in self._sides for change in side.changes
        ]
        self._current: SideChange | None = None

    def run(self) -> AccessApplyResult:
        """Make as many changes as possible."""
        stopped: XswitchError
        try:
            for side in self._sides:
                self._apply_side(side)
        except XswitchError as error:
            stopped = error
        except KeyboardInterrupt:
            stopped = CancelledError("You stopped it.")
        else:
            return AccessApplyResult(self._planned, tuple(self._done))
        if self._current is not None and not isinstance(stopped, CancelledError):
            self._steps(*self._current, "failed")
        return AccessApplyResult(self._planned, tuple(self._done), tuple(self._left), stopped)

    def _apply_side(self, agreed: AccountPlan) -> None:
        side = agreed.side
        observed = self._observe()
        changes = observed.planned.plan.of(side).changes
        _ensure_no_other_changes(side, changes, agreed.changes)
        self._left = [
            *((side, change) for change in changes),
            *(other for other in self._left if other[0] is not side),
        ]
        opened = observed.side(side)
        if opened is None:
            return
        for change in changes:
            self._steps(side, change, "doing")
            self._current = (side, change)
            self._apply_change(opened.iam, side, change)
            self._done.append(self._left.pop(0))
            self._current = None
            self._steps(side, change, "done")

    def _apply_change(self, iam: Iam, side: AccountSide, change: IamChange) -> None:
        """Make one change once.

        If the response was lost, or came before IAM propagated, the current state decides whether
        the change was made.
        """
        delays = iter(CHANGE_RETRY_DELAYS)
        while True:
            try:
                iam.run(change.call)
            except XswitchError as error:
                is_unsure = isinstance(error, NetworkError) or error.code == ErrorCode.IAM_EXISTS
                if is_unsure and self._was_applied(side, change):
                    return
                delay = next(delays, None)
                if delay is None or not (is_unsure or _is_transient(error)):
                    raise
                self._process.sleep(delay)
            else:
                return

    def _was_applied(self, side: AccountSide, change: IamChange) -> bool:
        pending = [other for where, other in self._left if where is side and other is not change]
        return is_applied(self._observe().planned.plan, side, change, pending)

    def _observe(self) -> ObservedPlan:
        return plan_from_current_state(self._process, self._accounts, self._planned.inputs)


def is_applied(
    plan: AccessPlan, side: AccountSide, change: IamChange, pending: Sequence[IamChange]
) -> bool:
    """Whether a change was made, according to a plan from the current state.

    `pending` are the side's other changes that haven't been made. Raises ConfigError if the state
    is neither that before nor that after the change, so others changed it.
    """
    changes = plan.of(side).changes
    if any(other.call == change.call for other in changes):
        return False
    _ensure_no_other_changes(side, changes, pending)
    return True


def _ensure_no_other_changes(
    side: AccountSide, changes: Sequence[IamChange], agreed: Sequence[IamChange]
) -> None:
    others = [
        change.summary
        for change in changes
        if not any(change.call == other.call for other in agreed)
    ]
    if others:
        raise ConfigError(
            f"The {side.value} account has changed since the plan was made.",
            why=f"These changes would now be needed: {'; '.join(others)}.",
            next_step="review the new plan: rerun it with `xswitch access plan`",
            code=ErrorCode.ACCESS_CHANGED,
        )


def rollback(
    process: Process, accounts: Accounts, applied: AccessApplyResult, steps: ChangeListener
) -> AccessApplyResult:
    """Undo an apply: see `AccessActions.rollback`. Deleted objects count as undone."""
    pending: list[SideChange] = list(reversed(applied.done))
    undone: list[SideChange] = []
    current: SideChange | None = None
    stopped: XswitchError
    try:
        pending = [*_possibly_applied(process, accounts, applied), *pending]
        opened = {
            side: accounts.open(applied.planned.plan.of(side).profile or "")
            for side in dict.fromkeys(side for side, _ in pending)
        }
        while pending:
            side, change = pending[0]
            steps(side, change, "doing")
            current = pending[0]
            for call in change.undo:
                _undo_call(process, opened[side].iam, call)
            undone.append(pending.pop(0))
            current = None
            steps(side, change, "taken_back")
    except XswitchError as error:
        stopped = error
    except KeyboardInterrupt:
        stopped = CancelledError("You stopped it.")
    else:
        return AccessApplyResult(applied.planned, tuple(undone))
    if current is not None and not isinstance(stopped, CancelledError):
        steps(*current, "failed")
    return AccessApplyResult(applied.planned, tuple(undone), tuple(pending), stopped)


def _possibly_applied(
    process: Process, accounts: Accounts, applied: AccessApplyResult
) -> list[SideChange]:
    """Return the change during which the apply stopped, if AWS made it."""
    if not applied.left or not isinstance(applied.error, NetworkError | CancelledError):
        return []
    (side, change), *others = applied.left
    plan = plan_from_current_state(process, accounts, applied.planned.inputs).planned.plan
    pending = [other for where, other in others if where is side]
    return [(side, change)] if is_applied(plan, side, change, pending) else []


def _undo_call(process: Process, iam: Iam, call: IamCall) -> None:
    delays = iter(CHANGE_RETRY_DELAYS[:3])
    while True:
        try:
            iam.run(call)
        except XswitchError as error:
            if error.code == ErrorCode.IAM_MISSING:
                return
            delay = next(delays, None)
            if delay is None or not (isinstance(error, NetworkError) or _is_transient(error)):
                raise
            process.sleep(delay)
        else:
            return


def _is_transient(error: XswitchError) -> bool:
    """Whether a retry may succeed."""
    if error.code == ErrorCode.IAM_MALFORMED:
        # A trust policy can't name a principal until IAM has propagated it
        return "principal" in error.why.lower()
    if error.code == ErrorCode.IAM_MISSING:
        # The role or user existed when the plan was made; a missing policy stays missing
        return not error.why.startswith("Policy ")
    return error.code in (ErrorCode.IAM_BUSY, ErrorCode.THROTTLED, ErrorCode.AWS_INTERNAL)
