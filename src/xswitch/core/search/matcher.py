"""Match roles against typed words.

A role matches if every word occurs in one of its fields, in any order and ignoring case. A word
`kind:sso` matches the targets of that kind, by its word or its name in JSON, or the start of one.
Time is linear in the length of the texts. A `Matcher` is a snapshot of the roles and their usage,
so a query always gives the same order. A longer query searches only the result of the query it
extends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, get_args, overload

from xswitch.core.model import Role, Settings, TargetKind, UsageState
from xswitch.core.search.ranking import order_by_usage, pins_first

SearchField = Literal[
    "name", "account_name", "account_id", "role_name", "region", "note", "tags", "role_arn"
]
Spans = Mapping[SearchField, tuple[tuple[int, int], ...]]

FIELDS: tuple[SearchField, ...] = get_args(SearchField)
_NAME_FIELDS = FIELDS[:4]
_OTHER_FIELDS = FIELDS[4:]
_PUNCTUATION = re.compile(r"[\W_]")
_MAX_CACHED_QUERIES = 64

KIND_FILTER = "kind:"
_KIND_TEXTS = {
    kind: f"\n{KIND_FILTER}{kind.word}\n{KIND_FILTER}{kind.value}\n" for kind in TargetKind
}

# How well one word of a query matches one role, best first.
_WHOLE_NAME, _WORD_IN_NAMES, _IN_NAMES, _WORD_IN_OTHERS, _IN_OTHERS = range(5)


class _SearchText(NamedTuple):
    """A role's folded fields, each between line ends; `_words` has spaces for punctuation."""

    names: str
    name_words: str
    others: str
    other_words: str
    kinds: str
    """The words that `kind:` can be followed by, with it."""


class Match:
    """A matching role, and its index among the matcher's roles."""

    __slots__ = ("_query", "index", "role")

    def __init__(self, index: int, role: Role, query: str) -> None:
        self.index = index
        self.role = role
        self._query = query

    @property
    def spans(self) -> Spans:
        """The positions of the query's words: see `spans`; computed on access."""
        return spans(self.role, self._query)

    def __repr__(self) -> str:
        return f"Match({self.index}, {self.role.name!r})"


class Matches(Sequence[Match]):
    """The result of one query, best first; each `Match` is made on access."""

    def __init__(self, roles: Sequence[Role], query: str, order: Sequence[int]) -> None:
        self.roles = roles
        self.query = query
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, index: int) -> Match: ...
    @overload
    def __getitem__(self, index: slice) -> Matches: ...
    def __getitem__(self, index: int | slice) -> Match | Matches:
        if isinstance(index, slice):
            return Matches(self.roles, self.query, self.order[index])
        position = self.order[index]
        return Match(position, self.roles[position], self.query)

    def __iter__(self) -> Iterator[Match]:
        return (Match(position, self.roles[position], self.query) for position in self.order)


class Matcher:
    """Searches `roles`; without `usage` and `now`, frecency doesn't affect the order."""

    def __init__(
        self,
        roles: Sequence[Role],
        usage: UsageState | None = None,
        settings: Settings | None = None,
        now: datetime | None = None,
    ) -> None:
        self._roles = roles
        usage = usage or UsageState()
        self._order = order_by_usage(
            roles, usage, now, frecency=settings is None or settings.frecency
        )
        self._unfiltered_order = pins_first(self._order, roles, usage)
        self._texts: list[tuple[int, _SearchText]] | None = None
        self._query_results: list[tuple[str, list[tuple[int, _SearchText]]]] = []

    def prepare(self) -> None:
        """Fold every role's texts now, so that the first query doesn't have to."""
        self._rows()

    def filter(self, query: str) -> Matches:
        """Return the roles that match every word of `query`, best first.

        Without words, return all roles, pins first.
        """
        folded = fold(query)
        probes = [_search_forms(term) for term in dict.fromkeys(folded.split())]
        if not probes:
            return Matches(self._roles, query, self._unfiltered_order)
        while self._query_results and not _extends(folded, self._query_results[-1][0]):
            self._query_results.pop()
        rows = self._query_results[-1][1] if self._query_results else self._rows()
        matching_rows: list[tuple[int, _SearchText]] = []
        keys: list[int] = []
        total = len(self._order)
        for row in rows:
            rank, text = row
            quality = _quality(text, probes)
            if quality >= 0:
                matching_rows.append(row)
                keys.append(quality * total + rank)
        if not self._query_results or self._query_results[-1][0] != folded:
            self._query_results.append((folded, matching_rows))
            del self._query_results[:-_MAX_CACHED_QUERIES]
        keys.sort()
        return Matches(self._roles, query, [self._order[key % total] for key in keys])

    def spans(self, index: int, query: str) -> Spans:
        """Return the positions of the query's words in the role at `index`."""
        return spans(self._roles[index], query)

    def _rows(self) -> list[tuple[int, _SearchText]]:
        if self._texts is None:
            self._texts = [
                (rank, _search_text(self._roles[position]))
                for rank, position in enumerate(self._order)
            ]
        return self._texts


