"""Explanations of scripted breakages.

Each breakage is one error in a working scene. The user switches, and the explanation must name the
error, its account, and its hop.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from support.actions import FakePrompt
from support.aws.servers import closed_port
from support.explain.scenarios import (
    ADMIN,
    ADMINISTRATOR,
    DEEP,
    GATEWAY,
    HUB,
    LOCAL,
    MIDDLE,
    ROOT,
    SERIAL,
    SOURCE,
    TARGET,
    USER,
    Break,
    Scene,
    Stage,
    allow,
    deny,
    distrusts,
    keys_of,
    mend,
    play,
    policy,
    theatre,
    trusts,
)
from xswitch.actions.explain import explain
from xswitch.actions.results import SwitchOptions
from xswitch.adapters.aws.sts import BotoSts
from xswitch.core.errors import AwsDeniedError, CancelledError, VaultLockedError
from xswitch.core.explain.model import (
    CauseCode,
    CauseSide,
    Certainty,
    ExplanationVerdict,
    HopOutcome,
    StatementChange,
)
from xswitch.core.model import AssumeRoleRequest, Credentials, Secret
from xswitch.emulator.clock import ShiftedClock
from xswitch.emulator.faults import ALWAYS
from xswitch.emulator.server import EmbeddedAws

ASSUME = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OUTSIDE = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
PAST = {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
S, T, L, N = CauseSide.SOURCE, CauseSide.TARGET, CauseSide.LOCAL, CauseSide.NETWORK
C = CauseCode


@dataclass(frozen=True)
class Broken:
    """A breakage, and the first cause that an explanation must name if it can read the policies.

    `blind` are the codes of proven causes that are correct if only AWS's error is available.
    """

    name: str
    code: CauseCode
    side: CauseSide
    do: Break
    hop: int = 1
    target: str = "admin"
    certainty: Certainty = Certainty.PROVED
    blind: tuple[CauseCode, ...] = ()
    verdict: ExplanationVerdict = ExplanationVerdict.DENIED
    organization: bool = False
    mfa: bool = False
    also: tuple[CauseCode, ...] = ()


def _options(**more: Any) -> Break:
    def do(scene: Scene) -> None:
        scene.options = SwitchOptions(**more)

    return do


def _both(*breaks: Break) -> Break:
    def do(scene: Scene) -> None:
        for breakage in breaks:
            breakage(scene)

    return do


def _permit(arn: str, *statements: dict[str, Any]) -> Break:
    return lambda scene: scene.permissions(arn, *statements)


def _also(arn: str, *statements: dict[str, Any]) -> Break:
    return lambda scene: scene.also(arn, *statements)


def _trust(arn: str, *statements: dict[str, Any]) -> Break:
    return lambda scene: scene.trust(arn, *statements)


def _limit(arn: str, *statements: dict[str, Any]) -> Break:
    return lambda scene: scene.boundary(arn, *statements)


def _scp(account: str, *statements: dict[str, Any]) -> Break:
    return lambda scene: scene.scps(account, *statements)


def _profile(name: str, **settings: str) -> Break:
    return lambda scene: scene.profiles[name].update(settings)


def _role_setting(arn: str, **settings: Any) -> Break:
    return lambda scene: scene.role(arn).update(settings)


def _group_denies(scene: Scene) -> None:
    group = {"name": "people", "users": ["dev"], "policies": {"no": policy(deny("sts:*", ADMIN))}}
    scene.account(SOURCE)["groups"] = [group]


def _gone(arn: str) -> Break:
    def do(scene: Scene) -> None:
        account = scene.account(arn.split(":")[4])
        account["roles"] = [
            role for role in account["roles"] if role["name"] != arn.rpartition("/")[2]
        ]

    return do


def _use_keys(profile: str, key: str, secret: str, token: str = "") -> Break:
    values = {
        "aws_access_key_id": key,
        "aws_secret_access_key": secret,
        **({"aws_session_token": token} if token else {}),
    }
    return _profile(profile, **values)


def _region_off(scene: Scene) -> None:
    scene.account(SOURCE)["disabled_regions"] = ["eu-west-1"]


def _make_unreachable(scene: Scene) -> None:
    for settings in scene.profiles.values():
        settings["endpoint_url"] = f"http://127.0.0.1:{closed_port()}"


def _with_tags(*more: Break) -> Break:
    return _both(_options(tags=(("team", "blue"),)), *more)


ANYBODY_WITH = {"StringEquals": {"sts:ExternalId": "unicorn-42"}}

BROKEN = [
    # -- source account
    Broken("no policy at all", C.CALLER_POLICY_MISSING, S, _permit(USER)),
    Broken(
        "another role is allowed",
        C.CALLER_POLICY_MISSING,
        S,
        _permit(USER, allow("sts:AssumeRole", DEEP)),
    ),
    Broken(
        "another action is allowed",
        C.CALLER_POLICY_MISSING,
        S,
        _permit(USER, allow("sts:GetSessionToken")),
    ),
    Broken(
        "all but this role",
        C.CALLER_POLICY_MISSING,
        S,
        _permit(USER, {"Effect": "Allow", "Action": ASSUME, "NotResource": ADMIN}),
    ),
    Broken(
        "no policy, in an organization",
        C.CALLER_POLICY_MISSING,
        S,
        _permit(USER),
        organization=True,
        blind=(C.CALLER_POLICY_MISSING,),
    ),
    Broken(
        "denied by name",
        C.CALLER_POLICY_DENIES,
        S,
        _also(USER, deny("sts:AssumeRole", ADMIN)),
        blind=(C.CALLER_POLICY_DENIES,),
    ),
    Broken(
        "denied among others",
        C.CALLER_POLICY_DENIES,
        S,
        _also(USER, deny("sts:AssumeRole", [ADMIN, DEEP])),
        blind=(C.CALLER_POLICY_DENIES,),
    ),
    Broken(
        "everything denied",
        C.CALLER_POLICY_DENIES,
        S,
        _also(USER, deny("sts:AssumeRole")),
        blind=(C.CALLER_POLICY_DENIES,),
    ),
    Broken(
        "denied by pattern",
        C.CALLER_POLICY_DENIES,
        S,
        _also(USER, deny("sts:*", "arn:aws:iam::*:role/Ad*")),
        blind=(C.CALLER_POLICY_DENIES,),
    ),
    Broken(
        "a group denies", C.CALLER_POLICY_DENIES, S, _group_denies, blind=(C.CALLER_POLICY_DENIES,)
    ),
    Broken(
        "denied by region",
        C.CALLER_POLICY_DENIES,
        S,
        _also(
            USER,
            deny(
                "sts:AssumeRole",
                ADMIN,
                Condition={"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}},
            ),
        ),
        blind=(C.CALLER_POLICY_DENIES,),
    ),
    Broken("boundary without sts", C.BOUNDARY, S, _limit(USER, allow(["s3:*", "iam:*"]))),
    Broken(
        "boundary denies",
        C.BOUNDARY,
        S,
        _limit(USER, allow("*"), deny("sts:AssumeRole", ADMIN)),
        blind=(C.BOUNDARY,),
    ),
    Broken(
        "organization denies",
        C.SCP,
        S,
        _scp(SOURCE, allow("*"), deny("sts:AssumeRole")),
        organization=True,
        blind=(C.SCP,),
    ),
    Broken(
        "organization without sts",
        C.SCP,
        S,
        _scp(SOURCE, allow(["iam:*", "s3:*"])),
        organization=True,
        blind=(C.SCP,),
    ),
    Broken(
        "own policy asks for MFA",
        C.MFA_MISSING,
        L,
        _permit(USER, allow(ASSUME, Condition=WITH_MFA)),
    ),
    Broken(
        "denied unless MFA",
        C.MFA_MISSING,
        L,
        _also(
            USER,
            deny(
                "sts:AssumeRole",
                Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            ),
        ),
        blind=(C.CALLER_POLICY_DENIES,),
    ),
    Broken(
        "own policy by address",
        C.IP,
        S,
        _permit(USER, allow(ASSUME, Condition=OUTSIDE)),
        certainty=Certainty.LIKELY,
    ),
    Broken(
        "own policy by address, in an organization",
        C.IP,
        S,
        _permit(USER, allow(ASSUME, Condition=OUTSIDE)),
        organization=True,
        blind=(C.CALLER_POLICY_MISSING,),
    ),
    Broken(
        "denied from outside",
        C.IP,
        S,
        _also(USER, deny("sts:*", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
        blind=(C.CALLER_POLICY_DENIES,),
    ),
    Broken("own policy is over", C.DATE, S, _permit(USER, allow(ASSUME, Condition=PAST))),
    Broken(
        "tags not allowed",
        C.TAGS,
        S,
        _with_tags(_permit(USER, allow("sts:AssumeRole")), _trust(ADMIN, trusts(USER, ASSUME))),
    ),
    Broken(
        "source identity not allowed",
        C.SOURCE_IDENTITY,
        S,
        _both(
            _profile("admin", xswitch_source_identity="dana"),
            _permit(USER, allow("sts:AssumeRole")),
            _trust(ADMIN, trusts(USER, ASSUME)),
        ),
    ),
    # -- target account
    Broken(
        "trusts another account",
        C.TRUST_MISSING,
        T,
        _trust(ADMIN, trusts(f"arn:aws:iam::{HUB}:root")),
    ),
    Broken(
        "trusts another user",
        C.TRUST_MISSING,
        T,
        _trust(ADMIN, trusts(f"arn:aws:iam::{SOURCE}:user/other")),
    ),
    Broken(
        "trusts a service",
        C.TRUST_MISSING,
        T,
        _trust(ADMIN, trusts({"Service": "ec2.amazonaws.com"})),
    ),
    Broken("trusts a role", C.TRUST_MISSING, T, _trust(ADMIN, trusts(GATEWAY))),
    Broken(
        "trusts another action",
        C.TRUST_MISSING,
        T,
        _trust(ADMIN, trusts(USER, "sts:AssumeRoleWithSAML")),
    ),
    Broken(
        "trusts all but us",
        C.TRUST_MISSING,
        T,
        _trust(ADMIN, trusts(ROOT, Condition={"StringEquals": {"aws:userid": "AIDAX"}})),
    ),
    Broken(
        "trusts no principal, in an organization",
        C.TRUST_MISSING,
        T,
        _trust(ADMIN, trusts(GATEWAY)),
        organization=True,
        blind=(C.TRUST_MISSING,),
    ),
    Broken(
        "trust denies the user", C.TRUST_DENIES, T, _trust(ADMIN, trusts(ROOT), distrusts(USER))
    ),
    Broken(
        "trust denies some users",
        C.TRUST_DENIES,
        T,
        _trust(ADMIN, trusts(ROOT), distrusts([USER, GATEWAY])),
    ),
    Broken(
        "trust denies the account", C.TRUST_DENIES, T, _trust(ADMIN, trusts(USER), distrusts(ROOT))
    ),
    Broken(
        "trust denies everybody", C.TRUST_DENIES, T, _trust(ADMIN, trusts(USER), distrusts("*"))
    ),
    Broken(
        "external ID missing",
        C.EXTERNAL_ID_MISSING,
        L,
        _trust(ADMIN, trusts(ROOT, Condition=ANYBODY_WITH)),
    ),
    Broken(
        "external ID missing for a Deny",
        C.EXTERNAL_ID_MISSING,
        L,
        _trust(
            ADMIN,
            trusts(USER),
            distrusts("*", Condition={"StringNotEquals": {"sts:ExternalId": "unicorn-42"}}),
        ),
    ),
    Broken(
        "external ID wrong",
        C.EXTERNAL_ID_WRONG,
        L,
        _both(
            _options(external_id="unicorn-43"), _trust(ADMIN, trusts(ROOT, Condition=ANYBODY_WITH))
        ),
    ),
    Broken(
        "external ID in another case",
        C.EXTERNAL_ID_WRONG,
        L,
        _both(
            _profile("admin", external_id="Unicorn-42"),
            _trust(ADMIN, trusts(ROOT, Condition=ANYBODY_WITH)),
        ),
    ),
    Broken("MFA missing", C.MFA_MISSING, L, _trust(ADMIN, trusts(ROOT, Condition=WITH_MFA))),
    Broken(
        "MFA and external ID missing",
        C.MFA_MISSING,
        L,
        _trust(ADMIN, trusts(ROOT, Condition={**ANYBODY_WITH, **WITH_MFA})),
        also=(C.EXTERNAL_ID_MISSING,),
    ),
    Broken(
        "MFA too old",
        C.MFA_TOO_OLD,
        L,
        _both(
            _profile("admin", mfa_serial=SERIAL),
            _trust(
                ADMIN,
                trusts(ROOT, Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}),
            ),
        ),
        mfa=True,
    ),
    Broken(
        "role's maximum",
        C.DURATION_ROLE_MAX,
        L,
        _options(duration_seconds=7200),
        blind=(C.DURATION_ROLE_MAX,),
    ),
    Broken("no such role", C.ROLE_MISSING, T, _gone(ADMIN)),
    Broken("role has a path", C.ROLE_PATH, L, _role_setting(ADMIN, path="/team/")),
    Broken(
        "role in another case",
        C.ROLE_CASE,
        L,
        _profile("admin", role_arn=f"arn:aws:iam::{TARGET}:role/ADMIN"),
    ),
    Broken(
        "role of another partition",
        C.PARTITION,
        L,
        _profile("admin", role_arn=f"arn:aws-cn:iam::{TARGET}:role/Admin"),
        blind=(C.PARTITION,),
    ),
    Broken("tags not trusted", C.TAGS, T, _with_tags()),
    Broken(
        "a tag is asked for",
        C.TAGS,
        L,
        _trust(
            ADMIN, trusts(USER, ASSUME, Condition={"StringEquals": {"aws:RequestTag/team": "blue"}})
        ),
    ),
    Broken(
        "another tag is asked for",
        C.TAGS,
        L,
        _with_tags(
            _trust(
                ADMIN,
                trusts(USER, ASSUME, Condition={"StringEquals": {"aws:RequestTag/team": "red"}}),
            )
        ),
    ),
    Broken(
        "a tag of the user",
        C.TAGS,
        S,
        _trust(ADMIN, trusts(ROOT, Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})),
    ),
    Broken(
        "source identity not trusted",
        C.SOURCE_IDENTITY,
        T,
        _profile("admin", xswitch_source_identity="dana"),
    ),
    Broken(
        "source identity asked for",
        C.SOURCE_IDENTITY,
        L,
        _trust(ADMIN, trusts(USER, ASSUME, Condition={"StringLike": {"sts:SourceIdentity": "d*"}})),
    ),
    Broken(
        "session name asked for",
        C.SESSION_NAME,
        L,
        _trust(
            ADMIN,
            trusts(USER, Condition={"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}),
        ),
    ),
    Broken(
        "session name impossible",
        C.SESSION_NAME,
        L,
        _profile("admin", role_session_name="a b"),
        blind=(C.SESSION_NAME,),
    ),
    Broken(
        "trust by address",
        C.IP,
        T,
        _trust(ADMIN, trusts(USER, Condition=OUTSIDE)),
        certainty=Certainty.LIKELY,
    ),
    Broken(
        "trust by address, in an organization",
        C.IP,
        T,
        _trust(ADMIN, trusts(USER, Condition=OUTSIDE)),
        organization=True,
        blind=(C.TRUST_MISSING,),
    ),
    Broken("trust is over", C.DATE, T, _trust(ADMIN, trusts(USER, Condition=PAST))),
    Broken(
        "trust denies from a day on",
        C.DATE,
        T,
        _trust(
            ADMIN,
            trusts(USER),
            distrusts(
                "*", Condition={"DateGreaterThan": {"aws:CurrentTime": "2021-01-01T00:00:00Z"}}
            ),
        ),
    ),
    # -- the same account
    Broken(
        "own account, no policy",
        C.CALLER_POLICY_MISSING,
        S,
        _permit(USER),
        target="local",
        blind=(C.CALLER_POLICY_MISSING,),
    ),
    Broken(
        "own account, not trusted",
        C.TRUST_MISSING,
        T,
        _trust(LOCAL, trusts(GATEWAY)),
        target="local",
        blind=(C.TRUST_MISSING,),
    ),
    # -- chains
    Broken(
        "chain: no policy of the user", C.CALLER_POLICY_MISSING, S, _permit(USER), target="deep"
    ),
    Broken(
        "chain: first role trusts no principal",
        C.TRUST_MISSING,
        T,
        _trust(GATEWAY, trusts(MIDDLE)),
        target="deep",
    ),
    Broken(
        "chain: no policy of the first role",
        C.CALLER_POLICY_MISSING,
        S,
        _both(_permit(GATEWAY), _trust(MIDDLE, trusts(f"arn:aws:iam::{HUB}:root"))),
        hop=2,
        target="deep",
        blind=(C.CALLER_POLICY_MISSING,),
    ),
    Broken(
        "chain: second role trusts another",
        C.TRUST_MISSING,
        T,
        _trust(MIDDLE, trusts(DEEP)),
        hop=2,
        target="deep",
        blind=(C.TRUST_MISSING,),
    ),
    Broken(
        "chain: second role asks for MFA",
        C.MFA_MISSING,
        T,
        _trust(MIDDLE, trusts(GATEWAY, Condition=WITH_MFA)),
        hop=2,
        target="deep",
        blind=(C.TRUST_MISSING,),
    ),
    Broken("chain: second role is gone", C.ROLE_MISSING, T, _gone(MIDDLE), hop=2, target="deep"),
    Broken(
        "chain: second role in another case",
        C.ROLE_CASE,
        L,
        _profile("middle", role_arn=f"arn:aws:iam::{HUB}:role/middle"),
        hop=2,
        target="deep",
    ),
    Broken(
        "chain: session policy of the first",
        C.SESSION_POLICY,
        L,
        _profile(
            "gateway",
            xswitch_policy='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}',
        ),
        hop=2,
        target="deep",
        blind=(C.SESSION_POLICY,),
    ),
    Broken(
        "chain: boundary of the first role",
        C.BOUNDARY,
        S,
        _limit(GATEWAY, allow("s3:*")),
        hop=2,
        target="middle",
        blind=(C.BOUNDARY,),
    ),
    Broken(
        "chain: second role denies",
        C.CALLER_POLICY_DENIES,
        S,
        _also(MIDDLE, deny("*")),
        hop=3,
        target="deep",
        blind=(C.CALLER_POLICY_DENIES,),
    ),
    Broken(
        "chain: third role trusts another",
        C.TRUST_MISSING,
        T,
        _trust(DEEP, trusts(GATEWAY)),
        hop=3,
        target="deep",
    ),
    Broken(
        "chain: third role denies the second",
        C.TRUST_DENIES,
        T,
        _trust(DEEP, trusts(MIDDLE), distrusts(MIDDLE)),
        hop=3,
        target="deep",
    ),
    Broken(
        "chain: external ID of the third",
        C.EXTERNAL_ID_MISSING,
        L,
        _trust(DEEP, trusts(MIDDLE, Condition=ANYBODY_WITH)),
        hop=3,
        target="deep",
    ),
    Broken(
        "chain: third role by address",
        C.IP,
        T,
        _trust(DEEP, trusts(MIDDLE, Condition=OUTSIDE)),
        hop=3,
        target="deep",
        certainty=Certainty.LIKELY,
    ),
    Broken(
        "chain: third role is over",
        C.DATE,
        T,
        _trust(DEEP, trusts(MIDDLE, Condition=PAST)),
        hop=3,
        target="deep",
    ),
    Broken(
        "chain: tags passed on, and not trusted",
        C.TAGS,
        T,
        _both(
            _profile("gateway", xswitch_tags="team=blue", xswitch_transitive_tag_keys="team"),
            _trust(GATEWAY, trusts(USER, ASSUME)),
        ),
        hop=2,
        target="deep",
        blind=(C.TAGS,),
    ),
    Broken(
        "chain: organization of the hub",
        C.SCP,
        S,
        _scp(HUB, allow("*"), deny("sts:AssumeRole", DEEP)),
        hop=3,
        target="deep",
        organization=True,
        blind=(C.SCP,),
    ),
    # -- neither account's policies
    Broken(
        "unknown key",
        C.BASE_INVALID,
        L,
        _use_keys("dev", "AKIANOBODYKNOWSIT234", "x" * 40),
        hop=0,
        verdict=ExplanationVerdict.NOT_REACHED,
        blind=(C.BASE_INVALID,),
    ),
    Broken(
        "wrong secret",
        C.BASE_INVALID,
        L,
        _use_keys("dev", "AKIADEVXXXXXXXXX2345", "x" * 40),
        hop=0,
        verdict=ExplanationVerdict.NOT_REACHED,
        blind=(C.BASE_INVALID,),
    ),
    Broken(
        "region not active",
        C.REGION_DISABLED,
        L,
        _region_off,
        verdict=ExplanationVerdict.NOT_REACHED,
        hop=0,
        blind=(C.REGION_DISABLED,),
    ),
    Broken(
        "AWS unreachable",
        C.NETWORK,
        N,
        _make_unreachable,
        verdict=ExplanationVerdict.NOT_REACHED,
        hop=0,
        blind=(C.NETWORK,),
    ),
    # -- both accounts
    Broken(
        "both sides",
        C.CALLER_POLICY_MISSING,
        S,
        _both(_permit(USER), _trust(ADMIN, trusts(GATEWAY))),
        also=(C.TRUST_MISSING,),
    ),
    Broken(
        "both sides of a chain",
        C.CALLER_POLICY_MISSING,
        S,
        _both(_permit(MIDDLE), _trust(DEEP, trusts(MIDDLE, Condition=ANYBODY_WITH))),
        hop=3,
        target="deep",
        also=(C.EXTERNAL_ID_MISSING,),
    ),
]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with theatre() as server:
        yield server


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lookups finish on a busy machine; tests of the time limits set their own."""
    monkeypatch.setattr(explain, "SECONDS_AFTER_A_TRY", 60.0)
    monkeypatch.setattr(explain, "SECONDS_AFTER_A_SWITCH", 60.0)


