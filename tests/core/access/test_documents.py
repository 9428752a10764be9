from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.access.iam_model import ACCOUNT, GROUP, ROLE, SOURCE, TARGET, USER, wanted
from xswitch.core.access.documents import (
    canonical_json,
    configured_principal_arn,
    contains_statement,
    covers_statement,
    permission_policy,
    policy_name,
    statements_of,
    trust_policy,
    trust_policy_principal,
    trust_sid,
    with_statement,
)
from xswitch.core.access.model import AccessRequest, PrincipalType, TrustedPrincipal
from xswitch.core.policy import (
    PolicyError,
    PolicyKind,
    Principal,
    PrincipalKind,
    Request,
    evaluate,
    parse,
)

NAMES = st.text("ABCXYZabcxyz0189_+=,.@-", min_size=1, max_size=64)


def test_a_document_has_the_order_iam_writes_and_single_values_without_a_list() -> None:
    text = canonical_json(
        '{"Statement": {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": [true]}}, '
        '"Action": ["sts:AssumeRole"], "Principal": {"AWS": ["b", "a", "b"]}, '
        '"Effect": "Allow", "Sid": ""}, "Version": "2012-10-17"}'
    )
    assert text == json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": ["a", "b"]},
                    "Action": "sts:AssumeRole",
                    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
                }
            ],
        },
        indent=2,
    )
    assert list(json.loads(text)["Statement"][0]) == ["Effect", "Principal", "Action", "Condition"]


def test_what_a_missing_version_means_is_written_and_an_empty_condition_is_not() -> None:
    assert json.loads(
        canonical_json(
            {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {}}]}
        )
    ) == {
        "Version": "2008-10-17",
        "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*"}],
    }


def test_unknown_elements_are_kept() -> None:
    odd = {
        "Version": "2012-10-17",
        "Zebra": 1,
        "Statement": ["x", {"Effect": "Allow", "Owl": [1, [2]], "Action": [["a"]], "Condition": 3}],
    }
    assert json.loads(canonical_json(odd)) == odd


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"Statement": 1, "Statement": 2}', "[" * 5000]
)
def test_invalid_json_is_a_policy_error(text: str) -> None:
    with pytest.raises(PolicyError, match="the trust policy"):
        canonical_json(text, "the trust policy")


VALUES = st.lists(st.sampled_from(["a", "b", "c", "arn:aws:iam::1:root"]), min_size=1, max_size=3)
STATEMENT = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": VALUES,
        "Principal": st.dictionaries(st.sampled_from(["AWS", "Service"]), VALUES),
    },
    optional={
        "Sid": st.sampled_from(["", "One"]),
        "Condition": st.dictionaries(
            st.sampled_from(["Bool", "StringEquals"]),
            st.dictionaries(
                st.sampled_from(["k", "l"]),
                st.lists(st.sampled_from([True, "x", 3]), min_size=1, max_size=2),
            ),
        ),
    },
)


