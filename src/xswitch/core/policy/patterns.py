"""Wildcards and policy variables, in time proportional to pattern times text whatever the pattern is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_ARN_PREFIX_PARTS = 5

Token = str
"""One character to match, or one of the markers below; no text contains those."""
ANY_CHARACTERS = "many"
ANY_CHARACTERS_IN_SEGMENT = "many-inside"
ANY_CHARACTER = "one"
_WILDCARDS = frozenset({ANY_CHARACTERS, ANY_CHARACTERS_IN_SEGMENT, ANY_CHARACTER})


class MissingVariableError(Exception):
    """A variable has no value in this request: the pattern then matches nothing."""


def _text_parts(
    pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool
) -> list[tuple[str, bool]]:
    """(text, literal) pairs: what variables stand for is literal, the rest may hold wildcards."""
    if not variables:
        return [(pattern, False)]
    parts: list[tuple[str, bool]] = []
    end = 0
    for variable in _VARIABLE.finditer(pattern):
        parts.extend(
            (
                (pattern[end : variable.start()], False),
                (_variable_value(variable[1], context), True),
            )
        )
        end = variable.end()
    parts.append((pattern[end:], False))
    return parts


def _variable_value(inner: str, context: Mapping[str, tuple[str, ...]]) -> str:
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
    """`text` with its variables replaced, wildcards left as plain characters.

    Raises MissingVariableError.
    """
    return "".join(part for part, _ in _text_parts(text, context, variables=variables))


def tokens(
    pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool = True
) -> list[Token]:
    """The tokens of a wildcard pattern. Raises MissingVariableError."""
    wildcards = {"*": ANY_CHARACTERS, "?": ANY_CHARACTER}
    return [
        character if literal else wildcards.get(character, character)
        for part, literal in _text_parts(pattern, context, variables=variables)
        for character in part
    ]


def resource_tokens(
    pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool = True
) -> list[Token]:
    """The tokens of a Resource pattern.

    In an ARN, variables mean something only after the fifth colon. Raises MissingVariableError.

    Source: IAM user guide, "IAM policy elements: Variables and tags", where you can use policy
    variables.
    """
    if not variables or not pattern.startswith("arn:"):
        return tokens(pattern, context, variables=variables)
    end = colons = 0
    for variable in _VARIABLE.finditer(pattern):
        colons += pattern.count(":", end, variable.start())
        if colons >= _ARN_PREFIX_PARTS:
            break
        end = variable.end()
    return [*tokens(pattern[:end], {}, variables=False), *tokens(pattern[end:], context)]


def unresolved(text: str, context: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys of the variables of a text that have no value in this request, nor a default."""
    missing: list[str] = []
    for inner in _VARIABLE.findall(text):
        try:
            _variable_value(inner, context)
        except MissingVariableError as error:
            missing.append(str(error))
    return tuple(missing)


def matches(pattern: list[Token], text: str) -> bool:
    """Whether the whole text fits.

    Every place the pattern can be in, side by side as the bits of one number.
    """
    if _WILDCARDS.isdisjoint(pattern):
        return "".join(pattern) == text
    by_character: dict[str, int] = {}
    ones = many = inside = 0
    for at, token in enumerate(pattern):
        bit = 1 << at
        if token == ANY_CHARACTER:
            ones |= bit
        elif token == ANY_CHARACTERS:
            many |= bit
        elif token == ANY_CHARACTERS_IN_SEGMENT:
            inside |= bit
        else:
            by_character[token] = by_character.get(token, 0) | bit
    states = _skip_stars(1, many | inside)
    for character in text:
        moved = (states & (by_character.get(character, 0) | ones)) << 1
        stayed = states & (many if character == ":" else many | inside)
        states = _skip_stars(moved | stayed, many | inside)
        if not states:
            return False
    return bool(states >> len(pattern) & 1)


def _skip_stars(states: int, stars: int) -> int:
    """`states` with every star also passed without taking a character."""
    while (passed := states | (states & stars) << 1) != states:
        states = passed
    return states


def matches_resource(pattern: list[Token], resource: str) -> bool:
    """Whether a Resource pattern covers an ARN.

    In the first five segments a `*` followed by other characters stays inside its segment; one that
    ends a segment may reach beyond it (IAM user guide, "Resource", wildcards in ARNs).
    """
    tokens_in_arn: list[Token] = []
    segment = 0
    for part, following in pairwise([*pattern, ":"]):
        inside = part == ANY_CHARACTERS and following != ":" and segment < _ARN_PREFIX_PARTS
        tokens_in_arn.append(ANY_CHARACTERS_IN_SEGMENT if inside else part)
        segment += part == ":"
    return matches(tokens_in_arn, resource)


def matches_arn(pattern: list[Token], arn: str) -> bool:
    """ArnLike: each of the six segments is matched by itself, the last may hold colons.

    Text that is no ARN never fits.
    """
    pattern_segments: list[list[Token]] = [[]]
    for part in pattern:
        if part == ":" and len(pattern_segments) <= _ARN_PREFIX_PARTS:
            pattern_segments.append([])
        else:
            pattern_segments[-1].append(part)
    arn_segments = arn.split(":", _ARN_PREFIX_PARTS)
    if (
        len(pattern_segments) <= _ARN_PREFIX_PARTS
        or len(arn_segments) <= _ARN_PREFIX_PARTS
        or arn_segments[0] != "arn"
    ):
        return False
    return all(
        matches(pattern_segment, part)
        for pattern_segment, part in zip(pattern_segments, arn_segments, strict=True)
    )
