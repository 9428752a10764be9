"""The table of docs/identity.md, from what the tests expect."""

from __future__ import annotations

from support.identity.routes import ROUTES
from support.identity.surroundings import ANNOUNCED, SURROUNDINGS


def identity_table() -> str:
    """Return the table: a row for each surroundings, a column for each route."""
    lines = [
        _row("surroundings", *(route.title for route in ROUTES)),
        _row(*["---"] * (1 + len(ROUTES))),
    ]
    for surroundings in SURROUNDINGS:
        note = f" ({surroundings.unread_by}: a sentence)" if surroundings.unread_by else ""
        cells = (
            "✓" if surroundings.expected(route) == ANNOUNCED else "a sentence" for route in ROUTES
        )
        lines.append(_row(surroundings.title + note, *cells))
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
