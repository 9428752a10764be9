"""Hostile text in real shells: quoted text comes out unchanged, and none of it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.shells.real import environment, run_shell, shell_program, show, spoken
from xswitch.core.shell.shells import render_assignments

SHELLS = ("bash", "zsh", "sh", "fish", "nu")
NASTY = (
    "",
    " ",
    "-",
    "-n",
    "--",
    "~",
    "*",
    "!!",
    "%s%n",
    "'",
    "''",
    "'''",
    "\\",
    "\\'",
    "'\\",
    "\\\\",
    "\n",
    "\n\n",
    "a\n",
    "\r",
    "\t",
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    "\\'; touch pwned; \\'",
    "a\n; touch pwned",
    "(touch pwned)",
    '"; touch pwned; "',
    "${HOME}",
    "$HOME",
    "{a,b}",
    "<(id)",
    "\u2018; touch pwned; \u2019",
    "ünï © 😀 \U0010ffff",
    "\x01\x02\x1b[31m\x7f\x80\x9f",
    "\ufdd0\ufdef\uf600\uf6ff\ue000\ufeff",
    "a\u0301\u202e\u2028\u2029\x85",
    *(chr(code) for code in range(1, 128)),
)
BYTES = tuple(bytes([byte]).decode("utf-8", "surrogateescape") for byte in range(128, 256))

text = st.text(
    st.one_of(
        st.sampled_from("'\"\\$`!%{}()[];&|<>*?~#^=\n\r\t -\u2019"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_texts_come_out_unchanged(
    shell: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    texts = NASTY if shell == "nu" else (*NASTY, *BYTES)
    assert spoken(shell, shell_program(shell, need), texts, tmp_path / "run") == list(texts)
    assert not (tmp_path / "run" / "pwned").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_any_text_comes_out_unchanged(
    shell: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    program = shell_program(shell, need)

    @given(
        texts=st.lists(text.map(lambda drawn: drawn.replace("\0", "")), min_size=100, max_size=150)
    )
    @settings(
        max_examples=8,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def check(texts: list[str]) -> None:
        assert spoken(shell, program, texts, tmp_path / "run") == texts

    check()


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh", "fish"])
def test_hostile_values_are_assigned_and_none_unsets(
    shell: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    changes: dict[str, str | None] = {
        f"V{number}": value for number, value in enumerate((*NASTY, *BYTES))
    }
    changes["GONE"] = None
    out = tmp_path / "out"
    script = render_assignments(shell, changes) + show("sh", out)
    done = run_shell(
        shell_program(shell, need), shell, script, tmp_path / "run", env={"GONE": "still here"}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    variables = environment(out)
    assert {name: variables.get(name) for name in changes} == changes


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh"])
def test_a_read_only_variable_makes_all_fail(
    shell: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    script = (
        "readonly AWS_PROFILE=kept\n"
        + render_assignments(shell, {"AWS_PROFILE": "other"}).replace("\n", "")
        + " || exit 7\nexit 0"
    )
    done = run_shell(shell_program(shell, need), shell, script, tmp_path)
    assert done.returncode != 0
