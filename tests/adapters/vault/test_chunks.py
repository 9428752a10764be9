from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.vault.keyrings import TinyEntries, key
from xswitch.adapters.vault.chunks import LIMIT, ChunkedStore

KEY = key(1)


@contextlib.contextmanager
def no_lock(_name: str) -> Iterator[None]:
    yield


class Entries:
    """Entries in a dict with Windows's limit, which fail after `left` more writes."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.left: int | None = None

    def read(self, name: str) -> str | None:
        return self.kept.get(name)

    def write(self, name: str, value: str) -> None:
        assert len(value.encode("utf-16-le")) <= 2560
        self._step()
        self.kept[name] = value

    def erase(self, name: str) -> None:
        self._step()
        self.kept.pop(name, None)

    def _step(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise InterruptedError
            self.left -= 1


def store(entries: Entries, limit: int = LIMIT) -> ChunkedStore:
    return ChunkedStore(entries, no_lock, limit)


def test_short_values_are_one_entry_as_they_are() -> None:
    entries = Entries()
    store(entries).put(KEY, "x" * LIMIT)
    assert entries.kept == {f"xswitch:{KEY}": "x" * LIMIT}


def test_long_values_have_their_header_last_and_leave_nothing_behind() -> None:
    entries = Entries()
    written: list[str] = []

    def write(name: str, value: str) -> None:
        written.append(name)
        entries.kept[name] = value

    entries.write = write  # type: ignore[method-assign]
    store(entries).put(KEY, "x" * 5_000)
    assert written[-1] == f"xswitch:{KEY}"
    assert len(written) == len(entries.kept) == 6
    store(entries).put(KEY, "y" * 2_000)
    assert len(entries.kept) == 3
    store(entries).put(KEY, "z")
    assert entries.kept == {f"xswitch:{KEY}": "z"}
    store(entries).put(KEY, "x" * 5_000)
    store(entries).delete(KEY)
    assert entries.kept == {}


def test_a_value_that_looks_like_a_header_is_unchanged() -> None:
    entries = Entries()
    for text in ("xswitch-parts1 a 3 0123456789abcdef", "xswitch-parts1", "xswitch-parts1 x"):
        store(entries).put(KEY, text)
        assert store(entries).get(KEY) == text


@settings(max_examples=60, derandomize=True, deadline=None)
@given(first=st.text(max_size=120), second=st.text(max_size=120), limit=st.integers(20, 60))
def test_any_text_is_unchanged_for_any_limit(first: str, second: str, limit: int) -> None:
    entries = Entries()
    for text in (first, second, first):
        store(entries, limit).put(KEY, text)
        assert store(entries, limit).get(KEY) == text
        assert all(
            len(value.encode("utf-16-le", "surrogatepass")) <= max(2 * limit, 120)
            for value in entries.kept.values()
        )
    store(entries, limit).delete(KEY)
    assert entries.kept == {}


@pytest.mark.parametrize(
    ("old", "new"), [(5_000, 7_000), (5_000, 10), (10, 5_000), (0, 5_000), (5_000, 5_000)]
)
def test_killed_after_any_step_the_value_is_the_old_or_the_new_and_the_next_writer_tidies_up(
    old: int, new: int
) -> None:
    for steps in range(30):
        entries = Entries()
        if old:
            store(entries).put(KEY, "a" * old)
        entries.left = steps
        done = False
        with contextlib.suppress(InterruptedError):
            store(entries).put(KEY, "b" * new)
            done = True
        entries.left = None
        assert store(entries).get(KEY) in {"a" * old or None, "b" * new}
        store(entries).put(KEY, "c" * 3_000)
        assert store(entries).get(KEY) == "c" * 3_000
        assert len(entries.kept) == 4
        if done:
            return
    pytest.fail("a write takes less than 30 steps")


def test_killed_while_dropping_nothing_of_it_is_served_and_the_next_drop_takes_the_rest() -> None:
    for steps in range(8):
        entries = Entries()
        store(entries).put(KEY, "a" * 5_000)
        entries.left = steps
        with contextlib.suppress(InterruptedError):
            store(entries).delete(KEY)
        entries.left = None
        assert store(entries).get(KEY) in {None, "a" * 5_000}
        store(entries).delete(KEY)
        assert entries.kept == {}


def test_chunks_of_two_writings_are_never_joined() -> None:
    entries = Entries()
    store(entries).put(KEY, "a" * 3_000)
    mixed = dict(entries.kept)
    store(entries).delete(KEY)
    store(entries).put(KEY, "b" * 3_000)
    entries.kept[f"xswitch:{KEY}:a1"] = mixed[f"xswitch:{KEY}:a1"]
    assert store(entries).get(KEY) is None


def test_a_reader_overtaken_by_a_writer_looks_again() -> None:
    entries = Entries()
    store(entries).put(KEY, "a" * 3_000)
    read = entries.read
    overtaken: list[str] = []

    def overtake(name: str) -> str | None:
        found = read(name)
        if not overtaken and name.endswith(":a1"):
            overtaken.append(name)
            store(entries).put(KEY, "b" * 3_000)
            store(entries).put(KEY, "c" * 3_000)
        return found

    entries.read = overtake  # type: ignore[method-assign]
    assert store(entries).get(KEY) == "c" * 3_000


def test_the_test_keyring_refuses_what_windows_refuses(tmp_path: Path) -> None:
    entries = TinyEntries(tmp_path)
    entries.write("x", "y" * 1280)
    with pytest.raises(Exception, match="bad data"):
        entries.write("x", "y" * 1281)
