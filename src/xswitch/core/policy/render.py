"""Parsed policies written as JSON again: what `parse` reads back as the same document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xswitch.core.policy.model import Condition, PolicyDocument, Statement

_WORDS = (
    "string",
    "numeric",
    "date",
    "bool",
    "binary",
    "arn",
    "null",
    "not",
    "equals",
    "ignore",
    "case",
    "like",
    "less",
    "greater",
    "than",
)
_PREFIXES: Mapping[str, str] = {"": "", "all": "ForAllValues:", "any": "ForAnyValue:"}


def render(document: PolicyDocument) -> dict[str, Any]:
    """The document as JSON values, with every list written as a list and operators in AWS's spelling."""
    return {
        "Version": "2012-10-17" if document.variables else "2008-10-17",
        "Statement": [_statement(statement) for statement in document.statements],
    }


def operator_name(condition: Condition) -> str:
    """The operator as AWS writes it, with set operator and IfExists."""
    return f"{_PREFIXES[condition.quantifier]}{_spelled(condition.operator)}{'IfExists' if condition.if_exists else ''}"


def _spelled(operator: str) -> str:
    spelled, rest = "", operator.removesuffix("ipaddress")
    while rest:
        word = next(word for word in _WORDS if rest.startswith(word))
        spelled, rest = spelled + word.capitalize(), rest[len(word) :]
    return f"{spelled}IpAddress" if operator.endswith("ipaddress") else spelled


def _statement(statement: Statement) -> dict[str, Any]:
    rendered: dict[str, Any] = {"Sid": statement.sid} if statement.sid else {}
    rendered["Effect"] = statement.effect
    if statement.principals is not None:
        element = "NotPrincipal" if statement.principals.negated else "Principal"
        named = {kind: list(names) for kind, names in statement.principals.values.items()}
        rendered[element] = "*" if named == {"AWS": ["*"]} else named
    rendered["NotAction" if statement.not_actions else "Action"] = list(statement.actions)
    if statement.resources is not None:
        rendered["NotResource" if statement.not_resources else "Resource"] = list(
            statement.resources
        )
    if statement.conditions:
        rendered["Condition"] = _conditions(statement.conditions)
    return rendered


def _conditions(conditions: tuple[Condition, ...]) -> dict[str, dict[str, list[str]]]:
    """The block.

    One operator on one key twice needs another spelling of the operator, whose case means nothing.
    """
    block: dict[str, dict[str, list[str]]] = {}
    for condition in conditions:
        name = canonical = operator_name(condition)
        lowered = 0
        while condition.key in block.get(name, {}) or (
            name in block and name != next(reversed(block))
        ):
            lowered += 1
            name = canonical[:lowered].swapcase() + canonical[lowered:]
        block.setdefault(name, {})[condition.key] = list(condition.values)
    return block
