"""The form of a new sso-session: its state as one immutable value, and its transitions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from xswitch.actions.sso.portals import (
    AddingSession,
    check_scopes,
    check_session_name,
    check_url,
)
from xswitch.core.errors import ErrorCode, UsageError, XswitchError
from xswitch.core.model import DEFAULT_SCOPES
from xswitch.tui.errors import FailureMessage, failure_lines
from xswitch.tui.render.form_fields import FormField, Values
from xswitch.tui.render.text import Line, span, wrap, wrap_code

_GROUP = "From your company's access portal"
FIELDS = (
    FormField("name", "name", _GROUP, "corp; profiles refer to it"),
    FormField("start_url", "start URL", _GROUP, "https://d-1234567890.awsapps.com/start"),
    FormField("region", "region", _GROUP, "of IAM Identity Center: eu-west-1"),
    FormField("scopes", "scopes", _GROUP, f"empty: {','.join(DEFAULT_SCOPES)}"),
)
DEFAULTS: Values = MappingProxyType({one.key: "" for one in FIELDS})
# Which field an error of the use case is about
_FIELDS_BY_CODE: Mapping[str, str] = MappingProxyType(
    {
        ErrorCode.BAD_PROFILE_NAME: "name",
        ErrorCode.PROFILE_EXISTS: "name",
        ErrorCode.BAD_START_URL: "start_url",
        ErrorCode.SSO_START_URL: "start_url",
        ErrorCode.BAD_REGION: "region",
    }
)
_DIFF_STYLES = {"+": "live", "-": "error"}


class SessionStage(StrEnum):
    """The stage of adding a session."""

    FORM = "form"
    CHECKING = "checking"
    """Looks up the start URL."""
    REVIEW = "review"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class SessionFormState:
    """Everything that the screen draws."""

    values: Values = field(default_factory=lambda: DEFAULTS)
    stage: SessionStage = SessionStage.FORM
    field_errors: Mapping[str, str] = field(default_factory=dict)
    """The errors by field."""
    validating: bool = False
    """Whether values are validated as they are typed: after the first attempt."""
    adding: AddingSession | None = None
    """The text to review."""
    failure: FailureMessage | None = None

    @property
    def working(self) -> bool:
        """Whether a job is running."""
        return self.stage in (SessionStage.CHECKING, SessionStage.WRITING)


def scopes(values: Values) -> tuple[str, ...]:
    """Return the scopes that were typed."""
    return tuple(values["scopes"].replace(",", " ").split())


def validation_errors(values: Values) -> Mapping[str, str]:
    """Return the errors by field that need no other data."""
    checks: Mapping[str, Callable[[], object]] = {
        "name": lambda: check_session_name(values["name"].strip()),
        "start_url": lambda: check_url(values["start_url"].strip()),
        "scopes": lambda: check_scopes(scopes(values)),
    }
    errors = {}
    for key, check in checks.items():
        if not values[key].strip() and key != "scopes":
            errors[key] = _MISSING[key]
            continue
        try:
            check()
        except UsageError as error:
            errors[key] = _sentence(error)
    if not values["region"].strip():
        errors["region"] = _MISSING["region"]
    return errors


_MISSING = {
    "name": "Choose a name, such as your company's.",
    "start_url": "The address of your access portal.",
    "region": "The region that IAM Identity Center is in; your portal's sign-in page has it.",
}


def _sentence(error: XswitchError) -> str:
    return f"{error.what} {error.why}".strip()


def with_value(state: SessionFormState, key: str, value: str) -> SessionFormState:
    """Set a field's value, and validate it after the first attempt."""
    values = {**state.values, key: value}
    errors = validation_errors(values) if state.validating else {}
    return replace(state, values=values, field_errors=errors, failure=None)


def start_checking(state: SessionFormState) -> SessionFormState:
    """Look up the session if the form is valid, else show its errors."""
    errors = validation_errors(state.values)
    stage = SessionStage.FORM if errors else SessionStage.CHECKING
    return replace(state, field_errors=errors, validating=True, stage=stage, failure=None)


def with_plan(state: SessionFormState, adding: AddingSession) -> SessionFormState:
    """Show what is going to be written."""
    return replace(state, stage=SessionStage.REVIEW, adding=adding, failure=None)


def start_writing(state: SessionFormState) -> SessionFormState:
    """Write what was reviewed."""
    return replace(state, stage=SessionStage.WRITING, failure=None)


def back_to_form(state: SessionFormState) -> SessionFormState:
    """Return to the form with its values."""
    return replace(state, stage=SessionStage.FORM, adding=None, failure=None)


def with_failure(
    state: SessionFormState, error: BaseException, message: FailureMessage
) -> SessionFormState:
    """Return to the form; an error of a field is shown there."""
    state = back_to_form(state)
    key = _FIELDS_BY_CODE.get(error.code, "") if isinstance(error, XswitchError) else ""
    if key and isinstance(error, XswitchError):
        return replace(state, field_errors={key: _sentence(error)})
    return replace(state, failure=message)


def review_lines(state: SessionFormState, width: int) -> list[Line]:
    """Return the lines that change, and where the start URL leads to."""
    adding = state.adding
    if adding is None:
        return []
    lines: list[Line] = []
    if not adding.edits:
        name = adding.session.name
        lines += wrap([("✓ ", "live"), span(f"The sso-session {name} is already there.")], width)
    for text in adding.diff:
        style = _DIFF_STYLES.get(text[:1], "muted")
        lines += wrap_code((f"{text[:1]} ", style), text[1:], style, width)
    if adding.resolved_start_url != adding.session.start_url:
        leads: Line = [
            span(adding.session.start_url, "muted"),
            (" leads to ", "muted"),
            span(adding.resolved_start_url, "text"),
        ]
        lines += [[], *wrap(leads, width)]
    return lines


def failure_text(state: SessionFormState, width: int) -> list[Line]:
    """Return the failure under the form."""
    return failure_lines(state.failure, width) if state.failure is not None else []
