"""Wildcards and policy variables. Matching takes at most pattern length times text length."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_LITERAL_VARIABLES = frozenset("*?$")
_ARN_PREFIX_PARTS = 5

Token = str
"""One character to match, or one of the markers below, which are longer than one character."""
ANY_CHARACTERS = "many"
ANY_CHARACTERS_IN_SEGMENT = "many-inside"
ANY_CHARACTER = "one"
_WILDCARDS = frozenset({ANY_CHARACTERS, ANY_CHARACTERS_IN_SEGMENT, ANY_CHARACTER})


class MissingVariableError(Exception):
    """A variable without a value in this request. Its pattern matches nothing."""


def _text_parts(
    pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool
) -> list[tuple[str, bool]]:
    """Return (text, literal) pairs: values of variables are literal, other text has wildcards."""
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
    if inner in _LITERAL_VARIABLES:
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
    """Replace the variables of `text`; wildcards stay plain characters.

    Raises MissingVariableError.
    """
    return "".join(part for part, _ in _text_parts(text, context, variables=variables))


def tokens(
    pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool = True
) -> list[Token]:
    """Split a wildcard pattern into tokens. Raises MissingVariableError."""
    wildcards = {"*": ANY_CHARACTERS, "?": ANY_CHARACTER}
    return [
        character if literal else wildcards.get(character, character)
        for part, literal in _text_parts(pattern, context, variables=variables)
        for character in part
    ]


def resource_tokens(
    pattern: str, context: Mapping[str, tuple[str, ...]], *, variables: bool = True
) -> list[Token]:
    """Split a Resource pattern into tokens. Raises MissingVariableError.

    An ARN has variables only after its fifth colon (IAM user guide, "IAM policy elements:
    Variables and tags").
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


def variable_keys(text: str) -> tuple[str, ...]:
    """List the context keys of the variables in `text`."""
    keys = (inner.partition(",")[0].strip() for inner in _VARIABLE.findall(text))
    return tuple(key for key in keys if key not in _LITERAL_VARIABLES)


def unresolved(text: str, context: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """List the keys of variables in `text` that have neither a value nor a default."""
    missing: list[str] = []
    for inner in _VARIABLE.findall(text):
        try:
            _variable_value(inner, context)
        except MissingVariableError as error:
            missing.append(str(error))
    return tuple(missing)


def matches(pattern: list[Token], text: str) -> bool:
    """Match the whole text.

    The bits of `states` are the positions in the pattern that the text so far can lead to.
    """
    if _WILDCARDS.isdisjoint(pattern):
        return "".join(pattern) == text
    by_character: dict[str, int] = {}
    any_character = stars = segment_stars = 0
    for position, token in enumerate(pattern):
        bit = 1 << position
        if token == ANY_CHARACTER:
            any_character |= bit
        elif token == ANY_CHARACTERS:
            stars |= bit
        elif token == ANY_CHARACTERS_IN_SEGMENT:
            segment_stars |= bit
        else:
            by_character[token] = by_character.get(token, 0) | bit
    all_stars = stars | segment_stars
    states = _skip_stars(1, all_stars)
    for character in text:
        moved = (states & (by_character.get(character, 0) | any_character)) << 1
        stayed = states & (stars if character == ":" else all_stars)
        states = _skip_stars(moved | stayed, all_stars)
        if not states:
            return False
    return bool(states >> len(pattern) & 1)


def _skip_stars(states: int, stars: int) -> int:
    """Add the states reached when stars match nothing."""
    while (passed := states | (states & stars) << 1) != states:
        states = passed
    return states


def matches_resource(pattern: list[Token], resource: str) -> bool:
    """Match a Resource pattern with an ARN.

    In the first five segments a `*` followed by other characters stays inside its segment. One at
    the end of a segment can match colons (IAM reference, "Resource", wildcards in ARNs).
    """
    tokens_in_arn: list[Token] = []
    segment = 0
    for part, following in pairwise([*pattern, ":"]):
        inside = part == ANY_CHARACTERS and following != ":" and segment < _ARN_PREFIX_PARTS
        tokens_in_arn.append(ANY_CHARACTERS_IN_SEGMENT if inside else part)
        segment += part == ":"
    return matches(tokens_in_arn, resource)


def matches_arn(pattern: list[Token], arn: str) -> bool:
    """Match as ArnLike does: each of the six segments separately; the last can have colons.

    Text that isn't an ARN never matches.
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
