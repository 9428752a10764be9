"""What the picker, `list` and `status` show: one reading of the config and the index, without the vault and without AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from xswitch.actions.api import BaseInfo, Listing, MfaInfo, SessionInfo, StatusRow
from xswitch.actions.ports import Ports
from xswitch.actions.sessions.renewability import silent_until
from xswitch.actions.snapshot import Reading, read
from xswitch.actions.targets import current_profile
from xswitch.core.arn import parse_role_arn
from xswitch.core.errors import XswitchError
from xswitch.core.model import Base, BaseKind, IndexEntry, Problem, Role, SessionState
from xswitch.core.roles.sources import find_base
from xswitch.core.sessions.freshness import state

_NO_SESSION = SessionInfo(SessionState.NONE)


def listing(ports: Ports, vault_label: str = "") -> Listing:
    """See `Actions.listing`."""
    reading = read(ports)
    entries = ports.index.entries()
    now = ports.clock.now()
    sessions, problems = _sessions(reading, entries, now)
    return Listing(
        roles=reading.resolution.roles,
        sessions=sessions,
        mfa_sessions=tuple(
            MfaInfo(entry.profile, entry.principal, entry.expires_at)
            for entry in entries.values()
            if entry.kind == "mfa" and now < entry.expires_at
        ),
        memory=ports.memory.load(),
        settings=reading.settings,
        problems=(*reading.settings.problems, *reading.view.problems, *reading.resolution.problems, *problems),
        current_profile=current_profile(reading),
        base=_base(reading),
        vault_label=vault_label,
    )


def _sessions(reading: Reading, entries: Mapping[str, IndexEntry], now: datetime) -> tuple[dict[str, SessionInfo], list[Problem]]:
    sessions: dict[str, SessionInfo] = {}
    problems = []
    # Planning thousands of roles to find that none of them has a session would be felt at every start of the picker.
    used = {name for entry in entries.values() for name in (entry.profile, entry.managed_profile)}
    for role in reading.resolution.roles:
        sessions[role.name] = _NO_SESSION
        if not used or role.chain is None or used.isdisjoint((role.name, role.managed_profile)):
            continue
        try:
            key = reading.kept_plan(role).key
        except XswitchError as error:
            problems.append(Problem(error.code, f"{error.what} {error.why}".strip(), profile=role.name))
            continue
        entry = entries.get(key)
        if entry is None:
            sessions[role.name] = SessionInfo(SessionState.NONE, key=key)
        else:
            sessions[role.name] = SessionInfo(state(entry.issued_at, entry.expires_at, now), entry.expires_at, key)
    return sessions, problems


def _base(reading: Reading) -> BaseInfo | None:
    """The base this shell works from: that of the role it is in, or the profile it selects; else the one most roles start from."""
    current = current_profile(reading)
    role = reading.by_name.get(reading.managed.get(current, current)) if current else None
    if role is not None and role.chain is not None:
        return _info(reading, role.chain.base, role)
    selected = reading.view.profiles.get(current)
    found = None if selected is None else find_base(reading.view, selected)
    if isinstance(found, Base):
        using = next((role for role in reading.resolution.roles if role.chain is not None and role.chain.base == found), None)
        return _info(reading, found, using)
    users: dict[str | None, Role] = {}
    counts: Counter[str | None] = Counter()
    for role in reading.resolution.roles:
        if role.chain is not None:
            counts[role.chain.base.profile] += 1
            users.setdefault(role.chain.base.profile, role)
    if not counts:
        return None
    user = users[counts.most_common(1)[0][0]]
    return None if user.chain is None else _info(reading, user.chain.base, user)


def _info(reading: Reading, base: Base, role: Role | None) -> BaseInfo:
    return BaseInfo(base.profile or "environment", _account(reading, base, role), base.kind.value)


def _account(reading: Reading, base: Base, role: Role | None) -> str:
    """The base's account as far as the config tells: SSO names it, so does a role's ARN, and so does the ARN of an MFA device."""
    profile = reading.view.profiles.get(base.profile or "")
    if profile is not None and base.kind is BaseKind.SSO:
        return profile.get("sso_account_id") or ""
    if profile is not None and base.kind is BaseKind.WEB_IDENTITY:
        arn = parse_role_arn(profile.get("role_arn") or "")
        return "" if arn is None else arn.account_id
    serial = None if role is None else role.mfa_serial
    parts = (serial or "").split(":")
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""  # noqa: PLR2004 -- arn:partition:iam::ACCOUNT:mfa/name


def status(ports: Ports) -> tuple[StatusRow, ...]:
    """See `Actions.status`: role sessions by name, then MFA sessions."""
    reading = read(ports)
    entries = ports.index.entries()
    now = ports.clock.now()
    order = sorted(entries.values(), key=lambda entry: (entry.kind != "role", entry.profile, entry.managed_profile, entry.expires_at))
    return tuple(
        StatusRow(
            entry=entry,
            state=state(entry.issued_at, entry.expires_at, now),
            seconds_left=max(0, int((entry.expires_at - now).total_seconds())),
            silent_until=_silent_until(reading, entries, entry, now) if entry.kind == "role" else None,
        )
        for entry in order
    )


def _silent_until(reading: Reading, entries: Mapping[str, IndexEntry], entry: IndexEntry, now: datetime) -> datetime | None:
    name = entry.managed_profile or entry.profile
    try:
        plan = reading.plan(reading.role_of(name), reading.kept_overrides(name))
    except XswitchError:
        return entry.expires_at  # what it was made from is no longer configured
    if plan.mfa is not None and plan.mfa.mfa_process:
        return None
    return silent_until(plan, entries, now)
