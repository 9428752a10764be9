"""Policy documents as IAM accepts them: checks beyond the grammar, wording, existing principals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from xswitch.core.policy import PolicyDocument, PolicyError, PolicyKind, parse
from xswitch.emulator.errors import malformed_policy
from xswitch.emulator.state import AwsState, IamRole
from xswitch.emulator.state.model import parse_cached

MAX_DOCUMENT = 131_072
_SID = re.compile(r"[0-9A-Za-z]*")
_SERVICE = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|aws\.internal|amazon\.com)")
_ARN = re.compile(
    r"arn:(aws[a-z-]*):(iam|sts)::([0-9]{12}):(root|user/[^*?]+|role/[^*?]+|assumed-role/[^*?]+|federated-user/[^*?]+)"
)
_IAM_MESSAGES = (
    ("not valid JSON", "This policy contains invalid Json"),
    ("only a trust policy has a Principal", "Policy document should not specify a principal."),
    ("a trust policy has no Resource", "Has prohibited field Resource"),
    ("needs either Principal", "Missing required field Principal"),
    ("needs either Resource", "Policy statement must contain resources."),
    ("needs either Action", "Policy statement must contain actions."),
    (
        "names no service",
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    ("Statement is missing", "Syntax errors in policy."),
    ("Effect must be", "Syntax errors in policy."),
)
_INVALID_RESOURCE = re.compile(r"'(.*)' is neither an ARN")


def validate_document(text: str, kind: PolicyKind = PolicyKind.IDENTITY) -> PolicyDocument:
    """Parse a document that IAM accepts, regardless of size.

    Raises EmulatedAwsError MalformedPolicyDocument.
    """
    try:
        document = parse(text, kind, "policy")
    except PolicyError as problem:
        resource = _INVALID_RESOURCE.search(problem.what)
        if resource is not None:
            raise malformed_policy(
                f'Resource {resource[1]} must be in ARN format or "*".'
            ) from None
        raise malformed_policy(
            next(
                (words for mark, words in _IAM_MESSAGES if mark in problem.what),
                "Syntax errors in policy.",
            )
        ) from None
    sids = [statement.sid for statement in document.statements if statement.sid]
    if len(set(sids)) != len(sids):
        raise malformed_policy("Statement IDs (SID) in a single policy must be unique.")
    if kind is not PolicyKind.TRUST and not all(_SID.fullmatch(sid) for sid in sids):
        words = (
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular"
            " expression [0-9A-Za-z]*"
        )
        raise malformed_policy(words)
    return document


def quota_size(text: str) -> int:
    """The size that counts against a quota: characters without white space (IAM quotas)."""
    return sum(not character.isspace() for character in text)


def stored_trust_policy(text: str, world: AwsState) -> str:
    """A trust policy as IAM stores it: without white space, account IDs as root ARNs.

    Raises EmulatedAwsError MalformedPolicyDocument.
    """
    document = validate_document(text, PolicyKind.TRUST)
    for statement in document.statements:
        if any(not action.lower().startswith("sts:") for action in statement.actions):
            raise malformed_policy("AssumeRole policy may only specify STS AssumeRole actions.")
    return _with_principals(text, lambda kind, name: _stored_principal(kind, name, world))


def replace_deleted_principal(text: str, arn: str, unique_id: str) -> str:
    """A trust policy after a principal was deleted: the unique ID stays and matches no one."""
    if arn not in text:
        return text
    return _with_principals(
        text, lambda kind, name: unique_id if (kind, name) == ("AWS", arn) else name
    )


def without_deleted_principal(world: AwsState, arn: str, unique_id: str) -> AwsState:
    """The state after a user or role was deleted, with every trust policy that named it adapted."""
    for account in world.accounts:
        roles = tuple(_role_without_principal(role, arn, unique_id) for role in account.roles)
        if roles != account.roles:
            world = world.with_account(replace(account, roles=roles))
    return world


def _role_without_principal(role: IamRole, arn: str, unique_id: str) -> IamRole:
    text = replace_deleted_principal(role.trust_text, arn, unique_id)
    return role if text == role.trust_text else replace(role, trust_text=text)


def _with_principals(text: str, change: Callable[[str, str], str]) -> str:
    """Map every principal of a document through `change(type, name)`, as IAM returns it."""
    data = json.loads(text)
    statements = data["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            if isinstance(statement.get(element), dict):
                statement[element] = _changed_principals(statement[element], change)
    new_text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    parse_cached(new_text, PolicyKind.TRUST, "trust policy")
    return new_text


def _changed_principals(
    principals: Mapping[str, Any], change: Callable[[str, str], str]
) -> Mapping[str, Any]:
    changed: dict[str, Any] = {}
    for kind, names in principals.items():
        name_list = [names] if isinstance(names, str) else names
        new_names = [change(kind, name) for name in name_list]
        changed[kind] = new_names[0] if len(new_names) == 1 else new_names
    return changed


def _stored_principal(kind: str, name: str, world: AwsState) -> str:
    """A principal as IAM stores it. Raises EmulatedAwsError MalformedPolicyDocument if invalid."""
    if kind == "AWS" and (known := _existing_identity(name, world)) is not None:
        return known
    if kind == "Service" and _SERVICE.fullmatch(name):
        return name
    if kind in ("Federated", "CanonicalUser"):
        return name
    shown = {"Service": "SERVICE"}.get(kind, kind)
    raise malformed_policy(f'Invalid principal in policy: "{shown}":"{name}"')


def _existing_identity(name: str, world: AwsState) -> str | None:
    """An AWS principal as IAM stores it, None if it doesn't exist.

    Accounts outside the emulator count as existing.
    """
    if name == "*":
        return name
    if re.fullmatch(r"[0-9]{12}", name):
        account = world.account(name)
        return f"arn:{account.partition if account is not None else 'aws'}:iam::{name}:root"
    if re.fullmatch(r"A(IDA|ROA)[A-Z0-9]+", name):
        return _arn_of_unique_id(name, world)
    principal_arn = _ARN.fullmatch(name)
    account = world.account(principal_arn[3]) if principal_arn is not None else None
    if principal_arn is None or account is None:
        return name if principal_arn is not None else None
    is_entity = principal_arn[4].startswith(("user/", "role/"))
    exists = not is_entity or world.user(name) is not None or world.role(name) is not None
    return name if exists and account.partition == principal_arn[1] else None


def _arn_of_unique_id(unique_id: str, world: AwsState) -> str | None:
    for account in world.accounts:
        for user in account.users:
            if user.id == unique_id:
                return user.arn
        for role in account.roles:
            if role.id == unique_id:
                return role.arn
    return None
