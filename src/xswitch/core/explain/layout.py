"""The layout, headings, and labels of an explanation, shared by the command line and the screen.

The failed hop has a column per account, with its requirements in the order of evaluation, and a
third one for this machine and the network. Requirements refer to causes by number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.arn import account_of
from xswitch.core.explain.model import (
    REQUIREMENT_BY_CAUSE,
    Cause,
    CauseSide,
    Certainty,
    ExplainedHop,
    Explanation,
    HopOutcome,
    RequirementState,
    StatementChange,
)

STATE_SIGNS: Mapping[RequirementState, str] = MappingProxyType(
    {
        RequirementState.OK: "✓",
        RequirementState.MISSING: "✗",
        RequirementState.DENIES: "✗",
        RequirementState.UNKNOWN: "?",
    }
)
STATE_LABELS: Mapping[RequirementState, str] = MappingProxyType(
    {
        RequirementState.OK: "",
        RequirementState.MISSING: "missing",
        RequirementState.DENIES: "denies",
        RequirementState.UNKNOWN: "can't be seen",
    }
)
OUTCOME_SIGNS: Mapping[HopOutcome, str] = MappingProxyType(
    {HopOutcome.OK: "✓", HopOutcome.FAILED: "✗", HopOutcome.NOT_TRIED: "·"}
)
_COLUMN_TITLES = {
    CauseSide.SOURCE: "source",
    CauseSide.TARGET: "target",
    CauseSide.LOCAL: "this machine",
    CauseSide.NETWORK: "network",
}
_CHANGE_LABELS = {
    StatementChange.NONE: ("statement", "in"),
    StatementChange.ADD: ("add", "to"),
    StatementChange.REPLACE: ("replace", "in"),
    StatementChange.REMOVE: ("remove", "from"),
    StatementChange.MEET: ("required", "by"),
}


def side_label(cause: Cause) -> str:
    """Return where a cause can be fixed: "source account", "this machine"."""
    account = " account" if cause.side in (CauseSide.SOURCE, CauseSide.TARGET) else ""
    return _COLUMN_TITLES[cause.side] + account


def statement_heading(cause: Cause) -> str:
    """Return what to do with the statement, and in which policy: "add to the trust policy of …"."""
    label, preposition = _CHANGE_LABELS[cause.change]
    return f"{label} {preposition} {cause.where}" if cause.where else label


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """One line of a column."""

    name: str
    state: RequirementState
    detail: str = ""
    cause_numbers: tuple[int, ...] = ()
    """From 1."""


@dataclass(frozen=True, slots=True)
class ComparisonColumn:
    """The requirements in one account (`account` is "" if unknown), or on this machine."""

    side: CauseSide
    title: str
    account: str
    requirements: tuple[RequirementRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The failed hop (None: no hop failed) with its columns, and the causes by number."""

    hop: ExplainedHop | None
    source: ComparisonColumn
    target: ComparisonColumn
    local: ComparisonColumn
    causes: tuple[Cause, ...] = ()


def compare_accounts(explanation: Explanation) -> Comparison:
    """Arrange an explanation in columns."""
    hop = next((hop for hop in explanation.hops if hop.outcome is HopOutcome.FAILED), None)
    source = account_of(hop.principal_arn) if hop is not None else ""
    target = account_of(hop.role_arn) if hop is not None else ""
    return Comparison(
        hop,
        _column(explanation, CauseSide.SOURCE, source),
        _column(explanation, CauseSide.TARGET, target),
        _column(explanation, CauseSide.LOCAL, ""),
        explanation.causes,
    )


def _column(explanation: Explanation, side: CauseSide, account: str) -> ComparisonColumn:
    column_sides = (side,) if side is not CauseSide.LOCAL else (CauseSide.LOCAL, CauseSide.NETWORK)
    numbers_by_name: dict[str, list[int]] = {}
    for number, cause in enumerate(explanation.causes, 1):
        numbers_by_name.setdefault(REQUIREMENT_BY_CAUSE.get(cause.code, ""), []).append(number)
    rows = [
        RequirementRow(
            requirement.name,
            requirement.state,
            requirement.detail,
            tuple(numbers_by_name.get(requirement.name, ())),
        )
        for requirement in explanation.requirements
        if requirement.side in column_sides
    ]
    shown_numbers = {
        number
        for requirement in explanation.requirements
        for number in numbers_by_name.get(requirement.name, ())
    }
    for number, cause in enumerate(explanation.causes, 1):
        if cause.side in column_sides and number not in shown_numbers:
            name = cause.code.value.replace("_", " ")
            unseen = cause.certainty is Certainty.UNSEEN
            state = RequirementState.UNKNOWN if unseen else RequirementState.MISSING
            rows = [row for row in rows if row.name != name]
            rows.append(RequirementRow(name, state, "", (number,)))
    return ComparisonColumn(side, _COLUMN_TITLES[side], account, tuple(rows))
