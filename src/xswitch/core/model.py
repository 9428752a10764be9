"""The immutable values every layer speaks in.

Times are timezone-aware datetimes in UTC, durations are whole seconds. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

Severity = Literal["error", "warning", "info"]
FileKind = Literal["config", "credentials"]


class Secret:
    """A string that shows itself to nobody: `repr`, `str` and `format` are redacted, pickling is refused."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        msg = "a Secret is not pickled"
        raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials; `session_token` and `expires_at` are None for long-term keys."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None
    expires_at: datetime | None = None

    @property
    def temporary(self) -> bool:
        """Whether AWS treats calls with these as role chaining (they carry a session token)."""
        return self.session_token is not None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was configured: a file as the user knows it, and a line counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the user should know of a file, profile or session; `code` is a stable snake_case word."""

    code: str
    message: str
    severity: Severity = "warning"
    file: str | None = None
    line: int | None = None
    profile: str | None = None


# -- the SDK's reading of the shared config ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Property:
    """One key of a profile as the SDKs read it; `source` is the kind of file it came from."""

    value: str
    origin: Origin
    source: FileKind = "config"


_EMPTY: Mapping[str, Property] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile (or an `sso-session` / `services` section); keys are lower-case, both files merged.

    `cli_only` marks a profile that only the AWS CLI and boto3 see (quotes or illegal characters in its header).
    """

    name: str
    properties: Mapping[str, Property]
    origin: Origin
    cli_only: bool = False

    def get(self, key: str) -> str | None:
        """The value of `key`, or None when it isn't there."""
        found = self.properties.get(key)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class ConfigPaths:
    """The two files in force, absolute."""

    config: str
    credentials: str


@dataclass(frozen=True, slots=True)
class ConfigView:
    """Both files as the SDKs read them, with every problem and every difference to the AWS CLI's reading."""

    paths: ConfigPaths
    profiles: Mapping[str, Profile]
    sso_sessions: Mapping[str, Profile] = field(default_factory=lambda: MappingProxyType({}))
    services: Mapping[str, Profile] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()


# -- chains ------------------------------------------------------------------------------------------------------


class BaseKind(StrEnum):
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
class Base:
    """The end of a chain. `profile` is None when the environment or a metadata service is the source.

    `identity` is a canonical, secret-free text of everything that defines this source (access key id, SSO account and
    role, the process's command line ...): part of every session key made from it. `detail` is a few words for people.
    `temporary` says that its keys come with a session token, where the kind alone doesn't tell.
    """

    kind: BaseKind
    profile: str | None
    identity: str
    origin: Origin | None = None
    detail: str = ""
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """One AssumeRole of a chain, with everything of it that changes the result.

    `duration_seconds` is what the config asks for, None when it doesn't. `origins` maps a config key ("role_arn",
    "external_id" ...) to where it was written. `tags` are (key, value) pairs, sorted. `web_identity` is never a hop: it is a base.
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
    """The base, then the hops in the order they are assumed; the last hop is the role the user wants."""

    base: Base
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

    `colour` is a name out of `core.guard.COLOURS`; `confirm` the text to be typed before a switch, "" for none.
    """

    name: str
    colour: str = "red"
    confirm: str = ""
    duration_seconds: int | None = None
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A role profile, resolved: one row of the picker and one entry of `list --json`.

    `chain` is None when it can't be resolved (then `problems` holds an error saying why). `duration_seconds` is what will
    be asked of STS for the last hop and `duration_reason` says why in a few words. `mfa_serial` is the first of the chain.
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
    temporary_definition: bool = False  # kept only in a managed profile: `ACCOUNT:ROLE --source`


# -- sessions ----------------------------------------------------------------------------------------------------


class SessionState(StrEnum):
    """How a role's session stands; expiring means under 16 minutes, or a quarter of a short session's life."""

    NONE = "none"
    LIVE = "live"
    EXPIRING = "expiring"
    EXPIRED = "expired"


