"""What a front end can ask for: one object of use cases, and the values they take and give.

`wiring.build()` makes the real one; tests and the screenshots make one of fakes. Both front ends
see only this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.core.errors import XswitchError
from xswitch.core.model import (
    CallerIdentity,
    ConfigView,
    HistoryEntry,
    IndexEntry,
    Problem,
    Role,
    SessionState,
    Settings,
    UsageState,
    VaultInfo,
)

if TYPE_CHECKING:  # 30 ms for every command, and few set access up or explain
    from xswitch.actions.access.api import AccessActions
    from xswitch.core.explain.model import Explanation


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A role's session as the index tells it; `key` is "" when the chain has no plan."""

    state: SessionState
    expires_at: datetime | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class MfaInfo:
    """An MFA session as the index tells it."""

    base_profile: str
    serial: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """The base the title line speaks of.

    Its profile, account id ("" if not known offline) and kind.
    """

    profile: str
    account_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything the picker and `list` show, from one reading of the config and the index."""

    roles: tuple[Role, ...]
    sessions: Mapping[str, SessionInfo]  # by role name
    mfa_sessions: tuple[MfaInfo, ...]
    memory: UsageState
    settings: Settings
    problems: tuple[Problem, ...]
    current_profile: str  # AWS_PROFILE of this process, "" if unset
    base: SourceInfo | None = None
    vault_label: str = ""


@dataclass(frozen=True, slots=True)
class SwitchOptions:
    """What `switch` may be asked beside its target; None and () mean as configured."""

    source: str | None = None
    region: str | None = None
    duration_seconds: int | None = None
    session_name: str | None = None
    external_id: str | None = None
    mfa_code: str | None = None
    profile_name: str | None = None
    static: bool = False
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    force: bool = False
    confirmation: str | None = None  # what was typed for a guarded role
    # Without anything asked for here, what the managed profile keeps holds on (`switch -`)
    keep: bool = False


@dataclass(frozen=True, slots=True)
class SwitchResult:
    """A switch that worked."""

    role: Role
    managed_profile: str
    expires_at: datetime
    identity: CallerIdentity | None
    from_vault: bool
    static: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class RenewResult:
    """What became of one target of `renew`: a new expiry, or the error."""

    name: str
    expires_at: datetime | None = None
    error: XswitchError | None = None


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What `forget` dropped."""

    name: str
    sessions: int
    managed_profile: str = ""


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One session of the index with its state now.

    `renewable_until` is the end of the MFA session it renews from (None: none needed).
    """

    entry: IndexEntry
    state: SessionState
    seconds_left: int
    renewable_until: datetime | None = None


DoctorCheckState = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """One finding of `doctor`."""

    name: str
    state: DoctorCheckState
    message: str
    next_step: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class Actions(Protocol):
    """The use cases.

    Every method may raise XswitchError subclasses and nothing else; all may be called from worker
    threads.
    """

    def listing(self) -> Listing:
        """Read the config, resolve every role, look sessions up in the index.

        Never opens the vault, never calls AWS.
        """
        ...

    def resolve(self, target: str, options: SwitchOptions) -> Role:
        """The one role TARGET names (profile, managed profile, ARN, ACCOUNT:ROLE, "-", words).

        Raises TargetError, ChainError.
        """
        ...

    def switch(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> SwitchResult:
        """Get the session, write the managed profile, remember the use.

        Raises what the broker, the vault and the writer raise.
        """
        ...

    def explain(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> Explanation:
        """Try the switch for real, keep nothing of it, and say why it fails.

        Which side, which statement, how sure that is.

        A living MFA session is used, or a code asked for. Raises what isn't about access:
        ChainError, UsageError, CancelledError.
        """
        ...

    def explain_failure(
        self, role: Role, error: XswitchError, options: SwitchOptions | None = None
    ) -> Explanation:
        """Why a switch with these options (None: none) just failed with `error`.

        Nothing is tried again, nobody asked, within a second.

        Raises `error` itself when it isn't about access (`core.explain.evidence.is_explainable`).
        """
        ...

    def renew(
        self,
        names: Sequence[str],
        ask: MfaPrompt,
        progress: Progress,
        *,
        all_sessions: bool = False,
    ) -> tuple[RenewResult, ...]:
        """Fresh sessions side by side; one failure doesn't stop the others."""
        ...

    def forget(
        self, names: Sequence[str], *, all_sessions: bool = False
    ) -> tuple[ForgetResult, ...]:
        """Drop sessions and managed profiles."""
        ...

    def credential_process(self, profile: str, ask: MfaPrompt) -> str:
        """The one JSON line of the SDK contract for a managed (or role) profile."""
        ...

    def renew_in_background(self, profile: str) -> None:
        """The detached half of a renewal: exactly one at a time per session, silent."""
        ...

    def status(self) -> tuple[StatusRow, ...]:
        """Every session of the index."""
        ...

    def history(self) -> tuple[HistoryEntry, ...]:
        """Which sessions were wanted and what came of it, the newest first."""
        ...

    def config(self) -> ConfigView:
        """Both files as read."""
        ...

    def undo_config(self) -> tuple[str, ...]:
        """Take xswitch's last change of the config back."""
        ...

    @property
    def access(self) -> AccessActions:
        """Both sides of cross-account access."""
        ...

    def doctor(self) -> tuple[DoctorCheck, ...]:
        """Look at everything that can be in the way."""
        ...

    def set_pin(self, profile: str, *, pinned: bool) -> None:
        """Pin or unpin a role."""
        ...

    def vault_info(self) -> VaultInfo:
        """Which vault is in use."""
        ...
