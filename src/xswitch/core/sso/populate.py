"""Profiles for what a portal lists: which to write, to update, and to remove.

A profile that xswitch populated has the key `xswitch_populated`: a digest of its other properties,
and the start URL. With another property, line, or comment in it, it is the user's: it is neither
changed nor removed. So is every other profile, and a role that one of them has gets none from here.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xswitch.core.awsconfig.document import BOM, ConfigDocument, ConfigSection, parse_document
from xswitch.core.awsconfig.edit import COMMENT_PREFIX
from xswitch.core.digests import sha256
from xswitch.core.model import (
    ConfigView,
    PortalRole,
    Profile,
    ProfileEdit,
    RemoveProfile,
    SetProfile,
    SsoSession,
)
from xswitch.core.model.sso import portal_address
from xswitch.core.sso.names import NameTemplate, Naming, RoleKey, assign_names
from xswitch.core.sso.sessions import SESSION_KEY

MARK = "xswitch_populated"


@dataclass(frozen=True, slots=True)
class PopulateOptions:
    """The options of populating."""

    template: NameTemplate = field(default_factory=NameTemplate)
    region: str | None = None
    """The region of the profiles; None leaves a profile's own, and gives new ones none."""
    only: tuple[str, ...] = ()
    """Patterns (`*`, `?`, `[…]`) of which a role has to match one; none lets all pass."""
    left_out: tuple[str, ...] = ()
    """Patterns of which a role may match none."""
    prune: bool = False
    """Remove the populated profiles of roles that are gone, and rename by the template."""


@dataclass(frozen=True, slots=True)
class PopulatePlan:
    """The edits of the config file, and why there are no others; all are names of profiles."""

    edits: tuple[ProfileEdit, ...] = ()
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    """The user's own, which have a role of the portal."""
    edited: tuple[str, ...] = ()
    """Populated ones that the user has edited."""
    prunable: tuple[str, ...] = ()
    """Those that `prune` would remove."""


def populated_by(properties: Mapping[str, str], start_url: str) -> str:
    """Return the value of the mark for a profile's other properties."""
    text = "\n".join(f"{key}={properties[key]}" for key in sorted(properties))
    return f"{sha256(text.encode('utf-8', 'surrogateescape'))[:12]} {start_url}"


def plan_populate(
    view: ConfigView,
    config_text: str,
    session: SsoSession,
    roles: Sequence[PortalRole],
    options: PopulateOptions,
) -> PopulatePlan:
    """Compare the config with a portal's list; `roles` may include those that are gone.

    `config_text` is the text of the config file that `view` was read from.
    """
    return _Planner(view, config_text, session, roles, options).plan()


@dataclass(frozen=True, slots=True)
class _Own:
    """A populated profile as it was written."""

    name: str
    key: RoleKey
    region: str | None
    properties: Mapping[str, str]
    position: int


