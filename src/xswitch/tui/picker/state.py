"""What the picker shows, as one immutable value, and every way it changes.

Pure, without a widget in sight.

Rows are whole numbers, so that 20,000 of them cost nothing: `i >= 0` is role `i` of `roles`, a
negative number is the header of an account's group, `~row` being the group's first role. Whatever
changes keeps the role under the cursor, unless the query does: then the cursor is on the best
match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from xswitch.actions.api import Listing, MfaInfo, SourceInfo, StatusRow
from xswitch.core.model import ConfigView, Problem, Role, SessionState, Settings, UsageState
from xswitch.core.sessions import freshness
from xswitch.tui.errors import FailureMessage

if TYPE_CHECKING:  # 4 ms, and most pickers end without one
    from xswitch.core.explain.model import Explanation


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A role's session as last heard of; `issued_at` is None until the index has told it."""

    state: SessionState = SessionState.NONE
    expires_at: datetime | None = None
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """How a session stands at a moment."""

    state: SessionState
    seconds: float = 0.0


NO_KNOWN_SESSION = KnownSession()


def session_status(session: KnownSession, now: datetime) -> SessionStatus:
    """How a session stands at `now`.

    Until the index has told when it was issued, the rule for short sessions can't be applied: then
    what was said at reading time holds, and a live one counts as expiring by the rule for ordinary
    ones.
    """
    if session.expires_at is None:
        return SessionStatus(session.state)
    seconds = (session.expires_at - now).total_seconds()
    if seconds <= 0:
        return SessionStatus(SessionState.EXPIRED)
    if session.issued_at is not None:
        return SessionStatus(freshness.state(session.issued_at, session.expires_at, now), seconds)
    if session.state is SessionState.EXPIRING or seconds <= freshness.MANDATORY_REFRESH_SECONDS:
        return SessionStatus(SessionState.EXPIRING, seconds)
    return SessionStatus(SessionState.LIVE, seconds)


@dataclass(frozen=True, slots=True)
class PickerData:
    """What was read, with what is worth working out once and beside the screen.

    `accounts` are the names of account ids.

    `view` tells, where there is no role, what there is instead.
    """

    listing: Listing
    accounts: Mapping[str, str]
    view: ConfigView | None = None


def picker_data(listing: Listing, view: ConfigView | None = None) -> PickerData:
    """A reading made of a listing."""
    named = {role.account_id: role.account_name for role in listing.roles if role.account_name}
    return PickerData(listing, {**named, **listing.settings.account_names}, view)


EMPTY_DATA = picker_data(Listing((), {}, (), UsageState(), Settings(), (), ""))


@dataclass(frozen=True, slots=True)
class PickerState:
    """Everything the picker's widgets draw from.

    `order` is the roles that match `query`, best first; `rows` is what the list shows of it;
    `sizes` how many roles a group has, by its header's row; `cursor` a position in `rows`, -1 when
    there is no role. By role name, `busy` holds the word for what is going on with it, `failures`
    what went wrong last, `local_sessions` the session one of our own actions made. `index` is the
    sessions of the index by their key, None until it was looked into. `loaded`: something was read,
    or can't be.
    """

    data: PickerData = EMPTY_DATA
    order: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()
    group_sizes: Mapping[int, int] = field(default_factory=dict)
    cursor: int = -1
    query: str = ""
    grouped: bool = False
    pins: frozenset[str] = frozenset()
    mfa: tuple[MfaInfo, ...] = ()
    indexed_sessions: Mapping[str, KnownSession] | None = None
    local_sessions: Mapping[str, KnownSession] = field(default_factory=dict)
    busy: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, FailureMessage] = field(default_factory=dict)
    explanations: Mapping[str, Explanation] = field(default_factory=dict)
    loaded: bool = False
    load_failure: FailureMessage | None = None

    @property
    def roles(self) -> tuple[Role, ...]:
        """All roles, in the order of the files."""
        return self.data.listing.roles

    @property
    def settings(self) -> Settings:
        """The settings that were read."""
        return self.data.listing.settings

    @property
    def base(self) -> SourceInfo | None:
        """The base the title speaks of."""
        return self.data.listing.base

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files, the settings' included."""
        return (*self.data.listing.problems, *self.settings.problems)

    @property
    def role(self) -> Role | None:
        """The role under the cursor."""
        return self.role_at(self.cursor)

    def role_at(self, row: int) -> Role | None:
        """The role of a row; None for a group's header or a row that isn't there."""
        if not 0 <= row < len(self.rows):
            return None
        index = self.rows[row]
        return self.roles[index] if index >= 0 else None

    def account_label(self, account_id: str) -> str:
        """An account's name, or its id when it has none."""
        return self.data.accounts.get(account_id) or account_id

    def session(self, role: Role) -> KnownSession:
        """The session of a role, the empty one when there is none.

        What we did ourselves, else the index, else what was read.
        """
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
        """The names of the roles that have a session, expired ones too."""
        return tuple(role.name for role in self.roles if self.session(role).expires_at is not None)

    def session_status(self, role: Role, now: datetime) -> SessionStatus:
        """How a role's session stands now."""
        return session_status(self.session(role), now)

    def mfa_for(self, role: Role, now: datetime) -> MfaInfo | None:
        """The living MFA session this role would use, None when a code will be asked for (or none is needed)."""
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
        """The MFA session the title speaks of.

        The base's, living or, if none lives, the one that ended last.
        """
        if self.base is None:
            return None
        sessions = [session for session in self.mfa if session.base_profile == self.base.profile]
        return max(
            sessions,
            key=lambda session: (session.expires_at > now, session.expires_at),
            default=None,
        )


