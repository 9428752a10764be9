"""Every key of the picker, once.

What the bindings, the key bar, the help and the command palette are made of.

Letters act only while the filter is empty. A word to filter by may begin with one of them, so a
letter that acts waits a moment (`LETTER_SECONDS`): when more text follows, it was the beginning of
a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line, pad, wrap

LETTER_SECONDS = 0.35


@dataclass(frozen=True, slots=True)
class Key:
    """One action.

    `letter` for an empty filter, `keys` (Textual's names) at any time, `label` for the key bar,
    `text` for the help.

    `rank` says how early the key bar gives it up when there's no room (0: never), None: not in the
    bar at all.
    """

    action: str
    letter: str
    keys: tuple[str, ...]
    label: str
    text: str
    rank: int | None = None
    palette: str = ""


KEYS: tuple[Key, ...] = (
    Key(
        "switch",
        "",
        ("enter",),
        "switch",
        "Switch to the selected role",
        0,
        "Switch to the selected role",
    ),
    Key(
        "renew",
        "r",
        ("f2", "ctrl+r"),
        "renew",
        "Fresh session for the selected role",
        2,
        "Renew the selected role",
    ),
    Key(
        "forget",
        "f",
        ("f3", "ctrl+x"),
        "forget",
        "Drop its session and its managed profile",
        4,
        "Forget the selected role",
    ),
    Key(
        "console",
        "o",
        ("ctrl+o",),
        "console link",
        "Copy the AWS console's link to it",
        9,
        "Copy the console's switch-role link",
    ),
    Key(
        "copy",
        "y",
        ("f8", "ctrl+y"),
        "copy",
        "Copy its export AWS_PROFILE=… line",
        5,
        "Copy the export line",
    ),
    Key(
        "pin",
        "p",
        ("f6", "ctrl+t"),
        "pin",
        "Pin it: pinned roles come first",
        7,
        "Pin or unpin the selected role",
    ),
    Key(
        "group", "g", ("f7", "ctrl+g"), "group", "Group the list by account", 8, "Group by account"
    ),
    Key(
        "explain",
        "e",
        ("f4",),
        "why",
        "Why the last try failed, and this role's problems",
        6,
        "Why did it fail?",
    ),
    Key("detail", "", ("tab",), "detail", "Show or hide the detail", 3, "Show or hide the detail"),
    Key("filter", "/", (), "filter", "Begin a filter with any letter", 9),
    Key("help", "?", ("f1",), "help", "This help", 1, "Help"),
    Key(
        "set_up",
        "n",
        ("f10", "ctrl+n"),
        "set up",
        "Set up a new role to switch to, on both sides",
        11,
        "Set up a role to switch to",
    ),
    Key(
        "renew_all",
        "R",
        (),
        "renew all",
        "Renew every session there is",
        None,
        "Renew all sessions",
    ),
    Key(
        "reload",
        "",
        ("f5", "ctrl+l"),
        "reload",
        "Read the config files again",
        None,
        "Read the config files again",
    ),
    Key(
        "problems",
        "",
        ("f12",),
        "problems",
        "Problems found in the config files",
        None,
        "Show problems of the config files",
    ),
    Key("theme", "", ("f9",), "theme", "Dark or light", None, "Dark or light theme"),
    Key("command_palette", "", ("ctrl+p",), "commands", "Every action by name", 10),
    Key("leave", "", ("escape", "ctrl+c"), "leave", "Leave, nothing changed", 0, "Leave"),
)

MOVEMENT_HELP: tuple[tuple[str, str], ...] = (
    ("↑ ↓", "Move the selection"),
    ("PgUp PgDn", "Move by a page"),
    ("Home End", "First and last role"),
    ("^↑ ^↓", "Scroll the detail"),
    ("^u ^w", "Clear the filter; delete a word of it"),
    ("mouse", "Click selects, double click switches, wheel scrolls"),
)

_MOVEMENT_ACTIONS = {
    "up": "up",
    "down": "down",
    "pageup": "page_up",
    "pagedown": "page_down",
    "home": "first",
    "end": "last",
    "ctrl+up": "detail_up",
    "ctrl+down": "detail_down",
}

# What Enter is when it was typed before the screen had the terminal, which until then makes a line
# feed of it.
_EARLY_ENTER = "ctrl+j"

ACTIONS = (
    {key_name: key.action for key in KEYS for key_name in key.keys}
    | _MOVEMENT_ACTIONS
    | {_EARLY_ENTER: "switch"}
)
LETTERS = {key.letter: key.action for key in KEYS if key.letter}

_KEY_SYMBOLS = {"enter": "⏎", "tab": "⇥", "escape": "esc", "up": "↑", "down": "↓"}


def key_label(key: str) -> str:
    """A key as people write it: "F2", "^r", "⏎"."""
    if key in _KEY_SYMBOLS:
        return _KEY_SYMBOLS[key]
    return "^" + key[5:] if key.startswith("ctrl+") else key.upper()


def displayed_key(key: Key, *, empty: bool) -> str:
    """The key to show in the bar.

    The letter while the filter is empty, else the first that always works; "" for none.
    """
    if empty and key.letter:
        return key.letter
    return key_label(key.keys[0]) if key.keys else ""


@dataclass(frozen=True, slots=True)
class LetterMode:
    """How the next character typed into an empty filter is taken.

    `pending` is a letter not yet taken for a command or for a word; `text_only` says that
    everything is text (after "/").
    """

    pending: str = ""
    text_only: bool = False

    @property
    def action(self) -> str:
        """What the pending letter does if nothing follows; "" when none is pending."""
        return LETTERS.get(self.pending, "")


@dataclass(frozen=True, slots=True)
class TypedResult:
    """What became of a character.

    An `action` to run now, `text` to insert, and how the next one is taken.
    """

    letters: LetterMode
    action: str = ""
    text: str = ""


def interpret_character(letters: LetterMode, character: str, *, empty: bool) -> TypedResult:
    """One printable character; `empty` says whether the filter is empty."""
    if letters.pending:
        return TypedResult(LetterMode(), text=letters.pending + character)
    if not empty or letters.text_only or character not in LETTERS:
        return TypedResult(LetterMode(), text=character)
    if character == "/":
        return TypedResult(LetterMode(text_only=True))
    if character == "?":
        return TypedResult(LetterMode(), action=LETTERS[character])
    return TypedResult(LetterMode(pending=character))


def picker_key_items(*, empty: bool, back: bool = False) -> tuple[KeyBarItem, ...]:
    """The picker's keys; `empty`: the filter is, so letters act.

    `back`: escape closes the detail first.
    """
    items = []
    for key in KEYS:
        text = displayed_key(key, empty=empty)
        if key.rank is None or not text:
            continue
        leaving = key.action == "leave"
        items.append(
            KeyBarItem(
                text,
                "back" if leaving and back else key.label,
                f"do('{key.action}')",
                key.rank,
                right=leaving,
            )
        )
    return tuple(items)


_LETTERS_HELP = "Letters act while the filter is empty. Typed on without a pause they begin a word; / makes sure they do."


_SIGN_HELP = (
    ("●", "live", "live"),
    ("◐", "expiring", "expiring"),
    ("○", "expired", "expired"),
    ("▲", "guard-red", "guarded"),
    ("★", "pin", "pinned"),
    ("✗", "error", "failed"),
)


def help_lines(width: int) -> list[Line]:
    """Every key, with what it does."""
    rows: list[Line] = []
    rows += wrap(
        [
            (
                "Type to filter. All words must occur, in any order, in the name, account, id, role, ARN, region, note or tags.",
                "text",
            )
        ],
        width,
    )
    rows += [[], [(pad("empty", 7), "muted"), (pad("always", 12), "muted"), ("", "muted")]]
    for key in KEYS:
        always = " ".join(key_label(key_name) for key_name in key.keys)
        rows += wrap(
            [(pad(key.letter, 7), "key"), (pad(always, 12), "key"), (key.text, "text")],
            width,
            hang=19,
        )
    rows.append([])
    for keys, text in MOVEMENT_HELP:
        rows += wrap([(pad(keys, 19), "key"), (text, "text")], width, hang=19)
    rows += [
        [],
        *wrap(
            [
                (
                    _LETTERS_HELP,
                    "muted",
                )
            ],
            width,
        ),
    ]
    rows.append([])
    rows += wrap(
        [
            part
            for sign, style_name, word in _SIGN_HELP
            for part in ((sign + " ", style_name), (word + "  ", "text"))
        ],
        width,
    )
    return rows
