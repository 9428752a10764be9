"""Finding roles by typed words.

Every word must occur in some field, in any order and without regard to case.

Time grows with the length of the texts and no faster. A `Matcher` is one snapshot of the roles and
of what was used: the order of a query's result is the same however often it is typed. What a longer
query searches is the result of the query it was typed from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, get_args, overload

from xswitch.core.model import Role, Settings, UsageState
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

# How well one word of a query fits one role; less is better.
_WHOLE_NAME, _START_IN_NAMES, _IN_NAMES, _START_IN_REST, _IN_REST = range(5)


class _SearchText(NamedTuple):
    """One role's folded fields, each between line ends, and the same texts with every mark of punctuation made a blank."""

    names: str
    name_words: str
    rest: str
    rest_words: str


class Match:
    """One row of a result.

    The role, its position among the roles given to the matcher, and where the query's words are in
    its fields.
    """

    __slots__ = ("_query", "index", "role")

    def __init__(self, index: int, role: Role, query: str) -> None:
        self.index = index
        self.role = role
        self._query = query

    @property
    def spans(self) -> Spans:
        """Field → (start, end) pairs in that field's text (see `field_text`), ascending and apart.

        Worked out when asked.
        """
        return spans(self.role, self._query)

    def __repr__(self) -> str:
        return f"Match({self.index}, {self.role.name!r})"


class Matches(Sequence[Match]):
    """The result of one query, best first; rows are made when looked at."""

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
    """Searches `roles`.

    Without `memory`, `settings` and `now` the order is that of the roles, and match quality.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        memory: UsageState | None = None,
        settings: Settings | None = None,
        now: datetime | None = None,
    ) -> None:
        self._roles = roles
        memory = memory or UsageState()
        self._order = order_by_usage(
            roles, memory, now, frecency=settings is None or settings.frecency
        )
        self._unfiltered_order = pins_first(self._order, roles, memory)
        self._hay: list[tuple[int, _SearchText]] | None = None
        self._typed: list[tuple[str, list[tuple[int, _SearchText]]]] = []

    def prepare(self) -> None:
        """Do now what the first query would do: fold every role's texts."""
        self._rows()

    def filter(self, query: str) -> Matches:
        """The roles that hold every word of `query`, best first.

        All of them, pins first, when it has no word.
        """
        folded = fold(query)
        probes = [_search_forms(term) for term in dict.fromkeys(folded.split())]
        if not probes:
            return Matches(self._roles, query, self._unfiltered_order)
        while self._typed and not folded.startswith(self._typed[-1][0]):
            self._typed.pop()
        rows = self._typed[-1][1] if self._typed else self._rows()
        matching_rows: list[tuple[int, _SearchText]] = []
        keys: list[int] = []
        total = len(self._order)
        for row in rows:
            rank, hay = row
            quality = _quality(hay, probes)
            if quality >= 0:
                matching_rows.append(row)
                keys.append(quality * total + rank)
        if not self._typed or self._typed[-1][0] != folded:
            self._typed.append((folded, matching_rows))
            del self._typed[:-_MAX_CACHED_QUERIES]
        keys.sort()
        return Matches(self._roles, query, [self._order[key % total] for key in keys])

    def spans(self, index: int, query: str) -> Spans:
        """Where the words of `query` are in the role at `index`."""
        return spans(self._roles[index], query)

    def _rows(self) -> list[tuple[int, _SearchText]]:
        if self._hay is None:
            self._hay = [
                (rank, _search_text(self._roles[position]))
                for rank, position in enumerate(self._order)
            ]
        return self._hay


def field_text(role: Role, field: SearchField) -> str:
    """The text of a field as it is searched and as spans count it.

    Tags are `key=value` with blanks between.
    """
    if field == "tags":
        return " ".join(f"{key}={value}" for key, value in role.tags)
    text: str = getattr(role, field)
    return text


def spans(role: Role, query: str) -> Spans:
    """Field → where the words of `query` are in it, for the fields that hold any."""
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
    rest = fold(f"\n{role.region}\n{role.note}\n{tags}\n{role.role_arn}\n")
    return _SearchText(names, _PUNCTUATION.sub(" ", names), rest, _PUNCTUATION.sub(" ", rest))


def _quality(hay: _SearchText, probes: Sequence[tuple[str, str, str]]) -> int:
    total = 0
    for term, word, whole in probes:
        if term in hay.names:
            if word in hay.name_words:
                total += _WHOLE_NAME if whole in hay.names else _START_IN_NAMES
            else:
                total += _IN_NAMES
        elif term in hay.rest:
            total += _START_IN_REST if word in hay.rest_words else _IN_REST
        else:
            return -1
    return total


def fold(text: str) -> str:
    """`text` as it is compared."""
    return text.lower() if text.isascii() else text.casefold()


def find_spans(text: str, terms: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """(start, end) of every place where a folded term occurs in `text`.

    Ascending, overlapping ones joined.

    Folding can make a character longer (ß is compared as ss): a span that touches a part of it
    covers all of it.
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
