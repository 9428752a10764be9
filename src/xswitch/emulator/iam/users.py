"""Users, and the access keys they have."""

from __future__ import annotations

import secrets
from dataclasses import replace

from xswitch.emulator.errors import validation
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.attached_policies import boundary_of
from xswitch.emulator.iam.call import Ask, Outcome, merged
from xswitch.emulator.iam.documents import forgotten
from xswitch.emulator.iam.errors import conflict, gone, missing, quota
from xswitch.emulator.iam.kinds import USER, drop, get, refuse_twin, save
from xswitch.emulator.iam.paging import page
from xswitch.emulator.sessions import new_key_id
from xswitch.emulator.state import AccessKey, User, unique_id

MAX_KEYS = 2


def create(ask: Ask) -> Outcome:
    """CreateUser."""
    name, path = ask.name("UserName", USER.longest), ask.path()
    refuse_twin(ask, USER, name)
    arn = f"{ask.account.prefix}user{path}{name}"
    user = User(
        arn=arn,
        account=ask.account.id,
        name=name,
        path=path,
        id=unique_id("AIDA", f"{arn} {secrets.token_hex()}"),
        created=ask.now,
        boundary=boundary_of(ask),
        tags=merged({}, ask.tags()),
    )
    return save(ask, USER, user), {"User": serialize.user(user)}


def named(ask: Ask) -> User:
    """The user the call names, or the caller. Raises AwsAnswerError NoSuchEntity."""
    user = ask.user()
    if user is None:
        raise missing("user", ask.user_name())
    return user


def read(ask: Ask) -> Outcome:
    """GetUser."""
    return ask.world, {"User": serialize.user(named(ask))}


def listed(ask: Ask) -> Outcome:
    """ListUsers."""
    prefix = ask.parameters.get("PathPrefix", "/")
    users = sorted((user for user in ask.account.users if user.path.startswith(prefix)), key=lambda user: user.name.lower())
    found, more = page(ask, [serialize.user(user, whole=False) for user in users])
    return ask.world, {"Users": found, **more}


def update(ask: Ask) -> Outcome:
    """UpdateUser: another name or path, with a new ARN and the old unique id."""
    user = get(ask, USER)
    name = ask.name("NewUserName", USER.longest) if "NewUserName" in ask.parameters else user.name
    path = ask.path("NewPath") if "NewPath" in ask.parameters else user.path
    if name.lower() != user.name.lower():
        refuse_twin(ask, USER, name)
    arn = f"{ask.account.prefix}user{path}{name}"
    users = tuple(replace(one, name=name, path=path, arn=arn) if one.name == user.name else one for one in ask.account.users)
    groups = tuple(
        replace(group, users=tuple(name if member == user.name else member for member in group.users)) for group in ask.account.groups
    )
    # Trust policies hold the unique id, and so follow a user who is renamed.
    return forgotten(ask.saved(users=users, groups=groups), user.arn, arn), None


def delete(ask: Ask) -> Outcome:
    """DeleteUser. Raises AwsAnswerError DeleteConflict while anything hangs on it."""
    user = named(ask)
    left = (
        (user.keys, "delete access keys"),
        (user.mfa_devices, "delete MFA device"),
        (user.attached, "detach all policies"),
        (user.inline, "delete policies"),
        (ask.account.groups_of(user.name), "remove users from group"),
    )
    for something, must in left:
        if something:
            raise conflict(f"Cannot delete entity, must {must} first.")
    return forgotten(drop(ask, USER, user), user.arn, user.id), None


def create_key(ask: Ask) -> Outcome:
    """CreateAccessKey: the only answer that ever shows the secret."""
    user = named(ask)
    if len(user.keys) >= MAX_KEYS:
        raise quota("AccessKeysPerUser", MAX_KEYS)
    key = AccessKey(new_key_id("AKIA", user.account), secrets.token_urlsafe(30), created=ask.now)
    node = {**serialize.access_key(key, user.name), "SecretAccessKey": key.secret}
    return save(ask, USER, replace(user, keys=(*user.keys, key))), {"AccessKey": node}


def list_keys(ask: Ask) -> Outcome:
    """ListAccessKeys."""
    user = named(ask)
    found, more = page(ask, [serialize.access_key(key, user.name) for key in user.keys])
    return ask.world, {"AccessKeyMetadata": found, **more}


def update_key(ask: Ask) -> Outcome:
    """UpdateAccessKey: Active or Inactive."""
    user, key_id = named(ask), _key_id(ask)
    status = ask.text("Status", 1, 8, required=True)
    if status not in ("Active", "Inactive"):
        message = f"Value '{status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]"
        raise validation(f"1 validation error detected: {message}")
    keys = tuple(replace(key, active=status == "Active") if key.id == key_id else key for key in _with_key(user, key_id).keys)
    return save(ask, USER, replace(user, keys=keys)), None


def delete_key(ask: Ask) -> Outcome:
    """DeleteAccessKey."""
    user, key_id = named(ask), _key_id(ask)
    keys = tuple(key for key in _with_key(user, key_id).keys if key.id != key_id)
    return save(ask, USER, replace(user, keys=keys)), None


def _key_id(ask: Ask) -> str:
    return ask.text("AccessKeyId", 16, 128, r"[\w]+", required=True) or ""


def _with_key(user: User, key_id: str) -> User:
    if not any(key.id == key_id for key in user.keys):
        raise gone(f"The Access Key with id {key_id} cannot be found.")
    return user