class _Planner:
    def __init__(
        self,
        view: ConfigView,
        config_text: str,
        session: SsoSession,
        roles: Sequence[PortalRole],
        options: PopulateOptions,
    ) -> None:
        self._view = view
        self._session = session
        self._options = options
        self._url = portal_address(session.start_url)
        self._known = {_key(role): role for role in roles}
        self._roles = [role for role in roles if not role.is_gone]
        self._own: dict[str, _Own] = {}
        self._covered: dict[RoleKey, list[str]] = {}
        self._edited: list[str] = []
        self._sort(parse_document(config_text, "config"))

    def _sort(self, document: ConfigDocument) -> None:
        plain = _plain_sections(document)
        for name, profile in self._view.profiles.items():
            key = _role_of(self._view, profile, self._url)
            if key is None:
                continue
            section = plain.get(name)
            own = None if section is None else self._as_written(profile, key, section)
            if own is not None:
                self._own[name] = own
                continue
            self._covered.setdefault(key, []).append(name)
            if profile.get(MARK) is not None and self._is_of_session(profile):
                self._edited.append(name)

    def _is_of_session(self, profile: Profile) -> bool:
        name = self._session.name
        return (profile.get(SESSION_KEY) or name) == name

    def _as_written(self, profile: Profile, key: RoleKey, section: ConfigSection) -> _Own | None:
        properties = {row[0]: row[1] for row in section.rows}
        if properties != {name: item.value for name, item in profile.properties.items()}:
            return None  # the credentials file has some too
        mark = properties.pop(MARK, None)
        url = (mark or "").partition(" ")[2]
        if portal_address(url) != self._url or mark != populated_by(properties, url):
            return None
        if not self._is_of_session(profile):
            return None  # of another sign-in to the portal, whose roles this list doesn't tell
        return _Own(profile.name, key, properties.get("region"), properties, section.start)

    def plan(self) -> PopulatePlan:
        options = self._options
        wanted = [role for role in self._roles if _key(role) not in self._covered]
        kept: dict[RoleKey, str] = {}
        for own in self._own.values():
            if not options.prune or not self._is_meant(own):
                kept.setdefault(own.key, own.name)
        free = {own.name for own in self._own.values() if options.prune and self._is_meant(own)}
        names = assign_names(
            wanted,
            Naming(
                template=options.template,
                region=options.region or self._session.region,
                taken=self._view.profiles.keys() - free,
                fixed=kept,
            ),
        )
        written: dict[str, SetProfile] = {}
        for role in wanted:
            name = names[_key(role)]
            if self._matches(role, name):
                written[name] = self._profile(name, role)
        removable = [
            own.name
            for own in self._own.values()
            if own.name not in written and self._is_meant(own) and names.get(own.key) != own.name
        ]
        return self._result(written, removable)

    def _result(self, written: Mapping[str, SetProfile], removable: list[str]) -> PopulatePlan:
        updated = [
            name
            for name, own in self._own.items()
            if name in written
            and {**own.properties, MARK: self._mark(own)} != dict(written[name].properties)
        ]
        added = [name for name in written if name not in self._own]
        removed = removable if self._options.prune else []
        existing: list[ProfileEdit] = [written[name] for name in updated]
        existing += [RemoveProfile("config", name) for name in removed]
        existing.sort(key=lambda edit: self._own[edit.name].position, reverse=True)
        done = {*updated, *added}
        return PopulatePlan(
            edits=(*existing, *(written[name] for name in added)),
            added=tuple(added),
            updated=tuple(updated),
            removed=tuple(removed),
            unchanged=tuple(name for name in written if name not in done),
            covered=tuple(
                name
                for role in self._roles
                if _key(role) in self._covered and self._matches(role, "")
                for name in self._covered[_key(role)][:1]
                if name not in self._edited
            ),
            edited=tuple(self._edited),
            prunable=() if self._options.prune else tuple(removable),
        )

    def _mark(self, own: _Own) -> str:
        return self._view.profiles[own.name].get(MARK) or ""

    def _profile(self, name: str, role: PortalRole) -> SetProfile:
        session = self._session
        own = self._own.get(name)
        same = own is not None and own.key == _key(role)
        region = self._options.region or (own.region if own is not None and same else None)
        properties = (
            {"sso_session": session.name}
            if session.name
            else {"sso_start_url": session.start_url, "sso_region": session.region}
        )
        properties |= {"sso_account_id": role.account_id, "sso_role_name": role.role_name}
        if region:
            properties["region"] = region
        if own is not None and same and own.properties == properties:
            return SetProfile("config", name, {**properties, MARK: self._mark(own)})
        return SetProfile(
            "config", name, properties | {MARK: populated_by(properties, session.start_url)}
        )

    def _is_meant(self, own: _Own) -> bool:
        """Whether the patterns let a populated profile pass."""
        account_id, role_name = own.key
        known = self._known.get(own.key) or PortalRole(
            self._session.label, self._session.start_url, account_id, "", role_name
        )
        return self._matches(known, own.name)

    def _matches(self, role: PortalRole, name: str) -> bool:
        options = self._options
        if not options.only and not options.left_out:
            return True
        texts = [
            text.casefold()
            for text in (
                role.account_name,
                role.account_id,
                role.role_name,
                f"{role.account_name}/{role.role_name}",
                f"{role.account_id}/{role.role_name}",
                name,
            )
            if text
        ]

        def any_of(patterns: tuple[str, ...]) -> bool:
            return any(
                fnmatch.fnmatchcase(text, pattern.casefold())
                for pattern in patterns
                for text in texts
            )

        return (not options.only or any_of(options.only)) and not any_of(options.left_out)


def _key(role: PortalRole) -> RoleKey:
    return role.account_id, role.role_name


def _role_of(view: ConfigView, profile: Profile, url: str) -> RoleKey | None:
    """Return the role that a profile gets from the portal with this start URL."""
    account_id, role_name = profile.get("sso_account_id"), profile.get("sso_role_name")
    if not account_id or not role_name:
        return None
    section = view.sso_sessions.get(profile.get("sso_session") or "")
    start_url = (section or profile).get("sso_start_url") or ""
    return (account_id, role_name) if portal_address(start_url) == url else None


def _plain_sections(document: ConfigDocument) -> dict[str, ConfigSection]:
    """Return the profiles that are written as xswitch writes them: nothing of a user's is in them.

    They have one section, with a header and a line `key = value` per key, and no comment of
    xswitch's above, which would go with them.
    """
    found: dict[str, ConfigSection] = {}
    seen: set[str] = set()
    for section in document.sections:
        if section.kind != "profile":
            continue
        if section.name in seen:
            found.pop(section.name, None)
        elif _is_plain(document.text, section):
            found[section.name] = section
        seen.add(section.name)
    return found


def _is_plain(text: str, section: ConfigSection) -> bool:
    if len({row[0] for row in section.rows}) != len(section.rows):
        return False
    written = [f"[profile {section.name}]", *(f"{row[0]} = {row[1]}" for row in section.rows)]
    lines = text[section.start : section.content_end].replace("\r\n", "\n").removesuffix("\n")
    above = text[text.rfind("\n", 0, max(0, section.start - 1)) + 1 : section.start]
    return lines.split("\n") == written and not above.removeprefix(BOM).startswith(COMMENT_PREFIX)
