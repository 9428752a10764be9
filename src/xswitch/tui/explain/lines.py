"""An explanation as lines: the chain, both sides next to each other, each cause with the statement that is missing. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.core.explain.layout import Drawing, DrawnPiece, DrawnSide, draw
from xswitch.core.explain.model import Cause, Certainty, ExplainedHop, Explanation, HopOutcome, PieceState, StatementChange, Verdict
from xswitch.tui.render.text import Line, Span, beside, span, wrap, wrap_code

BESIDE = 72
"""The columns from which the two sides stand next to each other."""
_PIECE: dict[PieceState, Span] = {
    PieceState.OK: ("✓ ", "live"),
    PieceState.MISSING: ("✗ ", "error"),
    PieceState.DENIES: ("✗ ", "error"),
    PieceState.UNKNOWN: ("? ", "expiring"),
}
_WORD = {PieceState.OK: "", PieceState.MISSING: "missing", PieceState.DENIES: "denies", PieceState.UNKNOWN: "can't be seen"}
_HOP: dict[HopOutcome, Span] = {HopOutcome.OK: ("✓ ", "live"), HopOutcome.FAILED: ("✗ ", "error"), HopOutcome.NOT_TRIED: ("· ", "faint")}
_VERDICT = {
    Verdict.ALLOWED: ("✓ The switch works now.", "live"),
    Verdict.DENIED: ("✗ AWS says no.", "error"),
    Verdict.NOT_REACHED: ("✗ It failed before AWS had to decide.", "error"),
    Verdict.UNKNOWN: ("? What is in the way can't be told from here.", "expiring"),
}
_CERTAIN = {Certainty.PROVED: "live", Certainty.LIKELY: "expiring", Certainty.UNSEEN: "expiring"}
_CHANGE = {
    StatementChange.NONE: ("", " "),
    StatementChange.ADD: ("add to", "+"),
    StatementChange.REPLACE: ("put in its place in", "+"),
    StatementChange.REMOVE: ("take away from", "-"),
    StatementChange.MEET: ("it asks for this", " "),
}
_MARKS = {"+": "live", "-": "error", " ": "text"}


def panel(explanation: Explanation, width: int) -> list[Line]:
    """The whole explanation."""
    drawing = draw(explanation)
    lines: list[Line] = wrap([_VERDICT[explanation.verdict]], width)
    lines += [[], *_hops(explanation.hops, width), [], *_sides(drawing, width)]
    for number, cause in enumerate(drawing.causes, 1):
        lines += [[], *cause_lines(number, cause, width)]
    if explanation.looked_at:
        lines += [[], *wrap([("looked at  ", "muted"), span("; ".join(explanation.looked_at), "muted")], width, hang=11)]
    return lines


def short(explanation: Explanation, width: int) -> list[Line]:
    """The nearest cause alone, for the detail: its side, what was seen, the statement."""
    if not explanation.causes:
        return []
    lines = cause_lines(1, explanation.causes[0], width)
    more = len(explanation.causes) - 1
    rest = f", and {more} more" if more else ""
    return [*lines, *wrap([("  e  ", "key"), (f"both sides{rest}", "muted")], width)]


def cause_lines(number: int, cause: Cause, width: int) -> list[Line]:
    """One cause: side, certainty and code; what was seen; the statement as it has to be; what to do."""
    head: Line = [
        (f"{number} ", "title"),
        (f"{cause.side.value} side" if cause.side.value in ("source", "target") else cause.side.value, "title"),
        ("  ", "text"),
        (cause.certainty.value, _CERTAIN[cause.certainty]),
        (f"  {cause.code.value}", "faint"),
    ]
    lines = [*wrap(head, width, hang=2), *wrap([("  ", "text"), span(cause.evidence)], width, hang=2)]
    word, mark = _CHANGE[cause.change]
    if cause.statement:
        where: Line = [("  ", "text"), (f"{word or 'statement'}: ", "muted"), span(cause.where, "muted")]
        lines += wrap(where, width, hang=2) if word or cause.where else []
        for text in cause.statement.splitlines():
            lines += wrap_code((f"  {mark} ", _MARKS[mark]), text, _MARKS[mark], width)
    if cause.next_step:
        lines += wrap([("  next  ", "muted"), span(cause.next_step, "bright")], width, hang=8)
    return lines


def _hops(hops: Sequence[ExplainedHop], width: int) -> list[Line]:
    lines: list[Line] = []
    for hop in hops:
        line: Line = [_HOP[hop.outcome], span(hop.profile or "this environment", "bright")]
        if hop.role_arn:
            line += [("  AssumeRole  ", "muted"), span(hop.role_arn)]
        elif hop.principal_arn:
            line += [("  is  ", "muted"), span(hop.principal_arn)]
        lines += wrap(line, width, hang=4)
        if hop.text:
            lines += wrap([("    ", "text"), span(hop.text, "muted")], width, hang=4)
    return lines


def _sides(drawing: Drawing, width: int) -> list[Line]:
    lines: list[Line] = []
    if drawing.source.pieces or drawing.target.pieces:
        if width >= BESIDE:
            half = (width - 3) // 2
            lines = beside(_side(drawing.source, half), _side(drawing.target, half), half)
        else:
            lines = [*_side(drawing.source, width), [], *_side(drawing.target, width)]
    if drawing.here.pieces:
        lines += [*([[]] if lines else []), *_side(drawing.here, width)]
    return lines


def _side(side: DrawnSide, width: int) -> list[Line]:
    lines = wrap([(side.title, "title"), ("  ", "text"), span(side.account, "muted")], width)
    for piece in side.pieces:
        lines += _piece(piece, width)
    return lines


def _piece(piece: DrawnPiece, width: int) -> list[Line]:
    numbers = "".join(f" ◀ {number}" for number in piece.marks)
    word = _WORD[piece.state]
    meaning = _PIECE[piece.state][1] if piece.marks else "text"
    line: Line = [_PIECE[piece.state], span(piece.name, meaning)]
    if word:
        line.append((f"  {word}", "muted"))
    line.append((numbers, "error"))
    lines = wrap(line, width, hang=2)
    return [*lines, *wrap([("  ", "text"), span(piece.detail, "muted")], width, hang=2)] if piece.detail else lines
