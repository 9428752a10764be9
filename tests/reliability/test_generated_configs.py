"""Generated shared-config files: the AWS CLI's reading is predicted correctly.

Every difference from the SDKs' reading is reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from support.config.checks import check_differences, check_prediction, files, view
from support.config.texts import Botocore, texts
from support.reliability.generated import Tally, broken, drawn
from support.reliability.soak import chance, chunks
from xswitch.core.model import FileKind

generated: st.SearchStrategy[tuple[FileKind, str]] = files.flatmap(
    lambda file: st.tuples(st.just(file), texts(file))
)


def kind_of(file: FileKind, text: str) -> str:
    """Classify a file.

    Botocore rejects it, reads it as the SDKs do, or reads it differently somewhere.
    """
    found = view(text, None) if file == "config" else view(None, text)
    codes = {problem.code for problem in found.problems if problem.severity != "info"}
    if "cli_refuses" in codes:
        return "broken: botocore refuses them"
    return "mixed: something in them is told as a problem" if codes else "valid for every reader"


def checked(cases: Iterable[tuple[FileKind, str]], folder: Path) -> Tally:
    botocore = Botocore(folder)
    tally = Tally()
    for file, text in cases:
        with tally.case(file, text):
            check_prediction(botocore, text)
            check_differences(botocore, text, file)
            tally.parts[kind_of(file, text)] += 1
    return tally


@pytest.mark.parametrize(("chunk", "how_many"), chunks(200, 10_000, 500))
def test_every_file_is_read_as_predicted(chunk: int, how_many: int, folder_for_edits: Path) -> None:
    cases = drawn(generated, "configs", chunk, how_many)
    random = chance("configs damaged", chunk)
    whole = checked(cases, folder_for_edits)
    damaged = checked([(file, broken(text, random)) for file, text in cases], folder_for_edits)
    assert min(whole.parts.values()) > how_many // 20  # many valid, broken, and mixed files
    whole.tell("configs", "generated files")
    damaged.tell("configs", "generated files, damaged at random places")
