"""What a request's conditions are asked about: the values known from here, and the keys of which nothing is known.

Source: IAM user guide, "AWS global condition context keys" and "Available keys for AWS STS". A key that is known to be absent counts
as known; the address AWS saw, a VPC endpoint or an organization can't be known from here, so they never count as either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.explain.evidence import Calling, Evidence, Step
from xswitch.core.policy import Principal, PrincipalKind, Request

_VARIABLE = re.compile(r"\$\{([^{},]*)(?:,[^{}]*)?\}")
_WILD = frozenset({"*", "?", "$"})
_ALWAYS = frozenset(
    {
        *{"sts:externalid", "sts:rolesessionname", "sts:sourceidentity", "sts:transitivetagkeys", "aws:tagkeys", "aws:sourceidentity"},
        *{"aws:currenttime", "aws:epochtime", "aws:requestedregion", "aws:securetransport", "aws:resourceaccount"},
        *{"aws:viaawsservice", "aws:principalisawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"},
        # Nobody calls for anybody else here, so these are absent.
        *{"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:federatedprovider", "saml:aud"},
    }
)
_OF_CALLER = frozenset({"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username"})


@dataclass(frozen=True, slots=True)
class Known:
    """The request's context as far as it is known: `values` by lower-case key, `families` of prefixes all known, `keys` known."""

    values: Mapping[str, tuple[str, ...]]
    keys: frozenset[str]
    families: tuple[str, ...]

    def has(self, key: str) -> bool:
        """Whether it is known what the request says of this key, be it that it says nothing."""
        key = key.lower()
        return key in self.values or key in self.keys or key.startswith(self.families)


def known(evidence: Evidence, step: Step) -> Known:
    """The context of one hop's call."""
    asked, calling, sight = step.asked, step.calling, step.sight
    values: dict[str, tuple[str, ...]] = {
        "aws:currenttime": (evidence.now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(evidence.now.timestamp())),),
        "aws:requestedregion": (asked.region,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
        "aws:principalisawsservice": ("false",),
        "sts:rolesessionname": (asked.session_name,),
        **_asked(step),
        **_caller(step),
    }
    keys = _ALWAYS | (_OF_CALLER if calling.policy_arn else frozenset())
    families = ["aws:requesttag/"]
    if asked.role is not None:
        values["aws:resourceaccount"] = (asked.role.account_id,)
    if sight.reading is not None:
        values |= {key.lower(): (value,) for key, value in sight.reading.facts.items()}
        families += ["aws:principaltag/"] if sight.complete else []
    # The session's own tags go before those of its role.
    values |= {f"aws:principaltag/{key.lower()}": (value,) for key, value in calling.session_tags}
    if sight.role is not None:
        families += ["aws:resourcetag/", "iam:resourcetag/"]
        for key, value in sight.role.tags:
            values |= {f"aws:resourcetag/{key.lower()}": (value,), f"iam:resourcetag/{key.lower()}": (value,)}
    of_session, known_of_session = _session(calling)
    return Known(MappingProxyType(values | of_session), keys | known_of_session, tuple(families))


def _session(calling: Calling) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """What the credentials themselves bring, and the keys of which that is all."""
    values: dict[str, tuple[str, ...]] = {}
    keys: set[str] = set()
    if calling.mfa is not None:
        keys.add("aws:multifactorauthpresent")
        if calling.temporary or calling.mfa:
            # Long-term keys have no such key at all; a session of a role has it and says false.
            values["aws:multifactorauthpresent"] = (str(calling.mfa).lower(),)
        if not calling.mfa or calling.mfa_age is not None:
            keys.add("aws:multifactorauthage")
        if calling.mfa and calling.mfa_age is not None:
            values["aws:multifactorauthage"] = (str(calling.mfa_age),)
    if calling.issued_at is not None:
        values["aws:tokenissuetime"] = (calling.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),)
    if calling.issued_at is not None or (calling.arn and not calling.temporary):
        keys.add("aws:tokenissuetime")
    return values, frozenset(keys)


def _asked(step: Step) -> dict[str, tuple[str, ...]]:
    asked = step.asked
    values: dict[str, tuple[str, ...]] = {}
    if asked.external_id is not None:
        values["sts:externalid"] = (asked.external_id,)
    if asked.tags:
        values |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in asked.tags}
        values["aws:tagkeys"] = tuple(key for key, _ in asked.tags)
    if asked.transitive_tag_keys:
        values["sts:transitivetagkeys"] = asked.transitive_tag_keys
    if asked.source_identity:
        values["sts:sourceidentity"] = (asked.source_identity,)
        if step.number > 1:
            values["aws:sourceidentity"] = (asked.source_identity,)
    return values


def _caller(step: Step) -> dict[str, tuple[str, ...]]:
    calling = step.calling
    if not calling.arn:
        return {}
    values: dict[str, tuple[str, ...]] = {"aws:principalaccount": (calling.account,)}
    if calling.is_user:
        values |= {
            "aws:principalarn": (calling.arn,),
            "aws:principaltype": ("User",),
            "aws:username": (calling.arn.rpartition("/")[2],),
        }
    elif calling.role_arn:
        values |= {"aws:principalarn": (calling.role_arn,), "aws:principaltype": ("AssumedRole",)}
    if calling.user_id:
        values["aws:userid"] = (calling.user_id,)
    return values


def request(step: Step, action: str, context: Known) -> Request:
    """The question both sides were asked."""
    account = "" if step.asked.role is None else step.asked.role.account_id
    return Request(principal(step), action, step.asked.role_arn, account, context.values)


def principal(step: Step) -> Principal:
    """The caller as policies see it."""
    calling = step.calling
    kind = PrincipalKind.ROOT if calling.arn.endswith(":root") else PrincipalKind.USER
    if ":assumed-role/" in calling.arn:
        kind = PrincipalKind.ROLE_SESSION
    return Principal(kind, calling.arn, calling.account, calling.role_arn)


def variables(text: str) -> tuple[str, ...]:
    """The keys of the policy variables in a text."""
    return tuple(key.strip() for key in _VARIABLE.findall(text) if key not in _WILD)
