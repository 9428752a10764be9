"""Roles of Identity Center that no profile has: listed by a portal, or stored by a managed profile.

A managed profile has all that its role needs, so it serves it also when the list is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from xswitch.core.display import first_line
from xswitch.core.model import (
    ConfigView,
    PortalRole,
    Problem,
    Profile,
    Role,
    Settings,
    SsoRole,
    SsoSession,
    portal_address,
)
from xswitch.core.profiles.managed import (
    ACCOUNT_NAME_KEY,
    SSO_ACCOUNT_KEY,
    SSO_REGION_KEY,
    SSO_ROLE_KEY,
    SSO_SESSION_KEY,
    SSO_START_URL_KEY,
    portal_role_name,
    stores_portal_role,
)
from xswitch.core.roles.kinds import is_valid_sso_role
from xswitch.core.roles.sources import find_sso_role, is_sso, sso_session_of


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
    stored = _stored(view)
    if not listed and not stored:
        return []
    covered = {role.sso.address for role in roles if role.sso is not None}
    sessions = _sessions(view) if listed else {}
    found: dict[tuple[str, str, str], PortalTarget] = {}
    for entry in listed:
        session = sessions.get(portal_address(entry.start_url))
        role = None if session is None else SsoRole(session, entry.account_id, entry.role_name)
        if role is not None and is_valid_sso_role(role) and role.address not in covered:
            managed = stored.get(role.address)
            found[role.address] = PortalTarget(
                "", role, entry, None if managed is None else managed[0]
            )
    for address, (profile, role) in stored.items():
        if address not in covered and address not in found:
            entry = PortalRole(
                role.session.label,
                role.session.start_url,
                role.account_id,
                first_line(profile.get(ACCOUNT_NAME_KEY) or ""),
                role.role_name,
            )
            found[address] = PortalTarget("", role, entry, profile)
    short = Counter(_short_name(target) for target in found.values())
    return [target._replace(name=_name(target, short, taken)) for target in found.values()]


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


def stored_sso_role(view: ConfigView, profile: Profile) -> SsoRole | None:
    """Return the Identity Center role that a managed profile stores, None if it's damaged."""
    name = profile.get(SSO_SESSION_KEY)
    if name is not None:
        section = view.sso_sessions.get(name)
        session = None if section is None else sso_session_of(section)
    else:
        url, region = profile.get(SSO_START_URL_KEY), profile.get(SSO_REGION_KEY)
        session = SsoSession("", url, region, origin=profile.origin) if url and region else None
    if session is None:
        return None
    role = SsoRole(session, profile.get(SSO_ACCOUNT_KEY) or "", profile.get(SSO_ROLE_KEY) or "")
    return role if is_valid_sso_role(role) else None


def _stored(view: ConfigView) -> dict[tuple[str, str, str], tuple[Profile, SsoRole]]:
    found: dict[tuple[str, str, str], tuple[Profile, SsoRole]] = {}
    for profile in view.profiles.values():
        role = stored_sso_role(view, profile) if stores_portal_role(profile) else None
        if role is not None:
            found.setdefault(role.address, (profile, role))
    return found


def _sessions(view: ConfigView) -> dict[str, SsoSession]:
    """Return the sign-ins of the config by portal; an sso-session goes before a profile's own."""
    named = (sso_session_of(section) for section in view.sso_sessions.values())
    sessions: dict[str, SsoSession] = {}
    for session in named:
        if session is not None:
            sessions.setdefault(portal_address(session.start_url), session)
    for profile in view.profiles.values():
        if is_sso(profile) and profile.get("sso_session") is None:
            role = find_sso_role(view, profile)
            if not isinstance(role, Problem):
                sessions.setdefault(portal_address(role.session.start_url), role.session)
    return sessions
