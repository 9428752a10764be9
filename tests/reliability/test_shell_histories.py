"""Histories of switches and of the user's own changes in each real shell, against a model of it.

After every step the environment is the model's, and leaving gives back what the first switch found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from support.reliability.generated import Tally
from support.reliability.soak import chance, chunks
from support.shells.real import (
    HookedShell,
    emitter,
    environment,
    quote,
    run_shell,
    shell_program,
    show,
)
from xswitch.core.variables import CLEARED_VARIABLES, REGION_VARIABLES, SET_ASIDE_VARIABLES

SHELLS = ("bash", "zsh", "fish", "sh", "nu")
REGIONS = ("eu-west-1", "us-east-1", "ap-south-1")
# A region often, of the others a few: each is treated alike
NAMES = (*REGION_VARIABLES * 4, *CLEARED_VARIABLES[:6], "AWS_VAULT", "GRANTED_SSO")
VALUES = ("", "x", "a b", "$(id)", "'\"\\", "*", *REGIONS)


@dataclass
class Model:
    """A shell: values of exported and of its own variables, and what a switch remembers."""

    exported: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    memory: tuple[dict[str, str], dict[str, str]] | None = None
    region: str = ""
    own_regions: dict[str, str] = field(default_factory=dict)

    def switch(self, profile: str, region: str) -> None:
        self._give_regions_back()
        if self.memory is None:
            self.memory = (
                {name: text for name, text in self.exported.items() if name != "AWS_PROFILE"},
                dict(self.own),
            )
        for name in CLEARED_VARIABLES:
            self._unset(name)
        if region:
            self.own_regions = {
                name: self.exported[name] for name in REGION_VARIABLES if name in self.exported
            }
            for name in REGION_VARIABLES:
                self._unset(name)
            self.exported |= dict.fromkeys(REGION_VARIABLES, region)
        self.region = region
        self.exported["AWS_PROFILE"] = profile

    def leave(self) -> None:
        self._give_regions_back()
        self.region = ""
        self.exported.pop("AWS_PROFILE", None)
        if self.memory is not None:
            self.exported, self.own = (dict(values) for values in self.memory)
            self.memory = None

    def set(self, name: str, text: str, *, export: bool) -> None:
        self._unset(name)
        (self.exported if export else self.own)[name] = text

    def unset(self, name: str) -> None:
        self._unset(name)

    def _unset(self, name: str) -> None:
        self.exported.pop(name, None)
        self.own.pop(name, None)

    def _give_regions_back(self) -> None:
        for name in REGION_VARIABLES:
            if self.region and self.exported.get(name) == self.region:
                self._unset(name)
                if name in self.own_regions:
                    self.exported[name] = self.own_regions[name]


def step(shell: str, model: Model, random: Random, emit: Path) -> str:
    """Take one step in the model, and return the code that takes it in the shell."""
    kind = random.choice(("switch", "switch", "switch", "leave", "export", "own", "unset"))
    if kind in ("switch", "leave"):
        profile, region = f"xs-{random.randrange(3)}", random.choice(("", *REGIONS))
        word = "--unset" if kind == "leave" else f"{profile}@{region}" if region else profile
        if kind == "leave":
            model.leave()
        else:
            model.switch(profile, region)
        return f'eval "$({emit} switch --emit sh {word})"' if shell == "sh" else f"xs {word}"
    name, text = random.choice(NAMES), random.choice(VALUES)
    if kind == "unset" or (kind == "own" and shell == "nu"):
        model.unset(name)
        return {"fish": f"set -eg {name}", "nu": f"hide-env --ignore-errors {name}"}.get(
            shell, f"unset {name}"
        )
    model.set(name, text, export=kind == "export")
    word = quote(shell, text)
    if shell == "nu":
        return f"$env.{name} = {word}"
    if shell == "fish":
        return f"set -g{'x' if kind == 'export' else 'u'} {name} {word}"
    return f"unset {name}; {'export ' if kind == 'export' else ''}{name}={word}"


def own_values(shell: str, file: Path) -> str:
    """Return code that writes the shell's own and exported variables to `file`, NUL-separated."""
    names = " ".join(SET_ASIDE_VARIABLES)
    if shell == "fish":
        return (
            f"for name in {names}; set -qg $name; and printf '%s\\0' \"$name=$$name\"; end >{file}"
        )
    return (
        f'for name in {names}; do eval "set -- \\${{$name+x}} \\"\\${{$name-}}\\"";'
        f" case $1 in (x) printf '%s\\0' \"$name=$2\" ;; esac; done >{file}"
    )


