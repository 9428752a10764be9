"""The changes that make a role another one than was shown: of identity, session, or chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from xswitch.core.model import (
    Chain,
    CredentialSource,
    Endpoint,
    Guard,
    Hop,
    Role,
    SsoRole,
    SsoSession,
)

COMPARED: Mapping[type, Mapping[str, str]] = MappingProxyType(
    {
        Role: {
            "name": "name",
            "role_arn": "role ARN",
            "partition": "partition",
            "account_id": "account",
            "account_name": "account name",
            "role_name": "role",
            "role_path": "role path",
            "region": "region",
            "chain": "chain",
            "mfa_serial": "MFA device",
            "external_id": "external ID",
            "duration_seconds": "duration",
            "endpoint": "endpoint",
            "guard": "guard",
            "tags": "session tags",
            "is_ad_hoc": "kind of role",
            "kind": "kind of target",
            "sso": "Identity Center role",
        },
        SsoRole: {
            "session": "sign-in",
            "account_id": "account",
            "role_name": "permission set",
            "url": "portal",
        },
        SsoSession: {"name": "name", "start_url": "start URL", "region": "region"},
        Chain: {"base": "credential source", "hops": "roles"},
        CredentialSource: {
            "kind": "kind",
            "profile": "profile",
            "identity": "identity",
            "temporary": "kind of keys",
        },
        Hop: {
            "profile": "profile",
            "role_arn": "role ARN",
            "external_id": "external ID",
            "mfa_serial": "MFA device",
            "duration_seconds": "duration",
            "session_name": "session name",
            "tags": "session tags",
            "transitive_tag_keys": "transitive tag keys",
            "policy_arns": "session policies",
            "policy": "session policy",
            "source_identity": "source identity",
        },
        Endpoint: {
            "region": "region",
            "url": "URL",
            "use_fips": "FIPS",
            "use_dualstack": "dual stack",
            "ca_bundle": "CA bundle",
        },
        Guard: {
            "name": "name",
            "color": "color",
            "confirm": "confirmation",
            "duration_seconds": "duration",
            "policy_arns": "session policies",
            "policy": "session policy",
        },
    }
)
"""The fields that count, and their names in messages, by type."""

IGNORED: Mapping[type, frozenset[str]] = MappingProxyType(
    {
        # Where something is written, what is said about it, and where the result goes. A role of
        # the portal is the same one when a profile for it is written.
        Role: frozenset(
            {
                "origin",
                "problems",
                "note",
                "cli_only",
                "duration_reason",
                "managed_profile",
                "portal_role",
            }
        ),
        SsoRole: frozenset(),
        # The endpoints are part of a session only while its token is got
        SsoSession: frozenset({"scopes", "origin", "oidc", "portal"}),
        Chain: frozenset(),
        CredentialSource: frozenset({"origin", "detail"}),
        Hop: frozenset({"origin", "origins"}),
        Endpoint: frozenset(),
        Guard: frozenset(),
    }
)
"""All other fields."""


def changes(shown: Role, current: Role) -> tuple[str, ...]:
    """Name the changes of a role since it was shown, without values; () for none.

    An account's name isn't one if there was none before: a listing of the portal brings it.
    """
    if not (shown.account_name and current.account_name):
        current = current._replace(account_name=shown.account_name)
    return tuple(dict.fromkeys(_changes(shown, current, "")))


def _changes(shown: Any, current: Any, name: str) -> Iterator[str]:
    if type(shown) is type(current) and type(shown) in COMPARED:
        for field, label in COMPARED[type(shown)].items():
            yield from _changes(
                getattr(shown, field), getattr(current, field), f"{name} {label}".strip()
            )
    elif (
        isinstance(shown, tuple)
        and isinstance(current, tuple)
        and len(shown) == len(current)
        and all(isinstance(item, Hop) for item in (*shown, *current))
    ):
        for pair in zip(shown, current, strict=True):
            yield from _changes(*pair, name)
    elif shown != current:
        yield name
