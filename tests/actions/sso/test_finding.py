"""Names, profiles, roles, start URLs, and this shell lead to their sign-in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.sso.sign_in import SsoWorld
from xswitch.actions.sso.finding import AwsLogin, find_session, find_sign_in
from xswitch.core.errors import SourceCredentialsError, TargetError, XswitchError
from xswitch.core.model import Endpoint, PortalRole

CORP = "https://corp.awsapps.com/start"
LEGACY = "https://legacy.awsapps.com/start"
CONFIG = f"""\
[sso-session corp]
sso_start_url = {CORP}
sso_region = eu-west-1

[sso-session other]
sso_start_url = https://other.awsapps.com/start#/
sso_region = us-east-1

[sso-session half]
sso_region = us-east-1

[sso-session 'two words']
sso_start_url = https://words.awsapps.com/start
sso_region = eu-west-1

[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin

[profile other]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Other

[profile same-portal]
sso_start_url = {CORP}
sso_region = eu-west-1
sso_account_id = 111111111111
sso_role_name = Admin

[profile legacy]
sso_start_url = {LEGACY}
sso_region = us-gov-west-1
sso_account_id = 111111111111
sso_role_name = Admin
endpoint_url = http://127.0.0.1:1

[profile no-role]
sso_session = corp

[profile deploy]
role_arn = arn:aws:iam::222222222222:role/Deploy
source_profile = dev

[profile deploy-further]
role_arn = arn:aws:iam::333333333333:role/Deploy
source_profile = deploy

[profile role-and-sso]
role_arn = arn:aws:iam::222222222222:role/Deploy
source_profile = legacy
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin

[profile sso-and-keys]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = x

[profile xs-deploy]
credential_process = /usr/bin/xswitch
xswitch_role = deploy

[profile xs-portal]
credential_process = /usr/bin/xswitch
xswitch_role = 111111111111/Reader@corp
xswitch_sso_session = corp
xswitch_sso_account_id = 111111111111
xswitch_sso_role_name = Reader

[profile xs-removed]
credential_process = /usr/bin/xswitch
xswitch_role = 111111111111/Reader@https://removed.awsapps.com/start
xswitch_sso_start_url = https://removed.awsapps.com/start
xswitch_sso_region = eu-west-1
xswitch_sso_account_id = 111111111111
xswitch_sso_role_name = Reader

[profile laptop]
login_session = arn:aws:iam::111111111111:user/dana

[profile from-laptop]
role_arn = arn:aws:iam::222222222222:role/Deploy
source_profile = laptop

[profile lost]
sso_session = nowhere

[profile against]
sso_session = corp
sso_region = us-east-1
sso_account_id = 111111111111
sso_role_name = Admin

[profile deploy-lost]
role_arn = arn:aws:iam::222222222222:role/Deploy
source_profile = against

[profile keys]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = x
"""
LABELS = [
    ("corp", "corp"),
    ("two words", "two words"),
    ("dev", "corp"),
    ("other", "other"),  # the sso-session goes before the profile of its name
    ("no-role", "corp"),
    ("legacy", LEGACY),
    ("same-portal", CORP),
    (CORP, CORP),  # its own sign-in, which has no other name
    (f"{CORP}/#/", CORP),
    ("https://OTHER.awsapps.com/start/", "other"),
    ("deploy", "corp"),
    ("deploy-further", "corp"),
    ("role-and-sso", LEGACY),  # the role wins, as in botocore
    ("sso-and-keys", "corp"),
    ("xs-deploy", "corp"),
    ("xs-portal", "corp"),
    ("xs-removed", "https://removed.awsapps.com/start"),
    ("https://removed.awsapps.com/start", "https://removed.awsapps.com/start"),
]


def world_with(config: str = CONFIG, **variables: str) -> SsoWorld:
    world = SsoWorld(config)
    world.environment.set = dict(variables)
    return world


@pytest.mark.parametrize(("target", "label"), LABELS)
def test_a_target(target: str, label: str) -> None:
    assert find_session(world_with().ports.config, target).label == label


@pytest.mark.parametrize(("target", "label"), LABELS)
def test_the_profile_of_this_shell(target: str, label: str) -> None:
    if target not in world_with().ports.config.files.read().profiles or target == "other":
        return
    for variables in ({"AWS_PROFILE": target}, {"AWS_DEFAULT_PROFILE": target}):
        assert find_session(world_with(**variables).ports.config, "").label == label


@pytest.mark.parametrize("target", ["laptop", "from-laptop"])
def test_a_sign_in_that_only_the_aws_cli_makes(target: str) -> None:
    config = world_with(AWS_PROFILE=target).ports.config
    assert find_sign_in(config, target) == find_sign_in(config, "") == AwsLogin("laptop")
    with pytest.raises(TargetError) as caught:
        find_session(config, target)
    assert caught.value.next_step == "xswitch login laptop"


def test_a_role_that_only_the_portal_lists() -> None:
    config = world_with().ports.config
    listed = PortalRole("corp", CORP, "444444444444", "Sandbox", "Reader")

    class Lists:
        def load(self) -> tuple[PortalRole, ...]:
            return (listed,)

        def any_stale(self, _now: object) -> bool:
            return False

    config = replace(config, portal_lists=Lists())
    assert find_session(config, "Sandbox/Reader").label == "corp"


@pytest.mark.parametrize(
    ("target", "kind", "code"),
    [
        ("nobody", TargetError, "target_unknown"),
        ("https://nobody.awsapps.com/start", TargetError, "target_unknown"),
        ("keys", TargetError, "target_unknown"),
        ("", TargetError, "target_ambiguous"),
        ("half", SourceCredentialsError, "sso_config"),
        ("lost", SourceCredentialsError, "sso_config"),
        ("against", SourceCredentialsError, "sso_config"),
    ],
)
def test_not_found(target: str, kind: type[XswitchError], code: str) -> None:
    with pytest.raises(kind) as caught:
        find_session(world_with(AWS_PROFILE="keys").ports.config, target)
    assert caught.value.code == code
    assert caught.value.next_step


def test_a_chain_whose_source_is_misconfigured_isnt_taken_for_another_sign_in() -> None:
    with pytest.raises(TargetError):
        find_session(world_with().ports.config, "deploy-lost")


def test_the_endpoints_are_those_of_the_profile() -> None:
    config = world_with().ports.config
    assert find_session(config, "legacy").oidc == Endpoint("us-gov-west-1", "http://127.0.0.1:1")
    assert find_session(config, "dev").oidc == Endpoint("eu-west-1")
