"""GetRoleCredentials and Logout of the portal, through botocore's client "sso".

Importing this module imports botocore.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from xswitch.adapters.sso.clients import ForbiddenHostError, SsoClients, forbidden_host
from xswitch.core.errors import ErrorCode, SignInError
from xswitch.core.model import Credentials, Secret, SsoRole, SsoSession, SsoToken
from xswitch.threads import DEFAULT_TIMEOUTS, Timeouts

_CODES = {"UnauthorizedException": ErrorCode.SSO_GRANT}


class PortalClient:
    """The portal's calls for one role, and the end of a sign-in."""

    def __init__(self, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self._clients = SsoClients("sso", timeouts)

    def role_credentials(self, role: SsoRole, token: SsoToken) -> Credentials:
        """Return the credentials of a role.

        Raises RejectedTokenError for a token that the portal no longer accepts, SignInError for one
        that would go to a host of others, else as botocore does.
        """
        client = self._clients.client(role.session, role.session.portal_endpoint)
        secret = token.access_token.reveal()
        try:
            response = client.get_role_credentials(
                roleName=role.role_name, accountId=role.account_id, accessToken=secret
            )["roleCredentials"]
        except client.exceptions.UnauthorizedException:
            raise RejectedTokenError from None
        except ForbiddenHostError:
            raise forbidden_host(role.session) from None
        return Credentials(
            access_key_id=response["accessKeyId"],
            secret_access_key=Secret(response["secretAccessKey"]),
            session_token=Secret(response["sessionToken"]),
            expires_at=datetime.fromtimestamp(response["expiration"] / 1000, UTC),
        )

    def sign_out(self, session: SsoSession, token: SsoToken) -> None:
        """End the session of a token; one that has already ended counts as done."""
        secret = token.access_token.reveal()

        def send(client: Any) -> Any:
            return client.logout(accessToken=secret)

        try:
            self._clients.call(
                session, session.portal_endpoint, "Logout", send, (secret,), _CODES.get
            )
        except SignInError as error:
            if error.code != ErrorCode.SSO_GRANT:
                raise


class RejectedTokenError(Exception):
    """The portal no longer accepts the token."""
