"""The shells xswitch writes code for: quoting, assignments, and how each differs in its templates.

POSIX quoting is wrong in fish, PowerShell and nushell, so each shell has its own rules. The code to
evaluate after a switch holds only assignments with every value quoted, so that no profile name can
become a command. A new shell is one entry of `_SHELLS` and its two templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from xswitch.core.errors import UsageError
from xswitch.core.variables import (
    CLEARED_VARIABLES,
    KEY_ID_VARIABLES,
    OWN_REGIONS,
    REGION_VARIABLES,
    SET_ASIDE_VARIABLES,
    SWITCHED_REGION,
    WEB_IDENTITY_VARIABLE,
)

Assignments = Mapping[str, str | None]
"""Environment variables and their new values; None unsets one."""

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMORY = "__xswitch_was_"
"""Starts the name of the shell variable that remembers another; it isn't exported.

It holds `x` and the value of an exported variable, `s` and that of one that is only set, or
nothing. In fish, a list.
"""
_POWERSHELL_PLAIN = re.compile(r"[ -~]+|[^ -~]")


@dataclass(frozen=True, slots=True)
class ShellChange:
    """The changes of a switch, or of leaving the account, in a shell, in this order."""

    own_regions: Assignments = field(default_factory=dict)
    """The region variables as they were before the last switch."""
    set_aside: bool = False
    """Remember what `SET_ASIDE_VARIABLES` are, unless an earlier switch has."""
    assignments: Assignments = field(default_factory=dict)
    give_back: bool = False
    """Make `SET_ASIDE_VARIABLES` what they were, if a switch remembered it."""
    report: str = ""
    """Text for stderr once all of this is done, for a shell without a hook."""


@dataclass(frozen=True, slots=True)
class Shell:
    """One shell: its rules for quoting and assigning, and what its templates need."""

    name: str
    quote: Callable[[str], str]
    """Quotes a text as one word that means exactly that text."""
    assign: Callable[[Assignments], str]
    """Code, without the last newline, that sets and unsets environment variables."""
    change: Callable[[ShellChange, Collection[str]], str]
    """Code, without the last newline, for a change; the collection holds the exported variables."""
    unset_words: str
    """The command that unsets exported variables, before their names."""
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
    return json.dumps(_nu_record(assignments), ensure_ascii=False)


def _nu_record(assignments: Assignments) -> dict[str, object]:
    return {
        "set": {name: value for name, value in assignments.items() if value is not None},
        "unset": [name for name, value in assignments.items() if value is None],
    }


# -- changes: assignments, and the memory of what was there before


def _change_bash(change: ShellChange, exported: Collection[str]) -> str:
    return _change_posix(change, exported, "\\builtin ", "export -n")


def _change_zsh(change: ShellChange, exported: Collection[str]) -> str:
    return _change_posix(change, exported, "\\builtin ", "typeset -g +x")


def _change_sh(change: ShellChange, exported: Collection[str]) -> str:
    return _change_posix(change, exported, "", "")


def _change_posix(
    change: ShellChange, exported: Collection[str], prefix: str, unexport: str
) -> str:
    """Chain everything, so that the result tells whether all of it was done.

    `unexport` takes the memory out of the environment, where `set -a` would put it. A shell that
    can't do this remembers nothing then.
    """
    steps = [f"{prefix}:"]
    if change.own_regions:
        steps.append(_assign_posix(change.own_regions, prefix))
    if change.set_aside:
        memory = " ".join(_remember_posix(name, exported) for name in SET_ASIDE_VARIABLES)
        if unexport:
            names = " ".join(_MEMORY + name for name in SET_ASIDE_VARIABLES)
            steps += [memory, f"{prefix}{unexport} {names}"]
        else:
            steps.append(f"case $- in (*a*) ;; (*) {memory} ;; esac")
    unset = [name for name, value in change.assignments.items() if value is None]
    if unset:
        steps.append(f"{prefix}unset {' '.join(unset)}")
    values = {name: value for name, value in change.assignments.items() if value is not None}
    if values:
        steps.append(_assign_posix(values, prefix))
    if change.give_back:
        steps += (_give_back_posix(name, prefix) for name in SET_ASIDE_VARIABLES)
    profile = change.assignments.get("AWS_PROFILE")
    if profile is not None:
        # Attributes may have changed the value, and unset may have uncovered another variable
        before = "".join(f"${{{name}-}}" for name in (*KEY_ID_VARIABLES, WEB_IDENTITY_VARIABLE))
        steps.append(f'[ "${{AWS_PROFILE-}}" = {_quote_posix(profile)} ] && [ -z "{before}" ]')
    if change.report:
        steps.append(f"printf '%s\\n' {_quote_posix(change.report)} >&2")
    return " &&\n".join(steps)


def _remember_posix(name: str, exported: Collection[str]) -> str:
    state = "x" if name in exported else "s"
    return f'{_MEMORY}{name}="${{{_MEMORY}{name}-${{{name}+{state}${name}}}}}"'


def _give_back_posix(name: str, prefix: str) -> str:
    memory = _MEMORY + name
    return (
        f'case "${{{memory}-none}}" in '
        f'(x*) {prefix}export {name}="${{{memory}#x}}" ;; '
        f'(s*) {prefix}unset {name}; {name}="${{{memory}#s}}" ;; '
        f"('') {prefix}unset {name} ;; esac && {prefix}unset {memory}"
    )


def _change_fish(change: ShellChange, _exported: Collection[str]) -> str:
    lines = [_assign_fish(change.own_regions)] if change.own_regions else []
    if change.set_aside:
        lines += (
            f"set -q {_MEMORY}{name}; or if set -qgx {name}; set -g {_MEMORY}{name} x ${name};"
            f" else if set -qg {name}; set -g {_MEMORY}{name} s ${name};"
            f" else; set -g {_MEMORY}{name}; end"
            for name in SET_ASIDE_VARIABLES
        )
    if change.assignments:
        lines.append(_assign_fish(change.assignments))
    if change.give_back:
        lines += (
            f'set -q {_MEMORY}{name}; and switch "${_MEMORY}{name}[1]";'
            f" case x; set -gx {name} ${_MEMORY}{name}[2..-1];"
            f" case s; set -gu {name} ${_MEMORY}{name}[2..-1];"
            f" case '*'; set -eg {name}; end; set -eg {_MEMORY}{name}"
            for name in SET_ASIDE_VARIABLES
        )
    return "\n".join(lines)


def _change_powershell(change: ShellChange, _exported: Collection[str]) -> str:
    """Return only assignments: the hook remembers and gives back."""
    return _assign_powershell({**change.own_regions, **change.assignments})


def _change_nu(change: ShellChange, _exported: Collection[str]) -> str:
    own = {f"own_{key}": value for key, value in _nu_record(change.own_regions).items()}
    memory = {"set_aside": change.set_aside, "give_back": change.give_back}
    return json.dumps({**_nu_record(change.assignments), **own, **memory}, ensure_ascii=False)


# -- the shells


def _wrap_zsh_hook(hook: str) -> str:
    """Isolate the hook from the user's options and aliases, when it is read and when it runs."""
    return "\\builtin emulate zsh -o no_aliases -c " + _quote_posix(hook) + "\n"


