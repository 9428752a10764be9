"""Other tools compared with xswitch: the same role, profile, config and STS stub.

    python benchmarks/peers.py [ROUNDS]       awsume, AWS CLI v1, Debian's AWS CLI v2 (make bench)
    python benchmarks/peers.py --go [ROUNDS]  and aws-vault, Granted, aws-sso-cli (make bench-peers)

A cold run starts with an empty cache, a warm one with that of the run before. Debian's CLI has no
setting for the STS endpoint, so it gets a rule set in `~/.aws/models`, which botocore reads first.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import gopeers
from cold import cold_read
from hotworld import BASE_KEY, BASE_SECRET, ROLE_ARN, base_config, embedded_aws, hot_home
from measure import ROUNDS, Figure, interleaved, process

TOOLS = Path(os.environ.get("XSWITCH_BENCH_TOOLS") or Path.home() / ".cache" / "xswitch-bench")
_KINDS = {
    "Region": "String",
    "Endpoint": "String",
    "UseFIPS": "Boolean",
    "UseDualStack": "Boolean",
    "UseGlobalEndpoint": "Boolean",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool to compare with."""

    name: str
    argv: tuple[str, ...]
    cache: str = ""
    """The folder in its home to remove before each cold run."""
    answer: str = "ASIA"


def _rules(port: int) -> str:
    """Return an endpoint rule set for botocore with a single endpoint."""
    parameters = {
        name: {"type": kind, "required": False, "documentation": name}
        for name, kind in _KINDS.items()
    }
    endpoint = {"url": f"http://127.0.0.1:{port}", "properties": {}, "headers": {}}
    return json.dumps(
        {
            "version": "1.0",
            "parameters": parameters,
            "rules": [{"conditions": [], "endpoint": endpoint, "type": "endpoint"}],
        }
    )


def _home(folder: Path, port: int) -> dict[str, str]:
    home = Path(tempfile.mkdtemp(prefix="peers-", dir=folder))
    models = home / ".aws" / "models" / "sts" / "2011-06-15"
    models.mkdir(parents=True)
    (models / "endpoint-rule-set-1.json").write_text(_rules(port))
    (home / ".aws" / "config").write_text(base_config(port))
    credentials = home / ".aws" / "credentials"
    credentials.write_text(
        f"[bench-base]\naws_access_key_id = {BASE_KEY}\naws_secret_access_key = {BASE_SECRET}\n"
    )
    credentials.chmod(0o600)
    return {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def installed() -> list[Peer]:
    """Return the installed tools written in Python."""
    tools = []
    own = TOOLS / "peers" / "bin"
    if (own / "awsumepy").exists():
        tools.append(
            Peer(
                "awsume (caches no role sessions)",
                (str(own / "awsumepy"), "bench"),
                ".awsume/cache",
            )
        )
    if (own / "aws").exists():
        call = (
            "sts",
            "assume-role",
            "--role-arn",
            ROLE_ARN,
            "--role-session-name",
            "bench",
            "--profile",
            "bench-base",
        )
        tools.append(
            Peer(
                "AWS CLI v1, sts assume-role (caches nothing)",
                (str(own / "aws"), *call),
                ".aws/cli/cache",
            )
        )
    debian = "/usr/bin/aws"
    if Path(debian).exists():
        export = (
            debian,
            "configure",
            "export-credentials",
            "--profile",
            "bench",
            "--format",
            "process",
        )
        tools.append(Peer("AWS CLI v2, export-credentials, cold", export, ".aws/cli/cache"))
        tools.append(Peer("AWS CLI v2, export-credentials, warm", export))
    return tools


def _contestant(peer: Peer, environ: Mapping[str, str]) -> Callable[[], object]:
    done = subprocess.run(
        peer.argv,
        env=dict(environ),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode or peer.answer not in done.stdout:
        raise SystemExit(f"{peer.name} does not work here: {done.stderr[-400:]}")
    run = process(peer.argv, environ)

    def cold() -> object:
        shutil.rmtree(Path(environ["HOME"]) / peer.cache, ignore_errors=True)
        return run()

    return cold if peer.cache else run


def figures(
    folder: Path, rounds: int = ROUNDS, built: Mapping[str, Path] | None = None
) -> list[Figure]:
    """Measure all tools, xswitch first; `built` are the tools in Go."""
    built = built or {}
    with ExitStack() as stack:
        aws = stack.enter_context(embedded_aws())
        cold = stack.enter_context(hot_home(folder, aws))
        warm = stack.enter_context(hot_home(folder, aws))
        environ = _home(folder, aws.port) | gopeers.VARIABLES
        gopeers.prepare(built, environ)
        contestants = {
            "xswitch, managed profile, warm": process(warm.command, warm.environ),
            "xswitch, managed profile, cold": cold_read(cold),
        }
        for peer in [*installed(), *(Peer(*fields) for fields in gopeers.contestants(built))]:
            contestants[peer.name] = _contestant(peer, environ)
        return list(interleaved(contestants, rounds).values())


def main() -> None:
    """Measure and print."""
    words = [word for word in sys.argv[1:] if word != "--go"]
    built, skipped = gopeers.build(TOOLS / "go") if "--go" in sys.argv else ({}, {})
    for name, why in skipped.items():
        print(f"{name} is not measured: {why}")
    with tempfile.TemporaryDirectory(prefix="xswitch-bench-") as scratch:
        for figure in figures(Path(scratch), int(words[0]) if words else ROUNDS, built):
            print(
                f"{figure.name:50} {figure.median:8.1f} ms ({figure.low:.1f} to {figure.high:.1f})"
            )


if __name__ == "__main__":
    main()
