"""Groups, and who is in them."""

from __future__ import annotations

import secrets
from dataclasses import replace

from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import Ask, Outcome
from xswitch.emulator.iam.errors import conflict, missing, quota
from xswitch.emulator.iam.kinds import GROUP, USER, drop, get, refuse_twin, save
from xswitch.emulator.iam.paging import page
from xswitch.emulator.state import Group, unique_id

MAX_GROUPS = 10


def named(ask: Ask) -> Group:
    """The group the call names. Raises AwsAnswerError NoSuchEntity."""
    name = ask.name("GroupName", GROUP.longest)
    group = next((group for group in ask.account.groups if group.name == name), None)
    if group is None:
        raise missing("group", name)
    return group


def create(ask: Ask) -> Outcome:
    """CreateGroup."""
    name, path = ask.name("GroupName", GROUP.longest), ask.path()
    refuse_twin(ask, GROUP, name)
    arn = f"{ask.account.prefix}group{path}{name}"
    group = Group(arn, ask.account.id, name, path, unique_id("AGPA", f"{arn} {secrets.token_hex()}"), ask.now)
    return save(ask, GROUP, group), {"Group": serialize.group(group)}


def read(ask: Ask) -> Outcome:
    """GetGroup: the group, and its members."""
    group = named(ask)
    users = [serialize.user(user, whole=False) for user in ask.account.users if user.name in group.users]
    found, more = page(ask, users)
    return ask.world, {"Users": found, "Group": serialize.group(group), **more}


def listed(ask: Ask) -> Outcome:
    """ListGroups."""
    prefix = ask.parameters.get("PathPrefix", "/")
    groups = sorted((group for group in ask.account.groups if group.path.startswith(prefix)), key=lambda group: group.name.lower())
    found, more = page(ask, [serialize.group(group) for group in groups])
    return ask.world, {"Groups": found, **more}


def listed_for_user(ask: Ask) -> Outcome:
    """ListGroupsForUser."""
    found, more = page(ask, [serialize.group(group) for group in ask.account.groups_of(get(ask, USER).name)])
    return ask.world, {"Groups": found, **more}


def delete(ask: Ask) -> Outcome:
    """DeleteGroup. Raises AwsAnswerError DeleteConflict while anything hangs on it."""
    group = named(ask)
    for something, must in (
        (group.users, "remove users from group"),
        (group.attached, "detach all policies"),
        (group.inline, "delete policies"),
    ):
        if something:
            raise conflict(f"Cannot delete entity, must {must} first.")
    return drop(ask, GROUP, group), None


def add_user(ask: Ask) -> Outcome:
    """AddUserToGroup; once more changes nothing."""
    group, user = named(ask), get(ask, USER)
    if user.name in group.users:
        return ask.world, None
    if len(ask.account.groups_of(user.name)) >= MAX_GROUPS:
        raise quota("GroupsPerUser", MAX_GROUPS)
    return save(ask, GROUP, replace(group, users=(*group.users, user.name))), None


def remove_user(ask: Ask) -> Outcome:
    """RemoveUserFromGroup."""
    group, user = named(ask), get(ask, USER)
    return save(ask, GROUP, replace(group, users=tuple(name for name in group.users if name != user.name))), None
