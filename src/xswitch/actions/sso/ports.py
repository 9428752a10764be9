"""The ports of the use cases of Identity Center, beside those of `actions.ports`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from xswitch.core.errors import XswitchError
from xswitch.core.model import Secret, SsoSession
from xswitch.core.sso.portal_list import EndedRequest, PageRequest, PortalList, PortalPage

# -- The portal's lists


class Portal(Protocol):
    """The portal of Identity Center; it may be called from several threads."""

    def page(self, session: SsoSession, token: Secret, request: PageRequest) -> PortalPage:
        """Call ListAccounts or ListAccountRoles once, for at most 100 entries.

        Raises ThrottledError, SourceCredentialsError with the code `sso_login` for a token that
        isn't accepted, AwsDeniedError, and NetworkError.
        """
        ...


class Workers(Protocol):
    """Work in the background of one loop, and its clock."""

    def now(self) -> float:
        """Return seconds of a clock that never goes back."""
        ...

    def start(self, request: PageRequest, work: Callable[[], PortalPage]) -> None:
        """Start the work for a request."""
        ...

    def wait(self, until: float) -> tuple[EndedRequest, ...]:
        """Return the work that has ended; wait for it until then. Raises what is a bug."""
        ...


class PortalListStore(Protocol):
    """The lists of portals in the state folder, and the pages of listings that aren't finished.

    A list and its pages belong to a start URL. Methods that write raise ConfigError.
    """

    def read(self, start_url: str) -> PortalList | None:
        """Return a list, None if there is none that can be read."""
        ...

    def newer(self, start_url: str) -> XswitchError | None:
        """Return the error for a list that a newer xswitch wrote; it is never changed."""
        ...

    def all(self) -> tuple[PortalList, ...]:
        """Return every list."""
        ...

    def write(self, portal_list: PortalList) -> None:
        """Replace a list, and drop the pages that it was made from."""
        ...

    def pages(self, start_url: str, since: datetime) -> tuple[PortalPage, ...]:
        """Return the pages of a listing that began at `since` or later, in their order."""
        ...

    def begin(self, start_url: str, now: datetime) -> None:
        """Begin a listing, and drop the pages of another one."""
        ...

    def claim_attempt(self, start_url: str, now: datetime, at_most_every: timedelta) -> bool:
        """Whether a background listing may be tried now; if so, none is for that time.

        Never raises.
        """
        ...

    def append(self, start_url: str, page: PortalPage) -> None:
        """Keep a page."""
        ...
