"""The values of an explanation.

The chain hop by hop, and what is in the way, on which side, and how sure that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CauseCode(StrEnum):
    """Why a switch fails; part of the JSON interface."""

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
    REGION_DISABLED = "region_disabled"
    NETWORK = "network"


class CauseSide(StrEnum):
    """Who can mend it."""

    SOURCE = "source"
    TARGET = "target"
    LOCAL = "local"
    NETWORK = "network"


class Certainty(StrEnum):
    """How sure a cause is."""

    PROVED = "proved"
    LIKELY = "likely"
    UNSEEN = "can't be seen from here"


class ExplanationVerdict(StrEnum):
    """What came of the attempt. `allowed` only when STS gave the session just now."""

    ALLOWED = "allowed"
    DENIED = "denied"
    # It failed before, or beside, AWS's decision: network, base credentials, a missing code
    NOT_REACHED = "not_reached"
    UNKNOWN = "unknown"


class StatementChange(StrEnum):
    """What to do with a cause's statement in the policy it is for."""

    NONE = ""  # there is no statement
    ADD = "add"  # add it to the policy
    REPLACE = "replace"  # put it in the place of the one there is
    REMOVE = "remove"  # take it away
    MEET = "meet"  # leave it, and do what it asks for


class HopOutcome(StrEnum):
    """How one hop of the chain went."""

    OK = "ok"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class ExplainedHop:
    """One hop: number 0 is the base, 1 the first AssumeRole.

    `principal_arn` is who calls, "" when unknown; `text` is AWS's answer, cleaned.
    """

    number: int
    profile: str
    role_arn: str
    principal_arn: str
    outcome: HopOutcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing in the way at hop `hop`.

    `evidence` is a sentence with what was seen; `statement` the exact JSON that side's
    administrator must add or change, "" where no policy is at fault; `next_step` what to do, an
    exact command where there is one. `where` names the policy the statement is for, `change` says
    what to do with it there, and `current` is the statement as it stands there now ("" for nothing,
    or not seen).
    """

    code: CauseCode
    side: CauseSide
    hop: int
    certainty: Certainty
    evidence: str
    statement: str = ""
    next_step: str = ""
    where: str = ""
    change: StatementChange = StatementChange.NONE
    current: str = ""


class RequirementState(StrEnum):
    """How one piece of the access stands."""

    OK = "ok"
    MISSING = "missing"
    DENIES = "denies"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing a switch needs, on one side, at one hop: a policy, the role, a limit.

    `detail` is a few words about it.
    """

    side: CauseSide
    hop: int
    name: str
    state: RequirementState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a switch to `target` fails.

    `causes` the surest and nearest first, never empty unless the verdict is `allowed`.

    `error_code` is the code of the failure explained ("" when it worked), `exit_code` that of a
    switch that fails so. `sources_read` says which sources were read and which could not be.
    `pieces` are what the hop that failed needs, side by side.
    """

    target: str
    verdict: ExplanationVerdict
    hops: tuple[ExplainedHop, ...]
    causes: tuple[Cause, ...]
    error_code: str = ""
    sources_read: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    exit_code: int = 0
