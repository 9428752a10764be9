from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from support.actions import (
    CANARY,
    CONFIG,
    CREDENTIALS,
    GOOD_CODE,
    MFA_ARN,
    NOW,
    FakePrompt,
    World,
)
from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions, SwitchResult
from xswitch.actions.sessions.mfa import FixedMfaCode
from xswitch.actions.sessions.publish import EXPIRED_RETENTION
from xswitch.core.errors import (
    AwsDeniedError,
    ConfigError,
    IdentityMismatchError,
    NetworkError,
    SettingsError,
    ShadowError,
    TargetError,
    UsageError,
    VaultLockedError,
    XswitchError,
)
from xswitch.core.model import GuardRule, IndexEntry, Problem, RemoveProfile, Settings

GUARDED = Settings(
    guards=(GuardRule("prod", ("open",), color="magenta", confirm="role", duration_seconds=900),)
)


@pytest.fixture
def world() -> World:
    return World()


def switch(
    world: World, target: str, options: SwitchOptions | None = None, *codes: str | XswitchError
) -> SwitchResult:
    options = options or SwitchOptions()
    role = world.actions.resolve(target, options)
    return world.actions.switch(role, options, FakePrompt(*(codes or (GOOD_CODE,))), no_progress)


def properties(world: World, name: str) -> dict[str, str]:
    return {
        key: value.value for key, value in world.config.read().profiles[name].properties.items()
    }


def assert_nothing_changed(world: World) -> None:
    assert world.config.applied == []
    assert world.config.config == CONFIG
    assert world.prompt_files.states == {}
    assert world.hot_pointers.pointers == {}
    assert world.memory.uses == {}


# -- effects of a switch


def test_a_switch_writes_the_managed_profile_and_says_when_it_ends(world: World) -> None:
    switched = switch(world, "payments")
    assert switched.managed_profile == "xs-payments"
    assert switched.expires_at == NOW + timedelta(hours=1)
    assert not switched.from_vault
    assert not switched.static
    assert switched.problems == ()
    assert switched.identity is not None
    assert switched.identity.arn.startswith("arn:aws:sts::222222222222:assumed-role/Admin/")
    assert properties(world, "xs-payments") == {
        "credential_process": "/opt/xswitch/bin/xswitch credential-process xs-payments"
        " arn:aws:iam::222222222222:role/Admin",
        "region": "eu-west-1",
        "xswitch_role": "payments",
    }
    assert world.config.config.startswith(CONFIG)
    assert world.config.credentials == CREDENTIALS


def test_a_switch_updates_index_usage_prompt_file_and_hot_pointer(world: World) -> None:
    switched = switch(world, "payments")
    assert world.memory.uses["payments"].count == 1
    state = world.prompt_files.states["xs-payments"]
    assert (state.account, state.role, state.color, state.expires_at) == (
        "222222222222",
        "Admin",
        "",
        switched.expires_at,
    )
    assert state.renewable_until == NOW + timedelta(hours=12, seconds=-60)
    key, fingerprint, kind = world.hot_pointers.pointers["xs-payments"]
    assert fingerprint == world.config.fingerprint()
    assert kind == "runtime"
    assert world.index.stored[key].managed_profile == "xs-payments"
    assert world.index.stored[key].last_used == NOW


def test_the_history_has_new_stored_and_denied_sessions(world: World) -> None:
    switch(world, "payments")
    switch(world, "payments")
    world.actions.credential_process("xs-payments", FakePrompt())
    world.sts.refuse["arn:aws:iam::222222222222:role/Admin"] = AwsDeniedError(
        "No.", code="not_authorized"
    )
    with pytest.raises(AwsDeniedError) as refused:
        switch(world, "payments", SwitchOptions(force=True))
    newest, *_ = entries = world.actions.history()
    assert [entry.result for entry in entries] == [refused.value.code, "kept", "new"]
    assert (newest.profile, newest.role_arn) == ("payments", "arn:aws:iam::222222222222:role/Admin")
    assert newest.session_name
    assert newest.at == NOW


