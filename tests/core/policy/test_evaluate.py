from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.policy import (
    Decision,
    Grant,
    PolicyDocument,
    PolicyKind,
    Principal,
    PrincipalKind,
    Request,
    evaluate,
    parse,
)

A, B = "111111111111", "222222222222"
USER = Principal(PrincipalKind.USER, f"arn:aws:iam::{A}:user/team/dana", A)
SESSION = Principal(
    PrincipalKind.ROLE_SESSION,
    f"arn:aws:sts::{A}:assumed-role/Gate/me",
    A,
    f"arn:aws:iam::{A}:role/hub/Gate",
)
ROOT = Principal(PrincipalKind.ROOT, f"arn:aws:iam::{A}:root", A)
SERVICE = Principal(PrincipalKind.SERVICE, "ec2.amazonaws.com", "")
FEDERATED = Principal(PrincipalKind.FEDERATED, f"arn:aws:iam::{A}:saml-provider/idp", A)
ROLE_A, ROLE_B = f"arn:aws:iam::{A}:role/Target", f"arn:aws:iam::{B}:role/Target"


def trust(principal: Any, **elements: Any) -> PolicyDocument:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **elements}
    return parse(
        {"Version": "2012-10-17", "Statement": statement}, PolicyKind.TRUST, "the trust policy"
    )


def limits(kind: PolicyKind, effect: str = "Allow", **elements: Any) -> PolicyDocument:
    scope = {"Action": "sts:AssumeRole", "Resource": "*", **elements}
    return parse(
        {"Version": "2012-10-17", "Statement": {"Effect": effect, **scope}}, kind, kind.value
    )


def allow(**elements: Any) -> PolicyDocument:
    return limits(PolicyKind.IDENTITY, **elements)


def ask(
    principal: Principal, role: str, *documents: PolicyDocument, **context: tuple[str, ...]
) -> Decision:
    keys = {name.replace("__", ":").lower(): values for name, values in context.items()}
    return evaluate(Request(principal, "sts:AssumeRole", role, role.split(":")[4], keys), documents)


@pytest.mark.parametrize("name", [A, f"arn:aws:iam::{A}:root", USER.arn, "*"])
def test_across_accounts_both_sides_must_allow(name: str) -> None:
    assert ask(USER, ROLE_B, trust({"AWS": name}), allow()).allowed
    denied = ask(USER, ROLE_B, trust({"AWS": name}))
    assert (denied.allowed, denied.explicit_deny, denied.missing) == (
        False,
        False,
        PolicyKind.IDENTITY,
    )
    other = ask(USER, ROLE_B, trust({"AWS": B}), allow())
    assert (other.allowed, other.missing) == (False, PolicyKind.TRUST)


def test_within_an_account_naming_the_user_is_enough() -> None:
    assert ask(USER, ROLE_A, trust({"AWS": USER.arn})).allowed
    assert ask(USER, ROLE_A, trust("*")).allowed


def test_within_an_account_trusting_the_account_leaves_it_to_the_identity_policy() -> None:
    assert ask(USER, ROLE_A, trust({"AWS": A}), allow()).allowed
    assert ask(USER, ROLE_A, trust({"AWS": A})).missing is PolicyKind.IDENTITY


def test_an_identity_policy_alone_assumes_nothing() -> None:
    assert ask(USER, ROLE_A, allow()).missing is PolicyKind.TRUST


def test_an_explicit_deny_beats_everything_and_is_named() -> None:
    for denial in (
        limits(PolicyKind.IDENTITY, "Deny"),
        limits(PolicyKind.SESSION, "Deny"),
        trust({"AWS": USER.arn}, Effect="Deny"),
    ):
        decision = ask(USER, ROLE_A, trust({"AWS": USER.arn}), allow(), denial)
        assert (decision.allowed, decision.explicit_deny) == (False, True)
        assert decision.deciding_statement is not None
        assert decision.deciding_statement.document == denial.name
        assert denial.name in decision.reason


def test_a_role_session_is_named_by_role_session_or_account() -> None:
    for name in (SESSION.role_arn, SESSION.arn, A, "*"):
        assert ask(SESSION, ROLE_B, trust({"AWS": name}), allow()).allowed
    assert not ask(SESSION, ROLE_B, trust({"AWS": f"arn:aws:iam::{A}:role/Gate"}), allow()).allowed


def test_session_policies_and_boundaries_take_away() -> None:
    for kind in (PolicyKind.SESSION, PolicyKind.BOUNDARY):
        elsewhere = limits(kind, Resource="arn:aws:iam::*:role/Other")
        assert ask(SESSION, ROLE_B, trust({"AWS": A}), allow(), limits(kind)).allowed
        assert ask(SESSION, ROLE_B, trust({"AWS": A}), allow(), elsewhere).missing is kind
        # Within the account, they limit a trust policy that names the role, not the session.
        assert ask(SESSION, ROLE_A, trust({"AWS": SESSION.role_arn}), elsewhere).missing is kind
        assert ask(SESSION, ROLE_A, trust({"AWS": SESSION.role_arn}), limits(kind)).allowed
        assert ask(SESSION, ROLE_A, trust({"AWS": SESSION.arn}), elsewhere).allowed
    assert not ask(SESSION, ROLE_B, trust({"AWS": A}), limits(PolicyKind.SESSION)).allowed


def test_services_and_providers_are_principals() -> None:
    service = trust({"Service": ["ec2.amazonaws.com", "ecs.amazonaws.com"]})
    assert evaluate(Request(SERVICE, "sts:AssumeRole", ROLE_B, ""), [service]).allowed
    assert not ask(USER, ROLE_A, service, allow()).allowed
    assert not evaluate(Request(SERVICE, "sts:AssumeRole", ROLE_B, ""), [trust({"AWS": A})]).allowed
    assert ask(FEDERATED, ROLE_A, trust({"Federated": FEDERATED.arn})).allowed


