"""Conversions between JSON objects of a state file and values, one table of members per kind.

One table serves both directions. A member whose value is the default isn't written, so what is read
from a written file equals what was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from xswitch.core.policy import PolicyKind
from xswitch.emulator.state.model import parse_cached

JsonObject = dict[str, Any]
_Entity = TypeVar("_Entity")


class StateError(Exception):
    """The reason why a state file is invalid."""


@dataclass(frozen=True)
class Scope:
    """Where an object is: in which account, and the ARN of the identity or policy it belongs to."""

    account_id: str
    prefix: str
    arn: str = ""
    policies: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()


class Member(NamedTuple):
    """A member of a JSON object, the attribute it fills, and the conversion in each direction."""

    key: str
    attribute: str
    load: Callable[[Any, Scope], Any] = lambda value, _: value
    dump: Callable[[Any, Scope], Any] = lambda value, _: value
    optional: bool = True


def load_object(
    entity: type[_Entity], data: JsonObject, members: Iterable[Member], scope: Scope
) -> Any:
    """Read an object; a member that is missing or null keeps its default, unless required."""
    values = {
        member.attribute: member.load(data[member.key], scope)
        for member in members
        if not member.optional or data.get(member.key) is not None
    }
    return entity(**values)


def dump_object(entity: Any, members: Iterable[Member], scope: Scope) -> JsonObject:
    """Write an object, without the members whose value is the default."""
    defaults: JsonObject = {}
    for field in fields(entity):
        if field.default_factory is not MISSING:
            defaults[field.name] = field.default_factory()
        elif field.default is not MISSING:
            defaults[field.name] = field.default
    return {
        member.key: member.dump(value, scope)
        for member in members
        if (value := getattr(entity, member.attribute)) != defaults.get(member.attribute, MISSING)
        or not member.optional
    }


def each(
    load: Callable[[Any, Scope], Any], dump: Callable[[Any, Scope], Any] = lambda value, _: value
) -> tuple[Callable[[Any, Scope], Any], Callable[[Any, Scope], Any]]:
    """The conversions of a list, from those of its items."""
    return (
        lambda values, scope: tuple(load(value, scope) for value in values),
        lambda values, scope: [dump(value, scope) for value in values],
    )


def objects(entity: type[Any], members: tuple[Member, ...]) -> Any:
    """The conversions of a list of objects without an ARN."""
    return each(
        lambda data, scope: load_object(entity, data, members, scope),
        lambda value, scope: dump_object(value, members, scope),
    )


def document_text(document: Any) -> str:
    """The text of a policy document that a state file gives as an object or as text."""
    if isinstance(document, str):
        return document
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def load_document(document: Any, kind: PolicyKind, name: str) -> str:
    """The text of a policy document. Raises PolicyError if it's malformed."""
    text = document_text(document)
    parse_cached(text, kind, name)
    return text


def dump_document(text: str, _: Scope) -> Any:
    """The document as an object if that leads back to the same text, else the text."""
    data = json.loads(text)
    return data if document_text(data) == text else text


def load_inline(policies: JsonObject, scope: Scope) -> Mapping[str, str]:
    """Inline policies by name."""
    return MappingProxyType(
        {
            name: load_document(text, PolicyKind.IDENTITY, f"inline policy {name} of {scope.arn}")
            for name, text in policies.items()
        }
    )


def dump_inline(policies: Mapping[str, str], scope: Scope) -> JsonObject:
    """Inline policies by name, as objects."""
    return {name: dump_document(text, scope) for name, text in policies.items()}
