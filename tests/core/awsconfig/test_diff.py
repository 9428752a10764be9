"""The diff that users review: the lines that change, and no other one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from xswitch.core.awsconfig.diff import diff_lines
from xswitch.core.awsconfig.edit import plan_edits
from xswitch.core.model import ProfileEdit, RemoveProfile, SetProfile

ODD = "x\u2028y\x0cz\x85"


def diff(text: str, *edits: ProfileEdit) -> list[str]:
    return list(diff_lines(text, plan_edits(text, "config", edits)))


def changed(properties: Mapping[str, str]) -> SetProfile:
    return SetProfile("config", "a", properties, exact=False)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_ends_where_the_readers_of_the_config_end_it(end: str) -> None:
    text = end.join(["[profile a]", f"note = {ODD}", "secret = s", "[profile b]", "c = d", ""])
    assert diff(text, changed({"region": "eu-west-1"})) == ["+region = eu-west-1"]
    assert diff(text, changed({"note": "n"})) == [f"-note = {ODD}", "+note = n"]
    assert diff(text, RemoveProfile("config", "a")) == [
        "-[profile a]",
        f"-note = {ODD}",
        "-secret = s",
    ]


@pytest.mark.parametrize("text", ["", "[profile b]\nc = d", "[profile b]\nc = d\n\n"])
def test_a_new_profile_shows_no_line_of_another(text: str) -> None:
    lines = diff(text, SetProfile("config", "a", {"region": "eu-west-1"}))
    assert [line for line in lines if line not in {"+", "+c = d", "-c = d"}] == [
        "+[profile a]",
        "+region = eu-west-1",
    ]
