from __future__ import annotations

import pytest

from xswitch.core.awsconfig.paths import config_paths
from xswitch.core.model import ConfigPaths


def test_the_defaults_are_in_the_home_folder() -> None:
    assert config_paths({}, "/home/ann", "/work") == ConfigPaths(
        "/home/ann/.aws/config", "/home/ann/.aws/credentials"
    )


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/etc/aws", "/etc/aws"),
        ("~/aws/config", "/home/ann/aws/config"),
        ("~//config", "/home/ann/config"),
        ("~bob/config", "/work/~bob/config"),
        ("conf/aws", "/work/conf/aws"),
        ("../aws", "/work/../aws"),
        ("a~/b", "/work/a~/b"),
        ("", "/home/ann/.aws/config"),
    ],
)
def test_each_variable_replaces_one_default(given: str, path: str) -> None:
    paths = config_paths({"AWS_CONFIG_FILE": given}, "/home/ann", "/work")
    assert paths == ConfigPaths(path, "/home/ann/.aws/credentials")
    paths = config_paths({"AWS_SHARED_CREDENTIALS_FILE": given}, "/home/ann", "/work")
    assert paths == ConfigPaths(
        "/home/ann/.aws/config", path.replace(".aws/config", ".aws/credentials")
    )


def test_windows_paths_are_joined_with_backslashes() -> None:
    paths = config_paths(
        {"AWS_CONFIG_FILE": "~\\aws.ini", "AWS_SHARED_CREDENTIALS_FILE": "C:\\keys"},
        "C:\\Users\\ann",
        "D:\\work",
    )
    assert paths == ConfigPaths("C:\\Users\\ann\\aws.ini", "C:\\keys")
    assert config_paths({}, "C:\\Users\\ann", "C:\\").config == "C:\\Users\\ann\\.aws\\config"