def test_no_secret_reaches_the_config_or_any_file(world: World) -> None:
    switched = switch(world, "payments")
    for text in (
        world.config.config,
        repr(switched),
        repr(world.index.stored),
        repr(world.prompt_files.states),
    ):
        assert CANARY not in text


NO_REGION = CONFIG
REGION = CONFIG.replace("[profile open]\n", "[profile open]\nregion = eu-west-1\n")


@pytest.mark.parametrize(
    ("config", "option", "variables", "region", "source"),
    [
        (REGION, "us-east-1", {"AWS_REGION": "eu-west-2"}, "us-east-1", "option"),
        (REGION, None, {"AWS_REGION": "eu-west-2"}, "eu-west-1", "role"),
        (NO_REGION, "us-east-1", {"AWS_REGION": "eu-west-2"}, "us-east-1", "option"),
        (
            NO_REGION,
            None,
            {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"},
            "eu-west-2",
            "AWS_REGION",
        ),
        (NO_REGION, None, {"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3", "AWS_DEFAULT_REGION"),
        (
            NO_REGION,
            None,
            {"AWS_REGION": "us-gov-west-1", "AWS_DEFAULT_REGION": "eu-west-3"},
            "eu-west-3",
            "AWS_DEFAULT_REGION",
        ),
        (NO_REGION, None, {"AWS_REGION": "us-gov-west-1"}, "us-east-1", "default"),
        (NO_REGION, None, {}, "us-east-1", "default"),
        # A switch to another role has set it, so it isn't the shell's own
        (
            NO_REGION,
            None,
            {"AWS_REGION": "eu-west-2", "XSWITCH_REGION": "eu-west-2"},
            "us-east-1",
            "default",
        ),
        (
            NO_REGION,
            None,
            {
                "AWS_REGION": "eu-west-2",
                "XSWITCH_REGION": "eu-west-2",
                "XSWITCH_OWN_AWS_REGION": "eu-central-1",
            },
            "eu-central-1",
            "AWS_REGION",
        ),
    ],
)
def test_sts_is_asked_in_the_region_that_the_shell_gets(
    config: str, option: str | None, variables: dict[str, str], region: str, source: str
) -> None:
    world = World(config=config)
    world.environment.set.update(variables)
    switched = switch(world, "open", SwitchOptions(region=option))
    assert (switched.region, switched.region_source) == (region, source)
    assert switched.region_in_profile == (source in ("option", "role"))
    assert {endpoint.region for endpoint in world.sts.endpoints} == {region}
    in_profile = region if switched.region_in_profile else None
    assert properties(world, "xs-open").get("region") == in_profile


def test_a_second_switch_changes_no_file(world: World) -> None:
    switch(world, "payments")
    world.clock.advance(60)
    again = switch(world, "payments")
    assert again.from_vault
    assert len(world.config.applied) == 1
    assert world.memory.uses["payments"].count == 2
    key = world.hot_pointers.pointers["xs-payments"][0]
    assert world.index.stored[key].last_used == NOW + timedelta(seconds=60)


def test_overrides_are_stored_for_the_renewal(world: World) -> None:
    options = SwitchOptions(
        duration_seconds=900,
        session_name="me@work",
        external_id="ext-1",
        region="us-east-1",
        tags=(("team", "x"),),
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
    )
    switched = switch(world, "open", options)
    stored_properties = properties(world, "xs-open")
    assert stored_properties["region"] == "us-east-1"
    assert stored_properties["xswitch_duration_seconds"] == "900"
    assert stored_properties["xswitch_session_name"] == "me@work"
    assert stored_properties["xswitch_external_id"] == "ext-1"
    assert stored_properties["xswitch_tags"] == "team=x"
    assert switched.expires_at == NOW + timedelta(seconds=900)
    key = world.hot_pointers.pointers["xs-open"][0]
    world.actions.credential_process("xs-open", FakePrompt())
    assert len(world.sts.requests) == 1
    assert world.hot_pointers.pointers["xs-open"][0] == key


def test_a_switch_drops_stored_overrides_unless_it_reuses_them(world: World) -> None:
    switch(world, "open", SwitchOptions(duration_seconds=900))
    switch(world, "open", SwitchOptions(reuse_overrides=True))
    assert properties(world, "xs-open")["xswitch_duration_seconds"] == "900"
    switch(world, "open", SwitchOptions(reuse_overrides=True, duration_seconds=1800))
    assert properties(world, "xs-open")["xswitch_duration_seconds"] == "1800"
    switch(world, "open")
    assert "xswitch_duration_seconds" not in properties(world, "xs-open")


def test_another_name_for_the_managed_profile(world: World) -> None:
    switched = switch(world, "open", SwitchOptions(profile_name="work"))
    assert switched.managed_profile == "work"
    assert properties(world, "work")["credential_process"].endswith(
        "credential-process work arn:aws:iam::333333333333:role/Open"
    )
    assert world.actions.resolve("work", SwitchOptions()).name == "open"


def test_force_makes_a_new_session(world: World) -> None:
    switch(world, "open")
    assert not switch(world, "open", SwitchOptions(force=True)).from_vault


def test_an_ad_hoc_role_is_stored_in_the_managed_profile(world: World) -> None:
    switched = switch(
        world, "777777777777:ops/Deploy", SwitchOptions(source="dev", external_id="ext-9")
    )
    assert switched.managed_profile == "xs-777777777777-ops/Deploy"
    stored_properties = properties(world, switched.managed_profile)
    assert stored_properties["xswitch_role"] == "arn:aws:iam::777777777777:role/ops/Deploy"
    assert stored_properties["xswitch_source_profile"] == "dev"
    assert stored_properties["xswitch_external_id"] == "ext-9"
    world.actions.credential_process(switched.managed_profile, FakePrompt())
    assert len(world.sts.requests) == 1
    again = switch(world, "777777777777:ops/Deploy")
    assert again.from_vault
    assert len(world.config.applied) == 1


def test_the_code_of_the_command_line_is_used(world: World) -> None:
    options = SwitchOptions()
    role = world.actions.resolve("payments", options)
    world.actions.switch(role, options, FixedMfaCode(GOOD_CODE), no_progress)
    assert world.sts.codes_seen == [GOOD_CODE]


# -- checks before a switch


def test_a_profile_that_is_not_ours_is_never_changed() -> None:
    world = World(config=CONFIG + "[profile xs-open]\nregion = eu-west-1\n")
    with pytest.raises(ShadowError) as caught:
        switch(world, "open")
    assert caught.value.code == "not_ours"
    assert world.sts.keys == []


def test_overriding_keys_are_reported_with_their_location() -> None:
    world = World()
    switch(world, "open")
    world.config.credentials += (
        "[xs-open]\naws_access_key_id = AKIAOLD\naws_secret_access_key = x\n"
    )
    with pytest.raises(ShadowError) as caught:
        switch(world, "open")
    assert "/home/u/.aws/credentials:5" in caught.value.why


@pytest.mark.parametrize("name", ["default", "a b", "[x]", "xé"])
def test_a_name_that_sdks_cannot_read_is_rejected(world: World, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        switch(world, "open", SwitchOptions(profile_name=name))
    assert caught.value.code == "bad_profile_name"
    assert world.sts.keys == []


def test_a_static_profile_is_not_a_managed_profile(world: World) -> None:
    switch(world, "open", SwitchOptions(static=True))
    with pytest.raises(ShadowError):
        switch(world, "payments", SwitchOptions(profile_name="xs-open-static"))


def test_invalid_options_are_rejected_before_any_call(world: World) -> None:
    with pytest.raises(UsageError):
        switch(world, "open", SwitchOptions(duration_seconds=10))
    assert world.sts.keys == []


def test_a_role_that_cannot_be_resolved_says_why(world: World) -> None:
    with pytest.raises(ConfigError) as caught:
        switch(world, "broken")
    assert "nowhere" in caught.value.why
    assert_nothing_changed(world)


def test_a_role_that_left_the_config_since_it_was_chosen(world: World) -> None:
    role = world.actions.resolve("open", SwitchOptions())
    world.config.config = CONFIG.replace("[profile open]", "[profile closed]")
    with pytest.raises(TargetError):
        world.actions.switch(role, SwitchOptions(), FakePrompt(), no_progress)


NAMED = CONFIG.replace("[profile payments]", "[profile payments]\nxswitch_account_name = works")
EDITS = {
    "role ARN": ("role/Admin", "role/Elsewhere"),
    "account": ("222222222222:role/Admin", "999999999999:role/Admin"),
    "role path": ("role/Admin", "role/team/Admin"),
    "partition": (
        "arn:aws:iam::222222222222:role/Admin",
        "arn:aws-cn:iam::222222222222:role/Admin",
    ),
    "source": ("role/Admin\nsource_profile = dev", "role/Admin\nsource_profile = hub"),
    "base": ("role/Admin\nsource_profile = dev", "role/Admin\ncredential_source = Environment"),
    "MFA": (
        f"role/Admin\nsource_profile = dev\nmfa_serial = {MFA_ARN}",
        "role/Admin\nsource_profile = dev",
    ),
    "external ID": ("role/Admin", "role/Admin\nexternal_id = other"),
    "duration": ("role/Admin", "role/Admin\nduration_seconds = 900"),
    "session name": ("role/Admin", "role/Admin\nrole_session_name = someone"),
    "policy": (
        "role/Admin",
        'role/Admin\nxswitch_policy = {"Version":"2012-10-17","Statement":[]}',
    ),
    "tags": ("role/Admin", "role/Admin\nxswitch_tags = team=x"),
    "account name": ("xswitch_account_name = works", "xswitch_account_name = live"),
    "endpoint": ("role/Admin", "role/Admin\nendpoint_url = https://sts.example.com"),
    "region": ("eu-west-1\n\n[profile reports]", "eu-west-2\n\n[profile reports]"),
    "name": ("[profile payments]", "[profile payments-2]"),
}
"""Edits that make `payments` another role than was shown."""
HARMLESS = {
    "a comment": ("[profile dev]", "# moved\n\n[profile dev]"),
    "a note": ("role/Admin", "role/Admin\nxswitch_note = careful"),
    "no account name": ("xswitch_account_name = works\n", ""),
    "another profile": (
        "[profile reports]",
        "[profile new]\nregion = eu-west-1\n\n[profile reports]",
    ),
    "another role": ("role/Reports", "role/Accounts"),
    "the order": (
        f"source_profile = dev\nmfa_serial = {MFA_ARN}\nregion",
        f"mfa_serial = {MFA_ARN}\nsource_profile = dev\nregion",
    ),
    "output": ("role/Admin", "role/Admin\noutput = json"),
}


def edited(old: str, new: str) -> str:
    assert old in NAMED
    return NAMED.replace(old, new, 1)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("action", ["switch", "renew", "forget", "pin"])
def test_what_was_shown_is_what_is_done(world: World, edit: tuple[str, str], action: str) -> None:
    world.config.config = NAMED
    role = world.actions.resolve("payments", SwitchOptions())
    world.config.config = edited(*edit)
    before = world.config.config
    prompt = FakePrompt(GOOD_CODE)
    if action == "renew":
        (result,) = world.actions.renew(("payments",), prompt, no_progress, shown=(role,))
        error = result.error
    else:
        run: dict[str, Callable[[], object]] = {
            "switch": lambda: world.actions.switch(role, SwitchOptions(), prompt, no_progress),
            "forget": lambda: world.actions.forget(("payments",), shown=(role,)),
            "pin": lambda: world.actions.set_pin("payments", pinned=True, shown=(role,)),
        }
        with pytest.raises(TargetError) as caught:
            run[action]()
        error = caught.value
    assert error is not None
    assert error.code in {"role_changed", "target_unknown", "target_ambiguous"}
    assert error.exit_code == 3
    assert (world.config.config, world.config.applied, prompt.challenges) == (before, [], [])
    assert (world.sts.keys, world.vault.values, world.memory.pins) == ([], {}, set())


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_other_edits_are_no_reason_to_refuse(world: World, edit: tuple[str, str]) -> None:
    world.config.config = NAMED
    role = world.actions.resolve("payments", SwitchOptions())
    world.config.config = edited(*edit)
    switched = world.actions.switch(role, SwitchOptions(), FakePrompt(GOOD_CODE), no_progress)
    assert switched.managed_profile == "xs-payments"
    world.actions.set_pin("payments", pinned=True, shown=(role,))
    (renewed,) = world.actions.renew(("payments",), FakePrompt(), no_progress, shown=(role,))
    assert renewed.error is None
    world.actions.forget(("payments",), shown=(role,))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_while_a_question_is_open_stops_the_switch(
    world: World, edit: tuple[str, str]
) -> None:
    world.config.config = NAMED
    role = world.actions.resolve("payments", SwitchOptions())
    prompt = FakePrompt(GOOD_CODE)

    def meanwhile() -> None:
        world.config.config = edited(*edit)

    prompt.around = meanwhile
    with pytest.raises(TargetError):
        world.actions.switch(role, SwitchOptions(), prompt, no_progress)
    assert world.config.applied == []
    assert (world.prompt_files.states, world.hot_pointers.pointers) == ({}, {})


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_another_edit_meanwhile_is_kept_and_used(world: World, edit: tuple[str, str]) -> None:
    world.config.config = NAMED
    role = world.actions.resolve("payments", SwitchOptions())
    prompt = FakePrompt(GOOD_CODE)

    def meanwhile() -> None:
        world.config.config = edited(*edit)

    prompt.around = meanwhile
    world.actions.switch(role, SwitchOptions(), prompt, no_progress)
    assert world.config.config.startswith(edited(*edit))
    if "output" in edit[1]:
        assert properties(world, "xs-payments")["output"] == "json"


def test_a_guard_that_came_after_the_role_was_shown_is_not_passed(world: World) -> None:
    role = world.actions.resolve("open", SwitchOptions())
    world.settings.settings = GUARDED
    with pytest.raises(TargetError) as caught:
        world.actions.switch(role, SwitchOptions(), FakePrompt(), no_progress)
    assert (caught.value.code, "guard" in caught.value.what) == ("role_changed", True)
    world.settings.settings = Settings()
    prompt = FakePrompt(GOOD_CODE)

    def meanwhile() -> None:
        world.settings.settings = Settings(guards=(GuardRule("g", ("payments",)),))

    prompt.around = meanwhile
    role = world.actions.resolve("payments", SwitchOptions())
    with pytest.raises(TargetError):
        world.actions.switch(role, SwitchOptions(), prompt, no_progress)
    assert world.config.applied == []


@pytest.mark.parametrize("stored", [False, True])
def test_an_ad_hoc_role_is_compared_too(world: World, *, stored: bool) -> None:
    options = SwitchOptions(source="dev")
    if stored:
        switch(world, "777777777777:Ops", options)
        options = SwitchOptions()
    role = world.actions.resolve("777777777777:Ops", options)
    config = world.config.config
    world.config.config = config.replace("[profile dev]", "[profile dev]\nsso_account_id = 1")
    with pytest.raises(TargetError):
        world.actions.switch(role, options, FakePrompt(), no_progress)
    world.config.config = config.replace("[profile dev]", "[profile dev]\noutput = json")
    assert world.actions.switch(role, options, FakePrompt(), no_progress).role.name == role.name


def test_a_guard_is_asked_for_under_every_name_of_its_role() -> None:
    world = World(settings=GUARDED)
    for target, options in (
        ("open", SwitchOptions()),
        ("arn:aws:iam::333333333333:role/Open", SwitchOptions(source="dev")),
        ("333333333333:Open", SwitchOptions(source="dev")),
        ("333333333333:Open", SwitchOptions(source="hub")),
        ("arn:aws:iam::333333333333:role/team/OPEN", SwitchOptions(source="dev")),
    ):
        with pytest.raises(UsageError) as caught:
            switch(world, target, options)
        assert caught.value.code == "guard_unconfirmed"
    switch(world, "open", SwitchOptions(confirmation="Open"))
    for target in ("xs-open", "-"):
        world.environment.set["XSWITCH_PREVIOUS"] = "xs-open"
        with pytest.raises(UsageError):
            switch(world, target, SwitchOptions(reuse_overrides=True))


def test_a_name_of_the_managed_profile_that_a_guard_matches_takes_typing() -> None:
    world = World(settings=Settings(guards=(GuardRule("live", ("*live*",), confirm="role"),)))
    options = SwitchOptions(profile_name="my-live-one")
    with pytest.raises(UsageError) as caught:
        switch(world, "open", options)
    assert caught.value.code == "guard_unconfirmed"
    switch(world, "open", replace(options, confirmation="Open"))
    with pytest.raises(UsageError):
        switch(world, "open")


# -- guards


def test_a_guarded_role_takes_typing() -> None:
    world = World(settings=GUARDED)
    with pytest.raises(UsageError) as caught:
        switch(world, "open")
    assert caught.value.code == "guard_unconfirmed"
    assert '"Open"' in caught.value.what
    with pytest.raises(UsageError) as caught:
        switch(world, "open", SwitchOptions(confirmation="open"))
    assert caught.value.code == "guard_mismatch"
    assert world.sts.keys == []
    assert_nothing_changed(world)


def test_a_guarded_role_is_shorter_and_coloured_everywhere() -> None:
    world = World(settings=GUARDED)
    switched = switch(world, "open", SwitchOptions(confirmation="Open"))
    assert switched.expires_at == NOW + timedelta(seconds=900)
    assert world.prompt_files.states["xs-open"].color == "magenta"


def test_a_policy_in_addition_to_a_guards_is_rejected() -> None:
    guard = GuardRule(
        "prod", ("open",), confirm="none", policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    )
    world = World(settings=Settings(guards=(guard,)))
    with pytest.raises(UsageError) as caught:
        switch(world, "open", SwitchOptions(policy='{"Version": "2012-10-17"}'))
    assert caught.value.code == "guard_policy"
    switch(world, "open")
    assert world.sts.requests[0].policy_arns == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)


# -- verified identity


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sts::222222222222:assumed-role/Open/x",
        "arn:aws:sts::333333333333:assumed-role/Other/x",
        "arn:aws-cn:sts::333333333333:assumed-role/Open/x",
        "arn:aws:iam::333333333333:user/Open",
        "arn:aws:sts::333333333333:assumed-role/Open",
        "",
    ],
)
def test_a_session_of_another_role_is_dropped_and_nothing_changes(world: World, arn: str) -> None:
    world.sts.identity = arn or "not:an:arn:at:all:x"
    with pytest.raises(IdentityMismatchError):
        switch(world, "open")
    assert world.vault.values == {}
    assert world.index.stored == {}
    assert_nothing_changed(world)


