from __future__ import annotations

from dataclasses import replace

import pytest

from support.actions import CONFIG, GOOD_CODE, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import DoctorCheck, SwitchOptions
from xswitch.core.errors import ConfigError, NetworkError, VaultAbsentError, VaultLockedError
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.model import FileInfo, Problem, Settings
from xswitch.core.profiles.process_command import split_command

GOOD = CONFIG.partition("[profile broken]")[0]


@pytest.fixture
def world() -> World:
    world = World(config=GOOD, XSWITCH_SHELL="zsh", AWS_PROFILE="xs-open")
    options = SwitchOptions()
    world.actions.switch(
        world.actions.resolve("open", options), options, FakePrompt(GOOD_CODE), no_progress
    )
    return world


def checks(world: World, name: str) -> list[DoctorCheck]:
    return [check for check in world.actions.doctor() if check.name == name]


def only(world: World, name: str) -> DoctorCheck:
    (check,) = checks(world, name)
    return check


def test_every_check_can_pass(world: World) -> None:
    results = world.actions.doctor()
    assert {check.state for check in results} == {"ok"}
    names = [check.name for check in results]
    assert names == [
        "config",
        "roles",
        "vault",
        "hook",
        "environment",
        "profile",
        "managed",
        "permissions",
        *["sts", "clock"] * (len(names) // 2 - 4),
    ]
    assert len(world.sts_probe.reached) in {1, 2, 3}
    assert len(world.vault.values) == 1


def test_a_config_that_cannot_be_read_does_not_stop_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ConfigError(
            "The config is not UTF-8.", why="line 3", next_step="Convert it.", code="encoding"
        )

    monkeypatch.setattr(world.config, "read", refuse)
    results = world.actions.doctor()
    assert results[0] == DoctorCheck(
        "config", "error", "The config is not UTF-8. line 3", "Convert it.", {"code": "encoding"}
    )
    assert [check.name for check in results[1:]] == ["vault", "hook", "environment", "permissions"]


def test_mistakes_and_warnings_in_the_config(world: World) -> None:
    world.config.config += "[profile odd]\nregion\n"
    assert only(world, "config").state == "error"
    world.config.config = GOOD + "[profile odd]\nregion = x # y\n"
    assert only(world, "config").state == "warning"


def test_problems_of_the_settings(world: World) -> None:
    world.settings.settings = Settings(
        problems=(
            Problem("unknown_key", "What is this?", file="config.toml", line=3),
            Problem("odd", "Odd."),
        )
    )
    assert [check.message for check in checks(world, "settings")] == [
        "What is this? (config.toml:3)",
        "Odd.",
    ]


def test_chains_that_break_or_loop(world: World) -> None:
    world.config.config += (
        "[profile a]\nrole_arn = arn:aws:iam::222222222222:role/A\nsource_profile = b\n"
    )
    world.config.config += (
        "[profile b]\nrole_arn = arn:aws:iam::222222222222:role/B\nsource_profile = a\n"
    )
    check = only(world, "roles")
    assert check.state == "warning"
    assert set(check.details) == {"a", "b"}
    assert "loop" in check.details["a"]
    assert check.message.startswith(
        "7 roles, 1 profile with credentials of its own; 2 of them are misconfigured. "
    )


@pytest.mark.parametrize(
    "failure", [VaultLockedError("Locked.", next_step="Unlock it."), VaultAbsentError("None.")]
)
def test_a_vault_that_does_not_respond(world: World, failure: VaultLockedError) -> None:
    world.vault.fail = failure
    check = only(world, "vault")
    assert check.state == "error"
    assert check.next_step == failure.next_step
    assert check.details["code"] == failure.code


def test_a_vault_that_does_not_store_values(world: World) -> None:
    world.vault.forgetful = True
    assert only(world, "vault").state == "error"
    world.vault.forgetful = False
    world.vault.fail_put = VaultLockedError("Locked.")
    assert only(world, "vault").state == "error"


def test_without_the_hook(world: World) -> None:
    del world.environment.set["XSWITCH_SHELL"]
    check = only(world, "hook")
    assert check.state == "warning"
    assert "xswitch init" in check.next_step


@pytest.mark.parametrize(
    ("variables", "step"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "A", "AWS_SESSION_TOKEN": "x"},
            "unset AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN",
        ),
        (
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn"},
            "unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN",
        ),
        ({"AWS_DEFAULT_PROFILE": "dev"}, "unset AWS_DEFAULT_PROFILE"),
    ],
)
def test_variables_that_override_the_profile(
    world: World, variables: dict[str, str], step: str
) -> None:
    world.environment.set.update(variables)
    check = only(world, "environment")
    assert (check.state, check.next_step) == ("warning", step)


