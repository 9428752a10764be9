from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.tui.fake_actions import NOW, sample_listing
from xswitch.actions.api import SourceInfo
from xswitch.tui.picker import state as states
from xswitch.tui.picker.state import PickerData, PickerState
from xswitch.tui.picker.title import title_line
from xswitch.tui.render.text import width_of


def state_of(**changes: object) -> PickerState:
    listing = replace(sample_listing(), **changes)  # type: ignore[arg-type]
    return states.with_data(PickerState(), states.picker_data(listing), range(len(listing.roles)))


def shown(
    state: PickerState, width: int = 110, environ: dict[str, str] | None = None, hours: float = 0
) -> str:
    line = title_line(state, environ or {}, NOW + timedelta(hours=hours), width)
    return "".join(text for text, _ in line)


def test_it_tells_identity_mfa_vault_and_region() -> None:
    text = shown(state_of())
    assert text.startswith(" xswitch   dev @ 111111111111 · MFA 7 h 42 m · vault: Secret Service")
    assert text.endswith(" eu-west-1 ")
    assert len(text) == 110


def test_the_mfa_session_counts_down_to_its_end() -> None:
    assert "MFA 9 m" in shown(state_of(), hours=7.55)
    assert "MFA ○ expired" in shown(state_of(), hours=8)
    assert "MFA none" in shown(state_of(mfa_sessions=()))


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(80, ()), (70, ("vault",)), (48, ("vault", "eu-west-1")), (36, ("vault", "eu-west-1", "MFA"))],
)
def test_what_has_no_room_is_left_out_whole(width: int, left_out: tuple[str, ...]) -> None:
    text = shown(state_of(), width)
    assert len(text) <= width
    for part in ("vault", "eu-west-1", "MFA", "dev @ 111111111111"):
        assert (part in text) == (part not in left_out)


def test_a_region_of_the_environment_is_named_since_it_wins() -> None:
    assert shown(state_of(), environ={"AWS_REGION": "sa-east-1"}).endswith("AWS_REGION=sa-east-1 ")


def test_before_and_without_a_base() -> None:
    assert "reading …" in shown(PickerState())
    assert "no base credentials" in shown(state_of(base=None))
    assert "environment variables" in shown(state_of(base=SourceInfo("", "", "environment")))
    assert "environment" in shown(state_of(base=SourceInfo("", "", "something new")))


def test_hostile_names_are_harmless() -> None:
    read: PickerData = states.picker_data(
        replace(
            sample_listing(), base=SourceInfo("d\x1b]0;x\x07", "1\n", "sso"), vault_label="\x1b[1m"
        )
    )
    state = states.with_data(PickerState(), read, range(14))
    line = title_line(state, {"AWS_REGION": "\x1b[5m"}, NOW, 140)
    assert "".join(text for text, _ in line).replace("\ufffd", "").isprintable()
    assert width_of(line) <= 140
