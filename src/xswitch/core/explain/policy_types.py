"""One kind of policy at a time: does it let the call through, and if not, why.

With what AWS said, and what could be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.core.explain import statement_edits
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.case import (
    POLICY_CAUSE_CODES,
    DeniedCall,
    edit_instruction,
    with_certainty,
)
from xswitch.core.explain.conditions import denial_cause, policy_administrator, unmet_causes
from xswitch.core.explain.evidence import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from xswitch.core.explain.matching import Applicability, StatementMatch, StatementMatches
from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    Certainty,
    RequirementState,
    StatementChange,
)

_CAUSE_BY_ACTION = {TAG_SESSION: CauseCode.TAGS, SET_SOURCE_IDENTITY: CauseCode.SOURCE_IDENTITY}
_POLICY_TYPE_NAMES = {
    PolicyType.IDENTITY: "the caller's own policies",
    PolicyType.BOUNDARY: "the caller's permissions boundary",
    PolicyType.SESSION: "the session policy of the calling session",
    PolicyType.SCP: "a service control policy over the caller's account",
    PolicyType.RCP: "a resource control policy over the role's account",
    PolicyType.TRUST: "the role's trust policy",
    PolicyType.ENDPOINT: "the policy of the VPC endpoint",
}


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """What a kind of policy says: `state` of its piece, and the causes found."""

    state: RequirementState
    causes: tuple[Cause, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether it stands in the way for certain."""
        return any(cause.certainty is Certainty.PROVED for cause in self.causes)


UNSEEN = PolicyVerdict(RequirementState.UNKNOWN)
PASSES = PolicyVerdict(RequirementState.OK)


@dataclass(frozen=True, slots=True)
class PolicyTypeQuery:
    """One kind of policy asked about one action.

    Its statements, and whether all of its policies were read.
    """

    case: DeniedCall
    policy_type: PolicyType
    action: str
    statement_matches: StatementMatches
    complete: bool


def evaluate_policy_type(query: PolicyTypeQuery) -> PolicyVerdict:
    """What was read of one kind of policy, then what AWS said of it."""
    verdict = _evaluate_statements(query)
    denial = query.case.denial
    if denial.policy_type is not query.policy_type or denial.action != query.action:
        return verdict
    return (
        _apply_stated_denial(query, verdict)
        if denial.explicit
        else _apply_stated_missing_allow(query, verdict)
    )


def missing_allow_cause(query: PolicyTypeQuery, certainty: Certainty, evidence: str) -> Cause:
    """The cause for an Allow that isn't there, with the statement to add."""
    case, policy_type, action = query.case, query.policy_type, query.action
    code = POLICY_CAUSE_CODES[policy_type][0]
    if policy_type in (PolicyType.IDENTITY, PolicyType.TRUST):
        code = _CAUSE_BY_ACTION.get(action, code)
    where, edit = _statement_to_add(query)
    return case.cause(
        code,
        policy_administrator(case, policy_type),
        certainty,
        evidence,
        edit=edit,
        next_step=edit_instruction(case, policy_type, where),
        where=where,
    )


def unread_deny_cause(
    query: PolicyTypeQuery, certainty: Certainty, evidence: str, *, policy: str = ""
) -> Cause:
    """The cause for a Deny nobody here can read."""
    case, policy_type = query.case, query.policy_type
    arn = case.hop.caller.policy_arn or case.hop.caller.arn
    text = (
        statement_edits.exception_for_scp(case.hop)
        if arn and policy_type in (PolicyType.SCP, PolicyType.RCP, PolicyType.TRUST)
        else ""
    )
    edit: statement_edits.StatementEdit = (
        text,
        StatementChange.REPLACE if text else StatementChange.NONE,
        "",
    )
    return case.cause(
        POLICY_CAUSE_CODES[policy_type][1],
        policy_administrator(case, policy_type),
        certainty,
        evidence,
        edit=edit,
        next_step=edit_instruction(case, policy_type, policy),
        where=policy or (case.trust_policy_name if policy_type is PolicyType.TRUST else ""),
    )


