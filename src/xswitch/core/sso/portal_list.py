"""The portal's pages, the state of a listing that they make up, and the list at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from xswitch.core.errors import XswitchError
from xswitch.core.model.sso import PortalRole, SsoSession

STALE_AFTER = timedelta(hours=4)
"""The age from which a list is refreshed in the background."""
MARKED_FOR = timedelta(days=7)
"""How long after a change of a list the new and gone roles are marked."""
RESUMABLE_FOR = timedelta(hours=1)
"""The age up to which a listing that was interrupted is continued."""


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """An answer of ListAccounts: account names by account ID."""

    accounts: tuple[tuple[str, str], ...]
    next_token: str = ""
    """"" on the last page."""


@dataclass(frozen=True, slots=True)
class RolesPage:
    """An answer of ListAccountRoles for one account."""

    account_id: str
    role_names: tuple[str, ...]
    next_token: str = ""


PortalPage = AccountsPage | RolesPage


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page to ask for; without an account it is one of ListAccounts."""

    account_id: str = ""
    next_token: str = ""
    """"" for the first page."""


@dataclass(frozen=True, slots=True)
class EndedRequest:
    """A request that has ended: its page, or its error."""

    request: PageRequest
    started_at: float
    page: PortalPage | None = None
    error: XswitchError | None = None


@dataclass(slots=True)
class ListingState:
    """The pages of a listing so far."""

    accounts: dict[str, str] = field(default_factory=dict)
    """Names by account ID, as the portal orders them."""
    roles: dict[str, list[str]] = field(default_factory=dict)
    """Role names by account ID, of the pages so far."""
    open: dict[str, str] = field(default_factory=lambda: {"": ""})
    """The next token by account ID, "" for the accounts themselves; without the finished ones."""

    def add(self, page: PortalPage) -> tuple[str, ...]:
        """Add a page; return the role names that it brought."""
        if isinstance(page, AccountsPage):
            for account_id, name in page.accounts:
                if account_id not in self.accounts:
                    self.open[account_id] = ""
                self.accounts[account_id] = name
            self._close("", page.next_token)
            return ()
        known = self.roles.setdefault(page.account_id, [])
        fresh = tuple(name for name in dict.fromkeys(page.role_names) if name not in known)
        known.extend(fresh)
        self._close(page.account_id, page.next_token)
        return fresh

    def _close(self, account_id: str, next_token: str) -> None:
        if next_token:
            self.open[account_id] = next_token
        else:
            self.open.pop(account_id, None)

    def requests(self) -> tuple[PageRequest, ...]:
        """Return a request for each account that isn't finished, and for the accounts."""
        return tuple(PageRequest(account_id, token) for account_id, token in self.open.items())

    @property
    def accounts_done(self) -> int:
        """How many accounts are finished."""
        return len(self.accounts) - sum(1 for account_id in self.open if account_id)


@dataclass(frozen=True, slots=True)
class PortalList:
    """A finished list of one portal."""

    session: str
    """The `label` of the session that listed it."""
    start_url: str
    listed_at: datetime
    changed_at: datetime
    """When the list last differed from the one before."""
    roles: tuple[PortalRole, ...]
    """Ordered by account name, then role; those that are gone too."""

    @property
    def present(self) -> tuple[PortalRole, ...]:
        """The roles that aren't gone."""
        return tuple(role for role in self.roles if not role.is_gone)

    def is_stale(self, now: datetime) -> bool:
        """Whether it is to be refreshed; a time to come counts as stale."""
        return not timedelta(0) <= now - self.listed_at < STALE_AFTER


def portal_role(session: SsoSession, account_id: str, account_name: str, name: str) -> PortalRole:
    """Return a role as the portal listed it."""
    return PortalRole(session.label, session.start_url, account_id, account_name, name)


def finished_list(
    session: SsoSession, state: ListingState, before: PortalList | None, now: datetime
) -> PortalList:
    """Return the list that a finished listing gives, marked by comparison with the one before.

    If nothing is different, the marks of the list before stay, for `MARKED_FOR`.
    """
    found = {
        (account_id, name): portal_role(session, account_id, account_name, name)
        for account_id, account_name in state.accounts.items()
        for name in state.roles.get(account_id, ())
    }
    if before is None:
        return PortalList(session.label, session.start_url, now, now, _ordered(found.values()))
    had = {(role.account_id, role.role_name): role for role in before.present}
    if had.keys() == found.keys():
        keep = now - before.changed_at < MARKED_FOR
        marked = {(role.account_id, role.role_name): role for role in before.roles}
        roles = [replace(role, is_new=keep and marked[key].is_new) for key, role in found.items()]
        gone = [role for role in before.roles if role.is_gone and keep]
        changed_at = before.changed_at
    else:
        roles = [replace(role, is_new=key not in had) for key, role in found.items()]
        gone = [
            replace(role, session=session.label, is_new=False, is_gone=True)
            for key, role in had.items()
            if key not in found
        ]
        changed_at = now
    return PortalList(session.label, session.start_url, now, changed_at, _ordered([*roles, *gone]))


def _ordered(roles: Iterable[PortalRole]) -> tuple[PortalRole, ...]:
    return tuple(sorted(roles, key=_order))


def _order(role: PortalRole) -> tuple[str, str, str]:
    return (role.account_name.casefold(), role.account_id, role.role_name)


def unfinished_roles(
    before: PortalList | None, start_url: str, pages: Iterable[PortalPage]
) -> tuple[PortalRole, ...]:
    """Return the roles of a list, and those that a listing under way has found beyond it.

    `before` is the list that the listing will replace. What it no longer has isn't known yet.
    """
    state = ListingState()
    for page in pages:
        state.add(page)
    found = {
        (account_id, name): state.accounts.get(account_id, "")
        for account_id, names in state.roles.items()
        for name in names
    }
    roles = []
    for role in before.roles if before is not None else ():
        listed = found.pop((role.account_id, role.role_name), None)
        back = listed is not None and role.is_gone
        roles.append(replace(role, is_gone=False, is_new=True) if back else role)
    session = start_url if before is None else before.session
    roles += [
        PortalRole(
            session,
            start_url,
            account_id,
            account_name,
            name,
            is_new=before is not None,
            is_unfinished=True,
        )
        for (account_id, name), account_name in found.items()
    ]
    return tuple(roles)
