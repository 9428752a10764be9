"""An explanation as two sides next to each other, as data: the command line and the screen draw the same.

Of the hop that failed, each side has its pieces, in the order they are asked, each with its state; the pieces a cause is about are marked
by that cause's number. What neither side keeps (this machine, the network) is a third column, shown when there is something in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xswitch.core.explain.model import Cause, CauseCode, CauseSide, ExplainedHop, Explanation, HopOutcome, PieceState

_WORDS = {CauseSide.SOURCE: "source", CauseSide.TARGET: "target", CauseSide.LOCAL: "this machine", CauseSide.NETWORK: "network"}
# Which piece a cause is about, by the piece's name as `source` and `target` give it.
_ABOUT = {
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
class DrawnPiece:
    """One line of a side: `marks` are the numbers (from 1) of the causes about it, none for a piece nothing is said of."""

    name: str
    state: PieceState
    detail: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnSide:
    """One side: who it is ("source"), the account ("" when unknown), its pieces."""

    side: CauseSide
    title: str
    account: str
    pieces: tuple[DrawnPiece, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """The hop that failed (None: it worked), both sides of it, and what lies here; `causes` in the order of their numbers."""

    hop: ExplainedHop | None
    source: DrawnSide
    target: DrawnSide
    here: DrawnSide
    causes: tuple[Cause, ...] = field(default=())


def draw(explanation: Explanation) -> Drawing:
    """The drawing of an explanation."""
    hop = next((one for one in explanation.hops if one.outcome is HopOutcome.FAILED), None)
    account = {
        CauseSide.SOURCE: "" if hop is None else _account(hop.principal_arn),
        CauseSide.TARGET: "" if hop is None else _account(hop.role_arn),
    }
    sides = {side: _side(explanation, side, account.get(side, "")) for side in (CauseSide.SOURCE, CauseSide.TARGET, CauseSide.LOCAL)}
    return Drawing(hop, sides[CauseSide.SOURCE], sides[CauseSide.TARGET], sides[CauseSide.LOCAL], explanation.causes)


def _side(explanation: Explanation, side: CauseSide, account: str) -> DrawnSide:
    mine = (side,) if side is not CauseSide.LOCAL else (CauseSide.LOCAL, CauseSide.NETWORK)
    causes = list(enumerate(explanation.causes, 1))
    pieces = [
        DrawnPiece(piece.name, piece.state, piece.detail, tuple(number for number, cause in causes if _ABOUT.get(cause.code) == piece.name))
        for piece in explanation.pieces
        if piece.side in mine
    ]
    marked = {number for piece in explanation.pieces for number, cause in causes if _ABOUT.get(cause.code) == piece.name}
    for number, cause in causes:
        if cause.side in mine and number not in marked:
            name = cause.code.value.replace("_", " ")
            pieces = [piece for piece in pieces if piece.name != name]
            state = PieceState.UNKNOWN if cause.certainty.name == "UNSEEN" else PieceState.MISSING
            pieces.append(DrawnPiece(name, state, "", (number,)))
    return DrawnSide(side, _WORDS[side], account, tuple(pieces))


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""  # noqa: PLR2004 -- an ARN has six parts
