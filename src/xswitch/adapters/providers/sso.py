"""The credentials of a role of IAM Identity Center, as a profile names it.

Importing this module imports botocore.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NoReturn

from xswitch.adapters.providers.errors import translate_error
from xswitch.adapters.sso.portal_clients import PortalClient, RejectedTokenError
from xswitch.core.errors import ErrorCode
from xswitch.core.errors.source_credentials import SourceLabel, source_error
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import ConfigView, Credentials, CredentialSource, SsoSession, SsoToken
from xswitch.core.roles.sso_endpoints import with_endpoints
from xswitch.core.sso.sessions import all_sessions, session_of_profile
from xswitch.threads import Timeouts, run_with_timeout

_ROLE_KEYS = ("sso_account_id", "sso_role_name")


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
        self._portal = PortalClient(timeouts)

    def resolve(self, base: CredentialSource, view: ConfigView) -> Credentials:
        """Return the role's credentials. Raises SourceCredentialsError, NetworkError."""
        profile = view.profiles.get(base.profile or "")
        facts: Mapping[str, str | None]
        if base.profile is None:  # a role of the portal that no profile has
            facts = json.loads(base.identity)
            session = _session_of_source(facts, view)
        else:
            facts = {} if profile is None else {key: profile.get(key) for key in _ROLE_KEYS}
            session = None if profile is None else session_of_profile(view, profile)
        source = SourceLabel(base, "" if session is None else session.name)
        if session is None:
            why = "sso_session and sso_start_url are missing."
            raise source_error(source, ErrorCode.SSO_CONFIG, why=why)
        account_id, role_name = (facts.get(key) for key in _ROLE_KEYS)
        if not account_id or not role_name:
            missing = "sso_role_name" if account_id else "sso_account_id"
            raise source_error(source, ErrorCode.SSO_CONFIG, why=f"{missing} is missing.")
        session = with_endpoints(session, view, self._environment, profile)
        token = self._token(session, None)
        try:
            return self._role_credentials(source, session, token, account_id, role_name)
        except RejectedTokenError:
            pass
        # The sign-in was ended elsewhere: a renewed token may be accepted
        token = self._token(session, token)
        try:
            return self._role_credentials(source, session, token, account_id, role_name)
        except RejectedTokenError:
            raise sign_in_needed(session.label, "The sign-in was ended.") from None

    def _role_credentials(
        self,
        source: SourceLabel,
        session: SsoSession,
        token: SsoToken,
        account_id: str,
        role_name: str,
    ) -> Credentials:
        call = ApiCall(
            "sso:GetRoleCredentials",
            session.region,
            source.base.profile or "",
            url=session.portal_endpoint.url or "",
        )
        seconds = self._timeouts.total

        def get() -> Credentials:
            return self._portal.role_credentials(session, token, account_id, role_name)

        try:
            return run_with_timeout(seconds, get)
        except TimeoutError:
            raise connection_error(
                call, ErrorCode.TIMEOUT, f"No complete response within {seconds:g} seconds."
            ) from None
        except RejectedTokenError:
            raise
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its tree
            _raise_translated(error, source, call)


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


def _raise_translated(error: Exception, source: SourceLabel, call: ApiCall) -> NoReturn:
    raise translate_error(error, source, call) from None
