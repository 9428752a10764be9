from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from support.tui.fake_actions import make_role, many_roles, sample_roles
from xswitch.core.model import Role, TargetKind
from xswitch.tui.picker.layout import GAP, GUTTER, Column, choose_columns, measure
from xswitch.tui.render.formatting import KIND_SIGNS


def total(columns: tuple[Column, ...]) -> int:
    return GUTTER + sum(column.width for column in columns) + GAP * (len(columns) - 1)


def columns_at(
    width: int, roles: tuple[Role, ...] | None = None, *, grouped: bool = False
) -> dict[str, Column]:
    return {
        column.name: column
        for column in choose_columns(
            measure(sample_roles() if roles is None else roles), width, grouped=grouped
        )
    }


@settings(max_examples=80, deadline=None)
@given(
    width=st.integers(40, 260),
    grouped=st.booleans(),
    roles=st.sampled_from([(), sample_roles(), many_roles(30)]),
)
def test_columns_fit(width: int, *, grouped: bool, roles: tuple[Role, ...]) -> None:
    columns = choose_columns(measure(roles), width, grouped=grouped)
    assert total(columns) <= width
    assert {"account", "role", "session"} <= {column.name for column in columns}
    assert all(column.width > 0 for column in columns)


def test_eighty_columns_show_account_role_and_session() -> None:
    columns = columns_at(79)
    assert list(columns) == ["account", "id", "role", "region", "session"]
    assert columns["id"].width == 12
    assert columns["account"].width == len("payments-prod-dr")


def test_a_wide_list_shows_everything_whole() -> None:
    columns = columns_at(150)
    assert list(columns) == ["account", "id", "role", "region", "profile", "mfa", "session"]
    assert columns["role"].width == len("CrossAccountDelivery")


def test_the_kind_is_a_column_where_kinds_differ_and_a_sign_where_there_is_less_room() -> None:
    roles = (*sample_roles(), make_role("corp", "1" * 12, "Admin", kind=TargetKind.SSO))
    assert "kind" not in columns_at(150)
    assert columns_at(160, roles)["kind"] == Column("kind", "kind", len("◎ role"))
    narrow = next(
        columns
        for width in range(120, 50, -1)
        if (columns := columns_at(width, roles)).get("kind", Column("", "", 0)).width == 1
    )
    assert narrow["kind"].heading == ""
    for width in range(40, 200):
        chosen = choose_columns(measure(roles), width)
        assert total(chosen) <= width
    assert all(cell_len(sign) == 1 for sign in KIND_SIGNS.values())
    assert len(set(KIND_SIGNS.values())) == len(TargetKind)


def test_one_long_name_does_not_widen_the_column() -> None:
    roles = (
        *many_roles(40),
        make_role("long", "1" * 12, "AWSReservedSSO_AdministratorAccess_0123456789abcdef"),
    )
    assert columns_at(90, roles)["account"].width >= len("payments-0001")


def test_without_account_names_the_first_column_is_the_profile() -> None:
    roles = tuple(make_role(f"p{number}", "1" * 12, "R", account_name="") for number in range(3))
    assert columns_at(100, roles)["account"].heading == "profile"
    assert "profile" not in columns_at(200, roles)
    assert "mfa" not in columns_at(200, roles)


def test_grouped_rows_begin_with_the_profile() -> None:
    columns = columns_at(100, grouped=True)
    assert columns["account"].heading == "profile"
    assert "id" not in columns


@pytest.mark.parametrize("name", ["支払い本番", "ünïcode"])
def test_wide_characters_count_as_two_cells(name: str) -> None:
    roles = (make_role("x", "1" * 12, name),)
    assert measure(roles).role.widest == (10 if name.startswith("支") else 7)
