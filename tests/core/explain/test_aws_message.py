from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.explain.aws_message import Layer, Said, said

USER = "arn:aws:iam::111111111111:user/dev"
WHO = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/Admin"


@pytest.mark.parametrize(
    ("end", "layer", "explicit"),
    [
        ("", None, False),
        (" with an explicit deny", None, True),
        (" with an explicit deny in an identity-based policy", Layer.IDENTITY, True),
        (" with an explicit deny in a service control policy", Layer.SCP, True),
        (" with an explicit deny in a resource control policy", Layer.RCP, True),
        (" with an explicit deny in a permissions boundary", Layer.BOUNDARY, True),
        (" with an explicit deny in a session policy", Layer.SESSION, True),
        (" with an explicit deny in the role trust policy", Layer.TRUST, True),
        (" with an explicit deny in a resource-based policy", Layer.TRUST, True),
        (" with an explicit deny in a VPC endpoint policy", Layer.ENDPOINT, True),
        (" because no identity-based policy allows the sts:AssumeRole action", Layer.IDENTITY, False),
        (" because no service control policy allows the sts:AssumeRole action", Layer.SCP, False),
        (" because no permissions boundary allows the sts:AssumeRole action", Layer.BOUNDARY, False),
        (" because no session policy allows the sts:AssumeRole action", Layer.SESSION, False),
        (" because no role trust policy allows the sts:AssumeRole action", Layer.TRUST, False),
        (" because no resource-based policy allows the sts:AssumeRole action", Layer.TRUST, False),
        (" because no VPC endpoint policy allows the sts:AssumeRole action", Layer.ENDPOINT, False),
        (" because no astrological policy allows the sts:AssumeRole action", None, False),
    ],
)
def test_each_of_aws_s_reasons_is_read(end: str, layer: Layer | None, *, explicit: bool) -> None:
    assert said(WHO + end) == Said(USER, "sts:AssumeRole", layer, explicit)


def test_a_policy_that_is_named_is_kept() -> None:
    found = said(f"{WHO} with an explicit deny in an identity-based policy: arn:aws:iam::111111111111:policy/no.")
    assert (found.layer, found.policy) == (Layer.IDENTITY, "arn:aws:iam::111111111111:policy/no")


def test_the_action_may_stand_without_a_resource() -> None:
    text = f"User: {USER} is not authorized to perform: sts:TagSession because no role trust policy allows the sts:TagSession action"
    found = said(text)
    assert (found.action, found.layer, found.explicit) == ("sts:TagSession", Layer.TRUST, False)


@given(st.text())
def test_any_other_text_says_nothing(text: str) -> None:
    assert said(text).layer is None
