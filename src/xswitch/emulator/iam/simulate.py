"""SimulatePrincipalPolicy: evaluates an identity's policies for actions without doing them.

As in AWS, context keys come only from ContextEntries and the identity itself, and trust policies
don't take part (IAM API reference, SimulatePrincipalPolicy).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from xswitch.core.policy import (
    PolicyDocument,
    PolicyKind,
    Principal,
    PrincipalKind,
    Request,
    Statement,
    evaluate,
)
from xswitch.core.policy.patterns import variable_keys
from xswitch.emulator.authorize import (
    Context,
    account_resource_policy,
    evaluate_scps,
    principal_context,
)
from xswitch.emulator.errors import invalid_input, no_such_entity_named, validation_error
from xswitch.emulator.iam import statement_positions
from xswitch.emulator.iam.call import IamRequest, Outcome
from xswitch.emulator.iam.documents import validate_document
from xswitch.emulator.iam.holders import Holder, all_holders, page
from xswitch.emulator.parameters import members, structures
from xswitch.emulator.state import Account, Group, IamRole, User
from xswitch.emulator.state.model import parse_cached
from xswitch.emulator.xml import XmlNode

_ARN = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(user|group|role)/(?:.*/)?([\w+=,.@-]+)")
_ACTION = re.compile(r"[\w-]+:[\w*?-]+")
_TYPES = frozenset(
    {
        f"{name}{suffix}"
        for name in ("string", "numeric", "boolean", "ip", "binary", "date")
        for suffix in ("", "List")
    }
)


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A policy that takes part: its text, and its name in MatchedStatements."""

    id: str
    text: str

    def document(self, kind: PolicyKind = PolicyKind.IDENTITY) -> PolicyDocument:
        """The parsed document."""
        return parse_cached(self.text, kind, self.id)


@dataclass(frozen=True, slots=True)
class SimulationInputs:
    """The inputs that all actions and resources share."""

    account: Account
    principal: Principal
    context: Context
    identity: tuple[PolicySource, ...]
    boundary: tuple[PolicySource, ...]


def simulate(request: IamRequest) -> Outcome:
    """SimulatePrincipalPolicy."""
    actions, resources = (
        members(request.parameters, "ActionNames"),
        members(request.parameters, "ResourceArns") or ["*"],
    )
    if not actions:
        raise validation_error(
            "1 validation error detected: Value null at 'actionNames' failed to satisfy constraint:"
            " Member must not be null"
        )
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise invalid_input(f"Invalid Action Name: {action}")
    if "ResourcePolicy" in request.parameters:
        raise invalid_input("Resource policies are not simulated here.")
    holder = _holder(request)
    simulation = SimulationInputs(
        account=request.account,
        principal=_principal(holder),
        context=_context(request, holder),
        identity=(*_identity(request, holder), *_supplied_policies(request, "PolicyInputList")),
        boundary=_supplied_policies(request, "PermissionsBoundaryPolicyInputList")
        or _boundary(request, holder),
    )
    results = [
        _result(simulation, action, resource) for action in actions for resource in resources
    ]
    page_items, page_members = page(request, results)
    return request.world, {"EvaluationResults": page_items, **page_members}


def _holder(request: IamRequest) -> Holder:
    arn = request.parameters["PolicySourceArn"]
    arn_parts = _ARN.fullmatch(arn)
    if arn_parts is None:
        raise invalid_input(
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        )
    holder = next((one for one in all_holders(request.account) if one.arn == arn), None)
    if holder is None:
        raise no_such_entity_named(arn_parts[2], arn_parts[3])
    return holder


def _principal(holder: Holder) -> Principal:
    if isinstance(holder, IamRole):
        return Principal(PrincipalKind.ROLE_SESSION, holder.arn, holder.account, holder.arn)
    return Principal(PrincipalKind.USER, holder.arn, holder.account)


def _inline(holder: Holder) -> list[PolicySource]:
    word = {User: "user", Group: "group", IamRole: "role"}[type(holder)]
    return [
        PolicySource(f"{word}_{holder.name}_{name}", text)
        for name, text in sorted(holder.inline.items())
    ]


def _identity(request: IamRequest, holder: Holder) -> list[PolicySource]:
    sources = _inline(holder)
    policies = [
        policy for arn in holder.attached if (policy := request.world.policy(arn)) is not None
    ]
    sources += [PolicySource(policy.name, policy.text) for policy in policies]
    groups = request.account.groups_of(holder.name) if isinstance(holder, User) else ()
    return sources + [source for group in groups for source in _identity(request, group)]


