"""Session keys.

40 hex digits out of everything that changes a session's content, so that an edited config never
gets the old one.

A key is SHA-256, truncated, over canonical JSON. Each key covers the key of the session it is made
from, so a role's key covers its whole chain. The region, FIPS and dual-stack endpoints and the CA
bundle are left out: STS gives the same session through any of them. A URL of one's own is in: it
may be another AWS altogether.
"""

from __future__ import annotations

import json

from xswitch.core.digests import sha256
from xswitch.core.model import AssumeRoleRequest, CredentialSource

KEY_LENGTH = 40


def key_digest(**facts: object) -> str:
    """40 hex digits over `facts`, which must be what JSON knows.

    The order of the names doesn't matter.
    """
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode())[:KEY_LENGTH]


def source_key(base: CredentialSource, *, partition: str, url: str | None) -> str:
    """What stands for the base in the keys made from it."""
    return key_digest(
        kind="base", base=base.kind.value, identity=base.identity, partition=partition, url=url
    )


def mfa_session_key(source: str, *, serial: str, duration_seconds: int) -> str:
    """The key of an MFA session.

    Every role with this base, serial, partition and endpoint URL shares it. `source` is a
    `source_key`.
    """
    return key_digest(kind="mfa", source=source, serial=serial, duration=duration_seconds)


def role_session_key(source: str, request: AssumeRoleRequest, *, session_name: str | None) -> str:
    """The key of a role session made by `request` with the session (or base) `source`.

    `session_name` is the one configured, None when the name is only the default user@host.
    """
    return key_digest(
        kind="role",
        source=source,
        role_arn=request.role_arn,
        session_name=session_name,
        duration=request.duration_seconds,
        external_id=request.external_id,
        mfa_serial=request.mfa_serial,
        tags=sorted(request.tags),
        transitive_tag_keys=sorted(request.transitive_tag_keys),
        policy_arns=sorted(request.policy_arns),
        policy=request.policy,
        source_identity=request.source_identity,
    )
