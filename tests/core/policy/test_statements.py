"""Coverage of requests by one statement: principals, actions, resources, variables, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from support.policy.cases import (
    OIDC,
    ROLE_A,
    ROLE_B,
    ROOT,
    SERVICE,
    SESSION,
    SIMULATED,
    USER,
    A,
    B,
    Case,
    allows,
    boundary,
    denies,
    trusts,
    verdict,
)
from xswitch.core.policy import Principal

PRINCIPAL = "IAM: AWS JSON policy elements: Principal"
NOT_PRINCIPAL = "IAM: AWS JSON policy elements: NotPrincipal"
BOUNDARIES = "IAM: Permissions boundaries for IAM entities"
ACTION = "IAM: JSON policy elements: Action, NotAction"
RESOURCE = "IAM: JSON policy elements: Resource, NotResource"
VARIABLES = "IAM: Policy elements: Variables and tags"
VERSION = "IAM: JSON policy elements: Version"

Context = Mapping[str, str | tuple[str, ...]]
OLD, NEW = "2008-10-17", "2012-10-17"
WIDE = f"arn:aws:iam::{B}:role"


def whom(id_: str, principal: Any, caller: Principal, expected: str, page: str = PRINCIPAL) -> Case:
    return Case(id_, caller, ROLE_B, (trusts(principal), allows()), expected, page)


def sparing(
    id_: str, names: Any, caller: Principal, expected: str, page: str = NOT_PRINCIPAL
) -> Case:
    """Deny everyone but `names`; otherwise the caller's account and the service are trusted."""
    denial = trusts(
        Effect="Deny", NotPrincipal=names if isinstance(names, dict) else {"AWS": names}
    )
    return Case(
        id_,
        caller,
        ROLE_B,
        (trusts({"AWS": A, "Service": SERVICE.arn}), denial, allows()),
        expected,
        page,
    )


def all_but(id_: str, names: Any, caller: Principal, expected: str) -> Case:
    return Case(
        id_, caller, ROLE_B, (trusts(NotPrincipal=names), allows()), expected, NOT_PRINCIPAL
    )


YES, NO = "allow by trust", "no trust"

