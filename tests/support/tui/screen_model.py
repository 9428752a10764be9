"""A small model of a terminal's screen: its text, cursor, and modes after some output."""

from __future__ import annotations

import re
import unicodedata
from codecs import getincrementaldecoder

_TOKEN = re.compile(
    r"\x1b\[(?P<private>[<=>?]?)(?P<parameters>[0-9;:]*)(?P<middle>[ -/]*)(?P<final>[@-~])"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)|\x1b.|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+",
    re.DOTALL,
)
_ALTERNATE, _CURSOR, _WRAP = 1049, 25, 7
INITIAL_MODES = frozenset({_CURSOR, _WRAP})


class ScreenModel:
    """A screen of `columns` and `rows`.

    Without an `alternate` screen, mode 1049 changes nothing, not even the cursor.
    """

    def __init__(self, columns: int, rows: int, *, alternate: bool = True) -> None:
        self.columns, self.rows = columns, rows
        self.row = self.column = 0
        self.modes = set(INITIAL_MODES)
        self.colored = False
        self.kitty: list[str] = []
        self.queries: list[str] = []
        self._alternate = alternate
        self._kitty_of_main: list[str] = []
        self._saved: tuple[int, int] = (0, 0)
        self._main: list[list[str]] | None = None
        self._lines = self._empty()
        self._rest = ""
        self._decode = getincrementaldecoder("utf-8")("replace").decode

    def feed(self, data: bytes) -> None:
        """Draw some output, whose end may be in the middle of a sequence."""
        text = self._rest + self._decode(data)
        cut = text.rfind("\x1b", -40)
        self._rest = "" if cut < 0 or _TOKEN.match(text, cut) else text[cut:]
        for token in _TOKEN.finditer(text[: len(text) - len(self._rest)]):
            self._draw(token)

    def lines(self) -> list[str]:
        """Return the text of each row, without the blanks at its end."""
        return ["".join(line).rstrip() for line in self._lines]

    def text(self) -> str:
        """Return the whole text."""
        return "\n".join(self.lines())

    @property
    def on_a_clean_line(self) -> bool:
        """Whether the cursor is at the start of an empty line with nothing below it."""
        return self.column == 0 and not any(self.lines()[self.row :])

    @property
    def as_before(self) -> bool:
        """Whether modes, colors, and keyboard are those of a new terminal."""
        return (
            self.modes == INITIAL_MODES
            and not self.colored
            and not self.kitty
            and self._main is None
        )

    def _empty(self) -> list[list[str]]:
        return [[" "] * self.columns for _ in range(self.rows)]

    def _draw(self, token: re.Match[str]) -> None:
        text = token[0]
        if token["final"]:
            self._control(token)
        elif text == "\r":
            self.column = 0
        elif text == "\n":
            self._next_row()
        elif text == "\b":
            self.column = max(0, self.column - 1)
        elif text[0] >= " ":
            for character in text:
                self._put(character)

    def _put(self, character: str) -> None:
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if unicodedata.combining(character):
            return
        if self.column + width > self.columns:
            if _WRAP in self.modes:
                self.column = 0
                self._next_row()
            else:
                self.column = max(0, self.columns - width)
        for at in range(self.column, min(self.column + width, self.columns)):
            self._lines[self.row][at] = character if at == self.column else ""
        self.column += width

    def _next_row(self) -> None:
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            del self._lines[0]
            self._lines.append([" "] * self.columns)

    def _control(self, token: re.Match[str]) -> None:
        private, final = token["private"], token["final"]
        numbers = [int(part) if part.isdigit() else 0 for part in token["parameters"].split(";")]
        if token["middle"] or final in "cn":
            self.queries.append(token[0])
        elif private == "?" and final in "hl":
            for number in numbers:
                self._mode(number, on=final == "h")
        elif private == ">" and final == "u":
            self.kitty.append(token["parameters"])
        elif private == "<" and final == "u":
            del self.kitty[-1:]
        elif not private:
            self._plain_control(final, numbers)

    def _plain_control(self, final: str, numbers: list[int]) -> None:
        first = numbers[0]
        if final in "Hf":
            self.row = min(max(first, 1), self.rows) - 1
            second = numbers[1] if len(numbers) > 1 else 1
            self.column = min(max(second, 1), self.columns) - 1
        elif final == "J":
            self._erase_rows(first)
        elif final == "K":
            self._erase_columns(first)
        elif final == "m":
            self.colored = any(numbers)
        elif final in "ABCD":
            self._move(final, max(first, 1))

    def _move(self, final: str, by: int) -> None:
        down, right = {"A": (-1, 0), "B": (1, 0), "C": (0, 1), "D": (0, -1)}[final]
        self.row = min(max(self.row + down * by, 0), self.rows - 1)
        self.column = min(max(self.column + right * by, 0), self.columns - 1)

    def _erase_rows(self, how: int) -> None:
        for row in range(self.rows):
            if how >= 2 or (row > self.row if how == 0 else row < self.row):
                self._lines[row] = [" "] * self.columns
        if how < 2:
            self._erase_columns(how)

    def _erase_columns(self, how: int) -> None:
        for at in range(self.columns):
            if how >= 2 or (at >= self.column if how == 0 else at <= self.column):
                self._lines[self.row][at] = " "

    def _mode(self, number: int, *, on: bool) -> None:
        if number == _ALTERNATE:
            if self._alternate:
                self._switch(on=on)
        elif on:
            self.modes.add(number)
        else:
            self.modes.discard(number)

    def _switch(self, *, on: bool) -> None:
        if on and self._main is None:
            self._saved = self.row, self.column
            self._main, self._lines = self._lines, self._empty()
            self._kitty_of_main, self.kitty = self.kitty, []
        elif not on and self._main is not None:
            self._lines, self._main = self._main, None
            self.row, self.column = self._saved
            self.kitty = self._kitty_of_main
