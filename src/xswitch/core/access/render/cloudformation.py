"""CloudFormation templates.

Source: CloudFormation template reference, AWS::IAM::Role, AWS::IAM::UserPolicy,
AWS::IAM::GroupPolicy, AWS::IAM::RolePolicy, AWS::IAM::ManagedPolicy.
"""

from __future__ import annotations

import json
from typing import Any

from xswitch.core.access.documents import policy_name
from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountPlan,
    AccountSide,
    PrincipalType,
)
from xswitch.core.access.render.common import (
    comment,
    file_name,
    header_lines,
    identifier,
    is_new,
    principal_text,
)
from xswitch.core.access.render.yaml_text import emit
from xswitch.core.errors import ErrorCode, UsageError

_INLINE = {
    PrincipalType.USER: ("AWS::IAM::UserPolicy", "UserName"),
    PrincipalType.GROUP: ("AWS::IAM::GroupPolicy", "GroupName"),
    PrincipalType.ROLE: ("AWS::IAM::RolePolicy", "RoleName"),
}
_LONGEST_STACK = 128
_REFERENCE = "{{resolve:"


def cloudformation(plan: AccessPlan, account_plan: AccountPlan) -> str:
    """Write a YAML template of everything in one account, including what exists.

    Raises UsageError for text that CloudFormation would replace.
    """
    request = plan.request
    stack = f"xswitch-{account_plan.side.value}-{identifier(request, '-')}"[:_LONGEST_STACK]
    file = file_name(request, account_plan.side, "yaml")
    command = f"  aws cloudformation deploy --stack-name {stack} --template-file {file}"
    notes = [f"{command} --capabilities CAPABILITY_NAMED_IAM"]
    if not is_new(account_plan) and (
        account_plan.side is AccountSide.TARGET or request.principal.kind is PrincipalType.ACCOUNT
    ):
        notes.append(
            "The resource exists already, and a stack can't take it over: "
            "import it into the stack instead."
        )
    resource = _role(plan) if account_plan.side is AccountSide.TARGET else _permission(plan)
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Lets {principal_text(request)} assume {request.role_arn}",
        "Resources": {"Access": resource},
        **(
            {"Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Access", "Arn"]}}}}
            if account_plan.side is AccountSide.TARGET
            else {}
        ),
    }
    text = "\n".join(
        [*comment(header_lines(plan, account_plan, "yaml", *notes)), "", *emit(template), ""]
    )
    if _REFERENCE in text:
        why = "CloudFormation would replace it, and it can't be escaped."
        raise UsageError(
            f'A template can\'t contain "{_REFERENCE}".', why=why, code=ErrorCode.FORMAT
        )
    return text


def _role(plan: AccessPlan) -> dict[str, Any]:
    request = plan.request
    properties: dict[str, Any] = {"RoleName": request.role_name, "Path": request.role_path}
    if request.description:
        properties["Description"] = request.description
    properties |= {
        "MaxSessionDuration": request.max_session_seconds,
        "AssumeRolePolicyDocument": json.loads(plan.trust),
    }
    if request.managed_policies:
        properties["ManagedPolicyArns"] = list(request.managed_policies)
    if request.inline_policies:
        properties["Policies"] = [
            {"PolicyName": policy.name, "PolicyDocument": json.loads(policy.document)}
            for policy in request.inline_policies
        ]
    if request.tags:
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in request.tags]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _permission(plan: AccessPlan) -> dict[str, Any]:
    request: AccessRequest = plan.request
    document = json.loads(plan.permission)
    inline = _INLINE.get(request.principal.kind)
    if inline is None:
        properties = {
            "ManagedPolicyName": policy_name(request),
            "Description": f"May assume {request.role_arn}",
            "PolicyDocument": document,
        }
        return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
    kind, owner = inline
    return {
        "Type": kind,
        "Properties": {
            owner: request.principal.name,
            "PolicyName": policy_name(request),
            "PolicyDocument": document,
        },
    }
