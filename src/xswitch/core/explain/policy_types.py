"""Evaluate one kind of policy, from the policies that were read and from AWS's message."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xswitch.core.explain import statement_edits
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.conditions import denial_cause, policy_administrator, unmet_causes
from xswitch.core.explain.denied_call import (
    POLICY_CAUSE_CODES,
    DeniedCall,
    edit_instruction,
)
from xswitch.core.explain.evidence import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from xswitch.core.explain.matching import Applicability, StatementMatch, StatementMatches
from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    Certainty,
    RequirementState,
    StatementChange,
)
from xswitch.core.text import capitalize_first

_MAX_LISTED = 3
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
    """Result for one kind of policy."""

    state: RequirementState
    causes: tuple[Cause, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether it certainly denies the call."""
        return any(cause.certainty is Certainty.PROVED for cause in self.causes)


UNSEEN = PolicyVerdict(RequirementState.UNKNOWN)
PASSES = PolicyVerdict(RequirementState.OK)


@dataclass(frozen=True, slots=True)
class PolicyTypeQuery:
    """One kind of policy and one action."""

    denied: DeniedCall
    policy_type: PolicyType
    action: str
    statement_matches: StatementMatches
    complete: bool
    """Whether all policies of this kind were read."""


def evaluate_policy_type(query: PolicyTypeQuery) -> PolicyVerdict:
    """Evaluate the statements that were read, then apply AWS's message."""
    verdict = _evaluate_statements(query)
    denial = query.denied.denial
    if denial.policy_type is not query.policy_type or denial.action != query.action:
        return verdict
    return (
        _apply_stated_denial(query, verdict)
        if denial.explicit
        else _apply_stated_missing_allow(query, verdict)
    )


def missing_allow_cause(query: PolicyTypeQuery, certainty: Certainty, evidence: str) -> Cause:
    """Make the cause for a missing Allow, with the statement to add."""
    denied, policy_type, action = query.denied, query.policy_type, query.action
    code = POLICY_CAUSE_CODES[policy_type][0]
    if policy_type in (PolicyType.IDENTITY, PolicyType.TRUST):
        code = _CAUSE_BY_ACTION.get(action, code)
    where, edit = _statement_to_add(query)
    return denied.cause(
        code,
        policy_administrator(denied, policy_type),
        certainty,
        evidence,
        edit=edit,
        next_step=edit_instruction(denied, policy_type, where),
        where=where,
    )


def unread_deny_cause(
    query: PolicyTypeQuery, certainty: Certainty, evidence: str, *, policy: str = ""
) -> Cause:
    """Make the cause for a Deny that could not be read."""
    denied, policy_type = query.denied, query.policy_type
    arn = denied.hop.caller.policy_arn or denied.hop.caller.arn
    text = (
        statement_edits.exception_for_scp(denied.hop)
        if arn and policy_type in (PolicyType.SCP, PolicyType.RCP, PolicyType.TRUST)
        else ""
    )
    edit: statement_edits.StatementEdit = (
        text,
        StatementChange.REPLACE if text else StatementChange.NONE,
        "",
    )
    return denied.cause(
        POLICY_CAUSE_CODES[policy_type][1],
        policy_administrator(denied, policy_type),
        certainty,
        evidence,
        edit=edit,
        next_step=edit_instruction(denied, policy_type, policy),
        where=policy or (denied.trust_policy_name if policy_type is PolicyType.TRUST else ""),
    )


# -- from the policies that were read


def _evaluate_statements(query: PolicyTypeQuery) -> PolicyVerdict:
    denied, matches, policy_type = query.denied, query.statement_matches, query.policy_type
    certain_denials = [
        denial_cause(denied, match, policy_type, Certainty.PROVED)
        for match in matches.denies(Applicability.YES)
    ]
    if certain_denials:
        return PolicyVerdict(RequirementState.DENIES, tuple(certain_denials))
    possible_denials = tuple(
        denial_cause(denied, match, policy_type, Certainty.LIKELY)
        for match in matches.denies(Applicability.MAYBE)
    )
    if matches.allows(Applicability.YES):
        seen = query.complete and not possible_denials
        return PolicyVerdict(
            RequirementState.OK if seen else RequirementState.UNKNOWN, possible_denials
        )
    verdict = _no_matching_allow(query)
    return PolicyVerdict(verdict.state, (*verdict.causes, *possible_denials))


def _no_matching_allow(query: PolicyTypeQuery) -> PolicyVerdict:
    """Explain why no Allow certainly applies."""
    denied, policy_type, nearest = query.denied, query.policy_type, query.statement_matches.nearest
    if nearest is not None:
        certainty = Certainty.PROVED if query.complete else Certainty.LIKELY
        causes = unmet_causes(denied, nearest, policy_type, nearest.unmet, certainty)
        causes += unmet_causes(denied, nearest, policy_type, nearest.unknown, Certainty.LIKELY)
        missing = nearest.unmet and query.complete
        state = RequirementState.MISSING if missing else RequirementState.UNKNOWN
        return PolicyVerdict(state, tuple(causes))
    if not query.complete or query.statement_matches.unreadable:
        return UNSEEN
    cause = missing_allow_cause(query, Certainty.PROVED, _no_allow_evidence(query))
    return PolicyVerdict(RequirementState.MISSING, (cause,))


