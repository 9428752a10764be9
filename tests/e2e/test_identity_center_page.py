"""docs/identity-center.md, followed as it is written: from nothing to a working shell."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.aws.emulator import aws_server
from support.aws.identity_center import browser_program, endpoint_variables, identity_center_state
from support.e2e import XSWITCH, Home
from support.runtime_folder import runtime_folder

PAGE = (Path(__file__).parents[2] / "docs/identity-center.md").read_text(encoding="utf-8")
ACCOUNT, REGION = "111122223333", "eu-west-1"


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(text: str, language: str = "") -> list[str]:
    """Return the fenced blocks of a language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [
        "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
        for indent, body in found
    ]


def lines(title: str) -> list[str]:
    return [line for block in blocks(section(title)) for line in block.splitlines()]


FOR_REAL = lines("For real")
[ADD] = [line for line in FOR_REAL if line.startswith("xswitch sso add corp")]
START_URL = ADD.partition("--start-url ")[2].split()[0]
[PROFILE] = blocks(section("For real"), "ini")


@dataclass(frozen=True)
class Shell:
    """A bash in an empty home, whose AWS is the embedded one."""

    home: Home

    def run(self, *commands: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "--norc", "-ec", "\n".join(commands)],
            env=self.home.env,
            cwd=self.home.folder,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )


@pytest.fixture
def shell(clean_world: Path) -> Iterator[Shell]:
    state = identity_center_state()
    state["accounts"] = [{"id": ACCOUNT, "name": "payments", "email": "payments@example.com"}]
    [instance] = state["identity_center"]
    instance |= {
        "start_url": START_URL,
        "region": REGION,
        "aliases": [],
        "assignments": [
            {"account": ACCOUNT, "permission_set": name, "user": "dana"}
            for name in ("Admin", "ReadOnly")
        ],
    }
    with aws_server(state) as aws, runtime_folder() as memory:
        home = Home(clean_world, aws, memory)
        home.env |= endpoint_variables(aws)
        home.env["BROWSER"] = str(browser_program(clean_world))
        home.env["PATH"] = f"{XSWITCH.parent}:{home.env['PATH']}"
        for file in (home.config, home.credentials):
            file.unlink(missing_ok=True)
        yield Shell(home)


def test_for_real_from_nothing_to_a_working_shell(shell: Shell) -> None:
    hook = next(line for line in FOR_REAL if "xswitch init bash" in line)
    assert [
        "xswitch sso add",
        ADD,
        "xswitch login corp",
        hook,
        "xs",
        "aws sts get-caller-identity",
    ] == FOR_REAL
    assert "`xs payments admin`" in section("For real")
    who = "xswitch credential-process $AWS_PROFILE"
    said = 'printf "%s|%s|%s\\n" "$AWS_PROFILE" "$AWS_REGION" "$AWS_DEFAULT_REGION"'
    # The prompt is back before the portal is listed
    listed = "xswitch sso refresh corp"
    done = shell.run(ADD, "xswitch login corp", listed, hook, "xs payments admin", said, who)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    assert f"xs-payments/Admin|{REGION}|{REGION}" in shown
    assert json.loads(shown[-1])["AccessKeyId"].startswith("ASIA")
    assert f"✓ payments / Admin as xs-payments/Admin in {REGION} (sso_region)" in done.stderr
    text = shell.home.config.read_text(encoding="utf-8")
    assert text.count("[sso-session corp]") == text.count("[profile ") == 1
    # With a profile, and without the sign-in
    with shell.home.config.open("a", encoding="utf-8") as file:
        file.write(f"\n{PROFILE}")
    again = shell.run(hook, "xs dev-admin", said, "xswitch logout corp", "xswitch logout --all")
    assert again.returncode == 0, again.stderr
    assert f"xs-dev-admin|{REGION}|{REGION}" in again.stdout
    assert "signed out of corp" in again.stderr


def test_profiles_for_the_roles(shell: Shell) -> None:
    commands = lines("Accounts and roles")
    assert [line.split()[:4] for line in commands] == [["xswitch", "sso", "populate", "corp"]] * 2
    done = shell.run(
        ADD, "xswitch login corp", commands[0], f"{commands[1]} --yes".replace("prod*", "pay*")
    )
    assert done.returncode == 0, done.stderr
    assert "region = eu-central-1" in done.stdout
    profiles = re.findall(r"^\[profile (.+)\]$", shell.home.config.read_text(), re.MULTILINE)
    assert profiles == ["payments.admin"]


def test_the_demo_has_what_the_page_names(shell: Shell) -> None:
    text = section("In the demo")
    assert lines("In the demo") == ["xswitch demo", "aws sts get-caller-identity", "xs"]
    state = (Path(__file__).parents[2] / "src/xswitch/demo/organization.py").read_text("utf-8")
    for name in ("acorn", "dana", "shop"):
        assert f"`{name}`" in text
        assert name in state
    assert shell.run("xswitch sso list").returncode == 0
