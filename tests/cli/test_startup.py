"""The modules that small commands import: users notice start-up time at every prompt."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Only some commands need these, and each takes 4 to 200 ms to import
HEAVY = {
    *(
        "_hashlib",
        "filelock",
        "subprocess",
        "tomllib",
        "difflib",
        "secrets",
        "socket",
        "unicodedata",
        "concurrent.futures",
        "asyncio",
    ),
    *("botocore", "boto3", "textual", "rich", "keyring"),
    *(
        "xswitch.core.access.model",
        "xswitch.core.explain.model",
        "xswitch.actions.sessions.broker",
        "xswitch.adapters.config.transaction",
        "xswitch.tui",
    ),
}


def imported_by(words: list[str]) -> set[str]:
    """Run a command, and return the modules it imported."""
    code = (
        "import sys; from xswitch.cli.main import main; "
        f"code = main({words}); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["list", "--json"], ["status"], ["complete", "x"]])
def test_inspecting_imports_nothing_heavy(words: list[str]) -> None:
    loaded = imported_by(words)
    assert "xswitch.actions.inspect.listing" in loaded
    assert not loaded & HEAVY
    assert not loaded & {"xswitch.cli.commands.access", "xswitch.cli.commands.demo"}


@pytest.mark.parametrize("command", ["init", "completion"])
def test_shell_scripts_import_nothing_heavy(command: str) -> None:
    loaded = imported_by([command, "bash"])
    assert "xswitch.core.shell.scripts" in loaded
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith("xswitch.emulator")}
