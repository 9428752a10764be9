"""Policies, evaluated: pure functions from a request and documents to a decision."""

from xswitch.core.policy.assume import AssumeRole, AssumeRoleDecision, evaluate_assume_role
from xswitch.core.policy.blockers import Blocker, blockers, failing
from xswitch.core.policy.document import parse
from xswitch.core.policy.evaluate import evaluate
from xswitch.core.policy.model import (
    Condition,
    Decision,
    Grant,
    MissingAllow,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    PolicySide,
    Principal,
    PrincipalKind,
    PrincipalSet,
    Request,
    Statement,
    StatementTrace,
    UnmetCondition,
    policy_side,
)
from xswitch.core.policy.principals import unique_ids
from xswitch.core.policy.render import operator_name, render

__all__ = [
    "AssumeRole",
    "AssumeRoleDecision",
    "Blocker",
    "Condition",
    "Decision",
    "Grant",
    "MissingAllow",
    "PolicyDocument",
    "PolicyError",
    "PolicyKind",
    "PolicySide",
    "Principal",
    "PrincipalKind",
    "PrincipalSet",
    "Request",
    "Statement",
    "StatementTrace",
    "UnmetCondition",
    "blockers",
    "evaluate",
    "evaluate_assume_role",
    "failing",
    "operator_name",
    "parse",
    "policy_side",
    "render",
    "unique_ids",
]