def test_both_kinds_at_once(world: World) -> None:
    world.environment.set.update(
        {"AWS_ACCESS_KEY": "A", "AWS_SECURITY_TOKEN": "x", "AWS_DEFAULT_PROFILE": "dev"}
    )
    assert len(checks(world, "environment")) == 2
    world.environment.set.update({"AWS_ROLE_ARN": "half"})
    # No SDK uses a token without a key
    del world.environment.set["AWS_ACCESS_KEY"]
    world.environment.set["AWS_DEFAULT_PROFILE"] = "xs-open"
    assert only(world, "environment").state == "ok"


@pytest.mark.parametrize(
    ("variables", "step"),
    [
        ({"AWS_REGION": "eu-west-1"}, ""),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}, ""),
        (
            {"AWS_REGION": "us-east-1"},
            "export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1",
        ),
        (
            {"AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "eu-west-1"},
            "export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1",
        ),
        (
            {"AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "eu-west-1", "AWS_PROFILE": ""},
            "unset AWS_DEFAULT_REGION",
        ),
        ({"AWS_DEFAULT_REGION": "us-east-1", "AWS_PROFILE": ""}, ""),
    ],
)
def test_a_region_that_goes_before_the_profiles(
    world: World, variables: dict[str, str], step: str
) -> None:
    world.config.config = world.config.config.replace(
        "[profile xs-open]\n", "[profile xs-open]\nregion = eu-west-1\n"
    )
    world.environment.set.update(variables)
    check = only(world, "environment")
    assert (check.state, check.next_step) == ("warning" if step else "ok", step)
    if step:
        assert all(f"{name} is " in check.message for name in variables if name != "AWS_PROFILE")


def test_the_command_is_one_of_the_users_shell(world: World) -> None:
    world.environment.set.update({"AWS_ACCESS_KEY_ID": "A", "XSWITCH_SHELL": "fish"})
    assert only(world, "environment").next_step == "set -e AWS_ACCESS_KEY_ID"


def test_the_selected_profile(world: World) -> None:
    world.environment.set["AWS_PROFILE"] = "gone"
    assert only(world, "profile").state == "error"
    world.environment.set["AWS_PROFILE"] = ""
    assert only(world, "profile").state == "ok"


SSO = """
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
[profile own]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Developer
[profile of-own]
role_arn = arn:aws:iam::222222222222:role/One
source_profile = own
"""


@pytest.mark.parametrize("profile", ["own", "of-own"])
def test_the_sign_in_of_the_selected_profile(world: World, profile: str) -> None:
    world.config.config += SSO
    world.environment.set["AWS_PROFILE"] = profile
    assert only(world, "sign-in").state == "ok"
    world.base.signed_out = sign_in_needed("corp")
    check = only(world, "sign-in")
    assert (check.state, check.next_step) == ("warning", "xswitch login corp")
    assert check.details == {"code": "sso_login"}


@pytest.mark.parametrize("profile", ["", "dev", "no-such-profile"])
def test_another_profile_has_no_sign_in(world: World, profile: str) -> None:
    world.config.config += SSO
    world.environment.set["AWS_PROFILE"] = profile
    assert checks(world, "sign-in") == []
    assert world.base.signed_in == []


def test_one_misconfigured_role_is_singular(world: World) -> None:
    world.config.config += (
        "[profile b]\nrole_arn = arn:aws:iam::222222222222:role/B\nsource_profile = nobody\n"
    )
    assert "; 1 of them is misconfigured. " in only(world, "roles").message


