"""`doctor`'s checks of environment variables that go before the selected profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xswitch.actions.results import DoctorCheck
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.shell.shells import EMIT_SHELLS, set_command, unset_command
from xswitch.core.variables import (
    DEFAULT_PROFILE_VARIABLE,
    REGION_VARIABLES,
    identity_before_profile,
)


def check_variables(
    snapshot: ConfigSnapshot | None, variables: Mapping[str, str]
) -> Iterator[DoctorCheck]:
    """Check for variables that override the selected profile, its region, or each other.

    `snapshot` is None if the config can't be read.
    """
    checks = [*_identity(variables), *_region(snapshot, variables)]
    yield from checks
    if not checks:
        yield DoctorCheck("environment", "ok", "No environment variable overrides the profile.")


def _identity(variables: Mapping[str, str]) -> Iterator[DoctorCheck]:
    names = identity_before_profile(variables)
    profiles = [name for name in names if name == DEFAULT_PROFILE_VARIABLE]
    others = [name for name in names if name not in profiles]
    if others:
        message = f"Environment variables go before the profile: {', '.join(others)}."
        yield _warning(message, unset_command(_shell(variables), others))
    if profiles:
        message = (
            f"AWS_PROFILE is {variables['AWS_PROFILE']} and AWS_DEFAULT_PROFILE is"
            f" {variables[DEFAULT_PROFILE_VARIABLE]}; boto3 and the AWS CLI v1 prefer the latter."
        )
        yield _warning(message, unset_command(_shell(variables), profiles))


def _region(snapshot: ConfigSnapshot | None, variables: Mapping[str, str]) -> Iterator[DoctorCheck]:
    """Check that every program uses one region, and that it is the profile's."""
    set_regions = {one: variables[one] for one in REGION_VARIABLES if variables.get(one)}
    name = "" if snapshot is None else snapshot.current_profile
    profile = None if snapshot is None else snapshot.view.profiles.get(name)
    configured = None if profile is None else profile.get("region")
    shown = " and ".join(f"{variable} is {value}" for variable, value in set_regions.items())
    if configured and any(value != configured for value in set_regions.values()):
        yield _warning(
            f'The profile "{name}" has the region {configured}, and {shown}: programs prefer the'
            " variables.",
            set_command(_shell(variables), dict.fromkeys(REGION_VARIABLES, configured)),
        )
    elif len(set(set_regions.values())) > 1:
        yield _warning(
            f"{shown}: boto3 uses the latter, most other programs the former.",
            unset_command(_shell(variables), [REGION_VARIABLES[1]]),
        )


def _warning(message: str, next_step: str) -> DoctorCheck:
    return DoctorCheck("environment", "warning", message, next_step)


def _shell(variables: Mapping[str, str]) -> str:
    shell = variables.get("XSWITCH_SHELL", "")
    return shell if shell in EMIT_SHELLS else "sh"
