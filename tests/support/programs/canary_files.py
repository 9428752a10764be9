"""Runs command lines over one pair of files after another, in one process.

Each line of stdin is JSON: `{"files": {PATH: TEXT}, "words": [WORD, …]}`. The files are written,
then the words are run as a command line; ["screen"] draws what the picker shows of every role. A
line `== CODE` follows the output of each on both streams.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from support.tui.drawn import drawn_lines
from xswitch.cli import main as cli
from xswitch.wiring import build_services


def _in_fork(words: list[str]) -> int:
    """Run a command that another program may replace."""
    child = os.fork()
    if not child:
        os._exit(cli.main(words, os.environ))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> int:
    for line in sys.stdin:
        asked = json.loads(line)
        for path, text in asked["files"].items():
            Path(path).write_bytes(text.encode("utf-8", "surrogateescape"))
        words = asked["words"]
        if words == ["screen"]:
            services = build_services(os.environ)
            sys.stdout.write("\n".join(drawn_lines(services.actions, services.clock)))
            code = 0
        elif words[0] == "exec":
            code = _in_fork(words)
        else:
            code = cli.main(words, os.environ)
        for stream in (sys.stdout, sys.stderr):
            stream.write(f"\n== {code}\n")
            stream.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
