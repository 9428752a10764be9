"""A plan as lines for users: current and planned state."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from xswitch.core.access.model import AccessPlan, AccountPlan, AccountSide, IamChange
from xswitch.core.text import pluralize

DiffMark = Literal["+", "-", " ", "@"]
DiffLine = tuple[DiffMark, str]
"""A mark (added, removed, unchanged, or omitted lines) and a text."""

ACCOUNT_TITLES: Mapping[AccountSide, str] = MappingProxyType(
    {
        AccountSide.SOURCE: "Source: the users' account",
        AccountSide.TARGET: "Target: the role's account",
    }
)
_CONTEXT = 3


def change_diff(change: IamChange) -> tuple[DiffLine, ...]:
    """Return a unified diff of one change; lines with the mark `@` count omitted lines."""
    before = change.before.split("\n") if change.before else []
    after = change.after.split("\n") if change.after else []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    lines: list[DiffLine] = []
    covered_until = 0
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        _add_omitted_line(lines, group[0][1] - covered_until)
        for tag, old, old_end, new, new_end in group:
            if tag == "equal":
                lines += [(" ", text) for text in before[old:old_end]]
                continue
            lines += [("-", text) for text in before[old:old_end]]
            lines += [("+", text) for text in after[new:new_end]]
        covered_until = group[-1][2]
    if lines:
        _add_omitted_line(lines, len(before) - covered_until)
    return tuple(lines)


def _add_omitted_line(lines: list[DiffLine], count: int) -> None:
    if count > 0:
        lines.append(("@", f"… {pluralize(count, 'unchanged line')}"))


def plan_summary(plan: AccessPlan) -> str:
    """Summarize the plan in one sentence."""
    if plan.empty:
        return "Nothing to change."
    return f"{_account_summary(plan.source)}, {_account_summary(plan.target)}."


def _account_summary(account_plan: AccountPlan) -> str:
    count = len(account_plan.changes)
    changes = "nothing to change" if not count else pluralize(count, "change")
    return f"{changes} in the {account_plan.side.value} account {account_plan.account}"
