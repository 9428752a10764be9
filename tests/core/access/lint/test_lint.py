from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.access.iam_model import (
    ACCOUNT,
    GROUP,
    ROLE,
    SOURCE,
    TARGET,
    USER,
    accounts,
    calls,
    run,
    wanted,
)
from xswitch.core.access.documents import (
    canonical_json,
    permission_policy,
    trust_policy,
    trust_policy_principal,
)
from xswitch.core.access.lint import lint_permissions, lint_trust
from xswitch.core.access.model import Finding, PrincipalType, TrustedPrincipal
from xswitch.core.policy import PolicyKind, parse

ROLE_ARN = f"arn:aws:iam::{TARGET}:role/SwitchRole"
ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
USER_ARN = f"arn:aws:iam::{SOURCE}:user/SwitchUser"
OWN_USER = f"arn:aws:iam::{TARGET}:user/Own"
ROOT = f"arn:aws:iam::{SOURCE}:root"
MFA = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"
EXT = "sts:ExternalId"
GITHUB = "token.actions.githubusercontent.com"
GITHUB_ARN = f"arn:aws:iam::{TARGET}:oidc-provider/{GITHUB}"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
EKS_ARN = f"arn:aws:iam::{TARGET}:oidc-provider/{EKS}"
SAML_ARN = f"arn:aws:iam::{TARGET}:saml-provider/Idp"
AUD = {f"{GITHUB}:aud": "sts.amazonaws.com"}
SUB = {f"{GITHUB}:sub": "repo:me/it:ref:refs/heads/main"}


def _trusts(
    principal: Any = USER_ARN, condition: Any = None, action: Any = "sts:AssumeRole", **more: Any
) -> dict[str, Any]:
    named = (
        {"AWS": principal} if isinstance(principal, str | list) and principal != "*" else principal
    )
    return {
        "Effect": "Allow",
        "Principal": named,
        "Action": action,
        **({"Condition": condition} if condition else {}),
        **more,
    }


def _denies(condition: Any) -> list[dict[str, Any]]:
    return [_trusts(OWN_USER), _trusts("*", condition, Effect="Deny")]


def _not(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "NotPrincipal": principal, "Action": "sts:AssumeRole", **more}


def _web(condition: Any, provider: str = GITHUB_ARN) -> dict[str, Any]:
    return _trusts({"Federated": provider}, condition, "sts:AssumeRoleWithWebIdentity")


def _saml(condition: Any) -> dict[str, Any]:
    return _trusts({"Federated": SAML_ARN}, condition, "sts:AssumeRoleWithSAML")


def _document(*statements: Any, **top: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **top})


def _lint(statements: Any, **more: Any) -> tuple[Finding, ...]:
    listed = statements if isinstance(statements, list) else [statements]
    return lint_trust(_document(*listed), more.pop("role_arn", ROLE_ARN), **more)


MFA_TRUE = {"Bool": {MFA: "true"}}

