"""Thousands of generated requests and policies, deterministic by seed.

They cover every kind of policy and principal, with similar numbers of each outcome. A question is
JSON for the other evaluator; `ours` uses our own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from support.policy.cases import (
    LINKED,
    MANAGER,
    OIDC,
    ROLE_A,
    ROLE_B,
    SAML,
    SERVICE,
    SESSION,
    USER,
    A,
    B,
)
from support.policy.conditions import CONDITIONS, Dice
from xswitch.core.policy import (
    Decision,
    PolicyKind,
    Principal,
    PrincipalKind,
    Request,
    evaluate,
    parse,
)

Json = dict[str, Any]
OUTCOMES = ("Allowed", "ImplicitlyDenied", "ExplicitlyDenied")
PLAIN = Principal(PrincipalKind.USER, f"arn:aws:iam::{A}:user/kim", A)
STRANGERS = (
    f"arn:aws:iam::{A}:user/nobody",
    f"arn:aws:iam::{B}:user/kim",
    B,
    f"arn:aws:sts::{A}:assumed-role/Gate/you",
    "AIDAJQABLZS4A3QDU576Q",
)
ASSUMING = {
    SAML.arn: "sts:AssumeRoleWithSAML",
    OIDC.arn: "sts:AssumeRoleWithWebIdentity",
    SERVICE.arn: "sts:AssumeRole",
}
OTHER_ACTIONS = (
    "sts:AssumeRoleWithSAML",
    "sts:DecodeAuthorizationMessage",
    "s3:*",
    "iam:Create*",
    "sts:AssumeRole?",
    "ec2:Describe*",
)


@dataclass(slots=True)
class Policy:
    """One document: its kind, its JSON, and the level of an SCP or RCP."""

    kind: PolicyKind
    body: Json
    level: str = ""


@dataclass(slots=True)
class Question:
    """A request with its documents; `context` has AWS's spelling of keys."""

    principal: Principal
    action: str
    role: str
    context: dict[str, str | list[str]]
    policies: list[Policy] = field(default_factory=list)

    def of(self, kind: PolicyKind) -> list[Policy]:
        return [policy for policy in self.policies if policy.kind is kind]

    def statements(self) -> Iterator[tuple[Policy, Json]]:
        for policy in self.policies:
            for statement in policy.body["Statement"]:
                yield policy, statement

    def ours(self) -> Decision:
        documents = [
            parse(policy.body, policy.kind, policy.kind.value, level=policy.level)
            for policy in self.policies
        ]
        context = {
            key.lower(): (value,) if isinstance(value, str) else tuple(value)
            for key, value in self.context.items()
        }
        return evaluate(
            Request(self.principal, self.action, self.role, self.role.split(":")[4], context),
            documents,
        )

    def theirs(self) -> Json:
        """Return the input of the other evaluator."""

        def named(kind: PolicyKind) -> list[Json]:
            return [
                {"name": f"{kind.value}{number}", "policy": policy.body}
                for number, policy in enumerate(self.of(kind))
            ]

        def levels(kind: PolicyKind) -> list[Json]:
            levels = dict.fromkeys(policy.level for policy in self.of(kind))
            return [
                {
                    "orgIdentifier": level,
                    "policies": [
                        {"name": f"{level}{n}", "policy": p.body}
                        for n, p in enumerate(self.of(kind))
                        if p.level == level
                    ],
                }
                for level in levels
            ]

        trust, sessions = self.of(PolicyKind.TRUST), self.of(PolicyKind.SESSION)
        bounds = named(PolicyKind.BOUNDARY)
        return {
            "request": {
                "principal": self.principal.arn,
                "action": self.action,
                "resource": {"resource": self.role, "accountId": self.role.split(":")[4]},
                "contextVariables": self.context,
            },
            "identityPolicies": named(PolicyKind.IDENTITY),
            "serviceControlPolicies": levels(PolicyKind.SCP),
            "resourceControlPolicies": levels(PolicyKind.RCP),
            **({"resourcePolicy": trust[0].body} if trust else {}),
            **({"sessionPolicy": sessions[0].body} if sessions else {}),
            **({"permissionBoundaryPolicies": bounds} if bounds else {}),
        }


def outcome(decision: Decision) -> str:
    return (
        "Allowed"
        if decision.allowed
        else "ExplicitlyDenied"
        if decision.explicit_deny
        else "ImplicitlyDenied"
    )


def questions(number: int, seed: int) -> list[Question]:
    """Generate questions, with each of our outcomes about equally often."""
    dice = random.Random(seed)
    generated: list[Question] = []
    for index in range(number):
        wanted = OUTCOMES[index % len(OUTCOMES)]
        for _ in range(6):
            question = _Maker(dice, wanted).question()
            if outcome(question.ours()) == wanted:
                break
        generated.append(question)
    return generated


