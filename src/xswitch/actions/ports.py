"""What the use cases need of the world.

`adapters` fit these by shape; tests fit them with fakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from xswitch.actions.iamport import IamSource
from xswitch.core.model import (
    AssumedRole,
    AssumeRoleRequest,
    CallerIdentity,
    ConfigPaths,
    ConfigView,
    Credentials,
    CredentialSource,
    Endpoint,
    FileInfo,
    HistoryEntry,
    IndexEntry,
    MfaChallenge,
    ProbeResult,
    ProfileEdit,
    PromptState,
    Settings,
    UsageState,
    VaultInfo,
)


class Clock(Protocol):
    """The time, as the machine has it."""

    def now(self) -> datetime:
        """Now, timezone-aware, UTC."""
        ...


class ConfigStore(Protocol):
    """The shared config and credentials files."""

    def paths(self) -> ConfigPaths:
        """The files in force."""
        ...

    def read(self) -> ConfigView:
        """Both files under the SDK rules.

        Raises ConfigError only when a file can't be read at all (permission, a folder, not UTF-8).
        """
        ...

    def stamp(self) -> str:
        """Size, mtime in ns and inode of both files, as one line without blanks.

        Equal stamps, equal content.
        """
        ...

    def apply(self, edits: Sequence[ProfileEdit]) -> None:
        """Make these edits, each file in one atomic replacement; nothing else changes.

        Raises ConfigError, and then nothing was written.
        """
        ...

    def undo(self) -> tuple[str, ...]:
        """Restore what the last `apply` replaced and name the files.

        Raises ConfigError if there is nothing, or a file changed since.
        """
        ...


class Vault(Protocol):
    """Where sessions live.

    Every call may raise VaultLockedError, VaultAbsentError or VaultBrokenError, within seconds.
    """

    def info(self) -> VaultInfo:
        """Which store this is (choosing and pinning it at first use)."""
        ...

    def get(self, key: str) -> str | None:
        """The value kept under a session key, None when there is none."""
        ...

    def put(self, key: str, value: str) -> None:
        """Keep `value` under `key`, replacing what was there."""
        ...

    def delete(self, key: str) -> None:
        """Drop `key`; no error when it isn't there."""
        ...


class SessionIndex(Protocol):
    """Session key → who, when, until: a file without secrets.

    Every change is atomic across processes.
    """

    def entries(self) -> Mapping[str, IndexEntry]:
        """All entries; an unreadable index is empty."""
        ...

    def put(self, entry: IndexEntry) -> None:
        """Add or replace one entry."""
        ...

    def remove(self, keys: Sequence[str]) -> None:
        """Drop entries."""
        ...


class Locks(Protocol):
    """Locks by name across processes; one whose holder died is free."""

    def hold(self, name: str, timeout_seconds: float | None = None) -> AbstractContextManager[None]:
        """Hold the lock while the context lasts.

        0 seconds tries once, None is the adapter's own limit.

        Raises LockBusyError when another process holds it for all that time. Not
        re-entrant.
        """
        ...


class Sts(Protocol):
    """The three STS calls.

    Every failure is an AwsDeniedError, SourceCredentialsError or NetworkError with AWS's own text
    in `why`.
    """

    def assume_role(
        self, credentials: Credentials, request: AssumeRoleRequest, endpoint: Endpoint
    ) -> AssumedRole:
        """sts:AssumeRole."""
        ...

    def get_session_token(
        self,
        credentials: Credentials,
        serial: str,
        code: str,
        duration_seconds: int,
        endpoint: Endpoint,
    ) -> Credentials:
        """sts:GetSessionToken with MFA."""
        ...

    def get_caller_identity(self, credentials: Credentials, endpoint: Endpoint) -> CallerIdentity:
        """sts:GetCallerIdentity."""
        ...


class SourceCredentials(Protocol):
    """Where a chain's base gets its credentials: botocore's own resolver."""

    def resolve(self, base: CredentialSource, view: ConfigView, endpoint: Endpoint) -> Credentials:
        """The base's credentials, refreshed if it can be done without asking.

        Raises SourceCredentialsError, NetworkError.
        """
        ...


