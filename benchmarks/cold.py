"""The cold read: an empty vault, so one AssumeRole, against a stub that answers at once.

    python benchmarks/cold.py [ROUNDS]

It is compared with a minimal boto3 script: a client and the same call, in the same interpreter.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from hotworld import BASE_KEY, BASE_SECRET, ROLE_ARN, HotHome, embedded_aws, hot_home
from measure import ROUNDS, Row, interleaved, process, row

NAME = "cold read"
_SCRIPT = """
import sys
import boto3
url, key, secret, arn = sys.argv[1:]
session = boto3.Session(
    aws_access_key_id=key, aws_secret_access_key=secret, region_name="eu-west-1"
)
session.client("sts", endpoint_url=url).assume_role(RoleArn=arn, RoleSessionName="bench")
"""


def script(port: int) -> list[str]:
    """Return the boto3 script's command."""
    return [
        sys.executable,
        "-c",
        _SCRIPT,
        f"http://127.0.0.1:{port}",
        BASE_KEY,
        BASE_SECRET,
        ROLE_ARN,
    ]


def cold_read(home: HotHome) -> Callable[[], object]:
    """Return a run of the managed profile's command with an empty vault."""
    read = process(home.command, home.environ)

    def run() -> object:
        home.empty()
        return read()

    return run


def rows(folder: Path, rounds: int = ROUNDS) -> list[Row]:
    """Measure the cold read against boto3."""
    with embedded_aws() as aws, hot_home(folder, aws) as home:
        contestants = {
            "minimal boto3 script": process(script(aws.port), home.environ),
            NAME: cold_read(home),
        }
        before = len(aws.calls)
        figures = interleaved(contestants, rounds)
        calls = len(aws.calls) - before
        if calls != 2 * (rounds + 1):
            raise SystemExit(f"{calls} calls in {rounds + 1} rounds: a read was not cold")
        return [row(figures[NAME], figures["minimal boto3 script"], 0.6)]


def imports(folder: Path) -> list[tuple[str, float]]:
    """Return the modules that a cold read imports and their milliseconds, slowest first."""
    with embedded_aws() as aws, hot_home(folder, aws) as home:
        home.empty()
        command = [home.command[0], "-X", "importtime", *home.command[1:]]
        done = subprocess.run(
            command, env=dict(home.environ), check=True, capture_output=True, text=True, timeout=60
        )
    return parse_import_times(done.stderr)


def parse_import_times(report: str) -> list[tuple[str, float]]:
    """Parse the output of `-X importtime` into modules and milliseconds, slowest first."""
    times = []
    for line in report.splitlines():
        own, _, names = line.removeprefix("import time:").partition("|")
        if line.startswith("import time:") and own.strip().isdigit():
            times.append((names.partition("|")[2].strip(), int(own) / 1000))
    return sorted(times, key=lambda module: -module[1])


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="xswitch-bench-") as scratch:
        for result in rows(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS):
            print(result)
        for name, milliseconds in imports(Path(scratch)):
            if milliseconds >= 1:
                print(f"{milliseconds:7.1f} ms  {name}")


if __name__ == "__main__":
    main()
