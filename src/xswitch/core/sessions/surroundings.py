"""The environment and working folder of a credential source, as far as its answer depends on them.

A `credential_process` that is a relative path, or is given one, is another command in another
folder; one that names variables, in other values. Both are part of every session key that is made
from it, so a session is only reused where the command is the same. What a program reads without
being told on its command line can't be known.
"""

from __future__ import annotations

import json
import ntpath
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Protocol

from xswitch.core.model import (
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Surroundings,
)

_VARIABLE = re.compile(r"\$\{?(?:env:)?([A-Za-z_]\w*)|%([A-Za-z_]\w*)%", re.IGNORECASE)
_HOME = re.compile(r"""(?:^|[\s"'=:])~(?:/|\s|["']|$)""")
# Of a command line inside a word: `sh -c 'cat a.json | tool --file=b'`
_SEPARATORS = re.compile(r"""[\s"'`=:,;|&()<>{}]+""")
_HERE = ("./", "../", ".\\", "..\\")
_DEFAULT_PATH = "/bin:/usr/bin"  # os.defpath


class WorkingFolder(Protocol):
    """The folder in which the commands of credential sources run."""

    def path(self) -> str:
        """Return its absolute path, "" if it's gone."""
        ...

    def has(self, path: str, *, folders: bool) -> bool:
        """Whether a file is at `path`, which may be absolute; with `folders`, or a folder."""
        ...


def source_surroundings(
    base: CredentialSource, view: ConfigView, env: Mapping[str, str], folder: WorkingFolder
) -> Surroundings:
    """Find what a credential source depends on in this environment and working folder."""
    profile = view.profiles.get(base.profile or "")
    if profile is None:
        return Surroundings()
    if base.kind is CredentialSourceKind.WEB_IDENTITY:
        token = profile.get("web_identity_token_file") or ""
        return Surroundings() if _is_absolute(token) else Surroundings(_facts({}, folder))
    if base.kind is not CredentialSourceKind.CREDENTIAL_PROCESS:
        return Surroundings()
    command = profile.get("credential_process") or ""
    names = {match[1] or match[2] for match in _VARIABLE.finditer(command)}
    names |= {"HOME"} if _HOME.search(command) else set()
    variables = {name: env.get(name) for name in sorted(names)}
    program, *arguments = _split(command) or [""]
    if _program_is_relative(program, env, folder) or any(map(_starts_with_dots, arguments)):
        return Surroundings(_facts(variables, folder))
    candidates = tuple(dict.fromkeys(_possible_paths(program, arguments)))
    if any(folder.has(path, folders="/" in path) for path in candidates):
        return Surroundings(_facts(variables, folder))
    return Surroundings(_facts(variables), candidates)


def _facts(variables: Mapping[str, str | None], folder: WorkingFolder | None = None) -> str:
    facts: dict[str, object] = {"variables": dict(variables)} if variables else {}
    facts |= {"folder": folder.path()} if folder is not None else {}
    return json.dumps(facts, sort_keys=True, separators=(",", ":")) if facts else ""


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # it can't run either
        return command.split()


def _is_absolute(path: str) -> bool:
    return posixpath.isabs(path) or bool(ntpath.splitdrive(path)[0])


def _program_is_relative(program: str, env: Mapping[str, str], folder: WorkingFolder) -> bool:
    """Whether the working folder decides which program runs."""
    if _is_absolute(program):
        return False
    if "/" in program or "\\" in program:
        return True
    for entry in env.get("PATH", _DEFAULT_PATH).split(":"):
        if folder.has(posixpath.join(entry, program), folders=False):
            return not _is_absolute(entry)
    return False


def _starts_with_dots(argument: str) -> bool:
    """Whether a word, or a part of a command line in it, is a path in the working folder.

    A `.` within a command line isn't: it is a filter of `jq`.
    """
    parts = _SEPARATORS.split(argument)
    return argument in {".", ".."} or any(part.startswith(_HERE) for part in parts)


def _possible_paths(program: str, arguments: list[str]) -> Iterator[str]:
    """Yield what is a relative path if there is such a file; a folder ends in a slash.

    A word without a slash is rarely a folder: `prod` and `dev` are also profiles.
    """
    if not _is_absolute(program):
        yield program  # Windows, and a PATH with an empty entry, look here first
    before = ""
    for argument in arguments:
        for part in filter(None, (argument, *_SEPARATORS.split(argument))):
            if not part.startswith(("-", "~", "$", "%")) and not _is_absolute(part):
                yield f"{part}/" if before in {"cd", "pushd"} else part
            before = part
