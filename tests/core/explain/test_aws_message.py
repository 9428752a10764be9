from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.explain.aws_message import DenialMessage, PolicyType, parse_denial

USER = "arn:aws:iam::111111111111:user/dev"
WHO = (
    f"User: {USER} is not authorized to perform: sts:AssumeRole "
    "on resource: arn:aws:iam::222222222222:role/Admin"
)


@pytest.mark.parametrize(
    ("end", "layer", "explicit"),
    [
        ("", None, False),
        (" with an explicit deny", None, True),
        (" with an explicit deny in an identity-based policy", PolicyType.IDENTITY, True),
        (" with an explicit deny in a service control policy", PolicyType.SCP, True),
        (" with an explicit deny in a resource control policy", PolicyType.RCP, True),
        (" with an explicit deny in a permissions boundary", PolicyType.BOUNDARY, True),
        (" with an explicit deny in a session policy", PolicyType.SESSION, True),
        (" with an explicit deny in the role trust policy", PolicyType.TRUST, True),
        (" with an explicit deny in a resource-based policy", PolicyType.TRUST, True),
        (" with an explicit deny in a VPC endpoint policy", PolicyType.ENDPOINT, True),
        (
            " because no identity-based policy allows the sts:AssumeRole action",
            PolicyType.IDENTITY,
            False,
        ),
        (
            " because no service control policy allows the sts:AssumeRole action",
            PolicyType.SCP,
            False,
        ),
        (
            " because no permissions boundary allows the sts:AssumeRole action",
            PolicyType.BOUNDARY,
            False,
        ),
        (" because no session policy allows the sts:AssumeRole action", PolicyType.SESSION, False),
        (" because no role trust policy allows the sts:AssumeRole action", PolicyType.TRUST, False),
        (
            " because no resource-based policy allows the sts:AssumeRole action",
            PolicyType.TRUST,
            False,
        ),
        (
            " because no VPC endpoint policy allows the sts:AssumeRole action",
            PolicyType.ENDPOINT,
            False,
        ),
        (" because no astrological policy allows the sts:AssumeRole action", None, False),
    ],
)
def test_all_reasons_are_parsed(end: str, layer: PolicyType | None, *, explicit: bool) -> None:
    assert parse_denial(WHO + end) == DenialMessage(USER, "sts:AssumeRole", layer, explicit)


def test_the_arn_of_the_policy_is_parsed() -> None:
    denial = parse_denial(
        f"{WHO} with an explicit deny in an identity-based policy: "
        "arn:aws:iam::111111111111:policy/no."
    )
    assert (denial.policy_type, denial.policy) == (
        PolicyType.IDENTITY,
        "arn:aws:iam::111111111111:policy/no",
    )


def test_the_resource_is_optional() -> None:
    denial = parse_denial(
        f"User: {USER} is not authorized to perform: sts:TagSession "
        "because no role trust policy allows the sts:TagSession action"
    )
    assert (denial.action, denial.policy_type, denial.explicit) == (
        "sts:TagSession",
        PolicyType.TRUST,
        False,
    )


@given(st.text())
def test_other_text_has_no_facts(text: str) -> None:
    assert parse_denial(text).policy_type is None
