"""Everything the use cases need from outside, as protocols in five groups.

Classes in `adapters` implement them by shape; tests implement them with fakes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from xswitch.core.errors import XswitchError
from xswitch.core.model import (
    AssumedRole,
    AssumeRoleRequest,
    CallerIdentity,
    CommandOutput,
    ConfigPaths,
    ConfigView,
    Credentials,
    CredentialSource,
    Endpoint,
    FileInfo,
    FileKind,
    HistoryEntry,
    IndexEntry,
    MfaChallenge,
    PointedSession,
    ProbeResult,
    Problem,
    ProfileEdit,
    PromptState,
    Settings,
    UsageState,
    VaultInfo,
)
from xswitch.core.model.sso import PortalRole
from xswitch.core.profiles.binding import ProfileBinding
from xswitch.core.sessions import session_record
from xswitch.core.sessions.session_record import SessionRecord
from xswitch.core.sessions.surroundings import WorkingFolder

if TYPE_CHECKING:  # every command imports the ports, and few call IAM
    from xswitch.core.access.model import (
        IamCall,
        PrincipalPolicies,
        PrincipalState,
        RoleState,
        Simulation,
        TrustedPrincipal,
    )

# -- AWS


class Sts(Protocol):
    """The three STS calls.

    All raise only AwsDeniedError, SourceCredentialsError, and NetworkError, with AWS's own text in
    `why`.
    """

    def assume_role(
        self, credentials: Credentials, request: AssumeRoleRequest, endpoint: Endpoint
    ) -> AssumedRole:
        """Call sts:AssumeRole."""
        ...

    def get_session_token(
        self,
        credentials: Credentials,
        serial: str,
        code: str,
        duration_seconds: int,
        endpoint: Endpoint,
    ) -> Credentials:
        """Call sts:GetSessionToken with an MFA code."""
        ...

    def get_caller_identity(self, credentials: Credentials, endpoint: Endpoint) -> CallerIdentity:
        """Call sts:GetCallerIdentity."""
        ...


class SourceCredentials(Protocol):
    """botocore's credential providers, for the first credentials of a chain."""

    def resolve(self, base: CredentialSource, view: ConfigView, endpoint: Endpoint) -> Credentials:
        """Return the source's credentials, refreshed if that needs no prompt.

        Raises SourceCredentialsError, NetworkError.
        """
        ...

    def ensure_sign_in(self, base: CredentialSource, view: ConfigView) -> None:
        """Renew the sign-in that `resolve` would need, if that is due; nothing without one.

        Raises as `resolve` does if a person has to sign in.
        """
        ...


class Iam(Protocol):
    """One account's IAM, called with one set of credentials.

    All methods raise only AwsDeniedError, SourceCredentialsError, and NetworkError, within seconds.
    """

    def role(self, name: str) -> RoleState | None:
        """Return a role with everything a plan compares, None if it doesn't exist."""
        ...

    def role_alone(self, name: str) -> RoleState | None:
        """Return a role without its permissions, None if it doesn't exist.

        This is one call, which needs only iam:GetRole.
        """
        ...

    def roles(self) -> tuple[str, ...]:
        """Return the ARNs of all roles in the account."""
        ...

    def principal(self, who: TrustedPrincipal, policy_name: str = "") -> PrincipalState | None:
        """Return a user, group, or role of this account, None if it doesn't exist.

        For the account itself, `policy_name` is the customer managed policy to read.
        """
        ...

    def has_policy(self, arn: str) -> bool:
        """Whether a managed policy with this ARN exists."""
        ...

    def mfa_serials(self, user_name: str) -> tuple[str, ...]:
        """Return the serial numbers of a user's MFA devices."""
        ...

    def policies_of(self, principal_arn: str) -> PrincipalPolicies:
        """Return the policies of a role, or of a user and the user's groups.

        Policies that can't be read are listed in `unread`, and raise nothing.
        """
        ...

    def simulate(
        self, principal_arn: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]]
    ) -> Simulation:
        """Call iam:SimulatePrincipalPolicy for one action and resource."""
        ...

    def run(self, call: IamCall) -> None:
        """Make one change."""
        ...


class IamSource(Protocol):
    """Creates IAM clients."""

    def open(self, credentials: Credentials, endpoint: Endpoint) -> Iam:
        """Return an IAM client, without a call. `endpoint` is that of IAM, not of STS."""
        ...


