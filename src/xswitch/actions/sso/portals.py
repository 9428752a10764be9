"""The portals' lists for both front ends: refresh, populate, and set up (and check) a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from xswitch.actions.ports import Config
from xswitch.actions.sso.discovery import DiscoveryPorts, Show, refresh, show_nothing
from xswitch.actions.sso.finding import find_session
from xswitch.core.arn import is_region
from xswitch.core.awsconfig.diff import diff_lines
from xswitch.core.awsconfig.document import is_legal_name
from xswitch.core.awsconfig.edit import plan_edits
from xswitch.core.display import show_value
from xswitch.core.errors import (
    ConfigError,
    ErrorCode,
    LockBusyError,
    TargetError,
    UsageError,
    XswitchError,
)
from xswitch.core.model import (
    DEFAULT_SCOPES,
    Problem,
    ProfileEdit,
    SetProfile,
    SsoSession,
    SsoToken,
)
from xswitch.core.roles.sso_endpoints import with_endpoints
from xswitch.core.sso.hosts import check_start_url
from xswitch.core.sso.populate import PopulateOptions, PopulatePlan, plan_populate
from xswitch.core.sso.portal_list import RESUMABLE_FOR, PortalList
from xswitch.core.sso.sessions import all_sessions, session_of_section, session_with_url
from xswitch.core.text import last_argument

_RETRY_AFTER = timedelta(minutes=10)
"""A background listing that fails is tried again after it."""


@dataclass(frozen=True, slots=True)
class PortalPorts:
    """The ports of the portals' lists."""

    discovery: DiscoveryPorts
    config: Config
    token: Callable[[SsoSession, SsoToken | None], SsoToken]
    """Returns a token; not the one that the portal no longer accepts, if one is given."""
    resolve_start_url: Callable[[SsoSession], str]
    """Returns the start URL of AWS's that a session's start URL is, or leads to."""
    regions: Callable[[], Sequence[str]]
    """Returns the regions that have Identity Center."""
    start_in_background: Callable[[str], None]
    """Starts a listing of the session with this label; never raises, never waits."""
    remove_leftovers: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Populating:
    """A plan to populate, for review, and what it was made of."""

    session: SsoSession
    portal_list: PortalList
    options: PopulateOptions
    plan: PopulatePlan
    diff: tuple[str, ...]
    """The lines that change in the config file, with `+` or `-` in front."""


@dataclass(frozen=True, slots=True)
class AddingSession:
    """A session to add to the config, for review."""

    session: SsoSession
    resolved_start_url: str
    """The start URL of AWS's that the session's leads to; the same one if it is one."""
    edits: tuple[ProfileEdit, ...]
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PortalStatus:
    """The known facts about the portal of a session, without a request."""

    session: SsoSession
    listed_at: datetime | None
    """None if it has never been listed whole."""
    is_due: bool
    """Whether it's to be listed: never listed, too old, or a listing was interrupted."""


