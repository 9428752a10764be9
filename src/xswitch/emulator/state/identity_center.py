"""IAM Identity Center: its directory, permission sets, assignments, and the roles they make."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from xswitch.emulator.state.model import Account, IamRole, unique_id

INLINE_POLICY_NAME = "AwsSSOInlinePolicy"
ROLE_PREFIX = "AWSReservedSSO_"
_ROLE_PATH = "/aws-reserved/sso.amazonaws.com/"
_REGION_WITHOUT_PATH = "us-east-1"
_SUFFIX_DIGITS = 16
_SAML_AUDIENCES: Mapping[str, str] = {
    "aws": "https://signin.aws.amazon.com/saml",
    "aws-cn": "https://signin.amazonaws.cn/saml",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com/saml",
    "aws-eusc": "https://signin.amazonaws-eusc.eu/saml",
}


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A person in the directory of Identity Center; `name` is the sign-in name."""

    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """A group in the directory; `users` are the names of its members."""

    name: str
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A permission set: the policies and the session length, in seconds, of the roles it makes.

    `managed` are ARNs of AWS managed policies, `customer_managed` names of policies that each
    account has; `boundary` is one of either, "" for none.
    """

    name: str
    description: str = ""
    session_seconds: int = 3_600
    managed: tuple[str, ...] = ()
    customer_managed: tuple[str, ...] = ()
    inline_text: str = ""
    boundary: str = ""


@dataclass(frozen=True, slots=True)
class AccountAssignment:
    """A permission set in an account, for a user or a group; one of both names is "".

    Without `provisioned`, the account doesn't have the role: the portal lists it and gives no
    credentials, as if the role was deleted.
    """

    account: str
    permission_set: str
    user: str = ""
    group: str = ""
    provisioned: bool = True


@dataclass(frozen=True, slots=True)
class PortalThrottle:
    """The portal's limit: `rate` requests a second, and `burst` at once."""

    rate: float
    burst: int


@dataclass(frozen=True)
class IdentityCenter:
    """An instance of IAM Identity Center; durations are in seconds.

    `aliases` are other start URLs of it. `redirects` are paths of the emulator that answer with a
    redirect to the start URL, as a company's own address does. `session_seconds` is how long a
    sign-in lasts, `token_seconds` an access token that can be refreshed.
    """

    start_url: str
    region: str
    aliases: tuple[str, ...] = ()
    redirects: tuple[str, ...] = ()
    session_seconds: int = 28_800
    token_seconds: int = 3_600
    rotates_refresh_tokens: bool = True
    device_interval: int = 1
    device_code_seconds: int = 600
    authorization_code_seconds: int = 600
    registration_seconds: int = 7_776_000
    throttle: PortalThrottle | None = None
    users: tuple[DirectoryUser, ...] = ()
    groups: tuple[DirectoryGroup, ...] = ()
    permission_sets: tuple[PermissionSet, ...] = ()
    assignments: tuple[AccountAssignment, ...] = ()

    @cached_property
    def _groups_of(self) -> Mapping[str, frozenset[str]]:
        return {
            user.name: frozenset(group.name for group in self.groups if user.name in group.users)
            for user in self.users
        }

    @cached_property
    def _assigned(self) -> Mapping[str, Mapping[str, Mapping[str, bool]]]:
        found: dict[str, dict[str, dict[str, bool]]] = {user.name: {} for user in self.users}
        for assignment in self.assignments:
            holders = [assignment.user] if assignment.user else self._members(assignment.group)
            for name in holders:
                roles = found[name].setdefault(assignment.account, {})
                before = roles.get(assignment.permission_set, False)
                roles[assignment.permission_set] = before or assignment.provisioned
        return found

    def _members(self, group: str) -> tuple[str, ...]:
        return next((one.users for one in self.groups if one.name == group), ())

    def user(self, name: str) -> DirectoryUser | None:
        """The person with this name."""
        return next((user for user in self.users if user.name == name), None)

    def groups_of(self, user: str) -> frozenset[str]:
        """The names of the groups that a person is in."""
        return self._groups_of.get(user, frozenset())

    def permission_set(self, name: str) -> PermissionSet | None:
        """The permission set with this name."""
        return next((one for one in self.permission_sets if one.name == name), None)

    def has_start_url(self, url: str) -> bool:
        """Whether a URL is this instance's start URL, or another form of it."""
        return normal_start_url(url) in map(normal_start_url, (self.start_url, *self.aliases))

    def assigned(self, user: str) -> Mapping[str, Mapping[str, bool]]:
        """A person's accounts → permission sets → whether the account has the role."""
        return self._assigned.get(user, {})

    def role_arn(self, account: Account, permission_set: str) -> str:
        """The ARN of the role that a permission set has in an account, path included."""
        region = "" if self.region == _REGION_WITHOUT_PATH else f"{self.region}/"
        text = f"{self.start_url}\n{account.id}\n{permission_set}"
        suffix = hashlib.sha256(text.encode()).hexdigest()[:_SUFFIX_DIGITS]
        return f"{account.prefix}role{_ROLE_PATH}{region}{ROLE_PREFIX}{permission_set}_{suffix}"


