"""Signing in: both ways, every failure with its own sentence, one at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.actions import CANARY
from support.sso.sign_in import ANSWER, SESSION, START_URL, SsoWorld, a_token, refused
from xswitch.actions.sso.sign_in import (
    APPROVAL_SECONDS,
    CLOSED_BROWSER_SECONDS,
    SignInOptions,
)
from xswitch.core.errors import (
    CancelledError,
    ConfigError,
    ErrorCode,
    SignInError,
    XswitchError,
)
from xswitch.core.errors.sso import SIGN_IN_MESSAGES, sign_in_error
from xswitch.core.model import BrowserState, DevicePoll, Secret, Settings
from xswitch.core.sso.authorization import AnswerKind, CallbackAnswer
from xswitch.core.sso.sign_in_record import sign_in_key

KEY = sign_in_key(SESSION)
BY_CODE = SignInOptions(device_code=True)


def failure(world: SsoWorld, options: SignInOptions | None = None) -> XswitchError:
    with pytest.raises(XswitchError) as caught:
        world.sign_in(options)
    assert world.tokens.stored(SESSION) is None
    assert world.events.count("listens") == world.events.count("closed")
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.next_step}"
    return caught.value


def test_by_the_browser() -> None:
    world = SsoWorld()
    result = world.sign_in()
    # It listens before the browser can answer
    assert world.events == ["listens", "shown", "browser", "closed"]
    assert world.oidc.calls == ["register authorization_code", "token_by_code"]
    assert (result.method, result.refreshable, result.shared) == ("authorization_code", True, False)
    assert world.ui.prompts[0].url == world.browsers.urls[0]
    assert world.ui.prompts[0].browser_opened
    assert CANARY not in world.browsers.urls[0]
    assert world.tokens.stored(SESSION) == a_token(
        world.clock, result.expires_at.timestamp() - world.clock.now().timestamp(), "number-2"
    )
    entry = world.index.entries()[KEY]
    assert (entry.kind, entry.profile, entry.principal) == ("sso_token", "corp", START_URL)
    assert not world.shared.tokens


def test_by_a_code() -> None:
    world = SsoWorld()
    world.oidc.polls = [DevicePoll.PENDING, DevicePoll.SLOW_DOWN, DevicePoll.PENDING]
    result = world.sign_in(BY_CODE)
    assert result.method == "device_code"
    assert world.events == ["shown"]
    prompt = world.ui.prompts[0]
    assert (prompt.user_code, prompt.short_url) == ("ABCD-EFGH", f"{START_URL}/#/device")
    assert prompt.url.endswith("user_code=ABCD-EFGH")
    # The first try shows nothing; then 5 s, and 5 s more after each "slow down"
    assert world.seconds == pytest.approx(5 + 10 + 10)
    assert world.ui.left[0] == 600
    assert world.ui.left == sorted(world.ui.left, reverse=True)


def test_a_client_that_was_approved_before_needs_no_person() -> None:
    world = SsoWorld()
    assert world.sign_in(BY_CODE).method == "device_code"
    assert not world.ui.prompts


def test_without_a_browser_it_is_by_a_code() -> None:
    world = SsoWorld()
    world.browsers.there = False
    assert world.sign_in().method == "device_code"


@pytest.mark.parametrize("how", ["option", "setting"])
def test_a_printed_url_opens_no_browser(how: str) -> None:
    world = SsoWorld(settings=Settings(browser="print" if how == "setting" else ""))
    world.browsers.there = False
    result = world.sign_in(SignInOptions(no_browser=how == "option"))
    assert result.method == "authorization_code"
    assert not world.browsers.urls
    assert not world.ui.prompts[0].browser_opened


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_browser_that_fails_leads_to_a_code(when: str) -> None:
    world = SsoWorld()
    if when == "at once":
        world.browsers.error = sign_in_error("corp", ErrorCode.SSO_NO_BROWSER, detail="none")
    else:
        world.callbacks.waits = 5
        world.browsers.states = [BrowserState.OPEN, BrowserState.FAILED]
    assert world.sign_in().method == "device_code"
    assert any("No browser was started" in text for text in world.ui.said)
    assert world.events[-1] == "closed"


WRONG_ANSWERS = [
    (CallbackAnswer(AnswerKind.WRONG_STATE), "sso_state"),
    (CallbackAnswer(AnswerKind.ERROR, error="access_denied: not you"), "sso_callback"),
]


@pytest.mark.parametrize(("answer", "code"), WRONG_ANSWERS)
def test_an_answer_that_is_none(answer: CallbackAnswer, code: str) -> None:
    world = SsoWorld()
    world.callbacks.answer = answer
    error = failure(world)
    assert (error.code, error.next_step) == (code, "xswitch login corp")
    assert "token_by_code" not in world.oidc.calls


def test_nobody_answers_for_ten_minutes() -> None:
    world = SsoWorld()
    world.callbacks.answer = None
    error = failure(world)
    assert error.code == "sso_no_answer"
    assert "within 10 minutes" in error.what
    assert world.seconds == pytest.approx(APPROVAL_SECONDS, abs=1)
    assert (world.ui.left[0], world.ui.left[-1]) == (600, 0)


def test_the_window_is_closed() -> None:
    world = SsoWorld()
    world.callbacks.answer = None
    world.browsers.states = [BrowserState.OPEN] * 20 + [BrowserState.CLOSED] * 10_000
    error = failure(world)
    assert error.code == "sso_window_closed"
    assert world.seconds == pytest.approx(20 * 0.2 + CLOSED_BROWSER_SECONDS, abs=1)
    assert any("closed" in text for text in world.ui.said)


def test_the_url_is_opened_again_after_the_window_was_closed() -> None:
    world = SsoWorld()
    world.callbacks.waits = 100
    world.browsers.states = [BrowserState.CLOSED] * 200
    assert world.sign_in().method == "authorization_code"


def test_a_second_answer_is_told() -> None:
    world = SsoWorld()
    world.callbacks.repeated = 1
    world.sign_in()
    assert any("second answer" in text for text in world.ui.said)


def test_a_port_that_cant_be_had() -> None:
    world = SsoWorld()
    world.callbacks.error = sign_in_error("corp", ErrorCode.SSO_NO_PORT, detail="in use")
    error = failure(world)
    assert (error.code, error.next_step) == ("sso_no_port", "xswitch login --device-code corp")


@pytest.mark.parametrize("options", [SignInOptions(), BY_CODE])
def test_cancelled(options: SignInOptions) -> None:
    world = SsoWorld()
    world.ui.gives_up = True
    world.oidc.polls = [DevicePoll.PENDING] * 9
    assert isinstance(failure(world, options), CancelledError)


def test_interrupted() -> None:
    world = SsoWorld()

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    world.callbacks.on_wait = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.sign_in()
    assert world.events[-1] == "closed"


@pytest.mark.parametrize(
    ("seconds", "code"), [(60.0, "sso_code_expired"), (3600.0, "sso_no_answer")]
)
def test_a_code_that_nobody_approves(seconds: float, code: str) -> None:
    world = SsoWorld()
    world.oidc.device_seconds = seconds
    world.oidc.polls = [DevicePoll.PENDING] * 1000
    assert failure(world, BY_CODE).code == code
    assert world.seconds == pytest.approx(min(seconds, APPROVAL_SECONDS), abs=1)


REFUSALS = [code for code in SIGN_IN_MESSAGES if code is not ErrorCode.SSO_NO_BROWSER]


@pytest.mark.parametrize("options", [SignInOptions(), BY_CODE])
@pytest.mark.parametrize("code", REFUSALS)
def test_each_refusal_of_the_service_ends_the_sign_in(
    options: SignInOptions, code: ErrorCode
) -> None:
    operations = (
        ["register device_code", "start_device", "token_by_device_code"]
        if options.device_code
        else ["register authorization_code", "token_by_code"]
    )
    for operation in operations:
        world = SsoWorld()
        world.oidc.refusals = {operation: [sign_in_error("corp", code, detail="d")]}
        assert failure(world, options).code == code


def test_each_failure_has_its_own_sentence() -> None:
    sentences = {sign_in_error("corp", code, detail="d").what for code in SIGN_IN_MESSAGES}
    assert len(sentences) == len(SIGN_IN_MESSAGES)


def test_a_start_url_that_cant_be_used() -> None:
    world = SsoWorld()
    world.start_urls.resolved = sign_in_error("corp", ErrorCode.SSO_START_URL, detail="d")
    assert failure(world).code == "sso_start_url"
    assert not world.oidc.calls


def test_a_valid_sign_in_is_used_unless_forced() -> None:
    world = SsoWorld()
    first = world.sign_in()
    second = world.sign_in()
    assert (second.method, second.expires_at) == (None, first.expires_at)
    assert world.sign_in(SignInOptions(force=True)).method == "authorization_code"


def test_a_registration_is_used_again_for_its_own_way_only() -> None:
    world = SsoWorld()
    world.sign_in()
    world.clock.advance(3600)
    world.sign_in()
    assert world.oidc.calls.count("register authorization_code") == 1
    world.clock.advance(3600)
    world.sign_in(BY_CODE)
    assert world.oidc.calls.count("register device_code") == 1
    world.clock.advance(3600)
    world.sign_in(BY_CODE)
    world.clock.advance(3600)
    world.callbacks.waits = 2
    world.sign_in()
    assert [call for call in world.oidc.calls if call.startswith("register")] == [
        "register authorization_code",
        "register device_code",
    ]
    # Not for other scopes, after its end, or when it was forced
    world.clock.advance(91 * 24 * 3600)
    world.sign_in()
    world.sign_in(SignInOptions(force=True))
    assert world.oidc.calls.count("register authorization_code") == 3


@pytest.mark.parametrize("how", ["option", "setting"])
def test_a_shared_token(how: str) -> None:
    world = SsoWorld(settings=Settings(share_sso_token=how == "setting"))
    result = world.sign_in(SignInOptions(share=how == "option"))
    assert result.shared
    assert world.shared.tokens["corp"] == world.tokens.stored(SESSION)
    world.shared.tokens.clear()
    # Also one that was valid already
    assert world.sign_in(SignInOptions(share=how == "option")).method is None
    assert world.shared.tokens["corp"] == world.tokens.stored(SESSION)


def test_a_token_that_cant_be_shared_is_kept_and_the_error_says_so() -> None:
    world = SsoWorld()
    world.shared.error = ConfigError(
        "The token file can't be written.", why="/x: read-only", next_step="chmod u+w /x"
    )
    with pytest.raises(ConfigError, match="You're signed in to corp, but the AWS CLI") as caught:
        world.sign_in(SignInOptions(share=True))
    assert caught.value.why == "The token file can't be written. /x: read-only"
    assert caught.value.next_step == "chmod u+w /x"
    assert world.tokens.stored(SESSION) is not None


def test_a_token_of_the_aws_cli_counts_as_signed_in() -> None:
    world = SsoWorld()
    world.shared.tokens["corp"] = a_token(world.clock)
    assert world.sign_in().method is None


def test_the_second_of_two_uses_the_first_ones_token() -> None:
    world = SsoWorld()
    name = f"sso-sign-in-{KEY}"
    holder = world.locks.hold(name)
    holder.__enter__()
    slept: list[float] = []

    def first_one_is_done(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            world.store(a_token(world.clock, name="of the first"))
            holder.__exit__(None, None, None)

    sso = replace(world.sso, sleep=first_one_is_done)
    world.sso = sso
    result = world.sign_in(SignInOptions(force=True))
    assert result.method is None
    assert not world.oidc.calls
    assert world.ui.said[0].startswith("waiting for another xswitch")


def test_signed_out_meanwhile() -> None:
    world = SsoWorld()

    def sign_out(_: float) -> None:
        world.forget_marks.mark([KEY])

    world.callbacks.on_wait = sign_out
    error = failure(world)
    assert error.code == "forgotten"


def test_no_secret_is_shown() -> None:
    world = SsoWorld()
    world.oidc.polls = [DevicePoll.PENDING]
    world.sign_in()
    world.sign_in(replace(BY_CODE, force=True))
    shown = f"{world.ui.said} {world.ui.prompts} {world.browsers.urls} {world.index.entries()}"
    assert CANARY not in shown
    assert ANSWER.code == Secret(f"{CANARY}-code")
    assert isinstance(refused(), SignInError)
