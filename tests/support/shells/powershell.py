"""What a reader of PowerShell's grammar that isn't ours makes of code.

Assignments of literal text to variables of the environment.

Where there is no PowerShell this stands in for it: tree-sitter's grammar says which tokens there
are and of what kind, and only literals, `[char]0x…`, `+`, parentheses and `$null` are taken. Source
of what those mean: "about_Quoting_Rules" and "about_Type_Conversion" of PowerShell's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_powershell.language()))
_LITERAL, _UNIT, _VARIABLE = "verbatim_string_characters", "hexadecimal_integer_literal", "variable"
_SIGNS = frozenset("=+()[]")
_HARMLESS = frozenset({_LITERAL, _UNIT, _VARIABLE, "type_identifier", *_SIGNS})
_ENVIRONMENT = "$env:"


class NotPlainError(Exception):
    """The code does more than assign literal text, or isn't code."""


def assigned(code: str) -> dict[str, str | None]:
    """Variables of the environment and what they are set to, None when removed.

    Raises NotPlainError.
    """
    root = _PARSER.parse(code.encode()).root_node
    if root.has_error:
        raise NotPlainError("no code")
    found: dict[str, str | None] = {}
    for statement in root.children:
        for pipeline in statement.children:
            name, equals, *value = _leaves(pipeline)
            if not name[1].startswith(_ENVIRONMENT) or equals[0] != "=":
                raise NotPlainError(f"{name} {equals}")
            found[name[1].removeprefix(_ENVIRONMENT)] = (
                None if value == [(_VARIABLE, "$null")] else _text(value)
            )
    return found


def _leaves(node: Node) -> Iterator[tuple[str, str]]:
    """The tokens below, by kind and text.

    Sums nest as deep as a text is long, so nothing here calls itself.
    """
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.children:
            waiting.extend(reversed(one.children))
            continue
        if one.type not in _HARMLESS:
            raise NotPlainError(f"{one.type}: {one.text!r}")
        yield one.type, (one.text or b"").decode()


def _text(tokens: list[tuple[str, str]]) -> str:
    """The value of a literal, or of a sum in parentheses that begins with one.

    Adding characters to a text gives a text.
    """
    if tokens[0][0] == "(" and tokens[-1][0] == ")":
        tokens = tokens[1:-1]
    kind, first = tokens[0]
    if kind != _LITERAL:
        raise NotPlainError(f"it begins with {kind}")
    units = _units(first)
    rest = iter(tokens[1:])
    for plus, _ in rest:
        kind, text = next(rest)
        if kind == "[":
            (_, cast), (close, _), (kind, text) = next(rest), next(rest), next(rest)
            if (cast, close, kind) != ("char", "]", _UNIT):
                raise NotPlainError(f"[{cast}{close} {kind}")
        if plus != "+" or kind not in {_LITERAL, _UNIT}:
            raise NotPlainError(f"{plus} {kind}")
        units += int(text, 16).to_bytes(2, "big") if kind == _UNIT else _units(text)
    return units.decode("utf-16-be")


def _units(literal: str) -> bytes:
    """UTF-16 of a literal in single quotes, in which two of them are one."""
    inner = literal[1:-1]
    if literal[0] + literal[-1] != "''" or inner.replace("''", "").count("'"):
        raise NotPlainError(literal)
    return inner.replace("''", "'").encode("utf-16-be")
