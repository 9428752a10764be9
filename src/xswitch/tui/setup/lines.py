"""The setup screen's lines: plan with both accounts, steps, check, failure. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.core.access.diff import ACCOUNT_TITLES, change_diff
from xswitch.core.access.model import AccessPlan, AccountPlan
from xswitch.tui.errors import failure_lines
from xswitch.tui.render.formatting import SEVERITY_SIGNS
from xswitch.tui.render.text import Line, TextSpan, pad, span, two_columns, wrap, wrap_code
from xswitch.tui.setup.state import ChangeStep, SetupStage, SetupState

TWO_COLUMN_WIDTH = 96
"""The minimum width for two columns."""
_DIFF_STYLES = {"+": "live", "-": "error", " ": "muted", "@": "faint"}
_STATUS_SIGNS: dict[str, TextSpan] = {
    "waiting": ("· ", "muted"),
    "doing": ("↻ ", "accent"),
    "done": ("✓ ", "live"),
    "failed": ("✗ ", "error"),
    "taken_back": ("↩ ", "expiring"),
}


def setup_lines(state: SetupState, width: int) -> list[Line]:
    """Return the lines shown after the form."""
    if state.plan_result is None:
        return []
    plan = state.plan_result.plan
    if state.stage is SetupStage.PLAN:
        return [*_request_lines(plan, width), [], *_plan_lines(plan, width)]
    lines = [*_request_lines(plan, width), [], *_step_lines(state.steps, width)]
    if state.progress:
        lines += [[], *wrap([("↻ ", "accent"), span(state.progress)], width, hang=2)]
    if state.failure is not None:
        lines += [[], *failure_lines(state.failure, width), *_recovery_lines(state, width)]
    if state.stage is SetupStage.DONE:
        lines += [[], *_result_lines(state, width)]
    return lines


def _request_lines(plan: AccessPlan, width: int) -> list[Line]:
    request = plan.request
    principal = request.principal
    name = f"{principal.kind.value} {principal.name}" if principal.name else "the whole account"
    line: Line = [
        span(name, "title"),
        (" of ", "muted"),
        span(principal.account, "text"),
        ("  ▶  ", "accent"),
        span(request.role_arn, "title"),
    ]
    return wrap(line, width, hang=2)


def _plan_lines(plan: AccessPlan, width: int) -> list[Line]:
    lines: list[Line] = []
    for warning in plan.warnings:
        lines += wrap([SEVERITY_SIGNS[warning.severity], span(warning.why)], width, hang=2)
    if plan.warnings:
        lines.append([])
    if plan.empty:
        return [
            *lines,
            *wrap([("✓ ", "live"), ("Nothing to change; ready to verify.", "text")], width, hang=2),
        ]
    if width < TWO_COLUMN_WIDTH:
        for side in plan.sides:
            lines += [*_side_lines(side, width), []]
        return lines[:-1]
    half = (width - 3) // 2
    left, right = _side_lines(plan.source, half), _side_lines(plan.target, half)
    return [*lines, *two_columns(left, right, half)]


def _side_lines(side: AccountPlan, width: int) -> list[Line]:
    lines: list[Line] = [*wrap([(ACCOUNT_TITLES[side.side], "title")], width)]
    made_by: Line = (
        [("by profile ", "muted"), span(side.profile, "text")]
        if side.profile
        else [("for its administrator", "warning")]
    )
    lines += wrap([span(side.account, "text"), ("  ", "text"), *made_by], width)
    if not side.seen and side.profile is None:
        lines += wrap([("Not read: shows what an empty account needs.", "muted")], width)
    if not side.changes:
        lines += [[], [("✓ ", "live"), ("no changes needed", "text")]]
    for change in side.changes:
        lines += [[], *wrap([("● ", "accent"), span(change.summary, "bright")], width, hang=2)]
        for mark, text in change_diff(change):
            lines += wrap_code((mark + " ", _DIFF_STYLES[mark]), text, _DIFF_STYLES[mark], width)
    return lines


def _step_lines(steps: Sequence[ChangeStep], width: int) -> list[Line]:
    lines: list[Line] = []
    for step in steps:
        style_name = "muted" if step.state in ("waiting", "taken_back") else "text"
        lines += wrap(
            [
                _STATUS_SIGNS[step.state],
                (pad(step.side.value, 8), "muted"),
                span(step.change.summary, style_name),
            ],
            width,
            hang=10,
        )
    return lines or [[("✓ ", "live"), ("nothing to change", "text")]]


def _recovery_lines(state: SetupState, width: int) -> list[Line]:
    """Say what the user can do after a failure."""
    if state.stage is SetupStage.CHECK_FAILED:
        return wrap(
            [("  The roles and policies are unchanged; you can check again.", "muted")],
            width,
            hang=2,
        )
    done = len(state.apply_result.done) if state.apply_result is not None else 0
    if not done:
        return wrap([("  Nothing was changed.", "muted")], width, hang=2)
    made = "1 change was" if done == 1 else f"{done} changes were"
    return wrap([(f"  {made} made. Continue with the rest, or roll back.", "muted")], width, hang=2)


def _result_lines(state: SetupState, width: int) -> list[Line]:
    checked = state.check_result
    if checked is None:
        text = (
            "Done in this account. Give the other account's administrator their file: "
            "xswitch access plan --format …"
        )
        return wrap([("✓ ", "live"), (text, "text")], width, hang=2)
    rows: list[tuple[str, str, str]] = [
        ("identity", checked.identity.arn, "bright"),
        ("until", f"{checked.expires_at:%H:%M} UTC", "text"),
        ("profile", checked.profile, "text"),
        ("switch", checked.command, "bright"),
        ("console", checked.console_link, "accent"),
    ]
    lines = wrap([("✓ ", "live"), ("The switch works.", "title")], width)
    for label, text, style_name in rows:
        lines += wrap([(pad(label, 10), "muted"), span(text, style_name)], width, hang=10)
    return lines
