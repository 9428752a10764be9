from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.access.iam_model import (
    ACCOUNT,
    AUDIT,
    GROUP,
    LIST_BUCKETS,
    READ_ONLY,
    ROLE,
    TARGET,
    USER,
    accounts,
    wanted,
)
from xswitch.core.access.documents import canonical_json, trust_policy, trust_policy_principal
from xswitch.core.access.model import NamedPolicy, RoleState, TrustedPrincipal
from xswitch.core.access.warnings import policy_size

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = canonical_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
BIG = canonical_json(
    {
        "Version": "2012-10-17",
        "Id": "x" * 6000,
        "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    }
)
USER_ARN = "arn:aws:iam::111111111111:user/SwitchUser"


def _codes(
    who: TrustedPrincipal = USER,
    role: RoleState | None = None,
    source: dict[str, Any] | None = None,
    **changes: Any,
) -> set[str]:
    request = wanted(who, **changes)
    return {
        finding.code for finding in accounts(request, role, **(source or {})).plan(request).warnings
    }


def _role(*statements: dict[str, Any], **more: Any) -> RoleState:
    trust = (
        canonical_json({"Version": "2012-10-17", "Statement": list(statements)})
        if statements
        else trust_policy(wanted(), trust_policy_principal(wanted()))
    )
    return RoleState(
        f"arn:aws:iam::{TARGET}:role/SwitchRole", trust, **{"attached": (READ_ONLY,), **more}
    )


def test_a_tight_request_has_no_warning() -> None:
    assert _codes() == set()
    assert _codes(role=_role()) == set()


@pytest.mark.parametrize(
    ("codes", "arguments"),
    [
        ({"account_trusted"}, {"who": ACCOUNT}),
        ({"group_trusts_account"}, {"who": GROUP}),
        ({"same_account"}, {"who": replace(USER, account=TARGET)}),
        ({"mfa_not_for_roles", "no_mfa_no_external_id"}, {"who": ROLE}),
        ({"no_mfa_no_external_id"}, {"who": ROLE, "require_mfa": False}),
        ({"mfa_not_for_roles", "external_id_console"}, {"who": ROLE, "external_id": "e42"}),
        ({"no_mfa_no_external_id"}, {"require_mfa": False}),
        ({"same_account"}, {"who": replace(USER, account=TARGET), "require_mfa": False}),
        ({"external_id_console"}, {"require_mfa": False, "external_id": "e42"}),
        ({"external_id_console", "external_id_with_mfa"}, {"external_id": "e42"}),
        ({"duration_chained"}, {"max_session_seconds": 3601}),
        (
            {"external_id_console"},
            {"max_session_seconds": 7200, "require_mfa": False, "external_id": "e42"},
        ),
        ({"console_name_too_long"}, {"role_path": "/" + "p" * 54 + "/"}),
        (set(), {"role_path": "/" + "p" * 53 + "/"}),
        ({"administrator"}, {"managed_policies": (ADMIN,)}),
        ({"administrator"}, {"inline_policies": (NamedPolicy("all", EVERYTHING),)}),
        (set(), {"inline_policies": (NamedPolicy("some", LIST_BUCKETS),)}),
        (
            {"managed_policies_quota"},
            {"managed_policies": tuple(f"{AUDIT}{number}" for number in range(11))},
        ),
        ({"no_permissions"}, {"managed_policies": ()}),
        ({"duration_lowered"}, {"role": _role(max_session_seconds=7200)}),
        ({"policies_kept"}, {"role": _role(attached=(AUDIT, READ_ONLY))}),
        ({"policies_kept"}, {"role": _role(inline=(NamedPolicy("theirs", LIST_BUCKETS),))}),
        ({"boundary"}, {"role": _role(boundary=AUDIT)}),
        (
            {"policy_size"},
            {
                "source": {
                    "inline": (
                        NamedPolicy("big", canonical_json({"Id": "x" * 1900, "Statement": []})),
                    )
                }
            },
        ),
        (
            {"policy_size"},
            {"inline_policies": tuple(NamedPolicy(f"p{at}", BIG) for at in range(2))},
        ),
    ],
)
def test_wide_or_ineffective_requests_have_warnings(
    codes: set[str], arguments: dict[str, Any]
) -> None:
    assert _codes(**arguments) == codes


ALLOW: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"AWS": USER_ARN},
    "Action": "sts:AssumeRole",
}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (ALLOW, "statement_wider"),
        ({**ALLOW, "Principal": {"AWS": "111111111111"}}, "statement_wider"),
        ({**ALLOW, "Principal": "*"}, "statement_wider"),
        ({**ALLOW, "Effect": "Deny"}, "statement_denies"),
        (
            {**ALLOW, "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}},
            "statement_denies",
        ),
        ({**ALLOW, "Owl": 1}, "trust_unreadable"),
        ({**ALLOW, "Principal": {"AWS": "arn:aws:iam::111111111111:user/Other"}}, ""),
        (
            {
                **ALLOW,
                "Effect": "Deny",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            },
            "",
        ),
        ({**ALLOW, "Condition": {"StringEquals": {"sts:ExternalId": "x42"}}}, ""),
    ],
)
def test_effects_of_existing_statements_have_warnings(statement: dict[str, Any], code: str) -> None:
    assert _codes(role=_role({"Sid": "People", **statement})) == ({code} if code else set())


def test_existing_statements_are_checked_for_roles_too() -> None:
    hub = "arn:aws:iam::111111111111:role/Hub"
    codes = _codes(
        ROLE,
        _role({"Sid": "People", **ALLOW, "Effect": "Deny", "Principal": {"AWS": hub}}),
        external_id="x42",
    )
    assert "statement_denies" in codes


def test_a_trust_policy_over_the_quota_has_a_warning() -> None:
    many = [
        {
            "Sid": f"P{at}",
            **ALLOW,
            "Principal": {"AWS": f"arn:aws:iam::333333333333:role/{'r' * 60}{at}"},
        }
        for at in range(15)
    ]
    assert "trust_size" in _codes(role=_role(*many))


def test_white_space_does_not_count() -> None:
    assert policy_size('{ "Version":\n "a b" }') == len('{"Version":"a b"}')


def test_a_group_has_a_warning() -> None:
    request = wanted(GROUP)
    (finding,) = accounts(request).plan(request).warnings
    assert (finding.code, finding.severity) == ("group_trusts_account", "warning")
    assert "can't name a group" in finding.why