# -- what was read
# ------------------------------------------------------------------------------------------------


def _evaluate_statements(query: PolicyTypeQuery) -> PolicyVerdict:
    case, matches, policy_type = query.case, query.statement_matches, query.policy_type
    certain_denials = [
        denial_cause(case, one, policy_type, Certainty.PROVED)
        for one in matches.denies(Applicability.YES)
    ]
    if certain_denials:
        return PolicyVerdict(RequirementState.DENIES, tuple(certain_denials))
    possible_denials = tuple(
        denial_cause(case, one, policy_type, Certainty.LIKELY)
        for one in matches.denies(Applicability.MAYBE)
    )
    if matches.allows(Applicability.YES):
        seen = query.complete and not possible_denials
        return PolicyVerdict(
            RequirementState.OK if seen else RequirementState.UNKNOWN, possible_denials
        )
    verdict = _no_matching_allow(query)
    return PolicyVerdict(verdict.state, (*verdict.causes, *possible_denials))


def _no_matching_allow(query: PolicyTypeQuery) -> PolicyVerdict:
    """No Allow applies for certain."""
    case, matches, policy_type, nearest = (
        query.case,
        query.statement_matches,
        query.policy_type,
        query.statement_matches.nearest,
    )
    if nearest is not None:
        certainty = Certainty.PROVED if query.complete else Certainty.LIKELY
        causes = unmet_causes(case, nearest, policy_type, nearest.unmet, certainty)
        causes += unmet_causes(case, nearest, policy_type, nearest.unknown, Certainty.LIKELY)
        state = (
            RequirementState.MISSING
            if nearest.unmet and query.complete
            else RequirementState.UNKNOWN
        )
        return PolicyVerdict(state, tuple(causes))
    if not query.complete or matches.unreadable:
        return UNSEEN
    return PolicyVerdict(
        RequirementState.MISSING,
        (missing_allow_cause(query, Certainty.PROVED, _no_allow_evidence(query)),),
    )


def _no_allow_evidence(query: PolicyTypeQuery) -> str:
    """Why no statement is about this call, with the nearest miss."""
    case, action = query.case, query.action
    allows = [one for one in query.statement_matches.matches if not one.policy_statement.deny]
    if query.policy_type is not PolicyType.TRUST:
        others = [one for one in allows if one.action and not one.resource]
        near_miss = (
            f": statement {others[0].policy_statement.number} of {others[0].policy_statement.name} does for other resources"
            if others
            else ""
        )
        return f"All of {_POLICY_TYPE_NAMES[query.policy_type]} could be read, and none allows {action} on {case.hop.call.role_arn}{near_miss}."
    if action != ASSUME_ROLE and any(one.principal for one in allows):
        return f"{_capitalize(case.trust_policy_name)} trusts this caller, and not with {action}."
    named = sorted(
        {
            name
            for one in allows
            if one.policy_statement.statement.principals
            for name in one.policy_statement.statement.principals.values.get("AWS", ())
        }
    )
    named_principals = (
        f"; it names {', '.join(named[:3])}{' and others' if len(named) > 3 else ''}"  # noqa: PLR2004 -- three are enough to see
        if named
        else ""
    )
    return f"{_capitalize(case.trust_policy_name)} does not name {case.hop.caller.policy_arn or case.hop.caller.arn}{named_principals}.{_deleted_principal_note(named)}"


def _deleted_principal_note(named: list[str]) -> str:
    """Principals that were deleted stand in a trust policy by their unique id (IAM reference, "Principal")."""
    ids = [name for name in named if name.startswith(("AIDA", "AROA")) and ":" not in name]
    return f" {ids[0]} was deleted; one made anew under the same name is another." if ids else ""