def test_a_managed_profile_whose_command_is_gone(world: World) -> None:
    world.environment.words = ("/new place/xswitch",)
    for fact in (
        FileInfo("/opt/xswitch/bin/xswitch", exists=False),
        FileInfo("/opt/xswitch/bin/xswitch", exists=True, folder=True, executable=True),
        FileInfo("/opt/xswitch/bin/xswitch", exists=True, executable=False),
    ):
        world.file_facts.facts[fact.path] = fact
        check = only(world, "managed")
        assert (check.state, check.next_step) == ("error", "xswitch switch xs-open")
        assert "/opt/xswitch/bin/xswitch" in check.message


LAUNCHER = "/opt/xswitch/share/xswitch/credential_process.py"


def by_the_launcher(world: World, **fact: int) -> list[DoctorCheck]:
    """Return the checks of a managed profile whose launcher has these file facts."""
    world.config.config = world.config.config.replace(
        "xswitch credential-process", f"python3 -I -S {LAUNCHER}"
    )
    world.environment.launcher = ("/opt/xswitch/bin/python3", "-I", "-S", LAUNCHER)
    world.file_facts.facts["/opt/xswitch/bin/python3"] = FileInfo(
        "/opt/xswitch/bin/python3", exists=True, executable=True
    )
    world.file_facts.facts[LAUNCHER] = FileInfo(LAUNCHER, **{"exists": True, **fact})  # type: ignore[arg-type]
    return checks(world, "managed")


def test_a_managed_profile_whose_launcher_is_there(world: World) -> None:
    assert [check.state for check in by_the_launcher(world, mode=0o644)] == ["ok"]


@pytest.mark.parametrize("fact", [{"exists": False}, {"folder": True}])
def test_a_managed_profile_whose_launcher_is_gone(world: World, fact: dict[str, int]) -> None:
    (check,) = by_the_launcher(world, **fact)
    assert (check.state, check.next_step) == ("error", "xswitch switch xs-open")
    assert f"{LAUNCHER}, which is gone" in check.message


def test_a_managed_profile_with_a_world_writable_launcher(world: World) -> None:
    (check,) = by_the_launcher(world, mode=0o666)
    assert (check.state, check.next_step) == ("error", f"chmod o-w {LAUNCHER}")


def test_a_managed_profile_whose_role_is_gone(world: World) -> None:
    world.config.config = world.config.config.replace("[profile open]", "[profile closed]")
    assert (only(world, "managed").state, only(world, "managed").next_step) == (
        "warning",
        "xswitch forget xs-open",
    )


def test_a_managed_profile_with_overriding_keys(world: World) -> None:
    world.config.credentials += "[xs-open]\naws_access_key_id = A\naws_secret_access_key = x\n"
    check = only(world, "managed")
    assert check.state == "error"
    assert "credentials:5" in check.message


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/a/b c", ["/a/b", "c"]),
        ("/a\\ b/x credential-process p", ["/a b/x", "credential-process", "p"]),
        ("/p -I -S /l\\ l/c.py /n", ["/p", "-I", "-S", "/l l/c.py", "/n"]),
        ("", []),
    ],
)
def test_the_words_of_a_command(command: str, words: list[str]) -> None:
    assert split_command(command) == words


def test_files_others_can_read(world: World) -> None:
    path = "/home/u/.aws/credentials"
    world.file_facts.facts[path] = FileInfo(path, exists=True, mode=0o644)
    state = "/home/u/.local/state/xswitch"
    world.file_facts.facts[state] = FileInfo(state, exists=True, folder=True, mode=0o755)
    assert [check.next_step for check in checks(world, "permissions")] == [
        f"chmod 600 {path}",
        f"chmod 700 {state}",
    ]
    assert "mode 644" in checks(world, "permissions")[0].message
    world.file_facts.facts[path] = FileInfo(path, exists=False)
    world.file_facts.facts[state] = FileInfo(state, exists=True, folder=True, mode=None)
    assert only(world, "permissions").state == "ok"


def test_files_of_another_user(world: World) -> None:
    path = "/home/u/.aws/config"
    world.file_facts.facts[path] = FileInfo(
        path, exists=True, mode=0o644, mine=False, repair="sudo chown -R 1:1 x"
    )
    check = only(world, "permissions")
    assert (check.state, check.next_step) == ("error", "sudo chown -R 1:1 x")


