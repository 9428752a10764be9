"""Deciding a request: explicit deny first, then what each kind of policy must allow.

Source: IAM user guide, "Policy evaluation logic", within one account and across accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xswitch.core.policy.conditions import holds
from xswitch.core.policy.model import Decision, Document, Grant, PolicyKind, Request, Statement, StatementTrace
from xswitch.core.policy.patterns import MissingVariableError, Token, matches, matches_resource, tokens
from xswitch.core.policy.principals import grant

_STRENGTH = (Grant.NONE, Grant.ACCOUNT, Grant.ROLE, Grant.EXACT)


def evaluate(request: Request, documents: Sequence[Document]) -> Decision:
    """Allowed or not, with every statement's part in it.

    A document that isn't there allows nothing if it is a TRUST policy (an assumed role always has one) and limits nothing if it is a
    SESSION policy or BOUNDARY. Several session policies allow what any of them allows; so do several identity policies.
    """
    traces = tuple(_trace(request, document, statement) for document in documents for statement in document.statements)
    denial = next((trace for trace in traces if trace.applies and trace.statement.effect == "Deny"), None)
    if denial is not None:
        return Decision(False, True, f"an explicit deny in {denial.document}", denial, denial.kind, traces)
    allows = {kind: _allows(traces, kind) for kind in PolicyKind}
    trusted = max((trace.grant for trace in allows[PolicyKind.TRUST]), key=_STRENGTH.index, default=Grant.NONE)
    for kind in _required(request, trusted, {document.kind for document in documents}):
        if not allows[kind]:
            return Decision(False, False, f"no {kind.value} policy allows {request.action}", None, kind, traces)
    deciding = next((trace for trace in allows[PolicyKind.TRUST] if trace.grant is trusted), None)
    deciding = deciding or next(iter(allows[PolicyKind.IDENTITY]), None)
    return Decision(True, False, f"allowed by {deciding.document if deciding else 'no policy'}", deciding, None, traces)


def _required(request: Request, trusted: Grant, present: set[PolicyKind]) -> Iterable[PolicyKind]:
    """The kinds of policy that must hold an Allow, in the order AWS looks at them."""
    yield PolicyKind.TRUST
    own_account = request.principal.account == request.resource_account
    if not own_account or trusted is Grant.ACCOUNT:
        yield PolicyKind.IDENTITY
    # Within the account, a trust policy that names a user or session by itself is limited by nothing the caller's side merely omits;
    # one that names the role is: the session still has only what its boundary and session policy leave of the role.
    if not own_account or trusted is not Grant.EXACT:
        yield from (kind for kind in (PolicyKind.BOUNDARY, PolicyKind.SESSION) if kind in present)


def _allows(traces: Iterable[StatementTrace], kind: PolicyKind) -> list[StatementTrace]:
    return [trace for trace in traces if trace.kind is kind and trace.applies and trace.statement.effect == "Allow"]


def _trace(request: Request, document: Document, statement: Statement) -> StatementTrace:
    covered = grant(statement.principals, request.principal) if statement.principals is not None else Grant.NONE
    why_not = _why_not(request, document, statement, covered)
    return StatementTrace(document.name, document.kind, statement, not why_not, why_not, covered)


def _why_not(request: Request, document: Document, statement: Statement, covered: Grant) -> str:
    """Why a statement doesn't apply, "" when it does."""
    if statement.principals is not None and covered is Grant.NONE:
        return f"its principal is not {request.principal.arn}"
    if (
        any(matches(tokens(text.lower(), {}, variables=False), request.action.lower()) for text in statement.actions)
        == statement.not_actions
    ):
        return f"its action does not cover {request.action}"
    if statement.resources is not None:
        covers = any(_covers(text, request, document) for text in statement.resources)
        if covers == statement.not_resources:
            return f"its resource does not cover {request.resource}"
    for condition in statement.conditions:
        if not holds(condition, request.context, variables=document.variables):
            return f"its condition {condition.operator} on {condition.key} is not met"
    return ""


def _covers(text: str, request: Request, document: Document) -> bool:
    try:
        pattern: list[Token] = tokens(text, request.context, variables=document.variables)
    except MissingVariableError:
        return False
    return matches_resource(pattern, request.resource)
