"""What users, groups and roles have in common: a name, a place in the account, policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xswitch.emulator.errors import EmulatedAwsError
from xswitch.emulator.iam.call import IamRequest
from xswitch.emulator.iam.errors import entity_already_exists, no_such_entity_named
from xswitch.emulator.state import Account, AwsState, Group, IamRole, User

Holder = User | Group | IamRole


@dataclass(frozen=True, slots=True)
class IdentityKind:
    """A kind of identity.

    How parameters and texts call it, and IAM's quotas for it (policies attached; bytes of inline
    policies).
    """

    word: Literal["user", "group", "role"]
    longest: int
    inline_bytes: int

    @property
    def title(self) -> str:
        """As in names of actions, parameters and members."""
        return self.word.capitalize()

    @property
    def parameter(self) -> str:
        """The parameter that names one."""
        return f"{self.title}Name"

    @property
    def members(self) -> str:
        """The field of an account they are in."""
        return f"{self.word}s"


USER = IdentityKind("user", 64, 2_048)
GROUP = IdentityKind("group", 128, 5_120)
ROLE = IdentityKind("role", 64, 10_240)
KINDS = (USER, GROUP, ROLE)
MAX_ATTACHED = 10
_PROTECTED = ("/aws-service-role/", "/aws-reserved/")


def holders(request: IamRequest, kind: IdentityKind) -> tuple[Holder, ...]:
    """All of a kind in the account."""
    all_of_kind: tuple[Holder, ...] = getattr(request.account, kind.members)
    return all_of_kind


def find_holder(request: IamRequest, kind: IdentityKind) -> Holder | None:
    """The one the call names."""
    name = request.name(kind.parameter, kind.longest if kind is not USER else 128)
    return next((holder for holder in holders(request, kind) if holder.name == name), None)


def require_holder(request: IamRequest, kind: IdentityKind) -> Holder:
    """The one the call names. Raises EmulatedAwsError NoSuchEntity."""
    holder = find_holder(request, kind)
    if holder is None:
        raise no_such_entity_named(kind.word, request.parameters[kind.parameter])
    return holder


def check_not_protected(holder: Holder) -> None:
    """Raises EmulatedAwsError UnmodifiableEntity for a role that belongs to a service."""
    if isinstance(holder, IamRole) and holder.path.startswith(_PROTECTED):
        message = f"Cannot perform the operation on the protected role '{holder.name}' - this role is only modifiable by AWS"
        raise EmulatedAwsError("UnmodifiableEntity", message)


def all_holders(account: Account) -> tuple[Holder, ...]:
    """All of an account's users, groups and roles."""
    return (*account.users, *account.groups, *account.roles)


def check_name_unused(request: IamRequest, kind: IdentityKind, name: str) -> None:
    """Names are one however they are written. Raises EmulatedAwsError EntityAlreadyExists."""
    if any(holder.name.lower() == name.lower() for holder in holders(request, kind)):
        raise entity_already_exists(f"{kind.title} with name {name} already exists.")


def with_holder(request: IamRequest, kind: IdentityKind, holder: Holder) -> AwsState:
    """The world with this state of one of them, or with a new one."""
    others = holders(request, kind)
    known = any(one.name == holder.name for one in others)
    return request.with_account_changes(
        **{
            kind.members: tuple(holder if one.name == holder.name else one for one in others)
            + (() if known else (holder,))
        }
    )


def without_holder(request: IamRequest, kind: IdentityKind, holder: Holder) -> AwsState:
    """The world without one of them."""
    return request.with_account_changes(
        **{kind.members: tuple(one for one in holders(request, kind) if one.name != holder.name)}
    )