@pytest.mark.parametrize(
    "error",
    [
        NetworkError("Nobody answers.", code="timeout"),
        AwsDeniedError("Too many.", code="throttled"),
    ],
    ids=["network", "throttled"],
)
def test_a_valid_stored_session_is_used_even_if_it_cannot_be_verified(
    world: World, error: XswitchError
) -> None:
    first = switch(world, "open")
    world.sts.identity_error = error
    again = switch(world, "open")
    assert again.from_vault
    assert again.expires_at == first.expires_at
    assert again.identity is None
    assert [problem.code for problem in again.problems] == ["identity_unasked"]


def test_an_unresponsive_aws_is_called_only_once(world: World) -> None:
    switch(world, "open")
    world.clock.advance(50 * 60)
    world.sts.refuse["AKIADEV"] = NetworkError("Nobody answers.", code="timeout")
    asked = world.sts.identity_calls
    again = switch(world, "open")
    assert again.from_vault
    assert again.identity is None
    assert [problem.code for problem in again.problems] == ["not_renewed"]
    assert world.sts.identity_calls == asked
    world.sts.refuse["AKIADEV"] = AwsDeniedError("No more.")
    assert switch(world, "open").identity is not None


def test_a_new_session_is_rejected_if_it_cannot_be_verified(world: World) -> None:
    world.sts.identity_error = NetworkError("Nobody answers.", code="timeout")
    with pytest.raises(NetworkError):
        switch(world, "open")
    assert_nothing_changed(world)


