"""Strict parsing of policy documents.

Source: IAM reference, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from xswitch.core.policy.conditions import OPERATORS
from xswitch.core.policy.model import (
    Condition,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    PrincipalSet,
    Statement,
)

_VERSIONS = ("2008-10-17", "2012-10-17")
_TOP_LEVEL_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_QUANTIFIERS: Mapping[str, Literal["all", "any"]] = MappingProxyType(
    {"forallvalues": "all", "foranyvalue": "any"}
)


def parse(
    source: str | Mapping[str, Any], kind: PolicyKind, name: str, *, level: str = ""
) -> PolicyDocument:
    """Parse JSON text or a decoded document; `level` is for SCPs and RCPs.

    Raises PolicyError, which names `name` and the place.
    """
    try:
        return replace(_document(load_document(source, name), kind, name), level=level)
    except _SyntaxError as problem:
        raise PolicyError(f"{name}: {problem}") from None


def load_document(source: str | Mapping[str, Any], name: str = "the policy") -> dict[str, Any]:
    """Decode a document's JSON object.

    Raises PolicyError, which names `name`, for anything else and for duplicate names.
    """

    def reject_duplicate_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise PolicyError(f"{name}: an element is given twice")
        return members

    data: Any = source
    if isinstance(source, str):
        try:
            data = json.loads(source, object_pairs_hook=reject_duplicate_names)
        except (ValueError, RecursionError):
            raise PolicyError(f"{name}: not valid JSON") from None
    if not isinstance(data, Mapping):
        raise PolicyError(f"{name}: not a JSON object")
    return dict(data)


class _SyntaxError(Exception):
    """A grammar error, with its place in the document."""


def _document(data: Mapping[str, Any], kind: PolicyKind, name: str) -> PolicyDocument:
    _reject_unknown_elements(data, _TOP_LEVEL_ELEMENTS, "the document")
    version = data.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise _SyntaxError(f"Version must be one of {', '.join(_VERSIONS)}")
    body = data.get("Statement")
    statements = [body] if isinstance(body, Mapping) else body
    if not isinstance(statements, list) or not statements:
        raise _SyntaxError("Statement is missing or empty")
    return PolicyDocument(
        kind=kind,
        name=name,
        statements=tuple(
            _statement(index, statement, kind) for index, statement in enumerate(statements)
        ),
        variables=version == _VERSIONS[1],
    )


def _reject_unknown_elements(data: Mapping[str, Any], allowed: frozenset[str], where: str) -> None:
    for key in data:
        if key not in allowed:
            raise _SyntaxError(f"{where} has an unknown element {key!r}")


def _statement(index: int, data: Any, kind: PolicyKind) -> Statement:
    where = f"statement {index + 1}"
    if not isinstance(data, Mapping):
        raise _SyntaxError(f"{where} is not an object")
    _reject_unknown_elements(data, _ELEMENTS, where)
    effect = data.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise _SyntaxError(f"{where}: Effect must be Allow or Deny")
    sid = data.get("Sid", "")
    if not isinstance(sid, str):
        raise _SyntaxError(f"{where}: Sid must be text")
    action = _exactly_one(data, "Action", "NotAction", where)
    actions = _strings(data[action], f"{where}: {action}")
    for text in actions:
        if text != "*" and ":" not in text:
            raise _SyntaxError(f"{where}: {action} {text!r} names no service")
    resource, principal = _scope_elements(data, kind, where)
    return Statement(
        index=index,
        sid=sid,
        effect=effect,
        actions=actions,
        not_actions=action == "NotAction",
        resources=None if resource is None else _strings(data[resource], where),
        not_resources=resource == "NotResource",
        principals=None
        if principal is None
        else _principals(
            data[principal], f"{where}: {principal}", negated=principal == "NotPrincipal"
        ),
        conditions=_conditions(data.get("Condition", {}), where),
    )


def _scope_elements(
    data: Mapping[str, Any], kind: PolicyKind, where: str
) -> tuple[str | None, str | None]:
    """Return the names of the resource element and of the principal element.

    A trust policy has only a principal. An RCP has both, with everyone as the principal
    (Organizations user guide, "RCP syntax"). All others have only a resource.
    """
    if kind is PolicyKind.RCP and data.get("Principal") not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        raise _SyntaxError(f'{where}: the Principal of a resource control policy must be "*"')
    if kind is PolicyKind.TRUST:
        if "Resource" in data or "NotResource" in data:
            raise _SyntaxError(f"{where}: a trust policy has no Resource")
        return None, _exactly_one(data, "Principal", "NotPrincipal", where)
    if kind is not PolicyKind.RCP and ("Principal" in data or "NotPrincipal" in data):
        raise _SyntaxError(f"{where}: only a trust policy has a Principal")
    resource = _exactly_one(data, "Resource", "NotResource", where)
    for text in _strings(data[resource], f"{where}: {resource}"):
        if text != "*" and not text.startswith(("arn:", "*", "${")):
            raise _SyntaxError(f'{where}: {resource} {text!r} is neither an ARN nor "*"')
    return resource, "Principal" if kind is PolicyKind.RCP else None


def _exactly_one(data: Mapping[str, Any], plain: str, negated: str, where: str) -> str:
    if (plain in data) == (negated in data):
        raise _SyntaxError(f"{where} needs either {plain} or {negated}")
    return plain if plain in data else negated


def _strings(value: Any, where: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if (
        not isinstance(values, list)
        or not values
        or not all(isinstance(item, str) and item for item in values)
    ):
        raise _SyntaxError(f"{where} must be text or a list of texts")
    return tuple(values)


def _principals(value: Any, where: str, *, negated: bool) -> PrincipalSet:
    if value == "*":
        return PrincipalSet(MappingProxyType({"AWS": ("*",)}), negated)
    if not isinstance(value, Mapping) or not value:
        raise _SyntaxError(f'{where} must be "*" or an object')
    _reject_unknown_elements(value, _PRINCIPAL_TYPES, where)
    return PrincipalSet(
        MappingProxyType(
            {kind: _strings(names, f"{where} {kind}") for kind, names in value.items()}
        ),
        negated,
    )


def _conditions(value: Any, where: str) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        raise _SyntaxError(f"{where}: Condition must be an object")
    conditions: list[Condition] = []
    for operator, keys in value.items():
        if not isinstance(keys, Mapping):
            raise _SyntaxError(f"{where}: Condition {operator} must be an object")
        conditions.extend(_condition(operator, key, values, where) for key, values in keys.items())
    return tuple(conditions)


def _condition(written: str, key: str, values: Any, where: str) -> Condition:
    prefix, colon, suffixed_name = written.rpartition(":")
    quantifier = _QUANTIFIERS.get(prefix.lower())
    if colon and quantifier is None:
        raise _SyntaxError(f"{where}: unknown condition operator {written!r}")
    name = suffixed_name.lower()
    if_exists = name.endswith("ifexists")
    operator = name.removesuffix("ifexists")
    if operator not in OPERATORS or (operator == "null" and if_exists):
        raise _SyntaxError(f"{where}: unknown condition operator {written!r}")
    listed = values if isinstance(values, list) else [values]
    if not all(isinstance(item, str | bool | int | float) for item in listed):
        raise _SyntaxError(f"{where}: Condition {written} {key} must be text or a list of texts")
    texts = tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in listed)
    return Condition(operator, key, texts, quantifier or "", if_exists)
