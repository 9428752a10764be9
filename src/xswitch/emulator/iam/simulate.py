"""SimulatePrincipalPolicy: what an identity's policies say of actions nobody takes.

As in AWS, it knows what the caller tells it and no more: context keys come from ContextEntries, beside those that follow from
the identity itself, and trust policies play no part (IAM reference, "SimulatePrincipalPolicy").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from xswitch.core.policy import Document, PolicyKind, Principal, PrincipalKind, Request, Statement, evaluate
from xswitch.emulator.authorize import Context, itself, organizations_say, principal_context
from xswitch.emulator.errors import validation
from xswitch.emulator.iam import statement_positions
from xswitch.emulator.iam.call import Ask, Outcome
from xswitch.emulator.iam.documents import checked
from xswitch.emulator.iam.errors import invalid_input, missing
from xswitch.emulator.iam.kinds import Holder, everyone
from xswitch.emulator.iam.paging import page
from xswitch.emulator.parameters import members, structures
from xswitch.emulator.state import Account, Group, Role, User
from xswitch.emulator.state.model import parsed
from xswitch.emulator.xml import Node

_ARN = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(user|group|role)/(?:.*/)?([\w+=,.@-]+)")
_ACTION = re.compile(r"[\w-]+:[\w*?-]+")
_VARIABLE = re.compile(r"\$\{([^{},]*)(?:,[^{}]*)?\}")
_TYPES = frozenset({f"{name}{suffix}" for name in ("string", "numeric", "boolean", "ip", "binary", "date") for suffix in ("", "List")})


@dataclass(frozen=True, slots=True)
class Source:
    """A policy that takes part: its text, and the name it has in MatchedStatements."""

    id: str
    text: str

    def document(self, kind: PolicyKind = PolicyKind.IDENTITY) -> Document:
        """It, read."""
        return parsed(self.text, kind, self.id)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Everything that is the same for each action and resource."""

    account: Account
    principal: Principal
    context: Context
    identity: tuple[Source, ...]
    boundary: tuple[Source, ...]


def simulate(ask: Ask) -> Outcome:
    """SimulatePrincipalPolicy."""
    actions, resources = members(ask.parameters, "ActionNames"), members(ask.parameters, "ResourceArns") or ["*"]
    if not actions:
        raise validation("1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null")
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise invalid_input(f"Invalid Action Name: {action}")
    if "ResourcePolicy" in ask.parameters:
        raise invalid_input("Resource policies are not simulated here.")
    holder = _holder(ask)
    simulation = Simulation(
        account=ask.account,
        principal=_principal(holder),
        context=_context(ask, holder),
        identity=(*_identity(ask, holder), *_given(ask, "PolicyInputList")),
        boundary=_given(ask, "PermissionsBoundaryPolicyInputList") or _boundary(ask, holder),
    )
    results = [_result(simulation, action, resource) for action in actions for resource in resources]
    found, more = page(ask, results)
    return ask.world, {"EvaluationResults": found, **more}


