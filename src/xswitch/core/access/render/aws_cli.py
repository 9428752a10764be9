"""A side as AWS CLI commands in a POSIX shell script.

A value that begins like `file://` would be read from that place by the AWS CLI, so a call with such
a value is given as one JSON (AWS CLI user guide, "Load a parameter from a file"; version 1 fetches
`http://` too).
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from xswitch.core.access.model import AccessPlan, AccountPlan, IamCall
from xswitch.core.access.render.common import comment, file_name, header_lines
from xswitch.core.text import sanitize

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FETCHED = ("file://", "fileb://", "http://", "https://")
_AGAIN: Mapping[str, str] = MappingProxyType(
    {
        "CreateRole": "Run again it fails with EntityAlreadyExists; leave it out then.",
        "CreatePolicy": "Run again it fails with EntityAlreadyExists; leave it out then.",
        "CreatePolicyVersion": "Run again it makes another version; a policy has at most five.",
    }
)
_HARMLESS = "Run again it changes nothing."


def commands(plan: AccessPlan, side: AccountPlan) -> str:
    """A script that stops at the first error, and before anything when the credentials are of another account."""
    how = f"  AWS_PROFILE=... sh {file_name(plan.request, side.side, 'sh')}"
    lines = [
        "#!/bin/sh",
        *comment(header_lines(plan, side, "sh", "With credentials of that account:", how)),
        "set -eu",
        "",
    ]
    if not side.changes:
        return "\n".join([*lines, "# There is nothing to change.", ""])
    lines += [
        "account=$(aws sts get-caller-identity --query Account --output text)",
        f'if [ "$account" != {side.account} ]; then',
        f"  printf '%s\\n' \"These credentials are of account $account, and not of {side.account}.\" >&2",
        "  exit 1",
        "fi",
    ]
    for change in side.changes:
        lines += [
            "",
            f"# {sanitize(change.summary)}",
            f"# {_AGAIN.get(change.call.operation, _HARMLESS)}",
            command(change.call),
        ]
    return "\n".join([*lines, ""])


def command(call: IamCall) -> str:
    """One call as a command, an option a line."""
    return " \\\n  ".join([f"aws iam {_kebab(call.operation)}", *_options(call)])


def _options(call: IamCall) -> Iterator[str]:
    parameters = call.parameters
    if any(isinstance(value, str) and value.startswith(_FETCHED) for value in parameters.values()):
        yield f"--cli-input-json {shlex.quote(json.dumps(dict(parameters), indent=2))}"
        return
    for name, value in parameters.items():
        yield _option(f"--{_kebab(name)}", value)


def _option(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else name.replace("--", "--no-", 1)
    text = value if isinstance(value, str) else json.dumps(value)
    # What begins with a hyphen would be read as an option of its own.
    return f"{name}={shlex.quote(text)}" if text.startswith("-") else f"{name} {shlex.quote(text)}"


def _kebab(name: str) -> str:
    return _HUMP.sub("-", name).lower()
