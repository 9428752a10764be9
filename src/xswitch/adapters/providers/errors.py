"""Translate what botocore's credential providers and their commands raise.

Importing this module imports botocore. The output of a credential_process or a container endpoint
is never part of an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import botocore.exceptions as boto

from xswitch.adapters.aws.errors import (
    error_response,
    is_connection_error,
    translate_connection_error,
)
from xswitch.adapters.system.processes import CommandTimeoutError, OutputTooLargeError
from xswitch.core.display import hide_secrets, show_value
from xswitch.core.errors import ErrorCode, NetworkError, SourceCredentialsError, XswitchError
from xswitch.core.errors.source_credentials import SourceLabel, source_error
from xswitch.core.errors.sts import ApiCall, error_from_response
from xswitch.core.model import CredentialSourceKind

_MALFORMED_DATA_ERRORS = (LookupError, ValueError, TypeError, AttributeError)
# The keys missing in a response that isn't AWS's; a damaged token file lacks other keys.
_RESPONSE_KEYS = frozenset({"roleCredentials", "AssumeRoleWithWebIdentityResult", "Credentials"})
_MAX_PATH_LENGTH = 4096  # a cut path can't be found
_SSO_CODES = {
    "ResourceNotFound": ErrorCode.SSO_NOT_FOUND,
    "InvalidRequest": ErrorCode.SSO_REQUEST,
}
_HTTP_STATUS = re.compile(r"Received non 200 response (\d{3})\b")
_CRYPTOGRAPHY_ERROR = "AWS_ERROR_CAL_"  # of awscrt's RuntimeError
_CONTAINER_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, slots=True)
class _ProviderFailure:
    error: Exception
    source: SourceLabel
    status: int | None
    process_seconds: float

    def as_error(
        self, code: ErrorCode, *, detail: str = "", why: str = ""
    ) -> SourceCredentialsError:
        return source_error(self.source, code, detail=detail, why=why)


def translate_error(
    error: Exception,
    source: SourceLabel,
    call: ApiCall,
    status: int | None = None,
    process_seconds: float = 60.0,
) -> XswitchError:
    """Return the error to raise for an exception of a provider.

    `status` is the exit status of the credential_process.
    """
    if is_connection_error(error) or (
        isinstance(error, KeyError) and error.args[:1] and error.args[0] in _RESPONSE_KEYS
    ):
        return translate_connection_error(error, call)
    if isinstance(error, boto.ClientError):
        return _from_client_error(error, source, call)
    return _BY_KIND[source.base.kind](_ProviderFailure(error, source, status, process_seconds))


def source_unavailable(
    source: SourceLabel, environment: Mapping[str, str]
) -> SourceCredentialsError:
    """Return the error for a source that isn't available at all."""
    kind = source.base.kind
    if kind is CredentialSourceKind.EC2_METADATA:
        disabled = environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
        return source_error(
            source,
            ErrorCode.NO_METADATA,
            detail="AWS_EC2_METADATA_DISABLED is set"
            if disabled
            else "it doesn't respond, or the instance has no role",
        )
    if kind is CredentialSourceKind.ECS_CONTAINER:
        return source_error(
            source,
            ErrorCode.NO_CONTAINER,
            detail=f"neither {_CONTAINER_VARIABLES[0]} nor {_CONTAINER_VARIABLES[1]} is set",
        )
    codes = {
        CredentialSourceKind.STATIC_KEYS: ErrorCode.KEYS_MISSING,
        CredentialSourceKind.ENVIRONMENT: ErrorCode.KEYS_MISSING,
        CredentialSourceKind.SSO: ErrorCode.SSO_CONFIG,
        CredentialSourceKind.LOGIN_SESSION: ErrorCode.LOGIN_NEEDED,
    }
    return source_error(source, codes.get(kind, ErrorCode.BASE_CREDENTIALS))


