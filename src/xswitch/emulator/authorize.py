"""Authorization: request context, policy evaluation, and AWS's wording of a denial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xswitch.core.policy import Decision, PolicyDocument, PolicyKind, Request, evaluate
from xswitch.emulator.callers import AuthenticatedCall, AuthenticatedCaller, UnsignedCall
from xswitch.emulator.errors import EmulatedAwsError, not_authorized
from xswitch.emulator.state import Account, IamRole
from xswitch.emulator.state.model import parse_cached

Context = Mapping[str, tuple[str, ...]]

_DENYING_POLICY: Mapping[PolicyKind, str] = {
    PolicyKind.IDENTITY: "an identity-based policy",
    PolicyKind.TRUST: "the role trust policy",
    PolicyKind.SESSION: "a session policy",
    PolicyKind.BOUNDARY: "a permissions boundary",
}
_LACKING_POLICY: Mapping[PolicyKind, str] = {
    PolicyKind.IDENTITY: "identity-based policy",
    PolicyKind.TRUST: "role trust policy",
    PolicyKind.SESSION: "session policy",
    PolicyKind.BOUNDARY: "permissions boundary",
}


@dataclass(frozen=True, slots=True)
class AuthorizationResult:
    """The result of authorizing a request.

    `denied` is the policy type of an explicit deny, `missing` the one that lacks an Allow.
    `own_side` tells whether the reason is in the caller's account.
    """

    allowed: bool
    denied: str = ""
    missing: str = ""
    own_side: bool = True


def request_context(call: AuthenticatedCall | UnsignedCall) -> dict[str, tuple[str, ...]]:
    """The context keys of every request, signed or not, lower-case.

    aws:SecureTransport is true: the emulator replaces an HTTPS endpoint.
    """
    return {
        "aws:currenttime": (call.now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(call.now.timestamp())),),
        "aws:securetransport": ("true",),
        "aws:sourceip": (call.source_ip,),
        "aws:useragent": (call.user_agent,),
    }


def base_context(call: AuthenticatedCall) -> dict[str, tuple[str, ...]]:
    """The context keys of every signed request, lower-case."""
    caller, session = call.caller, call.caller.session
    context: dict[str, tuple[str, ...]] = {
        **request_context(call),
        "aws:requestedregion": (call.region,),
        **principal_context(
            caller.home,
            caller.role.arn if caller.role is not None else caller.arn,
            caller.user_id,
            caller.tags,
        ),
    }
    if caller.user is not None:
        context["aws:username"] = (caller.user.name,)
    if session is not None:
        context["aws:tokenissuetime"] = (session.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),)
        # Long-term keys have no such key; of temporary credentials, only GetSessionToken's remember
        # a code.
        context["aws:multifactorauthpresent"] = ("true" if session.mfa_at is not None else "false",)
        if session.mfa_at is not None:
            context["aws:multifactorauthage"] = (
                str(int((call.now - session.mfa_at).total_seconds())),
            )
        if session.source_identity:
            context["aws:sourceidentity"] = (session.source_identity,)
        if session.federated_provider:
            context["aws:federatedprovider"] = (session.federated_provider,)
    return context


def principal_context(
    home: Account, arn: str, user_id: str, tags: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """The context keys of the principal; for a role session, `arn` is the role's."""
    context: dict[str, tuple[str, ...]] = {
        "aws:principalaccount": (home.id,),
        "aws:principalarn": (arn,),
        "aws:principaltype": ("AssumedRole" if ":role/" in arn else "User",),
        "aws:userid": (user_id,),
        **{f"aws:principaltag/{key.lower()}": (value,) for key, value in tags.items()},
    }
    return context | ({"aws:principalorgid": (home.organization,)} if home.organization else {})


def resource_context(
    account_id: str, tags: Mapping[str, str], organization: str = ""
) -> dict[str, tuple[str, ...]]:
    """The context keys of an identity that is the request's resource."""
    lowered = {key.lower(): value for key, value in tags.items()}
    context: dict[str, tuple[str, ...]] = {
        "aws:resourceaccount": (account_id,),
        **{
            f"{service}:resourcetag/{key}": (value,)
            for key, value in lowered.items()
            for service in ("aws", "iam")
        },
    }
    return context | ({"aws:resourceorgid": (organization,)} if organization else {})


