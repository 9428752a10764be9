"""The keys of `--json`, which docs/json.md documents; a change here is an interface change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from support.aws.emulator import totp_code
from support.e2e import Home
from xswitch.emulator.server import EmbeddedAws

_DOCS = Path(__file__).parents[2] / "docs" / "json.md"
_PROBLEM = {"file", "line", "code", "message", "severity", "profile"}
_ROLE = {
    *{
        "name",
        "kind",
        "role_arn",
        "account_id",
        "account_name",
        "role_name",
        "partition",
        "region",
        "chain",
        "sso",
        "has_profile",
        "mfa_serial",
        "external_id",
    },
    *{
        "duration_seconds",
        "duration_reason",
        "managed_profile",
        "guard",
        "note",
        "tags",
        "session",
        "origin",
        "problems",
    },
}
_HOP = {
    *{
        "kind",
        "profile",
        "role_arn",
        "external_id",
        "mfa_serial",
        "duration_seconds",
        "session_name",
        "source_identity",
        "tags",
    },
    *{"transitive_tag_keys", "policy_arns", "policy", "origin"},
}
_STATUS = {
    *{
        "kind",
        "profile",
        "principal",
        "managed_profile",
        "static",
        "static_expires_at",
        "state",
        "seconds_left",
        "issued_at",
        "expires_at",
        "last_used",
    },
    "silent_until",
}
_SWITCH = {
    "name",
    "kind",
    "role_arn",
    "managed_profile",
    "expires_at",
    "identity",
    "from_vault",
    "static",
    "region",
    "region_source",
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _data(home: Home, *words: str, code: int = 0) -> Any:
    done = home.run(*words, "--json")
    assert done.code == code, done.err
    envelope = done.json
    assert set(envelope) == {"version", "command", "data", "problems"}
    assert envelope["version"] == 1
    assert envelope["command"] == " ".join(word for word in words if word in {*words[:1], "undo"})
    assert done.out.isascii()
    for problem in envelope["problems"]:
        assert set(problem) >= _PROBLEM
    return envelope["data"]


def test_every_command_keeps_its_keys(home: Home, aws: EmbeddedAws) -> None:
    text = (
        home.config.read_text()
        + "\n[profile broken]\nrole_arn = arn:aws:iam::222222222222:role/Broken\n"
        + "source_profile = missing\n"
    )
    home.config.write_text(text)
    assert home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())).code == 0
    switched = _data(home, "switch", "deep")
    assert set(switched) == _SWITCH
    assert set(switched["identity"]) == {"account", "arn", "user_id"}
    assert _TIME.fullmatch(switched["expires_at"])
    roles = {role["name"]: role for role in _data(home, "list")["roles"]}
    assert all(set(role) == _ROLE for role in roles.values())
    chain = roles["deep"]["chain"]
    assert chain[0] == {"kind": "static_keys", "profile": "dev"}
    assert [hop["profile"] for hop in chain[1:]] == ["gateway", "middle", "deep"]
    assert all(set(hop) == _HOP and hop["kind"] == "assume_role" for hop in chain[1:])
    assert set(roles["deep"]["session"]) == {"state", "expires_at"}
    assert roles["reader"]["session"] is None
    assert set(roles["deep"]["origin"]) == {"file", "line"}
    assert roles["broken"]["chain"] == []
    assert all(set(problem) == _PROBLEM for problem in roles["broken"]["problems"])
    assert roles["broken"]["problems"][0]["line"]
    sessions = _data(home, "status")["sessions"]
    assert {row["kind"] for row in sessions} == {"mfa", "role"}
    assert all(set(row) == _STATUS for row in sessions)
    history = _data(home, "history")["history"]
    assert all(
        set(row) == {"at", "profile", "role_arn", "session_name", "result"} for row in history
    )
    assert history[0]["result"] == "new"
    assert len(_data(home, "history", "--limit", "1")["history"]) == 1
    renewed = _data(home, "renew", "deep")["renewed"]
    assert [set(row) for row in renewed] == [{"name", "expires_at", "error"}]
    config = _data(home, "config")
    assert set(config) == {"files", "profiles", "sso_sessions", "services"}
    assert set(config["files"]) == {"config", "credentials"}
    assert all(
        set(check) == {"name", "state", "message", "next_step", "details"}
        for check in _data(home, "doctor")["checks"]
    )
    forgotten = _data(home, "forget", "deep")["forgotten"]
    assert all(set(row) == {"name", "sessions", "managed_profile"} for row in forgotten)
    assert _data(home, "config", "undo")["restored"] == [str(home.config)]
    assert _data(home, "switch", "denied", code=4) is None


def test_every_field_is_documented() -> None:
    words = set(re.findall(r"\w+", _DOCS.read_text(encoding="utf-8")))
    assert (
        not {
            *_PROBLEM,
            *_ROLE,
            *_HOP,
            *_STATUS,
            *_SWITCH,
            "version",
            "restored",
            "checks",
            "renewed",
            "forgotten",
        }
        - words
    )
