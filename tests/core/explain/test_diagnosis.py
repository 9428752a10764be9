"""Causes from handmade evidence: proved, likely, unseen, and never "allowed" by guessing."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.explain.evidence import (
    DENIED,
    ROLE,
    USER,
    document,
    evidence,
    hop,
    named,
    reading,
    role,
)
from xswitch.core.access.model import NamedPolicy, PrincipalPolicies, Simulation
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    IdentityMismatchError,
    MfaNeededError,
    NetworkError,
    SourceCredentialsError,
    XswitchError,
    source_credentials,
    sts,
)
from xswitch.core.explain.diagnosis import explain
from xswitch.core.explain.evidence import (
    Caller,
    FailureKind,
    Observations,
    SwitchFailure,
    failure_from_error,
    is_explainable,
)
from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    CauseSide,
    Certainty,
    Explanation,
    ExplanationVerdict,
    StatementChange,
)
from xswitch.core.explain.request_context import build_request, request_context
from xswitch.core.policy import PolicyKind, evaluate, parse

C = CauseCode
ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}
TRUST = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}
NOBODY = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
    "Action": "sts:AssumeRole",
}


def codes(explanation: Explanation) -> list[tuple[CauseCode, Certainty]]:
    return [(cause.code, cause.certainty) for cause in explanation.causes]


def first(explanation: Explanation) -> Cause:
    return explanation.causes[0]


def test_without_evidence_both_accounts_have_statements_to_look_for() -> None:
    explanation = explain(evidence(hop()))
    assert explanation.verdict is ExplanationVerdict.DENIED
    assert {certainty for _, certainty in codes(explanation)} == {Certainty.UNSEEN}
    by_code = {cause.code: cause for cause in explanation.causes}
    assert {
        C.CALLER_POLICY_MISSING,
        C.TRUST_MISSING,
        C.EXTERNAL_ID_MISSING,
        C.MFA_MISSING,
        C.ROLE_MISSING,
        C.SCP,
    } == set(by_code)
    assert json.loads(by_code[C.CALLER_POLICY_MISSING].statement) == ALLOW
    assert json.loads(by_code[C.TRUST_MISSING].statement) == TRUST


def test_an_account_that_allows_makes_the_other_likely() -> None:
    source = explain(evidence(hop(Observations(principal_policies=reading(ALLOW)))))
    assert codes(source)[0] == (C.TRUST_MISSING, Certainty.LIKELY)
    target = explain(evidence(hop(Observations(role=role(TRUST)))))
    assert codes(target)[0] == (C.CALLER_POLICY_MISSING, Certainty.LIKELY)
    both = explain(evidence(hop(Observations(principal_policies=reading(ALLOW), role=role(TRUST)))))
    assert codes(both) == [(C.SCP, Certainty.LIKELY)]
    cleared = Observations(
        principal_policies=reading(ALLOW),
        role=role(TRUST),
        simulations={"sts:AssumeRole": Simulation("allowed", allowed_by_organization=True)},
    )
    above = first(explain(evidence(hop(cleared))))
    assert (above.code, above.side, above.certainty) == (C.SCP, CauseSide.TARGET, Certainty.LIKELY)


def test_partly_read_policies_prove_a_deny_but_no_missing_allow() -> None:
    part = reading({**ALLOW, "Effect": "Deny"}, unread=("groups: iam_denied",))
    assert codes(explain(evidence(hop(Observations(principal_policies=part)))))[0] == (
        C.CALLER_POLICY_DENIES,
        Certainty.PROVED,
    )
    lacking = explain(
        evidence(hop(Observations(principal_policies=reading(unread=("groups: iam_denied",)))))
    )
    assert all(certainty is Certainty.UNSEEN for _, certainty in codes(lacking))
    near = reading(
        {**ALLOW, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        unread=("groups: iam_denied",),
    )
    assert codes(explain(evidence(hop(Observations(principal_policies=near)))))[0] == (
        C.MFA_MISSING,
        Certainty.LIKELY,
    )


def test_a_proved_account_comes_with_the_unseen_one() -> None:
    explanation = explain(evidence(hop(Observations(principal_policies=reading()))))
    assert codes(explanation) == [
        (C.CALLER_POLICY_MISSING, Certainty.PROVED),
        (C.TRUST_MISSING, Certainty.UNSEEN),
    ]
    other = explain(evidence(hop(Observations(role=role(NOBODY)))))
    assert codes(other) == [
        (C.TRUST_MISSING, Certainty.PROVED),
        (C.CALLER_POLICY_MISSING, Certainty.UNSEEN),
    ]


@pytest.mark.parametrize(
    ("end", "code", "side"),
    [
        (
            "because no identity-based policy allows the sts:AssumeRole action",
            C.CALLER_POLICY_MISSING,
            CauseSide.SOURCE,
        ),
        (
            "with an explicit deny in an identity-based policy",
            C.CALLER_POLICY_DENIES,
            CauseSide.SOURCE,
        ),
        (
            "because no permissions boundary allows the sts:AssumeRole action",
            C.BOUNDARY,
            CauseSide.SOURCE,
        ),
        ("with an explicit deny in a permissions boundary", C.BOUNDARY, CauseSide.SOURCE),
        (
            "because no service control policy allows the sts:AssumeRole action",
            C.SCP,
            CauseSide.SOURCE,
        ),
        ("with an explicit deny in a service control policy", C.SCP, CauseSide.SOURCE),
        ("with an explicit deny in a resource control policy", C.SCP, CauseSide.TARGET),
        (
            "because no session policy allows the sts:AssumeRole action",
            C.SESSION_POLICY,
            CauseSide.SOURCE,
        ),
        ("with an explicit deny in a session policy", C.SESSION_POLICY, CauseSide.SOURCE),
        (
            "because no role trust policy allows the sts:AssumeRole action",
            C.TRUST_MISSING,
            CauseSide.TARGET,
        ),
        ("with an explicit deny in the role trust policy", C.TRUST_DENIES, CauseSide.TARGET),
        (
            "because no VPC endpoint policy allows the sts:AssumeRole action",
            C.CALLER_POLICY_MISSING,
            CauseSide.SOURCE,
        ),
    ],
)
def test_aws_messages_prove_the_account_without_reading(
    end: str, code: CauseCode, side: CauseSide
) -> None:
    explanation = explain(evidence(hop(), f"{DENIED} {end}"))
    assert (first(explanation).code, first(explanation).side, first(explanation).certainty) == (
        code,
        side,
        Certainty.PROVED,
    )
    assert [cause for cause in explanation.causes if cause.certainty is Certainty.PROVED] == [
        first(explanation)
    ]


def test_aws_messages_override_policies() -> None:
    observations = Observations(principal_policies=reading(ALLOW), role=role(TRUST))
    cause = first(
        explain(
            evidence(
                hop(observations),
                f"{DENIED} because no identity-based policy allows the sts:AssumeRole action",
            )
        )
    )
    assert (cause.code, cause.certainty) == (C.CALLER_POLICY_MISSING, Certainty.PROVED)
    assert "takes a while" in cause.evidence


def test_the_only_condition_that_fits_aws_s_message_is_proved() -> None:
    ip = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    text = f"{DENIED} because no role trust policy allows the sts:AssumeRole action"
    explanation = explain(evidence(hop(Observations(role=role({**TRUST, "Condition": ip}))), text))
    assert codes(explanation)[0] == (C.IP, Certainty.PROVED)
    two = explain(
        evidence(
            hop(
                Observations(
                    role=role(
                        {**TRUST, "Condition": {**ip, "StringEquals": {"aws:SourceVpce": "vpce-1"}}}
                    )
                )
            ),
            text,
        )
    )
    assert first(two).certainty is Certainty.PROVED
    denied = {**TRUST, "Effect": "Deny", "Condition": ip}
    explanation = explain(
        evidence(
            hop(Observations(role=role(TRUST, denied))),
            f"{DENIED} with an explicit deny in the role trust policy",
        )
    )
    assert codes(explanation)[0] == (C.IP, Certainty.PROVED)


@pytest.mark.parametrize(
    ("simulation", "code"),
    [
        (Simulation("implicitDeny"), C.CALLER_POLICY_MISSING),
        (Simulation("explicitDeny", matched=("no",)), C.CALLER_POLICY_DENIES),
        (Simulation("implicitDeny", allowed_by_boundary=False), C.BOUNDARY),
        (Simulation("implicitDeny", allowed_by_organization=False), C.SCP),
        (Simulation("explicitDeny", allowed_by_organization=False), C.SCP),
    ],
)
def test_the_simulation_proves(simulation: Simulation, code: CauseCode) -> None:
    observations = Observations(simulations=MappingProxyType({"sts:AssumeRole": simulation}))
    assert codes(explain(evidence(hop(observations))))[0] == (code, Certainty.PROVED)


def test_a_simulation_that_lacks_a_value_proves_nothing() -> None:
    observations = Observations(
        simulations={
            "sts:AssumeRole": Simulation("implicitDeny", missing_context=("aws:SourceIp",))
        }
    )
    assert all(
        certainty is not Certainty.PROVED
        for _, certainty in codes(explain(evidence(hop(observations))))
    )


def test_a_missing_role_comes_with_the_similar_one() -> None:
    other = f"{ROLE[:-5]}team/Admin"
    for observations, code in (
        (Observations(role_missing=True), C.ROLE_MISSING),
        (Observations(role_missing=True, roles=(ROLE.replace("Admin", "admin"),)), C.ROLE_CASE),
        (Observations(role=role(TRUST, arn=other)), C.ROLE_PATH),
        (
            Observations(role_missing=True, roles=(ROLE.replace("aws", "aws-cn", 1),)),
            C.ROLE_MISSING,
        ),
    ):
        explanation = explain(
            evidence(hop(replace(observations, principal_policies=reading(ALLOW))))
        )
        assert codes(explanation) == [(code, Certainty.PROVED)]
    assert (
        explain(evidence(hop(Observations(role=role(TRUST), principal_policies=reading(ALLOW)))))
        .causes[0]
        .code
        is C.SCP
    )


def test_the_next_denial_is_reported_too() -> None:
    explanation = explain(
        evidence(
            hop(Observations(principal_policies=reading(), role=role(TRUST)), duration_seconds=7200)
        )
    )
    assert codes(explanation) == [
        (C.CALLER_POLICY_MISSING, Certainty.PROVED),
        (C.DURATION_ROLE_MAX, Certainty.PROVED),
    ]


def test_partitions_need_no_aws() -> None:
    china = ROLE.replace("aws", "aws-cn", 1)
    assert codes(explain(evidence(hop(role_arn=china)))) == [(C.PARTITION, Certainty.PROVED)]
    region = explain(evidence(hop(region="cn-north-1")))
    assert (C.PARTITION, Certainty.LIKELY) in codes(region)
    device = explain(
        evidence(hop(caller=Caller(), mfa_serial="arn:aws-cn:iam::1:mfa/x"), base_arn="")
    )
    assert codes(device)[0] == (C.PARTITION, Certainty.PROVED)


def test_a_deny_comes_with_the_easiest_fix() -> None:
    force_mfa = {
        **ALLOW,
        "Effect": "Deny",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    temporary = Caller(USER, temporary=True, mfa=False)
    cause = first(
        explain(
            evidence(
                hop(Observations(principal_policies=reading(ALLOW, force_mfa)), caller=temporary)
            )
        )
    )
    assert (cause.code, cause.side, cause.change) == (
        C.MFA_MISSING,
        CauseSide.LOCAL,
        StatementChange.MEET,
    )
    session = Caller(
        "arn:aws:sts::333333333333:assumed-role/Hub/x",
        "arn:aws:iam::333333333333:role/Hub",
        temporary=True,
        mfa=False,
    )
    cause = first(
        explain(
            evidence(
                hop(
                    Observations(principal_policies=reading(ALLOW, force_mfa)),
                    caller=session,
                    number=2,
                )
            )
        )
    )
    assert (cause.code, cause.side, cause.change) == (
        C.MFA_MISSING,
        CauseSide.SOURCE,
        StatementChange.REPLACE,
    )


def test_the_mfa_fix_names_a_known_device() -> None:
    trusted = Observations(
        role=role({**TRUST, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})
    )
    device = "arn:aws:iam::111111111111:mfa/dev"
    assert device in first(explain(evidence(hop(trusted), serials=(device,)))).next_step
    assert "list-mfa-devices --profile dev" in first(explain(evidence(hop(trusted)))).next_step
    assert "--mfa-code" in first(explain(evidence(hop(trusted, mfa_serial=device)))).next_step


def test_a_deleted_principal_is_reported() -> None:
    cause = first(
        explain(
            evidence(
                hop(
                    Observations(
                        role=role({**TRUST, "Principal": {"AWS": "AIDAEXAMPLEEXAMPLE234"}})
                    )
                )
            )
        )
    )
    assert cause.code is C.TRUST_MISSING
    assert "was deleted" in cause.evidence


def test_an_identity_center_role_is_trusted_by_pattern() -> None:
    caller = Caller(
        "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Dev_0123/dana", temporary=True
    )
    cause = next(
        cause
        for cause in explain(evidence(hop(caller=caller))).causes
        if cause.code is C.TRUST_MISSING
    )
    assert json.loads(cause.statement)["Condition"]["ArnLike"]["aws:PrincipalArn"].endswith(
        "sso.amazonaws.com/*/AWSReservedSSO_Dev_0123"
    )


def test_invalid_documents_count_as_unread() -> None:
    observations = Observations(
        principal_policies=PrincipalPolicies((NamedPolicy("odd", '{"Statement": []}'),)),
        role=role(TRUST),
    )
    assert codes(explain(evidence(hop(observations))))[0] == (
        C.CALLER_POLICY_MISSING,
        Certainty.LIKELY,
    )


# -- failures that aren't about policies


@pytest.mark.parametrize("code", sorted({*sts.STS_MESSAGES, *sts.NETWORK_MESSAGES}))
def test_every_failure_of_sts_has_a_cause(code: str) -> None:
    error: XswitchError = (
        NetworkError("x", code=code)
        if code in sts.NETWORK_MESSAGES
        else AwsDeniedError("x", code=code, hop=ROLE)
    )
    explanation = explain(replace(evidence(hop()), failure=failure_from_error(error)))
    assert explanation.causes
    assert explanation.verdict is not ExplanationVerdict.ALLOWED
    assert explanation.exit_code == int(error.exit_code)


@pytest.mark.parametrize("code", sorted(source_credentials.SOURCE_MESSAGES))
def test_every_failure_of_a_base_has_a_cause(code: str) -> None:
    error = SourceCredentialsError("x", why="y", next_step="aws configure", code=code)
    explanation = explain(replace(evidence(hop()), failed=0, failure=failure_from_error(error)))
    assert first(explanation).code in (C.BASE_EXPIRED, C.BASE_INVALID)
    assert (first(explanation).side, first(explanation).hop, explanation.verdict) == (
        CauseSide.LOCAL,
        0,
        ExplanationVerdict.NOT_REACHED,
    )
    assert first(explanation).next_step == "aws configure"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Value 'a b' at 'roleSessionName' failed to satisfy constraint", C.SESSION_NAME),
        ("The source identity is already set for this assume role session", C.SOURCE_IDENTITY),
        ("Value 'x' at 'externalId' failed to satisfy constraint", C.EXTERNAL_ID_WRONG),
        ("Value '12' at 'tokenCode' failed to satisfy constraint", C.MFA_MISSING),
        ("Value '99999' at 'durationSeconds' failed to satisfy constraint", C.DURATION_ROLE_MAX),
        ("Duplicate tag keys found.", C.TAGS),
        ("Invalid policy ARN", C.SESSION_POLICY),
        ("Request ARN is invalid", C.ROLE_MISSING),
    ],
)
def test_a_value_that_aws_rejects_is_named(text: str, code: CauseCode) -> None:
    explanation = explain(evidence(hop(), text, "bad_parameter"))
    assert (first(explanation).code, first(explanation).certainty) == (code, Certainty.PROVED)


def test_an_unknown_key_in_an_opt_in_region_may_be_the_region() -> None:
    failure = SwitchFailure(
        FailureKind.BASE, "invalid_key", "AWS does not know the key.", exit_code=6
    )
    explanation = explain(replace(evidence(hop(region="me-south-1")), failed=0, failure=failure))
    assert codes(explanation) == [
        (C.BASE_INVALID, Certainty.PROVED),
        (C.REGION_DISABLED, Certainty.UNSEEN),
    ]


def test_tags_that_are_too_large_are_tags() -> None:
    assert (
        first(
            explain(evidence(hop(), "Packed size of session tags consumes 120%", "packed_policy"))
        ).code
        is C.TAGS
    )
    assert (
        first(explain(evidence(hop(), "Packed size of policy consumes 120%", "packed_policy"))).code
        is C.SESSION_POLICY
    )


def test_only_failures_of_access_are_explainable() -> None:
    assert is_explainable(MfaNeededError("x"))
    assert is_explainable(IdentityMismatchError("x"))
    assert not is_explainable(CancelledError("x"))
    assert not is_explainable(XswitchError("x"))
    assert failure_from_error(IdentityMismatchError("x")).kind is FailureKind.NETWORK


# -- never allowed by guess, and a statement that helps

_CONDITIONS = st.sampled_from(
    [
        {},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        {"StringEquals": {"sts:ExternalId": "x-1"}},
        {"StringNotEquals": {"sts:ExternalId": ["x-1", "x-2"]}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
        {"StringLike": {"aws:PrincipalTag/team": "b*"}},
        {"Null": {"aws:MultiFactorAuthAge": "true"}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}},
    ]
)
_EFFECT = st.sampled_from(["Allow", "Allow", "Deny"])
_PERMISSIONS = st.builds(
    lambda effect, action, resource, condition: {
        "Effect": effect,
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    },
    _EFFECT,
    st.sampled_from(["sts:AssumeRole", "sts:*", "*", "s3:*"]),
    st.sampled_from(
        [
            ROLE,
            "*",
            "arn:aws:iam::*:role/A*",
            "arn:aws:iam::222222222222:role/Other",
            "arn:aws:iam::222222222222:role/${aws:username}",
        ]
    ),
    _CONDITIONS,
)
_TRUSTS = st.builds(
    lambda effect, principal, condition: {
        "Effect": effect,
        "Principal": principal,
        "Action": "sts:AssumeRole",
        **({"Condition": condition} if condition else {}),
    },
    _EFFECT,
    st.sampled_from(
        [
            {"AWS": USER},
            {"AWS": "111111111111"},
            {"AWS": ["arn:aws:iam::111111111111:user/other", USER]},
            "*",
            {"Service": "ec2.amazonaws.com"},
        ]
    ),
    _CONDITIONS,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(_PERMISSIONS, max_size=3),
    st.lists(_TRUSTS, min_size=1, max_size=3),
    st.sampled_from([(), ("groups: iam_denied",)]),
    st.sampled_from(["", "x-1", "y"]),
)
def test_a_refusal_is_never_allowed_and_proved_statements_have_their_effect(
    permissions: list[dict[str, Any]],
    trusts: list[dict[str, Any]],
    unread: tuple[str, ...],
    external_id: str,
) -> None:
    seen = reading(*permissions, unread=unread)
    one = hop(
        Observations(principal_policies=seen, role=role(*trusts)), external_id=external_id or None
    )
    explanation = explain(evidence(one))
    assert explanation.verdict is ExplanationVerdict.DENIED
    assert explanation.causes
    for cause in explanation.causes:
        if cause.certainty is Certainty.PROVED and cause.change in (
            StatementChange.ADD,
            StatementChange.REPLACE,
        ):
            kind = (
                PolicyKind.TRUST
                if cause.where.startswith("the trust policy")
                else PolicyKind.IDENTITY
            )
            parsed = parse(document(json.loads(cause.statement)), kind, "the statement")
            asked = build_request(one, "sts:AssumeRole", request_context(evidence(one), one))
            trace = evaluate(asked, (parsed,)).traces[0]
            assert trace.applies is (trace.statement.effect == "Allow"), cause


def test_named_policies_of_a_boundary_and_a_session_are_judged() -> None:
    boundary = reading(
        ALLOW, boundary=named("arn:aws:iam::111111111111:policy/limit", {**ALLOW, "Action": "s3:*"})
    )
    cause = first(explain(evidence(hop(Observations(principal_policies=boundary)))))
    assert (cause.code, cause.where) == (C.BOUNDARY, "arn:aws:iam::111111111111:policy/limit")
    policy = named("the session policy of the profile hub", {**ALLOW, "Action": "s3:*"})
    hub = Caller(
        "arn:aws:sts::333333333333:assumed-role/Hub/x",
        "arn:aws:iam::333333333333:role/Hub",
        temporary=True,
        mfa=False,
        session_policies=(policy,),
    )
    cause = first(explain(evidence(hop(caller=hub, number=2))))
    assert (cause.code, cause.side, cause.hop) == (C.SESSION_POLICY, CauseSide.LOCAL, 2)
    unread = replace(
        hub, session_policies=(), session_policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    )
    assert all(
        certainty is Certainty.UNSEEN
        for _, certainty in codes(explain(evidence(hop(caller=unread, number=2))))
    )