class PortalActions:
    """The use cases of the portals' lists."""

    def __init__(self, ports: PortalPorts) -> None:
        self._ports = ports

    def find(self, target: str) -> SsoSession:
        """Return the session that a target signs in to; see `actions.sso.finding`."""
        return find_session(self._ports.config, target)

    def lists(self, target: str = "") -> tuple[PortalList, ...]:
        """Return the stored lists; with a target, that of its session. Raises TargetError."""
        if not target:
            return self._ports.discovery.lists.all()
        session = self.find(target)
        found = self._ports.discovery.lists.read(session.start_url)
        if found is None:
            raise _no_list(session)
        return (found,)

    def statuses(self, sessions: Sequence[SsoSession]) -> tuple[PortalStatus, ...]:
        """Return the status of each session's portal; sessions of one portal share it."""
        lists, now = self._ports.discovery.lists, self._ports.discovery.clock.now()
        found = []
        for session in sessions:
            one = lists.read(session.start_url)
            due = (
                one is None
                or one.is_stale(now)
                or bool(lists.pages(session.start_url, now - RESUMABLE_FOR))
            )
            found.append(PortalStatus(session, None if one is None else one.listed_at, due))
        return tuple(found)

    def regions(self) -> Sequence[str]:
        """Return the regions that have Identity Center."""
        return self._ports.regions()

    def refresh(self, session: SsoSession, show: Show = show_nothing) -> PortalList:
        """List a portal; see `actions.sso.discovery.refresh`."""
        ports = self._ports
        found = refresh(ports.discovery, session, lambda old: ports.token(session, old), show)
        ports.remove_leftovers()
        return found

    def refresh_quietly(self, target: str) -> None:
        """List a portal for the background; another process that lists it is enough."""
        session = self.find(target)
        ports = self._ports
        try:
            refresh(ports.discovery, session, lambda old: ports.token(session, old), wait=False)
        except LockBusyError:
            return

    def refresh_stale(self) -> tuple[str, ...]:
        """Start a listing in the background for each list that is old; return their sessions.

        It never opens a browser, never asks, and never raises: without a sign-in that lives, the
        list stays as it is.
        """
        ports = self._ports
        now = ports.discovery.clock.now()
        stale = [one for one in ports.discovery.lists.all() if one.is_stale(now)]
        if not stale:
            return ()
        try:
            sessions = all_sessions(ports.config.files.read())
        except XswitchError:
            return ()
        started = []
        for one in stale:
            session = session_with_url(sessions, one.start_url, one.session)
            if session is not None and ports.discovery.lists.claim_attempt(
                one.start_url, now, _RETRY_AFTER
            ):
                ports.start_in_background(session.label)
                started.append(session.label)
        return tuple(started)

    def start_refresh(self, session: SsoSession) -> None:
        """Start a listing in the background, after a sign-in for example."""
        self._ports.start_in_background(session.label)

    def plan_populate(
        self,
        session: SsoSession,
        options: PopulateOptions,
        show: Show = show_nothing,
        *,
        cached: bool = False,
    ) -> Populating:
        """Plan the profiles for a portal's list, which is refreshed first unless `cached`.

        Raises TargetError for a missing list, or to prune by one that is empty.
        """
        found = (
            self._ports.discovery.lists.read(session.start_url)
            if cached
            else self.refresh(session, show)
        )
        if found is None:
            raise _no_list(session)
        if options.prune and not found.present:
            raise TargetError(
                f"The portal of {session.label} lists no role, so nothing is pruned.",
                why="Profiles of a portal that lists nothing at all may be needed again.",
                next_step=f"xswitch sso list {last_argument(session.label)}",
            )
        return self._plan(session, found, options)

    def _plan(self, session: SsoSession, found: PortalList, options: PopulateOptions) -> Populating:
        files = self._ports.config.files
        text = files.text("config")
        plan = plan_populate(files.read(), text, session, found.roles, options)
        steps = plan_edits(text, "config", plan.edits)
        return Populating(session, found, options, plan, tuple(diff_lines(text, steps)))

    def populate(self, shown: Populating) -> tuple[Problem, ...]:
        """Make the changes that were shown; return what the user should know.

        Raises ConfigError, and changes nothing, if the config has changed in a way that counts.
        """
        now = self._plan(shown.session, shown.portal_list, shown.options)
        if now.plan.edits != shown.plan.edits:
            raise _changed()
        return self._apply(shown.plan.edits)

    def plan_session(
        self, name: str, start_url: str, region: str, scopes: Sequence[str] = ()
    ) -> AddingSession:
        """Plan an sso-session. Raises UsageError for an invalid value, and SignInError."""
        check_session_name(name)
        check_url(start_url)
        self.check_region(region)
        view = self._ports.config.files.read()
        environment = self._ports.config.environment.variables()
        wanted = SsoSession(name, start_url, region, check_scopes(scopes))
        session = with_endpoints(wanted, view, environment)
        check_start_url(session)
        resolved = self._ports.resolve_start_url(session)
        properties = {"sso_start_url": start_url, "sso_region": region}
        properties["sso_registration_scopes"] = ",".join(session.scopes)
        known = view.sso_sessions.get(name)
        if known is not None:
            if not _is_same(session_of_section(known), session):
                place = f"{known.origin.file}:{known.origin.line}"
                raise UsageError(
                    f"There is an sso-session {show_value(name)} with other settings.",
                    why=f"It is at {place}.",
                    next_step="Choose another name: xswitch sso add NAME",
                    code=ErrorCode.PROFILE_EXISTS,
                )
            return AddingSession(session, resolved, (), ())
        edits = (SetProfile("config", name, properties, section="sso-session"),)
        text = self._ports.config.files.text("config")
        lines = tuple(diff_lines(text, plan_edits(text, "config", edits)))
        return AddingSession(session, resolved, edits, lines)

    def add_session(self, adding: AddingSession) -> tuple[Problem, ...]:
        """Write a session that was shown. Raises ConfigError."""
        if adding.edits and adding.session.name in self._ports.config.files.read().sso_sessions:
            raise _changed()
        return self._apply(adding.edits)

    def _apply(self, edits: Sequence[ProfileEdit]) -> tuple[Problem, ...]:
        problems = self._ports.config.files.apply(edits) if edits else ()
        self._ports.remove_leftovers()
        return problems

    def check_region(self, region: str) -> None:
        """Raise UsageError for a region without Identity Center."""
        from difflib import get_close_matches  # noqa: PLC0415 -- only for a new session

        known = self._ports.regions()
        if is_region(region) and region in known:
            return
        near = get_close_matches(region, known, 3, 0.5)
        raise UsageError(
            f"{show_value(region)} isn't a region of IAM Identity Center.",
            why=f"Near it: {', '.join(near)}." if near else "",
            next_step=f"Use the region of the portal, such as {near[0] if near else 'eu-west-1'}.",
            code=ErrorCode.BAD_REGION,
        )


