"""`make faults`: let strace fail system calls of xswitch, and write docs/fault-injection.md."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from soak import ROOT, Figure, added

LEAST = 2_000
"""The minimum of all runs together."""
_TEST = "tests/reliability/test_injected_faults.py"


def main() -> int:
    """Run, add up, write; the exit code says whether all of it holds."""
    with tempfile.TemporaryDirectory(prefix="xswitch-faults-") as folder:
        figures = Path(folder) / "figures.jsonl"
        figures.touch()
        environ = {**os.environ, "XSWITCH_SOAK": str(figures), "XSWITCH_FAULTS": "1"}
        started = time.monotonic()
        command = [sys.executable, "-m", "pytest", _TEST, "-n", "auto", "-q", "--timeout", "1500"]
        ran = subprocess.run(command, env=environ, cwd=ROOT, check=False)
        minutes = (time.monotonic() - started) / 60
        found = added(figures.read_text(encoding="utf-8").splitlines())["faults"]
    text = page(found, minutes)
    print(text)
    done = sum(figure.done for figure in found.values())
    if done < LEAST:
        print(f"Not held: {done} of {LEAST} runs", file=sys.stderr)
    (ROOT / "docs" / "fault-injection.md").write_text(text, encoding="utf-8")
    return ran.returncode or int(done < LEAST)


def page(found: dict[str, Figure], minutes: float) -> str:
    """docs/fault-injection.md."""
    kinds = sorted(sum((figure.parts for figure in found.values()), Counter()))
    rows = [
        f"| `{name}` | {' | '.join(f'{figure.parts[kind]:,}' for kind in kinds)}"
        f" | {figure.done:,} | {figure.wrong} |"
        for name, figure in sorted(found.items())
    ]
    return _PAGE.format(
        when=time.strftime("%Y-%m-%d"),
        minutes=minutes,
        cores=os.cpu_count(),
        done=sum(figure.done for figure in found.values()),
        wrong=sum(figure.wrong for figure in found.values()),
        kinds=" | ".join(kinds),
        lines=" | ".join("---" for _ in kinds),
        rows="\n".join(rows),
    )


_PAGE = """# Fault injection

`make faults` runs each command below once for every system call on xswitch's or the user's files,
and every way that this call can fail: `strace` gives the call an error, or kills the process at it.
The calls are `rename`, `link`, `unlink`, `write`, `pwrite64`, `flock`, `fsync`, `mkdir`, `fchmod`,
and `openat` where it creates a file. A slice runs in `make test`.

After each run:

- config and credentials file have every byte that xswitch didn't write, and can be read;
- exit code 0 means that all of it was done; any other comes with a sentence, and never with a
  traceback or "a bug in xswitch";
- no session's secret is outside of the vault and the static profile, in a file that others can
  read, or in a message;
- the next change works and leaves no temporary file, and so does the next switch (not tried after
  `access apply`).

Run on {when}: {done:,} runs, {wrong} wrong, {minutes:.0f} minutes on a shared machine with {cores}
cores.

| command | {kinds} | runs | wrong |
| --- | {lines} | --- | --- |
{rows}
"""

if __name__ == "__main__":
    sys.exit(main())
