"""The shell hooks and completion scripts: templates with their placeholders filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xswitch.core.errors import ExitCode, UsageError
from xswitch.core.shell.completion import CompletionWord, completion_table
from xswitch.core.shell.limits import LIMITS_VARIABLE
from xswitch.core.shell.shells import SHELLS, Shell, find_shell, quote_for_shell
from xswitch.core.variables import (
    CLEARED_VARIABLES,
    DEFAULT_PROFILE_VARIABLE,
    KEY_ID_VARIABLES,
    OWN_REGIONS,
    SET_ASIDE_VARIABLES,
    WEB_IDENTITY_VARIABLE,
)

_PROMPT_MARKER = "# @PROMPT@\n"
_PLACEHOLDER = re.compile(r"@([A-Z]+)@")
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_RESERVED_WORDS = """
if then elif else fi case esac for foreach in while until do done function select time coproc
repeat end begin switch and or not builtin command exec eval export unset unalias local typeset
return shift set setopt emulate test read printf echo source cd def let mut const use try catch
throw param filter process class enum data trap break continue print open lines string math path
contains functions complete compdef compadd prompt
"""
"""Reserved words of all shells, and the commands that the templates call."""


def init_template(shell: str) -> str:
    """Return the file name of a shell's hook in `templates`.

    Raises UsageError for a shell without a hook.
    """
    return f"init.{_hooked_shell(shell).template_suffix}"


def completion_template(shell: str) -> str:
    """Return the file name of a shell's completion script in `templates`.

    Raises UsageError for a shell without a hook.
    """
    return f"completion.{_hooked_shell(shell).template_suffix}"


def _hooked_shell(name: str) -> Shell:
    if name not in SHELLS:
        raise UsageError(
            f"xswitch has no hook for the shell {name!r}.",
            next_step=f"xswitch init SHELL, with one of {', '.join(SHELLS)}",
        )
    return find_shell(name)


def render_init(  # noqa: PLR0913 -- each is one placeholder of the template
    shell: str,
    template: str,
    *,
    command: str | Sequence[str],
    cmd: str = "xs",
    plain_commands: Sequence[str],
    state_folder: str,
    prompt: bool = False,
) -> str:
    """Fill in a hook's template.

    `command` holds the words that start xswitch from any folder (a string is one word). `cmd` names
    the function; when its first word is one of `plain_commands`, it runs xswitch unchanged.
    `state_folder` contains `prompt/`; with `prompt`, the hook also changes the prompt.
    Raises UsageError for an invalid function name.
    """
    description = _hooked_shell(shell)
    hook, _, prompt_setup = template.partition(_PROMPT_MARKER)
    listed = [
        description.quote(word) if description.quotes_words else word for word in plain_commands
    ]
    values = {
        "COMMANDS": description.word_separator.join(listed),
        "STATE": quote_for_shell(shell, state_folder),
        "CLEARED": " ".join(CLEARED_VARIABLES),
        "ASIDE": " ".join(SET_ASIDE_VARIABLES),
        "KEYIDS": " ".join(KEY_ID_VARIABLES),
        "REGIONS": " ".join(OWN_REGIONS),
        "TOKENFILE": WEB_IDENTITY_VARIABLE,
        "DEFAULTPROFILE": DEFAULT_PROFILE_VARIABLE,
        "LIMITS": LIMITS_VARIABLE,
        "UNCHANGED": str(int(ExitCode.SHELL)),
        **_common_values(shell, command, cmd),
    }
    return description.wrap_hook(_fill(hook + prompt_setup if prompt else hook, values))


def render_completion(
    shell: str,
    template: str,
    *,
    command: str | Sequence[str] = "xswitch",
    cmd: str = "xs",
    words: Sequence[CompletionWord],
) -> str:
    """Fill in a completion template, for `xswitch` and the hook's function `cmd`.

    Raises UsageError as `render_init` does.
    """
    _hooked_shell(shell)
    values = {
        "TABLE": quote_for_shell(shell, completion_table(words)),
        "EXTERNS": _nu_externs(words),
        **_common_values(shell, command, cmd),
    }
    return _fill(template, values)


def _common_values(shell: str, command: str | Sequence[str], cmd: str) -> dict[str, str]:
    if not _FUNCTION_NAME.fullmatch(cmd) or cmd.lower() in _RESERVED_WORDS.split():
        raise UsageError(
            f"{cmd!r} can't be the name of a shell function.",
            why="A name has letters, digits, - and _, starts with a letter or _, "
            "and isn't reserved by a shell.",
            next_step=f"xswitch init {shell} --cmd xs",
        )
    words = [command] if isinstance(command, str) else command
    return {"CMD": cmd, "COMMAND": " ".join(quote_for_shell(shell, word) for word in words)}


def _nu_externs(words: Sequence[CompletionWord]) -> str:
    """Declare every command: nushell completes options only from declarations."""
    types = {"flag": "", "value": ": string", "file": ": path"}
    options: dict[str, str] = {}
    for word in words:
        if word.command:
            lines = options.setdefault(word.command, "")
            if word.kind in types and word.word != "--help":
                options[word.command] = f"{lines}    {word.word}{types[word.kind]} # {word.text}\n"
    return "\n".join(
        f'extern "xswitch {command}" [\n    ...words: string@__xswitch_complete\n{lines}]'
        for command, lines in options.items()
    )


def _fill(template: str, values: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)
