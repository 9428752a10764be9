"""Explain failures from AWS's answer or local settings, without reading policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.arn import partition_of, partition_of_region
from xswitch.core.errors import ErrorCode
from xswitch.core.explain.evidence import Evidence, FailureKind, HopEvidence, SwitchFailure
from xswitch.core.explain.model import Cause, CauseCode, CauseSide, Certainty, ExplanationVerdict
from xswitch.core.sts_limits import MAX_CHAINED_DURATION, is_session_name
from xswitch.core.text import command_for

POLICY_CODES = frozenset({ErrorCode.NOT_AUTHORIZED, ErrorCode.EXPLICIT_DENY, ErrorCode.DENIED})
"""Codes of failures that the policies of both accounts explain."""
INSPECTABLE_CODES = POLICY_CODES | {ErrorCode.DURATION_ROLE_MAX}
"""Codes for which reading both accounts helps."""
_EXPIRED_CODES = frozenset(
    {
        ErrorCode.EXPIRED_TOKEN,
        ErrorCode.KEYS_EXPIRED,
        ErrorCode.PROCESS_EXPIRED,
        ErrorCode.SSO_LOGIN,
        ErrorCode.LOGIN_NEEDED,
        ErrorCode.LOGIN_DENIED,
    }
)
_ACCESS_KEY_CODES = frozenset(
    {ErrorCode.EXPIRED_TOKEN, ErrorCode.INVALID_KEY, ErrorCode.BAD_SECRET, ErrorCode.ROOT_USER}
)
_LOCAL_NETWORK_CODES = frozenset(
    {ErrorCode.REGION, ErrorCode.ENDPOINT_URL, ErrorCode.ENDPOINT_VARIANT, ErrorCode.CA_BUNDLE}
)
# Regions that an account has to enable first. Source: AWS account management reference, "Enable or
# disable AWS Regions".
_OPT_IN_REGIONS = (
    "af-south-1",
    "ap-east-",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
)


@dataclass(frozen=True, slots=True)
class _CauseMeaning:
    """Cause and verdict for an error code."""

    code: CauseCode
    side: CauseSide = CauseSide.LOCAL
    verdict: ExplanationVerdict = ExplanationVerdict.DENIED


_MEANING_BY_CODE: Mapping[str, _CauseMeaning] = MappingProxyType(
    {
        ErrorCode.DURATION_ROLE_MAX: _CauseMeaning(CauseCode.DURATION_ROLE_MAX),
        ErrorCode.DURATION_CHAINING: _CauseMeaning(CauseCode.DURATION_CHAINING),
        ErrorCode.MFA_WRONG: _CauseMeaning(CauseCode.MFA_MISSING),
        ErrorCode.MFA_SERIAL: _CauseMeaning(CauseCode.MFA_MISSING),
        ErrorCode.SESSION_CREDENTIALS: _CauseMeaning(CauseCode.MFA_MISSING),
        ErrorCode.MFA_NEEDED: _CauseMeaning(
            CauseCode.MFA_MISSING, verdict=ExplanationVerdict.NOT_REACHED
        ),
        ErrorCode.CLOCK_SKEW: _CauseMeaning(
            CauseCode.CLOCK_SKEW, verdict=ExplanationVerdict.NOT_REACHED
        ),
        ErrorCode.REGION_DISABLED: _CauseMeaning(
            CauseCode.REGION_DISABLED, verdict=ExplanationVerdict.NOT_REACHED
        ),
        ErrorCode.THROTTLED: _CauseMeaning(
            CauseCode.NETWORK, CauseSide.NETWORK, ExplanationVerdict.NOT_REACHED
        ),
        ErrorCode.MALFORMED_POLICY: _CauseMeaning(CauseCode.SESSION_POLICY),
        ErrorCode.PACKED_POLICY: _CauseMeaning(CauseCode.SESSION_POLICY),
    }
)
# Part of AWS's message about an invalid value, in lower case → cause. The first match counts.
_CAUSE_BY_PARAMETER = (
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


def non_policy_causes(
    evidence: Evidence, failure: SwitchFailure
) -> tuple[ExplanationVerdict, list[Cause]]:
    """Return the verdict and the causes of a failure that isn't about policies."""
    number = evidence.failed or 0
    hop = next((hop for hop in evidence.hops if hop.number == number), None)
    meaning = _cause_meaning(failure)
    text = f" {failure.text}" if failure.text and failure.text not in failure.what else ""
    certainty = Certainty.LIKELY if failure.code == ErrorCode.WRONG_IDENTITY else Certainty.PROVED
    cause = Cause(
        meaning.code,
        meaning.side,
        number,
        certainty,
        f"{failure.what}{text}",
        next_step=_next_step(evidence, failure, meaning.code, hop),
    )
    return meaning.verdict, [cause, *_alternative_causes(evidence, failure, number)]


