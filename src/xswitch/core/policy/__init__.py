"""IAM policy documents: parsing, and deciding a request; no AWS calls, no explanations."""

from xswitch.core.policy.document import load_document, parse
from xswitch.core.policy.evaluate import evaluate
from xswitch.core.policy.model import (
    Condition,
    Decision,
    Grant,
    MissingAllow,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    Principal,
    PrincipalKind,
    PrincipalSet,
    Request,
    Statement,
    StatementTrace,
    UnmetCondition,
)

__all__ = [
    "Condition",
    "Decision",
    "Grant",
    "MissingAllow",
    "PolicyDocument",
    "PolicyError",
    "PolicyKind",
    "Principal",
    "PrincipalKind",
    "PrincipalSet",
    "Request",
    "Statement",
    "StatementTrace",
    "UnmetCondition",
    "evaluate",
    "load_document",
    "parse",
]
