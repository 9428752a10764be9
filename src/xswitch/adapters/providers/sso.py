"""The credentials of a role of IAM Identity Center, as a profile names it.

botocore is imported once there is a token, so that a missing sign-in is told without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xswitch.core.errors import ErrorCode
from xswitch.core.errors.source_credentials import SourceLabel, source_error
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import ConfigView, Credentials, CredentialSource, SsoSession, SsoToken
from xswitch.core.roles.sso_endpoints import with_endpoints
from xswitch.core.sso.sessions import all_sessions, session_of_profile
from xswitch.threads import Timeouts, run_with_timeout

if TYPE_CHECKING:  # it imports botocore
    from xswitch.adapters.sso.portal_clients import PortalClient

_MAX_TOKENS = 4
"""The stored one, the AWS CLI's, and what each is renewed to."""
_ROLE_KEYS = ("sso_account_id", "sso_role_name")


@dataclass(frozen=True, slots=True)
class _PortalSource:
    """A source, and what it asks the portal for."""

    label: SourceLabel
    session: SsoSession
    account_id: str
    role_name: str


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
        self._token(self._source(base, view).session, None)

    def resolve(self, base: CredentialSource, view: ConfigView) -> Credentials:
        """Return the role's credentials. Raises SourceCredentialsError, NetworkError."""
        source = self._source(base, view)
        token = self._token(source.session, None)
        from xswitch.adapters.sso.portal_clients import (  # noqa: PLC0415 -- it imports botocore
            PortalClient,
            RejectedTokenError,
        )

        portal = PortalClient(self._timeouts)
        for _ in range(_MAX_TOKENS):
            try:
                return self._role_credentials(portal, source, token)
            except RejectedTokenError:
                # The sign-in was ended elsewhere: a renewed token, or another one, may be accepted
                token = self._token(source.session, token)
        raise sign_in_needed(source.session.label, "The sign-in was ended.")

    def _source(self, base: CredentialSource, view: ConfigView) -> _PortalSource:
        profile = view.profiles.get(base.profile or "")
        facts: Mapping[str, str | None]
        if base.profile is None:  # a role of the portal that no profile has
            facts = json.loads(base.identity)
            session = _session_of_source(facts, view)
        else:
            facts = {} if profile is None else {key: profile.get(key) for key in _ROLE_KEYS}
            session = None if profile is None else session_of_profile(view, profile)
        label = SourceLabel(base, "" if session is None else session.name)
        if session is None:
            why = "sso_session and sso_start_url are missing."
            raise source_error(label, ErrorCode.SSO_CONFIG, why=why)
        account_id, role_name = (facts.get(key) for key in _ROLE_KEYS)
        if not account_id or not role_name:
            missing = "sso_role_name" if account_id else "sso_account_id"
            raise source_error(label, ErrorCode.SSO_CONFIG, why=f"{missing} is missing.")
        session = with_endpoints(session, view, self._environment, profile)
        return _PortalSource(label, session, account_id, role_name)

    def _role_credentials(
        self, portal: PortalClient, source: _PortalSource, token: SsoToken
    ) -> Credentials:
        from xswitch.adapters.providers.errors import translate_error  # noqa: PLC0415 -- as above
        from xswitch.adapters.sso.portal_clients import RejectedTokenError  # noqa: PLC0415

        session = source.session
        call = ApiCall(
            "sso:GetRoleCredentials",
            session.region,
            source.label.base.profile or "",
            url=session.portal_endpoint.url or "",
        )
        seconds = self._timeouts.total

        def get() -> Credentials:
            return portal.role_credentials(session, token, source.account_id, source.role_name)

        try:
            return run_with_timeout(seconds, get)
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"No complete response within {seconds:g} seconds."
            ) from None
        except RejectedTokenError:
            raise
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its tree
            raise translate_error(error, source.label, call) from None


def _session_of_source(facts: Mapping[str, str | None], view: ConfigView) -> SsoSession | None:
    """Return the session in a source's own facts, as the config has it if it still does."""
    url, region = facts.get("sso_start_url"), facts.get("sso_region")
    known = next(
        (
            session
            for session in all_sessions(view)
            if session.name == (facts.get("sso_session") or "")
            and (session.start_url, session.region) == (url, region)
        ),
        None,
    )
    return known or (SsoSession("", url, region) if url and region else None)
