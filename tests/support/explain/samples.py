"""Explanations worth looking at, for the screen's tests and its pictures."""

from __future__ import annotations

import json

from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    CauseSide,
    Certainty,
    ExplainedHop,
    Explanation,
    HopOutcome,
    Piece,
    PieceState,
    StatementChange,
    Verdict,
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
    """The target's trust policy doesn't name the caller; the caller's own side is fine."""
    source, there = CauseSide.SOURCE, CauseSide.TARGET
    return Explanation(
        target=target,
        verdict=Verdict.DENIED,
        hops=(
            ExplainedHop(0, "dev", "", USER, HopOutcome.OK),
            ExplainedHop(1, target, ROLE, USER, HopOutcome.FAILED, TEXT),
        ),
        causes=(
            Cause(
                CauseCode.TRUST_MISSING,
                there,
                1,
                Certainty.PROVED,
                "No statement of the role's trust policy names user/dev; your own policies allow the call.",
                STATEMENT,
                "ask the administrator of account 333333333333 to add it",
                f"trust policy of {ROLE}",
                StatementChange.ADD,
            ),
        ),
        error_code="not_authorized",
        looked_at=("your policies", "the trust policy, with profile payments-read"),
        pieces=(
            Piece(source, 1, "the caller's policies", PieceState.OK, "policy switch-roles"),
            Piece(source, 1, "permissions boundary", PieceState.OK, "none"),
            Piece(source, 1, "organization (SCP)", PieceState.UNKNOWN),
            Piece(there, 1, "the role", PieceState.OK, "Admin"),
            Piece(there, 1, "trust policy", PieceState.MISSING, "names user/ops alone"),
            Piece(there, 1, "MFA", PieceState.OK, "asked for, and given"),
        ),
        exit_code=4,
    )


def hidden(target: str = "payments-dr") -> Explanation:
    """Nothing can be read: both sides are told with what to look for."""
    causes = [
        Cause(code, side, 1, Certainty.UNSEEN, "It can't be read from here.", STATEMENT, change=StatementChange.ADD)
        for code, side in ((CauseCode.CALLER_POLICY_MISSING, CauseSide.SOURCE), (CauseCode.TRUST_MISSING, CauseSide.TARGET))
    ]
    return Explanation(target, Verdict.UNKNOWN, (ExplainedHop(1, target, ROLE, USER, HopOutcome.FAILED, TEXT),), tuple(causes))


def offline(target: str = "payments-dr") -> Explanation:
    """It never came to AWS's decision."""
    cause = Cause(CauseCode.NETWORK, CauseSide.NETWORK, 1, Certainty.PROVED, "The name can't be resolved.", next_step="Check the network.")
    return Explanation(target, Verdict.NOT_REACHED, (ExplainedHop(1, target, ROLE, "", HopOutcome.FAILED),), (cause,), "dns")