WRONG: list[tuple[Any, list[str]]] = [
    # who
    (_trusts("*"), ["principal_anyone"]),
    (_trusts({"AWS": "*"}), ["principal_anyone"]),
    (_trusts("*", {"StringEquals": {EXT: "e42"}}), ["principal_anyone"]),
    (_trusts("*", MFA_TRUE), ["principal_anyone"]),
    (_trusts("*", {"StringLike": {"aws:PrincipalArn": "*"}}), ["principal_anyone"]),
    (
        _trusts("*", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}),
        ["principal_anyone", "if_exists_absent"],
    ),
    (_trusts("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}), ["principal_anyone"]),
    (_trusts(ROOT), ["foreign_account_open"]),
    (_trusts(SOURCE), ["foreign_account_open"]),
    (_trusts([ROOT, "arn:aws:iam::333333333333:root"]), ["foreign_account_open"]),
    (_trusts(ROOT, {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), ["external_id_missing"]),
    (_trusts(f"arn:aws:iam::{SOURCE}:role/Vendor"), ["external_id_missing"]),
    (_trusts(f"arn:aws:sts::{SOURCE}:assumed-role/Vendor/s"), ["external_id_missing"]),
    (_trusts(USER_ARN), ["external_id_missing"]),
    (_trusts("AIDAABCDEFGHIJKLMNOPQ"), ["principal_deleted"]),
    (_trusts([OWN_USER, "AROAABCDEFGHIJKLMNOPQ"]), ["principal_deleted"]),
    (_trusts(f"arn:aws:iam::{TARGET}:role/App*"), ["principal_wildcard"]),
    (_trusts(["arn:aws:iam::*:root", OWN_USER]), ["principal_wildcard"]),
    (_trusts(f"arn:aws:iam::{TARGET}:group/People"), ["principal_group"]),
    (_trusts([OWN_USER, "Fred"]), ["principal_invalid"]),
    (_trusts(f"arn:aws:iam::{TARGET}:policy/x"), ["principal_invalid"]),
    (_trusts([OWN_USER, f"arn:aws-cn:iam::{TARGET}:user/x"]), ["principal_partition"]),
    (_not({"AWS": OWN_USER}), ["not_principal_allow"]),
    (_not({"AWS": OWN_USER}, Condition=MFA_TRUE), ["not_principal_allow"]),
    # MFA
    (_trusts(OWN_USER, {"Bool": {MFA: "false"}}), ["mfa_inverted"]),
    (_trusts(OWN_USER, {"BoolIfExists": {MFA: "false"}}), ["mfa_inverted"]),
    (_trusts(OWN_USER, {"Bool": {MFA: ["true", "false"]}}), ["mfa_inverted"]),
    (_trusts(OWN_USER, {"Null": {MFA: "true"}}), ["mfa_inverted"]),
    (_trusts(OWN_USER, {"StringNotEquals": {MFA: "true"}}), ["mfa_inverted"]),
    (_trusts(OWN_USER, {"NumericGreaterThan": {AGE: "3600"}}), ["mfa_inverted"]),
    (_trusts(OWN_USER, {"Null": {AGE: "true"}}), ["mfa_inverted"]),
    (_trusts(OWN_USER, {"BoolIfExists": {MFA: "true"}}), ["mfa_if_exists"]),
    (_trusts(OWN_USER, {"bool" + "ifexists": {MFA.lower(): True}}), ["mfa_if_exists"]),
    (_trusts(OWN_USER, {"StringNotEquals": {MFA: "false"}}), ["mfa_if_exists"]),
    (_trusts(OWN_USER, {"NumericLessThanIfExists": {AGE: "3600"}}), ["mfa_if_exists"]),
    (_trusts(OWN_USER, {"Null": {MFA: "false"}}), ["mfa_not_tested"]),
    (_trusts(OWN_USER, {"StringEquals": {MFA: "true"}}), ["mfa_operator"]),
    (_denies({"Bool": {MFA: "true"}}), ["mfa_inverted"]),
    (_denies({"BoolIfExists": {MFA: "true"}}), ["mfa_inverted"]),
    (_denies({"Null": {MFA: "false"}}), ["mfa_inverted"]),
    (_denies({"Bool": {MFA: "false"}}), ["mfa_deny_misses_keys"]),
    (_trusts(f"arn:aws:iam::{TARGET}:role/Hub", MFA_TRUE), ["mfa_for_role"]),
    (_trusts([f"arn:aws:iam::{SOURCE}:role/Hub"], {"Null": {AGE: "false"}}), ["mfa_for_role"]),
    # external IDs, and keys that aren't there
    (
        _trusts(USER_ARN, {"StringNotEquals": {EXT: "e42"}}),
        ["external_id_missing", "external_id_negated"],
    ),
    (
        _trusts(USER_ARN, {"StringEqualsIfExists": {EXT: "e42"}}),
        ["external_id_missing", "external_id_if_exists"],
    ),
    (_trusts(USER_ARN, {"StringLike": {EXT: "*"}}), ["external_id_missing", "external_id_any"]),
    (_trusts(USER_ARN, {"Null": {EXT: "false"}}), ["external_id_missing", "external_id_any"]),
    (_trusts(USER_ARN, {"StringLike": {EXT: "e4?"}}), ["external_id_pattern"]),
    (
        _trusts(USER_ARN, {"ForAllValues:StringEquals": {EXT: "e42"}}),
        ["external_id_missing", "for_all_values_absent"],
    ),
    (
        _trusts(OWN_USER, {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}),
        ["for_all_values_absent"],
    ),
    (
        _trusts(
            {"Service": "sns.amazonaws.com"},
            {"StringEqualsIfExists": {"aws:SourceAccount": TARGET}},
        ),
        ["confused_deputy", "if_exists_absent"],
    ),
    (
        _trusts(OWN_USER, {"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
        ["wildcard_literal"],
    ),
    (
        _trusts(OWN_USER, {"StringNotEqualsIfExists": {"aws:PrincipalArn": "a*"}}),
        ["wildcard_literal", "if_exists_absent"],
    ),
    # services
    (_trusts({"Service": "cloudtrail.amazonaws.com"}), ["confused_deputy"]),
    (
        _trusts(
            {"Service": ["sns.amazonaws.com", "ec2.amazonaws.com"]},
            {"StringLike": {"aws:SourceArn": "*"}},
        ),
        ["confused_deputy"],
    ),
    (_trusts({"Service": "*.amazonaws.com"}), ["service_wildcard"]),
    (_trusts({"Service": ["*", "ec2.amazonaws.com"]}), ["service_wildcard"]),
    # actions
    (_trusts(OWN_USER, action="sts:*"), ["wide_action"]),
    (_trusts(OWN_USER, action="*"), ["wide_action"]),
    (_trusts(OWN_USER, action=["sts:Assume*", "sts:TagSession"]), ["wide_action"]),
    (
        {"Effect": "Allow", "Principal": {"AWS": OWN_USER}, "NotAction": "sts:TagSession"},
        ["wide_action"],
    ),
    (_trusts(OWN_USER, action="s3:GetObject"), ["action_not_assume"]),
    (_trusts(OWN_USER, action=["sts:AssumeRole", "sts:GetCallerIdentity"]), ["action_not_assume"]),
    (_trusts(OWN_USER, action="sts:AssumeRoleWithSAML"), ["never_matches"]),
    (
        _trusts(
            {"Federated": SAML_ARN},
            {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
        ),
        ["never_matches"],
    ),
    (
        _trusts(
            OWN_USER,
            {"Null": {"aws:SourceIp": "true"}, "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        ),
        ["never_matches"],
    ),
    # federation
    (_web({"StringEquals": AUD}), ["oidc_subject_missing"]),
    (_web(None), ["oidc_audience_missing", "oidc_subject_missing"]),
    (_web({"StringEquals": SUB}), ["oidc_audience_missing"]),
    (_web({"StringEquals": AUD, "StringLike": {f"{GITHUB}:sub": "repo:*"}}), ["oidc_subject_wide"]),
    (_web({"StringEquals": AUD, "StringLike": {f"{GITHUB}:sub": "*"}}), ["oidc_subject_wide"]),
    (
        _web({"StringEquals": AUD, "StringLike": {f"{GITHUB}:sub": "repo:me*/it:*"}}),
        ["oidc_subject_wide"],
    ),
    (_web({"StringEquals": {**AUD, f"{GITHUB}:sub": "repo:me/*"}}), ["wildcard_literal"]),
    (
        _web({"StringEquals": AUD, "StringLikeIfExists": SUB}),
        ["oidc_subject_missing", "if_exists_absent"],
    ),
    (
        _web({"StringEquals": {f"{EKS}:aud": "sts.amazonaws.com"}}, EKS_ARN),
        ["oidc_subject_missing"],
    ),
    (
        _web(
            {
                "StringEquals": {f"{EKS}:aud": "sts.amazonaws.com"},
                "StringLike": {f"{EKS}:sub": "*"},
            },
            EKS_ARN,
        ),
        ["oidc_subject_wide"],
    ),
    (_web(None, "cognito-identity.amazonaws.com"), ["oidc_audience_missing"]),
    (_saml(None), ["saml_audience_missing"]),
    (
        _saml({"StringEqualsIfExists": {"SAML:aud": "x"}}),
        ["saml_audience_missing", "if_exists_absent"],
    ),
    # shape
    (_trusts(OWN_USER, Resource="*"), ["resource_in_trust"]),
    (_trusts(OWN_USER, NotResource="arn:aws:iam::1:role/x"), ["resource_in_trust"]),
    (_trusts(OWN_USER, Sid="a-b"), ["sid_invalid"]),
    ([_trusts(OWN_USER, Sid="a"), _trusts(f"{OWN_USER}2", Sid="a")], ["sid_twice"]),
    (
        [_trusts(OWN_USER, Sid="a"), _trusts([OWN_USER], Sid="b", action="STS:AssumeRole")],
        ["duplicate_statement"],
    ),
    (_trusts(OWN_USER, Owl=1), ["grammar"]),
    ({"Effect": "Allow", "Action": "sts:AssumeRole"}, ["grammar"]),
    ([_trusts(OWN_USER), 7], ["grammar"]),
    (_trusts(OWN_USER, {"Bool": {MFA: {"x": 1}}}), ["grammar"]),
]


@pytest.mark.parametrize(
    ("statements", "codes"),
    WRONG,
    ids=[f"{number:02d}-{codes[-1]}" for number, (_, codes) in enumerate(WRONG)],
)
def test_errors_are_found_and_their_corrections_are_not(statements: Any, codes: list[str]) -> None:
    findings = _lint(statements)
    assert sorted(finding.code for finding in findings) == sorted(codes)
    listed = statements if isinstance(statements, list) else [statements]
    for finding in findings:
        assert finding.why.endswith(".")
        assert f"role/SwitchRole, statement {len(listed)}" in finding.where
        if finding.corrected:
            fixed = [*listed[:-1], json.loads(finding.corrected)]
            parse(_document(fixed[-1]), PolicyKind.TRUST, "corrected")
            assert finding.code not in {one.code for one in _lint(fixed)}
            assert "error" not in {one.severity for one in _lint(fixed)} - {
                one.severity for one in findings
            }


RIGHT: list[Any] = [
    _trusts(USER_ARN, MFA_TRUE),
    _trusts(USER_ARN, {"StringEquals": {EXT: "e42"}}),
    _trusts(ROOT, MFA_TRUE),
    _trusts(ROOT, {"StringEquals": {EXT: "e42"}}),
    _trusts(ROOT, {"NumericLessThan": {AGE: "3600"}}),
    _trusts(ROOT, ORG),
    _trusts("*", ORG),
    _trusts("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{TARGET}:role/App*"}}),
    _trusts(f"arn:aws:iam::{SOURCE}:role/Vendor", {"StringEquals": {EXT: "e42"}}),
    _trusts(f"arn:aws:iam::{TARGET}:root"),
    _trusts(TARGET),
    _trusts([OWN_USER, f"arn:aws:iam::{TARGET}:role/team/App"]),
    _trusts(OWN_USER, {"Bool": {MFA: "true"}, "NumericLessThan": {AGE: "3600"}}),
    _trusts(OWN_USER, {"Bool": {MFA: "true"}, "Null": {MFA: "false"}}),
    _trusts(OWN_USER, {"Null": {AGE: "false"}}),
    _trusts(OWN_USER, action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]),
    _trusts(
        OWN_USER,
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}, "Null": {"aws:TagKeys": "false"}},
    ),
    _trusts(OWN_USER, {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}),
    _trusts(OWN_USER, {"StringLike": {"sts:RoleSessionName": "${aws:username}"}}),
    _trusts({"Service": "ec2.amazonaws.com"}),
    _trusts({"Service": "lambda.amazonaws.com"}),
    _trusts({"Service": "sns.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": TARGET}}),
    _trusts(
        {"Service": "sns.amazonaws.com"},
        {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{TARGET}:x"}},
    ),
    _trusts({"Service": "sns.amazonaws.com"}, {"StringEquals": {"aws:SourceOrgID": "o-1"}}),
    _denies({"BoolIfExists": {MFA: "false"}}),
    _denies({"Null": {MFA: "true"}}),
    [*_denies({"Bool": {MFA: "false"}}), _trusts("*", {"Null": {MFA: "true"}}, Effect="Deny")],
    _denies({"StringNotEquals": {EXT: "e42"}}),
    _denies({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}),
    _denies({"NumericGreaterThanIfExists": {AGE: "3600"}}),
    _web({"StringEquals": {**AUD, **SUB}}),
    _web({"StringEquals": AUD, "StringLike": {f"{GITHUB}:sub": "repo:me/it:*"}}),
    _web({"StringEquals": {**AUD, f"{GITHUB}:repository": "me/it"}}),
    _web(
        {
            "StringEquals": {
                f"{EKS}:aud": "sts.amazonaws.com",
                f"{EKS}:sub": "system:serviceaccount:ns:sa",
            }
        },
        EKS_ARN,
    ),
    _web(
        {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:1"}},
        "cognito-identity.amazonaws.com",
    ),
    _saml({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}),
]


@pytest.mark.parametrize("statements", RIGHT, ids=[f"{number:02d}" for number in range(len(RIGHT))])
def test_correct_statements_have_no_findings(statements: Any) -> None:
    assert _lint(statements) == ()


@settings(max_examples=60, deadline=None)
@given(
    who=st.sampled_from(
        [
            USER,
            GROUP,
            ROLE,
            ACCOUNT,
            TrustedPrincipal(PrincipalType.USER, TARGET, "Own"),
            TrustedPrincipal(PrincipalType.ROLE, SOURCE, "R.1@x", "/a/b/"),
        ]
    ),
    mfa=st.booleans(),
    external_id=st.sampled_from([None, "e42", "a:/x"]),
)
def test_our_own_policies_have_no_finding_that_the_plan_does_not_tell(
    who: TrustedPrincipal,
    mfa: bool,  # noqa: FBT001 -- drawn
    external_id: str | None,
) -> None:
    request = wanted(who, require_mfa=mfa, external_id=external_id)
    warning_codes = {warning.code for warning in accounts(request).plan(request).warnings}
    found = {
        finding.code
        for finding in lint_trust(
            trust_policy(request, trust_policy_principal(request)), request.role_arn
        )
    }
    assert found <= (
        {"external_id_missing", "foreign_account_open"}
        if "no_mfa_no_external_id" in warning_codes
        else set()
    )
    assert ("no_mfa_no_external_id" in warning_codes) == bool(found)
    assert lint_permissions(permission_policy(request), role_arn=request.role_arn) == ()


def test_existing_statements_have_findings_of_their_own_after_a_plan() -> None:
    request = wanted()
    first = run(accounts(request), calls(accounts(request).plan(request)), request)
    assert first.target is not None
    assert lint_trust(first.target.trust, first.target.arn) == ()
    others = json.loads(first.target.trust)
    others["Statement"].insert(0, _trusts("*"))
    (finding,) = lint_trust(canonical_json(others), first.target.arn)
    assert (finding.code, finding.severity, finding.where) == (
        "principal_anyone",
        "error",
        f"trust policy of {ROLE_ARN}, statement 1",
    )


def test_the_statement_is_named_by_its_number_and_sid() -> None:
    (finding,) = lint_trust(
        _document(_trusts(OWN_USER), _trusts("*", Sid="All")), ROLE_ARN, name="trust.json"
    )
    assert finding.where == "trust.json, statement 2 (All)"


def test_grammar_errors_are_sentences() -> None:
    (finding,) = _lint({**_trusts(OWN_USER), "Effect": "allow"})
    assert finding.why == "Effect must be Allow or Deny."
    (finding,) = _lint(7)
    assert finding.why == "The statement is not an object."
    (finding,) = lint_trust("{", name="x.json")
    assert (finding.why, finding.where) == ("Not valid JSON.", "x.json")


def test_without_the_role_other_accounts_may_be_foreign() -> None:
    (finding,) = lint_trust(_document(_trusts(ROOT)))
    assert (finding.code, finding.severity) == ("foreign_account_open", "info")
    assert finding.why.startswith(f"If {SOURCE} is not your own account, ")
    (finding,) = lint_trust(_document(_trusts("*")))
    assert "111122223333" in finding.corrected


def test_accounts_of_the_same_owner_are_not_foreign() -> None:
    assert _lint(_trusts(ROOT), own_accounts=[SOURCE]) == ()
    assert _lint(_trusts(USER_ARN), own_accounts=[SOURCE]) == ()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"Statement": {}, "Statement": {}}', "[" * 3000, "null"]
)
def test_invalid_json_is_a_finding(text: str) -> None:
    for findings in (lint_trust(text, ROLE_ARN), lint_permissions(text)):
        assert [finding.code for finding in findings] == ["not_json"]


@pytest.mark.parametrize(
    ("top", "codes"),
    [
        ({"Version": "2008-10-17"}, []),
        ({"Version": "2020-01-01"}, ["grammar", "grammar"]),
        ({"Statement": None}, ["grammar"]),
        ({"Statement": []}, []),
        ({"Extra": 1}, ["grammar"]),
        ({"Id": "x"}, []),
    ],
    ids=["old", "version", "none", "empty", "extra", "id"],
)
def test_documents_have_findings(top: dict[str, Any], codes: list[str]) -> None:
    assert [
        finding.code for finding in lint_trust(_document(_trusts(OWN_USER), **top), ROLE_ARN)
    ] == codes


def test_a_missing_version_is_a_finding_and_with_variables_an_error() -> None:
    (finding,) = lint_trust(json.dumps({"Statement": _trusts(OWN_USER)}), ROLE_ARN)
    assert (finding.code, finding.severity) == ("version_missing", "info")
    assert json.loads(finding.corrected)["Version"] == "2012-10-17"
    variables = _trusts(OWN_USER, {"StringLike": {"sts:RoleSessionName": "${aws:username}"}})
    for version in ({}, {"Version": "2008-10-17"}):
        (finding,) = lint_trust(json.dumps({"Statement": variables, **version}), ROLE_ARN)
        assert (finding.code, finding.severity) == ("version_without_variables", "error")


@pytest.mark.parametrize(
    "path", ["aws-service-role/sns.amazonaws.com/", "aws-reserved/sso.amazonaws.com/"]
)
def test_roles_of_aws_have_no_findings(path: str) -> None:
    assert (
        lint_trust(
            _document(_trusts({"Service": "sns.amazonaws.com"})),
            f"arn:aws:iam::{TARGET}:role/{path}R",
        )
        == ()
    )


def test_roles_have_findings() -> None:
    trust = _document(_trusts(OWN_USER))
    long = f"arn:aws:iam::{TARGET}:role/{'p' * 60}/Role"
    assert [finding.code for finding in lint_trust(trust, long)] == ["console_name_too_long"]
    (finding,) = lint_trust(trust, ROLE_ARN, asked_duration=7200, max_session=3600)
    assert (finding.code, finding.severity, finding.where) == (
        "duration_over_maximum",
        "error",
        ROLE_ARN,
    )
    assert "aws iam update-role --role-name SwitchRole --max-session-duration 7200" in finding.why
    assert lint_trust(trust, ROLE_ARN, asked_duration=3600, max_session=3600) == ()
    many = [_trusts(f"{OWN_USER}{number}") for number in range(40)]
    assert [finding.code for finding in _lint(many)] == ["trust_size"]


def _may(
    resource: Any, action: Any = "sts:AssumeRole", condition: Any = None, **more: Any
) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {**statement, "Condition": condition} if condition else statement


PERMISSIONS: list[tuple[dict[str, Any], list[str]]] = [
    (_may(ROLE_ARN), []),
    (_may([ROLE_ARN, f"arn:aws:iam::{SOURCE}:role/App-*"]), []),
    (_may("*", "s3:GetObject"), []),
    (_may("*", Effect="Deny"), []),
    (_may(ROLE_ARN, condition=MFA_TRUE), []),
    (_may("*"), ["assume_any_role"]),
    (_may("arn:aws:iam::*:role/*"), ["assume_any_role"]),
    (_may("arn:aws:iam::*:role/SwitchRole"), ["assume_any_role"]),
    (_may("*", "*"), ["assume_any_role"]),
    (_may(ROLE_ARN, "*"), []),
    ({"Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": ROLE_ARN}, ["assume_any_role"]),
    ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, ["assume_any_role"]),
    ({"Effect": "Allow", "NotAction": "sts:*", "Resource": "*"}, []),
    (_may(f"arn:aws:iam::{TARGET}:role/*"), ["assume_any_role_of_account"]),
    (_may(ROLE_ARN, "sts:*"), ["wide_action"]),
    (_may("*", ["sts:*"]), ["assume_any_role", "wide_action"]),
    (_may(f"arn:aws:iam::{TARGET}:user/x"), ["never_matches"]),
    (_may(f"arn:aws:sts::{TARGET}:assumed-role/SwitchRole/*"), ["never_matches"]),
    (_may("arn:aws:iam::${aws:PrincipalAccount}:role/x"), []),
    (_may(ROLE_ARN, condition={"BoolIfExists": {MFA: "true"}}), ["mfa_if_exists"]),
    (_may(ROLE_ARN, condition={"Bool": {MFA: "false"}}), ["mfa_inverted"]),
    (_may("x"), ["grammar"]),
    ({**_may(ROLE_ARN), "Principal": "*"}, ["grammar"]),
]