class StsProbe(Protocol):
    """Checks an STS endpoint without credentials."""

    def probe(self, endpoint: Endpoint) -> ProbeResult:
        """Send one short request; any HTTP response counts as reached.

        Raises NetworkError, within seconds.
        """
        ...


@dataclass(frozen=True, slots=True)
class Aws:
    """Calls to AWS, and the credentials they start from."""

    sts: Sts
    source_credentials: SourceCredentials
    iam: IamSource
    sts_probe: StsProbe


# -- Stored sessions


class Vault(Protocol):
    """The secret store of sessions.

    All methods may raise VaultLockedError, VaultAbsentError, and VaultBrokenError, within seconds.
    """

    def info(self) -> VaultInfo:
        """Return which store is in use, and select it on first use."""
        ...

    def get(self, key: str) -> str | None:
        """Return the value stored under a session key, None if there is none."""
        ...

    def put(self, key: str, value: str) -> None:
        """Store `value` under `key`, replacing an existing value."""
        ...

    def delete(self, key: str) -> None:
        """Delete `key`; no error if it doesn't exist."""
        ...

    def clear(self, keys: Sequence[str], report: Callable[[XswitchError], None]) -> frozenset[str]:
        """Delete every session in every store that could have been written; return their keys.

        Stores that can't list their sessions delete `keys`. Instead of raising errors, `report`
        gets each one, and the rest goes on.
        """
        ...


class SessionIndex(Protocol):
    """A file without secrets that maps session keys to role, profile, and times.

    Each change is atomic across processes.
    """

    def entries(self) -> Mapping[str, IndexEntry]:
        """Return all entries; an unreadable index is empty."""
        ...

    def put(self, entry: IndexEntry) -> None:
        """Add or replace one entry."""
        ...

    def remove(self, keys: Sequence[str]) -> None:
        """Remove entries."""
        ...

    def clear(self) -> None:
        """Remove all entries, also those of an unreadable index."""
        ...

    def newer(self) -> XswitchError | None:
        """Return the error for an index that a newer xswitch wrote; it is never changed."""
        ...


Marks = Mapping[str, tuple[int, int]]
"""The state of the forget marks, by session key."""


class ForgetMarks(Protocol):
    """Marks by which a request that is under way learns that its session was forgotten."""

    def read(self) -> Marks:
        """Return the marks as they are now."""
        ...

    def changed(self, since: Marks, key: str) -> bool:
        """Whether the session, or all sessions, were forgotten since `read` returned `since`."""
        ...

    def mark(self, keys: Sequence[str]) -> None:
        """Mark sessions as forgotten. Raises ConfigError."""
        ...

    def mark_all(self) -> None:
        """Mark every session as forgotten. Raises ConfigError."""
        ...


class Locks(Protocol):
    """Named locks across processes; a lock is released when its holder dies."""

    def hold(self, name: str, timeout_seconds: float | None = None) -> AbstractContextManager[None]:
        """Hold a lock while the context lasts.

        0 seconds tries once, None waits as long as the adapter's own limit. Not reentrant. Raises
        LockBusyError if another process holds the lock for that long.
        """
        ...


class PromptFiles(Protocol):
    """The small files that the shells' prompt helper reads."""

    def write(self, state: PromptState) -> None:
        """Write the file of a managed profile."""
        ...

    def remove(self, managed_profile: str) -> None:
        """Delete the file of a managed profile."""
        ...

    def clear(self) -> None:
        """Delete every file."""
        ...


class HotPointers(Protocol):
    """The files that let `credential_process` find a session without a plan."""

    def write(self, managed_profile: str, session: PointedSession, vault: VaultInfo) -> None:
        """Point a managed profile to its session while the config has this fingerprint."""
        ...

    def remove(self, managed_profile: str) -> None:
        """Delete the pointer; the next call starts the full program."""
        ...

    def share_failure(self, names: Sequence[str], exit_code: int, line: str) -> None:
        """Tell the callers that wait for the session of a profile why there is none.

        `names` are the profile and, in a bound command, the role's ARN as the command has it.
        """
        ...

    def clear(self) -> None:
        """Delete every pointer."""
        ...


