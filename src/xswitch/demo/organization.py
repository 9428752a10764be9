"""The demo's organization: twelve accounts and thirty permission sets to sign in to.

It's beside the accounts of `scenario`, so that none of those changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SSO_SESSION = "acorn"
START_URL = "https://acorn.awsapps.com/start"
SSO_REGION = "eu-west-1"
ORGANIZATION = "o-acorndemo1"
SIGN_IN_USER = "dana"
_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """An account of the organization; `unit` is the path of its organizational unit."""

    id: str
    name: str
    unit: str = ""

    @property
    def email(self) -> str:
        """The address of its root user."""
        return f"aws+{self.name}@acorn.example"


MANAGEMENT = MemberAccount("610000000001", "acorn-management")
ACCOUNTS: tuple[MemberAccount, ...] = (
    MANAGEMENT,
    MemberAccount("610000000002", "acorn-audit", "Security"),
    MemberAccount("610000000003", "acorn-logs", "Security"),
    MemberAccount("610000000004", "acorn-network", "Platform"),
    MemberAccount("610000000005", "acorn-tools", "Platform"),
    MemberAccount("610000000006", "shop-prod", "Workloads/Production"),
    MemberAccount("610000000007", "shop-staging", "Workloads/Staging"),
    MemberAccount("610000000008", "shop-dev", "Workloads/Development"),
    MemberAccount("610000000009", "data-prod", "Workloads/Production"),
    MemberAccount("610000000010", "data-staging", "Workloads/Staging"),
    MemberAccount("610000000011", "data-dev", "Workloads/Development"),
    MemberAccount("610000000012", "sandbox-dana", "Sandbox"),
)
_BY_NAME = {account.name: account.id for account in ACCOUNTS}
_EVERYWHERE = tuple(_BY_NAME)
_PROD, _STAGING, _DEV = (
    tuple(account.name for account in ACCOUNTS if account.unit == f"Workloads/{unit}")
    for unit in ("Production", "Staging", "Development")
)
_WORKLOADS = (*_PROD, *_STAGING, *_DEV)
_DATA = ("data-prod", "data-staging", "data-dev")
_SANDBOX = ("sandbox-dana",)

_ENGINEERS, _ON_CALL, _ANALYSTS, _SECURITY, _FINANCE, _PLATFORM = (
    "Engineers",
    "OnCall",
    "Analysts",
    "Security",
    "Finance",
    "Platform",
)
GROUPS: dict[str, tuple[str, ...]] = {
    _ENGINEERS: (SIGN_IN_USER, "tom"),
    _ON_CALL: (SIGN_IN_USER,),
    _ANALYSTS: (SIGN_IN_USER, "ida"),
    _SECURITY: ("ida",),
    _FINANCE: ("finn",),
    _PLATFORM: ("tom",),
}
USERS = (SIGN_IN_USER, "ida", "tom", "finn")


@dataclass(frozen=True, slots=True)
class DemoPermissionSet:
    """A permission set with one policy, AWS's (`managed`) or actions of its own.

    `group` has it in `accounts`.
    """

    name: str
    group: str
    accounts: Sequence[str]
    managed: str = ""
    actions: tuple[str, ...] = ()
    hours: int = 1


PERMISSION_SETS: tuple[DemoPermissionSet, ...] = (
    DemoPermissionSet(
        "AdministratorAccess", _PLATFORM, _EVERYWHERE, "AdministratorAccess", hours=1
    ),
    DemoPermissionSet("PowerUserAccess", _ENGINEERS, _DEV, "PowerUserAccess", hours=8),
    DemoPermissionSet("ReadOnlyAccess", _ENGINEERS, _WORKLOADS, "ReadOnlyAccess", hours=4),
    DemoPermissionSet("ViewOnlyAccess", _FINANCE, _EVERYWHERE, "job-function/ViewOnlyAccess"),
    DemoPermissionSet("SecurityAudit", _SECURITY, _EVERYWHERE, "SecurityAudit", hours=8),
    DemoPermissionSet("Billing", _FINANCE, ("acorn-management",), "job-function/Billing"),
    DemoPermissionSet(
        "DatabaseAdministrator", _ON_CALL, _PROD, "job-function/DatabaseAdministrator"
    ),
    DemoPermissionSet(
        "NetworkAdministrator",
        _PLATFORM,
        ("acorn-network",),
        "job-function/NetworkAdministrator",
    ),
    DemoPermissionSet(
        "SystemAdministrator", _PLATFORM, ("acorn-tools",), "job-function/SystemAdministrator"
    ),
    DemoPermissionSet("IAMReadOnly", _SECURITY, _EVERYWHERE, "IAMReadOnlyAccess"),
    DemoPermissionSet("IAMAdministrator", _PLATFORM, ("acorn-tools",), "IAMFullAccess"),
    DemoPermissionSet(
        "Developer", _ENGINEERS, (*_STAGING, *_DEV), actions=("s3:*", "ec2:*", "logs:*"), hours=8
    ),
    DemoPermissionSet(
        "DeveloperReadOnly", _ENGINEERS, _PROD, actions=("s3:List*", "ec2:Describe*", "logs:Get*")
    ),
    DemoPermissionSet(
        "Deployer", _ENGINEERS, ("acorn-tools", *_STAGING), actions=("cloudformation:*",)
    ),
    DemoPermissionSet(
        "DataAnalyst", _ANALYSTS, _DATA, actions=("athena:*", "s3:Get*", "s3:List*"), hours=8
    ),
    DemoPermissionSet("DataEngineer", _ANALYSTS, ("data-dev",), actions=("glue:*", "s3:*")),
    DemoPermissionSet("S3ReadOnly", _ANALYSTS, ("acorn-logs",), "AmazonS3ReadOnlyAccess"),
    DemoPermissionSet("S3FullAccess", _PLATFORM, ("acorn-logs",), "AmazonS3FullAccess"),
    DemoPermissionSet("EC2ReadOnly", _ON_CALL, _STAGING, "AmazonEC2ReadOnlyAccess"),
    DemoPermissionSet("EC2Operator", _ON_CALL, _PROD, "AmazonEC2FullAccess"),
    DemoPermissionSet("DynamoDBReadOnly", _ANALYSTS, _DATA, "AmazonDynamoDBReadOnlyAccess"),
    DemoPermissionSet("MetricsReader", _ON_CALL, _WORKLOADS, "CloudWatchReadOnlyAccess"),
    DemoPermissionSet("LogReader", _ON_CALL, ("acorn-logs",), actions=("logs:Get*", "s3:Get*")),
    DemoPermissionSet("CostExplorer", _ENGINEERS, ("acorn-management",), actions=("ce:Get*",)),
    DemoPermissionSet("Support", _ON_CALL, _PROD, actions=("support:*",)),
    DemoPermissionSet("OnCall", _ON_CALL, _PROD, actions=("ssm:*", "ec2:Reboot*"), hours=12),
    DemoPermissionSet("BreakGlass", _ON_CALL, _PROD, "AdministratorAccess"),
    DemoPermissionSet("IncidentResponder", _SECURITY, _EVERYWHERE, "ReadOnlyAccess"),
    DemoPermissionSet(
        "OrganizationViewer",
        _ENGINEERS,
        ("acorn-management",),
        actions=("organizations:Describe*", "organizations:List*"),
    ),
    DemoPermissionSet("SandboxOwner", _ENGINEERS, _SANDBOX, "AdministratorAccess", hours=12),
)


def state_members() -> dict[str, Any]:
    """The members `identity_center` and `organizations` of the demo's state."""
    return {"identity_center": [_instance()], "organizations": [_organization()]}