def _from_client_error(error: boto.ClientError, source: SourceLabel, call: ApiCall) -> XswitchError:
    response = error_response(error, datetime.now(UTC))
    translated = error_from_response(call, response)
    if isinstance(translated, NetworkError):
        return translated
    if translated.code == ErrorCode.THROTTLED:
        return SourceCredentialsError(
            translated.what,
            why=translated.why,
            next_step=translated.next_step,
            code=translated.code,
        )
    codes = {
        CredentialSourceKind.SSO: _SSO_CODES.get(
            response.code.removesuffix("Exception"), ErrorCode.SSO_DENIED
        ),
        CredentialSourceKind.WEB_IDENTITY: ErrorCode.WEB_IDENTITY_DENIED,
        CredentialSourceKind.LOGIN_SESSION: ErrorCode.LOGIN_DENIED,
    }
    return source_error(
        source,
        codes.get(source.base.kind, ErrorCode.BASE_CREDENTIALS),
        why=response.text or response.code,
    )


def _static(failure: _ProviderFailure) -> SourceCredentialsError:
    if isinstance(failure.error, boto.PartialCredentialsError):
        return failure.as_error(
            ErrorCode.KEYS_INCOMPLETE, detail=f"{failure.error.kwargs.get('cred_var')} is missing"
        )
    return failure.as_error(ErrorCode.BASE_CREDENTIALS, why=_safe_message(failure.error))


def _environment(failure: _ProviderFailure) -> SourceCredentialsError:
    if isinstance(failure.error, RuntimeError):
        return failure.as_error(ErrorCode.KEYS_EXPIRED)
    if isinstance(failure.error, _MALFORMED_DATA_ERRORS):
        return failure.as_error(
            ErrorCode.KEYS_INCOMPLETE, detail="AWS_CREDENTIAL_EXPIRATION isn't a time with a zone"
        )
    return _static(failure)


def _process(failure: _ProviderFailure) -> SourceCredentialsError:
    error = failure.error
    if isinstance(error, CommandTimeoutError):
        return failure.as_error(
            ErrorCode.PROCESS_TIMEOUT, detail=f"{failure.process_seconds:g} seconds"
        )
    if isinstance(error, OutputTooLargeError):
        return failure.as_error(ErrorCode.PROCESS_ANSWER, detail="it is too long")
    if isinstance(error, OSError):
        return failure.as_error(ErrorCode.PROCESS_MISSING, detail=_system_reason(error))
    if failure.status is None:
        return failure.as_error(ErrorCode.PROCESS_MISSING, detail="its quotes don't match")
    if failure.status != 0:
        return failure.as_error(
            ErrorCode.PROCESS_FAILED, detail=f"it ended with status {failure.status}"
        )
    return _process_answer(failure)


def _process_answer(failure: _ProviderFailure) -> SourceCredentialsError:
    if isinstance(failure.error, RuntimeError):
        return failure.as_error(ErrorCode.PROCESS_EXPIRED)
    if isinstance(failure.error, boto.CredentialRetrievalError):
        return failure.as_error(
            ErrorCode.PROCESS_ANSWER, detail="Version 1, AccessKeyId or SecretAccessKey is missing"
        )
    return failure.as_error(
        ErrorCode.PROCESS_ANSWER,
        detail="it isn't one JSON object, or its Expiration isn't a time with a zone",
    )


def _sso(failure: _ProviderFailure) -> SourceCredentialsError:
    error = failure.error
    if isinstance(error, (boto.InvalidRegionError, boto.ParamValidationError)):
        return failure.as_error(ErrorCode.SSO_CONFIG, why=_safe_message(error))
    return failure.as_error(ErrorCode.BASE_CREDENTIALS, why=_safe_message(error))


def _web_identity(failure: _ProviderFailure) -> SourceCredentialsError:
    error = failure.error
    if isinstance(error, OSError):
        return failure.as_error(
            ErrorCode.WEB_IDENTITY_FILE,
            detail=f"{_shown_path(error)}: {_system_reason(error)}",
        )
    if isinstance(error, UnicodeDecodeError):
        return failure.as_error(ErrorCode.WEB_IDENTITY_FILE, detail="it isn't text")
    if isinstance(error, boto.ParamValidationError):
        return failure.as_error(
            ErrorCode.WEB_IDENTITY_DENIED,
            why="role_arn or the token doesn't have the form AWS requires.",
        )
    return failure.as_error(ErrorCode.BASE_CREDENTIALS, why=_safe_message(error))


