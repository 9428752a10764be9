"""`xswitch access` and `xswitch console` from the command line, against the embedded AWS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from support.access.services import state_of, write_home
from support.aws.emulator import allow, aws_server, totp_code
from support.aws.iam import (
    BOB,
    BOB_TOTP,
    SOURCE,
    SOURCE_ADMIN,
    TARGET,
    TARGET_ADMIN,
    source,
    state,
    target,
)
from support.e2e import XSWITCH, Home, Ran, run
from support.runtime_folder import runtime_folder
from xswitch.demo.run import start
from xswitch.emulator.server import EmbeddedAws

KEYS = {"source-admin": SOURCE_ADMIN, "target-admin": TARGET_ADMIN, "bob": BOB}
WANTED = (
    "SwitchRole",
    "--source",
    "source-admin",
    "--target",
    "target-admin",
    "--user",
    "Bob",
    "--policy",
    "ReadOnlyAccess",
)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state(), admin=True) as server:
        yield server


@pytest.fixture
def home(clean_world: Path, aws: EmbeddedAws) -> Iterator[Home]:
    with runtime_folder() as memory:
        made = Home(clean_world, aws, memory)
        write_home(clean_world, aws.endpoint, KEYS)
        yield made


def code(aws: EmbeddedAws) -> str:
    return totp_code(BOB_TOTP, aws.clock.now())


def test_plan_apply_check_and_switch(home: Home, aws: EmbeddedAws) -> None:
    before = home.config.read_text(encoding="utf-8")
    planned = home.run("access", "plan", *WANTED)
    assert planned.code == 0, planned.err
    assert "create role SwitchRole" in planned.out.lower() or "SwitchRole" in planned.out
    assert "+ " in planned.out
    assert home.config.read_text(encoding="utf-8") == before
    data = home.run("access", "plan", *WANTED, "--json").json["data"]
    assert set(data) == {"plan", "console_link"}
    assert data["plan"]["role_arn"] == f"arn:aws:iam::{TARGET}:role/SwitchRole"
    unasked = home.run("access", "apply", *WANTED)
    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert state_of(aws.endpoint, KEYS)[0] is None
    dry = home.run("access", "apply", *WANTED, "--dry-run", "--json")
    assert dry.json["data"]["plan"] == data["plan"]
    applied = home.run("access", "apply", *WANTED, "--yes", "--mfa-code", code(aws), "--json")
    assert applied.code == 0, applied.err
    result = applied.json["data"]
    assert {step["side"] for step in result["done"]} == {"source", "target"}
    assert set(result["check"]) == {
        "identity",
        "expires_at",
        "profile",
        "command",
        "console_link",
        "tries",
    }
    assert result["check"]["identity"]["arn"].startswith(
        f"arn:aws:sts::{TARGET}:assumed-role/SwitchRole/"
    )
    again = home.run("access", "apply", *WANTED, "--yes", "--json")
    assert again.json["data"]["done"] == []
    assert home.run("access", "check", *WANTED, "--json").json["data"]["profile"] == "SwitchRole"
    assert home.run("switch", "SwitchRole", "--json").json["data"]["identity"]["account"] == TARGET
    link = home.run("console", "SwitchRole")
    assert link.out.startswith(
        f"https://signin.aws.amazon.com/switchrole?account={TARGET}&roleName=SwitchRole"
    )
    assert home.run("console", "SwitchRole", "--json").json["data"]["link"] == link.out.strip()


def test_a_file_for_each_account_and_none_overwritten(home: Home, tmp_path: Path) -> None:
    words = (
        "access",
        "plan",
        "SwitchRole",
        "--source",
        "source-admin",
        "--target-account",
        TARGET,
        "--user",
        "Bob",
    )
    for form in ("json", "cli", "cloudformation", "terraform"):
        folder = tmp_path / form
        assert home.run(*words, "--format", form, "--output", str(folder)).code == 0
        files = list(folder.iterdir())
        assert len(files) == 2
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    files[0].unlink()
    again = home.run(*words, "--format", form, "--output", str(folder))
    assert len(list(folder.iterdir())) == 1
    assert again.code == 2
    assert "--force" in again.err
    assert home.run(*words, "--format", form, "--output", str(folder), "--force").code == 0
    assert home.run(*words, "--format", form).out.count("SwitchRole") > 1


def test_a_failure_can_be_rolled_back_at_once(home: Home, aws: EmbeddedAws) -> None:
    before = state_of(aws.endpoint, KEYS)
    wanted = ("access", "apply", *WANTED, "--yes")
    aws.faults.add("error", "AttachRolePolicy", times=3, code="LimitExceeded")
    failed = home.run(*wanted, "--rollback-on-failure")
    assert failed.code == 4
    assert "as before" in failed.err
    assert state_of(aws.endpoint, KEYS) == before
    left = home.run(*wanted)
    assert left.code == 4
    assert "left: target: attach ReadOnlyAccess" in left.err
    assert state_of(aws.endpoint, KEYS)[0] is not None
    told = home.run(*wanted, "--json")
    assert told.code == 4
    assert told.json["command"] == "access apply"
    assert told.json["problems"][0]["code"] == "iam_limit"
    data = told.json["data"]
    assert (data["done"], [step["summary"] for step in data["left"]], data["taken_back"]) == (
        [],
        ["attach ReadOnlyAccess"],
        [],
    )
    missing = home.run(*wanted, "--policy", "NotThere", "--json")
    assert (missing.code, missing.json["command"], missing.json["data"]) == (
        3,
        "access apply",
        None,
    )


def test_usage_errors(home: Home) -> None:
    for words in (
        ("access", "plan"),
        ("access", "plan", "a", "b", "--source", "source-admin"),
        ("access", "plan", "Role"),
        (
            "access",
            "plan",
            "Role",
            "--source",
            "source-admin",
            "--target",
            "target-admin",
            "--user",
            "B",
            "--group",
            "G",
        ),
        (
            "access",
            "plan",
            "Role",
            "--source",
            "source-admin",
            "--target",
            "target-admin",
            "--document",
            "x",
        ),
        (
            "access",
            "plan",
            "Role",
            "--source",
            "source-admin",
            "--target",
            "target-admin",
            "--document",
            "x=/not/there",
        ),
        ("access", "lint"),
        ("access", "lint", "Role"),
        ("access", "lint", "not-there.json"),
        (
            "access",
            "plan",
            "Role",
            "--role",
            "Other",
            "--source",
            "source-admin",
            "--target",
            "target-admin",
        ),
        (
            "access",
            "plan",
            "Role",
            "--source",
            "source-admin",
            "--target",
            "target-admin",
            "--mfa",
            "--no-mfa",
        ),
        ("console", "nobody"),
    ):
        ran = home.run(*words)
        assert ran.code in (2, 3), (words, ran.err)
        assert ran.out == ""
        assert "Traceback" not in ran.err


def test_lint_of_files_and_of_an_account(home: Home, aws: EmbeddedAws, tmp_path: Path) -> None:
    wide = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
    file = tmp_path / "trust.json"
    file.write_text(json.dumps(wide), encoding="utf-8")
    linted = home.run("access", "lint", str(file), "--json")
    assert linted.code == 8
    findings = linted.json["data"]["findings"]
    assert all(
        set(finding) == {"code", "severity", "why", "where", "corrected"} for finding in findings
    )
    assert any(finding["corrected"] for finding in findings)
    assert home.run("access", "lint", str(file)).code == 8
    target(aws).create_role(RoleName="Wide", AssumeRolePolicyDocument=json.dumps(wide))
    for words in (("Wide",), (f"arn:aws:iam::{TARGET}:role/Wide",), ()):
        read = home.run("access", "lint", *words, "--target", "target-admin", "--json")
        assert read.code == 8
        assert any("Wide" in finding["where"] for finding in read.json["data"]["findings"])
    everything = tmp_path / "permissions.json"
    everything.write_text(
        json.dumps(allow(Action="sts:AssumeRole", Resource="*")), encoding="utf-8"
    )
    assert home.run("access", "lint", str(everything), "--json").json["data"]["findings"]
    missing = home.run("access", "lint", "Nobody", "--target", "target-admin")
    assert missing.code == 3
    target(aws).delete_role(RoleName="Wide")
    home.run("access", "apply", *WANTED, "--yes", "--no-check")
    assert home.run("access", "lint", "SwitchRole", "--target", "target-admin").code == 0


def killed(home: Home, aws: EmbeddedAws, action: str, *, after: bool) -> None:
    """Kill `apply` with SIGKILL during a change; with `after`, AWS still makes the change."""
    before = aws.count(action)
    aws.faults.add("delay", action, seconds=60)
    if not after:
        aws.faults.add("reset", action)
    words = [str(XSWITCH), "access", "apply", *WANTED, "--yes", "--no-check"]
    process = subprocess.Popen(
        words,
        env=home.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for _ in range(600):
        if not aws.faults.pending or process.poll() is not None:
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    aws.faults.released.set()
    for _ in range(600):
        if aws.count(action) > before:
            break
        time.sleep(0.05)
    aws.faults.released.clear()
    assert aws.calls[-1].action == action
    assert (aws.calls[-1].error == "") is after


def undone(aws: EmbeddedAws) -> None:
    """Restore both accounts to before an apply."""
    for policy in source(aws).list_user_policies(UserName="Bob")["PolicyNames"]:
        source(aws).delete_user_policy(UserName="Bob", PolicyName=policy)
    for attached in target(aws).list_attached_role_policies(RoleName="SwitchRole")[
        "AttachedPolicies"
    ]:
        target(aws).detach_role_policy(RoleName="SwitchRole", PolicyArn=attached["PolicyArn"])
    target(aws).delete_role(RoleName="SwitchRole")


def test_killed_for_real_at_each_call_and_run_again(home: Home, aws: EmbeddedAws) -> None:
    """The next run ends like an undisturbed one, and the run after that changes nothing."""
    words = ("access", "apply", *WANTED, "--yes", "--no-check", "--json")
    assert home.run(*words).code == 0
    reference = state_of(aws.endpoint, KEYS)
    assert SOURCE in reference[0].trust
    changes = [
        call.action
        for call in aws.calls
        if call.action.startswith(("Put", "Create", "Attach", "Update", "Tag"))
    ]
    assert changes == ["PutUserPolicy", "CreateRole", "AttachRolePolicy"]
    for action in changes:
        for after in (False, True):
            undone(aws)
            killed(home, aws, action, after=after)
            again = home.run(*words)
            assert again.code == 0, again.err
            assert state_of(aws.endpoint, KEYS) == reference
            assert len(again.json["data"]["done"]) == len(changes) - changes.index(action) - after


def at_a_terminal(home: Home, *words: str) -> Any:
    return pexpect.spawn(
        str(XSWITCH),
        ["access", "apply", *WANTED, *words],
        env=home.env,
        encoding="utf-8",
        timeout=30,
        echo=False,
    )


def end_of(child: Any) -> int:
    child.expect(pexpect.EOF)
    child.close()
    return int(child.exitstatus)


def test_a_terminal_prompts_for_confirmation(home: Home, aws: EmbeddedAws) -> None:
    before = state_of(aws.endpoint, KEYS)
    for answer in ("y", "\x04"):
        child = at_a_terminal(home)
        child.expect("Make these changes.*: ")
        child.sendline(answer) if answer != "\x04" else child.sendeof()
        assert end_of(child) == 130
    assert state_of(aws.endpoint, KEYS) == before
    aws.faults.add("error", "AttachRolePolicy", times=3, code="LimitExceeded")
    child = at_a_terminal(home, "--json")
    child.expect("create the role SwitchRole")
    child.expect("Make these changes.*: ")
    child.sendline("yes")
    child.expect("left: target: attach ReadOnlyAccess")
    child.expect("2 of the changes were made. Roll back.*: ")
    child.sendline("yes")
    child.expect("both accounts are as before")
    assert end_of(child) == 4
    assert state_of(aws.endpoint, KEYS) == before
    aws.faults.clear()
    child = at_a_terminal(home)
    child.expect("Make these changes.*: ")
    child.sendline("yes")
    child.expect("MFA")
    child.sendline(code(aws))
    child.expect("the switch works")
    assert end_of(child) == 0


def test_ctrl_c_lists_the_changes_left(home: Home, aws: EmbeddedAws) -> None:
    before = state_of(aws.endpoint, KEYS)
    aws.faults.add("delay", "CreateRole", seconds=60)
    child = at_a_terminal(home, "--yes", "--rollback-on-failure")
    for _ in range(600):
        if not aws.faults.pending:
            break
        time.sleep(0.05)
    aws.faults.add("reset", "CreateRole")
    child.sendintr()
    child.expect("left: target: create the role SwitchRole")
    child.expect("both accounts are as before")
    assert end_of(child) == 130
    assert state_of(aws.endpoint, KEYS) == before


def test_an_account_with_another_administrator_is_named(home: Home, aws: EmbeddedAws) -> None:
    words = (
        "access",
        "apply",
        "SwitchRole",
        "--source",
        "source-admin",
        "--target-account",
        TARGET,
        "--user",
        "Bob",
        "--yes",
    )
    ran = home.run(*words)
    assert ran.code == 0, ran.err
    assert f"the target account {TARGET} is set up by its own administrator" in ran.err
    role, user = state_of(aws.endpoint, KEYS)
    assert (role, len(user.inline)) == (None, 1)


def test_the_json_keys_are_documented(home: Home, aws: EmbeddedAws) -> None:
    documented = set(
        re.findall(
            r"\w+", (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
        )
    )
    for words, keys in (
        (("plan", *WANTED), {"plan", "console_link"}),
        (("apply", *WANTED, "--dry-run"), {"plan", "console_link"}),
        (
            ("apply", *WANTED, "--yes", "--mfa-code", code(aws)),
            {"done", "left", "taken_back", "plan", "check", "console_link"},
        ),
        (
            ("check", "--role", *WANTED, "--mfa"),
            {"identity", "expires_at", "profile", "command", "console_link", "tries"},
        ),
        (("lint", "SwitchRole", "--target", "target-admin"), {"findings"}),
    ):
        envelope = home.run("access", *words, "--json").json
        assert envelope["command"] == f"access {words[0]}"
        assert (envelope["version"], envelope["problems"]) == (1, [])
        assert set(envelope["data"]) == keys
        assert keys <= documented
    failed = home.run(
        "access", "plan", "SwitchRole", "--source", "nobody", "--target", "target-admin", "--json"
    )
    assert (failed.code, failed.json["command"], failed.json["data"]) == (3, "access plan", None)
    assert set(failed.json["problems"][0]) >= {"code", "message", "why", "next_step", "exit_code"}


def test_the_whole_procedure_in_the_demo(clean_world: Path) -> None:
    environ = {
        "HOME": str(clean_world),
        "PATH": f"{XSWITCH.parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }
    words = (
        "SwitchRole",
        "--source",
        "source-admin",
        "--target",
        "target-admin",
        "--user",
        "SwitchUser",
        "--policy",
        "ReadOnlyAccess",
    )
    with start(environ, [str(XSWITCH)]) as demo:

        def xswitch(*words: str) -> Ran:
            return run([str(XSWITCH), *words], demo.env)

        assert "SwitchRole" in xswitch("access", "plan", *words).out
        totp = xswitch("demo", "--code", "--user", "SwitchUser").out.strip()
        applied = xswitch(
            "access", "apply", *words, "--switch-from", "switch-user", "--yes", "--mfa-code", totp
        )
        assert applied.code == 0, applied.err
        assert "xs SwitchRole" in applied.out
        switched = xswitch("switch", "SwitchRole", "--json").json["data"]
        assert switched["identity"]["arn"].split("/")[1] == "SwitchRole"
        assert xswitch("access", "lint", "SwitchRole", "--target", "target-admin").out == ""
        again = xswitch("access", "apply", *words, "--yes", "--json")
        assert (again.code, again.json["data"]["done"]) == (0, [])