def _respelled(value: Any, dice: random.Random) -> Any:
    """Shuffle members and list entries, and write single entries with or without a list."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: _respelled(value[key], dice) for key in keys}
    if isinstance(value, list) and all(not isinstance(item, dict) for item in value):
        items = [*value, value[0]] if dice.random() < 0.3 else list(value)
        dice.shuffle(items)
        return items[0] if len(set(map(str, items))) == 1 and dice.random() < 0.5 else items
    if isinstance(value, list):
        return [_respelled(item, dice) for item in value]
    if isinstance(value, bool):
        return dice.choice([value, str(value).lower()])
    return value


@settings(max_examples=150, deadline=None)
@given(st.lists(STATEMENT, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_equal_meaning_is_equal_text(statements: list[dict[str, Any]], dice: random.Random) -> None:
    document = {"Version": "2012-10-17", "Statement": statements}
    text = canonical_json(document)
    assert canonical_json(text) == text
    assert canonical_json(_respelled(document, dice)) == text
    assert canonical_json(json.dumps(_respelled(document, dice))) == text


def test_the_source_policy_names_the_exact_role() -> None:
    assert json.loads(permission_policy(wanted(role_path="/team/"))) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"XswitchAssume{TARGET}RoleSwitchRole",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": f"arn:aws:iam::{TARGET}:role/team/SwitchRole",
            }
        ],
    }


def test_the_trust_policy_names_the_exact_principal_with_its_conditions() -> None:
    request = wanted(external_id="x42")
    assert json.loads(trust_policy(request, trust_policy_principal(request))) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"XswitchAssume{SOURCE}UserSwitchUser",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:user/SwitchUser"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "StringEquals": {"sts:ExternalId": "x42"},
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("who", "arn"),
    [
        (USER, f"arn:aws:iam::{SOURCE}:user/SwitchUser"),
        (
            TrustedPrincipal(PrincipalType.USER, SOURCE, "a", "/p/"),
            f"arn:aws:iam::{SOURCE}:user/p/a",
        ),
        (ROLE, f"arn:aws:iam::{SOURCE}:role/Hub"),
        (GROUP, f"arn:aws:iam::{SOURCE}:root"),
        (ACCOUNT, f"arn:aws:iam::{SOURCE}:root"),
    ],
    ids=["user", "path", "role", "group", "account"],
)
def test_a_group_and_an_account_are_trusted_as_the_account(who: TrustedPrincipal, arn: str) -> None:
    assert trust_policy_principal(wanted(who)) == arn


def test_the_arn_that_was_read_is_preferred() -> None:
    assert (
        trust_policy_principal(wanted(), "arn:aws:iam::1:user/x/SwitchUser")
        == "arn:aws:iam::1:user/x/SwitchUser"
    )
    assert (
        trust_policy_principal(wanted(GROUP), "arn:aws:iam::1:group/x")
        == f"arn:aws:iam::{SOURCE}:root"
    )


def test_mfa_is_never_required_of_a_role() -> None:
    (statement,) = statements_of(trust_policy(wanted(ROLE), "r"))
    assert "Condition" not in statement


@given(NAMES, NAMES)
def test_names_and_sids_are_what_iam_takes_and_no_two_principals_share_one(
    one: str, other: str
) -> None:
    first, second = (
        wanted(TrustedPrincipal(PrincipalType.USER, SOURCE, name)) for name in (one, other)
    )
    assert re.fullmatch(r"[A-Za-z0-9]+", trust_sid(first))
    assert (trust_sid(first) == trust_sid(second)) == (one == other)
    request = AccessRequest("aws", TARGET, one, USER)
    assert re.fullmatch(r"[\w+=,.@-]{1,128}", policy_name(request))


def test_who_arn_of_a_group_is_its_own() -> None:
    assert configured_principal_arn(GROUP, "aws-cn") == f"arn:aws-cn:iam::{SOURCE}:group/Switchers"


def _asks(arn: str, **context: str) -> Request:
    principal = Principal(PrincipalKind.USER, arn, arn.split(":")[4])
    return Request(
        principal,
        "sts:AssumeRole",
        wanted().role_arn,
        TARGET,
        {key: (value,) for key, value in context.items()},
    )


@pytest.mark.parametrize(
    ("arn", "context", "allowed"),
    [
        (
            configured_principal_arn(USER, "aws"),
            {"aws:multifactorauthpresent": "true", "sts:externalid": "x42"},
            True,
        ),
        (
            configured_principal_arn(USER, "aws"),
            {"aws:multifactorauthpresent": "false", "sts:externalid": "x42"},
            False,
        ),
        (configured_principal_arn(USER, "aws"), {"sts:externalid": "x42"}, False),
        (configured_principal_arn(USER, "aws"), {"aws:multifactorauthpresent": "true"}, False),
        (
            configured_principal_arn(USER, "aws"),
            {"aws:multifactorauthpresent": "true", "sts:externalid": "x4"},
            False,
        ),
        (
            f"arn:aws:iam::{SOURCE}:user/Other",
            {"aws:multifactorauthpresent": "true", "sts:externalid": "x42"},
            False,
        ),
    ],
)
def test_both_documents_together_let_in_that_user_and_nobody_else(
    arn: str,
    context: dict[str, str],
    allowed: bool,  # noqa: FBT001 -- expectation
) -> None:
    request = wanted(external_id="x42")
    documents = [
        parse(trust_policy(request, trust_policy_principal(request)), PolicyKind.TRUST, "trust"),
        parse(permission_policy(request), PolicyKind.IDENTITY, "permission"),
    ]
    assert evaluate(_asks(arn, **context), documents).allowed is allowed


OURS: dict[str, Any] = {
    "Sid": "XswitchAssume1",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    "Action": "sts:AssumeRole",
    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
}
OTHER: dict[str, Any] = {
    "Sid": "People",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
    "Action": "sts:AssumeRole",
}


def _document(*statements: dict[str, Any]) -> str:
    return canonical_json({"Version": "2012-10-17", "Statement": list(statements)})


def test_our_statement_is_added_after_those_of_others() -> None:
    assert with_statement(_document(OTHER), OURS) == _document(OTHER, OURS)


def test_our_statement_is_replaced_in_place() -> None:
    assert with_statement(_document({**OURS, "Condition": {}}, OTHER), OURS) == _document(
        OURS, OTHER
    )


@pytest.mark.parametrize(
    "said",
    [
        {**OURS, "Sid": "Mine"},
        {**OURS, "Sid": "", "Action": ["STS:assumerole", "sts:TagSession"]},
        {
            **OURS,
            "Sid": "",
            "Principal": {"AWS": ["111111111111", "arn:aws:iam::333333333333:root"]},
        },
        {**OURS, "Sid": "", "Condition": {"bool": {"AWS:multifactorauthpresent": ["true"]}}},
    ],
)
def test_a_statement_that_covers_ours_is_enough(said: dict[str, Any]) -> None:
    assert with_statement(_document(said, OTHER), OURS) == _document(said, OTHER)


@pytest.mark.parametrize(
    "said",
    [
        {**OURS, "Sid": "a", "Effect": "Deny"},
        {**OURS, "Sid": "a", "Condition": {}},
        {**OURS, "Sid": "a", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
        {**OURS, "Sid": "a", "Action": "sts:AssumeRoleWithSAML"},
        {**OURS, "Sid": "a", "Principal": {"Service": "arn:aws:iam::111111111111:root"}},
        {**OURS, "Sid": "a", "Extra": 1},
    ],
)
def test_a_statement_with_another_meaning_does_not_cover_ours(said: dict[str, Any]) -> None:
    assert not covers_statement(said, OURS)
    assert not contains_statement(_document(said), OURS)
    assert with_statement(_document(said), OURS) == _document(said, OURS)


def test_the_old_version_of_a_document_stays() -> None:
    assert json.loads(with_statement('{"Statement": []}', OURS))["Version"] == "2008-10-17"
