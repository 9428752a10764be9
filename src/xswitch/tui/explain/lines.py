"""An explanation as lines: the chain, both accounts, and each cause with its statement. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.core.explain.layout import (
    OUTCOME_SIGNS,
    STATE_LABELS,
    STATE_SIGNS,
    Comparison,
    ComparisonColumn,
    RequirementRow,
    compare_accounts,
    side_label,
    statement_heading,
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
from xswitch.tui.render.text import Line, span, two_columns, wrap, wrap_code

TWO_COLUMN_WIDTH = 72
"""The width from which the accounts are side by side."""
_STATE_STYLES = {
    RequirementState.OK: "live",
    RequirementState.MISSING: "error",
    RequirementState.DENIES: "error",
    RequirementState.UNKNOWN: "expiring",
}
_OUTCOME_STYLES = {HopOutcome.OK: "live", HopOutcome.FAILED: "error", HopOutcome.NOT_TRIED: "faint"}
_VERDICT_SPANS = {
    ExplanationVerdict.ALLOWED: ("✓ The switch works now.", "live"),
    ExplanationVerdict.DENIED: ("✗ AWS denied the request.", "error"),
    ExplanationVerdict.NOT_REACHED: ("✗ The switch failed before AWS decided.", "error"),
    ExplanationVerdict.UNKNOWN: ("? The cause can't be determined from here.", "expiring"),
}
_CERTAINTY_STYLES = {
    Certainty.PROVED: "live",
    Certainty.LIKELY: "expiring",
    Certainty.UNSEEN: "expiring",
}
_DIFF_MARKS = {
    StatementChange.ADD: ("+", "live"),
    StatementChange.REPLACE: ("+", "live"),
    StatementChange.REMOVE: ("-", "error"),
}


def explanation_panel(explanation: Explanation, width: int) -> list[Line]:
    """Draw the whole explanation."""
    comparison = compare_accounts(explanation)
    lines: list[Line] = wrap([_VERDICT_SPANS[explanation.verdict]], width)
    lines += [[], *_hop_lines(explanation.hops, width), [], *_column_lines(comparison, width)]
    for number, cause in enumerate(comparison.causes, 1):
        lines += [[], *cause_lines(number, cause, width)]
    if explanation.sources_read:
        sources = span("; ".join(explanation.sources_read), "muted")
        lines += [[], *wrap([("evidence  ", "muted"), sources], width, hang=10)]
    return lines


def nearest_cause_lines(explanation: Explanation, width: int) -> list[Line]:
    """Draw only the nearest cause, for the detail pane."""
    if not explanation.causes:
        return []
    lines = cause_lines(1, explanation.causes[0], width)
    other_count = len(explanation.causes) - 1
    suffix = f", and {other_count} more" if other_count else ""
    return [*lines, *wrap([("  e  ", "key"), (f"both accounts{suffix}", "muted")], width)]


def cause_lines(number: int, cause: Cause, width: int) -> list[Line]:
    """Draw one cause: where, how certain, the evidence, the statement, and the next step."""
    heading: Line = [
        (f"{number} {side_label(cause)}  ", "title"),
        (cause.certainty.value, _CERTAINTY_STYLES[cause.certainty]),
        (f"  {cause.code.value}", "faint"),
    ]
    lines = [
        *wrap(heading, width, hang=2),
        *wrap([("  ", "text"), span(cause.evidence)], width, hang=2),
    ]
    if cause.statement:
        mark, style_name = _DIFF_MARKS.get(cause.change, (" ", "text"))
        lines += wrap([span(f"  {statement_heading(cause)}:", "muted")], width, hang=2)
        for text in cause.statement.splitlines():
            lines += wrap_code((f"  {mark} ", style_name), text, style_name, width)
    if cause.next_step:
        lines += wrap([("  next  ", "muted"), span(cause.next_step, "bright")], width, hang=8)
    return lines


def _hop_lines(hops: Sequence[ExplainedHop], width: int) -> list[Line]:
    lines: list[Line] = []
    for hop in hops:
        sign = (f"{OUTCOME_SIGNS[hop.outcome]} ", _OUTCOME_STYLES[hop.outcome])
        line: Line = [sign, span(hop.profile or "this environment", "bright")]
        if hop.role_arn:
            line += [("  AssumeRole  ", "muted"), span(hop.role_arn)]
        elif hop.principal_arn:
            line += [("  is  ", "muted"), span(hop.principal_arn)]
        lines += wrap(line, width, hang=4)
        if hop.text:
            lines += wrap([("    ", "text"), span(hop.text, "muted")], width, hang=4)
    return lines


def _column_lines(comparison: Comparison, width: int) -> list[Line]:
    source, target, local = comparison.source, comparison.target, comparison.local
    lines: list[Line] = []
    if source.requirements or target.requirements:
        if width >= TWO_COLUMN_WIDTH:
            half = (width - 3) // 2
            lines = two_columns(_account_lines(source, half), _account_lines(target, half), half)
        else:
            lines = [*_account_lines(source, width), [], *_account_lines(target, width)]
    if local.requirements:
        lines += [*([[]] if lines else []), *_account_lines(local, width)]
    return lines


def _account_lines(column: ComparisonColumn, width: int) -> list[Line]:
    lines = wrap([(column.title, "title"), ("  ", "text"), span(column.account, "muted")], width)
    for row in column.requirements:
        lines += _requirement_lines(row, width)
    return lines


def _requirement_lines(row: RequirementRow, width: int) -> list[Line]:
    style_name = _STATE_STYLES[row.state]
    name_style = style_name if row.cause_numbers else "text"
    line: Line = [(f"{STATE_SIGNS[row.state]} ", style_name), span(row.name, name_style)]
    if STATE_LABELS[row.state]:
        line.append((f"  {STATE_LABELS[row.state]}", "muted"))
    line.append(("".join(f" ◀ {number}" for number in row.cause_numbers), "error"))
    lines = wrap(line, width, hang=2)
    if row.detail:
        lines += wrap([("  ", "text"), span(row.detail, "muted")], width, hang=2)
    return lines
