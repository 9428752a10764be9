"""Parse a document statement by statement; grammar errors become findings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from xswitch.core.access.documents import (
    VERSION,
    canonical_json,
    normalize,
    statement_to_json,
)
from xswitch.core.access.lint.statement import LintedStatement
from xswitch.core.access.model import Finding
from xswitch.core.arn import RoleArn
from xswitch.core.policy import PolicyError, PolicyKind, Statement, load_document, parse
from xswitch.core.text import capitalize_first

_SID = re.compile(r"[A-Za-z0-9]*")
_SCOPES = ("Resource", "NotResource")


def parse_statements(
    document: str, kind: PolicyKind, where: str, role: RoleArn | None, own_accounts: frozenset[str]
) -> tuple[list[Finding], list[LintedStatement]]:
    """Return the findings on the document itself, and its valid statements."""
    try:
        data = load_document(document, where)
        canonical_json(data, where)
    except PolicyError as problem:
        return [Finding("not_json", "error", _error_text(problem, where), where)], []
    body = data.get("Statement")
    raws = body if isinstance(body, list) else [body]
    findings = _version_findings(data, where)
    if set(data) - {"Version", "Id", "Statement"}:
        extra = ", ".join(sorted(set(data) - {"Version", "Id", "Statement"}))
        findings.append(
            Finding("grammar", "error", f"The document has unknown elements: {extra}.", where)
        )
    valid: list[tuple[int, Mapping[str, Any], Statement]] = []
    for index, raw in enumerate(raws):
        place = _statement_label(where, index, raw)
        if (
            kind is PolicyKind.TRUST
            and isinstance(raw, Mapping)
            and any(scope in raw for scope in _SCOPES)
        ):
            # Check the corrected statement.
            raw = {key: value for key, value in raw.items() if key not in _SCOPES}  # noqa: PLW2901
            why = "A trust policy can't have a Resource; IAM rejects it."
            findings.append(
                Finding("resource_in_trust", "error", why, place, statement_to_json(raw))
            )
        try:
            (statement,) = parse(
                {"Version": data.get("Version", VERSION), "Statement": [raw]}, kind, place
            ).statements
        except PolicyError as problem:
            findings.append(Finding("grammar", "error", _error_text(problem, place), place))
            continue
        valid.append((index, raw, statement))
    findings += _sid_findings(valid, where)
    statements = tuple(statement for _, _, statement in valid)
    return findings, [
        LintedStatement(
            raw, statement, _statement_label(where, index, raw), role, own_accounts, statements
        )
        for index, raw, statement in valid
    ]


def _error_text(problem: PolicyError, where: str) -> str:
    """Write the problem as a sentence, without the place, which a finding has in `where`."""
    text = (
        problem.what.removeprefix(f"{where}: ")
        .replace("statement 1: ", "")
        .replace("statement 1", "the statement")
    )
    return f"{capitalize_first(text)}."


def _statement_label(where: str, index: int, raw: Any) -> str:
    sid = raw.get("Sid") if isinstance(raw, Mapping) else None
    return f"{where}, statement {index + 1}" + (f" ({sid})" if isinstance(sid, str) and sid else "")


def _version_findings(data: Mapping[str, Any], where: str) -> list[Finding]:
    version = data.get("Version")
    if version == VERSION:
        return []
    corrected = canonical_json({**data, "Version": VERSION})
    if version not in (None, "2008-10-17"):
        return [
            Finding(
                "grammar",
                "error",
                f"Version {version!r} doesn't exist; the current one is {VERSION}.",
                where,
                corrected,
            )
        ]
    if "${" in json.dumps(data.get("Statement")):
        why = f"Policy variables need Version {VERSION}; here they are plain text."
        return [Finding("version_without_variables", "error", why, where, corrected)]
    if version is None:
        why = f"The default Version is the old one of 2008; write Version {VERSION}."
        return [Finding("version_missing", "info", why, where, corrected)]
    return []


def _sid_findings(
    statements: list[tuple[int, Mapping[str, Any], Statement]], where: str
) -> list[Finding]:
    findings: list[Finding] = []
    sids: dict[str, int] = {}
    seen: list[Any] = []
    for index, raw, statement in statements:
        place = _statement_label(where, index, raw)
        if _SID.fullmatch(statement.sid) is None:
            fixed = {**raw, "Sid": re.sub(r"[^A-Za-z0-9]", "", statement.sid)}
            findings.append(
                Finding(
                    "sid_invalid",
                    "error",
                    "A Sid can only have letters and digits.",
                    place,
                    statement_to_json(fixed),
                )
            )
        if statement.sid and statement.sid in sids:
            fixed = {key: value for key, value in raw.items() if key != "Sid"}
            why = f"Statement {sids[statement.sid] + 1} has the same Sid; Sids must be unique."
            findings.append(Finding("sid_twice", "error", why, place, statement_to_json(fixed)))
        sids.setdefault(statement.sid, index)
        normalized = normalize(raw)
        equal_index = next((other for other, earlier in seen if earlier == normalized), None)
        if equal_index is not None:
            findings.append(
                Finding(
                    "duplicate_statement",
                    "info",
                    f"It means the same as statement {equal_index + 1}; remove it.",
                    place,
                )
            )
        seen.append((index, normalized))
    return findings
