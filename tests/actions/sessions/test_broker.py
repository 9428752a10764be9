from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from support.actions import (
    CONFIG,
    CREDENTIALS,
    GOOD_CODE,
    MFA_ARN,
    NOW,
    FakeBase,
    FakePrompt,
    World,
)
from xswitch.actions.ports import no_progress, replace_ports
from xswitch.actions.sessions.acquisition import SessionRequest, SessionResult
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.mfa import FixedMfaCode, MfaCodes
from xswitch.actions.sessions.unlocked import MAX_LOCK_WAIT_SECONDS, device_turn
from xswitch.actions.snapshot import take_snapshot
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    ChainError,
    ConfigError,
    IdentityMismatchError,
    LockBusyError,
    MfaNeededError,
    NetworkError,
    SourceCredentialsError,
    VaultBrokenError,
    VaultError,
    VaultLockedError,
    XswitchError,
)
from xswitch.core.model import (
    ConfigView,
    Credentials,
    CredentialSource,
    Endpoint,
    HistoryEntry,
    SessionPlan,
)
from xswitch.core.profiles.managed import Overrides
from xswitch.core.sessions import session_record
from xswitch.core.sessions.running_commands import credential_process_digest, mfa_process_digest

LITERAL = f"""
[profile sso]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Developer
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
[profile literal]
role_arn = arn:aws:iam::222222222222:role/Literal
source_profile = sso
mfa_serial = {MFA_ARN}
[profile process]
credential_process = /bin/keys
[profile via-process]
role_arn = arn:aws:iam::222222222222:role/ViaProcess
source_profile = process
mfa_serial = {MFA_ARN}
duration_seconds = 7200
[profile process-hub]
role_arn = arn:aws:iam::222222222222:role/ProcessHub
source_profile = process
[profile process-spoke]
role_arn = arn:aws:iam::222222222222:role/ProcessSpoke
source_profile = process-hub
mfa_serial = {MFA_ARN}
"""

WITH_PROCESS = CONFIG.replace("[profile reports]", "mfa_process = ask\n[profile reports]")


@pytest.fixture
def world() -> World:
    return World(config=CONFIG + LITERAL)


def plan(world: World, name: str, overrides: Overrides | None = None) -> SessionPlan:
    snapshot = take_snapshot(world.ports.config)
    return snapshot.plan(snapshot.roles_by_name[name], overrides or Overrides())


def get(
    world: World,
    name: str,
    *codes: str | XswitchError,
    force: bool = False,
    eager: bool = False,
    interactive: bool = True,
    progress: Callable[[str], None] = no_progress,
    prompt: FakePrompt | None = None,
    fixed_code: str | None = None,
    run_process: bool = True,
) -> SessionResult:
    source = (prompt or FakePrompt(*codes)) if fixed_code is None else FixedMfaCode(fixed_code)
    request = SessionRequest(
        MfaCodes(source, world.mfa_command, run_process=run_process),
        progress,
        force_renewal=force,
        renew_if_advised=eager,
        interactive=interactive,
        managed_profile=f"xs-{name}",
    )
    return Broker(world.ports).session(plan(world, name), world.config.read(), request)


def roles(world: World) -> list[str]:
    return [request.role_arn.rpartition("/")[2] for request in world.sts.requests]


# -- stored and new sessions


def test_an_mfa_session_and_the_role_session_are_made_and_stored(world: World) -> None:
    session = get(world, "payments", GOOD_CODE)
    assert not session.from_vault
    assert session.problems == ()
    assert world.sts.mfa_calls == [43_200]
    assert roles(world) == ["Admin"]
    assert world.sts.keys == ["AKIADEV", "ASIAMFA1"]
    session_plan = plan(world, "payments")
    assert session_plan.mfa is not None
    assert set(world.vault.values) == {session_plan.key, session_plan.mfa.key}
    assert (
        session_record.decode(world.vault.values[session_plan.key], session_plan.key)
        == session.record
    )
    entry, mfa = world.index.stored[session_plan.key], world.index.stored[session_plan.mfa.key]
    assert (entry.kind, entry.profile, entry.principal, entry.managed_profile) == (
        "role",
        "payments",
        session_plan.hops[0].request.role_arn,
        "xs-payments",
    )
    assert (mfa.kind, mfa.profile, mfa.principal, mfa.managed_profile) == (
        "mfa",
        "dev",
        MFA_ARN,
        "",
    )
    assert entry.expires_at == NOW + timedelta(hours=1)
    assert mfa.expires_at == NOW + timedelta(hours=12)


