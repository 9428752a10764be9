"""Which sessions a config has, and what is wrong with their settings."""

from __future__ import annotations

import pytest

from support.config.checks import view as view_of
from xswitch.core.errors import SourceCredentialsError, TargetError
from xswitch.core.model import DEFAULT_SCOPES, Endpoint, Problem, SsoSession
from xswitch.core.roles.sources import find_sso_role
from xswitch.core.roles.sso_endpoints import with_endpoints
from xswitch.core.sso.sessions import (
    all_sessions,
    only_session,
    session_named,
    session_of_profile,
    session_with_url,
    stored_sessions,
)

CORP = "https://corp.awsapps.com/start"
LEGACY = "https://legacy.awsapps.com/start"
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

[sso-session nowhere]
sso_start_url = https://corp.awsapps.com/start
sso_region = Mars

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

[profile completed]
sso_session = half
sso_start_url = https://half.awsapps.com/start

[profile lost]
sso_session = gone

[profile against]
sso_session = corp
sso_region = us-east-1

[profile no-region]
sso_start_url = https://legacy.awsapps.com/start
sso_region = eu_west_1

[profile no-region-either]
sso_session = nowhere

[profile keys]
region = eu-west-1

[profile xs-portal]
credential_process = /usr/bin/xswitch
xswitch_role = 111111111111/Admin@https://removed.awsapps.com/start
xswitch_sso_start_url = https://removed.awsapps.com/start
xswitch_sso_region = eu-west-1
xswitch_sso_account_id = 111111111111
xswitch_sso_role_name = Admin

[services local]
sso_oidc =
  endpoint_url = http://127.0.0.1:1/oidc
sso =
  endpoint_url = http://127.0.0.1:1/portal
"""
VIEW = view_of(CONFIG)


@pytest.mark.parametrize(
    ("profile", "label"),
    [("dev", "corp"), ("legacy", LEGACY), ("legacy-too", LEGACY), ("completed", "half")],
)
def test_the_session_of_a_profile(profile: str, label: str) -> None:
    found = session_of_profile(VIEW, VIEW.profiles[profile])
    assert isinstance(found, SsoSession)
    assert found.label == label


@pytest.mark.parametrize(
    ("profile", "code", "line"),
    [
        ("lost", "sso_session_missing", "sso_session = gone"),
        ("against", "sso_conflict", "sso_region = us-east-1"),
        ("no-region", "sso_invalid", "sso_region = eu_west_1"),
        ("no-region-either", "sso_invalid", "sso_region = Mars"),
    ],
)
def test_settings_that_cant_be_used_are_named_with_their_line(
    profile: str, code: str, line: str
) -> None:
    for found in (
        session_of_profile(VIEW, VIEW.profiles[profile]),
        find_sso_role(VIEW, VIEW.profiles[profile]),
    ):
        assert isinstance(found, Problem)
        if found.code != "sso_incomplete":  # of a role, which has neither account nor name
            assert (found.code, CONFIG.splitlines()[(found.line or 0) - 1]) == (code, line)


def test_a_session_by_its_name() -> None:
    assert session_named(VIEW, "corp").scopes == ("sso:account:access", "codewhisperer:completions")
    assert session_named(VIEW, "other").scopes == DEFAULT_SCOPES
    for name in ("half", "nowhere"):
        with pytest.raises(SourceCredentialsError) as caught:
            session_named(VIEW, name)
        assert caught.value.code == "sso_config"
        assert "Correct it at " in caught.value.next_step
    with pytest.raises(TargetError):
        session_named(VIEW, "nobody")


def test_every_session_once() -> None:
    assert [session.label for session in all_sessions(VIEW)] == ["corp", "other", LEGACY, "half"]


@pytest.mark.parametrize(
    ("url", "label", "found"),
    [
        ("https://CORP.awsapps.com/start/#/", "", ""),
        ("https://corp.awsapps.com/start#/", "corp", "corp"),
        ("https://corp.awsapps.com/start", "twin", "twin"),
        ("https://corp.awsapps.com/start", "", ""),
        ("https://corp.awsapps.com/start/", "", "/"),
        ("https://corp.awsapps.com/start", "removed", "corp"),
        ("https://other.awsapps.com/start", "", "other"),
        ("https://corp.awsapps.com/begin", "", None),
    ],
)
def test_a_session_by_its_start_url(url: str, label: str, found: str | None) -> None:
    """A start URL is the only name of a session without one, so it goes before the others."""
    sessions = [
        SsoSession("corp", CORP, "eu-west-1"),
        SsoSession("twin", f"{CORP}/", "eu-west-1"),
        SsoSession("", CORP, "eu-west-1"),
        SsoSession("", f"{CORP}/", "eu-west-1"),
        SsoSession("other", "https://other.awsapps.com/start/#", "eu-west-1"),
    ]
    session = session_with_url(sessions, url, label)
    shown = None if session is None else session.name or session.start_url.removeprefix(CORP)
    assert shown == found


def test_the_only_session_needs_no_name() -> None:
    only = CONFIG.partition("[sso-session other]")[0]
    assert only_session(view_of(only)).label == "corp"
    with pytest.raises(TargetError) as caught:
        only_session(view_of("[profile x]\nregion = eu-west-1\n"))
    assert caught.value.next_step == "xswitch sso add"
    with pytest.raises(TargetError) as caught:
        only_session(VIEW)
    assert (caught.value.code, caught.value.next_step) == ("target_ambiguous", "xswitch login corp")


def test_a_profile_without_a_session() -> None:
    assert session_of_profile(VIEW, VIEW.profiles["keys"]) is None


def test_the_session_of_a_managed_profile_whose_own_profile_is_gone() -> None:
    [stored] = stored_sessions(VIEW)
    assert (stored.name, stored.start_url) == ("", "https://removed.awsapps.com/start")
    damaged = CONFIG.replace("xswitch_sso_region = eu-west-1", "xswitch_sso_region = a b")
    assert not list(stored_sessions(view_of(damaged)))


def test_endpoints() -> None:
    session = session_named(VIEW, "corp")
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
    other = with_endpoints(session_named(VIEW, "other"), VIEW, {})
    assert (other.oidc, other.portal) == (Endpoint("us-east-1"), Endpoint("us-east-1"))
    ignored = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert with_endpoints(session, VIEW, ignored).oidc == Endpoint("eu-west-1")


def test_the_endpoint_of_one_profile_isnt_that_of_the_session() -> None:
    local = "\n[profile local]\nsso_session = other\nendpoint_url = http://127.0.0.1:4566\n"
    real = "\n[profile real]\nsso_session = other\nregion = eu-west-1\n"
    view = view_of(CONFIG + real + local)
    assert with_endpoints(session_named(view, "other"), view, {}).oidc == Endpoint("us-east-1")
