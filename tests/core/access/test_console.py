from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.access.iam_model import TARGET, wanted
from xswitch.core.access.console import COLORS, color_code, console_url
from xswitch.core.errors import UsageError
from xswitch.core.model.settings import GUARD_COLORS


def test_the_link_has_account_role_name_display_name_and_color() -> None:
    assert (
        console_url(wanted(role_path="/team/"), "Payments & Co", "red")
        == f"https://signin.aws.amazon.com/switchrole?account={TARGET}&roleName=team/SwitchRole&displayName=Payments%20%26%20Co&color=F2B0A9"
    )
    assert (
        console_url(wanted())
        == f"https://signin.aws.amazon.com/switchrole?account={TARGET}&roleName=SwitchRole"
    )


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "signin.aws.amazon.com"),
        ("aws-cn", "signin.amazonaws.cn"),
        ("aws-us-gov", "signin.amazonaws-us-gov.com"),
        ("aws-iso", None),
    ],
)
def test_every_partition_has_its_own_console(partition: str, host: str | None) -> None:
    link = console_url(replace(wanted(managed_policies=()), partition=partition))
    assert (urlsplit(link).hostname if link else None) == host


@given(
    st.text(max_size=80),
    st.text("aZ9_+=,.@-", min_size=1, max_size=64),
    st.sampled_from(["/", "/a&b=c%/", "/?#/"]),
)
def test_whatever_the_names_hold_a_browser_reads_them_back(
    display: str, name: str, path: str
) -> None:
    link = console_url(replace(wanted(), role_name=name, role_path=path), display, "blue")
    assert link.isascii()
    assert link.isprintable()
    assert " " not in link
    values = parse_qs(urlsplit(link).query, strict_parsing=True)
    assert values["roleName"] == [f"{path}{name}"[1:]]
    assert values["color"] == ["99BCE3"]
    assert len(values.get("displayName", [""])[0]) <= 64


def test_every_color_of_a_guard_is_one_of_the_consoles() -> None:
    assert set(GUARD_COLORS) <= set(COLORS)
    assert {color_code(color.upper()) for color in COLORS} == set(COLORS.values())
    assert color_code("#b7ca9d") == "B7CA9D"


@pytest.mark.parametrize("color", ["pink", "F2B0A", "F2B0A9&x=1", "F2B0A9\n"])
def test_an_unknown_color_is_rejected(color: str) -> None:
    with pytest.raises(UsageError) as error:
        console_url(wanted(), color=color)
    assert error.value.code == "colour_invalid"
