"""IAM's refusals, in its words."""

from __future__ import annotations

from xswitch.emulator.errors import AwsAnswerError

CONFLICT = 409


def missing(what: str, name: str) -> AwsAnswerError:
    """NoSuchEntity for a thing known by its name; `what` is "role", "user policy" and the like."""
    return gone(f"The {what} with name {name} cannot be found.")


def gone(message: str) -> AwsAnswerError:
    """NoSuchEntity with this text."""
    return AwsAnswerError("NoSuchEntity", message, 404)


def exists(message: str) -> AwsAnswerError:
    """EntityAlreadyExists with this text."""
    return AwsAnswerError("EntityAlreadyExists", message, CONFLICT)


def conflict(message: str) -> AwsAnswerError:
    """DeleteConflict with this text."""
    return AwsAnswerError("DeleteConflict", message, CONFLICT)


def quota(name: str, limit: int) -> AwsAnswerError:
    """LimitExceeded for a quota by its name."""
    return limit_exceeded(f"Cannot exceed quota for {name}: {limit}")


def limit_exceeded(message: str) -> AwsAnswerError:
    """LimitExceeded with this text."""
    return AwsAnswerError("LimitExceeded", message, CONFLICT)


def malformed(message: str) -> AwsAnswerError:
    """MalformedPolicyDocument with this text."""
    return AwsAnswerError("MalformedPolicyDocument", message)


def invalid_input(message: str) -> AwsAnswerError:
    """InvalidInput with this text."""
    return AwsAnswerError("InvalidInput", message)
