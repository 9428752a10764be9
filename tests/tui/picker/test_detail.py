from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.tui.fake_actions import CONFIG, NOW, make_hop, make_role, sample_listing, sample_roles
from xswitch.core.model import Chain, Endpoint, Guard, Origin, Problem
from xswitch.tui.errors import FailureMessage
from xswitch.tui.picker import state as states
from xswitch.tui.picker.detail import detail_lines, problem_lines
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render.text import Line, width_of

HOSTILE = "\x1b[31mred\x07\x9b\u202e\r\n[bold]x[/bold]"
ROLES = {role.name: role for role in sample_roles()}


def state_of(**changes: object) -> PickerState:
    state = states.with_data(PickerState(), states.picker_data(sample_listing()), range(14))
    return replace(state, **changes)  # type: ignore[arg-type]


def shown(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def of(name: str, width: int = 46, state: PickerState | None = None) -> list[str]:
    return shown(detail_lines(state or state_of(), ROLES[name], NOW, width))


def test_a_chain_of_three_is_drawn_hop_by_hop_with_the_line_of_each() -> None:
    text = of("lake-admin")
    start = text.index(next(line for line in text if line.startswith("dev ")))
    assert [" ".join(line.split()) for line in text[start : start + 10]] == [
        "dev credentials:4",
        "│ static keys from the credentials file",
        "│ MFA mfa/dev config:15",
        "│ ready, 7 h 42 m left",
        "▼ AssumeRole",
        "hub / Gateway config:12",
        "▼ AssumeRole",
        "data-platform / Operations config:50",
        "▼ AssumeRole 1 h config:59",
        "data-platform / LakeAdmin config:58",
    ]


def test_a_chained_external_id_is_shown_at_its_hop() -> None:
    text = of("payments-admin")
    hub = next(index for index, line in enumerate(text) if line.startswith("hub / Gateway"))
    assert text[hub + 1].startswith("│ external ID acme-42")
    assert text[hub + 1].endswith("config:33")
    assert "external ID" in next(
        line for line in of("partner-x") if "partner-7f" in line and "│" in line
    )


def test_duration_says_why() -> None:
    assert any(line.startswith("duration  15 m  guard production") for line in of("payments-admin"))


def test_a_guard_shows_its_confirmation_in_its_color() -> None:
    lines = detail_lines(state_of(), ROLES["payments-admin"], NOW, 60)
    assert {"▲ GUARDED", "payments-prod", "Admin"} <= {
        text for line in lines for text, meaning in line if meaning == "guard-red"
    }
    assert "▲ GUARDED (production): type payments-prod to switch" in shown(lines)
    assert "▲ GUARDED (recovery)" in of("payments-dr")


def test_sessions_are_shown_by_sign_and_word() -> None:
    assert "● live   41 m 12 s left   until 12:41" in of("payments-read")[3]
    assert any("in this shell" in line for line in of("payments-read"))
    assert "◐ expiring   9 m 30 s left" in "\n".join(of("payments-dr"))
    assert "○ expired" in of("payments-sandbox")
    assert "  no session yet" in of("sandbox-dev")
    assert "↻ renewing …" in of("sandbox-dev", state=state_of(busy={"sandbox-dev": "renewing"}))


def test_without_an_mfa_session_the_detail_says_a_code_is_required() -> None:
    assert any("requires a code" in line for line in of("lake-admin", state=state_of(mfa=())))


def test_a_failure_comes_first_with_the_reason_and_next_step() -> None:
    failure = FailureMessage("AWS refused.", "Not authorized.", "xswitch access check hub")
    text = of("hub", state=state_of(failures={"hub": failure}))
    assert text[3:6] == ["✗ AWS refused.", "  Not authorized.", "  next  xswitch access check hub"]


def test_a_misconfigured_role_says_why() -> None:
    text = of("legacy-ops", 60)
    assert "✗ can't be resolved" in text
    assert '✗ config:91  source_profile "old-bastion" is not a profile' in text


def test_every_difference_between_readers_is_reported() -> None:
    hop = make_hop(
        "x",
        "1" * 12,
        "R",
        5,
        tags=(("team", "core"),),
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        policy="{}",
        source_identity="dev",
        session_name="me",
    )
    role = make_role("x", "1" * 12, "R", hops=(hop,), note="mind the gap", cli_only=True)
    role = role._replace(partition="aws-cn", endpoint=Endpoint("cn-north-1", "http://127.0.0.1:1"))
    text = " ".join(shown(detail_lines(state_of(pins=frozenset({"x"})), role, NOW, 90)))
    wanted = (
        "team=core",
        "ReadOnlyAccess",
        "inline session policy",
        "identity  dev",
        "session   me",
        "mind the gap",
    )
    for part in (*wanted, "CLI and boto3 only", "aws-cn", "http://127.0.0.1:1", "pinned    ★"):
        assert part in text


def test_problems_come_errors_first() -> None:
    problems = (
        Problem("a", "a hint", "info", CONFIG, 1),
        Problem("b", "an error", "error", CONFIG, 2),
        Problem("c", "a warning", "warning"),
    )
    assert shown(problem_lines(problems, 40)) == [
        "✗ config:2  an error",
        "! a warning",
        "· config:1  a hint",
    ]
    assert shown(problem_lines(problems[:1], 60, full=True)) == [f"· {CONFIG}:1  a hint"]


@pytest.mark.parametrize("name", sorted(ROLES))
@settings(max_examples=15, deadline=None)
@given(width=st.integers(20, 120))
def test_no_line_is_wider_than_the_pane(name: str, width: int) -> None:
    state = state_of(failures={name: FailureMessage("x" * 90, "why " * 30, "next " * 20)})
    assert all(width_of(line) <= width for line in detail_lines(state, ROLES[name], NOW, width))


@pytest.mark.parametrize("width", [24, 30, 37, 41, 46, 80])
@pytest.mark.parametrize("name", sorted(ROLES))
def test_no_word_is_lost_however_narrow_the_pane(name: str, width: int) -> None:
    narrow = "".join("".join(of(name, width)).split()).replace("│", "")
    for phrase in (
        "from the credentials file",
        "MFA mfa/dev",
        "ready, 7 h 42 m left",
        "external ID acme-42",
        "inline comment: the AWS CLI",
    ):
        if phrase in "\n".join(of(name, 200)):
            assert "".join(phrase.split()) in narrow


def test_hostile_text_is_sanitized_everywhere() -> None:
    hop = make_hop(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        5,
        external_id=HOSTILE,
        tags=((HOSTILE, HOSTILE),),
        session_name=HOSTILE,
    )
    role = make_role(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        hops=(hop,),
        account_name=HOSTILE,
        note=HOSTILE,
        duration_reason=HOSTILE,
        region=HOSTILE,
    )._replace(
        problems=(Problem("x", HOSTILE, "error", HOSTILE, 3),),
        origin=Origin(HOSTILE, 3),
        guard=Guard(HOSTILE, "red", HOSTILE),
        endpoint=Endpoint(HOSTILE, HOSTILE),
        mfa_serial=HOSTILE,
    )
    chain = ROLES["hub"].chain
    assert chain is not None
    base = replace(chain.base, profile=HOSTILE, detail=HOSTILE)
    role = role._replace(chain=Chain(base, (hop,)))
    for line in shown(detail_lines(state_of(), role, NOW, 50)):
        assert line.replace("\ufffd", "").isprintable(), repr(line)
