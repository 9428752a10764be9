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
from xswitch.actions.api import Listing
from xswitch.core.errors import ConfigError, VaultLockedError
from xswitch.core.model import Problem, Settings
from xswitch.tui.app import PickerApp
from xswitch.tui.picker import filter_input
from xswitch.tui.picker.keys import LETTER_SECONDS
from xswitch.tui.render.palette import DARK, LIGHT
from xswitch.tui.startup.preload import Preload


async def test_it_opens_on_all_roles_with_the_filter_focused() -> None:
    async with driven() as one:
        text = one.text()
        assert "dev @ 111111111111 · MFA 7 h 42 m · vault: Secret Service" in text
        assert "14 roles" in text
        assert "● 41 m" in text
        assert one.app.focused is one.app.picker.filter
        assert one.selected() == "payments-admin"
        assert one.actions.asked == []


async def test_the_title_names_the_vault_once_it_is_known() -> None:
    async with driven(FakeActions(answer=replace(sample_listing(), vault_label=""))) as one:
        await one.until(lambda: "vault: Secret Service" in one.text())


async def test_a_vault_that_cannot_be_told_is_left_to_the_switch_that_needs_it() -> None:
    errors: dict[str, BaseException] = {"vault": VaultLockedError("The keyring is locked.")}
    async with driven(
        FakeActions(answer=replace(sample_listing(), vault_label=""), errors=errors)
    ) as one:
        await one.press("down")
        assert "vault:" not in one.text()
        assert "locked" not in one.text()


async def test_typing_filters_by_words_in_any_order_and_selects_the_best() -> None:
    async with driven() as one:
        await one.press("down", "down", "down")
        await one.type("admin prod 2222")
        assert [one.state.roles[index].name for index in one.state.order] == ["payments-admin"]
        assert one.selected() == "payments-admin"
        assert "1 of 14" in one.text()
        await one.press("ctrl+u")
        assert len(one.state.order) == 14
        assert one.actions.asked == []


async def test_words_that_begin_with_a_command_are_words() -> None:
    for word in ("prod", "read", "finance", "yes", "group", "edge"):
        async with driven() as one:
            await one.type(word)
            assert one.state.query == word
            assert one.actions.asked == []
            assert not one.state.grouped


async def test_the_order_does_not_change_while_typing_and_taking_back() -> None:
    async with driven() as one:
        before = one.state.order
        await one.type("pay")
        first = one.state.order
        await one.type("ments")
        assert one.state.order == first
        await one.press(*["backspace"] * 8)
        assert one.state.order == before


async def test_a_letter_waits_a_moment_and_can_be_taken_back() -> None:
    async with driven() as one:
        for key in ("backspace", "escape"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    filter_input, "LETTER_SECONDS", 60.0
                )  # a busy machine may need more than the moment between two keys
                await one.press("g", key)
            assert one.app.picker.filter._timer is None
            one.app.picker.filter._act()  # as at the end of the moment
            await one.pilot.pause()
            assert not one.state.grouped
        await one.press("g")
        await one.until(lambda: one.state.grouped)
        assert one.state.query == ""
        await one.press("p", "down")
        await one.until(lambda: bool(one.actions.asked))
        assert one.actions.asked == [("pin", ("payments-admin", False))]


async def test_a_slash_makes_the_next_letters_text() -> None:
    async with driven() as one:
        await one.press("slash", "p")
        await one.pilot.pause(LETTER_SECONDS * 1.5)
        assert one.state.query == "p"
        assert one.actions.asked == []


async def test_function_keys_act_after_typing() -> None:
    async with driven() as one:
        await one.type("pay")
        await one.press("f7")
        assert one.state.grouped
        assert "F2 renew" in one.text()


async def test_arrows_pages_and_ends_move_and_scroll() -> None:
    actions = FakeActions(answer=sample_listing(roles=many_roles(200)))
    async with driven(actions) as one:
        await one.press("down", "down", "up")
        assert one.state.cursor == 1
        await one.press("pagedown")
        page = one.app.picker.list.page
        assert one.state.cursor == 1 + page
        await one.press("end")
        assert one.state.cursor == 199
        assert one.state.roles[199].account_name in one.text()
        await one.press("pageup", "home")
        assert one.state.cursor == 0
        assert one.app.picker.list.scroll_offset.y == 0


async def test_grouping_shows_the_first_header_again_at_the_top() -> None:
    actions = FakeActions(
        answer=sample_listing(roles=many_roles(200), settings=Settings(group_by_account=True))
    )
    async with driven(actions) as one:
        await one.press("end", "home")
        assert one.app.picker.list.scroll_offset.y == 0
        assert any(line.lstrip().startswith("payments-0000") for line in one.lines())


