"""The use cases of IAM Identity Center, for both front ends."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from xswitch.actions.sso.finding import AwsLogin, SignIn, find_session, find_sign_in
from xswitch.actions.sso.sign_in_ports import SignInUi, SsoPorts
from xswitch.core.errors import ErrorCode, SourceCredentialsError
from xswitch.core.model import SsoSession
from xswitch.core.roles.sso_endpoints import with_endpoints
from xswitch.core.sso.sessions import all_sessions
from xswitch.core.sso.sign_in_record import sign_in_key
from xswitch.core.text import option_text

if TYPE_CHECKING:  # imported on the first call
    from xswitch.actions.sso.sign_in import SignInOptions, SignInResult
    from xswitch.actions.sso.sign_out import SignOutResult
    from xswitch.actions.sso.tokens import AccessTokens

_UNKNOWN_COMMAND = frozenset({2, 252})
"""The exit status of an AWS CLI that doesn't know a command: of v1, and of v2."""


class SsoActions:
    """Signing in to Identity Center, its tokens, and signing out."""

    def __init__(self, ports: SsoPorts) -> None:
        self._ports = ports

    @cached_property
    def tokens(self) -> AccessTokens:
        """The token broker."""
        from xswitch.actions.sso.tokens import AccessTokens

        return AccessTokens(self._ports)

    def find(self, target: str) -> SignIn:
        """Return what `xswitch login TARGET` signs in to; see `actions.sso.finding`."""
        return find_sign_in(self._ports.config, target)

    def sessions(self) -> tuple[SsoSession, ...]:
        """Return every session of the config. Raises ConfigError."""
        view = self._ports.config.files.read()
        environment = self._ports.config.environment.variables()
        return tuple(with_endpoints(session, view, environment) for session in all_sessions(view))

    def signed_in(self, sessions: Sequence[SsoSession]) -> frozenset[str]:
        """Return the labels of the sessions that have a token, expired or not.

        It never opens the vault: the index and the shared cache tell it.
        """
        entries = self._ports.storage.index.entries()
        return frozenset(
            session.label
            for session in sessions
            if sign_in_key(session) in entries or self._ports.shared.load(session).token is not None
        )

    def labeled(self, label: str) -> SsoSession:
        """Return the session that an error names. Raises TargetError, ConfigError."""
        return find_session(self._ports.config, label)

    def sign_in(self, session: SsoSession, options: SignInOptions, ui: SignInUi) -> SignInResult:
        """Sign in, unless a sign-in is still valid; see `actions.sso.sign_in`."""
        from xswitch.actions.sso.sign_in import sign_in

        return sign_in(self._ports, session, options, ui)

    def aws_login(self, login: AwsLogin) -> int:
        """Run `aws login` for a profile, and return its exit status.

        Raises SourceCredentialsError if there is no AWS CLI, or one that is too old.
        """
        status = self._ports.aws_cli.login(login.profile)
        if status is None or status in _UNKNOWN_COMMAND:
            lacks = "isn't installed" if status is None else "is too old"
            raise SourceCredentialsError(
                f"Profile {login.profile} signs in with the AWS CLI, which {lacks} here.",
                why="Its login_session belongs to `aws login`, whose keys only the AWS CLI makes.",
                next_step="Install the AWS CLI 2.32 or newer, then repeat the command.",
                code=ErrorCode.AWS_CLI_MISSING,
            )
        return status

    def sign_out(self, target: str, *, all_sessions: bool = False) -> tuple[SignOutResult, ...]:
        """Sign out of one session, or of all.

        Raises TargetError, ConfigError, VaultError.
        """
        from xswitch.actions.sso.sign_out import sign_out, sign_out_of_removed

        if all_sessions:
            sessions = self.sessions()
            return (
                *sign_out(self._ports, sessions),
                *sign_out_of_removed(self._ports, sessions),
            )
        session = self.find(target)
        if isinstance(session, AwsLogin):
            raise SourceCredentialsError(
                f"Profile {session.profile} signs in with the AWS CLI.",
                next_step=f"aws logout {option_text('--profile', session.profile)}",
                code=ErrorCode.LOGIN_NEEDED,
            )
        return sign_out(self._ports, [session])
