"""A relative command, or one that names variables, is another source elsewhere."""

from __future__ import annotations

import json

import pytest

from support.actions import FakeFolder
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.model import ConfigPaths, CredentialSource, Surroundings
from xswitch.core.roles.sources import find_credential_source
from xswitch.core.sessions.keys import source_key
from xswitch.core.sessions.surroundings import source_surroundings

PATHS = ConfigPaths("/home/me/.aws/config", "/home/me/.aws/credentials")
HERE = {"folder": "/work"}


def surroundings(
    text: str, env: dict[str, str] | None = None, folder: FakeFolder | None = None
) -> Surroundings:
    view = read_view(PATHS, f"[profile base]\n{text}\n", "")
    base = find_credential_source(view, view.profiles["base"])
    assert isinstance(base, CredentialSource)
    env = {"PATH": "/usr/bin:/bin", **(env or {})}
    return source_surroundings(base, view, env, folder or FakeFolder())


def facts(
    command: str, env: dict[str, str] | None = None, folder: FakeFolder | None = None
) -> object:
    found = surroundings(f"credential_process = {command}", env, folder).facts
    return json.loads(found) if found else {}


@pytest.mark.parametrize(
    "command",
    [
        "./base.sh",
        "../base.sh",
        "bin/base",
        "base.d/../x",
        "/bin/sh ./base.sh",
        "/bin/cat ../keys.json",
        "/opt/tool --file=./keys.json",
        "/opt/tool --dir .",
        "/opt/tool -C ..",
        "/bin/sh -c 'cat ./keys.json'",
        '/bin/bash -c "exec <../keys; cat"',
        "direnv exec . tool",
    ],
)
def test_the_working_folder_of_a_relative_command_is_part_of_it(command: str) -> None:
    assert facts(command) == HERE
    assert facts(command, folder=FakeFolder("/else")) == {"folder": "/else"}
    assert facts(command, folder=FakeFolder("")) == {"folder": ""}  # it's gone


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("/bin/cat keys.json", "/work/keys.json"),
        ("/usr/bin/python3 base.py", "/work/base.py"),
        ("/bin/sh -c 'cat keys.json | tr a b'", "/work/keys.json"),
        ("/opt/tool --file=keys.json", "/work/keys.json"),
        ("/opt/tool --dir conf/aws", "/work/conf/aws"),
        ("base.sh", "/work/base.sh"),
        ("pass show aws/prod", "/work/aws/prod"),
    ],
)
def test_a_word_is_a_path_where_there_is_such_a_file(command: str, file: str) -> None:
    folder = FakeFolder()
    found = surroundings(f"credential_process = {command}", folder=folder)
    assert found.facts == ""
    assert file.removeprefix("/work/") in found.absent
    folder.files.add(file)
    assert facts(command, folder=folder) == HERE
    assert facts(command, folder=FakeFolder("/else")) == {}


def test_a_word_without_a_slash_is_no_folder() -> None:
    folder = FakeFolder()
    folder.folders |= {"/work/prod", "/work/conf/aws", "/work/keys"}
    assert facts("aws-vault exec prod --json", folder=folder) == {}
    assert facts("/opt/tool --dir conf/aws", folder=folder) == HERE
    assert facts("/bin/sh -c 'cd keys && ls'", folder=folder) == HERE


@pytest.mark.parametrize(
    "command",
    [
        "/opt/tool",
        "tool --profile base",
        "/bin/sh -c 'aws sts x | jq .'",
        "/bin/sh -c 'tool | jq -r .Credentials'",
        "aws configure export-credentials --profile base",
        "/opt/tool 'open quote",
        r"C:\tools\x.exe a",
    ],
)
def test_other_commands_are_the_same_everywhere(command: str) -> None:
    assert facts(command) == facts(command, folder=FakeFolder("/else")) == {}


def test_a_program_found_by_a_relative_entry_of_path() -> None:
    folder = FakeFolder()
    folder.files |= {"/work/bin/tool", "/usr/bin/tool"}
    for path in ("bin:/usr/bin", "/opt:bin"):
        assert facts("tool x", {"PATH": path}, folder) == HERE
    assert facts("tool x", {"PATH": "/usr/bin:bin"}, folder) == {}
    folder.files.add("/work/tool")
    for path in (":/usr/bin", ".:/usr/bin", "/usr/bin:"):
        assert facts("tool x", {"PATH": path}, folder) == HERE


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("/bin/sh -c 'cat $KEYS'", ["KEYS"]),
        ('/bin/sh -c "cat ${KEYS:-/etc/x} $STAGE"', ["KEYS", "STAGE"]),
        ("/bin/pwsh -c $env:KEYS", ["KEYS"]),
        (r"C:\x.exe %KEYS%", ["KEYS"]),
        ("/bin/sh -c 'cat ~/keys'", ["HOME"]),
        ("/bin/tool --file=~/keys", ["HOME"]),
    ],
)
def test_the_variables_that_a_command_names_are_part_of_it(command: str, names: list[str]) -> None:
    env = {"KEYS": "/a", "STAGE": "prod", "HOME": "/home/me"}
    found = facts(command, env)
    assert isinstance(found, dict)
    assert list(found["variables"]) == names
    assert facts(command, {"KEYS": "/b", "STAGE": "prod", "HOME": "/home/you"}) != found
    assert facts(command, {}) != found
    assert (
        facts(command, {"OTHER": "x", "KEYS": "/a", "STAGE": "prod", "HOME": "/home/me"}) == found
    )


def test_a_relative_token_file_is_the_working_folders() -> None:
    role = "role_arn = arn:aws:iam::222222222222:role/Web\nweb_identity_token_file = "
    assert json.loads(surroundings(f"{role}token").facts) == HERE
    assert surroundings(f"{role}/var/run/token") == Surroundings()


def test_sources_without_surroundings_keep_their_keys() -> None:
    keys = surroundings("aws_access_key_id = A\naws_secret_access_key = ./x")
    assert keys == Surroundings()
    view = read_view(PATHS, "[profile base]\ncredential_process = /opt/x\n", "")
    base = find_credential_source(view, view.profiles["base"])
    assert isinstance(base, CredentialSource)
    plain = source_key(base, partition="aws", url=None)
    assert source_key(base, partition="aws", url=None, surroundings="") == plain
    others = {source_key(base, partition="aws", url=None, surroundings=text) for text in ("a", "b")}
    assert len(others | {plain}) == 3
