"""Users and their access keys."""

from __future__ import annotations

import secrets
from dataclasses import replace

from xswitch.emulator.errors import (
    delete_conflict,
    no_such_entity,
    no_such_entity_named,
    quota_exceeded,
    validation_error,
)
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome, merge_tags
from xswitch.emulator.iam.documents import without_deleted_principal
from xswitch.emulator.iam.holder_policies import boundary_of
from xswitch.emulator.iam.holders import (
    USER,
    check_name_unused,
    page,
    require_holder,
    with_holder,
    without_holder,
)
from xswitch.emulator.state import AccessKey, User, unique_id
from xswitch.emulator.stores import new_key_id

MAX_KEYS = 2


def create(request: IamRequest) -> Outcome:
    """CreateUser."""
    name, path = request.name("UserName", USER.longest), request.path()
    check_name_unused(request, USER, name)
    arn = f"{request.account.prefix}user{path}{name}"
    user = User(
        arn=arn,
        account=request.account.id,
        name=name,
        path=path,
        id=unique_id("AIDA", f"{arn} {secrets.token_hex()}"),
        created=request.now,
        boundary=boundary_of(request),
        tags=merge_tags({}, request.tags()),
    )
    return with_holder(request, USER, user), {"User": serialize.user(user)}


def named(request: IamRequest) -> User:
    """The user that the call names, or the caller. Raises EmulatedAwsError NoSuchEntity."""
    user = request.user()
    if user is None:
        raise no_such_entity_named("user", request.user_name())
    return user


def read(request: IamRequest) -> Outcome:
    """GetUser."""
    return request.world, {"User": serialize.user(named(request))}


def listed(request: IamRequest) -> Outcome:
    """ListUsers."""
    prefix = request.parameters.get("PathPrefix", "/")
    users = sorted(
        (user for user in request.account.users if user.path.startswith(prefix)),
        key=lambda user: user.name.lower(),
    )
    page_items, page_members = page(request, [serialize.user(user, whole=False) for user in users])
    return request.world, {"Users": page_items, **page_members}


def update(request: IamRequest) -> Outcome:
    """UpdateUser: a new name or path means a new ARN; the unique ID stays."""
    user = require_holder(request, USER)
    name = (
        request.name("NewUserName", USER.longest)
        if "NewUserName" in request.parameters
        else user.name
    )
    path = request.path("NewPath") if "NewPath" in request.parameters else user.path
    if name.lower() != user.name.lower():
        check_name_unused(request, USER, name)
    arn = f"{request.account.prefix}user{path}{name}"
    users = tuple(
        replace(one, name=name, path=path, arn=arn) if one.name == user.name else one
        for one in request.account.users
    )
    groups = tuple(
        replace(
            group, users=tuple(name if member == user.name else member for member in group.users)
        )
        for group in request.account.groups
    )
    # Trust policies hold the unique ID, so they follow a renamed user.
    return (
        without_deleted_principal(
            request.with_account_changes(users=users, groups=groups), user.arn, arn
        ),
        None,
    )


def delete(request: IamRequest) -> Outcome:
    """DeleteUser. Raises EmulatedAwsError DeleteConflict while the user has anything attached."""
    user = named(request)
    left = (
        (user.keys, "delete access keys"),
        (user.mfa_devices, "delete MFA device"),
        (user.attached, "detach all policies"),
        (user.inline, "delete policies"),
        (request.account.groups_of(user.name), "remove users from group"),
    )
    for something, must in left:
        if something:
            raise delete_conflict(f"Cannot delete entity, must {must} first.")
    return without_deleted_principal(without_holder(request, USER, user), user.arn, user.id), None


def create_key(request: IamRequest) -> Outcome:
    """CreateAccessKey: the only answer with the secret."""
    user = named(request)
    if len(user.keys) >= MAX_KEYS:
        raise quota_exceeded("AccessKeysPerUser", MAX_KEYS)
    key = AccessKey(
        new_key_id("AKIA", user.account), secrets.token_urlsafe(30), created=request.now
    )
    node = {**serialize.access_key(key, user.name), "SecretAccessKey": key.secret}
    return with_holder(request, USER, replace(user, keys=(*user.keys, key))), {"AccessKey": node}


def list_keys(request: IamRequest) -> Outcome:
    """ListAccessKeys."""
    user = named(request)
    page_items, page_members = page(
        request, [serialize.access_key(key, user.name) for key in user.keys]
    )
    return request.world, {"AccessKeyMetadata": page_items, **page_members}


def update_key(request: IamRequest) -> Outcome:
    """UpdateAccessKey: Active or Inactive."""
    user, key_id = named(request), _key_id(request)
    status = request.text("Status", 1, 8, required=True)
    if status not in ("Active", "Inactive"):
        message = (
            f"Value '{status}' at 'status' failed to satisfy constraint: Member must satisfy enum"
            " value set: [Active, Inactive]"
        )
        raise validation_error(f"1 validation error detected: {message}")
    keys = tuple(
        replace(key, active=status == "Active") if key.id == key_id else key
        for key in _with_key(user, key_id).keys
    )
    return with_holder(request, USER, replace(user, keys=keys)), None


def delete_key(request: IamRequest) -> Outcome:
    """DeleteAccessKey."""
    user, key_id = named(request), _key_id(request)
    keys = tuple(key for key in _with_key(user, key_id).keys if key.id != key_id)
    return with_holder(request, USER, replace(user, keys=keys)), None


def _key_id(request: IamRequest) -> str:
    return request.text("AccessKeyId", 16, 128, r"[\w]+", required=True) or ""


def _with_key(user: User, key_id: str) -> User:
    if not any(key.id == key_id for key in user.keys):
        raise no_such_entity(f"The Access Key with id {key_id} cannot be found.")
    return user
