from __future__ import annotations

import pytest

from xswitch.core.access.model import PrincipalType
from xswitch.tui.setup.form import (
    DEFAULTS,
    FIELDS,
    access_inputs,
    max_session_seconds,
    validation_errors,
    visible_fields,
)

FILLED = {
    **DEFAULTS,
    "source_profile": "people-admin",
    "target_profile": "payments-admin",
    "who_name": "SwitchUser",
}


def keys(**more: str) -> list[str]:
    return [field.key for field in visible_fields({**DEFAULTS, **more})]


def test_only_relevant_fields_are_shown() -> None:
    assert "who_name" not in keys(who_kind="account")
    assert "external_id" not in keys(external="generate")
    assert "external_id" in keys(external="own")
    assert set(keys()) <= {field.key for field in FIELDS}


def test_a_filled_form_is_valid_and_an_empty_one_has_errors() -> None:
    assert validation_errors(FILLED) == {}
    assert list(validation_errors(DEFAULTS)) == [
        "source_profile",
        "source_account",
        "who_name",
        "target_account",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("who_name", "two words"),
        ("role_name", ""),
        ("role_name", "a" * 65),
        ("role_name", "Rôle"),
        ("role_path", "team"),
        ("role_path", "/team"),
        ("policies", "arn:aws:iam::aws:role/ReadOnly"),
        ("max_session", "30m"),
        ("max_session", "13h"),
        ("max_session", "soon"),
        ("tags", "team"),
        ("tags", "team=a,Team=b"),
        ("description", "x" * 1001),
    ],
)
def test_a_value_that_iam_rejects_is_an_error_of_its_field(key: str, value: str) -> None:
    assert list(validation_errors({**FILLED, key: value})) == [key]


def test_a_custom_external_id_is_validated_only_if_chosen() -> None:
    assert validation_errors({**FILLED, "external_id": "a b"}) == {}
    assert list(validation_errors({**FILLED, "external": "own", "external_id": "a b"})) == [
        "external_id"
    ]
    assert validation_errors({**FILLED, "external": "own", "external_id": "acme/42"}) == {}


def test_a_user_without_a_name_is_the_admin_profiles_own() -> None:
    assert validation_errors({**FILLED, "who_name": ""}) == {}
    assert list(validation_errors({**FILLED, "who_name": "", "who_kind": "group"})) == ["who_name"]
    assert (
        validation_errors({**FILLED, "who_name": "arn:aws:iam::111111111111:user/team/Switch.User"})
        == {}
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 3600), ("1h", 3600), ("90 min", 5400), ("90m", 5400), ("7200", 7200), ("x", None)],
)
def test_max_session_durations(text: str, seconds: int | None) -> None:
    assert max_session_seconds({**FILLED, "max_session": text}) == seconds


def test_access_inputs_of_a_form() -> None:
    wanted = access_inputs(
        {
            **FILLED,
            "policies": (
                "ReadOnlyAccess, arn:aws:iam::aws:policy/job-function/Billing ReadOnlyAccess"
            ),
            "external": "own",
            "external_id": " acme-42 ",
            "require_mfa": "no",
            "max_session": "2h",
            "tags": "team=payments,env=prod",
            "save_as": "pay",
        }
    )
    assert wanted.policies == ("ReadOnlyAccess", "arn:aws:iam::aws:policy/job-function/Billing")
    assert (wanted.who_kind, wanted.who_name, wanted.external_id) == (
        PrincipalType.USER,
        "SwitchUser",
        "acme-42",
    )
    assert (wanted.require_mfa, wanted.max_session_seconds) == (False, 7200)
    assert wanted.tags == (("env", "prod"), ("team", "payments"))
    assert (wanted.source_profile, wanted.source_account, wanted.save_as) == (
        "people-admin",
        "",
        "pay",
    )


def test_one_account_only() -> None:
    values = {
        **FILLED,
        "target_profile": "",
        "target_account": "222222222222",
        "who_kind": "account",
        "who_name": "left over",
    }
    assert validation_errors(values) == {}
    wanted = access_inputs(values)
    assert (wanted.target_profile, wanted.target_account, wanted.who_name) == (
        None,
        "222222222222",
        "",
    )
