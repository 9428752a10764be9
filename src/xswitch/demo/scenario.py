"""The demo's scenario: five accounts, fifteen working roles, one with a broken source, three users.

Beside them is the organization of `organization`.

Keys, secrets, and IDs are made up for the embedded AWS and open nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xswitch.demo import organization

IDENTITY, PROD, DEV, HUB, PARTNER = (
    "111111111111",
    "222222222222",
    "333333333333",
    "444444444444",
    "555555555555",
)
ACCOUNT_NAMES = {
    IDENTITY: "identity",
    PROD: "payments-prod",
    DEV: "payments-dev",
    HUB: "shared-hub",
    PARTNER: "acme-reporting",
}
BASE_PROFILE = "dana"
ACCESS_KEY_ID = "AKIADEMODEMODEMO2345"
# Only the embedded AWS knows them
SECRET_ACCESS_KEY = "demo-key-of-the-embedded-aws-opens-none1"  # noqa: S105
MFA_SERIAL = f"arn:aws:iam::{IDENTITY}:mfa/dana"
TOTP_SECRET = "XSWITCHDEMOSECRETXSWITCHDEMOSECR"  # noqa: S105 -- the demo shows its codes
EXTERNAL_ID = "acme-7f31"
SOURCE_ADMIN, TARGET_ADMIN, SWITCH_USER = "source-admin", "target-admin", "switch-user"
_ROOT = f"arn:aws:iam::{IDENTITY}:root"
_DANA = f"arn:aws:iam::{IDENTITY}:user/dana"
_GATEWAY = f"arn:aws:iam::{HUB}:role/Gateway"
_JUMP = f"arn:aws:iam::{HUB}:role/Jump"
_WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
_WITH_EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@dataclass(frozen=True, slots=True)
class Person:
    """A user with a key, and the profile that holds it.

    `totp_secret` is the MFA device's base32 secret, "" for none.
    """

    profile: str
    account: str
    name: str
    access_key_id: str
    secret_access_key: str
    totp_secret: str = ""
    note: str = ""

    @property
    def arn(self) -> str:
        """The user's ARN."""
        return f"arn:aws:iam::{self.account}:user/{self.name}"

    @property
    def mfa_serial(self) -> str:
        """The MFA device's serial number."""
        return f"arn:aws:iam::{self.account}:mfa/{self.name}"


PEOPLE: tuple[Person, ...] = (
    Person(BASE_PROFILE, IDENTITY, "dana", ACCESS_KEY_ID, SECRET_ACCESS_KEY, TOTP_SECRET),
    Person(
        SOURCE_ADMIN,
        IDENTITY,
        "ida",
        "AKIADEMOIDAIDA222345",
        "demo-key-of-the-embedded-aws-opens-none2",
        note="administers identity, the account of the people",
    ),
    Person(
        TARGET_ADMIN,
        DEV,
        "tom",
        "AKIADEMOTOMTOM333345",
        "demo-key-of-the-embedded-aws-opens-none3",
        note="administers payments-dev",
    ),
    Person(
        SWITCH_USER,
        IDENTITY,
        "SwitchUser",
        "AKIADEMOSWITCH444345",
        "demo-key-of-the-embedded-aws-opens-none4",
        "SWITCHUSERSECRETSWITCHUSERSECRET",
        note="may assume nothing yet: set up a role for it",
    ),
)
_ADMINS = (SOURCE_ADMIN, TARGET_ADMIN)


@dataclass(frozen=True, slots=True)
class RoleProfile:
    """A role profile of the demo's config, and its role's non-default properties.

    `trusted` is the trust policy's principal; "" is a role that doesn't exist.
    """

    profile: str
    account: str
    role: str
    source: str = BASE_PROFILE
    trusted: str = _ROOT
    mfa: bool = False
    external_id: str = ""
    region: str = "eu-west-1"
    note: str = ""
    path: str = "/"
    max_seconds: int = 3_600
    attached: str = _READ_ONLY
    assumes: str = ""
    tag_actions: bool = False
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return f"arn:aws:iam::{self.account}:role{self.path}{self.role}"