def test_the_path_of_a_role_is_not_part_of_its_sessions(world: World) -> None:
    assert switch(world, "spoke").identity is not None


def test_the_check_can_be_switched_off() -> None:
    world = World(settings=Settings(verify_identity=False))
    assert switch(world, "open").identity is None
    assert world.sts.identity_calls == 0


def test_a_revoked_stored_session_is_replaced_once(world: World) -> None:
    switch(world, "open")
    world.sts.refuse["ASIAROLE1"] = AwsDeniedError("The session is over.", code="expired_token")
    switched = switch(world, "open")
    assert not switched.from_vault
    assert len(world.sts.requests) == 2


@pytest.mark.parametrize(
    "error", [NetworkError("No network."), AwsDeniedError("No.", code="not_authorized")]
)
def test_other_failures_of_the_check_stop_the_switch(world: World, error: XswitchError) -> None:
    world.sts.refuse["ASIAROLE1"] = error
    with pytest.raises(type(error)):
        switch(world, "open")
    assert_nothing_changed(world)


# -- later failures


def test_a_config_that_must_not_be_written_stops_the_switch(world: World) -> None:
    world.config.fail = ConfigError("The file changed meanwhile.")
    with pytest.raises(ConfigError):
        switch(world, "open")
    assert world.memory.uses == {}
    assert world.hot_pointers.pointers == {}


