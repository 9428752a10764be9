"""Obstacles between a switch and the shell: the hook finds them, and xswitch tells them.

The hook passes what it found in one variable, as words `KIND` or `KIND:NAME`, to the one process
that it starts, so that xswitch can refuse in time, and says nothing that won't hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xswitch.core.variables import SET_ASIDE_VARIABLES

LIMITS_VARIABLE = "XSWITCH_SHELL_LIMITS"
_WORD = re.compile(r"[a-z-]+(?::[A-Z_]+)?")
_NAMES = frozenset({"AWS_PROFILE", *SET_ASIDE_VARIABLES})


@dataclass(frozen=True, slots=True)
class Limits:
    """The obstacles that the hook found."""

    read_only: tuple[str, ...] = ()
    """Variables that can't be changed, so nothing is."""
    attributes: tuple[str, ...] = ()
    """Variables with an attribute (integer, array, upper case …) that would change the value."""
    local: tuple[str, ...] = ()
    """Variables local to a function or command that called the hook: only they change."""
    hidden: tuple[str, ...] = ()
    """Variables of fish local to a function or command that called the hook: they don't change."""
    universal: tuple[str, ...] = ()
    """Variables of fish that the hook leaves alone, and that go before the profile."""
    subshell: bool = False
    """The hook runs in a subshell whose output goes elsewhere: a pipe or a substitution."""
    group: bool = False
    """The hook runs in another subshell."""


def parse_limits(environment: Mapping[str, str]) -> Limits:
    """Parse the hook's words; others are ignored."""
    found: dict[str, list[str]] = {}
    for word in environment.get(LIMITS_VARIABLE, "").split():
        kind, _, name = word.partition(":") if _WORD.fullmatch(word) else ("", "", "")
        names = found.setdefault(kind, [])
        if name in _NAMES and name not in names:
            names.append(name)
    return Limits(
        read_only=tuple(found.get("read-only", ())),
        attributes=tuple(found.get("attributes", ())),
        local=tuple(found.get("local", ())),
        hidden=tuple(found.get("hidden", ())),
        universal=tuple(found.get("universal", ())),
        subshell="subshell" in found,
        group="group" in found,
    )


def refusal(limits: Limits) -> tuple[str, str] | None:
    """Return why nothing can be changed, and the next step; None if something can."""
    if limits.read_only:
        names = _enumerate(limits.read_only)
        start = f"start a new shell without `readonly {limits.read_only[0]}`"
        return f"{names} {_are(limits.read_only)} read-only in this shell.", start
    if limits.attributes:
        names = _enumerate(limits.attributes)
        unset = f"unset {' '.join(limits.attributes)}"
        return f"This shell changes the values of {names} (see: declare -p).", unset
    return None


def shortfall(limits: Limits, command: str) -> tuple[str, str] | None:
    """Return what won't hold in the shell, and the command that fixes it; None if all does.

    `command` is what the user typed.
    """
    alone = f"run it alone: {command}"
    if limits.subshell:
        text = "This is a subshell, in a pipe or a substitution: it ends with the command, and your"
        return f"{text} shell stays as it was.", alone
    if limits.local:
        text = f"{_enumerate(limits.local)} {_are(limits.local)} local to the function or command"
        return f"{text} that ran this, and when that ends, as before.", alone
    if limits.hidden:
        text = f"{_enumerate(limits.hidden)} {_are(limits.hidden)} local to the function or command"
        return f"{text} that ran this, which goes on as before.", alone
    if limits.universal:
        names, plural = _enumerate(limits.universal), len(limits.universal) > 1
        text = f"The universal {'variables' if plural else 'variable'} {names}"
        text += f" {'override' if plural else 'overrides'} the profile in this shell."
        return text, f"set -eU {' '.join(limits.universal)}"
    return None


def _enumerate(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _are(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"
