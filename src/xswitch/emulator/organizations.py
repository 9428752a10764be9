"""The emulated AWS Organizations: the calls that list accounts and where they are.

Sources: the API reference "AWS Organizations", its service authorization reference for resource
ARNs, and the service model for errors and their reasons.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from xswitch.emulator.authorize import access_denied_error, authorize_action, base_context
from xswitch.emulator.callers import AuthenticatedCall
from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.http import HttpResponse
from xswitch.emulator.sigv4 import HttpRequest
from xswitch.emulator.state import Account, AwsState
from xswitch.emulator.state.organizations import Organization

NAME = "organizations"
TARGET_PREFIX = "AWSOrganizationsV20161128."
JSON_TYPE = "application/x-amz-json-1.1"
MAX_PAGE = 20
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_CHILD_ID = re.compile(r"[0-9]{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}")
_PARENT_ID = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}")
_NOT_ALLOWED = "You don't have permissions to access this resource."

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Request:
    """One call with the caller's organization: its accounts, the first of which manages it."""

    call: AuthenticatedCall
    parameters: Mapping[str, Any]
    organization: Organization
    management: Account
    accounts: tuple[Account, ...]

    @property
    def prefix(self) -> str:
        """The start of ARNs in this organization."""
        return f"arn:{self.management.partition}:organizations::{self.management.id}:"


Action = Callable[[_Request], Result]


def action_of(request: HttpRequest) -> str:
    """The action that a request's X-Amz-Target names, "" for another service's request."""
    target = request.headers.get("x-amz-target", "")
    return target.removeprefix(TARGET_PREFIX) if target.startswith(TARGET_PREFIX) else ""


def parameters_of(request: HttpRequest) -> Mapping[str, Any]:
    """The parameters of a request. Raises EmulatedAwsError SerializationException."""
    try:
        data = json.loads(request.body or b"{}")
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise EmulatedAwsError("SerializationException", "The body must be a JSON object")
    return data


def perform(call: AuthenticatedCall, parameters: Mapping[str, Any], world: AwsState) -> Result:
    """Run an action. Raises EmulatedAwsError."""
    action = ACTIONS.get(call.action)
    if action is None:
        raise EmulatedAwsError("UnknownOperationException", "")
    organization = world.organization(call.caller.home.organization)
    accounts = tuple(one for one in world.accounts if one.organization == organization.id)
    management = next((one for one in accounts if one.management), None)
    if not organization.id or management is None:
        raise _error(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )
    request = _Request(call, parameters, organization, management, accounts)
    _authorize(request)
    return action(request)


def result_response(result: Result, request_id: str) -> HttpResponse:
    """The response with a result."""
    return HttpResponse(
        HTTPStatus.OK, json.dumps(result, ensure_ascii=False).encode(), request_id, JSON_TYPE
    )


def error_response(problem: EmulatedAwsError, request_id: str) -> HttpResponse:
    """The response with an error; a reason follows the text after a vertical bar."""
    message, _, reason = problem.message.partition("|")
    body = {"__type": problem.code, "Message": message} | ({"Reason": reason} if reason else {})
    # Errors of authentication keep their names, but here each is a 400.
    status = problem.status if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400
    return HttpResponse(status, json.dumps(body).encode(), request_id, JSON_TYPE)


def _authorize(request: _Request) -> None:
    """Require the management account or a delegated administrator, and the caller's permission.

    Every member can describe its organization.
    """
    call = request.call
    action = f"organizations:{call.action}"
    resource = _resource(request)
    result = authorize_action(call, action, resource, base_context(call))
    if not result.allowed:
        denied = access_denied_error(call.caller, action, resource, result)
        raise _error("AccessDeniedException", denied.message)
    allowed = {request.management.id, *request.organization.delegated_administrators}
    if call.caller.account not in allowed and call.action != "DescribeOrganization":
        raise _error("AccessDeniedException", _NOT_ALLOWED)


