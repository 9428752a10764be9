"""The picker's state as one immutable value, and its transitions. Pure.

Rows are integers, so that 20,000 of them cost nothing: a row `i >= 0` is role `i` of `roles`; a
negative row is the header of an account's group, and `~row` is the group's first role. Every
transition keeps the cursor on its role, except that a new query moves it to the best match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from xswitch.actions.results import Listing, MfaInfo, PortalChange, SourceInfo, StatusRow
from xswitch.core.model import ConfigView, Problem, Role, SessionState, Settings, UsageState
from xswitch.core.sessions import freshness
from xswitch.tui.errors import FailureMessage
from xswitch.tui.picker.portals import Portals, PortalState

if TYPE_CHECKING:  # importing it takes 4 ms, and few failures occur
    from xswitch.core.explain.model import Explanation


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A role's session as last read; `issued_at` is None until the index has been read."""

    state: SessionState = SessionState.NONE
    expires_at: datetime | None = None
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """A session's state at a given time, and its remaining seconds."""

    state: SessionState
    seconds: float = 0.0


NO_KNOWN_SESSION = KnownSession()


def session_status(session: KnownSession, now: datetime) -> SessionStatus:
    """Return the status of a session at `now`.

    Without `issued_at`, the rule for short sessions can't be applied: an expiring session stays so,
    and a live one expires by the rule for ordinary sessions.
    """
    if session.expires_at is None:
        return SessionStatus(session.state)
    seconds = (session.expires_at - now).total_seconds()
    if seconds <= 0:
        return SessionStatus(SessionState.EXPIRED)
    if session.issued_at is not None:
        return SessionStatus(
            freshness.session_state(session.issued_at, session.expires_at, now), seconds
        )
    if session.state is SessionState.EXPIRING or seconds <= freshness.MANDATORY_REFRESH_SECONDS:
        return SessionStatus(SessionState.EXPIRING, seconds)
    return SessionStatus(SessionState.LIVE, seconds)


@dataclass(frozen=True, slots=True)
class PickerData:
    """Loaded data, with what is derived from it once, in the background."""

    listing: Listing
    accounts: Mapping[str, str]
    """Account names by account ID."""
    view: ConfigView | None = None
    """The config, loaded only if there are no roles."""


def picker_data(listing: Listing, view: ConfigView | None = None) -> PickerData:
    """Derive the picker's data from a listing."""
    named = {role.account_id: role.account_name for role in listing.roles if role.account_name}
    return PickerData(listing, {**named, **listing.settings.account_names}, view)


EMPTY_DATA = picker_data(Listing((), {}, (), UsageState(), Settings(), (), ""))