def staged(aws: EmbeddedAws, broken: Broken, *, readable: bool) -> Stage:
    scene = Scene(readable=readable, organization=broken.organization, target=broken.target)
    broken.do(scene)
    stage = play(aws, scene)
    if broken.mfa:
        stage.advance(30)
        assert stage.switch(stage.code) is None, "the MFA session has to be there first"
        stage.advance(1000)
        scene.options = replace(scene.options, force=True)
    return stage


def test_a_scene_that_is_not_broken_works(aws: EmbeddedAws) -> None:
    for target, hops in (("admin", 1), ("local", 1), ("deep", 3)):
        stage = play(aws, Scene(target=target))
        explanation = stage.explain()
        assert (
            explanation.verdict,
            explanation.causes,
            explanation.error_code,
            explanation.exit_code,
        ) == (
            ExplanationVerdict.ALLOWED,
            (),
            "",
            0,
        )
        assert [hop.outcome for hop in explanation.hops] == [HopOutcome.OK] * (hops + 1)
        assert stage.world.vault.values == {}, "nothing is kept"
        assert stage.world.index.stored == {}
        assert stage.world.config.applied == []


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_the_cause_is_named_first(aws: EmbeddedAws, broken: Broken) -> None:
    stage = staged(aws, broken, readable=True)
    explanation = stage.explain()
    assert explanation.verdict is broken.verdict
    first = explanation.causes[0]
    assert (first.code, first.side, first.hop, first.certainty) == (
        broken.code,
        broken.side,
        broken.hop,
        broken.certainty,
    ), explanation
    proved = {cause.code for cause in explanation.causes if cause.certainty is Certainty.PROVED}
    assert proved <= {broken.code, *broken.also}, "nothing else is proved"
    assert proved >= set(broken.also)
    assert first.evidence
    assert first.next_step
    assert (
        next(hop for hop in explanation.hops if hop.outcome is HopOutcome.FAILED).number
        == broken.hop
    )


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_after_a_failed_switch_the_same_is_said_by_what_can_be_seen(
    aws: EmbeddedAws, broken: Broken
) -> None:
    stage = staged(aws, broken, readable=False)
    error = stage.switch()
    assert error is not None
    calls = len(aws.calls)
    explanation = stage.explain_failure(error)
    assert explanation.verdict is broken.verdict, "never allowed"
    assert explanation.exit_code == error.exit_code
    assert explanation.error_code == error.code
    assert explanation.causes
    proved = {cause.code for cause in explanation.causes if cause.certainty is Certainty.PROVED}
    assert proved == set(broken.blind), explanation.causes
    if not proved and broken.side in (S, T):
        layers = {C.CALLER_POLICY_MISSING, C.TRUST_MISSING, C.IP, broken.code}
        assert {cause.code for cause in explanation.causes} & layers
    assert all(call.action != "AssumeRole" for call in aws.calls[calls:]), "nothing is tried again"


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_what_the_cause_says_to_do_helps(aws: EmbeddedAws, broken: Broken) -> None:
    stage = staged(aws, broken, readable=True)
    for _ in range(4):
        explanation = stage.explain()
        if explanation.verdict is ExplanationVerdict.ALLOWED:
            return
        editable = (StatementChange.ADD, StatementChange.REPLACE, StatementChange.REMOVE)
        causes = [
            cause
            for cause in explanation.causes
            if cause.certainty is Certainty.PROVED
            and cause.change in editable
            and cause.side in (S, T)
        ]
        if not causes:
            assert (
                broken.side in (L, N)
                or broken.code in (C.IP, C.DATE, C.TAGS, C.EXTERNAL_ID_MISSING, C.ROLE_MISSING)
                or broken.also
            ), explanation
            return
        for cause in causes:
            mend(stage.scene, cause)
        stage.aws.world = stage.scene.world()
    raise AssertionError(explanation)


