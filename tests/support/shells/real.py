"""Real shells with the hook loaded, and a stub of the xswitch program they run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

from conftest import TOOLS
from xswitch.cli.completion import completion_words, plain_commands
from xswitch.core.shell.scripts import (
    completion_template,
    init_template,
    render_completion,
    render_init,
)
from xswitch.core.shell.shells import quote_for_shell, render_assignments

REAL_SHELLS = ("bash", "zsh", "fish", "nu")
"""The shells that tests run; `shell_program` finds them."""

_FLAGS = {
    "bash": ("--noprofile", "--norc"),
    "zsh": ("-f",),
    "fish": ("--no-config",),
    "nu": ("--no-config-file",),
    "sh": (),
}
_LIMIT_SECONDS = 60


def shell_program(shell: str, need: Callable[[str], str]) -> str:
    """Return the path of a shell; without it, skip, or fail under XSWITCH_REQUIRE_ALL.

    "sh" is dash, the strictest POSIX shell.
    """
    if shell == "nu":
        own = TOOLS / "node_modules" / ".bin" / "nu"
        return str(own) if own.exists() else need("nu")
    return need("dash" if shell == "sh" else shell)


def template(name: str) -> str:
    """Return the text of a template."""
    return (
        resources.files("xswitch")
        .joinpath("core", "shell", "templates", name)
        .read_text(encoding="utf-8")
    )


def hook(
    shell: str, *, command: str | Sequence[str], state: Path, cmd: str = "xs", prompt: bool = False
) -> str:
    """Return the hook, as `xswitch init` prints it."""
    return render_init(
        shell,
        template(init_template(shell)),
        command=command,
        cmd=cmd,
        plain_commands=plain_commands(),
        state_folder=str(state),
        prompt=prompt,
    )


def completion(shell: str, *, command: str | Sequence[str], cmd: str = "xs") -> str:
    """Return the script, as `xswitch completion` prints it."""
    return render_completion(
        shell,
        template(completion_template(shell)),
        command=command,
        cmd=cmd,
        words=completion_words(),
    )


def load(shell: str, file: Path) -> str:
    """Return the line that loads a hook in a start file."""
    return {
        "bash": f'\\builtin eval "$(/bin/cat {file})"',
        "zsh": f'\\builtin eval "$(/bin/cat {file})"',
        "fish": f"/bin/cat {file} | source",
        "nu": f"source {file}",
    }[shell]


def show(shell: str, file: Path) -> str:
    """Return the line that writes the environment of child processes to `file`, NUL-separated."""
    return {"nu": f"^env -0 | save --raw --force {file}"}.get(
        shell,
        f"/usr/bin/env -0 >|{file}" if shell in ("bash", "zsh") else f"/usr/bin/env -0 >{file}",
    )


def environment(file: Path) -> dict[str, str]:
    """Parse the output of `show`; bytes that aren't UTF-8 become lone surrogates."""
    pairs = file.read_bytes().decode("utf-8", "surrogateescape").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def run_shell(
    program: str,
    shell: str,
    script: str,
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    flags: Sequence[str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a script file without a terminal; `env` is added to this process's environment.

    The default `flags` skip the start files.
    """
    folder.mkdir(exist_ok=True)
    file = folder / f"script.{'ps1' if shell == 'powershell' else shell}"
    file.write_text(script + "\n", encoding="utf-8", errors="surrogateescape")
    done = subprocess.run(
        [program, *(_FLAGS[shell] if flags is None else flags), str(file)],
        env={**os.environ, **(env or {})},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_LIMIT_SECONDS,
        check=False,
    )
    # Not with text=True, which turns every CR into a newline
    out, err = (stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def spoken(
    shell: str,
    program: str,
    texts: Sequence[str],
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
) -> list[str]:
    """Quote each text, and return them as one process of the shell prints them."""
    if shell == "nu":
        lines = [
            f"print --no-newline --raw {quote_for_shell(shell, text)} (char nul)" for text in texts
        ]
    else:
        lines = [f"printf '%s\\0' {quote_for_shell(shell, text)}" for text in texts]
    done = run_shell(program, shell, "\n".join(lines), folder, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\0")[:-1]


@dataclass(frozen=True)
class Call:
    """One call of the stub: its arguments, and four variables of its environment."""

    words: tuple[str, ...]
    profile: str
    previous: str
    shell: str
    limits: str


class Stub:
    """A program named xswitch that records its calls.

    Its nth call gives the nth answer; the last answer repeats.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "bin" / "xswitch"
        self._count = 0
        self.program.parent.mkdir(parents=True)
        self.program.write_text(_STUB.replace("@FOLDER@", str(folder)))
        self.program.chmod(0o755)

    def answer(self, *, stdout: str = "", stderr: str = "", code: int = 0) -> None:
        """Add one answer."""
        self._count += 1
        for name, text in (("stdout", stdout), ("stderr", stderr), ("code", str(code))):
            (self.folder / f"{name}.{self._count}").write_text(
                text, encoding="utf-8", errors="surrogateescape"
            )

    def switches(self, shell: str, changes: Mapping[str, str | None], *, stderr: str = "") -> None:
        """Add the answer of a successful switch."""
        self.answer(stdout=render_assignments(shell, changes), stderr=stderr)

    @property
    def calls(self) -> list[Call]:
        """All calls so far."""
        calls = []
        for number in range(1, 1000):
            file = self.folder / f"call.{number}"
            if not file.exists():
                break
            fields = file.read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]
            calls.append(Call(tuple(fields[4:]), *fields[:4]))
        return calls


_STUB = r"""#!/bin/sh
n=1
while [ -e "@FOLDER@/call.$n" ]; do n=$((n + 1)); done
{
    printf '%s\0' "${AWS_PROFILE-}" "${XSWITCH_PREVIOUS-}" "${XSWITCH_SHELL-}"
    printf '%s\0' "${XSWITCH_SHELL_LIMITS-}" "$@"
} >"@FOLDER@/call.$n"
while [ ! -e "@FOLDER@/code.$n" ]; do n=$((n - 1)); [ "$n" -gt 0 ] || exit 99; done
/bin/cat "@FOLDER@/stderr.$n" >&2
/bin/cat "@FOLDER@/stdout.$n"
read -r code <"@FOLDER@/code.$n" || :
exit "$code"
"""


def quote(shell: str, text: str) -> str:
    """Quote a text as one word of the shell."""
    return quote_for_shell(shell, text)


def emitter(folder: Path) -> Path:
    """Write a program that emits what `xswitch switch` does, without AWS.

    Its target is `PROFILE` or `PROFILE@REGION`.
    """
    program = folder / "emitter" / "xswitch"
    program.parent.mkdir(parents=True)
    program.write_text(_EMITTER.replace("@PYTHON@", sys.executable))
    program.chmod(0o755)
    return program


_EMITTER = """#!@PYTHON@
import os, sys
from xswitch.core.shell.shells import render_change, switch_change, unset_change
words = sys.argv[sys.argv.index("--emit") + 1 :]
profile, _, region = words[-1].partition("@")
environment = dict(os.environ)
change = switch_change(profile, region, environment)
if "--unset" in words:
    change = unset_change(environment)
sys.stdout.write(render_change(words[0], change, environment))
"""


class HookedShell:
    """A real shell that runs scripts with the hook loaded."""

    def __init__(
        self,
        shell: str,
        program: str,
        folder: Path,
        command: str | Sequence[str],
        state: Path | None = None,
    ) -> None:
        self.shell = shell
        self.program = program
        self.folder = folder
        self.command = command
        self.state = state or folder / "state"
        self._number = 0

    def run(
        self,
        script: str,
        *,
        before: str = "",
        cmd: str = "xs",
        prompt: bool = False,
        env: Mapping[str, str] | None = None,
        flags: Sequence[str] | None = None,
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        """Run `before`, load the hook, and run `script`.

        Returns the process, and the environment at its end ({} if the script ended early).
        """
        self._number += 1
        folder = self.folder / f"run{self._number}"
        folder.mkdir(parents=True)
        file = folder / f"hook.{self.shell}"
        file.write_text(
            hook(self.shell, command=self.command, state=self.state, cmd=cmd, prompt=prompt),
            encoding="utf-8",
        )
        end = folder / "environment"
        text = "\n".join([before, load(self.shell, file), script, show(self.shell, end)])
        done = run_shell(self.program, self.shell, text, folder, env=env, flags=flags)
        return done, environment(end) if end.exists() else {}


def pwsh() -> str:
    """Return the path of PowerShell, or skip the test: no test machine needs it."""
    program = shutil.which("pwsh")
    if program is None:
        pytest.skip("pwsh is not installed")
    return program