async def test_clicking_selects_and_the_filter_keeps_the_focus() -> None:
    async with driven() as one:
        await one.pilot.click("#roles", offset=(10, 4))
        assert one.state.cursor == 4
        assert one.app.focused is one.app.picker.filter
        await one.type("x")
        assert one.state.query == "x"


async def test_a_double_click_switches() -> None:
    async with driven() as one:
        await one.pilot.click("#roles", offset=(10, 3), times=2)
        await one.until(lambda: ("switch", ("payments-sandbox", None)) in one.actions.asked)
        await one.until(lambda: one.app.return_value is not None)


async def test_clicking_below_the_last_row_or_on_a_header_does_nothing() -> None:
    async with driven(size=(120, 40)) as one:
        await one.pilot.click("#roles", offset=(10, 25))
        assert one.state.cursor == 0
        await one.press("f7")
        await one.pilot.click("#roles", offset=(10, 0))
        assert one.selected() == "payments-admin"


async def test_the_wheel_scrolls_and_leaves_the_selection() -> None:
    actions = FakeActions(answer=sample_listing(roles=many_roles(200)))
    async with driven(actions) as one:
        roles = one.app.picker.list
        event = events.MouseScrollDown(
            roles, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False, screen_x=5, screen_y=10
        )
        one.app.screen._forward_event(event)
        await one.until(lambda: one.app.picker.list.scroll_offset.y > 0)
        assert one.state.cursor == 0


async def test_keys_in_the_bar_can_be_clicked() -> None:
    async with driven() as one:
        line = one.lines()[-1]
        await one.pilot.click("#keys", offset=(line.index("group"), 0))
        assert one.state.grouped
        await one.pilot.click("#keys", offset=(line.index("filter"), 0))
        await one.press("r")
        assert one.state.query == "r"
        await one.pilot.click("#keys", offset=(1, 0))
        await one.until(lambda: any(name == "switch" for name, _ in one.actions.asked))


async def test_the_detail_follows_the_selection_and_tab_hides_it() -> None:
    async with driven() as one:
        await one.type("lake adm")
        assert "data-platform / Operations" in one.text()
        await one.press("tab")
        assert "data-platform / Operations" not in one.text()
        await one.press("tab")
        assert "data-platform / Operations" in one.text()


async def test_the_detail_scrolls_by_key() -> None:
    async with driven(size=(110, 20)) as one:
        await one.press("ctrl+down", "ctrl+down", "ctrl+up")
        assert one.app.picker.detail.scroll_offset.y == 1
        await one.press("down", "up")
        assert one.app.picker.detail.scroll_offset.y == 0


async def test_at_80_by_24_the_detail_is_behind_tab() -> None:
    async with driven(size=(80, 24)) as one:
        text = one.text()
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
        await one.press("tab")
        assert "AssumeRole" in one.text()
        assert "esc back" in one.text()
        await one.press("down")
        assert "payments-prod / ReadOnly" in one.text()
        await one.press("pagedown", "pageup")
        assert one.selected() == "payments-read"
        await one.press("escape")
        assert "payments-sandbox" in one.text()
        assert not one.app._exit


async def test_a_tall_narrow_screen_has_the_detail_below() -> None:
    async with driven(size=(90, 44)) as one:
        assert one.app.picker.has_class("-below")
        await one.press("down", "down", "down", "down")
        text = one.text()
        assert text.index("SecurityAudit") < text.index("AssumeRole")


async def test_resizing_keeps_everything_in_its_place() -> None:
    async with driven() as one:
        await one.press("down", "down", "down", "down")
        for size in ((80, 24), (60, 20), (200, 50), (100, 36), (30, 10), (120, 34)):
            await one.pilot.resize_terminal(*size)
            await one.pilot.pause()
            assert all(len(line) <= size[0] for line in one.lines())
            assert one.selected() == "lake-admin"
        assert "data-platform / LakeAdmin" in one.text()


@pytest.mark.parametrize("roles", [20_000])
async def test_only_the_rows_on_screen_are_drawn(roles: int) -> None:
    actions = FakeActions(answer=sample_listing(roles=many_roles(roles)))
    async with driven(actions, size=(110, 30)) as one:
        assert "20,000 roles" in one.text()
        assert len(one.app.picker.list.children) == 0
        await one.press("end")
        assert one.state.roles[-1].account_name in one.text()
        await one.type("payments 0007")
        assert one.selected()


