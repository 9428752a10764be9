from __future__ import annotations

from collections.abc import Mapping

import pytest

from support.roles import KEYS, arn, role, roles, view
from xswitch.core.errors import TargetError
from xswitch.core.roles.targets import find_role

CONFIG = {
    "payments-prod": role("dev", "Admin", xswitch_account_name="payments"),
    "payments-sandbox": role("dev", "team/Reader", xswitch_account_name="payments"),
    "twin-a": {"role_arn": arn("Twin", "333333333333"), "source_profile": "dev"},
    "twin-b": {"role_arn": arn("Twin", "333333333333"), "source_profile": "dev"},
    "hub": {"role_arn": arn("Hub", "444444444444"), "source_profile": "dev"},
    "hub-dr": {"role_arn": arn("HubDr", "444444444444"), "source_profile": "dev"},
    arn("Odd"): {"role_arn": arn("Even"), "source_profile": "dev"},
}
ROLES = list(roles(view(CONFIG, {"dev": KEYS})).values())
MANAGED = {"xs-hub": "hub", "hub-dr": "hub", "lost": "gone"}


def name(target: str, managed: Mapping[str, str] = MANAGED) -> str:
    return find_role(target, ROLES, managed).name


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("payments-prod", "payments-prod"),
        (" payments-prod ", "payments-prod"),
        ("hub", "hub"),
        ("xs-hub", "hub"),
        ("hub-dr", "hub-dr"),
        ("HUB", "hub"),
        (arn("Admin"), "payments-prod"),
        (arn("Odd"), arn("Odd")),
        ("222222222222:Admin", "payments-prod"),
        ("222222222222:Reader", "payments-sandbox"),
        ("222222222222:team/Reader", "payments-sandbox"),
        ("222222222222:/team/Reader", "payments-sandbox"),
        ("Payments:Admin", "payments-prod"),
        ("pay sand", "payments-sandbox"),
        ("444444444444 hubdr", "hub-dr"),
        ("sandb", "payments-sandbox"),
    ],
)
def test_what_names_one_role(target: str, expected: str) -> None:
    assert name(target) == expected


@pytest.mark.parametrize(
    ("target", "candidates"),
    [
        ("pay", ("payments-prod", "payments-sandbox")),
        ("333333333333:Twin", ("twin-a", "twin-b")),
        (arn("Twin", "333333333333"), ("twin-a", "twin-b")),
    ],
)
def test_an_ambiguous_target_lists_all_matches(target: str, candidates: tuple[str, ...]) -> None:
    with pytest.raises(TargetError) as caught:
        name(target)
    assert (caught.value.code, caught.value.candidates) == ("target_ambiguous", candidates)
    assert all(candidate in caught.value.what for candidate in candidates)
    assert caught.value.next_step == f"xswitch switch {candidates[0]}"


@pytest.mark.parametrize(
    ("target", "next_step"),
    [
        ("paiments-prod", "xswitch switch payments-prod"),
        ("qqqq", "xswitch list"),
        ("", "xswitch list"),
        ("lost", "xswitch list"),
        ("999999999999:Admin", "xswitch switch 999999999999:Admin --source PROFILE"),
        ("222222222222:Nobody", "xswitch switch 222222222222:Nobody --source PROFILE"),
        (arn("Nobody"), f"xswitch switch {arn('Nobody')} --source PROFILE"),
    ],
)
def test_an_unknown_target_comes_with_a_next_step(target: str, next_step: str) -> None:
    with pytest.raises(TargetError) as caught:
        name(target)
    assert (caught.value.code, caught.value.next_step) == ("target_unknown", next_step)


def test_very_many_matches_are_abbreviated() -> None:
    many = list(roles(view({f"p{i}": role("dev") for i in range(100)}, {"dev": KEYS})).values())
    with pytest.raises(TargetError) as caught:
        find_role("admin", many, {})
    assert len(caught.value.candidates) == 100
    assert "and 80 more" in caught.value.what
