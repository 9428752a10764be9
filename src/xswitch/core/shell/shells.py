"""The shells xswitch writes code for: quoting, assignments, and how each differs in its templates.

POSIX quoting is wrong in fish, PowerShell and nushell, so each shell has its own rules. The code to
evaluate after a switch holds only assignments with every value quoted, so that no profile name can
become a command. A new shell is one entry of `_SHELLS` and its two templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xswitch.core.errors import UsageError

SHADOWING_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_DEFAULT_PROFILE",
    "AWS_CREDENTIAL_EXPIRATION",
)
"""Variables that would override AWS_PROFILE, or describe other credentials."""

Assignments = Mapping[str, str | None]
"""Environment variables and their new values; None unsets one."""

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_POWERSHELL_PLAIN = re.compile(r"[ -~]+|[^ -~]")


@dataclass(frozen=True, slots=True)
class Shell:
    """One shell: its rules for quoting and assigning, and what its templates need."""

    name: str
    quote: Callable[[str], str]
    """Quotes a text as one word that means exactly that text."""
    assign: Callable[[Assignments], str]
    """Code, without the last newline, that sets and unsets environment variables."""
    template_suffix: str = ""
    """File name extension of its templates; empty for a shell without a hook."""
    word_separator: str = " "
    """Between the commands in the hook's list of commands to pass through."""
    quotes_words: bool = False
    """Whether those commands are quoted in that list."""
    wrap_hook: Callable[[str], str] = str
    """Adds code around the filled-in hook."""


# -- quoting


def _quote_posix(text: str) -> str:
    """Use single quotes, inside which nothing is special."""
    return "'" + text.replace("'", "'\\''") + "'"


def _quote_fish(text: str) -> str:
    """Use single quotes, inside which only backslash and quote are escaped; newlines go outside."""
    lines = text.replace("\\", "\\\\").replace("'", "\\'").split("\n")
    return "\\n".join(f"'{line}'" for line in lines)


def _quote_powershell(text: str) -> str:
    """Use single quotes for printable ASCII and UTF-16 code units for the rest.

    PowerShell's typographic quotes end a string too, and a console's code page may lack the rest.
    """
    _require_unicode(text)
    pieces = [_quote_powershell_piece(piece) for piece in _POWERSHELL_PLAIN.findall(text)]
    if not pieces or not pieces[0].startswith("'"):
        pieces.insert(0, "''")
    return pieces[0] if len(pieces) == 1 else "(" + " + ".join(pieces) + ")"