def test_a_locked_vault_stops_it(world: World) -> None:
    world.vault.fail = VaultLockedError("Locked.")
    with pytest.raises(VaultLockedError):
        switch(world, "open")
    assert_nothing_changed(world)


def test_a_failure_to_publish_is_reported_and_does_not_stop_the_switch(world: World) -> None:
    world.prompt_files.fail = ConfigError("The folder is full.", code="state_folder")
    world.index.fail = ConfigError("The index can't be written.", code="state_folder")
    switched = switch(world, "open")
    assert {problem.code for problem in switched.problems} == {"index", "state_folder"}
    assert "xs-open" in world.config.read().profiles
    assert world.memory.uses["open"].count == 1


def test_no_pointer_is_written_to_a_config_that_changed_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.config.apply

    def apply_and_edit(edits: object) -> tuple[Problem, ...]:
        notes = real(edits)  # type: ignore[arg-type]
        world.config.config = world.config.config.replace("role/Open", "role/Edited")
        return notes

    monkeypatch.setattr(world.config, "apply", apply_and_edit)
    switch(world, "open")
    assert world.hot_pointers.pointers == {}
    world.config.config = world.config.config.replace("[profile xs-open]", "[profile gone]")


def test_what_the_writer_changed_beside_the_edit_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.config.apply
    note = Problem("credentials_tightened", "Other users could read it.")
    monkeypatch.setattr(world.config, "apply", lambda edits: (*real(edits), note))
    assert note in switch(world, "open").problems


