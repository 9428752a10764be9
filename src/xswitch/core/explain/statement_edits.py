"""The exact JSON to add, replace or remove in a policy: least privilege, no placeholders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xswitch.core.access.documents import EXTERNAL_ID, MFA_PRESENT, statement_to_json
from xswitch.core.arn import account_of
from xswitch.core.explain.evidence import HopEvidence
from xswitch.core.explain.matching import ConditionCheck, StatementMatch
from xswitch.core.explain.model import StatementChange

_SSO_PATH = "aws-reserved/sso.amazonaws.com"
_PRINCIPAL_ARN = "aws:PrincipalArn"
_RESOURCE_ACCOUNT = "aws:ResourceAccount"

StatementEdit = tuple[str, StatementChange, str]
"""(statement, what to do with it, the current statement)."""


def caller_statement(hop: HopEvidence, actions: Sequence[str]) -> str:
    """Return the Allow for the caller's policy: these actions on this role."""
    return statement_to_json(
        {"Effect": "Allow", "Action": _one_or_many(actions), "Resource": hop.call.role_arn}
    )


def trust_statement(hop: HopEvidence, actions: Sequence[str]) -> str:
    """Return the Allow for the trust policy: this caller, with the conditions its call meets."""
    principal, conditions = _principal_and_conditions(hop)
    if hop.call.external_id is not None:
        conditions["StringEquals"] = {EXTERNAL_ID: hop.call.external_id}
    if hop.caller.mfa and hop.caller.is_user:
        conditions["Bool"] = {MFA_PRESENT: "true"}
    return statement_to_json(
        {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": _one_or_many(actions),
            "Condition": conditions,
        }
    )


def _principal_and_conditions(hop: HopEvidence) -> tuple[str, dict[str, Any]]:
    """Return the Principal for the caller, and the conditions that go with it.

    Users and roles are named by ARN. A role with an unknown path, as Identity Center's, needs
    a pattern: IAM user guide, "Reference permission sets in resource policies".
    """
    caller = hop.caller
    if caller.policy_arn:
        return caller.policy_arn, {}
    root = f"arn:{caller.partition or 'aws'}:iam::{caller.account}:root"
    name = caller.arn.partition(":assumed-role/")[2].partition("/")[0]
    if not name:
        return root, {}
    where = f"{_SSO_PATH}/*/{name}" if name.startswith("AWSReservedSSO_") else f"*{name}"
    return root, {
        "ArnLike": {_PRINCIPAL_ARN: f"arn:{caller.partition}:iam::{caller.account}:role/{where}"}
    }


def unchanged(match: StatementMatch) -> StatementEdit:
    """Leave a statement; its conditions have to be met."""
    shown = statement_to_json(match.policy_statement.raw)
    return shown, StatementChange.MEET, shown


def with_action(match: StatementMatch, action: str) -> StatementEdit:
    """Add an action to an Allow."""
    raw = dict(match.policy_statement.raw)
    listed = raw.get("Action", [])
    raw["Action"] = [*_as_list(listed), action]
    current = statement_to_json(match.policy_statement.raw)
    return statement_to_json(raw), StatementChange.REPLACE, current


def without_conditions(match: StatementMatch, checks: Sequence[ConditionCheck]) -> StatementEdit:
    """Remove conditions that this caller can never meet."""
    raw = dict(match.policy_statement.raw)
    dropped = {(check.operator, check.key) for check in checks}
    conditions = {
        operator: {key: value for key, value in keys.items() if (operator, key) not in dropped}
        for operator, keys in raw["Condition"].items()
    }
    raw["Condition"] = {operator: keys for operator, keys in conditions.items() if keys}
    current = statement_to_json(match.policy_statement.raw)
    return statement_to_json(raw), StatementChange.REPLACE, current


def with_exception(match: StatementMatch, hop: HopEvidence) -> StatementEdit:
    """Add an exception for this caller and role to a Deny, as narrow as its form allows.

    The Deny is removed if it covers nothing else.
    """
    raw, current = dict(match.policy_statement.raw), statement_to_json(match.policy_statement.raw)
    if match.policy_statement.statement.principals is not None:
        return _trust_with_exception(raw, current, hop)
    listed, role_arn = raw.get("Resource"), hop.call.role_arn
    resources = _as_list(listed)
    if role_arn in resources:
        remaining = [resource for resource in resources if resource != role_arn]
        if not remaining:
            return current, StatementChange.REMOVE, current
        raw["Resource"] = remaining
    elif resources == ["*"]:
        del raw["Resource"]
        raw["NotResource"] = role_arn
    elif "NotResource" in raw:
        excluded = raw["NotResource"]
        raw["NotResource"] = [*_as_list(excluded), role_arn]
    if raw == dict(match.policy_statement.raw) or _still_covers(raw, role_arn):
        # A pattern can't exclude a single role, so the exception is for the role's account.
        raw["Condition"] = _with_condition(
            raw.get("Condition", {}), "StringNotEquals", _RESOURCE_ACCOUNT, account_of(role_arn)
        )
    return statement_to_json(raw), StatementChange.REPLACE, current


def exception_for_scp(hop: HopEvidence) -> str:
    """Return the condition with which a Deny in an SCP doesn't apply to this caller."""
    arn = hop.caller.policy_arn or hop.caller.arn
    return json.dumps({"Condition": {"ArnNotLike": {_PRINCIPAL_ARN: arn}}}, indent=2)


def _trust_with_exception(raw: dict[str, Any], current: str, hop: HopEvidence) -> StatementEdit:
    names = {hop.caller.arn, hop.caller.role_arn} - {""}
    principal = raw.get("Principal")
    if isinstance(principal, Mapping) and set(principal) == {"AWS"}:
        listed = _as_list(principal["AWS"])
        remaining = [name for name in listed if name not in names]
        if not remaining:
            return current, StatementChange.REMOVE, current
        if len(remaining) < len(listed) and not any(
            _covers_account(name, hop.caller.account) for name in remaining
        ):
            raw["Principal"] = {"AWS": remaining}
            return statement_to_json(raw), StatementChange.REPLACE, current
    arn = hop.caller.policy_arn or hop.caller.arn
    raw["Condition"] = _with_condition(raw.get("Condition", {}), "ArnNotLike", _PRINCIPAL_ARN, arn)
    return statement_to_json(raw), StatementChange.REPLACE, current


def _covers_account(name: str, account: str) -> bool:
    return name in ("*", account) or name.endswith(f":{account}:root")


def _still_covers(raw: Mapping[str, Any], role_arn: str) -> bool:
    listed = raw.get("Resource", ())
    resources = _as_list(listed)
    return any("*" in text or "?" in text or text == role_arn for text in resources)


def _with_condition(
    conditions: Mapping[str, Any], operator: str, key: str, value: str
) -> dict[str, Any]:
    """Add a condition; with a negated operator each value is an exception."""
    keys = dict(conditions.get(operator, {}))
    existing = keys.get(key, [])
    keys[key] = [*_as_list(existing), value]
    return {**conditions, operator: keys}


def _one_or_many(actions: Sequence[str]) -> Any:
    return actions[0] if len(actions) == 1 else list(actions)


def _as_list(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value or ())