def test_a_fresh_session_comes_out_of_the_vault_without_a_lock_or_a_call(world: World) -> None:
    first = get(world, "payments", GOOD_CODE)
    world.locks.held.clear()
    calls = len(world.sts.keys)
    again = get(world, "payments")
    assert again.from_vault
    assert again.record == first.record
    assert len(world.sts.keys) == calls
    assert world.locks.held == []
    assert world.background.started == []


def test_one_mfa_question_serves_every_role_of_that_device(world: World) -> None:
    get(world, "payments", GOOD_CODE)
    get(world, "reports")
    get(world, "hub")
    assert len(world.sts.mfa_calls) == 1


def test_a_role_without_mfa_is_assumed_with_the_base(world: World) -> None:
    get(world, "open")
    assert world.sts.keys == ["AKIADEV"]
    assert world.sts.mfa_calls == []


def test_a_chain_stores_each_session_under_its_own_key(world: World) -> None:
    get(world, "spoke", GOOD_CODE)
    assert roles(world) == ["Hub", "Spoke"]
    assert world.sts.keys == ["AKIADEV", "ASIAMFA1", "ASIAROLE2"]
    assert world.sts.requests[1].external_id == "spoke-7"
    assert world.index.stored[plan(world, "spoke").hops[0].key].managed_profile == ""
    get(world, "hub")
    assert roles(world) == ["Hub", "Spoke"]


def test_a_valid_session_within_a_chain_makes_earlier_ones_unnecessary(world: World) -> None:
    get(world, "spoke", GOOD_CODE)
    session_plan = plan(world, "spoke")
    assert session_plan.mfa is not None
    del world.vault.values[session_plan.key], world.vault.values[session_plan.mfa.key]
    get(world, "spoke")
    assert roles(world) == ["Hub", "Spoke", "Spoke"]
    assert len(world.sts.mfa_calls) == 1


def test_the_mfa_session_is_used_to_its_last_minute(world: World) -> None:
    get(world, "payments", GOOD_CODE)
    world.clock.advance(12 * 3600 - 61)
    get(world, "payments")
    world.clock.advance(3600)
    with pytest.raises(MfaNeededError):
        get(world, "payments")


def test_the_request_is_what_the_plan_says(world: World) -> None:
    overrides = Overrides(session_name="me@work", duration_seconds=900, tags=(("team", "x"),))
    session_plan = plan(world, "open", overrides)
    request = SessionRequest(MfaCodes(FakePrompt(), world.mfa_command), no_progress)
    Broker(world.ports).session(session_plan, world.config.read(), request)
    assert world.sts.requests == [session_plan.hops[0].request]
    assert world.sts.endpoints == [session_plan.endpoint]


# -- freshness


def test_between_soft_and_hard_it_is_served_and_renewed_in_the_background(world: World) -> None:
    first = get(world, "open")
    world.clock.time = first.record.advisory_refresh_at - timedelta(seconds=1)
    get(world, "open")
    assert world.background.started == []
    world.clock.time = first.record.advisory_refresh_at
    assert get(world, "open").record == first.record
    assert world.background.started == ["xs-open"]
    world.clock.time = first.record.mandatory_refresh_at - timedelta(seconds=1)
    assert get(world, "open").from_vault
    assert len(world.sts.requests) == 1


def test_nothing_is_started_that_could_only_fail_for_want_of_a_code(world: World) -> None:
    get(world, "payments", GOOD_CODE)
    world.clock.advance(12 * 3600 - 120)
    first = get(world, "payments")
    world.clock.time = first.record.advisory_refresh_at
    assert get(world, "payments").from_vault
    assert world.background.started == []


def test_a_role_profile_without_a_managed_one_is_renewed_by_its_own_name(world: World) -> None:
    session_plan = plan(world, "open")
    request = SessionRequest(MfaCodes(FakePrompt(), world.mfa_command), no_progress)
    first = Broker(world.ports).session(session_plan, world.config.read(), request)
    world.clock.time = first.record.advisory_refresh_at
    Broker(world.ports).session(session_plan, world.config.read(), request)
    assert world.background.started == ["open"]


