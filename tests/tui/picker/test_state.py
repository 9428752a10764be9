from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.tui.fake_actions import DEVICE, NOW, make_role, many_roles, sample_listing, status_rows
from xswitch.actions.results import MfaInfo, SessionInfo, SourceInfo
from xswitch.core.model import ConfigPaths, ConfigView, SessionState, Settings
from xswitch.tui.errors import FailureMessage
from xswitch.tui.picker import state as states
from xswitch.tui.picker.state import KnownSession, PickerState, session_status

FAILURE = FailureMessage("It failed.", "Because.", "Do this.")


def loaded(count: int = 0, **changes: object) -> PickerState:
    listing = sample_listing(roles=many_roles(count)) if count else sample_listing()
    state = states.with_data(PickerState(), states.picker_data(listing), range(len(listing.roles)))
    return replace(state, **changes)  # type: ignore[arg-type]


def names(state: PickerState) -> list[str]:
    return [state.roles[row].name for row in state.rows if row >= 0]


def test_nothing_is_selected_before_anything_is_read() -> None:
    state = PickerState()
    assert state.role is None
    assert not state.loaded
    assert states.move_cursor(state, 1) == state
    assert states.move_cursor_to(state, 3) == state


def test_loading_selects_the_first_role_and_takes_the_usage_state() -> None:
    state = loaded()
    assert state.role == state.roles[0]
    assert state.pins == {"payments-admin"}
    assert state.base == SourceInfo("dev", "111111111111", "static_keys")
    assert [problem.code for problem in state.problems] == ["duplicate_key"]
    assert state.account_label("222222222222") == "payments-prod"
    assert state.account_label("000000000000") == "000000000000"


def test_account_names_come_from_roles_and_the_settings_win() -> None:
    listing = sample_listing(settings=Settings(account_names={"666666666666": "gateway"}))
    read = states.picker_data(listing)
    assert read.accounts["666666666666"] == "gateway"
    assert read.accounts["888888888888"] == "partner-x"


def test_a_reload_keeps_the_cursor_on_its_role() -> None:
    state = states.move_cursor(loaded(), 3)
    again = states.with_data(
        state,
        states.picker_data(sample_listing(roles=state.roles[2:])),
        range(len(state.roles) - 2),
    )
    assert again.role is not None
    assert state.role is not None
    assert again.role.name == state.role.name
    assert again.cursor == 1


def test_a_reload_without_the_role_selects_the_first() -> None:
    state = states.move_cursor(loaded(), 3)
    again = states.with_data(
        state, states.picker_data(sample_listing(roles=state.roles[:2])), range(2)
    )
    assert again.cursor == 0


def test_a_reload_keeps_the_grouping_and_clears_failures() -> None:
    state = states.with_failure(states.toggle_grouping(loaded()), "hub", FAILURE)
    again = states.with_data(state, states.picker_data(sample_listing()), range(14))
    assert again.grouped
    assert again.failures == {}


def test_the_setting_groups_the_first_reading() -> None:
    listing = sample_listing(settings=Settings(group_by_account=True))
    assert states.with_data(PickerState(), states.picker_data(listing), range(14)).grouped


def test_failed_loading_keeps_the_earlier_data() -> None:
    state = states.with_load_failure(loaded(), FAILURE)
    assert state.load_failure == FAILURE
    assert len(state.roles) == 14


def test_without_roles_the_config_is_loaded() -> None:
    view = ConfigView(ConfigPaths("/a/config", "/a/credentials"), {})
    state = states.with_data(PickerState(), states.picker_data(sample_listing(roles=()), view), ())
    assert state.data.view == view
    assert state.cursor == -1


def test_a_query_selects_its_best_match() -> None:
    state = states.with_query(states.move_cursor(loaded(), 5), "adm", (4, 0))
    assert (state.query, state.order, state.cursor) == ("adm", (4, 0), 0)
    assert state.role == state.roles[4]
    assert states.with_query(state, "nope", ()).role is None


