"""What stands in the way of a request that was refused, and how near each policy came to allowing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from xswitch.core.policy.model import Decision, PolicyKind, PolicySide, StatementTrace, policy_side

Part = Literal["principal", "action", "resource", "condition"]


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing in the way: a Deny that applies (`denial`), or a kind of policy without an Allow.

    `near` are the Allow statements of that kind, and level, for this action whose principal,
    resource or conditions alone don't fit, the nearest first: that with the fewest conditions
    unmet.
    """

    kind: PolicyKind
    level: str = ""
    denial: StatementTrace | None = None
    near: tuple[StatementTrace, ...] = ()

    @property
    def side(self) -> PolicySide:
        """Whose administrator can take it away."""
        return policy_side(self.kind)


def blockers(decision: Decision) -> tuple[Blocker, ...]:
    """Everything in the way, denials first, then what lacks an Allow in AWS's order.

    Nothing for a request that is allowed.
    """
    return tuple(_blockers(decision))


def _blockers(decision: Decision) -> Iterator[Blocker]:
    if decision.allowed:
        return
    for denial in decision.denials:
        yield Blocker(denial.kind, denial.level, denial)
    for lack in decision.missing_allows:
        allows = (
            trace
            for trace in decision.traces
            if (trace.kind, trace.level) == (lack.kind, lack.level)
        )
        near = [
            trace
            for trace in allows
            if trace.statement.effect == "Allow" and trace.action and len(failing(trace)) == 1
        ]
        near.sort(
            key=lambda trace: (
                len(trace.unmet) or _ANOTHER_PART,
                trace.document,
                trace.statement.index,
            )
        )
        yield Blocker(lack.kind, lack.level, near=tuple(near))


_ANOTHER_PART = 1_000
"""Another principal or resource is farther away than any number of conditions.

Such a statement is likely meant for something else.
"""


def failing(trace: StatementTrace) -> tuple[Part, ...]:
    """The parts of a statement that don't fit the request; none for one that applies."""
    parts: dict[Part, bool] = {
        "principal": trace.principal,
        "action": trace.action,
        "resource": trace.resource,
        "condition": not trace.unmet,
    }
    return tuple(part for part, fits in parts.items() if not fits)
