"""What somebody should know before a plan is applied: it gives more than it has to, or will not work the way it looks.

Sources: IAM user guide, "IAM and AWS STS quotas", "Methods to assume a role" (role chaining: an hour), "Switch from a user to an IAM role
(console)", "Security best practices in IAM".
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from xswitch.core.access.console import CONSOLE_NAME
from xswitch.core.access.documents import ASSUME_ROLE, load, needs_mfa, permission_policy, policy_name, statements_of, trust_sid
from xswitch.core.access.model import AccessRequest, Finding, PrincipalState, RoleState, WhoKind
from xswitch.core.model import Severity
from xswitch.core.policy import Document, PolicyError, PolicyKind, Principal, PrincipalKind, Request, evaluate, parse
from xswitch.core.sts_limits import CHAINED_DURATION

ATTACHED_QUOTA = 10
TRUST_QUOTA = 2_048
_INLINE_QUOTA = {WhoKind.USER: 2_048, WhoKind.GROUP: 5_120, WhoKind.ROLE: 10_240}
_ROLE_INLINE_QUOTA = 10_240


def cautions(
    request: AccessRequest, target: RoleState | None, source: PrincipalState | None, trust: str, principal_arn: str
) -> tuple[Finding, ...]:
    """The warnings of a plan; `trust` is the wanted trust policy, `principal_arn` whom our statement in it names.

    `target` and `source` are None when they were not read, or aren't there.
    """
    return (
        *_who(request, source, principal_arn),
        *_conditions(request),
        *_sessions(request, target),
        *_permissions(request, target),
        *_others(request, target, trust, principal_arn),
        *_sizes(request, source, trust),
    )


def _finding(code: str, why: str, severity: Severity = "warning", where: str = "") -> Finding:
    return Finding(code, severity, why, where)


def _who(request: AccessRequest, source: PrincipalState | None, principal_arn: str) -> Iterator[Finding]:
    who = request.who
    if source is None and who.kind in (WhoKind.USER, WhoKind.ROLE):
        why = f"Nobody looked whether {principal_arn} exists. IAM takes no trust policy that names one who doesn't, or another path."
        yield _finding("principal_unseen", why, "info", "trust policy")
    if who.kind is WhoKind.ACCOUNT:
        why = (
            f"The role trusts the whole account {who.account}: everybody there whom its administrators let call sts:AssumeRole on it, "
            f"or on *. Naming a user or role would be tighter. The policy {policy_name(request)} has to be attached by hand to those "
            "who need it."
        )
        yield _finding("account_trusted", why, where="trust policy")
    if who.kind is WhoKind.GROUP:
        why = (
            f"A trust policy can't name a group, so the role trusts the whole account {who.account}, and only the policies there say "
            "who of it. Naming the users one by one would be tighter."
        )
        yield _finding("group_trusts_account", why, where="trust policy")
    if who.account == request.target_account:
        why = "Both sides are one account: there a trust policy that names the user or role is enough by itself."
        yield _finding("same_account", why, "info")


def _conditions(request: AccessRequest) -> Iterator[Finding]:
    foreign = request.who.account != request.target_account
    if request.require_mfa and not needs_mfa(request):
        why = (
            "A role's session carries no MFA information, so a condition on it could never be met: it is left out. "
            f"Ask for MFA in the trust policy of {request.who.name} instead."
        )
        yield _finding("mfa_not_for_roles", why, where="trust policy")
    if foreign and not needs_mfa(request) and request.external_id is None:
        why = (
            f"The role can be assumed from account {request.who.account} without MFA and external ID: a stolen access key is enough."
            if request.who.kind is not WhoKind.ROLE
            else f"The role can be assumed by a role of account {request.who.account} without an external ID; a third party needs one."
        )
        yield _finding("no_mfa_no_external_id", why, where="trust policy")
    if request.external_id is not None:
        why = "The console can't give an external ID, so nobody can switch to this role there; the command line and the SDKs can."
        yield _finding("external_id_console", why, "info", "trust policy")
        if needs_mfa(request):
            why = (
                "External ID and MFA are both asked for. An external ID is for a third party's programs, which have no MFA device; "
                "MFA is for people."
            )
            yield _finding("external_id_with_mfa", why, "info", "trust policy")


def _sessions(request: AccessRequest, target: RoleState | None) -> Iterator[Finding]:
    if request.max_session_seconds > CHAINED_DURATION and (needs_mfa(request) or request.who.kind is WhoKind.ROLE):
        before = "an MFA session" if needs_mfa(request) else "another role"
        why = f"Sessions assumed with the temporary credentials of {before} last an hour at most, whatever the role's maximum says."
        yield _finding("duration_chained", why, "info", f"role {request.role_name}")
    if target is not None and target.max_session_seconds > request.max_session_seconds:
        why = f"The role's longest session goes down from {target.max_session_seconds} s to {request.max_session_seconds} s, for everybody."
        yield _finding("duration_lowered", why, where=f"role {request.role_name}")
    named = f"{request.role_path}{request.role_name}".removeprefix("/")
    if len(named) > CONSOLE_NAME:
        why = f"Path and name have {len(named)} characters; the console's switch-role form takes {CONSOLE_NAME}. Programs can still switch."
        yield _finding("console_name_too_long", why, where=f"role {request.role_name}")


def _permissions(request: AccessRequest, target: RoleState | None) -> Iterator[Finding]:
    where = f"role {request.role_name}"
    admin = [arn for arn in request.managed_policies if arn.endswith(":aws:policy/AdministratorAccess")]
    admin += [policy.name for policy in request.inline_policies if _allows_everything(policy.document)]
    if admin:
        yield _finding("administrator", f"{', '.join(admin)} lets the role do everything in account {request.target_account}.", where=where)
    attached = set(request.managed_policies) | set(target.attached if target is not None else ())
    if len(attached) > ATTACHED_QUOTA:
        why = f"The role will have {len(attached)} managed policies; an account's quota is {ATTACHED_QUOTA} unless it was raised."
        yield _finding("managed_policies_quota", why, where=where)
    if not attached and not request.inline_policies and not (target is not None and target.inline):
        yield _finding("no_permissions", "The role has no permissions: whoever switches to it can do nothing there.", where=where)
    if target is not None:
        kept = [arn for arn in target.attached if arn not in request.managed_policies]
        asked = {policy.name for policy in request.inline_policies}
        kept += [policy.name for policy in target.inline if policy.name not in asked]
        if kept:
            yield _finding("policies_kept", f"The role keeps policies that were not asked for: {', '.join(kept)}.", where=where)
        if target.boundary:
            yield _finding("boundary", f"The permissions boundary {target.boundary} limits what the role may do.", "info", where)


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


def _others(request: AccessRequest, target: RoleState | None, trust: str, principal_arn: str) -> Iterator[Finding]:
    """What the statements that were there already do to ours."""
    if target is None:
        return
    where = f"trust policy of {target.arn}"
    document = load(trust)
    strangers = [statement for statement in statements_of(document) if statement.get("Sid") != trust_sid(request)]
    if not strangers:
        return
    try:
        parsed = parse({**document, "Statement": strangers}, PolicyKind.TRUST, where)
    except PolicyError as problem:
        yield _finding("trust_unreadable", f"Statements that were there already can't be judged: {problem.what}.", where=where)
        return
    full: dict[str, tuple[str, ...]] = (
        {"aws:multifactorauthpresent": ("true",), "aws:multifactorauthage": ("60",)} if needs_mfa(request) else {}
    )
    if request.external_id is not None:
        full["sts:externalid"] = (request.external_id,)
    denial = evaluate(_question(request, principal_arn, full), [parsed])
    if denial.explicit_deny and denial.decisive is not None:
        why = f"Statement {denial.decisive.statement.index + 1} of those that stay denies what this is for."
        yield _finding("statement_denies", why, "error", where)
    if full and _lets_in(_question(request, principal_arn, {}), parsed):
        why = "A statement that stays lets the same principal in without MFA or external ID, so that the new condition binds nobody."
        yield _finding("statement_wider", why, where=where)


def _question(request: AccessRequest, principal_arn: str, context: dict[str, tuple[str, ...]]) -> Request:
    who = request.who
    if who.kind is WhoKind.ROLE:
        session = f"arn:{request.partition}:sts::{who.account}:assumed-role/{who.name}/xswitch"
        principal = Principal(PrincipalKind.ROLE_SESSION, session, who.account, principal_arn)
    elif who.kind is WhoKind.USER:
        principal = Principal(PrincipalKind.USER, principal_arn, who.account)
    else:
        principal = Principal(PrincipalKind.ROOT, principal_arn, who.account)
    return Request(principal, ASSUME_ROLE, request.role_arn, request.target_account, context)


def _lets_in(question: Request, document: Document) -> bool:
    traces = evaluate(question, [document]).traces
    return any(trace.applies and trace.statement.effect == "Allow" for trace in traces)


def _sizes(request: AccessRequest, source: PrincipalState | None, trust: str) -> Iterator[Finding]:
    if policy_size(trust) > TRUST_QUOTA:
        why = f"The trust policy has {policy_size(trust)} characters; the quota is {TRUST_QUOTA} unless it was raised."
        yield _finding("trust_size", why, where=f"role {request.role_name}")
    inline = sum(policy_size(policy.document) for policy in request.inline_policies)
    if inline > _ROLE_INLINE_QUOTA:
        why = f"The role's inline policies have {inline} characters together; the quota is {_ROLE_INLINE_QUOTA}."
        yield _finding("policy_size", why, where=f"role {request.role_name}")
    quota = _INLINE_QUOTA.get(request.who.kind)
    if quota is not None:
        kept = {policy.name: policy_size(policy.document) for policy in source.inline} if source is not None else {}
        total = sum(size for name, size in kept.items() if name != policy_name(request)) + policy_size(permission_policy(request))
        if total > quota:
            why = f"The inline policies of the {request.who.kind.value} will have {total} characters together; the quota is {quota}."
            yield _finding("policy_size", why, where=f"{request.who.kind.value} {request.who.name}")


def policy_size(document: str) -> int:
    """A document's characters as IAM counts them: white space outside of texts is free."""
    return len(json.dumps(load(document), separators=(",", ":"), ensure_ascii=False))