def test_from_hard_on_the_caller_waits_for_a_new_one(world: World) -> None:
    first = get(world, "open")
    world.clock.time = first.record.mandatory_refresh_at
    second = get(world, "open")
    assert second.record.credentials != first.record.credentials
    assert not second.from_vault
    assert world.background.started == []


@pytest.mark.parametrize(
    "failure",
    [
        NetworkError("No network."),
        AwsDeniedError("No."),
        SourceCredentialsError("Logged out."),
        LockBusyError("Busy."),
        MfaNeededError("Nobody."),
    ],
)
def test_a_valid_session_is_returned_if_its_renewal_fails(
    world: World, failure: XswitchError
) -> None:
    first = get(world, "open")
    world.clock.time = first.record.mandatory_refresh_at
    world.base.fail = failure
    session = get(world, "open")
    assert session.record == first.record
    assert session.from_vault
    assert [problem.code for problem in session.problems] == ["not_renewed"]
    assert failure.what in session.problems[0].message


@pytest.mark.parametrize("left", [60, 30, 0, -1])
def test_a_session_in_its_last_minute_or_after_it_is_not_served(world: World, left: int) -> None:
    first = get(world, "open")
    world.clock.time = first.record.expires_at - timedelta(seconds=left)
    world.base.fail = NetworkError("No network.")
    with pytest.raises(NetworkError):
        get(world, "open")


def test_a_cancelled_renewal_cancels_even_with_a_valid_session(world: World) -> None:
    get(world, "payments", GOOD_CODE)
    world.clock.advance(12 * 3600 - 120)
    first = get(world, "payments")
    world.clock.time = first.record.mandatory_refresh_at
    with pytest.raises(CancelledError):
        get(world, "payments", CancelledError("The user gave up."))


def test_force_makes_a_new_role_session_from_the_same_mfa_session(world: World) -> None:
    first = get(world, "payments", GOOD_CODE)
    second = get(world, "payments", force=True)
    assert second.record.credentials != first.record.credentials
    assert len(world.sts.mfa_calls) == 1


def test_a_forced_renewal_never_returns_the_stored_session(world: World) -> None:
    get(world, "open")
    world.base.fail = NetworkError("No network.")
    with pytest.raises(NetworkError):
        get(world, "open", force=True)


def test_a_forced_renewal_returns_a_session_made_while_it_waited(world: World) -> None:
    first = get(world, "open")
    other: list[SessionResult] = []

    def meanwhile(_: str) -> None:
        world.locks.waiting = no_progress
        other.append(get(world, "open", force=True))

    world.locks.waiting = meanwhile
    session = get(world, "open", force=True)
    assert session.from_vault
    assert session.record == other[0].record != first.record


def test_eager_renews_what_is_due_in_the_background_and_tells_its_failures(world: World) -> None:
    first = get(world, "open")
    assert get(world, "open", eager=True).record == first.record
    world.clock.time = first.record.advisory_refresh_at
    world.base.fail = NetworkError("No network.")
    with pytest.raises(NetworkError):
        get(world, "open", eager=True)
    world.base.fail = None
    assert get(world, "open", eager=True).record != first.record
    assert world.background.started == []


def test_a_session_from_before_the_clock_was_set_back_is_replaced(world: World) -> None:
    first = get(world, "open")
    world.clock.advance(-3600)
    assert get(world, "open").record != first.record


def test_and_served_when_that_fails(world: World) -> None:
    first = get(world, "open")
    world.clock.advance(-3600)
    world.base.fail = NetworkError("No network.")
    assert get(world, "open").record == first.record


def test_a_clock_set_back_a_little_changes_nothing(world: World) -> None:
    first = get(world, "open")
    world.clock.advance(-240)
    assert get(world, "open").record == first.record


# -- MFA


def test_a_wrong_code_is_asked_for_again(world: World) -> None:
    prompt = FakePrompt("999999", GOOD_CODE)
    get(world, "payments", prompt=prompt)
    assert [challenge.attempt for challenge in prompt.challenges] == [1, 2]
    assert prompt.challenges[0].serial == MFA_ARN
    assert prompt.challenges[0].profile == "dev"
    assert "one time pass code" in prompt.challenges[1].refusal


def test_after_three_wrong_codes_nothing_is_stored(world: World) -> None:
    with pytest.raises(AwsDeniedError):
        get(world, "payments", "999991", "999992", "999993", GOOD_CODE)
    assert world.vault.values == {}
    assert world.index.stored == {}


