"""An explanation as `--json` shows it, as a drawing in lines, and in short after a failed switch. docs/explain.md documents all three."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from xswitch.core.errors import XswitchError
from xswitch.core.explain.layout import Drawing, DrawnPiece, DrawnSide, draw
from xswitch.core.explain.model import Cause, CauseSide, Certainty, ExplainedHop, Explanation, HopOutcome, PieceState, StatementChange

CERTAINTY: Mapping[Certainty, str] = MappingProxyType({Certainty.PROVED: "proved", Certainty.LIKELY: "likely", Certainty.UNSEEN: "unseen"})
"""How sure a cause is, as one word for programs."""
_COLUMN = 44
_WIDTH = 100
_MARGIN = "     "
_SHORT = 2
_SIGNS = {PieceState.OK: "✓", PieceState.MISSING: "✗", PieceState.DENIES: "✗", PieceState.UNKNOWN: "?"}
_STATES = {PieceState.OK: "", PieceState.MISSING: "missing", PieceState.DENIES: "denies", PieceState.UNKNOWN: "can't be seen"}
_SIDES = {
    CauseSide.SOURCE: "source side",
    CauseSide.TARGET: "target side",
    CauseSide.LOCAL: "this machine",
    CauseSide.NETWORK: "network",
}
_OUTCOMES = {HopOutcome.OK: "✓", HopOutcome.FAILED: "✗", HopOutcome.NOT_TRIED: "·"}
_CHANGES = {
    StatementChange.NONE: "statement",
    StatementChange.ADD: "add",
    StatementChange.REPLACE: "put in its place",
    StatementChange.REMOVE: "take away",
    StatementChange.MEET: "it asks for this",
}


def explanation_shape(explanation: Explanation) -> dict[str, Any]:
    """`explain`: data."""
    return {
        "target": explanation.target,
        "verdict": str(explanation.verdict),
        "error_code": explanation.error_code or None,
        "hops": [
            {
                "number": hop.number,
                "profile": hop.profile,
                "role_arn": hop.role_arn or None,
                "principal": hop.principal_arn or None,
                "outcome": str(hop.outcome),
                "text": hop.text,
            }
            for hop in explanation.hops
        ],
        "causes": [
            {
                "code": str(cause.code),
                "side": str(cause.side),
                "hop": cause.hop,
                "certainty": CERTAINTY[cause.certainty],
                "evidence": cause.evidence,
                "statement": _statement(cause.statement),
                "change": str(cause.change) or None,
                "where": cause.where or None,
                "current": _statement(cause.current),
                "next_step": cause.next_step,
            }
            for cause in explanation.causes
        ],
        "pieces": [
            {"side": str(piece.side), "hop": piece.hop, "name": piece.name, "state": str(piece.state), "detail": piece.detail}
            for piece in explanation.pieces
        ],
        "looked_at": list(explanation.looked_at),
    }


def _statement(text: str) -> Any:
    return json.loads(text) if text else None


def explanation_lines(explanation: Explanation) -> list[str]:
    """The whole drawing: the chain, both sides next to each other, then every cause with its statement and the next step."""
    drawing = draw(explanation)
    lines = [f"{explanation.target}: {explanation.verdict.value.replace('_', ' ')}", ""]
    lines += [line for hop in explanation.hops for line in _hop(hop)]
    if explanation.causes:
        lines += ["", *_sides(drawing)]
    for number, cause in enumerate(explanation.causes, 1):
        lines += ["", *_cause(number, cause)]
    if explanation.looked_at:
        lines += ["", *_wrapped(f"looked at: {'; '.join(explanation.looked_at)}", "  ", "             ")]
    return lines


def short_lines(explanation: Explanation, error: XswitchError, target: str) -> list[str]:
    """After a failed switch: side, cause and statement of what is surest, and the command that tells the rest.

    What the error said already is not said again, so there is nothing to add where AWS could not be asked at all.
    """
    if all(cause.side is CauseSide.NETWORK for cause in explanation.causes):
        return []
    sure = [cause for cause in explanation.causes if cause.certainty is explanation.causes[0].certainty][:_SHORT]
    lines = []
    for cause in sure:
        evidence = "" if error.what in cause.evidence else f". {cause.evidence}"
        lines.append(f"  {_who(cause)}, {cause.certainty.value}: {cause.code.value}{evidence}")
        if cause.statement:
            lines.append(f"  {_heading(cause)}: {json.dumps(json.loads(cause.statement))}")
        if cause.next_step and cause.next_step != error.next_step:
            lines.append(f"  next: {cause.next_step}")
    left = len(explanation.causes) - len(sure)
    return [*lines, f"  {f'{left} more, and both' if left else 'Both'} sides next to each other: xswitch explain {target}"]


def _hop(hop: ExplainedHop) -> list[str]:
    what = f"AssumeRole {hop.role_arn}" if hop.number else hop.principal_arn
    lines = [f"  {_OUTCOMES[hop.outcome]} {hop.number}  {hop.profile:18}  {what}".rstrip()]
    return lines + (_wrapped(hop.text, "       ", "       ") if hop.text else [])


def _sides(drawing: Drawing) -> list[str]:
    left, right = _column(drawing.source), _column(drawing.target)
    lines = [f"  {one:{_COLUMN}}  {other}".rstrip() for one, other in zip_longest(left, right, fillvalue="")]
    if drawing.here.pieces:
        lines += ["", *(f"  {line}" for line in _column(drawing.here))]
    return lines


def _column(side: DrawnSide) -> list[str]:
    return [f"{side.title} {side.account}".rstrip(), *(_piece(piece) for piece in side.pieces)]


def _piece(piece: DrawnPiece) -> str:
    state = f" ({_STATES[piece.state]})" if _STATES[piece.state] else ""
    marks = f"  ← {', '.join(str(mark) for mark in piece.marks)}" if piece.marks else ""
    return f"{_SIGNS[piece.state]} {piece.name}{state}{marks}"


def _cause(number: int, cause: Cause) -> list[str]:
    lines = [f"  {number}. {_who(cause)}, {cause.certainty.value}: {cause.code.value}"]
    lines += _wrapped(cause.evidence, _MARGIN, _MARGIN)
    if cause.statement:
        lines += [f"{_MARGIN}{_heading(cause)}:", *(f"{_MARGIN}  {line}" for line in cause.statement.splitlines())]
    if cause.next_step:
        lines += _wrapped(f"next: {cause.next_step}", _MARGIN, _MARGIN)
    return lines


def _who(cause: Cause) -> str:
    return _SIDES[cause.side]


def _heading(cause: Cause) -> str:
    return f"{_CHANGES[cause.change]}{f' ({cause.where})' if cause.where else ''}"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
