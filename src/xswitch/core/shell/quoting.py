"""Code for other people's shells: quoting, and the assignments a switch leaves to be evaluated.

Each shell has its own rules; POSIX quoting is wrong in fish, PowerShell and nushell. What is
emitted is assignments and nothing else, with every value quoted, so that no profile name can become
a command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from xswitch.core.errors import UsageError

SHELLS = ("bash", "zsh", "fish", "powershell", "nu")
"""The shells with a hook."""

EMIT_SHELLS = (*SHELLS, "sh")
"""The shells assignments can be written for; "sh" is any POSIX shell, dash for one."""

SHADOWING_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_DEFAULT_PROFILE",
    "AWS_CREDENTIAL_EXPIRATION",
)
"""Variables that would beat AWS_PROFILE, or speak of credentials that no longer count."""

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_POWERSHELL_PLAIN = re.compile(r"[ -~]+|[^ -~]")
_WIDE = 0xFFFF


def quote_for_shell(shell: str, text: str) -> str:
    """`text` as one word of `core.shell.templates` that means exactly `text`.

    bash, zsh and sh: single quotes, under which nothing is special. fish: single quotes, where only
    the backslash and the quote are escaped; line ends stand outside of them. PowerShell: single
    quotes doubled; what isn't printable ASCII is added as UTF-16 units, because its typographic
    quotes end a string too and a console's code page may not know the rest. nu: double quotes with
    escapes. Raises UsageError for an unknown shell, for NUL, and for what the shell's strings can't
    hold.
    """
    if "\0" in text:
        raise UsageError("A NUL character can't be given to a shell.")
    quoter = _QUOTERS.get(shell)
    if quoter is None:
        raise _unknown_shell_error(shell)
    return quoter(text)


def _unknown_shell_error(shell: str) -> UsageError:
    return UsageError(
        f"There is no shell {shell!r} here.", why=f"Known are: {', '.join(EMIT_SHELLS)}."
    )


def _quote_posix(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _quote_fish(text: str) -> str:
    lines = text.replace("\\", "\\\\").replace("'", "\\'").split("\n")
    return "\\n".join(f"'{line}'" for line in lines)


def _quote_powershell(text: str) -> str:
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
    _require_unicode(text)
    return '"' + "".join(_escape_nu_character(character) for character in text) + '"'


def _escape_nu_character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"


def _require_unicode(text: str) -> None:
    """Refuse bytes that were not UTF-8: this shell's strings are Unicode."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(
            "This shell can only be given Unicode text.",
            why="The name holds bytes that are not UTF-8.",
        )


_QUOTERS: Mapping[str, Callable[[str], str]] = {
    "bash": _quote_posix,
    "zsh": _quote_posix,
    "sh": _quote_posix,
    "fish": _quote_fish,
    "powershell": _quote_powershell,
    "nu": _quote_nu,
}


def render_assignments(shell: str, assignments: Mapping[str, str | None]) -> str:
    r"""Code for `core.shell.templates` that makes these environment variables so; None unsets.

    Ends with a newline.

    bash and zsh: one list of `\builtin export` and `\builtin unset`, which no alias or function can
    take over, and which fails as a whole when a variable is read-only. fish: `set` of global
    variables; universal ones are the user's own and stay (the hook says so when one is in the way).
    nu can't evaluate code, so it gets one line of JSON, `{"set": {NAME: VALUE}, "unset": [NAME]}`.
    Raises UsageError as `quote_for_shell` does, and for a name that is no variable's.
    """
    for name in assignments:
        if not _VARIABLE_NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of an environment variable.")
    if shell == "nu":
        return _nu_assignments(assignments)
    render_one = {
        "bash": _posix_assignment,
        "zsh": _posix_assignment,
        "sh": _posix_assignment,
        "fish": _fish_assignment,
        "powershell": _powershell_assignment,
    }.get(shell)
    if render_one is None:
        raise _unknown_shell_error(shell)
    lines = [render_one(shell, name, value) for name, value in assignments.items()]
    return (" &&\n" if render_one is _posix_assignment else "\n").join(lines) + "\n"


def _posix_assignment(shell: str, name: str, value: str | None) -> str:
    prefix = "" if shell == "sh" else "\\builtin "
    return (
        f"{prefix}unset {name}"
        if value is None
        else f"{prefix}export {name}={quote_for_shell(shell, value)}"
    )


def _fish_assignment(shell: str, name: str, value: str | None) -> str:
    if value is not None:
        return f"set -gx {name} {quote_for_shell(shell, value)}"
    return f"set -eg {name}"


def _powershell_assignment(shell: str, name: str, value: str | None) -> str:
    return f"$env:{name} = " + ("$null" if value is None else quote_for_shell(shell, value))


def _nu_assignments(assignments: Mapping[str, str | None]) -> str:
    assigned = {name: value for name, value in assignments.items() if value is not None}
    for value in assigned.values():
        quote_for_shell("nu", value)
    record = {
        "set": assigned,
        "unset": [name for name, value in assignments.items() if value is None],
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def switch_assignments(profile: str, previous: str | None = None) -> dict[str, str | None]:
    """What a switch to `profile` changes in the shell.

    `previous` is its AWS_PROFILE until now, if there is one.

    XSWITCH_PREVIOUS is where `switch -` goes back to: it changes only when the profile does.
    """
    assignments: dict[str, str | None] = dict.fromkeys(SHADOWING_VARIABLES)
    if previous and previous != profile:
        assignments["XSWITCH_PREVIOUS"] = previous
    assignments["AWS_PROFILE"] = profile
    return assignments


def unset_assignments(previous: str | None = None) -> dict[str, str | None]:
    """What leaving every account changes in the shell.

    With `previous`, its AWS_PROFILE until now, `switch -` comes back.
    """
    assignments: dict[str, str | None] = dict.fromkeys((*SHADOWING_VARIABLES, "AWS_PROFILE"))
    if previous:
        assignments["XSWITCH_PREVIOUS"] = previous
    return assignments