def test_every_code_is_reached() -> None:
    elsewhere = {C.DURATION_CHAINING, C.CLOCK_SKEW, C.BASE_EXPIRED}  # by tests of their own below
    elsewhere |= {code for code in C if code.startswith("sso_")}  # by test_identity_center
    assert {broken.code for broken in BROKEN} | elsewhere == set(CauseCode)
    assert len(BROKEN) >= 60
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)


def _hollow(data: Any) -> None:
    for inner in (
        data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    ):
        _hollow(inner)
    if isinstance(data, dict | list):
        data.clear()


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_breakage_does_not_depend_on_earlier_scenes(broken: Broken) -> None:
    first, second = Scene(), Scene()
    broken.do(first)
    was = copy.deepcopy(first.state)
    _hollow(first.state)
    broken.do(second)
    assert second.state == was


# -- causes that the state of AWS alone can't have


def test_an_hour_is_the_most_after_a_role(aws: EmbeddedAws) -> None:
    # xswitch never requests more, so make the call directly
    stage = play(aws, Scene(target="middle"))
    role = stage.actions.resolve("middle", SwitchOptions())
    base = Credentials(keys_of("dev")[0], Secret(keys_of("dev")[1]))
    endpoint = role.endpoint
    first = BotoSts().assume_role(base, AssumeRoleRequest(GATEWAY, "dana", 3600), endpoint)
    with pytest.raises(AwsDeniedError) as caught:
        BotoSts().assume_role(first.credentials, AssumeRoleRequest(MIDDLE, "dana", 7200), endpoint)
    explanation = stage.actions.explain_failure(role, caught.value)
    cause = explanation.causes[0]
    assert (cause.code, cause.side, cause.hop, cause.certainty) == (
        C.DURATION_CHAINING,
        L,
        2,
        Certainty.PROVED,
    )
    assert "--duration 3600" in cause.next_step
    assert explanation.verdict is ExplanationVerdict.DENIED


