"""Which profile a `credential_process` command gets its credentials from, as far as it says so."""

from __future__ import annotations

import os
import shlex

_OURS = "xswitch"
_LAUNCHER = "credential_process.py"
_COMMAND = "credential-process"
_AWS_CLI = frozenset({"aws", "aws2"})
_SHELLS = frozenset({"bash", "dash", "ksh", "sh", "zsh"})
_MAX_SHELLS = 3


def requested_profile(command: str) -> str | None:
    """Return the profile whose credentials a command prints, None if that can't be seen.

    It knows xswitch's own command in all forms, `aws configure export-credentials --profile NAME`,
    and both inside `sh -c`, after `env` and the like. What a script does can't be seen.
    """
    return _requested_profile(command, _MAX_SHELLS)


def _requested_profile(command: str, shells: int) -> str | None:
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    names = [_program_name(word) for word in words]
    for index, name in enumerate(names):
        rest = words[index + 1 :]
        if name == _LAUNCHER:
            return _first_argument(rest)
        if name == _OURS and _COMMAND in rest:
            return _first_argument(rest[rest.index(_COMMAND) + 1 :])
        if name in _AWS_CLI and {"configure", "export-credentials"} <= set(rest):
            return _option(rest, "--profile")
        if name in _SHELLS and shells:
            script = next((word for word in rest if not word.startswith("-")), "")
            if any(word.startswith("-") and word.endswith("c") for word in rest):
                return _requested_profile(script.removeprefix("exec "), shells - 1)
    return None


def _program_name(word: str) -> str:
    name = os.path.basename(word.replace("\\", "/"))  # noqa: PTH119 -- not a path of this machine
    return name.lower().removesuffix(".exe").removesuffix(".cmd")


def _first_argument(words: list[str]) -> str | None:
    return next((word for word in words if not word.startswith("-")), None)


def _option(words: list[str], name: str) -> str | None:
    for index, word in enumerate(words):
        if word == name and index + 1 < len(words):
            return words[index + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None
