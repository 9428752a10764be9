from __future__ import annotations

import pytest

from support.roles import KEYS, MFA, chain, error, role, roles, view

DEV = {"dev": KEYS}


def test_a_hop_has_every_parameter_and_its_origin() -> None:
    properties = {
        "external_id": "ext/1",
        "mfa_serial": MFA,
        "duration_seconds": "7200",
        "role_session_name": "me",
        "xswitch_tags": "team=pay, cost=9",
        "xswitch_transitive_tag_keys": "team",
        "xswitch_policy_arns": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "xswitch_policy": '{ "Version": "2012-10-17" }',
        "xswitch_source_identity": "alice",
    }
    hop = chain(roles(view({"admin": role("dev", **properties)}, DEV))["admin"]).target
    assert hop is not None
    assert (hop.external_id, hop.mfa_serial, hop.duration_seconds, hop.session_name) == (
        "ext/1",
        MFA,
        7200,
        "me",
    )
    assert hop.tags == (("cost", "9"), ("team", "pay"))
    assert hop.transitive_tag_keys == ("team",)
    assert hop.policy_arns == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert hop.policy == '{"Version":"2012-10-17"}'
    assert hop.source_identity == "alice"
    assert {key: place.line for key, place in hop.origins.items()} == {
        key: line for line, key in enumerate(role("dev", **properties), 2)
    }


@pytest.mark.parametrize(
    ("properties", "code", "severity"),
    [
        ({"credential_process": "/x"}, "go_process_and_source", "warning"),
        ({"sso_account_id": "1"}, "java_sso_before_role", "warning"),
        ({"sso_role_name": "R"}, "java_sso_before_role", "warning"),
        ({"duration_seconds": "an hour"}, "duration_not_number", "warning"),
        ({"duration_seconds": "600"}, "duration_range", "warning"),
        ({"duration_seconds": "43201"}, "duration_range", "warning"),
        ({"role_session_name": "not a name"}, "session_name_invalid", "warning"),
        ({"role_session_name": ""}, "session_name_invalid", "warning"),
        ({"external_id": "x"}, "external_id_invalid", "warning"),
        ({"mfa_serial": ""}, "mfa_serial_invalid", "warning"),
    ],
)
def test_suspicious_values_are_warnings(
    properties: dict[str, str], code: str, severity: str
) -> None:
    resolved = roles(view({"r": role("dev", **properties)}, DEV))["r"]
    assert resolved.chain is not None
    assert [(problem.code, problem.severity, problem.line) for problem in resolved.problems] == [
        (code, severity, 4)
    ]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"xswitch_tags": "novalue"}, "tags_invalid"),
        ({"xswitch_tags": "a=1,A=2"}, "tags_invalid"),
        ({"xswitch_policy": "{"}, "policy_invalid"),
        ({"xswitch_policy": "[]"}, "policy_invalid"),
        ({"xswitch_policy_arns": "ReadOnlyAccess"}, "policy_arns_invalid"),
        ({"xswitch_source_identity": "x"}, "source_identity_invalid"),
        ({"xswitch_transitive_tag_keys": "team"}, "transitive_tag_keys_invalid"),
    ],
)
def test_an_invalid_restriction_is_an_error(properties: dict[str, str], code: str) -> None:
    assert error(roles(view({"r": role("dev", **properties)}, DEV))["r"]).code == code


def test_durations_out_of_range_are_clamped() -> None:
    config_view = view(
        {"low": role("dev", duration_seconds="1"), "high": role("dev", duration_seconds="99999")},
        DEV,
    )
    assert {name: resolved.duration_seconds for name, resolved in roles(config_view).items()} == {
        "low": 900,
        "high": 43200,
    }