def test_a_clock_that_is_off_is_this_machine_s() -> None:
    with EmbeddedAws(Scene().world(), wall=ShiftedClock(offset_seconds=-3600)) as late:
        explanation = play(late, Scene()).explain()
    assert explanation.verdict is ExplanationVerdict.NOT_REACHED
    assert (
        explanation.causes[0].code,
        explanation.causes[0].side,
        explanation.causes[0].certainty,
    ) == (
        C.CLOCK_SKEW,
        L,
        Certainty.PROVED,
    )
    assert "60 minutes ahead" in explanation.causes[0].evidence


def test_temporary_keys_that_are_over(aws: EmbeddedAws) -> None:
    stage = play(aws, Scene())
    base = Credentials(keys_of("dev")[0], Secret(keys_of("dev")[1]))
    role = stage.actions.resolve("admin", SwitchOptions())
    kept = (
        BotoSts()
        .assume_role(base, AssumeRoleRequest(GATEWAY, "dana", 900), role.endpoint)
        .credentials
    )
    assert kept.session_token is not None
    scene = Scene()
    scene.profiles["dev"].update(
        aws_access_key_id=kept.access_key_id,
        aws_secret_access_key=kept.secret_access_key.reveal(),
        aws_session_token=kept.session_token.reveal(),
    )
    stage.advance(1000)
    late = play(aws, scene)
    explanation = late.explain()
    assert (explanation.causes[0].code, explanation.causes[0].side, explanation.causes[0].hop) == (
        C.BASE_EXPIRED,
        L,
        0,
    )
    assert explanation.verdict is ExplanationVerdict.NOT_REACHED
    assert explanation.exit_code == 6
    error = late.switch()
    assert error is not None
    assert late.explain_failure(error).causes[0].code is C.BASE_EXPIRED


