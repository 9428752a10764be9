"""Plans as files, one per account: JSON, AWS CLI commands, CloudFormation, Terraform.

Text for the terminal is in cli/output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from xswitch.core.access.model import AccessPlan, AccountPlan
from xswitch.core.access.render.aws_cli import commands
from xswitch.core.access.render.cloudformation import cloudformation
from xswitch.core.access.render.common import RenderedFile, file_name
from xswitch.core.access.render.json_plan import finding_data, json_text, plan_data
from xswitch.core.access.render.terraform import terraform
from xswitch.core.errors import ErrorCode, UsageError

__all__ = ["FORMATS", "RenderedFile", "finding_data", "plan_data", "render"]

_WRITERS: Mapping[str, tuple[str, Callable[[AccessPlan, AccountPlan], str]]] = MappingProxyType(
    {
        "json": ("json", json_text),
        "cli": ("sh", commands),
        "cloudformation": ("yaml", cloudformation),
        "terraform": ("tf", terraform),
    }
)
FORMATS = tuple(_WRITERS)


def render(plan: AccessPlan, fmt: str) -> tuple[RenderedFile, ...]:
    """Render the source's file and the target's. Raises UsageError for unknown formats."""
    if fmt not in _WRITERS:
        raise UsageError(
            f"{fmt!r} isn't a plan format.",
            why=f"Formats are {', '.join(FORMATS)}.",
            code=ErrorCode.FORMAT,
        )
    ending, write = _WRITERS[fmt]
    return tuple(
        RenderedFile(
            account_plan.side,
            file_name(plan.request, account_plan.side, ending),
            write(plan, account_plan),
        )
        for account_plan in plan.sides
    )
