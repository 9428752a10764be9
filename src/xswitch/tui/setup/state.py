"""What the set-up screen shows, as one immutable value, and every way it changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from xswitch.actions.access.api import AppliedAccess, CheckedAccess, PlannedAccess, StepState
from xswitch.core.access.model import AccessPlan, Change, Side
from xswitch.tui.errors import Failure
from xswitch.tui.setup import form
from xswitch.tui.setup.form import Values


class Stage(StrEnum):
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


WORKING = frozenset({Stage.PLANNING, Stage.APPLYING, Stage.TAKING_BACK, Stage.CHECKING})


@dataclass(frozen=True, slots=True)
class Step:
    """One change on its way: not begun ("waiting"), or as the apply tells it."""

    side: Side
    change: Change
    state: StepState | str = "waiting"


@dataclass(frozen=True, slots=True)
class SetupState:
    """Everything the set-up screen draws from. `told` is what is going on now, in words; `complaints` by field, once planning was tried."""

    values: Values = field(default_factory=lambda: form.DEFAULTS)
    stage: Stage = Stage.FORM
    complaints: Mapping[str, str] = field(default_factory=dict)
    tried: bool = False
    planned: PlannedAccess | None = None
    steps: tuple[Step, ...] = ()
    applied: AppliedAccess | None = None
    checked: CheckedAccess | None = None
    failure: Failure | None = None
    told: str = ""

    @property
    def working(self) -> bool:
        """Whether something is being done."""
        return self.stage in WORKING


def answered(state: SetupState, key: str, value: str) -> SetupState:
    """A field has another value; once there were complaints, they follow what is typed."""
    values = {**state.values, key: value}
    return replace(state, values=values, complaints=form.complaints(values) if state.tried else {})


def tried(state: SetupState) -> SetupState:
    """Planning was asked for: complaints, or the stage of planning."""
    found = form.complaints(state.values)
    if found:
        return replace(state, complaints=found, tried=True)
    return replace(state, complaints={}, tried=True, stage=Stage.PLANNING, failure=None, told="Reading both accounts")


def told(state: SetupState, text: str) -> SetupState:
    """Progress in words."""
    return replace(state, told=text[:1].upper() + text[1:])


def with_plan(state: SetupState, planned: PlannedAccess) -> SetupState:
    """The difference is known."""
    return replace(state, stage=Stage.PLAN, planned=planned, steps=steps_of(planned.plan), applied=None, failure=None, told="")


def steps_of(plan: AccessPlan) -> tuple[Step, ...]:
    """The changes of the sides that have a profile, in the order they will be made."""
    return tuple(Step(side.side, change) for side in plan.sides if side.profile is not None for change in side.changes)


def back(state: SetupState) -> SetupState:
    """The form again, as it was filled in."""
    return replace(state, stage=Stage.FORM, planned=None, steps=(), applied=None, failure=None, told="")


def applying(state: SetupState) -> SetupState:
    """The work begins, or goes on after a failure with what is left."""
    return replace(state, stage=Stage.APPLYING, failure=None, told="")


def stepped(state: SetupState, side: Side, change: Change, now: StepState) -> SetupState:
    """One step was begun, done, or failed; one that the plan did not have joins the list."""
    steps = tuple(Step(side, change, now) if _same(step, side, change) else step for step in state.steps)
    if not any(_same(step, side, change) for step in state.steps):
        steps = (*steps, Step(side, change, now))
    return replace(state, steps=steps)


def _same(step: Step, side: Side, change: Change) -> bool:
    return step.side is side and step.change.summary == change.summary and step.change.subject == change.subject


def applied(state: SetupState, result: AppliedAccess, failure: Failure | None) -> SetupState:
    """The work is over: on to the check, or stopped at a failure."""
    if failure is not None:
        return replace(state, stage=Stage.STOPPED, applied=result, failure=failure, told="")
    return replace(state, stage=Stage.CHECKING, applied=result, told="Switching to the role as the user")


def taking_back(state: SetupState) -> SetupState:
    """What was done is being taken back."""
    return replace(state, stage=Stage.TAKING_BACK, failure=None, told="")


def taken_back(state: SetupState, failure: Failure | None) -> SetupState:
    """Everything is as it was before (or what could be)."""
    return replace(state, stage=Stage.PLAN if failure is None else Stage.STOPPED, failure=failure, applied=None, told="")


def checked(state: SetupState, result: CheckedAccess) -> SetupState:
    """The user can switch."""
    return replace(state, stage=Stage.DONE, checked=result, failure=None, told="")


def failed(state: SetupState, failure: Failure) -> SetupState:
    """What was going on failed: planning leads back to the form, a check can be tried again."""
    stage = {Stage.PLANNING: Stage.FORM, Stage.CHECKING: Stage.CHECK_FAILED}.get(state.stage, Stage.STOPPED)
    return replace(state, stage=stage, failure=failure, told="")


def checking(state: SetupState) -> SetupState:
    """The check, again."""
    return replace(state, stage=Stage.CHECKING, failure=None, told="Switching to the role as the user")


def half_done(state: SetupState) -> SetupState:
    """This side is done; the other is for somebody else, so there is nothing to check yet."""
    return replace(state, stage=Stage.DONE, failure=None, told="")


def complete(state: SetupState) -> bool:
    """Whether both sides are this user's to set up, so that a check makes sense right after."""
    return state.planned is not None and all(side.profile is not None for side in state.planned.plan.sides)