def _login(failure: _ProviderFailure) -> SourceCredentialsError:
    error = failure.error
    if isinstance(error, (boto.LoginTokenLoadError, boto.LoginRefreshRequired)):
        return failure.as_error(ErrorCode.LOGIN_NEEDED, why=_safe_message(error))
    if isinstance(error, boto.LoginError):
        return failure.as_error(ErrorCode.LOGIN_DENIED, why=_safe_message(error))
    if isinstance(error, _MALFORMED_DATA_ERRORS):
        return failure.as_error(ErrorCode.LOGIN_NEEDED, why="The stored sign-in can't be read.")
    if not isinstance(error, RuntimeError):
        return failure.as_error(ErrorCode.BASE_CREDENTIALS, why=_safe_message(error))
    if _CRYPTOGRAPHY_ERROR in str(error):
        # awscrt can't read each key that it writes: one in 250 begins with a zero byte, which the
        # file lacks. No program can renew such a sign-in; the next one has another key.
        return failure.as_error(
            ErrorCode.LOGIN_NEEDED, why="The key of the stored sign-in can't be read."
        )
    return failure.as_error(
        ErrorCode.BASE_CREDENTIALS, why="AWS returned credentials that have already expired."
    )


def _metadata(failure: _ProviderFailure) -> SourceCredentialsError:
    if isinstance(failure.error, RuntimeError):
        return failure.as_error(ErrorCode.NO_METADATA, detail="its credentials have expired")
    return failure.as_error(
        ErrorCode.NO_METADATA,
        detail="its response or its settings can't be used",
        why=_safe_message(failure.error),
    )


def _container(failure: _ProviderFailure) -> SourceCredentialsError:
    error = failure.error
    if isinstance(error, boto.CredentialRetrievalError):
        status = _HTTP_STATUS.search(str(error))
        return failure.as_error(
            ErrorCode.CONTAINER_ANSWER,
            why=f"It returned HTTP status {status[1]}." if status else "It doesn't respond.",
        )
    if isinstance(error, OSError):
        return failure.as_error(
            ErrorCode.CONTAINER_ANSWER,
            why=f"The token file can't be read: {_system_reason(error)}.",
        )
    if isinstance(error, ValueError) and str(error).startswith("Unsupported host"):
        return failure.as_error(
            ErrorCode.CONTAINER_ANSWER, why="Its address is neither local nor AWS's."
        )
    return failure.as_error(
        ErrorCode.CONTAINER_ANSWER, why="Its response isn't what the SDKs expect."
    )


def _shown_path(error: OSError) -> str:
    return show_value(str(error.filename), _MAX_PATH_LENGTH) if error.filename else "the file"


def _system_reason(error: OSError) -> str:
    return (error.strerror or "no reason given").lower()


def _safe_message(error: Exception) -> str:
    """Return the text of botocore's own errors, which quote only settings; of others, the type.

    It ends with its first line: what follows continues a setting that it quotes.
    """
    if not isinstance(error, boto.BotoCoreError):
        return type(error).__name__
    return hide_secrets(str(error)).partition("\n")[0]


_BY_KIND: Mapping[CredentialSourceKind, Callable[[_ProviderFailure], SourceCredentialsError]] = {
    CredentialSourceKind.STATIC_KEYS: _static,
    CredentialSourceKind.ENVIRONMENT: _environment,
    CredentialSourceKind.CREDENTIAL_PROCESS: _process,
    CredentialSourceKind.SSO: _sso,
    CredentialSourceKind.WEB_IDENTITY: _web_identity,
    CredentialSourceKind.LOGIN_SESSION: _login,
    CredentialSourceKind.EC2_METADATA: _metadata,
    CredentialSourceKind.ECS_CONTAINER: _container,
}