def normal_start_url(url: str) -> str:
    """A start URL without what doesn't count: an empty fragment, `#/`, a slash at its end, case."""
    text = url.partition("#")[0].rstrip("/")
    scheme, _, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}"


def provisioned(
    accounts: Collection[Account], instances: Iterable[IdentityCenter]
) -> tuple[Account, ...]:
    """The accounts with every role that the assignments make; the other roles stay as they are."""
    made: dict[str, dict[str, IamRole]] = {}
    for account_id, role in _reserved_roles(accounts, instances):
        made.setdefault(account_id, {})[role.arn] = role
    return tuple(_with_roles(account, made.get(account.id, {})) for account in accounts)


def _with_roles(account: Account, made: Mapping[str, IamRole]) -> Account:
    others = tuple(role for role in account.roles if role.arn not in made)
    return replace(account, roles=(*others, *made.values())) if made else account


def without_provisioned(
    accounts: Collection[Account], instances: Iterable[IdentityCenter]
) -> tuple[Account, ...]:
    """The accounts without the roles that `provisioned` makes."""
    made = {role.arn: role for _, role in _reserved_roles(accounts, instances)}
    return tuple(
        replace(account, roles=tuple(role for role in account.roles if made.get(role.arn) != role))
        for account in accounts
    )


def _reserved_roles(
    accounts: Collection[Account], instances: Iterable[IdentityCenter]
) -> Iterator[tuple[str, IamRole]]:
    by_id = {account.id: account for account in accounts}
    for instance in instances:
        wanted = dict.fromkeys(
            (assignment.account, assignment.permission_set)
            for assignment in instance.assignments
            if assignment.provisioned
        )
        for account_id, name in wanted:
            permission_set = instance.permission_set(name)
            if permission_set is not None and account_id in by_id:
                yield account_id, _reserved_role(instance, by_id[account_id], permission_set)


def _reserved_role(
    instance: IdentityCenter, account: Account, permission_set: PermissionSet
) -> IamRole:
    arn = instance.role_arn(account, permission_set.name)
    path, _, name = arn.removeprefix(f"{account.prefix}role").rpartition("/")
    boundary = permission_set.boundary
    if boundary and not boundary.startswith("arn:"):
        boundary = f"{account.prefix}policy/{boundary}"
    return IamRole(
        arn=arn,
        account=account.id,
        name=name,
        path=f"{path}/",
        id=unique_id("AROA", arn),
        trust_text=_trust(account, name.rpartition("_")[2]),
        description=permission_set.description,
        max_session_seconds=43_200,
        inline={INLINE_POLICY_NAME: permission_set.inline_text}
        if permission_set.inline_text
        else {},
        attached=(
            *permission_set.managed,
            *(f"{account.prefix}policy/{one}" for one in permission_set.customer_managed),
        ),
        boundary=boundary,
    )


def _trust(account: Account, suffix: str) -> str:
    provider = f"{account.prefix}saml-provider/AWSSSO_{suffix}_DO_NOT_DELETE"
    audience = _SAML_AUDIENCES.get(account.partition, _SAML_AUDIENCES["aws"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": {"StringEquals": {"SAML:aud": audience}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
