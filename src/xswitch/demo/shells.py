"""The shell that opens in the demo, and the start files that load its hook."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

ZSH_FOLDER = "demo/zsh"
_BASH_RC = "demo/bashrc"
_FISH_RC = ".config/fish/config.fish"

_HINTS = (
    "aws sts get-caller-identity      who you are now, as the embedded AWS says",
    "xs                               the picker again; xs NAME, xs -, xs --unset",
    "xswitch login acorn              sign in to an organization of twelve accounts",
    "xswitch demo --advance 1h        let an hour pass; the session renews itself",
    "xswitch demo --code              the current MFA code",
    "exit                             ends the demo and removes all of it",
)
_PRINT_HINTS = "printf '%s\\n' 'The xswitch demo. Nothing here is yours or real; try:' " + " ".join(
    f"'  {hint}'" for hint in _HINTS
)

# Some AWS CLIs don't read AWS_ENDPOINT_URL, so the option is passed to them.
_AWS_POSIX = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
_AWS_FISH = "function aws --wraps aws\n    command aws --endpoint-url $AWS_ENDPOINT_URL $argv\nend"

_HOOK = 'eval "$(xswitch init SHELL --prompt)"\neval "$(xswitch completion SHELL)"\n'
_BASH = "PS1='\\W \\$ '\n" + _HOOK.replace("SHELL", "bash") + f"{_AWS_POSIX}\n{_PRINT_HINTS}\n"
_ZSH = (
    "PROMPT='%1~ %# '\nautoload -Uz compinit && compinit -u\n"
    + _HOOK.replace("SHELL", "zsh")
    + f"{_AWS_POSIX}\n{_PRINT_HINTS}\n"
)
_FISH = (
    "set -g fish_greeting\nxswitch init fish --prompt | source\nxswitch completion fish |"
    f" source\n{_AWS_FISH}\n{_PRINT_HINTS}\n"
)


def start_files() -> Mapping[str, str]:
    """Start files by path below the demo's HOME.

    The hook with its prompt, completion, `aws` with the endpoint, and a few hints.
    """
    return {
        _BASH_RC: _BASH,
        f"{ZSH_FOLDER}/.zshrc": _ZSH,
        f"{ZSH_FOLDER}/.zshenv": "unsetopt GLOBAL_RCS\n",
        _FISH_RC: _FISH,
    }


def shell_command(env: Mapping[str, str], shell: str | None = None) -> list[str]:
    """The argv of an interactive shell with the hook, in a demo's environment `env`.

    `shell` is a path or name, None for $SHELL. A shell without start files here (not bash, zsh, or
    fish) is replaced by bash, or by /bin/sh without the hook if there is no bash.
    """
    requested = shell or env.get("SHELL", "")
    path = shutil.which(requested, path=env.get("PATH")) if requested else None
    name = Path(path).name if path else ""
    if name not in ("bash", "zsh", "fish"):
        path, name = shutil.which("bash", path=env.get("PATH")), "bash"
    if path is None:
        return ["/bin/sh", "-i"]
    return (
        [path, "--rcfile", str(Path(env["HOME"]) / _BASH_RC), "-i"]
        if name == "bash"
        else [path, "-i"]
    )
