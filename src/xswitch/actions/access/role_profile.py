"""The role profile that a set-up leaves in the config.

Written once, and never over one that says something else.
"""

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
"""What says where STS is comes from the profile one selects, and never from its source profile."""


def write_role_profile(
    accounts: Accounts, planned: AccessPlanResult, assuming_profile: AssumingProfile
) -> str:
    """The role profile's name.

    It is written unless there is one that says the same, and perhaps more.

    Raises UsageError for a name no profile can have, ConfigError for one that is taken; then
    nothing is written.
    """
    name = planned.inputs.save_as or planned.inputs.role_name
    if not is_legal_name(name) or name == "default":
        raise UsageError(
            f"{name!r} can't be the name of a profile.",
            next_step="give another one: --profile NAME",
            code=ErrorCode.BAD_PROFILE_NAME,
        )
    wanted = _properties(accounts, planned, assuming_profile)
    there = accounts.snapshot.view.profiles.get(name)
    if there is None:
        accounts.config.files.apply(
            [SetProfile("config", name, wanted, comment=_COMMENT, exact=False)]
        )
        return name
    differences = _differences(there, wanted)
    if differences:
        raise ConfigError(
            f'There is a profile "{name}" already, and it says something else.',
            why=f"{there.origin.file}:{there.origin.line}: {'; '.join(differences)}.",
            next_step="the same with another name: --profile NAME",
            code=ErrorCode.PROFILE_EXISTS,
        )
    return name


def _differences(there: Profile, wanted: Mapping[str, str]) -> list[str]:
    found = []
    for key, value in wanted.items():
        held = there.get(key)
        if held != value:
            found.append(
                f"{key} is {held} and would be {value}"
                if held is not None
                else f"{key} is not set and would be {value}"
            )
    if there.get(ROLE_KEY) is not None or there.get("credential_process") is not None:
        found.append("it has credentials of its own (credential_process)")
    return found


def _properties(
    accounts: Accounts, planned: AccessPlanResult, assuming_profile: AssumingProfile
) -> Mapping[str, str]:
    inputs, request = planned.inputs, planned.plan.request
    source = accounts.snapshot.view.profiles[assuming_profile.profile]
    found = {"role_arn": request.role_arn, "source_profile": assuming_profile.profile}
    if requires_mfa(request):
        found["mfa_serial"] = mfa_serial(accounts, planned, assuming_profile)
    if request.external_id:
        found["external_id"] = request.external_id
    if request.max_session_seconds > DEFAULT_MAX_SESSION_SECONDS and _has_long_term_keys(source):
        found["duration_seconds"] = str(request.max_session_seconds)
    region = inputs.region or source.get("region")
    if region:
        found["region"] = region
    return {**found, **{key: value for key in _INHERITED_KEYS if (value := source.get(key))}}


def _has_long_term_keys(source: Profile) -> bool:
    """Whether a profile has a user's own keys.

    From a session a role can be had for an hour only.
    """
    return source.get("aws_access_key_id") is not None and source.get("aws_session_token") is None