def test_what_killed_writers_left_is_removed_by_a_switch_that_writes_no_profile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(world, "open")
    swept: list[str] = []

    def sweep() -> tuple[str, ...]:
        swept.append("here")
        return ()

    monkeypatch.setattr(world.config, "remove_leftovers", sweep)
    switch(world, "open")
    assert swept == ["here"]


def test_sessions_that_ended_long_ago_are_cleared_away(world: World) -> None:
    old, recent = NOW - EXPIRED_RETENTION - timedelta(seconds=1), NOW - timedelta(hours=14)
    for number, ended in enumerate((old, old, recent)):
        key = f"{number:040d}"
        world.vault.values[key] = "x"
        world.index.stored[key] = IndexEntry(
            key, "role", "p", "arn", ended - timedelta(hours=1), ended, ended
        )
    switch(world, "open")
    assert f"{2:040d}" in world.index.stored
    assert f"{0:040d}" not in {*world.index.stored, *world.vault.values}
    assert f"{1:040d}" not in {*world.index.stored, *world.vault.values}


# -- static profiles


def test_static_keys_are_in_a_separate_profile(world: World) -> None:
    switched = switch(world, "payments", SwitchOptions(static=True))
    assert switched.static
    assert switched.managed_profile == "xs-payments-static"
    assert "credential_process" in properties(world, "xs-payments")
    assert "aws_access_key_id" not in properties(world, "xs-payments")
    static = properties(world, "xs-payments-static")
    assert static == {
        "aws_access_key_id": "ASIAROLE2",
        "aws_secret_access_key": "canary-secret-2",
        "aws_session_token": "canary-token-2",
        "aws_expiration": "2026-03-01T13:00:00Z",
        "x_security_token_expires": "2026-03-01T13:00:00Z",
        "region": "eu-west-1",
        "xswitch_role": "xs-payments",
    }
    assert CANARY not in world.config.config
    assert "[xs-payments-static]" in world.config.credentials
    assert "[xs-payments]" not in world.config.credentials
    assert world.prompt_files.states["xs-payments-static"].renewable_until == NOW
    assert any(entry.static for entry in world.index.stored.values())
    assert CANARY not in repr(world.config.applied)


