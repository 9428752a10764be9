"""Explanations as `--json` data, as text, and as a summary after a failed switch.

docs/explain.md describes all three.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from xswitch.core.errors import XswitchError
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
from xswitch.core.explain.model import Cause, CauseSide, Certainty, ExplainedHop, Explanation

CERTAINTY_WORDS: Mapping[Certainty, str] = MappingProxyType(
    {Certainty.PROVED: "proved", Certainty.LIKELY: "likely", Certainty.UNSEEN: "unseen"}
)
"""Certainties in JSON."""
_COLUMN_WIDTH = 44
_MAX_WIDTH = 100
_INDENT = "     "
_MAX_SUMMARY_CAUSES = 2


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Convert to the `data` of `explain --json`."""
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
                "certainty": CERTAINTY_WORDS[cause.certainty],
                "evidence": cause.evidence,
                "statement": _parsed_statement(cause.statement),
                "change": str(cause.change) or None,
                "where": cause.where or None,
                "current": _parsed_statement(cause.current),
                "next_step": cause.next_step,
            }
            for cause in explanation.causes
        ],
        "pieces": [
            {
                "side": str(piece.side),
                "hop": piece.hop,
                "name": piece.name,
                "state": str(piece.state),
                "detail": piece.detail,
            }
            for piece in explanation.requirements
        ],
        "looked_at": list(explanation.sources_read),
    }


def _parsed_statement(text: str) -> Any:
    return json.loads(text) if text else None


def explanation_lines(explanation: Explanation) -> list[str]:
    """Format all of it: the chain, the accounts in columns, and the causes with their fixes."""
    lines = [f"{explanation.target}: {explanation.verdict.value.replace('_', ' ')}", ""]
    lines += [line for hop in explanation.hops for line in _hop_lines(hop)]
    if explanation.causes:
        lines += ["", *_comparison_lines(compare_accounts(explanation))]
    for number, cause in enumerate(explanation.causes, 1):
        lines += ["", *_cause_lines(number, cause)]
    if explanation.sources_read:
        lines += [
            "",
            *_wrap(f"evidence: {'; '.join(explanation.sources_read)}", "  ", " " * 12),
        ]
    return lines


def summary_lines(explanation: Explanation, error: XswitchError, target: str) -> list[str]:
    """Summarize the most certain causes after a failed switch.

    The error has been shown already and isn't repeated, so network failures have no summary.
    """
    if all(cause.side is CauseSide.NETWORK for cause in explanation.causes):
        return []
    most_certain = [
        cause for cause in explanation.causes if cause.certainty is explanation.causes[0].certainty
    ][:_MAX_SUMMARY_CAUSES]
    lines = []
    for cause in most_certain:
        evidence = "" if error.what in cause.evidence else f". {cause.evidence}"
        lines.append(f"  {_cause_heading(cause)}{evidence}")
        if cause.statement:
            statement = json.dumps(json.loads(cause.statement))
            lines.append(f"  {statement_heading(cause)}: {statement}")
        if cause.next_step and cause.next_step != error.next_step:
            lines.append(f"  next: {cause.next_step}")
    remaining = len(explanation.causes) - len(most_certain)
    contents = f"{remaining} more, and both accounts" if remaining else "Both accounts"
    return [*lines, f"  {contents} in detail: xswitch explain {target}"]


def _hop_lines(hop: ExplainedHop) -> list[str]:
    call = f"AssumeRole {hop.role_arn}" if hop.number else hop.principal_arn
    lines = [f"  {OUTCOME_SIGNS[hop.outcome]} {hop.number}  {hop.profile:18}  {call}".rstrip()]
    return lines + (_wrap(hop.text, "       ", "       ") if hop.text else [])


def _comparison_lines(comparison: Comparison) -> list[str]:
    columns = zip_longest(
        _column_lines(comparison.source), _column_lines(comparison.target), fillvalue=""
    )
    lines = [f"  {source:{_COLUMN_WIDTH}}  {target}".rstrip() for source, target in columns]
    if comparison.local.requirements:
        lines += ["", *(f"  {line}" for line in _column_lines(comparison.local))]
    return lines


def _column_lines(column: ComparisonColumn) -> list[str]:
    title = f"{column.title} {column.account}".rstrip()
    return [title, *(_requirement_line(row) for row in column.requirements)]


def _requirement_line(row: RequirementRow) -> str:
    label = STATE_LABELS[row.state]
    state = f" ({label})" if label else ""
    numbers = f"  ← {', '.join(map(str, row.cause_numbers))}" if row.cause_numbers else ""
    return f"{STATE_SIGNS[row.state]} {row.name}{state}{numbers}"


def _cause_heading(cause: Cause) -> str:
    return f"{side_label(cause)}, {cause.certainty.value}: {cause.code.value}"


def _cause_lines(number: int, cause: Cause) -> list[str]:
    lines = [f"  {number}. {_cause_heading(cause)}", *_wrap(cause.evidence, _INDENT, _INDENT)]
    if cause.statement:
        lines.append(f"{_INDENT}{statement_heading(cause)}:")
        lines += [f"{_INDENT}  {line}" for line in cause.statement.splitlines()]
    if cause.next_step:
        lines += _wrap(f"next: {cause.next_step}", _INDENT, _INDENT)
    return lines


def _wrap(text: str, first_indent: str, other_indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _MAX_WIDTH,
        initial_indent=first_indent,
        subsequent_indent=other_indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
