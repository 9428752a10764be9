"""Each shell's hook in hostile surroundings (pods, CI, other tools), then real clients."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import TOOLS
from support.aws.emulator import PROD, REGION
from support.e2e import XSWITCH, Home, run
from support.reliability.soak import SOAK
from support.shells.real import REAL_SHELLS, HookedShell, shell_program
from xswitch.core.shell.shells import quote_for_shell
from xswitch.core.variables import SET_ASIDE_VARIABLES, VARIABLES
from xswitch.emulator.server import EmbeddedAws

READER = f"arn:aws:sts::{PROD}:assumed-role/Reader/"
BOTO3 = (
    "import boto3; s = boto3.Session();"
    " print(s.client('sts').get_caller_identity()['Arn'], s.region_name)"
)


def hostile(folder: Path) -> dict[str, str]:
    """Return an environment with every variable that goes before a profile, or tells of another."""
    token = folder / "token"
    token.write_text("not.a.token")
    values = {"AWS_REGION": "us-gov-west-1", "AWS_DEFAULT_REGION": "cn-north-1"}
    values |= {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/Pod",
        "AWS_DEFAULT_PROFILE": "dev",
        "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
    }
    return {name: values.get(name, f"CANARY-{name}") for name in SET_ASIDE_VARIABLES}


@pytest.mark.parametrize("shell", REAL_SHELLS if SOAK else ("bash", "nu"))
def test_the_announced_identity_and_region_are_what_programs_get(
    shell: str, home: Home, need: Callable[[str], str], tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", str(XSWITCH))
    surroundings = hostile(tmp_path)
    words = [quote_for_shell(shell, word) for word in (sys.executable, "-c", BOTO3)]
    program = " ".join(words) if shell != "nu" else f"^{words[0]} ...[{' '.join(words[1:])}]"
    script = f"xs reader\n{program}\nxs --unset"
    done, after = hooked.run(script, env={**home.env, **surroundings})
    assert done.returncode == 0, done.stderr
    arn, region = done.stdout.split()
    assert arn.startswith(READER)
    assert region == REGION
    assert f" as xs-reader in {REGION}, " in done.stderr
    assert {name: after.get(name) for name in surroundings} == surroundings
    assert "AWS_PROFILE" not in after


def test_every_client_gets_it(
    home: Home, aws: EmbeddedAws, need: Callable[[str], str], tmp_path: Path
) -> None:
    hooked = HookedShell("bash", need("bash"), tmp_path / "runs", str(XSWITCH))
    ask = f"sts get-caller-identity --query Arn --output text --endpoint-url {aws.endpoint}"
    programs = {}
    if (TOOLS / "peers" / "bin" / "aws").exists():
        programs["cli-1"] = f"{TOOLS / 'peers' / 'bin' / 'aws'} {ask}"
    if Path("/usr/bin/aws").exists():
        programs["cli-2"] = f"/usr/bin/aws {ask}"
    if (TOOLS / "node_modules" / "@aws-sdk" / "client-sts").exists():
        identity = Path(__file__).parents[1] / "tools" / "identity.cjs"
        programs["javascript"] = (
            f"NODE_PATH={TOOLS / 'node_modules'} AWS_ENDPOINT_URL={aws.endpoint}"
            f" {need('node')} {shlex.quote(str(identity))}"
        )
    if not programs:
        pytest.skip("no client is installed: make test-tools")
    script = "\n".join(["xs reader", *programs.values()])
    done, _ = hooked.run(script, env={**home.env, **hostile(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert [line.startswith(READER) for line in done.stdout.splitlines()] == [True] * len(programs)


def test_without_the_hook_each_variable_is_named_with_the_command_that_unsets_it(
    home: Home, tmp_path: Path
) -> None:
    surroundings = hostile(tmp_path)
    done = home.run("switch", "reader", env={**surroundings, "SHELL": "/usr/bin/fish"})
    assert done.code == 0, done.err
    told = next(line for line in done.err.splitlines() if "go before the profile:" in line)
    effective = {
        variable.name
        for variable in VARIABLES
        if variable.kind in ("keys", "web identity", "profile", "bearer token")
    }
    names = told.partition("profile: ")[2].partition(". ")[0].split(", ")
    assert set(names) == effective
    assert told.endswith(f"set -e {' '.join(names)}")
    assert f"AWS_REGION={surroundings['AWS_REGION']}" in done.err
    assert f"set -gx AWS_REGION {REGION}; set -gx AWS_DEFAULT_REGION {REGION}" in done.err
    assert "set -gx AWS_PROFILE xs-reader" in done.err


def test_without_the_hook_nothing_is_said_where_nothing_goes_before(home: Home) -> None:
    done = home.run("switch", "reader", env={"AWS_REGION": REGION, "AWS_VAULT": "x"})
    assert "before the profile" not in done.err
    assert "export AWS_PROFILE=xs-reader" in done.err


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"},
            "With AWS_DEFAULT_REGION=us-east-2, programs use another region than us-west-2.",
        ),
        (
            {"AWS_REGION": "us-west-2"},
            "Some programs read only AWS_DEFAULT_REGION, which isn't set in this shell.",
        ),
        (
            {"AWS_DEFAULT_REGION": "us-west-2"},
            "Some programs read only AWS_REGION, which isn't set in this shell.",
        ),
        ({"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"}, ""),
        ({}, ""),
    ],
)
def test_without_the_hook_a_region_that_some_programs_do_not_get_is_named(
    home: Home, variables: dict[str, str], said: str
) -> None:
    home.config.write_text(home.config.read_text().replace(f"region = {REGION}\n", ""))
    done = home.run("switch", "reader", env=variables)
    assert done.code == 0, done.err
    assert (said in done.err) is True
    setting = "Set it: export AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2"
    assert (setting in done.err) is bool(said)


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_hook_sets_both_variables_to_the_region_of_one_and_gives_it_back(
    home: Home, need: Callable[[str], str], tmp_path: Path, variable: str
) -> None:
    home.config.write_text(home.config.read_text().replace(f"region = {REGION}\n", ""))
    hooked = HookedShell("bash", need("bash"), tmp_path / "runs", str(XSWITCH))
    both = 'echo "$AWS_REGION ${AWS_DEFAULT_REGION-unset}"'
    script = f"xs reader\n{both}\nxs external\n{both}\nxs --unset"
    done, after = hooked.run(script, env={**home.env, variable: "us-west-2"})
    assert done.stdout.splitlines() == ["us-west-2 us-west-2"] * 2, done.stderr
    assert f" in us-west-2 ({variable}), " in done.stderr
    names = ("AWS_REGION", "AWS_DEFAULT_REGION")
    assert {name: after[name] for name in names if name in after} == {variable: "us-west-2"}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_switch_in_a_pipe_or_a_function_makes_no_claim(
    shell: str, home: Home, need: Callable[[str], str], tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", str(XSWITCH))
    script = "set -o pipefail\nxs reader | cat; echo rc=$?"
    script += "\nf() { local AWS_PROFILE; xs reader; echo rc=$? $AWS_PROFILE; }; f"
    done, after = hooked.run(script, env=home.env)
    assert done.stdout.split() == ["rc=10", "rc=10", "xs-reader"]
    assert "\u2713" not in done.stderr
    assert done.stderr.count("isn't switched") == 2
    assert done.stderr.count("next: run it alone: xs reader") == 2
    assert "AWS_PROFILE" not in after


def test_eval_without_a_hook(home: Home, need: Callable[[str], str]) -> None:
    line = f'eval "$({XSWITCH} switch --emit sh reader)"; echo "$AWS_PROFILE $AWS_REGION"'
    line += f'; eval "$({XSWITCH} switch --emit sh --unset)"; echo "$AWS_ACCESS_KEY_ID"'
    done = run([need("dash"), "-c", line], {**home.env, "AWS_ACCESS_KEY_ID": "AKIAOWN"})
    assert done.out.splitlines() == [f"xs-reader {REGION}", "AKIAOWN"]
    assert f"\u2713 {PROD}" in done.err or "as xs-reader in" in done.err
