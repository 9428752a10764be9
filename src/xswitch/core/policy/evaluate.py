"""Decide requests: explicit denies first, then what each kind of policy must allow.

Source: IAM user guide, "How AWS enforcement code logic evaluates requests", "Policy evaluation for
requests within a single account", "Cross-account policy evaluation logic". docs/policy.md
summarizes the rules and their limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from xswitch.core.policy.conditions import unmet
from xswitch.core.policy.model import (
    Decision,
    Grant,
    MissingAllow,
    PolicyDocument,
    PolicyKind,
    PrincipalKind,
    Request,
    Statement,
    StatementTrace,
)
from xswitch.core.policy.patterns import (
    MissingVariableError,
    matches,
    matches_resource,
    resource_tokens,
    tokens,
)
from xswitch.core.policy.principals import WEAKEST_GRANT_FIRST, grant

_TRUST_POLICY_ACTIONS = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
    }
)
"""Actions that the role's trust policy must allow, even within an account (lower case)."""
_NO_PERMISSION_NEEDED = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
"""Actions that need no permission and can't be denied (STS API reference, "Permissions")."""
_RCP_SERVICES = frozenset({"aoss", "ecr", "kms", "s3", "secretsmanager", "sqs", "sts"})
"""Services whose resources RCPs limit; IAM isn't one of them.

Source: Organizations user guide, "List of AWS services that support RCPs".
"""


def evaluate(request: Request, documents: Sequence[PolicyDocument]) -> Decision:
    """Decide a request, and trace every statement.

    Without a trust policy nothing is allowed, as a role always has one. Without session policy,
    boundary, SCP or RCP, that kind limits nothing. Several documents of a kind allow what any of
    them allows; with SCPs, one of each level must allow.
    """
    bounded = any(document.kind is PolicyKind.BOUNDARY for document in documents)
    traces = tuple(
        _trace(request, document, statement, bounded=bounded)
        for document in documents
        for statement in document.statements
    )
    if request.action.lower() in _NO_PERMISSION_NEEDED:
        return Decision(True, False, f"{request.action} needs no permission", None, None, traces)
    lacking = tuple(_missing_allows(request, documents, traces))
    denial = next((trace for trace in traces if trace.denies), None)
    if denial is not None:
        return Decision(
            False,
            True,
            f"an explicit deny in {denial.document}",
            denial,
            denial.kind,
            traces,
            lacking,
        )
    if lacking:
        return Decision(
            False, False, _reason(request, lacking[0]), None, lacking[0].kind, traces, lacking
        )
    trusted = _trust_grant(traces)
    deciding = next(
        (
            trace
            for trace in traces
            if trace.kind is PolicyKind.TRUST and trace.allows and trace.grant is trusted
        ),
        None,
    )
    deciding = deciding or next(
        (trace for trace in traces if trace.kind is PolicyKind.IDENTITY and trace.allows), None
    )
    return Decision(
        True,
        False,
        f"allowed by {deciding.document if deciding else 'no policy'}",
        deciding,
        None,
        traces,
    )


def _reason(request: Request, lack: MissingAllow) -> str:
    if _is_root(request) and lack.kind is PolicyKind.IDENTITY:
        return "the root user can't assume roles"
    level = f" of {lack.level}" if lack.level else ""
    return f"no {lack.kind.value} policy{level} allows {request.action}"


def _is_root(request: Request) -> bool:
    return request.principal.kind is PrincipalKind.ROOT


def _trust_grant(traces: Iterable[StatementTrace]) -> Grant:
    granted = (trace.grant for trace in traces if trace.kind is PolicyKind.TRUST and trace.allows)
    return max(granted, key=WEAKEST_GRANT_FIRST.index, default=Grant.NONE)


# -- kinds of policy that must allow


def _missing_allows(
    request: Request, documents: Sequence[PolicyDocument], traces: Sequence[StatementTrace]
) -> Iterator[MissingAllow]:
    """List the kinds of policy that must allow and don't, in AWS's order."""
    present = {document.kind for document in documents}
    allowing = {(trace.kind, trace.level) for trace in traces if trace.allows}
    if PolicyKind.SCP in present and _kind_applies(request, PolicyKind.SCP):
        levels = dict.fromkeys(
            document.level for document in documents if document.kind is PolicyKind.SCP
        )
        yield from (
            MissingAllow(PolicyKind.SCP, level)
            for level in levels
            if (PolicyKind.SCP, level) not in allowing
        )
    allowed = {kind for kind, _ in allowing}
    if _is_root(request):
        # Only SCPs apply to the root user, and it can't call AssumeRole even if a role trusts it
        # (STS API reference, AssumeRole).
        own = {PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION}
        allowed = (
            allowed - own if request.action.lower() in _TRUST_POLICY_ACTIONS else allowed | own
        )
    yield from (
        MissingAllow(kind)
        for kind in _required_kinds(request, _trust_grant(traces), present)
        if kind not in allowed
    )


