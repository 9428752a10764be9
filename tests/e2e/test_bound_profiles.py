"""A managed profile's command serves the role of the file that it is in, or nothing.

Two config files have a managed profile of one name for two roles. Whichever file a program names,
in its code or by a variable, hot or cold, it gets the role that this file's profile is for.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from conftest import TOOLS, missing
from support.aws.emulator import READER_ARN, TAGGED_ARN, sts_client
from support.e2e import Home, Ran, run
from xswitch.emulator.server import EmbeddedAws

PROFILE = "xs-reader"
_BOTO3 = """
import sys, boto3, botocore.session
session = botocore.session.Session(profile=sys.argv[2])
session.set_config_variable("config_file", sys.argv[1])
print(boto3.Session(botocore_session=session).client("sts").get_caller_identity()["Arn"])
"""
_JAVASCRIPT = """
const {fromIni} = require("@aws-sdk/credential-provider-ini");
const {STSClient, GetCallerIdentityCommand} = require("@aws-sdk/client-sts");
const [configFilepath, profile, region] = process.argv.slice(1);
const credentials = fromIni({configFilepath, profile});
const client = new STSClient({region, credentials});
client.send(new GetCallerIdentityCommand({})).then(answer => console.log(answer.Arn));
"""


@dataclass
class TwoConfigs:
    """The default config, and one in a folder with an odd name; `roles` are what they announced."""

    home: Home
    other: Path

    @property
    def roles(self) -> dict[Path, str]:
        return {self.home.config: READER_ARN, self.other: TAGGED_ARN}

    def words(self, config: Path) -> list[str]:
        """Split the command of the file's managed profile as an SDK does."""
        text = config.read_text(encoding="utf-8").partition(f"[profile {PROFILE}]")[2]
        line = next(line for line in text.splitlines() if line.startswith("credential_process"))
        return shlex.split(line.partition("=")[2])

    def serve(self, config: Path, **variables: str) -> Ran:
        """Run the command of the file's managed profile."""
        return run(self.words(config), {**self.home.env, **variables})

    def forget_sessions(self) -> None:
        """Make the next answers cold."""
        shutil.rmtree(self.home.runtime / "xswitch", ignore_errors=True)

    def points(self) -> list[dict[str, str]]:
        """Return variables that point to either config, or to none."""
        return [
            {},
            {"AWS_CONFIG_FILE": str(self.home.config)},
            {"AWS_CONFIG_FILE": str(self.other)},
            {"AWS_CONFIG_FILE": "/no/such/config"},
            {"AWS_CONFIG_FILE": "relative/config", "AWS_SHARED_CREDENTIALS_FILE": "~/none"},
        ]


@pytest.fixture
def two(home: Home) -> TwoConfigs:
    other = home.folder / "Wörk (ü) #1" / "config"
    other.parent.mkdir()
    other.write_text(home.config.read_text().replace(READER_ARN, TAGGED_ARN))
    configs = TwoConfigs(home, other)
    assert home.run("switch", "reader").code == 0
    switched = home.run("switch", "reader", env={"AWS_CONFIG_FILE": str(other)})
    assert switched.code == 0, switched.err
    return configs


def role_served(aws: EmbeddedAws, served: Ran) -> str:
    """Return the name of the role whose credentials were served, according to AWS."""
    assert served.code == 0, served.err
    identity = sts_client(aws, json.loads(served.out)).get_caller_identity()
    return identity["Arn"].split("/")[1]


def test_the_command_names_the_role_and_files_that_are_not_the_default_ones(
    two: TwoConfigs,
) -> None:
    assert two.words(two.home.config)[-2:] == [PROFILE, READER_ARN]
    profile, role, config, credentials = two.words(two.other)[-4:]
    assert (profile, role) == (PROFILE, TAGGED_ARN)
    assert config.endswith("/W=C3=B6rk=20=28=C3=BC=29=20=231/config")
    assert credentials == str(two.home.credentials)


