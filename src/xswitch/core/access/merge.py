"""Putting our one statement into a document that others may have written in: theirs stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from xswitch.core.access.documents import (
    canonical_json,
    load_document,
    normalized_statement,
    statements_of,
)

_ACCOUNT = re.compile(r"[0-9]{12}")
_ROOT = re.compile(r"arn:aws[a-z0-9-]*:iam::([0-9]{12}):root")
_SCOPE_ELEMENTS = ("Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource")


class NormalizedStatement(NamedTuple):
    """A statement without its spelling.

    Sets instead of lists, names without regard to case where IAM has none.
    """

    effect: str
    scopes: Mapping[str, frozenset[tuple[str, str]]]
    conditions: frozenset[tuple[str, str, frozenset[str]]]
    other: frozenset[str]


def normalize(statement: Mapping[str, Any]) -> NormalizedStatement:
    """What a statement says; two that say the same are equal, whatever their Sids."""
    tidy = normalized_statement(statement)
    conditions = tidy.get("Condition")
    known = {"Sid", "Effect", "Condition", *_SCOPE_ELEMENTS}
    return NormalizedStatement(
        effect=str(tidy.get("Effect")),
        scopes={
            scope: _normalized_scope(scope, tidy[scope])
            for scope in _SCOPE_ELEMENTS
            if scope in tidy
        },
        conditions=frozenset(
            (operator.lower(), key.lower(), frozenset(_as_strings(values)))
            for operator, keys in (conditions.items() if isinstance(conditions, Mapping) else ())
            for key, values in (keys.items() if isinstance(keys, Mapping) else (("", keys),))
        ),
        other=frozenset(f"{key}={value!r}" for key, value in tidy.items() if key not in known),
    )


def _normalized_scope(scope: str, value: Any) -> frozenset[tuple[str, str]]:
    if isinstance(value, Mapping):
        return frozenset(
            (kind, _normalized_principal(text))
            for kind, texts in value.items()
            for text in _as_strings(texts)
        )
    return frozenset(
        ("", text.lower() if scope.endswith("Action") else text) for text in _as_strings(value)
    )


def _normalized_principal(text: str) -> str:
    """An account may be named by its number or its root's ARN."""
    root_arn = _ROOT.fullmatch(text)
    return root_arn[1] if root_arn is not None else text


def _as_strings(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def covers_statement(statement: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a statement says what `wanted` says, by name.

    Under the same conditions, perhaps of others too.
    """
    existing, required = normalize(statement), normalize(wanted)
    if (existing.effect, existing.conditions, existing.other, existing.scopes.keys()) != (
        required.effect,
        required.conditions,
        required.other,
        required.scopes.keys(),
    ):
        return False
    return all(required.scopes[scope] <= existing.scopes[scope] for scope in required.scopes)


def contains_statement(document: str, wanted: Mapping[str, Any]) -> bool:
    """Whether a document says what `wanted` says already."""
    return any(covers_statement(statement, wanted) for statement in statements_of(document))


def with_statement(document: str, wanted: Mapping[str, Any], name: str = "the policy") -> str:
    """The document with `wanted` in it, in canonical spelling.

    A statement with its Sid is replaced; else one that says the same is left to say it; else
    `wanted` comes last. Raises PolicyError, naming `name`, for text that is no JSON object.
    """
    data = load_document(canonical_json(document, name))
    statements: list[Any] = data["Statement"]
    sid = wanted["Sid"]
    own_index = next(
        (
            at
            for at, one in enumerate(statements)
            if isinstance(one, Mapping) and one.get("Sid") == sid
        ),
        None,
    )
    if own_index is not None:
        if normalize(statements[own_index]) != normalize(wanted):
            statements[own_index] = dict(wanted)
    elif not contains_statement(document, wanted):
        statements.append(dict(wanted))
    return canonical_json(data)