def test_each_group_has_a_header_that_the_cursor_skips() -> None:
    state = states.toggle_grouping(loaded())
    headers = [row for row in state.rows if row < 0]
    assert len(headers) == len({role.account_id for role in state.roles})
    assert sum(state.group_sizes.values()) == len(state.roles)
    assert state.cursor == 1
    assert states.move_cursor_to(state, 0) == state
    assert states.move_cursor_to(state, 0, forward=False) == state


def test_grouping_and_back_keeps_the_role() -> None:
    state = states.move_cursor(loaded(), 7)
    there = states.toggle_grouping(state)
    assert there.role == state.role
    assert states.toggle_grouping(there) == state


def test_a_group_is_listed_at_the_position_of_its_best_role() -> None:
    state = states.with_query(states.toggle_grouping(loaded()), "x", (8, 0, 9, 1))
    assert names(state) == ["audit-read", "audit-billing", "payments-admin", "payments-read"]


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 40),
    grouped=st.booleans(),
    steps=st.lists(
        st.one_of(st.integers(-50, 50), st.just("group"), st.just("query")), max_size=12
    ),
)
def test_the_cursor_is_always_on_a_role_when_there_is_one(
    count: int, *, grouped: bool, steps: list[int | str]
) -> None:
    listing = sample_listing(roles=many_roles(count), settings=Settings(group_by_account=grouped))
    state = states.with_data(PickerState(), states.picker_data(listing), range(count))
    for step in steps:
        before = state.role
        if step == "group":
            state = states.toggle_grouping(state)
            assert state.role == before
        elif step == "query":
            state = states.with_query(
                state, "q", [index for index in range(count) if index % 3 == 0]
            )
        else:
            assert isinstance(step, int)
            state = states.move_cursor(state, step)
        assert (state.role is not None) == bool(state.order)
        assert sorted(row for row in state.rows if row >= 0) == sorted(state.order)


def test_moving_stops_at_the_ends() -> None:
    state = loaded()
    assert states.move_cursor(state, -4).cursor == 0
    assert states.move_cursor(state, 400).cursor == 13
    assert states.move_cursor(state, 0) is state
    assert states.move_cursor_to(state, 99, forward=False).cursor == 13


def test_moving_up_past_a_header_goes_to_the_group_above() -> None:
    state = states.toggle_grouping(loaded())
    second = next(position for position, row in enumerate(state.rows) if row < 0 and position)
    here = states.move_cursor_to(state, second + 1)
    assert states.move_cursor(here, -1).cursor == second - 1


def test_a_role_without_a_session_has_none() -> None:
    state = loaded()
    assert state.session_status(make_role("other", "1", "R"), NOW).state is SessionState.NONE


@pytest.mark.parametrize(
    ("state", "seconds", "expected"),
    [
        (SessionState.LIVE, 3000, SessionState.LIVE),
        (SessionState.LIVE, 900, SessionState.EXPIRING),
        (SessionState.EXPIRING, 3000, SessionState.EXPIRING),
        (SessionState.LIVE, 0, SessionState.EXPIRED),
        (SessionState.EXPIRED, -5, SessionState.EXPIRED),
    ],
)
def test_until_the_index_is_read_sessions_are_as_listed(
    state: SessionState, seconds: int, expected: SessionState
) -> None:
    assert (
        session_status(KnownSession(state, NOW + timedelta(seconds=seconds)), NOW).state is expected
    )


def test_short_sessions_expire_by_their_own_rule() -> None:
    session = KnownSession(
        SessionState.LIVE, NOW + timedelta(minutes=10), NOW - timedelta(minutes=5)
    )
    assert session_status(session, NOW).state is SessionState.LIVE
    assert session_status(session, NOW + timedelta(minutes=7)).state is SessionState.EXPIRING