@dataclass(frozen=True, slots=True)
class SessionStorage:
    """Stored sessions, and the files published for them."""

    vault: Vault
    index: SessionIndex
    locks: Locks
    prompt_files: PromptFiles
    hot_pointers: HotPointers
    forget_marks: ForgetMarks

    def load(self, key: str) -> SessionRecord | None:
        """Return the session stored under `key`, None if it is missing or damaged."""
        value = self.vault.get(key)
        return None if value is None else session_record.decode(value, key)

    def delete(self, key: str) -> None:
        """Delete a session from vault and index."""
        self.vault.delete(key)
        self.index.remove([key])


# -- Configuration


class ConfigStore(Protocol):
    """The shared config and credentials files."""

    def paths(self) -> ConfigPaths:
        """Return the paths of both files."""
        ...

    def read(self) -> ConfigView:
        """Read both files as the SDKs do.

        Raises ConfigError only if a file can't be read at all (permission, a directory, not UTF-8).
        """
        ...

    def text(self, kind: FileKind) -> str:
        """Return the text of one file, "" if it's missing. Raises ConfigError as `read` does."""
        ...

    def default_paths(self) -> ConfigPaths:
        """Return the paths that both files have if no variable names another."""
        ...

    def fingerprint(self, *, settle: bool = False) -> str:
        """Return a stamp of both files in one line without blanks; a change of one changes it.

        If a file has changed so recently that its next change might not show, the stamp says so,
        and equals no other. `settle` waits for that, where it takes a moment.
        """
        ...

    def apply(self, edits: Sequence[ProfileEdit]) -> tuple[Problem, ...]:
        """Make these edits, each file in one atomic replacement, and change nothing else.

        Returns what the user should know. Raises ConfigError, and then writes nothing.
        """
        ...

    def ensure_writable(self, kinds: Collection[FileKind]) -> None:
        """Raise ConfigError if files of these kinds can't be changed; it leaves no trace."""
        ...

    def undo(self) -> tuple[str, ...]:
        """Restore the files that the last `apply` replaced, and return their names.

        Raises ConfigError if there is no change to undo, or if a file has changed since.
        """
        ...

    def remove_leftovers(self) -> tuple[str, ...]:
        """Remove the temporary files that killed writers left, and return their paths.

        Never raises.
        """
        ...


class SettingsStore(Protocol):
    """xswitch's `config.toml`."""

    def load(self) -> Settings:
        """Return the settings.

        Invalid settings are problems of the result. Raises SettingsError for an unreadable file.
        """
        ...


class Environment(Protocol):
    """Facts about this process, read on each call."""

    def variables(self) -> Mapping[str, str]:
        """Return the environment variables."""
        ...

    def running_commands(self) -> frozenset[str]:
        """Return the digests of the commands that started this process and that xswitch waits for.

        See `core.sessions.running_commands`.
        """
        ...

    def user_at_host(self) -> str:
        """Return user@host, the default role session name."""
        ...

    def working_folder(self) -> WorkingFolder:
        """Return the working folder, in which the commands of credential sources run."""
        ...

    def cache_folder(self) -> str:
        """Return the cache that this xswitch is installed in, "" if it is in none.

        Caches are emptied without notice.
        """
        ...

    def command(self) -> tuple[str, ...]:
        """Return the words that start this xswitch from any directory: an absolute path first."""
        ...

    def credential_process(self) -> tuple[str, ...]:
        """Return the words before the profile's name in a managed profile's `credential_process`.

        The first is an absolute path.
        """
        ...


class PortalLists(Protocol):
    """The latest lists of the portals of Identity Center."""

    def load(self) -> tuple[PortalRole, ...]:
        """Return the roles of all lists, also those that are gone, and of listings under way.

        A list that is missing, damaged, or another user's is empty. Never raises.
        """
        ...

    def any_stale(self, now: datetime) -> bool:
        """Whether a list is so old that it is to be refreshed. Never raises."""
        ...