def test_a_session_that_ended_in_the_middle_of_a_chain(aws: EmbeddedAws) -> None:
    stage = play(aws, Scene(target="middle"))
    role = stage.actions.resolve("middle", SwitchOptions())
    error = AwsDeniedError(
        "The session has expired.",
        why="The security token is expired",
        code="expired_token",
        aws_code="ExpiredToken",
        hop=MIDDLE,
    )
    cause = stage.actions.explain_failure(role, error).causes[0]
    assert (cause.code, cause.hop, cause.side) == (C.BASE_EXPIRED, 2, L)
    assert cause.next_step.endswith("--force")


def test_a_wrong_code_without_a_prompt(aws: EmbeddedAws) -> None:
    scene = Scene()
    scene.profiles["admin"]["mfa_serial"] = SERIAL
    stage = play(aws, scene)
    wrong = stage.explain("000000", "000000", "000000")
    assert (wrong.verdict, wrong.causes[0].code, wrong.causes[0].hop) == (
        ExplanationVerdict.DENIED,
        C.MFA_MISSING,
        0,
    )
    unprompted = stage.explain()
    assert (unprompted.verdict, unprompted.causes[0].code, unprompted.exit_code) == (
        ExplanationVerdict.NOT_REACHED,
        C.MFA_MISSING,
        5,
    )
    stage.advance(30)
    assert stage.explain(stage.code).verdict is ExplanationVerdict.ALLOWED
    assert stage.world.vault.values == {}


