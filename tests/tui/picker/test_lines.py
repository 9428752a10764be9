from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.tui.fake_actions import NOW, make_role, sample_listing, sample_roles
from xswitch.actions.results import SourceInfo
from xswitch.core.model import CredentialSourceKind, Role
from xswitch.core.search.matcher import Matcher
from xswitch.tui.errors import FailureMessage
from xswitch.tui.picker import state as states
from xswitch.tui.picker.layout import choose_columns, measure
from xswitch.tui.picker.lines import (
    group_line,
    heading_line,
    mfa_text,
    role_line,
    session_text,
    title_line,
)
from xswitch.tui.picker.state import PickerData, PickerState
from xswitch.tui.render.text import Line, width_of

ROLES = sample_roles()
COLUMNS = choose_columns(measure(ROLES), 120)


def state_of(**changes: object) -> PickerState:
    state = states.with_data(PickerState(), states.picker_data(sample_listing()), range(14))
    return replace(state, **changes)  # type: ignore[arg-type]


def row(
    role: Role, query: str = "", state: PickerState | None = None, *, selected: bool = False
) -> Line:
    spans = Matcher((role,)).spans(0, query)
    return role_line(state or state_of(), role, COLUMNS, NOW, spans, selected=selected)


def shown(line: Line) -> str:
    return "".join(text for text, _ in line)


def test_a_row_has_all_its_columns_under_their_headings() -> None:
    heading, text = shown(heading_line(COLUMNS)), shown(row(ROLES[1]))
    for title, value in {
        "account": "payments-prod",
        "id": "222222222222",
        "role": "ReadOnly",
        "region": "eu-west-1",
        "session": "● 41 m",
    }.items():
        assert text[heading.index(title) :].startswith(value)
    assert text[heading.index("mfa") :].startswith("ready")


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_row_is_as_wide_as_the_headings(role: Role) -> None:
    assert width_of(row(role)) == width_of(heading_line(COLUMNS))


def test_selection_pin_and_guard_have_different_signs() -> None:
    assert shown(row(ROLES[0], selected=True)).startswith("▌★▲ payments-prod")
    assert shown(row(ROLES[1])).startswith("    payments-prod")
    assert ("payments-prod", "guard-red") in [
        (text.strip(), meaning) for text, meaning in row(ROLES[0])
    ]


def test_matches_are_marked_in_whatever_order_the_words_were_typed() -> None:
    line = row(ROLES[3], "prodadm sand")
    assert [text for text, meaning in line if meaning == "match"] == ["sand", "ProdAdm", "sand"]
    line = row(ROLES[1], "2222 eu-w")
    assert [text for text, meaning in line if meaning == "match"][-1] == "eu-w"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("payments-read", ("● 41 m", "live")),
        ("payments-dr", ("◐  9 m", "expiring")),
        ("payments-sandbox", ("○ expired", "expired")),
        ("hub", ("◐ 75 s", "expiring")),
        ("lake-admin", ("", "muted")),
        ("legacy-ops", ("✗ broken", "error")),
        ("audit-read", ("● 7 h 05 m", "live")),
    ],
)
def test_sessions(name: str, expected: tuple[str, str]) -> None:
    role = next(role for role in ROLES if role.name == name)
    assert session_text(state_of(), role, NOW) == expected


def test_activity_and_failure_replace_the_session() -> None:
    failures = {"payments-read": FailureMessage("No.")}
    assert session_text(state_of(failures=failures), ROLES[1], NOW) == ("✗ failed", "error")
    assert session_text(
        state_of(failures=failures, busy={"payments-read": "renewing"}), ROLES[1], NOW
    ) == ("↻ renewing", "accent")


def test_every_word_of_the_session_column_has_room() -> None:
    for word in ("switching", "renewing", "dropping", "sign-in"):
        text = session_text(
            state_of(busy={"hub": word}), next(role for role in ROLES if role.name == "hub"), NOW
        )[0]
        assert width_of([(text, "")]) <= COLUMNS[-1].width


def test_mfa_is_ready_or_asks_for_a_code() -> None:
    assert mfa_text(state_of(), ROLES[0], NOW)[0] == "ready"
    assert mfa_text(state_of(), ROLES[0], NOW + timedelta(hours=9))[0] == "code"
    assert mfa_text(state_of(), ROLES[3], NOW)[0] == ""