def _holder(ask: Ask) -> Holder:
    arn = ask.parameters["PolicySourceArn"]
    found = _ARN.fullmatch(arn)
    if found is None:
        raise invalid_input(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    holder = next((one for one in everyone(ask.account) if one.arn == arn), None)
    if holder is None:
        raise missing(found[2], found[3])
    return holder


def _principal(holder: Holder) -> Principal:
    if isinstance(holder, Role):
        return Principal(PrincipalKind.ROLE_SESSION, holder.arn, holder.account, holder.arn)
    return Principal(PrincipalKind.USER, holder.arn, holder.account)


def _inline(holder: Holder) -> list[Source]:
    word = type(holder).__name__.lower()
    return [Source(f"{word}_{holder.name}_{name}", text) for name, text in sorted(holder.inline.items())]


def _identity(ask: Ask, holder: Holder) -> list[Source]:
    found = _inline(holder)
    policies = [policy for arn in holder.attached if (policy := ask.world.policy(arn)) is not None]
    found += [Source(policy.name, policy.text) for policy in policies]
    groups = ask.account.groups_of(holder.name) if isinstance(holder, User) else ()
    return found + [source for group in groups for source in _identity(ask, group)]


def _boundary(ask: Ask, holder: Holder) -> tuple[Source, ...]:
    policy = None if isinstance(holder, Group) else ask.world.policy(holder.boundary)
    return () if policy is None else (Source(policy.name, policy.text),)


def _given(ask: Ask, parameter: str) -> tuple[Source, ...]:
    texts = members(ask.parameters, parameter)
    for text in texts:
        checked(text)
    return tuple(Source(f"{parameter}.{number}", text) for number, text in enumerate(texts, 1))


def _context(ask: Ask, holder: Holder) -> Context:
    tags: Mapping[str, str] = {} if isinstance(holder, Group) else holder.tags
    context: dict[str, tuple[str, ...]] = {
        **principal_context(ask.account, holder.arn, holder.id, tags),
        "aws:currenttime": (ask.call.now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(ask.call.now.timestamp())),),
        **({"aws:username": (holder.name,)} if isinstance(holder, User) else {}),
    }
    for entry in structures(ask.parameters, "ContextEntries"):
        name, kind = entry.get("ContextKeyName", ""), entry.get("ContextKeyType", "string")
        if not name or kind not in _TYPES:
            raise invalid_input(f"Invalid Context Key: {name or entry}")
        context[name.lower()] = tuple(members(entry, "ContextKeyValues"))
    return context


def _result(simulation: Simulation, action: str, resource: str) -> Node:
    account = simulation.account
    request = Request(simulation.principal, action, resource, account.id, simulation.context)
    own = [source.document() for source in simulation.identity]
    bounds = [source.document(PolicyKind.BOUNDARY) for source in simulation.boundary]
    decision = evaluate(request, (*own, *bounds, itself(account.id)))
    organization = organizations_say(request, account)
    denied = decision.explicit_deny or (organization is not None and organization.explicit_deny)
    allowed = decision.allowed and (organization is None or organization.allowed)
    sources = (*simulation.identity, *(simulation.boundary if denied else ()))
    matched = [node for source in dict.fromkeys(sources) for node in _matched(source, request, denied=denied)]
    result: dict[str, Node] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": "explicitDeny" if denied else "allowed" if allowed else "implicitDeny",
        "MatchedStatements": matched,
        "MissingContextValues": _missing(request, (*own, *bounds)),
    }
    if simulation.boundary:
        inside = evaluate(request, (*(source.document() for source in simulation.boundary), itself(account.id))).allowed
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": inside}
    if organization is not None:
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": organization.allowed}
    return result


def _matched(source: Source, request: Request, *, denied: bool) -> list[Node]:
    """The statements of one policy that decided: of a denial only what denies."""
    effect = "Deny" if denied else "Allow"
    places = statement_positions.statements(source.text)
    traces = evaluate(request, (source.document(),)).traces
    indexes = [trace.statement.index for trace in traces if trace.applies and trace.statement.effect == effect]
    return [
        {
            "SourcePolicyId": source.id,
            "SourcePolicyType": "IAM Policy",
            "StartPosition": statement_positions.position(source.text, places[index].start),
            "EndPosition": statement_positions.position(source.text, places[index].end),
        }
        for index in indexes
    ]


def _missing(request: Request, documents: Iterable[Document]) -> list[str]:
    """The context keys that statements for this action and resource ask about, and that nobody gave."""
    found: dict[str, str] = {}
    for document in documents:
        for statement in document.statements:
            for key in _asked(request, document, statement):
                if key.lower() not in request.context:
                    found.setdefault(key.lower(), key)
    return list(found.values())


def _asked(request: Request, document: Document, statement: Statement) -> list[str]:
    texts = statement.resources or ()
    variables = [key for text in texts for key in _VARIABLE.findall(text) if key not in ("*", "?", "$")] if document.variables else []
    if _applies(request, document, replace(statement, conditions=())):
        return [condition.key for condition in statement.conditions] + variables
    return variables if variables and _applies(request, document, replace(statement, conditions=(), resources=("*",))) else []


def _applies(request: Request, document: Document, statement: Statement) -> bool:
    decision = evaluate(request, (replace(document, statements=(statement,)),))
    return decision.traces[0].applies