class MfaPrompt(Protocol):
    """Somebody, or something, that knows MFA codes."""

    def code(self, challenge: MfaChallenge) -> str:
        """A code.

        Raises MfaNeededError when nobody can be asked, CancelledError when the user gave up.
        """
        ...


class MfaProcessRunner(Protocol):
    """Runs the `mfa_process` of a profile."""

    def run(self, command: str, challenge: MfaChallenge) -> str:
        """The code it printed. Raises MfaNeededError."""
        ...


class SettingsStore(Protocol):
    """xswitch's `profiles.toml`."""

    def load(self) -> Settings:
        """The settings.

        What can't be understood is a problem in them, never an exception, except an unreadable file
        (SettingsError).
        """
        ...


class UsageStore(Protocol):
    """Frecency, pins, and the profile before this one."""

    def load(self) -> UsageState:
        """What is remembered; empty when unreadable."""
        ...

    def record_use(self, profile: str, when: datetime) -> None:
        """Count one switch."""
        ...

    def set_pin(self, profile: str, *, pinned: bool) -> None:
        """Pin or unpin."""
        ...


class HistoryStore(Protocol):
    """Which sessions were wanted, when, and what came of it. Bounded in size, without secrets."""

    def record(self, entry: HistoryEntry) -> None:
        """Add one; never raises, for no switch fails for its history."""
        ...

    def load(self) -> tuple[HistoryEntry, ...]:
        """What is known, the oldest first; empty when unreadable."""
        ...


class PromptFiles(Protocol):
    """The small files the shells' prompt helper reads."""

    def write(self, state: PromptState) -> None:
        """Write the one of this managed profile."""
        ...

    def remove(self, managed_profile: str) -> None:
        """Drop it."""
        ...


class HotPointers(Protocol):
    """What lets the hot path find a session without planning.

    Managed profile → session key, store, config stamp.
    """

    def write(self, managed_profile: str, key: str, stamp: str, vault: VaultInfo) -> None:
        """Point a managed profile at its session, valid for as long as the config's stamp is this one."""
        ...

    def remove(self, managed_profile: str) -> None:
        """Forget it; the next call takes the full path."""
        ...


class BackgroundRenewer(Protocol):
    """Starts things that outlive this process."""

    def renew(self, managed_profile: str) -> None:
        """Start one detached renewal; never raises, never waits."""
        ...


class Environment(Protocol):
    """Facts of this process that use cases need, read when asked."""

    def variables(self) -> Mapping[str, str]:
        """The environment."""
        ...

    def user_at_host(self) -> str:
        """Who CloudTrail shall name: user@host."""
        ...

    def command(self) -> tuple[str, ...]:
        """The words that start this xswitch from any folder: an absolute path first."""
        ...

    def credential_process(self) -> tuple[str, ...]:
        """The words before the profile's name in a managed profile's `credential_process`.

        An absolute path first.
        """
        ...


class StsProbe(Protocol):
    """Whether an STS endpoint answers, asked without credentials."""

    def reach(self, endpoint: Endpoint) -> ProbeResult:
        """One short request; any HTTP answer counts as reached.

        Raises NetworkError, within seconds.
        """
        ...


class FileInspector(Protocol):
    """The file system's view of a path."""

    def look(self, path: str) -> FileInfo:
        """What is at `path` (absolute); a path that can't be looked at doesn't exist.

        Never raises.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The world as the use cases see it.

    `private_paths` are xswitch's own files and folders, which nobody else may read.
    """

    clock: Clock
    config: ConfigStore
    vault: Vault
    index: SessionIndex
    locks: Locks
    sts: Sts
    base: SourceCredentials
    settings: SettingsStore
    memory: UsageStore
    history: HistoryStore
    prompt_files: PromptFiles
    hot_pointers: HotPointers
    background: BackgroundRenewer
    environment: Environment
    mfa_command: MfaProcessRunner
    sts_probe: StsProbe
    file_facts: FileInspector
    iam: IamSource
    pause: Callable[[float], None]  # seconds
    new_id: Callable[[], str]  # unguessable, letters and digits
    private_paths: tuple[str, ...] = ()


Progress = Callable[[str], None]
"""Callback for short progress messages ("asking STS for payments-admin").

It may raise CancelledError to stop the use case.
"""


def no_progress(_: str) -> None:
    """Discard a progress message."""