@dataclass(frozen=True, slots=True)
class PickerState:
    """Everything the picker's widgets draw."""

    data: PickerData = EMPTY_DATA
    """The loaded data."""
    order: tuple[int, ...] = ()
    """The roles that match `query`, best first."""
    rows: tuple[int, ...] = ()
    """The rows of the list."""
    group_sizes: Mapping[int, int] = field(default_factory=dict)
    """The number of roles in each group, by its header's row."""
    cursor: int = -1
    """A position in `rows`; -1 if the list has no role."""
    query: str = ""
    grouped: bool = False
    pins: frozenset[str] = frozenset()
    mfa: tuple[MfaInfo, ...] = ()
    indexed_sessions: Mapping[str, KnownSession] | None = None
    """The sessions of the index by key; None until the index is read."""
    local_sessions: Mapping[str, KnownSession] = field(default_factory=dict)
    """The sessions that the picker's own actions made, by role name."""
    busy: Mapping[str, str] = field(default_factory=dict)
    """The activities in progress, by role name."""
    failures: Mapping[str, FailureMessage] = field(default_factory=dict)
    """The last failures, by role name."""
    explanations: Mapping[str, Explanation] = field(default_factory=dict)
    loaded: bool = False
    """Whether loading has finished, even if it failed."""
    load_failure: FailureMessage | None = None
    portals: Portals = field(default_factory=dict)
    """The portals of Identity Center, by address."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """All roles, in the order of the files."""
        return self.data.listing.roles

    @property
    def settings(self) -> Settings:
        """The loaded settings."""
        return self.data.listing.settings

    @property
    def base(self) -> SourceInfo | None:
        """The source credentials shown in the title."""
        return self.data.listing.base

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Problems of the config files and the settings."""
        return (*self.data.listing.problems, *self.settings.problems)

    @property
    def role(self) -> Role | None:
        """The role under the cursor."""
        return self.role_at(self.cursor)

    def role_at(self, row: int) -> Role | None:
        """Return the role of a row; None for a group header or a missing row."""
        if not 0 <= row < len(self.rows):
            return None
        index = self.rows[row]
        return self.roles[index] if index >= 0 else None

    def account_label(self, account_id: str) -> str:
        """Return an account's name, or its ID if it has no name."""
        return self.data.accounts.get(account_id) or account_id

    def portal_change(self, role: Role) -> PortalChange | None:
        """Return whether a role is new in the portal's last list, or gone from it."""
        changes = self.data.listing.portal_changes
        return changes.get(role.sso.address) if changes and role.sso is not None else None

    def portal(self, role: Role) -> PortalState | None:
        """Return what is known of a role's portal."""
        if role.sso is None or not self.portals:
            return None
        return self.portals.get(role.sso.address[0])

    def session(self, role: Role) -> KnownSession:
        """Return a role's session: from the picker's own actions, the index, or the listing."""
        local = self.local_sessions.get(role.name)
        if local is not None:
            return local
        info = self.data.listing.sessions.get(role.name)
        if info is None:
            return NO_KNOWN_SESSION
        if self.indexed_sessions is not None and info.key:
            return self.indexed_sessions.get(info.key, NO_KNOWN_SESSION)
        return KnownSession(info.state, info.expires_at)

    def names_with_session(self) -> tuple[str, ...]:
        """Return the names of the roles with a session, expired ones included."""
        return tuple(role.name for role in self.roles if self.session(role).expires_at is not None)

    def session_status(self, role: Role, now: datetime) -> SessionStatus:
        """Return the status of a role's session."""
        return session_status(self.session(role), now)

    def mfa_for(self, role: Role, now: datetime) -> MfaInfo | None:
        """Return the valid MFA session the role would use.

        Returns None if the role needs a code, or no MFA.
        """
        if role.mfa_serial is None:
            return None
        base = (role.chain.base.profile if role.chain is not None else None) or ""
        valid = [
            session
            for session in self.mfa
            if session.serial == role.mfa_serial
            and session.base_profile == base
            and session.expires_at > now
        ]
        return max(valid, key=lambda session: session.expires_at, default=None)

    def base_mfa(self, now: datetime) -> MfaInfo | None:
        """Return the MFA session for the title.

        It is the source profile's valid session, else the one that expired last.
        """
        if self.base is None:
            return None
        sessions = [session for session in self.mfa if session.base_profile == self.base.profile]
        return max(
            sessions,
            key=lambda session: (session.expires_at > now, session.expires_at),
            default=None,
        )


def with_data(
    state: PickerState, data: PickerData, order: Sequence[int], *, query: str = ""
) -> PickerState:
    """Take newly loaded data, and clear earlier failures.

    `order` lists the roles that match `query`.
    """
    selected_name = state.role.name if state.role is not None else None
    listing = data.listing
    changed = replace(
        state,
        data=data,
        query=query,
        mfa=listing.mfa_sessions,
        indexed_sessions=None,
        local_sessions={},
        pins=listing.usage.pins,
        grouped=state.grouped if state.loaded else listing.settings.group_by_account,
        failures={},
        explanations={},
        loaded=True,
        load_failure=None,
    )
    return _with_rows(changed, order, selected_name=selected_name)


def with_more_data(state: PickerState, data: PickerData, order: Sequence[int]) -> PickerState:
    """Take data that was read again for the rows that a portal's page brought.

    Failures and the sessions that the picker's own actions made stay.
    """
    selected_name = state.role.name if state.role is not None else None
    label = data.listing.vault_label or state.data.listing.vault_label
    data = replace(data, listing=replace(data.listing, vault_label=label))
    changed = replace(state, data=data, loaded=True, load_failure=None)
    return _with_rows(changed, order, selected_name=selected_name)


def with_portals(state: PickerState, portals: Portals) -> PickerState:
    """Take what is known of the portals."""
    return replace(state, portals=portals)


def with_vault(state: PickerState, label: str) -> PickerState:
    """Set the vault's label, which is known later than the roles."""
    return replace(
        state, data=replace(state.data, listing=replace(state.data.listing, vault_label=label))
    )


def with_load_failure(state: PickerState, failure: FailureMessage) -> PickerState:
    """Record that loading failed, and keep the earlier data."""
    return replace(state, load_failure=failure, loaded=True)


def with_status(state: PickerState, rows: Iterable[StatusRow]) -> PickerState:
    """Take the sessions of the index, which other processes may have changed."""
    sessions: dict[str, KnownSession] = {}
    mfa: list[MfaInfo] = []
    for row in rows:
        entry = row.entry
        if entry.kind == "mfa":
            mfa.append(MfaInfo(entry.profile, entry.principal, entry.expires_at))
        # An MFA session may also be that of a row
        sessions[entry.key] = KnownSession(row.state, entry.expires_at, entry.issued_at)
    # A role without a session plan has no key in the index, so only the picker's own actions know
    # its session.
    keyless = {
        name: session
        for name, session in state.local_sessions.items()
        if not _session_key(state, name)
    }
    return replace(state, indexed_sessions=sessions, mfa=tuple(mfa), local_sessions=keyless)


