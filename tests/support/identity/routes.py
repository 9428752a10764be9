"""The documented routes of a switch, each in its real shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from conftest import find_program
from support.e2e import XSWITCH, run
from support.identity.world import World
from support.shells.real import environment, load, run_shell, shell_program, show
from support.shells.real import hook as render_hook

_DONE = re.compile(
    r"✓ (?P<account>\d{12}) / (?P<role>\S+) as (?P<profile>\S+?)"
    r"(?: in (?P<region>[a-z0-9-]+)(?: \([^)]+\))?)?(?:,|$)",
    re.MULTILINE,
)
# The commands that xswitch prints for a shell without the hook
_TO_TYPE = re.compile(r"(?:Set it|Unset it|Unset them): (.+?)(?:   |$)", re.MULTILINE)


@dataclass(frozen=True)
class Announced:
    """The words of a switch; the region is "" if it named none."""

    account: str
    role: str
    profile: str
    region: str


@dataclass(frozen=True)
class Switched:
    """The shell after a switch."""

    announced: Announced
    env: dict[str, str]
    """The environment of a program that is started from the shell."""
    cwd: Path
    config: str = ""
    """The config file that clients name in code, "" for the environment's."""


@dataclass(frozen=True)
class Route:
    """One route: a shell, and the way from xswitch's answer into it."""

    name: str
    title: str
    switch: Callable[[World, Path], Switched]
    """Of the world and a folder for scripts."""
    static: bool = False
    """Whether clients get the keys themselves, without xswitch."""


def _announced(text: str) -> Announced:
    found = _DONE.search(text)
    assert found is not None, f"no switch was announced:\n{text}"
    return Announced(found["account"], found["role"], found["profile"], found["region"] or "")


def _hook(shell: str, *options: str) -> Callable[[World, Path], Switched]:
    """Load the hook as docs/shells.md says, and call its function."""

    def switch(world: World, folder: Path) -> Switched:
        program = shell_program(shell, find_program)
        hook, end = folder / f"hook.{shell}", folder / "environment"
        text = render_hook(shell, command=str(XSWITCH), state=world.state)
        hook.write_text(text, encoding="utf-8")
        words = " ".join(["xs", *world.target, *options])
        done = _run(program, shell, [load(shell, hook), words, show(shell, end)], world, folder)
        return Switched(_announced(done), environment(end), world.folder)

    return switch


def _eval(world: World, folder: Path) -> Switched:
    """Evaluate what `--emit sh` prints, in the strictest POSIX shell."""
    program, end = shell_program("sh", find_program), folder / "environment"
    words = shlex.join(["xswitch", "switch", "--emit", "sh", *world.target])
    done = _run(program, "sh", [f'eval "$({words})"', show("sh", end)], world, folder)
    return Switched(_announced(done), environment(end), world.folder)


def _by_hand(world: World, folder: Path) -> Switched:
    """Switch without a hook, and type what the answer says."""
    program, end = shell_program("sh", find_program), folder / "environment"
    answer = run(["xswitch", "switch", *world.target], world.env, cwd=world.folder)
    assert answer.code == 0, answer.err
    commands = _TO_TYPE.findall(answer.err)
    assert commands, answer.err
    _run(program, "sh", [*commands, show("sh", end)], world, folder)
    return Switched(_announced(answer.err), environment(end), world.folder)


def _in_code(world: World, folder: Path) -> Switched:
    """Name the config file for the switch only; clients name it in code.

    The variable, or the default file, leads them to roles of the same names in another account.
    """
    own = world.config.parent / "project" / "aws config"
    world.move_config(own)
    switched = _hook("bash")(world, folder)
    env = {name: text for name, text in switched.env.items() if name != "AWS_CONFIG_FILE"}
    return Switched(switched.announced, env, world.folder, str(own))


def _run(program: str, shell: str, lines: list[str], world: World, folder: Path) -> str:
    """Run a script with exactly the world's environment; return what it said on stderr."""
    clean = [find_program("env"), "-i", *(f"{name}={text}" for name, text in world.env.items())]
    script = "\n".join([f"cd '{world.folder}'", *lines])
    done = run_shell(clean[0], shell, script, folder, flags=[*clean[1:], program])
    assert done.returncode == 0, done.stderr
    return done.stderr


ROUTES = (
    Route("bash", "hook of bash", _hook("bash")),
    Route("zsh", "hook of zsh", _hook("zsh")),
    Route("fish", "hook of fish", _hook("fish")),
    Route("nu", "hook of nushell", _hook("nu")),
    Route("sh", "`eval` in dash", _eval),
    Route("by hand", "no hook, the commands it says", _by_hand),
    Route("static", "`--static`", _hook("bash", "--static"), static=True),
    Route("in code", "config file named in code", _in_code),
)