def _boundary(request: IamRequest, holder: Holder) -> tuple[PolicySource, ...]:
    policy = None if isinstance(holder, Group) else request.world.policy(holder.boundary)
    return () if policy is None else (PolicySource(policy.name, policy.text),)


def _supplied_policies(request: IamRequest, parameter: str) -> tuple[PolicySource, ...]:
    texts = members(request.parameters, parameter)
    for text in texts:
        validate_document(text)
    return tuple(
        PolicySource(f"{parameter}.{number}", text) for number, text in enumerate(texts, 1)
    )


def _context(request: IamRequest, holder: Holder) -> Context:
    tags: Mapping[str, str] = {} if isinstance(holder, Group) else holder.tags
    context: dict[str, tuple[str, ...]] = {
        **principal_context(request.account, holder.arn, holder.id, tags),
        "aws:currenttime": (request.call.now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(request.call.now.timestamp())),),
        **({"aws:username": (holder.name,)} if isinstance(holder, User) else {}),
    }
    for entry in structures(request.parameters, "ContextEntries"):
        name, kind = entry.get("ContextKeyName", ""), entry.get("ContextKeyType", "string")
        if not name or kind not in _TYPES:
            raise invalid_input(f"Invalid Context Key: {name or entry}")
        context[name.lower()] = tuple(members(entry, "ContextKeyValues"))
    return context


def _result(simulation: SimulationInputs, action: str, resource: str) -> XmlNode:
    account = simulation.account
    request = Request(simulation.principal, action, resource, account.id, simulation.context)
    own = [source.document() for source in simulation.identity]
    bounds = [source.document(PolicyKind.BOUNDARY) for source in simulation.boundary]
    decision = evaluate(request, (*own, *bounds, account_resource_policy(account.id)))
    organization = evaluate_scps(request, account)
    denied = decision.explicit_deny or (organization is not None and organization.explicit_deny)
    allowed = decision.allowed and (organization is None or organization.allowed)
    sources = (*simulation.identity, *(simulation.boundary if denied else ()))
    matched = [
        node
        for source in dict.fromkeys(sources)
        for node in _matched_statements(source, request, denied=denied)
    ]
    result: dict[str, XmlNode] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": "explicitDeny" if denied else "allowed" if allowed else "implicitDeny",
        "MatchedStatements": matched,
        "MissingContextValues": _missing_context_keys(request, (*own, *bounds)),
    }
    if simulation.boundary:
        inside = evaluate(
            request,
            (
                *(source.document() for source in simulation.boundary),
                account_resource_policy(account.id),
            ),
        ).allowed
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": inside}
    if organization is not None:
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": organization.allowed}
    return result


def _matched_statements(source: PolicySource, request: Request, *, denied: bool) -> list[XmlNode]:
    """The deciding statements of one policy: for a denial only the denying ones."""
    effect = "Deny" if denied else "Allow"
    places = statement_positions.statements(source.text)
    traces = evaluate(request, (source.document(),)).traces
    indexes = [
        trace.statement.index
        for trace in traces
        if trace.applies and trace.statement.effect == effect
    ]
    return [
        {
            "SourcePolicyId": source.id,
            "SourcePolicyType": "IAM Policy",
            "StartPosition": statement_positions.position(source.text, places[index].start),
            "EndPosition": statement_positions.position(source.text, places[index].end),
        }
        for index in indexes
    ]


def _missing_context_keys(request: Request, documents: Iterable[PolicyDocument]) -> list[str]:
    """The context keys that matching statements need and the call didn't give."""
    missing_keys: dict[str, str] = {}
    for document in documents:
        for statement in document.statements:
            for key in _context_keys_of(request, document, statement):
                if key.lower() not in request.context:
                    missing_keys.setdefault(key.lower(), key)
    return list(missing_keys.values())


def _context_keys_of(request: Request, document: PolicyDocument, statement: Statement) -> list[str]:
    texts = statement.resources or ()
    variables = [key for text in texts for key in variable_keys(text)] if document.variables else []
    if _applies(request, document, replace(statement, conditions=())):
        return [condition.key for condition in statement.conditions] + variables
    return (
        variables
        if variables
        and _applies(request, document, replace(statement, conditions=(), resources=("*",)))
        else []
    )


def _applies(request: Request, document: PolicyDocument, statement: Statement) -> bool:
    decision = evaluate(request, (replace(document, statements=(statement,)),))
    return decision.traces[0].applies
