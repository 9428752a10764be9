"""Failures that AWS's answer, or this machine, explains by itself: no policy need be read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.arn import partition_of_region
from xswitch.core.explain.evidence import Evidence, Failure, FailureKind, Step
from xswitch.core.explain.model import Cause, CauseCode, CauseSide, Certainty, Verdict
from xswitch.core.sts_limits import CHAINED_DURATION, is_session_name

POLICY_CODES = frozenset({"not_authorized", "explicit_deny", "denied"})
"""Our codes for refusals that policies decide: those are explained by both sides."""
LOOKED_AT = POLICY_CODES | {"duration_role_max"}
"""Codes for which it is worth looking at both sides."""
_EXPIRED = frozenset({"expired_token", "keys_expired", "process_expired", "sso_login", "login_needed", "login_denied"})
_KEYS = frozenset({"expired_token", "invalid_key", "bad_secret", "root_user"})
_LOCAL_NETWORK = frozenset({"region", "endpoint_url", "endpoint_variant", "ca_bundle"})
# Regions that an account has to enable first. Source: AWS account management reference, "Enable or disable AWS Regions".
_OPT_IN = (
    *("af-south-1", "ap-east-", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"),
    *("ca-west-1", "eu-central-2", "eu-south-", "il-central-1", "me-central-1", "me-south-1", "mx-central-1"),
)


@dataclass(frozen=True, slots=True)
class _Plain:
    """What one of our codes means."""

    code: CauseCode
    side: CauseSide = CauseSide.LOCAL
    verdict: Verdict = Verdict.DENIED


_PLAIN: Mapping[str, _Plain] = MappingProxyType(
    {
        "duration_role_max": _Plain(CauseCode.DURATION_ROLE_MAX),
        "duration_chaining": _Plain(CauseCode.DURATION_CHAINING),
        "mfa_wrong": _Plain(CauseCode.MFA_MISSING),
        "mfa_serial": _Plain(CauseCode.MFA_MISSING),
        "session_credentials": _Plain(CauseCode.MFA_MISSING),
        "mfa_needed": _Plain(CauseCode.MFA_MISSING, verdict=Verdict.NOT_REACHED),
        "clock_skew": _Plain(CauseCode.CLOCK_SKEW, verdict=Verdict.NOT_REACHED),
        "region_disabled": _Plain(CauseCode.REGION_DISABLED, verdict=Verdict.NOT_REACHED),
        "throttled": _Plain(CauseCode.NETWORK, CauseSide.NETWORK, Verdict.NOT_REACHED),
        "malformed_policy": _Plain(CauseCode.SESSION_POLICY),
        "packed_policy": _Plain(CauseCode.SESSION_POLICY),
    }
)
# Part of AWS's text for a value it doesn't take, in lower case → what it is about. The first that fits counts.
_PARAMETERS = (
    ("rolesessionname", CauseCode.SESSION_NAME),
    ("sourceidentity", CauseCode.SOURCE_IDENTITY),
    ("source identity", CauseCode.SOURCE_IDENTITY),
    ("externalid", CauseCode.EXTERNAL_ID_WRONG),
    ("serialnumber", CauseCode.MFA_MISSING),
    ("tokencode", CauseCode.MFA_MISSING),
    ("durationseconds", CauseCode.DURATION_ROLE_MAX),
    ("tag", CauseCode.TAGS),
    ("policy", CauseCode.SESSION_POLICY),
    ("arn", CauseCode.ROLE_MISSING),
)


def plain(evidence: Evidence, failure: Failure) -> tuple[Verdict, list[Cause]]:
    """The verdict and the causes of a failure that isn't about policies."""
    number = evidence.failed or 0
    step = next((one for one in evidence.steps if one.number == number), None)
    found = _meaning(failure)
    text = f" {failure.text}" if failure.text and failure.text not in failure.what else ""
    certainty = Certainty.LIKELY if failure.code == "wrong_identity" else Certainty.PROVED
    cause = Cause(
        found.code, found.side, number, certainty, f"{failure.what}{text}", next_step=_next_step(evidence, failure, found.code, step)
    )
    return found.verdict, [cause, *_besides(evidence, failure, number)]


