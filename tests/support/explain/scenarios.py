"""Accounts with one error, a user who switches, and profiles that may read policies.

A `Scene` is data: the state of the embedded AWS and the profiles of the config. `Stage` runs the
real use cases with it: STS, IAM and source adapters are real; files, vault and clock are fakes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from support.actions import FakePrompt, World
from xswitch.actions.api import Actions
from xswitch.actions.ports import replace_ports
from xswitch.actions.results import SwitchOptions
from xswitch.actions.sessions.mfa import FixedMfaCode
from xswitch.adapters.aws.iam import BotoIamSource
from xswitch.adapters.aws.sts import BotoSts
from xswitch.adapters.providers.source import BotocoreProviders
from xswitch.core.access.documents import canonical_json, statement_to_json
from xswitch.core.errors import XswitchError
from xswitch.core.explain.model import Cause, Explanation, StatementChange
from xswitch.emulator import state as demo_state
from xswitch.emulator import totp
from xswitch.emulator.server import EmbeddedAws

SOURCE, TARGET, HUB = "111111111111", "222222222222", "333333333333"
USER = f"arn:aws:iam::{SOURCE}:user/dev"
ROOT = f"arn:aws:iam::{SOURCE}:root"
ADMIN = f"arn:aws:iam::{TARGET}:role/Admin"
LOCAL = f"arn:aws:iam::{SOURCE}:role/Local"
GATEWAY = f"arn:aws:iam::{HUB}:role/Gateway"
MIDDLE = f"arn:aws:iam::{HUB}:role/Middle"
DEEP = f"arn:aws:iam::{TARGET}:role/Deep"
SERIAL = f"arn:aws:iam::{SOURCE}:mfa/dev"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
REGION = "eu-west-1"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_TRUST_OF = "the trust policy of "
_READ = ["iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy"]
_STS, _IAM = BotoSts(), BotoIamSource()

Data = dict[str, Any]


def allow(action: Any, resource: Any = "*", **more: Any) -> Data:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> Data:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def trusts(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> Data:
    named = principal if isinstance(principal, dict) else {"AWS": principal}
    return {"Effect": "Allow", "Principal": named, "Action": action, **more}


def distrusts(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> Data:
    return {**trusts(principal, action, **more), "Effect": "Deny"}


def policy(*statements: Data) -> Data:
    """Copy statements to a document, because fixes change it in place and tests share them."""
    return {"Version": "2012-10-17", "Statement": copy.deepcopy(list(statements))}


def _key(name: str, secret: str) -> list[Data]:
    return [{"id": name, "secret": secret}]


def keys_of(name: str) -> tuple[str, str]:
    return f"AKIA{name.upper():X<12}2345"[:20], f"{name}-secret-{name}-secret-{name}-secret"[
        :40
    ].ljust(40, "0")


@dataclass
class Scene:
    """Accounts in which the switch works, for tests to break."""

    readable: bool = True
    """Whether a profile may read policies."""
    organization: bool = False
    profiles: dict[str, dict[str, str]] = field(default_factory=dict)
    state: Data = field(default_factory=dict)
    options: SwitchOptions = field(default_factory=SwitchOptions)
    target: str = "admin"

    def __post_init__(self) -> None:
        readers = ("dev", "src-admin", "tgt-admin", "hub-admin") if self.readable else ("dev",)
        self.profiles = {name: {} for name in readers}
        for name, arn, source in (
            ("admin", ADMIN, "dev"),
            ("local", LOCAL, "dev"),
            ("gateway", GATEWAY, "dev"),
            ("middle", MIDDLE, "gateway"),
            ("deep", DEEP, "middle"),
        ):
            self.profiles[name] = {"role_arn": arn, "source_profile": source}
        onward = {
            "onward": policy(
                allow(
                    ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
                    "arn:aws:iam::*:role/*",
                )
            )
        }
        dev = {
            "name": "dev",
            "access_keys": _key(*keys_of("dev")),
            "mfa_devices": [{"name": "dev", "secret": TOTP}],
            "policies": copy.deepcopy(onward),
        }
        self.state = {
            "version": 1,
            "organization": self.organization,
            "accounts": [
                {
                    "id": SOURCE,
                    "users": [dev, self._admin("src-admin"), {"name": "other"}],
                    "roles": [self._role("Local", ROOT)],
                    "policies": [{"name": "limit", "document": policy(allow("*"))}],
                },
                {
                    "id": TARGET,
                    "users": [self._admin("tgt-admin")],
                    "roles": [self._role("Admin", USER), self._role("Deep", MIDDLE)],
                },
                {
                    "id": HUB,
                    "users": [self._admin("hub-admin")],
                    "roles": [
                        self._role("Gateway", ROOT, policies=onward),
                        self._role("Middle", GATEWAY, policies=onward),
                    ],
                    "policies": [{"name": "limit", "document": policy(allow("*"))}],
                },
            ],
        }

    def _admin(self, name: str) -> Data:
        return {
            "name": name,
            "access_keys": _key(*keys_of(name)),
            "attached_policies": [ADMINISTRATOR],
        }

    def _role(self, name: str, principal: str, policies: Data | None = None) -> Data:
        return {
            "name": name,
            "trust_policy": policy(trusts(principal)),
            "policies": copy.deepcopy(policies or {}),
        }

    # -- places to break

    def account(self, account: str) -> Data:
        return next(each for each in self.state["accounts"] if each["id"] == account)

    @property
    def user(self) -> Data:
        user: Data = self.account(SOURCE)["users"][0]
        return user

    def role(self, arn: str) -> Data:
        role: Data = next(
            each
            for each in self.account(arn.split(":")[4])["roles"]
            if each["name"] == arn.rpartition("/")[2]
        )
        return role

    def holder(self, arn: str) -> Data:
        return self.user if arn == USER else self.role(arn)

    def permissions(self, arn: str, *statements: Data) -> None:
        """Set the caller's only policy, or none."""
        self.holder(arn)["policies"] = {"onward": policy(*statements)} if statements else {}

    def also(self, arn: str, *statements: Data) -> None:
        self.holder(arn).setdefault("policies", {})["more"] = policy(*statements)

    def trust(self, arn: str, *statements: Data) -> None:
        self.role(arn)["trust_policy"] = policy(*statements)

    def boundary(self, arn: str, *statements: Data) -> None:
        account = SOURCE if arn == USER else HUB
        self.account(account)["policies"] = [{"name": "limit", "document": policy(*statements)}]
        self.holder(arn)["permissions_boundary"] = f"arn:aws:iam::{account}:policy/limit"

    def scps(self, account: str, *statements: Data) -> None:
        self.account(account)["scps"] = [[{"name": "guardrail", "document": policy(*statements)}]]

    def texts(self, endpoint: str) -> tuple[str, str]:
        """(config, credentials)."""
        config = ""
        credentials = ""
        for name, settings in self.profiles.items():
            values = {"region": REGION, "endpoint_url": endpoint, **settings}
            config += (
                f"[profile {name}]\n"
                + "".join(f"{key} = {value}\n" for key, value in values.items())
                + "\n"
            )
            if "role_arn" not in settings and "aws_access_key_id" not in settings:
                key, secret = keys_of(name)
                credentials += (
                    f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n\n"
                )
        return config, credentials

    def world(self) -> demo_state.AwsState:
        state = copy.deepcopy(self.state)
        if self.readable:
            state["accounts"][0]["users"][0].setdefault("policies", {})["look"] = policy(
                allow(_READ)
            )
        return demo_state.AwsState.from_json(json.dumps(state))


