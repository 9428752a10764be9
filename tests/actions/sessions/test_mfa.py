from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from support.actions import GOOD_CODE, MFA_ARN, FakeMfaCommand, FakePrompt
from xswitch.actions.ports import MfaPrompt
from xswitch.actions.sessions.mfa import (
    FixedMfaCode,
    MfaCodeRequired,
    MfaCodes,
    MfaQuestion,
    NoMfaPrompt,
)
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    ExitCode,
    MfaNeededError,
    NetworkError,
    XswitchError,
)
from xswitch.core.model import MfaChallenge

T = TypeVar("T")
CHALLENGE = MfaChallenge(MFA_ARN, "admin")


class Device:
    """Accepts these codes, and rejects others with an error like AWS's."""

    def __init__(self, *good: str) -> None:
        self.good = good
        self.seen: list[str] = []

    def __call__(self, code: str) -> str:
        self.seen.append(code)
        if code not in self.good:
            raise AwsDeniedError(
                "AWS did not accept the MFA code.",
                why=f"refusal {len(self.seen)}",
                code="mfa_wrong",
            )
        return f"session by {code}"


def ask(
    device: Device,
    *answers: str | XswitchError,
    fixed_code: str | None = None,
    command: str | None = None,
    runs: FakeMfaCommand | None = None,
) -> tuple[str, FakePrompt]:
    prompt = FakePrompt(*answers)
    source = prompt if fixed_code is None else FixedMfaCode(fixed_code)
    return call_with_code(MfaCodes(source, runs or FakeMfaCommand()), device, command), prompt


def call_with_code(
    codes: MfaCodes,
    call: Callable[[str], T],
    command: str | None = None,
    profile: str = "dev",
    serial: str = MFA_ARN,
) -> T:
    """Ask between the attempts, as the broker does."""
    question = MfaQuestion(serial, profile, command)
    while True:
        try:
            return codes.call_with_code(question, call)
        except MfaCodeRequired:
            codes.ask(question)


def test_a_correct_code_needs_one_prompt() -> None:
    device = Device("111111")
    answer, prompt = ask(device, "111111")
    assert answer == "session by 111111"
    assert prompt.challenges == [MfaChallenge(MFA_ARN, "dev", attempt=1, refusal="")]


def test_blanks_in_a_code_do_not_count() -> None:
    device = Device("111111")
    ask(device, " 111 111\n")
    assert device.seen == ["111111"]


def test_a_wrong_code_is_asked_for_again_with_what_aws_said() -> None:
    device = Device("333333")
    answer, prompt = ask(device, "111111", "222222", "333333")
    assert answer == "session by 333333"
    assert [(c.attempt, c.refusal) for c in prompt.challenges] == [
        (1, ""),
        (2, "refusal 1"),
        (3, "refusal 2"),
    ]


def test_three_wrong_codes_are_enough() -> None:
    device = Device()
    with pytest.raises(AwsDeniedError) as caught:
        ask(device, "111111", "222222", "333333", "444444")
    assert device.seen == ["111111", "222222", "333333"]
    assert caught.value.why == "refusal 3"


def test_a_code_is_never_sent_twice() -> None:
    device = Device("222222")
    answer, prompt = ask(device, "111111", "111111", "222222")
    assert answer == "session by 222222"
    assert device.seen == ["111111", "222222"]
    assert "already" in prompt.challenges[2].refusal


def test_a_code_is_not_reused_for_another_session_of_the_same_device() -> None:
    codes = MfaCodes(FakePrompt("111111", "111111", "222222"), FakeMfaCommand())
    assert call_with_code(codes, Device("111111")) == "session by 111111"
    assert call_with_code(codes, Device("222222"), profile="b") == "session by 222222"


@pytest.mark.parametrize("odd", ["", "12345", "1234567", "12345a", "\uff11" * 6, "-12345"])
def test_a_malformed_code_is_not_sent(odd: str) -> None:
    device = Device("222222")
    _, prompt = ask(device, odd, "222222")
    assert device.seen == ["222222"]
    assert "six digits" in prompt.challenges[1].refusal


def test_an_error_of_aws_is_preferred_to_ours() -> None:
    with pytest.raises(AwsDeniedError, match="did not accept"):
        ask(Device(), "111111", "111111", "x")


def test_only_unusable_codes_are_an_error_of_their_own_kind() -> None:
    with pytest.raises(MfaNeededError) as caught:
        ask(Device(), "x", "y", "z")
    assert caught.value.code == "mfa_unusable"


def test_other_denials_cause_no_further_prompt() -> None:
    def denied(_: str) -> str:
        raise AwsDeniedError("AWS does not allow it.", code="not_authorized")

    prompt = FakePrompt("111111", "222222")
    with pytest.raises(AwsDeniedError, match="not allow"):
        call_with_code(MfaCodes(prompt, FakeMfaCommand()), denied)
    assert len(prompt.challenges) == 1


def test_a_cancelled_prompt_cancels() -> None:
    with pytest.raises(CancelledError):
        ask(Device(), "111111", CancelledError("The user gave up."))


def test_a_code_of_the_command_line_gets_one_attempt() -> None:
    device = Device("222222")
    with pytest.raises(AwsDeniedError):
        ask(device, "222222", fixed_code="111111")
    assert device.seen == ["111111"]
    answer, prompt = ask(device, fixed_code="222222")
    assert answer == "session by 222222"
    assert prompt.challenges == []


def test_a_malformed_code_of_the_command_line_is_not_sent() -> None:
    with pytest.raises(MfaNeededError):
        ask(Device(), "222222", fixed_code="12")