def test_each_file_gets_its_role_wherever_the_variables_point(
    two: TwoConfigs, aws: EmbeddedAws
) -> None:
    keys: dict[tuple[bool, Path], set[str]] = {}
    for cold in (False, True):
        for config, variables in product(two.roles, two.points()):
            served = two.serve(config, **variables)
            assert served.code == 0, served.err
            key = json.loads(served.out)["AccessKeyId"]
            keys.setdefault((cold, config), set()).add(key)
            if cold and len(keys[cold, config]) == 1:
                name = two.roles[config].rpartition("/")[2]
                assert role_served(aws, served) == name
        two.forget_sessions()
    # One session each before, one each after
    assert {len(found) for found in keys.values()} == {1}
    assert len(set().union(*keys.values())) == 4


@pytest.mark.parametrize("client", ["boto3", "javascript"])
def test_a_program_that_names_its_own_config_file(
    two: TwoConfigs, aws: EmbeddedAws, need: Callable[[str], str], client: str
) -> None:
    for config, variables in product(two.roles, two.points()[1:3]):
        env = {**two.home.env, **variables}
        if client == "boto3":
            done = run([sys.executable, "-c", _BOTO3, str(config), PROFILE], env)
        else:
            if not (TOOLS / "node_modules" / "@aws-sdk" / "credential-provider-ini").exists():
                missing("@aws-sdk/credential-provider-ini is not installed (make test-tools)")
            env |= {"NODE_PATH": str(TOOLS / "node_modules"), "AWS_ENDPOINT_URL": aws.endpoint}
            words = [need("node"), "-e", _JAVASCRIPT, str(config), PROFILE, "eu-west-1"]
            done = run(words, env)
        assert done.code == 0, done.err
        assert done.out.split("/")[1] == two.roles[config].rpartition("/")[2]


def test_a_role_profile_that_was_edited_gets_nothing_until_the_next_switch(
    two: TwoConfigs, aws: EmbeddedAws
) -> None:
    for config in two.roles:
        text = config.read_text()
        before, section, after = text.partition("[profile reader]\n")
        new = after.replace(READER_ARN, TAGGED_ARN, 1).replace(f"/{'Tagged'}\n", "/partner/X\n", 1)
        config.write_text(before + section + new)
    for config, variables in product(two.roles, two.points()[:3]):
        done = two.serve(config, **variables)
        assert (done.code, done.out) == (8, "")
        assert done.err.count("\n") == 1
        assert f'The profile "{PROFILE}" was written for {two.roles[config]}' in done.err
        assert "Next: xswitch switch reader" in done.err
    renewed = two.home.run("renew", "reader")
    assert renewed.code == 8
    assert "xswitch switch reader" in renewed.err
    assert two.words(two.home.config)[-1] == READER_ARN
    check = [
        check
        for check in two.home.run("doctor", "--json").json["data"]["checks"]
        if check["name"] == "managed"
    ]
    assert [(entry["state"], entry["next_step"]) for entry in check] == [
        ("error", "xswitch switch reader")
    ]
    config = two.home.config
    config.write_text(config.read_text().replace("role/partner/X", "role/Tagged"))
    assert two.home.run("switch", "reader").code == 0
    assert two.words(config)[-1] == TAGGED_ARN
    assert role_served(aws, two.serve(config)) == "Tagged"


def test_a_config_that_was_copied_or_moved(two: TwoConfigs, tmp_path: Path) -> None:
    """Moved, it is served if a variable says where to; copied, it is what it is a copy of."""
    copy = tmp_path / "config"
    shutil.copy(two.home.config, copy)
    point = {"AWS_CONFIG_FILE": str(copy)}
    before = two.serve(two.home.config).out
    assert two.serve(copy, **point).out == before
    shutil.move(two.home.config, tmp_path / "moved")
    gone = two.serve(copy)
    assert (gone.code, gone.out, gone.err.count("\n")) == (3, "", 1)
    assert f'There is no profile "{PROFILE}"' in gone.err
    assert two.serve(copy, **point).out == before
    text = copy.read_text()
    copy.write_text(text.replace(f"role_arn = {READER_ARN}", f"role_arn = {TAGGED_ARN}"))
    refused = two.serve(copy, **point)
    assert (refused.code, refused.out) == (8, "")
    assert two.home.run("switch", "reader", env=point).code == 0
    assert two.words(copy)[-2] == str(copy)
    served = two.serve(copy)
    assert served.code == 0, served.err
    assert served.out != before