def test_a_code_of_the_command_line_replaces_the_prompt(world: World) -> None:
    get(world, "payments", fixed_code=GOOD_CODE)
    with pytest.raises(AwsDeniedError):
        get(World(), "payments", GOOD_CODE, fixed_code="999999")


def test_the_mfa_process_of_the_profile_runs(world: World) -> None:
    world.config.config = CONFIG.replace(
        "[profile reports]", "mfa_process = oathtool --totp\n[profile reports]", 1
    )
    get(world, "payments")
    assert world.mfa_command.commands == ["oathtool --totp"]


def test_who_is_asked_first_learns_of_a_base_that_is_missing(world: World) -> None:
    world.base.fail = SourceCredentialsError("There are no keys.")
    prompt = FakePrompt(GOOD_CODE)
    with pytest.raises(SourceCredentialsError):
        get(world, "payments", prompt=prompt)
    assert prompt.challenges == []


def test_an_unattended_client_fails_before_any_lookup(world: World) -> None:
    with pytest.raises(MfaNeededError):
        get(world, "payments", interactive=False)
    assert world.base.resolved == []
    assert world.sts.keys == []


def test_a_temporary_base_sends_the_code_with_the_role(world: World) -> None:
    get(world, "literal", GOOD_CODE)
    assert world.sts.mfa_calls == []
    assert world.sts.requests[0].mfa_serial == MFA_ARN
    assert world.sts.codes_seen == [GOOD_CODE]
    with pytest.raises(MfaNeededError):
        get(world, "literal", force=True)


def test_a_role_of_a_temporary_base_runs_the_process_too(world: World) -> None:
    world.config.config += "mfa_process = never\n[profile literal]\nmfa_process = oathtool\n"
    get(world, "literal")
    assert world.mfa_command.commands == ["oathtool"]


@pytest.mark.parametrize("interactive", [True, False])
def test_a_process_that_gives_temporary_keys_is_treated_like_one(
    world: World,
    interactive: bool,  # noqa: FBT001 -- both cases
) -> None:
    world.base.temporary = True
    session = get(world, "via-process", GOOD_CODE, interactive=interactive)
    assert world.sts.mfa_calls == []
    assert world.sts.requests[0].mfa_serial == MFA_ARN
    assert world.sts.requests[0].duration_seconds == 3600
    assert session.record.key == plan(world, "via-process").key


def test_a_process_that_gives_long_term_keys_makes_an_mfa_session(world: World) -> None:
    get(world, "via-process", GOOD_CODE)
    assert len(world.sts.mfa_calls) == 1
    assert world.sts.requests[0].mfa_serial is None


def test_a_later_hop_sends_the_code_when_the_process_turns_out_temporary(world: World) -> None:
    world.base.temporary = True
    get(world, "process-hub")
    get(world, "process-spoke", GOOD_CODE)
    assert [request.mfa_serial for request in world.sts.requests] == [None, None, MFA_ARN]
    assert world.sts.codes_seen == [GOOD_CODE]


def test_a_later_hop_needs_no_code_after_an_mfa_session(world: World) -> None:
    get(world, "process-spoke", GOOD_CODE)
    assert [request.mfa_serial for request in world.sts.requests] == [None, None]
    get(world, "process-spoke", force=True)
    assert len(world.sts.mfa_calls) == 1


# -- sessions that AWS rejects


@pytest.mark.parametrize("code", ["expired_token", "invalid_key"])
def test_a_rejected_stored_mfa_session_is_replaced_once(world: World, code: str) -> None:
    get(world, "payments", GOOD_CODE)
    world.sts.refuse["ASIAMFA1"] = AwsDeniedError("The session is over.", code=code)
    world.sts.codes.add("222222")
    get(world, "reports", "222222")
    assert len(world.sts.mfa_calls) == 2
    assert roles(world) == ["Admin", "Reports"]


def test_a_rejected_stored_session_within_a_chain_is_replaced_once(world: World) -> None:
    get(world, "spoke", GOOD_CODE)
    world.sts.refuse["ASIAROLE2"] = AwsDeniedError("The session is over.", code="expired_token")
    get(world, "spoke", force=True)
    assert roles(world) == ["Hub", "Spoke", "Hub", "Spoke"]
    assert len(world.sts.mfa_calls) == 1


