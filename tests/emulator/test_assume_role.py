from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from conftest import FixedClock
from support.aws.emulator import (
    ADMIN_ARN,
    DEEP_ARN,
    DENIED_ARN,
    DEV,
    DEV_KEY,
    DEV_SECRET,
    EXTERNAL_ARN,
    EXTERNAL_ID,
    FORBIDDEN_ARN,
    GATEWAY_ARN,
    HUB,
    MFA_SERIAL,
    MIDDLE_ARN,
    PLAIN_KEY,
    PLAIN_SECRET,
    PROD,
    READER_ARN,
    TAGGED_ARN,
    allow,
    aws_server,
    default_state,
    refusal,
    role,
    sts_client,
    totp_code,
    trust,
)
from xswitch.emulator.server import EmbeddedAws

USER = f"arn:aws:iam::{DEV}:user/dev"
MIDDLE_SESSION = f"arn:aws:sts::{HUB}:assumed-role/Middle/me"
CHAINED = (
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
    " chaining."
)
OVER_MAXIMUM = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(clock=FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))) as server:
        yield server


def no(caller: str, action: str, resource: str, suffix: str = "") -> tuple[str, str]:
    return (
        "AccessDenied",
        f"User: {caller} is not authorized to perform: {action} on resource: {resource}{suffix}",
    )


def assume(
    aws: EmbeddedAws, arn: str, credentials: Any = (DEV_KEY, DEV_SECRET), **more: Any
) -> Any:
    return sts_client(aws, credentials, validate=False).assume_role(
        RoleArn=arn, **{"RoleSessionName": "me", **more}
    )


def refused(
    aws: EmbeddedAws, arn: str, credentials: Any = (DEV_KEY, DEV_SECRET), **more: Any
) -> tuple[str, str]:
    return refusal(lambda: assume(aws, arn, credentials, **more))


def mfa_session(aws: EmbeddedAws, **more: Any) -> Any:
    aws.clock.advance(30)
    return sts_client(aws).get_session_token(
        SerialNumber=MFA_SERIAL, TokenCode=totp_code(now=aws.clock.now()), **more
    )["Credentials"]


def with_roles(*roles: dict[str, Any]) -> dict[str, Any]:
    state = default_state()
    state["accounts"][1]["roles"].extend(roles)
    return state


# -- who may


def test_a_role_one_hour_unless_said_otherwise(aws: EmbeddedAws) -> None:
    answer = assume(aws, READER_ARN)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{PROD}:assumed-role/Reader/me"
    assert (answer["Credentials"]["Expiration"] - aws.clock.now()).total_seconds() == 3_600
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert "PackedPolicySize" not in answer
    assert "SourceIdentity" not in answer


def test_what_is_missing_and_what_is_denied_read_as_aws_writes_it(aws: EmbeddedAws) -> None:
    gone = f"{READER_ARN}Gone"
    for arn in (DENIED_ARN, gone, "arn:aws:iam::999999999999:role/x"):
        assert refused(aws, arn) == no(USER, "sts:AssumeRole", arn)
    assert refused(aws, FORBIDDEN_ARN) == no(
        USER, "sts:AssumeRole", FORBIDDEN_ARN, " with an explicit deny in an identity-based policy"
    )
    plain = f"arn:aws:iam::{DEV}:user/plain"
    assert refused(aws, READER_ARN, (PLAIN_KEY, PLAIN_SECRET)) == no(
        plain, "sts:AssumeRole", READER_ARN
    )


def test_a_deny_of_the_role_itself_a_boundary_and_a_session_policy_are_named() -> None:
    banned = trust(f"arn:aws:iam::{DEV}:root")
    banned["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": "sts:*"})
    state = with_roles(role("Banned", banned))
    deny = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "*", "Resource": READER_ARN},
    }
    state["accounts"][0]["policies"] = [{"name": "Edge", "document": deny}]
    state["accounts"][0]["users"][0]["permissions_boundary"] = f"arn:aws:iam::{DEV}:policy/Edge"
    with aws_server(state) as aws:
        arn = f"arn:aws:iam::{PROD}:role/Banned"
        assert refused(aws, arn) == no(USER, "sts:AssumeRole", arn)
        assert refused(aws, READER_ARN) == no(
            USER, "sts:AssumeRole", READER_ARN, " with an explicit deny in a permissions boundary"
        )
        assert refused(aws, ADMIN_ARN) == no(USER, "sts:AssumeRole", ADMIN_ARN)
    state["organization"] = True
    with aws_server(state) as aws:
        assert refused(aws, arn) == no(
            USER, "sts:AssumeRole", arn, " with an explicit deny in the role trust policy"
        )
        because = " because no role trust policy allows the sts:AssumeRole action"
        assert refused(aws, DENIED_ARN) == no(USER, "sts:AssumeRole", DENIED_ARN, because)


