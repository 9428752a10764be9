"""The cold read: no session in the vault, so one AssumeRole, against a stub that answers at once.

    python benchmarks/cold.py [ROUNDS]

The other contestant is the least that boto3 can be asked to do: a client and the same call, by the
same interpreter.
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
session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name="eu-west-1")
session.client("sts", endpoint_url=url).assume_role(RoleArn=arn, RoleSessionName="bench")
"""


def script(port: int) -> list[str]:
    """The boto3 script as a command."""
    return [
        sys.executable,
        "-c",
        _SCRIPT,
        f"http://127.0.0.1:{port}",
        BASE_KEY,
        BASE_SECRET,
        ROLE_ARN,
    ]


def forgetful(home: HotHome) -> Callable[[], object]:
    """The managed profile's command, with an empty vault each time."""
    read = process(home.command, home.environ)

    def run() -> object:
        home.empty()
        return read()

    return run


def rows(folder: Path, rounds: int = ROUNDS) -> list[Row]:
    """The one promise."""
    with embedded_aws() as aws, hot_home(folder, aws) as home:
        contestants = {
            "minimal boto3 script": process(script(aws.port), home.environ),
            NAME: forgetful(home),
        }
        before = len(aws.calls)
        figures = interleaved(contestants, rounds)
        calls = len(aws.calls) - before
        if calls != 2 * (rounds + 1):
            raise SystemExit(f"{calls} calls in {rounds + 1} rounds: a read was not cold")
        return [row(figures[NAME], figures["minimal boto3 script"], 0.6)]


def imports(folder: Path) -> list[tuple[str, float]]:
    """Milliseconds of each module that a cold read imports, by itself, longest first."""
    with embedded_aws() as aws, hot_home(folder, aws) as home:
        home.empty()
        command = [home.command[0], "-X", "importtime", *home.command[1:]]
        done = subprocess.run(
            command, env=dict(home.environ), check=True, capture_output=True, text=True, timeout=60
        )
    return measured(done.stderr)


def measured(report: str) -> list[tuple[str, float]]:
    """The lines of `-X importtime`: module and milliseconds of its own, longest first."""
    found = []
    for line in report.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if line.startswith("import time:") and own.strip().isdigit():
            found.append((rest.partition("|")[2].strip(), int(own) / 1000))
    return sorted(found, key=lambda one: -one[1])


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="xswitch-bench-") as scratch:
        for one in rows(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS):
            print(one)
        for name, milliseconds in imports(Path(scratch)):
            if milliseconds >= 1:
                print(f"{milliseconds:7.1f} ms  {name}")


if __name__ == "__main__":
    main()
