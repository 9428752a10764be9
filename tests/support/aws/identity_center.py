"""Identity Center of the AWS emulator for tests: states, clients, and a person who clicks.

    with aws_server(identity_center_state()) as aws:
        env |= endpoint_variables(aws)
        token = sign_in(aws, "dana")                # by device code, approved over HTTP
        back = approve(url, user="dana")            # what the browser would be sent to
        portal_client(aws).list_accounts(accessToken=token.access_token)

`browser_program` is an executable for BROWSER that opens a page and clicks.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from support.aws.emulator import allow
from xswitch.demo.home import sso_endpoint_rules
from xswitch.emulator.server import EmbeddedAws

START_URL, SSO_REGION, SESSION = "https://corp.awsapps.com/start", "eu-west-1", "corp"
MANAGEMENT, WORK, SANDBOX = "111111111111", "222222222222", "333333333333"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = ("sso:account:access",)
CALLBACK = "http://127.0.0.1/oauth/callback"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def identity_center_state() -> dict[str, Any]:
    """Return a state with three accounts and an instance.

    dana has Admin and ReadOnly in work by a group, ReadOnly in management, Billing in sandbox,
    which isn't provisioned; eve has Look, an inline policy, in work alone.
    """
    names = {MANAGEMENT: "management", WORK: "work", SANDBOX: "sandbox"}
    look = allow(Action="iam:ListRoles", Resource="*")
    return {
        "version": 1,
        "accounts": [
            {"id": account, "name": name, "email": f"{name}@example.com"}
            for account, name in names.items()
        ],
        "identity_center": [
            {
                "start_url": START_URL,
                "region": SSO_REGION,
                "aliases": ["https://d-1234567890.awsapps.com/start"],
                "redirects": ["/corp"],
                "users": [{"name": "dana", "email": "dana@example.com"}, {"name": "eve"}],
                "groups": [{"name": "Builders", "users": ["dana"]}],
                "permission_sets": [
                    {
                        "name": "Admin",
                        "session_duration": 7_200,
                        "managed_policies": [ADMINISTRATOR],
                    },
                    {"name": "ReadOnly", "managed_policies": [READ_ONLY]},
                    {"name": "Billing"},
                    {"name": "Look", "inline_policy": look},
                ],
                "assignments": [
                    {"account": WORK, "permission_set": "Admin", "group": "Builders"},
                    {"account": WORK, "permission_set": "ReadOnly", "group": "Builders"},
                    {"account": MANAGEMENT, "permission_set": "ReadOnly", "user": "dana"},
                    {
                        "account": SANDBOX,
                        "permission_set": "Billing",
                        "user": "dana",
                        "provisioned": False,
                    },
                    {"account": WORK, "permission_set": "Look", "user": "eve"},
                ],
            }
        ],
    }


def generated_state(
    accounts: int, roles: int, *, start_url: str = START_URL, region: str = SSO_REGION
) -> dict[str, Any]:
    """Return a state with so many accounts, in each of which dana has so many roles.

    Accounts are 100000000000, … and team-0000, …; roles are Role00, …
    """
    numbers = range(accounts)
    names = [f"Role{number:02}" for number in range(roles)]
    return {
        "version": 1,
        "accounts": [
            {"id": str(10**11 + number), "name": f"team-{number:04}"} for number in numbers
        ],
        "identity_center": [
            {
                "start_url": start_url,
                "region": region,
                "users": [{"name": "dana"}],
                "permission_sets": [{"name": name} for name in names],
                "assignments": [
                    {"account": str(10**11 + number), "permission_set": name, "user": "dana"}
                    for number in numbers
                    for name in names
                ],
            }
        ],
    }


def endpoint_variables(aws: EmbeddedAws, region: str = "") -> dict[str, str]:
    """Return the variables that lead clients to the emulator, as seen from `region`."""
    path = f"/region/{region}" if region else ""
    return {
        "AWS_ENDPOINT_URL_SSO": f"{aws.endpoint}{path}",
        "AWS_ENDPOINT_URL_SSO_OIDC": f"{aws.endpoint}{path}",
        "AWS_ENDPOINT_URL_STS": aws.endpoint,
    }


@cache
def _session() -> Any:
    return botocore.session.Session()


def _client(service: str, url: str, *, validate: bool) -> Any:
    config = Config(
        signature_version=UNSIGNED,
        retries={"total_max_attempts": 1},
        parameter_validation=validate,
        connect_timeout=5,
        read_timeout=10,
    )
    return _session().create_client(
        service, region_name=SSO_REGION, endpoint_url=url, config=config
    )


def oidc_client(aws: EmbeddedAws, region: str = "", *, validate: bool = True) -> Any:
    """Return a botocore client for sign-in, which doesn't retry."""
    url = endpoint_variables(aws, region)["AWS_ENDPOINT_URL_SSO_OIDC"]
    return _client("sso-oidc", url, validate=validate)