def test_the_index_overrides_the_listing() -> None:
    state = loaded()
    role = state.roles[1]
    assert state.session_status(role, NOW).state is SessionState.LIVE
    gone = states.with_status(state, ())
    assert gone.session_status(role, NOW).state is SessionState.NONE
    back = states.with_status(gone, status_rows(sample_listing(), NOW))
    assert back.session_status(role, NOW).seconds == 41 * 60 + 12
    assert back.mfa == (MfaInfo("dev", DEVICE, NOW + timedelta(hours=7, minutes=42, seconds=30)),)


def test_a_session_of_an_edited_role_is_not_shown() -> None:
    listing = sample_listing()
    edited = replace(
        listing,
        sessions={
            **listing.sessions,
            "payments-read": SessionInfo(SessionState.NONE, key="another"),
        },
    )
    state = states.with_data(PickerState(), states.picker_data(edited), range(14))
    state = states.with_status(state, status_rows(listing, NOW))
    assert state.session_status(state.roles[1], NOW).state is SessionState.NONE


def test_renewing_and_forgetting_show_at_once_and_the_index_has_the_last_word() -> None:
    state = states.with_status(loaded(), status_rows(sample_listing(), NOW))
    role = state.roles[3]
    state = states.with_renewed_session(
        states.mark_busy(state, (role.name,), "renewing"), role.name, NOW + timedelta(hours=1), NOW
    )
    assert state.busy == {}
    assert state.session_status(role, NOW).seconds == 3600
    assert role.name in state.names_with_session()
    state = states.without_session(state, role.name)
    assert state.session_status(role, NOW).state is SessionState.NONE
    state = states.with_status(state, status_rows(sample_listing(), NOW))
    assert state.session_status(role, NOW).state is SessionState.EXPIRED


def test_the_session_of_a_role_without_a_key_outlives_the_index() -> None:
    listing = sample_listing()
    keyless = replace(listing, sessions={**listing.sessions, "hub": SessionInfo(SessionState.NONE)})
    state = states.with_data(PickerState(), states.picker_data(keyless), range(14))
    state = states.with_renewed_session(state, "hub", NOW + timedelta(hours=1), NOW)
    state = states.with_status(state, status_rows(keyless, NOW))
    hub = next(role for role in state.roles if role.name == "hub")
    assert state.session_status(hub, NOW).state is SessionState.LIVE


def test_the_mfa_session_of_a_role_is_that_of_its_serial_and_base() -> None:
    state = loaded()
    role = state.roles[0]
    assert state.mfa_for(role, NOW) is not None
    assert state.mfa_for(role, NOW + timedelta(hours=8)) is None
    assert state.mfa_for(state.roles[3], NOW) is None
    other = replace(state, mfa=(MfaInfo("someone-else", DEVICE, NOW + timedelta(hours=1)),))
    assert other.mfa_for(role, NOW) is None
    assert other.base_mfa(NOW) is None


def test_the_title_shows_the_valid_mfa_session_or_the_last_one() -> None:
    hours = [1, -1, 3, -2]
    sessions = tuple(MfaInfo("dev", DEVICE, NOW + timedelta(hours=hour)) for hour in hours)
    state = replace(loaded(), mfa=sessions)
    assert state.base_mfa(NOW) == sessions[2]
    assert replace(state, mfa=sessions[1::2]).base_mfa(NOW) == sessions[1]
    assert PickerState().base_mfa(NOW) is None


def test_pins_change_the_star_and_nothing_else() -> None:
    state = loaded()
    pinned = states.with_pin(state, "hub", pinned=True)
    assert pinned.rows == state.rows
    assert "hub" in pinned.pins
    assert states.with_pin(pinned, "hub", pinned=False) == state


def test_starting_clears_earlier_failures_and_failing_clears_busy() -> None:
    state = states.with_failure(loaded(), "hub", FAILURE)
    state = states.mark_busy(state, ("hub", "lake-admin"), "renewing")
    assert state.failures == {}
    assert state.busy == {"hub": "renewing", "lake-admin": "renewing"}
    state = states.with_failure(state, "hub", FAILURE)
    assert state.busy == {"lake-admin": "renewing"}
    assert state.failures == {"hub": FAILURE}
    assert states.clear_busy(state, ("lake-admin",)).busy == {}
