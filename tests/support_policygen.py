"""Requests and policies by the thousand, the same from the same seed: every kind of policy and principal, allowed and not about evenly.

A question is kept as JSON, as another evaluator reads it; `ours` asks our own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from support_policy import LINKED, MANAGER, OIDC, ROLE_A, ROLE_B, SAML, SERVICE, SESSION, USER, A, B
from xswitch.core.policy import Decision, PolicyKind, Principal, PrincipalKind, Request, evaluate, parse

T = TypeVar("T")
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
ASSUMING = {SAML.arn: "sts:AssumeRoleWithSAML", OIDC.arn: "sts:AssumeRoleWithWebIdentity", SERVICE.arn: "sts:AssumeRole"}
OTHER_ACTIONS = ("sts:AssumeRoleWithSAML", "sts:DecodeAuthorizationMessage", "s3:*", "iam:Create*", "sts:AssumeRole?", "ec2:Describe*")
LISTS = ("aws:TagKeys", "sts:TransitiveTagKeys")


@dataclass(slots=True)
class Policy:
    """One document: its kind, its JSON, and the level of an SCP or RCP."""

    kind: PolicyKind
    body: Json
    level: str = ""


@dataclass(slots=True)
class Question:
    """A request, and every document that has a say in it; `context` as AWS spells its keys."""

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
        documents = [parse(policy.body, policy.kind, policy.kind.value, level=policy.level) for policy in self.policies]
        context = {key.lower(): (value,) if isinstance(value, str) else tuple(value) for key, value in self.context.items()}
        return evaluate(Request(self.principal, self.action, self.role, self.role.split(":")[4], context), documents)

    def theirs(self) -> Json:
        """As the other evaluator wants it."""

        def named(kind: PolicyKind) -> list[Json]:
            return [{"name": f"{kind.value}{number}", "policy": policy.body} for number, policy in enumerate(self.of(kind))]

        def levels(kind: PolicyKind) -> list[Json]:
            found = dict.fromkeys(policy.level for policy in self.of(kind))
            return [
                {
                    "orgIdentifier": level,
                    "policies": [{"name": f"{level}{n}", "policy": p.body} for n, p in enumerate(self.of(kind)) if p.level == level],
                }
                for level in found
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
    return "Allowed" if decision.allowed else "ExplicitlyDenied" if decision.explicit_deny else "ImplicitlyDenied"


def questions(number: int, seed: int) -> list[Question]:
    """`number` of them, each outcome (by our own evaluation) as often as the others as far as a few tries go."""
    dice = random.Random(seed)
    found: list[Question] = []
    for index in range(number):
        wanted = OUTCOMES[index % len(OUTCOMES)]
        for _ in range(6):
            question = _Maker(dice, wanted).question()
            if outcome(question.ours()) == wanted:
                break
        found.append(question)
    return found


class _Maker:
    """One question in the making; `wanted` only moves the odds."""

    def __init__(self, dice: random.Random, wanted: str) -> None:
        self.dice = dice
        # How likely an Allow covers the request, and a Deny.
        self.fit = 0.75 if wanted == "ImplicitlyDenied" else 0.96
        self.denial = 0.75 if wanted == "ExplicitlyDenied" else 0.12
        callers = [USER] * 7 + [SESSION] * 8 + [PLAIN] * 3 + [SERVICE, SAML, OIDC, MANAGER, LINKED]
        self.principal = dice.choice(callers)
        self.role = ROLE_B if not self.principal.signed or dice.random() < 0.5 else ROLE_A
        self.action = ASSUMING.get(self.principal.arn) or self.pick(
            ["sts:AssumeRole"] * 5 + ["sts:TagSession", "sts:SetSourceIdentity", "iam:GetRole", "iam:PassRole"]
        )
        self.context = self._context()

    def pick(self, options: list[T] | tuple[T, ...]) -> T:
        return self.dice.choice(options)

    def some(self, chance: float) -> bool:
        return self.dice.random() < chance

    # -- the request ---------------------------------------------------------------------------------------------

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
            facts |= {"sts:ExternalId": self.pick(("unicorn-42", "horse")), "sts:RoleSessionName": self.pick(("dana", "kim"))}
        if self.action in ("sts:AssumeRole", "sts:TagSession"):
            facts |= {"aws:TagKeys": self.pick((["team"], ["team", "ticket"], ["cost"])), "aws:RequestTag/team": "blue"}
            facts["sts:TransitiveTagKeys"] = ["team"]
        if self.action == "sts:SetSourceIdentity":
            facts["sts:SourceIdentity"] = self.pick(("dana", "kim"))
        always = ("aws:CurrentTime", "aws:SourceIp", "aws:PrincipalArn", "aws:username")
        return {key: value for key, value in facts.items() if key in always or self.some(0.75)}

    # -- statements ----------------------------------------------------------------------------------------------

    def actions(self, *, fits: bool) -> Json:
        service, _, name = self.action.partition(":")
        good = (self.action, f"{service}:*", "*", f"{service}:{name[:4]}*", f"{service}:{name[:-1]}?", f"{service}:{name.lower()}")
        bad = [self.pick(OTHER_ACTIONS)] if self.action not in OTHER_ACTIONS else ["s3:*"]
        if self.some(0.12):
            return {"NotAction": bad if fits else [self.pick(good), *bad]}
        chosen = [self.pick(good)] if fits else []
        return {"Action": chosen + (bad if not fits or self.some(0.3) else [])}

    def resources(self, *, fits: bool) -> Json:
        account = self.role.split(":")[4]
        home = f"arn:aws:iam::{account}:role"
        good = ["*", self.role, f"{home}/*", f"{home}/ops/T*", f"{home}/ops/Targ?t", "arn:aws:iam::*:role/ops/Target", "arn:aws:iam::*"]
        good += [f"{home}/${{aws:PrincipalTag/none, 'ops'}}/Target"]
        if "aws:PrincipalTag/target" in self.context:
            good += [f"{home}/ops/${{aws:PrincipalTag/target}}"] * 2
        bad = [f"{home}/Target", f"{home}/ops/target", "arn:aws:s3:::*", f"{home}/ops/Target?", f"{home}/ops/${{aws:PrincipalTag/none}}*"]
        bad += ["arn:aws:iam::333333333333:role/*", f"{home}/ops/${{*}}", f"{home}/ops/${{aws:PrincipalTag/star}}"]
        if self.some(0.12):
            return {"NotResource": [self.pick(bad)] if fits else [self.pick(good), self.pick(bad)]}
        chosen = [self.pick(good)] if fits else []
        return {"Resource": chosen + ([self.pick(bad)] if not fits or self.some(0.3) else [])}

    def principals(self, *, fits: bool, deny: bool) -> Json:
        who = self.principal
        kind = "Service" if who.kind is PrincipalKind.SERVICE else "Federated" if who.kind is PrincipalKind.FEDERATED else "AWS"
        good: list[Any] = [{kind: who.arn}, {kind: [who.arn]}, "*" if self.some(0.3) else {kind: [who.arn]}]
        if who.signed:
            good += [{"AWS": who.account}, {"AWS": f"arn:aws:iam::{who.account}:root"}, {"AWS": [self.pick(STRANGERS), who.account]}]
            good += [{"AWS": who.role_arn}] * 3 if who.role_arn else []
        bad = [{"AWS": self.pick(STRANGERS)}, {"Service": "ecs.amazonaws.com"}, {"Federated": f"{SAML.arn}2"}, {"CanonicalUser": "79a59d"}]
        bad = [one for one in bad if one != {"AWS": who.account}] or bad
        if self.some(0.08):
            names = [who.account, who.arn, *([who.role_arn] if who.role_arn else [])]
            if deny and fits and who.signed:
                return {"NotPrincipal": {"AWS": self.pick((names[:1], names[1:], [STRANGERS[0]]))}}
            return {"NotPrincipal": self.pick(bad) if fits else {"AWS": names} if who.signed else {kind: who.arn}}
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

    # -- documents -----------------------------------------------------------------------------------------------

    def body(self, kind: PolicyKind, *, most: int = 3) -> Json:
        old = self.some(0.06)
        effects = ["Allow"] * (1 if self.some(0.9) else 0) + [
            "Deny" if self.some(self.denial * 0.45) else "Allow" for _ in range(self.dice.randrange(most))
        ]
        self.dice.shuffle(effects)
        made = [self.statement(kind, effect) for effect in effects or ["Allow"]]
        return {"Version": "2008-10-17" if old else "2012-10-17", "Statement": made}

    def question(self) -> Question:
        asked = Question(self.principal, self.action, self.role, self.context)
        trusted = self.action.startswith("sts:")
        if self.principal.signed:
            asked.policies += [Policy(PolicyKind.IDENTITY, self.body(PolicyKind.IDENTITY)) for _ in range(self.pick((1, 1, 1, 2, 0)))]
            if self.some(0.3):
                asked.policies.append(Policy(PolicyKind.BOUNDARY, self.body(PolicyKind.BOUNDARY)))
            if self.principal.role_arn and self.some(0.4):
                asked.policies.append(Policy(PolicyKind.SESSION, self.body(PolicyKind.SESSION)))
        if trusted:
            asked.policies.append(Policy(PolicyKind.TRUST, self.body(PolicyKind.TRUST)))
        if self.some(0.35):
            for level in ("root", "ou", A)[: self.dice.randrange(1, 4)]:
                asked.policies += [Policy(PolicyKind.SCP, self.body(PolicyKind.SCP, most=2), level) for _ in range(self.pick((1, 1, 2)))]
        if trusted and self.some(0.15):
            denial = {"Version": "2012-10-17", "Statement": [self.statement(PolicyKind.RCP, "Deny")]}
            asked.policies.append(Policy(PolicyKind.RCP, denial, "root"))
        self.dice.shuffle(asked.policies)
        return asked


# -- conditions: each of these makes one, likely met or likely not ---------------------------------------------------

Shape = tuple[str, str, Any]
TEXT_OPERATORS = [f"String{sense}{test}" for sense in ("", "Not") for test in ("Equals", "Like", "EqualsIgnoreCase")]
OTHER_VALUES = ("${aws:PrincipalTag/none}", "${aws:RequestedRegion}", "x${aws:PrincipalTag/star}", "${aws:PrincipalTag/none, 'dana'}")
KEYS = ("sts:ExternalId", "aws:PrincipalTag/team", "aws:username", "aws:RequestedRegion", "aws:PrincipalOrgID", "sts:RoleSessionName")


def _text(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001 -- the shape of all of these
    key = maker.pick(KEYS)
    given = str(maker.context.get(key, "blue"))
    name = maker.pick(
        ("StringEquals", "StringLike", "StringEqualsIgnoreCase", "StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase")
    )
    same = [given, "another"] if "Like" not in name else [maker.pick((f"{given[:2]}*", f"?{given[1:]}", given))]
    if "Case" in name:
        same = [given.upper()]
    values: Any = same if fits != ("Not" in name) else ["other", "Something*"]
    return name + ("IfExists" if maker.some(0.25) else ""), key, maker.pick((values, values[0]))


def _variable(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    key = maker.pick(("aws:username", "aws:PrincipalTag/team", "sts:RoleSessionName"))
    name = maker.pick(("StringEquals", "StringLike", "StringNotEquals", "StringNotLike"))
    other = maker.pick(
        ("${aws:PrincipalTag/none}", "${aws:RequestedRegion}", "x${aws:PrincipalTag/star}", "${aws:PrincipalTag/none, 'dana'}")
    )
    return name, key, maker.pick((f"${{{key}}}", "${aws:username}")) if fits != ("Not" in name) else other


def _number(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    low, high = ("-1", "99999") if fits else ("99999", "-1")
    name, value = maker.pick(
        (
            ("NumericLessThan", high),
            ("NumericLessThanEquals", maker.pick((high, "600"))),
            ("NumericGreaterThan", low),
            ("NumericGreaterThanEquals", maker.pick((low, "600.0"))),
            ("NumericEquals", maker.pick(("600", "0"))),
            ("NumericNotEquals", maker.pick(("600", "1"))),
        )
    )
    return name + ("IfExists" if maker.some(0.25) else ""), "aws:MultiFactorAuthAge", value


def _date(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    past = ("2026-03-01T11:00:00Z", "2025-12-31", "2026-03-01T12:30:00+01:00", "1772366399", "2026-02")
    future = ("2026-03-01T13:00:00Z", "2027-01-01T00:00:00.500Z", "2026-03-01T12:30:00-01:00", "1772366401")
    now = "2026-03-01T12:00:00Z"
    name, options = maker.pick(
        (
            ("DateLessThan", future if fits else (*past, now)),
            ("DateLessThanEquals", (*future, now) if fits else past),
            ("DateGreaterThan", past if fits else (*future, now)),
            ("DateGreaterThanEquals", (*past, now) if fits else future),
            ("DateEquals", (now, "2026-03-01T13:00:00+01:00") if fits else past),
            ("DateNotEquals", past if fits else (now,)),
        )
    )
    return name, "aws:CurrentTime", maker.pick(options)


def _address(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    given = str(maker.context["aws:SourceIp"])
    near = {"198.51.100.7": "198.51.100.0/24", "203.0.113.9": "203.0.113.8/31", "2001:db8::7": "2001:db8::/32"}[given]
    name = maker.pick(("IpAddress", "NotIpAddress"))
    far = ["192.0.2.0/24", "10.0.0.1", "2001:db9::/32"]
    return name, "aws:SourceIp", maker.pick(([near, "10.0.0.0/8"], given, near)) if fits != (name == "NotIpAddress") else far


def _arn(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    given = str(maker.context.get("aws:PrincipalArn", USER.arn))
    name = maker.pick(("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"))
    same = (given, f"arn:aws:iam::{A}:*", "arn:*:iam::*:*", given[:-2] + "??")
    other = (f"arn:aws:iam::{B}:*", "arn:aws:sts::*:*", f"{given}x", "arn:aws:iam::*:role")
    return name + ("IfExists" if maker.some(0.2) else ""), "aws:PrincipalArn", [maker.pick(same if fits != ("Not" in name) else other)]


def _flag(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    key = maker.pick(("aws:MultiFactorAuthPresent", "aws:SecureTransport"))
    given = str(maker.context.get(key, "true"))
    value = given if fits else {"true": "false", "false": "true"}[given]
    return maker.pick(("Bool", "BoolIfExists")), key, maker.pick((value, value.capitalize()))


def _null(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    key = maker.pick((*KEYS, "aws:MultiFactorAuthPresent", "aws:TagKeys"))
    absent = key not in maker.context
    return "Null", key, str(absent if fits else not absent).lower()


def _set(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    key = maker.pick(("aws:TagKeys", "sts:TransitiveTagKeys"))
    quantifier = maker.pick(("ForAllValues", "ForAnyValue"))
    name = maker.pick(("StringEquals", "StringLike", "StringNotEquals", "StringEqualsIgnoreCase"))
    values = ["team", "ticket", "co*"] if fits != ("Not" in name) else maker.pick((["none"], ["team"]))
    return f"{quantifier}:{name}" + ("IfExists" if maker.some(0.1) else ""), key, values


def _odd(maker: _Maker, fits: bool) -> Shape:  # noqa: FBT001
    """Rarities: a list without a set operator, a star as a letter, bytes."""
    return maker.pick(
        (
            ("StringEquals", "aws:TagKeys", ["team"]),
            ("StringNotEquals", "aws:TagKeys", "team" if fits else "cost"),
            ("StringEquals", "aws:PrincipalTag/star", "${*}"),
            ("StringLike", "aws:PrincipalTag/star", "${*}"),
            ("BinaryEquals", "aws:PrincipalTag/team", "blue"),
            ("StringLike", "aws:PrincipalTag/team", "${$}{x}"),
        )
    )


CONDITIONS: tuple[Callable[[_Maker, bool], Shape], ...] = (
    *((_text,) * 4),
    *((_variable, _number, _date, _address, _arn, _flag, _null) * 2),
    *((_set,) * 3),
    _odd,
)