def _resource(request: _Request) -> str:
    """The ARN that a policy must allow; "*" for an action without resource types."""
    given = request.parameters.get("AccountId") or request.parameters.get("ChildId")
    if given is None:
        given = request.parameters.get("ParentId")
    if not isinstance(given, str):
        return "*"
    kind = {"r-": "root", "ou": "ou"}.get(given[:2], "account")
    return f"{request.prefix}{kind}/{request.organization.id}/{given}"


def _list_accounts(request: _Request) -> Result:
    return _page(request, "Accounts", [_account(request, one) for one in request.accounts])


def _describe_account(request: _Request) -> Result:
    account_id = _text(request, "AccountId", _ACCOUNT_ID)
    found = next((one for one in request.accounts if one.id == account_id), None)
    if found is None:
        raise _error("AccountNotFoundException", "You specified an account that doesn't exist.")
    return {"Account": _account(request, found)}


def _list_parents(request: _Request) -> Result:
    child = _text(request, "ChildId", _CHILD_ID)
    above = _ids_above(request, child)
    if above is None:
        raise _error("ChildNotFoundException", "You specified a child that doesn't exist.")
    return _page(request, "Parents", [{"Id": above[-1], "Type": _kind(above[-1])}])


def _list_children(request: _Request) -> Result:
    parent = _parent(request)
    kind = request.parameters.get("ChildType")
    if kind == "ACCOUNT":
        found = [one.id for one in _accounts_in(request, parent)]
    elif kind == "ORGANIZATIONAL_UNIT":
        placed = request.organization.placed_units()
        found = [one.id for one in placed if one.above[-1] == parent]
    else:
        raise _invalid("You specified an invalid value.", "INVALID_ENUM")
    return _page(request, "Children", [{"Id": one, "Type": kind} for one in found])


def _list_accounts_for_parent(request: _Request) -> Result:
    accounts = _accounts_in(request, _parent(request))
    return _page(request, "Accounts", [_account(request, one) for one in accounts])


def _list_units_for_parent(request: _Request) -> Result:
    parent = _parent(request)
    placed = (one for one in request.organization.placed_units() if one.above[-1] == parent)
    return _page(
        request,
        "OrganizationalUnits",
        [_unit(request, one.id, one.unit.name, one.above) for one in placed],
    )


def _describe_unit(request: _Request) -> Result:
    unit_id = _text(request, "OrganizationalUnitId", _PARENT_ID)
    for one in request.organization.placed_units():
        if one.id == unit_id:
            return {"OrganizationalUnit": _unit(request, one.id, one.unit.name, one.above)}
    raise _error(
        "OrganizationalUnitNotFoundException",
        "You specified an organizational unit that doesn't exist.",
    )


def _list_roots(request: _Request) -> Result:
    root_id = request.organization.root_id
    arn = f"{request.prefix}root/{request.organization.id}/{root_id}"
    policies = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    root = {"Id": root_id, "Arn": arn, "Name": "Root", "PolicyTypes": policies}
    return _page(request, "Roots", [root])