def _quote_powershell_piece(piece: str) -> str:
    if " " <= piece[0] <= "~":
        return "'" + piece.replace("'", "''") + "'"
    units = piece.encode("utf-16-be")
    return " + ".join(f"[char]0x{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _quote_nu(text: str) -> str:
    """Use double quotes with escapes."""
    _require_unicode(text)
    return '"' + "".join(_escape_nu_character(character) for character in text) + '"'


def _escape_nu_character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"


def _require_unicode(text: str) -> None:
    """Raise UsageError for bytes that aren't UTF-8: this shell's strings are Unicode."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(
            "This shell accepts only Unicode text.", why="The name has bytes that aren't UTF-8."
        )


# -- assignments


def _assign_posix(assignments: Assignments, prefix: str = "") -> str:
    return " &&\n".join(
        f"{prefix}unset {name}" if value is None else f"{prefix}export {name}={_quote_posix(value)}"
        for name, value in assignments.items()
    )


def _assign_posix_builtin(assignments: Assignments) -> str:
    r"""Chain `\builtin` calls, which no alias replaces; a read-only variable makes all fail."""
    return _assign_posix(assignments, "\\builtin ")


def _assign_fish(assignments: Assignments) -> str:
    """Set global variables; universal ones belong to the user (the hook reports a conflict)."""
    return "\n".join(
        f"set -eg {name}" if value is None else f"set -gx {name} {_quote_fish(value)}"
        for name, value in assignments.items()
    )


def _assign_powershell(assignments: Assignments) -> str:
    return "\n".join(
        f"$env:{name} = " + ("$null" if value is None else _quote_powershell(value))
        for name, value in assignments.items()
    )


def _assign_nu(assignments: Assignments) -> str:
    """Return a line of JSON, `{"set": {NAME: VALUE}, "unset": [NAME]}`; nu can't evaluate code."""
    record = {
        "set": {name: value for name, value in assignments.items() if value is not None},
        "unset": [name for name, value in assignments.items() if value is None],
    }
    return json.dumps(record, ensure_ascii=False)


# -- the shells


def _wrap_zsh_hook(hook: str) -> str:
    """Isolate the hook from the user's options and aliases, when it is read and when it runs."""
    return "\\builtin emulate zsh -o no_aliases -c " + _quote_posix(hook) + "\n"


_SHELLS = {
    shell.name: shell
    for shell in (
        Shell("bash", _quote_posix, _assign_posix_builtin, "bash", " | "),
        Shell("zsh", _quote_posix, _assign_posix_builtin, "zsh", " | ", wrap_hook=_wrap_zsh_hook),
        Shell("fish", _quote_fish, _assign_fish, "fish"),
        Shell("powershell", _quote_powershell, _assign_powershell, "ps1", ", ", quotes_words=True),
        Shell("nu", _quote_nu, _assign_nu, "nu", quotes_words=True),
        Shell("sh", _quote_posix, _assign_posix),
    )
}

SHELLS = tuple(name for name, shell in _SHELLS.items() if shell.template_suffix)
"""Names of the shells with a hook."""

EMIT_SHELLS = tuple(_SHELLS)
"""Names of the shells with assignments; "sh" is any POSIX shell, such as dash."""


def find_shell(name: str) -> Shell:
    """Return a shell by name. Raises UsageError for an unknown one."""
    if name not in _SHELLS:
        raise UsageError(
            f"xswitch doesn't support the shell {name!r}.",
            why=f"It supports {', '.join(EMIT_SHELLS)}.",
        )
    return _SHELLS[name]


def quote_for_shell(shell: str, text: str) -> str:
    """Quote `text` as one word of the shell that means exactly `text`.

    Raises UsageError for an unknown shell, for NUL, and for text the shell's strings can't hold.
    """
    if "\0" in text:
        raise UsageError("A shell can't hold a NUL character.")
    return find_shell(shell).quote(text)


def render_assignments(shell: str, assignments: Assignments) -> str:
    """Return code, ending with a newline, that applies the assignments in a shell.

    Raises UsageError as `quote_for_shell` does, and for an invalid variable name.
    """
    for name, value in assignments.items():
        if not _VARIABLE_NAME.fullmatch(name):
            raise UsageError(f"{name!r} isn't a valid environment variable name.")
        quote_for_shell(shell, value or "")
    return find_shell(shell).assign(assignments) + "\n"


def switch_assignments(profile: str, previous: str | None = None) -> dict[str, str | None]:
    """Return what a switch to `profile` changes in the shell; `previous` is its AWS_PROFILE so far.

    XSWITCH_PREVIOUS, the target of `switch -`, changes only if the profile does.
    """
    assignments: dict[str, str | None] = dict.fromkeys(SHADOWING_VARIABLES)
    if previous and previous != profile:
        assignments["XSWITCH_PREVIOUS"] = previous
    assignments["AWS_PROFILE"] = profile
    return assignments


def unset_assignments(previous: str | None = None) -> dict[str, str | None]:
    """Return what leaving every account changes; `previous` as for `switch_assignments`."""
    assignments: dict[str, str | None] = dict.fromkeys((*SHADOWING_VARIABLES, "AWS_PROFILE"))
    if previous:
        assignments["XSWITCH_PREVIOUS"] = previous
    return assignments
