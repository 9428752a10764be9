"""The common parts of all ways into a role: session policies, packed size, and the maximum."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from xswitch.core.policy import PolicyDocument, PolicyKind
from xswitch.emulator.errors import EmulatedAwsError, validation_error
from xswitch.emulator.parameters import RoleRequest
from xswitch.emulator.state import AwsState, IamRole
from xswitch.emulator.stores import IssuedSession, credentials_structure, new_session_keys
from xswitch.emulator.xml import XmlNode

DEFAULT_SECONDS = 3_600
PACKED_ROOM = 2_048
"""The size limit of compressed session policies and tags, in bytes.

AWS publishes neither packing nor limit; this is close to reported sizes.
"""


def assumed_role_arn(role: IamRole, session_name: str) -> str:
    """The ARN of a role's session."""
    partition = role.arn.split(":")[1]
    return f"arn:{partition}:sts::{role.account}:assumed-role/{role.name}/{session_name}"


def new_role_session(
    world: AwsState, request: RoleRequest, role: IamRole, now: datetime, seconds: int
) -> IssuedSession:
    """Make the session that a request asks for, with new keys. Raises EmulatedAwsError."""
    issued_at = now.replace(microsecond=0)
    return IssuedSession(
        keys=new_session_keys(role.account),
        account=role.account,
        principal_arn=assumed_role_arn(role, request.session_name),
        role_arn=role.arn,
        session_name=request.session_name,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=seconds),
        policies=session_policies(world, request, role),
        tags=dict(request.tags),
        transitive=frozenset(key.lower() for key in request.transitive),
        source_identity=request.source_identity or "",
        principal_id=role.id,
    )


def role_result(session: IssuedSession, packed: int) -> dict[str, XmlNode]:
    """The members that the results of all actions have in common, in AWS's order."""
    result: dict[str, XmlNode] = {}
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    result["AssumedRoleUser"] = {
        "AssumedRoleId": f"{session.principal_id}:{session.session_name}",
        "Arn": session.principal_arn,
    }
    result["Credentials"] = credentials_structure(session)
    if packed:
        result["PackedPolicySize"] = packed
    return result


def role_seconds(request: RoleRequest, role: IamRole) -> int:
    """The length of the session in seconds. Raises EmulatedAwsError ValidationError."""
    seconds = request.duration or DEFAULT_SECONDS
    if seconds > role.max_session_seconds:
        raise validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


def session_policies(
    world: AwsState, request: RoleRequest, role: IamRole
) -> tuple[PolicyDocument, ...]:
    """The session policies of a request. Raises EmulatedAwsError InvalidParameterValue."""
    found = [request.policy] if request.policy is not None else []
    for arn in request.policy_arns:
        document = world.managed_policy(arn, PolicyKind.SESSION, role.account)
        if document is None:
            message = (
                "At least one Policy ARN in the PolicyArns parameter does not match an existing IAM"
                " Managed Policy ARN."
            )
            raise EmulatedAwsError("InvalidParameterValue", message)
        found.append(replace(document, name=f"session policy {arn}"))
    return tuple(found)


def packed_percent(request: RoleRequest, tags: Mapping[str, str]) -> int:
    """The share of the size limit that policies and tags take, in percent, rounded up.

    Raises EmulatedAwsError PackedPolicyTooLarge.
    """
    if not (request.policy_text or request.policy_arns or tags):
        return 0
    policy = (
        json.dumps(json.loads(request.policy_text), separators=(",", ":"))
        if request.policy_text
        else ""
    )
    packed = zlib.compress(
        json.dumps([policy, request.policy_arns, dict(tags)], separators=(",", ":")).encode(), 9
    )
    percent = -(-len(packed) * 100 // PACKED_ROOM)
    if percent > 100:  # noqa: PLR2004 -- a percentage
        what = "session tags" if tags else "policy"
        raise EmulatedAwsError(
            "PackedPolicyTooLarge", f"Packed size of {what} consumes {percent}% of allotted space."
        )
    return percent
