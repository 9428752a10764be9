"""The picker's screen: filter, move, group, detail, mouse, sizes, ticking, loading, and themes."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from textual import events

from conftest import FixedClock
from support.tui.fake_actions import (
    CONFIG,
    NOW,
    Driven,
    FakeActions,
    driven,
    many_roles,
    sample_listing,
    status_rows,
)
from xswitch.actions.results import Listing
from xswitch.core.errors import ConfigError, VaultLockedError
from xswitch.core.model import Problem, Settings
from xswitch.tui.app import PickerApp
from xswitch.tui.picker import filter_input
from xswitch.tui.picker.keys import LETTER_SECONDS
from xswitch.tui.render.palette import DARK, LIGHT
from xswitch.tui.startup.preload import Preload


async def test_the_picker_opens_on_all_roles_with_the_filter_focused() -> None:
    async with driven() as ui:
        text = ui.text()
        assert "dev @ 111111111111 · MFA 7 h 42 m · vault: Secret Service" in text
        assert "14 roles" in text
        assert "● 41 m" in text
        assert ui.app.focused is ui.app.picker.filter
        assert ui.selected() == "payments-admin"
        assert ui.actions.asked == []


async def test_the_title_names_the_vault_once_it_is_known() -> None:
    async with driven(FakeActions(answer=replace(sample_listing(), vault_label=""))) as ui:
        await ui.until(lambda: "vault: Secret Service" in ui.text())


async def test_a_vault_error_is_reported_only_by_a_switch() -> None:
    errors: dict[str, BaseException] = {"vault": VaultLockedError("The keyring is locked.")}
    async with driven(
        FakeActions(answer=replace(sample_listing(), vault_label=""), errors=errors)
    ) as ui:
        await ui.press("down")
        assert "vault:" not in ui.text()
        assert "locked" not in ui.text()


async def test_typing_filters_by_words_in_any_order_and_selects_the_best() -> None:
    async with driven() as ui:
        await ui.press("down", "down", "down")
        await ui.type("admin prod 2222")
        assert [ui.state.roles[index].name for index in ui.state.order] == ["payments-admin"]
        assert ui.selected() == "payments-admin"
        assert "1 of 14" in ui.text()
        await ui.press("ctrl+u")
        assert len(ui.state.order) == 14
        assert ui.actions.asked == []


async def test_words_that_start_with_a_command_letter_are_text() -> None:
    for word in ("prod", "read", "finance", "yes", "group", "edge"):
        async with driven() as ui:
            await ui.type(word)
            assert ui.state.query == word
            assert ui.actions.asked == []
            assert not ui.state.grouped


async def test_typing_and_deleting_restores_the_order() -> None:
    async with driven() as ui:
        before = ui.state.order
        await ui.type("pay")
        first = ui.state.order
        await ui.type("ments")
        assert ui.state.order == first
        await ui.press(*["backspace"] * 8)
        assert ui.state.order == before


async def test_a_letter_waits_and_can_be_deleted() -> None:
    async with driven() as ui:
        for key in ("backspace", "escape"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    filter_input, "LETTER_SECONDS", 60.0
                )  # a loaded machine may exceed the pause between two keys
                await ui.press("g", key)
            assert ui.app.picker.filter._timer is None
            ui.app.picker.filter._act()  # as after the pause
            await ui.pilot.pause()
            assert not ui.state.grouped
        await ui.press("g")
        await ui.until(lambda: ui.state.grouped)
        assert ui.state.query == ""
        await ui.press("p", "down")
        await ui.until(lambda: bool(ui.actions.asked))
        assert ui.actions.asked == [("pin", ("payments-admin", False))]


async def test_a_slash_makes_the_next_letters_text() -> None:
    async with driven() as ui:
        await ui.press("slash", "p")
        await ui.pilot.pause(LETTER_SECONDS * 1.5)
        assert ui.state.query == "p"
        assert ui.actions.asked == []


async def test_function_keys_act_after_typing() -> None:
    async with driven() as ui:
        await ui.type("pay")
        await ui.press("f7")
        assert ui.state.grouped
        assert "F2 renew" in ui.text()


async def test_arrows_pages_and_ends_move_and_scroll() -> None:
    actions = FakeActions(answer=sample_listing(roles=many_roles(200)))
    async with driven(actions) as ui:
        await ui.press("down", "down", "up")
        assert ui.state.cursor == 1
        await ui.press("pagedown")
        page = ui.app.picker.list.page
        assert ui.state.cursor == 1 + page
        await ui.press("end")
        assert ui.state.cursor == 199
        assert ui.state.roles[199].account_name in ui.text()
        await ui.press("pageup", "home")
        assert ui.state.cursor == 0
        assert ui.app.picker.list.scroll_offset.y == 0


async def test_grouping_shows_the_first_header_again_at_the_top() -> None:
    actions = FakeActions(
        answer=sample_listing(roles=many_roles(200), settings=Settings(group_by_account=True))
    )
    async with driven(actions) as ui:
        await ui.press("end", "home")
        assert ui.app.picker.list.scroll_offset.y == 0
        assert any(line.lstrip().startswith("payments-0000") for line in ui.lines())


async def test_clicking_selects_and_the_filter_keeps_the_focus() -> None:
    async with driven() as ui:
        await ui.pilot.click("#roles", offset=(10, 4))
        assert ui.state.cursor == 4
        assert ui.app.focused is ui.app.picker.filter
        await ui.type("x")
        assert ui.state.query == "x"


async def test_a_double_click_switches() -> None:
    async with driven() as ui:
        await ui.pilot.click("#roles", offset=(10, 3), times=2)
        await ui.until(lambda: ("switch", ("payments-sandbox", None)) in ui.actions.asked)
        await ui.until(lambda: ui.app.return_value is not None)


async def test_clicking_below_the_last_row_or_on_a_header_does_nothing() -> None:
    async with driven(size=(120, 40)) as ui:
        await ui.pilot.click("#roles", offset=(10, 25))
        assert ui.state.cursor == 0
        await ui.press("f7")
        await ui.pilot.click("#roles", offset=(10, 0))
        assert ui.selected() == "payments-admin"


async def test_the_wheel_scrolls_and_leaves_the_selection() -> None:
    actions = FakeActions(answer=sample_listing(roles=many_roles(200)))
    async with driven(actions) as ui:
        roles = ui.app.picker.list
        event = events.MouseScrollDown(
            roles, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False, screen_x=5, screen_y=10
        )
        ui.app.screen._forward_event(event)
        await ui.until(lambda: ui.app.picker.list.scroll_offset.y > 0)
        assert ui.state.cursor == 0


async def test_keys_in_the_bar_can_be_clicked() -> None:
    async with driven() as ui:
        line = ui.lines()[-1]
        await ui.pilot.click("#keys", offset=(line.index("group"), 0))
        assert ui.state.grouped
        await ui.pilot.click("#keys", offset=(line.index("filter"), 0))
        await ui.press("r")
        assert ui.state.query == "r"
        await ui.pilot.click("#keys", offset=(1, 0))
        await ui.until(lambda: any(name == "switch" for name, _ in ui.actions.asked))


async def test_the_detail_follows_the_selection_and_tab_hides_it() -> None:
    async with driven() as ui:
        await ui.type("lake adm")
        assert "data-platform / Operations" in ui.text()
        await ui.press("tab")
        assert "data-platform / Operations" not in ui.text()
        await ui.press("tab")
        assert "data-platform / Operations" in ui.text()


async def test_the_detail_scrolls_by_key() -> None:
    async with driven(size=(110, 20)) as ui:
        await ui.press("ctrl+down", "ctrl+down", "ctrl+up")
        assert ui.app.picker.detail.scroll_offset.y == 1
        await ui.press("down", "up")
        assert ui.app.picker.detail.scroll_offset.y == 0


async def test_at_80_by_24_tab_shows_the_detail() -> None:
    async with driven(size=(80, 24)) as ui:
        text = ui.text()
        for part in (
            "payments-prod-dr",
            "333333333333",
            "SecurityAudit",
            "eu-central-1",
            "○ expired",
            "esc leave",
            "⏎ switch",
        ):
            assert part in text
        assert "AssumeRole" not in text
        await ui.press("tab")
        assert "AssumeRole" in ui.text()
        assert "esc back" in ui.text()
        await ui.press("down")
        assert "payments-prod / ReadOnly" in ui.text()
        await ui.press("pagedown", "pageup")
        assert ui.selected() == "payments-read"
        await ui.press("escape")
        assert "payments-sandbox" in ui.text()
        assert not ui.app._exit


async def test_a_tall_narrow_screen_has_the_detail_below() -> None:
    async with driven(size=(90, 44)) as ui:
        assert ui.app.picker.has_class("-below")
        await ui.press("down", "down", "down", "down")
        text = ui.text()
        assert text.index("SecurityAudit") < text.index("AssumeRole")


async def test_resizing_keeps_everything_in_its_place() -> None:
    async with driven() as ui:
        await ui.press("down", "down", "down", "down")
        for size in ((80, 24), (60, 20), (200, 50), (100, 36), (30, 10), (120, 34)):
            await ui.pilot.resize_terminal(*size)
            await ui.pilot.pause()
            assert all(len(line) <= size[0] for line in ui.lines())
            assert ui.selected() == "lake-admin"
        assert "data-platform / LakeAdmin" in ui.text()


@pytest.mark.parametrize("roles", [20_000])
async def test_only_the_rows_on_screen_are_drawn(roles: int) -> None:
    actions = FakeActions(answer=sample_listing(roles=many_roles(roles)))
    async with driven(actions, size=(110, 30)) as ui:
        assert "20,000 roles" in ui.text()
        assert len(ui.app.picker.list.children) == 0
        await ui.press("end")
        assert ui.state.roles[-1].account_name in ui.text()
        await ui.type("payments 0007")
        assert ui.selected()


async def test_countdowns_tick_in_place() -> None:
    clock = FixedClock(NOW)
    async with driven(clock=clock) as ui:
        await ui.press("down", "down")
        rows, cursor = ui.state.rows, ui.state.cursor
        assert "◐ 75 s" in ui.text()
        clock.advance(30)
        ui.app._tick()
        await ui.pilot.pause()
        text = ui.text()
        assert "◐ 45 s" in text
        assert "● 40 m" in text
        assert "◐ expiring   9 m 00 s left" in text
        clock.advance(26 * 60)
        ui.app._tick()
        await ui.pilot.pause()
        text = ui.text()
        assert "○ expired" in text
        assert "◐ 14 m" in text
        assert "MFA 7 h 16 m" in text
        assert (ui.state.rows, ui.state.cursor) == (rows, cursor)


async def test_only_changed_rows_are_drawn_again() -> None:
    clock = FixedClock(NOW)
    async with driven(clock=clock) as ui:
        ui.app.picker.list.tick()
        await ui.pilot.pause()
        drawn: list[int] = []
        real = ui.app.picker.list.render_line

        def counting(y: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- a spy
            drawn.append(y)
            return real(y)

        ui.app.picker.list.render_line = counting  # type: ignore[method-assign]
        clock.advance(1)
        ui.app.picker.list.tick()
        await ui.pilot.pause()
        names = [ui.state.roles[index].name for index in ui.state.rows]
        assert {names[row] for row in drawn} == {"hub", "audit-read"}


async def test_a_renewal_by_another_process_is_shown_within_the_interval() -> None:
    clock = FixedClock(NOW)
    actions = FakeActions(clock=clock.now)
    async with driven(actions, clock=clock) as ui:
        sessions = {**actions.answer.sessions}
        sessions["hub"] = replace(sessions["hub"], expires_at=NOW + timedelta(hours=1))
        actions.rows = status_rows(replace(actions.answer, sessions=sessions), NOW)
        cursor = ui.state.cursor
        for _ in range(10):
            ui.app._tick()
        await ui.until(lambda: "● 1 h 00 m" in ui.text())
        assert ui.state.cursor == cursor


async def test_an_unreadable_index_is_not_reported() -> None:
    actions = FakeActions(errors={"status": RuntimeError("x")})
    async with driven(actions) as ui:
        ui.app.read_status()
        await ui.pilot.pause(0.05)
        assert "● 41 m" in ui.text()


async def test_reloading_keeps_the_selection_and_shows_a_message() -> None:
    async with driven() as ui:
        await ui.press("down", "down", "down")
        ui.actions.answer = replace(ui.actions.answer, roles=ui.actions.answer.roles[1:])
        await ui.press("f5")
        await ui.until(lambda: "Reloaded: 13 roles." in ui.text())
        assert ui.selected() == "payments-sandbox"
        await ui.press("down")
        assert "Reloaded" not in ui.text()


async def test_an_unreadable_config_is_reported_and_can_be_reloaded() -> None:
    error = ConfigError(
        "The AWS config can't be read.", why="Permission denied.", next_step=f"chmod u+r {CONFIG}"
    )
    actions = FakeActions(errors={"listing": error})
    async with driven(actions) as ui:
        text = ui.text()
        assert "The AWS config can't be read." in text
        assert f"chmod u+r {CONFIG}" in text
        await ui.press("enter", "f2", "down", "g")
        actions.errors.clear()
        await ui.press("f5")
        await ui.until(lambda: ui.state.loaded and bool(ui.state.roles))
        assert "payments-prod" in ui.text()


async def test_a_failed_reload_keeps_the_list() -> None:
    async with driven() as ui:
        ui.actions.errors["listing"] = ConfigError("The AWS config can't be read.")
        await ui.press("ctrl+l")
        await ui.until(lambda: "The AWS config can't be read." in ui.text())
        assert "payments-prod" in ui.text()


async def test_a_bug_while_loading_is_reported() -> None:
    async with driven(FakeActions(errors={"listing": KeyError("canary-secret-value")})) as ui:
        text = ui.text()
        assert "This is a bug in xswitch." in text
        assert "canary" not in text


async def test_without_a_config_the_next_step_is_shown() -> None:
    async with driven(FakeActions(answer=replace(sample_listing(roles=()), base=None))) as ui:
        text = ui.text()
        assert f"{CONFIG} is missing or empty." in text
        assert "no source credentials" in text
        await ui.press("enter", "f2", "f3", "f6", "f8", "f4", "down", "end", "f7")
        assert ui.actions.asked == []


async def test_no_match_shows_the_next_step() -> None:
    async with driven() as ui:
        await ui.type("nope")
        assert "No roles match “nope”." in ui.text()
        await ui.press("enter")
        assert ui.actions.asked == []
        await ui.press("ctrl+u")
        assert "payments-prod" in ui.text()


async def test_help_lists_the_keys_and_closes() -> None:
    async with driven(size=(80, 24)) as ui:
        await ui.press("question_mark")
        await ui.dialog("TextDialog")
        assert "Renew the selected role's session" in ui.text()
        await ui.press(
            "pagedown", "down", "pageup", "up", "pagedown", "pagedown", "pagedown", "pagedown"
        )
        assert "pinned" in ui.text()
        await ui.press("escape")
        await ui.closed()
        await ui.type("x")
        await ui.press("f1")
        await ui.dialog("TextDialog")


async def test_problems_of_the_files_can_be_read() -> None:
    async with driven() as ui:
        assert "! 1 problem" in ui.text()
        await ui.press("f12")
        await ui.dialog("TextDialog")
        assert f"{CONFIG}:66" in ui.text()
        await ui.press("enter")
        await ui.closed()
        ui.actions.answer = replace(ui.actions.answer, problems=(Problem("x", "fyi", "info"),))
        await ui.press("f5")
        await ui.until(lambda: "problem" not in ui.lines()[2])


async def test_without_problems_a_message_says_so() -> None:
    async with driven(FakeActions(answer=replace(sample_listing(), problems=()))) as ui:
        await ui.press("f12")
        assert "No problems found" in ui.text()


async def test_the_palette_runs_actions_by_name() -> None:
    async with driven() as ui:
        await ui.press("ctrl+p")
        await ui.dialog("CommandPalette")
        await ui.type("group by")
        await ui.until(lambda: "Group by account" in ui.text())
        await ui.until(lambda: ui.app.screen.query_one("CommandList").option_count == 1)  # type: ignore[attr-defined]
        await ui.press("enter")
        await ui.until(lambda: ui.state.grouped)


async def test_themes() -> None:
    async with driven() as ui:
        assert ui.app.theme == DARK
        await ui.press("f9")
        assert ui.app.theme == LIGHT
        await ui.press("f9")
        assert ui.app.theme == DARK
    listing = sample_listing(settings=Settings(theme="light"))
    async with driven(FakeActions(answer=listing)) as ui:
        assert ui.app.theme == LIGHT
    async with driven(environ={"NO_COLOR": "1"}) as ui:
        await ui.press("f9")
        assert "NO_COLOR is set" in ui.text()


async def test_the_notice_is_shown() -> None:
    async with driven(notice="Demo: an AWS of its own.") as ui:
        assert "Demo: an AWS of its own." in ui.lines()[1]


async def test_pasted_text_becomes_one_sanitized_line() -> None:
    async with driven() as ui:
        ui.app.picker.filter.post_message(events.Paste("pay\nprod\x1b[201~\tadm"))
        await ui.until(lambda: bool(ui.state.query))
        assert ui.state.query == "pay prod␛[201~ adm"


async def test_leaving() -> None:
    for keys in (("escape",), ("ctrl+c",), ("x", "escape"), ("f1", "ctrl+c")):
        async with driven() as ui:
            await ui.press(*keys)
            await ui.until(lambda: ui.app._exit)
            assert ui.app.return_value is None


async def test_the_picker_can_be_left_while_loading() -> None:
    gate = threading.Event()

    class Slow(FakeActions):
        def listing(self) -> Listing:
            gate.wait(20)
            return super().listing()

    app = PickerApp(Slow(), clock=FixedClock(NOW), environ={})
    async with app.run_test(size=(100, 30)) as pilot:
        ui = Driven(app, pilot, Slow())
        await ui.until(lambda: "Reading your AWS config" in ui.text())
        await ui.press("enter", "f2", "down", "f12")
        await ui.type("lake")
        gate.set()
        await ui.until(lambda: ui.state.loaded)
        assert len(ui.state.order) == 2
        await ui.press("escape")
        await ui.until(lambda: ui.app._exit)


async def test_preloaded_data_is_shown_at_once_and_not_reloaded() -> None:
    class Counting(FakeActions):
        reads = 0

        def listing(self) -> Listing:
            self.reads += 1
            return super().listing()

    actions = Counting()
    preload = Preload(actions, FixedClock(NOW))
    preload.wait(20)
    app = PickerApp(actions, clock=FixedClock(NOW), environ={}, preload=preload)
    async with app.run_test(size=(100, 30)) as pilot:
        ui = Driven(app, pilot, actions)
        await ui.until(lambda: ui.state.indexed_sessions is not None)
        assert ui.state.loaded
        assert actions.reads == 1
        await ui.press("f5")
        await ui.until(lambda: actions.reads == 2)


async def test_a_failed_preload_is_repeated_and_reported() -> None:
    actions = FakeActions()
    actions.errors["listing"] = ConfigError(
        "The AWS config can't be read.",
        why="~/.aws/config: it is a folder.",
        next_step="xswitch doctor",
    )
    preload = Preload(actions, FixedClock(NOW))
    preload.wait(20)
    app = PickerApp(actions, clock=FixedClock(NOW), environ={}, preload=preload)
    async with app.run_test(size=(100, 30)) as pilot:
        ui = Driven(app, pilot, actions)
        await ui.until(lambda: ui.state.load_failure is not None)
        assert preload.take() is None
        assert "can't be read" in ui.text()
