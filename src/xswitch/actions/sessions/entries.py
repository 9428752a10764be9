"""What the index is told of a session."""

from __future__ import annotations

from xswitch.core.model import IndexEntry, PlannedHop
from xswitch.core.sessions.session_record import SessionRecord


def role_index_entry(record: SessionRecord, hop: PlannedHop) -> IndexEntry:
    """The entry of a role session nobody has used yet, and no profile serves."""
    return IndexEntry(
        key=record.key,
        kind="role",
        profile=hop.profile,
        principal=hop.request.role_arn,
        issued_at=record.issued_at,
        expires_at=record.expires_at,
        last_used=record.issued_at,
    )