def accounts() -> list[dict[str, Any]]:
    """The organization's accounts in the demo's state."""
    return [
        {
            "id": account.id,
            "name": account.name,
            "email": account.email,
            "organization": ORGANIZATION,
            "management": account is MANAGEMENT,
        }
        for account in ACCOUNTS
    ]


def config_section() -> str:
    """The section of the demo's config that names the sign-in."""
    return (
        f"[sso-session {SSO_SESSION}]\nsso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n"
        "sso_registration_scopes = sso:account:access\n"
    )


def _instance() -> dict[str, Any]:
    return {
        "start_url": START_URL,
        "region": SSO_REGION,
        "redirects": [f"/{SSO_SESSION}"],
        "users": [{"name": name, "email": f"{name}@acorn.example"} for name in USERS],
        "groups": [{"name": name, "users": list(users)} for name, users in GROUPS.items()],
        "permission_sets": [_permission_set(one) for one in PERMISSION_SETS],
        "assignments": [
            {"account": _BY_NAME[account], "permission_set": one.name, "group": one.group}
            for one in PERMISSION_SETS
            for account in one.accounts
        ],
    }


def _permission_set(one: DemoPermissionSet) -> dict[str, Any]:
    data: dict[str, Any] = {"name": one.name, "session_duration": one.hours * _HOUR}
    if one.managed:
        return data | {"managed_policies": [f"arn:aws:iam::aws:policy/{one.managed}"]}
    statement = {"Effect": "Allow", "Action": list(one.actions), "Resource": "*"}
    return data | {"inline_policy": {"Version": "2012-10-17", "Statement": [statement]}}


def _organization() -> dict[str, Any]:
    workloads = [_unit(f"Workloads/{name}") for name in ("Production", "Staging", "Development")]
    units = [_unit(name) for name in ("Security", "Platform", "Sandbox")]
    return {"id": ORGANIZATION, "units": [*units, {"name": "Workloads", "units": workloads}]}


def _unit(path: str) -> dict[str, Any]:
    members = [account.id for account in ACCOUNTS if account.unit == path]
    return {"name": path.rpartition("/")[2], "accounts": members}