def test_external_ids(aws: EmbeddedAws) -> None:
    assert (
        assume(aws, EXTERNAL_ARN, ExternalId=EXTERNAL_ID)["AssumedRoleUser"]["Arn"]
        == f"arn:aws:sts::{PROD}:assumed-role/External/me"
    )
    for more in ({}, {"ExternalId": "horse"}):
        assert refused(aws, EXTERNAL_ARN, **more) == no(USER, "sts:AssumeRole", EXTERNAL_ARN)
    without_path = f"arn:aws:iam::{PROD}:role/External"
    assert refused(aws, without_path, ExternalId=EXTERNAL_ID) == no(
        USER, "sts:AssumeRole", without_path
    )


def test_within_one_account_naming_the_user_is_enough() -> None:
    state = default_state()
    plain = f"arn:aws:iam::{DEV}:user/plain"
    state["accounts"][0]["roles"] = [
        role("Named", trust(plain)),
        role("Account", trust(f"arn:aws:iam::{DEV}:root")),
    ]
    with aws_server(state) as aws:
        assert assume(aws, f"arn:aws:iam::{DEV}:role/Named", (PLAIN_KEY, PLAIN_SECRET))
        arn = f"arn:aws:iam::{DEV}:role/Account"
        because = " because no identity-based policy allows the sts:AssumeRole action"
        assert refused(aws, arn, (PLAIN_KEY, PLAIN_SECRET)) == no(
            plain, "sts:AssumeRole", arn, because
        )


# -- MFA


def test_mfa_by_a_session_or_by_a_code_of_the_user(aws: EmbeddedAws) -> None:
    assert refused(aws, ADMIN_ARN) == no(USER, "sts:AssumeRole", ADMIN_ARN)
    assert refused(aws, ADMIN_ARN, sts_client(aws).get_session_token()["Credentials"]) == no(
        USER, "sts:AssumeRole", ADMIN_ARN
    )
    session = mfa_session(aws)
    assert assume(aws, ADMIN_ARN, session)
    aws.clock.advance(30)
    code = totp_code(now=aws.clock.now())
    assert assume(aws, ADMIN_ARN, SerialNumber=MFA_SERIAL, TokenCode=code)
    assert refused(aws, ADMIN_ARN, SerialNumber=MFA_SERIAL, TokenCode=code)[1].endswith(
        "invalid MFA one time pass code. "
    )
    aws.clock.advance(30)
    later = {"SerialNumber": MFA_SERIAL, "TokenCode": totp_code(now=aws.clock.now())}
    assert "unable to validate MFA code" in refused(aws, ADMIN_ARN, session, **later)[1]


def test_the_age_of_the_mfa_counts() -> None:
    fresh = {"NumericLessThan": {"aws:MultiFactorAuthAge": "600"}}
    state = with_roles(role("Fresh", trust(f"arn:aws:iam::{DEV}:root", Condition=fresh)))
    with aws_server(state) as aws:
        arn = f"arn:aws:iam::{PROD}:role/Fresh"
        session = mfa_session(aws)
        aws.clock.advance(500)  # the clock also goes on by itself
        assert assume(aws, arn, session)
        aws.clock.advance(100)
        assert refused(aws, arn, session) == no(USER, "sts:AssumeRole", arn)


