"""One reading of the config, the settings and the environment, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from xswitch.actions.ports import Ports
from xswitch.core.errors import ErrorCode, TargetError
from xswitch.core.model import ConfigView, Profile, Role, SessionPlan, Settings
from xswitch.core.profiles.managed import (
    NO_OVERRIDES,
    ROLE_KEY,
    SOURCE_PROFILE_KEY,
    Overrides,
    overrides_from_profile,
)
from xswitch.core.roles.resolve import ResolvedRoles, RoleBuilder, managed_profiles, resolve_all
from xswitch.core.sessions.plan import mfa_process_for, plan

STATIC_SUFFIX = "-static"


@dataclass(frozen=True)
class ConfigSnapshot:
    """Everything read at one time.

    `stamp` was taken before the files were read, so it is never newer than they are.
    """

    stamp: str
    view: ConfigView
    settings: Settings
    environment: Mapping[str, str]
    user_at_host: str

    @cached_property
    def resolution(self) -> ResolvedRoles:
        """Every role, resolved."""
        return resolve_all(self.view, self.settings, self.environment)

    @cached_property
    def roles_by_name(self) -> dict[str, Role]:
        """The roles by their names."""
        return {role.name: role for role in self.resolution.roles}

    @cached_property
    def managed(self) -> dict[str, str]:
        """Managed profile, or the static one beside it → the role's name."""
        managed = managed_profiles(self.view, self.resolution.roles)
        statics = (
            (name, self.managed_profile_for_static(name))
            for name in self.view.profiles
            if name.endswith(STATIC_SUFFIX)
        )
        return managed | {name: managed[of] for name, of in statics if of in managed}

    def managed_profile_for_static(self, name: str) -> str:
        """The managed profile that the static profile `name` stands beside, "" when it is no static profile of ours."""
        profile = self.view.profiles.get(name)
        mark = (
            None
            if profile is None or profile.get("credential_process") is not None
            else profile.get(ROLE_KEY)
        )
        return mark if mark is not None and name == mark + STATIC_SUFFIX else ""

    def static_profile_for(self, managed: str) -> str:
        """The static profile beside a managed one, "" when there is none."""
        name = managed + STATIC_SUFFIX
        return name if self.managed_profile_for_static(name) else ""

    def managed_profile(self, name: str) -> Profile | None:
        """The profile of that name if xswitch wrote it for `credential_process`."""
        profile = self.view.profiles.get(name)
        return (
            profile
            if profile is not None
            and profile.get(ROLE_KEY) is not None
            and not self.managed_profile_for_static(name)
            else None
        )

    def role_for_profile(self, profile: str) -> Role:
        """The role that a managed profile, or a role profile, serves.

        Its `managed_profile` is the one named.

        Resolves no more of the config than that role needs, where it can. Raises TargetError when
        there is no such profile.
        """
        mine = self.managed_profile(profile)
        mark = None if mine is None else mine.get(ROLE_KEY)
        source = self.view.profiles.get((mark if mark is not None else profile) or "")
        if (
            source is not None
            and (mine is None or SOURCE_PROFILE_KEY not in mine.properties)
            and _is_role_profile(source)
        ):
            role = RoleBuilder(self.view, self.settings, self.environment).build_from_profile(
                source
            )
        else:
            found = self.roles_by_name.get(profile) or self.roles_by_name.get(
                self.managed.get(profile, "")
            )
            if found is None:
                raise self._no_role(profile)
            role = found
        return role if mine is None else replace(role, managed_profile=profile)

    def _no_role(self, profile: str) -> TargetError:
        found = self.view.profiles.get(profile)
        if found is None:
            return TargetError(
                f'There is no profile "{profile}".',
                next_step="xswitch list",
                code=ErrorCode.TARGET_UNKNOWN,
            )
        place = f"{found.origin.file}:{found.origin.line}"
        if found.get(ROLE_KEY) is not None:
            why = f'It belongs to "{found.get(ROLE_KEY)}", which is gone ({place}).'
            return TargetError(
                f'The managed profile "{profile}" has no role any more.',
                why=why,
                next_step=f"xswitch forget {profile}",
            )
        return TargetError(
            f'"{profile}" is no role to assume.',
            why=f"It has no role_arn ({place}).",
            next_step="xswitch list",
        )

    def stored_overrides(self, managed: str) -> Overrides:
        """The overrides a managed profile keeps, none when there is no such profile.

        Raises ConfigError when they are damaged.
        """
        profile = self.managed_profile(managed)
        return NO_OVERRIDES if profile is None else overrides_from_profile(profile)

    def plan(self, role: Role, overrides: Overrides) -> SessionPlan:
        """The calls that lead to a role. Raises ChainError, UsageError."""
        return plan(
            role,
            self.settings,
            user_at_host=self.user_at_host,
            overrides=overrides,
            mfa_process=mfa_process_for(self.view, role),
        )

    def stored_plan(self, role: Role) -> SessionPlan:
        """The calls that lead to the session its managed profile serves.

        Raises ChainError, ConfigError.
        """
        return self.plan(role, self.stored_overrides(role.managed_profile))


def take_snapshot(ports: Ports) -> ConfigSnapshot:
    """Read everything now. Raises ConfigError, SettingsError."""
    stamp = ports.config.stamp()
    return ConfigSnapshot(
        stamp=stamp,
        view=ports.config.read(),
        settings=ports.settings.load(),
        environment=ports.environment.variables(),
        user_at_host=ports.environment.user_at_host(),
    )


def _is_role_profile(profile: Profile) -> bool:
    return (
        profile.get("role_arn") is not None
        and profile.get("web_identity_token_file") is None
        and profile.get(ROLE_KEY) is None
    )
