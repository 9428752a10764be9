"""AWS's error answers by code.

Sources: the STS and IAM API references, and messages that AWS returns.
"""

from __future__ import annotations

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
IAM_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
AWS_FAULT_NAMESPACE = "http://webservices.amazon.com/AWSFault/2005-15-09"


class EmulatedAwsError(Exception):
    """An error answer in AWS's words.

    `code`, `message`, and HTTP `status` of the answer; `kind` is Sender or Receiver. `namespace`
    defaults to that of the service; `retry_after` are the seconds of a Retry-After header, 0 for
    none. It never leaves `emulator`: the server turns it into XML or
    JSON.
    """

    def __init__(  # noqa: PLR0913 -- the parts of an error answer, each with a default
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        kind: str = "Sender",
        namespace: str = "",
        retry_after: int = 0,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.kind = kind
        self.namespace = namespace
        self.retry_after = retry_after


def access_denied(message: str) -> EmulatedAwsError:
    """Make an AccessDenied error."""
    return EmulatedAwsError("AccessDenied", message, 403)


def not_authorized(
    caller_arn: str, action: str, resource: str, suffix: str = ""
) -> EmulatedAwsError:
    """Make AWS's error for a policy denial; `suffix` is the reason AWS gives, or empty."""
    return access_denied(
        f"User: {caller_arn} is not authorized to perform: {action} on resource:"
        f" {resource}{' ' + suffix if suffix else ''}"
    )


def validation_error(message: str) -> EmulatedAwsError:
    """Make a ValidationError."""
    return EmulatedAwsError("ValidationError", message, 400)


def invalid_client_token() -> EmulatedAwsError:
    """Make the error for an unknown or inactive key, or a token that doesn't match it."""
    return EmulatedAwsError(
        "InvalidClientTokenId", "The security token included in the request is invalid.", 403
    )


def signature_mismatch(message: str) -> EmulatedAwsError:
    """Make a SignatureDoesNotMatch error."""
    return EmulatedAwsError("SignatureDoesNotMatch", message, 403)


CONFLICT = 409


def no_such_entity_named(what: str, name: str) -> EmulatedAwsError:
    """Make a NoSuchEntity error; `what` is "role", "user policy", and the like."""
    return no_such_entity(f"The {what} with name {name} cannot be found.")


def no_such_entity(message: str) -> EmulatedAwsError:
    """Make a NoSuchEntity error with this text."""
    return EmulatedAwsError("NoSuchEntity", message, 404)


def entity_already_exists(message: str) -> EmulatedAwsError:
    """Make an EntityAlreadyExists error."""
    return EmulatedAwsError("EntityAlreadyExists", message, CONFLICT)


def delete_conflict(message: str) -> EmulatedAwsError:
    """Make a DeleteConflict error."""
    return EmulatedAwsError("DeleteConflict", message, CONFLICT)


def quota_exceeded(name: str, limit: int) -> EmulatedAwsError:
    """Make a LimitExceeded error for a quota."""
    return limit_exceeded(f"Cannot exceed quota for {name}: {limit}")


def limit_exceeded(message: str) -> EmulatedAwsError:
    """Make a LimitExceeded error with this text."""
    return EmulatedAwsError("LimitExceeded", message, CONFLICT)


def malformed_policy(message: str) -> EmulatedAwsError:
    """Make a MalformedPolicyDocument error."""
    return EmulatedAwsError("MalformedPolicyDocument", message)


def invalid_input(message: str) -> EmulatedAwsError:
    """Make an InvalidInput error."""
    return EmulatedAwsError("InvalidInput", message)