def _no_allow_evidence(query: PolicyTypeQuery) -> str:
    """Say why no statement covers the call, with the nearest one."""
    denied, action = query.denied, query.action
    allows = [match for match in query.statement_matches.matches if not match.policy_statement.deny]
    if query.policy_type is not PolicyType.TRUST:
        others = [match for match in allows if match.action and not match.resource]
        near_miss = ""
        if others:
            statement = others[0].policy_statement
            near_miss = (
                f": statement {statement.number} of {statement.name} allows it on other resources"
            )
        return (
            f"All of {_POLICY_TYPE_NAMES[query.policy_type]} were read, "
            f"and none allows {action} on {denied.hop.call.role_arn}{near_miss}."
        )
    name = capitalize_first(denied.trust_policy_name)
    if action != ASSUME_ROLE and any(match.principal for match in allows):
        return f"{name} trusts this caller, but doesn't allow {action}."
    principals = sorted(
        {
            principal
            for match in allows
            if match.policy_statement.statement.principals
            for principal in match.policy_statement.statement.principals.values.get("AWS", ())
        }
    )
    listed = ""
    if principals:
        more = " and others" if len(principals) > _MAX_LISTED else ""
        listed = f"; it names {', '.join(principals[:_MAX_LISTED])}{more}"
    caller = denied.hop.caller.policy_arn or denied.hop.caller.arn
    return f"{name} does not name {caller}{listed}.{_deleted_principal_note(principals)}"


def _deleted_principal_note(principals: list[str]) -> str:
    """Note that IAM shows a deleted principal by its unique ID (IAM reference, "Principal")."""
    ids = [name for name in principals if name.startswith(("AIDA", "AROA")) and ":" not in name]
    if not ids:
        return ""
    return f" {ids[0]} was deleted; a new principal of the same name isn't trusted."


def _statement_to_add(query: PolicyTypeQuery) -> tuple[str, statement_edits.StatementEdit]:
    denied, action = query.denied, query.action
    actions = denied.hop.call.actions if action == ASSUME_ROLE else (action,)
    if query.policy_type is not PolicyType.TRUST:
        names = [match.policy_statement.name for match in query.statement_matches.matches]
        name = names[0] if names and query.policy_type is not PolicyType.IDENTITY else ""
        statement = statement_edits.caller_statement(denied.hop, actions)
        return name, (statement, StatementChange.ADD, "")
    trusting_allow = _allow_lacking_action(query)
    if trusting_allow is not None:
        return denied.trust_policy_name, statement_edits.with_action(trusting_allow, action)
    statement = statement_edits.trust_statement(denied.hop, actions)
    return denied.trust_policy_name, (statement, StatementChange.ADD, "")


def _allow_lacking_action(query: PolicyTypeQuery) -> StatementMatch | None:
    """Find an Allow that trusts this caller and lacks only the action."""
    if query.action == ASSUME_ROLE:
        return None
    return next(
        (
            match
            for match in query.statement_matches.matches
            if not match.policy_statement.deny
            and match.principal
            and not match.action
            and not match.unmet
            and "Action" in match.policy_statement.raw
        ),
        None,
    )


# -- from AWS's message


def _apply_stated_denial(query: PolicyTypeQuery, verdict: PolicyVerdict) -> PolicyVerdict:
    if verdict.state is RequirementState.DENIES:
        return verdict
    denial = query.denied.denial
    possible_denials = query.statement_matches.denies(Applicability.MAYBE)
    if len(possible_denials) == 1:
        # One of the denials applies, according to AWS, and there is only this one.
        cause = denial_cause(query.denied, possible_denials[0], query.policy_type, Certainty.PROVED)
    else:
        named = f" ({denial.policy})" if denial.policy else ""
        evidence = f"AWS says that {_POLICY_TYPE_NAMES[query.policy_type]}{named} denies it."
        cause = unread_deny_cause(query, Certainty.PROVED, evidence, policy=denial.policy)
    return PolicyVerdict(RequirementState.DENIES, (cause,))


def _apply_stated_missing_allow(query: PolicyTypeQuery, verdict: PolicyVerdict) -> PolicyVerdict:
    denied, policy_type = query.denied, query.policy_type
    matches, nearest = query.statement_matches, query.statement_matches.nearest
    if nearest is not None and nearest.unmet:
        # With its conditions met it applies, and AWS reports nothing else for this kind of policy.
        causes = unmet_causes(denied, nearest, policy_type, nearest.unmet, Certainty.PROVED)
        causes += unmet_causes(denied, nearest, policy_type, nearest.unknown, Certainty.LIKELY)
        return PolicyVerdict(RequirementState.MISSING, tuple(causes))
    if (
        nearest is not None
        and len(nearest.unknown) == 1
        and len(matches.allows(Applicability.MAYBE)) == 1
        and not matches.allows(Applicability.YES)
    ):
        causes = [
            replace(cause, certainty=Certainty.PROVED)
            for cause in verdict.causes
            if cause.change is not StatementChange.NONE
        ]
        return PolicyVerdict(RequirementState.MISSING, tuple(causes))
    if verdict.blocks:
        return verdict
    if matches.allows(Applicability.YES):
        note = "but the policies that were read allow it: a change takes a while to reach STS"
    elif query.complete:
        note = "and the policies that were read confirm it"
    else:
        note = "and it could not be read"
    evidence = (
        f"AWS says that {_POLICY_TYPE_NAMES[policy_type]} does not allow {query.action}, {note}."
    )
    cause = missing_allow_cause(query, Certainty.PROVED, evidence)
    return PolicyVerdict(RequirementState.MISSING, (cause, *verdict.causes))
