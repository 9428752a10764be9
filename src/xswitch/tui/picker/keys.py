"""All keys of the picker, for bindings, key bar, help, and command palette.

Letters act only while the filter is empty. Since a word of the filter may start with one, a letter
acts after a pause of `LETTER_SECONDS`; if more text follows sooner, it starts a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line, pad, wrap

LETTER_SECONDS = 0.35


@dataclass(frozen=True, slots=True)
class Key:
    """One action and its keys."""

    action: str
    letter: str
    """Acts while the filter is empty; "" for none."""
    keys: tuple[str, ...]
    """Always act; Textual's names."""
    label: str
    """Text in the key bar."""
    text: str
    """Text in the help."""
    rank: int | None = None
    """The key bar drops high ranks first and 0 never; None is never in it."""
    palette: str = ""
    """Text in the command palette; "" if it isn't there."""


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
        "Renew the selected role's session",
        2,
        "Renew the selected role",
    ),
    Key(
        "forget",
        "f",
        ("f3", "ctrl+x"),
        "forget",
        "Drop its session and managed profile",
        4,
        "Forget the selected role",
    ),
    Key(
        "console",
        "o",
        ("ctrl+o",),
        "console link",
        "Copy its AWS console link",
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
        "Why the last switch failed, and the role's problems",
        6,
        "Why did it fail?",
    ),
    Key("detail", "", ("tab",), "detail", "Show or hide the detail", 3, "Show or hide the detail"),
    Key("filter", "/", (), "filter", "Start a filter with any letter", 9),
    Key("help", "?", ("f1",), "help", "This help", 1, "Help"),
    Key(
        "set_up",
        "n",
        ("f10", "ctrl+n"),
        "set up",
        "Set up a role in both accounts",
        11,
        "Set up a role to switch to",
    ),
    Key(
        "sign_in",
        "s",
        ("f11", "ctrl+s"),
        "sign in",
        "Sign in with IAM Identity Center",
        12,
        "Sign in with IAM Identity Center",
    ),
    Key(
        "sign_out",
        "S",
        (),
        "sign out",
        "Sign out of IAM Identity Center",
        None,
        "Sign out of IAM Identity Center",
    ),
    Key(
        "add_session",
        "N",
        (),
        "new sign-in",
        "Add an IAM Identity Center session",
        None,
        "Add an IAM Identity Center session",
    ),
    Key("renew_all", "R", (), "renew all", "Renew all sessions", None, "Renew all sessions"),
    Key(
        "reload",
        "",
        ("f5", "ctrl+l"),
        "reload",
        "Reload the config files",
        None,
        "Reload the config files",
    ),
    Key(
        "problems",
        "",
        ("f12",),
        "problems",
        "Problems found in the config files",
        None,
        "Show problems in the config files",
    ),
    Key(
        "theme", "", ("f9",), "theme", "Toggle dark and light", None, "Toggle dark and light theme"
    ),
    Key("command_palette", "", ("ctrl+p",), "commands", "Every action by name", 10),
    Key("leave", "", ("escape", "ctrl+c"), "leave", "Leave without switching", 0, "Leave"),
)

MOVEMENT_HELP: tuple[tuple[str, str], ...] = (
    ("↑ ↓", "Move the selection"),
    ("PgUp PgDn", "Move by a page"),
    ("Home End", "First and last role"),
    ("^↑ ^↓", "Scroll the detail"),
    ("^u ^w", "Clear the filter; delete its last word"),
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

# Enter arrives as a line feed if it is typed before the screen sets the terminal's mode.
_EARLY_ENTER = "ctrl+j"

ACTIONS = (
    {key_name: key.action for key in KEYS for key_name in key.keys}
    | _MOVEMENT_ACTIONS
    | {_EARLY_ENTER: "switch"}
)
LETTERS = {key.letter: key.action for key in KEYS if key.letter}

_KEY_SYMBOLS = {"enter": "⏎", "tab": "⇥", "escape": "esc", "up": "↑", "down": "↓"}


def key_label(key: str) -> str:
    """Return a key as it is shown: "F2", "^r", "⏎"."""
    if key in _KEY_SYMBOLS:
        return _KEY_SYMBOLS[key]
    return "^" + key[5:] if key.startswith("ctrl+") else key.upper()


def displayed_key(key: Key, *, empty: bool) -> str:
    """Return the key for the key bar: a letter if the filter is empty, else a function key.

    Returns "" if the action has no such key.
    """
    if empty and key.letter:
        return key.letter
    return key_label(key.keys[0]) if key.keys else ""


@dataclass(frozen=True, slots=True)
class LetterMode:
    """How the next character typed into an empty filter is interpreted."""

    pending: str = ""
    """A letter that may still act or start a word."""
    text_only: bool = False
    """Whether all characters are text (after "/")."""

    @property
    def action(self) -> str:
        """The action of the pending letter if nothing follows; "" if none is pending."""
        return LETTERS.get(self.pending, "")


@dataclass(frozen=True, slots=True)
class TypedResult:
    """Result of typing a character: an action, text to insert, and the next character's mode."""

    letters: LetterMode
    action: str = ""
    text: str = ""


def interpret_character(letters: LetterMode, character: str, *, empty: bool) -> TypedResult:
    """Interpret a printable character; `empty` says whether the filter is empty."""
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
    """Return the items of the picker's key bar.

    `empty`: the filter is empty, so letters act. `back`: Escape closes the detail first.
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


_FILTER_HELP = (
    "Type to filter. All words must match, in any order: name, account, ID, role, ARN, region, "
    "note, or tags."
)
_LETTERS_HELP = (
    "Letters act while the filter is empty. Keep typing without a pause to start a word, "
    "or press / first."
)
_SIGN_HELP = (
    ("●", "live", "live"),
    ("◐", "expiring", "expiring"),
    ("○", "expired", "expired"),
    ("▲", "guard-red", "guarded"),
    ("★", "pin", "pinned"),
    ("✗", "error", "failed"),
    ("+", "live", "new"),
    ("-", "error", "gone"),
)


def help_lines(width: int) -> list[Line]:
    """Return the help: every key and its action."""
    rows = wrap([(_FILTER_HELP, "text")], width)
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
    rows += [[], *wrap([(_LETTERS_HELP, "muted")], width), []]
    signs: Line = []
    for sign, style_name, word in _SIGN_HELP:
        signs += [(sign + " ", style_name), (word + "  ", "text")]
    return [*rows, *wrap(signs, width)]
