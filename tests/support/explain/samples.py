"""Sample explanations for tests and screenshots of the screen."""

from __future__ import annotations

import json

from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    CauseSide,
    Certainty,
    ExplainedHop,
    Explanation,
    ExplanationVerdict,
    HopOutcome,
    Requirement,
    RequirementState,
    StatementChange,
)

ROLE = "arn:aws:iam::333333333333:role/Admin"
USER = "arn:aws:iam::111111111111:user/dev"
TEXT = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
STATEMENT = json.dumps(
    {
        "Sid": "XswitchAssumeAdmin",
        "Effect": "Allow",
        "Principal": {"AWS": USER},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    },
    indent=2,
)


def denied(target: str = "payments-dr") -> Explanation:
    """The target's trust policy doesn't name the caller; the source account allows the call."""
    source, target_side = CauseSide.SOURCE, CauseSide.TARGET
    return Explanation(
        target=target,
        verdict=ExplanationVerdict.DENIED,
        hops=(
            ExplainedHop(0, "dev", "", USER, HopOutcome.OK),
            ExplainedHop(1, target, ROLE, USER, HopOutcome.FAILED, TEXT),
        ),
        causes=(
            Cause(
                CauseCode.TRUST_MISSING,
                target_side,
                1,
                Certainty.PROVED,
                "The role's trust policy does not name user/dev; your policies allow the call.",
                STATEMENT,
                "ask the administrator of account 333333333333 to add it",
                f"trust policy of {ROLE}",
                StatementChange.ADD,
            ),
        ),
        error_code="not_authorized",
        sources_read=("your policies", "the trust policy, with profile payments-read"),
        requirements=(
            Requirement(
                source, 1, "the caller's policies", RequirementState.OK, "policy switch-roles"
            ),
            Requirement(source, 1, "permissions boundary", RequirementState.OK, "none"),
            Requirement(source, 1, "organization (SCP)", RequirementState.UNKNOWN),
            Requirement(target_side, 1, "the role", RequirementState.OK, "Admin"),
            Requirement(
                target_side, 1, "trust policy", RequirementState.MISSING, "names only user/ops"
            ),
            Requirement(target_side, 1, "MFA", RequirementState.OK, "required, and used"),
        ),
        exit_code=4,
    )


def hidden(target: str = "payments-dr") -> Explanation:
    """No policy can be read; both accounts have statements to look for."""
    causes = [
        Cause(
            code,
            side,
            1,
            Certainty.UNSEEN,
            "It can't be read from here.",
            STATEMENT,
            change=StatementChange.ADD,
        )
        for code, side in (
            (CauseCode.CALLER_POLICY_MISSING, CauseSide.SOURCE),
            (CauseCode.TRUST_MISSING, CauseSide.TARGET),
        )
    ]
    return Explanation(
        target,
        ExplanationVerdict.UNKNOWN,
        (ExplainedHop(1, target, ROLE, USER, HopOutcome.FAILED, TEXT),),
        tuple(causes),
    )


def offline(target: str = "payments-dr") -> Explanation:
    """The switch failed before AWS decided."""
    cause = Cause(
        CauseCode.NETWORK,
        CauseSide.NETWORK,
        1,
        Certainty.PROVED,
        "The name can't be resolved.",
        next_step="Check the network.",
    )
    return Explanation(
        target,
        ExplanationVerdict.NOT_REACHED,
        (ExplainedHop(1, target, ROLE, "", HopOutcome.FAILED),),
        (cause,),
        "dns",
    )
