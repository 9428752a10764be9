"""xswitch, with the time limit for explanations (in seconds) as the first argument."""

from __future__ import annotations

import sys

from xswitch.__main__ import run_full_program
from xswitch.actions.explain import explain

if __name__ == "__main__":
    explain.SECONDS_AFTER_A_TRY = explain.SECONDS_AFTER_A_SWITCH = float(sys.argv[1])
    raise SystemExit(run_full_program(sys.argv[2:]))
