"""`doctor` compares each managed profile's command with what a switch writes, and runs it."""

from __future__ import annotations

import json

import pytest

from support.actions import CANARY, GOOD_CODE, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import DoctorCheck, SwitchOptions
from xswitch.core.errors import ExitCode
from xswitch.core.model import CommandOutput, ConfigPaths

ROLE = "arn:aws:iam::333333333333:role/Open"
COMMAND = f"/opt/xswitch/bin/xswitch credential-process xs-open {ROLE}"
ANSWER = json.dumps({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": f"{CANARY}-x"})


@pytest.fixture
def world() -> World:
    world = World()
    switch(world, "open")
    return world


def switch(world: World, name: str) -> None:
    options = SwitchOptions()
    role = world.actions.resolve(name, options)
    world.actions.switch(role, options, FakePrompt(GOOD_CODE), no_progress)


def managed(world: World) -> list[DoctorCheck]:
    return [check for check in world.actions.doctor() if check.name == "managed"]


def change(world: World, command: str) -> None:
    assert COMMAND in world.config.config
    world.config.config = world.config.config.replace(COMMAND, command)


def test_a_command_that_is_right_is_run_with_its_words(world: World) -> None:
    for output in (
        CommandOutput(0, ANSWER, ""),
        CommandOutput(ExitCode.MFA_NEEDED, "", "xswitch: No session of open is stored."),
    ):
        world.command_output = output
        assert [check.state for check in managed(world)] == ["ok"]
    assert world.commands_run == [tuple(COMMAND.split(" "))] * 2


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (CommandOutput(None, "", ""), "stopped after 10 seconds"),
        (CommandOutput(1, "", "Traceback (most recent call last):\n x"), "exit code 1. Traceback"),
        (CommandOutput(127, "", "No such file or directory"), "exit code 127. No such file"),
        (CommandOutput(-11, "", ""), "exit code -11."),
        (CommandOutput(0, "", ""), "prints no credentials"),
        (CommandOutput(0, f"{CANARY} no json", ""), "prints no credentials"),
        (CommandOutput(0, '{"Version": 2, "AccessKeyId": "A"}', ""), "prints no credentials"),
        (CommandOutput(8, ANSWER, "xswitch: \x1b[31mThe config\x07 …"), "The config"),
    ],
)
def test_a_command_that_fails_is_an_error(world: World, output: CommandOutput, said: str) -> None:
    world.command_output = output
    (check,) = managed(world)
    assert (check.state, check.next_step) == ("error", "xswitch switch xs-open")
    assert said in check.message
    assert CANARY not in check.message
    assert "\x1b" not in check.message


def test_profiles_that_fail_alike_are_told_once(world: World) -> None:
    switch(world, "payments")
    world.command_output = CommandOutput(7, "", "xswitch: The keyring is locked.")
    (check,) = managed(world)
    assert check.message.startswith('The managed profile "xs-open" and 1 other profile: ')
    assert len(world.commands_run) == 2


@pytest.mark.parametrize(
    ("command", "state", "said"),
    [
        (f"/usr/bin/curl --token {CANARY} xs-open {ROLE}", "error", "starts /usr/bin/curl, "),
        (f"/bin/sh -c {CANARY}", "error", "starts /bin/sh, "),
        (f"/opt/other/xswitch credential-process xs-open {ROLE}", "warning", "/opt/other/xswitch"),
        (
            f"/opt/py -I -S /opt/share/credential_process.py xs-open {ROLE}",
            "warning",
            "another xswitch: /opt/share/credential_process.py",
        ),
        *(
            (f"/opt/py {start} -m xswitch credential-process xs-open {ROLE}", "warning", "/opt/py")
            for start in ("", "-P")
        ),
        ("/opt/xswitch/bin/xswitch credential-process xs-open", "warning", "isn't bound"),
        (f"{COMMAND} /x /y", "warning", "another command than a switch"),
        ("/opt/xswitch/bin/xswitch credential-process xs-payments", "error", "was changed"),
        (f"{COMMAND[:-4]}Shut", "error", f"was written for {ROLE[:-4]}Shut"),
    ],
)
def test_a_command_that_was_changed_is_told_without_its_words(
    world: World, command: str, state: str, said: str
) -> None:
    change(world, command)
    (check,) = managed(world)
    assert (check.state, said in check.message) == (state, True), check.message
    assert CANARY not in check.message
    assert check.next_step in {"xswitch switch xs-open", "xswitch switch open"}
    assert bool(world.commands_run) is (state == "warning")


def test_the_next_step_mends_it(world: World) -> None:
    for command in (f"/bin/sh -c {CANARY}", f"{COMMAND[:-4]}Shut"):
        change(world, command)
        (check,) = managed(world)
        switch(world, check.next_step.removeprefix("xswitch switch "))
        assert [check.state for check in managed(world)] == ["ok"]
        assert COMMAND in world.config.config


def test_files_that_are_not_the_default_ones_belong_to_the_command(world: World) -> None:
    world.config.default_paths = lambda: ConfigPaths("/else/config", "/else/credentials")  # type: ignore[method-assign]
    (check,) = managed(world)
    assert (check.state, check.next_step) == ("warning", "xswitch switch xs-open")
    switch(world, "open")
    assert f"{COMMAND} /home/u/.aws/config /home/u/.aws/credentials\n" in world.config.config
    assert [check.state for check in managed(world)] == ["ok"]


def test_without_managed_profiles_nothing_is_run() -> None:
    world = World()
    assert [check.state for check in managed(world)] == ["ok"]
    assert world.commands_run == []


def test_an_installation_in_a_cache_is_told_and_replaces_no_command(world: World) -> None:
    world.environment.cache = "/home/u/.cache"
    world.environment.words = ("/home/u/.cache/uv/archive-v0/x/bin/xswitch",)
    (problem,) = world.actions.installation_problems()
    assert "/home/u/.cache" in problem.message
    checks = {check.name: check for check in world.actions.doctor()}
    assert checks["installation"].state == "warning"
    assert checks["installation"].next_step == "uv tool install xswitch, or: pipx install xswitch"
    (renewed,) = world.actions.renew(["open"], FakePrompt(), no_progress)
    assert renewed.error is None
    assert COMMAND in world.config.config
    switch(world, "open")
    assert "/home/u/.cache/uv/archive-v0/x/bin/xswitch credential-process" in world.config.config