def _required_kinds(
    request: Request, trusted: Grant, present: set[PolicyKind]
) -> Iterator[PolicyKind]:
    """List the kinds of policy that need an Allow, except SCPs, in AWS's order."""
    if not request.principal.signed:
        # Services and identity providers have no policies, and no account that could limit them.
        yield PolicyKind.TRUST
        return
    own_account = request.principal.account == request.resource_account
    if (
        not own_account
        or PolicyKind.TRUST in present
        or request.action.lower() in _TRUST_POLICY_ACTIONS
    ):
        yield PolicyKind.TRUST
    else:
        trusted = Grant.ACCOUNT
    if not own_account or trusted is Grant.ACCOUNT or trusted is Grant.NONE or _is_root(request):
        yield PolicyKind.IDENTITY
    # Within an account, a trust policy that names the user or session needs no other Allow. If it
    # names the role, boundary and session policy still have to allow.
    if not own_account or trusted is not Grant.EXACT:
        yield from (kind for kind in (PolicyKind.BOUNDARY, PolicyKind.SESSION) if kind in present)


def _kind_applies(request: Request, kind: PolicyKind) -> bool:
    """Check whether a kind of policy applies to this request at all.

    Source: Organizations user guide, "Service control policies" and "Resource control policies",
    tasks and entities they don't restrict.
    """
    principal = request.principal
    if kind is PolicyKind.SCP:
        return principal.signed and not principal.management and not principal.service_linked
    if kind is PolicyKind.RCP:
        service = request.action.partition(":")[0].lower()
        return (
            service in _RCP_SERVICES
            and not request.resource_management
            and not principal.service_linked
        )
    return True


# -- traces of statements


def _trace(
    request: Request, document: PolicyDocument, statement: Statement, *, bounded: bool
) -> StatementTrace:
    kind_applies = _kind_applies(request, document.kind)
    covered = Grant.NONE
    if statement.principals is not None:
        denies = statement.effect == "Deny"
        # A Deny with NotPrincipal always applies to callers with a boundary (IAM user guide,
        # "Permissions boundaries for IAM entities").
        hit_by_not_principal = denies and bounded and statement.principals.negated
        covered = (
            Grant.EXACT
            if hit_by_not_principal
            else grant(statement.principals, request.principal, deny=denies)
        )
    principal = kind_applies and (statement.principals is None or covered is not Grant.NONE)
    action = _action_matches(request, statement)
    resource = _resource_matches(request, document, statement)
    unmet_or_none = (
        unmet(condition, request.context, variables=document.variables)
        for condition in statement.conditions
    )
    conditions = tuple(condition for condition in unmet_or_none if condition is not None)
    why_not = ""
    if not kind_applies:
        why_not = f"{document.kind.value.upper()}s don't apply to this request"
    elif not principal:
        why_not = f"its principal is not {request.principal.arn}"
    elif not action:
        why_not = f"its action does not cover {request.action}"
    elif not resource:
        why_not = f"its resource does not cover {request.resource}"
    elif conditions:
        why_not = f"its condition {conditions[0].operator} on {conditions[0].key} is not met"
    return StatementTrace(
        document=document.name,
        kind=document.kind,
        statement=statement,
        applies=not why_not,
        why_not=why_not,
        grant=covered,
        principal=principal,
        action=action,
        resource=resource,
        unmet=conditions,
        level=document.level,
    )


def _action_matches(request: Request, statement: Statement) -> bool:
    requested = request.action.lower()
    covered = any(
        matches(tokens(text.lower(), {}, variables=False), requested) for text in statement.actions
    )
    return covered != statement.not_actions


def _resource_matches(request: Request, document: PolicyDocument, statement: Statement) -> bool:
    if statement.resources is None:
        return True
    return (
        any(_pattern_matches(text, request, document) for text in statement.resources)
        != statement.not_resources
    )


def _pattern_matches(text: str, request: Request, document: PolicyDocument) -> bool:
    try:
        pattern = resource_tokens(text, request.context, variables=document.variables)
    except MissingVariableError:
        return False
    return matches_resource(pattern, request.resource)
