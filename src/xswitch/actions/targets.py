"""Resolve a target on the command line to a role."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.actions.ports import Config
from xswitch.actions.results import SwitchOptions
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.arn import parse_role_arn
from xswitch.core.errors import ErrorCode, TargetError, UsageError
from xswitch.core.model import CredentialSource, Role
from xswitch.core.profiles.managed import (
    NO_OVERRIDES,
    ROLE_KEY,
    Overrides,
    check_options,
    source_profile,
)
from xswitch.core.roles.ad_hoc import AdHocRole, parse_ad_hoc_role
from xswitch.core.roles.changes import changes
from xswitch.core.roles.guards import RoleGuards
from xswitch.core.roles.resolve import resolve_ad_hoc_role
from xswitch.core.roles.sources import find_credential_source
from xswitch.core.roles.targets import find_role
from xswitch.core.text import last_argument, option_text

PREVIOUS_PROFILE_VARIABLE = "XSWITCH_PREVIOUS"


def overrides_from_options(options: SwitchOptions) -> Overrides:
    """Return the configured values that the options replace, without validation."""
    return Overrides(
        region=options.region,
        duration_seconds=options.duration_seconds,
        session_name=options.session_name,
        external_id=options.external_id,
        policy_arns=options.policy_arns,
        policy=options.policy,
        tags=options.tags,
    )


def effective_overrides(snapshot: ConfigSnapshot, role: Role, options: SwitchOptions) -> Overrides:
    """Return the overrides of a switch, from its options or its managed profile.

    Raises UsageError if the role's guard doesn't allow them, ConfigError if they are damaged.
    """
    overrides = overrides_from_options(options)
    if options.reuse_overrides and overrides == NO_OVERRIDES:
        overrides = snapshot.stored_overrides(options.profile_name or role.managed_profile)
    check_options(role, overrides)
    return overrides


def resolve_target(config: Config, target: str, options: SwitchOptions) -> Role:
    """Return the role that `target` names: see `Actions.resolve`."""
    snapshot = take_snapshot(config)
    return with_guard_for_name(snapshot, resolve_role(snapshot, target, options), options)


def resolve_role(snapshot: ConfigSnapshot, target: str, options: SwitchOptions) -> Role:
    """Return the role that `target` names in a snapshot. Raises TargetError, UsageError."""
    target = target.strip()
    if target == "-":
        return _previous_role(snapshot, options)
    target = snapshot.managed_profile_for_static(target) or target
    if options.source is not None:
        definition = parse_ad_hoc_role(target, snapshot.named_settings)
        if definition is None:
            raise UsageError(
                f"--source needs a target ACCOUNT:ROLE, and {target!r} isn't one.",
                next_step=f"xswitch switch ACCOUNT:ROLE {option_text('--source', options.source)}",
            )
        return _resolve_ad_hoc_role(snapshot, definition, options.source, options)
    named = snapshot.managed_profile(target)
    if named is not None and target in snapshot.managed:
        return snapshot.roles_by_name[snapshot.managed[target]]._replace(managed_profile=target)
    try:
        return find_role(target, snapshot.resolution.roles, snapshot.managed)
    except TargetError as error:
        definition = parse_ad_hoc_role(target, snapshot.named_settings)
        source = (
            _default_source_profile(snapshot)
            if definition is not None and error.code == ErrorCode.TARGET_UNKNOWN
            else None
        )
        if definition is None or source is None:
            raise
        return _resolve_ad_hoc_role(snapshot, definition, source, options)


def current_role(snapshot: ConfigSnapshot, shown: Role, options: SwitchOptions) -> Role:
    """Return a role that was shown, as it is configured now.

    Raises TargetError if it's gone, or if it isn't the same any more: what is done must be what was
    shown.
    """
    current = snapshot.roles_by_name.get(shown.name)
    if current is None and shown.portal_role is not None and shown.sso is not None:
        # Its name follows the portal's list, or a profile for it was written
        address = shown.sso.sign_in_address
        current = next(
            (
                role._replace(name=shown.name)
                for role in snapshot.resolution.roles
                if role.sso is not None and role.sso.sign_in_address == address
            ),
            None,
        )
    if shown.is_ad_hoc and (current is None or options.source is not None):
        current = _resolve_shown_ad_hoc_role(snapshot, shown, options)
    if current is None:
        raise TargetError(
            f"{shown.name} is no longer in the config.",
            next_step="xswitch list",
            code=ErrorCode.TARGET_UNKNOWN,
        )
    current = with_guard_for_name(snapshot, current, options)
    different = changes(shown, current)
    if different:
        raise TargetError(
            f"{shown.name} has changed since it was shown: {', '.join(different)}.",
            why=f"It's at {current.origin.file}:{current.origin.line}. Nothing was done.",
            next_step=f"Look at it again: xswitch switch {last_argument(shown.name)}",
            code=ErrorCode.ROLE_CHANGED,
        )
    if snapshot.managed.get(shown.managed_profile) == current.name:
        return current._replace(managed_profile=shown.managed_profile)
    return current


def ensure_unchanged(config: Config, shown: Sequence[Role]) -> None:
    """Raise TargetError for the first role that is gone or isn't what was shown."""
    snapshot = take_snapshot(config)
    for role in shown:
        current_role(snapshot, role, SwitchOptions())


