"""From the inputs to a plan: whose accounts these are, who it is for, what is there now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from xswitch.actions.access.accounts import Opened, Sides
from xswitch.actions.access.api import AccessInputs, PlannedAccess
from xswitch.actions.ports import Ports
from xswitch.core.access.console import console_link
from xswitch.core.access.documents import policy_name, statements_of, trust_sid
from xswitch.core.access.model import AccessPlan, AccessRequest, PrincipalState, RoleState, Side, Who, WhoKind
from xswitch.core.access.plan import make_plan
from xswitch.core.access.validation import validate
from xswitch.core.arn import is_policy_arn
from xswitch.core.errors import AwsDeniedError, TargetError, UsageError

_KIND = {WhoKind.USER: "user", WhoKind.GROUP: "group", WhoKind.ROLE: "role"}
_FOLDERS = ("", "job-function/", "service-role/")
"""Where AWS keeps its managed policies."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A plan beside the open sides it was made from."""

    planned: PlannedAccess
    target: Opened | None
    source: Opened | None

    def side(self, side: Side) -> Opened | None:
        """The open side."""
        return self.target if side is Side.TARGET else self.source


def plan(ports: Ports, sides: Sides, inputs: AccessInputs) -> PlannedAccess:
    """See `AccessActions.plan`: a survey, and a look at whether the managed policies asked for are there."""
    return survey(ports, sides, replace(inputs, policies=_policies(sides, inputs))).planned


def survey(ports: Ports, sides: Sides, inputs: AccessInputs) -> Surveyed:
    """Read both sides as far as there are profiles for them, and plan. Raises what is wrong with the inputs as UsageError."""
    if inputs.target_profile is None and inputs.source_profile is None and not (inputs.target_account and inputs.source_account):
        raise UsageError(
            "Neither side is known.",
            why="Each side needs a profile that may change IAM there, or at least its account id.",
            next_step="xswitch access plan --help",
        )
    target = sides.open(inputs.target_profile) if inputs.target_profile else None
    source = sides.open(inputs.source_profile) if inputs.source_profile else None
    request = _request(inputs, target, source)
    validate(request)
    # A role's name is enough to find it, whatever its path.
    there = target.iam.role(inputs.role_name) if target is not None else None
    request = _with_external_id(ports, inputs, request, there)
    principal = _principal(request, source)
    if principal is not None:
        request = replace(request, who=replace(request.who, path=_path(principal.arn, request.who)))
    made = make_plan(
        request,
        target=there,
        target_seen=target is not None,
        source=principal,
        source_seen=source is not None,
        profiles={Side.TARGET: inputs.target_profile, Side.SOURCE: inputs.source_profile},
    )
    # What was made up or found out is kept, so that the same inputs lead to the same plan again.
    kept = replace(
        inputs,
        external_id=request.external_id or "",
        generate_external_id=False,
        who_name=f"{request.who.path}{request.who.name}".removeprefix("/"),
        source_account=inputs.source_account if source is not None else request.who.account,
        policies=request.managed_policies,
    )
    return Surveyed(PlannedAccess(kept, made, link(made, kept)), target, source)


def link(made: AccessPlan, inputs: AccessInputs) -> str:
    """The console's switch-role link, "" where the console isn't known."""
    return console_link(made.request, inputs.display_name or inputs.save_as or inputs.role_name, inputs.colour)


def _request(inputs: AccessInputs, target: Opened | None, source: Opened | None) -> AccessRequest:
    opened = target or source
    partition = opened.partition if opened is not None else "aws"
    return AccessRequest(
        partition=partition,
        target_account=target.account if target is not None else inputs.target_account,
        role_name=inputs.role_name,
        who=_who(inputs, source),
        role_path=inputs.role_path,
        managed_policies=tuple(policy if ":" in policy else f"arn:{partition}:iam::aws:policy/{policy}" for policy in inputs.policies),
        inline_policies=inputs.documents,
        external_id=inputs.external_id or None,
        require_mfa=inputs.require_mfa,
        max_session_seconds=inputs.max_session_seconds,
        tags=inputs.tags,
        description=inputs.description,
    )


