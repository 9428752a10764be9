"""The credentials of a role of IAM Identity Center, as a profile names it.

botocore is imported once there is a token, so that a missing sign-in is told without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from xswitch.core.errors import ErrorCode, SignInNeededError, XswitchError
from xswitch.core.errors.source_credentials import SourceLabel, source_error
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import (
    ConfigView,
    Credentials,
    CredentialSource,
    Problem,
    SsoRole,
    SsoSession,
    SsoToken,
)
from xswitch.core.roles.sources import sso_role_of_source
from xswitch.core.roles.sso_endpoints import with_endpoints
from xswitch.core.sso.sessions import all_sessions, session_with_url
from xswitch.threads import Timeouts, run_with_timeout

if TYPE_CHECKING:  # it imports botocore
    from xswitch.adapters.sso.portal_clients import PortalClient

_MAX_TOKENS = 4
"""The stored one, the AWS CLI's, and what each is renewed to."""


class SsoProvider:
    """Gets a role's credentials from the portal; never prompts, and never opens a browser.

    `token` returns a living token of a session, other than one that was rejected.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        token: Callable[[SsoSession, SsoToken | None], SsoToken],
        timeouts: Timeouts,
    ) -> None:
        self._environment = environment
        self._token = token
        self._timeouts = timeouts

    def ensure_sign_in(self, base: CredentialSource, view: ConfigView) -> None:
        """Renew the token if that is due. Raises SourceCredentialsError, NetworkError."""
        self._token_for(base, view, self._role(base, view).session, None)

    def resolve(self, base: CredentialSource, view: ConfigView) -> Credentials:
        """Return the role's credentials. Raises SourceCredentialsError, NetworkError."""
        role = self._role(base, view)
        token = self._token_for(base, view, role.session, None)
        from xswitch.adapters.sso.portal_clients import (  # noqa: PLC0415 -- it imports botocore
            PortalClient,
            RejectedTokenError,
        )

        portal = PortalClient(self._timeouts)
        for _ in range(_MAX_TOKENS):
            try:
                return self._role_credentials(portal, base, role, token)
            except RejectedTokenError:
                # The sign-in was ended elsewhere: a renewed token, or another one, may be accepted
                token = self._token_for(base, view, role.session, token)
        raise sign_in_needed(_label(base, view, role.session), "The sign-in was ended.")

    def _token_for(
        self,
        base: CredentialSource,
        view: ConfigView,
        session: SsoSession,
        rejected: SsoToken | None,
    ) -> SsoToken:
        try:
            return self._token(session, rejected)
        except SignInNeededError as error:
            label = _label(base, view, session)
            raise sign_in_needed(label, error.why, ErrorCode(error.code)) from None

    def _role(self, base: CredentialSource, view: ConfigView) -> SsoRole:
        """Return what a source asks the portal for, with the endpoints of its session."""
        found = sso_role_of_source(view, base)
        if isinstance(found, Problem):
            raise source_error(SourceLabel(base), ErrorCode.SSO_CONFIG, why=found.message)
        profile = view.profiles.get(base.profile or "")
        session = with_endpoints(found.session, view, self._environment, profile)
        return replace(found, session=session)

    def _role_credentials(
        self, portal: PortalClient, base: CredentialSource, role: SsoRole, token: SsoToken
    ) -> Credentials:
        from xswitch.adapters.providers.errors import translate_error  # noqa: PLC0415 -- as above
        from xswitch.adapters.sso.portal_clients import RejectedTokenError  # noqa: PLC0415

        session = role.session
        call = ApiCall(
            "sso:GetRoleCredentials",
            session.region,
            base.profile or "",
            url=session.portal_endpoint.url or "",
        )
        seconds = self._timeouts.total

        def get() -> Credentials:
            return portal.role_credentials(role, token)

        try:
            return run_with_timeout(seconds, get)
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"No complete response within {seconds:g} seconds."
            ) from None
        except (RejectedTokenError, XswitchError):
            raise
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its tree
            raise translate_error(error, SourceLabel(base, session.label), call) from None


def _label(base: CredentialSource, view: ConfigView, session: SsoSession) -> str:
    """Return how `xswitch login` names a session: by the profile if its own name is another's."""
    if session.name or base.profile is None:
        return session.label
    known = session_with_url(all_sessions(view), session.start_url)
    is_other = known is not None and known.region != session.region
    return base.profile if is_other else session.label