RESET = {
    "fish": "for name in (set -ng | string match '__xswitch_was_*'); set -eg $name; end\n"
    "for name in AWS_PROFILE XSWITCH_REGION XSWITCH_OWN_AWS_REGION XSWITCH_OWN_AWS_DEFAULT_REGION"
    f" {' '.join(SET_ASIDE_VARIABLES)}; set -eg $name; end",
    "nu": "hide-env --ignore-errors __xswitch_was AWS_PROFILE XSWITCH_REGION XSWITCH_OWN_AWS_REGION"
    f" XSWITCH_OWN_AWS_DEFAULT_REGION {' '.join(SET_ASIDE_VARIABLES)}",
}
POSIX_RESET = (
    "unset AWS_PROFILE XSWITCH_REGION XSWITCH_OWN_AWS_REGION XSWITCH_OWN_AWS_DEFAULT_REGION "
    + " ".join(f"{name} __xswitch_was_{name}" for name in SET_ASIDE_VARIABLES)
)


@pytest.mark.parametrize(("chunk", "how_many"), chunks(1, 24, 12))
@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_is_the_models_after_every_step(
    shell: str, chunk: int, how_many: int, need: Callable[[str], str], tmp_path: Path
) -> None:
    random, emit = chance(f"histories {shell}", chunk), emitter(tmp_path)
    lines: list[str] = []
    expected: list[tuple[str, dict[str, str], dict[str, str]]] = []
    for _ in range(how_many):
        model = Model()
        lines.append(RESET.get(shell, POSIX_RESET))
        for _ in range(6):
            lines.append(step(shell, model, random, emit))
            number = len(expected)
            lines.append(show(shell, tmp_path / f"{number}.env"))
            if shell != "nu":
                lines.append(own_values(shell, tmp_path / f"{number}.own"))
            expected.append((lines[-2], dict(model.exported), dict(model.own)))
    program, script = shell_program(shell, need), "\n".join(lines)
    env = {"LC_ALL": "C.UTF-8"}
    if shell == "sh":
        done = run_shell(program, shell, script, tmp_path / "run", env=env)
    else:
        done, _ = HookedShell(shell, program, tmp_path / "run", str(emit)).run(script, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    tally, known = Tally(), {"AWS_PROFILE", *SET_ASIDE_VARIABLES}
    for number, (_, exported, own) in enumerate(expected):
        with tally.case(number, lines[: 4 * number]):
            found = environment(tmp_path / f"{number}.env")
            assert {name: text for name, text in found.items() if name in known} == exported
            assert not any(name.startswith("__xs") for name in found)
            if shell != "nu":
                values = environment(tmp_path / f"{number}.own")
                assert values == {**exported, **own} or values == {
                    name: text
                    for name, text in {**exported, **own}.items()
                    if name != "AWS_PROFILE"
                }
    tally.tell("histories", {"sh": "sh (dash)", "nu": "nushell"}.get(shell, shell))


def test_a_region_set_between_two_switches_is_forgotten_by_leaving(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    """Nushell, where a variable that one command loads and then hides is what it was before."""
    emit = emitter(tmp_path)
    lines = (
        "xs xs-1@us-east-1",
        "hide-env AWS_REGION",
        '$env.AWS_REGION = "a b"',
        "xs xs-0@us-east-1",
        "xs --unset",
        show("nu", tmp_path / "end.env"),
    )
    hooked = HookedShell("nu", shell_program("nu", need), tmp_path / "run", str(emit))
    done, _ = hooked.run("\n".join(lines), env={"LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
    assert not {"AWS_PROFILE", *REGION_VARIABLES} & set(environment(tmp_path / "end.env"))
