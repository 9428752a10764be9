"""The whole state: every account, with lookups. A change makes a new value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from xswitch.core.policy import PolicyDocument, PolicyKind
from xswitch.emulator.state import state_file
from xswitch.emulator.state.aws_managed import aws_managed, is_aws_managed
from xswitch.emulator.state.identity_center import IdentityCenter
from xswitch.emulator.state.model import (
    AccessKey,
    Account,
    Group,
    IamRole,
    ManagedPolicy,
    User,
    parse_cached,
)
from xswitch.emulator.state.organizations import Organization


@dataclass(frozen=True)
class AwsState:
    """All accounts.

    `clock_offset` is how many seconds the session clock is ahead of the machine's.
    `propagation_seconds` is how long authentication and authorization don't see a change.
    """

    accounts: tuple[Account, ...]
    clock_offset: float = 0.0
    propagation_seconds: float = 0.0
    identity_centers: tuple[IdentityCenter, ...] = ()
    organizations: tuple[Organization, ...] = ()

    @cached_property
    def _by_key(self) -> Mapping[str, tuple[User, AccessKey]]:
        return {
            key.id: (user, key)
            for account in self.accounts
            for user in account.users
            for key in user.keys
        }

    @cached_property
    def _by_id(self) -> Mapping[str, Account]:
        return {account.id: account for account in self.accounts}

    @cached_property
    def _roles(self) -> Mapping[str, IamRole]:
        return {role.arn: role for account in self.accounts for role in account.roles}

    @cached_property
    def _users(self) -> Mapping[str, User]:
        return {user.arn: user for account in self.accounts for user in account.users}

    @cached_property
    def _policies(self) -> Mapping[str, ManagedPolicy]:
        return {policy.arn: policy for account in self.accounts for policy in account.policies}

    def account(self, account_id: str) -> Account | None:
        """The account with this ID."""
        return self._by_id.get(account_id)

    def key(self, access_key_id: str) -> tuple[User, AccessKey] | None:
        """The user and key with this access key ID."""
        return self._by_key.get(access_key_id)

    def role(self, arn: str) -> IamRole | None:
        """The role with this ARN, path included."""
        return self._roles.get(arn)

    def user(self, arn: str) -> User | None:
        """The user with this ARN, path included."""
        return self._users.get(arn)

    def policy(self, arn: str) -> ManagedPolicy | None:
        """The managed policy with this ARN: AWS's or an account's."""
        return aws_managed(arn) if is_aws_managed(arn) else self._policies.get(arn)

    def managed_policy(self, arn: str, kind: PolicyKind, account_id: str) -> PolicyDocument | None:
        """A managed policy that `account_id` can use: AWS's or its own."""
        policy = self.policy(arn)
        return (
            None
            if policy is None or policy.account not in ("aws", account_id)
            else parse_cached(policy.text, kind, arn)
        )

    def documents(self, entity: User | IamRole | Group) -> tuple[PolicyDocument, ...]:
        """All policies that apply to an identity: inline, attached, its groups', its boundary."""
        found = [
            parse_cached(text, PolicyKind.IDENTITY, f"inline policy {name} of {entity.arn}")
            for name, text in sorted(entity.inline.items())
        ]
        found += [self._attached(arn, PolicyKind.IDENTITY) for arn in entity.attached]
        if isinstance(entity, User):
            account = self._by_id[entity.account]
            found += [
                document
                for group in account.groups_of(entity.name)
                for document in self.documents(group)
            ]
        if not isinstance(entity, Group) and entity.boundary:
            found.append(self._attached(entity.boundary, PolicyKind.BOUNDARY))
        return tuple(found)

    def _attached(self, arn: str, kind: PolicyKind) -> PolicyDocument:
        policy = aws_managed(arn) or self._policies[arn]
        return parse_cached(policy.text, kind, arn)

    def identity_center(self, start_url: str) -> IdentityCenter | None:
        """The instance of Identity Center with this start URL."""
        found = (one for one in self.identity_centers if one.has_start_url(start_url))
        return next(found, None)

    def organization(self, organization_id: str) -> Organization:
        """The organization with this ID; without an entry of its own, it has a root alone."""
        found = (one for one in self.organizations if one.id == organization_id)
        return next(found, Organization(organization_id))

    def with_account(self, account: Account) -> AwsState:
        """The state with one account replaced."""
        return replace(
            self, accounts=tuple(account if one.id == account.id else one for one in self.accounts)
        )

    @classmethod
    def from_json(cls, text: str) -> AwsState:
        """Read a state file. Raises SettingsError with the place of the mistake."""
        return cls(*state_file.load_state(text))

    def to_json(self) -> str:
        """Write a state file: `from_json` of it gives an equal state."""
        contents = state_file.StateContents(
            self.accounts,
            self.clock_offset,
            self.propagation_seconds,
            self.identity_centers,
            self.organizations,
        )
        return state_file.dump_state(contents)
