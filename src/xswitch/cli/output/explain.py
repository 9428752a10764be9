"""An explanation as `--json` shows it, as a drawing in lines, and in short after a failed switch.

Docs/explain.md documents all three.
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
    Comparison,
    ComparisonColumn,
    RequirementRow,
    compare_accounts,
)
from xswitch.core.explain.model import (
    Cause,
    CauseSide,
    Certainty,
    ExplainedHop,
    Explanation,
    HopOutcome,
    RequirementState,
    StatementChange,
)

CERTAINTY_WORDS: Mapping[Certainty, str] = MappingProxyType(
    {Certainty.PROVED: "proved", Certainty.LIKELY: "likely", Certainty.UNSEEN: "unseen"}
)
"""How sure a cause is, as one word for programs."""
_COLUMN_WIDTH = 44
_MAX_WIDTH = 100
_INDENT = "     "
_MAX_SUMMARY_CAUSES = 2
_PIECE_SIGNS = {
    RequirementState.OK: "✓",
    RequirementState.MISSING: "✗",
    RequirementState.DENIES: "✗",
    RequirementState.UNKNOWN: "?",
}
_PIECE_STATE_WORDS = {
    RequirementState.OK: "",
    RequirementState.MISSING: "missing",
    RequirementState.DENIES: "denies",
    RequirementState.UNKNOWN: "can't be seen",
}
_SIDE_LABELS = {
    CauseSide.SOURCE: "source side",
    CauseSide.TARGET: "target side",
    CauseSide.LOCAL: "this machine",
    CauseSide.NETWORK: "network",
}
_OUTCOME_SIGNS = {HopOutcome.OK: "✓", HopOutcome.FAILED: "✗", HopOutcome.NOT_TRIED: "·"}
_CHANGE_LABELS = {
    StatementChange.NONE: "statement",
    StatementChange.ADD: "add",
    StatementChange.REPLACE: "put in its place",
    StatementChange.REMOVE: "take away",
    StatementChange.MEET: "it asks for this",
}


def explanation_json(explanation: Explanation) -> dict[str, Any]:
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
    """The whole drawing.

    The chain, both sides next to each other, then every cause with its statement and the next step.
    """
    drawing = compare_accounts(explanation)
    lines = [f"{explanation.target}: {explanation.verdict.value.replace('_', ' ')}", ""]
    lines += [line for hop in explanation.hops for line in _hop_lines(hop)]
    if explanation.causes:
        lines += ["", *_side_lines(drawing)]
    for number, cause in enumerate(explanation.causes, 1):
        lines += ["", *_cause_lines(number, cause)]
    if explanation.sources_read:
        lines += [
            "",
            *_wrap(f"looked at: {'; '.join(explanation.sources_read)}", "  ", "             "),
        ]
    return lines


def summary_lines(explanation: Explanation, error: XswitchError, target: str) -> list[str]:
    """After a failed switch.

    Side, cause and statement of what is surest, and the command that tells the rest.

    What the error said already is not said again, so there is nothing to add where AWS could not be
    asked at all.
    """
    if all(cause.side is CauseSide.NETWORK for cause in explanation.causes):
        return []
    most_certain = [
        cause for cause in explanation.causes if cause.certainty is explanation.causes[0].certainty
    ][:_MAX_SUMMARY_CAUSES]
    lines = []
    for cause in most_certain:
        evidence = "" if error.what in cause.evidence else f". {cause.evidence}"
        lines.append(
            f"  {_side_label(cause)}, {cause.certainty.value}: {cause.code.value}{evidence}"
        )
        if cause.statement:
            lines.append(
                f"  {_statement_heading(cause)}: {json.dumps(json.loads(cause.statement))}"
            )
        if cause.next_step and cause.next_step != error.next_step:
            lines.append(f"  next: {cause.next_step}")
    left = len(explanation.causes) - len(most_certain)
    return [
        *lines,
        f"  {f'{left} more, and both' if left else 'Both'} sides next to each other: xswitch explain {target}",
    ]


def _hop_lines(hop: ExplainedHop) -> list[str]:
    call = f"AssumeRole {hop.role_arn}" if hop.number else hop.principal_arn
    lines = [f"  {_OUTCOME_SIGNS[hop.outcome]} {hop.number}  {hop.profile:18}  {call}".rstrip()]
    return lines + (_wrap(hop.text, "       ", "       ") if hop.text else [])


def _side_lines(drawing: Comparison) -> list[str]:
    left, right = _column_lines(drawing.source), _column_lines(drawing.target)
    lines = [
        f"  {left_line:{_COLUMN_WIDTH}}  {right_line}".rstrip()
        for left_line, right_line in zip_longest(left, right, fillvalue="")
    ]
    if drawing.local.requirements:
        lines += ["", *(f"  {line}" for line in _column_lines(drawing.local))]
    return lines


def _column_lines(side: ComparisonColumn) -> list[str]:
    return [
        f"{side.title} {side.account}".rstrip(),
        *(_piece_line(piece) for piece in side.requirements),
    ]


def _piece_line(piece: RequirementRow) -> str:
    state = f" ({_PIECE_STATE_WORDS[piece.state]})" if _PIECE_STATE_WORDS[piece.state] else ""
    marks = (
        f"  ← {', '.join(str(mark) for mark in piece.cause_numbers)}" if piece.cause_numbers else ""
    )
    return f"{_PIECE_SIGNS[piece.state]} {piece.name}{state}{marks}"


def _cause_lines(number: int, cause: Cause) -> list[str]:
    lines = [f"  {number}. {_side_label(cause)}, {cause.certainty.value}: {cause.code.value}"]
    lines += _wrap(cause.evidence, _INDENT, _INDENT)
    if cause.statement:
        lines += [
            f"{_INDENT}{_statement_heading(cause)}:",
            *(f"{_INDENT}  {line}" for line in cause.statement.splitlines()),
        ]
    if cause.next_step:
        lines += _wrap(f"next: {cause.next_step}", _INDENT, _INDENT)
    return lines


def _side_label(cause: Cause) -> str:
    return _SIDE_LABELS[cause.side]


def _statement_heading(cause: Cause) -> str:
    return f"{_CHANGE_LABELS[cause.change]}{f' ({cause.where})' if cause.where else ''}"


def _wrap(text: str, first_indent: str, other_indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _MAX_WIDTH,
        initial_indent=first_indent,
        subsequent_indent=other_indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
