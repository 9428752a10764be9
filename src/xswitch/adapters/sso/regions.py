"""The regions that have IAM Identity Center, by botocore's own list.

Importing this module imports botocore.
"""

from __future__ import annotations

from xswitch.adapters.aws.clients import IsolatedSession, SharedConfig


def portal_regions() -> tuple[str, ...]:
    """Return the regions of all partitions, those of the commercial one first."""
    session = IsolatedSession(SharedConfig())
    found = {
        region: None
        for partition in session.get_available_partitions()
        for service in ("sso", "sso-oidc")
        for region in session.get_available_regions(service, partition)
    }
    return tuple(found)