async def test_countdowns_tick_in_place() -> None:
    clock = FixedClock(NOW)
    async with driven(clock=clock) as one:
        await one.press("down", "down")
        rows, cursor = one.state.rows, one.state.cursor
        assert "◐ 75 s" in one.text()
        clock.advance(30)
        one.app._tick()
        await one.pilot.pause()
        text = one.text()
        assert "◐ 45 s" in text
        assert "● 40 m" in text
        assert "◐ expiring   9 m 00 s left" in text
        clock.advance(26 * 60)
        one.app._tick()
        await one.pilot.pause()
        text = one.text()
        assert "○ expired" in text
        assert "◐ 14 m" in text
        assert "MFA 7 h 16 m" in text
        assert (one.state.rows, one.state.cursor) == (rows, cursor)


async def test_only_changed_rows_are_drawn_again() -> None:
    clock = FixedClock(NOW)
    async with driven(clock=clock) as one:
        one.app.picker.list.tick()
        await one.pilot.pause()
        drawn: list[int] = []
        real = one.app.picker.list.render_line

        def counting(y: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- a spy
            drawn.append(y)
            return real(y)

        one.app.picker.list.render_line = counting  # type: ignore[method-assign]
        clock.advance(1)
        one.app.picker.list.tick()
        await one.pilot.pause()
        names = [one.state.roles[index].name for index in one.state.rows]
        assert {names[row] for row in drawn} == {"hub", "audit-read"}


async def test_what_another_process_renewed_shows_within_the_interval() -> None:
    clock = FixedClock(NOW)
    actions = FakeActions(clock=clock.now)
    async with driven(actions, clock=clock) as one:
        sessions = {**actions.answer.sessions}
        sessions["hub"] = replace(sessions["hub"], expires_at=NOW + timedelta(hours=1))
        actions.rows = status_rows(replace(actions.answer, sessions=sessions), NOW)
        cursor = one.state.cursor
        for _ in range(10):
            one.app._tick()
        await one.until(lambda: "● 1 h 00 m" in one.text())
        assert one.state.cursor == cursor


async def test_an_index_that_cannot_be_read_is_no_reason_to_say_anything() -> None:
    actions = FakeActions(errors={"status": RuntimeError("x")})
    async with driven(actions) as one:
        one.app.read_status()
        await one.pilot.pause(0.05)
        assert "● 41 m" in one.text()


async def test_reading_again_keeps_the_selection_and_says_so() -> None:
    async with driven() as one:
        await one.press("down", "down", "down")
        one.actions.answer = replace(one.actions.answer, roles=one.actions.answer.roles[1:])
        await one.press("f5")
        await one.until(lambda: "Reloaded: 13 roles." in one.text())
        assert one.selected() == "payments-sandbox"
        await one.press("down")
        assert "Reloaded" not in one.text()


async def test_a_config_that_cannot_be_read_is_told_and_can_be_read_again() -> None:
    error = ConfigError(
        "The AWS config can't be read.", why="Permission denied.", next_step=f"chmod u+r {CONFIG}"
    )
    actions = FakeActions(errors={"listing": error})
    async with driven(actions) as one:
        text = one.text()
        assert "The AWS config can't be read." in text
        assert f"chmod u+r {CONFIG}" in text
        await one.press("enter", "f2", "down", "g")
        actions.errors.clear()
        await one.press("f5")
        await one.until(lambda: one.state.loaded and bool(one.state.roles))
        assert "payments-prod" in one.text()


async def test_a_failing_second_reading_keeps_the_list() -> None:
    async with driven() as one:
        one.actions.errors["listing"] = ConfigError("The AWS config can't be read.")
        await one.press("ctrl+l")
        await one.until(lambda: "The AWS config can't be read." in one.text())
        assert "payments-prod" in one.text()


async def test_a_bug_while_reading_is_a_sentence() -> None:
    async with driven(FakeActions(errors={"listing": KeyError("canary-secret-value")})) as one:
        text = one.text()
        assert "This is a bug in xswitch." in text
        assert "canary" not in text


async def test_without_any_config_it_says_what_to_do() -> None:
    async with driven(FakeActions(answer=replace(sample_listing(roles=()), base=None))) as one:
        text = one.text()
        assert f"{CONFIG} is missing or empty." in text
        assert "no source credentials" in text
        await one.press("enter", "f2", "f3", "f6", "f8", "f4", "down", "end", "f7")
        assert one.actions.asked == []


async def test_no_match_says_what_to_do() -> None:
    async with driven() as one:
        await one.type("nope")
        assert "No roles match “nope”." in one.text()
        await one.press("enter")
        assert one.actions.asked == []
        await one.press("ctrl+u")
        assert "payments-prod" in one.text()


async def test_help_lists_the_keys_and_closes() -> None:
    async with driven(size=(80, 24)) as one:
        await one.press("question_mark")
        await one.dialog("TextDialog")
        assert "Renew the selected role's session" in one.text()
        await one.press(
            "pagedown", "down", "pageup", "up", "pagedown", "pagedown", "pagedown", "pagedown"
        )
        assert "pinned" in one.text()
        await one.press("escape")
        await one.closed()
        await one.type("x")
        await one.press("f1")
        await one.dialog("TextDialog")


async def test_problems_of_the_files_can_be_read() -> None:
    async with driven() as one:
        assert "! 1 problem" in one.text()
        await one.press("f12")
        await one.dialog("TextDialog")
        assert f"{CONFIG}:66" in one.text()
        await one.press("enter")
        await one.closed()
        one.actions.answer = replace(one.actions.answer, problems=(Problem("x", "fyi", "info"),))
        await one.press("f5")
        await one.until(lambda: "problem" not in one.lines()[2])


async def test_without_problems_it_says_so() -> None:
    async with driven(FakeActions(answer=replace(sample_listing(), problems=()))) as one:
        await one.press("f12")
        assert "No problems found" in one.text()


async def test_the_palette_runs_actions_by_name() -> None:
    async with driven() as one:
        await one.press("ctrl+p")
        await one.dialog("CommandPalette")
        await one.type("group by")
        await one.until(lambda: "Group by account" in one.text())
        await one.until(lambda: one.app.screen.query_one("CommandList").option_count == 1)  # type: ignore[attr-defined]
        await one.press("enter")
        await one.until(lambda: one.state.grouped)


async def test_themes() -> None:
    async with driven() as one:
        assert one.app.theme == DARK
        await one.press("f9")
        assert one.app.theme == LIGHT
        await one.press("f9")
        assert one.app.theme == DARK
    listing = sample_listing(settings=Settings(theme="light"))
    async with driven(FakeActions(answer=listing)) as one:
        assert one.app.theme == LIGHT
    async with driven(environ={"NO_COLOR": "1"}) as one:
        await one.press("f9")
        assert "NO_COLOR is set" in one.text()


async def test_the_notice_is_shown() -> None:
    async with driven(notice="Demo: an AWS of its own.") as one:
        assert "Demo: an AWS of its own." in one.lines()[1]


async def test_pasted_text_becomes_one_harmless_line() -> None:
    async with driven() as one:
        one.app.picker.filter.post_message(events.Paste("pay\nprod\x1b[201~\tadm"))
        await one.until(lambda: bool(one.state.query))
        assert one.state.query == "pay prod␛[201~ adm"


async def test_leaving() -> None:
    for keys in (("escape",), ("ctrl+c",), ("x", "escape"), ("f1", "ctrl+c")):
        async with driven() as one:
            await one.press(*keys)
            await one.until(lambda: one.app._exit)
            assert one.app.return_value is None


async def test_while_reading_it_says_so_and_can_be_left() -> None:
    gate = threading.Event()

    class Slow(FakeActions):
        def listing(self) -> Listing:
            gate.wait(20)
            return super().listing()

    app = PickerApp(Slow(), clock=FixedClock(NOW), environ={})
    async with app.run_test(size=(100, 30)) as pilot:
        one = Driven(app, pilot, Slow())
        await one.until(lambda: "Reading your AWS config" in one.text())
        await one.press("enter", "f2", "down", "f12")
        await one.type("lake")
        gate.set()
        await one.until(lambda: one.state.loaded)
        assert len(one.state.order) == 2
        await one.press("escape")
        await one.until(lambda: one.app._exit)


async def test_what_was_read_early_is_there_at_once_and_not_read_again() -> None:
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
        one = Driven(app, pilot, actions)
        await one.until(lambda: one.state.indexed_sessions is not None)
        assert one.state.loaded
        assert actions.reads == 1
        await one.press("f5")
        await one.until(lambda: actions.reads == 2)


async def test_a_reading_that_failed_early_is_made_again_and_told() -> None:
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
        one = Driven(app, pilot, actions)
        await one.until(lambda: one.state.load_failure is not None)
        assert preload.take() is None
        assert "can't be read" in one.text()