def _statement_to_add(query: PolicyTypeQuery) -> tuple[str, statement_edits.StatementEdit]:
    case, action = query.case, query.action
    actions = case.hop.call.actions if action == ASSUME_ROLE else (action,)
    if query.policy_type is not PolicyType.TRUST:
        name = (
            next((one.policy_statement.name for one in query.statement_matches.matches), "")
            if query.policy_type is not PolicyType.IDENTITY
            else ""
        )
        return name, (statement_edits.caller_statement(case.hop, actions), StatementChange.ADD, "")
    trusting_allow = _allow_lacking_action(query)
    if trusting_allow is not None:
        return case.trust_policy_name, statement_edits.with_action(trusting_allow, action)
    return case.trust_policy_name, (
        statement_edits.trust_statement(case.hop, actions),
        StatementChange.ADD,
        "",
    )


def _allow_lacking_action(query: PolicyTypeQuery) -> StatementMatch | None:
    """The Allow that trusts this caller already, and lacks the action alone."""
    fitting = [
        one
        for one in query.statement_matches.matches
        if not one.policy_statement.deny and one.principal and not one.action and not one.unmet
    ]
    return (
        next((one for one in fitting if "Action" in one.policy_statement.raw), None)
        if query.action != ASSUME_ROLE
        else None
    )


# -- what AWS said
# ------------------------------------------------------------------------------------------------


def _apply_stated_denial(query: PolicyTypeQuery, verdict: PolicyVerdict) -> PolicyVerdict:
    if verdict.state is RequirementState.DENIES:
        return verdict
    denial, possible_denials = (
        query.case.denial,
        query.statement_matches.denies(Applicability.MAYBE),
    )
    if len(possible_denials) == 1:
        # AWS says that one of these applies, and there is no other.
        return PolicyVerdict(
            RequirementState.DENIES,
            (denial_cause(query.case, possible_denials[0], query.policy_type, Certainty.PROVED),),
        )
    named = f" ({denial.policy})" if denial.policy else ""
    cause = unread_deny_cause(
        query,
        Certainty.PROVED,
        f"AWS says that {_POLICY_TYPE_NAMES[query.policy_type]}{named} denies it.",
        policy=denial.policy,
    )
    return PolicyVerdict(RequirementState.DENIES, (cause,))


def _apply_stated_missing_allow(query: PolicyTypeQuery, verdict: PolicyVerdict) -> PolicyVerdict:
    matches, nearest = query.statement_matches, query.statement_matches.nearest
    fixable_causes = [cause for cause in verdict.causes if cause.change is not StatementChange.NONE]
    if nearest is not None and nearest.unmet:
        # Meeting its conditions makes it apply, and AWS lacks nothing else of this kind of policy.
        causes = unmet_causes(
            query.case, nearest, query.policy_type, nearest.unmet, Certainty.PROVED
        )
        return PolicyVerdict(
            RequirementState.MISSING,
            (
                *causes,
                *unmet_causes(
                    query.case, nearest, query.policy_type, nearest.unknown, Certainty.LIKELY
                ),
            ),
        )
    if (
        nearest is not None
        and len(nearest.unknown) == 1
        and len(matches.allows(Applicability.MAYBE)) == 1
        and not matches.allows(Applicability.YES)
    ):
        return PolicyVerdict(
            RequirementState.MISSING,
            tuple(with_certainty(cause, Certainty.PROVED) for cause in fixable_causes),
        )
    if matches.allows(Applicability.YES):
        note = "though what was read allows it: a change takes a while until STS knows it"
    else:
        note = "and it could not be read" if not query.complete else "and so does what was read"
    if verdict.blocks:
        return verdict
    evidence = f"AWS says that {_POLICY_TYPE_NAMES[query.policy_type]} does not allow {query.action}, {note}."
    return PolicyVerdict(
        RequirementState.MISSING,
        (missing_allow_cause(query, Certainty.PROVED, evidence), *verdict.causes),
    )


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