@pytest.mark.parametrize(
    ("statement", "codes"), PERMISSIONS, ids=[f"{number:02d}" for number in range(len(PERMISSIONS))]
)
def test_permissions_wider_than_intended_are_found(
    statement: dict[str, Any], codes: list[str]
) -> None:
    findings = lint_permissions(_document(statement), role_arn=ROLE_ARN)
    assert sorted(finding.code for finding in findings) == codes
    for finding in findings:
        assert finding.where == "identity policy, statement 1"
        if finding.corrected:
            after = lint_permissions(_document(json.loads(finding.corrected)), role_arn=ROLE_ARN)
            assert finding.code not in {one.code for one in after}


def test_without_the_role_the_corrected_permission_has_a_place_for_it() -> None:
    (finding,) = lint_permissions(_document(_may("*")), name="policy x")
    assert json.loads(finding.corrected)["Resource"] == "arn:aws:iam::111122223333:role/ROLE-NAME"
    assert finding.where == "policy x, statement 1"


ODD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from(["*", "Allow", "sts:AssumeRole", ROOT, "true", "a*", ""]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "Effect",
                    "Principal",
                    "NotPrincipal",
                    "Action",
                    "Condition",
                    "Sid",
                    "AWS",
                    "Service",
                    "Federated",
                    "Bool",
                    "Null",
                    MFA,
                    EXT,
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(ODD, st.fixed_dictionaries({"Statement": st.lists(ODD, max_size=3)})))
def test_any_json_is_checked_without_an_error(data: Any) -> None:
    for findings in (lint_trust(json.dumps(data), ROLE_ARN), lint_permissions(json.dumps(data))):
        for finding in findings:
            assert finding.code
            assert not finding.corrected or json.loads(finding.corrected)
