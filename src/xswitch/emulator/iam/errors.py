"""IAM's refusals, in its words."""

from __future__ import annotations

from xswitch.emulator.errors import EmulatedAwsError

CONFLICT = 409


def no_such_entity_named(what: str, name: str) -> EmulatedAwsError:
    """NoSuchEntity for a thing known by its name; `what` is "role", "user policy" and the like."""
    return no_such_entity(f"The {what} with name {name} cannot be found.")


def no_such_entity(message: str) -> EmulatedAwsError:
    """NoSuchEntity with this text."""
    return EmulatedAwsError("NoSuchEntity", message, 404)


def entity_already_exists(message: str) -> EmulatedAwsError:
    """EntityAlreadyExists with this text."""
    return EmulatedAwsError("EntityAlreadyExists", message, CONFLICT)


def delete_conflict(message: str) -> EmulatedAwsError:
    """DeleteConflict with this text."""
    return EmulatedAwsError("DeleteConflict", message, CONFLICT)


def quota_exceeded(name: str, limit: int) -> EmulatedAwsError:
    """LimitExceeded for a quota by its name."""
    return limit_exceeded(f"Cannot exceed quota for {name}: {limit}")


def limit_exceeded(message: str) -> EmulatedAwsError:
    """LimitExceeded with this text."""
    return EmulatedAwsError("LimitExceeded", message, CONFLICT)


def malformed_policy(message: str) -> EmulatedAwsError:
    """MalformedPolicyDocument with this text."""
    return EmulatedAwsError("MalformedPolicyDocument", message)


def invalid_input(message: str) -> EmulatedAwsError:
    """InvalidInput with this text."""
    return EmulatedAwsError("InvalidInput", message)