def test_a_valid_mfa_session_is_used_unless_a_code_is_given(aws: EmbeddedAws) -> None:
    scene = Scene()
    scene.profiles["admin"]["mfa_serial"] = SERIAL
    scene.trust(
        ADMIN, trusts(ROOT, Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}})
    )
    stage = play(aws, scene)
    stage.advance(30)
    assert stage.switch(stage.code) is None
    stage.advance(1000)
    kept = dict(stage.world.vault.values)
    assert stage.explain().causes[0].code is C.MFA_TOO_OLD
    assert "xswitch forget dev" in stage.explain().causes[0].next_step
    explanation = stage.explain(command_line_code=stage.code)
    assert explanation.verdict is ExplanationVerdict.ALLOWED
    assert stage.world.vault.values == kept


@pytest.mark.parametrize(
    ("fault", "side"),
    [
        ("html_ok", N),
        ("html_forbidden", N),
        ("throttling", N),
        ("server_error", N),
        ("reset", N),
        ("empty", N),
    ],
    ids=["portal", "proxy", "throttled", "fault of AWS", "reset", "empty"],
)
def test_a_network_that_answers_for_aws(aws: EmbeddedAws, fault: str, side: CauseSide) -> None:
    stage = play(aws, Scene())
    aws.faults.add(fault, "AssumeRole", times=ALWAYS)
    try:
        explanation = stage.explain()
    finally:
        aws.faults.clear()
    assert (explanation.causes[0].code, explanation.causes[0].side, explanation.verdict) == (
        C.NETWORK,
        side,
        ExplanationVerdict.NOT_REACHED,
    )
    assert explanation.causes[0].hop == 1


