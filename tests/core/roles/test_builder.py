from __future__ import annotations

import pytest

from support.roles import CONFIG, KEYS, MFA, arn, codes, planned, role, roles, view
from xswitch.core.model import GuardRule, Problem, Settings

DEV = {"dev": KEYS}


CUT = "1 h at most: role chaining after"


def test_a_row_in_full() -> None:
    properties = {
        "mfa_serial": MFA,
        "external_id": "ext",
        "region": "eu-west-1",
        "xswitch_note": "careful",
        "xswitch_tags": "a=b",
    }
    found = roles(view({"pay": role("dev", "team/Admin", **properties)}, DEV))["pay"]
    assert (
        found.role_arn,
        found.partition,
        found.account_id,
        found.role_name,
        found.role_path,
    ) == (
        arn("team/Admin"),
        "aws",
        "222222222222",
        "Admin",
        "/team/",
    )
    assert (found.region, found.endpoint.region, found.mfa_serial, found.external_id) == (
        "eu-west-1",
        "eu-west-1",
        MFA,
        "ext",
    )
    assert (found.managed_profile, found.note, found.tags) == ("xs-pay", "careful", (("a", "b"),))
    assert (found.origin.file, found.origin.line) == (CONFIG, 1)
    assert (found.problems, found.guard, found.cli_only, found.is_ad_hoc) == (
        (),
        None,
        False,
        False,
    )


def test_what_a_row_is_called_by_people() -> None:
    seen = view({"a": role("dev", xswitch_account_name="payments"), "b": role("dev")}, DEV)
    assert {name: found.account_name for name, found in roles(seen).items()} == {
        "a": "payments",
        "b": "",
    }
    named = roles(seen, Settings(account_names={"222222222222": "Pay"}))
    assert {name: found.account_name for name, found in named.items()} == {"a": "Pay", "b": "Pay"}


def test_problems_of_the_reading_stand_with_their_role_errors_first() -> None:
    seen = view(
        {"a": role("gone"), "b": role("dev")},
        DEV,
        problems=(
            Problem("inline_comment", "x", profile="a"),
            Problem("bom", "y"),
            Problem("note", "z", "info", profile="a"),
        ),
    )
    assert codes(roles(seen)["a"]) == ["source_missing", "inline_comment", "note"]
    assert codes(roles(seen)["b"]) == []


def test_cli_only_profiles_are_marked() -> None:
    assert roles(view({"foo bar": role("dev")}, DEV, cli_only=["foo bar"]))["foo bar"].cli_only


@pytest.mark.parametrize(
    ("config", "mfa", "seconds", "reason"),
    [
        ({"r": role("dev")}, False, 3600, "default"),
        ({"r": role("dev", duration_seconds="7200")}, False, 7200, "configured"),
        (
            {"r": role("dev", mfa_serial=MFA, duration_seconds="7200")},
            True,
            3600,
            f"{CUT} the MFA session, 7200 s configured",
        ),
        (
            {"r": role("dev", mfa_serial=MFA)},
            True,
            3600,
            "1 h: role chaining after the MFA session",
        ),
        ({"r": role("dev", mfa_serial=MFA, duration_seconds="900")}, True, 900, "configured"),
        (
            {"r": role("m", duration_seconds="43200"), "m": role("dev")},
            False,
            3600,
            f"{CUT} another role, 43200 s configured",
        ),
        (
            {"r": {"role_arn": arn("A"), "credential_source": "EcsContainer"}},
            False,
            3600,
            "1 h: role chaining after container credentials",
        ),
    ],
)
def test_the_duration_and_why(
    config: dict[str, dict[str, str]], seconds: int, reason: str, *, mfa: bool
) -> None:
    found = roles(view(config, DEV))["r"]
    assert (found.duration_seconds, found.duration_reason) == (seconds, reason)
    hop = planned(found).hops[-1]
    assert (hop.request.duration_seconds, hop.duration_reason) == (seconds, reason)
    assert (found.mfa_serial is not None) is mfa


def test_the_first_serial_of_the_chain_is_the_roles() -> None:
    seen = view(
        {
            "top": role("mid", mfa_serial="arn:aws:iam::1:mfa/other"),
            "mid": role("dev", mfa_serial=MFA),
            "on": role("mid"),
        },
        DEV,
    )
    assert {name: found.mfa_serial for name, found in roles(seen).items()} == dict.fromkeys(
        ("top", "mid", "on"), MFA
    )


def test_a_guard_is_on_its_row_and_shortens() -> None:
    settings = Settings(
        guards=(GuardRule("prod", ("*prod*",), colour="magenta", duration_seconds=1200),)
    )
    found = roles(view({"x-prod": role("dev"), "other": role("dev")}, DEV), settings)
    guard = found["x-prod"].guard
    assert guard is not None
    assert (guard.colour, guard.confirm) == ("magenta", "222222222222")
    assert (found["x-prod"].duration_seconds, found["x-prod"].duration_reason) == (
        1200,
        "guard prod",
    )
    assert found["other"].guard is None
