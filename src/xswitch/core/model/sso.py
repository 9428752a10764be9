"""IAM Identity Center: sign-ins, their tokens, and what the portal lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Literal

from xswitch.core.model.credentials import Origin, Secret
from xswitch.core.model.endpoint import Endpoint

DEFAULT_SCOPES = ("sso:account:access",)
"""The scopes of a sign-in whose `sso_registration_scopes` is missing, as in the AWS CLI."""


@dataclass(frozen=True, slots=True)
class SsoSession:
    """A sign-in to Identity Center, as configured: an sso-session, or a profile of the older form.

    Every profile with the same session shares its sign-in.
    """

    name: str
    """Of `[sso-session NAME]`, "" for a profile with its own `sso_start_url`."""
    start_url: str
    region: str
    """Of Identity Center, `sso_region`."""
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    origin: Origin | None = None
    oidc: Endpoint | None = None
    """The endpoint of the sign-in (service "sso-oidc"); None for AWS's own in the region."""
    portal: Endpoint | None = None
    """The endpoint of the portal (service "sso"); None for AWS's own in the region."""

    @property
    def oidc_endpoint(self) -> Endpoint:
        """The endpoint of the sign-in."""
        return self.oidc or Endpoint(self.region)

    @property
    def portal_endpoint(self) -> Endpoint:
        """The endpoint of the portal."""
        return self.portal or Endpoint(self.region)

    @property
    def cache_name(self) -> str:
        """The text behind the names of the AWS CLI's cache files (botocore, tokens.py)."""
        return self.name or self.start_url

    @property
    def label(self) -> str:
        """The word by which a person names it: `xswitch login LABEL`."""
        return self.name or self.start_url


@lru_cache(maxsize=256)
def portal_address(start_url: str) -> str:
    """Return a start URL in the one form that tells portals apart: people write them in several."""
    scheme, mark, rest = start_url.strip().partition("://")
    host, slash, path = rest.partition("/")
    path = path.partition("#")[0].rstrip("/")
    return f"{scheme.lower()}{mark}{host.lower()}{slash if path else ''}{path}"


@dataclass(frozen=True, slots=True)
class SsoRole:
    """A role of Identity Center: a permission set in an account, and the sign-in that gives it."""

    session: SsoSession
    account_id: str
    role_name: str
    """The permission set's name."""
    url: str | None = None
    """The portal's endpoint; None for AWS's own."""

    @property
    def address(self) -> tuple[str, str, str]:
        """Portal, account, and permission set: these tell it from every other role."""
        return portal_address(self.session.start_url), self.account_id, self.role_name

    @property
    def sign_in_address(self) -> tuple[tuple[str, str, str], str]:
        """The address, and the session: another sign-in to the portal may be another person's."""
        return self.address, self.session.name


@dataclass(frozen=True, slots=True)
class SsoToken:
    """An access token of a sign-in, and what refreshes it."""

    access_token: Secret
    expires_at: datetime
    client_id: str = ""
    client_secret: Secret | None = None
    registration_expires_at: datetime | None = None
    """After it, the token can't be refreshed."""
    refresh_token: Secret | None = None


SignInGrant = Literal["authorization_code", "device_code"]
"""The two ways to sign in: with a browser on this machine, or by a code on any device."""


@dataclass(frozen=True, slots=True)
class SsoRegistration:
    """A client that xswitch registered for a sign-in; one grant's can't be used for the other."""

    grant: SignInGrant
    client_id: str
    client_secret: Secret
    expires_at: datetime
    issuer_url: str
    """The start URL that it was registered for, of AWS's own host."""
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """A sign-in that a person approves on any device."""

    device_code: Secret
    user_code: str
    """The code that the person compares or types; it isn't secret."""
    verification_url: str
    verification_url_complete: str
    """The URL that already has the user code."""
    expires_at: datetime
    interval_seconds: int


class DevicePoll(Enum):
    """Why there is no token for a device code yet."""

    PENDING = "pending"
    SLOW_DOWN = "slow down"


class BrowserState(Enum):
    """The state of a program that was started to open a URL."""

    OPEN = "open"
    """It runs, or it has handed the URL to a browser."""
    FAILED = "failed"
    """It couldn't open the URL."""
    CLOSED = "closed"
    """It ran as the browser, and has ended."""


@dataclass(frozen=True, slots=True)
class SharedSignIn:
    """A token file of the cache that AWS programs share."""

    token: SsoToken | None = None
    """None if the file is missing or damaged."""
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class PortalRole:
    """A role that the portal lists for a person: a permission set in an account."""

    session: str
    """The `label` of the session."""
    start_url: str
    account_id: str
    account_name: str
    role_name: str
    """The permission set's name."""
    is_new: bool = False
    """The list before this one didn't have it."""
    is_gone: bool = False
    """Only the list before this one has it."""
    is_unfinished: bool = False
    """A listing that hasn't ended found it: the portal may have more."""

    @property
    def address(self) -> tuple[str, str, str]:
        """As `SsoRole.address`."""
        return portal_address(self.start_url), self.account_id, self.role_name
