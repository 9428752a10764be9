"""The picker where a terminal can't move its cursor: a numbered list, answered line by line.

Emacs' shell is such a terminal, as are `TERM=dumb`, an unset TERM, and terminals of the time before
ANSI.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from xswitch.actions.results import Listing
from xswitch.cli.output.stdout import table
from xswitch.cli.tty import no_terminal
from xswitch.core.display import display
from xswitch.core.errors import CancelledError, ErrorCode, TargetError
from xswitch.core.model import Role
from xswitch.core.search.matcher import Matcher
from xswitch.core.text import pluralize
from xswitch.terminal import open_for_questions, read_line, write_text

_HEADINGS = ("", "PROFILE", "ACCOUNT", "ROLE", "")
_QUESTION = "Number or words (empty: leave): "
_DEFAULT_ROWS = 24
_FEWEST_ROLES = 5
_SHORTEST_ACCOUNT_PART = 6
"""Digits from which on an answer is a part of an account ID, and no number of the list."""
_OTHER_LINES = 5
"""Headings, the line about roles left out, the question, and its answer."""


def pick_role(listing: Listing, now: datetime, notice: str = "") -> Role:
    """Show the roles on the terminal, and return the one that the user picks.

    An answer is a number of the list, the name of a profile, or words that narrow the list down.
    Raises CancelledError for an empty line, Ctrl-C, or the end of input; TargetError without roles;
    UsageError without a terminal.
    """
    if not listing.roles:
        raise TargetError(
            "The AWS config has no profile that gives credentials yet.",
            next_step="add one with role_arn and source_profile to ~/.aws/config, "
            "or: xswitch switch ACCOUNT:ROLE --source PROFILE",
            code=ErrorCode.TARGET_UNKNOWN,
        )
    matcher = Matcher(listing.roles, listing.usage, listing.settings, now)
    try:
        with open_for_questions() as (reader, writer):
            if notice:
                write_text(writer, display(notice) + "\n")
            return _ask(listing.roles, matcher, reader, writer)
    except (KeyboardInterrupt, EOFError):
        raise CancelledError("Cancelled.") from None
    except OSError:
        raise no_terminal() from None


def _ask(roles: Sequence[Role], matcher: Matcher, reader: int, writer: int) -> Role:
    by_name = {role.name: role for role in roles}
    shown = _show([match.role for match in matcher.filter("")], writer)
    while True:
        write_text(writer, _QUESTION)
        answer = " ".join(read_line(reader).split())
        if not answer:
            raise CancelledError("Cancelled.")
        if answer.isascii() and answer.isdigit() and len(answer) < _SHORTEST_ACCOUNT_PART:
            number = int(answer)
            if 1 <= number <= len(shown):
                return shown[number - 1]
            write_text(writer, f"The list has no number {number}.\n")
            continue
        if answer in by_name:
            return by_name[answer]
        found = [match.role for match in matcher.filter(answer)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = _show(found, writer)
        else:
            write_text(writer, f"No role matches {display(answer, limit=100)}.\n")


def _show(roles: Sequence[Role], writer: int) -> Sequence[Role]:
    """Write as many roles as fit the terminal, and return those."""
    shown = roles[: max(_FEWEST_ROLES, _rows(writer) - _OTHER_LINES)]
    cells = [
        [
            str(number).rjust(len(str(len(shown)))),
            role.name,
            role.account_name or role.account_id,
            role.role_name,
            "guarded" if role.guard is not None else "",
        ]
        for number, role in enumerate(shown, 1)
    ]
    lines = table(cells, _HEADINGS)
    if len(shown) < len(roles):
        lines.append(f"{pluralize(len(roles) - len(shown), 'more role')}: type words to find them")
    write_text(writer, "".join(f"{line}\n" for line in lines))
    return shown


def _rows(writer: int) -> int:
    try:
        return os.get_terminal_size(writer).lines or _DEFAULT_ROWS
    except OSError:
        return _DEFAULT_ROWS
