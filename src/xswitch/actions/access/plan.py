"""Plan a setup from its inputs and the current state of both accounts."""

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
from xswitch.core.arn import account_of, is_policy_arn
from xswitch.core.errors import AwsDeniedError, ErrorCode, TargetError, UsageError
from xswitch.core.text import option_text

_ARN_RESOURCE_TYPES = {
    PrincipalType.USER: "user",
    PrincipalType.GROUP: "group",
    PrincipalType.ROLE: "role",
}
_AWS_POLICY_PATHS = ("", "job-function/", "service-role/")
"""The paths of AWS managed policies."""


@dataclass(frozen=True, slots=True)
class ObservedPlan:
    """A plan, and the accounts it was made from."""

    planned: AccessPlanResult
    target: AccountClient | None
    source: AccountClient | None

    def side(self, side: AccountSide) -> AccountClient | None:
        """Return the account of a side, None if it has no profile."""
        return self.target if side is AccountSide.TARGET else self.source


def plan(process: Process, accounts: Accounts, inputs: AccessInputs) -> AccessPlanResult:
    """Plan a setup, and check that its managed policies exist: see `AccessActions.plan`."""
    return plan_from_current_state(
        process, accounts, replace(inputs, policies=_policy_arns(accounts, inputs))
    ).planned


def plan_from_current_state(
    process: Process, accounts: Accounts, inputs: AccessInputs
) -> ObservedPlan:
    """Read each account that has a profile, and plan. Raises UsageError for invalid inputs."""
    if (
        inputs.target_profile is None
        and inputs.source_profile is None
        and not (inputs.target_account and inputs.source_account)
    ):
        raise UsageError(
            "Neither account is known.",
            why="Each account needs a profile that can change IAM there, or at least its ID.",
            next_step="xswitch access plan --help",
        )
    target = accounts.open(inputs.target_profile) if inputs.target_profile else None
    source = accounts.open(inputs.source_profile) if inputs.source_profile else None
    request = _request(inputs, target, source)
    validate(request)
    # IAM finds a role by its name, without the path
    existing = target.iam.role(inputs.role_name) if target is not None else None
    request = _with_external_id(process, inputs, request, existing)
    principal = _principal(request, source)
    if principal is not None:
        request = replace(
            request,
            principal=replace(
                request.principal, path=_path_of_arn(principal.arn, request.principal)
            ),
        )
    plan = make_plan(
        request,
        target=existing,
        target_seen=target is not None,
        source=principal,
        source_seen=source is not None,
        profiles={
            AccountSide.TARGET: inputs.target_profile,
            AccountSide.SOURCE: inputs.source_profile,
        },
    )
    # Generated and discovered values become inputs, so these inputs give the same plan again
    completed = replace(
        inputs,
        external_id=request.external_id or "",
        generate_external_id=False,
        who_name=f"{request.principal.path}{request.principal.name}".removeprefix("/"),
        source_account=inputs.source_account if source is not None else request.principal.account,
        policies=request.managed_policies,
    )
    result = AccessPlanResult(completed, plan, switch_role_link(plan, completed))
    return ObservedPlan(result, target, source)


def switch_role_link(plan: AccessPlan, inputs: AccessInputs) -> str:
    """Return the console's switch-role link, "" in a partition without a known console."""
    return console_url(
        plan.request, inputs.display_name or inputs.save_as or inputs.role_name, inputs.color
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
        principal=_trusted_principal(inputs, source),
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
    """Return the managed policies as ARNs.

    Raises TargetError for a missing one. If reading policies is denied, the apply reports it.
    """
    if not inputs.target_profile or not inputs.policies:
        return inputs.policies
    account = accounts.open(inputs.target_profile)
    return tuple(_policy_arn(account, policy) for policy in inputs.policies)


def _policy_arn(account: AccountClient, policy: str) -> str:
    prefix = f"arn:{account.partition}:iam:"
    candidates = [policy]
    if ":" not in policy:
        candidates = [f"{prefix}:aws:policy/{path}{policy}" for path in _AWS_POLICY_PATHS]
        candidates.append(f"{prefix}:{account.account}:policy/{policy}")
    try:
        for arn in candidates:
            if not is_policy_arn(arn) or account.iam.has_policy(arn):
                return arn
    except AwsDeniedError:
        return candidates[0]
    raise TargetError(
        f"There is no managed policy {policy}, neither of AWS nor of account {account.account}.",
        next_step=f"aws iam list-policies {option_text('--profile', account.profile)}",
        code=ErrorCode.POLICY_MISSING,
    )


def _trusted_principal(inputs: AccessInputs, source: AccountClient | None) -> TrustedPrincipal:
    account = source.account if source is not None else inputs.source_account
    kind, text = inputs.who_kind, inputs.who_name
    if kind is PrincipalType.ACCOUNT:
        return TrustedPrincipal(kind, account)
    if not text and kind is PrincipalType.USER and source is not None:
        text = source.identity.arn
        if ":user/" not in text:
            raise UsageError(
                f"{source.profile} isn't a user. Name who will switch.",
                why=f"It is {text}.",
                next_step="--user NAME",
            )
    if text.startswith("arn:"):
        _, _, name = text.partition(f":{_ARN_RESOURCE_TYPES[kind]}/")
        owner = account_of(text)
        if not name or not owner:
            raise UsageError(
                f"{text} isn't the ARN of a {_ARN_RESOURCE_TYPES[kind]}.",
                next_step="xswitch access plan --help",
            )
        if account and owner != account:
            raise UsageError(
                f"{text} isn't in the source account {account}.",
                next_step="use --source with a profile in its account",
            )
        account, text = owner, name
    path, _, name = text.strip("/").rpartition("/")
    return TrustedPrincipal(kind, account, name, f"/{path}/" if path else "/")


def _with_external_id(
    process: Process, inputs: AccessInputs, request: AccessRequest, existing: RoleState | None
) -> AccessRequest:
    if not inputs.generate_external_id or inputs.external_id:
        return request
    external_id = "" if existing is None else _existing_external_id(existing, trust_sid(request))
    return replace(request, external_id=external_id or process.new_id())


def _existing_external_id(role: RoleState, sid: str) -> str:
    """Return the external ID in xswitch's own statement, so that it isn't generated again."""
    for statement in statements_of(role.trust):
        conditions: Any = statement.get("Condition") or {}
        if statement.get("Sid") == sid:
            external_id = conditions.get("StringEquals", {}).get("sts:ExternalId", "")
            return external_id if isinstance(external_id, str) else ""
    return ""


def _principal(request: AccessRequest, source: AccountClient | None) -> PrincipalState | None:
    if source is None:
        return None
    principal = source.iam.principal(request.principal, policy_name(request))
    if principal is None:
        kind, name = request.principal.kind.value, request.principal.name
        raise TargetError(
            f"There is no {kind} {name} in account {source.account}.",
            next_step=f"aws iam list-{kind}s {option_text('--profile', source.profile)}",
            code=ErrorCode.PRINCIPAL_MISSING,
        )
    return principal


def _path_of_arn(arn: str, who: TrustedPrincipal) -> str:
    """Return the path in the ARN of a user, group, or role."""
    if who.kind is PrincipalType.ACCOUNT:
        return "/"
    path = arn.partition(f":{_ARN_RESOURCE_TYPES[who.kind]}")[2].rpartition("/")[0]
    return path + "/"
