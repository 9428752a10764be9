"""Every kind of target in the picker: its row, and its detail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from support.roles import KEYS, MFA, arn, role, targets, view
from xswitch.actions.results import Listing
from xswitch.core.model import PortalRole, Role, Settings, TargetKind, UsageState
from xswitch.tui.picker import state as states
from xswitch.tui.picker.detail import detail_lines
from xswitch.tui.picker.layout import choose_columns, measure
from xswitch.tui.picker.lines import role_line
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render.formatting import KIND_EXPLANATIONS, KIND_SIGNS
from xswitch.tui.render.text import Line, width_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
URL = "https://corp.awsapps.com/start"
SSO = {"sso_session": "corp", "sso_account_id": "2" * 12, "sso_role_name": "Admin"}
CONFIG = {
    "admin": role("keys"),
    "corp-admin": SSO,
    "me": {**KEYS, "mfa_serial": MFA},
    "keys": KEYS,
    "job": {"credential_process": "/bin/tool --secret canary"},
    "pod": {"role_arn": arn("Pod"), "web_identity_token_file": "/token"},
    "laptop": {"login_session": "arn:aws:iam::111111111111:user/dana"},
}
SESSIONS = {"corp": {"sso_start_url": URL, "sso_region": "eu-west-1"}}
PORTAL = (PortalRole("corp", URL, "3" * 12, "data lake", "Reader"),)
ROLES = tuple(targets(view(CONFIG, sso_sessions=SESSIONS), portal_roles=PORTAL).values())
BY_NAME = {each.name: each for each in ROLES}


def state() -> PickerState:
    listing = Listing(ROLES, {}, (), UsageState(), Settings(), (), "")
    return states.with_data(PickerState(), states.picker_data(listing), range(len(ROLES)))


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize("found", ROLES, ids=lambda found: found.name)
@pytest.mark.parametrize("width", [44, 79, 160])
def test_a_row_has_the_sign_and_where_there_is_room_the_word(found: Role, width: int) -> None:
    columns = choose_columns(measure(ROLES), width)
    line = role_line(state(), found, columns, NOW, {}, selected=False)
    assert width_of(line) <= width
    widths = {column.name: column.width for column in columns}
    if "kind" in widths:
        assert KIND_SIGNS[found.kind] in text(line)
    if widths.get("kind", 0) > 1:
        assert f"{KIND_SIGNS[found.kind]} {found.kind.word}" in text(line)
    assert width == 44 or "kind" in widths


@pytest.mark.parametrize("found", ROLES, ids=lambda found: found.name)
@pytest.mark.parametrize("grouped", [False, True])
def test_a_row_without_a_role_is_told_by_its_profile(found: Role, *, grouped: bool) -> None:
    named = tuple(each._replace(account_name="home" if each.account_id else "") for each in ROLES)
    shown = next(each for each in named if each.name == found.name)
    columns = choose_columns(measure(named), 160, grouped=grouped)
    # Not by the column of profiles, which only wide lists have
    columns = tuple(column for column in columns if column.name != "profile")
    row = text(
        role_line(replace(state(), grouped=grouped), shown, columns, NOW, {}, selected=False)
    )
    assert (found.name if grouped else found.role_name or found.name) in row
    if not found.role_name:
        assert row.split().count(found.name) == 1 + (found.name == found.kind.word)


@pytest.mark.parametrize("found", ROLES, ids=lambda found: found.name)
@pytest.mark.parametrize("width", [30, 46, 80])
def test_the_detail_says_how_a_target_gets_its_credentials(found: Role, width: int) -> None:
    lines = detail_lines(state(), found, NOW, width)
    assert all(width_of(line) <= width for line in lines)
    said = " ".join(" ".join(text(line) for line in lines).split())
    assert "canary" not in said
    if found.kind is not TargetKind.ROLE:
        assert f"{KIND_SIGNS[found.kind]} {found.kind.word}" in said
        assert KIND_EXPLANATIONS[found.kind].split()[0] in said
    assert ("needs no session" in said) is not found.kind.has_session
    assert (f"xs-{found.name}".split(" ", maxsplit=1)[0] in said) is found.kind.has_session
    if found.sso is not None and width == 80:
        assert "corp" in said
        assert URL in said
    if found.portal_role is not None:
        assert "this environment" not in said


def test_every_kind_is_drawn() -> None:
    assert {each.kind for each in ROLES} == set(TargetKind)
    assert set(KIND_SIGNS) == set(KIND_EXPLANATIONS) == set(TargetKind)
    assert BY_NAME["data lake/Reader"].portal_role is PORTAL[0]
