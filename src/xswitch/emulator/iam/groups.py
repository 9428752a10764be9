"""Group actions."""

from __future__ import annotations

import secrets
from dataclasses import replace

from xswitch.emulator.errors import delete_conflict, no_such_entity_named, quota_exceeded
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome
from xswitch.emulator.iam.holders import (
    GROUP,
    USER,
    check_name_unused,
    page,
    require_holder,
    with_holder,
    without_holder,
)
from xswitch.emulator.state import Group, unique_id

MAX_GROUPS = 10


def named(request: IamRequest) -> Group:
    """The group that the call names. Raises EmulatedAwsError NoSuchEntity."""
    name = request.name("GroupName", GROUP.longest)
    group = next((group for group in request.account.groups if group.name == name), None)
    if group is None:
        raise no_such_entity_named("group", name)
    return group


def create(request: IamRequest) -> Outcome:
    """CreateGroup."""
    name, path = request.name("GroupName", GROUP.longest), request.path()
    check_name_unused(request, GROUP, name)
    arn = f"{request.account.prefix}group{path}{name}"
    group = Group(
        arn,
        request.account.id,
        name,
        path,
        unique_id("AGPA", f"{arn} {secrets.token_hex()}"),
        request.now,
    )
    return with_holder(request, GROUP, group), {"Group": serialize.group(group)}


def read(request: IamRequest) -> Outcome:
    """GetGroup: the group and its members."""
    group = named(request)
    users = [
        serialize.user(user, whole=False)
        for user in request.account.users
        if user.name in group.users
    ]
    page_items, page_members = page(request, users)
    return request.world, {"Users": page_items, "Group": serialize.group(group), **page_members}


def listed(request: IamRequest) -> Outcome:
    """ListGroups."""
    prefix = request.parameters.get("PathPrefix", "/")
    groups = sorted(
        (group for group in request.account.groups if group.path.startswith(prefix)),
        key=lambda group: group.name.lower(),
    )
    page_items, page_members = page(request, [serialize.group(group) for group in groups])
    return request.world, {"Groups": page_items, **page_members}


def listed_for_user(request: IamRequest) -> Outcome:
    """ListGroupsForUser."""
    page_items, page_members = page(
        request,
        [
            serialize.group(group)
            for group in request.account.groups_of(require_holder(request, USER).name)
        ],
    )
    return request.world, {"Groups": page_items, **page_members}


def delete(request: IamRequest) -> Outcome:
    """DeleteGroup. Raises EmulatedAwsError DeleteConflict while it has members or policies."""
    group = named(request)
    for something, must in (
        (group.users, "remove users from group"),
        (group.attached, "detach all policies"),
        (group.inline, "delete policies"),
    ):
        if something:
            raise delete_conflict(f"Cannot delete entity, must {must} first.")
    return without_holder(request, GROUP, group), None


def add_user(request: IamRequest) -> Outcome:
    """AddUserToGroup; idempotent."""
    group, user = named(request), require_holder(request, USER)
    if user.name in group.users:
        return request.world, None
    if len(request.account.groups_of(user.name)) >= MAX_GROUPS:
        raise quota_exceeded("GroupsPerUser", MAX_GROUPS)
    return with_holder(request, GROUP, replace(group, users=(*group.users, user.name))), None


def remove_user(request: IamRequest) -> Outcome:
    """RemoveUserFromGroup."""
    group, user = named(request), require_holder(request, USER)
    return with_holder(
        request,
        GROUP,
        replace(group, users=tuple(name for name in group.users if name != user.name)),
    ), None
