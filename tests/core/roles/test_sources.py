from __future__ import annotations

import pytest

from support.roles import CREDENTIALS, KEYS, arn, chain, codes, error, role, roles, view
from xswitch.core.model import (
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
)
from xswitch.core.roles.chains import ChainResolver, ResolvedChain

DEV = {"dev": KEYS}


@pytest.mark.parametrize(
    ("source", "kind", "temporary"),
    [
        ("Environment", CredentialSourceKind.ENVIRONMENT, False),
        ("Ec2InstanceMetadata", CredentialSourceKind.EC2_METADATA, True),
        ("EcsContainer", CredentialSourceKind.ECS_CONTAINER, True),
    ],
)
def test_the_three_credential_sources(
    source: str, kind: CredentialSourceKind, *, temporary: bool
) -> None:
    config_view = view({"r": {"role_arn": arn("A"), "credential_source": source}})
    base = chain(roles(config_view, env={"AWS_ACCESS_KEY_ID": "AKIDENV"})["r"]).base
    assert (base.kind, base.profile, base.temporary) == (kind, None, temporary)
    assert base.origin is not None
    assert base.origin.line == 3


def test_keys_in_the_environment_have_different_identities() -> None:
    config_view = view({"r": {"role_arn": arn("A"), "credential_source": "Environment"}})

    def base(env: dict[str, str]) -> tuple[str, bool, list[str]]:
        resolved = roles(config_view, env=env)["r"]
        return chain(resolved).base.identity, chain(resolved).base.temporary, codes(resolved)

    assert base({"AWS_ACCESS_KEY_ID": "AKID1"}) != base({"AWS_ACCESS_KEY_ID": "AKID2"})
    assert base({"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SESSION_TOKEN": "t"})[1]
    assert base({})[2] == ["environment_empty"]


def source_of(config_view: ConfigView, name: str = "src") -> CredentialSource:
    resolved = ChainResolver(config_view, {}).resolve_source(name)
    assert isinstance(resolved, ResolvedChain)
    assert resolved.chain.hops == ()
    return resolved.chain.base


def base(config_view: ConfigView, name: str = "src") -> tuple[CredentialSourceKind, bool]:
    resolved = source_of(config_view, name)
    assert resolved.profile == name
    return resolved.kind, resolved.temporary


PROCESS = {"credential_process": "/opt/tool --password hunter2"}


LOGIN = {"login_session": "arn:aws:iam::111111111111:user/me"}


SSO = {
    "sso_account_id": "222222222222",
    "sso_role_name": "R",
    "sso_start_url": "https://x/start",
    "sso_region": "eu-west-1",
}


WEB = {"role_arn": arn("Web"), "web_identity_token_file": "/token"}


@pytest.mark.parametrize(
    ("config", "credentials", "kind"),
    [
        (WEB | SSO | LOGIN | PROCESS | KEYS, KEYS, CredentialSourceKind.WEB_IDENTITY),
        (SSO | LOGIN | PROCESS | KEYS, KEYS, CredentialSourceKind.SSO),
        (LOGIN | PROCESS | KEYS, KEYS, CredentialSourceKind.STATIC_KEYS),
        (LOGIN | PROCESS | KEYS, {}, CredentialSourceKind.LOGIN_SESSION),
        (PROCESS | KEYS, {}, CredentialSourceKind.CREDENTIAL_PROCESS),
        (KEYS, {}, CredentialSourceKind.STATIC_KEYS),
    ],
)
def test_the_order_inside_one_profile(
    config: dict[str, str], credentials: dict[str, str], kind: CredentialSourceKind
) -> None:
    assert base(view({"src": config}, {"src": credentials} if credentials else None))[0] is kind


def test_static_keys_with_a_token_are_temporary() -> None:
    assert base(view({"src": KEYS | {"aws_session_token": "t"}})) == (
        CredentialSourceKind.STATIC_KEYS,
        True,
    )
    assert base(view({"src": KEYS})) == (CredentialSourceKind.STATIC_KEYS, False)


def test_a_process_is_known_by_a_digest_and_shown_by_its_name() -> None:
    resolved = source_of(
        view({"src": PROCESS, "other": {"credential_process": "/opt/tool --password other"}}), "src"
    )
    assert resolved.detail == "tool"
    assert "hunter2" not in repr(resolved)
    assert (
        resolved.identity
        != source_of(view({"src": {"credential_process": "/opt/tool"}}), "src").identity
    )
    assert (
        source_of(view({"src": {"credential_process": "/My\\ Tools/tool -x"}}), "src").detail
        == "tool"
    )
    assert source_of(view({"src": {"credential_process": "PW=hunter2 tool"}}), "src").detail == ""


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"region": "eu-west-1"}, "no_credentials"),
        ({"aws_access_key_id": "AKID"}, "partial_keys"),
        ({"aws_secret_access_key": "s"}, "partial_keys"),
        (
            {"aws_secret_access_key": "s", "role_arn": arn("A"), "source_profile": "dev"},
            "partial_keys",
        ),
        ({"sso_account_id": "222222222222"}, "sso_incomplete"),
        ({"sso_role_name": "R", "sso_start_url": "u", "sso_region": "r"}, "sso_incomplete"),
        (SSO | {"sso_session": "nope"}, "sso_session_missing"),
        (SSO | {"sso_session": "corp"}, "sso_conflict"),
        ({"web_identity_token_file": "/t"}, "web_identity_no_role"),
        ({"role_arn": arn("A"), "web_identity_token_file": ""}, "no_credentials"),
    ],
)
def test_an_invalid_source_is_named(properties: dict[str, str], code: str) -> None:
    sessions = {"corp": {"sso_start_url": "https://other/start", "sso_region": "eu-west-1"}}
    resolved = roles(view({"top": role("src"), "src": properties}, DEV, sso_sessions=sessions))[
        "top"
    ]
    problem = error(resolved)
    assert (problem.code, problem.profile) == (code, "src")
    assert '"src"' in problem.message


def test_sso_by_session() -> None:
    sessions = {
        "corp": {
            "sso_start_url": "https://x/start",
            "sso_region": "eu-west-1",
            "sso_registration_scopes": "all",
        }
    }
    profile = {"sso_session": "corp", "sso_account_id": "222222222222", "sso_role_name": "R"}
    config_view = view(
        {"src": profile, "same": profile | {"sso_region": "eu-west-1"}, "legacy": SSO},
        sso_sessions=sessions,
    )
    assert base(config_view) == (CredentialSourceKind.SSO, True)
    assert source_of(config_view, "src").identity == source_of(config_view, "same").identity
    assert source_of(config_view, "src").identity != source_of(config_view, "legacy").identity
    assert source_of(config_view, "src").detail == "222222222222/R at corp"


def test_sso_needs_an_account_or_a_role() -> None:
    sessions = {"corp": {"sso_start_url": "https://x/start", "sso_region": "eu-west-1"}}
    assert (
        base(view({"src": {"sso_session": "corp", **PROCESS}}, sso_sessions=sessions))[0]
        is CredentialSourceKind.CREDENTIAL_PROCESS
    )


def test_the_origin_of_keys_in_the_credentials_file() -> None:
    origin = source_of(view({}, {"x": {}, "dev": KEYS}), "dev").origin
    assert origin is not None
    assert (origin.file, origin.line) == (CREDENTIALS, 3)
