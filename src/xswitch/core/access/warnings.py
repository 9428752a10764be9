"""Warnings of a plan: it grants more than necessary, or won't work as it seems to.

Sources: IAM user guide, "IAM and AWS STS quotas", "Methods to assume a role" (role chaining: an
hour), "Switch from a user to an IAM role (console)", "Security best practices in IAM".
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from xswitch.core.access.console import MAX_CONSOLE_NAME
from xswitch.core.access.documents import (
    ASSUME_ROLE,
    permission_policy,
    policy_name,
    requires_mfa,
    statements_of,
    trust_sid,
)
from xswitch.core.access.model import (
    AccessRequest,
    Finding,
    PrincipalState,
    PrincipalType,
    RoleState,
)
from xswitch.core.model import Severity
from xswitch.core.policy import (
    PolicyDocument,
    PolicyError,
    PolicyKind,
    Principal,
    PrincipalKind,
    Request,
    evaluate,
    load_document,
    parse,
)
from xswitch.core.sts_limits import MAX_CHAINED_DURATION

ATTACHED_QUOTA = 10
TRUST_QUOTA = 2_048
_INLINE_QUOTA = {PrincipalType.USER: 2_048, PrincipalType.GROUP: 5_120, PrincipalType.ROLE: 10_240}
_ROLE_INLINE_QUOTA = 10_240


def plan_warnings(
    request: AccessRequest,
    target: RoleState | None,
    source: PrincipalState | None,
    trust: str,
    principal_arn: str,
) -> tuple[Finding, ...]:
    """List the warnings of a plan.

    `trust` is the resulting trust policy, `principal_arn` the principal in our statement. `target`
    and `source` are None if they weren't read or don't exist.
    """
    return (
        *_principal_warnings(request, source, principal_arn),
        *_condition_warnings(request),
        *_session_warnings(request, target),
        *_permission_warnings(request, target),
        *_other_statement_warnings(request, target, trust, principal_arn),
        *_size_warnings(request, source, trust),
    )


def _warning(code: str, why: str, severity: Severity = "warning", where: str = "") -> Finding:
    return Finding(code, severity, why, where)


def _principal_warnings(
    request: AccessRequest, source: PrincipalState | None, principal_arn: str
) -> Iterator[Finding]:
    principal = request.principal
    if source is None and principal.kind in (PrincipalType.USER, PrincipalType.ROLE):
        why = (
            f"{principal_arn} wasn't read. IAM rejects a trust policy that names a missing "
            "principal or a wrong path."
        )
        yield _warning("principal_unseen", why, "info", "trust policy")
    if principal.kind is PrincipalType.ACCOUNT:
        why = (
            f"The role trusts the whole account {principal.account}: every principal there with "
            "permission to call sts:AssumeRole on it, or on *. Name a user or role instead, if "
            f"possible. Attach the policy {policy_name(request)} to the principals that need it."
        )
        yield _warning("account_trusted", why, where="trust policy")
    if principal.kind is PrincipalType.GROUP:
        why = (
            "A trust policy can't name a group, so the role trusts the whole account "
            f"{principal.account}, and the policies there decide who can assume it. "
            "Name the users instead, if possible."
        )
        yield _warning("group_trusts_account", why, where="trust policy")
    if principal.account == request.target_account:
        why = (
            "Both accounts are the same: within an account, a trust policy that names the user "
            "or role is enough."
        )
        yield _warning("same_account", why, "info")


def _condition_warnings(request: AccessRequest) -> Iterator[Finding]:
    foreign = request.principal.account != request.target_account
    if request.require_mfa and not requires_mfa(request):
        why = (
            "Role sessions have no MFA context, so they can't meet an MFA condition; it is "
            f"omitted. Require MFA in the trust policy of {request.principal.name} instead."
        )
        yield _warning("mfa_not_for_roles", why, where="trust policy")
    if foreign and not requires_mfa(request) and request.external_id is None:
        account = request.principal.account
        why = (
            f"A role of account {account} can assume the role without an external ID; "
            "a third party needs one."
            if request.principal.kind is PrincipalType.ROLE
            else f"Account {account} can assume the role without MFA and external ID: "
            "a stolen access key is enough."
        )
        yield _warning("no_mfa_no_external_id", why, where="trust policy")
    if request.external_id is not None:
        why = (
            "The console can't send an external ID, so it can't switch to this role; "
            "the command line and the SDKs can."
        )
        yield _warning("external_id_console", why, "info", "trust policy")
        if requires_mfa(request):
            why = (
                "Both external ID and MFA are required. External IDs are for programs of third "
                "parties, which have no MFA device; MFA is for people."
            )
            yield _warning("external_id_with_mfa", why, "info", "trust policy")


def _session_warnings(request: AccessRequest, target: RoleState | None) -> Iterator[Finding]:
    if request.max_session_seconds > MAX_CHAINED_DURATION and (
        requires_mfa(request) or request.principal.kind is PrincipalType.ROLE
    ):
        previous = "an MFA session" if requires_mfa(request) else "another role"
        why = (
            f"Sessions assumed with the temporary credentials of {previous} last at most an hour, "
            "even if the role's maximum is longer."
        )
        yield _warning("duration_chained", why, "info", f"role {request.role_name}")
    if target is not None and target.max_session_seconds > request.max_session_seconds:
        why = (
            f"The role's maximum session duration decreases from {target.max_session_seconds} s "
            f"to {request.max_session_seconds} s, for all its users."
        )
        yield _warning("duration_lowered", why, where=f"role {request.role_name}")
    named = f"{request.role_path}{request.role_name}".removeprefix("/")
    if len(named) > MAX_CONSOLE_NAME:
        why = (
            f"Path and name have {len(named)} characters; the console's switch-role form "
            f"allows {MAX_CONSOLE_NAME}. Programs can still switch."
        )
        yield _warning("console_name_too_long", why, where=f"role {request.role_name}")


def _permission_warnings(request: AccessRequest, target: RoleState | None) -> Iterator[Finding]:
    where = f"role {request.role_name}"
    admin = [
        arn for arn in request.managed_policies if arn.endswith(":aws:policy/AdministratorAccess")
    ]
    admin += [
        policy.name for policy in request.inline_policies if _allows_everything(policy.document)
    ]
    if admin:
        yield _warning(
            "administrator",
            f"{', '.join(admin)} allows everything in account {request.target_account}.",
            where=where,
        )
    attached = set(request.managed_policies) | set(target.attached if target is not None else ())
    if len(attached) > ATTACHED_QUOTA:
        why = (
            f"The role will have {len(attached)} managed policies; "
            f"the default quota is {ATTACHED_QUOTA}."
        )
        yield _warning("managed_policies_quota", why, where=where)
    if not attached and not request.inline_policies and not (target is not None and target.inline):
        yield _warning(
            "no_permissions",
            "The role has no permissions, so its sessions can't do anything.",
            where=where,
        )
    if target is not None:
        unrequested = [arn for arn in target.attached if arn not in request.managed_policies]
        requested_names = {policy.name for policy in request.inline_policies}
        unrequested += [
            policy.name for policy in target.inline if policy.name not in requested_names
        ]
        if unrequested:
            yield _warning(
                "policies_kept",
                f"The role keeps policies that weren't requested: {', '.join(unrequested)}.",
                where=where,
            )
        if target.boundary:
            yield _warning(
                "boundary",
                f"The permissions boundary {target.boundary} limits what the role may do.",
                "info",
                where,
            )


def _allows_everything(document: str) -> bool:
    parsed = parse(document, PolicyKind.IDENTITY, "inline policy")
    return any(
        statement.effect == "Allow"
        and not statement.conditions
        and not statement.not_actions
        and not statement.not_resources
        and any(action in ("*", "*:*") for action in statement.actions)
        and "*" in (statement.resources or ())
        for statement in parsed.statements
    )


def _other_statement_warnings(
    request: AccessRequest, target: RoleState | None, trust: str, principal_arn: str
) -> Iterator[Finding]:
    """Check how the existing statements affect ours."""
    if target is None:
        return
    where = f"trust policy of {target.arn}"
    document = load_document(trust)
    existing = [
        statement
        for statement in statements_of(document)
        if statement.get("Sid") != trust_sid(request)
    ]
    if not existing:
        return
    try:
        parsed = parse({**document, "Statement": existing}, PolicyKind.TRUST, where)
    except PolicyError as problem:
        yield _warning(
            "trust_unreadable",
            f"Existing statements can't be checked: {problem.what}.",
            where=where,
        )
        return
    full: dict[str, tuple[str, ...]] = (
        {"aws:multifactorauthpresent": ("true",), "aws:multifactorauthage": ("60",)}
        if requires_mfa(request)
        else {}
    )
    if request.external_id is not None:
        full["sts:externalid"] = (request.external_id,)
    denial = evaluate(_assume_request(request, principal_arn, full), [parsed])
    if denial.explicit_deny and denial.deciding_statement is not None:
        number = denial.deciding_statement.statement.index + 1
        why = f"Existing statement {number} denies this access."
        yield _warning("statement_denies", why, "error", where)
    if full and _allows(_assume_request(request, principal_arn, {}), parsed):
        why = (
            "An existing statement allows the same principal without MFA or external ID, "
            "so the new condition has no effect."
        )
        yield _warning("statement_wider", why, where=where)


def _assume_request(
    request: AccessRequest, principal_arn: str, context: dict[str, tuple[str, ...]]
) -> Request:
    trusted = request.principal
    if trusted.kind is PrincipalType.ROLE:
        session = (
            f"arn:{request.partition}:sts::{trusted.account}:assumed-role/{trusted.name}/xswitch"
        )
        principal = Principal(PrincipalKind.ROLE_SESSION, session, trusted.account, principal_arn)
    elif trusted.kind is PrincipalType.USER:
        principal = Principal(PrincipalKind.USER, principal_arn, trusted.account)
    else:
        principal = Principal(PrincipalKind.ROOT, principal_arn, trusted.account)
    return Request(principal, ASSUME_ROLE, request.role_arn, request.target_account, context)


def _allows(question: Request, document: PolicyDocument) -> bool:
    traces = evaluate(question, [document]).traces
    return any(trace.applies and trace.statement.effect == "Allow" for trace in traces)


def _size_warnings(
    request: AccessRequest, source: PrincipalState | None, trust: str
) -> Iterator[Finding]:
    if policy_size(trust) > TRUST_QUOTA:
        why = (
            f"The trust policy has {policy_size(trust)} characters; "
            f"the default quota is {TRUST_QUOTA}."
        )
        yield _warning("trust_size", why, where=f"role {request.role_name}")
    inline = sum(policy_size(policy.document) for policy in request.inline_policies)
    if inline > _ROLE_INLINE_QUOTA:
        why = (
            f"The role's inline policies have {inline} characters in total; "
            f"the quota is {_ROLE_INLINE_QUOTA}."
        )
        yield _warning("policy_size", why, where=f"role {request.role_name}")
    quota = _INLINE_QUOTA.get(request.principal.kind)
    if quota is not None:
        size_by_policy = (
            {policy.name: policy_size(policy.document) for policy in source.inline}
            if source is not None
            else {}
        )
        total = sum(
            size for name, size in size_by_policy.items() if name != policy_name(request)
        ) + policy_size(permission_policy(request))
        if total > quota:
            kind = request.principal.kind.value
            why = (
                f"The {kind}'s inline policies will have {total} characters in total; "
                f"the quota is {quota}."
            )
            yield _warning("policy_size", why, where=f"{kind} {request.principal.name}")


def policy_size(document: str) -> int:
    """Count a document's characters as IAM does, without white space outside of strings."""
    return len(json.dumps(load_document(document), separators=(",", ":"), ensure_ascii=False))
