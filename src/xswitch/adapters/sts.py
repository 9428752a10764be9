"""The three STS calls, by botocore: bounded in time, deaf to the user's config files, every failure one of our errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from xswitch.adapters.deadline import DEFAULT_LIMITS, Limits, within
from xswitch.core.model import AssumedRole, AssumeRoleRequest, CallerIdentity, Credentials, Endpoint, Secret
from xswitch.core.stserrors import Call, broken

if TYPE_CHECKING:
    from xswitch.adapters.stsclient import Clients


def utc_now() -> datetime:
    """This machine's time."""
    return datetime.now(UTC)


class BotoSts:
    """Fulfils `actions.ports.Sts`. One per process: it keeps a client, and so a connection, per endpoint. Safe for threads.

    Proxies come from the environment. Each call makes at most two tries, and takes at most `limits.total` seconds.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, now: Callable[[], datetime] = utc_now) -> None:
        self._limits = limits
        self._now = now
        self._clients: Clients | None = None

    def assume_role(self, credentials: Credentials, request: AssumeRoleRequest, endpoint: Endpoint) -> AssumedRole:
        """sts:AssumeRole. Raises AwsDeniedError, BaseCredentialsError (the long-term keys are at fault), NetworkError."""
        call = _call("AssumeRole", credentials, endpoint, request.role_arn)
        answer = self._ask("assume_role", _parameters(request), credentials, endpoint, call)
        return AssumedRole(_credentials(answer, call), _text(answer, call, "AssumedRoleUser", "Arn"))

    def get_session_token(self, credentials: Credentials, serial: str, code: str, duration_seconds: int, endpoint: Endpoint) -> Credentials:
        """sts:GetSessionToken with MFA. Raises as `assume_role`."""
        call = _call("GetSessionToken", credentials, endpoint, serial)
        parameters = {"SerialNumber": serial, "TokenCode": code, "DurationSeconds": duration_seconds}
        return _credentials(self._ask("get_session_token", parameters, credentials, endpoint, call), call)

    def get_caller_identity(self, credentials: Credentials, endpoint: Endpoint) -> CallerIdentity:
        """sts:GetCallerIdentity. Raises as `assume_role`."""
        call = _call("GetCallerIdentity", credentials, endpoint)
        answer = self._ask("get_caller_identity", {}, credentials, endpoint, call)
        return CallerIdentity(_text(answer, call, "Account"), _text(answer, call, "Arn"), _text(answer, call, "UserId"))

    def _ask(self, method: str, parameters: dict[str, Any], credentials: Credentials, endpoint: Endpoint, call: Call) -> Any:
        from xswitch.adapters import stsclient, stsfaults  # noqa: PLC0415 -- they import botocore, 160 ms nobody else shall pay

        if self._clients is None:
            self._clients = stsclient.Clients(self._limits)
        clients = self._clients

        def work() -> Any:
            with stsclient.signed_with(credentials):
                return getattr(clients.get(endpoint), method)(**parameters)

        try:
            return within(self._limits.total, work)
        except TimeoutError:
            raise broken(call, "timeout", f"There was no complete answer within {self._limits.total:g} seconds.") from None
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its own tree; `fault` knows what
            token = credentials.session_token
            secrets = (
                credentials.secret_access_key.reveal(),
                "" if token is None else token.reveal(),
                parameters.get("TokenCode", ""),
            )
            raise stsfaults.fault(error, call, self._now(), secrets) from None


def _call(operation: str, credentials: Credentials, endpoint: Endpoint, hop: str = "") -> Call:
    return Call(f"sts:{operation}", endpoint.region, hop, long_term=not credentials.temporary, url=endpoint.url or "")


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


def _credentials(answer: Any, call: Call) -> Credentials:
    expires_at = _find(answer, "Credentials", "Expiration")
    if not isinstance(expires_at, datetime) or expires_at.tzinfo is None:
        raise broken(call, "not_aws", "The answer says no time at which the credentials expire.")
    return Credentials(
        access_key_id=_text(answer, call, "Credentials", "AccessKeyId"),
        secret_access_key=Secret(_text(answer, call, "Credentials", "SecretAccessKey")),
        session_token=Secret(_text(answer, call, "Credentials", "SessionToken")),
        expires_at=expires_at.astimezone(UTC),
    )


def _text(answer: Any, call: Call, *path: str) -> str:
    found = _find(answer, *path)
    if not isinstance(found, str) or not found:
        raise broken(call, "not_aws", f"The answer has no {path[-1]}.")
    return found


def _find(answer: Any, *path: str) -> Any:
    for name in path:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer
