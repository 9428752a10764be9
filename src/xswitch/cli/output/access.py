"""Plans, steps and checks as lines of text, and as `--json` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xswitch.actions.access.api import (
    AccessApplyResult,
    AccessCheckResult,
    AccessPlanResult,
    ChangeStatus,
)
from xswitch.cli.output.json_output import utc_timestamp
from xswitch.core.access.diff import change_diff, plan_summary
from xswitch.core.access.model import AccountSide, Finding, IamChange
from xswitch.core.access.render import plan_data
from xswitch.core.text import pluralize

_STATUS_PREFIXES = {"doing": "", "done": "", "failed": "failed: ", "taken_back": "taken back: "}
_HEADINGS = {
    AccountSide.SOURCE: "source: the account of those who switch",
    AccountSide.TARGET: "target: the account of the role",
}


def plan_lines(planned: AccessPlanResult) -> list[str]:
    """A plan as a diff, side by side is the screen's; here one after the other."""
    plan = planned.plan
    lines = [f"! {warning.why}" for warning in plan.warnings]
    for side in plan.sides:
        made_by = (
            f"profile {side.profile}"
            if side.profile
            else "for its administrator; not read from here"
        )
        lines += ["", f"{_HEADINGS[side.side]} {side.account} ({made_by})"]
        if not side.changes:
            lines.append("  as wanted already")
        for change in side.changes:
            lines.append(f"  * {change.summary}")
            lines += [f"    {mark} {text}".rstrip() for mark, text in change_diff(change)]
    lines += ["", plan_summary(plan)]
    if planned.console_link:
        lines.append(f"console: {planned.console_link}")
    return lines


def step_line(side: AccountSide, change: IamChange, now: ChangeStatus) -> str:
    """One step of an apply."""
    return f"{_STATUS_PREFIXES[now]}{side.value}: {change.summary}"


def checked_lines(checked: AccessCheckResult) -> list[str]:
    """A check that worked."""
    return [
        f"the switch works: {checked.identity.arn}",
        f"profile  {checked.profile}",
        f"switch   {checked.command}",
        *([f"console  {checked.console_link}"] if checked.console_link else []),
    ]


def applied_lines(applied: AccessApplyResult, checked: AccessCheckResult | None) -> list[str]:
    """An apply that worked, with its check if there was one."""
    count = len(applied.done)
    lines = ["nothing had to change" if not count else f"{pluralize(count, 'change')} made"]
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


def checked_json(checked: AccessCheckResult) -> dict[str, Any]:
    """`access check`: data."""
    identity = checked.identity
    return {
        "identity": {"account": identity.account, "arn": identity.arn, "user_id": identity.user_id},
        "expires_at": utc_timestamp(checked.expires_at),
        "profile": checked.profile,
        "command": checked.command,
        "console_link": checked.console_link,
        "tries": checked.tries,
    }


def applied_json(
    applied: AccessApplyResult,
    checked: AccessCheckResult | None = None,
    back: AccessApplyResult | None = None,
) -> dict[str, Any]:
    """`access apply`: data; `back` is what came of taking it back."""
    return {
        "done": _changes_json(applied.done),
        "left": _changes_json(applied.left),
        "taken_back": [] if back is None else _changes_json(back.done),
        "plan": plan_data(applied.planned.plan),
        "check": None if checked is None else checked_json(checked),
        "console_link": applied.planned.console_link,
    }


def _changes_json(steps: Sequence[tuple[AccountSide, IamChange]]) -> list[dict[str, str]]:
    return [
        {"side": side.value, "subject": change.subject, "summary": change.summary}
        for side, change in steps
    ]


def handover_lines(planned: AccessPlanResult) -> list[str]:
    """What is for somebody else to do: the sides nobody here administers."""
    return [
        f"the {side.side.value} account {side.account} is set up by its own administrator; this writes a file to hand over: "
        "the same with `xswitch access plan`, --format cloudformation (or terraform, cli) and --output DIR"
        for side in planned.plan.sides
        if side.profile is None
    ]
