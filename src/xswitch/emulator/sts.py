"""The STS actions.

Each takes an authenticated call and answers with the members of its result, or raises
EmulatedAwsError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from xswitch.emulator.assume_role import assume_role
from xswitch.emulator.authorize import access_denied_error, authorize_action, base_context
from xswitch.emulator.callers import AuthenticatedCall
from xswitch.emulator.errors import (
    AWS_FAULT_NAMESPACE,
    STS_NAMESPACE,
    EmulatedAwsError,
    access_denied,
    validation_error,
)
from xswitch.emulator.mfa import verify_mfa_code
from xswitch.emulator.parameters import token_request
from xswitch.emulator.sessions import (
    IssuedSession,
    SessionStore,
    account_of_access_key,
    credentials_structure,
    new_session_keys,
)
from xswitch.emulator.state import AwsState
from xswitch.emulator.xml import XmlNode

NAME = "sts"
API_VERSION = "2011-06-15"
NAMESPACE = STS_NAMESPACE
DEFAULT_TOKEN_SECONDS = 43_200
_ALLOWED_TO_SESSIONS_OF_USERS = frozenset({"AssumeRole", "GetCallerIdentity"})

Result = Mapping[str, XmlNode]
Action = Callable[[AuthenticatedCall, AwsState, SessionStore], Result]


def perform(call: AuthenticatedCall, world: AwsState, store: SessionStore) -> Result:
    """The result of a call of an action that `known` let pass. Raises EmulatedAwsError."""
    account = world.account(call.caller.account)
    if account is not None and call.region in account.disabled_regions:
        message = (
            f"STS is not activated in this region for account:{account.id}. "
            "Your account administrator can activate STS in this region using the IAM Console."
        )
        raise EmulatedAwsError("RegionDisabledException", message, 403)
    session = call.caller.session
    if (
        session is not None
        and not session.role_arn
        and call.action not in _ALLOWED_TO_SESSIONS_OF_USERS
    ):
        raise access_denied(f"Cannot call {call.action} with session credentials")
    return ACTIONS[call.action](call, world, store)


def known(parameters: Mapping[str, str]) -> str:
    """The action a request asks for. Raises EmulatedAwsError MissingAction, InvalidAction."""
    action, version = (
        parameters.get("Action", ""),
        parameters.get("Version", "NO_VERSION_SPECIFIED"),
    )
    if not action:
        raise EmulatedAwsError(
            "MissingAction", "Missing Action", 400, namespace=AWS_FAULT_NAMESPACE
        )
    if action not in ACTIONS or version != API_VERSION:
        message = f"Could not find operation {action} for version {version}"
        raise EmulatedAwsError("InvalidAction", message, 400, namespace=AWS_FAULT_NAMESPACE)
    return action


def _get_caller_identity(call: AuthenticatedCall, _world: AwsState, _store: SessionStore) -> Result:
    return {"Arn": call.caller.arn, "UserId": call.caller.user_id, "Account": call.caller.account}


def _get_session_token(call: AuthenticatedCall, _world: AwsState, store: SessionStore) -> Result:
    caller = call.caller
    request = token_request(call.parameters)
    if caller.session is not None:
        raise access_denied("Cannot call GetSessionToken with session credentials")
    mfa = verify_mfa_code(call, store, request.serial, request.code)
    issued_at = call.now.replace(microsecond=0)
    keys = new_session_keys(caller.account)
    session = IssuedSession(
        keys=keys,
        account=caller.account,
        principal_arn=caller.arn,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=request.duration or DEFAULT_TOKEN_SECONDS),
        principal_id=caller.user_id,
    )
    if mfa:
        session = replace(session, mfa_at=issued_at)
    store.add(session)
    return {"Credentials": credentials_structure(session)}


def _get_access_key_info(call: AuthenticatedCall, world: AwsState, _store: SessionStore) -> Result:
    key_id = call.parameters.get("AccessKeyId", "")
    if not re.fullmatch(r"\w{16,128}", key_id, re.ASCII):
        raise validation_error(
            f"1 validation error detected: Value '{key_id}' at 'accessKeyId' failed to satisfy constraint: {_KEY_ID}"
        )
    _authorize(call)
    known = world.key(key_id)
    account = known[0].account if known is not None else account_of_access_key(key_id)
    if not account:
        raise validation_error("Invalid Access Key Id")
    return {"Account": account}


def _decode_authorization_message(
    call: AuthenticatedCall, _world: AwsState, _store: SessionStore
) -> Result:
    """Nothing here encodes any, so every message is one that AWS would not know either."""
    _authorize(call)
    raise EmulatedAwsError("InvalidAuthorizationMessageException", "Message is not valid")


def _authorize(call: AuthenticatedCall) -> None:
    action = f"sts:{call.action}"
    result = authorize_action(call, action, "*", base_context(call))
    if not result.allowed:
        raise access_denied_error(call.caller, action, "*", result)


_KEY_ID = "Member must satisfy regular expression pattern: [\\w]{16,128}"
ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "AssumeRole": assume_role,
        "DecodeAuthorizationMessage": _decode_authorization_message,
        "GetAccessKeyInfo": _get_access_key_info,
        "GetCallerIdentity": _get_caller_identity,
        "GetSessionToken": _get_session_token,
    }
)
"""Every action this STS has."""
