"""What the set-up screen shows, as one immutable value, and every way it changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from xswitch.actions.access.api import (
    AccessApplyResult,
    AccessCheckResult,
    AccessPlanResult,
    ChangeStatus,
)
from xswitch.core.access.model import AccessPlan, AccountSide, IamChange
from xswitch.tui.errors import FailureMessage, from_error
from xswitch.tui.setup import form
from xswitch.tui.setup.form import Values


class SetupStage(StrEnum):
    """Where in the procedure one is."""

    FORM = "form"
    PLANNING = "planning"
    PLAN = "plan"
    APPLYING = "applying"
    STOPPED = "stopped"
    TAKING_BACK = "taking back"
    CHECKING = "checking"
    CHECK_FAILED = "check failed"
    DONE = "done"


WORKING = frozenset(
    {SetupStage.PLANNING, SetupStage.APPLYING, SetupStage.TAKING_BACK, SetupStage.CHECKING}
)


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """One change on its way: not begun ("waiting"), or as the apply tells it."""

    side: AccountSide
    change: IamChange
    state: ChangeStatus | str = "waiting"


@dataclass(frozen=True, slots=True)
class SetupState:
    """Everything the set-up screen draws from.

    `told` is what is going on now, in words; `field_errors` by field, once planning was tried.
    """

    values: Values = field(default_factory=lambda: form.DEFAULTS)
    stage: SetupStage = SetupStage.FORM
    field_errors: Mapping[str, str] = field(default_factory=dict)
    validating: bool = False
    plan_result: AccessPlanResult | None = None
    steps: tuple[ChangeStep, ...] = ()
    apply_result: AccessApplyResult | None = None
    check_result: AccessCheckResult | None = None
    failure: FailureMessage | None = None
    progress: str = ""

    @property
    def working(self) -> bool:
        """Whether something is being done."""
        return self.stage in WORKING


def with_value(state: SetupState, key: str, value: str) -> SetupState:
    """A field has another value; once there were field_errors, they follow what is typed."""
    values = {**state.values, key: value}
    return replace(
        state,
        values=values,
        field_errors=form.validation_errors(values) if state.validating else {},
    )


def start_planning(state: SetupState) -> SetupState:
    """Planning was asked for: field_errors, or the stage of planning."""
    errors = form.validation_errors(state.values)
    if errors:
        return replace(state, field_errors=errors, validating=True)
    return replace(
        state,
        field_errors={},
        validating=True,
        stage=SetupStage.PLANNING,
        failure=None,
        progress="Reading both accounts",
    )


def with_progress(state: SetupState, text: str) -> SetupState:
    """Progress in words."""
    return replace(state, progress=text[:1].upper() + text[1:])


def with_plan(state: SetupState, result: AccessPlanResult) -> SetupState:
    """The difference is known."""
    return replace(
        state,
        stage=SetupStage.PLAN,
        plan_result=result,
        steps=change_steps(result.plan),
        apply_result=None,
        failure=None,
        progress="",
    )


def change_steps(plan: AccessPlan) -> tuple[ChangeStep, ...]:
    """The changes of the sides that have a profile, in the order they will be made."""
    return tuple(
        ChangeStep(side.side, change)
        for side in plan.sides
        if side.profile is not None
        for change in side.changes
    )


def back_to_form(state: SetupState) -> SetupState:
    """The form again, as it was filled in."""
    return replace(
        state,
        stage=SetupStage.FORM,
        plan_result=None,
        steps=(),
        apply_result=None,
        failure=None,
        progress="",
    )


def start_applying(state: SetupState) -> SetupState:
    """The work begins, or goes on after a failure with what is left."""
    return replace(state, stage=SetupStage.APPLYING, failure=None, progress="")


def with_step(
    state: SetupState, side: AccountSide, change: IamChange, status: ChangeStatus
) -> SetupState:
    """One step was begun, done, or failed; one that the plan did not have joins the list."""
    steps = tuple(
        ChangeStep(side, change, status) if _is_step_of(step, side, change) else step
        for step in state.steps
    )
    if not any(_is_step_of(step, side, change) for step in state.steps):
        steps = (*steps, ChangeStep(side, change, status))
    return replace(state, steps=steps)


def _is_step_of(step: ChangeStep, side: AccountSide, change: IamChange) -> bool:
    return (
        step.side is side
        and step.change.summary == change.summary
        and step.change.subject == change.subject
    )


def finish_applying(state: SetupState, result: AccessApplyResult) -> SetupState:
    """Stop at a failure; else check, if both accounts are set up."""
    if result.error is not None:
        return replace(
            state,
            stage=SetupStage.STOPPED,
            apply_result=result,
            failure=from_error(result.error),
            progress="",
        )
    state = replace(state, apply_result=result)
    if can_check(state):
        return start_checking(state)
    return replace(state, stage=SetupStage.DONE, failure=None, progress="")


def start_taking_back(state: SetupState) -> SetupState:
    """What was done is being taken back."""
    return replace(state, stage=SetupStage.TAKING_BACK, failure=None, progress="")


def finish_taking_back(state: SetupState, result: AccessApplyResult) -> SetupState:
    """Return to the plan, or stop at a failure."""
    return replace(
        state,
        stage=SetupStage.PLAN if result.error is None else SetupStage.STOPPED,
        failure=from_error(result.error) if result.error is not None else None,
        apply_result=None,
        progress="",
    )


def finish_check(state: SetupState, result: AccessCheckResult) -> SetupState:
    """Show the result of the switch."""
    return replace(state, stage=SetupStage.DONE, check_result=result, failure=None, progress="")


def with_failure(state: SetupState, failure: FailureMessage) -> SetupState:
    """What was going on failed: planning leads back to the form, a check can be tried again."""
    stage = {
        SetupStage.PLANNING: SetupStage.FORM,
        SetupStage.CHECKING: SetupStage.CHECK_FAILED,
    }.get(state.stage, SetupStage.STOPPED)
    return replace(state, stage=stage, failure=failure, progress="")


def start_checking(state: SetupState) -> SetupState:
    """The check, again."""
    return replace(
        state, stage=SetupStage.CHECKING, failure=None, progress="Switching to the role as the user"
    )


def can_check(state: SetupState) -> bool:
    """Whether both sides are this user's to set up, so that a check makes sense right after."""
    return state.plan_result is not None and all(
        side.profile is not None for side in state.plan_result.plan.sides
    )
