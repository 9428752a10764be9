"""AWS's answers that are errors, by code.

What the documentation of STS and IAM and their well-known texts say.
"""

from __future__ import annotations

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
IAM_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
AWS_FAULT_NAMESPACE = "http://webservices.amazon.com/AWSFault/2005-15-09"


class EmulatedAwsError(Exception):
    """A refusal as AWS words it.

    `code` and `message` of the answer, the HTTP `status`, and whose fault it was (`kind`).

    `namespace` is that of the service asked unless it says otherwise. It never leaves `demo`: the
    server turns it into XML.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        kind: str = "Sender",
        namespace: str = "",
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.kind = kind
        self.namespace = namespace


def access_denied(message: str) -> EmulatedAwsError:
    """AccessDenied with this text."""
    return EmulatedAwsError("AccessDenied", message, 403)


def not_authorized(
    caller_arn: str, action: str, resource: str, suffix: str = ""
) -> EmulatedAwsError:
    """The text for a policy's no; `suffix` is what AWS tells of the reason, or empty."""
    return access_denied(
        f"User: {caller_arn} is not authorized to perform: {action} on resource: {resource}{' ' + suffix if suffix else ''}"
    )


def validation_error(message: str) -> EmulatedAwsError:
    """ValidationError with this text."""
    return EmulatedAwsError("ValidationError", message, 400)


def invalid_client_token() -> EmulatedAwsError:
    """What AWS says of a key it doesn't know, a deactivated one, and a session token that isn't the key's."""
    return EmulatedAwsError(
        "InvalidClientTokenId", "The security token included in the request is invalid.", 403
    )


def signature_mismatch(message: str) -> EmulatedAwsError:
    """SignatureDoesNotMatch with this text."""
    return EmulatedAwsError("SignatureDoesNotMatch", message, 403)


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
