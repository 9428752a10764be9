"""Terraform configurations.

Sources: the Terraform language ("Strings and templates"), the AWS provider's IAM resources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from xswitch.core.access.documents import policy_name
from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountPlan,
    AccountSide,
    PrincipalType,
)
from xswitch.core.access.render.common import comment, escaped, header_lines, identifier, is_new

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Raw(str):
    """An expression, written without quotes."""

    __slots__ = ()


def terraform(plan: AccessPlan, account_plan: AccountPlan) -> str:
    """Write a configuration of everything in one account; existing resources are imported."""
    request = plan.request
    label = identifier(request, "_").lower()
    note = (
        f"It needs Terraform 1.5 or later and credentials of account {account_plan.account}; "
        "with others, the plan fails."
    )
    blocks = (
        _role(plan, account_plan, label)
        if account_plan.side is AccountSide.TARGET
        else _permission(plan, account_plan, label)
    )
    lines = comment(header_lines(plan, account_plan, "tf", note))
    for kind, labels, body in (_caller(label), *blocks):
        lines += [
            "",
            " ".join([kind, *(string(name) for name in labels), "{"]),
            *_body(body, 2),
            "}",
        ]
    return "\n".join([*lines, ""])


_Block = tuple[str, tuple[str, ...], Mapping[str, Any]]


def _caller(label: str) -> _Block:
    return "data", ("aws_caller_identity", label), {}


def _guarded(body: Mapping[str, Any], account: str, label: str) -> dict[str, Any]:
    """Add a precondition: the credentials belong to the resource's account."""
    condition = {
        "condition": Raw(f"data.aws_caller_identity.{label}.account_id == {string(account)}"),
        "error_message": f"These credentials aren't for account {account}.",
    }
    return {**body, "lifecycle {": {"precondition {": condition}}


def _import(address: str, identity: str) -> _Block:
    return "import", (), {"to": Raw(address), "id": identity}


def _role(plan: AccessPlan, account_plan: AccountPlan, label: str) -> Iterable[_Block]:
    request = plan.request
    address = f"aws_iam_role.{label}"
    body: dict[str, Any] = {"name": request.role_name, "path": request.role_path}
    if request.description:
        body["description"] = request.description
    body |= {
        "max_session_duration": request.max_session_seconds,
        "assume_role_policy": _encoded(plan.trust),
    }
    if request.tags:
        body["tags"] = dict(request.tags)
    if not is_new(account_plan):
        yield _import(address, request.role_name)
    yield "resource", ("aws_iam_role", label), _guarded(body, request.target_account, label)
    for number, arn in enumerate(request.managed_policies, 1):
        yield (
            "resource",
            ("aws_iam_role_policy_attachment", f"{label}_{number}"),
            {"role": Raw(f"{address}.name"), "policy_arn": arn},
        )
    for number, policy in enumerate(request.inline_policies, 1):
        body = {
            "name": policy.name,
            "role": Raw(f"{address}.name"),
            "policy": _encoded(policy.document),
        }
        yield "resource", ("aws_iam_role_policy", f"{label}_{number}"), body


def _permission(plan: AccessPlan, account_plan: AccountPlan, label: str) -> Iterable[_Block]:
    request: AccessRequest = plan.request
    name, policy = policy_name(request), _encoded(plan.permission)
    kind = request.principal.kind
    if kind is PrincipalType.ACCOUNT:
        if not is_new(account_plan):
            yield _import(
                f"aws_iam_policy.{label}",
                f"arn:{request.partition}:iam::{request.principal.account}:policy/{name}",
            )
        body = {"name": name, "description": f"May assume {request.role_arn}", "policy": policy}
        yield (
            "resource",
            ("aws_iam_policy", label),
            _guarded(body, request.principal.account, label),
        )
        return
    body = {"name": name, kind.value: request.principal.name, "policy": policy}
    yield (
        "resource",
        (f"aws_iam_{kind.value}_policy", label),
        _guarded(body, request.principal.account, label),
    )


def _encoded(document: str) -> Raw:
    return Raw(f"jsonencode({_expression(json.loads(document), 2)})")


def _body(body: Mapping[str, Any], indent: int) -> list[str]:
    """Write a block's attributes, then its nested blocks (their names end with a brace)."""
    pad = " " * indent
    lines = _aligned(
        {name: value for name, value in body.items() if not name.endswith("{")}, indent
    )
    for name, value in body.items():
        if name.endswith("{"):
            lines += [*([""] if lines else []), pad + name, *_body(value, indent + 2), pad + "}"]
    return lines


def _aligned(values: Mapping[str, Any], indent: int) -> list[str]:
    """Write the values with aligned equals signs in runs of single lines, as `terraform fmt`."""
    names = [name if _IDENTIFIER.fullmatch(name) else string(name) for name in map(str, values)]
    texts = [_expression(value, indent) for value in values.values()]
    lines: list[str] = []
    for single, run in groupby(zip(names, texts, strict=True), lambda pair: "\n" not in pair[1]):
        pairs = list(run)
        width = max(len(name) for name, _ in pairs) if single else 0
        lines += [f"{' ' * indent}{name:<{width}} = {text}" for name, text in pairs]
    return lines


def _expression(value: Any, indent: int) -> str:
    pad, inner = " " * indent, " " * (indent + 2)
    if isinstance(value, str):
        return str(value) if isinstance(value, Raw) else string(value)
    if isinstance(value, Mapping):
        return "\n".join(["{", *_aligned(value, indent + 2), pad + "}"]) if value else "{}"
    if isinstance(value, list):
        if any(isinstance(item, Mapping | list) for item in value):
            return "\n".join(
                ["[", *(f"{inner}{_expression(item, indent + 2)}," for item in value), pad + "]"]
            )
        return f"[{', '.join(_expression(item, indent) for item in value)}]"
    return json.dumps(value)


def string(text: str) -> str:
    """Write a quoted template for literal text."""
    return '"' + escaped(text).replace("${", "$${").replace("%{", "%%{") + '"'
