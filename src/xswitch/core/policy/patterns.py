"""Wildcards and policy variables, in time proportional to pattern times text whatever the pattern is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_ARN_PREFIX_PARTS = 5

Token = str
"""One character to match, or one of the markers below; no text contains those."""
MANY = "many"
MANY_INSIDE_SEGMENT = "many-inside"
ONE = "one"
_MARKS = frozenset({MANY, MANY_INSIDE_SEGMENT, ONE})


class MissingVariableError(Exception):
    """A variable has no value in this request: the pattern then matches nothing."""


def _pieces(pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool) -> list[tuple[str, bool]]:
    """(text, literal) pairs: what variables stand for is literal, the rest may hold wildcards."""
    if not variables:
        return [(pattern, False)]
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _VARIABLE.finditer(pattern):
        pieces.extend(((pattern[end : found.start()], False), (_value(found[1], context), True)))
        end = found.end()
    pieces.append((pattern[end:], False))
    return pieces


def _value(inner: str, context: Mapping[str, tuple[str, ...]]) -> str:
    if inner in ("*", "?", "$"):
        return inner
    key, comma, default = inner.partition(",")
    values = context.get(key.strip().lower(), ())
    if len(values) == 1:
        return values[0]
    fallback = default.strip()
    if comma and len(fallback) > 1 and fallback[0] == fallback[-1] == "'":
        return fallback[1:-1]
    raise MissingVariableError(key.strip())


def expand(text: str, context: Mapping[str, tuple[str, ...]], *, variables: bool = True) -> str:
    """`text` with its variables replaced, wildcards left as plain characters. Raises MissingVariableError."""
    return "".join(piece for piece, _ in _pieces(text, context, variables=variables))


def tokens(pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool = True) -> list[Token]:
    """The tokens of a wildcard pattern. Raises MissingVariableError."""
    marks = {"*": MANY, "?": ONE}
    return [
        character if literal else marks.get(character, character)
        for piece, literal in _pieces(pattern, context, variables=variables)
        for character in piece
    ]


def resource_tokens(pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool = True) -> list[Token]:
    """The tokens of a Resource pattern: in an ARN, variables mean something only after the fifth colon. Raises MissingVariableError.

    Source: IAM user guide, "IAM policy elements: Variables and tags", where you can use policy variables.
    """
    if not variables or not pattern.startswith("arn:"):
        return tokens(pattern, context, variables=variables)
    end = colons = 0
    for found in _VARIABLE.finditer(pattern):
        colons += pattern.count(":", end, found.start())
        if colons >= _ARN_PREFIX_PARTS:
            break
        end = found.end()
    return [*tokens(pattern[:end], {}, variables=False), *tokens(pattern[end:], context)]


def unresolved(text: str, context: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys of the variables of a text that have no value in this request, nor a default."""
    missing: list[str] = []
    for inner in _VARIABLE.findall(text):
        try:
            _value(inner, context)
        except MissingVariableError as error:
            missing.append(str(error))
    return tuple(missing)


def matches(pattern: list[Token], text: str) -> bool:
    """Whether the whole text fits: every place the pattern can be in, side by side as the bits of one number."""
    if _MARKS.isdisjoint(pattern):
        return "".join(pattern) == text
    by_character: dict[str, int] = {}
    ones = many = inside = 0
    for at, token in enumerate(pattern):
        bit = 1 << at
        if token == ONE:
            ones |= bit
        elif token == MANY:
            many |= bit
        elif token == MANY_INSIDE_SEGMENT:
            inside |= bit
        else:
            by_character[token] = by_character.get(token, 0) | bit
    states = _skip(1, many | inside)
    for character in text:
        moved = (states & (by_character.get(character, 0) | ones)) << 1
        stayed = states & (many if character == ":" else many | inside)
        states = _skip(moved | stayed, many | inside)
        if not states:
            return False
    return bool(states >> len(pattern) & 1)


def _skip(states: int, stars: int) -> int:
    """`states` with every star also passed without taking a character."""
    while (passed := states | (states & stars) << 1) != states:
        states = passed
    return states


def matches_resource(pattern: list[Token], resource: str) -> bool:
    """Whether a Resource pattern covers an ARN.

    In the first five segments a `*` followed by other characters stays inside its segment; one that ends a segment may reach
    beyond it (IAM user guide, "Resource", wildcards in ARNs).
    """
    fitted: list[Token] = []
    segment = 0
    for part, following in pairwise([*pattern, ":"]):
        inside = part == MANY and following != ":" and segment < _ARN_PREFIX_PARTS
        fitted.append(MANY_INSIDE_SEGMENT if inside else part)
        segment += part == ":"
    return matches(fitted, resource)


def matches_arn(pattern: list[Token], arn: str) -> bool:
    """ArnLike: each of the six segments is matched by itself, the last may hold colons; text that is no ARN never fits."""
    wanted: list[list[Token]] = [[]]
    for part in pattern:
        if part == ":" and len(wanted) <= _ARN_PREFIX_PARTS:
            wanted.append([])
        else:
            wanted[-1].append(part)
    given = arn.split(":", _ARN_PREFIX_PARTS)
    if len(wanted) <= _ARN_PREFIX_PARTS or len(given) <= _ARN_PREFIX_PARTS or given[0] != "arn":
        return False
    return all(matches(want, part) for want, part in zip(wanted, given, strict=True))
