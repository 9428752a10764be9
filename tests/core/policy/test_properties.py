"""Properties of all policies and requests: order, effects of Deny and Allow."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.policy.cases import ROLE_A, ROLE_B, SESSION, USER, A, B, document, verdict
from support.policy.generate import Question, outcome, questions
from xswitch.core.policy import (
    Decision,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    Principal,
    Request,
    evaluate,
    parse,
)

ALLOWING = (PolicyKind.IDENTITY, PolicyKind.TRUST)
MADE = questions(120, 5)


def documents_of(question: Question) -> list[PolicyDocument]:
    return [
        parse(policy.body, policy.kind, f"{policy.kind}{index}", level=policy.level)
        for index, policy in enumerate(question.policies)
    ]


def request_of(question: Question) -> Request:
    context = {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in question.context.items()
    }
    return Request(
        question.principal, question.action, question.role, question.role.split(":")[4], context
    )


def gist(decision: Decision) -> tuple[str, Any, frozenset[Any]]:
    return (
        outcome(decision),
        None if decision.explicit_deny else decision.missing,
        frozenset(decision.missing_allows),
    )


made = st.sampled_from(MADE)


@settings(max_examples=150, derandomize=True)
@given(made, st.randoms(use_true_random=False))
def test_the_order_of_documents_and_statements_means_nothing(
    question: Question, dice: random.Random
) -> None:
    documents = documents_of(question)
    before = evaluate(request_of(question), documents)
    shuffled = [
        replace(one, statements=tuple(dice.sample(one.statements, len(one.statements))))
        for one in documents
    ]
    dice.shuffle(shuffled)
    assert gist(evaluate(request_of(question), shuffled)) == gist(before)


@settings(max_examples=200, derandomize=True)
@given(made, made)
def test_a_deny_only_takes_and_an_allow_of_either_side_only_gives(
    question: Question, other: Question
) -> None:
    documents = documents_of(question)
    before = evaluate(request_of(question), documents)
    kinds = {document.kind for document in documents}
    for extra in documents_of(other):
        denials = tuple(one for one in extra.statements if one.effect == "Deny")
        after = evaluate(request_of(question), [*documents, replace(extra, statements=denials)])
        # A document with only Denies also lacks an Allow, which some kinds require.
        assert before.allowed or not after.allowed
        assert after.explicit_deny or not before.explicit_deny
        # The first trust policy doesn't only give: with it, the trust policy has to allow too.
        first_trust = extra.kind is PolicyKind.TRUST and extra.kind not in kinds
        if extra.kind in ALLOWING and not first_trust:
            allowances = tuple(one for one in extra.statements if one.effect == "Allow")
            given_more = evaluate(
                request_of(question), [*documents, replace(extra, statements=allowances)]
            )
            assert given_more.allowed or not before.allowed


@settings(max_examples=150, derandomize=True)
@given(made)
def test_a_decision_is_of_one_piece(question: Question) -> None:
    documents = documents_of(question)
    decision = evaluate(request_of(question), documents)
    assert decision == evaluate(request_of(question), documents)
    assert not (
        decision.allowed and (decision.explicit_deny or decision.missing_allows or decision.missing)
    )
    assert decision.allowed or decision.explicit_deny or decision.missing_allows
    assert decision.explicit_deny is bool(decision.denials)
    assert len(decision.traces) == sum(len(one.statements) for one in documents)
    for trace in decision.traces:
        assert trace.applies is (
            trace.principal and trace.action and trace.resource and not trace.unmet
        )
        assert trace.applies is not bool(trace.why_not)
    assert verdict(decision).split(" ")[0] == {"Allowed": "allow", "ExplicitlyDenied": "deny"}.get(
        outcome(decision), "no"
    )


@settings(max_examples=100, derandomize=True)
@given(made)
def test_every_limit_taken_away_leaves_what_was_allowed(question: Question) -> None:
    documents = documents_of(question)
    if evaluate(request_of(question), documents).allowed:
        assert evaluate(
            request_of(question), [one for one in documents if one.kind in ALLOWING]
        ).allowed


@pytest.mark.parametrize("principal", [None, {"AWS": A}, "me"])
def test_an_rcp_is_about_everyone(principal: Any) -> None:
    statement = {"Effect": "Deny", "Action": "sts:*", "Resource": "*"} | (
        {} if principal is None else {"Principal": principal}
    )
    with pytest.raises(PolicyError, match='Principal of a resource control policy must be "'):
        parse({"Statement": statement}, PolicyKind.RCP, "r")


@pytest.mark.parametrize(
    "kind", [PolicyKind.SCP, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.IDENTITY]
)
def test_no_other_kind_but_trust_has_a_principal(kind: PolicyKind) -> None:
    with pytest.raises(PolicyError, match="only a trust policy has a Principal"):
        parse(
            {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}},
            kind,
            "p",
        )


@settings(max_examples=100, derandomize=True)
@given(
    st.sampled_from([USER, SESSION]),
    st.sampled_from([ROLE_A, ROLE_B]),
    st.sampled_from([A, B, USER.arn, SESSION.role_arn, "*"]),
)
def test_without_a_trust_policy_that_names_the_caller_nobody_gets_in(
    principal: Principal, role: str, name: str
) -> None:
    trust = document(
        PolicyKind.TRUST, {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "sts:*"}
    )
    everything = document(PolicyKind.IDENTITY, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    names = {"*", principal.account, principal.arn, principal.role_arn}
    decision = evaluate(
        Request(principal, "sts:AssumeRole", role, role.split(":")[4]), [trust, everything]
    )
    assert decision.allowed is (name in names)
