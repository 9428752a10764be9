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
from xswitch.tui.errors import FailureMessage
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

    `told` is what is going on now, in words; `complaints` by field, once planning was tried.
    """

    values: Values = field(default_factory=lambda: form.DEFAULTS)
    stage: SetupStage = SetupStage.FORM
    complaints: Mapping[str, str] = field(default_factory=dict)
    tried: bool = False
    planned: AccessPlanResult | None = None
    steps: tuple[ChangeStep, ...] = ()
    applied: AccessApplyResult | None = None
    checked: AccessCheckResult | None = None
    failure: FailureMessage | None = None
    told: str = ""

    @property
    def working(self) -> bool:
        """Whether something is being done."""
        return self.stage in WORKING


def with_value(state: SetupState, key: str, value: str) -> SetupState:
    """A field has another value; once there were complaints, they follow what is typed."""
    values = {**state.values, key: value}
    return replace(
        state, values=values, complaints=form.validation_errors(values) if state.tried else {}
    )


def tried(state: SetupState) -> SetupState:
    """Planning was asked for: complaints, or the stage of planning."""
    complaints = form.validation_errors(state.values)
    if complaints:
        return replace(state, complaints=complaints, tried=True)
    return replace(
        state,
        complaints={},
        tried=True,
        stage=SetupStage.PLANNING,
        failure=None,
        told="Reading both accounts",
    )


def told(state: SetupState, text: str) -> SetupState:
    """Progress in words."""
    return replace(state, told=text[:1].upper() + text[1:])


def with_plan(state: SetupState, planned: AccessPlanResult) -> SetupState:
    """The difference is known."""
    return replace(
        state,
        stage=SetupStage.PLAN,
        planned=planned,
        steps=change_steps(planned.plan),
        applied=None,
        failure=None,
        told="",
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
        state, stage=SetupStage.FORM, planned=None, steps=(), applied=None, failure=None, told=""
    )


def start_applying(state: SetupState) -> SetupState:
    """The work begins, or goes on after a failure with what is left."""
    return replace(state, stage=SetupStage.APPLYING, failure=None, told="")


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


def applied(
    state: SetupState, result: AccessApplyResult, failure: FailureMessage | None
) -> SetupState:
    """The work is over: on to the check, or stopped at a failure."""
    if failure is not None:
        return replace(state, stage=SetupStage.STOPPED, applied=result, failure=failure, told="")
    return replace(
        state, stage=SetupStage.CHECKING, applied=result, told="Switching to the role as the user"
    )


def start_taking_back(state: SetupState) -> SetupState:
    """What was done is being taken back."""
    return replace(state, stage=SetupStage.TAKING_BACK, failure=None, told="")


def finish_taking_back(state: SetupState, failure: FailureMessage | None) -> SetupState:
    """Everything is as it was before (or what could be)."""
    return replace(
        state,
        stage=SetupStage.PLAN if failure is None else SetupStage.STOPPED,
        failure=failure,
        applied=None,
        told="",
    )


def checked(state: SetupState, result: AccessCheckResult) -> SetupState:
    """The user can switch."""
    return replace(state, stage=SetupStage.DONE, checked=result, failure=None, told="")


def with_failure(state: SetupState, failure: FailureMessage) -> SetupState:
    """What was going on failed: planning leads back to the form, a check can be tried again."""
    stage = {
        SetupStage.PLANNING: SetupStage.FORM,
        SetupStage.CHECKING: SetupStage.CHECK_FAILED,
    }.get(state.stage, SetupStage.STOPPED)
    return replace(state, stage=stage, failure=failure, told="")


def start_checking(state: SetupState) -> SetupState:
    """The check, again."""
    return replace(
        state, stage=SetupStage.CHECKING, failure=None, told="Switching to the role as the user"
    )


def finish_without_check(state: SetupState) -> SetupState:
    """This side is done; the other is for somebody else, so there is nothing to check yet."""
    return replace(state, stage=SetupStage.DONE, failure=None, told="")


def can_check(state: SetupState) -> bool:
    """Whether both sides are this user's to set up, so that a check makes sense right after."""
    return state.planned is not None and all(
        side.profile is not None for side in state.planned.plan.sides
    )
