"""Which session a name, a profile, or nothing stands for."""

from __future__ import annotations

import pytest

from support.config.checks import view as view_of
from xswitch.core.errors import SourceCredentialsError, TargetError, XswitchError
from xswitch.core.model import DEFAULT_SCOPES, Endpoint
from xswitch.core.roles.sso_endpoints import with_endpoints
from xswitch.core.sso.sessions import all_sessions, find_session, session_of_profile

CONFIG = """\
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access, codewhisperer:completions ,

[sso-session other]
sso_start_url = https://other.awsapps.com/start#/
sso_region = us-east-1

[sso-session half]
sso_region = us-east-1

[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin
services = local

[profile legacy]
sso_start_url = https://legacy.awsapps.com/start
sso_region = us-gov-west-1
sso_account_id = 111111111111
sso_role_name = Admin

[profile legacy-too]
sso_start_url = https://legacy.awsapps.com/start
sso_region = us-gov-west-1

[profile lost]
sso_session = nowhere

[profile against]
sso_session = corp
sso_region = us-east-1

[profile keys]
region = eu-west-1

[services local]
sso_oidc =
  endpoint_url = http://127.0.0.1:1/oidc
sso =
  endpoint_url = http://127.0.0.1:1/portal
"""
VIEW = view_of(CONFIG)


@pytest.mark.parametrize(
    ("target", "current", "label"),
    [
        ("corp", "", "corp"),
        ("dev", "", "corp"),
        ("", "dev", "corp"),
        ("other", "dev", "other"),
        ("legacy", "", "https://legacy.awsapps.com/start"),
        ("https://corp.awsapps.com/start/", "", "corp"),
        ("https://other.awsapps.com/start", "", "other"),
        ("https://legacy.awsapps.com/start", "", "https://legacy.awsapps.com/start"),
    ],
)
def test_found(target: str, current: str, label: str) -> None:
    assert find_session(VIEW, target, current).label == label


@pytest.mark.parametrize(
    ("target", "kind", "code"),
    [
        ("nobody", TargetError, "target_unknown"),
        ("keys", TargetError, "target_unknown"),
        ("", TargetError, "target_ambiguous"),
        ("half", SourceCredentialsError, "sso_config"),
        ("lost", SourceCredentialsError, "sso_config"),
        ("against", SourceCredentialsError, "sso_config"),
    ],
)
def test_not_found(target: str, kind: type[XswitchError], code: str) -> None:
    with pytest.raises(kind) as caught:
        find_session(VIEW, target, "keys")
    assert caught.value.code == code
    assert caught.value.next_step


def test_the_only_session_needs_no_name() -> None:
    only = CONFIG.partition("[sso-session other]")[0]
    assert find_session(view_of(only), "", "default").label == "corp"
    with pytest.raises(TargetError) as caught:
        find_session(view_of("[profile x]\nregion = eu-west-1\n"), "", "x")
    assert caught.value.next_step == "xswitch sso add"


def test_scopes() -> None:
    assert find_session(VIEW, "corp", "").scopes == (
        "sso:account:access",
        "codewhisperer:completions",
    )
    assert find_session(VIEW, "other", "").scopes == DEFAULT_SCOPES


def test_every_session_once() -> None:
    assert [session.label for session in all_sessions(VIEW)] == [
        "corp",
        "other",
        "https://legacy.awsapps.com/start",
    ]


def test_a_profile_without_a_session() -> None:
    assert session_of_profile(VIEW, VIEW.profiles["keys"]) is None


def test_endpoints() -> None:
    session = find_session(VIEW, "corp", "")
    found = with_endpoints(session, VIEW, {})
    assert found.oidc == Endpoint("eu-west-1", "http://127.0.0.1:1/oidc")
    assert found.portal == Endpoint("eu-west-1", "http://127.0.0.1:1/portal")
    env = {
        "AWS_ENDPOINT_URL_SSO_OIDC": "http://127.0.0.1:2",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": "/ca.pem",
    }
    found = with_endpoints(session, VIEW, env)
    assert found.oidc == Endpoint("eu-west-1", "http://127.0.0.1:2", True, False, "/ca.pem")
    other = with_endpoints(find_session(VIEW, "other", ""), VIEW, {})
    assert (other.oidc, other.portal) == (Endpoint("us-east-1"), Endpoint("us-east-1"))
    ignored = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert with_endpoints(session, VIEW, ignored).oidc == Endpoint("eu-west-1")
