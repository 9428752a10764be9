from __future__ import annotations

from support.tui.fake_actions import CONFIG, make_role
from xswitch.core.errors import AwsDeniedError, ExitCode
from xswitch.core.model import Problem
from xswitch.tui import errors

CANARY = "canary-secret-value"


def test_an_error_of_ours_is_told_whole_and_harmless() -> None:
    told = errors.from_exception(
        AwsDeniedError(
            "AWS \x1b[31mrefused.", why="No\n.", next_step="xswitch doctor", code="denied"
        )
    )
    assert told.what == "AWS ␛[31mrefused."
    assert told.why == "No␊."
    assert (told.next_step, told.code, told.exit_code) == (
        "xswitch doctor",
        "denied",
        ExitCode.DENIED,
    )


def test_an_unexpected_exception_tells_its_kind_and_place_and_no_value() -> None:
    def fails(secret: str) -> None:
        raise KeyError(secret)

    try:
        fails(CANARY)
    except KeyError as error:
        told = errors.from_exception(error)
    assert told.what == "This is a bug in xswitch."
    assert told.why.startswith("KeyError at test_errors.py:")
    assert CANARY not in repr(told)
    assert errors.from_bug(ValueError(CANARY)).why == "ValueError."


def test_a_role_that_cannot_be_used_names_the_line_to_correct() -> None:
    problem = Problem("loop", "a → b → a", "error", CONFIG, 40)
    told = errors.from_misconfigured_role(
        make_role("x", "1" * 12, "R", 9, broken=True, problems=(problem,))
    )
    assert told.why == "a → b → a"
    assert f"{CONFIG}:40" in told.next_step
    told = errors.from_misconfigured_role(make_role("x", "1" * 12, "R", 9, broken=True))
    assert told.why
    assert f"{CONFIG}:9" in told.next_step
