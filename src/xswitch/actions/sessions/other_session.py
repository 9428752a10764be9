"""Why a valid session isn't used: an environment variable makes it another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.errors import MfaNeededError, XswitchError
from xswitch.core.model import IndexEntry, SessionPlan
from xswitch.core.sessions.key_variables import (
    WORKING_FOLDER,
    deciding_variables,
    different_surroundings,
    key_variables,
    with_key_variables,
    without_surroundings,
)


def with_other_session(
    error: MfaNeededError,
    snapshot: ConfigSnapshot,
    replan: Callable[[ConfigSnapshot], SessionPlan],
    entries: Mapping[str, IndexEntry],
    now: datetime,
) -> MfaNeededError:
    """Return the error, which also names the variables that make a valid session another one.

    `replan` plans the same sessions in another environment.
    """
    current = dict(key_variables(snapshot.environment))
    try:
        plan = replan(snapshot)
    except XswitchError:
        return error
    for entry in entries.values():
        if now >= entry.usable_until or not _is_related(entry, plan):
            continue
        recorded = without_surroundings(dict(entry.variables))

        def decides(names: list[str], key: str = entry.key) -> bool:
            environment = with_key_variables(
                snapshot.environment,
                recorded,  # noqa: B023 -- called at once
                names,
            )
            try:
                other = replan(replace(snapshot, environment=environment))
            except XswitchError:
                return False
            return key in _keys(other)

        names = deciding_variables(current, recorded, decides)
        described = [_describe(name, current, recorded) for name in names] or [
            f"with another value of {name}" if name != WORKING_FOLDER else "in another folder"
            for name in different_surroundings(plan.surroundings.facts, dict(entry.variables))
        ]
        if described:
            why = f"A session that is still valid was made {' and '.join(described)}."
            return MfaNeededError(
                error.what,
                why=f"{error.why} {why}".strip(),
                next_step=error.next_step,
                code=error.code,
            )
    return error


def _is_related(entry: IndexEntry, plan: SessionPlan) -> bool:
    if entry.key in _keys(plan):
        return False
    serials = {None if plan.mfa is None else plan.mfa.serial, plan.role.mfa_serial}
    if entry.kind == "mfa":
        return entry.principal in serials
    return entry.principal in {plan.role.principal, *(hop.request.role_arn for hop in plan.hops)}


def _keys(plan: SessionPlan) -> set[str]:
    return {plan.key, *(hop.key for hop in plan.hops)} | (
        {plan.mfa.key} if plan.mfa is not None else set()
    )


def _describe(name: str, current: Mapping[str, str], recorded: Mapping[str, str]) -> str:
    if name not in recorded:
        return f"without {name}"
    return f"with {name}, which isn't set" if name not in current else f"with another {name}"