def _cause_meaning(failure: SwitchFailure) -> _CauseMeaning:
    code = failure.code
    is_about_source = failure.kind is FailureKind.BASE and code != ErrorCode.THROTTLED
    if is_about_source or code in _ACCESS_KEY_CODES:
        cause_code = CauseCode.BASE_EXPIRED if code in _EXPIRED_CODES else CauseCode.BASE_INVALID
        return _CauseMeaning(cause_code, verdict=ExplanationVerdict.NOT_REACHED)
    if failure.kind is FailureKind.MFA:
        return _MEANING_BY_CODE[ErrorCode.MFA_NEEDED]
    if code == ErrorCode.PACKED_POLICY and "tag" in failure.text.lower():
        return _CauseMeaning(CauseCode.TAGS)
    if code in _MEANING_BY_CODE:
        return _MEANING_BY_CODE[code]
    if failure.kind is FailureKind.NETWORK:
        side = CauseSide.LOCAL if code in _LOCAL_NETWORK_CODES else CauseSide.NETWORK
        return _CauseMeaning(CauseCode.NETWORK, side, ExplanationVerdict.NOT_REACHED)
    text = failure.text.lower()
    cause_code = next(
        (parameter_cause for part, parameter_cause in _CAUSE_BY_PARAMETER if part in text),
        CauseCode.SESSION_NAME,
    )
    return _CauseMeaning(cause_code)


def _next_step(
    evidence: Evidence, failure: SwitchFailure, code: CauseCode, hop: HopEvidence | None
) -> str:
    if hop is None:
        return failure.next_step

    role = hop.observations.role
    name = hop.call.role.name if hop.call.role is not None else "ROLE"
    if code is CauseCode.DURATION_ROLE_MAX:
        longest = 3600 if role is None else role.max_session_seconds
        return (
            f"{command_for('xswitch switch', hop.profile, f'--duration {longest}')}, "
            "or an administrator of the role's account runs: "
            f"aws iam update-role --role-name {name} "
            f"--max-session-duration {hop.call.duration_seconds}"
        )
    if code is CauseCode.DURATION_CHAINING:
        return command_for("xswitch switch", hop.profile, f"--duration {MAX_CHAINED_DURATION}")
    if code is CauseCode.SESSION_NAME:
        return (
            f"{command_for('xswitch switch', hop.profile, '--session-name NAME')} "
            "(2 to 64 letters, digits and _+=,.@-), "
            f"or set role_session_name in the profile {hop.profile}"
        )
    if code in (CauseCode.BASE_EXPIRED, CauseCode.BASE_INVALID) and hop.number > 1:
        return command_for("xswitch switch", hop.profile, "--force")
    return failure.next_step or (
        f"Check the configuration: xswitch config; source profile: {evidence.base_profile}"
    )


def _alternative_causes(evidence: Evidence, failure: SwitchFailure, number: int) -> list[Cause]:
    """Add the region: AWS also answers "invalid key" in a region that isn't enabled."""
    if failure.code != ErrorCode.INVALID_KEY:
        return []
    regions = dict.fromkeys(hop.call.region for hop in evidence.hops)
    return [
        Cause(
            CauseCode.REGION_DISABLED,
            CauseSide.LOCAL,
            number,
            Certainty.UNSEEN,
            f"The region {region} isn't enabled by default; until it is, "
            "AWS doesn't recognize the account's keys there.",
            next_step="Use a region that is always enabled (--region us-east-1), "
            "or enable this one in the account's settings.",
        )
        for region in regions
        if region.startswith(_OPT_IN_REGIONS)
    ]


# -- from the configuration


def local_causes(evidence: Evidence, failure: SwitchFailure) -> list[Cause]:
    """List errors in the call that don't depend on AWS: partition, session name."""
    hops = [hop for hop in evidence.hops if hop.number == evidence.failed or not evidence.failed]
    causes = [cause for hop in hops for cause in _partition_causes(evidence, hop)]
    causes += [
        Cause(
            CauseCode.SESSION_NAME,
            CauseSide.LOCAL,
            hop.number,
            Certainty.PROVED,
            f"{hop.call.session_name!r} isn't a valid session name: "
            "it has 2 to 64 letters, digits and _+=,.@-",
            next_step=f"Correct role_session_name in the profile {hop.profile}, "
            "or: --session-name NAME",
        )
        for hop in hops
        if failure.kind is FailureKind.DENIED and not is_session_name(hop.call.session_name)
    ]
    return causes


def _partition_causes(evidence: Evidence, hop: HopEvidence) -> list[Cause]:
    role = hop.call.role
    if role is None:
        return []
    arns = [
        ("the caller is", hop.caller.arn),
        ("the source credentials are", evidence.base_arn),
        ("the MFA device is", hop.call.mfa_serial or ""),
    ]
    arns += [
        ("the previous role is", other.call.role_arn)
        for other in evidence.hops
        if other.number == hop.number - 1
    ]
    for subject, arn in arns:
        partition = partition_of(arn) or role.partition
        if partition != role.partition:
            certainty = Certainty.PROVED
            text = (
                f"The role is in the partition {role.partition}, but {subject} in {partition} "
                f"({arn}): no credentials work in both."
            )
            fix = (
                f"Use a source profile with credentials of {role.partition}, "
                f"or correct role_arn in the profile {hop.profile}."
            )
            break
    else:
        if partition_of_region(hop.call.region) == role.partition:
            return []
        certainty = Certainty.LIKELY
        text = (
            f"The region {hop.call.region} isn't in the role's partition {role.partition}, "
            "so the call went to another partition's STS."
        )
        fix = f"Set a region of {role.partition} in the profile {hop.profile}."
    return [Cause(CauseCode.PARTITION, CauseSide.LOCAL, hop.number, certainty, text, next_step=fix)]
