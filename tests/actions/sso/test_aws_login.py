"""A profile with `login_session` signs in with the AWS CLI."""

from __future__ import annotations

import pytest

from support.sso.sign_in import SsoWorld
from xswitch.actions.sso.api import SsoActions
from xswitch.actions.sso.finding import AwsLogin
from xswitch.core.errors import ErrorCode, SourceCredentialsError


@pytest.mark.parametrize("status", [0, 1, 130, 253, 255])
def test_its_exit_status_is_that_of_the_aws_cli(status: int) -> None:
    world = SsoWorld()
    world.aws_cli.status = status
    assert SsoActions(world.sso).aws_login(AwsLogin("laptop")) == status
    assert world.aws_cli.profiles == ["laptop"]


@pytest.mark.parametrize(
    ("status", "lacks"), [(None, "isn't installed"), (2, "is too old"), (252, "is too old")]
)
def test_an_aws_cli_that_cant_is_an_error(status: int | None, lacks: str) -> None:
    world = SsoWorld()
    world.aws_cli.status = status
    with pytest.raises(SourceCredentialsError) as caught:
        SsoActions(world.sso).aws_login(AwsLogin("laptop"))
    assert caught.value.code == ErrorCode.AWS_CLI_MISSING
    assert lacks in caught.value.what
    assert caught.value.next_step == ("Install the AWS CLI 2.32 or newer, then repeat the command.")
