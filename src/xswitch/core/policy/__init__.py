"""Policies, evaluated: pure functions from a request and documents to a decision."""

from xswitch.core.policy.document import parse
from xswitch.core.policy.evaluate import evaluate
from xswitch.core.policy.model import (
    Condition,
    Decision,
    Document,
    Grant,
    PolicyError,
    PolicyKind,
    Principal,
    PrincipalKind,
    PrincipalSet,
    Request,
    Statement,
    StatementTrace,
)

__all__ = [
    "Condition",
    "Decision",
    "Document",
    "Grant",
    "PolicyError",
    "PolicyKind",
    "Principal",
    "PrincipalKind",
    "PrincipalSet",
    "Request",
    "Statement",
    "StatementTrace",
    "evaluate",
    "parse",
]
