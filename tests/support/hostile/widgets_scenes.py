"""Scenes of the screen with hostile texts: their keys, and the widgets that must be drawn."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import support.hostile.widgets_home as home
from support.hostile.controls import foreign_output
from support.hostile.widgets_actions import A_ROLE, CODE, CONFIRM
from support.hostile.widgets_walk import A_WHILE, CLEARED, ESCAPE, Walk, one_line, paste, together
from support.programs.widgets import UNSEEN
from support.tui.watched import watched
from xswitch.core.errors import ExitCode

PROGRAM = Path(__file__).parents[1] / "programs/widgets.py"
_COPIED = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
_DOWN, _F3, _F4, _F5, _F6, _F7, _F8, _F9, _F10, _F11, _F12 = (
    "\x1b[B", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~",
    "\x1b[18~", "\x1b[19~", "\x1b[20~", "\x1b[21~", "\x1b[23~", "\x1b[24~",
)  # fmt: skip
_ENTER, _PAGE_DOWN, _CLEAR, _TAB = "\r", "\x1b[6~", "\x15", "\t"
_SETTLED = 0.05
_KEYS_OF_PICKER = "commands"
"""Shown by the key bar after a dialog is closed."""
_HINT = "profile that can change IAM in the users' account"
_SMALL, _TINY = ((24, 80), (16, 60)), ((12, 50), (6, 20), (2, 8), (1, 1))
_A_WAY = 30
"""Number of texts shown on the way through the dialogs of one role."""


@dataclass(frozen=True)
class Scene:
    """A way through the screen.

    `draws` are the classes that must be drawn; `parts` is the minimum share of texts seen in each.
    """

    walk: Callable[[Walk], None]
    draws: frozenset[str]
    parts: Mapping[str, float]
    code: int = 130
    environ: Mapping[str, str] = field(default_factory=dict)


_PICKER = frozenset(
    {
        "PickerScreen",
        "Header",
        "Filter",
        "PlainInput",
        "Lines",
        "RoleList",
        "Headings",
        "Detail",
        "ScrollingLines",
        "KeyBar",
        "SingleLine",
    }
)


def _around(walk: Walk) -> None:
    with walk.part("first paint, list, detail, header, notice"):
        walk.one.until(b"^p")
        for _ in range(len(walk.texts) // A_ROLE + 1):
            walk.press(*["\x1b[1;5B"] * 12, _F6, _F8, "\x0f", _F4, _DOWN)
        walk.press(_F7, _F9, _F9, _F7)
    with walk.part("problems and help"):
        walk.press_until(_F12, "Problems")
        walk.press(*[" "] * (len(walk.texts) // 4 + 2))
        walk.close()
        walk.press_until("?", "Keys")
        walk.press(" ", wait=A_WHILE)
        walk.close()
    with walk.part("typed and pasted into the filter, and found nowhere"):
        for number, text in enumerate(together(walk.texts, 3)):
            # The typed text starts with a character that no key sends, and contains a byte that
            # isn't UTF-8.
            walk.put(paste(text) if number % 2 else "/" + text.replace("\x1b", "\x07") + "\udcff")
            walk.press_until(_CLEAR, CLEARED)
    with walk.part("pasted into the command palette"):
        for number, text in enumerate(together(walk.texts, 2)):
            if not number % 8:
                walk.press_until("\x10", "Switch to the selected role")
            walk.put(paste(text))
            if number % 8 == 7:
                walk.close()


def _dialogs(walk: Walk) -> None:
    walk.one.until(b"^p")
    pasted = iter(walk.texts)
    for _ in range(len(walk.texts) // _A_WAY + 1):
        with walk.part("guard, MFA, progress and forget dialogs"):
            walk.press_until(_ENTER, "Guarded role")
            for text in islice(pasted, _A_WAY // 2):
                walk.put(paste(one_line(text)))
                walk.press(_CLEAR, wait=_SETTLED)
            walk.press_until("no\r", "Doesn't match.")
            walk.press(_CLEAR, wait=A_WHILE)
            walk.press_until(CONFIRM + _ENTER, "MFA code")
            walk.press(paste(one_line(next(pasted, ""))), _CLEAR, wait=A_WHILE)
            walk.press_until(CODE + _ENTER, "Attempt 2.")
            walk.press_until(CODE + _ENTER, "Switching")
        with walk.part("the failure, and the whole explanation"):
            walk.one.until(b"both accounts", start=len(walk.one.written))
            walk.press_until(_F4, "Why not")
            walk.press(*[" "] * 5)
            walk.press("y", wait=A_WHILE)
            walk.close()
        with walk.part("guard, MFA, progress and forget dialogs"):
            walk.press_until(_F3, "This drops its session")
            walk.close()
        walk.press(_DOWN)


def _setup(walk: Walk) -> None:
    walk.one.until(b"^p")
    with walk.part("pasted into the fields of the form"):
        walk.press_until(_F10, "Who can switch")
        walk.press(wait=A_WHILE)
        for text in together(walk.texts, 2):
            # Some fields aren't inputs and ignore pastes.
            for _ in range(2):
                seen = walk.put(paste(text))
                walk.press("\t")
                if seen:
                    break
        walk.press_until(_ENTER, "✗ ")
        walk.close()
    with walk.part("the difference, the steps, the check"):
        walk.press_until(_F10, "Who can switch")
        # A config name is suggested for its first characters; a leading control character is a key.
        for text in [text for text in walk.texts if text[:2].isprintable()][:2]:
            walk.press(text[:2], "\x1b[C", wait=A_WHILE)
            walk.press_until(_CLEAR, _HINT)
        for keys, typed in (
            ("", "people-admin"),
            ("\t\t\t", "SwitchUser"),
            ("\t", "payments-admin"),
        ):
            walk.press(*keys, wait=A_WHILE)
            walk.press_until(typed, typed)
        walk.press_until(_ENTER, "next  ")
        walk.press_until(_ENTER, "Review changes")
        walk.press(*[_PAGE_DOWN] * (len(walk.texts) // 2 + 2))
        walk.press_until("y", "Copied")
        walk.press_until(_ENTER, "Stopped")
        walk.press(*[_PAGE_DOWN] * (len(walk.texts) // 4 + 2))
        walk.press_until("t", "Review changes")
        walk.press_until(_ENTER, "MFA code")
        walk.press_until(CODE + _ENTER, "The check failed")
        walk.press(*[_PAGE_DOWN] * (len(walk.texts) // 4 + 2))
        walk.press_until(_ENTER, "MFA code")
        walk.press_until(CODE + _ENTER, "The switch works.")
        walk.press(*[_PAGE_DOWN] * (len(walk.texts) // 4 + 2))
        walk.press_until("y", "Copied")
    walk.press(ESCAPE, wait=A_WHILE)


def _sso(walk: Walk) -> None:
    walk.one.until(b"^p")
    with walk.part("what a portal's listing fails with"):
        for _ in range(len(walk.texts) // 2 + 2):
            walk.press_until(_F5, "Reloaded")
            walk.press(wait=_SETTLED)
    with walk.part("sign-in"):
        for number in range(len(walk.texts) // 16 + 2):
            walk.press_until(_F11, "Approve the sign-in")
            walk.press_until("y" if number % 2 else "d", "opied")
            walk.one.until(b"next  ", start=len(walk.one.written))
            walk.press(_PAGE_DOWN, wait=A_WHILE)
            walk.close()
            walk.press_until("S", "Signed out of")
    with walk.part("sessions to choose from"):
        walk.press("no row at all", wait=A_WHILE)
        walk.press_until(_F11, "another one")
        walk.press(*[_DOWN] * len(walk.texts))
        walk.press_until(ESCAPE, _KEYS_OF_PICKER)
        walk.press_until(_CLEAR, CLEARED)
    with walk.part("pasted into the fields of a session"):
        walk.press_until("N", "From your company")
        walk.press(wait=A_WHILE)
        for text in together(walk.texts, 2):
            walk.put(paste(text))
            walk.press("\t")
        walk.press_until(_ENTER, "✗ ")
        walk.close()
    with walk.part("the lines of a session"):
        walk.press_until("N", "From your company")
        for typed in ("corp", "\thttps://corp.awsapps.com/start", "\teu-west-1"):
            walk.press_until(typed, typed.strip())
        walk.press_until(_ENTER, "Review changes")
        walk.press(*[_DOWN] * (2 * len(walk.texts) + 2))
    walk.press_until(ESCAPE, "From your company")
    walk.close()


def _empty(walk: Walk) -> None:
    with walk.part("nothing to list, and nothing to be read"):
        walk.one.until(b"F5")
        for _ in range(len(walk.texts) // 2 + 2):
            walk.press_until(_F5, "F5")


def _whole(walk: Walk) -> None:
    with walk.part("from the config, the settings and STS, through the whole program"):
        walk.one.until(b"^p")
        walk.press("p000", wait=A_WHILE)
        walk.press_until(_ENTER, "Guarded role")
        walk.press_until(home.CONFIRM + _ENTER, "MFA code")
        walk.press_until(CODE + _ENTER, "Attempt 2.")
        walk.press_until(CODE + _ENTER, "Attempt 3.")
        walk.press_until(CODE + _ENTER, "both accounts")
        walk.press_until(_F4, "Why not")
        walk.press_until(ESCAPE, "1 of ")
        walk.press_until(_CLEAR, CLEARED)
        walk.press(*[_DOWN] * (2 * len(walk.texts) // home.A_PROFILE + 2), wait=_SETTLED)
        walk.press_until(_F12, "Problems")
        walk.press(*[" "] * (len(walk.texts) // 2 + 2))
        walk.close()
        walk.press_until(_F10, "Who can switch")
        walk.press("0", wait=A_WHILE)
        walk.close()


def _small(walk: Walk) -> None:
    pages = {
        _F4: ("Why not", 2),
        _F3: ("This drops its session", 0),
        _F10: ("Who can switch", 2),
        _F12: ("Problems", len(walk.texts) // 3 + 2),
    }
    with walk.part("in small terminals, without colour"):
        walk.one.until(b"^p")
        for rows, columns in _SMALL:
            walk.one.child.setwinsize(rows, columns)
            for _ in range(len(walk.texts) // A_ROLE + 1):
                walk.press(_TAB, "\x1b[1;5B", "\x1b[1;5B", _TAB, _DOWN)
            walk.press(_F7, _DOWN, _F7, wait=_SETTLED)
            walk.press_until(_ENTER, "MFA code")
            walk.press_until(CODE + _ENTER, "Attempt 2.")
            walk.press_until(CODE + _ENTER, "target account")
            for key, (opened, more) in pages.items():
                walk.press_until(key, opened)
                walk.press(paste(walk.texts[0]), *[_PAGE_DOWN] * more)
                walk.close()
            walk.press(_TAB)
        for rows, columns in _TINY:
            walk.one.child.setwinsize(rows, columns)
            walk.press(_F7, _DOWN, _F12, wait=_SETTLED)


def _bug(walk: Walk) -> None:
    with walk.part("in the text, the notes and the cause of a bug of the screen"):
        walk.one.until(b"This is a bug in xswitch. ValueError at")


SCENES: Mapping[str, Scene] = {
    "around": Scene(
        _around,
        _PICKER | {"Dialog", "TextDialog"},
        # Some seeds have a tenth of texts that are cut where their line ends
        {
            "first paint, list, detail, header, notice": 0.8,
            "problems and help": 0.9,
            "typed and pasted into the filter, and found nowhere": 0.9,
            "pasted into the command palette": 0.9,
        },
    ),
    "dialogs": Scene(
        _dialogs,
        _PICKER
        | {
            "Dialog",
            "TypedDialog",
            "AnswerInput",
            "MfaCodeInput",
            "GuardDialog",
            "MfaDialog",
            "BusyDialog",
            "ForgetDialog",
            "ExplainScreen",
        },
        # Some seeds have a tenth of texts that are cut where their line ends
        {
            "guard, MFA, progress and forget dialogs": 0.8,
            "the failure, and the whole explanation": 0.8,
        },
    ),
    "setup": Scene(
        _setup,
        _PICKER
        | {
            "FormScreen",
            "SetupScreen",
            "Form",
            "FieldRow",
            "Choice",
            "TextField",
            "Dialog",
            "TypedDialog",
            "AnswerInput",
            "MfaCodeInput",
            "MfaDialog",
        },
        {"pasted into the fields of the form": 0.9, "the difference, the steps, the check": 0.9},
    ),
    "sso": Scene(
        _sso,
        _PICKER
        | {
            "Dialog",
            "SignInDialog",
            "SessionChoiceDialog",
            "FormScreen",
            "SessionScreen",
            "Form",
            "FieldRow",
            "TextField",
        },
        {
            "what a portal's listing fails with": 0.5,
            "sign-in": 0.8,
            "sessions to choose from": 0.8,
            "pasted into the fields of a session": 0.8,
            "the lines of a session": 0.9,
        },
    ),
    "empty": Scene(
        _empty,
        frozenset({"PickerScreen", "Lines"}),
        {"nothing to list, and nothing to be read": 0.9},
    ),
    "whole": Scene(
        _whole,
        _PICKER
        | {
            "GuardDialog",
            "MfaDialog",
            "ExplainScreen",
            "TextDialog",
            "FormScreen",
            "SetupScreen",
            "TextField",
        },
        # Real STS answers arrive between two frames, so a slow machine shows fewer.
        {"from the config, the settings and STS, through the whole program": 0.8},
    ),
    "small": Scene(
        _small,
        _PICKER
        | {
            "Dialog",
            "TextDialog",
            "ForgetDialog",
            "ExplainScreen",
            "FormScreen",
            "SetupScreen",
            "Form",
            "FieldRow",
            "Choice",
            "TextField",
        },
        {"in small terminals, without colour": 0.9},
        environ={"NO_COLOR": "1"},
    ),
    "bug": Scene(_bug, frozenset({"PickerScreen"}), {}, code=int(ExitCode.BUG)),
}


@dataclass
class Played:
    """The result of a scene."""

    faults: list[str]
    shown: Mapping[str, set[int]]


def play(name: str, texts: Sequence[str], environ: Mapping[str, str], folder: Path) -> Played:
    """Play a scene with these texts, and return all problems except too few texts seen."""
    scene = SCENES[name]
    given, record = folder / "texts.json", folder / "record.json"
    given.write_text(json.dumps(texts), encoding="utf-8")
    with watched(
        [sys.executable, str(PROGRAM), str(record), str(given), name],
        {**environ_of(environ, texts), **scene.environ},
    ) as one:
        walk = Walk(one, texts)
        scene.walk(walk)
        if scene.code != ExitCode.BUG:
            one.child.send("\x03")
        code = one.ended()
        faults = written_wrongly(one.written)
        if (
            code != scene.code
            or (b"bug" in one.written) is not (code == ExitCode.BUG)
            or b"Traceback" in one.written
        ):
            faults.append(f"it ended with {code}: {one.written[-400:]!r}")
    if UNSEEN.encode() in one.written:
        faults.append("the text of a bug was shown")
    found = json.loads(record.read_text(encoding="utf-8"))
    faults += found["wrong"]
    faults += [
        f"{missing} was never drawn" for missing in sorted(scene.draws - set(found["drawn"]))
    ]
    return Played([f"{name}: {what}" for what in faults], walk.shown)


def environ_of(environ: Mapping[str, str], texts: Sequence[str]) -> dict[str, str]:
    """Return the program's environment, with a hostile region."""
    return {
        **environ,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROGRAM.parent),
        "COLORTERM": "truecolor",
        "AWS_REGION": texts[0],
    }


def written_wrongly(written: bytes | bytearray) -> list[str]:
    """Return output that xswitch shouldn't write.

    Lines copied for the user are excepted if their content is correct.
    """
    copied = [base64.b64decode(text) for text in _COPIED.findall(written)]
    return [
        *(repr(found) for found in foreign_output(_COPIED.sub(b"", written))),
        *(
            f"copied: {text!r}"
            for text in copied
            if not text.decode().replace("\n", "").isprintable() or text == b"evil"
        ),
    ]
