"""Tags of users, roles and managed policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome, merge_tags
from xswitch.emulator.iam.kinds import (
    ROLE,
    USER,
    IdentityKind,
    check_not_protected,
    require_holder,
    with_holder,
)
from xswitch.emulator.iam.paging import page
from xswitch.emulator.parameters import members
from xswitch.emulator.state import Group, IamRole, User


def _holder(request: IamRequest, kind: IdentityKind) -> User | IamRole:
    holder = require_holder(request, kind)
    check_not_protected(holder)
    if isinstance(holder, Group):
        raise TypeError(holder)
    return holder


def tag(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Tag…: set these, keep the others."""
    holder = _holder(request, kind)
    return with_holder(
        request, kind, replace(holder, tags=merge_tags(holder.tags, request.tags()))
    ), None


def untag(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Untag…: take these away; those that aren't there are no fault."""
    holder = _holder(request, kind)
    return with_holder(request, kind, replace(holder, tags=without(holder.tags, request))), None


def without(tags: Mapping[str, str], request: IamRequest) -> dict[str, str]:
    """Tags less those whose keys the call names."""
    removed_keys = {key.lower() for key in members(request.parameters, "TagKeys")}
    return {key: value for key, value in tags.items() if key.lower() not in removed_keys}


def listed(request: IamRequest, kind: IdentityKind) -> Outcome:
    """List…Tags."""
    page_items, page_members = page(
        request, serialize.tags(dict(sorted(_holder(request, kind).tags.items())))
    )
    return request.world, {"Tags": page_items, **page_members}


TAGGED = (USER, ROLE)
