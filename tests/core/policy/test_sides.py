"""Which kinds of policy must allow: within and across accounts, for all kinds of caller."""

from __future__ import annotations

import pytest

from support.policy.cases import (
    ELSEWHERE,
    LINKED,
    MANAGER,
    OIDC,
    ROLE_A,
    ROLE_B,
    ROOT,
    SAML,
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
    scp,
    session,
    trusts,
    verdict,
)
from xswitch.core.policy import PolicyKind

SINGLE = "IAM: Policy evaluation for requests within a single account"
CROSS = "IAM: Cross-account policy evaluation logic"
ORDER = "IAM: How AWS enforcement code logic evaluates requests to allow or deny access"
BOUNDARIES = "IAM: Permissions boundaries for IAM entities"
SCPS = "Organizations: Service control policies (SCPs); SCP evaluation"
RCPS = "Organizations: Resource control policies (RCPs); RCP evaluation"
ROLES = "IAM: Permissions for AssumeRole, AssumeRoleWithSAML, and AssumeRoleWithWebIdentity"
STS = "STS API reference"

RCP, SCP, BOUNDARY, SESSIONS = (
    PolicyKind.RCP,
    PolicyKind.SCP,
    PolicyKind.BOUNDARY,
    PolicyKind.SESSION,
)
SAML_ACTION, OIDC_ACTION = "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"
SOURCE_IDENTITY = "sts:SetSourceIdentity"
DEPUTY = "IAM: The confused deputy problem"
TAGS = "IAM: Pass session tags in AWS STS"
MONITOR = "IAM: Monitor and control actions taken with assumed roles"
BY_SERVICE = trusts({"Service": SERVICE.arn})
BY_SAML = trusts({"Federated": SAML.arn}, Action=SAML_ACTION)
OURS_ONLY = denies(RCP, Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-mine"}})
OF_OUR_ACCOUNT = trusts(
    {"Service": SERVICE.arn}, Condition={"StringEquals": {"aws:SourceAccount": B}}
)
OF_OUR_MACHINES = trusts(
    {"Service": SERVICE.arn}, Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:ec2:*:{B}:*"}}
)
MACHINE = f"arn:aws:ec2:eu-west-1:{B}:instance/i-1"
AUDIENCE = {"token.example.com:aud": "sts.amazonaws.com"}
SUBJECT = {"StringLike": {"token.example.com:sub": "repo:us/*"}}
BY_AUDIENCE = trusts(
    {"Federated": OIDC.arn}, Action=OIDC_ACTION, Condition={"StringEquals": AUDIENCE}
)
BY_SUBJECT = trusts({"Federated": OIDC.arn}, Action=OIDC_ACTION, Condition=SUBJECT)
OTHER_ROLE = f"arn:aws:iam::{A}:role/hub/Other"

ONE_ACCOUNT = [
    Case(
        "account trusted and identity allows",
        USER,
        ROLE_A,
        (trusts(), allows()),
        "allow by trust",
        SINGLE,
    ),
    Case("account trusted, identity silent", USER, ROLE_A, (trusts(),), "no identity", SINGLE),
    Case(
        "root ARN trusted is the account",
        USER,
        ROLE_A,
        (trusts(f"arn:aws:iam::{A}:root"),),
        "no identity",
        SINGLE,
    ),
    Case(
        "user named, identity silent", USER, ROLE_A, (trusts(USER.arn),), "allow by trust", SINGLE
    ),
    Case(
        "everyone trusted, identity silent", USER, ROLE_A, (trusts("*"),), "allow by trust", SINGLE
    ),
    Case(
        "another user named, identity allows",
        USER,
        ROLE_A,
        (trusts(f"{USER.arn}2"), allows()),
        "no trust",
        SINGLE,
    ),
    Case("identity allows, no trust policy at all", USER, ROLE_A, (allows(),), "no trust", ROLES),
    Case("nothing at all", USER, ROLE_A, (), "no trust, identity", ORDER),
    Case(
        "identity allows another role",
        USER,
        ROLE_A,
        (trusts(), allows(**ELSEWHERE)),
        "no identity",
        SINGLE,
    ),
    Case(
        "user named, identity denies",
        USER,
        ROLE_A,
        (trusts(USER.arn), denies()),
        "deny by identity",
        ORDER,
    ),
    Case(
        "user named, trust denies",
        USER,
        ROLE_A,
        (trusts(USER.arn), trusts(Effect="Deny")),
        "deny by trust",
        ORDER,
    ),
    Case(
        "deny of another role is none",
        USER,
        ROLE_A,
        (trusts(USER.arn), denies(**ELSEWHERE)),
        "allow by trust",
        ORDER,
    ),
    Case(
        "role named, session asks",
        SESSION,
        ROLE_A,
        (trusts(SESSION.role_arn),),
        "allow by trust",
        SINGLE,
    ),
    Case("session named", SESSION, ROLE_A, (trusts(SESSION.arn),), "allow by trust", SINGLE),
    Case(
        "account and session named",
        SESSION,
        ROLE_A,
        (trusts([A, SESSION.arn]),),
        "allow by trust",
        SINGLE,
    ),
    Case(
        "account trusted, session's role silent",
        SESSION,
        ROLE_A,
        (trusts(),),
        "no identity",
        SINGLE,
    ),
    Case(
        "a role does not trust itself by default",
        SESSION,
        SESSION.role_arn,
        (allows(),),
        "no trust",
        "IAM: Update a role trust policy",
    ),
    Case(
        "role may assume itself when it says so",
        SESSION,
        SESSION.role_arn,
        (trusts(SESSION.role_arn),),
        "allow by trust",
        SINGLE,
    ),
]

LIMITS_IN_ONE_ACCOUNT = [
    Case(
        "boundary allows too",
        USER,
        ROLE_A,
        (trusts(), allows(), boundary()),
        "allow by trust",
        BOUNDARIES,
    ),
    Case(
        "boundary silent",
        USER,
        ROLE_A,
        (trusts(), allows(), boundary(**ELSEWHERE)),
        "no boundary",
        BOUNDARIES,
    ),
    Case("boundary gives nothing", USER, ROLE_A, (trusts(), boundary()), "no identity", BOUNDARIES),
    Case(
        "boundary denies",
        USER,
        ROLE_A,
        (trusts(), allows(), denies(BOUNDARY)),
        "deny by boundary",
        BOUNDARIES,
    ),
    Case(
        "user named: boundary's silence is nothing",
        USER,
        ROLE_A,
        (trusts(USER.arn), boundary(**ELSEWHERE)),
        "allow by trust",
        SINGLE,
    ),
    Case(
        "user named: boundary's deny counts",
        USER,
        ROLE_A,
        (trusts(USER.arn), denies(BOUNDARY)),
        "deny by boundary",
        SINGLE,
    ),
    Case(
        "role named: boundary limits",
        SESSION,
        ROLE_A,
        (trusts(SESSION.role_arn), boundary(**ELSEWHERE)),
        "no boundary",
        SINGLE,
    ),
    Case(
        "role named: session policy limits",
        SESSION,
        ROLE_A,
        (trusts(SESSION.role_arn), session(**ELSEWHERE)),
        "no session",
        SINGLE,
    ),
    Case(
        "role named: both allow",
        SESSION,
        ROLE_A,
        (trusts(SESSION.role_arn), boundary(), session()),
        "allow by trust",
        SINGLE,
    ),
    Case(
        "session named: neither limits",
        SESSION,
        ROLE_A,
        (trusts(SESSION.arn), boundary(**ELSEWHERE)),
        "allow by trust",
        SINGLE,
    ),
    Case(
        "session named: session policy's silence",
        SESSION,
        ROLE_A,
        (trusts(SESSION.arn), session(**ELSEWHERE)),
        "allow by trust",
        SINGLE,
    ),
    Case(
        "session named: session policy denies",
        SESSION,
        ROLE_A,
        (trusts(SESSION.arn), denies(SESSIONS)),
        "deny by session",
        SINGLE,
    ),
    Case(
        "everyone trusted: no limit for a session",
        SESSION,
        ROLE_A,
        (trusts("*"), session(**ELSEWHERE)),
        "allow by trust",
        SINGLE,
    ),
    Case(
        "account trusted: all three must allow",
        SESSION,
        ROLE_A,
        (trusts(), allows(), boundary(), session()),
        "allow by trust",
        SINGLE,
    ),
    Case(
        "two of them lack",
        SESSION,
        ROLE_A,
        (trusts(), boundary(**ELSEWHERE), session()),
        "no identity, boundary",
        SINGLE,
    ),
    Case(
        "two session policies: one is enough",
        SESSION,
        ROLE_A,
        (trusts(), allows(), session(**ELSEWHERE), session()),
        "allow by trust",
        STS,
    ),
    Case(
        "a role as such is its role",
        SIMULATED,
        ROLE_A,
        (trusts(SIMULATED.arn), boundary(**ELSEWHERE)),
        "no boundary",
        SINGLE,
    ),
]

TWO_ACCOUNTS = [
    Case("both sides", USER, ROLE_B, (trusts(), allows()), "allow by trust", CROSS),
    Case("target silent", USER, ROLE_B, (allows(),), "no trust", CROSS),
    Case("source silent", USER, ROLE_B, (trusts(),), "no identity", CROSS),
    Case("user named, source silent", USER, ROLE_B, (trusts(USER.arn),), "no identity", CROSS),
    Case("everyone trusted, source silent", USER, ROLE_B, (trusts("*"),), "no identity", CROSS),
    Case(
        "everyone trusted, source allows",
        USER,
        ROLE_B,
        (trusts("*"), allows()),
        "allow by trust",
        CROSS,
    ),
    Case(
        "target trusts its own account only", USER, ROLE_B, (trusts(B), allows()), "no trust", CROSS
    ),
    Case("both silent", USER, ROLE_B, (), "no trust, identity", CROSS),
    Case("source denies", USER, ROLE_B, (trusts(), allows(), denies()), "deny by identity", CROSS),
    Case(
        "target denies",
        USER,
        ROLE_B,
        (trusts(), trusts(Effect="Deny"), allows()),
        "deny by trust",
        CROSS,
    ),
    Case(
        "source's boundary silent",
        USER,
        ROLE_B,
        (trusts(USER.arn), allows(), boundary(**ELSEWHERE)),
        "no boundary",
        CROSS,
    ),
    Case(
        "session named, session policy silent",
        SESSION,
        ROLE_B,
        (trusts(SESSION.arn), allows(), session(**ELSEWHERE)),
        "no session",
        CROSS,
    ),
    Case(
        "session named, boundary silent",
        SESSION,
        ROLE_B,
        (trusts(SESSION.arn), allows(), boundary(**ELSEWHERE)),
        "no boundary",
        CROSS,
    ),
    Case(
        "session, all allow",
        SESSION,
        ROLE_B,
        (trusts(SESSION.role_arn), allows(), boundary(), session()),
        "allow by trust",
        CROSS,
    ),
    Case(
        "everything lacks",
        SESSION,
        ROLE_B,
        (boundary(**ELSEWHERE), session(**ELSEWHERE)),
        "no trust, identity, boundary, session",
        CROSS,
    ),
]

ORGANIZATIONS = [
    Case(
        "every level allows",
        USER,
        ROLE_B,
        (trusts(), allows(), scp("root"), scp("ou"), scp(A)),
        "allow by trust",
        SCPS,
    ),
    Case(
        "one level silent",
        USER,
        ROLE_B,
        (trusts(), allows(), scp("root"), scp("ou", **ELSEWHERE)),
        "no scp of ou",
        SCPS,
    ),
    Case(
        "two levels silent",
        USER,
        ROLE_B,
        (trusts(), allows(), scp("root", **ELSEWHERE), scp(A, Action="s3:*")),
        f"no scp of root, scp of {A}",
        SCPS,
    ),
    Case(
        "one document of the level is enough",
        USER,
        ROLE_B,
        (trusts(), allows(), scp("ou", **ELSEWHERE), scp("ou")),
        "allow by trust",
        SCPS,
    ),
    Case(
        "one document denies",
        USER,
        ROLE_B,
        (trusts(), allows(), scp("ou"), denies(SCP, level="ou")),
        "deny by scp",
        SCPS,
    ),
    Case("SCPs give nothing", USER, ROLE_B, (trusts(), scp("root")), "no identity", SCPS),
    Case(
        "silence counts also where the user is named",
        USER,
        ROLE_A,
        (trusts(USER.arn), scp(**ELSEWHERE)),
        "no scp of root",
        SCPS,
    ),
    Case(
        "before anything else lacks",
        USER,
        ROLE_B,
        (scp(**ELSEWHERE),),
        "no scp of root, trust, identity",
        ORDER,
    ),
    Case(
        "the management account is free",
        MANAGER,
        ROLE_B,
        (trusts(), allows(), denies(SCP)),
        "allow by trust",
        SCPS,
    ),
    Case(
        "service-linked roles are free",
        LINKED,
        ROLE_B,
        (trusts(), allows(), denies(SCP)),
        "allow by trust",
        SCPS,
    ),
    Case("services are free", SERVICE, ROLE_B, (BY_SERVICE, denies(SCP)), "allow by trust", SCPS),
    Case(
        "identity providers are free",
        SAML,
        ROLE_B,
        (BY_SAML, denies(SCP, Action="*")),
        "allow by trust",
        SCPS,
        SAML_ACTION,
    ),
    Case(
        "the root user is not",
        ROOT,
        f"arn:aws:iam::{A}:role/x",
        (scp(Action="s3:*"),),
        "no scp of root",
        SCPS,
        "iam:GetRole",
    ),
    Case("RCP denies", USER, ROLE_B, (trusts(), allows(), denies(RCP)), "deny by rcp", RCPS),
    Case(
        "RCP denies who isn't of the organization",
        USER,
        ROLE_B,
        (trusts(), allows(), OURS_ONLY),
        "deny by rcp",
        RCPS,
        context={"aws:PrincipalOrgID": "o-yours"},
    ),
    Case(
        "RCP spares the organization",
        USER,
        ROLE_B,
        (trusts(), allows(), OURS_ONLY),
        "allow by trust",
        RCPS,
        context={"aws:PrincipalOrgID": "o-mine"},
    ),
    Case(
        "RCP's silence is nothing",
        USER,
        ROLE_B,
        (trusts(), allows(), denies(RCP, Action="s3:*")),
        "allow by trust",
        RCPS,
    ),
    Case("RCPs bind services", SERVICE, ROLE_B, (BY_SERVICE, denies(RCP)), "deny by rcp", RCPS),
    Case(
        "not service-linked roles",
        LINKED,
        ROLE_B,
        (trusts(), allows(), denies(RCP)),
        "allow by trust",
        RCPS,
    ),
    Case(
        "nor the management account's resources",
        USER,
        ROLE_B,
        (trusts(), allows(), denies(RCP)),
        "allow by trust",
        RCPS,
        management=True,
    ),
    Case(
        "nor IAM",
        USER,
        ROLE_A,
        (allows(Action="iam:*"), denies(RCP, Action="*")),
        "allow by identity",
        RCPS,
        "iam:GetRole",
    ),
]

OTHER_CALLERS = [
    Case(
        "service trusted",
        SERVICE,
        ROLE_B,
        (trusts({"Service": [SERVICE.arn, "ecs.amazonaws.com"]}),),
        "allow by trust",
        ROLES,
    ),
    Case(
        "another service trusted",
        SERVICE,
        ROLE_B,
        (trusts({"Service": "ecs.amazonaws.com"}),),
        "no trust",
        ROLES,
    ),
    Case("account trusted, service asks", SERVICE, ROLE_B, (trusts(B),), "no trust", ROLES),
    Case(
        "everyone trusted, service asks", SERVICE, ROLE_B, (trusts("*"),), "allow by trust", ROLES
    ),
    Case("service trusted, user asks", USER, ROLE_A, (BY_SERVICE, allows()), "no trust", ROLES),
    Case(
        "service from another account's resource",
        SERVICE,
        ROLE_B,
        (OF_OUR_ACCOUNT,),
        "no trust",
        DEPUTY,
        context={"aws:SourceAccount": A},
    ),
    Case(
        "service for its own account's resource",
        SERVICE,
        ROLE_B,
        (OF_OUR_MACHINES,),
        "allow by trust",
        DEPUTY,
        context={"aws:SourceArn": MACHINE},
    ),
    Case("SAML provider trusted", SAML, ROLE_B, (BY_SAML,), "allow by trust", ROLES, SAML_ACTION),
    Case(
        "SAML trusted for AssumeRole only",
        SAML,
        ROLE_B,
        (trusts({"Federated": SAML.arn}),),
        "no trust",
        ROLES,
        SAML_ACTION,
    ),
    Case(
        "SAML provider of another name",
        SAML,
        ROLE_B,
        (trusts({"Federated": f"{SAML.arn}2"}, Action=SAML_ACTION),),
        "no trust",
        ROLES,
        SAML_ACTION,
    ),
    Case(
        "OIDC provider and audience",
        OIDC,
        ROLE_B,
        (BY_AUDIENCE,),
        "allow by trust",
        ROLES,
        OIDC_ACTION,
        AUDIENCE,
    ),
    Case(
        "OIDC provider, other subject",
        OIDC,
        ROLE_B,
        (BY_SUBJECT,),
        "no trust",
        ROLES,
        OIDC_ACTION,
        {"token.example.com:sub": "repo:them/x"},
    ),
    Case(
        "OIDC provider trusted, user asks",
        USER,
        ROLE_A,
        (trusts({"Federated": OIDC.arn}), allows()),
        "no trust",
        ROLES,
    ),
    Case(
        "the root user can't assume roles",
        ROOT,
        ROLE_B,
        (trusts(ROOT.arn), allows()),
        "no identity",
        f"{STS}, AssumeRole",
    ),
    Case(
        "nor in its own account, named",
        ROOT,
        ROLE_A,
        (trusts(ROOT.arn),),
        "no identity",
        f"{STS}, AssumeRole",
    ),
    Case(
        "the root user may do the rest",
        ROOT,
        ROLE_A,
        (),
        "allow by no policy",
        ORDER,
        "iam:GetRole",
    ),
    Case("not in other accounts", ROOT, ROLE_B, (), "no trust", CROSS, "iam:GetRole"),
    Case(
        "identity alone for IAM",
        USER,
        ROLE_A,
        (allows(Action="iam:Get*"),),
        "allow by identity",
        SINGLE,
        "iam:GetRole",
    ),
    Case(
        "identity silent for IAM", USER, ROLE_A, (allows(),), "no identity", SINGLE, "iam:GetRole"
    ),
    Case(
        "boundary limits IAM",
        USER,
        ROLE_A,
        (allows(Action="iam:*"), boundary(Action="iam:List*")),
        "no boundary",
        BOUNDARIES,
        "iam:GetRole",
    ),
    Case(
        "session policy limits IAM",
        SESSION,
        OTHER_ROLE,
        (allows(Action="*"), session(Action="sts:*")),
        "no session",
        SINGLE,
        "iam:GetRole",
    ),
    Case(
        "IAM has no way across accounts",
        USER,
        ROLE_B,
        (allows(Action="*"),),
        "no trust",
        CROSS,
        "iam:GetRole",
    ),
    Case(
        "GetCallerIdentity asks for nothing",
        USER,
        f"arn:aws:iam::{A}:x",
        (denies(Action="*"),),
        "allow by no policy",
        f"{STS}, GetCallerIdentity",
        "sts:GetCallerIdentity",
    ),
    Case(
        "GetSessionToken neither",
        USER,
        f"arn:aws:iam::{A}:x",
        (),
        "allow by no policy",
        f"{STS}, GetSessionToken",
        "sts:GetSessionToken",
    ),
    Case(
        "tags need another permission",
        USER,
        ROLE_B,
        (trusts(), allows()),
        "no trust, identity",
        TAGS,
        "sts:TagSession",
    ),
    Case(
        "and so is the source identity",
        USER,
        ROLE_B,
        (trusts(Action=SOURCE_IDENTITY), allows()),
        "no identity",
        MONITOR,
        SOURCE_IDENTITY,
    ),
]

CASES = [*ONE_ACCOUNT, *LIMITS_IN_ONE_ACCOUNT, *TWO_ACCOUNTS, *ORGANIZATIONS, *OTHER_CALLERS]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_who_has_to_allow(case: Case) -> None:
    assert verdict(case.decide()) == case.expected, case.page


def test_each_missing_allow_and_denial_has_its_kind_and_level() -> None:
    lacking = Case("", SESSION, ROLE_B, (scp(**ELSEWHERE), boundary(**ELSEWHERE)), "").decide()
    assert [lack.kind for lack in lacking.missing_allows] == [
        PolicyKind.SCP,
        PolicyKind.TRUST,
        PolicyKind.IDENTITY,
        PolicyKind.BOUNDARY,
    ]
    assert lacking.missing is PolicyKind.SCP
    denied = Case(
        "", USER, ROLE_B, (trusts(), denies(), denies(RCP), denies(SCP, level="ou")), ""
    ).decide()
    assert [(trace.kind, trace.level) for trace in denied.denials] == [
        (PolicyKind.IDENTITY, ""),
        (RCP, ""),
        (SCP, "ou"),
    ]
    assert [lack.kind for lack in denied.missing_allows] == [SCP, PolicyKind.IDENTITY]
    assert Case("", USER, ROLE_B, (trusts(), allows()), "").decide().missing is None


def test_kinds_that_do_not_apply_are_named() -> None:
    (trace,) = Case("", MANAGER, ROLE_B, (denies(SCP),), "").decide().traces
    assert (trace.applies, trace.principal, trace.why_not) == (
        False,
        False,
        "SCPs don't apply to this request",
    )
    assert (
        Case("", ROOT, ROLE_B, (trusts(),), "").decide().reason
        == "the root user can't assume roles"
    )
    assert (
        Case("", USER, ROLE_B, (trusts(), allows(), scp("ou", **ELSEWHERE)), "").decide().reason
        == "no scp policy of ou allows sts:AssumeRole"
    )