def _meaning(failure: Failure) -> _Plain:
    code = failure.code
    if failure.kind is FailureKind.BASE or code in _KEYS:
        meant = CauseCode.BASE_EXPIRED if code in _EXPIRED else CauseCode.BASE_INVALID
        return _Plain(meant, verdict=Verdict.NOT_REACHED)
    if failure.kind is FailureKind.MFA:
        return _PLAIN["mfa_needed"]
    if code == "packed_policy" and "tag" in failure.text.lower():
        return _Plain(CauseCode.TAGS)
    if code in _PLAIN:
        return _PLAIN[code]
    if failure.kind is FailureKind.NETWORK:
        side = CauseSide.LOCAL if code in _LOCAL_NETWORK else CauseSide.NETWORK
        return _Plain(CauseCode.NETWORK, side, Verdict.NOT_REACHED)
    text = failure.text.lower()
    meant = next((found for part, found in _PARAMETERS if part in text), CauseCode.SESSION_NAME)
    return _Plain(meant)


def _next_step(evidence: Evidence, failure: Failure, code: CauseCode, step: Step | None) -> str:
    if step is None:
        return failure.next_step
    again = f"xswitch switch {shlex.quote(step.profile)}"
    role = step.sight.role
    name = step.asked.role.name if step.asked.role is not None else "ROLE"
    if code is CauseCode.DURATION_ROLE_MAX:
        longest = 3600 if role is None else role.max_session_seconds
        raised = f"aws iam update-role --role-name {name} --max-session-duration {step.asked.duration_seconds}"
        return f"{again} --duration {longest}, or an administrator of the role's account: {raised}"
    if code is CauseCode.DURATION_CHAINING:
        return f"{again} --duration {CHAINED_DURATION}"
    if code is CauseCode.SESSION_NAME:
        return f"{again} --session-name NAME (2 to 64 letters, digits and _+=,.@-), or role_session_name in the profile {step.profile}"
    if code in (CauseCode.BASE_EXPIRED, CauseCode.BASE_INVALID) and step.number > 1:
        return f"{again} --force"
    return failure.next_step or f"See what is configured: xswitch config; base profile: {evidence.base_profile}"


def _besides(evidence: Evidence, failure: Failure, number: int) -> list[Cause]:
    """Other ways to get the same answer: AWS doesn't know a key either in a region that isn't enabled, or in another partition."""
    if failure.code != "invalid_key":
        return []
    regions = dict.fromkeys(step.asked.region for step in evidence.steps)
    return [
        Cause(
            CauseCode.REGION_DISABLED,
            CauseSide.LOCAL,
            number,
            Certainty.UNSEEN,
            f"The region {region} has to be enabled for an account first; until then AWS knows none of its keys there.",
            next_step="Use a region that is always on (--region us-east-1), or enable it in the account's settings.",
        )
        for region in regions
        if region.startswith(_OPT_IN)
    ]


# -- what this machine knows without asking ---------------------------------------------------------------------------


def local_causes(evidence: Evidence, failure: Failure) -> list[Cause]:
    """What is wrong with the call by itself, whatever AWS says: its partition, its session name."""
    steps = [step for step in evidence.steps if step.number == evidence.failed or not evidence.failed]
    causes = [cause for step in steps for cause in _partition(evidence, step)]
    for step in steps:
        if not is_session_name(step.asked.session_name) and failure.kind is FailureKind.DENIED:
            told = f"{step.asked.session_name!r} can't be the name of a session: 2 to 64 letters, digits and _+=,.@-"
            fix = f"Correct role_session_name in the profile {step.profile}, or: --session-name NAME"
            causes.append(Cause(CauseCode.SESSION_NAME, CauseSide.LOCAL, step.number, Certainty.PROVED, told, next_step=fix))
    return causes


def _partition(evidence: Evidence, step: Step) -> list[Cause]:
    role = step.asked.role
    if role is None:
        return []
    fix = f"Use a source profile with credentials of {role.partition}, or correct role_arn in the profile {step.profile}."
    facts = [("the caller", step.calling.arn), ("the base", evidence.base_arn), ("the MFA device", step.asked.mfa_serial or "")]
    facts += [("the role before it", other.asked.role_arn) for other in evidence.steps if other.number == step.number - 1]
    for what, arn in facts:
        partition = arn.split(":")[1] if arn.startswith("arn:") else role.partition
        if partition != role.partition:
            told = f"The role is in the partition {role.partition}, and {what} is in {partition} ({arn}): no credentials work in both."
            return [Cause(CauseCode.PARTITION, CauseSide.LOCAL, step.number, Certainty.PROVED, told, next_step=fix)]
    if partition_of_region(step.asked.region) != role.partition:
        told = f"The region {step.asked.region} is not in the partition {role.partition} of the role, so another partition's STS was asked."
        region = f"Set a region of {role.partition} in the profile {step.profile}."
        return [Cause(CauseCode.PARTITION, CauseSide.LOCAL, step.number, Certainty.LIKELY, told, next_step=region)]
    return []
