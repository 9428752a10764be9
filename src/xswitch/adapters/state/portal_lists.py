"""The lists of Identity Center's portals, in the state folder: no secrets, but private files.

`portal/KEY.json` is the list of a start URL, `portal/KEY.pages` the pages of a listing that isn't
finished: a line with the version, the start URL and the time, and a line per page. KEY is a digest
of the start URL.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from xswitch.adapters.ownership import repair
from xswitch.adapters.state.private_files import (
    private_folder,
    read_trusted,
    replace_private,
    set_private_mode,
    write_all,
)
from xswitch.adapters.state.versions import VERSION, newer_file_error, other_version
from xswitch.core.digests import sha256
from xswitch.core.errors import ConfigError, ErrorCode, SettingsError
from xswitch.core.model import PortalRole
from xswitch.core.model.sso import portal_address
from xswitch.core.sso.portal_list import (
    STALE_AFTER,
    AccountsPage,
    PortalList,
    PortalPage,
    RolesPage,
    unfinished_roles,
)

MAX_BYTES = 16 * 1024 * 1024
_APPEND = (
    os.O_RDWR
    | os.O_APPEND
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NEW, _GONE = "new", "gone"


class FilePortalLists:
    """Implements `actions.ports.PortalLists` and `actions.sso.ports.PortalListStore`.

    A list is `{"version": 1, "start_url": …, "session": …, "listed_at": EPOCH SECONDS,
    "changed_at": EPOCH SECONDS, "accounts": [[ID, NAME, {ROLE: "" | "new" | "gone"}]]}`. Only a
    process that holds the lock of a portal's listing writes its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> tuple[PortalRole, ...]:
        """Return the roles of all lists, and of the pages of listings that aren't finished."""
        lists = {portal_address(one.start_url): one for one in self.all()}
        roles: list[PortalRole] = []
        for start_url, pages in map(_read_pages, self._files(".pages")):
            if pages:
                before = lists.pop(portal_address(start_url), None)
                roles += unfinished_roles(before, start_url, pages)
        return (*(role for one in lists.values() for role in one.roles), *roles)

    def any_stale(self, now: datetime) -> bool:
        """Whether a list is so old that it is to be refreshed, by the times of its file.

        The file is written whenever its portal has been listed.
        """
        for path in self._lists():
            with contextlib.suppress(OSError):
                age = now.timestamp() - path.stat().st_mtime
                if not 0 <= age < STALE_AFTER.total_seconds():
                    return True
        return False

    def all(self) -> tuple[PortalList, ...]:
        """Return every list, in the order of their files' names."""
        found = map(_read_list, self._lists())
        return tuple(one for one in found if one is not None)

    def read(self, start_url: str) -> PortalList | None:
        """Return a list, None if there is none that can be read."""
        found = _read_list(self._path(start_url, "json"))
        same = found is not None and _same_portal(found.start_url, start_url)
        return found if same else None

    def newer(self, start_url: str = "") -> ConfigError | None:
        """Return the error for a list of a newer xswitch, None for any other one.

        Without a start URL, any list counts.
        """
        paths = [self._path(start_url, "json")] if start_url else self._lists()
        return next((error for error in map(_newer, paths) if error is not None), None)

    def write(self, portal_list: PortalList) -> None:
        """Replace a list, and drop the pages that it was made from."""
        path = self._path(portal_list.start_url, "json")
        try:
            replace_private(path, _encode_list(portal_list))
            self._path(portal_list.start_url, "pages").unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from None

    def pages(self, start_url: str, since: datetime) -> tuple[PortalPage, ...]:
        """Return the pages of a listing that began at `since` or later, in their order.

        A damaged line, which a killed writer may have left at the end, ends them.
        """
        found, pages = _read_pages(self._path(start_url, "pages"), since.timestamp())
        return pages if found and _same_portal(found, start_url) else ()

    def begin(self, start_url: str, now: datetime) -> None:
        """Begin a listing, and drop the pages of another one."""
        path = self._path(start_url, "pages")
        head = {"version": VERSION, "start_url": start_url, "began_at": int(now.timestamp())}
        try:
            private_folder(path.parent)
            replace_private(path, json.dumps(head).encode() + b"\n")
        except OSError as error:
            raise _unwritable(path, error) from None

    def claim_attempt(self, start_url: str, now: datetime, at_most_every: timedelta) -> bool:
        """Whether a background listing may be tried now; `KEY.tried` has the time of the last."""
        path = self._path(start_url, "tried")
        try:
            last = int(read_trusted(path, 40))
            if 0 <= now.timestamp() - last < at_most_every.total_seconds():
                return False
        except (OSError, ValueError):
            pass
        try:
            replace_private(path, str(int(now.timestamp())).encode())
        except OSError:
            return False
        return True

    def append(self, start_url: str, page: PortalPage) -> None:
        """Keep a page: a line in a single write, after what a killed writer left of another."""
        path = self._path(start_url, "pages")
        try:
            descriptor = os.open(path, _APPEND)
            try:
                set_private_mode(descriptor)
                _cut_half_line(descriptor)
                write_all(descriptor, json.dumps(_encode_page(page)).encode() + b"\n")
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unwritable(path, error) from None

    def _lists(self) -> list[Path]:
        return self._files(".json")

    def _files(self, suffix: str) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if path.suffix == suffix)
        except OSError:
            return []

    def _path(self, start_url: str, kind: str) -> Path:
        key = sha256(portal_address(start_url).encode("utf-8", "surrogateescape"))[:16]
        return self._folder / f"{key}.{kind}"


