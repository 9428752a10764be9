"""The setup screen's state as one immutable value, and its transitions. Pure."""

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
from xswitch.tui.render.form_fields import Values
from xswitch.tui.setup import form


class SetupStage(StrEnum):
    """The stage of a setup."""

    FORM = "form"
    PLANNING = "planning"
    PLAN = "plan"
    APPLYING = "applying"
    STOPPED = "stopped"
    ROLLING_BACK = "rolling back"
    CHECKING = "checking"
    CHECK_FAILED = "check failed"
    DONE = "done"


WORKING = frozenset(
    {SetupStage.PLANNING, SetupStage.APPLYING, SetupStage.ROLLING_BACK, SetupStage.CHECKING}
)


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """A planned change and its status: "waiting", or as `apply` reports it."""

    side: AccountSide
    change: IamChange
    state: ChangeStatus | str = "waiting"


@dataclass(frozen=True, slots=True)
class SetupState:
    """Everything the setup screen draws."""

    values: Values = field(default_factory=lambda: form.DEFAULTS)
    stage: SetupStage = SetupStage.FORM
    field_errors: Mapping[str, str] = field(default_factory=dict)
    """The form's errors by field."""
    validating: bool = False
    """Whether values are validated as they are typed: after the first attempt to plan."""
    plan_result: AccessPlanResult | None = None
    steps: tuple[ChangeStep, ...] = ()
    apply_result: AccessApplyResult | None = None
    check_result: AccessCheckResult | None = None
    failure: FailureMessage | None = None
    progress: str = ""
    """The current activity of a job."""

    @property
    def working(self) -> bool:
        """Whether a job is running."""
        return self.stage in WORKING


def with_value(state: SetupState, key: str, value: str) -> SetupState:
    """Set a field's value, and validate it after the first attempt to plan."""
    values = {**state.values, key: value}
    return replace(
        state,
        values=values,
        field_errors=form.validation_errors(values) if state.validating else {},
    )


def start_planning(state: SetupState) -> SetupState:
    """Start planning if the form is valid, else show its errors."""
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
    """Set the progress text."""
    return replace(state, progress=text[:1].upper() + text[1:])


def with_plan(state: SetupState, result: AccessPlanResult) -> SetupState:
    """Show the plan."""
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
    """Return the changes of the accounts with a profile, in the order they are applied."""
    return tuple(
        ChangeStep(side.side, change)
        for side in plan.sides
        if side.profile is not None
        for change in side.changes
    )


def back_to_form(state: SetupState) -> SetupState:
    """Return to the form with its values."""
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
    """Start applying, or continue after a failure."""
    return replace(state, stage=SetupStage.APPLYING, failure=None, progress="")


def with_step(
    state: SetupState, side: AccountSide, change: IamChange, status: ChangeStatus
) -> SetupState:
    """Set the status of a change; a change that the plan lacked is added."""
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


def start_rollback(state: SetupState) -> SetupState:
    """Start rolling back."""
    return replace(state, stage=SetupStage.ROLLING_BACK, failure=None, progress="")


def finish_rollback(state: SetupState, result: AccessApplyResult) -> SetupState:
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
    """Record a failure: planning returns to the form, and a check can be repeated."""
    stage = {
        SetupStage.PLANNING: SetupStage.FORM,
        SetupStage.CHECKING: SetupStage.CHECK_FAILED,
    }.get(state.stage, SetupStage.STOPPED)
    return replace(state, stage=stage, failure=failure, progress="")


def start_checking(state: SetupState) -> SetupState:
    """Start the check."""
    return replace(
        state, stage=SetupStage.CHECKING, failure=None, progress="Switching to the role as the user"
    )


def can_check(state: SetupState) -> bool:
    """Whether both accounts have a profile, so that the switch can be checked."""
    return state.plan_result is not None and all(
        side.profile is not None for side in state.plan_result.plan.sides
    )
