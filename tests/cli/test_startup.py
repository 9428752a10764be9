"""What a small command loads: start-up time is felt at every prompt."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Each is only for some commands, and costs 4 to 200 ms: OpenSSL, locks, processes, TOML, AWS, the
# screen, setting access up, explaining.
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


@pytest.mark.parametrize("words", [["list", "--json"], ["status"], ["complete", "x"]])
def test_looking_loads_nothing_heavy(words: list[str]) -> None:
    code = f"import sys; from xswitch.cli.main import main; code = main({words}); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "xswitch.actions.inspect.listing" in loaded
    assert not loaded & HEAVY