PRINCIPALS = [
    whom("account id", A, USER, YES),
    whom("root ARN", f"arn:aws:iam::{A}:root", USER, YES),
    whom("root ARN of another partition's name", f"arn:aws-us-gov:iam::{A}:root", USER, YES),
    whom("account id with a blank", f" {A}", USER, NO),
    whom("user with its path", USER.arn, USER, YES),
    whom("user without its path", f"arn:aws:iam::{A}:user/dana", USER, NO),
    whom("user in other case", USER.arn.replace("dana", "Dana"), USER, NO),
    whom("user of the same name elsewhere", USER.arn.replace(A, B), USER, NO),
    whom("no wildcard within an ARN", f"arn:aws:iam::{A}:user/*", USER, NO),
    whom("no wildcard in an account", f"arn:aws:iam::{A[:-1]}*:root", USER, NO),
    whom("everyone in short", "*", USER, YES),
    whom("everyone as AWS", {"AWS": "*"}, USER, YES),
    whom("one of several", {"AWS": [B, USER.arn]}, USER, YES),
    whom("AWS and Service", {"Service": "ec2.amazonaws.com", "AWS": A}, USER, YES),
    whom(
        "canonical users never match",
        {"CanonicalUser": "79a59d900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
        USER,
        NO,
    ),
    whom(
        "the ID of a deleted user",
        "AIDAJQABLZS4A3QDU576Q",
        USER,
        NO,
        "IAM: IAM identifiers, Unique identifiers",
    ),
    whom(
        "the ID of a deleted role",
        "AROADBQP57FF2AEXAMPLE",
        SESSION,
        NO,
        "IAM: IAM identifiers, Unique identifiers",
    ),
    whom("role with its path", SESSION.role_arn, SESSION, YES),
    whom("role without its path", f"arn:aws:iam::{A}:role/Gate", SESSION, NO),
    whom("session", SESSION.arn, SESSION, YES),
    whom("another session of the role", f"arn:aws:sts::{A}:assumed-role/Gate/you", SESSION, NO),
    whom("no wildcard for sessions", f"arn:aws:sts::{A}:assumed-role/Gate/*", SESSION, NO),
    whom("the role of a user's name", f"arn:aws:iam::{A}:role/team/dana", USER, NO),
    whom("a provider isn't a user", {"Federated": USER.arn}, USER, NO),
]

BOTH, ALL_THREE = [A, USER.arn], [A, SESSION.role_arn, SESSION.arn]
DENIED = "deny by trust"

NOT_PRINCIPALS = [
    sparing("spared: account and user", BOTH, USER, YES),
    sparing("not spared: user without account", USER.arn, USER, DENIED),
    sparing("not spared: account without user", A, USER, DENIED),
    sparing("spared: account, role and session", ALL_THREE, SESSION, YES),
    sparing("not spared: account and role", ALL_THREE[:2], SESSION, DENIED),
    sparing("a role without session needs no session", ALL_THREE[:2], SIMULATED, YES),
    sparing("everyone spared", "*", USER, YES),
    sparing("services spared, user not", {"Service": SERVICE.arn}, USER, DENIED),
    sparing("service spared", {"Service": SERVICE.arn}, SERVICE, YES),
    sparing("service not spared", A, SERVICE, DENIED),
    Case(
        "callers with a boundary are not exempt",
        USER,
        ROLE_B,
        (trusts(), trusts(Effect="Deny", NotPrincipal={"AWS": BOTH}), allows(), boundary()),
        DENIED,
        BOUNDARIES,
    ),
    Case(
        "the root user by its account",
        ROOT,
        ROLE_A,
        (trusts(Effect="Deny", NotPrincipal={"AWS": A}, Action="*"),),
        NO,
        NOT_PRINCIPAL,
        "iam:GetRole",
    ),
    all_but("allow all but another", {"AWS": f"{USER.arn}2"}, USER, YES),
    all_but("allow all but the user", {"AWS": USER.arn}, USER, NO),
    all_but("allow all but the account", {"AWS": A}, USER, NO),
    all_but("allow all but the role", {"AWS": SESSION.role_arn}, SESSION, NO),
    all_but("allow all but a provider", {"Federated": OIDC.arn}, OIDC, NO),
]


def doing(
    id_: str,
    expected: str,
    page: str,
    context: Context | None = None,
    *,
    version: str = NEW,
    **elements: Any,
) -> Case:
    return Case(
        id_,
        USER,
        ROLE_B,
        (trusts(), allows(version=version, **elements)),
        expected,
        page,
        context=context or {},
    )


IN_ACCOUNT = "arn:aws:iam::${aws:ResourceAccount}:role/ops/Target"
BY_TAG = f"{WIDE}/ops/${{aws:PrincipalTag/target}}"
MISSING = "no identity"
TEAM: Context = {
    "aws:PrincipalTag/target": "Target",
    "aws:username": "dana",
    "aws:PrincipalTag/star": "*",
}

SCOPES = [
    doing("action", YES, ACTION, Action="sts:AssumeRole"),
    doing("action in any case", YES, ACTION, Action="STS:assumerole"),
    doing("action among others", YES, ACTION, Action=["s3:*", "sts:AssumeRole"]),
    doing("action by star", YES, ACTION, Action="sts:Assume*"),
    doing("action by question mark", YES, ACTION, Action="sts:AssumeRol?"),
    doing("a star also matches nothing", YES, ACTION, Action="sts:AssumeRole*"),
    doing("every action", YES, ACTION, Action="*"),
    doing("every action in two parts", YES, ACTION, Action="*:*"),
    doing("a question mark is one letter", MISSING, ACTION, Action="sts:AssumeRole?"),
    doing("another action", MISSING, ACTION, Action="sts:AssumeRoleWithSAML"),
    doing("another service", MISSING, ACTION, Action="iam:*"),
    doing("all actions but others", YES, ACTION, NotAction=["iam:*", "sts:TagSession"]),
    doing("all actions but this", MISSING, ACTION, NotAction="sts:Assume*"),
    Case(
        "deny all actions but others",
        USER,
        ROLE_B,
        (trusts(), allows(), denies(NotAction="iam:*")),
        "deny by identity",
        ACTION,
    ),
    Case(
        "deny all actions but this",
        USER,
        ROLE_B,
        (trusts(), allows(), denies(NotAction="sts:*")),
        YES,
        ACTION,
    ),
    doing("resource", YES, RESOURCE, Resource=ROLE_B),
    doing("resource without its path", MISSING, RESOURCE, Resource=f"{WIDE}/Target"),
    doing("resource in other case", MISSING, RESOURCE, Resource=f"{WIDE}/ops/target"),
    doing("resource of another account", MISSING, RESOURCE, Resource=ROLE_A),
    doing("resource by star", YES, RESOURCE, Resource=f"{WIDE}/ops/*"),
    doing("star goes over slashes", YES, RESOURCE, Resource=f"{WIDE}/*"),
    doing("star at the end goes over colons", YES, RESOURCE, Resource="arn:aws:iam::*"),
    doing("star in the account", YES, RESOURCE, Resource="arn:aws:iam::*:role/ops/Target"),
    doing(
        "question marks in the account",
        YES,
        RESOURCE,
        Resource=f"arn:aws:iam::{'?' * 12}:role/ops/Target",
    ),
    doing(
        "a question mark too few",
        MISSING,
        RESOURCE,
        Resource=f"arn:aws:iam::{'?' * 11}:role/ops/Target",
    ),
    doing(
        "a star within a segment stays there",
        MISSING,
        RESOURCE,
        Resource="arn:aws:*m::2/ops/Target",
    ),
    doing("all resources but others", YES, RESOURCE, NotResource=[ROLE_A, "arn:aws:s3:::*"]),
    doing("all resources but this", MISSING, RESOURCE, NotResource=f"{WIDE}/ops/*"),
    Case(
        "deny all resources but this",
        USER,
        ROLE_B,
        (trusts(), allows(), denies(NotResource=ROLE_B)),
        YES,
        RESOURCE,
    ),
    Case(
        "deny all resources but another",
        USER,
        ROLE_B,
        (trusts(), allows(), denies(NotResource=ROLE_A)),
        "deny by identity",
        RESOURCE,
    ),
    doing("variable", YES, VARIABLES, TEAM, Resource=f"{WIDE}/ops/${{aws:PrincipalTag/target}}"),
    doing(
        "variable in any case",
        YES,
        VARIABLES,
        TEAM,
        Resource=f"{WIDE}/ops/${{AWS:principaltag/TARGET}}",
    ),
    doing(
        "variable next to a star",
        YES,
        VARIABLES,
        TEAM,
        Resource=f"{WIDE}/*/${{aws:PrincipalTag/target}}",
    ),
    doing(
        "variable of another value",
        MISSING,
        VARIABLES,
        TEAM,
        Resource=f"{WIDE}/ops/${{aws:username}}",
    ),
    doing(
        "variable without a value",
        MISSING,
        VARIABLES,
        TEAM,
        Resource=f"{WIDE}/ops/${{aws:PrincipalTag/absent}}*",
    ),
    doing(
        "variable with a default",
        YES,
        VARIABLES,
        TEAM,
        Resource=f"{WIDE}/ops/${{aws:PrincipalTag/absent, 'Target'}}",
    ),
    doing(
        "a value overrides the default",
        MISSING,
        VARIABLES,
        TEAM,
        Resource=f"{WIDE}/ops/${{aws:username, 'Target'}}",
    ),
    doing(
        "a star in a value is a letter",
        MISSING,
        VARIABLES,
        TEAM,
        Resource=f"{WIDE}/ops/${{aws:PrincipalTag/star}}",
    ),
    doing("a star as a letter", MISSING, VARIABLES, TEAM, Resource=f"{WIDE}/ops/${{*}}"),
    doing(
        "variables only after the fifth colon",
        MISSING,
        RESOURCE,
        {"aws:ResourceAccount": B},
        Resource=IN_ACCOUNT,
    ),
    doing(
        "NotResource with a variable without a value",
        YES,
        VARIABLES,
        TEAM,
        NotResource=f"{WIDE}/${{aws:PrincipalTag/absent}}",
    ),
    doing("no variables in the old language", MISSING, VERSION, TEAM, version=OLD, Resource=BY_TAG),
    doing("stars in the old language", YES, VERSION, TEAM, version=OLD, Resource=f"{WIDE}/ops/*"),
]

CASES = [*PRINCIPALS, *NOT_PRINCIPALS, *SCOPES]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_what_a_statement_covers(case: Case) -> None:
    assert verdict(case.decide()) == case.expected, case.page