# -- reading
# ------------------------------------------------------------------------------------------------------


def with_data(
    state: PickerState, data: PickerData, order: Sequence[int], *, query: str = ""
) -> PickerState:
    """The state after a (new) reading; `order` is the new roles that match `query`.

    What failed before is forgotten.
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
        pins=listing.memory.pins,
        grouped=state.grouped if state.loaded else listing.settings.group_by_account,
        failures={},
        explanations={},
        loaded=True,
        load_failure=None,
    )
    return _with_rows(changed, order, selected_name=selected_name)


def with_vault(state: PickerState, label: str) -> PickerState:
    """The state once the vault is known, which no reading waits for."""
    return replace(
        state, data=replace(state.data, listing=replace(state.data.listing, vault_label=label))
    )


def with_load_failure(state: PickerState, failure: FailureMessage) -> PickerState:
    """The state after a reading that failed; what was read before stays."""
    return replace(state, load_failure=failure, loaded=True)


def with_status(state: PickerState, rows: Iterable[StatusRow]) -> PickerState:
    """The sessions as the index has them now.

    Renewed by another process, forgotten by another, or simply known better.
    """
    sessions: dict[str, KnownSession] = {}
    mfa: list[MfaInfo] = []
    for row in rows:
        entry = row.entry
        if entry.kind == "mfa":
            mfa.append(MfaInfo(entry.profile, entry.principal, entry.expires_at))
        else:
            sessions[entry.key] = KnownSession(row.state, entry.expires_at, entry.issued_at)
    # A role without a plan has no key to be found by: what we did with it ourselves is all that is
    # known.
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
    """The state after typing: the matches of `query` in `order`, the cursor on the first."""
    return _with_rows(replace(state, query=query), order, selected_name=None)


def toggle_grouping(state: PickerState) -> PickerState:
    """Grouped by account, or flat again, with the cursor on the same role."""
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
    """The cursor `steps` rows further (negative.

    Back), stopping at the ends and never on a group's header.
    """
    if state.cursor < 0 or not steps:
        return state
    last = len(state.rows) - 1
    target = min(max(state.cursor + steps, 0), last)
    return move_cursor_to(state, target, forward=steps > 0)


def move_cursor_to(state: PickerState, row: int, *, forward: bool = True) -> PickerState:
    """The cursor on `row`, or on the nearest role in the direction moved, or failing that in the other."""
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
    """The cursor on the role of that name, if the list shows it."""
    return _with_rows(state, state.order, selected_name=name)


# -- doing
# --------------------------------------------------------------------------------------------------------


def with_pin(state: PickerState, name: str, *, pinned: bool) -> PickerState:
    """A role's star set or taken; its row stays where it is until the next reading."""
    return replace(state, pins=state.pins | {name} if pinned else state.pins - {name})


def mark_busy(state: PickerState, names: Iterable[str], word: str) -> PickerState:
    """These roles are being worked on; what failed with them before is no longer said."""
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
    """These roles are no longer being worked on."""
    done = frozenset(names)
    return replace(
        state, busy={name: word for name, word in state.busy.items() if name not in done}
    )


def with_failure(state: PickerState, name: str, failure: FailureMessage) -> PickerState:
    """What went wrong with a role, for its detail to say."""
    return replace(clear_busy(state, (name,)), failures={**state.failures, name: failure})


def with_explanation(state: PickerState, name: str, explanation: Explanation) -> PickerState:
    """Why the last try failed, unless another one has begun meanwhile."""
    if name not in state.failures:
        return state
    return replace(state, explanations={**state.explanations, name: explanation})


def with_renewed_session(
    state: PickerState, name: str, expires_at: datetime, now: datetime
) -> PickerState:
    """A role with a fresh session."""
    local_sessions = {
        **state.local_sessions,
        name: KnownSession(SessionState.LIVE, expires_at, now),
    }
    return replace(clear_busy(state, (name,)), local_sessions=local_sessions)


def without_session(state: PickerState, name: str) -> PickerState:
    """A role without a session."""
    return replace(
        clear_busy(state, (name,)), local_sessions={**state.local_sessions, name: NO_KNOWN_SESSION}
    )
