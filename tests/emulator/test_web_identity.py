"""AssumeRoleWithWebIdentity: whose tokens it takes, for which roles, and what comes of it."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from conftest import FixedClock
from support.aws.emulator import (
    DEV,
    HUB,
    PROD,
    allow,
    aws_server,
    default_state,
    refusal,
    role,
    sts_client,
    trust,
)
from support.aws.web_identity import AUDIENCE, ISSUER_URL, SUBJECT, Issuer, signing_key
from support.identity.clients import CLIENTS, Client
from xswitch.emulator.server import EmbeddedAws

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = Issuer()
OTHER = Issuer("https://other.example.com")
STRANGER = Issuer("https://stranger.example.com")
NAMES = ("Web", "Tagged", "Long", "Denied", "Else", "ByName", "Deep")
TAGS, SOURCE = "https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity"
NOT_JWT = (
    "InvalidIdentityToken",
    (
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access"
        " Token)"
    ),
)
NO_KEY = (
    "InvalidIdentityToken",
    (
        "Couldn't retrieve verification key from your identity provider,  please reference"
        " AssumeRoleWithWebIdentity documentation for requirements"
    ),
)
BAD_SIGNATURE = ("InvalidIdentityToken", "The signature of the ID Token is invalid")
EARLY = ("InvalidIdentityToken", "The ID Token is not valid yet")
AUDIENCES = ("InvalidIdentityToken", "Incorrect token audience")
NOT_AUTHORIZED = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


def arn(name: str, account: str = PROD) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def state() -> dict[str, Any]:
    """Return a state where PROD knows ISSUER and OTHER, and roles trust the first."""
    made = default_state()
    prod = next(account for account in made["accounts"] if account["id"] == PROD)
    prod["oidc_providers"] = [ISSUER.provider(), OTHER.provider("a", "b")]
    tagging = ("sts:TagSession", "sts:SetSourceIdentity")
    anyone = {"StringLike": {f"{ISSUER.name}:sub": "*"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}
    chained = {"chain": allow(Action="sts:AssumeRole", Resource="*")}
    prod["roles"] = [
        role("Web", ISSUER.trust(PROD), policies=chained),
        role("Tagged", ISSUER.trust(PROD, *tagging, **anyone)),
        role("Long", ISSUER.trust(PROD), max_session_duration=43_200),
        role("Denied", {"Statement": [ISSUER.trust(PROD)["Statement"][0], deny]}),
        role("Else", OTHER.trust(PROD, StringEquals={f"{OTHER.name}:aud": ["a", "b"]})),
        role("ByName", ISSUER.trust(PROD, StringEquals={"sts:RoleSessionName": "${aws:userid}"})),
        role("Deep", trust(arn("Web"))),
        role("Plain", trust(f"arn:aws:iam::{DEV}:root")),
    ]
    return made


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state(), clock=FixedClock(NOW)) as server:
        yield server


def unsigned(aws: EmbeddedAws) -> Any:
    config = Config(
        signature_version=UNSIGNED, retries={"total_max_attempts": 1}, parameter_validation=False
    )
    return botocore.session.Session().create_client(
        "sts", region_name="eu-west-1", endpoint_url=aws.endpoint, config=config
    )


def assume(aws: EmbeddedAws, token: str, name: str = "Web", **more: Any) -> Any:
    wanted = {"RoleArn": arn(name), "RoleSessionName": "pod", "WebIdentityToken": token, **more}
    return unsigned(aws).assume_role_with_web_identity(
        **{key: value for key, value in wanted.items() if value is not None}
    )


def refused(aws: EmbeddedAws, token: str, name: str = "Web", **more: Any) -> tuple[str, str]:
    return refusal(lambda: assume(aws, token, name, **more))


def test_a_token_gives_a_session_of_the_role(aws: EmbeddedAws) -> None:
    made = assume(aws, ISSUER.token(NOW))
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{PROD}:assumed-role/Web/pod"
    assert made["SubjectFromWebIdentityToken"] == SUBJECT
    assert (made["Audience"], made["Provider"]) == (AUDIENCE, ISSUER.arn(PROD))
    assert made["Credentials"]["Expiration"] == NOW + timedelta(seconds=3_600)
    identity = sts_client(aws, made["Credentials"]).get_caller_identity()
    assert identity["Arn"] == made["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == made["AssumedRoleUser"]["AssumedRoleId"]
    call = aws.calls[0]
    assert (call.action, call.role_arn, call.access_key_id, call.error) == (
        "AssumeRoleWithWebIdentity",
        arn("Web"),
        "",
        "",
    )
    aws.clock.advance(3_600)
    code, _ = refusal(sts_client(aws, made["Credentials"]).get_caller_identity)
    assert code == "ExpiredToken"


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_keys_of_every_algorithm_and_after_a_change_of_keys(algorithm: str) -> None:
    issuer = Issuer(algorithm=algorithm, kid="new")
    made = state()
    prod = next(account for account in made["accounts"] if account["id"] == PROD)
    prod["oidc_providers"][0]["jwks"]["keys"].append(issuer.provider()["jwks"]["keys"][0])
    with aws_server(made, clock=FixedClock(NOW)) as aws:
        for one in (issuer, ISSUER):
            assert assume(aws, one.token(NOW))["Audience"] == AUDIENCE


def _forged(**header: Any) -> Callable[[], str]:
    return lambda: ISSUER.token(NOW, header=header)


def _claims(**claims: Any) -> Callable[[], str]:
    return lambda: ISSUER.token(NOW, **claims)


def _by_another_key() -> str:
    forger = Issuer()
    forger.key = signing_key("ES256", 1)
    return forger.token(NOW)


WRONG: dict[str, tuple[Callable[[], str], tuple[str, str]]] = {
    "text": (lambda: "no token", NOT_JWT),
    "access token": (lambda: "aoaAAAA.BBBB", NOT_JWT),
    **{
        f"without {name}": (
            _claims(**{name: None}),
            ("InvalidIdentityToken", f"Missing a required claim: {name}"),
        )
        for name in ("iss", "aud", "sub", "exp", "iat")
    },
    **{
        f"{name} is {value!r}": (_claims(**{name: value}), NOT_JWT)
        for name, values in {
            "iss": (1, ""),
            "sub": ("", ["a"]),
            "aud": ("", [], [""], [AUDIENCE, 1], 1),
            "exp": ("soon", True),
            "iat": ("now",),
            "nbf": ("now",),
        }.items()
        for value in values
    },
    "unknown issuer": (
        lambda: STRANGER.token(NOW),
        (
            "InvalidIdentityToken",
            f"No OpenIDConnect provider found in your account for {STRANGER.url}",
        ),
    ),
    **{
        f"issuer {url}": (
            _claims(iss=url),
            ("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {url}"),
        )
        for url in (ISSUER_URL + "/", ISSUER_URL.upper(), ISSUER_URL.removesuffix("/ci"))
    },
    "unknown key": (_forged(kid="2"), NO_KEY),
    "no key named": (_forged(kid=""), NO_KEY),
    "another's key": (_by_another_key, BAD_SIGNATURE),
    "another issuer's token": (lambda: OTHER.token(NOW, iss=ISSUER_URL, aud="x"), AUDIENCES),
    **{
        f"algorithm {name}": (_forged(alg=name), BAD_SIGNATURE)
        for name in ("none", "HS256", "RS256")
    },
    **{
        f"expired {ago} s ago": (
            _claims(exp=SECONDS - ago),
            (
                "ExpiredTokenException",
                (
                    f"Token expired: current date/time {SECONDS} must be before the expiration"
                    f" date/time {SECONDS - ago}"
                ),
            ),
        )
        for ago in (0, 1, 86_400)
    },
    "issued in the future": (_claims(iat=SECONDS + 301), EARLY),
    "not yet valid": (_claims(nbf=SECONDS + 301), EARLY),
    "other audience": (_claims(aud="x"), AUDIENCES),
    "other audiences": (_claims(aud=["x", "y"]), AUDIENCES),
    "other party": (_claims(azp="x"), AUDIENCES),
    "other subject": (_claims(sub="repo:o/other"), NOT_AUTHORIZED),
}


@pytest.mark.parametrize("case", WRONG)
def test_tokens_that_are_refused(aws: EmbeddedAws, case: str) -> None:
    make, wanted = WRONG[case]
    assert refused(aws, make()) == wanted
    assert aws.calls[-1].error == wanted[0]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": SECONDS + 1},
        {"exp": SECONDS + 0.5 + 1},
        {"iat": SECONDS + 299},
        {"nbf": SECONDS + 299},
        {"iat": SECONDS - 86_400 * 30},
        {"aud": ["x", AUDIENCE]},
        {"azp": AUDIENCE, "aud": "x"},
        {"azp": ""},
    ],
    ids=str,
)
def test_tokens_that_are_just_right(aws: EmbeddedAws, claims: dict[str, Any]) -> None:
    assert assume(aws, ISSUER.token(NOW, **claims))["Audience"] == AUDIENCE


def test_a_token_expires_by_the_clock_of_sessions(aws: EmbeddedAws) -> None:
    token = ISSUER.token(NOW)
    aws.clock.advance(3_500)  # the clock also goes on by itself
    assume(aws, token)
    aws.clock.advance(100)
    assert refused(aws, token)[0] == "ExpiredTokenException"


@pytest.mark.parametrize("name", ["Denied", "Else", "ByName", "Plain", "Missing", "AWSNone"])
def test_roles_that_do_not_trust_it_and_none_at_all_read_alike(aws: EmbeddedAws, name: str) -> None:
    assert refused(aws, ISSUER.token(NOW), name) == NOT_AUTHORIZED


def test_a_provider_belongs_to_its_account(aws: EmbeddedAws) -> None:
    for account in (HUB, "999999999999"):
        code, text = refused(aws, ISSUER.token(NOW), RoleArn=arn("Web", account))
        assert code == "InvalidIdentityToken"
        assert text.startswith("No OpenIDConnect provider found in your account")


def test_each_provider_has_its_own_audiences_and_conditions(aws: EmbeddedAws) -> None:
    for audience in ("a", "b"):
        made = assume(aws, OTHER.token(NOW, aud=audience), "Else")
        assert (made["Audience"], made["Provider"]) == (audience, OTHER.arn(PROD))
    assert refused(aws, OTHER.token(NOW), "Else") == AUDIENCES
    assert refused(aws, OTHER.token(NOW, aud="a"), "Web") == NOT_AUTHORIZED


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"WebIdentityToken": None}, "ValidationError", "'webIdentityToken'"),
        ({"WebIdentityToken": "abc"}, "ValidationError", "greater than or equal to 4"),
        ({"WebIdentityToken": "a" * 20_001}, "ValidationError", "less than or equal to 20000"),
        ({"RoleArn": None, "RoleSessionName": None}, "ValidationError", "2 validation errors"),
        ({"RoleSessionName": "a b"}, "ValidationError", "regular expression"),
        ({"RoleArn": "arn:aws:iam::222222222222:user/x"}, "ValidationError", "ARN is invalid"),
        ({"DurationSeconds": 899}, "ValidationError", "'durationSeconds'"),
        ({"DurationSeconds": 3_601}, "ValidationError", "MaxSessionDuration"),
        ({"Policy": "{"}, "MalformedPolicyDocument", "invalid Json"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/Nothing"}]}, "InvalidParameterValue", ""),
        ({"ProviderId": "graph.facebook.com"}, "InvalidIdentityToken", "graph.facebook.com"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_parameters(aws: EmbeddedAws, more: dict[str, Any], code: str, words: str) -> None:
    found = refused(aws, ISSUER.token(NOW), **more)
    assert found[0] == code
    assert words in found[1]


def test_what_only_assume_role_has_is_ignored(aws: EmbeddedAws) -> None:
    tags = "&Tags.member.1.Key=a&Tags.member.1.Value=b&SourceIdentity=x&ExternalId=1"
    body = (
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=pod"
        f"&RoleArn={arn('Web')}&WebIdentityToken={ISSUER.token(NOW)}{tags}"
    )
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=10)
    connection.request("POST", "/", body)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, text
    assert "<SourceIdentity>" not in text


def test_a_long_session_is_no_chained_one_but_the_next_is(aws: EmbeddedAws) -> None:
    made = assume(aws, ISSUER.token(NOW), "Long", DurationSeconds=43_200)
    assert made["Credentials"]["Expiration"] == NOW + timedelta(hours=12)
    web = sts_client(aws, assume(aws, ISSUER.token(NOW))["Credentials"])
    web.assume_role(RoleArn=arn("Deep"), RoleSessionName="me")
    code, text = refusal(
        lambda: web.assume_role(RoleArn=arn("Deep"), RoleSessionName="me", DurationSeconds=3_601)
    )
    assert (code, "role chaining" in text) == ("ValidationError", True)


def test_tags_and_source_identity_come_from_the_token(aws: EmbeddedAws) -> None:
    claims: dict[str, Any] = {
        TAGS: {"principal_tags": {"team": ["a"], "cost": "1"}, "transitive_tag_keys": ["team"]},
        SOURCE: "dana",
    }
    made = assume(aws, ISSUER.token(NOW, **claims), "Tagged")
    assert made["SourceIdentity"] == "dana"
    assert made["PackedPolicySize"] > 0
    session = aws.store.get(made["Credentials"]["AccessKeyId"])
    assert session is not None
    assert dict(session.tags) == {"team": "a", "cost": "1"}
    assert (session.transitive, session.source_identity) == (frozenset({"team"}), "dana")
    assert session.federated_provider == ISSUER.arn(PROD)
    for claim in ({TAGS: {"principal_tags": {"team": ["a"]}}}, {SOURCE: "dana"}):
        assert refused(aws, ISSUER.token(NOW, **claim)) == NOT_AUTHORIZED
        assume(aws, ISSUER.token(NOW, **claim), "Tagged")


@pytest.mark.parametrize(
    "claims",
    [
        {TAGS: "text"},
        {TAGS: {"principal_tags": ["team"]}},
        {TAGS: {"principal_tags": {"team": ["a", "b"]}}},
        {TAGS: {"principal_tags": {"aws:team": ["a"]}}},
        {TAGS: {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": ["other"]}},
        {TAGS: {"principal_tags": {"team": ["a" * 257]}}},
        {SOURCE: "x"},
        {SOURCE: "aws:dana"},
    ],
    ids=str,
)
def test_malformed_tags_and_identities(aws: EmbeddedAws, claims: dict[str, Any]) -> None:
    code, _ = refused(aws, ISSUER.token(NOW, **claims), "Tagged")
    assert code in {"InvalidIdentityToken", "InvalidParameterValue", "ValidationError"}


def test_policies_see_the_provider_of_a_session() -> None:
    made = state()
    prod = next(account for account in made["accounts"] if account["id"] == PROD)
    condition = {"StringEquals": {"aws:FederatedProvider": ISSUER.arn(PROD)}}
    rule = {"keys": allow(Action="sts:GetAccessKeyInfo", Resource="*", Condition=condition)}
    prod["roles"][0]["policies"] = rule
    plain = next(one for one in prod["roles"] if one["name"] == "Plain")
    plain["policies"] = rule
    with aws_server(made, clock=FixedClock(NOW)) as aws:
        asked = {"AccessKeyId": "AKIAQRSTUVWXYZ234567"}
        web = sts_client(aws, assume(aws, ISSUER.token(NOW))["Credentials"])
        assert web.get_access_key_info(**asked)["Account"] == DEV
        other = sts_client(aws).assume_role(RoleArn=arn("Plain"), RoleSessionName="me")
        code, _ = refusal(sts_client(aws, other["Credentials"]).get_access_key_info, **asked)
        assert code == "AccessDenied"


@pytest.mark.parametrize("client", CLIENTS[:3], ids=lambda client: client.name)
@pytest.mark.parametrize("way", ["profile", "variables"])
def test_real_clients(tmp_path: Path, client: Client, way: str) -> None:
    with aws_server(state()) as aws:
        file = tmp_path / "token"
        file.write_text(ISSUER.token(aws.clock.now()), encoding="utf-8")
        config = tmp_path / ".aws" / "config"
        config.parent.mkdir()
        env = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            # Go's provider reads no AWS_ENDPOINT_URL
            "AWS_ENDPOINT_URL_STS": aws.endpoint,
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if way == "profile":
            lines = f"[profile web]\nrole_arn = {arn('Web')}\nweb_identity_token_file = {file}\n"
            config.write_text(lines, encoding="utf-8")
            env["AWS_PROFILE"] = "web"
        else:
            env |= {"AWS_ROLE_ARN": arn("Web"), "AWS_WEB_IDENTITY_TOKEN_FILE": str(file)}
        answer = client.ask(env, aws, tmp_path)
        assert (answer.account, answer.name) == (PROD, "Web"), answer
        file.write_text(ISSUER.token(aws.clock.now(), aud="x"), encoding="utf-8")
        answer = client.ask(env, aws, tmp_path)
        assert answer.refused
        assert aws.count("AssumeRoleWithWebIdentity") >= 2
