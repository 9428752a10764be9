"""The lines shown in place of an empty list, with the next step."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.core.display import display, show_value
from xswitch.core.errors.sso import login_command
from xswitch.core.model import SsoSession
from xswitch.core.text import pluralize
from xswitch.tui.errors import failure_lines
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render.text import Line, span, wrap

_EXAMPLE = (
    "[profile payments-admin]",
    "role_arn = arn:aws:iam::222222222222:role/Admin",
    "source_profile = dev",
)
_MAX_NAMES = 5


def empty_lines(state: PickerState, width: int) -> list[Line]:
    """Return the lines for an empty list; no lines if there are roles to list."""
    if state.load_failure is not None and not state.roles:
        return [
            *failure_lines(state.load_failure, width),
            [],
            *wrap([("F5 ", "key"), ("reloads the files", "muted")], width),
        ]
    if not state.loaded:
        return [[("Reading your AWS config …", "muted")]]
    if not state.roles:
        return _no_roles(state, width)
    if not state.order:
        return _no_match(state, width)
    return []


def _no_roles(state: PickerState, width: int) -> list[Line]:
    view = state.data.view
    file = display(view.paths.config) if view is not None else "the AWS config file"
    profiles = len(view.profiles) if view is not None else 0
    again: Line = [("F5 ", "key"), ("reloads it", "muted")]
    sessions = state.data.listing.sign_ins
    if sessions:
        return _not_signed_in(sessions, again, width)
    if not profiles:
        return [
            *wrap([("No AWS config yet.", "bright")], width),
            *wrap([(file, "text"), (" is missing or empty.", "muted")], width),
            [],
            *_command_hint("N", "sign in with IAM Identity Center", width),
            *_command_hint("aws configure", "enter an access key", width),
            *_command_hint("xswitch demo", "try xswitch with an emulated AWS", width),
            [],
            *wrap(again, width),
        ]
    return [
        *wrap([("No roles to switch to.", "bright")], width),
        *wrap(
            [
                span(pluralize(profiles, "profile"), "text"),
                (" in ", "muted"),
                (file, "text"),
                (", none with a role, a sign-in, or keys.", "muted"),
            ],
            width,
        ),
        [],
        *wrap([("N ", "key"), ("signs in with IAM Identity Center", "muted")], width),
        [],
        *wrap([("Or add one like this:", "muted")], width),
        *[line for example in _EXAMPLE for line in wrap([("  " + example, "text")], width, hang=4)],
        [],
        *wrap(again, width),
    ]


def _not_signed_in(sessions: Sequence[SsoSession], again: Line, width: int) -> list[Line]:
    """Return the lines for a config whose only way to roles is a sign-in."""
    names = ", ".join(show_value(session.label) for session in sessions[:_MAX_NAMES])
    more = f", and {len(sessions) - _MAX_NAMES} more" if len(sessions) > _MAX_NAMES else ""
    command = login_command(sessions[0].label)
    return [
        *wrap([("No roles yet.", "bright")], width),
        *wrap([("IAM Identity Center: ", "muted"), (names + more, "text")], width),
        [],
        *wrap([("s ", "key"), ("signs in, and lists its accounts and roles", "muted")], width),
        *wrap([("  or ", "muted"), (command, "text"), (" in your shell", "muted")], width, hang=2),
        [],
        *wrap(again, width),
    ]


def _command_hint(command: str, what: str, width: int) -> list[Line]:
    return wrap([("  ", "text"), (command.ljust(20), "key"), (what, "muted")], width, hang=22)


def _no_match(state: PickerState, width: int) -> list[Line]:
    terms = state.query.split()
    message: Line = [("No roles match ", "bright")]
    for position, term in enumerate(terms):
        message += [(" and " if position else "", "muted"), span(f"“{term}”", "match")]
    return [
        *wrap([*message, (".", "bright")], width),
        [],
        *wrap(
            [
                ("^w ", "key"),
                ("deletes the last word", "muted"),
                ("   ", "muted"),
                ("^u ", "key"),
                ("shows all ", "muted"),
                (pluralize(len(state.roles), "role"), "muted"),
            ],
            width,
        ),
    ]