def test_a_session_policy_aws_can_t_read_is_this_machine_s(aws: EmbeddedAws) -> None:
    scene = Scene(options=SwitchOptions(policy='{"Version":"2012-10-17","Statement":[]}'))
    cause = play(aws, scene).explain().causes[0]
    assert (cause.code, cause.side) == (C.SESSION_POLICY, L)


def test_nothing_is_explained_of_a_locked_vault_and_nothing_hides_a_cancel(
    aws: EmbeddedAws,
) -> None:
    stage = play(aws, Scene())
    role = stage.actions.resolve("admin", SwitchOptions())
    with pytest.raises(VaultLockedError):
        stage.actions.explain_failure(role, VaultLockedError("locked"))
    stage.scene.profiles["admin"]["mfa_serial"] = SERIAL
    stage = play(aws, stage.scene)
    role = stage.actions.resolve("admin", SwitchOptions())
    with pytest.raises(CancelledError):
        stage.actions.explain(
            role, SwitchOptions(), FakePrompt(CancelledError("Cancelled.")), lambda _text: None
        )


def test_a_locked_vault_only_takes_what_could_be_seen(aws: EmbeddedAws) -> None:
    scene = Scene(readable=False)
    scene.trust(ADMIN, trusts(GATEWAY))
    stage = play(aws, scene)
    error = stage.switch()
    assert error is not None
    stage.world.vault.fail = VaultLockedError("locked")
    assert stage.explain_failure(error).causes


# -- readers


def test_a_valid_session_in_the_target_account_reads_the_trust_policy(aws: EmbeddedAws) -> None:
    scene = Scene(readable=False)
    scene.role(DEEP)["attached_policies"] = [ADMINISTRATOR]
    scene.trust(DEEP, trusts(USER))
    scene.profiles["deep"]["source_profile"] = "dev"
    scene.trust(ADMIN, trusts(ROOT, Condition=ANYBODY_WITH))
    stage = play(aws, scene)
    blind = stage.explain()
    assert all(cause.certainty is not Certainty.PROVED for cause in blind.causes)
    assert any("no profile at hand" in note for note in blind.sources_read)
    scene.target = "deep"
    assert stage.switch() is None
    scene.target = "admin"
    seeing = stage.explain()
    assert (seeing.causes[0].code, seeing.causes[0].certainty) == (
        C.EXTERNAL_ID_MISSING,
        Certainty.PROVED,
    )
    assert "the role, as deep" in seeing.sources_read


