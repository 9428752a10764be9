"""Runs command lines one after another on this terminal, as separate processes would.

Usage: `python support/programs/commands.py JOBS`.

JOBS is a JSON list of `{"argv": [...], "env": {...}}`; `env` overrides the environment. A line with
its number is written before each command, so that thousands of command lines cost one process
start.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from xswitch.__main__ import main

LINE = "=== {} ==="


def run(argv: list[str], env: dict[str, str]) -> str:
    """Run a command line and return its exit code."""
    before = dict(os.environ)
    os.environ.update(env)
    sys.argv = ["xswitch", *argv]
    try:
        return str(main())
    except SystemExit as left:
        return str(left.code or 0)
    except BaseException:  # noqa: BLE001 -- the test looks for any exception
        traceback.print_exc()
        return "crash"
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    for number, job in enumerate(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        sys.stderr.flush()
        sys.stdout.write("\n" + LINE.format(number) + "\n")
        sys.stdout.flush()
        code = run(job["argv"], job["env"])
        sys.stdout.flush()
        sys.stdout.write(f"\n=== exit {code} ===\n")
        sys.stdout.flush()
