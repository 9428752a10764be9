"""Plans, changes, checks and findings of `access` as text and as `--json` data."""

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
from xswitch.core.access.diff import ACCOUNT_TITLES, change_diff, plan_summary
from xswitch.core.access.model import AccountSide, Finding, IamChange
from xswitch.core.access.render import plan_data
from xswitch.core.text import pluralize

_STATUS_PREFIXES = {"doing": "", "done": "", "failed": "failed: ", "taken_back": "rolled back: "}


def plan_lines(planned: AccessPlanResult) -> list[str]:
    """Format a plan as a diff, one account after the other."""
    plan = planned.plan
    lines = [f"! {warning.why}" for warning in plan.warnings]
    for account_plan in plan.sides:
        reader = (
            f"profile {account_plan.profile}"
            if account_plan.profile
            else "not read; for its administrator"
        )
        lines += ["", f"{ACCOUNT_TITLES[account_plan.side]} {account_plan.account} ({reader})"]
        if not account_plan.changes:
            lines.append("  nothing to change")
        for change in account_plan.changes:
            lines.append(f"  * {change.summary}")
            lines += [f"    {mark} {text}".rstrip() for mark, text in change_diff(change)]
    lines += ["", plan_summary(plan)]
    if planned.console_link:
        lines.append(f"console: {planned.console_link}")
    return lines


def step_line(side: AccountSide, change: IamChange, now: ChangeStatus) -> str:
    """Format one change while a plan is applied."""
    return f"{_STATUS_PREFIXES[now]}{side.value}: {change.summary}"


def checked_lines(checked: AccessCheckResult) -> list[str]:
    """Format a successful check."""
    return [
        f"the switch works: {checked.identity.arn}",
        f"profile  {checked.profile}",
        f"switch   {checked.command}",
        *([f"console  {checked.console_link}"] if checked.console_link else []),
    ]


def applied_lines(applied: AccessApplyResult, checked: AccessCheckResult | None) -> list[str]:
    """Format a successful apply, with its check if there was one."""
    count = len(applied.done)
    lines = [f"{pluralize(count, 'change')} made" if count else "nothing to change"]
    if checked is not None:
        return [*lines, *checked_lines(checked)]
    link = applied.planned.console_link
    return [*lines, *([f"console  {link}"] if link else [])]


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Format findings with place, reason and corrected statement."""
    lines: list[str] = []
    for finding in findings:
        lines += [f"{finding.where}: {finding.severity}: {finding.why} [{finding.code}]"]
        lines += [f"    {line}" for line in finding.corrected.splitlines()]
    return lines


def checked_json(checked: AccessCheckResult) -> dict[str, Any]:
    """Convert to the `data` of `access check --json`."""
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
    """Convert to the `data` of `access apply --json`; `back` is the rollback."""
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
    """Explain how to hand a file to the administrator of an account without a profile."""
    return [
        f"the {account_plan.side.value} account {account_plan.account} "
        "is set up by its own administrator; to write a file for them, run "
        "`xswitch access plan` with the same options, --format cloudformation "
        "(or terraform, cli) and --output DIR"
        for account_plan in planned.plan.sides
        if account_plan.profile is None
    ]
