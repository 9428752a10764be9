"""The shell hooks and completions: templates (data, in `xswitch/shell`) with their blanks filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xswitch.core.errors import UsageError
from xswitch.core.shell.completion import PASSED_THROUGH, WORDS, table
from xswitch.core.shell.quoting import SHADOWING, SHELLS, quote

_SUFFIXES = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "ps1", "nu": "nu"}
_PROMPT_PART = "# @PROMPT@\n"
_BLANK = re.compile(r"@([A-Z]+)@")
_FUNCTION = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_TAKEN = frozenset(
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
    """The file name of a shell's hook in the package `xswitch.core.shell.templates`. Raises UsageError for an unknown shell."""
    return f"init.{_suffix(shell)}"


def completion_template(shell: str) -> str:
    """The file name of a shell's completion in the package `xswitch.core.shell.templates`. Raises UsageError for an unknown shell."""
    return f"completion.{_suffix(shell)}"


def _suffix(shell: str) -> str:
    if shell not in _SUFFIXES:
        raise UsageError(f"There is no hook for the shell {shell!r}.", next_step=f"xswitch init SHELL, with one of {', '.join(SHELLS)}")
    return _SUFFIXES[shell]


def render_init(  # noqa: PLR0913 -- each is one blank of the template
    shell: str, template: str, *, command: str | Sequence[str], cmd: str = "xs", state_folder: str, prompt: bool = False
) -> str:
    """The hook: `template` filled in.

    `command` are the words that start xswitch from any folder (a string is one word), `cmd` the function's name, `state_folder` where
    `prompt/` is, `prompt` whether it puts itself into the prompt. Raises UsageError for an unusable function name.
    """
    hook, _, wiring = template.partition(_PROMPT_PART)
    body = _fill(shell, hook + wiring if prompt else hook, {"STATE": quote(shell, state_folder), **_blanks(shell, command, cmd)})
    if shell == "zsh":
        # Nothing the user has set or aliased is in force where this is read and run, and nothing set there stays.
        return "\\builtin emulate zsh -o no_aliases -c " + quote(shell, body) + "\n"
    return body


def render_completion(shell: str, template: str, *, command: str | Sequence[str] = "xswitch", cmd: str = "xs") -> str:
    """The completion script: `template` filled in, for `xswitch` and the hook's function `cmd`. Raises UsageError as `render_init` does."""
    return _fill(shell, template, _blanks(shell, command, cmd))


def _blanks(shell: str, command: str | Sequence[str], cmd: str) -> dict[str, str]:
    if not _FUNCTION.fullmatch(cmd) or cmd.lower() in _TAKEN:
        raise UsageError(
            f"{cmd!r} can't be the name of a shell function.",
            why="It is letters, digits, - and _, begins with a letter, and is no word of the shell's own.",
            next_step=f"xswitch init {shell} --cmd xs",
        )
    words = [command] if isinstance(command, str) else list(command)
    separator = {"bash": " | ", "zsh": " | ", "powershell": ", "}.get(shell, " ")
    commands = separator.join(quote(shell, word) if shell in {"powershell", "nu"} else word for word in PASSED_THROUGH)
    return {
        "CMD": cmd,
        "COMMAND": " ".join(quote(shell, word) for word in words),
        "COMMANDS": commands,
        "SHADOWING": " ".join(SHADOWING),
        "TABLE": quote(shell, table()),
        "EXTERNS": _externs(),
    }


def _externs() -> str:
    """Nushell completes options only from declarations, so every command gets one."""
    types = {"flag": "", "value": ": string", "file": ": path"}
    declarations = []
    for command in dict.fromkeys(row.command for row in WORDS if row.command):
        flags = [row for row in WORDS if row.command == command and row.kind in types and row.word != "--help"]
        lines = "".join(f"    {row.word}{types[row.kind]} # {row.text}\n" for row in flags)
        declarations.append(f'extern "xswitch {command}" [\n    ...words: string@__xswitch_complete\n{lines}]')
    return "\n".join(declarations)


def _fill(shell: str, template: str, blanks: dict[str, str]) -> str:
    _suffix(shell)
    return _BLANK.sub(lambda found: blanks[found[1]], template)