def portal_client(aws: EmbeddedAws, region: str = "", *, validate: bool = True) -> Any:
    """Return a botocore client for the portal, which doesn't retry."""
    url = endpoint_variables(aws, region)["AWS_ENDPOINT_URL_SSO"]
    return _client("sso", url, validate=validate)


class Form(HTMLParser):
    """The fields of the only form of a page that is posted."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and found.get("method") == "post":
            self.action = found["action"]
        elif tag == "input":
            self.fields[found["name"]] = found.get("value", "")


@dataclass(frozen=True)
class Page:
    """A response of a page; `location` is "" unless it redirects."""

    status: int
    text: str
    location: str = ""


def fetch(url: str, form: Mapping[str, str] | None = None, **headers: str) -> Page:
    """Get a URL, or post a form to it, without following redirects."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    path = parts._replace(scheme="", netloc="", fragment="").geturl()
    try:
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(form), {**kind, **headers})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return Page(answer.status, text, answer.headers.get("Location", ""))
    finally:
        connection.close()


def approve(url: str, *, user: str = "dana", deny: bool = False, follow: bool = False) -> str:
    """Open `/authorize?…` or `/device?…` and click Approve, or Deny.

    Returns where the browser is sent to, the page's text for a device. With `follow`, the browser
    goes there, as a real one does; then the text of that page is returned.
    """
    shown = fetch(url)
    if shown.location:
        answered = shown
    else:
        assert shown.status == 200, shown.text
        form = Form(shown.text)
        fields = {**form.fields, "user": user, "decision": "deny" if deny else "approve"}
        answered = fetch(urljoin(url, form.action), fields)
    if not answered.location:
        assert answered.status == 200, answered.text
        return answered.text
    return fetch(answered.location).text if follow else answered.location


@dataclass(frozen=True)
class SignedIn:
    """A client's sign-in, with its secrets as plain text."""

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    registration_expires_at: datetime


def sign_in(
    aws: EmbeddedAws,
    user: str = "dana",
    *,
    scopes: tuple[str, ...] = SCOPES,
    start_url: str = START_URL,
) -> SignedIn:
    """Sign in by device code; without scopes, there is no refresh token."""
    oidc = oidc_client(aws)
    scoped = {"scopes": list(scopes)} if scopes else {}
    client = oidc.register_client(clientName="tests", clientType="public", **scoped)
    known = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    device = oidc.start_device_authorization(**known, startUrl=start_url)
    approve(device["verificationUriComplete"], user=user)
    token = oidc.create_token(**known, grantType=DEVICE_GRANT, deviceCode=device["deviceCode"])
    return SignedIn(
        token["accessToken"],
        aws.clock.now() + timedelta(seconds=token["expiresIn"]),
        token.get("refreshToken", ""),
        client["clientId"],
        client["clientSecret"],
        datetime.fromtimestamp(client["clientSecretExpiresAt"], UTC),
    )