def test_a_home_folder_that_is_another_ones(two: TwoConfigs, tmp_path: Path) -> None:
    """A program that runs with another HOME, and names the files."""
    state = {"XDG_STATE_HOME": str(two.home.folder / ".local" / "state")}
    files = {
        "AWS_CONFIG_FILE": str(two.home.config),
        "AWS_SHARED_CREDENTIALS_FILE": str(two.home.credentials),
    }
    before = two.serve(two.home.config).out
    elsewhere = {"HOME": str(tmp_path), **state, **files}
    assert two.serve(two.home.config, **elsewhere).out == before
    theirs = tmp_path / ".aws" / "config"
    theirs.parent.mkdir()
    shutil.copy(two.other, theirs)
    assert two.serve(two.home.config, **elsewhere).out == before


def test_the_command_of_an_earlier_version_works_and_is_bound_at_the_next_switch_or_renewal(
    two: TwoConfigs,
) -> None:
    config = two.home.config
    new = two.words(config)
    for words in (["switch", "reader"], ["renew", "reader"], ["renew", "--all"]):
        text = config.read_text()
        config.write_text(text.replace(f"{PROFILE} {READER_ARN}", PROFILE))
        assert two.words(config) == new[:-1]
        for _ in range(2):
            assert two.serve(config).code == 0
        assert two.home.run(*words).code == 0
        assert two.words(config) == new


def test_an_ad_hoc_role_is_bound_too(home: Home) -> None:
    account, name = READER_ARN.split(":")[4], READER_ARN.rpartition("/")[2]
    switched = home.run("switch", f"{account}:{name}", "--source", "dev", "--json")
    assert switched.code == 0, switched.err
    profile = switched.json["data"]["managed_profile"]
    words = home.command(profile)
    assert words[-2:] == [profile, READER_ARN]
    assert run(words, home.env).code == 0
    text = home.config.read_text()
    home.config.write_text(
        text.replace(f"xswitch_role = {READER_ARN}", f"xswitch_role = {TAGGED_ARN}")
    )
    refused = run(words, home.env)
    assert (refused.code, refused.out) == (8, "")


def test_a_renewal_in_the_background_is_bound_too(two: TwoConfigs, aws: EmbeddedAws) -> None:
    words = two.words(two.other)
    launcher, bound = words[:-4], words[-4:]
    made = aws.count("AssumeRole")
    done = run([*launcher, "renew-background", *bound], two.home.env)
    assert done.code == 0, done.err
    done = run([*launcher, "renew-background", bound[0], READER_ARN, *bound[2:]], two.home.env)
    assert done.code == 8
    assert aws.count("AssumeRole") == made


def test_a_session_copied_under_another_key_is_not_served(
    two: TwoConfigs, aws: EmbeddedAws
) -> None:
    """Neither by a pointer nor by the full program, which gets a new one."""
    sessions = {
        path.read_text().split()[1]: path
        for path in (two.home.runtime / "xswitch").iterdir()
        if path.read_bytes().startswith(b"xswitch1")
    }
    assert len(sessions) == 2
    texts = [path.read_text() for path in sessions.values()]
    for path, text in zip(sessions.values(), reversed(texts), strict=True):
        path.write_text(text)
    made = aws.count("AssumeRole")
    for config, role in two.roles.items():
        assert role_served(aws, two.serve(config)) == role.rpartition("/")[2]
    assert aws.count("AssumeRole") == made + 2
