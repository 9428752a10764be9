"""Explain failures of Identity Center: the portal's answer says little, so its last list helps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from xswitch.core.display import display, show_value
from xswitch.core.errors import ErrorCode
from xswitch.core.explain.model import Cause, CauseCode, CauseSide, Certainty, ExplanationVerdict
from xswitch.core.model import SsoRole
from xswitch.core.text import last_argument


class Listed(StrEnum):
    """Whether the last list of the portal has a role."""

    UNKNOWN = "unknown"
    """There is no list of this portal."""
    ABSENT = "absent"
    PRESENT = "present"
    GONE = "gone"
    """The list before had it."""


@dataclass(frozen=True, slots=True)
class SsoEvidence:
    """The role of Identity Center that a switch starts from."""

    role: SsoRole
    name: str
    """The target, as `xswitch switch` takes it."""
    place: str
    """File and line of the role's settings, "" if only the portal lists it."""
    listed: Listed = Listed.UNKNOWN


_ENDED_CODES = frozenset({ErrorCode.SSO_LOGIN, ErrorCode.SSO_CACHE})
_PORTAL_CODES = frozenset({ErrorCode.SSO_REQUEST, ErrorCode.SSO_CONFIG})
SSO_CODES = (
    _ENDED_CODES
    | _PORTAL_CODES
    | {ErrorCode.SSO_DENIED, ErrorCode.SSO_NOT_FOUND, ErrorCode.THROTTLED}
)
"""Codes of failures that are explained here."""


def sso_causes(
    evidence: SsoEvidence, code: str, next_step: str
) -> tuple[ExplanationVerdict, list[Cause]]:
    """Return the verdict and the causes of a failure with a code of `SSO_CODES`."""
    role, session = evidence.role, evidence.role.session
    label, place = show_value(session.label), evidence.place
    where = f" ({place})" if place else ""
    portal = _cause(
        CauseCode.SSO_PORTAL,
        CauseSide.LOCAL,
        f"The portal that sso_start_url names isn't in {session.region}, or is another's:"
        f" sso_region and sso_start_url of {label} must be those of your portal{where}.",
        "Compare both with the page of your portal, correct them, then: "
        f"xswitch switch {last_argument(evidence.name)}",
    )
    if code in _ENDED_CODES:
        ended = _cause(
            CauseCode.SSO_SIGN_IN_ENDED,
            CauseSide.LOCAL,
            f"You aren't signed in to {label}: the sign-in has expired, was ended, or was never"
            " made.",
            next_step,
        )
        return ExplanationVerdict.NOT_REACHED, [ended, _unseen(portal)]
    if code in _PORTAL_CODES:
        return ExplanationVerdict.NOT_REACHED, [portal]
    if code == ErrorCode.THROTTLED:
        throttled = _cause(
            CauseCode.NETWORK,
            CauseSide.NETWORK,
            f"The portal of {label} limits how often it is asked, and has refused for now.",
            f"Wait a minute, then: xswitch switch {last_argument(evidence.name)}",
        )
        return ExplanationVerdict.NOT_REACHED, [throttled]
    if code == ErrorCode.SSO_NOT_FOUND:
        unknown = _cause(
            CauseCode.SSO_NOT_ASSIGNED,
            CauseSide.LOCAL,
            f"The organization of {label} has no account {role.account_id}{where}.",
            f"Correct sso_account_id at {place}." if place else next_step,
        )
        return ExplanationVerdict.DENIED, [unknown]
    return ExplanationVerdict.DENIED, _denied_causes(evidence)


def _denied_causes(evidence: SsoEvidence) -> list[Cause]:
    """Return the causes of "No access", which is the answer in three cases."""
    role = evidence.role
    text = f"{display(role.role_name)} in {role.account_id}"
    again = f"then: xswitch switch {last_argument(evidence.name)}"
    administrator = "An administrator of Identity Center"
    missing = _cause(
        CauseCode.SSO_NOT_ASSIGNED,
        CauseSide.TARGET,
        f"The permission set {text} isn't assigned to you or a group of yours.",
        f"{administrator} assigns it to you; {again}",
    )
    removed = _cause(
        CauseCode.SSO_ASSIGNMENT_REMOVED,
        CauseSide.TARGET,
        f"The portal listed {text} before and doesn't any more: the assignment was removed.",
        f"{administrator} assigns it to you again; {again}",
    )
    unprovisioned = _cause(
        CauseCode.SSO_NOT_PROVISIONED,
        CauseSide.TARGET,
        f"The portal lists {text} and gives no credentials: the permission set isn't provisioned"
        " in the account.",
        f"{administrator} runs: aws sso-admin provision-permission-set --target-type AWS_ACCOUNT"
        f" --target-id {role.account_id} --instance-arn ARN --permission-set-arn ARN; {again}",
    )
    if evidence.listed is Listed.GONE:
        return [removed]
    if evidence.listed is Listed.ABSENT:
        return [missing]
    if evidence.listed is Listed.PRESENT:
        since = _with(removed, f"The assignment of {text} was removed since the portal listed it.")
        return [_likely(unprovisioned), _unseen(since)]
    some = _with(removed, f"The assignment of {text} was removed recently.")
    later = _with(unprovisioned, f"The permission set {text} isn't provisioned in the account.")
    return [_likely(missing), _unseen(some), _unseen(later)]


def _cause(code: CauseCode, side: CauseSide, evidence: str, next_step: str) -> Cause:
    return Cause(code, side, 0, Certainty.PROVED, evidence, next_step=next_step)


def _with(cause: Cause, evidence: str) -> Cause:
    return _cause(cause.code, cause.side, evidence, cause.next_step)


def _likely(cause: Cause) -> Cause:
    return Cause(
        cause.code, cause.side, 0, Certainty.LIKELY, cause.evidence, next_step=cause.next_step
    )


def _unseen(cause: Cause) -> Cause:
    return Cause(
        cause.code, cause.side, 0, Certainty.UNSEEN, cause.evidence, next_step=cause.next_step
    )