def test_mfa_does_not_go_through_a_role() -> None:
    state = with_roles(
        role(
            "Second", trust(GATEWAY_ARN, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
        )
    )
    with aws_server(state) as server:
        gateway = assume(server, GATEWAY_ARN, mfa_session(server))["Credentials"]
        arn = f"arn:aws:iam::{PROD}:role/Second"
        assert refused(server, arn, gateway) == no(
            f"arn:aws:sts::{HUB}:assumed-role/Gateway/me", "sts:AssumeRole", arn
        )


# -- durations


def test_a_chain_of_three_and_its_one_hour(aws: EmbeddedAws) -> None:
    session = mfa_session(aws)
    assert refused(aws, GATEWAY_ARN, session, DurationSeconds=3_601) == ("ValidationError", CHAINED)
    gateway = assume(aws, GATEWAY_ARN, session, DurationSeconds=3_600)["Credentials"]
    assert refused(aws, MIDDLE_ARN, gateway, DurationSeconds=3_601) == ("ValidationError", CHAINED)
    middle = assume(aws, MIDDLE_ARN, gateway)["Credentials"]
    deep = assume(aws, DEEP_ARN, middle)
    assert deep["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{PROD}:assumed-role/Deep/me"
    assert refused(aws, DEEP_ARN, gateway) == no(
        f"arn:aws:sts::{HUB}:assumed-role/Gateway/me", "sts:AssumeRole", DEEP_ARN
    )
    assert refused(aws, DEEP_ARN, session) == no(USER, "sts:AssumeRole", DEEP_ARN)


def test_the_roles_own_maximum(aws: EmbeddedAws) -> None:
    assert (
        assume(aws, READER_ARN, DurationSeconds=7_200)["Credentials"]["Expiration"]
        - aws.clock.now()
    ).total_seconds() == 7_200
    assert refused(aws, READER_ARN, DurationSeconds=7_201) == ("ValidationError", OVER_MAXIMUM)
    assert refused(aws, DENIED_ARN, DurationSeconds=7_201) == no(USER, "sts:AssumeRole", DENIED_ARN)


# -- tags and source identity


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def test_tags_need_permission_on_both_sides(aws: EmbeddedAws) -> None:
    assert assume(aws, TAGGED_ARN, Tags=tags(team="payments"))["PackedPolicySize"] > 0
    assert refused(aws, READER_ARN, Tags=tags(team="x")) == no(USER, "sts:TagSession", READER_ARN)
    state = default_state()
    state["accounts"][0]["users"][0]["policies"] = {
        "assume": allow(Action="sts:AssumeRole", Resource="*")
    }
    with aws_server(state) as server:
        assert refused(server, TAGGED_ARN, Tags=tags(team="x")) == no(
            USER, "sts:TagSession", TAGGED_ARN
        )


def test_transitive_tags_go_on_and_stay() -> None:
    wants = {
        "StringEquals": {"aws:PrincipalTag/team": "payments"},
        "Null": {"aws:PrincipalTag/ticket": "true"},
    }
    both = ("sts:AssumeRole", "sts:TagSession")
    state = with_roles(
        role(
            "Next", trust(TAGGED_ARN, *both), policies={"on": allow(Action="sts:*", Resource="*")}
        ),
        role("Last", trust(f"arn:aws:iam::{PROD}:role/Next", *both, Condition=wants)),
        role("Untagged", trust(TAGGED_ARN)),
    )
    with aws_server(state) as aws:
        first = assume(
            aws, TAGGED_ARN, Tags=tags(Team="payments", ticket="7"), TransitiveTagKeys=["team"]
        )["Credentials"]
        following = f"arn:aws:iam::{PROD}:role/Next"
        conflict = refused(aws, following, first, Tags=tags(TEAM="other"))
        assert conflict[0] == "InvalidParameterValue"
        assert "conflicts with a transitive tag key from the calling session" in conflict[1]
        second = assume(aws, following, first, Tags=tags(more="x"))["Credentials"]
        assert assume(aws, f"arn:aws:iam::{PROD}:role/Last", second)
        caller = f"arn:aws:sts::{PROD}:assumed-role/Tagged/me"
        untagged = f"arn:aws:iam::{PROD}:role/Untagged"
        because = " because no role trust policy allows the sts:TagSession action"
        assert refused(aws, untagged, first) == no(caller, "sts:TagSession", untagged, because)
        plain = assume(aws, TAGGED_ARN, Tags=tags(ticket="7"))["Credentials"]
        assert assume(aws, untagged, plain)


def test_conditions_on_the_tags_of_a_request() -> None:
    asked = {
        "StringEquals": {"aws:RequestTag/team": "payments"},
        "ForAllValues:StringEquals": {
            "aws:TagKeys": ["team", "ticket"],
            "sts:TransitiveTagKeys": ["team"],
        },
    }
    state = with_roles(
        role(
            "Picky",
            trust(f"arn:aws:iam::{DEV}:root", "sts:AssumeRole", "sts:TagSession", Condition=asked),
        )
    )
    arn = f"arn:aws:iam::{PROD}:role/Picky"
    with aws_server(state) as aws:
        assert assume(aws, arn, Tags=tags(team="payments", ticket="1"), TransitiveTagKeys=["team"])
        for wrong in (tags(team="other"), tags(team="payments", more="x"), []):
            assert refused(aws, arn, Tags=wrong) == no(USER, "sts:AssumeRole", arn)
        assert (
            refused(aws, arn, Tags=tags(team="payments", ticket="1"), TransitiveTagKeys=["ticket"])[
                0
            ]
            == "AccessDenied"
        )


def test_a_source_identity_needs_permission_and_sticks() -> None:
    sticky = trust(
        TAGGED_ARN,
        "sts:AssumeRole",
        "sts:SetSourceIdentity",
        Condition={"StringEquals": {"aws:SourceIdentity": "dana"}},
    )
    state = with_roles(role("Next", sticky), role("Deaf", trust(TAGGED_ARN)))
    with aws_server(state) as aws:
        assert refused(aws, READER_ARN, SourceIdentity="dana") == no(
            USER, "sts:SetSourceIdentity", READER_ARN
        )
        first = assume(aws, TAGGED_ARN, SourceIdentity="dana")
        assert first["SourceIdentity"] == "dana"
        following, deaf = f"arn:aws:iam::{PROD}:role/Next", f"arn:aws:iam::{PROD}:role/Deaf"
        assert assume(aws, following, first["Credentials"])["SourceIdentity"] == "dana"
        caller = f"arn:aws:sts::{PROD}:assumed-role/Tagged/me"
        other = refused(aws, following, first["Credentials"], SourceIdentity="mallory")
        assert other == (
            "ValidationError",
            "The source identity is already set for this assume role session",
        )
        because = " because no role trust policy allows the sts:SetSourceIdentity action"
        assert refused(aws, deaf, first["Credentials"]) == no(
            caller, "sts:SetSourceIdentity", deaf, because
        )


# -- session policies


def test_a_session_policy_takes_away() -> None:
    state = with_roles(role("A", trust(TAGGED_ARN)), role("B", trust(TAGGED_ARN)))
    a, b = f"arn:aws:iam::{PROD}:role/A", f"arn:aws:iam::{PROD}:role/B"
    state["accounts"][1]["policies"] = [
        {"name": "OnlyB", "path": "/limits/", "document": allow(Action="sts:*", Resource=b)}
    ]
    only_a = json.dumps(allow(Action="sts:AssumeRole", Resource=a), indent=2)
    caller = f"arn:aws:sts::{PROD}:assumed-role/Tagged/me"
    with aws_server(state) as aws:
        limited = assume(aws, TAGGED_ARN, Policy=only_a)
        assert 0 < limited["PackedPolicySize"] < 50
        assert assume(aws, a, limited["Credentials"])
        because = " because no session policy allows the sts:AssumeRole action"
        assert refused(aws, b, limited["Credentials"]) == no(caller, "sts:AssumeRole", b, because)
        managed = assume(
            aws, TAGGED_ARN, PolicyArns=[{"arn": f"arn:aws:iam::{PROD}:policy/limits/OnlyB"}]
        )
        assert assume(aws, b, managed["Credentials"])
        assert refused(aws, a, managed["Credentials"]) == no(caller, "sts:AssumeRole", a, because)
        both = assume(
            aws,
            TAGGED_ARN,
            Policy=only_a,
            PolicyArns=[{"arn": f"arn:aws:iam::{PROD}:policy/limits/OnlyB"}],
        )
        assert assume(aws, a, both["Credentials"])
        assert assume(aws, b, both["Credentials"])
        deny = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"},
        }
        denied = assume(aws, TAGGED_ARN, Policy=json.dumps(deny))["Credentials"]
        assert refused(aws, a, denied) == no(
            caller, "sts:AssumeRole", a, " with an explicit deny in a session policy"
        )
        administrator = assume(
            aws, TAGGED_ARN, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}]
        )
        assert assume(aws, a, administrator["Credentials"])


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        ({"Policy": "{"}, "MalformedPolicyDocument", "invalid Json"),
        ({"Policy": '{"Statement": []}'}, "MalformedPolicyDocument", "Syntax errors in policy."),
        ({"Policy": json.dumps(trust("*"))}, "MalformedPolicyDocument", "Syntax errors in policy."),
        ({"Policy": " " * 2_049}, "ValidationError", "length less than or equal to 2048"),
        (
            {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}] * 11},
            "ValidationError",
            "'policyArns'",
        ),
        ({"PolicyArns": [{"arn": "arn:aws:s3:::bucket"}]}, "ValidationError", "Invalid policy ARN"),
        (
            {"PolicyArns": [{"arn": f"arn:aws:iam::{PROD}:policy/None"}]},
            "InvalidParameterValue",
            "does not match an existing",
        ),
    ],
)
def test_session_policies_that_are_none(
    aws: EmbeddedAws, more: dict[str, Any], code: str, word: str
) -> None:
    answer, text = refused(aws, READER_ARN, **more)
    assert answer == code
    assert word in text


