"""The endpoint of a service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint of STS, IAM, or Identity Center, for a role or a sign-in."""

    region: str
    url: str | None = None
    """None for AWS's own endpoint of the region."""
    use_fips: bool = False
    use_dualstack: bool = False
    ca_bundle: str | None = None
