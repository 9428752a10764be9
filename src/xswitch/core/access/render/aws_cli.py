"""AWS CLI commands in a POSIX shell script.

The AWS CLI reads values like `file://…` from that file, so calls with such values are passed as
JSON (AWS CLI user guide, "Load a parameter from a file"; version 1 also fetches `http://`).
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
from xswitch.core.text import sanitize, verbatim_option

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FETCHED = ("file://", "fileb://", "http://", "https://")
_FAILS_AGAIN = "A second run fails with EntityAlreadyExists; remove it then."
_SECOND_RUN: Mapping[str, str] = MappingProxyType(
    {
        "CreateRole": _FAILS_AGAIN,
        "CreatePolicy": _FAILS_AGAIN,
        "CreatePolicyVersion": "A second run adds another version; a policy has at most five.",
    }
)
_IDEMPOTENT = "A second run changes nothing."


def commands(plan: AccessPlan, account_plan: AccountPlan) -> str:
    """Write a script that stops at the first error, and if the account is wrong."""
    how = f"  AWS_PROFILE=... sh {file_name(plan.request, account_plan.side, 'sh')}"
    lines = [
        "#!/bin/sh",
        *comment(header_lines(plan, account_plan, "sh", "With credentials of that account:", how)),
        "set -eu",
        "",
    ]
    if not account_plan.changes:
        return "\n".join([*lines, "# Nothing to change.", ""])
    lines += [
        "account=$(aws sts get-caller-identity --query Account --output text)",
        f'if [ "$account" != {account_plan.account} ]; then',
        f"  printf '%s\\n' \"These credentials are for $account, not {account_plan.account}.\" >&2",
        "  exit 1",
        "fi",
    ]
    for change in account_plan.changes:
        lines += [
            "",
            f"# {sanitize(change.summary)}",
            f"# {_SECOND_RUN.get(change.call.operation, _IDEMPOTENT)}",
            command(change.call),
        ]
    return "\n".join([*lines, ""])


def command(call: IamCall) -> str:
    """Write one call as a command, with one option per line."""
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
    return verbatim_option(name, value if isinstance(value, str) else json.dumps(value))


def _kebab(name: str) -> str:
    return _HUMP.sub("-", name).lower()
