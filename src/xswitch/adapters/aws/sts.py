"""STS: the three calls xswitch makes, and a probe of its endpoint.

Plain calls go through `sts_http`, the rest through botocore. Calls have a time limit and ignore the
user's config files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from xswitch.core.arn import is_account_id, is_caller_arn, is_unique_id
from xswitch.core.errors import ErrorCode
from xswitch.core.errors.sts import (
    ApiCall,
    AwsErrorResponse,
    connection_error,
    error_from_response,
    redact,
)
from xswitch.core.model import (
    AssumedRole,
    AssumeRoleRequest,
    CallerIdentity,
    Credentials,
    Endpoint,
    ProbeResult,
    Secret,
)
from xswitch.threads import DEFAULT_TIMEOUTS, Timeouts, run_with_timeout

if TYPE_CHECKING:
    from xswitch.adapters.aws.clients import ClientCache
    from xswitch.adapters.aws.sts_http import DirectSts


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


_METHODS = {
    "AssumeRole": "assume_role",
    "GetSessionToken": "get_session_token",
    "GetCallerIdentity": "get_caller_identity",
}


def _retry_delay() -> None:
    """Sleep up to a second, as botocore does before its second attempt."""
    import secrets  # noqa: PLC0415 -- only needed after a failed attempt

    time.sleep(secrets.randbelow(1000) / 1000)


class BotoSts:
    """Implements `actions.ports.Sts`. Thread-safe; one per process, since it keeps connections.

    Proxies come from the environment. The first attempt of a plain call is made without botocore,
    unless `timeouts` allow only one; `sleep` waits before the next attempt.
    """

    def __init__(
        self,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[], None] = _retry_delay,
    ) -> None:
        self._timeouts = timeouts
        self._now = now
        self._sleep = sleep
        self._direct: DirectSts | None = None
        self._clients: dict[int, ClientCache] = {}

    def assume_role(
        self, credentials: Credentials, request: AssumeRoleRequest, endpoint: Endpoint
    ) -> AssumedRole:
        """Call sts:AssumeRole.

        Raises AwsDeniedError, SourceCredentialsError (the long-term keys are invalid),
        NetworkError.
        """
        call = _api_call("AssumeRole", credentials, endpoint, request.role_arn)
        response = self._call("AssumeRole", _parameters(request), credentials, endpoint, call)
        return AssumedRole(
            _credentials(response, call), _text(response, call, "AssumedRoleUser", "Arn")
        )

    def get_session_token(
        self,
        credentials: Credentials,
        serial: str,
        code: str,
        duration_seconds: int,
        endpoint: Endpoint,
    ) -> Credentials:
        """Call sts:GetSessionToken with an MFA code. Raises as `assume_role`."""
        call = _api_call("GetSessionToken", credentials, endpoint, serial)
        parameters = {
            "SerialNumber": serial,
            "TokenCode": code,
            "DurationSeconds": duration_seconds,
        }
        return _credentials(
            self._call("GetSessionToken", parameters, credentials, endpoint, call), call
        )

    def get_caller_identity(self, credentials: Credentials, endpoint: Endpoint) -> CallerIdentity:
        """Call sts:GetCallerIdentity. Raises as `assume_role`."""
        call = _api_call("GetCallerIdentity", credentials, endpoint)
        response = self._call("GetCallerIdentity", {}, credentials, endpoint, call)
        # These are displayed, so they must not repeat a secret from the request.
        return CallerIdentity(
            _validated_text(response, call, "Account", is_account_id),
            _validated_text(response, call, "Arn", is_caller_arn),
            _validated_text(response, call, "UserId", is_unique_id),
        )

    def _call(
        self,
        action: str,
        parameters: dict[str, Any],
        credentials: Credentials,
        endpoint: Endpoint,
        call: ApiCall,
    ) -> Any:
        token = credentials.session_token
        secrets = (
            credentials.secret_access_key.reveal(),
            "" if token is None else token.reveal(),
            parameters.get("TokenCode", ""),
        )
        try:
            response = run_with_timeout(
                self._timeouts.total, lambda: self._send(action, parameters, credentials, endpoint)
            )
        except TimeoutError:
            raise connection_error(
                call,
                ErrorCode.TIMEOUT,
                f"No complete response within {self._timeouts.total:g} seconds.",
            ) from None
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its own tree
            from xswitch.adapters.aws import errors  # noqa: PLC0415 -- imports botocore

            raise errors.translate_error(error, call, self._now(), secrets) from None
        if isinstance(response, AwsErrorResponse):
            raise error_from_response(call, replace(response, text=redact(response.text, secrets)))
        return response

    def _send(
        self, action: str, parameters: dict[str, Any], credentials: Credentials, endpoint: Endpoint
    ) -> Any:
        tries = self._timeouts.tries
        if tries > 1:
            direct = self._direct_sts()
            if direct.is_plain_call(parameters, credentials, endpoint):
                response = direct.call(action, parameters, credentials, endpoint)
                if response is not None:
                    return response
                self._sleep()
                tries -= 1
        # Imports botocore, which takes 160 ms and isn't needed for most calls.
        from xswitch.adapters.aws.clients import ClientCache, signed_with  # noqa: PLC0415

        clients = self._clients.get(tries)
        if clients is None:
            clients = self._clients[tries] = ClientCache(replace(self._timeouts, tries=tries))
        method = _METHODS[action]
        with signed_with(credentials):
            return getattr(clients.get(endpoint), method)(**parameters)

    def _direct_sts(self) -> DirectSts:
        if self._direct is None:
            # Imports HTTP and XML, which are only needed for calls.
            from xswitch.adapters.aws.sts_http import DirectSts  # noqa: PLC0415

            self._direct = DirectSts(self._timeouts, self._now, os.environ)
        return self._direct


def _api_call(
    operation: str, credentials: Credentials, endpoint: Endpoint, hop: str = ""
) -> ApiCall:
    return ApiCall(
        f"sts:{operation}",
        endpoint.region,
        hop,
        long_term=not credentials.temporary,
        url=endpoint.url or "",
    )


def _parameters(request: AssumeRoleRequest) -> dict[str, Any]:
    parameters = {
        "RoleArn": request.role_arn,
        "RoleSessionName": request.session_name,
        "DurationSeconds": request.duration_seconds,
        "ExternalId": request.external_id,
        "SerialNumber": request.mfa_serial,
        "TokenCode": None if request.mfa_code is None else request.mfa_code.reveal(),
        "Tags": [{"Key": key, "Value": value} for key, value in request.tags] or None,
        "TransitiveTagKeys": list(request.transitive_tag_keys) or None,
        "PolicyArns": [{"arn": arn} for arn in request.policy_arns] or None,
        "Policy": request.policy,
        "SourceIdentity": request.source_identity,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def _credentials(response: Any, call: ApiCall) -> Credentials:
    expires_at = _lookup(response, "Credentials", "Expiration")
    if not isinstance(expires_at, datetime) or expires_at.tzinfo is None:
        raise connection_error(call, ErrorCode.NOT_AWS, "The response has no expiration time.")
    return Credentials(
        access_key_id=_text(response, call, "Credentials", "AccessKeyId"),
        secret_access_key=Secret(_text(response, call, "Credentials", "SecretAccessKey")),
        session_token=Secret(_text(response, call, "Credentials", "SessionToken")),
        expires_at=expires_at.astimezone(UTC),
    )


def _text(response: Any, call: ApiCall, *path: str) -> str:
    text = _lookup(response, *path)
    if not isinstance(text, str) or not text:
        raise connection_error(call, ErrorCode.NOT_AWS, f"The response has no {path[-1]}.")
    return text


def _validated_text(
    response: Any, call: ApiCall, name: str, is_valid: Callable[[str], bool]
) -> str:
    text = _text(response, call, name)
    if not is_valid(text):
        raise connection_error(call, ErrorCode.NOT_AWS, f"The {name} in the response isn't valid.")
    return text


def _lookup(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


class HttpStsProbe:
    """Implements `actions.ports.StsProbe` with one unsigned request, which needs no credentials."""

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds

    def probe(self, endpoint: Endpoint) -> ProbeResult:
        """Return the server's time and the round trip; any HTTP response counts.

        Raises NetworkError after at most a few seconds.
        """
        # Imports botocore, which takes 160 ms.
        from xswitch.adapters.aws import errors  # noqa: PLC0415
        from xswitch.adapters.aws.clients import ClientCache  # noqa: PLC0415
        from xswitch.adapters.aws.sts_http import server_time  # noqa: PLC0415

        call = ApiCall("The probe", endpoint.region, url=endpoint.url or "")
        timeouts = Timeouts(connect=self._seconds, read=self._seconds, total=self._seconds, tries=1)
        try:
            clients = ClientCache(timeouts)
            clients.get(endpoint)
            date, seconds = run_with_timeout(timeouts.total, lambda: clients.probe(endpoint))
            return ProbeResult(server_time(date), round(seconds * 1000))
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"No response within {timeouts.total:g} seconds."
            ) from None
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its own tree
            raise errors.translate_connection_error(error, call) from None
