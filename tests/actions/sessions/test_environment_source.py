"""Sessions of `credential_source = Environment`: a switch unsets the keys that make them."""

from __future__ import annotations

import json

import pytest

from support.actions import GOOD_CODE, MFA_ARN, FakePrompt, World
from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions, SwitchResult
from xswitch.core.errors import SourceCredentialsError, XswitchError
from xswitch.core.model import CredentialSource, CredentialSourceKind
from xswitch.core.variables import CLEARED_VARIABLES

ROLE = "arn:aws:iam::222222222222:role/Admin"
CONFIG = f"""\
[profile p]
role_arn = {ROLE}
credential_source = Environment
region = eu-west-1

[profile mfa]
role_arn = {ROLE}
credential_source = Environment
mfa_serial = {MFA_ARN}

[profile spoke]
role_arn = arn:aws:iam::333333333333:role/Spoke
source_profile = p
"""
GONE = SourceCredentialsError("No access keys in the environment.", code="keys_missing")


class EnvironmentWorld(World):
    """A world with keys in the environment, whose source fails once they are gone."""

    def __init__(self, *, token: bool = False) -> None:
        super().__init__(config=CONFIG, credentials="")
        self.set_keys("AKIAONE", token=token)

    def set_keys(self, key_id: str, *, token: bool = False) -> None:
        self.environment.set |= {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": "canary"}
        if token:
            self.environment.set["AWS_SESSION_TOKEN"] = "canary"
        self.base.fail = None

    def unset_keys(self) -> None:
        """Unset the variables as the hook's code does."""
        for name in CLEARED_VARIABLES:
            self.environment.set.pop(name, None)
        self.base.fail = GONE


def switch(world: World, name: str, **options: object) -> SwitchResult:
    switch_options = SwitchOptions(**options)  # type: ignore[arg-type]
    role = world.actions.resolve(name, switch_options)
    return world.actions.switch(role, switch_options, FakePrompt(GOOD_CODE), no_progress)


def served(world: World, profile: str) -> str:
    return str(json.loads(world.actions.credential_process(profile, FakePrompt()))["AccessKeyId"])


@pytest.mark.parametrize("token", [False, True])
@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("p", {}),
        ("mfa", {}),
        ("spoke", {}),
        ("p", {"profile_name": "mine"}),
        ("p", {"duration_seconds": 900}),
        ("777777777777:Ops", {"source": "p"}),
    ],
)
def test_the_session_is_served_after_the_keys_are_gone(
    target: str, options: dict[str, object], *, token: bool
) -> None:
    world = EnvironmentWorld(token=token)
    switched = switch(world, target, **options)
    key = served(world, switched.managed_profile)
    world.unset_keys()
    assert switched.expires_at is not None
    seconds = (switched.expires_at - world.clock.now()).total_seconds()
    # Another session before the role's in its chain can renew it
    alone = target == "p" or (target == "mfa" and token)
    for _ in range(10):
        assert served(world, switched.managed_profile) == key or not alone
        world.clock.advance(seconds / 10 - 7)
    assert switch(world, switched.managed_profile, reuse_overrides=True).from_vault
    assert "canary" not in world.config.config
    info = world.actions.listing().sessions[switched.role.name]
    assert info.expires_at == switched.expires_at or "profile_name" in options or not alone
    world.clock.advance(13 * 3600)
    with pytest.raises(SourceCredentialsError) as caught:
        served(world, switched.managed_profile)
    assert caught.value.code == "keys_missing"


def test_a_new_role_session_is_made_while_the_mfa_session_lives() -> None:
    world = EnvironmentWorld()
    switch(world, "mfa")
    first = served(world, "xs-mfa")
    world.unset_keys()
    world.clock.advance(4000)
    second = served(world, "xs-mfa")
    assert second != first
    (renewed,) = world.actions.renew(("mfa",), FakePrompt(), no_progress)
    assert renewed.error is None
    world.clock.advance(12 * 3600)
    with pytest.raises(XswitchError):
        served(world, "xs-mfa")


@pytest.mark.parametrize("token", [False, True])
def test_a_session_of_other_keys_is_never_served(*, token: bool) -> None:
    world = EnvironmentWorld()
    switch(world, "p")
    first = served(world, "xs-p")
    world.unset_keys()
    world.set_keys("AKIATWO", token=token)
    second = served(world, "xs-p")
    assert second != first
    world.base.fail = GONE
    world.clock.advance(4000)
    with pytest.raises(SourceCredentialsError):
        served(world, "xs-p")


def test_the_same_keys_with_another_token_are_others() -> None:
    world = EnvironmentWorld(token=True)
    switch(world, "p")
    first = served(world, "xs-p")
    world.unset_keys()
    assert served(world, "xs-p") == first
    world.set_keys("AKIAONE", token=True)
    assert served(world, "xs-p") == first


def test_the_prompt_does_not_promise_a_renewal() -> None:
    world = EnvironmentWorld()
    switch(world, "p")
    world.unset_keys()
    served(world, "xs-p")
    assert world.prompt_files.states["xs-p"].renewable_until == world.clock.now()
    world.clock.advance(2200)
    served(world, "xs-p")
    assert world.background.started == []


def test_a_role_that_no_longer_starts_from_the_environment_forgets_its_keys() -> None:
    world = EnvironmentWorld()
    switch(world, "p")
    assert "xswitch_environment_key = AKIAONE" in world.config.config
    world.config.config = world.config.config.replace(
        "credential_source = Environment\nregion", "source_profile = dev\nregion"
    ).replace(
        "[profile p]",
        "[profile dev]\naws_access_key_id = A\naws_secret_access_key = b\n\n[profile p]",
    )
    world.unset_keys()
    world.base.fail = None
    switch(world, "p")
    assert "xswitch_environment_key" not in world.config.config
    assert [base.kind for base in world.base.resolved][-1] is CredentialSourceKind.STATIC_KEYS
    assert all(isinstance(base, CredentialSource) for base in world.base.resolved)