@dataclass
class Stage:
    """A scene on an embedded AWS."""

    aws: EmbeddedAws
    scene: Scene
    world: World
    actions: Actions

    @property
    def code(self) -> str:
        return totp.code(TOTP, self.aws.clock.now())

    def advance(self, seconds: float) -> None:
        self.aws.clock.advance(seconds)
        self.world.clock.time = self.aws.clock.now()

    def explain(self, *codes: str, command_line_code: str | None = None) -> Explanation:
        role = self.actions.resolve(self.scene.target, self.scene.options)
        prompt = (
            FakePrompt(*codes) if command_line_code is None else FixedMfaCode(command_line_code)
        )
        return self.actions.explain(role, self.scene.options, prompt, lambda _text: None)

    def switch(self, *codes: str) -> XswitchError | None:
        """Switch, and return the error."""
        role = self.actions.resolve(self.scene.target, self.scene.options)
        try:
            self.actions.switch(role, self.scene.options, FakePrompt(*codes), lambda _text: None)
        except XswitchError as error:
            return error
        return None

    def explain_failure(self, error: XswitchError) -> Explanation:
        role = self.actions.resolve(self.scene.target, self.scene.options)
        return self.actions.explain_failure(role, error, self.scene.options)


def play(aws: EmbeddedAws, scene: Scene) -> Stage:
    """Start a scene; this AWS still has the sessions of earlier scenes."""
    aws.world = scene.world()
    world = World(*scene.texts(aws.endpoint))
    world.clock.time = aws.clock.now()
    ports = replace_ports(world.ports, sts=_STS, iam=_IAM, source_credentials=BotocoreProviders({}))
    return Stage(aws, scene, world, Actions(ports))


