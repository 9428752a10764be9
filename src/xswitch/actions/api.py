"""The use cases behind both front ends; `results` has the values that they take and return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from xswitch.actions.ports import MfaPrompt, Ports, Progress
from xswitch.core.errors import XswitchError
from xswitch.core.model import (
    ConfigView,
    HistoryEntry,
    Problem,
    Role,
    SsoSession,
    VaultInfo,
)

if TYPE_CHECKING:  # 30 ms for every command, and few set up access or explain
    from xswitch.actions.access.api import AccessActions
    from xswitch.actions.results import (
        DoctorCheck,
        ForgetPreview,
        ForgetResult,
        Listing,
        RenewResult,
        StatusRow,
        SwitchOptions,
        SwitchResult,
        UsedSession,
    )
    from xswitch.actions.sessions.broker import Broker
    from xswitch.actions.sso.api import SsoActions
    from xswitch.actions.sso.portals import PortalActions, PortalPorts
    from xswitch.actions.sso.sign_in_ports import SsoPorts
    from xswitch.core.explain.model import Explanation
    from xswitch.core.profiles.binding import ProfileBinding


class Actions:
    """Every use case of xswitch, for both front ends.

    Each use case is imported on its first call: together they take half of a small command's
    start-up time. All methods raise only XswitchError subclasses and may run in worker threads.
    """

    def __init__(
        self,
        ports: Ports,
        sso: Callable[[], SsoPorts] | None = None,
        portals: Callable[[], PortalPorts] | None = None,
    ) -> None:
        self._ports = ports
        self._sso = sso
        self._portals = portals
        self._vault: VaultInfo | None = None

    @cached_property
    def _broker(self) -> Broker:
        from xswitch.actions.sessions.broker import Broker

        return Broker(self._ports)

    def listing(self) -> Listing:
        """Read the config, resolve every role, and look sessions up in the index.

        Never opens the vault and never calls AWS. The vault's label is filled in once
        `vault_info` has opened it.
        """
        from xswitch.actions.inspect.listing import listing

        return listing(self._ports, "" if self._vault is None else self._vault.label)

    def resolve(self, target: str, options: SwitchOptions) -> Role:
        """Return the role that TARGET names.

        TARGET is a profile, a managed profile, an ARN, ACCOUNT:ROLE, "-", or words to match.
        Raises TargetError, ChainError.
        """
        from xswitch.actions.targets import resolve_target

        return resolve_target(self._ports.config, target, options)

    def switch(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> SwitchResult:
        """Get a session, write its managed profile, and record the use.

        `role` is as it was shown: raises TargetError if it's another one now.
        """
        from xswitch.actions.sessions.switch import switch

        return switch(self._broker, role, options, ask, progress)

    def use_session(
        self,
        role: Role,
        options: SwitchOptions,
        ask: MfaPrompt,
        progress: Progress,
        *,
        ahead: bool = False,
    ) -> UsedSession:
        """Return the credentials of a target for one use, without a switch.

        The session is stored like any other; no profile is written. `role` is as it was shown.
        With `ahead`, no person waits for it: it's renewed as early as in the background. Raises
        as `switch` does.
        """
        from xswitch.actions.sessions.use import use_session

        return use_session(self._broker, role, options, ask, progress, ahead=ahead)

    def explain(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> Explanation:
        """Run the chain against AWS, store nothing, and explain the first failure.

        Uses a valid MFA session or prompts for a code. Raises errors that aren't about access:
        ChainError, UsageError, CancelledError.
        """
        from xswitch.actions.explain.explain import explain

        return explain(self._broker, role, options, ask, progress)

    def explain_failure(
        self, role: Role, error: XswitchError, options: SwitchOptions | None = None
    ) -> Explanation:
        """Explain, within a second, why a switch with these options failed with `error`.

        Retries nothing and prompts for nothing. Raises `error` itself when it isn't about access
        (`core.explain.evidence.is_explainable`).
        """
        from xswitch.actions.explain.explain import explain_failure
        from xswitch.actions.results import SwitchOptions

        return explain_failure(self._broker, role, error, options or SwitchOptions())

    def renew(
        self,
        names: Sequence[str],
        ask: MfaPrompt,
        progress: Progress,
        *,
        all_sessions: bool = False,
        shown: Sequence[Role] = (),
    ) -> tuple[RenewResult, ...]:
        """Renew sessions in parallel; one failure doesn't stop the others.

        A role that isn't what was `shown` of it is an error.
        """
        from xswitch.actions.sessions.renew import renew

        return renew(self._broker, names, ask, progress, all_sessions=all_sessions, shown=shown)

    def forget(
        self,
        names: Sequence[str],
        *,
        all_sessions: bool = False,
        shown: Sequence[Role] = (),
    ) -> tuple[ForgetResult, ...]:
        """Drop sessions and managed profiles.

        With `all_sessions`, everything that is stored goes, whether the index names it or not, and
        what can't be removed is in the results. Raises TargetError, and drops nothing, if a role
        isn't what was `shown` of it.
        """
        self._ensure_unchanged(shown)
        from xswitch.actions.sessions.forget import forget

        return forget(self._broker, names, all_sessions=all_sessions)

    def forget_preview(self) -> ForgetPreview:
        """Return what the index and the config know of what forgetting everything deletes."""
        from xswitch.actions.sessions.forget import preview

        return preview(self._ports)

    def credential_process(
        self, profile: str, ask: MfaPrompt, binding: ProfileBinding | None = None
    ) -> str:
        """Return the `credential_process` JSON line for a managed profile or a role profile.

        Raises ConfigError if the profile is for another role than `binding` names.
        """
        from xswitch.actions.credentials.credential_process import credential_process

        return credential_process(self._broker, profile, ask, binding)

    def share_failure(self, names: Sequence[str], exit_code: int, line: str) -> None:
        """Let other callers of `credential-process` that wait for this one report its failure.

        `names` are the profile and, in a bound command, the role's ARN as the command has it.
        """
        self._ports.storage.hot_pointers.share_failure(names, exit_code, line)

    def renew_in_background(self, profile: str, binding: ProfileBinding | None = None) -> None:
        """Renew a profile's session without output, once at a time per session."""
        from xswitch.actions.credentials.credential_process import renew_in_background

        renew_in_background(self._broker, profile, binding)

    def status(self) -> tuple[StatusRow, ...]:
        """Return every session in the index.

        Raises ConfigError if a newer xswitch wrote it.
        """
        from xswitch.actions.inspect.listing import status

        return status(self._ports)

    def history(self) -> tuple[HistoryEntry, ...]:
        """Return recent session requests and their results, newest first.

        Raises ConfigError if a newer xswitch wrote the history.
        """
        newer = self._ports.state.history.newer()
        if newer is not None:
            raise newer
        return tuple(reversed(self._ports.state.history.load()))

    def config(self) -> ConfigView:
        """Return both shared files as the SDKs read them."""
        return self._ports.config.files.read()

    def undo_config(self) -> tuple[str, ...]:
        """Revert xswitch's last config change and return the files it restored."""
        restored = self._ports.config.files.undo()
        self._ports.remove_leftovers()
        return restored

    @cached_property
    def access(self) -> AccessActions:
        """The use cases of cross-account access."""
        from xswitch.actions.access.api import AccessActions

        return AccessActions(self._broker)

    @cached_property
    def sso(self) -> SsoActions:
        """The use cases of IAM Identity Center."""
        from xswitch.actions.sso.api import SsoActions

        if self._sso is None:
            raise AssertionError("these actions have no ports of Identity Center")
        return SsoActions(self._sso())

    @cached_property
    def portals(self) -> PortalActions:
        """The use cases of the portals' lists."""
        from xswitch.actions.sso.portals import PortalActions

        if self._portals is None:
            raise AssertionError("these actions have no ports of portals")
        return PortalActions(self._portals())

    def refresh_stale_portals(self) -> None:
        """Start a listing in the background for each portal whose list is old.

        It never raises, never asks, and opens no browser.
        """
        lists = self._ports.config.portal_lists
        if self._portals is not None and lists.any_stale(self._ports.process.clock.now()):
            self.portals.refresh_stale()

    def list_portal_in_background(self, session: SsoSession) -> None:
        """Start a listing of a session's portal in the background; never raises, never waits."""
        if self._portals is not None:
            self.portals.start_refresh(session)

    def doctor(self) -> tuple[DoctorCheck, ...]:
        """Check config, vault, hook, and network."""
        from xswitch.actions.inspect.doctor import run_checks

        return run_checks(self._ports)

    def installation_problems(self) -> tuple[Problem, ...]:
        """Return a warning if this xswitch is installed where it won't last."""
        from xswitch.actions.inspect.installation import installation_problems

        return installation_problems(self._ports.config.environment)

    def set_pin(self, profile: str, *, pinned: bool, shown: Sequence[Role] = ()) -> None:
        """Pin or unpin a role. Raises TargetError if it isn't what was `shown` of it."""
        self._ensure_unchanged(shown)
        self._ports.state.usage.set_pin(profile, pinned=pinned)
        self._ports.remove_leftovers()

    def _ensure_unchanged(self, shown: Sequence[Role]) -> None:
        if shown:
            from xswitch.actions.targets import ensure_unchanged

            ensure_unchanged(self._ports.config, shown)

    def vault_info(self) -> VaultInfo:
        """Open the vault and return which store it is."""
        self._vault = self._ports.storage.vault.info()
        return self._vault
