"""The real clients, each of which says who it is and in which region."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conftest import TOOLS, find_program, missing
from support.e2e import Ran, run
from support.identity.variables import require_go_client
from xswitch.emulator.server import EmbeddedAws

_PROGRAMS = Path(__file__).parents[2] / "tools"
_ARN = re.compile(r"arn:aws:(?:sts|iam)::(\d{12}):(?:assumed-role/([^/\s]+)/|(user/\S+))")


@dataclass(frozen=True)
class Answer:
    """The identity that AWS told a client, and the region it signed for; or an error."""

    account: str
    name: str
    """The role's, or `user/NAME`."""
    region: str
    said: str
    """The client's stderr."""

    @property
    def refused(self) -> bool:
        """Whether the client got no credentials, and said why."""
        return not self.account and bool(self.said.strip())

    def __str__(self) -> str:
        if not self.account:
            return f"nothing: {self.said[-600:]}"
        return f"{self.account} {self.name} {self.region}"


Asking = Callable[[Mapping[str, str], str, Path, str], Ran]
"""Of the environment, the config file to name in code ("" for none), the folder, and AWS's URL."""


@dataclass(frozen=True)
class Client:
    """One client."""

    name: str
    run: Asking
    names_files: bool = True
    """Whether it can name a config file in code; else a variable does it."""
    shows_reasons: bool = True
    """Whether its error has the words of the `credential_process` that failed."""

    def ask(self, env: Mapping[str, str], aws: EmbeddedAws, cwd: Path, config: str = "") -> Answer:
        """Ask AWS who it is, with exactly this environment."""
        before = len(aws.calls)
        in_code = config if self.names_files else ""
        named = {"AWS_CONFIG_FILE": config} if config and not in_code else {}
        ran = self.run({**env, **named}, in_code, cwd, aws.endpoint)
        found = _ARN.search(ran.out) if ran.code == 0 else None
        # xswitch too asks who it is, before the client does
        asked = [call for call in aws.calls[before:] if call.action == "GetCallerIdentity"]
        if found is None or not asked:
            return Answer("", "", "", ran.err or ran.out)
        printed, region = ran.out.split()[1:], asked[-1].region
        assert not printed or printed == [region], (ran.out, region)
        return Answer(found[1], found[2] or found[3], region, ran.err)


@cache
def _boto3_server() -> subprocess.Popen[str]:
    """Start boto3 once: loading it takes longer than all that is asked. Ends with this process."""
    return subprocess.Popen(
        [sys.executable, str(_PROGRAMS / "identity.py"), "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _boto3(env: Mapping[str, str], config: str, cwd: Path, _url: str) -> Ran:
    server = _boto3_server()
    assert server.stdin is not None
    assert server.stdout is not None
    asked = {"env": dict(env), "words": [config] if config else [], "cwd": str(cwd)}
    server.stdin.write(json.dumps(asked) + "\n")
    server.stdin.flush()
    return Ran(**json.loads(server.stdout.readline()))


def _cli(env: Mapping[str, str], _config: str, cwd: Path, url: str) -> Ran:
    words = "sts get-caller-identity --query Arn --output text --endpoint-url"
    return run([find_program("/usr/bin/aws"), *words.split(), url], env, cwd=cwd)


def newest_cli() -> str:
    """Return the newest AWS CLI v2; the test skips without it."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        missing("the newest AWS CLI of make test-tools is for Linux on x86_64")
    return find_program(str(TOOLS / "aws-cli" / "dist" / "aws"))


def _newest_cli(env: Mapping[str, str], _config: str, cwd: Path, _url: str) -> Ran:
    words = "sts get-caller-identity --query Arn --output text"
    return run([newest_cli(), *words.split()], env, cwd=cwd)


def _go(env: Mapping[str, str], config: str, cwd: Path, _url: str) -> Ran:
    require_go_client()
    return run([str(TOOLS / "go-identity"), *([config] if config else [])], env, cwd=cwd)


def _javascript(env: Mapping[str, str], config: str, cwd: Path, _url: str) -> Ran:
    modules = TOOLS / "node_modules"
    if not (modules / "@aws-sdk" / "client-sts").exists():
        missing("@aws-sdk/client-sts is not installed (make test-tools)")
    words = [find_program("node"), "--no-warnings", str(_PROGRAMS / "identity.cjs")]
    argv = [*words, *([config] if config else [])]
    return run(argv, {**env, "NODE_PATH": str(modules)}, cwd=cwd)


CLIENTS = (
    Client("boto3", _boto3),
    Client("Go", _go),
    Client("JavaScript", _javascript, shows_reasons=False),
    Client("AWS CLI", _cli, names_files=False),
)
"""The dearest last."""
NEWEST_CLI = Client("AWS CLI 2.38", _newest_cli, names_files=False)
"""Of `make test-tools`; the one of CLIENTS is Debian's 2.9."""