def _read_pages(path: Path, since: float = 0.0) -> tuple[str, tuple[PortalPage, ...]]:
    """Return the start URL and the pages of a listing that began at `since` or later.

    The start URL is "" if there is none that can be read.
    """
    try:
        content = read_trusted(path, MAX_BYTES)
    except OSError:
        return "", ()
    first, *lines = content.split(b"\n")
    head = _parse(first)
    if (
        not isinstance(head, dict)
        or head.get("version") != VERSION
        or not isinstance(head.get("start_url"), str)
        or not isinstance(head.get("began_at"), int)
        or head["began_at"] < since
    ):
        return "", ()
    pages: list[PortalPage] = []
    for line in lines:
        page = _decode_page(_parse(line))
        if page is None:
            break
        pages.append(page)
    return head["start_url"], tuple(pages)


def _cut_half_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    content = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, content.rfind(b"\n") + 1)


def _same_portal(one: str, other: str) -> bool:
    return portal_address(one) == portal_address(other)


def _read_list(path: Path) -> PortalList | None:
    try:
        content = read_trusted(path, MAX_BYTES)
    except OSError:
        return None
    with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError, OSError):
        data = _parse(content) if len(content) <= MAX_BYTES else None
        if isinstance(data, dict) and data.get("version") == VERSION:
            return _decode_list(data)
    return None


def _newer(path: Path) -> ConfigError | None:
    try:
        version = other_version(read_trusted(path, MAX_BYTES))
    except OSError:
        return None
    what = "The list of an Identity Center portal"
    return newer_file_error(path, what, version) if version else None


def _encode_list(portal_list: PortalList) -> bytes:
    accounts: dict[str, tuple[str, dict[str, str]]] = {}
    for role in portal_list.roles:
        _, roles = accounts.setdefault(role.account_id, (role.account_name, {}))
        roles[role.role_name] = _GONE if role.is_gone else _NEW if role.is_new else ""
    data = {
        "version": VERSION,
        "start_url": portal_list.start_url,
        "session": portal_list.session,
        "listed_at": int(portal_list.listed_at.timestamp()),
        "changed_at": int(portal_list.changed_at.timestamp()),
        "accounts": [[account_id, name, roles] for account_id, (name, roles) in accounts.items()],
    }
    return json.dumps(data).encode()


def _decode_list(data: dict[str, Any]) -> PortalList:
    """Return a list. Raises what a value of another form causes."""
    session, start_url = data["session"], data["start_url"]
    roles = tuple(
        PortalRole(session, start_url, account_id, account_name, name, mark == _NEW, mark == _GONE)
        for account_id, account_name, names in data["accounts"]
        for name, mark in _mapping(names)
    )
    texts = {session, start_url}
    for role in roles:
        texts |= {role.account_id, role.account_name, role.role_name}
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    return PortalList(
        session,
        start_url,
        datetime.fromtimestamp(data["listed_at"], UTC),
        datetime.fromtimestamp(data["changed_at"], UTC),
        roles,
    )


def _mapping(value: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise TypeError
    return value.items()


def _encode_page(page: PortalPage) -> list[object]:
    if isinstance(page, AccountsPage):
        return ["accounts", [list(account) for account in page.accounts], page.next_token]
    return ["roles", page.account_id, list(page.role_names), page.next_token]


def _decode_page(data: object) -> PortalPage | None:
    match data:
        case ["accounts", list() as accounts, str() as token]:
            pairs = [tuple(one) for one in accounts if _is_pair(one)]
            if len(pairs) == len(accounts):
                return AccountsPage(tuple(pairs), token)
        case ["roles", str() as account_id, list() as names, str() as token]:
            if all(isinstance(name, str) for name in names):
                return RolesPage(account_id, tuple(names), token)
    return None


def _is_pair(value: object) -> bool:
    match value:
        case [str(), str()]:
            return True
    return False


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _unwritable(path: Path, error: OSError) -> SettingsError:
    found = repair(path, error)
    return SettingsError(
        "The list of an Identity Center portal can't be saved.",
        why=found.why,
        next_step=found.next_step,
        code=ErrorCode.STATE_FOLDER,
    )
