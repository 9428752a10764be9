"""Edits of generated shared-config files on disk.

An edit changes only its target in both readings, or changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import strategies as st

from conftest import FixedClock
from support.config.checks import check_change, check_edit, edits, files
from support.config.store import names, store_at
from support.config.texts import Botocore, texts
from support.reliability.generated import Tally, broken, drawn
from support.reliability.soak import chance, chunks
from xswitch.core.errors import ConfigError
from xswitch.core.model import FileKind, ProfileEdit

Case = tuple[FileKind, str, Sequence[ProfileEdit]]

PER_FILE = 4

# Try several edits of each file, since generating the file takes the time.
generated = files.flatmap(
    lambda file: st.tuples(
        st.just(file), texts(file), st.lists(edits(file), min_size=PER_FILE, max_size=PER_FILE)
    )
)


def checked(cases: Sequence[Case], folder: Path) -> Tally:
    botocore = Botocore(folder)
    store = store_at(folder, FixedClock(datetime(2026, 3, 1, tzinfo=UTC)))
    tally = Tally()
    for file, text, changes in cases:
        with tally.case(file, text, changes):
            path = folder / ".aws" / file
            path.parent.mkdir(exist_ok=True)
            before = text.encode()
            path.write_bytes(before)
            try:
                store.apply(changes)
            except ConfigError as refused:
                assert path.read_bytes() == before
                if refused.code == "not_ours":
                    # The refusal is about the file's owner, not the text: test the edit anyway.
                    check_edit(botocore, text, file, changes)
                tally.parts[
                    "not xswitch's to change"
                    if refused.code == "not_ours"
                    else "refused, no safe edit"
                ] += 1
            else:
                check_change(botocore, text, path.read_bytes().decode(), file, changes)
                tally.parts["made" if path.read_bytes() != before else "nothing to do"] += 1
            assert not [name for name in names(path.parent) if name.endswith(".tmp")]
            path.unlink()
    return tally


@pytest.mark.parametrize(("chunk", "how_many"), chunks(200, 10_000, 500))
def test_an_edit_changes_only_its_target_or_nothing(
    chunk: int, how_many: int, folder_for_edits: Path
) -> None:
    cases = [
        (file, text, one)
        for file, text, several in drawn(generated, "edits", chunk, how_many // PER_FILE)
        for one in several
    ]
    assert len(cases) == how_many
    random = chance("edits damaged", chunk)
    whole = checked(cases, folder_for_edits)
    damaged = checked(
        [(file, broken(text, random), changes) for file, text, changes in cases],
        folder_for_edits,
    )
    assert whole.parts["made"] > how_many // 2
    whole.tell("edits", "edits of generated files")
    damaged.tell("edits", "edits of generated files, damaged at random places")
