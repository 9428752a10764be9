"""AWS's answers that are errors, by code: what the documentation of STS and IAM and their well-known texts say."""

from __future__ import annotations

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
IAM_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
FAULT_NAMESPACE = "http://webservices.amazon.com/AWSFault/2005-15-09"


class AwsAnswerError(Exception):
    """A refusal as AWS words it: `code` and `message` of the answer, the HTTP `status`, and whose fault it was (`kind`).

    `namespace` is that of the service asked unless it says otherwise. It never leaves `demo`: the server turns it into XML.
    """

    def __init__(self, code: str, message: str, status: int = 400, *, kind: str = "Sender", namespace: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.kind = kind
        self.namespace = namespace


def denied(message: str) -> AwsAnswerError:
    """AccessDenied with this text."""
    return AwsAnswerError("AccessDenied", message, 403)


def not_authorized(caller_arn: str, action: str, resource: str, suffix: str = "") -> AwsAnswerError:
    """The text for a policy's no; `suffix` is what AWS tells of the reason, or empty."""
    return denied(f"User: {caller_arn} is not authorized to perform: {action} on resource: {resource}{' ' + suffix if suffix else ''}")


def validation(message: str) -> AwsAnswerError:
    """ValidationError with this text."""
    return AwsAnswerError("ValidationError", message, 400)


def unknown_token() -> AwsAnswerError:
    """What AWS says of a key it doesn't know, a deactivated one, and a session token that isn't the key's."""
    return AwsAnswerError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


def bad_signature(message: str) -> AwsAnswerError:
    """SignatureDoesNotMatch with this text."""
    return AwsAnswerError("SignatureDoesNotMatch", message, 403)
