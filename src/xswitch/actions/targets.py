"""Which role a target on the command line means."""

from __future__ import annotations

from dataclasses import replace

from xswitch.actions.api import SwitchOptions
from xswitch.actions.ports import Ports
from xswitch.actions.snapshot import Reading, read
from xswitch.core.errors import TargetError, UsageError
from xswitch.core.model import Base, Role
from xswitch.core.profiles.managed import MARK, Overrides, source_profile
from xswitch.core.roles.ad_hoc import Definition, definition_of
from xswitch.core.roles.resolve import resolve_definition
from xswitch.core.roles.sources import find_base
from xswitch.core.roles.targets import find

PREVIOUS = "XSWITCH_PREVIOUS"


def overrides_of(options: SwitchOptions) -> Overrides:
    """What the options replace of the configured values, unchecked."""
    return Overrides(
        region=options.region,
        duration_seconds=options.duration_seconds,
        session_name=options.session_name,
        external_id=options.external_id,
        policy_arns=options.policy_arns,
        policy=options.policy,
        tags=options.tags,
    )


def resolve_target(ports: Ports, target: str, options: SwitchOptions) -> Role:
    """The one role `target` names: see `Actions.resolve`."""
    return role_for(read(ports), target, options)


def role_for(reading: Reading, target: str, options: SwitchOptions) -> Role:
    """The one role `target` names in this reading. Raises TargetError, UsageError."""
    target = target.strip()
    if target == "-":
        return _previous(reading, options)
    target = reading.static_of(target) or target
    if options.source is not None:
        definition = definition_of(target, reading.settings)
        if definition is None:
            raise UsageError(
                f"--source says from where ACCOUNT:ROLE is assumed, and {target!r} is none.",
                next_step=f"xswitch switch ACCOUNT:ROLE --source {options.source}",
            )
        return _defined(reading, definition, options.source, options)
    named = reading.managed_profile(target)
    if named is not None and target in reading.managed:
        return replace(reading.by_name[reading.managed[target]], managed_profile=target)
    try:
        return find(target, reading.resolution.roles, reading.managed)
    except TargetError as error:
        definition = definition_of(target, reading.settings)
        source = _likely_source(reading) if definition is not None and error.code == "target_unknown" else None
        if definition is None or source is None:
            raise
        return _defined(reading, definition, source, options)


def _previous(reading: Reading, options: SwitchOptions) -> Role:
    previous = reading.environment.get(PREVIOUS, "")
    if not previous or previous == "-":
        raise TargetError(
            "There is no role before this one in this shell.",
            why=f"{PREVIOUS} is not set; the shell hook sets it at every switch.",
            next_step="xswitch list",
            code="no_previous",
        )
    if previous not in reading.managed and previous not in reading.by_name:
        raise TargetError(
            f'The profile before this one, "{previous}", is no role to switch to.',
            next_step="xswitch list",
            code="no_previous",
        )
    return role_for(reading, previous, options)


def _defined(reading: Reading, definition: Definition, source: str, options: SwitchOptions) -> Role:
    return resolve_definition(
        reading.view,
        reading.settings,
        reading.environment,
        account=definition.account_id,
        role=f"{definition.path[1:]}{definition.name}",
        source=source,
        partition=definition.partition,
        overrides=overrides_of(options),
    )


def _likely_source(reading: Reading) -> str | None:
    """From where a role is assumed when nobody says: as the role this shell is in, from the profile it selects, or from the only base."""
    current = current_profile(reading)
    role = reading.by_name.get(reading.managed.get(current, current))
    if role is not None:
        return source_profile(role)
    if current in reading.view.profiles and isinstance(find_base(reading.view, reading.view.profiles[current]), Base):
        return current
    bases = {role.chain.base.profile for role in reading.resolution.roles if role.chain is not None}
    if not bases:
        bases = {
            profile.name
            for profile in reading.view.profiles.values()
            if profile.get(MARK) is None and isinstance(find_base(reading.view, profile), Base)
        }
    return bases.pop() if len(bases) == 1 else None


def current_profile(reading: Reading) -> str:
    """The profile this shell selects, "" for none. Source: `AWS_PROFILE` goes before `AWS_DEFAULT_PROFILE` in all SDKs but boto3."""
    return reading.environment.get("AWS_PROFILE") or reading.environment.get("AWS_DEFAULT_PROFILE") or ""
