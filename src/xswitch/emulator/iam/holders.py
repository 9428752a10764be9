"""Users, groups, and roles alike: names, paths, tags, pages."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from xswitch.emulator.errors import (
    EmulatedAwsError,
    entity_already_exists,
    no_such_entity_named,
    validation_error,
)
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome, merge_tags
from xswitch.emulator.parameters import members
from xswitch.emulator.state import Account, AwsState, Group, IamRole, User
from xswitch.emulator.xml import XmlNode

Holder = User | Group | IamRole


@dataclass(frozen=True, slots=True)
class IdentityKind:
    """A kind of identity: its word, and its quotas.

    `longest` is the longest name, `inline_bytes` the size of all inline policies.
    """

    word: Literal["user", "group", "role"]
    longest: int
    inline_bytes: int

    @property
    def title(self) -> str:
        """The word as in actions, parameters, and members."""
        return self.word.capitalize()

    @property
    def parameter(self) -> str:
        """The parameter that names one."""
        return f"{self.title}Name"

    @property
    def members(self) -> str:
        """The field of an account that holds them."""
        return f"{self.word}s"


USER = IdentityKind("user", 64, 2_048)
GROUP = IdentityKind("group", 128, 5_120)
ROLE = IdentityKind("role", 64, 10_240)
KINDS = (USER, GROUP, ROLE)
MAX_ATTACHED = 10
_PROTECTED = ("/aws-service-role/", "/aws-reserved/")


def holders(request: IamRequest, kind: IdentityKind) -> tuple[Holder, ...]:
    """All entities of a kind in the account."""
    all_of_kind: tuple[Holder, ...] = getattr(request.account, kind.members)
    return all_of_kind


def find_holder(request: IamRequest, kind: IdentityKind) -> Holder | None:
    """The entity that the call names, or None."""
    name = request.name(kind.parameter, kind.longest if kind is not USER else 128)
    return next((holder for holder in holders(request, kind) if holder.name == name), None)


def require_holder(request: IamRequest, kind: IdentityKind) -> Holder:
    """The entity that the call names. Raises EmulatedAwsError NoSuchEntity."""
    holder = find_holder(request, kind)
    if holder is None:
        raise no_such_entity_named(kind.word, request.parameters[kind.parameter])
    return holder


def check_not_protected(holder: Holder) -> None:
    """Raises EmulatedAwsError UnmodifiableEntity for a service's role."""
    if isinstance(holder, IamRole) and holder.path.startswith(_PROTECTED):
        message = (
            f"Cannot perform the operation on the protected role '{holder.name}' - this role is"
            " only modifiable by AWS"
        )
        raise EmulatedAwsError("UnmodifiableEntity", message)


def all_holders(account: Account) -> tuple[Holder, ...]:
    """All users, groups, and roles of an account."""
    return (*account.users, *account.groups, *account.roles)


def check_name_unused(request: IamRequest, kind: IdentityKind, name: str) -> None:
    """Raises EmulatedAwsError EntityAlreadyExists; names are case-insensitive."""
    if any(holder.name.lower() == name.lower() for holder in holders(request, kind)):
        raise entity_already_exists(f"{kind.title} with name {name} already exists.")


def with_holder(request: IamRequest, kind: IdentityKind, holder: Holder) -> AwsState:
    """The state with `holder` added or replaced."""
    others = holders(request, kind)
    known = any(one.name == holder.name for one in others)
    return request.with_account_changes(
        **{
            kind.members: (
                tuple(holder if one.name == holder.name else one for one in others)
                + (() if known else (holder,))
            )
        }
    )


def without_holder(request: IamRequest, kind: IdentityKind, holder: Holder) -> AwsState:
    """The state without `holder`."""
    return request.with_account_changes(
        **{kind.members: tuple(one for one in holders(request, kind) if one.name != holder.name)}
    )


_Item = TypeVar("_Item")
DEFAULT_ITEMS, MAX_ITEMS = 100, 1_000


def page(request: IamRequest, items: Sequence[_Item]) -> tuple[Sequence[_Item], dict[str, XmlNode]]:
    """The items of the requested page, and the members that tell of further pages.

    Raises EmulatedAwsError ValidationError.
    """
    limit = request.number("MaxItems", 1, MAX_ITEMS) or DEFAULT_ITEMS
    marker = request.parameters.get("Marker")
    start = 0 if marker is None else _start(marker, request.call.action)
    remaining = items[start:]
    if len(remaining) <= limit:
        return remaining, {"IsTruncated": False}
    return remaining[:limit], {
        "IsTruncated": True,
        "Marker": base64.b64encode(f"{request.call.action}:{start + limit}".encode()).decode(),
    }


def _start(marker: str, action: str) -> int:
    """The start of a page. A marker works only for the action that returned it."""
    try:
        marker_action, _, number = base64.b64decode(marker, validate=True).decode().partition(":")
        if marker_action == action:
            return int(number)
    except ValueError:
        pass
    raise validation_error("Invalid Marker.")


def _holder(request: IamRequest, kind: IdentityKind) -> User | IamRole:
    holder = require_holder(request, kind)
    check_not_protected(holder)
    if isinstance(holder, Group):
        raise TypeError(holder)
    return holder


def tag(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Tag…: sets these tags and keeps the others."""
    holder = _holder(request, kind)
    return (
        with_holder(request, kind, replace(holder, tags=merge_tags(holder.tags, request.tags()))),
        None,
    )


def untag(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Untag…: removes tags; missing ones are ignored."""
    holder = _holder(request, kind)
    return with_holder(request, kind, replace(holder, tags=without(holder.tags, request))), None


def without(tags: Mapping[str, str], request: IamRequest) -> dict[str, str]:
    """Tags without the keys that the call names."""
    removed_keys = {key.lower() for key in members(request.parameters, "TagKeys")}
    return {key: value for key, value in tags.items() if key.lower() not in removed_keys}


def listed(request: IamRequest, kind: IdentityKind) -> Outcome:
    """List…Tags."""
    page_items, page_members = page(
        request, serialize.tags(dict(sorted(_holder(request, kind).tags.items())))
    )
    return request.world, {"Tags": page_items, **page_members}
