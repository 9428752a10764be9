"""What a call needs permission for: the resource as policies name it, its keys, and how AWS writes it in a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from xswitch.emulator.authorize import base_context, may, refusal, resource_context
from xswitch.emulator.iam.call import Ask
from xswitch.emulator.iam.errors import invalid_input
from xswitch.emulator.iam.kinds import GROUP, ROLE, USER, Kind, everyone, find
from xswitch.emulator.parameters import members
from xswitch.emulator.state import Group

Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Target:
    """A resource: its ARN, the name AWS gives it in refusals, its context keys, and what else the call amounts to."""

    arn: str
    shown: str = ""
    context: Context = field(default_factory=dict)
    also: tuple[str, ...] = ()
    foreign: bool = False


Of = Callable[[Ask], Target]


def authorize(ask: Ask, target: Target) -> None:
    """Raises AwsAnswerError AccessDenied unless the caller's policies allow the call."""
    call = ask.call
    context = {**base_context(call), **target.context}
    for action in (f"iam:{call.action}", *target.also):
        verdict = may(call, action, target.arn, context)
        if not verdict.allowed or target.foreign:
            raise refusal(call.caller, action, target.shown or target.arn, None if target.foreign and verdict.allowed else verdict)


def existing(kind: Kind) -> Of:
    """A user, group or role the call names, existing or not."""

    def target(ask: Ask) -> Target:
        holder = find(ask, kind)
        name = ask.parameters[kind.parameter]
        if holder is None:
            return Target(f"{ask.account.prefix}{kind.word}/{name}", f"{kind.word} {name}")
        boundary = "" if isinstance(holder, Group) else holder.boundary
        context = resource_context(holder.account, {} if isinstance(holder, Group) else holder.tags)
        return Target(holder.arn, f"{kind.word} {name}", context | ({"iam:permissionsboundary": (boundary,)} if boundary else {}))

    return target


def self_or_user(ask: Ask) -> Target:
    """The user a call names, or the caller."""
    name, user = ask.user_name(), ask.user()
    if user is None:
        return Target(f"{ask.account.prefix}user/{name}", f"user {name}")
    return Target(user.arn, f"user {name}", resource_context(user.account, user.tags))


def created(kind: Kind) -> Of:
    """A user, group or role that is to be made."""

    def target(ask: Ask) -> Target:
        arn = f"{ask.account.prefix}{kind.word}{ask.path()}{ask.name(kind.parameter, kind.longest)}"
        found = with_tags(ask, Target(arn), f"iam:Tag{kind.title}")
        boundary = ask.parameters.get("PermissionsBoundary")
        return replace(found, context={**found.context, "iam:permissionsboundary": (boundary,)}) if boundary else found

    return target


def with_tags(ask: Ask, target: Target, action: str = "") -> Target:
    """A target that gets the request's tags; `action` is what setting them while making it needs as well."""
    tags = ask.tags()
    if not tags:
        return target
    context = {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()} | {"aws:tagkeys": tuple(tags)}
    return replace(target, context={**target.context, **context}, also=(action,) if action else ())


def tagged(of: Of) -> Of:
    """A target whose tags the call sets, or takes away."""

    def target(ask: Ask) -> Target:
        keys = members(ask.parameters, "TagKeys")
        found = with_tags(ask, of(ask))
        return replace(found, context={**found.context, "aws:tagkeys": tuple(keys)}) if keys else found

    return target


def bounded(of: Of) -> Of:
    """A target that gets the boundary the call names."""

    def target(ask: Ask) -> Target:
        found = of(ask)
        boundary = ask.parameters.get("PermissionsBoundary")
        return replace(found, context={**found.context, "iam:permissionsboundary": (boundary,)}) if boundary else found

    return target


def with_policy(of: Of) -> Of:
    """A target that the policy the call names is attached to, or detached from."""

    def target(ask: Ask) -> Target:
        found = of(ask)
        return replace(found, context={**found.context, "iam:policyarn": (ask.text("PolicyArn", 20, 2_048, required=True) or "",)})

    return target


def listing(word: str) -> Of:
    """All of a kind under a path."""

    def target(ask: Ask) -> Target:
        return Target(f"{ask.account.prefix}{word}{ask.parameters.get('PathPrefix', '/')}")

    return target


def everything(_ask: Ask) -> Target:
    """No resource in particular."""
    return Target("*")


def policy(ask: Ask) -> Target:
    """A managed policy by its ARN; only reading reaches AWS's own, and nothing another account's."""
    arn = ask.text("PolicyArn", 20, 2_048, required=True) or ""
    if not arn.startswith("arn:") or ":policy/" not in arn:
        raise invalid_input(f"ARN {arn} is not valid.")
    found = ask.world.policy(arn)
    owner = arn.split(":")[4]
    reading = ask.call.action.startswith(("Get", "List"))
    foreign = owner != ask.account.id and not (owner == "aws" and reading)
    return Target(arn, f"policy {arn}", resource_context(owner, found.tags if found is not None else {}), foreign=foreign)


def new_policy(ask: Ask) -> Target:
    """A managed policy that is to be made."""
    name = ask.name("PolicyName")
    return with_tags(ask, Target(f"{ask.account.prefix}policy{ask.path()}{name}", f"policy {name}"), "iam:TagPolicy")


def principal(ask: Ask) -> Target:
    """The identity a simulation is about."""
    arn = ask.text("PolicySourceArn", 20, 2_048, required=True) or ""
    holder = next((one for one in everyone(ask.account) if one.arn == arn), None)
    tags = {} if holder is None or isinstance(holder, Group) else holder.tags
    return Target(arn, context=resource_context(ask.account.id, tags))


def mfa(ask: Ask) -> Target:
    """An MFA device by its serial number."""
    return Target(ask.text("SerialNumber", 9, 256, r"[\w+=/:,.@-]+", required=True) or "")


def new_mfa(ask: Ask) -> Target:
    """A virtual MFA device that is to be made."""
    return Target(f"{ask.account.prefix}mfa{ask.path()}{ask.name('VirtualMFADeviceName', 226)}")


ROLE_TARGET, GROUP_TARGET, USER_TARGET = existing(ROLE), existing(GROUP), existing(USER)
TARGETS: Mapping[str, Of] = {"role": ROLE_TARGET, "group": GROUP_TARGET, "user": USER_TARGET}
