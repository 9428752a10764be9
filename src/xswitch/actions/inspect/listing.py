"""Everything that the picker, `list`, and `status` show, without the vault and without AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from xswitch.actions.inspect.state_files import newer_files_problems
from xswitch.actions.ports import Ports
from xswitch.actions.results import Listing, MfaInfo, SessionInfo, SourceInfo, StatusRow
from xswitch.actions.sessions.renewability import renewable_until
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.arn import account_of, parse_role_arn
from xswitch.core.errors import XswitchError
from xswitch.core.model import (
    CredentialSource,
    CredentialSourceKind,
    IndexEntry,
    Problem,
    Role,
    SessionState,
    SsoSession,
    TargetKind,
)
from xswitch.core.roles.sources import find_credential_source
from xswitch.core.roles.sso_endpoints import with_endpoints
from xswitch.core.sessions.freshness import session_state
from xswitch.core.sso.sessions import all_sessions

_NO_SESSION = SessionInfo(SessionState.NONE)


def listing(ports: Ports, vault_label: str = "") -> Listing:
    """List roles and sessions: see `Actions.listing`."""
    snapshot = take_snapshot(ports.config)
    entries = ports.storage.index.entries()
    now = ports.process.clock.now()
    sessions, problems = _sessions(snapshot, entries, now)
    return Listing(
        roles=snapshot.resolution.roles,
        sessions=sessions,
        mfa_sessions=tuple(
            MfaInfo(entry.profile, entry.principal, entry.expires_at)
            for entry in entries.values()
            if entry.kind == "mfa" and now < entry.expires_at
        ),
        usage=ports.state.usage.load(),
        settings=snapshot.settings,
        problems=(
            *snapshot.settings.problems,
            *snapshot.view.problems,
            *snapshot.resolution.problems,
            *problems,
            *newer_files_problems(ports.state),
        ),
        current_profile=snapshot.current_profile,
        base=_current_source(snapshot),
        vault_label=vault_label,
        sign_ins=_sign_ins(snapshot),
        portal_changes={
            role.address: "gone" if role.is_gone else "new"
            for role in snapshot.portal_roles
            if role.is_gone or role.is_new
        },
    )


def _sign_ins(snapshot: ConfigSnapshot) -> tuple[SsoSession, ...]:
    return tuple(
        with_endpoints(session, snapshot.view, snapshot.environment)
        for session in all_sessions(snapshot.view)
    )


def _sessions(
    snapshot: ConfigSnapshot, entries: Mapping[str, IndexEntry], now: datetime
) -> tuple[dict[str, SessionInfo], list[Problem]]:
    sessions: dict[str, SessionInfo] = {}
    problems = []
    # Planning thousands of roles without a session would delay each start of the picker
    used = {name for entry in entries.values() for name in (entry.profile, entry.managed_profile)}
    for role in snapshot.resolution.roles:
        sessions[role.name] = _NO_SESSION
        if not used or role.chain is None or used.isdisjoint((role.name, role.managed_profile)):
            continue
        try:
            key = snapshot.stored_plan(role).key
        except XswitchError as error:
            problems.append(
                Problem(error.code, f"{error.what} {error.why}".strip(), profile=role.name)
            )
            continue
        entry = entries.get(key)
        if entry is None:
            sessions[role.name] = SessionInfo(SessionState.NONE, key=key)
        else:
            sessions[role.name] = SessionInfo(
                session_state(entry.issued_at, entry.expires_at, now), entry.expires_at, key
            )
    return sessions, problems


def _current_source(snapshot: ConfigSnapshot) -> SourceInfo | None:
    """Return the credential source of this shell's role or profile, or else of most roles."""
    current = snapshot.current_profile
    role = snapshot.roles_by_name.get(snapshot.managed.get(current, current)) if current else None
    if role is not None and role.chain is not None and (role.chain.hops or role.account_id):
        return _source_info(snapshot, role.chain.base, role)
    selected = snapshot.view.profiles.get(current)
    source = None if selected is None else find_credential_source(snapshot.view, selected)
    if isinstance(source, CredentialSource):
        using = next(
            (
                role
                for role in snapshot.resolution.roles
                if role.chain is not None and role.chain.hops and role.chain.base == source
            ),
            None,
        )
        return _source_info(snapshot, source, using)
    users: dict[str | None, Role] = {}
    counts: Counter[str | None] = Counter()
    for role in sorted(
        snapshot.resolution.roles, key=lambda role: role.kind is not TargetKind.ROLE
    ):
        if role.chain is not None and (role.kind is TargetKind.ROLE or not counts):
            counts[role.chain.base.profile] += 1
            users.setdefault(role.chain.base.profile, role)
    if not counts:
        return None
    user = users[counts.most_common(1)[0][0]]
    return None if user.chain is None else _source_info(snapshot, user.chain.base, user)


def _source_info(snapshot: ConfigSnapshot, base: CredentialSource, role: Role | None) -> SourceInfo:
    sign_in = "environment" if role is None or role.sso is None else role.sso.session.label
    return SourceInfo(
        base.profile or sign_in, _source_account(snapshot, base, role), base.kind.value
    )


def _source_account(snapshot: ConfigSnapshot, base: CredentialSource, role: Role | None) -> str:
    """Return the account of a credential source, "" if the config doesn't have it.

    SSO profiles name it, and so do the ARNs of roles and MFA devices.
    """
    profile = snapshot.view.profiles.get(base.profile or "")
    if role is not None and not (role.chain and role.chain.hops) and role.account_id:
        return role.account_id
    if profile is not None and base.kind is CredentialSourceKind.SSO:
        return profile.get("sso_account_id") or ""
    if profile is not None and base.kind is CredentialSourceKind.WEB_IDENTITY:
        arn = parse_role_arn(profile.get("role_arn") or "")
        return "" if arn is None else arn.account_id
    return account_of((role and role.mfa_serial) or "")


def status(ports: Ports) -> tuple[StatusRow, ...]:
    """Return the sessions of roles by name, then MFA sessions: see `Actions.status`."""
    newer = ports.storage.index.newer()
    if newer is not None:
        raise newer
    snapshot = take_snapshot(ports.config)
    entries = ports.storage.index.entries()
    now = ports.process.clock.now()
    order = sorted(
        entries.values(),
        key=lambda entry: (
            entry.kind == "mfa",
            entry.profile,
            entry.managed_profile,
            entry.expires_at,
        ),
    )
    return tuple(
        StatusRow(
            entry=entry,
            state=session_state(entry.issued_at, entry.expires_at, now),
            seconds_left=max(0, int((entry.expires_at - now).total_seconds())),
            renewable_until=_renewable_until(snapshot, entries, entry, now)
            if entry.kind != "sso_token" and (entry.kind != "mfa" or entry.managed_profile)
            else None,
            static_expires_at=snapshot.static_expires_at(entry.managed_profile),
        )
        for entry in order
    )


def _renewable_until(
    snapshot: ConfigSnapshot, entries: Mapping[str, IndexEntry], entry: IndexEntry, now: datetime
) -> datetime | None:
    name = entry.managed_profile or entry.profile
    try:
        plan = snapshot.plan(snapshot.role_for_profile(name), snapshot.stored_overrides(name))
    except XswitchError:
        return entry.expires_at  # its role is no longer configured
    if plan.mfa is not None and plan.mfa.mfa_process:
        return None
    return renewable_until(plan, entries, now)
