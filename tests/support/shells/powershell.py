"""An independent reader of PowerShell assignments, for machines without PowerShell.

tree-sitter's grammar provides the tokens; only literals, `[char]0x…`, `+`, parentheses, and `$null`
are accepted. Their meaning: "about_Quoting_Rules" and "about_Type_Conversion" in PowerShell's
documentation.
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
    """The code is invalid, or does more than assign literal text."""


def is_valid(code: str) -> bool:
    """Whether the code is valid according to the grammar."""
    return not _PARSER.parse(code.encode()).root_node.has_error


def assigned(code: str) -> dict[str, str | None]:
    """Return the environment variables that the code sets; None removes one.

    Raises NotPlainError.
    """
    root = _PARSER.parse(code.encode()).root_node
    if root.has_error:
        raise NotPlainError("no code")
    variables: dict[str, str | None] = {}
    for statement in root.children:
        for pipeline in statement.children:
            name, equals, *value = _leaves(pipeline)
            if not name[1].startswith(_ENVIRONMENT) or equals[0] != "=":
                raise NotPlainError(f"{name} {equals}")
            variables[name[1].removeprefix(_ENVIRONMENT)] = (
                None if value == [(_VARIABLE, "$null")] else _text(value)
            )
    return variables


def _leaves(node: Node) -> Iterator[tuple[str, str]]:
    """Yield kind and text of the tokens, without recursion: sums nest as deep as a text is long."""
    stack = [node]
    while stack:
        current = stack.pop()
        if current.children:
            stack.extend(reversed(current.children))
            continue
        if current.type not in _HARMLESS:
            raise NotPlainError(f"{current.type}: {current.text!r}")
        yield current.type, (current.text or b"").decode()


def _text(tokens: list[tuple[str, str]]) -> str:
    """Return the value of a literal, or of a sum that starts with one (adding appends)."""
    if tokens[0][0] == "(" and tokens[-1][0] == ")":
        tokens = tokens[1:-1]
    kind, first = tokens[0]
    if kind != _LITERAL:
        raise NotPlainError(f"it starts with {kind}")
    units = _units(first)
    remaining = iter(tokens[1:])
    for plus, _ in remaining:
        kind, text = next(remaining)
        if kind == "[":
            (_, cast), (close, _), (kind, text) = next(remaining), next(remaining), next(remaining)
            if (cast, close, kind) != ("char", "]", _UNIT):
                raise NotPlainError(f"[{cast}{close} {kind}")
        if plus != "+" or kind not in {_LITERAL, _UNIT}:
            raise NotPlainError(f"{plus} {kind}")
        units += int(text, 16).to_bytes(2, "big") if kind == _UNIT else _units(text)
    return units.decode("utf-16-be")


def _units(literal: str) -> bytes:
    """Return the UTF-16 of a literal in single quotes, which are doubled inside."""
    inner = literal[1:-1]
    if literal[0] + literal[-1] != "''" or inner.replace("''", "").count("'"):
        raise NotPlainError(literal)
    return inner.replace("''", "'").encode("utf-16-be")