class _Maker(Dice):
    """Generator of one question; `wanted` only changes probabilities."""

    def __init__(self, dice: random.Random, wanted: str) -> None:
        super().__init__(dice)
        # Probabilities that an Allow, and a Deny, covers the request.
        self.fit = 0.75 if wanted == "ImplicitlyDenied" else 0.96
        self.denial = 0.75 if wanted == "ExplicitlyDenied" else 0.12
        callers = [USER] * 7 + [SESSION] * 8 + [PLAIN] * 3 + [SERVICE, SAML, OIDC, MANAGER, LINKED]
        self.principal = dice.choice(callers)
        self.role = ROLE_B if not self.principal.signed or dice.random() < 0.5 else ROLE_A
        self.action = ASSUMING.get(self.principal.arn) or self.pick(
            ["sts:AssumeRole"] * 5
            + ["sts:TagSession", "sts:SetSourceIdentity", "iam:GetRole", "iam:PassRole"]
        )
        self.context |= self._context()

    # -- the request

    def _context(self) -> dict[str, str | list[str]]:
        facts: dict[str, str | list[str]] = {
            "aws:CurrentTime": "2026-03-01T12:00:00Z",
            "aws:SourceIp": self.pick(("198.51.100.7", "203.0.113.9", "2001:db8::7")),
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": self.pick(("eu-west-1", "us-east-1")),
            "aws:MultiFactorAuthPresent": self.pick(("true", "false")),
            "aws:MultiFactorAuthAge": self.pick(("0", "600", "5000")),
            "aws:PrincipalTag/team": self.pick(("blue", "Blue", "red")),
            "aws:PrincipalTag/target": "Target",
            "aws:PrincipalTag/star": "*",
            "aws:PrincipalOrgID": "o-mine",
            "aws:userid": "AIDAEXAMPLE:x",
        }
        if self.principal.signed:
            facts["aws:PrincipalArn"] = self.principal.role_arn or self.principal.arn
            facts["aws:PrincipalAccount"] = self.principal.account
        if self.principal.kind is PrincipalKind.USER:
            facts["aws:username"] = self.principal.arn.rpartition("/")[2]
        if self.action == "sts:AssumeRole":
            facts |= {
                "sts:ExternalId": self.pick(("unicorn-42", "horse")),
                "sts:RoleSessionName": self.pick(("dana", "kim")),
            }
        if self.action in ("sts:AssumeRole", "sts:TagSession"):
            facts |= {
                "aws:TagKeys": self.pick((["team"], ["team", "ticket"], ["cost"])),
                "aws:RequestTag/team": "blue",
            }
            facts["sts:TransitiveTagKeys"] = ["team"]
        if self.action == "sts:SetSourceIdentity":
            facts["sts:SourceIdentity"] = self.pick(("dana", "kim"))
        always = ("aws:CurrentTime", "aws:SourceIp", "aws:PrincipalArn", "aws:username")
        return {key: value for key, value in facts.items() if key in always or self.some(0.75)}

    # -- statements

    def actions(self, *, fits: bool) -> Json:
        service, _, name = self.action.partition(":")
        good = (
            self.action,
            f"{service}:*",
            "*",
            f"{service}:{name[:4]}*",
            f"{service}:{name[:-1]}?",
            f"{service}:{name.lower()}",
        )
        bad = [self.pick(OTHER_ACTIONS)] if self.action not in OTHER_ACTIONS else ["s3:*"]
        if self.some(0.12):
            return {"NotAction": bad if fits else [self.pick(good), *bad]}
        chosen = [self.pick(good)] if fits else []
        return {"Action": chosen + (bad if not fits or self.some(0.3) else [])}

    def resources(self, *, fits: bool) -> Json:
        account = self.role.split(":")[4]
        home = f"arn:aws:iam::{account}:role"
        good = [
            "*",
            self.role,
            f"{home}/*",
            f"{home}/ops/T*",
            f"{home}/ops/Targ?t",
            "arn:aws:iam::*:role/ops/Target",
            "arn:aws:iam::*",
        ]
        good += [f"{home}/${{aws:PrincipalTag/none, 'ops'}}/Target"]
        if "aws:PrincipalTag/target" in self.context:
            good += [f"{home}/ops/${{aws:PrincipalTag/target}}"] * 2
        bad = [
            f"{home}/Target",
            f"{home}/ops/target",
            "arn:aws:s3:::*",
            f"{home}/ops/Target?",
            f"{home}/ops/${{aws:PrincipalTag/none}}*",
        ]
        bad += [
            "arn:aws:iam::333333333333:role/*",
            f"{home}/ops/${{*}}",
            f"{home}/ops/${{aws:PrincipalTag/star}}",
        ]
        if self.some(0.12):
            return {"NotResource": [self.pick(bad)] if fits else [self.pick(good), self.pick(bad)]}
        chosen = [self.pick(good)] if fits else []
        return {"Resource": chosen + ([self.pick(bad)] if not fits or self.some(0.3) else [])}

    def principals(self, *, fits: bool, deny: bool) -> Json:
        who = self.principal
        kind = (
            "Service"
            if who.kind is PrincipalKind.SERVICE
            else "Federated"
            if who.kind is PrincipalKind.FEDERATED
            else "AWS"
        )
        good: list[Any] = [
            {kind: who.arn},
            {kind: [who.arn]},
            "*" if self.some(0.3) else {kind: [who.arn]},
        ]
        if who.signed:
            good += [
                {"AWS": who.account},
                {"AWS": f"arn:aws:iam::{who.account}:root"},
                {"AWS": [self.pick(STRANGERS), who.account]},
            ]
            good += [{"AWS": who.role_arn}] * 3 if who.role_arn else []
        bad = [
            {"AWS": self.pick(STRANGERS)},
            {"Service": "ecs.amazonaws.com"},
            {"Federated": f"{SAML.arn}2"},
            {"CanonicalUser": "79a59d"},
        ]
        bad = [one for one in bad if one != {"AWS": who.account}] or bad
        if self.some(0.08):
            names = [who.account, who.arn, *([who.role_arn] if who.role_arn else [])]
            if deny and fits and who.signed:
                return {"NotPrincipal": {"AWS": self.pick((names[:1], names[1:], [STRANGERS[0]]))}}
            return {
                "NotPrincipal": self.pick(bad)
                if fits
                else {"AWS": names}
                if who.signed
                else {kind: who.arn}
            }
        return {"Principal": self.pick(good) if fits else self.pick(bad)}

    def statement(self, kind: PolicyKind, effect: str) -> Json:
        likely = self.fit if effect == "Allow" else self.denial if self.some(0.8) else 0.3
        made: Json = {"Sid": f"S{self.dice.randrange(10**6)}"} if self.some(0.2) else {}
        made |= {"Effect": effect, **self.actions(fits=self.some(likely))}
        if kind is PolicyKind.TRUST:
            made |= self.principals(fits=self.some(likely), deny=effect == "Deny")
        else:
            made |= self.resources(fits=self.some(likely))
        if self.some(0.45):
            made["Condition"] = self.conditions(fits=self.some(likely))
        if kind is PolicyKind.RCP:
            made = {key: value for key, value in made.items() if not key.startswith("Not")}
            made |= {
                "Principal": "*",
                "Action": [self.pick(("sts:*", self.action))],
                "Resource": self.pick(("*", self.role, f"{self.role}?")),
            }
        return made

    def conditions(self, *, fits: bool) -> Json:
        block: Json = {}
        for _ in range(self.pick((1, 1, 1, 2, 3))):
            operator, key, values = CONDITIONS[self.dice.randrange(len(CONDITIONS))](self, fits)
            block.setdefault(operator, {})[key] = values
        return block

    # -- documents

    def body(self, kind: PolicyKind, *, most: int = 3) -> Json:
        old = self.some(0.06)
        effects = ["Allow"] * (1 if self.some(0.9) else 0) + [
            "Deny" if self.some(self.denial * 0.45) else "Allow"
            for _ in range(self.dice.randrange(most))
        ]
        self.dice.shuffle(effects)
        made = [self.statement(kind, effect) for effect in effects or ["Allow"]]
        return {"Version": "2008-10-17" if old else "2012-10-17", "Statement": made}

    def question(self) -> Question:
        asked = Question(self.principal, self.action, self.role, self.context)
        trusted = self.action.startswith("sts:")
        if self.principal.signed:
            asked.policies += [
                Policy(PolicyKind.IDENTITY, self.body(PolicyKind.IDENTITY))
                for _ in range(self.pick((1, 1, 1, 2, 0)))
            ]
            if self.some(0.3):
                asked.policies.append(Policy(PolicyKind.BOUNDARY, self.body(PolicyKind.BOUNDARY)))
            if self.principal.role_arn and self.some(0.4):
                asked.policies.append(Policy(PolicyKind.SESSION, self.body(PolicyKind.SESSION)))
        if trusted:
            asked.policies.append(Policy(PolicyKind.TRUST, self.body(PolicyKind.TRUST)))
        if self.some(0.35):
            for level in ("root", "ou", A)[: self.dice.randrange(1, 4)]:
                asked.policies += [
                    Policy(PolicyKind.SCP, self.body(PolicyKind.SCP, most=2), level)
                    for _ in range(self.pick((1, 1, 2)))
                ]
        if trusted and self.some(0.15):
            denial = {
                "Version": "2012-10-17",
                "Statement": [self.statement(PolicyKind.RCP, "Deny")],
            }
            asked.policies.append(Policy(PolicyKind.RCP, denial, "root"))
        self.dice.shuffle(asked.policies)
        return asked
