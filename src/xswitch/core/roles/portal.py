"""Roles of Identity Center that no profile has: listed by a portal, or stored by a managed profile.

A managed profile has all that its role needs, so it serves it also when the list is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from xswitch.core.arn import is_region, partition_of_region
from xswitch.core.display import first_line
from xswitch.core.model import (
    ConfigView,
    PortalRole,
    Profile,
    Role,
    Settings,
    SsoRole,
    SsoSession,
)
from xswitch.core.profiles.managed import (
    ACCOUNT_NAME_KEY,
    SSO_ACCOUNT_KEY,
    SSO_ROLE_KEY,
    portal_role_name,
    stores_portal_role,
)
from xswitch.core.roles.kinds import is_valid_sso_role
from xswitch.core.sso.sessions import all_sessions, session_with_url, stored_session

_Address = tuple[str, str, str]


class PortalTarget(NamedTuple):
    """A role of a portal, and how it is named."""

    name: str
    role: SsoRole
    listed: PortalRole
    managed: Profile | None
    """Its managed profile, if it has one."""


def account_names(listed: Iterable[PortalRole]) -> dict[str, str]:
    """Return the account names that the portals list, by account ID."""
    return {role.account_id: role.account_name for role in listed if role.account_name}


def named_settings(settings: Settings, listed: Sequence[PortalRole]) -> Settings:
    """Return settings whose account names are also the portals'; their own go first."""
    if not listed:
        return settings
    return replace(settings, account_names={**account_names(listed), **settings.account_names})


def portal_targets(
    view: ConfigView, listed: Sequence[PortalRole], roles: Iterable[Role], taken: Container[str]
) -> list[PortalTarget]:
    """Return the listed and the stored roles that none of `roles` is.

    They are named `ACCOUNT_NAME/ROLE_NAME`. Where two would have that name, or a profile has it,
    the account's ID takes the place of its name, and the sign-in's name follows.
    """
    known = [role.sso for role in roles if role.sso is not None]
    covered = {role.sign_in_address for role in known}
    stored = {key: one for key, one in _stored(view).items() if key not in covered}
    if not listed and not stored:
        return []
    addresses = {role.address for role in known}
    at: dict[_Address, list[PortalTarget]] = {}
    for profile, role in stored.values():
        at.setdefault(role.address, []).append(
            PortalTarget("", role, _entry(role, profile), profile)
        )
    sessions = _PortalSessions(view)
    found: dict[tuple[_Address, str], PortalTarget] = {}
    for entry in listed:
        session = sessions.of(entry)
        if session is None:
            continue
        role = SsoRole(session, entry.account_id, entry.role_name)
        # A managed profile keeps its sign-in
        for target in at.get(role.address, ()):
            found[target.role.sign_in_address] = target._replace(listed=entry)
        if role.address not in at and role.address not in addresses and is_valid_sso_role(role):
            found[role.sign_in_address] = PortalTarget("", role, entry, None)
    for target in (target for targets in at.values() for target in targets):
        found.setdefault(target.role.sign_in_address, target)
    short = Counter(_short_name(target) for target in found.values())
    return [target._replace(name=_name(target, short, taken)) for target in found.values()]


def _entry(role: SsoRole, managed: Profile) -> PortalRole:
    """Return a stored role as a portal would list it."""
    return PortalRole(
        role.session.label,
        role.session.start_url,
        role.account_id,
        first_line(managed.get(ACCOUNT_NAME_KEY) or ""),
        role.role_name,
    )


def _short_name(target: PortalTarget) -> str:
    account = first_line(target.listed.account_name) or target.role.account_id
    return f"{account}/{target.role.role_name}"


def _name(target: PortalTarget, short: Mapping[str, int], taken: Container[str]) -> str:
    name = _short_name(target)
    if short[name] == 1 and name not in taken:
        return name
    name = portal_role_name(target.role)
    while name in taken:
        name += "'"
    return name


def fallback_region(
    view: ConfigView, session: SsoSession
) -> tuple[str, Literal["default_profile", "sso_region"]]:
    """Return the region of a portal's roles if neither a profile nor the environment names one.

    Programs need one, and there is no profile to write it in: it is the region of `[default]`, else
    that of Identity Center.
    """
    default = view.profiles.get("default")
    region = None if default is None else default.get("region")
    if (
        region is not None
        and is_region(region)
        and partition_of_region(region) == partition_of_region(session.region)
    ):
        return region, "default_profile"
    return session.region, "sso_region"


def stored_sso_role(view: ConfigView, profile: Profile) -> SsoRole | None:
    """Return the Identity Center role that a managed profile stores, None if it's damaged."""
    session = stored_session(view, profile)
    if session is None:
        return None
    role = SsoRole(session, profile.get(SSO_ACCOUNT_KEY) or "", profile.get(SSO_ROLE_KEY) or "")
    return role if is_valid_sso_role(role) else None


def _stored(view: ConfigView) -> dict[tuple[_Address, str], tuple[Profile, SsoRole]]:
    found: dict[tuple[_Address, str], tuple[Profile, SsoRole]] = {}
    for profile in view.profiles.values():
        role = stored_sso_role(view, profile) if stores_portal_role(profile) else None
        if role is not None:
            found.setdefault(role.sign_in_address, (profile, role))
    return found


class _PortalSessions:
    """The sign-ins that give the roles of portals, each looked up once."""

    def __init__(self, view: ConfigView) -> None:
        self._view = view
        self._all: tuple[SsoSession, ...] | None = None
        self._found: dict[tuple[str, str], SsoSession | None] = {}

    def of(self, entry: PortalRole) -> SsoSession | None:
        """Return the session that listed a role, else another one of the portal."""
        key = entry.start_url, entry.session
        if key not in self._found:
            if self._all is None:
                sessions = all_sessions(self._view)
                self._all = tuple(sorted(sessions, key=lambda one: not one.name))
            self._found[key] = session_with_url(self._all, *key)
        return self._found[key]
