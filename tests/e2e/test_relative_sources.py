"""A source whose command is relative, or names variables, is another one in another folder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support.aws.emulator import DEV_KEY, DEV_SECRET, PLAIN_KEY, PLAIN_SECRET
from support.e2e import XSWITCH, Home
from xswitch.emulator.server import EmbeddedAws


def keys(key: str, secret: str) -> str:
    return json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret})


def serve(home: Home, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the managed profile's command in a folder, as a program there does."""
    return subprocess.run(
        home.command("xs-reader"),
        env={**home.env, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "command",
    ["./base.sh", "/bin/sh base.sh", "/bin/cat keys.json", "/bin/sh -c 'cat \"$KEYS\"'"],
)
def test_no_session_of_another_folders_source(
    home: Home, aws: EmbeddedAws, tmp_path: Path, command: str
) -> None:
    """One folder's user may assume the role; the other's may not, and gets nothing."""
    folders = [tmp_path / "ours", tmp_path / "theirs", tmp_path / "neither"]
    for folder in folders:
        folder.mkdir()
    pairs = ((DEV_KEY, DEV_SECRET), (PLAIN_KEY, PLAIN_SECRET))
    for folder, (key, secret) in zip(folders, pairs, strict=False):
        (folder / "keys.json").write_text(keys(key, secret))
        script = folder / "base.sh"
        script.write_text(f"#!/bin/sh\nexec cat '{folder}/keys.json'\n")
        script.chmod(0o755)
    text = home.config.read_text()
    home.config.write_text(
        text.replace("source_profile = dev", "source_profile = base")
        + f"\n[profile base]\ncredential_process = {command}\n"
    )
    ours, theirs = ({"KEYS": str(folder / "keys.json")} for folder in folders[:2])
    switched = subprocess.run(
        [str(XSWITCH), "switch", "reader"],
        env={**home.env, **ours},
        cwd=folders[0],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert switched.returncode == 0, switched.stderr
    for _ in range(2):  # the second time, a pointer could be there
        served = serve(home, folders[0], **ours)
        assert served.returncode == 0, served.stderr
        for folder, variables in ((folders[1], theirs), (folders[2], {})):
            refused = serve(home, folder, **variables)
            assert (refused.returncode in {4, 6}, refused.stdout) == (True, ""), refused.stderr
    assert serve(home, folders[0], **ours).stdout == served.stdout
    assert aws.count("AssumeRole") >= 1
