"""A snapshot of config, settings, and environment, and the roles and plans derived from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from xswitch.actions.ports import Config
from xswitch.core.arn import iam_region
from xswitch.core.errors import ErrorCode, TargetError
from xswitch.core.model import (
    ConfigView,
    CredentialSource,
    Endpoint,
    PortalRole,
    Profile,
    Role,
    SessionPlan,
    Settings,
    Surroundings,
)
from xswitch.core.profiles.managed import (
    NO_OVERRIDES,
    ROLE_KEY,
    SOURCE_PROFILE_KEY,
    Overrides,
    overrides_from_profile,
    recorded_environment,
)
from xswitch.core.roles.builder import RoleBuilder
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.core.roles.portal import named_settings
from xswitch.core.roles.resolve import ResolvedRoles, managed_profiles, resolve_all
from xswitch.core.sessions.plan import NO_SURROUNDINGS, mfa_process_for, plan_sessions
from xswitch.core.sessions.surroundings import WorkingFolder, source_surroundings
from xswitch.core.text import last_argument

STATIC_SUFFIX = "-static"
EXPIRATION_KEY = "aws_expiration"
"""The key of a static profile for the end of its keys, ISO 8601 in UTC."""


@dataclass(frozen=True)
class ConfigSnapshot:
    """Config, settings, and environment, read at one time."""

    fingerprint: str
    """The files' fingerprint from before they were read, so it's never newer than they are."""
    view: ConfigView
    settings: Settings
    environment: Mapping[str, str]
    user_at_host: str
    folder: WorkingFolder
    portal_roles: tuple[PortalRole, ...] = ()
    """The roles that the portals of Identity Center listed last."""

    @cached_property
    def resolution(self) -> ResolvedRoles:
        """All roles of the config, and the problems found on the way."""
        return resolve_all(self.view, self.settings, self.environment, self.portal_roles)

    @cached_property
    def named_settings(self) -> Settings:
        """The settings with the account names of the portals, for which there are no others."""
        return named_settings(self.settings, self.portal_roles)

    @cached_property
    def roles_by_name(self) -> dict[str, Role]:
        """The roles by name."""
        return {role.name: role for role in self.resolution.roles}

    @cached_property
    def managed(self) -> dict[str, str]:
        """Role names by managed profile and by static profile."""
        managed = managed_profiles(self.view, self.resolution.roles)
        statics = (
            (name, self.managed_profile_for_static(name))
            for name in self.view.profiles
            if name.endswith(STATIC_SUFFIX)
        )
        return managed | {name: managed[of] for name, of in statics if of in managed}

    @property
    def current_profile(self) -> str:
        """The profile that this shell selects, "" for none.

        All SDKs except boto3 prefer `AWS_PROFILE` to `AWS_DEFAULT_PROFILE`.
        """
        variables = self.environment
        return variables.get("AWS_PROFILE") or variables.get("AWS_DEFAULT_PROFILE") or ""

    def managed_profile_for_static(self, name: str) -> str:
        """Return the managed profile of a static profile, "" if `name` isn't a static profile."""
        profile = self.view.profiles.get(name)
        if profile is None or profile.get("credential_process") is not None:
            return ""
        managed = profile.get(ROLE_KEY)
        return managed if managed is not None and name == managed + STATIC_SUFFIX else ""

    @cached_property
    def managed_with_static(self) -> tuple[str, ...]:
        """The managed profiles that have a static profile."""
        names = (
            self.managed_profile_for_static(name)
            for name in self.view.profiles
            if name.endswith(STATIC_SUFFIX)
        )
        return tuple(name for name in names if name and self.managed_profile(name) is not None)

    def static_profile_for(self, managed: str) -> str:
        """Return a managed profile's static profile, "" if there is none."""
        name = managed + STATIC_SUFFIX
        return name if self.managed_profile_for_static(name) else ""

    def static_expires_at(self, managed: str) -> datetime | None:
        """Return the end of the keys in a managed profile's static profile, as written there."""
        name = self.static_profile_for(managed)
        text = self.view.profiles[name].get(EXPIRATION_KEY) if name else None
        try:
            return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
        except ValueError:
            return None

    def managed_profile(self, name: str) -> Profile | None:
        """Return the profile `name` if xswitch wrote it for `credential_process`."""
        profile = self.view.profiles.get(name)
        return (
            profile
            if profile is not None
            and profile.get(ROLE_KEY) is not None
            and not self.managed_profile_for_static(name)
            else None
        )

    def role_for_profile(self, profile: str) -> Role:
        """Return the target that a managed profile serves, or that a profile is.

        A managed profile's role has that name as its `managed_profile`. Resolves only this role if
        it can. Raises TargetError if there is no such profile.
        """
        managed = self.managed_profile(profile)
        recorded = self._with_recorded_environment(managed)
        if recorded is not None:
            return recorded.role_for_profile(profile)
        name = None if managed is None else managed.get(ROLE_KEY)
        role_profile = self.view.profiles.get(profile if name is None else name)
        role: Role | None
        if (
            role_profile is not None
            and (managed is None or SOURCE_PROFILE_KEY not in managed.properties)
            and ROLE_KEY not in role_profile.properties
        ):
            builder = RoleBuilder(self.view, self.settings, self.environment, self.portal_roles)
            role = builder.build_target(role_profile)
        else:
            role = self.roles_by_name.get(profile) or self.roles_by_name.get(
                self.managed.get(profile, "")
            )
        if role is None:
            raise self._no_role_error(profile)
        return role if managed is None else role._replace(managed_profile=profile)

    def served_role(self, role: Role) -> Role:
        """Return a role as its managed profile serves it.

        It differs if its keys came from the environment and aren't there any more: the hook unsets
        them, because they would override the managed profile. Its session is served for its life.
        """
        managed = self.managed_profile(role.managed_profile)
        if managed is None or managed.get(ROLE_KEY) not in {role.name, role.role_arn}:
            return role
        recorded = self._with_recorded_environment(managed)
        return role if recorded is None else recorded.role_for_profile(role.managed_profile)

    def _with_recorded_environment(self, managed: Profile | None) -> ConfigSnapshot | None:
        if managed is None:
            return None
        environment = recorded_environment(managed, self.environment)
        return None if environment is self.environment else replace(self, environment=environment)

    def _no_role_error(self, name: str) -> TargetError:
        profile = self.view.profiles.get(name)
        if profile is None:
            return TargetError(
                f'There is no profile "{name}".',
                why=f"Files: {self.view.paths.config} and {self.view.paths.credentials}.",
                next_step="xswitch list",
                code=ErrorCode.TARGET_UNKNOWN,
            )
        place = f"{profile.origin.file}:{profile.origin.line}"
        role = profile.get(ROLE_KEY)
        if role is not None:
            return TargetError(
                f'The managed profile "{name}" no longer has a role.',
                why=f'It belongs to "{role}", which is gone ({place}).',
                next_step=f"xswitch forget {last_argument(name)}",
            )
        return TargetError(
            f'The profile "{name}" gives no credentials.',
            why=f"It has no role, no sign-in, and no keys ({place}).",
            next_step="xswitch list",
        )

    def stored_overrides(self, managed: str) -> Overrides:
        """Return a managed profile's overrides, none if there is no such profile.

        Raises ConfigError if they are damaged.
        """
        profile = self.managed_profile(managed)
        return NO_OVERRIDES if profile is None else overrides_from_profile(profile)

    def plan(self, role: Role, overrides: Overrides) -> SessionPlan:
        """Plan the calls that lead to a role. Raises ChainError, UsageError."""
        return plan_sessions(
            role,
            self.settings,
            user_at_host=self.user_at_host,
            overrides=overrides,
            mfa_process=mfa_process_for(self.view, role),
            surroundings=self._surroundings_of(role),
        )

    def _surroundings_of(self, role: Role) -> Surroundings:
        if role.chain is None:
            return NO_SURROUNDINGS
        base = role.chain.base
        known = self._surroundings.get(base)
        if known is None:  # thousands of roles may have the same source
            known = source_surroundings(base, self.view, self.environment, self.folder)
            self._surroundings[base] = known
        return known

    @cached_property
    def _surroundings(self) -> dict[CredentialSource, Surroundings]:
        return {}

    def iam_endpoint(self, profile: Profile | None, partition: str) -> Endpoint:
        """Return the IAM endpoint of a profile."""
        resolver = EndpointResolver(self.view, self.environment, "iam")
        endpoint, _ = resolver.endpoint_for(profile, partition)
        return replace(endpoint, region=iam_region(partition))

    def stored_plan(self, role: Role) -> SessionPlan:
        """Plan the calls that lead to the session of a role's managed profile.

        Raises ChainError, ConfigError.
        """
        return self.plan(self.served_role(role), self.stored_overrides(role.managed_profile))


def take_snapshot(config: Config, *, settle: bool = False) -> ConfigSnapshot:
    """Read config, settings, and environment. Raises ConfigError, SettingsError.

    After a change of the files, `settle` waits until a later change would change the fingerprint.
    """
    fingerprint = config.files.fingerprint(settle=settle)
    return ConfigSnapshot(
        fingerprint=fingerprint,
        view=config.files.read(),
        settings=config.settings.load(),
        environment=config.environment.variables(),
        user_at_host=config.environment.user_at_host(),
        folder=config.environment.working_folder(),
        portal_roles=config.portal_lists.load(),
    )
