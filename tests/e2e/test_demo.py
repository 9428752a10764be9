"""`xswitch demo` on a real terminal, with a real shell and the real AWS CLI."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.e2e import XSWITCH, run
from support.tui.terminal import terminal


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the variables of a new user's terminal."""
    return {
        "HOME": str(home),
        "PATH": f"{XSWITCH.parent}:/usr/bin:/bin",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        **more,
    }


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_pick_a_role_with_mfa_and_stay_in_it(
    tmp_path: Path, clean_world: Path, need: Callable[[str], str], shell: str
) -> None:
    need("/usr/bin/aws")
    env = environment(clean_world, SHELL=need(shell))
    with terminal(
        need("tmux"), f"/bin/sh -c '{XSWITCH} demo; echo left with $?; sleep 60'", env, tmp_path
    ) as screen:
        screen.wait("payments-prod")
        screen.keys("prod readonly")
        screen.wait("1 of ")
        screen.keys("Enter")
        dialog = screen.wait("MFA code")
        code = re.search(r"\b(\d{6})\b", dialog)
        assert code is not None, dialog
        screen.keys(code[1], "Enter")
        screen.wait("ends the demo and removes all of it")
        screen.keys("echo in=$AWS_PROFILE=", "Enter")
        screen.wait("in=xs-payments-prod-readonly=")
        screen.keys("clear; aws sts get-caller-identity --output text --query Arn", "Enter")
        screen.wait("assumed-role/ReadOnly/")
        screen.keys("clear; xswitch demo --advance 2h", "Enter")
        screen.wait("7200 s ahead")
        screen.keys(
            "clear; aws sts get-caller-identity --output text --query Arn; "
            "echo again=$AWS_PROFILE=",
            "Enter",
        )
        after = screen.wait("again=xs-payments-prod-readonly=")
        assert "assumed-role/ReadOnly/" in after
        # Ctrl-C ends a program in that shell, and neither the shell nor the demo
        screen.keys("clear; echo asleep=$AWS_PROFILE=; sleep 600", "Enter")
        screen.wait("asleep=xs-")
        screen.keys("C-c")
        screen.keys("echo still=$AWS_PROFILE=", "Enter")
        screen.wait("still=xs-payments-prod-readonly=")
        screen.keys("exit", "Enter")
        screen.wait("left with 0")
    assert not list(clean_world.rglob("*xswitch*"))


def test_the_organization_is_signed_in_to_without_a_browser(
    tmp_path: Path, clean_world: Path, need: Callable[[str], str]
) -> None:
    need("/usr/bin/aws")
    env = environment(clean_world, SHELL=need("bash"))
    with terminal(
        need("tmux"), f"/bin/sh -c '{XSWITCH} demo; echo left with $?; sleep 60'", env, tmp_path
    ) as screen:
        screen.wait("acorn  not signed in   s signs in and lists it")
        screen.keys("s")
        screen.wait("approve (demo)")
        screen.keys("a")
        screen.wait("acorn: 47 roles listed")
        screen.keys("/kind:sso shop-staging metrics")
        screen.wait("1 of 67")
        screen.keys("Enter")
        screen.wait("ends the demo and removes all of it")
        screen.keys("clear; aws sts get-caller-identity --output text --query Arn", "Enter")
        screen.wait("assumed-role/AWSReservedSSO_MetricsReader_")
        # The same on the command line, approved from another terminal
        screen.keys("clear; xswitch logout acorn; xswitch login acorn", "Enter")
        shown = screen.wait("waiting for approval")
        assert "xswitch demo --approve URL" in shown
        url = re.search(r"http://127\.0\.0\.1:\d+/device\?user_code=[A-Z]+-[A-Z]+", shown)
        assert url is not None, shown
        approved = run([str(XSWITCH), "demo", "--approve", url[0]], env)
        assert "approved the sign-in of dana" in approved.err
        screen.wait("signed in to acorn until")
        screen.keys("clear; exit", "Enter")
        screen.wait("left with 0")
    assert not list(clean_world.rglob("*xswitch*"))


@pytest.mark.parametrize("key", ["Escape", "C-c"])
def test_leaving_the_picker_restores_the_terminal(
    tmp_path: Path, clean_world: Path, need: Callable[[str], str], key: str
) -> None:
    env = environment(clean_world)
    with terminal(
        need("tmux"),
        f"/bin/sh -c 'echo before; {XSWITCH}; echo left with $?; sleep 60'",
        env,
        tmp_path,
    ) as screen:
        screen.wait("config")
        screen.keys(key)
        after = screen.wait("left with 130")
        assert "before" in after


def test_the_title_names_the_vault(
    tmp_path: Path, clean_world: Path, need: Callable[[str], str]
) -> None:
    env = environment(clean_world)
    with terminal(need("tmux"), f"/bin/sh -c '{XSWITCH} demo'", env, tmp_path) as screen:
        screen.wait("vault: ")
        screen.keys("Escape")


def test_a_role_set_up_on_the_screen_is_explained_after_it_breaks(
    tmp_path: Path, clean_world: Path, need: Callable[[str], str]
) -> None:
    need("/usr/bin/aws")
    env = environment(clean_world, SHELL=need("bash"))
    with terminal(
        need("tmux"),
        f"/bin/sh -c '{XSWITCH} demo; echo left with $?; sleep 60'",
        env,
        tmp_path,
        rows=44,
    ) as screen:
        screen.wait("roles")
        screen.keys("F10")
        screen.wait("Who can switch")
        screen.keys(
            "source-admin", "Down", "Down", "Down", "SwitchUser", "Down", "target-admin", "Enter"
        )
        difference = screen.wait("Target: the role's account")
        assert "XswitchAssume" in difference
        screen.keys("Enter")
        code = re.search(r"\b(\d{6})  is the current code", screen.wait("is the current code"))
        assert code is not None
        screen.keys(code[1], "Enter")
        done = screen.wait("The switch works.")
        assert "xs SwitchRole" in done
        screen.keys("Enter")
        screen.wait("payments-dev / SwitchRole")
        screen.keys("Enter")
        screen.wait("ends the demo and removes all of it")
        screen.keys("clear; aws sts get-caller-identity --output text --query Arn", "Enter")
        screen.wait("assumed-role/SwitchRole/")
        policy = (
            "aws iam delete-user-policy --user-name SwitchUser "
            "--policy-name AssumeRole-333333333333-SwitchRole"
        )
        screen.keys(
            f"clear; {policy} --profile source-admin; "
            "xswitch explain SwitchRole; echo explained with $?",
            "Enter",
        )
        explained = screen.wait("explained with 4")
        assert "caller_policy_missing" in explained
        assert "source" in explained
        assert "arn:aws:iam::333333333333:role/SwitchRole" in explained
        screen.keys("exit", "Enter")
        screen.wait("left with 0")