def test_the_state_folder_is_looked_into(world: World) -> None:
    state = "/home/u/.local/state/xswitch"
    facts = {
        f"{state}/locks": FileInfo("", exists=True, folder=True, mode=0o700, mine=False),
        f"{state}/locks/a.lock": FileInfo("", exists=True, mode=0o600, mine=False),
        f"{state}/hot/xs-a": FileInfo("", exists=True, mode=0o000),
        f"{state}/prompt": FileInfo("", exists=True, folder=True, mode=0o711),
    }
    world.file_facts.facts |= {path: replace(fact, path=path) for path, fact in facts.items()}
    found = {check.message.partition(" (mode")[0] for check in checks(world, "permissions")}
    assert found == {
        f"{state}/locks belongs to another user.",
        f"You can't use {state}/hot/xs-a, which is yours",
        f"Other users can read or change {state}/prompt",
    }


def test_a_copy_that_an_earlier_version_kept(world: World) -> None:
    path = "/home/u/.aws/config.xswitch-original"
    world.file_facts.facts[path] = FileInfo(path, exists=True, mode=0o600)
    check = only(world, "leftovers")
    assert (check.state, check.next_step) == ("warning", f"rm {path}")


def test_what_killed_writers_left_is_removed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.config, "remove_leftovers", lambda: ("/home/u/.aws/.x.tmp",))
    check = only(world, "leftovers")
    assert (check.state, check.details) == ("ok", {"removed": "/home/u/.aws/.x.tmp"})
    assert "1 temporary file " in check.message


@pytest.mark.parametrize(
    ("skew", "state"),
    [
        (0, "ok"),
        (-299, "ok"),
        (300, "warning"),
        (-899, "warning"),
        (900, "error"),
        (-90_000, "error"),
    ],
)
def test_the_clock(world: World, skew: float, state: str) -> None:
    world.sts_probe.skew = skew
    results = checks(world, "clock")
    assert {check.state for check in results} == {state}
    if skew:
        assert ("behind" if skew > 0 else "ahead of") in results[0].message


def test_a_server_without_a_time(world: World) -> None:
    world.sts_probe.skew = None
    assert {check.state for check in checks(world, "clock")} == {"skipped"}


def test_sts_that_cannot_be_reached(world: World) -> None:
    world.sts_probe.fail = NetworkError(
        "The name can't be resolved.", next_step="Check the network.", code="dns"
    )
    assert {check.state for check in checks(world, "sts")} == {"error"}
    assert checks(world, "clock") == []


def test_without_roles_no_endpoint_is_tried(world: World) -> None:
    world.config.config = world.config.credentials = ""
    assert only(world, "sts").state == "skipped"


def test_a_custom_endpoint_is_named(world: World) -> None:
    world.config.config = GOOD.replace("region = eu-west-1", "endpoint_url = http://127.0.0.1:4566")
    assert any("http://127.0.0.1:4566" in check.message for check in checks(world, "sts"))


def test_one_endpoint_url_is_tested_once_for_all_regions(world: World) -> None:
    url = "endpoint_url = http://127.0.0.1:4566"
    world.config.config = GOOD.replace("region = eu-west-1", f"region = eu-west-1\n{url}").replace(
        "[profile open]", f"[profile open]\n{url}"
    )
    world.sts_probe.reached.clear()
    world.actions.doctor()
    assert [endpoint.url for endpoint in world.sts_probe.reached].count(
        "http://127.0.0.1:4566"
    ) == 1


def test_the_endpoint_most_roles_use_is_tried_first(world: World) -> None:
    world.sts_probe.reached.clear()
    world.actions.doctor()
    assert [endpoint.region for endpoint in world.sts_probe.reached] == ["us-east-1", "eu-west-1"]


def test_nouns_are_singular_or_plural(world: World) -> None:
    world.config.config = "[profile odd]\nregion = x # y\n"
    world.config.credentials = ""
    assert "1 profile in" in only(world, "config").message
    assert "1 warning." in only(world, "config").message