def test_other_refusals_drop_nothing(world: World) -> None:
    get(world, "payments", GOOD_CODE)
    world.sts.refuse["arn:aws:iam::222222222222:role/Reports"] = AwsDeniedError(
        "Not allowed.", code="not_authorized"
    )
    with pytest.raises(AwsDeniedError):
        get(world, "reports")
    assert len(world.sts.mfa_calls) == 1
    session_plan = plan(world, "reports")
    assert session_plan.mfa is not None
    assert session_plan.mfa.key in world.vault.values


def test_a_rejected_new_session_is_not_replaced(world: World) -> None:
    world.sts.refuse["ASIAMFA1"] = AwsDeniedError("The session is over.", code="expired_token")
    with pytest.raises(AwsDeniedError):
        get(world, "payments", GOOD_CODE, "222222")
    assert len(world.sts.mfa_calls) == 1


def test_rejected_source_credentials_are_an_error(world: World) -> None:
    world.sts.refuse["AKIADEV"] = SourceCredentialsError(
        "AWS does not know the access key.", code="invalid_key"
    )
    with pytest.raises(SourceCredentialsError):
        get(world, "open")
    assert len(world.sts.keys) == 1


def test_rejected_source_credentials_come_with_the_command_that_fixes_them(world: World) -> None:
    world.sts.refuse["AKIADEV"] = AwsDeniedError("The session is over.", code="expired_token")
    for role in ("open", "payments"):
        with pytest.raises(SourceCredentialsError) as caught:
            get(world, role, GOOD_CODE)
        assert caught.value.code == "expired_token"
        assert caught.value.exit_code == 6
        assert "--profile dev" in caught.value.next_step


def test_a_session_renewed_by_another_process_is_not_dropped(world: World) -> None:
    get(world, "payments", GOOD_CODE)
    session_plan = plan(world, "reports")
    assert session_plan.mfa is not None
    key = session_plan.mfa.key
    stored_record = session_record.decode(world.vault.values[key], key)
    assert stored_record is not None
    newer = replace(stored_record.credentials, access_key_id="ASIANEWER")
    world.sts.refuse["ASIAMFA1"] = AwsDeniedError("The session is over.", code="expired_token")

    def meanwhile() -> None:
        world.vault.values[key] = session_record.encode(key, newer, NOW)

    world.sts.around = meanwhile
    get(world, "reports")
    assert len(world.sts.mfa_calls) == 1
    assert world.sts.keys[-1] == "ASIANEWER"


# -- responses that can't be stored


def test_an_answer_without_an_end_is_an_error(world: World) -> None:
    world.sts.no_expiry = True
    with pytest.raises(NetworkError) as caught:
        get(world, "open")
    assert caught.value.code == "incomplete_answer"
    assert world.vault.values == {}


def test_an_answer_without_a_token_is_an_error(world: World) -> None:
    world.sts.no_token = True
    with pytest.raises(NetworkError):
        get(world, "open")


def test_an_answer_without_an_access_key_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.sts._credentials
    monkeypatch.setattr(
        world.sts, "_credentials", lambda *args: replace(real(*args), access_key_id="")
    )
    with pytest.raises(NetworkError):
        get(world, "open")
    assert world.vault.values == {}


@pytest.mark.parametrize("life", [0, -3600])
def test_a_session_that_is_over_when_it_comes_tells_of_the_clock(world: World, life: int) -> None:
    world.sts.life = life
    with pytest.raises(NetworkError) as caught:
        get(world, "open")
    assert caught.value.code == "clock_skew"
    assert "2026-03-01 12:00:00" in caught.value.why
    assert world.vault.values == {}


# -- the vault and the index


@pytest.mark.parametrize("failure", [VaultLockedError("Locked."), VaultBrokenError("Mute.")])
def test_an_unreadable_vault_is_reported_without_a_call_to_aws(
    world: World, failure: VaultError
) -> None:
    get(world, "open")
    world.vault.fail = failure
    calls = len(world.sts.keys)
    with pytest.raises(type(failure)):
        get(world, "open")
    assert len(world.sts.keys) == calls


def test_an_unwritable_vault_is_reported(world: World) -> None:
    world.vault.fail_put = VaultLockedError("Locked.")
    with pytest.raises(VaultLockedError):
        get(world, "open")
    assert world.index.stored == {}


def test_damaged_and_foreign_values_are_as_good_as_absent(world: World) -> None:
    key = plan(world, "open").key
    other = session_record.encode(
        "f" * 40, get(world, "payments", GOOD_CODE).record.credentials, NOW
    )
    for value in ("", "rubbish", other):
        world.vault.values[key] = value
        assert not get(world, "open").from_vault


