from __future__ import annotations

import pytest

from support.roles import KEYS, Sections, arn, role, roles, view
from xswitch.core.arn import parse_role_arn
from xswitch.core.model import ConfigView, Guard, GuardRule, Role, Settings
from xswitch.core.model.settings import GUARD_COLORS
from xswitch.core.roles.ad_hoc import ad_hoc_role_name
from xswitch.core.roles.guards import RoleGuards, confirmation_text, is_confirmed
from xswitch.core.roles.resolve import resolve_ad_hoc_role, resolve_all


def guard_for(resolved: Role, settings: Settings) -> Guard | None:
    return RoleGuards(view({}), settings).guard_for(resolved)


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


# -- one guard for all ways to a role

PATH_ARN = "arn:aws:iam::222222222222:role/team/eu/Admin"
OTHER_ARN = "arn:aws:iam::222222222222:role/Other"
WAYS: Sections = {
    "dev": {"region": "eu-west-1"},
    "hub": role("dev", "Hub"),
    "prod-admin": {"role_arn": PATH_ARN, "source_profile": "dev"},
    "plain": {"role_arn": PATH_ARN, "source_profile": "dev", "external_id": "x1"},
    "upper": {"role_arn": PATH_ARN.replace("Admin", "ADMIN"), "source_profile": "dev"},
    "pathless": {"role_arn": arn("Admin"), "source_profile": "dev"},
    "chained": {"role_arn": PATH_ARN, "source_profile": "hub"},
    "by-environment": {"role_arn": PATH_ARN, "credential_source": "Environment"},
    "named": {"role_arn": OTHER_ARN, "source_profile": "dev", "xswitch_account_name": "Payments"},
    "pod": {"role_arn": PATH_ARN, "web_identity_token_file": "/t"},
    "xs-plain": {"credential_process": "/x", "xswitch_role": "plain"},
    "my-live": {"credential_process": "/x", "xswitch_role": "plain"},
    "xs-222222222222-team/eu/Admin": {
        "credential_process": "/x",
        "xswitch_role": PATH_ARN,
        "xswitch_source_profile": "dev",
    },
}
PATTERNS = [
    "prod-*",
    "PLAIN",
    "chained",
    "by-environment",
    "pod",
    "my-live",
    "222222222222",
    PATH_ARN,
    "arn:aws:iam::*:role/Admin",
    "*:role/team/*/admin",
    "payments",
    "222222222222:Admin",
    "222222222222:team/eu/*",
    "payments:admin",
]


def every_way(view_: ConfigView, settings: Settings) -> dict[str, Role]:
    """Resolve the role in all ways, also those that no profile configures."""
    ways = {
        found.name: found
        for found in resolve_all(view_, settings, {}).roles
        if found.role_name.casefold() == "admin"
    }
    for path in ("Admin", "team/eu/Admin", "/team/eu/Admin"):
        for partition in ("aws", "aws-cn"):
            ways[f"{partition} {path}"] = resolve_ad_hoc_role(
                view_,
                settings,
                {},
                account="222222222222",
                role=path,
                source="dev",
                partition=partition,
            )
    return ways


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_matches_one_way_to_a_role_guards_every_way(pattern: str) -> None:
    settings = Settings(guards=(GuardRule("g", (pattern,), confirm="role"),))
    ways = every_way(view(WAYS, {"dev": KEYS}), settings)
    assert len(ways) == 14
    unguarded = [name for name, found in ways.items() if found.guard is None]
    assert unguarded == []


@pytest.mark.parametrize("pattern", ["other", "hub", "xs-*", "dev", OTHER_ARN, "222222222222:Hub"])
def test_other_roles_and_our_own_names_guard_nothing(pattern: str) -> None:
    settings = Settings(guards=(GuardRule("g", (pattern,)),))
    ways = every_way(view(WAYS, {"dev": KEYS}), settings)
    assert {name for name, found in ways.items() if found.guard is not None} == set()


def test_a_new_name_of_a_managed_profile_counts_unless_it_is_the_usual_one() -> None:
    view_ = view({"dev": {}, "a": role("dev")}, {"dev": KEYS})
    for pattern, name, guarded in (
        ("*live", "my-live", True),
        ("xs-*", "xs-a", False),
        ("*live", "mine", False),
    ):
        settings = Settings(guards=(GuardRule("g", (pattern,)),))
        found = RoleGuards(view_, settings).guard_for(roles(view_)["a"], managed_profile=name)
        assert (found is not None) is guarded


def test_an_exception_before_the_rule_holds_for_every_way_to_its_role() -> None:
    guards = (
        GuardRule("reading", ("prod-read",), "green", "none"),
        GuardRule("production", ("prod-*", "222222222222"), confirm="role"),
    )
    settings = Settings(guards=guards)
    view_ = view(
        {"dev": {}, "prod-read": role("dev", "Read"), "prod-admin": role("dev")}, {"dev": KEYS}
    )
    found = {each.name: each.guard for each in resolve_all(view_, settings, {}).roles}
    assert found["prod-read"] == Guard("reading", "green")
    assert found["prod-admin"] == Guard("production", confirm="Admin")
    ad_hoc = resolve_ad_hoc_role(
        view_, settings, {}, account="222222222222", role="Read", source="dev"
    )
    assert ad_hoc.guard == Guard("reading", "green")


def test_of_several_guards_the_strictest_counts_for_every_way() -> None:
    guards = (
        GuardRule("calm", ("calm-*",), "green", "none", 7200, ("arn:aws:iam::aws:policy/A",)),
        GuardRule("asking", ("prod-*",), "blue", "role", 3600),
        GuardRule("short", ("short-*",), "red", "profile", 900, policy="{}"),
    )
    settings = Settings(guards=guards)
    names = ["calm-x", "prod-x", "short-x"]
    for order in (names, names[::-1]):
        config = {"dev": {}, **{name: role("dev", role_session_name=name) for name in order}}
        for found in roles(view(config, {"dev": KEYS}), settings).values():
            assert found.guard == Guard(
                "asking", "blue", "Admin", 900, ("arn:aws:iam::aws:policy/A",)
            )


def test_a_role_without_a_valid_arn_is_matched_by_its_name() -> None:
    view_ = view({"dev": {}, "odd": {"role_arn": "nonsense", "source_profile": "dev"}})
    settings = Settings(guards=(GuardRule("g", ("odd",)),))
    (found,) = resolve_all(view_, settings, {}).roles
    assert found.guard is not None
    parsed = parse_role_arn(PATH_ARN)
    assert parsed is not None
    assert ad_hoc_role_name(parsed) == "222222222222:team/eu/Admin"
