"""`explain` and a failed `switch` from the command line: text, JSON, and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.aws.emulator import DENIED_ARN, DEV, EXTERNAL_ID, FORBIDDEN_ARN, PROD, totp_code
from support.e2e import Home
from xswitch.core.explain.model import CauseCode
from xswitch.emulator.faults import ALWAYS
from xswitch.emulator.server import EmbeddedAws

_DOCS = Path(__file__).parents[2] / "docs"
_DATA = {"target", "verdict", "error_code", "hops", "causes", "pieces", "looked_at"}
_HOP = {"number", "profile", "role_arn", "principal", "outcome", "text"}
_CAUSE = {
    "code",
    "side",
    "hop",
    "certainty",
    "evidence",
    "statement",
    "change",
    "where",
    "current",
    "next_step",
}
_PIECE = {"side", "hop", "name", "state", "detail"}


def _explained(home: Home, *words: str, code: int) -> Any:
    done = home.patiently(60, "explain", *words, "--json")
    assert done.code == code, done.err
    assert done.json["command"] == "explain"
    data = done.json["data"]
    _check(data)
    return data


def _check(data: Any) -> None:
    assert set(data) == _DATA
    assert all(set(hop) == _HOP for hop in data["hops"])
    assert all(set(cause) == _CAUSE for cause in data["causes"])
    assert all(set(piece) == _PIECE for piece in data["pieces"])
    assert {cause["side"] for cause in data["causes"]} <= {"source", "target", "local", "network"}
    assert {cause["certainty"] for cause in data["causes"]} <= {"proved", "likely", "unseen"}
    assert all(
        cause["statement"] is None or isinstance(cause["statement"], dict)
        for cause in data["causes"]
    )


def test_a_working_target_is_allowed_and_nothing_is_stored(home: Home) -> None:
    before = home.config.read_text()
    data = _explained(home, "reader", code=0)
    assert (data["verdict"], data["causes"], data["error_code"]) == ("allowed", [], None)
    assert [hop["outcome"] for hop in data["hops"]] == ["ok", "ok"]
    assert home.config.read_text() == before
    assert home.run("status", "--json").json["data"]["sessions"] == []


def test_a_denial_in_a_chain_names_its_hop_side_and_statement(home: Home, aws: EmbeddedAws) -> None:
    data = _explained(home, "forbidden", code=4)
    cause = data["causes"][0]
    assert (cause["code"], cause["side"], cause["hop"], cause["certainty"]) == (
        "caller_policy_denies",
        "source",
        1,
        "proved",
    )
    assert cause["change"] == "remove"
    assert cause["statement"]["Resource"] == FORBIDDEN_ARN
    assert data["error_code"] == "explicit_deny"
    allowed = _explained(home, "deep", "--mfa-code", totp_code(now=aws.clock.now()), code=0)
    assert [hop["profile"] for hop in allowed["hops"]] == ["dev", "gateway", "middle", "deep"]


def test_the_options_of_the_switch_are_those_of_the_explanation(home: Home) -> None:
    assert _explained(home, "external", code=0)["verdict"] == "allowed"
    wrong = _explained(home, "external", "--external-id", "unicorn-43", code=4)
    assert "external_id_wrong" in {cause["code"] for cause in wrong["causes"]}
    assert (
        _explained(home, "external", "--external-id", EXTERNAL_ID, code=0)["verdict"] == "allowed"
    )
    assert (
        _explained(home, "reader", "--duration", "12h", code=4)["causes"][0]["code"]
        == "duration_role_max"
    )
    assert (
        _explained(home, f"{PROD}:Reader", "--source", "dev", "--session-name", "someone", code=0)[
            "verdict"
        ]
        == "allowed"
    )
    assert _explained(home, "tagged", "--tag", "team=blue", code=0)["verdict"] == "allowed"
    assert (
        _explained(
            home, "reader", "--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess", code=0
        )["verdict"]
        == "allowed"
    )


def test_the_text_has_both_accounts_and_the_statement(home: Home) -> None:
    done = home.patiently(60, "explain", "denied")
    assert done.code == 4
    assert f"source {DEV}" in done.out
    assert f"target {PROD}" in done.out
    assert re.search(r"trust policy \(can't be seen\) +← 1", done.out)
    assert '"sts:AssumeRole"' in done.out
    assert "1. target account, likely: trust_missing" in done.out
    assert "\x1b" not in done.out


def test_a_missing_target_is_a_usage_error(home: Home) -> None:
    assert home.run("explain").code == 2
    assert home.run("explain", "nowhere").code == 3


def test_a_missing_mfa_code_is_reported_without_a_terminal(home: Home) -> None:
    data = _explained(home, "admin", code=5)
    assert (data["verdict"], data["causes"][0]["code"]) == ("not_reached", "mfa_missing")


def test_a_failed_switch_prints_account_cause_and_statement(home: Home) -> None:
    done = home.patiently(60, "switch", "forbidden")
    assert done.code == 4
    assert done.out == ""
    assert "source account, proved: caller_policy_denies" in done.err
    statement = next(
        line.partition(": ")[2] for line in done.err.splitlines() if line.startswith("  remove ")
    )
    assert json.loads(statement)["Effect"] == "Deny"
    assert "xswitch explain forbidden" in done.err
    emitted = home.patiently(60, "switch", "--emit", "bash", "denied")
    assert (emitted.code, emitted.out) == (4, "")
    assert "trust_missing" in emitted.err


def test_a_failed_switch_repeats_nothing(home: Home) -> None:
    done = home.run("switch", "admin", "--mfa-code", "000000")
    assert done.code == 4
    assert "this machine, proved: mfa_missing" in done.err
    assert done.err.count("AWS rejected the MFA code") == 1
    assert done.err.count("next:") == 1


def test_a_failed_switch_has_its_explanation_in_json(home: Home) -> None:
    done = home.run("switch", "denied", "--json")
    assert done.code == 4
    assert done.json["data"] is None
    problem = done.json["problems"][0]
    assert problem["code"] == "not_authorized"
    _check(problem["explanation"])
    assert problem["explanation"]["target"] == DENIED_ARN
    assert done.err.count("xswitch:") == 0


@pytest.mark.parametrize(
    "words",
    [("switch", "nowhere"), ("switch", "reader", "--duration", "1")],
    ids=["no such target", "usage"],
)
def test_other_errors_have_no_explanation(home: Home, words: tuple[str, ...]) -> None:
    done = home.run(*words)
    assert done.code in (2, 3)
    assert "side" not in done.err


def test_an_unresponsive_iam_delays_no_error(home: Home, aws: EmbeddedAws) -> None:
    for action in (
        "GetUser",
        "ListUserPolicies",
        "ListAttachedUserPolicies",
        "ListGroupsForUser",
        "SimulatePrincipalPolicy",
    ):
        aws.faults.add("delay", action, seconds=100, times=ALWAYS)
    done = home.patiently(
        4, "switch", "denied"
    )  # less than the IAM client's timeout, and enough to have called
    tries = {fault.action: ALWAYS - fault.times for fault in aws.faults._faults}
    aws.faults.released.set()
    assert done.code == 4
    assert tries["GetUser"] == 1, (
        "the program was over before the first answer was given up and asked for again"
    )
    assert "can't be seen from here" in done.err


def test_every_code_and_field_is_documented() -> None:
    page = (_DOCS / "explain.md").read_text(encoding="utf-8")
    for code in CauseCode:
        assert f"| `{code}` |" in page, code
    words = set(re.findall(r"\w+", (_DOCS / "json.md").read_text(encoding="utf-8")))
    assert not {*_DATA, *_HOP, *_CAUSE, *_PIECE, "explanation", "unseen"} - words
