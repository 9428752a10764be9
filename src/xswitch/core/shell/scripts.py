"""The shell hooks and completions.

Templates (data, in `xswitch/shell`) with their blanks filled in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from xswitch.core.errors import UsageError
from xswitch.core.shell.completion import (
    COMPLETION_WORDS,
    PASSED_THROUGH_COMMANDS,
    completion_table,
)
from xswitch.core.shell.quoting import SHADOWING_VARIABLES, SHELLS, quote_for_shell

_SUFFIXES = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "ps1", "nu": "nu"}
_PROMPT_MARKER = "# @PROMPT@\n"
_PLACEHOLDER = re.compile(r"@([A-Z]+)@")
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_RESERVED_WORDS = frozenset(
    {
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "case",
        "esac",
        "for",
        "foreach",
        "in",
        "while",
        "until",
        "do",
        "done",
        "function",
        "select",
        "time",
        "coproc",
        "repeat",
        "end",
        "begin",
        "switch",
        "and",
        "or",
        "not",
        "builtin",
        "command",
        "exec",
        "eval",
        "export",
        "unset",
        "unalias",
        "local",
        "typeset",
        "return",
        "shift",
        "set",
        "setopt",
        "emulate",
        "test",
        "read",
        "printf",
        "echo",
        "source",
        "cd",
        "def",
        "let",
        "mut",
        "const",
        "use",
        "try",
        "catch",
        "throw",
        "param",
        "filter",
        "process",
        "class",
        "enum",
        "data",
        "trap",
        "break",
        "continue",
        "print",
        "open",
        "lines",
        "string",
        "math",
        "path",
        "contains",
        "functions",
        "complete",
        "compdef",
        "compadd",
        "prompt",
    }
)


def init_template(shell: str) -> str:
    """The file name of a shell's hook in the package `xswitch.core.shell.templates`.

    Raises UsageError for an unknown shell.
    """
    return f"init.{_suffix(shell)}"


def completion_template(shell: str) -> str:
    """The file name of a shell's completion in the package `xswitch.core.shell.templates`.

    Raises UsageError for an unknown shell.
    """
    return f"completion.{_suffix(shell)}"


def _suffix(shell: str) -> str:
    if shell not in _SUFFIXES:
        raise UsageError(
            f"There is no hook for the shell {shell!r}.",
            next_step=f"xswitch init SHELL, with one of {', '.join(SHELLS)}",
        )
    return _SUFFIXES[shell]


def render_init(  # noqa: PLR0913 -- each is one blank of the template
    shell: str,
    template: str,
    *,
    command: str | Sequence[str],
    cmd: str = "xs",
    state_folder: str,
    prompt: bool = False,
) -> str:
    """The hook: `template` filled in.

    `command` are the words that start xswitch from any folder (a string is one word), `cmd` the
    function's name, `state_folder` where `prompt/` is, `prompt` whether it puts itself into the
    prompt. Raises UsageError for an unusable function name.
    """
    hook, _, wiring = template.partition(_PROMPT_MARKER)
    body = _fill_placeholders(
        shell,
        hook + wiring if prompt else hook,
        {"STATE": quote_for_shell(shell, state_folder), **_placeholders(shell, command, cmd)},
    )
    if shell == "zsh":
        # Nothing the user has set or aliased is in force where this is read and run, and nothing
        # set there stays.
        return "\\builtin emulate zsh -o no_aliases -c " + quote_for_shell(shell, body) + "\n"
    return body


def render_completion(
    shell: str, template: str, *, command: str | Sequence[str] = "xswitch", cmd: str = "xs"
) -> str:
    """The completion script: `template` filled in, for `xswitch` and the hook's function `cmd`.

    Raises UsageError as `render_init` does.
    """
    return _fill_placeholders(shell, template, _placeholders(shell, command, cmd))


def _placeholders(shell: str, command: str | Sequence[str], cmd: str) -> dict[str, str]:
    if not _FUNCTION_NAME.fullmatch(cmd) or cmd.lower() in _RESERVED_WORDS:
        raise UsageError(
            f"{cmd!r} can't be the name of a shell function.",
            why="It is letters, digits, - and _, begins with a letter, and is no word of the shell's own.",
            next_step=f"xswitch init {shell} --cmd xs",
        )
    words = [command] if isinstance(command, str) else list(command)
    separator = {"bash": " | ", "zsh": " | ", "powershell": ", "}.get(shell, " ")
    commands = separator.join(
        quote_for_shell(shell, word) if shell in {"powershell", "nu"} else word
        for word in PASSED_THROUGH_COMMANDS
    )
    return {
        "CMD": cmd,
        "COMMAND": " ".join(quote_for_shell(shell, word) for word in words),
        "COMMANDS": commands,
        "SHADOWING": " ".join(SHADOWING_VARIABLES),
        "TABLE": quote_for_shell(shell, completion_table()),
        "EXTERNS": _nu_externs(),
    }


def _nu_externs() -> str:
    """Nushell completes options only from declarations, so every command gets one."""
    types = {"flag": "", "value": ": string", "file": ": path"}
    declarations = []
    for command in dict.fromkeys(row.command for row in COMPLETION_WORDS if row.command):
        flags = [
            row
            for row in COMPLETION_WORDS
            if row.command == command and row.kind in types and row.word != "--help"
        ]
        lines = "".join(f"    {row.word}{types[row.kind]} # {row.text}\n" for row in flags)
        declarations.append(
            f'extern "xswitch {command}" [\n    ...words: string@__xswitch_complete\n{lines}]'
        )
    return "\n".join(declarations)


def _fill_placeholders(shell: str, template: str, blanks: dict[str, str]) -> str:
    _suffix(shell)
    return _PLACEHOLDER.sub(lambda found: blanks[found[1]], template)
