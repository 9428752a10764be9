"""Identity Center in the state file: the member `identity_center`, read strictly and written back.

Unlike accounts, whose readers ignore what they don't know, an unknown member is an error here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from xswitch.core.policy import PolicyKind
from xswitch.emulator.state.aws_managed import aws_managed
from xswitch.emulator.state.identity_center import (
    AccountAssignment,
    DirectoryGroup,
    DirectoryUser,
    IdentityCenter,
    PermissionSet,
    PortalThrottle,
    normal_start_url,
)
from xswitch.emulator.state.members import (
    JsonObject,
    Member,
    Scope,
    StateError,
    dump_document,
    dump_object,
    load_document,
    load_object,
)
from xswitch.emulator.state.model import MAX_ROLE_SECONDS, MIN_ROLE_SECONDS, Account

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_PERMISSION_SET = re.compile(r"[\w+=,.@-]{1,32}", re.ASCII)
_START_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[\w.~%/-]*)?", re.ASCII)
_PATH = re.compile(r"/[\w./-]+", re.ASCII)
_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_MAX_SESSION_SECONDS = 90 * 86_400
_NOWHERE = Scope("", "")


def load_identity_centers(
    entries: Any, accounts: Collection[Account]
) -> tuple[IdentityCenter, ...]:
    """Read the instances. Raises StateError or PolicyError with the place of the mistake."""
    instances = tuple(_load_instance(entry, accounts) for entry in entries)
    seen: set[str] = set()
    for instance in instances:
        for url in (instance.start_url, *instance.aliases):
            if normal_start_url(url) in seen:
                raise StateError(f"two instances of identity_center have the start URL {url}")
            seen.add(normal_start_url(url))
    paths = [path for instance in instances for path in instance.redirects]
    _unique(paths, "redirect", "identity_center")
    return instances


def dump_identity_centers(instances: Iterable[IdentityCenter]) -> list[JsonObject]:
    """Write the instances: `load_identity_centers` of it gives equal ones."""
    return [dump_object(instance, _INSTANCE, _NOWHERE) for instance in instances]


def _load_instance(data: JsonObject, accounts: Collection[Account]) -> IdentityCenter:
    scope = Scope("", "", arn=f"identity_center {data['start_url']}")
    instance: IdentityCenter = _strict(IdentityCenter, _INSTANCE)(data, scope)
    _check_references(instance, {account.id: account for account in accounts}, scope.arn)
    return instance


def _check_references(
    instance: IdentityCenter, accounts: Mapping[str, Account], where: str
) -> None:
    users = [user.name for user in instance.users]
    groups = [group.name for group in instance.groups]
    sets = [one.name for one in instance.permission_sets]
    for names, what in ((users, "user"), (groups, "group"), (sets, "permission set")):
        _unique(names, what, where)
    for group in instance.groups:
        for name in group.users:
            _exists(name, users, "user", f"{where}: group {group.name}")
    by_name = {one.name: one for one in instance.permission_sets}
    for assignment in instance.assignments:
        place = f"{where}: assignment of {assignment.permission_set} in {assignment.account}"
        _exists(assignment.account, accounts, "account", place)
        _exists(assignment.permission_set, sets, "permission set", place)
        if bool(assignment.user) == bool(assignment.group):
            raise StateError(f"{place}: give either a user or a group")
        if assignment.user:
            _exists(assignment.user, users, "user", place)
        else:
            _exists(assignment.group, groups, "group", place)
        if assignment.provisioned:
            _check_policies(by_name[assignment.permission_set], accounts[assignment.account], place)


def _check_policies(permission_set: PermissionSet, account: Account, place: str) -> None:
    own = {policy.arn for policy in account.policies}
    names = list(permission_set.customer_managed)
    if permission_set.boundary and not permission_set.boundary.startswith("arn:"):
        names.append(permission_set.boundary)
    for name in names:
        _exists(f"{account.prefix}policy/{name}", own, "policy", place)


def _unique(names: Iterable[str], what: str, where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise StateError(f"{where}: there are two entries for {what} {name}")
        seen.add(name)


def _exists(name: str, known: Collection[str], what: str, place: str) -> None:
    if name not in known:
        raise StateError(f"{place}: there is no {what} {name}")


def _strict(entity: type[Any], members: tuple[Member, ...]) -> Callable[[JsonObject, Scope], Any]:
    known = {member.key for member in members}

    def load(data: JsonObject, scope: Scope) -> Any:
        unknown = sorted(set(data) - known)
        if unknown:
            raise StateError(f"{scope.arn}: there is no member {unknown[0]}")
        return load_object(entity, data, members, scope)

    return load


def _entries(entity: type[Any], members: tuple[Member, ...]) -> tuple[Any, Any]:
    load = _strict(entity, members)
    return (
        lambda values, scope: tuple(load(value, scope) for value in values),
        lambda values, scope: [dump_object(value, members, scope) for value in values],
    )


def _text(pattern: re.Pattern[str], what: str) -> Callable[[Any, Scope], str]:
    def load(value: Any, scope: Scope) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise StateError(f"{scope.arn}: {value!r} is not a {what}")
        return value

    return load


def _texts(pattern: re.Pattern[str], what: str) -> tuple[Any, Any]:
    one = _text(pattern, what)
    return (
        lambda values, scope: tuple(one(value, scope) for value in _listed(values, what, scope)),
        lambda values, _: list(values),
    )


def _listed(values: Any, what: str, scope: Scope) -> list[Any]:
    if not isinstance(values, list):
        raise StateError(f"{scope.arn}: {values!r} is not a list of {what}s")
    return values


def _seconds(key: str, least: int, most: int) -> Callable[[Any, Scope], int]:
    def load(value: Any, scope: Scope) -> int:
        if type(value) is not int or not least <= value <= most:
            raise StateError(f"{scope.arn}: {key} must be {least}..{most} seconds")
        return value

    return load


def _flag(key: str) -> Callable[[Any, Scope], bool]:
    def load(value: Any, scope: Scope) -> bool:
        if not isinstance(value, bool):
            raise StateError(f"{scope.arn}: {key} must be true or false")
        return value

    return load


def _load_managed(arn: Any, scope: Scope) -> str:
    if not isinstance(arn, str) or aws_managed(arn) is None:
        raise StateError(f"{scope.arn}: there is no policy {arn}")
    return arn


def _load_boundary(value: Any, scope: Scope) -> str:
    return _load_managed(value, scope) if str(value).startswith("arn:") else str(value)


def _load_throttle(data: JsonObject, scope: Scope) -> PortalThrottle:
    throttle: PortalThrottle = _strict(PortalThrottle, _THROTTLE)(data, scope)
    if not (throttle.rate > 0 and type(throttle.burst) is int and throttle.burst > 0):
        raise StateError(f"{scope.arn}: throttle needs a positive rate and burst")
    return throttle


_THROTTLE = (
    Member("rate", "rate", lambda value, _: float(value), optional=False),
    Member("burst", "burst", optional=False),
)
_USER = (
    Member("name", "name", _text(_NAME, "user name"), optional=False),
    Member("email", "email"),
)
_GROUP = (
    Member("name", "name", optional=False),
    Member("users", "users", *_texts(_NAME, "user name")),
)
_SET = (
    Member("name", "name", _text(_PERMISSION_SET, "permission set name"), optional=False),
    Member("description", "description"),
    Member(
        "session_duration",
        "session_seconds",
        _seconds("session_duration", MIN_ROLE_SECONDS, MAX_ROLE_SECONDS),
    ),
    Member(
        "managed_policies",
        "managed",
        lambda arns, scope: tuple(
            _load_managed(arn, scope) for arn in _listed(arns, "policy ARN", scope)
        ),
        lambda arns, _: list(arns),
    ),
    Member("customer_managed_policies", "customer_managed", *_texts(_NAME, "policy name")),
    Member(
        "inline_policy",
        "inline_text",
        lambda document, scope: load_document(
            document, PolicyKind.IDENTITY, f"an inline policy of {scope.arn}"
        ),
        dump_document,
    ),
    Member("permissions_boundary", "boundary", _load_boundary),
)
_ASSIGNMENT = (
    Member("account", "account", optional=False),
    Member("permission_set", "permission_set", optional=False),
    Member("user", "user"),
    Member("group", "group"),
    Member("provisioned", "provisioned", _flag("provisioned")),
)
_START = _text(_START_URL, "start URL (https://…)")
_INSTANCE = (
    Member("start_url", "start_url", _START, optional=False),
    Member("region", "region", _text(_REGION, "region"), optional=False),
    Member("aliases", "aliases", *_texts(_START_URL, "start URL (https://…)")),
    Member("redirects", "redirects", *_texts(_PATH, "path")),
    Member(
        "session_duration",
        "session_seconds",
        _seconds("session_duration", 900, _MAX_SESSION_SECONDS),
    ),
    Member("token_duration", "token_seconds", _seconds("token_duration", 1, _MAX_SESSION_SECONDS)),
    Member("rotate_refresh_tokens", "rotates_refresh_tokens", _flag("rotate_refresh_tokens")),
    Member("device_interval", "device_interval", _seconds("device_interval", 1, 600)),
    Member(
        "device_code_duration", "device_code_seconds", _seconds("device_code_duration", 1, 86_400)
    ),
    Member(
        "authorization_code_duration",
        "authorization_code_seconds",
        _seconds("authorization_code_duration", 1, 86_400),
    ),
    Member(
        "registration_duration",
        "registration_seconds",
        _seconds("registration_duration", 1, 366 * 86_400),
    ),
    Member(
        "throttle",
        "throttle",
        _load_throttle,
        lambda value, scope: dump_object(value, _THROTTLE, scope),
    ),
    Member("users", "users", *_entries(DirectoryUser, _USER)),
    Member("groups", "groups", *_entries(DirectoryGroup, _GROUP)),
    Member("permission_sets", "permission_sets", *_entries(PermissionSet, _SET)),
    Member("assignments", "assignments", *_entries(AccountAssignment, _ASSIGNMENT)),
)