def _extends(query: str, earlier: str) -> bool:
    """Whether a query can only match roles that an earlier one did.

    `kind` is a word like any other until its colon is typed.
    """
    if not query.startswith(earlier):
        return False
    word = "" if not earlier.strip() or earlier[-1].isspace() else earlier.rsplit(maxsplit=1)[-1]
    unfinished = word != KIND_FILTER and KIND_FILTER.startswith(word)
    return not (unfinished and query[len(earlier) - len(word) :].startswith(KIND_FILTER))


def field_text(role: Role, field: SearchField) -> str:
    """Return the searched text of a field; tags become `key=value` separated by spaces."""
    if field == "tags":
        return " ".join(f"{key}={value}" for key, value in role.tags)
    text: str = getattr(role, field)
    return text


def spans(role: Role, query: str) -> Spans:
    """Map each field to the (start, end) positions of the query's words in `field_text`.

    Positions are ascending and don't overlap. Fields without a match are left out.
    """
    terms = fold(query).split()
    spans_by_field = (
        {field: find_spans(field_text(role, field), terms) for field in FIELDS} if terms else {}
    )
    return {field: pairs for field, pairs in spans_by_field.items() if pairs}


def _search_forms(term: str) -> tuple[str, str, str]:
    return term, f" {_PUNCTUATION.sub(' ', term)}", f"\n{term}\n"


def _search_text(role: Role) -> _SearchText:
    names = fold(f"\n{role.name}\n{role.account_name}\n{role.account_id}\n{role.role_name}\n")
    tags = field_text(role, "tags") if role.tags else ""
    others = fold(f"\n{role.region}\n{role.note}\n{tags}\n{role.role_arn}\n")
    return _SearchText(
        names,
        _PUNCTUATION.sub(" ", names),
        others,
        _PUNCTUATION.sub(" ", others),
        _KIND_TEXTS[role.kind],
    )


def _quality(text: _SearchText, probes: Sequence[tuple[str, str, str]]) -> int:
    total = 0
    for term, word, whole in probes:
        if term.startswith(KIND_FILTER):
            if f"\n{term}" not in text.kinds:
                return -1
        elif term in text.names:
            if word in text.name_words:
                total += _WHOLE_NAME if whole in text.names else _WORD_IN_NAMES
            else:
                total += _IN_NAMES
        elif term in text.others:
            total += _WORD_IN_OTHERS if word in text.other_words else _IN_OTHERS
        else:
            return -1
    return total


def fold(text: str) -> str:
    """Normalize case for comparison."""
    return text.lower() if text.isascii() else text.casefold()


def find_spans(text: str, terms: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Find every occurrence of the folded terms in `text`, as ascending (start, end) positions.

    Overlapping occurrences are joined. Folding can lengthen a character (ß becomes ss); a span that
    touches a part of it covers the whole character.
    """
    folded = fold(text)
    matches: list[tuple[int, int]] = []
    for term in terms:
        start = folded.find(term) if term else -1
        while start >= 0:
            matches.append((start, start + len(term)))
            start = folded.find(term, start + len(term))
    if not matches:
        return ()
    if len(folded) != len(text) or not text.isascii():
        original_positions = [
            position for position, char in enumerate(text) for _ in char.casefold()
        ]
        matches = [
            (original_positions[start], original_positions[end - 1] + 1) for start, end in matches
        ]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(matches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
