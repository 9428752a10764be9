"""Plans and findings as JSON; docs/access-formats.md documents the fields."""

from __future__ import annotations

import json
from typing import Any

from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountPlan,
    AccountSide,
    Finding,
    IamCall,
    IamChange,
)


def plan_data(plan: AccessPlan) -> dict[str, Any]:
    """Convert the whole plan."""
    return {
        "request": _request(plan.request),
        "role_arn": plan.request.role_arn,
        "empty": plan.empty,
        "trust": json.loads(plan.trust),
        "permission": json.loads(plan.permission),
        "sides": [_side(account_plan) for account_plan in plan.sides],
        "warnings": [finding_data(warning) for warning in plan.warnings],
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """Convert a finding, with the corrected statement as an object or None."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "why": finding.why,
        "where": finding.where,
        "corrected": json.loads(finding.corrected) if finding.corrected else None,
    }


def json_text(plan: AccessPlan, account_plan: AccountPlan) -> str:
    """Write the file for one account: the plan without the other account's changes."""
    data = {
        "version": 1,
        **plan_data(plan),
        "sides": [_side(account_plan)],
        "empty": not account_plan.changes,
    }
    del data["permission" if account_plan.side is AccountSide.TARGET else "trust"]
    return json.dumps(data, indent=2) + "\n"


def _request(request: AccessRequest) -> dict[str, Any]:
    principal = request.principal
    return {
        "partition": request.partition,
        "target_account": request.target_account,
        "role_name": request.role_name,
        "role_path": request.role_path,
        "who": {
            "kind": principal.kind.value,
            "account": principal.account,
            "name": principal.name,
            "path": principal.path,
        },
        "managed_policies": list(request.managed_policies),
        "inline_policies": [
            {"name": policy.name, "document": json.loads(policy.document)}
            for policy in request.inline_policies
        ],
        "external_id": request.external_id,
        "require_mfa": request.require_mfa,
        "max_session_seconds": request.max_session_seconds,
        "tags": dict(request.tags),
        "description": request.description,
    }


def _side(account_plan: AccountPlan) -> dict[str, Any]:
    return {
        "side": account_plan.side.value,
        "account": account_plan.account,
        "profile": account_plan.profile,
        "seen": account_plan.seen,
        "changes": [_change(change) for change in account_plan.changes],
    }


def _change(change: IamChange) -> dict[str, Any]:
    return {
        "subject": change.subject,
        "summary": change.summary,
        **_call(change.call),
        "undo": [_call(call) for call in change.undo],
        "before": change.before,
        "after": change.after,
    }


def _call(call: IamCall) -> dict[str, Any]:
    return {"operation": call.operation, "parameters": dict(call.parameters)}
