"""Whether a caller may act on a role: the request's context as AWS fills it, both sides' policies, and AWS's words for a no."""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.core.policy import Decision, PolicyKind, Request, evaluate
from xswitch.demo.answers import AwsAnswerError, not_authorized
from xswitch.demo.callers import Call
from xswitch.demo.state import Role

_DENIED_BY: Mapping[PolicyKind, str] = {
    PolicyKind.IDENTITY: "with an explicit deny in an identity-based policy",
    PolicyKind.TRUST: "with an explicit deny in the role trust policy",
    PolicyKind.SESSION: "with an explicit deny in a session policy",
    PolicyKind.BOUNDARY: "with an explicit deny in a permissions boundary",
}


def base_context(call: Call) -> dict[str, tuple[str, ...]]:
    """The keys every request has, lower-case. aws:SecureTransport is true: this stands in for an endpoint that has nothing but TLS."""
    caller, session = call.caller, call.caller.session
    context: dict[str, tuple[str, ...]] = {
        "aws:currenttime": (call.now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(call.now.timestamp())),),
        "aws:principalaccount": (caller.account,),
        "aws:principalarn": (caller.role.arn if caller.role is not None else caller.arn,),
        "aws:principaltype": ("AssumedRole" if caller.role is not None else "User",),
        "aws:requestedregion": (call.region,),
        "aws:securetransport": ("true",),
        "aws:sourceip": (call.source_ip,),
        "aws:useragent": (call.user_agent,),
        "aws:userid": (caller.user_id,),
        **{f"aws:principaltag/{key.lower()}": (value,) for key, value in caller.tags.items()},
    }
    if caller.user is not None:
        context["aws:username"] = (caller.user.name,)
    if session is not None:
        context["aws:tokenissuetime"] = (session.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),)
        # Long-term keys have no such key at all; of temporary ones only those of GetSessionToken remember a code.
        context["aws:multifactorauthpresent"] = ("true" if session.mfa_at is not None else "false",)
        if session.mfa_at is not None:
            context["aws:multifactorauthage"] = (str(int((call.now - session.mfa_at).total_seconds())),)
        if session.source_identity:
            context["aws:sourceidentity"] = (session.source_identity,)
    return context


def role_context(role: Role) -> dict[str, tuple[str, ...]]:
    """The keys a role brings as the resource of a request."""
    tags = {key.lower(): value for key, value in role.tags.items()}
    return {
        "aws:resourceaccount": (role.account,),
        **{f"{service}:resourcetag/{key}": (value,) for key, value in tags.items() for service in ("aws", "iam")},
    }


def decide(call: Call, action: str, role: Role, context: Mapping[str, tuple[str, ...]]) -> Decision:
    """What both sides say of `action` on `role`."""
    request = Request(call.caller.principal, action, role.arn, role.account, context)
    return evaluate(request, (*call.caller.policies, role.trust))


def refusal(call: Call, action: str, resource: str, decision: Decision | None) -> AwsAnswerError:
    """AccessDenied for a decision; None (there is no such role) reads exactly like a missing permission."""
    suffix = ""
    if decision is not None and decision.explicit_deny and decision.decisive is not None:
        suffix = _DENIED_BY[decision.decisive.kind]
    return not_authorized(call.caller.arn, action, resource, suffix)
