from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.adapters.state.portal_lists import FilePortalLists
from xswitch.core.errors import ErrorCode, SettingsError
from xswitch.core.model import PortalRole
from xswitch.core.sso.portal_list import AccountsPage, PortalList, PortalPage, RolesPage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://corp.awsapps.com/start"


def portal_list(url: str = URL, names: tuple[str, ...] = ("Admin",)) -> PortalList:
    roles = tuple(
        PortalRole("corp", url, "111111111111", "Prod ü", name, is_new=name == "New")
        for name in names
    )
    return PortalList("corp", url, NOW, NOW, roles)


@pytest.fixture
def lists(tmp_path: Path) -> FilePortalLists:
    return FilePortalLists(tmp_path / "state" / "portal")


def test_a_list_per_start_url_is_kept(lists: FilePortalLists) -> None:
    assert lists.load() == ()
    other = portal_list("https://other.awsapps.com/start")
    lists.write(portal_list(names=("Admin", "New")))
    lists.write(other)
    assert lists.read(URL) == portal_list(names=("Admin", "New"))
    assert lists.read(f"{URL}/#/") == portal_list(names=("Admin", "New"))
    assert {one.start_url for one in lists.all()} == {URL, other.start_url}
    assert len(lists.load()) == 3


def role_marks(lists: FilePortalLists) -> dict[str, tuple[bool, bool, bool]]:
    """New, gone, and unfinished, by role name."""
    return {
        role.role_name: (role.is_new, role.is_gone, role.is_unfinished) for role in lists.load()
    }


def test_the_pages_of_a_listing_under_way_are_beside_the_list(lists: FilePortalLists) -> None:
    accounts = AccountsPage((("111111111111", "Prod ü"), ("222222222222", "Other")))
    lists.begin(URL, NOW)
    lists.append(URL, accounts)
    lists.append(URL, RolesPage("222222222222", ("Reader",)))
    assert role_marks(lists) == {"Reader": (False, False, True)}
    [role] = lists.load()
    assert (role.account_name, role.start_url) == ("Other", URL)
    before = portal_list(names=("Admin", "New", "Gone"))
    roles = tuple(replace(role, is_gone=role.role_name == "Gone") for role in before.roles)
    lists.write(replace(before, roles=roles))
    assert role_marks(lists)["Gone"] == (False, True, False)
    lists.begin(f"{URL}/#/", NOW)
    assert len(lists.load()) == 3
    lists.append(URL, accounts)
    lists.append(URL, RolesPage("111111111111", ("Admin", "Gone", "Added")))
    assert role_marks(lists) == {
        "Admin": (False, False, False),
        "New": (True, False, False),
        "Gone": (True, False, False),
        "Added": (True, False, True),
    }
    lists.write(portal_list())
    assert role_marks(lists) == {"Admin": (False, False, False)}


def test_its_files_are_private(lists: FilePortalLists, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        lists.begin(URL, NOW)
        lists.append(URL, AccountsPage(()))
        lists.write(portal_list("https://other.awsapps.com/start"))
    finally:
        os.umask(old)
    found = list(tmp_path.rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in found if path.is_file()} == {0o600}
    assert (tmp_path / "state" / "portal").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"version": 1}',
        b'{"version": 1, "start_url": 1, "session": "", "listed_at": 1, "accounts": []}',
        json.dumps(
            {
                "version": 1,
                "start_url": URL,
                "session": "corp",
                "listed_at": 1e300,
                "changed_at": 0,
                "accounts": [],
            }
        ).encode(),
        json.dumps(
            {
                "version": 1,
                "start_url": URL,
                "session": "corp",
                "listed_at": 1,
                "changed_at": 0,
                "accounts": [["1", None, {"Admin": ""}]],
            }
        ).encode(),
    ],
)
def test_a_damaged_list_counts_as_none(lists: FilePortalLists, content: bytes) -> None:
    lists.write(portal_list())
    lists._path(URL, "json").write_bytes(content)
    assert lists.read(URL) is None
    assert lists.load() == ()
    assert lists.newer(URL) is None
    lists.write(portal_list())
    assert lists.read(URL) == portal_list()


def test_a_list_that_others_could_have_written_counts_as_none(lists: FilePortalLists) -> None:
    lists.write(portal_list())
    lists._path(URL, "json").chmod(0o666)
    assert lists.load() == ()


def test_a_list_of_a_newer_xswitch_is_told(lists: FilePortalLists) -> None:
    lists.write(portal_list())
    lists._path(URL, "json").write_text('{"version": 2, "lists": 3}')
    error, any_error = lists.newer(URL), lists.newer()
    assert error is not None
    assert error.code == ErrorCode.STATE_NEWER
    assert any_error is not None
    assert lists.load() == ()


def test_a_folder_that_cant_be_written_is_a_sentence(
    lists: FilePortalLists, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(SettingsError, match="can't be saved"):
        lists.write(portal_list())
    with pytest.raises(SettingsError, match="can't be saved"):
        lists.begin(URL, NOW)
    with pytest.raises(SettingsError, match="can't be saved"):
        lists.append(URL, AccountsPage(()))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.data())
def test_a_list_with_any_other_value_in_it_is_whole_or_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lists = FilePortalLists(tmp_path_factory.mktemp("portal") / "portal")
    lists.write(portal_list())
    path = lists._path(URL, "json")
    content = json.loads(path.read_bytes())
    holder: object = content
    while True:
        keys = sorted(holder) if isinstance(holder, dict) else range(len(holder))  # type: ignore[arg-type]
        key = data.draw(st.sampled_from(keys))
        inner = holder[key]  # type: ignore[index]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            holder[key] = data.draw(json_values)  # type: ignore[index]
            break
        holder = inner
    path.write_text(json.dumps(content), encoding="utf-8")
    for role in lists.load():
        assert all(
            isinstance(text, str)
            for text in (role.session, role.start_url, role.account_id, role.account_name)
        )


names = st.text(min_size=1, max_size=8)
pages = st.one_of(
    st.builds(
        AccountsPage, st.lists(st.tuples(names, st.text(max_size=8)), max_size=3).map(tuple), names
    ),
    st.builds(RolesPage, names, st.lists(names, max_size=3).map(tuple), st.text(max_size=4)),
)


@given(st.lists(pages, max_size=5), st.integers(0, 60))
def test_pages_are_kept_until_half_a_line(
    tmp_path_factory: pytest.TempPathFactory, some: list[PortalPage], cut: int
) -> None:
    lists = FilePortalLists(tmp_path_factory.mktemp("portal") / "portal")
    lists.begin(URL, NOW)
    for page in some:
        lists.append(URL, page)
    assert lists.pages(URL, NOW) == tuple(some)
    assert lists.pages(URL, NOW + timedelta(seconds=1)) == ()
    assert lists.pages("https://other.awsapps.com/start", NOW) == ()
    path = lists._path(URL, "pages")
    content = path.read_bytes()
    head = content.index(b"\n") + 1
    path.write_bytes(content[: max(head, len(content) - cut)])
    kept = lists.pages(URL, NOW)
    assert kept == tuple(some)[: len(kept)]
    lists.append(URL, RolesPage("1", ("after",)))
    after = lists.pages(URL, NOW)
    assert after[-1] == RolesPage("1", ("after",))
    assert after[:-1] == tuple(some)[: len(after) - 1]
    lists.write(portal_list())
    assert lists.pages(URL, NOW) == ()
