"""What users, groups and roles have in common: a name, a place in the account, policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xswitch.emulator.errors import AwsAnswerError
from xswitch.emulator.iam.call import Ask
from xswitch.emulator.iam.errors import exists, missing
from xswitch.emulator.state import Account, Group, Role, User, World

Holder = User | Group | Role


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of identity: how parameters and texts call it, and IAM's quotas for it (policies attached; bytes of inline policies)."""

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


USER = Kind("user", 64, 2_048)
GROUP = Kind("group", 128, 5_120)
ROLE = Kind("role", 64, 10_240)
KINDS = (USER, GROUP, ROLE)
MAX_ATTACHED = 10
_PROTECTED = ("/aws-service-role/", "/aws-reserved/")


def holders(ask: Ask, kind: Kind) -> tuple[Holder, ...]:
    """All of a kind in the account."""
    found: tuple[Holder, ...] = getattr(ask.account, kind.members)
    return found


def find(ask: Ask, kind: Kind) -> Holder | None:
    """The one the call names."""
    name = ask.name(kind.parameter, kind.longest if kind is not USER else 128)
    return next((holder for holder in holders(ask, kind) if holder.name == name), None)


def get(ask: Ask, kind: Kind) -> Holder:
    """The one the call names. Raises AwsAnswerError NoSuchEntity."""
    holder = find(ask, kind)
    if holder is None:
        raise missing(kind.word, ask.parameters[kind.parameter])
    return holder


def refuse_protected(holder: Holder) -> None:
    """Raises AwsAnswerError UnmodifiableEntity for a role that belongs to a service."""
    if isinstance(holder, Role) and holder.path.startswith(_PROTECTED):
        message = f"Cannot perform the operation on the protected role '{holder.name}' - this role is only modifiable by AWS"
        raise AwsAnswerError("UnmodifiableEntity", message)


def everyone(account: Account) -> tuple[Holder, ...]:
    """All of an account's users, groups and roles."""
    return (*account.users, *account.groups, *account.roles)


def refuse_twin(ask: Ask, kind: Kind, name: str) -> None:
    """Names are one however they are written. Raises AwsAnswerError EntityAlreadyExists."""
    if any(holder.name.lower() == name.lower() for holder in holders(ask, kind)):
        raise exists(f"{kind.title} with name {name} already exists.")


def save(ask: Ask, kind: Kind, holder: Holder) -> World:
    """The world with this state of one of them, or with a new one."""
    others = holders(ask, kind)
    known = any(one.name == holder.name for one in others)
    return ask.saved(**{kind.members: tuple(holder if one.name == holder.name else one for one in others) + (() if known else (holder,))})


def drop(ask: Ask, kind: Kind, holder: Holder) -> World:
    """The world without one of them."""
    return ask.saved(**{kind.members: tuple(one for one in holders(ask, kind) if one.name != holder.name)})