def test_an_index_that_cannot_be_written_costs_no_session(world: World) -> None:
    world.index.fail = ConfigError("The index can't be written.")
    session = get(world, "open")
    assert [problem.code for problem in session.problems] == ["index"]
    assert get(world, "open").from_vault


def test_what_the_index_knows_of_a_session_survives_its_renewal(world: World) -> None:
    get(world, "hub", GOOD_CODE)
    key = plan(world, "hub").key
    world.index.stored[key] = replace(world.index.stored[key], static=True)
    world.clock.advance(3000)
    get(world, "spoke")
    assert world.index.stored[key].managed_profile == "xs-hub"
    assert world.index.stored[key].static
    assert world.index.stored[key].issued_at == world.clock.now()


def test_a_session_can_be_dropped(world: World) -> None:
    key = get(world, "open").record.key
    Broker(world.ports).drop(key)
    assert world.vault.values == {}
    assert world.index.stored == {}
    assert key in world.locks.held


# -- concurrency


def test_locks_are_taken_in_the_order_of_the_chain(world: World) -> None:
    get(world, "spoke", GOOD_CODE)
    session_plan = plan(world, "spoke")
    assert session_plan.mfa is not None
    chain = [session_plan.key, session_plan.hops[0].key, session_plan.mfa.key]
    device = device_turn(MFA_ARN)
    # Until it's known that a code is needed, and that no one else asks; then with the code
    assert world.locks.held == [*chain, device, *chain, *chain]


@pytest.mark.parametrize("name", ["payments", "spoke", "literal", "via-process"])
@pytest.mark.parametrize("process", [False, True])
def test_no_session_is_locked_during_a_question(world: World, name: str, *, process: bool) -> None:
    if process:
        world.config.config += "mfa_process = ask\n"
        for section in ("dev", "sso", "process"):
            world.config.config = world.config.config.replace(
                f"[profile {section}]", f"[profile {section}]\nmfa_process = ask"
            )
    served: list[str] = []

    def meanwhile() -> None:
        # A silent caller learns at once that a code is needed, and others go on
        with pytest.raises(MfaNeededError) as caught:
            get(world, name, interactive=False, run_process=False)
        assert caught.value.exit_code == 5
        served.append(get(world, "open").record.key)
        held = [key for key, lock in world.locks._locks.items() if lock.locked()]
        assert device_turn(MFA_ARN) in held
        assert {key.partition("-")[0] for key in held} <= {"mfa", "source"}

    prompt = FakePrompt(GOOD_CODE)
    prompt.around = meanwhile
    world.mfa_command.around = meanwhile
    get(world, name, prompt=FakePrompt() if process else prompt)
    assert len(served) == 1
    assert world.sts.codes_seen == [GOOD_CODE]


def test_after_the_question_the_vault_is_looked_at_again(world: World) -> None:
    prompt = FakePrompt("222222")

    def meanwhile() -> None:
        get(world, "payments", fixed_code=GOOD_CODE)

    prompt.around = meanwhile
    session = get(world, "payments", prompt=prompt)
    assert session.from_vault
    assert world.sts.codes_seen == [GOOD_CODE]
    assert len(prompt.challenges) == 1


def test_a_second_person_waits_for_the_first_question_and_needs_no_code(world: World) -> None:
    prompt, second = FakePrompt(GOOD_CODE), FakePrompt("222222")
    messages: list[str] = []
    others: list[threading.Thread] = []
    waits = threading.Event()

    def report(text: str) -> None:
        messages.append(text)
        if text.startswith("waiting"):
            waits.set()

    def meanwhile() -> None:
        thread = threading.Thread(
            target=lambda: get(world, "reports", prompt=second, progress=report)
        )
        thread.start()
        others.append(thread)
        assert waits.wait(20)

    prompt.around = meanwhile
    get(world, "payments", prompt=prompt)
    for thread in others:
        thread.join()
    assert second.challenges == []
    assert world.sts.codes_seen == [GOOD_CODE]
    assert sorted(roles(world)) == ["Admin", "Reports"]


def test_a_person_asks_if_another_question_stays_open(world: World) -> None:
    world.locks.busy.add(device_turn(MFA_ARN))
    prompt = FakePrompt("999999", GOOD_CODE)
    get(world, "payments", prompt=prompt)
    assert len(prompt.challenges) == 2
    assert world.locks.limits.count(0) == 1