def _is_same(known: SsoSession | Problem, wanted: SsoSession) -> bool:
    return isinstance(known, SsoSession) and (known.start_url, known.region, known.scopes) == (
        wanted.start_url,
        wanted.region,
        wanted.scopes,
    )


def check_session_name(name: str) -> None:
    """Raise UsageError for a name that an sso-session can't have."""
    if not is_legal_name(name):
        raise UsageError(
            f"{show_value(name)} isn't a valid name of an sso-session.",
            why="SDKs accept only letters, digits, and _-/.%@:+ in it.",
            next_step="Choose another name: xswitch sso add NAME",
            code=ErrorCode.BAD_PROFILE_NAME,
        )


def check_url(url: str) -> None:
    """Raise UsageError for a text that isn't an HTTPS URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme != "https" or not host or not url.isprintable() or " " in url:
        raise UsageError(
            f"{show_value(url)} isn't an HTTPS URL.",
            why="A start URL is the address of your access portal.",
            next_step="Use one such as https://d-1234567890.awsapps.com/start.",
            code=ErrorCode.BAD_START_URL,
        )


def check_scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    """Return the scopes of a session, the default ones for none. Raises UsageError."""
    for scope in scopes:
        if not scope.isascii() or not scope.replace(":", "").replace("_", "").isalnum():
            raise UsageError(
                f"{show_value(scope)} isn't a scope.",
                next_step="Use sso:account:access, or leave --scope out.",
            )
    return tuple(scopes) or DEFAULT_SCOPES


def _no_list(session: SsoSession) -> TargetError:
    return TargetError(
        f"There is no list of the portal of {session.label} yet.",
        next_step=f"xswitch sso refresh {last_argument(session.label)}",
    )


def _changed() -> ConfigError:
    return ConfigError(
        "The AWS config has changed since the changes were shown, so nothing was written.",
        next_step="Run the same command again.",
        code=ErrorCode.CONFIG_BUSY,
    )
