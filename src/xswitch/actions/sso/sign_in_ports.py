"""The ports of a sign-in to Identity Center, beside those of every use case."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from xswitch.actions.ports import Clock, Config, SessionStorage
from xswitch.core.model import (
    BrowserState,
    DeviceAuthorization,
    DevicePoll,
    Secret,
    SharedSignIn,
    SignInGrant,
    SsoRegistration,
    SsoSession,
    SsoToken,
)
from xswitch.core.sso.authorization import CallbackAnswer


class Oidc(Protocol):
    """The sign-in service of Identity Center ("sso-oidc").

    All methods raise SignInError if it refuses, and NetworkError; no error has a secret in it.
    """

    def authorization_base(self, session: SsoSession) -> str:
        """Return the URL of the endpoint, which `/authorize` follows. Makes no request."""
        ...

    def register(self, session: SsoSession, grant: SignInGrant, issuer_url: str) -> SsoRegistration:
        """Register a client for one kind of sign-in."""
        ...

    def start_device(
        self, session: SsoSession, registration: SsoRegistration, start_url: str
    ) -> DeviceAuthorization:
        """Start a sign-in by code."""
        ...

    def token_by_code(
        self,
        session: SsoSession,
        registration: SsoRegistration,
        code: Secret,
        verifier: Secret,
        redirect_uri: str,
    ) -> SsoToken:
        """Return the token for an authorization code."""
        ...

    def token_by_device_code(
        self, session: SsoSession, registration: SsoRegistration, device_code: Secret
    ) -> SsoToken | DevicePoll:
        """Return the token for a device code, or why there is none yet."""
        ...

    def refresh(self, session: SsoSession, token: SsoToken) -> SsoToken:
        """Return the token that follows one with a refresh token."""
        ...


class SignOut(Protocol):
    """The portal's Logout."""

    def sign_out(self, session: SsoSession, token: SsoToken) -> None:
        """End the session of a token. Raises SignInError, NetworkError."""
        ...


class StartUrls(Protocol):
    """Follows a start URL of a company's own host."""

    def resolve(self, session: SsoSession) -> str:
        """Return the start URL of AWS's host that a session's start URL is, or leads to.

        Raises SignInError, NetworkError.
        """
        ...


class Callback(Protocol):
    """A callback that listens on 127.0.0.1."""

    redirect_uri: str
    repeated: int
    """The answers that came after the first one."""

    def wait(self, seconds: float) -> CallbackAnswer | None:
        """Return the answer, None if there is none within some seconds."""
        ...


class Callbacks(Protocol):
    """Opens callbacks."""

    def listen(self, session: SsoSession, state: Secret) -> AbstractContextManager[Callback]:
        """Listen while the context lasts; nothing listens after it. Raises SignInError."""
        ...


class OpenedBrowser(Protocol):
    """A browser that was started."""

    def state(self) -> BrowserState:
        """Return its state now."""
        ...


class Browsers(Protocol):
    """The user's browser."""

    def available(self, setting: str) -> bool:
        """Whether there is a browser to start; `setting` is `browser` of the settings."""
        ...

    def open(self, url: str, setting: str, label: str) -> OpenedBrowser:
        """Start it, in a session of its own and without output. Raises SignInError."""
        ...


class SharedTokens(Protocol):
    """`~/.aws/sso/cache`, the cache of the AWS CLI and the SDKs."""

    def load(self, session: SsoSession) -> SharedSignIn:
        """Return a session's token; never raises."""
        ...

    def store(self, session: SsoSession, token: SsoToken) -> None:
        """Write a session's token as the AWS CLI does, mode 0600, atomically.

        Raises ConfigError.
        """
        ...

    def delete(self, session: SsoSession) -> bool:
        """Delete a session's token file; return whether it existed. Raises ConfigError."""
        ...


class AwsCli(Protocol):
    """The AWS CLI, for sign-ins that only it can do."""

    def login(self, profile: str) -> int | None:
        """Run `aws login --profile PROFILE` on the terminal; None if there is no AWS CLI."""
        ...


@dataclass(frozen=True, slots=True)
class SsoPorts:
    """Everything that signing in, its tokens, and signing out need."""

    oidc: Oidc
    sign_out: SignOut
    start_urls: StartUrls
    callbacks: Callbacks
    browsers: Browsers
    shared: SharedTokens
    aws_cli: AwsCli
    storage: SessionStorage
    config: Config
    clock: Clock
    sleep: Callable[[float], None]
    random: Callable[[int], bytes]
    """Returns so many unguessable bytes."""


TRACED_SSO_PORTS = ("oidc", "sign_out", "start_urls", "browsers", "shared")
"""The ports whose calls `--debug` shows."""


# -- Callbacks of the front ends


@dataclass(frozen=True, slots=True)
class SignInPrompt:
    """The URL and the code with which a person approves a sign-in."""

    label: str
    """The session's name or start URL."""
    url: str
    """To open in a browser; with a user code, it already has the code."""
    until: datetime
    user_code: str = ""
    """The code that the page shows, to compare; "" for a sign-in in the browser of this machine."""
    short_url: str = ""
    """The URL to type by hand, where the code is typed too; "" without a user code."""
    browser_opened: bool = False


class SignInUi(Protocol):
    """How a front end shows a sign-in; it is called from the thread that signs in."""

    def progress(self, text: str) -> None:
        """Show what is going on, in a few words."""
        ...

    def show(self, prompt: SignInPrompt) -> None:
        """Show URL and code; the browser is opened after that. A later call replaces it."""
        ...

    def waiting(self, seconds_left: int) -> None:
        """Show the time that is left to approve; called about once a second."""
        ...

    def cancelled(self) -> bool:
        """Whether the person gave up; asked several times a second."""
        ...