def test_an_unattended_process_does_not(world: World) -> None:
    world.config.config = WITH_PROCESS
    world.locks.busy.add(device_turn(MFA_ARN))
    with pytest.raises(LockBusyError):
        get(world, "payments", interactive=False)
    assert world.mfa_command.commands == []


def test_a_code_at_hand_waits_for_no_question(world: World) -> None:
    world.locks.busy.add(device_turn(MFA_ARN))
    assert not get(world, "payments", fixed_code=GOOD_CODE).from_vault


@pytest.mark.parametrize("name", ["via-process", "process-hub", "process-spoke"])
def test_no_session_is_locked_while_a_process_may_wait_for_a_login(world: World, name: str) -> None:
    served: list[str] = []
    base = world.base

    class Slow(FakeBase):
        def resolve(
            self, source: CredentialSource, view: ConfigView, endpoint: Endpoint
        ) -> Credentials:
            if not served:
                served.append("")
                held = [key for key, lock in world.locks._locks.items() if lock.locked()]
                assert [key.partition("-")[0] for key in held] == ["source"]
                # Another caller who has the session is served, and one that needs none goes on
                served[0] = get(world, "open").record.key
            return base.resolve(source, view, endpoint)

    world.ports = replace_ports(world.ports, source_credentials=Slow())
    get(world, name, GOOD_CODE)
    assert served == [plan(world, "open").key]


def test_who_waits_for_a_process_finds_the_session_it_led_to(world: World) -> None:
    base, others = world.base, []
    waits = threading.Event()

    def report(text: str) -> None:
        if text.startswith("waiting for another xswitch, which runs the process of process"):
            waits.set()

    class Slow(FakeBase):
        def resolve(
            self, source: CredentialSource, view: ConfigView, endpoint: Endpoint
        ) -> Credentials:
            thread = threading.Thread(target=lambda: get(world, "process-hub", progress=report))
            thread.start()
            others.append(thread)
            assert waits.wait(20)
            return base.resolve(source, view, endpoint)

    world.ports = replace_ports(world.ports, source_credentials=Slow())
    get(world, "process-hub")
    for thread in others:
        thread.join()
    assert (len(others), len(base.resolved), roles(world)) == (1, 1, ["ProcessHub"])


def test_a_process_that_runs_too_long_elsewhere_costs_no_valid_session(world: World) -> None:
    first = get(world, "process-hub")
    world.locks.busy.add(f"source-{first.record.key}")
    world.clock.time = first.record.mandatory_refresh_at
    assert get(world, "process-hub").record == first.record
    assert world.locks.limits[-1] == MAX_LOCK_WAIT_SECONDS
    world.clock.time = first.record.expires_at
    with pytest.raises(LockBusyError):
        get(world, "process-hub")


# -- commands that start xswitch again


def test_a_process_that_needs_its_own_session_is_told_at_once(world: World) -> None:
    base = plan(world, "process-hub").base
    world.environment.running = frozenset({credential_process_digest(base)})
    world.locks.busy.add(plan(world, "process-hub").key)
    with pytest.raises(ChainError) as caught:
        get(world, "process-hub", interactive=False)
    assert caught.value.code == "source_loop"
    assert "The credential_process of process " in caught.value.what
    assert world.base.resolved == []
    assert world.history.entries[-1].result == "source_loop"


def test_a_stored_session_ends_the_loop(world: World) -> None:
    get(world, "process-spoke", GOOD_CODE)
    base = plan(world, "process-hub").base
    world.environment.running = frozenset({credential_process_digest(base)})
    assert get(world, "process-spoke").from_vault
    assert not get(world, "process-spoke", force=True).from_vault


def test_who_ran_the_process_tells_of_the_loop_too(world: World) -> None:
    def refused() -> None:
        world.history.record(HistoryEntry(NOW, "process-hub", "arn", "s", "source_loop"))

    class Looping(FakeBase):
        def resolve(
            self, base: CredentialSource, view: ConfigView, endpoint: Endpoint
        ) -> Credentials:
            refused()
            return super().resolve(base, view, endpoint)

    world.base = Looping()
    world.base.fail = SourceCredentialsError("It failed: status 8.")
    world.ports = replace_ports(world.ports, source_credentials=world.base)
    with pytest.raises(ChainError) as caught:
        get(world, "process-hub")
    assert caught.value.code == "source_loop"
    world.history.entries.clear()
    with pytest.raises(SourceCredentialsError):
        get(world, "open")


