"""Write the role profile of a setup, never over a different one."""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.actions.access.accounts import Accounts
from xswitch.actions.access.api import AccessPlanResult
from xswitch.actions.access.callers import AssumingProfile, mfa_serial
from xswitch.core.access.documents import requires_mfa
from xswitch.core.access.model import DEFAULT_MAX_SESSION_SECONDS
from xswitch.core.awsconfig.document import is_legal_name
from xswitch.core.errors import ConfigError, ErrorCode, UsageError
from xswitch.core.model import Profile, SetProfile
from xswitch.core.profiles.managed import ROLE_KEY

_COMMENT = "set up by `xswitch access`"
_INHERITED_KEYS = (
    "endpoint_url",
    "services",
    "ca_bundle",
    "use_fips_endpoint",
    "use_dualstack_endpoint",
)
"""The SDKs read these from the selected profile, never from its source profile."""


def write_role_profile(
    accounts: Accounts, planned: AccessPlanResult, assuming_profile: AssumingProfile
) -> str:
    """Write the role profile unless an equal one exists, and return its name.

    An existing profile may have further properties. Raises UsageError for an invalid name,
    ConfigError if a different profile has it, and then writes nothing.
    """
    name = planned.inputs.save_as or planned.inputs.role_name
    if not is_legal_name(name) or name == "default":
        raise UsageError(
            f"{name!r} can't be the name of a profile.",
            next_step="choose another one: --profile NAME",
            code=ErrorCode.BAD_PROFILE_NAME,
        )
    properties = _properties(accounts, planned, assuming_profile)
    existing = accounts.snapshot.view.profiles.get(name)
    if existing is None:
        accounts.config.files.apply(
            [SetProfile("config", name, properties, comment=_COMMENT, exact=False)]
        )
        return name
    differences = _differences(existing, properties)
    if differences:
        raise ConfigError(
            f'A different profile "{name}" exists.',
            why=f"{existing.origin.file}:{existing.origin.line}: {'; '.join(differences)}.",
            next_step="rerun with another name: --profile NAME",
            code=ErrorCode.PROFILE_EXISTS,
        )
    return name


def _differences(existing: Profile, properties: Mapping[str, str]) -> list[str]:
    differences = [
        f"{key} is {existing.get(key) or 'not set'} and would be {value}"
        for key, value in properties.items()
        if existing.get(key) != value
    ]
    if existing.get(ROLE_KEY) is not None or existing.get("credential_process") is not None:
        differences.append("it has its own credentials (credential_process)")
    return differences


def _properties(
    accounts: Accounts, planned: AccessPlanResult, assuming_profile: AssumingProfile
) -> Mapping[str, str]:
    inputs, request = planned.inputs, planned.plan.request
    source = accounts.snapshot.view.profiles[assuming_profile.profile]
    properties = {"role_arn": request.role_arn, "source_profile": assuming_profile.profile}
    if requires_mfa(request):
        properties["mfa_serial"] = mfa_serial(accounts, planned, assuming_profile)
    if request.external_id:
        properties["external_id"] = request.external_id
    if request.max_session_seconds > DEFAULT_MAX_SESSION_SECONDS and _has_long_term_keys(source):
        properties["duration_seconds"] = str(request.max_session_seconds)
    region = inputs.region or source.get("region")
    if region:
        properties["region"] = region
    return {**properties, **{key: value for key in _INHERITED_KEYS if (value := source.get(key))}}


def _has_long_term_keys(source: Profile) -> bool:
    """Whether a profile has a user's keys: from a session, a role lasts an hour at most."""
    return source.get("aws_access_key_id") is not None and source.get("aws_session_token") is None
