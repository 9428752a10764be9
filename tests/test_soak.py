"""The adding up of the soak's figures, and that nothing short of a count passes for it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import soak


def told(**figure: object) -> str:
    return json.dumps(
        {"row": "writer", "what": "names", "done": 1_000, "wrong": 0, "note": "", **figure}
    )


def test_pieces_of_a_figure_are_added_up() -> None:
    found = soak.added([told(), told(note="a note"), told(note="a note")])
    figure = found["writer"]["names"]
    assert (figure.done, figure.wrong, figure.notes) == (3_000, 0, ["a note"])


def test_the_parts_of_a_figure_are_added_up_and_shown() -> None:
    found = soak.added([told(parts={"refused": 700, "exact": 300}), told(parts={"refused": 600})])
    assert found["writer"]["names"].remarks == ["exact: 300", "refused: 1,300"]
    assert "names: 2,000, 0 wrong (exact: 300) (refused: 1,300)" in soak.page(
        soak.SOAK_RUN, found, 7, 1
    )


def test_a_row_without_figures_a_short_count_and_a_wrong_case_are_told() -> None:
    lines = soak.shortfalls(
        soak.added([told(), told(what="keys", done=2_000, wrong=3)]), soak.SOAK_RUN.rows
    )
    assert "writer, names: 1000 of 2000" in lines
    assert "writer, keys: 3 wrong" in lines
    assert "shells: nothing counted" in lines
    assert not any("kills, " in line for line in lines)


def test_an_ordinary_test_counts_by_its_own_cases() -> None:
    assert not [
        line
        for line in soak.shortfalls(soak.added([told(done=3, ordinary=True)]), soak.SOAK_RUN.rows)
        if line.startswith("writer, ")
    ]


def test_the_pages_have_every_row_with_the_command_that_repeats_it() -> None:
    assert {key for run in soak.RUNS.values() for key in run.rows} == set(soak.ROWS)
    for run in soak.RUNS.values():
        text = soak.page(run, soak.added([told()]), 7, 12.4)
        for row in run.rows.values():
            assert row.title in text
        assert f"XSWITCH_SOAK_SEED=7 make {run.target} " in text
    assert "names: 1,000, 0 wrong" in soak.page(soak.SOAK_RUN, soak.added([told()]), 7, 12.4)


def test_every_module_runs_and_only_the_table_of_identities_twice() -> None:
    every = {path.stem for path in Path(soak.ROOT, "tests/reliability").glob("test_*.py")}
    in_runs = Counter(
        Path(module).stem
        for run in soak.RUNS.values()
        for module in run.modules
        if module.startswith("tests/reliability/")
    )
    assert set(in_runs) == every
    assert [module for module, runs in in_runs.items() if runs > 1] == ["test_identity"]


@pytest.mark.parametrize("target", ["clients", "generated"])
def test_the_other_runs_have_the_modules_of_their_rows_alone(target: str) -> None:
    run = soak.RUNS[target]
    tests = {row.test for row in run.rows.values()}
    also = {Path(module).stem for row in run.rows.values() for module in row.also}
    assert tests | also == {Path(module).stem for module in run.modules}


def test_the_order_names_modules_that_exist() -> None:
    every = {path.stem for path in Path(soak.ROOT, "tests/reliability").glob("test_*.py")}
    assert {*soak.WAITING, *soak.COMPUTING} <= every