def test_policies_and_tags_share_one_room(aws: EmbeddedAws) -> None:
    noise = "".join(f"{number * 7919 % 1_000_003:06d}" for number in range(5_000))
    many = [
        {"Key": f"key{number}", "Value": noise[number * 256 : number * 256 + 256]}
        for number in range(40)
    ]
    code, text = refused(aws, TAGGED_ARN, Tags=many)
    assert code == "PackedPolicyTooLarge"
    assert text.startswith("Packed size of session tags consumes ")
    assert text.endswith("% of allotted space.")
    assert assume(aws, TAGGED_ARN, Tags=many[:3])["PackedPolicySize"] <= 100


# -- parameters


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (
            {"RoleSessionName": "a"},
            (
                "Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have"
                " length greater"
            ),
        ),
        ({"RoleSessionName": "a b"}, "satisfy regular expression pattern: [\\w+=,.@-]*"),
        ({"RoleSessionName": "ä" * 3}, "satisfy regular expression pattern: [\\w+=,.@-]*"),
        ({"RoleSessionName": "x" * 65}, "length less than or equal to 64"),
        (
            {"DurationSeconds": 899},
            (
                "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have"
                " value greater"
            ),
        ),
        ({"DurationSeconds": 43_201}, "value less than or equal to 43200"),
        ({"ExternalId": "x"}, "'externalId'"),
        ({"ExternalId": "a b"}, "[\\w+=,.@:\\/-]*"),
        ({"SerialNumber": "short", "TokenCode": "12345x"}, "2 validation errors detected: "),
        ({"Tags": [{"Key": "", "Value": "x"}]}, "'tags.1.member.key'"),
        ({"Tags": [{"Key": "k" * 129, "Value": "x"}]}, "length less than or equal to 128"),
        ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "'tags.1.member.value'"),
        ({"Tags": [{"Key": "k", "Value": "a*b"}]}, "regular expression pattern"),
        ({"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]}, "'tags' failed"),
        (
            {"TransitiveTagKeys": [f"k{number}" for number in range(51)]},
            "'transitiveTagKeys' failed",
        ),
        ({"SourceIdentity": "x"}, "'sourceIdentity'"),
        ({"SourceIdentity": "aws:x"}, "'sourceIdentity'"),
        ({"RoleArn": "short"}, "'roleArn'"),
        ({"RoleArn": f"arn:aws:iam::{PROD}:user/Reader"}, "Request ARN is invalid"),
    ],
)
def test_parameters_are_checked_first(aws: EmbeddedAws, more: dict[str, Any], word: str) -> None:
    code, text = refusal(
        sts_client(aws, validate=False).assume_role,
        **{"RoleArn": DENIED_ARN, "RoleSessionName": "me", **more},
    )
    assert code == "ValidationError"
    assert word in text


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        ({"Tags": tags(team="x", TEAM="y")}, "InvalidParameterValue", "case insensitive"),
        ({"Tags": [{"Key": "aws:team", "Value": "x"}]}, "InvalidParameterValue", "reserved"),
        (
            {"Tags": tags(team="x"), "TransitiveTagKeys": ["other"]},
            "InvalidParameterValue",
            "must be included in the requested tags",
        ),
    ],
)
def test_tag_keys_that_clash(aws: EmbeddedAws, more: dict[str, Any], code: str, word: str) -> None:
    answer, text = refused(aws, TAGGED_ARN, **more)
    assert answer == code
    assert word in text


def test_what_is_required(aws: EmbeddedAws) -> None:
    code, text = refusal(sts_client(aws, validate=False).assume_role)
    assert code == "ValidationError"
    assert text.startswith(
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member"
        " must not be null; "
    )
