"""The endpoints of an Identity Center session, by the same rules as those of STS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xswitch.core.arn import partition_of_region
from xswitch.core.model import ConfigView, Profile, SsoSession
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.core.sso.sessions import SESSION_KEY, START_URL_KEY


def with_endpoints(
    session: SsoSession,
    view: ConfigView,
    environment: Mapping[str, str],
    profile: Profile | None = None,
) -> SsoSession:
    """Return a session with the endpoints that count for a profile that uses it.

    They are `AWS_ENDPOINT_URL_SSO`, `AWS_ENDPOINT_URL_SSO_OIDC`, and the profile's `services`,
    `endpoint_url`, `use_fips_endpoint`, `use_dualstack_endpoint`, and `ca_bundle`. Without a
    profile, it is the first one of the session.
    """
    profile = profile or next(
        (one for one in view.profiles.values() if uses_session(one, session)), None
    )
    partition = partition_of_region(session.region)
    oidc, _ = EndpointResolver(view, environment, "sso_oidc").endpoint_for(profile, partition)
    portal, _ = EndpointResolver(view, environment, "sso").endpoint_for(profile, partition)
    return replace(
        session,
        oidc=replace(oidc, region=session.region),
        portal=replace(portal, region=session.region),
    )


def uses_session(profile: Profile, session: SsoSession) -> bool:
    """Whether a profile signs in to a session."""
    if session.name:
        return profile.get(SESSION_KEY) == session.name
    return profile.get(SESSION_KEY) is None and profile.get(START_URL_KEY) == session.start_url
