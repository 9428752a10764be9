"""Policies, evaluated: pure functions from a request and documents to a decision."""

from xswitch.core.policy.document import parse
from xswitch.core.policy.evaluate import evaluate
from xswitch.core.policy.model import (
    Condition,
    Decision,
    Document,
    Grant,
    Lack,
    PolicyError,
    PolicyKind,
    Principal,
    PrincipalKind,
    PrincipalSet,
    Request,
    Side,
    Statement,
    StatementTrace,
    UnmetCondition,
    side_of,
)

__all__ = [
    "Condition",
    "Decision",
    "Document",
    "Grant",
    "Lack",
    "PolicyError",
    "PolicyKind",
    "Principal",
    "PrincipalKind",
    "PrincipalSet",
    "Request",
    "Side",
    "Statement",
    "StatementTrace",
    "UnmetCondition",
    "evaluate",
    "parse",
    "side_of",
]