def _resolve_shown_ad_hoc_role(
    snapshot: ConfigSnapshot, shown: Role, options: SwitchOptions
) -> Role | None:
    arn, source = parse_role_arn(shown.role_arn), source_profile(shown)
    if arn is None or source is None:
        return shown  # its chain can't be resolved, which the plan reports
    if source not in snapshot.view.profiles:
        return None
    definition = AdHocRole(arn.account_id, arn.path, arn.name, arn.partition)
    return _resolve_ad_hoc_role(snapshot, definition, source, options)


def with_guard_for_name(snapshot: ConfigSnapshot, role: Role, options: SwitchOptions) -> Role:
    """Return the role with the guard that it has under the options' managed profile name."""
    if options.profile_name is None or not snapshot.settings.guards:
        return role
    guards = RoleGuards(snapshot.view, snapshot.named_settings)
    return role._replace(guard=guards.guard_for(role, managed_profile=options.profile_name))


def _previous_role(snapshot: ConfigSnapshot, options: SwitchOptions) -> Role:
    previous = snapshot.environment.get(PREVIOUS_PROFILE_VARIABLE, "")
    if not previous or previous == "-":
        raise TargetError(
            "This shell has no previous role.",
            why=f"{PREVIOUS_PROFILE_VARIABLE} isn't set; the shell hook sets it on each switch.",
            next_step="xswitch list",
            code=ErrorCode.NO_PREVIOUS,
        )
    if previous not in snapshot.managed and previous not in snapshot.roles_by_name:
        raise TargetError(
            f'The previous profile, "{previous}", isn\'t a target any more.',
            next_step="xswitch list",
            code=ErrorCode.NO_PREVIOUS,
        )
    return resolve_role(snapshot, previous, options)


def _resolve_ad_hoc_role(
    snapshot: ConfigSnapshot, definition: AdHocRole, source: str, options: SwitchOptions
) -> Role:
    return resolve_ad_hoc_role(
        snapshot.view,
        snapshot.settings,
        snapshot.environment,
        account=definition.account_id,
        role=f"{definition.path[1:]}{definition.name}",
        source=source,
        partition=definition.partition,
        overrides=overrides_from_options(options),
        portal_roles=snapshot.portal_roles,
    )


def _default_source_profile(snapshot: ConfigSnapshot) -> str | None:
    """Return the source profile for a role without a configured one, None if it's ambiguous.

    That is the source profile of this shell's role, the profile this shell selects, or the only
    source profile of all roles.
    """
    current = snapshot.current_profile
    role = snapshot.roles_by_name.get(snapshot.managed.get(current, current))
    if role is not None:
        return source_profile(role)
    if current in snapshot.view.profiles and isinstance(
        find_credential_source(snapshot.view, snapshot.view.profiles[current]), CredentialSource
    ):
        return current
    bases = {
        role.chain.base.profile
        for role in snapshot.resolution.roles
        if role.chain is not None and role.chain.hops
    }
    if not bases:
        bases = {
            profile.name
            for profile in snapshot.view.profiles.values()
            if profile.get(ROLE_KEY) is None
            and isinstance(find_credential_source(snapshot.view, profile), CredentialSource)
        }
    return bases.pop() if len(bases) == 1 else None
