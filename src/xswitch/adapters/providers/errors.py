"""Every exception of botocore's credential providers, and of what they run, as one of our errors.

Importing this module imports botocore. What a credential_process or a container endpoint printed is never part of an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import botocore.exceptions as boto

from xswitch.adapters.aws.errors import connection_fault, is_connection_fault, refusal
from xswitch.adapters.system.processes import OverdueError, TooMuchError
from xswitch.core.errors import BaseCredentialsError, NetworkError, XswitchError
from xswitch.core.errors.source_credentials import Source, missing
from xswitch.core.errors.sts import Call, refused
from xswitch.core.model import BaseKind

_ODD = (LookupError, ValueError, TypeError, AttributeError)
# What botocore misses in a page that isn't an answer of AWS; a damaged token file lacks other keys.
_PARTS_OF_AN_ANSWER = frozenset({"roleCredentials", "AssumeRoleWithWebIdentityResult", "Credentials"})
_HTTP_STATUS = re.compile(r"Received non 200 response (\d{3})\b")
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


@dataclass(frozen=True, slots=True)
class _Failure:
    error: Exception
    source: Source
    status: int | None
    process_seconds: float

    def says(self, code: str, *, detail: str = "", why: str = "") -> BaseCredentialsError:
        return missing(self.source, code, detail=detail, why=why)


def fault(error: Exception, source: Source, call: Call, status: int | None = None, process_seconds: float = 60.0) -> XswitchError:
    """The error to raise for what a provider raised; `status` is the exit status of the credential_process."""
    if is_connection_fault(error) or (isinstance(error, KeyError) and error.args[:1] and error.args[0] in _PARTS_OF_AN_ANSWER):
        return connection_fault(error, call)
    if isinstance(error, boto.ClientError):
        return _answered(error, source, call)
    return _BY_KIND[source.base.kind](_Failure(error, source, status, process_seconds))


def absent(source: Source, environment: Mapping[str, str]) -> BaseCredentialsError:
    """The error for a source that isn't there at all."""
    kind = source.base.kind
    if kind is BaseKind.EC2_METADATA:
        off = environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
        return missing(source, "no_metadata", detail="AWS_EC2_METADATA_DISABLED is set" if off else "it does not answer, or knows no role")
    if kind is BaseKind.ECS_CONTAINER:
        return missing(source, "no_container", detail=f"neither {_CONTAINER[0]} nor {_CONTAINER[1]} is set")
    codes = {
        BaseKind.STATIC_KEYS: "keys_missing",
        BaseKind.ENVIRONMENT: "keys_missing",
        BaseKind.SSO: "sso_config",
        BaseKind.LOGIN_SESSION: "login_needed",
    }
    return missing(source, codes.get(kind, "base_credentials"))


def _answered(error: boto.ClientError, source: Source, call: Call) -> XswitchError:
    answer = refusal(error, datetime.now(UTC))
    found = refused(call, answer)
    if isinstance(found, NetworkError):
        return found
    if found.code == "throttled":
        return BaseCredentialsError(found.what, why=found.why, next_step=found.next_step, code=found.code)
    codes = {BaseKind.SSO: "sso_denied", BaseKind.WEB_IDENTITY: "web_identity_denied", BaseKind.LOGIN_SESSION: "login_denied"}
    return missing(source, codes.get(source.base.kind, "base_credentials"), why=answer.text or answer.code)


def _static(failure: _Failure) -> BaseCredentialsError:
    if isinstance(failure.error, boto.PartialCredentialsError):
        return failure.says("keys_incomplete", detail=f"{failure.error.kwargs.get('cred_var')} is missing")
    return failure.says("base_credentials", why=_plain(failure.error))


def _environment(failure: _Failure) -> BaseCredentialsError:
    if isinstance(failure.error, RuntimeError):
        return failure.says("keys_expired")
    if isinstance(failure.error, _ODD):
        return failure.says("keys_incomplete", detail="AWS_CREDENTIAL_EXPIRATION is no time with a zone")
    return _static(failure)