def test_unchanged_static_keys_are_not_written_again(world: World) -> None:
    switch(world, "open", SwitchOptions(static=True))
    switch(world, "open", SwitchOptions(static=True))
    assert len(world.config.applied) == 1
    switch(world, "open", SwitchOptions(static=True, force=True))
    assert len(world.config.applied) == 2
    assert properties(world, "xs-open-static")["aws_access_key_id"] == "ASIAROLE2"


def test_a_profile_of_the_users_with_that_name_is_left_alone() -> None:
    world = World(
        credentials=CREDENTIALS
        + "[xs-open-static]\naws_access_key_id = AKIAMINE\naws_secret_access_key = x\n"
    )
    with pytest.raises(ShadowError) as caught:
        switch(world, "open", SwitchOptions(static=True))
    assert "credentials:4" in caught.value.why
    switch(world, "open")


def test_the_static_profile_of_an_ad_hoc_role_is_neither_listed_nor_an_orphan(world: World) -> None:
    switch(world, "777777777777:Deploy", SwitchOptions(source="dev", static=True))
    listing = world.actions.listing()
    assert [role.name for role in listing.roles].count("777777777777:Deploy") == 1
    assert not any(problem.code == "managed_orphan" for problem in listing.problems)


def test_undoing_the_config_removes_the_managed_profile(world: World) -> None:
    switch(world, "open")
    assert world.actions.undo_config() == ("/home/u/.aws/config",)
    assert world.config.config == CONFIG


