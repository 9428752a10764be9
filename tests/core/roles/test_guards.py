from __future__ import annotations

import pytest

from support.roles import KEYS, arn, role, roles, view
from xswitch.core.model import Guard, GuardRule, Role, Settings
from xswitch.core.model.settings import GUARD_COLORS
from xswitch.core.roles.guards import confirmation_text, guard_for, is_confirmed


def resolve(**properties: str) -> Role:
    return roles(view({"Pay-Prod": role("dev", "Admin", **properties)}, {"dev": KEYS}))["Pay-Prod"]


@pytest.mark.parametrize(
    "pattern",
    [
        "pay-prod",
        "PAY-*",
        "*prod",
        "222222222222",
        "22222222222?",
        arn("Admin"),
        "*:role/[Aa]dmin",
        "Payments *",
    ],
)
def test_patterns_over_profile_arn_account_and_name(pattern: str) -> None:
    resolved = resolve(xswitch_account_name="payments live")
    assert guard_for(resolved, Settings(guards=(GuardRule("g", ("nothing", pattern)),))) is not None


@pytest.mark.parametrize("pattern", ["prod", "", "*prod?", "Admin", "222"])
def test_patterns_match_whole_texts(pattern: str) -> None:
    assert guard_for(resolve(), Settings(guards=(GuardRule("g", (pattern,)),))) is None


def test_the_first_rule_that_matches_is_the_guard() -> None:
    rules = (
        GuardRule("never", ("dev*",)),
        GuardRule("first", ("*prod",), "blue", "none", 900, ("arn:aws:iam::aws:policy/X",), "{}"),
        GuardRule("second", ("*",)),
    )
    assert guard_for(resolve(), Settings(guards=rules)) == Guard(
        "first", "blue", "", 900, ("arn:aws:iam::aws:policy/X",), "{}"
    )
    assert guard_for(resolve(), Settings()) is None


@pytest.mark.parametrize(
    ("confirm", "text"),
    [
        ("account", "payments"),
        ("role", "Admin"),
        ("profile", "Pay-Prod"),
        ("none", ""),
        (" yes, I mean it ", "yes, I mean it"),
        ("\x1b[2J", "222222222222"),
    ],
)
def test_confirmation_texts(confirm: str, text: str) -> None:
    assert (
        confirmation_text(
            GuardRule("g", ("*",), confirm=confirm), resolve(xswitch_account_name="payments")
        )
        == text
    )


def test_untypable_names_are_replaced_by_the_account_id() -> None:
    rule = GuardRule("g", ("*",))
    assert confirmation_text(rule, resolve()) == "222222222222"
    assert (
        confirmation_text(rule, resolve(xswitch_account_name="a\x1b]52;c;x\x07")) == "222222222222"
    )
    broken = roles(view({"x": {"role_arn": "nonsense"}}))["x"]
    assert confirmation_text(rule, broken) == "x"


def test_typed_confirmations() -> None:
    guard = Guard("g", confirm="payments")
    assert is_confirmed(guard, " payments\n")
    assert not is_confirmed(guard, "Payments")
    assert not is_confirmed(guard, "")
    assert not is_confirmed(guard, None)
    assert is_confirmed(Guard("g"), None)
    assert is_confirmed(None, None)


def test_the_colors_are_those_every_shell_has() -> None:
    assert set(GUARD_COLORS) <= {
        "black",
        "red",
        "green",
        "yellow",
        "blue",
        "magenta",
        "cyan",
        "white",
    }
