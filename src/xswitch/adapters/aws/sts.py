"""The three STS calls, plain ones directly, others by botocore.

Bounded in time, deaf to config files, every failure an error of ours.
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
    """This machine's time."""
    return datetime.now(UTC)


_METHODS = {
    "AssumeRole": "assume_role",
    "GetSessionToken": "get_session_token",
    "GetCallerIdentity": "get_caller_identity",
}


def _retry_delay() -> None:
    """Up to a second, as botocore waits before its second try."""
    import secrets  # noqa: PLC0415 -- for a first try that failed

    time.sleep(secrets.randbelow(1000) / 1000)


class BotoSts:
    """Fulfils `actions.ports.Sts`.

    One per process: it keeps a client, and so a connection, per endpoint. Safe for threads.

    Proxies come from the environment. Each call makes at most `sts_limits.tries` tries, and takes
    at most `sts_limits.total` seconds. The first try of a plain call is made without botocore (see
    `stsdirect`), unless it is to be the only one; `pause` waits before the next.
    """

    def __init__(
        self,
        limits: Timeouts = DEFAULT_TIMEOUTS,
        now: Callable[[], datetime] = utc_now,
        pause: Callable[[], None] = _retry_delay,
    ) -> None:
        self._limits = limits
        self._now = now
        self._pause = pause
        self._direct: DirectSts | None = None
        self._clients: dict[int, ClientCache] = {}

    def assume_role(
        self, credentials: Credentials, request: AssumeRoleRequest, endpoint: Endpoint
    ) -> AssumedRole:
        """sts:AssumeRole.

        Raises AwsDeniedError, SourceCredentialsError (the long-term keys are at fault),
        NetworkError.
        """
        call = _api_call("AssumeRole", credentials, endpoint, request.role_arn)
        answer = self._ask("AssumeRole", _parameters(request), credentials, endpoint, call)
        return AssumedRole(
            _credentials(answer, call), _text(answer, call, "AssumedRoleUser", "Arn")
        )

    def get_session_token(
        self,
        credentials: Credentials,
        serial: str,
        code: str,
        duration_seconds: int,
        endpoint: Endpoint,
    ) -> Credentials:
        """sts:GetSessionToken with MFA. Raises as `assume_role`."""
        call = _api_call("GetSessionToken", credentials, endpoint, serial)
        parameters = {
            "SerialNumber": serial,
            "TokenCode": code,
            "DurationSeconds": duration_seconds,
        }
        return _credentials(
            self._ask("GetSessionToken", parameters, credentials, endpoint, call), call
        )

    def get_caller_identity(self, credentials: Credentials, endpoint: Endpoint) -> CallerIdentity:
        """sts:GetCallerIdentity. Raises as `assume_role`."""
        call = _api_call("GetCallerIdentity", credentials, endpoint)
        answer = self._ask("GetCallerIdentity", {}, credentials, endpoint, call)
        # These are shown as they are, so nothing that was sent along may hide in them.
        return CallerIdentity(
            _validated_text(answer, call, "Account", is_account_id),
            _validated_text(answer, call, "Arn", is_caller_arn),
            _validated_text(answer, call, "UserId", is_unique_id),
        )

    def _ask(
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
            found = run_with_timeout(
                self._limits.total, lambda: self._answer(action, parameters, credentials, endpoint)
            )
        except TimeoutError:
            raise connection_error(
                call,
                ErrorCode.TIMEOUT,
                f"There was no complete answer within {self._limits.total:g} seconds.",
            ) from None
        # Botocore raises far outside its own tree; `fault` knows what
        except Exception as error:  # noqa: BLE001
            # It imports botocore, and most calls work
            from xswitch.adapters.aws import errors  # noqa: PLC0415

            raise errors.translate_error(error, call, self._now(), secrets) from None
        if isinstance(found, AwsErrorResponse):
            raise error_from_response(call, replace(found, text=redact(found.text, secrets)))
        return found

    def _answer(
        self, action: str, parameters: dict[str, Any], credentials: Credentials, endpoint: Endpoint
    ) -> Any:
        tries = self._limits.tries
        if tries > 1:
            direct = self._first()
            if direct.ready(parameters, credentials, endpoint):
                found = direct.ask(action, parameters, credentials, endpoint)
                if found is not None:
                    return found
                self._pause()
                tries -= 1
        # Imports botocore (160 ms), which most calls don't need.
        from xswitch.adapters.aws.clients import ClientCache, signed_with  # noqa: PLC0415

        clients = self._clients.get(tries)
        if clients is None:
            clients = self._clients[tries] = ClientCache(replace(self._limits, tries=tries))
        method = _METHODS[action]
        with signed_with(credentials):
            return getattr(clients.get(endpoint), method)(**parameters)

    def _first(self) -> DirectSts:
        if self._direct is None:
            # Whoever makes no call needs no HTTP
            from xswitch.adapters.aws.sts_http import DirectSts  # noqa: PLC0415

            self._direct = DirectSts(self._limits, self._now, os.environ)
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
    found = {
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
    return {name: value for name, value in found.items() if value is not None}


def _credentials(answer: Any, call: ApiCall) -> Credentials:
    expires_at = _lookup(answer, "Credentials", "Expiration")
    if not isinstance(expires_at, datetime) or expires_at.tzinfo is None:
        raise connection_error(
            call, ErrorCode.NOT_AWS, "The answer says no time at which the credentials expire."
        )
    return Credentials(
        access_key_id=_text(answer, call, "Credentials", "AccessKeyId"),
        secret_access_key=Secret(_text(answer, call, "Credentials", "SecretAccessKey")),
        session_token=Secret(_text(answer, call, "Credentials", "SessionToken")),
        expires_at=expires_at.astimezone(UTC),
    )


def _text(answer: Any, call: ApiCall, *path: str) -> str:
    found = _lookup(answer, *path)
    if not isinstance(found, str) or not found:
        raise connection_error(call, ErrorCode.NOT_AWS, f"The answer has no {path[-1]}.")
    return found


def _validated_text(answer: Any, call: ApiCall, name: str, is_one: Callable[[str], bool]) -> str:
    found = _text(answer, call, name)
    if not is_one(found):
        raise connection_error(call, ErrorCode.NOT_AWS, f"The answer's {name} can't be one.")
    return found


def _lookup(answer: Any, *path: str) -> Any:
    for name in path:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


class HttpStsProbe:
    """Fulfils `actions.ports.StsProbe`.

    It sends one unsigned request, so it needs no credentials.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds

    def reach(self, endpoint: Endpoint) -> ProbeResult:
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
            date, seconds = run_with_timeout(timeouts.total, lambda: clients.look(endpoint))
            return ProbeResult(server_time(date), round(seconds * 1000))
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"There was no answer within {timeouts.total:g} seconds."
            ) from None
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its own tree
            raise errors.translate_connection_error(error, call) from None
