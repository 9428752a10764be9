"""Lists of portals, and changes for them, as `--json` prints them; see docs/json.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from xswitch.actions.sso.portals import AddingSession, Populating
from xswitch.cli.output.json_output import utc_timestamp
from xswitch.core.model import PortalRole
from xswitch.core.sso.portal_list import PortalList


def portal_list_json(found: PortalList, now: datetime) -> dict[str, Any]:
    """Return `sso refresh`'s data, and an entry of `sso list`'s data.lists[]."""
    return {
        "session": found.session,
        "start_url": found.start_url,
        "listed_at": utc_timestamp(found.listed_at),
        "changed_at": utc_timestamp(found.changed_at),
        "stale": found.is_stale(now),
        "accounts": len({role.account_id for role in found.present}),
        "roles": [portal_role_json(role) for role in found.roles],
    }


def portal_role_json(role: PortalRole) -> dict[str, Any]:
    """Return a role of a list."""
    return {
        "account_id": role.account_id,
        "account_name": role.account_name,
        "role_name": role.role_name,
        "new": role.is_new,
        "gone": role.is_gone,
    }


def populated_json(shown: Populating, *, changed: bool) -> dict[str, Any]:
    """Return `sso populate`'s data."""
    plan = shown.plan
    return {
        "session": shown.session.label,
        "start_url": shown.session.start_url,
        "listed_at": utc_timestamp(shown.portal_list.listed_at),
        "changed": changed,
        "added": list(plan.added),
        "updated": list(plan.updated),
        "removed": list(plan.removed),
        "unchanged": list(plan.unchanged),
        "covered": list(plan.covered),
        "edited": list(plan.edited),
        "prunable": list(plan.prunable),
        "diff": list(shown.diff),
    }


def added_session_json(adding: AddingSession, *, changed: bool) -> dict[str, Any]:
    """Return `sso add`'s data."""
    session = adding.session
    return {
        "session": session.name,
        "start_url": session.start_url,
        "resolved_start_url": adding.resolved_start_url,
        "region": session.region,
        "scopes": list(session.scopes),
        "changed": changed,
        "diff": list(adding.diff),
    }
