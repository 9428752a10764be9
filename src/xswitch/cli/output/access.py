"""Plans, steps and checks as lines of text, and as `--json` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xswitch.actions.access.api import AppliedAccess, CheckedAccess, PlannedAccess, StepState
from xswitch.cli.output.json_output import moment
from xswitch.core.access.diff import difference, summary
from xswitch.core.access.model import Change, Finding, Side
from xswitch.core.access.render import plan_data
from xswitch.core.text import many

_DOING = {"doing": "", "done": "", "failed": "failed: ", "taken_back": "taken back: "}
_HEADINGS = {Side.SOURCE: "source: the account of those who switch", Side.TARGET: "target: the account of the role"}


def plan_lines(planned: PlannedAccess) -> list[str]:
    """A plan as a diff, side by side is the screen's; here one after the other."""
    plan = planned.plan
    lines = [f"! {warning.why}" for warning in plan.warnings]
    for side in plan.sides:
        by = f"profile {side.profile}" if side.profile else "for its administrator; not read from here"
        lines += ["", f"{_HEADINGS[side.side]} {side.account} ({by})"]
        if not side.changes:
            lines.append("  as wanted already")
        for change in side.changes:
            lines.append(f"  * {change.summary}")
            lines += [f"    {mark} {text}".rstrip() for mark, text in difference(change)]
    lines += ["", summary(plan)]
    if planned.console_link:
        lines.append(f"console: {planned.console_link}")
    return lines


def step_line(side: Side, change: Change, now: StepState) -> str:
    """One step of an apply."""
    return f"{_DOING[now]}{side.value}: {change.summary}"


def checked_lines(checked: CheckedAccess) -> list[str]:
    """A check that worked."""
    return [
        f"the switch works: {checked.identity.arn}",
        f"profile  {checked.profile}",
        f"switch   {checked.command}",
        *([f"console  {checked.console_link}"] if checked.console_link else []),
    ]


def applied_lines(applied: AppliedAccess, checked: CheckedAccess | None) -> list[str]:
    """An apply that worked, with its check if there was one."""
    count = len(applied.done)
    lines = ["nothing had to change" if not count else f"{many(count, 'change')} made"]
    if checked is not None:
        return [*lines, *checked_lines(checked)]
    link = applied.planned.console_link
    return [*lines, *([f"console  {link}"] if link else [])]


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Findings, each with its place, the reason and the corrected statement."""
    lines: list[str] = []
    for finding in findings:
        lines += [f"{finding.where}: {finding.severity}: {finding.why} [{finding.code}]"]
        lines += [f"    {line}" for line in finding.corrected.splitlines()]
    return lines


def checked_shape(checked: CheckedAccess) -> dict[str, Any]:
    """`access check`: data."""
    identity = checked.identity
    return {
        "identity": {"account": identity.account, "arn": identity.arn, "user_id": identity.user_id},
        "expires_at": moment(checked.expires_at),
        "profile": checked.profile,
        "command": checked.command,
        "console_link": checked.console_link,
        "tries": checked.tries,
    }


def applied_shape(applied: AppliedAccess, checked: CheckedAccess | None = None, back: AppliedAccess | None = None) -> dict[str, Any]:
    """`access apply`: data; `back` is what came of taking it back."""
    return {
        "done": _steps(applied.done),
        "left": _steps(applied.left),
        "taken_back": [] if back is None else _steps(back.done),
        "plan": plan_data(applied.planned.plan),
        "check": None if checked is None else checked_shape(checked),
        "console_link": applied.planned.console_link,
    }


def _steps(steps: Sequence[tuple[Side, Change]]) -> list[dict[str, str]]:
    return [{"side": side.value, "subject": change.subject, "summary": change.summary} for side, change in steps]


def others_lines(planned: PlannedAccess) -> list[str]:
    """What is for somebody else to do: the sides nobody here administers."""
    return [
        f"the {side.side.value} account {side.account} is set up by its own administrator; this writes a file to hand over: "
        "the same with `xswitch access plan`, --format cloudformation (or terraform, cli) and --output DIR"
        for side in planned.plan.sides
        if side.profile is None
    ]
