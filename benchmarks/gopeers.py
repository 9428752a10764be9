"""Builds the tools written in Go at fixed versions, from the Go module proxy into a cache.

Each is built as a dependency of an empty module, because `go install` requests a list of versions,
which some proxies deny.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hotworld import BASE_KEY, BASE_SECRET

VARIABLES = {
    "AWS_VAULT_BACKEND": "file",
    "AWS_VAULT_FILE_PASSPHRASE": "bench",
    "AWS_VAULT_PROMPT": "terminal",
}
_LIMIT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class _Tool:
    name: str
    module: str
    version: str
    package: str
    unmeasured: str = ""


_TOOLS = (
    _Tool(
        "aws-vault",
        "github.com/byteness/aws-vault/v7",
        "v7.7.10",
        "github.com/byteness/aws-vault/v7",
    ),
    _Tool(
        "aws-vault-99designs",
        "github.com/99designs/aws-vault/v7",
        "v7.2.0",
        "github.com/99designs/aws-vault/v7",
    ),
    _Tool(
        "granted",
        "github.com/common-fate/granted",
        "v0.38.0",
        "github.com/common-fate/granted/cmd/granted",
    ),
    _Tool(
        "aws-sso-cli",
        "github.com/synfinatic/aws-sso-cli",
        "v1.17.0",
        "github.com/synfinatic/aws-sso-cli/cmd/aws-sso",
        "it only has sessions of IAM Identity Center, which the stub doesn't offer",
    ),
)


def build(folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Build the tools; return their programs, and the reasons for tools that can't be measured."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        return {}, {tool.name: "Go is not installed" for tool in _TOOLS}
    built: dict[str, Path] = {}
    skipped: dict[str, str] = {}
    for tool in _TOOLS:
        why = _build(go, tool, folder)
        if why or tool.unmeasured:
            skipped[tool.name] = why or tool.unmeasured
        else:
            built[tool.name] = folder / "bin" / tool.name
    return built, skipped


def _build(go: str, tool: _Tool, folder: Path) -> str:
    """Build one tool; return "", or the reason for a failure."""
    program = folder / "bin" / tool.name
    stamp = program.with_name(f"{tool.name}.{tool.version}")
    if program.exists() and stamp.exists():
        return ""
    build_folder = folder / "build" / tool.name
    build_folder.mkdir(parents=True, exist_ok=True)
    program.parent.mkdir(exist_ok=True)
    (build_folder / "go.mod").write_text(
        f"module peer\n\ngo 1.24\n\nrequire {tool.module} {tool.version}\n"
    )
    command = [go, "build", "-mod=mod", "-o", str(program), tool.package]
    done = subprocess.run(
        command,
        cwd=build_folder,
        env=dict(os.environ),
        check=False,
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
    )
    if done.returncode:
        lines = [
            line
            for line in done.stderr.splitlines()
            if line.strip() and not line.startswith("go: downloading")
        ]
        return lines[0].replace(str(Path.home()), "~")[:300] if lines else "go build failed"
    stamp.touch()
    return ""


def contestants(built: Mapping[str, Path]) -> list[tuple[str, tuple[str, ...], str, str]]:
    """Return name, command, cache and expected answer, the fields of `peers.Peer`.

    The STS endpoint of aws-vault can't be configured, so its command reads keys from its store
    without any call: the minimum of a warm credential_process.
    """
    commands: list[tuple[str, tuple[str, ...], str, str]] = []
    for name, program in built.items():
        if name.startswith("aws-vault"):
            words = (str(program), "export", "--no-session", "--format=json", "bench-base")
            commands.append((f"{name}, keys out of its file store, no call", words, "", BASE_KEY))
    return commands


def prepare(built: Mapping[str, Path], environ: Mapping[str, str]) -> None:
    """Put the source profile's keys into each tool's store."""
    keys = {"AWS_ACCESS_KEY_ID": BASE_KEY, "AWS_SECRET_ACCESS_KEY": BASE_SECRET}
    for name, program in built.items():
        if name.startswith("aws-vault"):
            command = [str(program), "add", "--env", "bench-base"]
            subprocess.run(
                command,
                env={**environ, **VARIABLES, **keys},
                check=True,
                capture_output=True,
                timeout=60,
            )
