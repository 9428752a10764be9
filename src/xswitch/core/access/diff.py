"""A plan as lines for people: what is there now against what shall be."""

from __future__ import annotations

import difflib
from typing import Literal

from xswitch.core.access.model import AccessPlan, Change, SidePlan
from xswitch.core.text import many

Mark = Literal["+", "-", " ", "@"]
DiffLine = tuple[Mark, str]
"""What a line is (added, removed, there in both, or lines left out between) and its text, without the mark."""

_CONTEXT = 3


def difference(change: Change) -> tuple[DiffLine, ...]:
    """One change as a unified diff; lines far from any change are left out, and a line with the mark `@` says how many."""
    before, after = change.before.split("\n") if change.before else [], change.after.split("\n") if change.after else []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    lines: list[DiffLine] = []
    reached = 0
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        _left_out(lines, group[0][1] - reached)
        for tag, old, old_end, new, new_end in group:
            if tag == "equal":
                lines += [(" ", text) for text in before[old:old_end]]
                continue
            lines += [("-", text) for text in before[old:old_end]]
            lines += [("+", text) for text in after[new:new_end]]
        reached = group[-1][2]
    if lines:
        _left_out(lines, len(before) - reached)
    return tuple(lines)


def _left_out(lines: list[DiffLine], count: int) -> None:
    if count > 0:
        lines.append(("@", f"… {many(count, 'line')} as before"))


def summary(plan: AccessPlan) -> str:
    """One sentence for the whole plan."""
    if plan.empty:
        return "Everything is as wanted already."
    return f"{_side(plan.source)}, {_side(plan.target)}."


def _side(side: SidePlan) -> str:
    count = len(side.changes)
    changes = "nothing to change" if not count else many(count, "change")
    return f"{changes} in the {side.side.value} account {side.account}"