class NoPortalLists:
    """Implements `PortalLists` without a list."""

    def load(self) -> tuple[PortalRole, ...]:
        """Return nothing."""
        return ()

    def any_stale(self, now: datetime) -> bool:
        """Return False."""
        del now
        return False


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a config snapshot is made from."""

    files: ConfigStore
    settings: SettingsStore
    environment: Environment
    portal_lists: PortalLists = field(default_factory=NoPortalLists)


# -- xswitch's own state


class UsageStore(Protocol):
    """Use counts and pins of roles."""

    def load(self) -> UsageState:
        """Return the stored state, empty if unreadable."""
        ...

    def record_use(self, profile: str, when: datetime) -> None:
        """Count one switch."""
        ...

    def set_pin(self, profile: str, *, pinned: bool) -> None:
        """Pin or unpin a role."""
        ...


class HistoryStore(Protocol):
    """Recent session requests and their results: bounded in size, without secrets."""

    def record(self, entry: HistoryEntry) -> None:
        """Add an entry. Never raises: a switch must not fail because of its history."""
        ...

    def load(self) -> tuple[HistoryEntry, ...]:
        """Return the entries, oldest first; none if unreadable."""
        ...

    def newer(self) -> XswitchError | None:
        """Return the error for a history that a newer xswitch wrote; it is never changed."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """xswitch's own files apart from sessions and settings."""

    usage: UsageStore
    history: HistoryStore
    private_folders: tuple[str, ...] = ()
    """xswitch's own folders, the one that holds the others first."""
    private_files: tuple[str, ...] = ()
    """xswitch's own files of fixed names."""
    remove_leftovers: Callable[[], tuple[str, ...]] = tuple
    """Removes the temporary files that killed writers left there, and returns their paths."""
    newer_files: Callable[[], tuple[XswitchError, ...]] = tuple
    """Returns an error for each file that a newer xswitch wrote; it is read as empty."""


# -- This process and machine


class Clock(Protocol):
    """The machine's time."""

    def now(self) -> datetime:
        """Return the current time, timezone-aware, in UTC."""
        ...


class BackgroundRenewer(Protocol):
    """Starts renewals that outlive this process."""

    def renew(self, managed_profile: str, binding: ProfileBinding | None) -> None:
        """Start one detached renewal; never raises, never waits."""
        ...


class MfaProcessRunner(Protocol):
    """Runs a profile's `mfa_process`."""

    def run(self, command: str, challenge: MfaChallenge) -> str:
        """Return the code it prints. Raises MfaNeededError."""
        ...


class FileInspector(Protocol):
    """The file system's facts about a path."""

    def inspect(self, path: str) -> FileInfo:
        """Return what is at an absolute path.

        Never raises: an inaccessible path counts as missing.
        """
        ...

    def inspect_below(self, path: str) -> tuple[FileInfo, ...]:
        """Return what is in a folder and in the folders in it, without following links.

        Never raises, and stops after some thousands.
        """
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """This process and its machine."""

    clock: Clock
    background: BackgroundRenewer
    mfa_process: MfaProcessRunner
    file_inspector: FileInspector
    sleep: Callable[[float], None]
    """Waits some seconds."""
    new_id: Callable[[], str]
    """Returns an unguessable string of letters and digits."""
    run_command: Callable[[Sequence[str], Mapping[str, str], float], CommandOutput]
    """Runs words, with more variables, as an SDK does; for so many seconds at most."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All groups. A use case takes the groups it needs."""

    aws: Aws
    storage: SessionStorage
    config: Config
    state: State
    process: Process

    def remove_leftovers(self) -> tuple[str, ...]:
        """Remove the temporary files that killed writers left, and return their paths."""
        return (*self.config.files.remove_leftovers(), *self.state.remove_leftovers())


def replace_ports(ports: Ports, **changes: Any) -> Ports:
    """Return `ports` with these ports replaced, by the names of fields in any group."""
    groups = {}
    for group in fields(ports):
        value = getattr(ports, group.name)
        own = {entry.name for entry in fields(value)} & changes.keys()
        groups[group.name] = replace(value, **{name: changes[name] for name in own})
    return Ports(**groups)


# -- Callbacks of the front ends


class MfaPrompt(Protocol):
    """A source of MFA codes."""

    def can_ask(self) -> bool:
        """Whether `code` asks a person, which may take minutes."""
        ...

    def code(self, challenge: MfaChallenge) -> str:
        """Return a code.

        Raises MfaNeededError without a way to prompt, CancelledError if the user gives up.
        """
        ...


Progress = Callable[[str], None]
"""Callback for short progress messages ("asking STS for payments-admin").

It may raise CancelledError to stop the use case.
"""


def no_progress(_: str) -> None:
    """Discard a progress message."""