ROLES: tuple[RoleProfile, ...] = (
    RoleProfile(
        "payments-prod-admin",
        PROD,
        "Admin",
        mfa=True,
        attached=_ADMINISTRATOR,
        max_seconds=14_400,
        note="guarded: type the account's name",
    ),
    RoleProfile("payments-prod-readonly", PROD, "ReadOnly", mfa=True, note="look, don't touch"),
    RoleProfile(
        "payments-prod-database",
        PROD,
        "DatabaseAdmin",
        source="hub-jump",
        trusted=_JUMP,
        note="guarded; third of three roles",
    ),
    RoleProfile(
        "payments-prod-breakglass",
        PROD,
        "BreakGlass",
        trusted=f"arn:aws:iam::{IDENTITY}:user/oncall",
        note="not yours: AWS says no",
    ),
    RoleProfile("payments-dev-developer", DEV, "Developer", attached=_ADMINISTRATOR, note="no MFA"),
    RoleProfile("payments-dev-readonly", DEV, "ReadOnly", region="eu-central-1"),
    RoleProfile(
        "payments-dev-deployer",
        DEV,
        "Deployer",
        path="/ci/",
        max_seconds=7_200,
        note="two hours: nothing before it is temporary",
        settings={"duration_seconds": "7200"},
    ),
    RoleProfile(
        "hub-gateway", HUB, "Gateway", mfa=True, assumes=_JUMP, note="first of three roles"
    ),
    RoleProfile(
        "hub-jump",
        HUB,
        "Jump",
        source="hub-gateway",
        trusted=_GATEWAY,
        assumes=f"arn:aws:iam::{PROD}:role/DatabaseAdmin",
    ),
    RoleProfile(
        "hub-network", HUB, "NetworkAdmin", mfa=True, region="us-east-1", attached=_ADMINISTRATOR
    ),
    RoleProfile(
        "hub-audit",
        HUB,
        "Audit",
        tag_actions=True,
        note="session tags",
        settings={"xswitch_tags": "team=payments,ticket=OPS-7"},
    ),
    RoleProfile(
        "acme-reports",
        PARTNER,
        "Reports",
        external_id=EXTERNAL_ID,
        region="us-east-1",
        note="a partner's account: external ID",
    ),
    RoleProfile(
        "acme-ingest",
        PARTNER,
        "Ingest",
        external_id=EXTERNAL_ID,
        region="us-west-2 # close to the partner",
    ),
    RoleProfile("identity-billing", IDENTITY, "Billing", mfa=True, trusted=_DANA),
    RoleProfile(
        "identity-security",
        IDENTITY,
        "SecurityAudit",
        max_seconds=43_200,
        settings={"role_session_name": "dana-audit"},
    ),
    RoleProfile(
        "legacy-reports",
        PARTNER,
        "LegacyReports",
        source="old-laptop",
        trusted="",
        note="its source profile is gone",
    ),
)


def state() -> dict[str, Any]:
    """The demo's state in the format of docs/demo.md."""
    accounts: list[dict[str, Any]] = [
        {
            "id": account,
            "name": name,
            "roles": [_role(role) for role in ROLES if role.account == account and role.trusted],
        }
        for account, name in ACCOUNT_NAMES.items()
    ]
    for account in accounts:
        account["users"] = [_user(person) for person in PEOPLE if person.account == account["id"]]
    accounts[0]["users"].append({"name": "oncall"})
    accounts += organization.accounts()
    return {"version": 1, "accounts": accounts, **organization.state_members()}


def _user(person: Person) -> dict[str, Any]:
    user: dict[str, Any] = {
        "name": person.name,
        "access_keys": [{"id": person.access_key_id, "secret": person.secret_access_key}],
        "mfa_devices": [{"name": person.name, "secret": person.totp_secret}]
        if person.totp_secret
        else [],
    }
    if person.profile in _ADMINS:
        return user | {"attached_policies": [_ADMINISTRATOR]}
    if person.profile == BASE_PROFILE:
        return user | {"policies": {"may-switch": _allow("arn:aws:iam::*:role/*")}}
    look = ["iam:GetUser", "iam:GetUserPolicy", "iam:List*"]
    itself = {
        "Effect": "Allow",
        "Action": look,
        "Resource": f"arn:aws:iam::{person.account}:user/${{aws:username}}",
    }
    return user | {"policies": {"see-oneself": {"Version": "2012-10-17", "Statement": [itself]}}}


def _role(role: RoleProfile) -> dict[str, Any]:
    actions = ["sts:AssumeRole", "sts:TagSession"] if role.tag_actions else ["sts:AssumeRole"]
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": role.trusted},
        "Action": actions,
    }
    if role.mfa or role.external_id:
        statement["Condition"] = _WITH_MFA if role.mfa else _WITH_EXTERNAL_ID
    return {
        "name": role.role,
        "path": role.path,
        "max_session_duration": role.max_seconds,
        "trust_policy": {"Version": "2012-10-17", "Statement": [statement]},
        "attached_policies": [role.attached],
        "policies": {"onward": _allow(role.assumes)} if role.assumes else {},
    }


def _allow(resource: str) -> dict[str, Any]:
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}],
    }
