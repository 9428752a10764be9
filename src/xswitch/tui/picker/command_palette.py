"""The command palette: the picker's actions by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from xswitch.tui.picker.keys import KEYS, key_label

_KEYS_AT = 44


class PickerCommands(Provider):
    """The picker's actions, from the table of its keys."""

    async def discover(self) -> Hits:
        """Yield all actions, before anything is typed."""
        for text, keys, command in self._commands():
            yield DiscoveryHit(_line(Content(text), keys), command, text=text)

    async def search(self, query: str) -> Hits:
        """Yield the actions that match the typed text."""
        matcher = self.matcher(query)
        for text, keys, command in self._commands():
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, _line(matcher.highlight(text), keys), command, text=text)

    def _commands(self) -> list[tuple[str, str, Callable[[], Awaitable[object]]]]:
        return [
            (
                key.palette,
                "  ".join(part for part in (key.letter, *map(key_label, key.keys)) if part),
                partial(self._run, key.action),
            )
            for key in KEYS
            if key.palette
        ]

    async def _run(self, action: str) -> None:
        await self.screen.run_action(f"do('{action}')")


def _line(text: Content, keys: str) -> Content:
    return Content.assemble(text, " " * max(2, _KEYS_AT - len(text)), (keys, "dim"))
