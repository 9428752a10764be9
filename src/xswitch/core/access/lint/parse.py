"""Reading a document statement by statement.

What breaks the grammar is a finding, and the rest is still judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from xswitch.core.access.documents import VERSION, canonical_json, load_document, statement_to_json
from xswitch.core.access.lint.statement import LintedStatement
from xswitch.core.access.merge import normalize
from xswitch.core.access.model import Finding
from xswitch.core.arn import RoleArn
from xswitch.core.policy import PolicyError, PolicyKind, Statement, parse

_SID = re.compile(r"[A-Za-z0-9]*")
_SCOPES = ("Resource", "NotResource")


def parse_statements(
    document: str, kind: PolicyKind, where: str, role: RoleArn | None, own_accounts: frozenset[str]
) -> tuple[list[Finding], list[LintedStatement]]:
    """What is wrong with the document as such, and its statements."""
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
            Finding(
                "grammar", "error", f"The document has elements that no policy has: {extra}.", where
            )
        )
    read_ones: list[tuple[int, Mapping[str, Any], Statement]] = []
    for index, raw in enumerate(raws):
        place = _statement_label(where, index, raw)
        if (
            kind is PolicyKind.TRUST
            and isinstance(raw, Mapping)
            and any(scope in raw for scope in _SCOPES)
        ):
            # Judged as it should be
            raw = {key: value for key, value in raw.items() if key not in _SCOPES}  # noqa: PLW2901
            why = "A trust policy belongs to its role and takes no Resource; IAM refuses it."
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
        read_ones.append((index, raw, statement))
    findings += _sid_findings(read_ones, where)
    statements = tuple(statement for _, _, statement in read_ones)
    return findings, [
        LintedStatement(
            raw, statement, _statement_label(where, index, raw), role, own_accounts, statements
        )
        for index, raw, statement in read_ones
    ]


def _error_text(problem: PolicyError, where: str) -> str:
    """What the reader says, as a sentence and without the place, which a finding has by itself."""
    text = (
        problem.what.removeprefix(f"{where}: ")
        .replace("statement 1: ", "")
        .replace("statement 1", "the statement")
    )
    return f"{text[:1].upper()}{text[1:]}."


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
                f"Version {version!r} is none; the current one is {VERSION}.",
                where,
                corrected,
            )
        ]
    if "${" in json.dumps(data.get("Statement")):
        why = f"Without Version {VERSION} a policy variable is plain text and stands for nothing."
        return [Finding("version_without_variables", "error", why, where, corrected)]
    if version is None:
        why = f"Without a Version it is of the old language of 2008; write Version {VERSION}."
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
                    "A Sid takes letters and digits only.",
                    place,
                    statement_to_json(fixed),
                )
            )
        if statement.sid and statement.sid in sids:
            fixed = {key: value for key, value in raw.items() if key != "Sid"}
            why = f"Statement {sids[statement.sid] + 1} has the same Sid; IAM wants each once."
            findings.append(Finding("sid_twice", "error", why, place, statement_to_json(fixed)))
        sids.setdefault(statement.sid, index)
        said = normalize(raw)
        twin = next((there for there, other in seen if other == said), None)
        if twin is not None:
            findings.append(
                Finding(
                    "duplicate_statement",
                    "info",
                    f"It says what statement {twin + 1} says already; it can go.",
                    place,
                )
            )
        seen.append((index, said))
    return findings
