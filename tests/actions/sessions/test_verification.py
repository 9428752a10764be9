"""Errors for sessions of another role."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from xswitch.actions.sessions.verification import check_assumed_role
from xswitch.core.errors import IdentityMismatchError

_ASKED = "arn:aws:iam::222222222222:role/Admin"


@pytest.mark.parametrize(
    ("arn", "repeated"),
    [
        ("arn:aws:sts::999999999999:assumed-role/Admin/me@host", True),
        ("arn:aws:sts::222222222222:assumed-role/Reader/me", True),
        ("arn:aws:iam::222222222222:user/team/dana", True),
        ("arn:aws:iam::222222222222:root", True),
        ("arn:aws:sts::222222222222:federated-user/dana", True),
        ("arn:aws:sts::222222222222:assumed-role/IQoJb3JpZ2lu/a//b==/Admin/me", False),
        ("arn:aws:sts::222222222222:assumed-role/Reader/" + "t" * 65, False),
        ("IQoJb3JpZ2luX2VjEA", False),
        ("", False),
    ],
)
def test_only_an_arn_is_quoted(arn: str, *, repeated: bool) -> None:
    hop: Any = SimpleNamespace(request=SimpleNamespace(role_arn=_ASKED), profile="admin")
    with pytest.raises(IdentityMismatchError) as caught:
        check_assumed_role(hop, arn)
    assert (f"AWS says this session is {arn}, not {_ASKED}" in str(caught.value)) == repeated
    assert repeated or "not an ARN of a session" in str(caught.value)


def test_a_session_of_the_role_is_accepted() -> None:
    hop: Any = SimpleNamespace(request=SimpleNamespace(role_arn=_ASKED), profile="admin")
    check_assumed_role(hop, "arn:aws:sts::222222222222:assumed-role/admin/me")
