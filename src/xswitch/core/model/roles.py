"""Roles, and the chains that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from xswitch.core.model.credentials import Origin, Problem


class CredentialSourceKind(StrEnum):
    """How the base of a chain gets its credentials."""

    STATIC_KEYS = "static_keys"
    ENVIRONMENT = "environment"
    SSO = "sso"
    CREDENTIAL_PROCESS = "credential_process"
    WEB_IDENTITY = "web_identity"
    LOGIN_SESSION = "login_session"
    EC2_METADATA = "ec2_metadata"
    ECS_CONTAINER = "ecs_container"


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """The end of a chain.

    `profile` is None when the environment or a metadata service is the source.

    `identity` is a canonical, secret-free text of everything that defines this source (access key
    id, SSO account and role, the process's command line ...): part of every session key made from
    it. `detail` is a few words for people. `temporary` says that its keys come with a session
    token, where the kind alone doesn't tell.
    """

    kind: CredentialSourceKind
    profile: str | None
    identity: str
    origin: Origin | None = None
    detail: str = ""
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """One AssumeRole of a chain, with everything of it that changes the result.

    `duration_seconds` is what the config asks for, None when it doesn't. `origins` maps a config
    key ("role_arn", "external_id" ...) to where it was written. `tags` are (key, value) pairs,
    sorted. `web_identity` is never a hop: it is a base.
    """

    profile: str
    role_arn: str
    origin: Origin
    external_id: str | None = None
    mfa_serial: str | None = None
    duration_seconds: int | None = None
    session_name: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None
    source_identity: str | None = None
    origins: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Chain:
    """The base, then the hops in the order they are assumed.

    The last hop is the role the user wants.
    """

    base: CredentialSource
    hops: tuple[Hop, ...]

    @property
    def target(self) -> Hop:
        """The role at the end."""
        return self.hops[-1]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where STS is called: `region` always set; `url` None for AWS's own regional endpoint."""

    region: str
    url: str | None = None
    use_fips: bool = False
    use_dualstack: bool = False
    ca_bundle: str | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule for sensitive roles, as matched on one role.

    `color` is a name out of `core.roles.guards.COLORS`; `confirm` the text to be typed before a
    switch, "" for none.
    """

    name: str
    color: str = "red"
    confirm: str = ""
    duration_seconds: int | None = None
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A role profile, resolved: one row of the picker and one entry of `list --json`.

    `chain` is None when it can't be resolved (then `problems` holds an error saying why).
    `duration_seconds` is what will be asked of STS for the last hop and `duration_reason` says why
    in a few words. `mfa_serial` is the first of the chain.
    """

    name: str
    role_arn: str
    partition: str
    account_id: str
    account_name: str
    role_name: str
    role_path: str
    region: str
    chain: Chain | None
    mfa_serial: str | None
    external_id: str | None
    duration_seconds: int
    duration_reason: str
    managed_profile: str
    origin: Origin
    endpoint: Endpoint
    problems: tuple[Problem, ...] = ()
    guard: Guard | None = None
    note: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    cli_only: bool = False
    is_ad_hoc: bool = False  # kept only in a managed profile: `ACCOUNT:ROLE --source`
