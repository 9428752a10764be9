"""Values of an explanation: the hops of the chain, and the causes of the failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class CauseCode(StrEnum):
    """Reason why a switch fails. Part of the JSON interface."""

    CALLER_POLICY_MISSING = "caller_policy_missing"
    CALLER_POLICY_DENIES = "caller_policy_denies"
    BOUNDARY = "boundary"
    SCP = "scp"
    SESSION_POLICY = "session_policy"
    TRUST_MISSING = "trust_missing"
    TRUST_DENIES = "trust_denies"
    EXTERNAL_ID_MISSING = "external_id_missing"
    EXTERNAL_ID_WRONG = "external_id_wrong"
    MFA_MISSING = "mfa_missing"
    MFA_TOO_OLD = "mfa_too_old"
    DURATION_ROLE_MAX = "duration_role_max"
    DURATION_CHAINING = "duration_chaining"
    ROLE_MISSING = "role_missing"
    ROLE_PATH = "role_path"
    ROLE_CASE = "role_case"
    PARTITION = "partition"
    TAGS = "tags"
    SOURCE_IDENTITY = "source_identity"
    SESSION_NAME = "session_name"
    IP = "ip"
    DATE = "date"
    CLOCK_SKEW = "clock_skew"
    BASE_EXPIRED = "base_expired"
    BASE_INVALID = "base_invalid"
    SSO_NOT_ASSIGNED = "sso_not_assigned"
    SSO_ASSIGNMENT_REMOVED = "sso_assignment_removed"
    SSO_NOT_PROVISIONED = "sso_not_provisioned"
    SSO_SIGN_IN_ENDED = "sso_sign_in_ended"
    SSO_PORTAL = "sso_portal"
    REGION_DISABLED = "region_disabled"
    NETWORK = "network"


class CauseSide(StrEnum):
    """Where a cause can be fixed: an account, this machine, or the network."""

    SOURCE = "source"
    TARGET = "target"
    LOCAL = "local"
    NETWORK = "network"


class Certainty(StrEnum):
    """How certain a cause is; the values are shown to users."""

    PROVED = "proved"
    LIKELY = "likely"
    UNSEEN = "can't be seen from here"


class ExplanationVerdict(StrEnum):
    """Result of the attempt."""

    ALLOWED = "allowed"  # STS has just returned the session
    DENIED = "denied"
    NOT_REACHED = "not_reached"  # AWS didn't decide: network, source credentials, a missing code
    UNKNOWN = "unknown"


class StatementChange(StrEnum):
    """The change to a cause's statement in its policy."""

    NONE = ""  # no statement
    ADD = "add"
    REPLACE = "replace"  # instead of the current one
    REMOVE = "remove"
    MEET = "meet"  # leave it, and meet its conditions


class HopOutcome(StrEnum):
    """Result of one hop of the chain."""

    OK = "ok"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class ExplainedHop:
    """One hop of the chain."""

    number: int
    """0 for the source credentials, 1 for the first AssumeRole."""
    profile: str
    role_arn: str
    principal_arn: str
    """The caller, "" if unknown."""
    outcome: HopOutcome
    text: str = ""
    """AWS's answer, sanitized."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why the hop with the number `hop` fails."""

    code: CauseCode
    side: CauseSide
    hop: int
    certainty: Certainty
    evidence: str
    """A sentence."""
    statement: str = ""
    """The exact JSON to add or change, "" if no policy is at fault."""
    next_step: str = ""
    """An exact command if there is one."""
    where: str = ""
    """The policy that `statement` belongs to."""
    change: StatementChange = StatementChange.NONE
    current: str = ""
    """The statement as it is now, "" if there is none or it wasn't seen."""


class RequirementState(StrEnum):
    """State of one requirement."""

    OK = "ok"
    MISSING = "missing"
    DENIES = "denies"
    UNKNOWN = "unknown"


def worst_state(states: Iterable[RequirementState]) -> RequirementState:
    """Return the state that matters most; UNKNOWN if there are none."""
    order = ("denies", "missing", "unknown", "ok")
    return min(states, key=order.index, default=RequirementState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a hop needs in one account: a policy, the role, a limit."""

    side: CauseSide
    hop: int
    name: str
    state: RequirementState
    detail: str = ""


REQUIREMENT_BY_CAUSE: Mapping[CauseCode, str] = MappingProxyType(
    {
        CauseCode.CALLER_POLICY_MISSING: "the caller's policies",
        CauseCode.CALLER_POLICY_DENIES: "the caller's policies",
        CauseCode.BOUNDARY: "permissions boundary",
        CauseCode.SCP: "organization (SCP)",
        CauseCode.SESSION_POLICY: "session policy",
        CauseCode.TRUST_MISSING: "trust policy",
        CauseCode.TRUST_DENIES: "trust policy",
        CauseCode.EXTERNAL_ID_MISSING: "external ID",
        CauseCode.EXTERNAL_ID_WRONG: "external ID",
        CauseCode.MFA_MISSING: "MFA",
        CauseCode.MFA_TOO_OLD: "age of the MFA code",
        CauseCode.DURATION_ROLE_MAX: "longest session",
        CauseCode.ROLE_MISSING: "the role",
        CauseCode.ROLE_PATH: "the role",
        CauseCode.ROLE_CASE: "the role",
        CauseCode.TAGS: "tags",
        CauseCode.SOURCE_IDENTITY: "source identity",
        CauseCode.SESSION_NAME: "session name",
        CauseCode.IP: "network address",
        CauseCode.DATE: "time",
    }
)
"""The name of the requirement that a cause belongs to."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a switch to `target` fails."""

    target: str
    verdict: ExplanationVerdict
    hops: tuple[ExplainedHop, ...]
    causes: tuple[Cause, ...]
    """The most certain and nearest first; empty only if the verdict is `allowed`."""
    error_code: str = ""
    """The code of the explained failure, "" for none."""
    sources_read: tuple[str, ...] = ()
    """Sources that were read, or could not be."""
    requirements: tuple[Requirement, ...] = ()
    """The requirements of the failed hop in both accounts."""
    exit_code: int = 0
