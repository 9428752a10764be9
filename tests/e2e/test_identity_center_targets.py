"""Roles of Identity Center that can't be had, each with the cause behind the portal's answer."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.aws.identity_center import (
    MANAGEMENT,
    SANDBOX,
    SESSION,
    SSO_REGION,
    START_URL,
    WORK,
    endpoint_variables,
)
from support.e2e import run
from support.identity.world import World
from support.kinds import KindsAws, kinds_aws, kinds_world


@dataclass(frozen=True)
class Failure:
    """A profile, what happens around it, and the causes that are found."""

    causes: tuple[str, ...]
    profile: dict[str, str]
    region: str = ""
    """The region in which the services are asked, if it isn't the portal's."""
    fault: str = ""


SSO = {"sso_session": SESSION, "sso_account_id": WORK, "sso_role_name": "Admin"}
OLDER = {
    "sso_start_url": START_URL,
    "sso_region": SSO_REGION,
    "sso_account_id": WORK,
    "sso_role_name": "Admin",
}
NO_ACCESS = ("sso_not_assigned", "sso_assignment_removed", "sso_not_provisioned")
FAILURES = {
    "not-assigned": Failure(NO_ACCESS, {**SSO, "sso_role_name": "Look"}),
    "not-provisioned": Failure(
        NO_ACCESS, {**SSO, "sso_account_id": SANDBOX, "sso_role_name": "Billing"}
    ),
    "no-permission-set": Failure(NO_ACCESS, {**SSO, "sso_role_name": "Nothing"}),
    "no-account": Failure(("sso_not_assigned",), {**SSO, "sso_account_id": "999999999999"}),
    "throttled": Failure(("network",), {**SSO, "region": SSO_REGION}, fault="throttling"),
    "other-start-url": Failure(
        ("sso_sign_in_ended", "sso_portal"),
        {**OLDER, "sso_start_url": "https://other.awsapps.com/start"},
    ),
    # The token of the right region is found by the start URL, and refused in another region
    "other-region": Failure(
        ("sso_sign_in_ended", "sso_portal"),
        {**OLDER, "sso_region": "us-east-1"},
        region="us-east-1",
    ),
}


@pytest.fixture(scope="module")
def aws() -> Iterator[KindsAws]:
    with kinds_aws() as running:
        yield running


@pytest.fixture
def home(aws: KindsAws, tmp_path: Path) -> Iterator[World]:
    with kinds_world(aws, tmp_path) as kinds:
        made = kinds.world
        sections = (
            f"\n[profile {name}]\n"
            + "".join(f"{key} = {text}\n" for key, text in case.profile.items())
            for name, case in FAILURES.items()
        )
        with made.config.open("a", encoding="utf-8") as file:
            file.writelines(sections)
        yield made


@pytest.mark.parametrize("name", FAILURES)
def test_a_role_that_cant_be_had_is_explained(home: World, aws: KindsAws, name: str) -> None:
    case = FAILURES[name]
    if case.fault:
        aws.faults.add(case.fault, "GetRoleCredentials", times=100)
    try:
        env = home.env | endpoint_variables(aws, case.region)
        ran = run(["xswitch", "explain", name, "--json"], env, cwd=home.folder)
        switched = run(["xswitch", "switch", name], env, cwd=home.folder)
    finally:
        aws.faults.clear()
    data = json.loads(ran.out)["data"]
    assert tuple(cause["code"] for cause in data["causes"]) == case.causes, ran.out
    assert all(cause["next_step"] for cause in data["causes"])
    assert ran.code == switched.code != 0
    assert data["causes"][0]["statement"] is None
    assert "next: " in switched.err
    assert f"xs-{name}" not in home.config.read_text(encoding="utf-8")


@pytest.mark.parametrize("way", ["--no-browser", "--device-code"])
@pytest.mark.parametrize("name", ["other-start-url", "other-region"])
def test_a_sign_in_elsewhere_names_the_settings(
    home: World, aws: KindsAws, name: str, way: str
) -> None:
    """Their cause isn't known before a sign-in is tried, which is the next step."""
    env = home.env | endpoint_variables(aws, FAILURES[name].region)
    switched = run(["xswitch", "switch", name, "--json"], env, cwd=home.folder)
    [problem] = json.loads(switched.out)["problems"]
    command = shlex.split(problem["next_step"])
    assert command[:2] == ["xswitch", "login"]
    ran = run([*command, way, "--json"], env, cwd=home.folder)
    [problem] = json.loads(ran.out)["problems"]
    assert (ran.code, problem["code"]) == (6, "sso_start_url")
    lines = home.config.read_text(encoding="utf-8").splitlines()
    line = lines.index(f"[profile {name}]") + 1
    assert problem["next_step"] == f"Correct sso_start_url or sso_region at {home.config}:{line}."


