"""Says which terminals get the full screen: reads names, one a line, and prints 0 or 1 for each.

A small process, whose forks cost little; curses reads one terminal per process.
"""

from __future__ import annotations

import os
import sys

from xswitch.tui.startup.full_screen import supports_full_screen


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(int(supports_full_screen({"TERM": line.rstrip("\n")})))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
