"""An explanation as lines.

The chain, both sides next to each other, each cause with the statement that is missing. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.core.explain.layout import (
    Comparison,
    ComparisonColumn,
    RequirementRow,
    compare_accounts,
)
from xswitch.core.explain.model import (
    Cause,
    Certainty,
    ExplainedHop,
    Explanation,
    ExplanationVerdict,
    HopOutcome,
    RequirementState,
    StatementChange,
)
from xswitch.tui.render.text import Line, TextSpan, span, two_columns, wrap, wrap_code

TWO_COLUMN_WIDTH = 72
"""The columns from which the two sides stand next to each other."""
_PIECE_SIGNS: dict[RequirementState, TextSpan] = {
    RequirementState.OK: ("✓ ", "live"),
    RequirementState.MISSING: ("✗ ", "error"),
    RequirementState.DENIES: ("✗ ", "error"),
    RequirementState.UNKNOWN: ("? ", "expiring"),
}
_PIECE_STATE_WORDS = {
    RequirementState.OK: "",
    RequirementState.MISSING: "missing",
    RequirementState.DENIES: "denies",
    RequirementState.UNKNOWN: "can't be seen",
}
_HOP_SIGNS: dict[HopOutcome, TextSpan] = {
    HopOutcome.OK: ("✓ ", "live"),
    HopOutcome.FAILED: ("✗ ", "error"),
    HopOutcome.NOT_TRIED: ("· ", "faint"),
}
_VERDICT_SPANS = {
    ExplanationVerdict.ALLOWED: ("✓ The switch works now.", "live"),
    ExplanationVerdict.DENIED: ("✗ AWS says no.", "error"),
    ExplanationVerdict.NOT_REACHED: ("✗ It failed before AWS had to decide.", "error"),
    ExplanationVerdict.UNKNOWN: ("? What is in the way can't be told from here.", "expiring"),
}
_CERTAINTY_STYLES = {
    Certainty.PROVED: "live",
    Certainty.LIKELY: "expiring",
    Certainty.UNSEEN: "expiring",
}
_CHANGE_LABELS = {
    StatementChange.NONE: ("", " "),
    StatementChange.ADD: ("add to", "+"),
    StatementChange.REPLACE: ("put in its place in", "+"),
    StatementChange.REMOVE: ("take away from", "-"),
    StatementChange.MEET: ("it asks for this", " "),
}
_DIFF_STYLES = {"+": "live", "-": "error", " ": "text"}


def explanation_panel(explanation: Explanation, width: int) -> list[Line]:
    """The whole explanation."""
    drawing = compare_accounts(explanation)
    lines: list[Line] = wrap([_VERDICT_SPANS[explanation.verdict]], width)
    lines += [[], *_hop_lines(explanation.hops, width), [], *_side_columns(drawing, width)]
    for number, cause in enumerate(drawing.causes, 1):
        lines += [[], *cause_lines(number, cause, width)]
    if explanation.sources_read:
        lines += [
            [],
            *wrap(
                [("looked at  ", "muted"), span("; ".join(explanation.sources_read), "muted")],
                width,
                hang=11,
            ),
        ]
    return lines


def nearest_cause_lines(explanation: Explanation, width: int) -> list[Line]:
    """The nearest cause alone, for the detail: its side, what was seen, the statement."""
    if not explanation.causes:
        return []
    lines = cause_lines(1, explanation.causes[0], width)
    other_count = len(explanation.causes) - 1
    suffix = f", and {other_count} more" if other_count else ""
    return [*lines, *wrap([("  e  ", "key"), (f"both sides{suffix}", "muted")], width)]


def cause_lines(number: int, cause: Cause, width: int) -> list[Line]:
    """One cause: side, certainty and code; what was seen; the statement as it has to be.

    What to do.
    """
    head: Line = [
        (f"{number} ", "title"),
        (
            f"{cause.side.value} side"
            if cause.side.value in ("source", "target")
            else cause.side.value,
            "title",
        ),
        ("  ", "text"),
        (cause.certainty.value, _CERTAINTY_STYLES[cause.certainty]),
        (f"  {cause.code.value}", "faint"),
    ]
    lines = [
        *wrap(head, width, hang=2),
        *wrap([("  ", "text"), span(cause.evidence)], width, hang=2),
    ]
    word, mark = _CHANGE_LABELS[cause.change]
    if cause.statement:
        where: Line = [
            ("  ", "text"),
            (f"{word or 'statement'}: ", "muted"),
            span(cause.where, "muted"),
        ]
        lines += wrap(where, width, hang=2) if word or cause.where else []
        for text in cause.statement.splitlines():
            lines += wrap_code((f"  {mark} ", _DIFF_STYLES[mark]), text, _DIFF_STYLES[mark], width)
    if cause.next_step:
        lines += wrap([("  next  ", "muted"), span(cause.next_step, "bright")], width, hang=8)
    return lines


def _hop_lines(hops: Sequence[ExplainedHop], width: int) -> list[Line]:
    lines: list[Line] = []
    for hop in hops:
        line: Line = [_HOP_SIGNS[hop.outcome], span(hop.profile or "this environment", "bright")]
        if hop.role_arn:
            line += [("  AssumeRole  ", "muted"), span(hop.role_arn)]
        elif hop.principal_arn:
            line += [("  is  ", "muted"), span(hop.principal_arn)]
        lines += wrap(line, width, hang=4)
        if hop.text:
            lines += wrap([("    ", "text"), span(hop.text, "muted")], width, hang=4)
    return lines


def _side_columns(drawing: Comparison, width: int) -> list[Line]:
    lines: list[Line] = []
    if drawing.source.requirements or drawing.target.requirements:
        if width >= TWO_COLUMN_WIDTH:
            half = (width - 3) // 2
            lines = two_columns(
                _side_lines(drawing.source, half), _side_lines(drawing.target, half), half
            )
        else:
            lines = [*_side_lines(drawing.source, width), [], *_side_lines(drawing.target, width)]
    if drawing.local.requirements:
        lines += [*([[]] if lines else []), *_side_lines(drawing.local, width)]
    return lines


def _side_lines(side: ComparisonColumn, width: int) -> list[Line]:
    lines = wrap([(side.title, "title"), ("  ", "text"), span(side.account, "muted")], width)
    for piece in side.requirements:
        lines += _piece_lines(piece, width)
    return lines


def _piece_lines(piece: RequirementRow, width: int) -> list[Line]:
    numbers = "".join(f" ◀ {number}" for number in piece.cause_numbers)
    word = _PIECE_STATE_WORDS[piece.state]
    style_name = _PIECE_SIGNS[piece.state][1] if piece.cause_numbers else "text"
    line: Line = [_PIECE_SIGNS[piece.state], span(piece.name, style_name)]
    if word:
        line.append((f"  {word}", "muted"))
    line.append((numbers, "error"))
    lines = wrap(line, width, hang=2)
    return (
        [*lines, *wrap([("  ", "text"), span(piece.detail, "muted")], width, hang=2)]
        if piece.detail
        else lines
    )