def test_a_sign_in_that_was_ended_is_told_with_its_command(home: World, aws: KindsAws) -> None:
    assert run(["xswitch", "switch", "work-admin"], home.env, cwd=home.folder).code == 0
    aws.sign_ins.revoke("dana")
    # The stored session is served for its life, and no new one is to be had
    assert run(["xswitch", "switch", "work-admin"], home.env, cwd=home.folder).code == 0
    ran = run(["xswitch", "explain", "legacy-sso", "--json"], home.env, cwd=home.folder)
    data = json.loads(ran.out)["data"]
    assert data["causes"][0]["code"] == "sso_sign_in_ended"
    assert data["causes"][0]["next_step"].startswith("xswitch login")
    assert START_URL in data["causes"][0]["evidence"]


def test_a_listed_role_that_isnt_given_is_named_and_its_next_step_lists_it_again(
    home: World, aws: KindsAws
) -> None:
    assert run(["xswitch", "sso", "refresh", SESSION], home.env, cwd=home.folder).code == 0
    aws.faults.add("error", "GetRoleCredentials", code="ForbiddenException", times=100)
    try:
        switched = run(["xswitch", "switch", "dev/ReadOnly"], home.env, cwd=home.folder)
    finally:
        aws.faults.clear()
    assert f"IAM Identity Center denied {MANAGEMENT}/ReadOnly at {SESSION}." in switched.err
    assert f"next: List what the portal offers now: xswitch sso refresh {SESSION}" in switched.err
    again = run(["xswitch", "sso", "refresh", SESSION], home.env, cwd=home.folder)
    assert again.code == 0, again.err


def test_a_role_of_the_portals_list_needs_no_profile_and_outlives_the_list(home: World) -> None:
    refreshed = run(["xswitch", "sso", "refresh", SESSION], home.env, cwd=home.folder)
    assert refreshed.code == 0, refreshed.err
    before = home.config.read_text(encoding="utf-8")
    listed = json.loads(run(["xswitch", "list", "--json"], home.env, cwd=home.folder).out)["data"]
    rows = {row["name"]: row for row in listed["roles"]}
    row = rows["dev/ReadOnly"]
    assert (row["kind"], row["has_profile"], row["account_name"]) == ("sso", False, "dev")
    assert row["sso"] == {
        "session": SESSION,
        "start_url": START_URL,
        "account_id": MANAGEMENT,
        "role_name": "ReadOnly",
    }
    # A role that a profile has isn't listed twice, and the list names its account
    assert "prod/Admin" not in rows
    assert rows["work-admin"]["account_name"] == "prod"
    ran = run(["xswitch", "switch", "dev/ReadOnly", "--json"], home.env, cwd=home.folder)
    assert ran.code == 0, ran.err
    data = json.loads(ran.out)["data"]
    arn = data["identity"]["arn"]
    assert arn.startswith(f"arn:aws:sts::{MANAGEMENT}:assumed-role/AWSReservedSSO_ReadOnly_")
    for file in (home.state / "portal").iterdir():
        file.unlink()
    served = run(["xswitch", "credential-process", data["managed_profile"]], home.env)
    assert json.loads(served.out)["AccessKeyId"].startswith("ASIA")
    again = run(["xswitch", "switch", data["managed_profile"], "--force"], home.env)
    assert again.code == 0, again.err
    assert "✓ dev / ReadOnly as xs-dev/ReadOnly" in again.err
    forgotten = run(["xswitch", "forget", "dev/ReadOnly"], home.env, cwd=home.folder)
    assert forgotten.code == 0, forgotten.err
    assert home.config.read_text(encoding="utf-8") == before