def _process(failure: _Failure) -> BaseCredentialsError:
    error = failure.error
    if isinstance(error, OverdueError):
        return failure.says("process_timeout", detail=f"{failure.process_seconds:g} seconds")
    if isinstance(error, TooMuchError):
        return failure.says("process_answer", detail="it is far too long")
    if isinstance(error, OSError):
        return failure.says("process_missing", detail=(error.strerror or "no reason given").lower())
    if failure.status is None:
        return failure.says("process_missing", detail="its quotes do not match")
    if failure.status != 0:
        return failure.says("process_failed", detail=f"it ended with status {failure.status}")
    return _process_answer(failure)


def _process_answer(failure: _Failure) -> BaseCredentialsError:
    if isinstance(failure.error, RuntimeError):
        return failure.says("process_expired")
    if isinstance(failure.error, boto.CredentialRetrievalError):
        return failure.says("process_answer", detail="Version 1, AccessKeyId or SecretAccessKey is missing")
    return failure.says("process_answer", detail="it is not one JSON object, or its Expiration is no time with a zone")


def _sso(failure: _Failure) -> BaseCredentialsError:
    error = failure.error
    if isinstance(error, (boto.SSOError, boto.TokenRetrievalError)):
        return failure.says("sso_login", why=_plain(error))
    if isinstance(error, (boto.InvalidConfigError, boto.InvalidRegionError)):
        return failure.says("sso_config", why=_plain(error))
    return failure.says("sso_cache") if isinstance(error, _ODD) else failure.says("base_credentials", why=_plain(error))


def _web_identity(failure: _Failure) -> BaseCredentialsError:
    error = failure.error
    if isinstance(error, OSError):
        return failure.says("web_identity_file", detail=f"{error.filename or 'the file'}: {(error.strerror or 'no reason given').lower()}")
    if isinstance(error, UnicodeDecodeError):
        return failure.says("web_identity_file", detail="it is not text")
    if isinstance(error, boto.ParamValidationError):
        return failure.says("web_identity_denied", why="role_arn or the token does not have the form AWS asks for.")
    return failure.says("base_credentials", why=_plain(error))


def _login(failure: _Failure) -> BaseCredentialsError:
    error = failure.error
    if isinstance(error, (boto.LoginTokenLoadError, boto.LoginRefreshRequired)):
        return failure.says("login_needed", why=_plain(error))
    if isinstance(error, boto.LoginError):
        return failure.says("login_denied", why=_plain(error))
    return failure.says("login_needed", why="The stored sign-in can't be read.") if isinstance(error, _ODD) else _other(failure)


def _metadata(failure: _Failure) -> BaseCredentialsError:
    if isinstance(failure.error, RuntimeError):
        return failure.says("no_metadata", detail="those it has are expired")
    return failure.says("no_metadata", detail="its answer or its settings can't be used", why=_plain(failure.error))


def _container(failure: _Failure) -> BaseCredentialsError:
    error = failure.error
    if isinstance(error, boto.CredentialRetrievalError):
        found = _HTTP_STATUS.search(str(error))
        return failure.says("container_answer", why=f"It answered with HTTP status {found[1]}." if found else "It does not answer.")
    if isinstance(error, OSError):
        return failure.says("container_answer", why=f"The token file can't be read: {(error.strerror or 'no reason given').lower()}.")
    if isinstance(error, ValueError) and str(error).startswith("Unsupported host"):
        return failure.says("container_answer", why="Its address is neither this machine nor one of AWS's.")
    return failure.says("container_answer", why="Its answer is not what the SDKs expect.")


def _other(failure: _Failure) -> BaseCredentialsError:
    return failure.says("base_credentials", why=_plain(failure.error))


def _plain(error: Exception) -> str:
    """The text of an error of botocore's own, which quotes settings at most; the name of any other."""
    return str(error) if isinstance(error, boto.BotoCoreError) else type(error).__name__


_BY_KIND: Mapping[BaseKind, Callable[[_Failure], BaseCredentialsError]] = {
    BaseKind.STATIC_KEYS: _static,
    BaseKind.ENVIRONMENT: _environment,
    BaseKind.CREDENTIAL_PROCESS: _process,
    BaseKind.SSO: _sso,
    BaseKind.WEB_IDENTITY: _web_identity,
    BaseKind.LOGIN_SESSION: _login,
    BaseKind.EC2_METADATA: _metadata,
    BaseKind.ECS_CONTAINER: _container,
}