@contextmanager
def theatre() -> Iterator[EmbeddedAws]:
    """One embedded AWS for many scenes."""
    with EmbeddedAws(Scene().world()) as aws:
        yield aws


Break = Callable[[Scene], None]


def mend(scene: Scene, cause: Cause) -> None:
    """Make the change that a cause suggests."""
    caller = USER if cause.hop == 1 else {2: GATEWAY, 3: MIDDLE}[cause.hop]
    account = scene.account(SOURCE if caller == USER else HUB)
    statement = json.loads(cause.statement)
    if cause.where.startswith(_TRUST_OF):
        _edit(scene.role(cause.where.removeprefix(_TRUST_OF))["trust_policy"], cause, statement)
    elif cause.where.startswith("inline policy "):
        name, _, owner = cause.where.removeprefix("inline policy ").partition(" of ")
        holder = account["groups"][0] if owner.startswith("group ") else scene.holder(caller)
        _edit(holder["policies"][name], cause, statement)
    elif cause.code == "boundary":
        _edit(account["policies"][0]["document"], cause, statement)
    elif cause.code == "scp":
        _mend_organization(account, cause, statement)
    else:
        assert not cause.where, cause.where
        scene.holder(caller).setdefault("policies", {})["added"] = policy(statement)


def _mend_organization(account: Data, cause: Cause, statement: Data) -> None:
    if cause.change is StatementChange.ADD:
        account["scps"][0].append({"name": "added", "document": policy(statement)})
        return
    denials: list[Data] = [
        denial
        for level in account["scps"]
        for scp in level
        for denial in scp["document"]["Statement"]
        if denial["Effect"] == "Deny"
    ]
    for denial in denials:
        denial.setdefault("Condition", {}).update(statement["Condition"])


def _edit(document: Data, cause: Cause, statement: Mapping[str, Any]) -> None:
    statements: list[Data] = document["Statement"]
    if cause.change is StatementChange.ADD:
        statements.append(dict(statement))
        return
    places = [
        index
        for index, existing in enumerate(statements)
        if statement_to_json(existing) == cause.current
    ]
    assert places, (canonical_json(document), cause.current)
    if cause.change is StatementChange.REPLACE:
        statements[places[0]] = dict(statement)
    elif len(statements) > 1:
        del statements[places[0]]
    else:
        statements[0] = {**statements[0], "Action": "s3:NothingAtAll"}
