"""The form all message tables have: one sentence and one next step per code."""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.core.display import display, hide_secrets
from xswitch.core.text import sanitize

WHY_LIMIT = 600


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """The `what` and `next_step` of an error, with placeholders such as `{hop}`."""

    what: str
    next_step: str

    def fill(self, **values: str) -> tuple[str, str]:
        """Return both texts with the values, as they may be shown, in their places."""
        safe = {name: display(value) for name, value in values.items()}
        return self.what.format(**safe), self.next_step.format(**safe)


def display_reason(text: str) -> str:
    """Return `text` without secrets as one sanitized line of at most `WHY_LIMIT` characters."""
    return sanitize(" ".join(hide_secrets(text).split()), limit=WHY_LIMIT)
