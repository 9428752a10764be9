"""The exact JSON each side's administrator must add, put in a statement's place, or take away.

Least privilege, no placeholder.
"""

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
"""(statement, what to do with it, the statement as it stands now)."""


def statement_json(statement: Mapping[str, Any]) -> str:
    """A statement as it is shown."""
    return statement_to_json(statement)


def caller_statement(hop: HopEvidence, actions: Sequence[str]) -> str:
    """What the caller's policy must hold: these actions on this very role."""
    return statement_json(
        {"Effect": "Allow", "Action": _one_or_many(actions), "Resource": hop.call.role_arn}
    )


def trust_statement(hop: HopEvidence, actions: Sequence[str]) -> str:
    """What the role's trust policy must hold.

    This very caller, under the conditions its call meets already.
    """
    principal, conditions = principal_and_conditions(hop)
    if hop.call.external_id is not None:
        conditions["StringEquals"] = {EXTERNAL_ID: hop.call.external_id}
    if hop.caller.mfa and hop.caller.is_user:
        conditions["Bool"] = {MFA_PRESENT: "true"}
    return statement_json(
        {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": _one_or_many(actions),
            "Condition": conditions,
        }
    )


def principal_and_conditions(hop: HopEvidence) -> tuple[str, dict[str, Any]]:
    """The caller as a trust policy names it, and the conditions that takes.

    A user or role goes by its ARN. A role whose path can't be context, as Identity Center's, is named
    by a pattern: IAM user guide, "Reference permission sets in resource policies".
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


def unchanged(statement_match: StatementMatch) -> StatementEdit:
    """A statement that stays, and whose conditions have to be met."""
    shown = statement_json(statement_match.policy_statement.raw)
    return shown, StatementChange.MEET, shown


def with_action(statement_match: StatementMatch, action: str) -> StatementEdit:
    """An Allow that is right but for an action it lacks."""
    raw = dict(statement_match.policy_statement.raw)
    listed = raw.get("Action", [])
    raw["Action"] = [*([listed] if isinstance(listed, str) else listed), action]
    return (
        statement_json(raw),
        StatementChange.REPLACE,
        statement_json(statement_match.policy_statement.raw),
    )


def without_conditions(
    statement_match: StatementMatch, tests: Sequence[ConditionCheck]
) -> StatementEdit:
    """A statement less conditions that this caller can never meet."""
    raw = dict(statement_match.policy_statement.raw)
    dropped = {(test.operator, test.key) for test in tests}
    conditions = {
        operator: {key: value for key, value in keys.items() if (operator, key) not in dropped}
        for operator, keys in raw["Condition"].items()
    }
    raw["Condition"] = {operator: keys for operator, keys in conditions.items() if keys}
    return (
        statement_json(raw),
        StatementChange.REPLACE,
        statement_json(statement_match.policy_statement.raw),
    )


def with_exception(statement_match: StatementMatch, hop: HopEvidence) -> StatementEdit:
    """A Deny with an exception for this caller and this role, as narrow as its form allows.

    Removed where nothing else is left of it.
    """
    raw, current = (
        dict(statement_match.policy_statement.raw),
        statement_json(statement_match.policy_statement.raw),
    )
    if statement_match.policy_statement.statement.principals is not None:
        return _trust_with_exception(raw, current, hop)
    listed, role_arn = raw.get("Resource"), hop.call.role_arn
    resources = [listed] if isinstance(listed, str) else list(listed or ())
    if role_arn in resources:
        remaining = [one for one in resources if one != role_arn]
        if not remaining:
            return current, StatementChange.REMOVE, current
        raw["Resource"] = remaining
    elif resources == ["*"]:
        del raw["Resource"]
        raw["NotResource"] = role_arn
    elif "NotResource" in raw:
        excluded = raw["NotResource"]
        raw["NotResource"] = [*([excluded] if isinstance(excluded, str) else excluded), role_arn]
    if raw == dict(statement_match.policy_statement.raw) or _still_covers(raw, role_arn):
        # A pattern can't leave one role out, so the exception is the role's account.
        raw["Condition"] = _with_condition(
            raw.get("Condition", {}), "StringNotEquals", _RESOURCE_ACCOUNT, account_of(role_arn)
        )
    return statement_json(raw), StatementChange.REPLACE, current


def exception_for_scp(hop: HopEvidence) -> str:
    """The condition that makes a Deny of an organization pass over this caller."""
    arn = hop.caller.policy_arn or hop.caller.arn
    return json.dumps({"Condition": {"ArnNotLike": {_PRINCIPAL_ARN: arn}}}, indent=2)


def _trust_with_exception(raw: dict[str, Any], current: str, hop: HopEvidence) -> StatementEdit:
    names = {hop.caller.arn, hop.caller.role_arn} - {""}
    principal = raw.get("Principal")
    if isinstance(principal, Mapping) and set(principal) == {"AWS"}:
        listed = [principal["AWS"]] if isinstance(principal["AWS"], str) else list(principal["AWS"])
        remaining = [one for one in listed if one not in names]
        if not remaining:
            return current, StatementChange.REMOVE, current
        if len(remaining) < len(listed) and not any(
            _covers_account(one, hop.caller.account) for one in remaining
        ):
            raw["Principal"] = {"AWS": remaining}
            return statement_json(raw), StatementChange.REPLACE, current
    arn = hop.caller.policy_arn or hop.caller.arn
    raw["Condition"] = _with_condition(raw.get("Condition", {}), "ArnNotLike", _PRINCIPAL_ARN, arn)
    return statement_json(raw), StatementChange.REPLACE, current


def _covers_account(name: str, account: str) -> bool:
    return name in ("*", account) or name.endswith(f":{account}:root")


def _still_covers(raw: Mapping[str, Any], role_arn: str) -> bool:
    listed = raw.get("Resource", ())
    resources = [listed] if isinstance(listed, str) else list(listed)
    return any("*" in one or "?" in one or one == role_arn for one in resources)


def _with_condition(
    conditions: Mapping[str, Any], operator: str, key: str, value: str
) -> dict[str, Any]:
    """Conditions with one more that must hold.

    Of a negated operator several values are each excepted.
    """
    keys = dict(conditions.get(operator, {}))
    existing = keys.get(key, [])
    keys[key] = [*([existing] if isinstance(existing, str) else existing), value]
    return {**conditions, operator: keys}


def _one_or_many(actions: Sequence[str]) -> Any:
    return actions[0] if len(actions) == 1 else list(actions)
