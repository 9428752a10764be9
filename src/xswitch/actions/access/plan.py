"""From the inputs to a plan: whose accounts these are, who it is for, what is there now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from xswitch.actions.access.accounts import AccountClient, Accounts
from xswitch.actions.access.api import AccessInputs, AccessPlanResult
from xswitch.actions.ports import Process
from xswitch.core.access.console import console_url
from xswitch.core.access.documents import policy_name, statements_of, trust_sid
from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountSide,
    PrincipalState,
    PrincipalType,
    RoleState,
    TrustedPrincipal,
)
from xswitch.core.access.plan import make_plan
from xswitch.core.access.validation import validate
from xswitch.core.arn import is_policy_arn
from xswitch.core.errors import AwsDeniedError, ErrorCode, TargetError, UsageError

_ARN_RESOURCE_TYPES = {
    PrincipalType.USER: "user",
    PrincipalType.GROUP: "group",
    PrincipalType.ROLE: "role",
}
_AWS_POLICY_PATHS = ("", "job-function/", "service-role/")
"""Where AWS keeps its managed policies."""


@dataclass(frozen=True, slots=True)
class ObservedPlan:
    """A plan beside the open sides it was made from."""

    planned: AccessPlanResult
    target: AccountClient | None
    source: AccountClient | None

    def side(self, side: AccountSide) -> AccountClient | None:
        """The open side."""
        return self.target if side is AccountSide.TARGET else self.source


def plan(process: Process, accounts: Accounts, inputs: AccessInputs) -> AccessPlanResult:
    """See `AccessActions.plan`.

    A survey, and a look at whether the managed policies asked for are there.
    """
    return plan_from_current_state(
        process, accounts, replace(inputs, policies=_policy_arns(accounts, inputs))
    ).planned


def plan_from_current_state(
    process: Process, accounts: Accounts, inputs: AccessInputs
) -> ObservedPlan:
    """Read both sides as far as there are profiles for them, and plan.

    Raises what is wrong with the inputs as UsageError.
    """
    if (
        inputs.target_profile is None
        and inputs.source_profile is None
        and not (inputs.target_account and inputs.source_account)
    ):
        raise UsageError(
            "Neither side is known.",
            why="Each side needs a profile that may change IAM there, or at least its account id.",
            next_step="xswitch access plan --help",
        )
    target = accounts.open(inputs.target_profile) if inputs.target_profile else None
    source = accounts.open(inputs.source_profile) if inputs.source_profile else None
    request = _request(inputs, target, source)
    validate(request)
    # A role's name is enough to find it, whatever its path.
    there = target.iam.role(inputs.role_name) if target is not None else None
    request = _with_external_id(process, inputs, request, there)
    principal = _principal(request, source)
    if principal is not None:
        request = replace(
            request, who=replace(request.who, path=_path_of_arn(principal.arn, request.who))
        )
    made = make_plan(
        request,
        target=there,
        target_seen=target is not None,
        source=principal,
        source_seen=source is not None,
        profiles={
            AccountSide.TARGET: inputs.target_profile,
            AccountSide.SOURCE: inputs.source_profile,
        },
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
    return ObservedPlan(AccessPlanResult(kept, made, switch_role_link(made, kept)), target, source)


def switch_role_link(made: AccessPlan, inputs: AccessInputs) -> str:
    """The console's switch-role link, "" where the console isn't known."""
    return console_url(
        made.request, inputs.display_name or inputs.save_as or inputs.role_name, inputs.colour
    )


def _request(
    inputs: AccessInputs, target: AccountClient | None, source: AccountClient | None
) -> AccessRequest:
    opened = target or source
    partition = opened.partition if opened is not None else "aws"
    return AccessRequest(
        partition=partition,
        target_account=target.account if target is not None else inputs.target_account,
        role_name=inputs.role_name,
        who=_trusted_principal(inputs, source),
        role_path=inputs.role_path,
        managed_policies=tuple(
            policy if ":" in policy else f"arn:{partition}:iam::aws:policy/{policy}"
            for policy in inputs.policies
        ),
        inline_policies=inputs.documents,
        external_id=inputs.external_id or None,
        require_mfa=inputs.require_mfa,
        max_session_seconds=inputs.max_session_seconds,
        tags=inputs.tags,
        description=inputs.description,
    )


def _policy_arns(accounts: Accounts, inputs: AccessInputs) -> tuple[str, ...]:
    """The managed policies as ARNs.

    Raises TargetError for one that isn't there; where they may not be looked at, AWS will say.
    """
    if not inputs.target_profile or not inputs.policies:
        return inputs.policies
    opened = accounts.open(inputs.target_profile)
    aws = f"arn:{opened.partition}:iam::aws:policy/"
    found = []
    for policy in inputs.policies:
        arns = (
            [policy]
            if ":" in policy
            else [f"{aws}{folder}{policy}" for folder in _AWS_POLICY_PATHS]
        )
        if arns != [policy]:
            arns.append(f"arn:{opened.partition}:iam::{opened.account}:policy/{policy}")
        try:
            there = next(
                (arn for arn in arns if not is_policy_arn(arn) or opened.iam.has_policy(arn)), None
            )
        except AwsDeniedError:
            there = arns[0]
        if there is None:
            raise TargetError(
                f"There is no managed policy {policy}, neither of AWS nor of account {opened.account}.",
                next_step=f"aws iam list-policies --profile {opened.profile}",
                code=ErrorCode.POLICY_MISSING,
            )
        found.append(there)
    return tuple(found)


def _trusted_principal(inputs: AccessInputs, source: AccountClient | None) -> TrustedPrincipal:
    account = source.account if source is not None else inputs.source_account
    kind, text = inputs.who_kind, inputs.who_name
    if kind is PrincipalType.ACCOUNT:
        return TrustedPrincipal(kind, account)
    if not text and kind is PrincipalType.USER and source is not None:
        text = source.identity.arn
        if ":user/" not in text:
            raise UsageError(
                f"{source.profile} is not a user, so who shall switch has to be named.",
                why=f"It is {text}.",
                next_step="--user NAME",
            )
    if text.startswith("arn:"):
        head, _, rest = text.partition(f":{_ARN_RESOURCE_TYPES[kind]}/")
        parts = head.split(":")
        if not rest or len(parts) < 5:  # noqa: PLR2004 -- arn:partition:iam::account
            raise UsageError(
                f"{text} is not the ARN of a {_ARN_RESOURCE_TYPES[kind]}.",
                next_step="xswitch access plan --help",
            )
        if account and parts[4] != account:
            raise UsageError(
                f"{text} is not of the source account {account}.",
                next_step="give --source a profile of its account",
            )
        account, text = parts[4], rest
    path, _, name = text.strip("/").rpartition("/")
    return TrustedPrincipal(kind, account, name, f"/{path}/" if path else "/")


def _with_external_id(
    process: Process, inputs: AccessInputs, request: AccessRequest, there: RoleState | None
) -> AccessRequest:
    if not inputs.generate_external_id or inputs.external_id:
        return request
    known = "" if there is None else _existing_external_id(there, trust_sid(request))
    return replace(request, external_id=known or process.new_id())


def _existing_external_id(role: RoleState, sid: str) -> str:
    """The external ID our own statement asks for already: one that was made up once stays."""
    for statement in statements_of(role.trust):
        conditions: Any = statement.get("Condition") or {}
        if statement.get("Sid") == sid:
            found = conditions.get("StringEquals", {}).get("sts:ExternalId", "")
            return found if isinstance(found, str) else ""
    return ""


def _principal(request: AccessRequest, source: AccountClient | None) -> PrincipalState | None:
    if source is None:
        return None
    found = source.iam.principal(request.who, policy_name(request))
    if found is None:
        raise TargetError(
            f"There is no {request.who.kind.value} {request.who.name} in account {source.account}.",
            next_step=f"aws iam list-{request.who.kind.value}s --profile {source.profile}",
            code=ErrorCode.PRINCIPAL_MISSING,
        )
    return found


def _path_of_arn(arn: str, who: TrustedPrincipal) -> str:
    """The path in the ARN of a user, group or role."""
    if who.kind is PrincipalType.ACCOUNT:
        return "/"
    path = arn.partition(f":{_ARN_RESOURCE_TYPES[who.kind]}")[2].rpartition("/")[0]
    return path + "/"
