"""The known part of a request's context.

Source: IAM user guide, "AWS global condition context keys" and "Available keys for AWS STS". Keys
known to be absent are known. The address AWS saw, VPC endpoints and the organization never are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.explain.evidence import Caller, Evidence, HopEvidence
from xswitch.core.policy import Principal, PrincipalKind, Request

_ALWAYS_KNOWN_KEYS = frozenset(
    [
        "sts:externalid",
        "sts:rolesessionname",
        "sts:sourceidentity",
        "sts:transitivetagkeys",
        "aws:tagkeys",
        "aws:sourceidentity",
        "aws:currenttime",
        "aws:epochtime",
        "aws:requestedregion",
        "aws:securetransport",
        "aws:resourceaccount",
        "aws:viaawsservice",
        "aws:principalisawsservice",
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:federatedprovider",
        "saml:aud",
    ]
)
_CALLER_KEYS = frozenset(
    {"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username"}
)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The known part of a request's context."""

    values: Mapping[str, tuple[str, ...]]
    """By lower-case key."""
    keys: frozenset[str]
    """Known keys, which are absent if they have no value."""
    families: tuple[str, ...]
    """Prefixes of known keys."""

    def has(self, key: str) -> bool:
        """Check whether the key's value, or its absence, is known."""
        key = key.lower()
        return key in self.values or key in self.keys or key.startswith(self.families)


def request_context(evidence: Evidence, hop: HopEvidence) -> RequestContext:
    """Return the known context of one hop's call."""
    call, caller, observations = hop.call, hop.caller, hop.observations
    values: dict[str, tuple[str, ...]] = {
        "aws:currenttime": (evidence.now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(evidence.now.timestamp())),),
        "aws:requestedregion": (call.region,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
        "aws:principalisawsservice": ("false",),
        "sts:rolesessionname": (call.session_name,),
        **_call_values(hop),
        **_caller_values(hop),
    }
    keys = _ALWAYS_KNOWN_KEYS | (_CALLER_KEYS if caller.policy_arn else frozenset())
    families = ["aws:requesttag/"]
    if call.role is not None:
        values["aws:resourceaccount"] = (call.role.account_id,)
    if observations.principal_policies is not None:
        values |= {
            key.lower(): (value,) for key, value in observations.principal_policies.facts.items()
        }
        families += ["aws:principaltag/"] if observations.complete else []
    # Session tags override tags of the role.
    values |= {f"aws:principaltag/{key.lower()}": (value,) for key, value in caller.session_tags}
    if observations.role is not None:
        families += ["aws:resourcetag/", "iam:resourcetag/"]
        for key, value in observations.role.tags:
            values |= {
                f"aws:resourcetag/{key.lower()}": (value,),
                f"iam:resourcetag/{key.lower()}": (value,),
            }
    of_session, known_of_session = _session_values(caller)
    return RequestContext(
        MappingProxyType(values | of_session), keys | known_of_session, tuple(families)
    )


def _session_values(caller: Caller) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Return the values that depend on the credentials, and the known keys."""
    values: dict[str, tuple[str, ...]] = {}
    known_keys: set[str] = set()
    if caller.mfa is not None:
        known_keys.add("aws:multifactorauthpresent")
        if caller.temporary or caller.mfa:
            # Requests with long-term keys lack this context key; in role sessions it is false.
            values["aws:multifactorauthpresent"] = (str(caller.mfa).lower(),)
        if not caller.mfa or caller.mfa_age is not None:
            known_keys.add("aws:multifactorauthage")
        if caller.mfa and caller.mfa_age is not None:
            values["aws:multifactorauthage"] = (str(caller.mfa_age),)
    if caller.issued_at is not None:
        values["aws:tokenissuetime"] = (caller.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),)
    if caller.issued_at is not None or (caller.arn and not caller.temporary):
        known_keys.add("aws:tokenissuetime")
    return values, frozenset(known_keys)


def _call_values(hop: HopEvidence) -> dict[str, tuple[str, ...]]:
    call = hop.call
    values: dict[str, tuple[str, ...]] = {}
    if call.external_id is not None:
        values["sts:externalid"] = (call.external_id,)
    if call.tags:
        values |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in call.tags}
        values["aws:tagkeys"] = tuple(key for key, _ in call.tags)
    if call.transitive_tag_keys:
        values["sts:transitivetagkeys"] = call.transitive_tag_keys
    if call.source_identity:
        values["sts:sourceidentity"] = (call.source_identity,)
        if hop.number > 1:
            values["aws:sourceidentity"] = (call.source_identity,)
    return values


def _caller_values(hop: HopEvidence) -> dict[str, tuple[str, ...]]:
    caller = hop.caller
    if not caller.arn:
        return {}
    values: dict[str, tuple[str, ...]] = {"aws:principalaccount": (caller.account,)}
    if caller.is_user:
        values |= {
            "aws:principalarn": (caller.arn,),
            "aws:principaltype": ("User",),
            "aws:username": (caller.arn.rpartition("/")[2],),
        }
    elif caller.role_arn:
        values |= {"aws:principalarn": (caller.role_arn,), "aws:principaltype": ("AssumedRole",)}
    if caller.user_id:
        values["aws:userid"] = (caller.user_id,)
    return values


def build_request(hop: HopEvidence, action: str, context: RequestContext) -> Request:
    """Build the request that the policies of both accounts decide."""
    account = "" if hop.call.role is None else hop.call.role.account_id
    return Request(principal(hop), action, hop.call.role_arn, account, context.values)


def principal(hop: HopEvidence) -> Principal:
    """Return the caller as policies see it."""
    caller = hop.caller
    kind = PrincipalKind.ROOT if caller.arn.endswith(":root") else PrincipalKind.USER
    if ":assumed-role/" in caller.arn:
        kind = PrincipalKind.ROLE_SESSION
    return Principal(kind, caller.arn, caller.account, caller.role_arn)
