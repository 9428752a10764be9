"""Compare our evaluation with @cloud-copilot/iam-simulate on thousands of generated questions.

Each class of differences names the page of AWS's guides that supports ours, and rewords questions
so that the other evaluator agrees. So those questions are compared, too.
"""

from __future__ import annotations

import copy
import ipaddress
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import TOOLS, missing
from support.policy.conditions import LISTS
from support.policy.generate import OUTCOMES, Policy, Question, outcome, questions
from xswitch.core.policy import Grant, PolicyKind
from xswitch.core.policy.patterns import unresolved

HERE = Path(__file__).resolve().parents[1]
NUMBER, SEED = 2_400, 20260301
SHARE = 0.2

Json = dict[str, Any]


def operators(asked: Question) -> Iterator[tuple[Policy, Json, str]]:
    """Iterate over the condition blocks of all statements, with their operators."""
    for policy, statement in asked.statements():
        for operator in list(statement.get("Condition", {})):
            yield policy, statement["Condition"], operator


def rewritten(values: Any, change: Callable[[str], str]) -> Any:
    return change(values) if isinstance(values, str) else [change(value) for value in values]


# -- rewordings; they only change questions of their class


def unbound(asked: Question) -> None:
    who = asked.principal
    kinds = (
        {PolicyKind.SCP}
        if not who.signed or who.management
        else {PolicyKind.SCP, PolicyKind.RCP}
        if who.service_linked
        else set()
    )
    asked.policies = [policy for policy in asked.policies if policy.kind not in kinds]


def old_language(asked: Question) -> None:
    for policy in asked.policies:
        if policy.body["Version"] == "2008-10-17":
            policy.body = json.loads(json.dumps(policy.body).replace("${", "$_{"))


def letters(asked: Question) -> None:
    for _, block, operator in operators(asked):
        if operator.startswith("String") and "Like" not in operator:
            block[operator] = {
                key: rewritten(values, lambda text: text.replace("${*}", "*"))
                for key, values in block[operator].items()
            }


def no_value(asked: Question) -> None:
    context = {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in asked.context.items()
    }
    for policy, block, operator in operators(asked):
        if "Not" in operator and policy.body["Version"] == "2012-10-17":
            block[operator] = {
                key: rewritten(
                    values, lambda text: "nothing is like it" if unresolved(text, context) else text
                )
                for key, values in block[operator].items()
            }
    for policy, statement in asked.statements():
        if "NotResource" in statement and policy.body["Version"] == "2012-10-17":
            nobody = "arn:aws:iam::444444444444:role/nobody"
            statement["NotResource"] = [
                nobody if unresolved(text, context) else text for text in statement["NotResource"]
            ]


def single_address(asked: Question) -> None:
    def network(text: str) -> str:
        return text if "/" in text else str(ipaddress.ip_network(text))

    for _, block, operator in operators(asked):
        if operator == "NotIpAddress":
            block[operator] = {
                key: rewritten(values, network) for key, values in block[operator].items()
            }


def seconds(asked: Question) -> None:
    def written_out(text: str) -> str:
        return (
            datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if text.isdigit()
            else text
        )

    for _, block, operator in operators(asked):
        if operator.startswith("Date"):
            block[operator] = {
                key: rewritten(values, written_out) for key, values in block[operator].items()
            }


def one_of_many(asked: Question) -> None:
    for _, block, operator in operators(asked):
        if ":" in operator or operator == "Null":
            continue
        for key in [
            key for key in LISTS if key in block[operator] and len(asked.context.get(key, ())) == 1
        ]:
            # For one value, both set operators are equal.
            prefix = (
                "ForAllValues:"
                if key in block.get(f"ForAnyValue:{operator}", {})
                else "ForAnyValue:"
            )
            block.setdefault(f"{prefix}{operator}", {})[key] = block[operator].pop(key)


def absent_list(asked: Question) -> None:
    for _, block, operator in operators(asked):
        if operator.startswith("ForAnyValue:") and operator.endswith("IfExists"):
            block[operator] = {
                key: values for key, values in block[operator].items() if key in asked.context
            }


def session_named(asked: Question) -> None:
    if asked.principal.account != asked.role.split(":")[4] or not asked.of(PolicyKind.SESSION):
        return
    traces = asked.ours().traces
    if any(
        trace.allows and trace.kind is PolicyKind.TRUST and trace.grant is Grant.EXACT
        for trace in traces
    ):
        for policy in asked.of(PolicyKind.SESSION):
            denials = [
                statement for statement in policy.body["Statement"] if statement["Effect"] == "Deny"
            ]
            policy.body["Statement"] = [
                *denials,
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
            ]


