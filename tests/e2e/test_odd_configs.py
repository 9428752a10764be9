"""Configs that are one file, that can't be written, and that start from the environment."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import botocore.session
import pytest

from support.aws.emulator import DEV_KEY, DEV_SECRET, MFA_SERIAL, totp_code
from support.e2e import XSWITCH, Home
from xswitch.emulator.server import EmbeddedAws


@pytest.mark.parametrize("names", [("one", "one"), ("one", "link"), ("link", "sub/../one")])
def test_one_file_for_both_keeps_both_changes_and_forgets_them(
    home: Home, names: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home.config.parent
    (folder / "sub").mkdir()
    one = folder / "one"
    one.write_text(home.config.read_text() + "\n" + home.credentials.read_text())
    (folder / "link").symlink_to(one)
    before = one.read_text()
    for file in (home.config, home.credentials):
        file.unlink()
    home.env["AWS_CONFIG_FILE"], home.env["AWS_SHARED_CREDENTIALS_FILE"] = (
        str(folder / name) for name in names
    )
    done = home.run("switch", "reader", "--static")
    assert (done.code, done.out) == (0, "xs-reader-static\n"), done.err
    for name, value in home.env.items():
        monkeypatch.setenv(name, value)
    for profile in ("xs-reader", "xs-reader-static"):
        credentials = botocore.session.Session(profile=profile).get_credentials()
        assert credentials is not None
        assert str(credentials.access_key).startswith("ASIA")
    listed = home.run("list", "--json").json
    assert not [role for role in listed["data"]["roles"] if role["name"].startswith("profile ")]
    assert home.run("switch", "reader", "--force").code == 0
    answer = json.loads(home.run("credential-process", "xs-reader").out)
    assert answer["AccessKeyId"] in one.read_text()
    done = home.run("forget", "reader")
    assert done.code == 0, done.err
    assert one.read_text() == before


@pytest.mark.parametrize("static", [False, True])
def test_a_read_only_config_costs_no_code_and_no_call(
    home: Home, aws: EmbeddedAws, *, static: bool
) -> None:
    file = home.credentials if static else home.config
    if static:
        assert home.run("switch", "reader").code == 0
    file.chmod(0o400)
    before = len(aws.calls)
    words = ["switch", "reader", "--static"] if static else ["switch", "admin"]
    code = totp_code(now=aws.clock.now())
    done = home.run(*words, "--mfa-code", code)
    assert done.code == 8
    assert "read-only" in done.err
    assert f"chmod u+w {file}" in done.err
    assert len(aws.calls) == before
    (command,) = re.findall("chmod .*", done.err)
    subprocess.run(shlex.split(command), check=True)
    assert home.run(*words, "--mfa-code", code).code == 0


def test_a_profile_that_is_there_already_needs_no_writable_config(home: Home) -> None:
    assert home.run("switch", "reader").code == 0
    home.config.chmod(0o400)
    assert home.run("switch", "reader", "--force").code == 0


@pytest.mark.parametrize("mfa", [False, True])
def test_a_session_of_keys_in_the_environment_outlives_them(
    home: Home, aws: EmbeddedAws, tmp_path: Path, *, mfa: bool
) -> None:
    text = home.config.read_text()
    name = "admin" if mfa else "reader"
    section = text.partition(f"[profile {name}]\n")[2].partition("\n\n")[0]
    section = section.replace("source_profile = dev", "credential_source = Environment")
    home.config.write_text(f"{text}\n[profile e]\n{section}\n")
    assert (MFA_SERIAL in section) is mfa
    code = f" --mfa-code {totp_code(now=aws.clock.now())}" if mfa else ""
    script = tmp_path / "script"
    script.write_text(
        f"export AWS_ACCESS_KEY_ID={DEV_KEY} AWS_SECRET_ACCESS_KEY={DEV_SECRET}\n"
        f'eval "$({XSWITCH} init bash)"\nxs e{code} || exit 1\n'
        f'test -z "$AWS_ACCESS_KEY_ID" || exit 2\n'
        f'for n in 1 2 3; do {XSWITCH} credential-process "$AWS_PROFILE" || exit 3; done\n'
        f"{XSWITCH} switch e >&2 || exit 4\n"
        f'AWS_ACCESS_KEY_ID={DEV_KEY}OTHER {XSWITCH} credential-process "$AWS_PROFILE" && exit 5\n'
        "exit 0\n"
    )
    done = subprocess.run(
        ["bash", str(script)],
        env=home.env,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    answers = {json.loads(line)["AccessKeyId"] for line in done.stdout.splitlines()}
    assert len(answers) == 1
