"""The environment of a command that `exec` runs as a target."""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.core.model import ConfigPaths, Credentials
from xswitch.core.profiles.binding import STORED_ONLY_VARIABLE
from xswitch.core.variables import (
    CLEARED_VARIABLES,
    OWN_REGIONS,
    REGION_VARIABLES,
    SWITCHED_REGION,
)

_OURS = frozenset(
    (
        *CLEARED_VARIABLES,
        *OWN_REGIONS.values(),
        SWITCHED_REGION,
        STORED_ONLY_VARIABLE,
        "AWS_PROFILE",
    )
)


def profile_environment(
    environment: Mapping[str, str],
    paths: ConfigPaths,
    profile: str,
    region: str,
    *,
    renews: bool = True,
) -> dict[str, str]:
    """Return an environment in which AWS programs use `profile`: nothing goes before it.

    It names both config files by their absolute paths, so a working folder or a HOME of its own
    leads the command to no other profile. An empty `region` leaves the variables as they are.
    Without `renews`, xswitch serves the command the stored session alone.
    """
    child = cleaned_environment(environment, region)
    child["AWS_PROFILE"] = profile
    child["AWS_CONFIG_FILE"] = paths.config
    child["AWS_SHARED_CREDENTIALS_FILE"] = paths.credentials
    if not renews:
        child[STORED_ONLY_VARIABLE] = "1"
    return child


def keys_environment(
    environment: Mapping[str, str], credentials: Credentials, region: str
) -> dict[str, str]:
    """Return an environment that holds the keys themselves, and names no profile."""
    child = cleaned_environment(environment, region)
    child["AWS_ACCESS_KEY_ID"] = credentials.access_key_id
    child["AWS_SECRET_ACCESS_KEY"] = credentials.secret_access_key.reveal()
    if credentials.session_token is not None:
        child["AWS_SESSION_TOKEN"] = credentials.session_token.reveal()
    if credentials.expires_at is not None:
        child["AWS_CREDENTIAL_EXPIRATION"] = credentials.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return child


def cleaned_environment(environment: Mapping[str, str], region: str) -> dict[str, str]:
    """Return an environment without a profile, and without what would go before one."""
    child = {name: value for name, value in environment.items() if name not in _OURS}
    if region:
        child |= dict.fromkeys(REGION_VARIABLES, region)
    return child