def _policies(sides: Sides, inputs: AccessInputs) -> tuple[str, ...]:
    """The managed policies as ARNs. Raises TargetError for one that isn't there; where they may not be looked at, AWS will say."""
    if not inputs.target_profile or not inputs.policies:
        return inputs.policies
    opened = sides.open(inputs.target_profile)
    aws = f"arn:{opened.partition}:iam::aws:policy/"
    found = []
    for policy in inputs.policies:
        arns = [policy] if ":" in policy else [f"{aws}{folder}{policy}" for folder in _FOLDERS]
        if arns != [policy]:
            arns.append(f"arn:{opened.partition}:iam::{opened.account}:policy/{policy}")
        try:
            there = next((arn for arn in arns if not is_policy_arn(arn) or opened.iam.has_policy(arn)), None)
        except AwsDeniedError:
            there = arns[0]
        if there is None:
            raise TargetError(
                f"There is no managed policy {policy}, neither of AWS nor of account {opened.account}.",
                next_step=f"aws iam list-policies --profile {opened.profile}",
                code="policy_missing",
            )
        found.append(there)
    return tuple(found)


def _who(inputs: AccessInputs, source: Opened | None) -> Who:
    account = source.account if source is not None else inputs.source_account
    kind, text = inputs.who_kind, inputs.who_name
    if kind is WhoKind.ACCOUNT:
        return Who(kind, account)
    if not text and kind is WhoKind.USER and source is not None:
        text = source.identity.arn
        if ":user/" not in text:
            raise UsageError(
                f"{source.profile} is not a user, so who shall switch has to be named.", why=f"It is {text}.", next_step="--user NAME"
            )
    if text.startswith("arn:"):
        head, _, rest = text.partition(f":{_KIND[kind]}/")
        parts = head.split(":")
        if not rest or len(parts) < 5:  # noqa: PLR2004 -- arn:partition:iam::account
            raise UsageError(f"{text} is not the ARN of a {_KIND[kind]}.", next_step="xswitch access plan --help")
        if account and parts[4] != account:
            raise UsageError(f"{text} is not of the source account {account}.", next_step="give --source a profile of its account")
        account, text = parts[4], rest
    path, _, name = text.strip("/").rpartition("/")
    return Who(kind, account, name, f"/{path}/" if path else "/")


def _with_external_id(ports: Ports, inputs: AccessInputs, request: AccessRequest, there: RoleState | None) -> AccessRequest:
    if not inputs.generate_external_id or inputs.external_id:
        return request
    known = "" if there is None else _known_external_id(there, trust_sid(request))
    return replace(request, external_id=known or ports.new_id())


def _known_external_id(role: RoleState, sid: str) -> str:
    """The external ID our own statement asks for already: one that was made up once stays."""
    for statement in statements_of(role.trust):
        conditions: Any = statement.get("Condition") or {}
        if statement.get("Sid") == sid:
            found = conditions.get("StringEquals", {}).get("sts:ExternalId", "")
            return found if isinstance(found, str) else ""
    return ""


def _principal(request: AccessRequest, source: Opened | None) -> PrincipalState | None:
    if source is None:
        return None
    found = source.iam.principal(request.who, policy_name(request))
    if found is None:
        raise TargetError(
            f"There is no {request.who.kind.value} {request.who.name} in account {source.account}.",
            next_step=f"aws iam list-{request.who.kind.value}s --profile {source.profile}",
            code="principal_missing",
        )
    return found


def _path(arn: str, who: Who) -> str:
    """The path in the ARN of a user, group or role."""
    if who.kind is WhoKind.ACCOUNT:
        return "/"
    path = arn.partition(f":{_KIND[who.kind]}")[2].rpartition("/")[0]
    return path + "/"
