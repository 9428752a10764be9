"""Caller identity as real clients see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import FixedClock
from support.aws.emulator import (
    DEV,
    DEV_KEY,
    DEV_SECRET,
    PLAIN_KEY,
    PLAIN_SECRET,
    READER_ARN,
    aws_server,
    default_state,
    refusal,
    sts_client,
)
from xswitch.emulator.server import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server() as server:
        yield server


def test_identities_of_user_session_and_role(aws: EmbeddedAws) -> None:
    user = sts_client(aws).get_caller_identity()
    assert (user["Arn"], user["Account"]) == (f"arn:aws:iam::{DEV}:user/dev", DEV)
    assert user["UserId"].startswith("AIDA")
    token = sts_client(aws).get_session_token()["Credentials"]
    assert {**sts_client(aws, token).get_caller_identity(), "ResponseMetadata": {}} == {
        **user,
        "ResponseMetadata": {},
    }
    role = sts_client(aws).assume_role(RoleArn=READER_ARN, RoleSessionName="me@here")
    seen = sts_client(aws, role["Credentials"]).get_caller_identity()
    assert seen["Arn"] == "arn:aws:sts::222222222222:assumed-role/Reader/me@here"
    assert seen["UserId"] == role["AssumedRoleUser"]["AssumedRoleId"]
    assert seen["UserId"].startswith("AROA")


def test_unknown_and_deactivated_keys_and_bad_secrets() -> None:
    state = default_state()
    state["accounts"][0]["users"][1]["access_keys"][0]["active"] = False
    with aws_server(state) as aws:
        for credentials in (("AKIAUNKNOWNUNKNOWN22", "x"), (PLAIN_KEY, PLAIN_SECRET)):
            code, text = refusal(sts_client(aws, credentials).get_caller_identity)
            assert (code, text) == (
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            )
        assert (
            refusal(sts_client(aws, (DEV_KEY, "wrong")).get_caller_identity)[0]
            == "SignatureDoesNotMatch"
        )


def test_tokens_belong_to_their_keys(aws: EmbeddedAws) -> None:
    first = dict(sts_client(aws).get_session_token()["Credentials"])
    second = sts_client(aws).get_session_token()["Credentials"]
    mixed: list[dict[str, Any]] = [
        {**first, "SessionToken": second["SessionToken"]},
        {**first, "SessionToken": None},
        {
            "AccessKeyId": DEV_KEY,
            "SecretAccessKey": DEV_SECRET,
            "SessionToken": first["SessionToken"],
        },
    ]
    for credentials in mixed:
        assert (
            refusal(sts_client(aws, credentials).get_caller_identity)[0] == "InvalidClientTokenId"
        )
    wrong = {**first, "SecretAccessKey": second["SecretAccessKey"]}
    assert refusal(sts_client(aws, wrong).get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_a_session_ends_by_the_session_clock_and_signatures_are_judged_by_the_wall(
    aws: EmbeddedAws,
) -> None:
    token = sts_client(aws).get_session_token(DurationSeconds=900)["Credentials"]
    aws.clock.advance(840)  # both clocks go on meanwhile
    assert sts_client(aws, token).get_caller_identity()["Account"] == DEV
    aws.clock.advance(60)
    code, text = refusal(sts_client(aws, token).get_caller_identity)
    assert (code, text) == ("ExpiredToken", "The security token included in the request is expired")
    assert sts_client(aws).get_caller_identity()["Account"] == DEV


def test_a_clock_of_ones_own_dates_sessions(clock: FixedClock) -> None:
    with aws_server(clock=clock) as aws:
        expiration = sts_client(aws).get_session_token(DurationSeconds=900)["Credentials"][
            "Expiration"
        ]
        assert expiration == clock.now() + timedelta(seconds=900)


@pytest.mark.parametrize(
    ("minutes", "word"), [(16, "Signature expired"), (-16, "Signature not yet current")]
)
def test_a_wall_clock_that_is_off_refuses_signatures_and_shows_in_the_date(
    minutes: int, word: str
) -> None:
    wall = FixedClock(datetime.now(UTC) + timedelta(minutes=minutes))
    with aws_server(wall=wall) as aws:
        with pytest.raises(ClientError) as caught:
            sts_client(aws).get_caller_identity()
        assert word in caught.value.response["Error"]["Message"]
        assert caught.value.response["ResponseMetadata"]["HTTPHeaders"][
            "date"
        ] == wall.now().strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_a_region_that_is_off(aws: EmbeddedAws) -> None:
    state = default_state()
    state["accounts"][0]["disabled_regions"] = ["ap-east-1"]
    with aws_server(state) as limited:
        code, text = refusal(sts_client(limited, region="ap-east-1").get_caller_identity)
        assert code == "RegionDisabledException"
        assert text.startswith(f"STS is not activated in this region for account:{DEV}.")
        assert sts_client(limited).get_caller_identity()["Account"] == DEV
    assert sts_client(aws, region="ap-east-1").get_caller_identity()["Account"] == DEV


def test_a_role_or_user_that_is_gone_takes_its_sessions_along(aws: EmbeddedAws) -> None:
    token = sts_client(aws).get_session_token()["Credentials"]
    role = sts_client(aws).assume_role(RoleArn=READER_ARN, RoleSessionName="me")["Credentials"]
    aws.world = type(aws.world)(accounts=())
    for credentials in (token, role):
        assert (
            refusal(sts_client(aws, credentials).get_caller_identity)[0] == "InvalidClientTokenId"
        )
