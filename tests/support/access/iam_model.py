"""IAM as a pure function: apply a plan's calls to its values, with IAM's rules of idempotence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xswitch.core.access.documents import canonical_json, configured_principal_arn
from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountSide,
    IamCall,
    NamedPolicy,
    PrincipalState,
    PrincipalType,
    RoleState,
    TrustedPrincipal,
)
from xswitch.core.access.plan import make_plan

SOURCE, TARGET = "111111111111", "222222222222"
USER = TrustedPrincipal(PrincipalType.USER, SOURCE, "SwitchUser")
GROUP = TrustedPrincipal(PrincipalType.GROUP, SOURCE, "Switchers")
ROLE = TrustedPrincipal(PrincipalType.ROLE, SOURCE, "Hub")
ACCOUNT = TrustedPrincipal(PrincipalType.ACCOUNT, SOURCE)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
AUDIT = "arn:aws:iam::aws:policy/SecurityAudit"
LIST_BUCKETS = canonical_json(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
    }
)
PROFILES = {AccountSide.TARGET: "target-admin", AccountSide.SOURCE: "source-admin"}


def wanted(who: TrustedPrincipal = USER, **more: Any) -> AccessRequest:
    return AccessRequest(
        "aws", TARGET, "SwitchRole", who, **{"managed_policies": (READ_ONLY,), **more}
    )


def full_request(who: TrustedPrincipal = USER) -> AccessRequest:
    """A request with all fields."""
    return wanted(
        who,
        managed_policies=(READ_ONLY, AUDIT),
        inline_policies=(NamedPolicy("buckets", LIST_BUCKETS), NamedPolicy("more", LIST_BUCKETS)),
        external_id="partner/42",
        max_session_seconds=7200,
        tags=(("team", "blue"), ("Cost Centre", "7")),
        description="For the people on call",
    )


class RejectedCallError(Exception):
    """A call that IAM would reject."""


@dataclass(frozen=True)
class Accounts:
    """The state of both accounts that a plan reads."""

    target: RoleState | None
    source: PrincipalState | None

    def plan(self, request: AccessRequest) -> AccessPlan:
        return make_plan(
            request,
            target=self.target,
            target_seen=True,
            source=self.source,
            source_seen=True,
            profiles=PROFILES,
        )


def accounts(request: AccessRequest, target: RoleState | None = None, **source: Any) -> Accounts:
    return Accounts(
        target,
        PrincipalState(
            request.principal.kind,
            configured_principal_arn(request.principal, request.partition),
            **source,
        ),
    )


def calls(plan: AccessPlan) -> list[IamCall]:
    return [change.call for side in plan.sides for change in side.changes]


def run(world: Accounts, made: Iterable[IamCall], request: AccessRequest) -> Accounts:
    """Apply calls to the accounts."""
    for call in made:
        # Through JSON, as for AWS: values that aren't plain data fail here.
        parameters = json.loads(json.dumps(dict(call.parameters)))
        world = _run(world, call.operation, parameters, request)
    return world


def _run(
    world: Accounts, operation: str, parameters: Mapping[str, Any], request: AccessRequest
) -> Accounts:
    if operation in (
        "PutUserPolicy",
        "PutGroupPolicy",
        "DeleteUserPolicy",
        "DeleteGroupPolicy",
    ) or (
        operation in ("PutRolePolicy", "DeleteRolePolicy")
        and parameters["RoleName"] == request.principal.name
        and request.principal.kind is PrincipalType.ROLE
    ):
        assert world.source is not None
        assert request.principal.name in (
            parameters.get("UserName"),
            parameters.get("GroupName"),
            parameters.get("RoleName"),
        )
        return replace(
            world,
            source=replace(
                world.source, inline=_inline(world.source.inline, operation, parameters)
            ),
        )
    if operation in ("CreatePolicy", "CreatePolicyVersion", "DeletePolicy"):
        assert world.source is not None
        return replace(
            world,
            source=replace(world.source, managed=_managed(world.source, operation, parameters)),
        )
    return replace(world, target=_role(world.target, operation, parameters))


def _inline(
    policies: tuple[NamedPolicy, ...], operation: str, parameters: Mapping[str, Any]
) -> tuple[NamedPolicy, ...]:
    others = tuple(policy for policy in policies if policy.name != parameters["PolicyName"])
    if operation.startswith("Delete"):
        if others == policies:
            raise RejectedCallError("NoSuchEntity")
        return others
    return (
        *others,
        NamedPolicy(parameters["PolicyName"], canonical_json(parameters["PolicyDocument"])),
    )


def _managed(
    source: PrincipalState, operation: str, parameters: Mapping[str, Any]
) -> NamedPolicy | None:
    account = source.arn.split(":")[4]
    if operation == "CreatePolicy":
        if source.managed is not None:
            raise RejectedCallError("EntityAlreadyExists")
        return NamedPolicy(parameters["PolicyName"], canonical_json(parameters["PolicyDocument"]))
    if (
        source.managed is None
        or parameters["PolicyArn"] != f"arn:aws:iam::{account}:policy/{source.managed.name}"
    ):
        raise RejectedCallError("NoSuchEntity")
    if operation == "DeletePolicy":
        return None
    assert parameters["SetAsDefault"] is True
    return NamedPolicy(source.managed.name, canonical_json(parameters["PolicyDocument"]))


def _role(
    role: RoleState | None, operation: str, parameters: Mapping[str, Any]
) -> RoleState | None:
    if operation == "CreateRole":
        if role is not None:
            raise RejectedCallError("EntityAlreadyExists")
        return RoleState(
            f"arn:aws:iam::{TARGET}:role{parameters['Path']}{parameters['RoleName']}",
            canonical_json(parameters["AssumeRolePolicyDocument"]),
            parameters.get("Description", ""),
            parameters["MaxSessionDuration"],
            tuple((tag["Key"], tag["Value"]) for tag in parameters.get("Tags", [])),
        )
    if role is None or role.arn.rpartition("/")[2] != parameters["RoleName"]:
        raise RejectedCallError("NoSuchEntity")
    if operation == "DeleteRole":
        if role.attached or role.inline:
            raise RejectedCallError("DeleteConflict")
        return None
    return _changed(role, operation, parameters)


def _changed(role: RoleState, operation: str, parameters: Mapping[str, Any]) -> RoleState:
    if operation == "UpdateAssumeRolePolicy":
        return replace(role, trust=canonical_json(parameters["PolicyDocument"]))
    if operation == "UpdateRole":
        return replace(
            role,
            description=parameters["Description"],
            max_session_seconds=parameters["MaxSessionDuration"],
        )
    if operation == "AttachRolePolicy":
        return replace(
            role,
            attached=(
                *(arn for arn in role.attached if arn != parameters["PolicyArn"]),
                parameters["PolicyArn"],
            ),
        )
    if operation == "DetachRolePolicy":
        if parameters["PolicyArn"] not in role.attached:
            raise RejectedCallError("NoSuchEntity")
        return replace(
            role, attached=tuple(arn for arn in role.attached if arn != parameters["PolicyArn"])
        )
    if operation in ("PutRolePolicy", "DeleteRolePolicy"):
        return replace(role, inline=_inline(role.inline, operation, parameters))
    return _tagged(role, operation, parameters)


def _tagged(role: RoleState, operation: str, parameters: Mapping[str, Any]) -> RoleState:
    keys = (
        {tag["Key"] for tag in parameters["Tags"]}
        if operation == "TagRole"
        else set(parameters["TagKeys"])
    )
    folded = {key.casefold() for key in keys}
    remaining = tuple((key, value) for key, value in role.tags if key.casefold() not in folded)
    if operation == "UntagRole":
        return replace(role, tags=remaining)
    assert operation == "TagRole"
    return replace(
        role, tags=(*remaining, *((tag["Key"], tag["Value"]) for tag in parameters["Tags"]))
    )


def settled(world: Accounts) -> Accounts:
    """Sort the accounts for comparison, because IAM has no order."""
    role, source = world.target, world.source
    if role is not None:
        role = replace(
            role,
            trust=canonical_json(role.trust),
            tags=tuple(sorted(role.tags)),
            attached=tuple(sorted(role.attached)),
            inline=_sorted(role.inline),
        )
    if source is not None:
        managed = source.managed and NamedPolicy(
            source.managed.name, canonical_json(source.managed.document)
        )
        source = replace(source, inline=_sorted(source.inline), managed=managed)
    return Accounts(role, source)


def _sorted(policies: Iterable[NamedPolicy]) -> tuple[NamedPolicy, ...]:
    return tuple(
        sorted(
            (NamedPolicy(policy.name, canonical_json(policy.document)) for policy in policies),
            key=lambda policy: policy.name,
        )
    )