def test_an_mfa_process_that_needs_its_own_code_is_told_at_once(world: World) -> None:
    world.config.config = WITH_PROCESS
    world.environment.running = frozenset({mfa_process_digest(MFA_ARN)})
    world.locks.busy.add(device_turn(MFA_ARN))
    with pytest.raises(ChainError) as caught:
        get(world, "payments", interactive=False)
    assert caught.value.code == "source_loop"
    assert world.mfa_command.commands == []


def test_an_unavailable_lock_is_reported_unless_the_session_is_valid(world: World) -> None:
    first = get(world, "open")
    world.locks.busy.add(first.record.key)
    world.clock.time = first.record.mandatory_refresh_at
    assert get(world, "open").record == first.record
    assert world.locks.limits[-1] == MAX_LOCK_WAIT_SECONDS
    world.clock.time = first.record.expires_at
    with pytest.raises(LockBusyError) as caught:
        get(world, "open")
    assert caught.value.code == "busy"
    assert world.locks.limits[-1] is None


def test_a_hundred_callers_are_one_question_and_one_call(world: World) -> None:
    prompt = FakePrompt(GOOD_CODE, *["222222"] * 200)
    sessions = in_threads([lambda: get(world, "payments", prompt=prompt) for _ in range(100)])
    assert len(prompt.challenges) == 1
    assert len(world.sts.mfa_calls) == 1
    assert len(world.sts.requests) == 1
    assert len({session.record.credentials.access_key_id for session in sessions}) == 1
    assert sum(not session.from_vault for session in sessions) == 1


def test_different_roles_side_by_side_share_one_question(world: World) -> None:
    prompt = FakePrompt(GOOD_CODE)
    names = ["payments", "reports", "hub", "spoke", "open"]
    in_threads([partial(get, world, name, prompt=prompt) for name in names for _ in range(5)])
    assert len(world.sts.mfa_calls) == 1
    assert sorted(roles(world)) == ["Admin", "Hub", "Open", "Reports", "Spoke"]


def in_threads(works: Sequence[Callable[[], SessionResult]]) -> list[SessionResult]:
    results: list[SessionResult] = []
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], SessionResult]) -> None:
        barrier.wait()
        results.append(work())

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(works)
    return results


def test_progress_is_reported_and_may_cancel(world: World) -> None:
    messages: list[str] = []
    get(world, "payments", GOOD_CODE, progress=messages.append)
    assert messages == [
        "reading the credentials of dev",
        "asking STS for an MFA session of dev",
        "asking STS for payments",
    ]

    def stop(text: str) -> None:
        raise CancelledError(f"Stopped at {text}.")

    with pytest.raises(CancelledError):
        get(world, "reports", progress=stop)
    assert world.locks._locks  # and every lock is free again
    assert all(not lock.locked() for lock in world.locks._locks.values())


def test_the_environment_as_a_base_has_no_profile() -> None:
    config = (
        "[profile env]\nrole_arn = arn:aws:iam::222222222222:role/Env\n"
        f"credential_source = Environment\nmfa_serial = {MFA_ARN}\n"
    )
    world = World(
        config=config,
        credentials=CREDENTIALS,
        AWS_ACCESS_KEY_ID="AKIAENV",
        AWS_SECRET_ACCESS_KEY="x",
    )
    messages: list[str] = []
    get(world, "env", GOOD_CODE, progress=messages.append)
    assert messages[:2] == [
        "reading the credentials of the environment",
        "asking STS for an MFA session of the environment",
    ]
    assert {entry.profile for entry in world.index.stored.values() if entry.kind == "mfa"} == {""}


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sts::999999999999:assumed-role/Open/x",
        "arn:aws:sts::333333333333:assumed-role/Other/x",
        "arn:aws:iam::333333333333:role/Open",
    ],
)
def test_a_session_of_another_role_is_not_stored(
    world: World, monkeypatch: pytest.MonkeyPatch, arn: str
) -> None:
    assume = world.sts.assume_role
    monkeypatch.setattr(world.sts, "assume_role", lambda *asked: replace(assume(*asked), arn=arn))
    with pytest.raises(IdentityMismatchError) as caught:
        get(world, "open")
    assert arn in caught.value.what
    assert world.vault.values == {}
    assert world.index.stored == {}