def authorize_assume_role(
    call: AuthenticatedCall, action: str, role: IamRole, context: Context
) -> AuthorizationResult:
    """Authorize `action` on `role` in both accounts."""
    request = Request(call.caller.principal, action, role.arn, role.account, context)
    return decide(request, call.caller.home, (*call.caller.policies, role.trust))


def authorize_action(
    call: AuthenticatedCall, action: str, resource: str, context: Context
) -> AuthorizationResult:
    """Authorize `action` on a resource of the caller's account."""
    request = Request(call.caller.principal, action, resource, call.caller.account, context)
    return decide(
        request,
        call.caller.home,
        (*call.caller.policies, account_resource_policy(call.caller.account)),
    )


def account_resource_policy(account: str) -> PolicyDocument:
    """The stand-in for a resource policy.

    An account admits the principals that its identity policies allow.
    """
    text = f'{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"*"}}}}'
    return parse_cached(text, PolicyKind.TRUST, f"account {account}")


def decide(
    request: Request, home: Account, documents: Iterable[PolicyDocument]
) -> AuthorizationResult:
    """Evaluate `documents` and the SCPs of the caller's account `home`.

    An explicit deny comes first, then SCPs, then the rest.
    """
    decision = evaluate(request, tuple(documents))
    scps = evaluate_scps(request, home)
    if decision.explicit_deny and decision.deciding_statement is not None:
        kind = decision.deciding_statement.kind
        return AuthorizationResult(
            False, denied=_DENYING_POLICY[kind], own_side=kind is not PolicyKind.TRUST
        )
    if scps is not None and not scps.allowed:
        what = "service control policy"
        return (
            AuthorizationResult(False, denied=f"a {what}")
            if scps.explicit_deny
            else AuthorizationResult(False, missing=what)
        )
    if not decision.allowed:
        kind = decision.missing or PolicyKind.IDENTITY
        return AuthorizationResult(
            False, missing=_LACKING_POLICY[kind], own_side=kind is not PolicyKind.TRUST
        )
    return AuthorizationResult(True)


def evaluate_scps(request: Request, home: Account) -> Decision | None:
    """Evaluate the SCPs over the caller's account: every level must allow.

    None if no SCP applies.
    """
    if not home.scps or home.management:
        return None
    scp_request = Request(
        request.principal, request.action, request.resource, home.id, request.context
    )
    decisions = [
        evaluate(
            scp_request,
            [
                account_resource_policy(home.id),
                *(
                    parse_cached(
                        scp.text,
                        PolicyKind.IDENTITY,
                        f"service control policy {scp.name} of {home.id}",
                    )
                    for scp in level
                ),
            ],
        )
        for level in home.scps
    ]
    denials = [decision for decision in decisions if decision.explicit_deny]
    return next(
        iter(denials + [decision for decision in decisions if not decision.allowed]), decisions[0]
    )


def access_denied_error(
    caller: AuthenticatedCaller,
    action: str,
    resource: str,
    result: AuthorizationResult | None,
    *,
    resource_account: Account | None = None,
) -> EmulatedAwsError:
    """AccessDenied for a result; None (there is no such role) reads like a missing Allow.

    AWS names the reason within an account and an organization; for other requests only an explicit
    deny in the caller's account (IAM user guide, "Troubleshoot access denied error messages").
    """
    if result is None:
        return not_authorized(caller.arn, action, resource)
    home = caller.home
    reason_visible = (
        resource_account is None
        or home.id == resource_account.id
        or home.organization == resource_account.organization != ""
    )
    suffix = ""
    if result.denied and (reason_visible or result.own_side):
        suffix = f"with an explicit deny in {result.denied}"
    elif result.missing and reason_visible:
        suffix = f"because no {result.missing} allows the {action} action"
    return not_authorized(caller.arn, action, resource, suffix)