def test_a_second_session_does_not_get_the_code_of_the_command_line() -> None:
    codes = MfaCodes(FixedMfaCode("111111"), FakeMfaCommand())
    assert call_with_code(codes, Device("111111")) == "session by 111111"
    other = Device("111111")
    with pytest.raises(MfaNeededError):
        call_with_code(codes, other, profile="b")
    assert other.seen == []


def test_a_code_of_the_command_line_takes_precedence_over_the_process() -> None:
    runs = FakeMfaCommand()
    answer, _ = ask(Device("222222"), fixed_code="222222", command="oathtool x", runs=runs)
    assert answer == "session by 222222"
    assert runs.commands == []


def test_the_mfa_process_runs_before_the_prompt() -> None:
    runs = FakeMfaCommand()
    answer, prompt = ask(Device(GOOD_CODE), command="oathtool x", runs=runs)
    assert answer == f"session by {GOOD_CODE}"
    assert runs.commands == ["oathtool x"]
    assert prompt.challenges == []


def test_an_mfa_process_with_a_rejected_code_does_not_run_again() -> None:
    runs = FakeMfaCommand()
    answer, prompt = ask(Device("222222"), "222222", command="oathtool x", runs=runs)
    assert answer == "session by 222222"
    assert runs.commands == ["oathtool x"]
    assert prompt.challenges[0].refusal == "refusal 1"


def test_without_a_prompt_the_rejection_of_the_code_is_reported() -> None:
    with pytest.raises(AwsDeniedError):
        ask(Device(), command="oathtool x", runs=FakeMfaCommand())


def test_a_failed_mfa_process_is_followed_by_the_prompt() -> None:
    runs = FakeMfaCommand()
    runs.answer = MfaNeededError("The mfa_process printed nothing.")
    answer, _ = ask(Device("222222"), "222222", command="x", runs=runs)
    assert answer == "session by 222222"
    with pytest.raises(MfaNeededError, match="printed nothing"):
        ask(Device(), command="x", runs=runs)


def test_the_mfa_process_can_be_disabled() -> None:
    runs = FakeMfaCommand()
    with pytest.raises(MfaNeededError):
        call_with_code(
            MfaCodes(NoMfaPrompt("xswitch switch x"), runs, run_process=False),
            Device(),
            "oathtool x",
        )
    assert runs.commands == []


def test_without_a_prompt_the_error_names_the_command_to_run() -> None:
    with pytest.raises(MfaNeededError) as caught:
        NoMfaPrompt("xswitch renew --all").code(CHALLENGE)
    assert (caught.value.exit_code, caught.value.next_step) == (
        ExitCode.MFA_NEEDED,
        "xswitch renew --all",
    )
    assert MFA_ARN in caught.value.what
    with pytest.raises(MfaNeededError) as caught:
        NoMfaPrompt().code(CHALLENGE)
    assert caught.value.next_step == "xswitch switch admin --mfa-code CODE"


def test_a_failure_in_one_thread_fails_the_others_without_a_prompt() -> None:
    codes = MfaCodes(FakePrompt(), FakeMfaCommand())
    tries: list[int] = []

    def seek() -> str:
        tries.append(1)
        raise NetworkError("No network.")

    for _ in range(3):
        with codes.lock("k"), pytest.raises(NetworkError):
            codes.attempt_once("k", seek)
    assert codes.attempt_once("other", lambda: "fine") == "fine"
    assert len(tries) == 1


def test_questions_of_several_threads_do_not_overlap() -> None:
    prompt = FakePrompt(*(f"{number:06d}" for number in range(8)))
    inside: list[int] = []
    overlaps: list[int] = []

    def around() -> None:
        inside.append(1)
        overlaps.append(len(inside))
        time.sleep(0.001)
        inside.pop()

    prompt.around = around
    codes = MfaCodes(prompt, FakeMfaCommand())

    def answered(number: int) -> None:
        call_with_code(codes, lambda _: None, serial=f"{MFA_ARN}{number}")

    threads = [threading.Thread(target=answered, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [1] * 8


@pytest.mark.parametrize(
    ("prompt", "command", "takes_time"),
    [
        (FakePrompt("111111"), None, True),
        (FakePrompt("111111"), "oathtool x", True),
        (FakePrompt(), None, False),
        (NoMfaPrompt(), None, False),
        (NoMfaPrompt(), "oathtool x", True),
        (FixedMfaCode("111111"), None, False),
        (FixedMfaCode("111111"), "oathtool x", False),
    ],
)
def test_only_people_and_processes_take_time(
    prompt: MfaPrompt, command: str | None, *, takes_time: bool
) -> None:
    codes = MfaCodes(prompt, FakeMfaCommand())
    assert codes.takes_time(MfaQuestion(MFA_ARN, "dev", command)) is takes_time


def test_a_code_of_the_command_line_answers_once_and_is_never_shown() -> None:
    prompt = FixedMfaCode("123456")
    assert "123456" not in repr(vars(prompt))
    assert prompt.code(CHALLENGE) == "123456"
    with pytest.raises(MfaNeededError) as caught:
        prompt.code(MfaChallenge(MFA_ARN, "admin", attempt=2, refusal="AWS: wrong\x1b"))
    assert caught.value.why == "AWS: wrong␛"
    with pytest.raises(MfaNeededError) as caught:
        prompt.code(CHALLENGE)
    assert caught.value.why == "A code works only once, and another one is needed."
    assert "123456" not in str(vars(caught.value)) + str(vars(prompt))
