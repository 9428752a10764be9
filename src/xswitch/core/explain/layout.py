"""An explanation as two sides next to each other, as data.

The command line and the screen draw the same.

Of the hop that failed, each side has its pieces, in the order they are asked, each with its state;
the pieces a cause is about are marked by that cause's number. What neither side keeps (this
machine, the network) is a third column, shown when there is something in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xswitch.core.arn import account_of
from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    CauseSide,
    ExplainedHop,
    Explanation,
    HopOutcome,
    RequirementState,
)

_COLUMN_TITLES = {
    CauseSide.SOURCE: "source",
    CauseSide.TARGET: "target",
    CauseSide.LOCAL: "this machine",
    CauseSide.NETWORK: "network",
}
# Which piece a cause is about, by the piece's name as `source` and `target` give it.
_REQUIREMENT_BY_CAUSE = {
    CauseCode.CALLER_POLICY_MISSING: "the caller's policies",
    CauseCode.CALLER_POLICY_DENIES: "the caller's policies",
    CauseCode.BOUNDARY: "permissions boundary",
    CauseCode.SCP: "organization (SCP)",
    CauseCode.SESSION_POLICY: "session policy",
    CauseCode.TRUST_MISSING: "trust policy",
    CauseCode.TRUST_DENIES: "trust policy",
    CauseCode.EXTERNAL_ID_MISSING: "external ID",
    CauseCode.EXTERNAL_ID_WRONG: "external ID",
    CauseCode.MFA_MISSING: "MFA",
    CauseCode.MFA_TOO_OLD: "age of the MFA code",
    CauseCode.DURATION_ROLE_MAX: "longest session",
    CauseCode.ROLE_MISSING: "the role",
    CauseCode.ROLE_PATH: "the role",
    CauseCode.ROLE_CASE: "the role",
    CauseCode.TAGS: "tags",
    CauseCode.SOURCE_IDENTITY: "source identity",
    CauseCode.SESSION_NAME: "session name",
    CauseCode.IP: "network address",
    CauseCode.DATE: "time",
}


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """One line of a side.

    `marks` are the numbers (from 1) of the causes about it, none for a piece nothing is said of.
    """

    name: str
    state: RequirementState
    detail: str = ""
    cause_numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparisonColumn:
    """One side: who it is ("source"), the account ("" when unknown), its pieces."""

    side: CauseSide
    title: str
    account: str
    requirements: tuple[RequirementRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The hop that failed (None: it worked), both sides of it, and what lies here.

    `causes` in the order of their numbers.
    """

    hop: ExplainedHop | None
    source: ComparisonColumn
    target: ComparisonColumn
    local: ComparisonColumn
    causes: tuple[Cause, ...] = field(default=())


def compare_accounts(explanation: Explanation) -> Comparison:
    """The drawing of an explanation."""
    hop = next((one for one in explanation.hops if one.outcome is HopOutcome.FAILED), None)
    account = {
        CauseSide.SOURCE: "" if hop is None else account_of(hop.principal_arn),
        CauseSide.TARGET: "" if hop is None else account_of(hop.role_arn),
    }
    sides = {
        side: _column(explanation, side, account.get(side, ""))
        for side in (CauseSide.SOURCE, CauseSide.TARGET, CauseSide.LOCAL)
    }
    return Comparison(
        hop,
        sides[CauseSide.SOURCE],
        sides[CauseSide.TARGET],
        sides[CauseSide.LOCAL],
        explanation.causes,
    )


def _column(explanation: Explanation, side: CauseSide, account: str) -> ComparisonColumn:
    column_sides = (side,) if side is not CauseSide.LOCAL else (CauseSide.LOCAL, CauseSide.NETWORK)
    causes = list(enumerate(explanation.causes, 1))
    requirements = [
        RequirementRow(
            requirement.name,
            requirement.state,
            requirement.detail,
            tuple(
                number
                for number, cause in causes
                if _REQUIREMENT_BY_CAUSE.get(cause.code) == requirement.name
            ),
        )
        for requirement in explanation.requirements
        if requirement.side in column_sides
    ]
    shown_causes = {
        number
        for requirement in explanation.requirements
        for number, cause in causes
        if _REQUIREMENT_BY_CAUSE.get(cause.code) == requirement.name
    }
    for number, cause in causes:
        if cause.side in column_sides and number not in shown_causes:
            name = cause.code.value.replace("_", " ")
            requirements = [requirement for requirement in requirements if requirement.name != name]
            state = (
                RequirementState.UNKNOWN
                if cause.certainty.name == "UNSEEN"
                else RequirementState.MISSING
            )
            requirements.append(RequirementRow(name, state, "", (number,)))
    return ComparisonColumn(side, _COLUMN_TITLES[side], account, tuple(requirements))
