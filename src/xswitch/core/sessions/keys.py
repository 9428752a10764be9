"""Session keys: hashes of everything that defines a session.

An edited config therefore never reuses an old session.

A key is the truncated SHA-256 of canonical JSON. It covers the key of the session it is made from,
so a role's key covers the whole chain. Region, FIPS and dual-stack endpoints, and the CA bundle are
left out, because STS gives the same session through any of them. A custom endpoint URL is included,
because it can belong to an AWS emulator.

The keyword names below are part of the hash: renaming one changes every key.
"""

from __future__ import annotations

import json

from xswitch.core.digests import sha256
from xswitch.core.model import AssumeRoleRequest, CredentialSource, SsoRole, portal_address

KEY_LENGTH = 40


def key_digest(**facts: object) -> str:
    """Hash JSON-serializable facts to `KEY_LENGTH` hex digits; their order doesn't matter."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode())[:KEY_LENGTH]


def source_key(
    base: CredentialSource, *, partition: str, url: str | None, surroundings: str = ""
) -> str:
    """Hash a credential source, for the keys made from it.

    `surroundings` are the facts of `Surroundings`; "" leaves the key as it is without them.
    """
    facts = {"surroundings": surroundings} if surroundings else {}
    return key_digest(
        kind="base",
        base=base.kind.value,
        identity=base.identity,
        partition=partition,
        url=url,
        **facts,
    )


def mfa_session_key(source: str, *, serial: str, duration_seconds: int) -> str:
    """Make the key of an MFA session, which all roles with the same source and serial share.

    `source` is a `source_key`.
    """
    return key_digest(kind="mfa", source=source, serial=serial, duration=duration_seconds)


def sso_session_key(role: SsoRole) -> str:
    """Make the key of the session of an Identity Center role.

    Sign-ins to one portal may be of different people, so each has its own, as in the AWS CLI's
    cache. Which profile names the role doesn't matter.
    """
    return key_digest(
        kind="sso",
        session=role.session.name,
        start_url=portal_address(role.session.start_url),
        region=role.session.region,
        account_id=role.account_id,
        role_name=role.role_name,
        url=role.url,
    )


def role_session_key(source: str, request: AssumeRoleRequest, *, session_name: str | None) -> str:
    """Make the key of a role session that `request` creates.

    `source` is the key of the session or source whose credentials make the request. `session_name`
    is the configured name; None for the default, user@host.
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
