"""The access portal: ListAccounts, ListAccountRoles, GetRoleCredentials, Logout.

Sources: the API reference "IAM Identity Center Portal", and messages that AWS returns.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.identity_center.sign_ins import IssuedToken, SignIn, SignInStore
from xswitch.emulator.rest_json import RestCall, error
from xswitch.emulator.role_sessions import assumed_role_arn
from xswitch.emulator.state import Account, AwsState, IdentityCenter
from xswitch.emulator.stores import IssuedSession, SessionStore, new_session_keys

NAME = "sso"
MAX_PAGE = 100
_DEFAULT_PAGE = 20
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_SCOPE = "sso:account:access"

Result = Mapping[str, Any] | None
Action = Callable[[RestCall, AwsState, SignIn, SessionStore], Result]


def perform(call: RestCall, world: AwsState, sign_ins: SignInStore, store: SessionStore) -> Result:
    """Run an action. Raises EmulatedAwsError."""
    sign_in = _sign_in(call, world, sign_ins)
    instance = world.identity_center(sign_in.start_url)
    if instance is not None and instance.throttle is not None:
        wait = sign_ins.wait_seconds(instance.start_url, instance.throttle, call.now)
        if wait:
            raise too_many_requests(max(math.ceil(wait), 1))
    return ACTIONS[call.action](call, world, sign_in, store)


def too_many_requests(retry_after: int) -> EmulatedAwsError:
    """Make the error for a throttled call; `retry_after` is in seconds."""
    return error("TooManyRequestsException", "Too many requests", retry_after=retry_after)


def _sign_in(call: RestCall, world: AwsState, sign_ins: SignInStore) -> SignIn:
    """The sign-in of the call's access token. Raises UnauthorizedException."""
    issued: IssuedToken | None = sign_ins.access_tokens.get(call.bearer)
    if issued is None or issued.sign_in.ended or call.now >= issued.expires_at:
        raise _unauthorized()
    sign_in = issued.sign_in
    instance = world.identity_center(sign_in.start_url)
    if instance is None or instance.user(sign_in.user) is None:
        raise _unauthorized()
    if call.region not in ("", instance.region):
        raise _unauthorized()
    if sign_in.scopes and _SCOPE not in sign_in.scopes:
        raise _unauthorized()
    return sign_in


def _unauthorized() -> EmulatedAwsError:
    return error("UnauthorizedException", "Session token not found or invalid")


def _list_accounts(
    call: RestCall, world: AwsState, sign_in: SignIn, _store: SessionStore
) -> Result:
    assigned = _instance(world, sign_in).assigned(sign_in.user)
    accounts = [account for account in map(world.account, assigned) if account is not None]
    page, next_token = _page(call, accounts, sign_in)
    return {
        "accountList": [
            {
                "accountId": account.id,
                "accountName": account.name,
                "emailAddress": account.email_address,
            }
            for account in page
        ],
        "nextToken": next_token,
    }


def _list_account_roles(
    call: RestCall, world: AwsState, sign_in: SignIn, _store: SessionStore
) -> Result:
    account = _account(call, world)
    assigned = _instance(world, sign_in).assigned(sign_in.user).get(account.id)
    if not assigned:
        raise _no_access()
    page, next_token = _page(call, list(assigned), sign_in)
    roles = [{"roleName": name, "accountId": account.id} for name in page]
    return {"roleList": roles, "nextToken": next_token}


def _get_role_credentials(
    call: RestCall, world: AwsState, sign_in: SignIn, store: SessionStore
) -> Result:
    account, name = _account(call, world), _parameter(call, "role_name")
    instance = _instance(world, sign_in)
    permission_set = instance.permission_set(name)
    role = world.role(instance.role_arn(account, name))
    assigned = name in instance.assigned(sign_in.user).get(account.id, {})
    if permission_set is None or role is None or not assigned:
        raise _no_access()
    issued_at = call.now.replace(microsecond=0)
    session = IssuedSession(
        keys=new_session_keys(account.id),
        account=account.id,
        principal_arn=assumed_role_arn(role, sign_in.user),
        role_arn=role.arn,
        session_name=sign_in.user,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=permission_set.session_seconds),
        principal_id=role.id,
    )
    store.add(session)
    return {
        "roleCredentials": {
            "accessKeyId": session.keys.access_key_id,
            "secretAccessKey": session.keys.secret,
            "sessionToken": session.keys.token,
            "expiration": int(session.expires_at.timestamp()) * 1_000,
        }
    }


def _logout(_call: RestCall, _world: AwsState, sign_in: SignIn, _store: SessionStore) -> Result:
    sign_in.ended = True
    return None


def _instance(world: AwsState, sign_in: SignIn) -> IdentityCenter:
    instance = world.identity_center(sign_in.start_url)
    if instance is None:
        raise _unauthorized()
    return instance


def _no_access() -> EmulatedAwsError:
    return error("ForbiddenException", "No access")


def _account(call: RestCall, world: AwsState) -> Account:
    text = _parameter(call, "account_id")
    if not _ACCOUNT_ID.fullmatch(text):
        raise error("InvalidRequestException", f"Invalid account ID: {text}")
    account = world.account(text)
    if account is None:
        raise error("ResourceNotFoundException", "The account doesn't exist")
    return account


def _parameter(call: RestCall, name: str) -> str:
    value = call.parameters.get(name, "")
    if not value:
        raise error("InvalidRequestException", f"{name} is missing")
    return str(value)


def _page(
    call: RestCall, items: Sequence[Any], sign_in: SignIn
) -> tuple[Sequence[Any], str | None]:
    """One page and the token of the next, which is valid for the same call of the same person."""
    text = str(call.parameters.get("max_result", _DEFAULT_PAGE))
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= MAX_PAGE:
        raise error("InvalidRequestException", f"max_result must be 1 to {MAX_PAGE}")
    seal = f"{call.action}\n{call.parameters.get('account_id', '')}\n{sign_in.user}"
    start = _start(call.parameters.get("next_token"), seal)
    end = start + int(text)
    return items[start:end], _sealed(end, seal) if end < len(items) else None


def _sealed(start: int, seal: str) -> str:
    digest = hashlib.sha256(f"{start}\n{seal}".encode()).hexdigest()[:32]
    return base64.urlsafe_b64encode(f"{start}:{digest}".encode()).decode()


def _start(next_token: Any, seal: str) -> int:
    if next_token is None:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(str(next_token)).partition(b":")[0])
    except ValueError:
        start = -1
    if start < 0 or _sealed(start, seal) != next_token:
        raise error("InvalidRequestException", "Invalid next token")
    return start


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "ListAccounts": _list_accounts,
        "ListAccountRoles": _list_account_roles,
        "GetRoleCredentials": _get_role_credentials,
        "Logout": _logout,
    }
)
"""Every action of the portal that the emulator has."""