def test_not_principal_exempts_callers_listed_by_all_their_names() -> None:
    def deny(*names: str) -> PolicyDocument:
        element = {"AWS": list(names)} if names else {"Service": ["ec2.amazonaws.com"]}
        statement = {"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": element}
        return parse({"Statement": statement}, PolicyKind.TRUST, "deny")

    base = (trust({"AWS": A}), allow())
    assert ask(USER, ROLE_B, *base, deny(A, USER.arn)).allowed
    assert ask(USER, ROLE_B, *base, deny(USER.arn)).explicit_deny
    assert ask(USER, ROLE_B, *base, deny(A)).explicit_deny
    assert ask(SESSION, ROLE_B, *base, deny(A, SESSION.role_arn)).explicit_deny
    assert ask(SESSION, ROLE_B, *base, deny(A, SESSION.role_arn, SESSION.arn)).allowed
    assert not ask(ROOT, ROLE_B, *base, deny(ROOT.arn)).explicit_deny
    assert ask(USER, ROLE_B, *base, deny()).explicit_deny


def test_actions_and_resources_and_their_negations() -> None:
    trusted = trust({"AWS": A})
    assert ask(USER, ROLE_B, trusted, allow(Action="STS:assume*")).allowed
    assert ask(USER, ROLE_B, trusted, allow(Action=["s3:*", "sts:Assume?ole"])).allowed
    assert not ask(USER, ROLE_B, trusted, allow(Action="sts:AssumeRoleWithSAML")).allowed
    assert ask(USER, ROLE_B, trusted, allow(Resource=f"arn:aws:iam::{B}:role/T*")).allowed
    assert not ask(USER, ROLE_B, trusted, allow(Resource=f"arn:aws:iam::{B}:role/t*")).allowed
    others = parse(
        {"Statement": {"Effect": "Allow", "NotAction": "iam:*", "NotResource": ROLE_A}},
        PolicyKind.IDENTITY,
        "not",
    )
    assert ask(USER, ROLE_B, trusted, others).allowed
    assert not ask(USER, ROLE_A, trusted, others).allowed
    tagged = allow(Resource="arn:aws:iam::*:role/${aws:PrincipalTag/target}")
    assert not ask(USER, ROLE_B, trusted, tagged).allowed
    request = Request(USER, "sts:AssumeRole", ROLE_B, B, {"aws:principaltag/target": ("Target",)})
    assert evaluate(request, [trusted, tagged]).allowed


def test_an_external_id_is_a_condition_of_the_trust_policy() -> None:
    trusted = trust({"AWS": A}, Condition={"StringEquals": {"sts:ExternalId": "unicorn-42"}})
    assert ask(USER, ROLE_B, trusted, allow(), sts__ExternalId=("unicorn-42",)).allowed
    assert not ask(USER, ROLE_B, trusted, allow(), sts__ExternalId=("horse",)).allowed
    assert not ask(USER, ROLE_B, trusted, allow()).allowed


def test_every_statement_leaves_a_trace() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    decision = ask(
        USER,
        ROLE_B,
        trust({"AWS": A}, Condition=mfa),
        trust({"AWS": B}),
        allow(),
        allow(Action="s3:*"),
        allow(Resource=ROLE_A),
    )
    assert [trace.applies for trace in decision.traces] == [False, False, True, False, False]
    assert [trace.grant for trace in decision.traces] == [
        Grant.ACCOUNT,
        Grant.NONE,
        Grant.NONE,
        Grant.NONE,
        Grant.NONE,
    ]
    words = [trace.why_not for trace in decision.traces]
    for word, expected in zip(
        words,
        ["condition bool on aws:MultiFactorAuthPresent", "principal", "", "action", "resource"],
        strict=True,
    ):
        assert expected in word
    assert decision.reason == "no trust policy allows sts:AssumeRole"
    granted = ask(USER, ROLE_B, trust({"AWS": A}), allow())
    assert granted.deciding_statement is not None
    assert granted.deciding_statement.grant is Grant.ACCOUNT
    assert granted.reason == "allowed by the trust policy"


names = st.sampled_from([A, B, USER.arn, SESSION.arn, SESSION.role_arn, "*"])
trusts = st.builds(
    lambda name, effect: trust({"AWS": name}, Effect=effect),
    names,
    st.sampled_from(["Allow", "Allow", "Deny"]),
)
kinds = st.sampled_from([PolicyKind.IDENTITY, PolicyKind.SESSION, PolicyKind.BOUNDARY])
scopes = st.sampled_from(["*", ROLE_A, ROLE_B, "arn:aws:iam::*:role/Other"])
others = st.builds(
    lambda kind, effect, scope: limits(kind, effect, Resource=scope),
    kinds,
    st.sampled_from(["Allow", "Allow", "Deny"]),
    scopes,
)


@settings(max_examples=200)
@given(
    st.sampled_from([USER, SESSION]),
    st.sampled_from([ROLE_A, ROLE_B]),
    st.lists(trusts | others, max_size=5),
    trusts | others,
)
def test_a_deny_never_gives_and_an_allow_on_either_side_never_takes(
    principal: Principal, role: str, documents: list[PolicyDocument], extra: PolicyDocument
) -> None:
    before, after = ask(principal, role, *documents), ask(principal, role, *documents, extra)
    assert before == ask(principal, role, *documents)
    if extra.statements[0].effect == "Deny":
        assert before.allowed or not after.allowed
    elif extra.kind in (PolicyKind.IDENTITY, PolicyKind.TRUST):
        assert after.allowed or not before.allowed
    assert not (after.allowed and after.explicit_deny)
    assert len(after.traces) == len(documents) + 1
