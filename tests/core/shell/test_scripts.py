"""The templates filled in: names checked, values quoted, and the prompt only on request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.shells.real import completion, hook, template
from xswitch.core.errors import UsageError
from xswitch.core.shell.scripts import completion_template, init_template, render_init
from xswitch.core.shell.shells import SHELLS, quote_for_shell

PLACEHOLDER = re.compile(r"@[A-Z]+@")
STATE = Path("/home/o'neil/.local/state/xs $(id)")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("prompt", [False, True])
def test_every_placeholder_is_filled(shell: str, *, prompt: bool) -> None:
    text = hook(
        shell,
        command=["/usr/bin/python3", "-m", "xswitch"],
        state=STATE,
        cmd="aws-in",
        prompt=prompt,
    )
    assert not PLACEHOLDER.search(text)
    assert "aws-in" in text
    assert text.endswith("\n")
    assert not PLACEHOLDER.search(completion(shell, command="/opt/xswitch", cmd="aws-in"))


@pytest.mark.parametrize("shell", SHELLS)
def test_values_are_quoted_for_their_shell(shell: str) -> None:
    words = ["/opt/my tools/x'switch", "-I"]
    text = hook(shell, command=words, state=STATE)
    command, state = (
        " ".join(quote_for_shell(shell, word) for word in words),
        quote_for_shell(shell, str(STATE)),
    )
    if shell == "zsh":  # the hook is quoted once more
        command, state = (quote_for_shell("zsh", part)[1:-1] for part in (command, state))
    assert text.count(command) >= 2
    assert state in text
    assert command in completion(shell, command=words) or shell == "zsh"


@pytest.mark.parametrize("shell", SHELLS)
def test_values_that_look_like_placeholders_are_left_alone(shell: str) -> None:
    text = hook(shell, command="/opt/@STATE@/xswitch", state=Path("/state/@CMD@"), cmd="xs")
    assert "/opt/@STATE@/xswitch" in text
    assert "/state/@CMD@" in text


@pytest.mark.parametrize("shell", SHELLS)
def test_the_prompt_is_set_up_only_on_request(shell: str) -> None:
    setup = {
        "bash": "PS1=",
        "zsh": "precmd_functions=",
        "fish": "function fish_prompt",
        "powershell": "function global:prompt",
        "nu": "$env.PROMPT_COMMAND =",
    }[shell]
    without = hook(shell, command="x", state=STATE)
    assert setup not in without
    assert setup in hook(shell, command="x", state=STATE, prompt=True)
    assert "@PROMPT@" in template(init_template(shell))
    assert "XSWITCH_PROMPT" in without or shell == "nu"


@pytest.mark.parametrize("name", ["xs", "aws-in", "_x", "X1", "xswitch", "a" * 64])
def test_function_names(name: str) -> None:
    for shell in SHELLS:
        assert name in hook(shell, command="x", state=STATE, cmd=name)
        assert (
            name in completion(shell, command="x", cmd=name) or shell == "nu"
        )  # whose hook completes its own function


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1a",
        "a b",
        "a;id",
        "$(id)",
        "-a",
        "a'b",
        "ä",
        "a\n",
        "if",
        "eval",
        "cd",
        "Switch",
        "builtin",
        "a" * 65,
        "a/b",
        "a.b",
        "a:b",
    ],
)
def test_invalid_function_names(name: str) -> None:
    for shell in SHELLS:
        with pytest.raises(UsageError) as caught:
            hook(shell, command="x", state=STATE, cmd=name)
        assert caught.value.next_step == f"xswitch init {shell} --cmd xs"
        with pytest.raises(UsageError):
            completion(shell, command="x", cmd=name)


def test_an_unknown_shell_is_reported() -> None:
    for call in (init_template, completion_template):
        with pytest.raises(UsageError, match="tcsh"):
            call("tcsh")
    with pytest.raises(UsageError, match="sh"):
        render_init("sh", "", command="x", plain_commands=(), state_folder="/")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_string_is_one_word(shell: str) -> None:
    assert hook(shell, command="/my tools/xswitch", state=STATE) == hook(
        shell, command=["/my tools/xswitch"], state=STATE
    )