SessionKind = Literal["mfa", "role"]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What is known of a session without opening the vault; no secret in it.

    `profile` is the role profile (kind role) or the base profile (kind mfa, "" for the environment); `principal` is the role
    ARN or the MFA serial. `managed_profile` is "" for an MFA session. `static` says its keys were also written to the credentials file.
    """

    key: str
    kind: SessionKind
    profile: str
    principal: str
    issued_at: datetime
    expires_at: datetime
    last_used: datetime
    managed_profile: str = ""
    static: bool = False


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """What GetCallerIdentity said."""

    account: str
    arn: str
    user_id: str


@dataclass(frozen=True, slots=True)
class AssumeRoleRequest:
    """The parameters of one sts:AssumeRole call; None and () are left out of the request."""

    role_arn: str
    session_name: str
    duration_seconds: int
    external_id: str | None = None
    mfa_serial: str | None = None
    mfa_code: Secret | None = None
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None
    source_identity: str | None = None


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """What AssumeRole answered: credentials (with expiry) and the session's ARN."""

    credentials: Credentials
    arn: str


@dataclass(frozen=True, slots=True)
class MfaChallenge:
    """What a prompt for an MFA code shows; `attempt` counts from 1, `refusal` is AWS's text for the last wrong code."""

    serial: str
    profile: str
    attempt: int = 1
    refusal: str = ""


# -- plans -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MfaStep:
    """The GetSessionToken a chain needs first: which serial, how long (seconds), under which session key."""

    key: str
    serial: str
    duration_seconds: int
    mfa_process: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedHop:
    """One AssumeRole to make, with the session key its result is kept under."""

    key: str
    profile: str
    request: AssumeRoleRequest
    duration_reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All a broker needs to turn a role into credentials, without the document."""

    role: Role
    base: Base
    mfa: MfaStep | None
    hops: tuple[PlannedHop, ...]
    endpoint: Endpoint

    @property
    def key(self) -> str:
        """The session key of the role asked for."""
        return self.hops[-1].key


# -- edits of the shared config ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Make profile `name` of one file hold exactly these properties (others of it are removed when `exact`).

    `comment` is one full line without the `#`, written above a new profile.
    """

    file: FileKind
    name: str
    properties: Mapping[str, str]
    comment: str = ""
    exact: bool = True


@dataclass(frozen=True, slots=True)
class RemoveProfile:
    """Remove every section of profile `name` from one file, with xswitch's own comment line above it."""

    file: FileKind
    name: str


Edit = SetProfile | RemoveProfile


# -- xswitch's own settings and memory ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GuardRule:
    """A guard as configured: `match` is a list of fnmatch patterns over profile, ARN, account id and account name."""

    name: str
    match: tuple[str, ...]
    colour: str = "red"
    confirm: str = "account"  # "account", "role", "profile", "none" or the text itself
    duration_seconds: int | None = None
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """`config.toml`, read. Every field has a default; a missing file is all defaults."""

    vault: str = "auto"  # auto, secret-service, runtime, macos, windows, file
    profile_prefix: str = "xs-"
    session_name: str = ""  # "" is user@host
    mfa_duration_seconds: int = 43_200
    verify_identity: bool = True
    frecency: bool = True
    theme: str = "auto"  # auto, dark, light
    group_by_account: bool = False
    allow_plain_files: bool = False
    account_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    guards: tuple[GuardRule, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """How often and when last a role profile was switched to."""

    count: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What xswitch remembers between runs beside sessions: frecency and pins, by role profile name."""

    uses: Mapping[str, Use] = field(default_factory=lambda: MappingProxyType({}))
    pins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VaultInfo:
    """Which store is in use, in words and as the setting's value ("secret-service", "runtime", ...)."""

    kind: str
    label: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class PromptState:
    """What the shell's prompt helper may show of a managed profile; never a secret.

    `silent_until` is when the session can no longer be renewed without a question (None: always silently renewable).
    """

    managed_profile: str
    account: str
    role: str
    colour: str
    expires_at: datetime
    silent_until: datetime | None = None


# -- what doctor measures ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """An STS endpoint answered: its Date header as UTC (None when it sent none or an odd one), and how long that took."""

    server_time: datetime | None
    milliseconds: int


@dataclass(frozen=True, slots=True)
class FileFact:
    """What the file system says of a path, links followed.

    `mode` are the permission bits, None where the platform has none or the path doesn't exist; `mine` whether this user owns it;
    `executable` whether this user may run it.
    """

    path: str
    exists: bool
    folder: bool = False
    mode: int | None = None
    mine: bool = True
    executable: bool = False
