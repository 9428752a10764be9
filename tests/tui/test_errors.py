from __future__ import annotations

from collections.abc import Callable

import pytest

from support.tui.fake_actions import CONFIG, make_role
from xswitch.core.errors import AwsDeniedError, ExitCode
from xswitch.core.model import Problem
from xswitch.tui import errors

CANARY = "canary-secret-value"


def test_an_expected_error_is_shown_whole_and_sanitized() -> None:
    failure = errors.from_exception(
        AwsDeniedError(
            "AWS \x1b[31mrefused.", why="No\n.", next_step="xswitch doctor", code="denied"
        )
    )
    assert failure.what == "AWS ␛[31mrefused."
    assert failure.why == "No␊."
    assert (failure.next_step, failure.code, failure.exit_code) == (
        "xswitch doctor",
        "denied",
        ExitCode.DENIED,
    )


def test_an_unexpected_exception_shows_type_and_location_only() -> None:
    def fails(secret: str) -> None:
        raise KeyError(secret)

    try:
        fails(CANARY)
    except KeyError as error:
        failure = errors.from_exception(error)
    assert failure.what == "This is a bug in xswitch."
    assert failure.why.startswith("KeyError at test_errors.py:")
    assert CANARY not in repr(failure)
    assert errors.from_bug(ValueError(CANARY)).why == "ValueError."


def test_a_misconfigured_role_names_the_line_to_fix() -> None:
    problem = Problem("loop", "a → b → a", "error", CONFIG, 40)
    failure = errors.from_misconfigured_role(
        make_role("x", "1" * 12, "R", 9, broken=True, problems=(problem,))
    )
    assert failure.why == "a → b → a"
    assert f"{CONFIG}:40" in failure.next_step
    failure = errors.from_misconfigured_role(make_role("x", "1" * 12, "R", 9, broken=True))
    assert failure.why
    assert f"{CONFIG}:9" in failure.next_step


def test_a_library_below_a_folder_named_xswitch_is_not_the_program() -> None:
    names: dict[str, Callable[[], None]] = {}
    path = "/home/me/xswitch/.venv/lib/python3/site-packages/library.py"
    exec(compile("def fail():\n    raise KeyError\n", path, "exec"), names)
    with pytest.raises(KeyError) as caught:
        names["fail"]()
    assert errors.from_exception(caught.value).why.startswith("KeyError at library.py:2")
