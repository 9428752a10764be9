"""The STS actions.

Each takes an authenticated call and returns the members of its result, or raises EmulatedAwsError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from xswitch.emulator.authorize import (
    access_denied_error,
    authorize_action,
    authorize_assume_role,
    base_context,
    resource_context,
)
from xswitch.emulator.callers import AuthenticatedCall, UnsignedCall
from xswitch.emulator.errors import (
    STS_NAMESPACE,
    EmulatedAwsError,
    access_denied,
    validation_error,
)
from xswitch.emulator.mfa import verify_mfa_code
from xswitch.emulator.parameters import RoleRequest, requested_action, role_request, token_request
from xswitch.emulator.role_sessions import (
    DEFAULT_SECONDS,
    new_role_session,
    packed_percent,
    role_result,
    role_seconds,
)
from xswitch.emulator.state import AwsState, IamRole
from xswitch.emulator.stores import (
    IssuedSession,
    SessionStore,
    account_of_access_key,
    credentials_structure,
    new_session_keys,
)
from xswitch.emulator.web_identity import assume_role_with_web_identity
from xswitch.emulator.xml import XmlNode

NAME = "sts"
API_VERSION = "2011-06-15"
NAMESPACE = STS_NAMESPACE
DEFAULT_TOKEN_SECONDS = 43_200
_ALLOWED_TO_SESSIONS_OF_USERS = frozenset({"AssumeRole", "GetCallerIdentity"})

Result = Mapping[str, XmlNode]
Action = Callable[[AuthenticatedCall, AwsState, SessionStore], Result]


def perform(call: AuthenticatedCall, world: AwsState, store: SessionStore) -> Result:
    """Run an action that `known` accepted. Raises EmulatedAwsError."""
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
        and not (session.role_arn or session.signed_in)
        and call.action not in _ALLOWED_TO_SESSIONS_OF_USERS
    ):
        raise access_denied(f"Cannot call {call.action} with session credentials")
    return ACTIONS[call.action](call, world, store)


def perform_unsigned(call: UnsignedCall, world: AwsState, store: SessionStore) -> Result:
    """Run one of UNSIGNED_ACTIONS. Raises EmulatedAwsError."""
    return UNSIGNED_ACTIONS[call.action](call, world, store)


def known(parameters: Mapping[str, str]) -> str:
    """The action a request names. Raises EmulatedAwsError MissingAction, InvalidAction."""
    return requested_action(parameters, {*ACTIONS, *UNSIGNED_ACTIONS}, API_VERSION)


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
            f"1 validation error detected: Value '{key_id}' at 'accessKeyId' failed to satisfy"
            f" constraint: {_KEY_ID}"
        )
    _authorize_call(call)
    known = world.key(key_id)
    account = known[0].account if known is not None else account_of_access_key(key_id)
    if not account:
        raise validation_error("Invalid Access Key Id")
    return {"Account": account}


def _decode_authorization_message(
    call: AuthenticatedCall, _world: AwsState, _store: SessionStore
) -> Result:
    """Refuse every message: the emulator encodes none."""
    _authorize_call(call)
    raise EmulatedAwsError("InvalidAuthorizationMessageException", "Message is not valid")


def _authorize_call(call: AuthenticatedCall) -> None:
    action = f"sts:{call.action}"
    result = authorize_action(call, action, "*", base_context(call))
    if not result.allowed:
        raise access_denied_error(call.caller, action, "*", result)


_KEY_ID = "Member must satisfy regular expression pattern: [\\w]{16,128}"

CHAINED_SECONDS = 3_600


def assume_role(
    call: AuthenticatedCall, world: AwsState, store: SessionStore
) -> Mapping[str, XmlNode]:
    """Assume a role and return the members of AssumeRoleResult. Raises EmulatedAwsError."""
    request = role_request(call.parameters)
    mfa = verify_mfa_code(call, store, request.serial, request.code)
    role = world.role(request.role_arn)
    if role is None:
        raise access_denied_error(call.caller, "sts:AssumeRole", request.role_arn, None)
    _authorize(call, world, request, role, mfa=mfa)
    seconds = _duration(call, request, role)
    tags, transitive = _session_tags(call, request)
    packed = packed_percent(request, tags)
    session = replace(
        new_role_session(world, request, role, call.now, seconds),
        tags=tags,
        transitive=transitive,
        source_identity=_source_identity(call, request) or "",
    )
    store.add(session)
    return role_result(session, packed)


def _authorize(
    call: AuthenticatedCall, world: AwsState, request: RoleRequest, role: IamRole, *, mfa: bool
) -> None:
    """Require both accounts to allow every action the request implies.

    Raises EmulatedAwsError AccessDenied.
    """
    session = call.caller.session
    inherited = session.transitive if session is not None else frozenset()
    source_identity = _source_identity(call, request)
    actions = ["sts:AssumeRole"]
    if request.tags or inherited:
        actions.append("sts:TagSession")
    if source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    account = world.account(role.account)
    organization = account.organization if account is not None else ""
    context = _context(call, request, mfa=mfa) | resource_context(
        role.account, role.tags, organization
    )
    for action in actions:
        authorization = authorize_assume_role(call, action, role, context)
        if not authorization.allowed:
            raise access_denied_error(
                call.caller, action, role.arn, authorization, resource_account=account
            )
    if (
        session is not None
        and session.source_identity
        and source_identity != session.source_identity
    ):
        raise validation_error("The source identity is already set for this assume role session")


def _context(
    call: AuthenticatedCall, request: RoleRequest, *, mfa: bool
) -> dict[str, tuple[str, ...]]:
    """The context keys of this call."""
    context = {**base_context(call), "sts:rolesessionname": (request.session_name,)}
    if request.external_id is not None:
        context["sts:externalid"] = (request.external_id,)
    if mfa:
        context |= {"aws:multifactorauthpresent": ("true",), "aws:multifactorauthage": ("0",)}
    if request.tags:
        context |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in request.tags}
        context["aws:tagkeys"] = tuple(key for key, _ in request.tags)
    if request.transitive:
        context["sts:transitivetagkeys"] = request.transitive
    if (source_identity := _source_identity(call, request)) is not None:
        context["sts:sourceidentity"] = (source_identity,)
    return context


def _source_identity(call: AuthenticatedCall, request: RoleRequest) -> str | None:
    """The source identity after this call: it persists through role chaining."""
    session = call.caller.session
    return (
        request.source_identity or (session.source_identity if session is not None else "") or None
    )


def _duration(call: AuthenticatedCall, request: RoleRequest, role: IamRole) -> int:
    seconds = request.duration or DEFAULT_SECONDS
    if call.caller.session is not None and seconds > CHAINED_SECONDS:
        raise validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by"
            " role chaining."
        )
    return role_seconds(request, role)


def _session_tags(
    call: AuthenticatedCall, request: RoleRequest
) -> tuple[Mapping[str, str], frozenset[str]]:
    """The session's tags and the keys that are transitive.

    Tags that the calling session passes on can't be replaced.
    """
    session = call.caller.session
    passed_on = frozenset(key.lower() for key in request.transitive)
    if session is None:
        return dict(request.tags), passed_on
    inherited = {
        key: value for key, value in session.tags.items() if key.lower() in session.transitive
    }
    lowered = frozenset(key.lower() for key in inherited)
    if any(key.lower() in lowered for key, _ in request.tags):
        message = (
            "One of the specified transitive tag keys can't be set because it conflicts with a"
            " transitive tag key from the calling session."
        )
        raise EmulatedAwsError("InvalidParameterValue", message)
    return {**inherited, **dict(request.tags)}, lowered | passed_on


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "AssumeRole": assume_role,
        "DecodeAuthorizationMessage": _decode_authorization_message,
        "GetAccessKeyInfo": _get_access_key_info,
        "GetCallerIdentity": _get_caller_identity,
        "GetSessionToken": _get_session_token,
    }
)
"""Every signed STS action the emulator has."""
UNSIGNED_ACTIONS: Mapping[str, Callable[[UnsignedCall, AwsState, SessionStore], Result]] = (
    MappingProxyType({"AssumeRoleWithWebIdentity": assume_role_with_web_identity})
)
"""Every STS action that needs no credentials."""
