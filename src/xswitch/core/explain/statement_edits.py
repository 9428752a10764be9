"""The exact JSON each side's administrator must add, put in a statement's place, or take away; least privilege, no placeholder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xswitch.core.access.documents import EXTERNAL_ID, MFA_PRESENT, statement_text
from xswitch.core.explain.evidence import Step
from xswitch.core.explain.matching import Test, Weighed
from xswitch.core.explain.model import StatementChange

_SSO_PATH = "aws-reserved/sso.amazonaws.com"
_PRINCIPAL_ARN = "aws:PrincipalArn"
_RESOURCE_ACCOUNT = "aws:ResourceAccount"

Edit = tuple[str, StatementChange, str]
"""(statement, what to do with it, the statement as it stands now)."""


def text(statement: Mapping[str, Any]) -> str:
    """A statement as it is shown."""
    return statement_text(statement)


def permission(step: Step, actions: Sequence[str]) -> str:
    """What the caller's policy must hold: these actions on this very role."""
    return text({"Effect": "Allow", "Action": _one_or_many(actions), "Resource": step.asked.role_arn})


def trust(step: Step, actions: Sequence[str]) -> str:
    """What the role's trust policy must hold: this very caller, under the conditions its call meets already."""
    principal, conditions = principal_of(step)
    if step.asked.external_id is not None:
        conditions["StringEquals"] = {EXTERNAL_ID: step.asked.external_id}
    if step.calling.mfa and step.calling.is_user:
        conditions["Bool"] = {MFA_PRESENT: "true"}
    return text({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": _one_or_many(actions), "Condition": conditions})


def principal_of(step: Step) -> tuple[str, dict[str, Any]]:
    """The caller as a trust policy names it, and the conditions that takes.

    A user or role goes by its ARN. A role whose path can't be known, as Identity Center's, is named by a pattern: IAM user guide,
    "Reference permission sets in resource policies".
    """
    calling = step.calling
    if calling.policy_arn:
        return calling.policy_arn, {}
    root = f"arn:{calling.partition or 'aws'}:iam::{calling.account}:root"
    name = calling.arn.partition(":assumed-role/")[2].partition("/")[0]
    if not name:
        return root, {}
    where = f"{_SSO_PATH}/*/{name}" if name.startswith("AWSReservedSSO_") else f"*{name}"
    return root, {"ArnLike": {_PRINCIPAL_ARN: f"arn:{calling.partition}:iam::{calling.account}:role/{where}"}}


def as_it_stands(weighed: Weighed) -> Edit:
    """A statement that stays, and whose conditions have to be met."""
    shown = text(weighed.given.raw)
    return shown, StatementChange.MEET, shown


def with_action(weighed: Weighed, action: str) -> Edit:
    """An Allow that is right but for an action it lacks."""
    raw = dict(weighed.given.raw)
    listed = raw.get("Action", [])
    raw["Action"] = [*([listed] if isinstance(listed, str) else listed), action]
    return text(raw), StatementChange.REPLACE, text(weighed.given.raw)


def without_conditions(weighed: Weighed, tests: Sequence[Test]) -> Edit:
    """A statement less conditions that this caller can never meet."""
    raw = dict(weighed.given.raw)
    dropped = {(test.operator, test.key) for test in tests}
    conditions = {
        operator: {key: value for key, value in keys.items() if (operator, key) not in dropped}
        for operator, keys in raw["Condition"].items()
    }
    raw["Condition"] = {operator: keys for operator, keys in conditions.items() if keys}
    return text(raw), StatementChange.REPLACE, text(weighed.given.raw)


def denial_lifted(weighed: Weighed, step: Step) -> Edit:
    """A Deny with an exception for this caller and this role, as narrow as its form allows; removed where nothing else is left of it."""
    raw, current = dict(weighed.given.raw), text(weighed.given.raw)
    if weighed.given.statement.principals is not None:
        return _trust_denial(raw, current, step)
    listed, role_arn = raw.get("Resource"), step.asked.role_arn
    resources = [listed] if isinstance(listed, str) else list(listed or ())
    if role_arn in resources:
        left = [one for one in resources if one != role_arn]
        if not left:
            return current, StatementChange.REMOVE, current
        raw["Resource"] = left
    elif resources == ["*"]:
        del raw["Resource"]
        raw["NotResource"] = role_arn
    elif "NotResource" in raw:
        spared = raw["NotResource"]
        raw["NotResource"] = [*([spared] if isinstance(spared, str) else spared), role_arn]
    if raw == dict(weighed.given.raw) or _still_covers(raw, role_arn):
        # A pattern can't leave one role out, so the exception is the role's account.
        raw["Condition"] = _with(raw.get("Condition", {}), "StringNotEquals", _RESOURCE_ACCOUNT, role_arn.split(":")[4])
    return text(raw), StatementChange.REPLACE, current


def exception_for_scp(step: Step) -> str:
    """The condition that makes a Deny of an organization pass over this caller."""
    arn = step.calling.policy_arn or step.calling.arn
    return json.dumps({"Condition": {"ArnNotLike": {_PRINCIPAL_ARN: arn}}}, indent=2)


def _trust_denial(raw: dict[str, Any], current: str, step: Step) -> Edit:
    names = {step.calling.arn, step.calling.role_arn} - {""}
    principal = raw.get("Principal")
    if isinstance(principal, Mapping) and set(principal) == {"AWS"}:
        listed = [principal["AWS"]] if isinstance(principal["AWS"], str) else list(principal["AWS"])
        left = [one for one in listed if one not in names]
        if not left:
            return current, StatementChange.REMOVE, current
        if len(left) < len(listed) and not any(_covers_account(one, step.calling.account) for one in left):
            raw["Principal"] = {"AWS": left}
            return text(raw), StatementChange.REPLACE, current
    arn = step.calling.policy_arn or step.calling.arn
    raw["Condition"] = _with(raw.get("Condition", {}), "ArnNotLike", _PRINCIPAL_ARN, arn)
    return text(raw), StatementChange.REPLACE, current


def _covers_account(name: str, account: str) -> bool:
    return name in ("*", account) or name.endswith(f":{account}:root")


def _still_covers(raw: Mapping[str, Any], role_arn: str) -> bool:
    listed = raw.get("Resource", ())
    resources = [listed] if isinstance(listed, str) else list(listed)
    return any("*" in one or "?" in one or one == role_arn for one in resources)


def _with(conditions: Mapping[str, Any], operator: str, key: str, value: str) -> dict[str, Any]:
    """Conditions with one more that must hold; of a negated operator several values are each excepted."""
    keys = dict(conditions.get(operator, {}))
    there = keys.get(key, [])
    keys[key] = [*([there] if isinstance(there, str) else there), value]
    return {**conditions, operator: keys}


def _one_or_many(actions: Sequence[str]) -> Any:
    return actions[0] if len(actions) == 1 else list(actions)
