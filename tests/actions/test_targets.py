from __future__ import annotations

import pytest

from support.actions import CONFIG, GOOD_CODE, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions
from xswitch.core.errors import ChainError, TargetError, UsageError
from xswitch.core.model import Role, Settings


def resolve(world: World, target: str, **options: str) -> Role:
    return world.actions.resolve(target, SwitchOptions(**options))  # type: ignore[arg-type]


def switched(world: World, name: str, **options: object) -> str:
    switch_options = SwitchOptions(**options)  # type: ignore[arg-type]
    return world.actions.switch(
        world.actions.resolve(name, switch_options),
        switch_options,
        FakePrompt(GOOD_CODE),
        no_progress,
    ).managed_profile


def test_names_arns_accounts_and_words() -> None:
    world = World(settings=Settings(account_names={"333333333333": "sandbox"}))
    for target in (
        "open",
        " open ",
        "OPEN",
        "arn:aws:iam::333333333333:role/Open",
        "333333333333:Open",
        "sandbox:Open",
        "sandbox",
    ):
        assert resolve(world, target).name == "open"
    with pytest.raises(TargetError) as caught:
        resolve(world, "222222222222")
    assert caught.value.candidates == ("payments", "reports")
    with pytest.raises(TargetError):
        resolve(world, "nothing like it")


def test_managed_and_static_profiles_name_their_role() -> None:
    world = World()
    switched(world, "open", static=True)
    switched(world, "open", profile_name="work")
    assert resolve(world, "xs-open").managed_profile == "xs-open"
    assert resolve(world, "xs-open-static").managed_profile == "xs-open"
    assert resolve(world, "work").managed_profile == "work"
    assert resolve(world, "work").name == "open"


def test_the_one_before() -> None:
    world = World(XSWITCH_PREVIOUS="xs-open")
    switched(world, "open", static=True)
    assert resolve(world, "-").name == "open"
    world.environment.set["XSWITCH_PREVIOUS"] = "xs-open-static"
    assert resolve(world, "-").name == "open"
    world.environment.set["XSWITCH_PREVIOUS"] = "payments"
    assert resolve(world, "-").name == "payments"


@pytest.mark.parametrize("previous", ["", "-", "gone"])
def test_no_one_before(previous: str) -> None:
    with pytest.raises(TargetError) as caught:
        resolve(World(XSWITCH_PREVIOUS=previous), "-")
    assert caught.value.code == "no_previous"


def test_account_and_role_from_a_source() -> None:
    world = World()
    role = resolve(world, "777777777777:Deploy", source="payments")
    assert role.name == "777777777777:Deploy"
    assert role.is_ad_hoc
    assert role.chain is not None
    assert [hop.role_arn.rpartition("/")[2] for hop in role.chain.hops] == ["Admin", "Deploy"]
    assert (
        resolve(world, "arn:aws-cn:iam::777777777777:role/a/Deploy", source="dev").partition
        == "aws-cn"
    )
    with pytest.raises(TargetError):
        resolve(world, "777777777777:Deploy", source="nowhere")
    with pytest.raises(UsageError):
        resolve(world, "open", source="dev")


def source_of(role: Role) -> str | None:
    assert role.chain is not None
    return role.chain.hops[-2].profile if len(role.chain.hops) > 1 else role.chain.base.profile


def test_without_a_source_the_only_base_is_it() -> None:
    assert source_of(resolve(World(), "777777777777:Deploy")) == "dev"


def test_without_a_source_the_profile_of_this_shell_is_it() -> None:
    credentials = (
        "[dev]\naws_access_key_id = A\naws_secret_access_key = x\n[ops]\n"
        "aws_access_key_id = B\naws_secret_access_key = x\n"
    )
    config = (
        CONFIG
        + "[profile via-ops]\nrole_arn = arn:aws:iam::888888888888:role/X\nsource_profile = ops\n"
    )
    world = World(config=config, credentials=credentials)
    with pytest.raises(TargetError) as caught:
        resolve(world, "777777777777:Deploy")
    assert "--source" in caught.value.next_step
    world.environment.set["AWS_PROFILE"] = "ops"
    assert source_of(resolve(world, "777777777777:Deploy")) == "ops"
    world.environment.set["AWS_PROFILE"] = "spoke"
    assert source_of(resolve(world, "777777777777:Deploy")) == "hub"
    managed = switched(world, "via-ops")
    world.environment.set["AWS_PROFILE"] = managed
    assert source_of(resolve(world, "777777777777:Deploy")) == "ops"


def test_without_any_role_the_only_profile_with_credentials_is_it() -> None:
    world = World(config="[profile dev]\nregion = eu-west-1\n[profile empty]\nregion = x\n")
    assert source_of(resolve(world, "777777777777:Deploy")) == "dev"
    with pytest.raises(TargetError):
        resolve(World(config="", credentials=""), "777777777777:Deploy")


def test_a_broken_role_is_found_and_says_why_when_it_is_used() -> None:
    world = World()
    role = resolve(world, "broken")
    with pytest.raises(ChainError):
        world.actions.switch(role, SwitchOptions(), FakePrompt(), no_progress)
