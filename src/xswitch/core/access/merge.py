"""Putting our one statement into a document that others may have written in: theirs stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from xswitch.core.access.documents import canonical, load, statements_of, tidied

_ACCOUNT = re.compile(r"[0-9]{12}")
_ROOT = re.compile(r"arn:aws[a-z0-9-]*:iam::([0-9]{12}):root")
_SCOPES = ("Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource")


class Meaning(NamedTuple):
    """A statement without its spelling: sets instead of lists, names without regard to case where IAM has none."""

    effect: str
    scopes: Mapping[str, frozenset[tuple[str, str]]]
    conditions: frozenset[tuple[str, str, frozenset[str]]]
    other: frozenset[str]


def meaning(statement: Mapping[str, Any]) -> Meaning:
    """What a statement says; two that say the same are equal, whatever their Sids."""
    tidy = tidied(statement)
    conditions = tidy.get("Condition")
    known = {"Sid", "Effect", "Condition", *_SCOPES}
    return Meaning(
        effect=str(tidy.get("Effect")),
        scopes={scope: _scope(scope, tidy[scope]) for scope in _SCOPES if scope in tidy},
        conditions=frozenset(
            (operator.lower(), key.lower(), frozenset(_texts(values)))
            for operator, keys in (conditions.items() if isinstance(conditions, Mapping) else ())
            for key, values in (keys.items() if isinstance(keys, Mapping) else (("", keys),))
        ),
        other=frozenset(f"{key}={value!r}" for key, value in tidy.items() if key not in known),
    )


def _scope(scope: str, value: Any) -> frozenset[tuple[str, str]]:
    if isinstance(value, Mapping):
        return frozenset((kind, _principal(text)) for kind, texts in value.items() for text in _texts(texts))
    return frozenset(("", text.lower() if scope.endswith("Action") else text) for text in _texts(value))


def _principal(text: str) -> str:
    """An account may be named by its number or its root's ARN."""
    found = _ROOT.fullmatch(text)
    return found[1] if found is not None else text


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def covers(statement: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a statement says what `wanted` says, by name: under the same conditions, perhaps of others too."""
    there, ours = meaning(statement), meaning(wanted)
    if (there.effect, there.conditions, there.other, there.scopes.keys()) != (ours.effect, ours.conditions, ours.other, ours.scopes.keys()):
        return False
    return all(ours.scopes[scope] <= there.scopes[scope] for scope in ours.scopes)


def has(document: str, wanted: Mapping[str, Any]) -> bool:
    """Whether a document says what `wanted` says already."""
    return any(covers(statement, wanted) for statement in statements_of(document))


def amended(document: str, wanted: Mapping[str, Any], name: str = "the policy") -> str:
    """The document with `wanted` in it, in canonical spelling.

    A statement with its Sid is replaced; else one that says the same is left to say it; else `wanted` comes last. Raises PolicyError,
    naming `name`, for text that is no JSON object.
    """
    data = load(canonical(document, name))
    statements: list[Any] = data["Statement"]
    sid = wanted["Sid"]
    ours = next((at for at, one in enumerate(statements) if isinstance(one, Mapping) and one.get("Sid") == sid), None)
    if ours is not None:
        if meaning(statements[ours]) != meaning(wanted):
            statements[ours] = dict(wanted)
    elif not has(document, wanted):
        statements.append(dict(wanted))
    return canonical(data)
