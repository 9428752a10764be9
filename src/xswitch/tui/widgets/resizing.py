"""The layout of a screen that is resized."""

from __future__ import annotations

from typing import Any

from textual.geometry import Size
from textual.screen import Screen


def layout_at_app_size(screen: Screen[Any], _size: Size) -> None:
    """Lay out a resized screen at the app's present size; replaces `Screen._screen_resized`.

    A layout at a new size sends the screen a Resize with that size, which Textual obeys like one
    from the terminal. After two sizes at once, two such messages would follow each other forever.
    """
    if screen.stack_updates and screen.is_attached:
        screen._refresh_layout(screen.app.size)  # noqa: SLF001 -- the method it replaces does so too