def _describe_organization(request: _Request) -> Result:
    management, organization_id = request.management, request.organization.id
    return {
        "Organization": {
            "Id": organization_id,
            "Arn": f"{request.prefix}organization/{organization_id}",
            "FeatureSet": "ALL",
            "MasterAccountArn": _account_arn(request, management),
            "MasterAccountId": management.id,
            "MasterAccountEmail": management.email_address,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


def _account(request: _Request, account: Account) -> Result:
    above = request.organization.ids_above(account.id)
    status = account.state if account.state in _STATUSES else "SUSPENDED"
    return {
        "Id": account.id,
        "Arn": _account_arn(request, account),
        "Email": account.email_address,
        "Name": account.name,
        "Status": status,
        "State": account.state,
        "Paths": [f"{'/'.join((request.organization.id, *above, account.id))}/"],
        "JoinedMethod": "INVITED" if account.management else "CREATED",
        "JoinedTimestamp": account.joined.timestamp(),
    }


_STATUSES = ("ACTIVE", "SUSPENDED", "PENDING_CLOSURE")
"""The states that the older member Status has too."""


def _account_arn(request: _Request, account: Account) -> str:
    return f"{request.prefix}account/{request.organization.id}/{account.id}"


def _unit(request: _Request, unit_id: str, name: str, above: Sequence[str]) -> Result:
    return {
        "Id": unit_id,
        "Arn": f"{request.prefix}ou/{request.organization.id}/{unit_id}",
        "Name": name,
        "Path": f"{'/'.join((request.organization.id, *above, unit_id))}/",
    }


def _ids_above(request: _Request, child: str) -> tuple[str, ...] | None:
    if any(account.id == child for account in request.accounts):
        return request.organization.ids_above(child)
    placed = request.organization.placed_units()
    return next((one.above for one in placed if one.id == child), None)


def _accounts_in(request: _Request, parent: str) -> list[Account]:
    above = request.organization.ids_above
    return [account for account in request.accounts if above(account.id)[-1] == parent]


def _parent(request: _Request) -> str:
    parent = _text(request, "ParentId", _PARENT_ID)
    known = {request.organization.root_id, *(one.id for one in request.organization.placed_units())}
    if parent not in known:
        raise _error("ParentNotFoundException", "You specified parent that doesn't exist.")
    return parent


def _kind(parent: str) -> str:
    return "ROOT" if parent.startswith("r-") else "ORGANIZATIONAL_UNIT"


def _page(request: _Request, member: str, items: Collection[Result]) -> Result:
    """One page of a list, of at most 20 items, and the token of the next."""
    size = request.parameters.get("MaxResults", MAX_PAGE)
    if type(size) is not int:
        raise EmulatedAwsError("SerializationException", "MaxResults must be a number")
    if size < 1:
        raise _invalid("You provided a value smaller than allowed.", "MIN_VALUE_EXCEEDED")
    if size > MAX_PAGE:
        raise _invalid("You provided a value larger than allowed.", "MAX_VALUE_EXCEEDED")
    seal = f"{request.call.action} {request.parameters.get('ParentId', '')}"
    start = _start(request.parameters.get("NextToken"), seal)
    page = list(items)[start : start + size]
    more = start + size < len(items)
    return {member: page} | ({"NextToken": _sealed(start + size, seal)} if more else {})


def _sealed(start: int, seal: str) -> str:
    return base64.b64encode(f"{start} {seal}".encode()).decode()


def _start(next_token: Any, seal: str) -> int:
    if next_token is None:
        return 0
    try:
        start = int(base64.b64decode(str(next_token)).decode("ascii").partition(" ")[0])
    except ValueError:
        start = -1
    if start < 0 or _sealed(start, seal) != next_token:
        raise _invalid("You provided an invalid pagination token.", "INVALID_NEXT_TOKEN")
    return start


def _text(request: _Request, name: str, pattern: re.Pattern[str]) -> str:
    value = request.parameters.get(name)
    if value is None:
        raise _invalid(f"You must provide {name}.", "INPUT_REQUIRED")
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _invalid("You provided a value that doesn't match the pattern.", "INVALID_PATTERN")
    return value


def _invalid(message: str, reason: str) -> EmulatedAwsError:
    return _error("InvalidInputException", f"{message}|{reason}")


def _error(code: str, message: str) -> EmulatedAwsError:
    return EmulatedAwsError(code, message)


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "DescribeAccount": _describe_account,
        "DescribeOrganization": _describe_organization,
        "DescribeOrganizationalUnit": _describe_unit,
        "ListAccounts": _list_accounts,
        "ListAccountsForParent": _list_accounts_for_parent,
        "ListChildren": _list_children,
        "ListOrganizationalUnitsForParent": _list_units_for_parent,
        "ListParents": _list_parents,
        "ListRoots": _list_roots,
    }
)
"""Every action of Organizations that the emulator has."""