def test_only_profiles_written_by_xswitch_are_removed(world: World) -> None:
    switch(world, "open", SwitchOptions(static=True))
    world.actions.forget(["open"])
    assert world.config.applied[-1] == (
        RemoveProfile("config", "xs-open"),
        RemoveProfile("config", "xs-open-static"),
        RemoveProfile("credentials", "xs-open-static"),
    )
    assert world.config.config == CONFIG
    assert world.config.credentials == CREDENTIALS


def test_one_of_several_managed_profiles_is_switched_to_by_its_name(world: World) -> None:
    switch(world, "open")
    switch(world, "open", SwitchOptions(profile_name="work"))
    assert switch(world, "work").managed_profile == "work"
    assert switch(world, "open").managed_profile == "xs-open"
    role = world.actions.resolve("open", SwitchOptions())._replace(managed_profile="nowhere")
    assert (
        world.actions.switch(role, SwitchOptions(), FakePrompt(), no_progress).managed_profile
        == "xs-open"
    )


def test_nothing_is_switched_while_the_guards_cannot_be_read() -> None:
    broken = Problem(
        "settings_syntax",
        "line 3 is no TOML",
        "error",
        file="/home/me/.config/xswitch/config.toml",
        line=3,
    )
    world = World(settings=Settings(problems=(broken,)))
    with pytest.raises(SettingsError) as caught:
        switch(world, "open")
    assert caught.value.code == "settings_syntax"
    assert "config.toml" in caught.value.next_step


def test_a_warning_in_the_settings_does_not_stop_a_switch() -> None:
    world = World(
        settings=Settings(problems=(Problem("settings_unknown", "unknown key", "warning"),))
    )
    assert switch(world, "open").managed_profile == "xs-open"
