from __future__ import annotations

from dataclasses import replace

from support.tui.fake_actions import CONFIG, CREDENTIALS, line_of, sample_listing
from xswitch.core.model import ConfigPaths, ConfigView, Profile
from xswitch.tui.errors import FailureMessage
from xswitch.tui.picker import state as states
from xswitch.tui.picker.empty import empty_lines
from xswitch.tui.picker.state import PickerState


def shown(state: PickerState) -> str:
    return "\n".join("".join(text for text, _ in line) for line in empty_lines(state, 70))


def without_roles(profiles: int) -> PickerState:
    view = ConfigView(
        ConfigPaths(CONFIG, CREDENTIALS),
        {str(number): Profile(str(number), {}, line_of(number)) for number in range(profiles)},
    )
    return states.with_data(PickerState(), states.picker_data(sample_listing(roles=()), view), ())


def test_a_list_with_roles_has_no_empty_lines() -> None:
    state = states.with_data(PickerState(), states.picker_data(sample_listing()), range(14))
    assert empty_lines(state, 70) == []


def test_while_loading() -> None:
    assert "Reading your AWS config" in shown(PickerState())


def test_without_a_config_file_the_commands_that_create_one_are_shown() -> None:
    text = shown(without_roles(0))
    assert f"{CONFIG} is missing or empty." in text
    assert "N                   sign in with IAM Identity Center" in text
    assert "xswitch demo" in text


def test_without_roles_an_example_is_shown() -> None:
    text = shown(without_roles(3))
    assert "3 profiles" in text
    assert "role_arn = arn:aws:iam::" in text
    assert "source_profile = dev" in text


def test_no_match_names_the_words_and_the_keys_that_help() -> None:
    state = states.with_data(PickerState(), states.picker_data(sample_listing()), range(14))
    text = shown(states.with_query(state, "pay nope", ()))
    assert "No roles match “pay” and “nope”." in text
    assert "^u shows all 14 roles" in text


def test_an_unreadable_config_shows_the_reason_and_next_step() -> None:
    text = shown(
        states.with_load_failure(
            PickerState(),
            FailureMessage("The config can't be read.", "Permission denied.", "chmod u+r it"),
        )
    )
    assert "The config can't be read." in text
    assert "Permission denied." in text
    assert "chmod u+r it" in text
    assert "F5" in text
    kept = states.with_data(PickerState(), states.picker_data(sample_listing()), range(14))
    assert empty_lines(replace(kept, load_failure=FailureMessage("No.")), 70) == []