def test_the_simulation_alone_proves_what_the_policies_would(aws: EmbeddedAws) -> None:
    for broken, code in (
        ("missing", C.CALLER_POLICY_MISSING),
        ("denies", C.CALLER_POLICY_DENIES),
        ("boundary", C.BOUNDARY),
    ):
        scene = Scene(readable=False)
        simulates = allow("iam:SimulatePrincipalPolicy")
        if broken == "missing":
            scene.permissions(USER, simulates)
        else:
            scene.also(USER, simulates)
        if broken == "denies":
            scene.also(USER, simulates, deny("sts:AssumeRole", DEEP), deny("sts:AssumeRole", ADMIN))
        if broken == "boundary":
            scene.boundary(USER, allow("iam:*"))
        explanation = play(aws, scene).explain()
        assert (explanation.causes[0].code, explanation.causes[0].certainty) == (
            code,
            Certainty.PROVED,
        ), broken
        assert explanation.causes[0].side is S


def test_a_source_that_allows_makes_the_other_side_likely_and_never_certain(
    aws: EmbeddedAws,
) -> None:
    scene = Scene(readable=False)
    scene.also(USER, allow(["iam:Get*", "iam:List*"]))
    scene.trust(ADMIN, trusts(GATEWAY))
    explanation = play(aws, scene).explain()
    assert (
        explanation.causes[0].code,
        explanation.causes[0].side,
        explanation.causes[0].certainty,
    ) == (
        C.TRUST_MISSING,
        T,
        Certainty.LIKELY,
    )
    assert {cause.code for cause in explanation.causes} >= {
        C.EXTERNAL_ID_MISSING,
        C.ROLE_MISSING,
        C.SCP,
    }
    assert explanation.verdict is ExplanationVerdict.DENIED


def test_two_sides_that_allow_leave_the_organization(aws: EmbeddedAws) -> None:
    scene = Scene()
    scene.scps(SOURCE, allow("iam:*"))
    stage = play(aws, scene)
    explanation = stage.explain()
    assert (explanation.causes[0].code, explanation.causes[0].side) == (C.SCP, S)


def test_what_does_not_answer_in_time_is_not_seen(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "SECONDS_AFTER_A_SWITCH", 0.8)
    scene = Scene()
    scene.permissions(USER)
    stage = play(aws, scene)
    error = stage.switch()
    assert error is not None
    for action in (
        "GetUser",
        "GetRole",
        "SimulatePrincipalPolicy",
        "ListUserPolicies",
        "ListGroupsForUser",
    ):
        aws.faults.add("delay", action, seconds=30, times=ALWAYS)
    try:
        explanation = stage.explain_failure(error)
    finally:
        aws.faults.clear()
        aws.faults.released.set()
        aws.faults.released.clear()
    assert explanation.verdict is ExplanationVerdict.DENIED
    assert all(cause.certainty is Certainty.UNSEEN for cause in explanation.causes)
    assert any("no answer in time" in note for note in explanation.sources_read)


# -- the identity of the source credentials


def test_a_base_that_may_not_ask_who_it_is_is_tried_all_the_same(aws: EmbeddedAws) -> None:
    stage = play(aws, Scene())
    aws.faults.add("error", "GetCallerIdentity", code="AccessDenied")
    assert stage.explain().verdict is ExplanationVerdict.ALLOWED
    aws.faults.add("error", "GetCallerIdentity", code="AccessDenied")
    aws.faults.add("error", "AssumeRole", code="AccessDenied")
    explanation = stage.explain()
    assert [hop.outcome for hop in explanation.hops] == [HopOutcome.OK, HopOutcome.FAILED]
    assert C.SESSION_NAME not in [cause.code for cause in explanation.causes]


# -- several causes

_MIXED = [
    breakage
    for breakage in BROKEN
    if breakage.hop > 0
    and breakage.target in ("admin", "deep")
    and breakage.side in (S, T)
    and breakage.code is not C.ROLE_MISSING
]


@pytest.mark.parametrize("seed", range(16))
def test_a_breakage_is_never_allowed_and_proven_fixes_work(aws: EmbeddedAws, seed: int) -> None:
    chance = random.Random(seed)
    target = chance.choice(("admin", "deep"))
    chosen = chance.sample(
        [breakage for breakage in _MIXED if breakage.target == target], chance.randint(1, 3)
    )
    scene = Scene(target=target, organization=chance.random() < 0.5, readable=chance.random() < 0.7)
    for breakage in chosen:
        breakage.do(scene)
    stage = play(aws, scene)
    seen: set[tuple[CauseCode, int, str, str]] = set()
    for _ in range(12):
        refused = stage.switch()
        explanation = stage.explain()
        assert (explanation.verdict is ExplanationVerdict.ALLOWED) is (refused is None), [
            breakage.name for breakage in chosen
        ]
        if refused is None:
            return
        assert explanation.causes
        editable = (StatementChange.ADD, StatementChange.REPLACE, StatementChange.REMOVE)
        proved = [
            cause
            for cause in explanation.causes
            if cause.certainty is Certainty.PROVED
            and cause.change in editable
            and cause.side in (S, T)
        ]
        if not proved:
            return
        for cause in proved:
            key = (cause.code, cause.hop, cause.current, cause.statement)
            assert key not in seen, f"{cause} was fixed, and is reported again"
            seen.add(key)
            mend(scene, cause)
        aws.world = scene.world()
        stage.world.vault.values.clear()
    raise AssertionError([breakage.name for breakage in chosen])
