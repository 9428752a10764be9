"""Hostile text in the code a switch emits, evaluated by each real shell as the hook does.

The text arrives unchanged, and no part of it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from support.hostile.texts import CANARY, hostiles
from support.reliability.generated import Tally
from support.reliability.soak import chance, chunks
from support.shells.real import HookedShell, environment, run_shell, shell_program, show, spoken
from xswitch.core.shell.shells import render_assignments, switch_change
from xswitch.core.variables import CLEARED_VARIABLES

SHELLS = ("bash", "zsh", "fish", "sh", "nu")
NAMES = {"sh": "sh (dash)", "nu": "nushell"}
LOCALES = ("C.UTF-8", "C")
TOGETHER = 16

# Replaces `command`: called as `... switch --emit SHELL FILE`, it prints that file.
ANSWER = ("/bin/sh", "-c", 'exec /bin/cat "$3"')


def assignments(texts: Sequence[str]) -> dict[str, str | None]:
    """Return a switch between hostile profiles, with the other texts as more variables.

    There are at least two.
    """
    profile, previous, *others = texts
    return {
        **switch_change(profile, "", {"AWS_PROFILE": previous}).assignments,
        **{f"V{number}": text for number, text in enumerate(others)},
    }


def assigned(
    shell: str, program: str, changes: Sequence[Mapping[str, str | None]], folder: Path, locale: str
) -> list[dict[str, str]]:
    """Return the environment after each change, all made in one shell process."""
    emitted = folder / "emitted"
    emitted.mkdir(parents=True)
    lines: list[str] = []
    for number, change in enumerate(changes):
        file = emitted / str(number)
        file.write_text(
            render_assignments(shell, change), encoding="utf-8", errors="surrogateescape"
        )
        lines += [
            f'eval "$(/bin/cat {file})"' if shell == "sh" else f"xs {file}",
            show("sh" if shell == "sh" else shell, emitted / f"{number}.out"),
        ]
    before = {**dict.fromkeys(CLEARED_VARIABLES, "still here"), "LC_ALL": locale}
    if shell == "sh":
        done = run_shell(program, shell, "\n".join(lines), folder / "run", env=before)
    else:
        hooked = HookedShell(shell, program, folder / "run", ANSWER)
        done, _ = hooked.run("\n".join(lines), env=before)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return [environment(emitted / f"{number}.out") for number in range(len(changes))]


@pytest.mark.parametrize(("chunk", "how_many"), chunks(200, 10_000, 1_000))
@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_text_arrives_and_never_runs(
    shell: str, chunk: int, how_many: int, need: Callable[[str], str], tmp_path: Path
) -> None:
    program = shell_program(shell, need)
    locale = LOCALES[chunk % len(LOCALES)]
    texts = hostiles(chance(f"shells {shell}", chunk), how_many, as_bytes=shell != "nu")
    changes = [assignments(texts[at : at + TOGETHER]) for at in range(0, how_many, TOGETHER)]
    found = assigned(shell, program, changes, tmp_path / "emitted", locale)
    said = spoken(shell, program, texts, tmp_path / "quoted", env={"LC_ALL": locale})
    tally = Tally()
    for number, (text, word) in enumerate(zip(texts, said, strict=True)):
        with tally.case(text):
            change, now = changes[number // TOGETHER], found[number // TOGETHER]
            (name,) = (name for name, value in change.items() if value == text)
            assert now.get(name) == text
            assert word == text
            assert not now.keys() & set(CLEARED_VARIABLES)
    made = [str(path) for path in tmp_path.rglob(f"*{CANARY}*")]
    if made:
        tally.wrong += 1
        tally.note = f"something ran: {made}"
    tally.tell("shells", NAMES.get(shell, shell))