_SHELLS = {
    shell.name: shell
    for shell in (
        Shell("bash", _quote_posix, _assign_posix_builtin, _change_bash, "unset", "bash", " | "),
        Shell(
            "zsh",
            _quote_posix,
            _assign_posix_builtin,
            _change_zsh,
            "unset",
            "zsh",
            " | ",
            wrap_hook=_wrap_zsh_hook,
        ),
        Shell("fish", _quote_fish, _assign_fish, _change_fish, "set -e", "fish"),
        Shell(
            "powershell",
            _quote_powershell,
            _assign_powershell,
            _change_powershell,
            "Remove-Item -ErrorAction Ignore -Path",
            "ps1",
            ", ",
            quotes_words=True,
        ),
        Shell("nu", _quote_nu, _assign_nu, _change_nu, "hide-env", "nu", quotes_words=True),
        Shell("sh", _quote_posix, _assign_posix, _change_sh, "unset"),
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


def render_change(shell: str, change: ShellChange, environment: Mapping[str, str]) -> str:
    """Return code, ending with a newline, that makes a change in a shell.

    `environment` is that of the process that the shell started. Raises UsageError as
    `render_assignments` does.
    """
    for assignments in (change.own_regions, change.assignments):
        render_assignments(shell, assignments)
    quote_for_shell(shell, change.report)
    return find_shell(shell).change(change, environment) + "\n"


def switch_change(
    profile: str, region: str, environment: Mapping[str, str], report: str = ""
) -> ShellChange:
    """Return what a switch to `profile` changes in the shell with this environment.

    `region` is what both region variables become; "" leaves, or makes, them the shell's own.
    XSWITCH_PREVIOUS, the target of `switch -`, changes only if the profile does.
    """
    assignments: dict[str, str | None] = dict.fromkeys(CLEARED_VARIABLES)
    own = _own_regions(environment)
    if region:
        before = {name: environment.get(name) for name in REGION_VARIABLES} | own
        assignments |= {OWN_REGIONS[name]: value for name, value in before.items()}
        assignments |= dict.fromkeys((*REGION_VARIABLES, SWITCHED_REGION), region)
    else:
        assignments |= _no_region_markers(environment)
    previous = environment.get("AWS_PROFILE")
    if previous and previous != profile:
        assignments["XSWITCH_PREVIOUS"] = previous
    assignments["AWS_PROFILE"] = profile
    return ShellChange(own, set_aside=True, assignments=assignments, report=report)


def unset_change(environment: Mapping[str, str]) -> ShellChange:
    """Return what leaving every account changes in the shell with this environment."""
    assignments: dict[str, str | None] = {"AWS_PROFILE": None, **_no_region_markers(environment)}
    previous = environment.get("AWS_PROFILE")
    if previous:
        assignments["XSWITCH_PREVIOUS"] = previous
    return ShellChange(_own_regions(environment), assignments=assignments, give_back=True)


def _own_regions(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return the region variables that still have a switch's value, as they were before it."""
    switched = environment.get(SWITCHED_REGION)
    return {
        name: environment.get(OWN_REGIONS[name])
        for name in REGION_VARIABLES
        if switched and environment.get(name) == switched
    }


def _no_region_markers(environment: Mapping[str, str]) -> dict[str, str | None]:
    markers = (SWITCHED_REGION, *OWN_REGIONS.values())
    return {name: None for name in markers if name in environment}


def unset_command(shell: str, names: Iterable[str]) -> str:
    """Return the command that a user of the shell types to unset environment variables."""
    description = find_shell(shell)
    if description.template_suffix == "ps1":
        return f"{description.unset_words} {', '.join(f'Env:{name}' for name in names)}"
    return f"{description.unset_words} {' '.join(names)}"


def set_command(shell: str, assignments: Mapping[str, str]) -> str:
    """Return the commands that a user of the shell types to set environment variables."""
    quote = find_shell(shell).quote
    prefix = {"powershell": "$env:", "nu": "$env."}.get(shell)
    if prefix is not None:
        return "; ".join(f"{prefix}{name} = {quote(value)}" for name, value in assignments.items())
    words = [
        f"{name}={value if _is_plain(value) else quote(value)}"
        for name, value in assignments.items()
    ]
    if shell == "fish":
        return "; ".join(f"set -gx {word.replace('=', ' ', 1)}" for word in words)
    return f"export {' '.join(words)}"


def _is_plain(text: str) -> bool:
    """Whether a text needs no quotes in any shell."""
    return re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./:+-]*", text) is not None