def _session_key(state: PickerState, name: str) -> str:
    info = state.data.listing.sessions.get(name)
    return info.key if info is not None else ""


def with_query(state: PickerState, query: str, order: Sequence[int]) -> PickerState:
    """Set the query and its matches, with the cursor on the best one."""
    return _with_rows(replace(state, query=query), order, selected_name=None)


def toggle_grouping(state: PickerState) -> PickerState:
    """Group by account, or ungroup, with the cursor on the same role."""
    role = state.role
    return _with_rows(
        replace(state, grouped=not state.grouped),
        state.order,
        selected_name=role.name if role is not None else None,
    )


def _with_rows(
    state: PickerState, order: Sequence[int], *, selected_name: str | None
) -> PickerState:
    group_sizes: dict[int, int] = {}
    rows = tuple(order)
    if state.grouped:
        groups: dict[str, list[int]] = {}
        for index in order:
            groups.setdefault(state.roles[index].account_id, []).append(index)
        grouped_rows: list[int] = []
        for members in groups.values():
            grouped_rows.append(~members[0])
            group_sizes[~members[0]] = len(members)
            grouped_rows.extend(members)
        rows = tuple(grouped_rows)
    cursor = next((position for position, row in enumerate(rows) if row >= 0), -1)
    if selected_name is not None:
        cursor = next(
            (
                position
                for position, row in enumerate(rows)
                if row >= 0 and state.roles[row].name == selected_name
            ),
            cursor,
        )
    return replace(state, order=tuple(order), rows=rows, group_sizes=group_sizes, cursor=cursor)


def move_cursor(state: PickerState, steps: int) -> PickerState:
    """Move the cursor by `steps` rows, within the list and past group headers."""
    if state.cursor < 0 or not steps:
        return state
    last = len(state.rows) - 1
    target = min(max(state.cursor + steps, 0), last)
    return move_cursor_to(state, target, forward=steps > 0)


def move_cursor_to(state: PickerState, row: int, *, forward: bool = True) -> PickerState:
    """Move the cursor to `row`, or to the nearest role: ahead if there is one, else behind."""
    if not state.rows:
        return state
    row = min(max(row, 0), len(state.rows) - 1)
    ahead = range(row, len(state.rows)) if forward else range(row, -1, -1)
    behind = range(row, -1, -1) if forward else range(row, len(state.rows))
    for positions in (ahead, behind):
        for position in positions:
            if state.rows[position] >= 0:
                return state if position == state.cursor else replace(state, cursor=position)
    return state


def select_role(state: PickerState, name: str) -> PickerState:
    """Move the cursor to the role of that name, if it is listed."""
    return _with_rows(state, state.order, selected_name=name)


def with_pin(state: PickerState, name: str, *, pinned: bool) -> PickerState:
    """Pin or unpin a role; its row moves at the next load."""
    return replace(state, pins=state.pins | {name} if pinned else state.pins - {name})


def mark_busy(state: PickerState, names: Iterable[str], word: str) -> PickerState:
    """Mark roles as busy with an activity, and clear their earlier failures."""
    names = tuple(names)
    failures = {name: failure for name, failure in state.failures.items() if name not in names}
    explanations = {
        name: explanation for name, explanation in state.explanations.items() if name not in names
    }
    return replace(
        state,
        busy={**state.busy, **dict.fromkeys(names, word)},
        failures=failures,
        explanations=explanations,
    )


def clear_busy(state: PickerState, names: Iterable[str]) -> PickerState:
    """Mark roles as no longer busy."""
    done = frozenset(names)
    return replace(
        state, busy={name: word for name, word in state.busy.items() if name not in done}
    )


def with_failure(state: PickerState, name: str, failure: FailureMessage) -> PickerState:
    """Record a role's failure for its detail."""
    return replace(clear_busy(state, (name,)), failures={**state.failures, name: failure})


def with_explanation(state: PickerState, name: str, explanation: Explanation) -> PickerState:
    """Record the explanation of a role's failure, unless a new attempt has started."""
    if name not in state.failures:
        return state
    return replace(state, explanations={**state.explanations, name: explanation})


def with_renewed_session(
    state: PickerState, name: str, expires_at: datetime, now: datetime
) -> PickerState:
    """Record a role's new session."""
    local_sessions = {
        **state.local_sessions,
        name: KnownSession(SessionState.LIVE, expires_at, now),
    }
    return replace(clear_busy(state, (name,)), local_sessions=local_sessions)


def without_session(state: PickerState, name: str) -> PickerState:
    """Record that a role's session was dropped."""
    return replace(
        clear_busy(state, (name,)), local_sessions={**state.local_sessions, name: NO_KNOWN_SESSION}
    )
