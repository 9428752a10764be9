"""xswitch ignores a hostile environment and a permissive umask."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from support.aws.emulator import totp_code
from support.e2e import Home, run
from xswitch.emulator.server import EmbeddedAws

# Modules that an interpreter, the hot path, or the full program might import
_PLANTED = (
    "json",
    "re",
    "os",
    "io",
    "keyring",
    "xswitch",
    "hot",
    "answer",
    "dbus",
    "secret_service",
    "usercustomize",
    "sitecustomize",
    "textual",
    "encodings",
)


def planted(folder: Path, mark: Path) -> Path:
    """Create a folder of modules that report their import."""
    folder.mkdir(parents=True)
    for name in _PLANTED:
        (folder / f"{name}.py").write_text(
            f"open({str(mark)!r}, 'a').write({name!r})\nraise SystemExit(77)\n"
        )
    (folder / "startup").write_text(f"open({str(mark)!r}, 'a').write('startup')\n")
    return folder


def command_of(home: Home, profile: str) -> list[str]:
    """Return a managed profile's credential_process, split as an SDK does."""
    text = home.config.read_text(encoding="utf-8").partition(f"[profile {profile}]")[2]
    value = next(
        line.partition("=")[2]
        for line in text.splitlines()
        if line.startswith("credential_process")
    )
    return shlex.split(value)


def test_no_foreign_module_or_backend_is_loaded(home: Home, tmp_path: Path) -> None:
    assert home.run("switch", "reader").code == 0
    mark = tmp_path / "mark"
    folder = planted(tmp_path / "theirs", mark)
    for place in (
        home.folder / ".config" / "python_keyring",
        home.folder / ".local" / "share" / "python_keyring",
    ):
        place.mkdir(parents=True)
        (place / "keyringrc.cfg").write_text(
            "[backend]\ndefault-keyring=keyring.backends.null.Keyring\n"
        )
    hostile = {
        **home.env,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONSTARTUP": str(folder / "startup"),
        "PYTHONINSPECT": "",
        "PYTHONPATH": str(folder),
        "PYTHONWARNINGS": "error",
        "PYTHONVERBOSE": "",
    }
    words = command_of(home, "xs-reader")
    before = subprocess.run(
        words, env=home.env, capture_output=True, text=True, check=True, timeout=60
    )
    done = subprocess.run(
        words, env=hostile, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(before.stdout)
    assert not mark.exists()


def test_a_backend_named_in_the_environment_is_not_used(home: Home) -> None:
    elsewhere = {
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "KEYRING_PROPERTY_SCHEME": "KeePassXC",
    }
    assert home.run("switch", "reader", env=elsewhere).code == 0
    kept = [
        file
        for file in home.runtime.rglob("*")
        if file.is_file() and file.read_bytes().startswith(b"xswitch1 ")
    ]
    assert kept
    checks = {
        check["name"]: check
        for check in home.run("doctor", "--json", env=elsewhere).json["data"]["checks"]
    }
    assert checks["vault"]["state"] == "ok"


@pytest.mark.parametrize("mask", ["000", "777"])
def test_a_permissive_umask_changes_no_mode(home: Home, aws: EmbeddedAws, mask: str) -> None:
    home.config.parent.chmod(0o700)
    theirs = set(home.folder.rglob("*"))
    script = f'umask {mask}; for line in "$@"; do eval "xswitch $line" || exit $?; done'
    lines = [
        f"switch admin --mfa-code {totp_code(now=aws.clock.now())}",
        "switch reader",
        "config undo",
        "switch reader --force",
        "renew --all",
        "pin reader",
        "credential-process xs-admin",
        "status",
        "switch reader --static",
    ]
    done = run(["/bin/sh", "-c", script, "sh", *lines], home.env)
    assert done.code == 0, done.err
    made = [
        path
        for path in (*home.folder.rglob("*"), *home.runtime.rglob("*"))
        if path not in theirs and not path.is_symlink()
    ]
    assert len(made) > 10
    for path in made:
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        # Parent folders (.config, .local) can have any mode; what is inside is private
        assert mode & 0o077 == 0, (path, oct(mode))
        assert mode & 0o600 == 0o600, (path, oct(mode))