def test_a_group_has_name_id_and_count() -> None:
    state = states.toggle_grouping(state_of())
    header = next(row for row in state.rows if row < 0)
    line = group_line(state, header, 60)
    assert width_of(line) <= 60
    assert shown(line).startswith("  payments-prod  222222222222 ─")
    assert shown(line).rstrip().endswith("2 roles")
    assert shown(group_line(state, header, 24)).startswith("  payments-p… 2 roles")


def test_hostile_names_are_sanitized() -> None:
    role = make_role("a\x1b[2J", "1\x07", "R\u202e\n", account_name="p\x9b31m[red]")
    text = shown(row(role, "p"))
    assert text.replace("\ufffd", "").isprintable()
    assert "[red]" in text


def title_state(**changes: object) -> PickerState:
    listing = replace(sample_listing(), **changes)  # type: ignore[arg-type]
    return states.with_data(PickerState(), states.picker_data(listing), range(len(listing.roles)))


def title(
    state: PickerState, width: int = 110, environ: dict[str, str] | None = None, hours: float = 0
) -> str:
    line = title_line(state, environ or {}, NOW + timedelta(hours=hours), width)
    return "".join(text for text, _ in line)


def test_the_title_shows_identity_mfa_vault_and_region() -> None:
    text = title(title_state())
    assert text.startswith(" xswitch   dev @ 111111111111 · MFA 7 h 42 m · vault: Secret Service")
    assert text.endswith(" eu-west-1 ")
    assert len(text) == 110


def test_the_mfa_session_counts_down_to_its_end() -> None:
    assert "MFA 9 m" in title(title_state(), hours=7.55)
    assert "MFA ○ expired" in title(title_state(), hours=8)
    assert "MFA none" in title(title_state(mfa_sessions=()))


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(80, ()), (70, ("vault",)), (48, ("vault", "eu-west-1")), (36, ("vault", "eu-west-1", "MFA"))],
)
def test_parts_without_room_are_dropped_whole(width: int, left_out: tuple[str, ...]) -> None:
    text = title(title_state(), width)
    assert len(text) <= width
    for part in ("vault", "eu-west-1", "MFA", "dev @ 111111111111"):
        assert (part in text) == (part not in left_out)


@pytest.mark.parametrize("kind", list(CredentialSourceKind))
def test_mfa_is_told_only_of_sources_that_can_have_it(kind: CredentialSourceKind) -> None:
    state = title_state(base=SourceInfo("corp", "222222222222", str(kind)), mfa_sessions=())
    shown = title(state)
    assert "corp @ 222222222222" in shown
    assert ("MFA none" in shown) is (kind not in {"sso", "login_session", "web_identity"})


def test_a_region_variable_is_shown_since_it_overrides_the_profile() -> None:
    assert title(title_state(), environ={"AWS_REGION": "sa-east-1"}).endswith(
        "AWS_REGION=sa-east-1 "
    )
    # A switch set it, so it isn't the shell's own
    switched = {"AWS_REGION": "sa-east-1", "XSWITCH_REGION": "sa-east-1"}
    assert "sa-east-1" not in title(title_state(), environ=switched)
    switched["XSWITCH_OWN_AWS_REGION"] = "eu-west-3"
    assert title(title_state(), environ=switched).endswith("AWS_REGION=eu-west-3 ")


def test_before_and_without_a_base() -> None:
    assert "reading …" in title(PickerState())
    assert "no source credentials" in title(title_state(base=None))
    assert "environment variables" in title(title_state(base=SourceInfo("", "", "environment")))
    assert "environment" in title(title_state(base=SourceInfo("", "", "something new")))


def test_hostile_names_in_the_title_are_sanitized() -> None:
    read: PickerData = states.picker_data(
        replace(
            sample_listing(), base=SourceInfo("d\x1b]0;x\x07", "1\n", "sso"), vault_label="\x1b[1m"
        )
    )
    state = states.with_data(PickerState(), read, range(14))
    line = title_line(state, {"AWS_REGION": "\x1b[5m"}, NOW, 140)
    assert "".join(text for text, _ in line).replace("\ufffd", "").isprintable()
    assert width_of(line) <= 140
