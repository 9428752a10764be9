"""Target resources of IAM calls: ARN, context keys, and wording in a denial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from xswitch.core.arn import account_of
from xswitch.emulator.authorize import (
    access_denied_error,
    authorize_action,
    base_context,
    resource_context,
)
from xswitch.emulator.errors import invalid_input
from xswitch.emulator.iam.call import IamRequest
from xswitch.emulator.iam.holders import GROUP, ROLE, USER, IdentityKind, all_holders, find_holder
from xswitch.emulator.parameters import members
from xswitch.emulator.state import Group

Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class AuthorizationTarget:
    """A target resource.

    Its ARN, its name in denials, its context keys, and the further actions the call requires.
    """

    arn: str
    shown: str = ""
    context: Context = field(default_factory=dict)
    also: tuple[str, ...] = ()
    foreign: bool = False


TargetResolver = Callable[[IamRequest], AuthorizationTarget]


def authorize(request: IamRequest, target: AuthorizationTarget) -> None:
    """Authorize the call. Raises EmulatedAwsError AccessDenied."""
    call = request.call
    context = {**base_context(call), **target.context}
    for action in (f"iam:{call.action}", *target.also):
        result = authorize_action(call, action, target.arn, context)
        if not result.allowed or target.foreign:
            raise access_denied_error(
                call.caller,
                action,
                target.shown or target.arn,
                None if target.foreign and result.allowed else result,
            )


def existing(kind: IdentityKind) -> TargetResolver:
    """The user, group, or role that the call names, existing or not."""

    def target(request: IamRequest) -> AuthorizationTarget:
        holder = find_holder(request, kind)
        name = request.parameters[kind.parameter]
        if holder is None:
            return AuthorizationTarget(
                f"{request.account.prefix}{kind.word}/{name}", f"{kind.word} {name}"
            )
        boundary = "" if isinstance(holder, Group) else holder.boundary
        context = resource_context(holder.account, {} if isinstance(holder, Group) else holder.tags)
        return AuthorizationTarget(
            holder.arn,
            f"{kind.word} {name}",
            context | ({"iam:permissionsboundary": (boundary,)} if boundary else {}),
        )

    return target


def self_or_user(request: IamRequest) -> AuthorizationTarget:
    """The user that the call names, or the caller."""
    name, user = request.user_name(), request.user()
    if user is None:
        return AuthorizationTarget(f"{request.account.prefix}user/{name}", f"user {name}")
    return AuthorizationTarget(user.arn, f"user {name}", resource_context(user.account, user.tags))


def created(kind: IdentityKind) -> TargetResolver:
    """The user, group, or role that the call creates."""

    def target(request: IamRequest) -> AuthorizationTarget:
        name = request.name(kind.parameter, kind.longest)
        arn = f"{request.account.prefix}{kind.word}{request.path()}{name}"
        resolved = with_tags(request, AuthorizationTarget(arn), f"iam:Tag{kind.title}")
        boundary = request.parameters.get("PermissionsBoundary")
        return (
            replace(resolved, context={**resolved.context, "iam:permissionsboundary": (boundary,)})
            if boundary
            else resolved
        )

    return target


def with_tags(
    request: IamRequest, target: AuthorizationTarget, action: str = ""
) -> AuthorizationTarget:
    """A target that the call tags; `action` is also required to tag it at creation."""
    tags = request.tags()
    if not tags:
        return target
    context = {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()} | {
        "aws:tagkeys": tuple(tags)
    }
    return replace(target, context={**target.context, **context}, also=(action,) if action else ())


def tagged(of: TargetResolver) -> TargetResolver:
    """A target whose tags the call sets or removes."""

    def target(request: IamRequest) -> AuthorizationTarget:
        keys = members(request.parameters, "TagKeys")
        resolved = with_tags(request, of(request))
        return (
            replace(resolved, context={**resolved.context, "aws:tagkeys": tuple(keys)})
            if keys
            else resolved
        )

    return target


def bounded(of: TargetResolver) -> TargetResolver:
    """A target that the call gives a permissions boundary."""

    def target(request: IamRequest) -> AuthorizationTarget:
        resolved = of(request)
        boundary = request.parameters.get("PermissionsBoundary")
        return (
            replace(resolved, context={**resolved.context, "iam:permissionsboundary": (boundary,)})
            if boundary
            else resolved
        )

    return target


def with_policy(of: TargetResolver) -> TargetResolver:
    """A target that the call attaches a policy to or detaches one from."""

    def target(request: IamRequest) -> AuthorizationTarget:
        resolved = of(request)
        return replace(
            resolved,
            context={
                **resolved.context,
                "iam:policyarn": (request.text("PolicyArn", 20, 2_048, required=True) or "",),
            },
        )

    return target


def listing(word: str) -> TargetResolver:
    """All entities of a kind under a path."""

    def target(request: IamRequest) -> AuthorizationTarget:
        return AuthorizationTarget(
            f"{request.account.prefix}{word}{request.parameters.get('PathPrefix', '/')}"
        )

    return target


def everything(_ask: IamRequest) -> AuthorizationTarget:
    """The target of actions without a resource: `*`."""
    return AuthorizationTarget("*")


def policy(request: IamRequest) -> AuthorizationTarget:
    """The managed policy with the call's ARN.

    Only reads reach AWS managed policies; no call reaches another account's.
    """
    arn = request.text("PolicyArn", 20, 2_048, required=True) or ""
    if not arn.startswith("arn:") or ":policy/" not in arn:
        raise invalid_input(f"ARN {arn} is not valid.")
    managed_policy = request.world.policy(arn)
    owner = account_of(arn)
    reading = request.call.action.startswith(("Get", "List"))
    foreign = owner != request.account.id and not (owner == "aws" and reading)
    return AuthorizationTarget(
        arn,
        f"policy {arn}",
        resource_context(owner, managed_policy.tags if managed_policy is not None else {}),
        foreign=foreign,
    )


def new_policy(request: IamRequest) -> AuthorizationTarget:
    """The managed policy that the call creates."""
    name = request.name("PolicyName")
    return with_tags(
        request,
        AuthorizationTarget(
            f"{request.account.prefix}policy{request.path()}{name}", f"policy {name}"
        ),
        "iam:TagPolicy",
    )


def principal(request: IamRequest) -> AuthorizationTarget:
    """The identity that a simulation is about."""
    arn = request.text("PolicySourceArn", 20, 2_048, required=True) or ""
    holder = next((one for one in all_holders(request.account) if one.arn == arn), None)
    tags = {} if holder is None or isinstance(holder, Group) else holder.tags
    return AuthorizationTarget(arn, context=resource_context(request.account.id, tags))


def mfa(request: IamRequest) -> AuthorizationTarget:
    """The MFA device with the call's serial number."""
    return AuthorizationTarget(
        request.text("SerialNumber", 9, 256, r"[\w+=/:,.@-]+", required=True) or ""
    )


def new_mfa(request: IamRequest) -> AuthorizationTarget:
    """The virtual MFA device that the call creates."""
    return AuthorizationTarget(
        f"{request.account.prefix}mfa{request.path()}{request.name('VirtualMFADeviceName', 226)}"
    )


ROLE_TARGET, GROUP_TARGET, USER_TARGET = existing(ROLE), existing(GROUP), existing(USER)
TARGETS: Mapping[str, TargetResolver] = {
    "role": ROLE_TARGET,
    "group": GROUP_TARGET,
    "user": USER_TARGET,
}
