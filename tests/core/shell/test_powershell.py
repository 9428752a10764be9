"""PowerShell: its code as text everywhere, and run where it is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.shells.powershell import is_valid
from support.shells.real import Stub, completion, hook, pwsh, run_shell
from xswitch.core.shell.shells import quote_for_shell, render_assignments, switch_change


@pytest.fixture
def text(tmp_path: Path) -> str:
    return hook("powershell", command="/opt/x'switch", state=tmp_path, cmd="xs", prompt=True)


def code(script: str) -> str:
    """Return the script without comments and strings, which leaves its code."""
    return re.sub(r"'(?:[^']|'')*'|\"(?:[^\"`]|`.)*\"", "''", re.sub(r"(?m)^\s*#.*$", "", script))


def test_the_text_is_ascii_for_every_code_page(text: str) -> None:
    assert text.isascii()
    assert completion("powershell", command="/opt/xswitch").isascii()


@pytest.mark.parametrize("pair", ["()", "{}", "[]"])
def test_brackets_close(text: str, pair: str) -> None:
    for script in (text, completion("powershell", command="/opt/xswitch")):
        depth = 0
        for character in code(script):
            depth += {pair[0]: 1, pair[1]: -1}.get(character, 0)
            assert depth >= 0
        assert depth == 0


def test_the_hook_is_valid_according_to_powershells_grammar(text: str) -> None:
    assert is_valid(text)
    assert not is_valid(text + "\nif ($a -eq {")


def test_only_what_xswitch_emitted_is_evaluated_and_only_on_success(text: str) -> None:
    lines = [
        line.strip()
        for line in text.splitlines()
        if "Invoke-Expression" in line and not line.startswith("#")
    ]
    assert lines == ['if ($LASTEXITCODE -eq 0) { Invoke-Expression ($lines -join "`n") }']
    assert text.index("StartsWith('$env:'") < text.index("Invoke-Expression ($lines")
    assert all(
        line.startswith("$env:")
        for line in render_assignments(
            "powershell", switch_change("a\nb", "", {"AWS_PROFILE": "c"}).assignments
        ).splitlines()
    )


def test_no_other_variable_of_the_environment_is_set(text: str) -> None:
    assert re.findall(r"\$env:(\w+)\s*=(?!=)", code(text)) == ["XSWITCH_SHELL"]


def test_functions_are_global_and_named_like_xswitch(text: str) -> None:
    functions = re.findall(r"(?m)^\s*function ([\w:]+)", text)
    assert functions == [
        f"global:{name}"
        for name in (
            "xs",
            "__xswitch_file_name",
            "__xswitch_file",
            "__xswitch_prompt",
            "xswitch_prompt_info",
            "prompt",
        )
    ]
    assert set(re.findall(r"\$global:(\w+)", text)) == {
        "XSWITCH_PROMPT",
        "XSWITCH_PROMPT_TEXT",
        "__xswitch_warned",
        "__xswitch_original_prompt",
        "__xswitch_was",
    }


def test_numbers_are_checked_before_they_are_cast(text: str) -> None:
    for cast in re.finditer(r"\[long\](\$lines\[\d\])", text):
        assert f"{cast[1]} -match '^[0-9]{{1,12}}$'" in text[: cast.start()]


def test_the_hook_in_powershell(tmp_path: Path) -> None:
    program = pwsh()
    stub = Stub(tmp_path / "stub")
    stub.switches(
        "powershell",
        switch_change("xs-it's \u2019; $(1+1)\nü😀", "", {"AWS_PROFILE": "old"}).assignments,
    )
    stub.answer(stderr="no\n", code=3)
    stub.answer(stdout="plain\n")
    script = "\n".join(
        [
            "$ErrorActionPreference = 'Stop'; Set-StrictMode -Version Latest",
            hook("powershell", command=str(stub.program), state=tmp_path, prompt=True),
            f"xs one {quote_for_shell('powershell', 'two three')} --tag k=v",
            "[Console]::Out.Write($env:AWS_PROFILE)",
            "if (Test-Path Env:AWS_SESSION_TOKEN) { 'shadow' }",
            "xs four; [Console]::Out.Write('|' + $LASTEXITCODE + '|')",
            "xs list",
        ]
    )
    done = run_shell(
        program,
        "powershell",
        script,
        tmp_path / "run",
        env={"AWS_SESSION_TOKEN": "t"},
        flags=["-NoProfile", "-File"],
    )
    assert (done.returncode, done.stderr) == (0, "no\n")
    assert done.stdout == "xs-it's \u2019; $(1+1)\nü😀|3|plain\n"
    assert [call.words for call in stub.calls] == [
        ("switch", "--emit", "powershell", "one", "two three", "--tag", "k=v"),
        ("switch", "--emit", "powershell", "four"),
        ("list",),
    ]