def write_shared_token(
    home: Path,
    cache_name: str,
    token: SignedIn,
    *,
    start_url: str = START_URL,
    region: str = SSO_REGION,
) -> Path:
    """Write a token to `~/.aws/sso/cache` in the form of the AWS CLI; return the file.

    `cache_name` is the sso-session's name, or the start URL of a profile of the older form.
    """
    form = "%Y-%m-%dT%H:%M:%SZ"
    data = {
        "startUrl": start_url,
        "region": region,
        "accessToken": token.access_token,
        "expiresAt": token.expires_at.strftime(form),
        "clientId": token.client_id,
        "clientSecret": token.client_secret,
        "registrationExpiresAt": token.registration_expires_at.strftime(form),
    }
    if token.refresh_token:
        data["refreshToken"] = token.refresh_token
    folder = home / ".aws" / "sso" / "cache"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = hashlib.sha1(cache_name.encode(), usedforsecurity=False).hexdigest()
    file = folder / f"{name}.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    file.chmod(0o600)
    return file


def write_sso_config(home: Path, *, start_url: str = START_URL, region: str = SSO_REGION) -> Path:
    """Write `~/.aws/config`: sso-session corp, profiles work-admin, work-readonly, legacy-admin.

    The last one is of the older form.
    """
    where = f"sso_start_url = {start_url}\nsso_region = {region}\n"
    text = f"[sso-session {SESSION}]\n{where}sso_registration_scopes = {SCOPES[0]}\n"
    for name, role in (("work-admin", "Admin"), ("work-readonly", "ReadOnly")):
        text += f"\n[profile {name}]\nsso_session = {SESSION}\n" + _role(role)
    text += f"\n[profile legacy-admin]\n{where}" + _role("Admin")
    config = home / ".aws" / "config"
    config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.write_text(text, encoding="utf-8")
    return config


def _role(name: str) -> str:
    return f"sso_account_id = {WORK}\nsso_role_name = {name}\nregion = {SSO_REGION}\n"


_BROWSER = """#!{python}
import sys
sys.path[:0] = {path!r}
from support.aws.identity_center import browse
browse(sys.argv[1], {answer!r}, {user!r})
"""


def browser_program(folder: Path, answer: str = "approve", *, user: str = "dana") -> Path:
    """Write an executable for BROWSER, which answers the page of the URL that it's given.

    `answer` is approve, deny, nothing (it opens the page and leaves), fail (it exits with 1), twice
    (it calls back twice), or wrong_state (it calls back with another state). The URLs it was
    started with are appended to `opened` in the folder, one a line.
    """
    program = folder / f"browser-{answer}"
    tests = str(Path(__file__).parents[2])
    text = _BROWSER.format(python=sys.executable, path=[tests], answer=answer, user=user)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o700)
    return program


def browse(url: str, answer: str, user: str) -> None:
    """Act as a `browser_program`."""
    with (Path(sys.argv[0]).parent / "opened").open("a", encoding="utf-8") as log:
        log.write(f"{url}\n")
    if answer == "fail":
        raise SystemExit(1)
    if answer == "nothing":
        fetch(url)
        return
    back = approve(url, user=user, deny=answer == "deny")
    if not back.startswith("http"):
        return
    if answer == "wrong_state":
        back = back.replace("state=", "state=x")
    for _ in range(2 if answer == "twice" else 1):
        fetch(back)


def write_endpoint_models(home: Path, aws: EmbeddedAws) -> None:
    """Lead clients on botocore to the emulator by `~/.aws/models`, where they read no variable.

    The AWS CLI knows the variables of `endpoint_variables` from version 2.13 on.
    """
    rules = sso_endpoint_rules(aws.endpoint)
    for service in ("sso", "sso-oidc"):
        folder = home / ".aws" / "models" / service / "2019-06-10"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "endpoint-rule-set-1.json").write_text(rules, encoding="utf-8")
