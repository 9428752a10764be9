"""The state of the sign-in dialog as one immutable value, its transitions, and its lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from xswitch.actions.sso.sign_in_ports import SignInPrompt
from xswitch.core.display import show_value
from xswitch.core.text import sanitize
from xswitch.tui.errors import FailureMessage, failure_lines
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line, span, wrap

_SECONDS_PER_MINUTE = 60
_GAP = 2
_TEXT_WIDTH = 28
"""The minimum width of the text beside a QR code."""


class SignInStage(StrEnum):
    """The stage of a sign-in."""

    STARTING = "starting"
    WAITING = "waiting"
    """For a person's approval."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SignInState:
    """Everything that the sign-in dialog draws."""

    label: str
    """The session's name or start URL."""
    purpose: str = ""
    """The name of the role that needs the sign-in; "" if the user asked for it."""
    stage: SignInStage = SignInStage.STARTING
    progress: str = ""
    prompt: SignInPrompt | None = None
    qr_code: tuple[str, ...] = ()
    """Rows of the URL's QR code; none in a sign-in by the browser of this machine."""
    seconds_left: int | None = None
    """To approve."""
    failure: FailureMessage | None = None
    approves: bool = False
    """Whether a key approves, in place of a browser: in the demo."""


def with_label(state: SignInState, label: str) -> SignInState:
    """Name the session, once it is known."""
    return replace(state, label=label)


def with_progress(state: SignInState, text: str) -> SignInState:
    """Show what is going on."""
    return replace(state, progress=text[:1].upper() + text[1:])


def with_prompt(state: SignInState, prompt: SignInPrompt, qr_code: Sequence[str]) -> SignInState:
    """Show the URL and the code with which a person approves."""
    return replace(
        state,
        stage=SignInStage.WAITING,
        prompt=prompt,
        qr_code=tuple(qr_code),
        progress="",
        seconds_left=None,
    )


def with_seconds_left(state: SignInState, seconds: int) -> SignInState:
    """Show the time that is left to approve."""
    return replace(state, seconds_left=seconds)


def with_failure(state: SignInState, failure: FailureMessage) -> SignInState:
    """Show why the sign-in failed; the URL that is no longer of use goes."""
    return replace(restarted(state), stage=SignInStage.FAILED, failure=failure)


def restarted(state: SignInState) -> SignInState:
    """Begin again."""
    return SignInState(state.label, state.purpose, approves=state.approves)


def offers_code(state: SignInState) -> bool:
    """Whether the user can sign in by a code instead."""
    if state.stage is SignInStage.FAILED:
        return True
    return state.prompt is not None and not state.prompt.user_code


def sign_in_items(state: SignInState) -> tuple[KeyBarItem, ...]:
    """Return the keys of the dialog."""
    items = []
    if state.stage is SignInStage.FAILED:
        items.append(KeyBarItem("⏎", "try again", "again"))
    if state.stage is SignInStage.WAITING:
        items.append(KeyBarItem("y", "copy the URL", "copy", 1))
    if state.approves and state.stage is SignInStage.WAITING:
        items.append(KeyBarItem("a", "approve (demo)", "approve"))
    if offers_code(state):
        items.append(KeyBarItem("d", "by a code instead", "by_code", 2))
    closing = "close" if state.stage is SignInStage.FAILED else "cancel"
    return (*items, KeyBarItem("esc", closing, "cancel", right=True))


def sign_in_lines(state: SignInState, width: int, rows: int) -> list[Line]:
    """Return the lines of the dialog; the QR code only if it fits into `rows`."""
    qr_code = state.qr_code
    text_width = width - (len(qr_code[0]) if qr_code else 0) - _GAP
    if not qr_code or len(qr_code) > rows or text_width < _TEXT_WIDTH:
        return _text_lines(state, width)
    return beside_qr_code(qr_code, _text_lines(state, text_width))


def beside_qr_code(qr_code: Sequence[str], text: Sequence[Line]) -> list[Line]:
    """Return a QR code with lines of text to its right."""
    blank = " " * len(qr_code[0])
    lines: list[Line] = []
    for number in range(max(len(qr_code), len(text))):
        left = (qr_code[number], "qr-code") if number < len(qr_code) else (blank, "text")
        right = text[number] if number < len(text) else []
        lines.append([left, (" " * _GAP, "text"), *right])
    return lines


def _text_lines(state: SignInState, width: int) -> list[Line]:
    lines = wrap([span(show_value(state.label), "title")], width) if state.label else []
    if state.purpose:
        lines += wrap([("for ", "muted"), span(state.purpose, "text")], width)
    lines.append([])
    if state.failure is not None:
        return [*lines, *failure_lines(state.failure, width)]
    if state.prompt is not None:
        lines += _prompt_lines(state.prompt, width)
    if state.progress:
        gap: list[Line] = [[]] if state.prompt is not None else []
        lines += [*gap, *wrap([("↻ ", "accent"), span(state.progress)], width, hang=2)]
    elif state.prompt is None:
        lines += wrap([("↻ ", "accent"), ("Starting the sign-in", "text")], width, hang=2)
    if state.seconds_left is not None:
        minutes, seconds = divmod(state.seconds_left, _SECONDS_PER_MINUTE)
        left = f"{minutes}:{seconds:02} left"
        lines += [
            [],
            *wrap(
                [("↻ ", "accent"), ("waiting for approval, ", "muted"), (left, "text")],
                width,
                hang=2,
            ),
        ]
    return lines


# The code in a URL isn't a secret: it's useless without the approval
def _prompt_lines(prompt: SignInPrompt, width: int) -> list[Line]:
    if not prompt.user_code:
        opened = (
            "Approve the sign-in in the browser, which has been opened at:"
            if prompt.browser_opened
            else "Open this URL on this machine, and approve the sign-in:"
        )
        return [*wrap([(opened, "text")], width), *wrap([(sanitize(prompt.url), "accent")], width)]
    lines = [
        *wrap([("Approve the sign-in on any device with a browser:", "text")], width),
        *wrap([(sanitize(prompt.url), "accent")], width),
        [],
        *wrap([("code  ", "muted"), span(prompt.user_code, "bright")], width),
        *wrap([("The page shows it. Approve no other one.", "muted")], width),
    ]
    if prompt.short_url and prompt.short_url != prompt.url:
        lines += wrap([("Or type it at ", "muted"), span(prompt.short_url, "text")], width)
    return lines