def partly_spared(asked: Question) -> None:
    who = asked.principal
    names = {who.account, who.arn, who.role_arn} - {""}
    for _, statement in asked.statements():
        if "NotPrincipal" not in statement or statement["Effect"] != "Deny" or not who.signed:
            continue
        if not names <= {*statement["NotPrincipal"].get("AWS", ())}:
            statement["NotPrincipal"] = {"AWS": "arn:aws:iam::444444444444:root"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A class of differences, with AWS's page and a rewording on which both agree."""

    why: str
    page: str
    reword: Callable[[Question], None]


DIFFERENCES = (
    Difference(
        "SCPs and RCPs do not bind everyone",
        "Organizations: SCPs, tasks and entities not restricted",
        unbound,
    ),
    Difference("2008-10-17 has no variables", "IAM: JSON policy elements: Version", old_language),
    Difference(
        "${*} is a star in every operator on strings",
        "IAM: Variables and tags, special characters",
        letters,
    ),
    Difference(
        "what differs from no value is different",
        "IAM: Variables and tags, policy variables with no value",
        no_value,
    ),
    Difference(
        "an address alone is a network of one",
        "IAM: JSON policy elements: Condition operators, IP address",
        single_address,
    ),
    Difference(
        "a number is seconds since the epoch",
        "IAM: JSON policy elements: Condition operators, date",
        seconds,
    ),
    Difference(
        "single or multivalued is what the request holds",
        "IAM: Single-valued vs. multivalued context keys",
        one_of_many,
    ),
    Difference(
        "IfExists holds of what isn't there",
        "IAM: JSON policy elements: Condition operators, ...IfExists",
        absent_list,
    ),
    Difference(
        "naming a session is not limited by silence",
        "IAM: Policy evaluation for requests within a single account",
        session_named,
    ),
    Difference(
        "NotPrincipal spares by every name only",
        "IAM: AWS JSON policy elements: NotPrincipal",
        partly_spared,
    ),
)


def tidied(asked: Question) -> Question:
    """Remove condition blocks that a rewording left empty."""
    for _, statement in asked.statements():
        if "Condition" in statement:
            blocks = {operator: keys for operator, keys in statement["Condition"].items() if keys}
            statement["Condition"] = blocks
            if not blocks:
                del statement["Condition"]
    return asked


def reworded(asked: Question) -> tuple[Question, list[str]]:
    """Reword a question so that both should agree, and return its classes."""
    changed, classes = copy.deepcopy(asked), []
    before = json.dumps(changed.theirs())
    for difference in DIFFERENCES:
        difference.reword(changed)
        after = json.dumps(tidied(changed).theirs())
        if after != before:
            classes.append(difference.why)
        before = after
    return changed, classes


def ask_the_other(node: str, asked: list[Question]) -> list[str]:
    """Evaluate all questions in one process of the other evaluator."""
    lines = "".join(
        json.dumps({"id": number, "simulation": question.theirs()}) + "\n"
        for number, question in enumerate(asked)
    )
    script = [node, str(HERE.parent / "tools" / "policies.mjs"), str(TOOLS)]
    done = subprocess.run(
        script,
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"TZ": "UTC"},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == list(range(len(asked)))
    assert [answer for answer in answers if answer["error"] or answer["ignored"]] == []
    return [answer["result"] for answer in answers]


def test_both_evaluators_say_the_same(need: Callable[[str], str]) -> None:
    node = need("node")
    if not (TOOLS / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
        missing("@cloud-copilot/iam-simulate is not installed (make test-tools)")
    asked = questions(NUMBER, SEED)
    alike = [reworded(question) for question in asked]
    ours = [outcome(question.ours()) for question in asked]
    again = [number for number, (_, classes) in enumerate(alike) if classes]
    answers = ask_the_other(node, [*asked, *(alike[number][0] for number in again)])
    as_asked, as_reworded = answers[:NUMBER], answers[:NUMBER]
    for number, answer in zip(again, answers[NUMBER:], strict=True):
        as_reworded[number] = answer

    wrong = [number for number in range(NUMBER) if as_reworded[number] != ours[number]]
    assert not wrong, "\n".join(
        f"{number}: ours {ours[number]}, theirs {as_reworded[number]}: "
        + json.dumps(alike[number][0].theirs())
        for number in wrong[:3]
    )
    # Every class must have real differences, otherwise it is outdated.
    explained = Counter(
        why
        for number in range(NUMBER)
        if as_asked[number] != ours[number]
        for why in alike[number][1]
    )
    assert [difference.why for difference in DIFFERENCES if not explained[difference.why]] == []
    differing = sum(as_asked[number] != ours[number] for number in range(NUMBER))
    assert differing < NUMBER / 10
    shares = Counter(as_reworded)
    assert min(shares[result] for result in OUTCOMES) > SHARE * NUMBER


def test_the_questions_are_the_same_each_time_and_of_every_kind() -> None:
    first, again = questions(60, SEED), questions(60, SEED)
    assert [question.theirs() for question in first] == [question.theirs() for question in again]
    many = questions(600, SEED)
    kinds = {policy.kind for question in many for policy in question.policies}
    assert kinds == set(PolicyKind)
    operators_asked = {
        operator.removesuffix("IfExists").rpartition(":")[2]
        for question in many
        for _, _, operator in operators(question)
    }
    assert len(operators_asked) > 25
    assert {question.principal.kind for question in many} >= {
        "user",
        "role_session",
        "service",
        "federated",
    }


@pytest.mark.parametrize("why", [difference.why for difference in DIFFERENCES])
def test_a_rewording_never_changes_our_own_answer(why: str) -> None:
    (difference,) = (each for each in DIFFERENCES if each.why == why)
    for asked in questions(90, SEED + 1):
        changed = copy.deepcopy(asked)
        difference.reword(changed)
        assert outcome(tidied(changed).ours()) == outcome(asked.ours())
