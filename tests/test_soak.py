"""The adding up of the soak's figures, and that nothing short of a count passes for it."""

from __future__ import annotations

import json

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
    assert "names: 2,000, 0 wrong (exact: 300) (refused: 1,300)" in soak.page(found, 7, 1)


def test_a_row_without_figures_a_short_count_and_a_wrong_case_are_told() -> None:
    lines = soak.shortfalls(soak.added([told(), told(what="keys", done=2_000, wrong=3)]))
    assert "writer, names: 1000 of 2000" in lines
    assert "writer, keys: 3 wrong" in lines
    assert "shells: nothing counted" in lines
    assert not any("kills, " in line for line in lines)


def test_an_ordinary_test_counts_by_its_own_cases() -> None:
    assert not [
        line
        for line in soak.shortfalls(soak.added([told(done=3, ordinary=True)]))
        if line.startswith("writer, ")
    ]


def test_the_page_has_every_row_with_the_command_that_repeats_it() -> None:
    text = soak.page(soak.added([told()]), 7, 12.4)
    for row in soak.ROWS.values():
        assert row.title in text
    assert "names: 1,000, 0 wrong" in text
    assert "XSWITCH_SOAK_SEED=7" in text
