"""The use cases as one object: what `wiring` makes of real ports, and tests of fakes.

Each is imported when it is first asked for: together they are half of what starting a small command
takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from xswitch.actions.api import (
    DoctorCheck,
    ForgetResult,
    Listing,
    RenewResult,
    StatusRow,
    SwitchOptions,
    SwitchResult,
)
from xswitch.actions.inspect.listing import listing, status
from xswitch.actions.ports import MfaPrompt, Ports, Progress
from xswitch.core.errors import XswitchError
from xswitch.core.model import ConfigView, HistoryEntry, Role, VaultInfo

if TYPE_CHECKING:
    from xswitch.actions.access.facade import RealAccess
    from xswitch.actions.sessions.broker import Broker
    from xswitch.core.explain.model import Explanation

__all__ = ["Ports", "RealActions"]


class RealActions:
    """Fits `Actions`: every use case, over the ports it is given.

    May be used from several threads.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._vault: VaultInfo | None = None

    @cached_property
    def _broker(self) -> Broker:
        from xswitch.actions.sessions.broker import Broker

        return Broker(self._ports)

    def listing(self) -> Listing:
        """See `Actions.listing`; the vault is named once it was opened for something else."""
        return listing(self._ports, "" if self._vault is None else self._vault.label)

    def resolve(self, target: str, options: SwitchOptions) -> Role:
        """See `Actions.resolve`."""
        from xswitch.actions.targets import resolve_target

        return resolve_target(self._ports, target, options)

    def switch(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> SwitchResult:
        """See `Actions.switch`."""
        from xswitch.actions.sessions.switch import switch

        return switch(self._broker, role, options, ask, progress)

    def explain(
        self, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
    ) -> Explanation:
        """See `Actions.explain`."""
        from xswitch.actions.explain import explain as explaining

        return explaining.explain(self._broker, role, options, ask, progress)

    def explain_failure(
        self, role: Role, error: XswitchError, options: SwitchOptions | None = None
    ) -> Explanation:
        """See `Actions.explain_failure`."""
        from xswitch.actions.explain import explain as explaining

        return explaining.explain_failure(self._broker, role, error, options or SwitchOptions())

    def renew(
        self,
        names: Sequence[str],
        ask: MfaPrompt,
        progress: Progress,
        *,
        all_sessions: bool = False,
    ) -> tuple[RenewResult, ...]:
        """See `Actions.renew`."""
        from xswitch.actions.sessions.renew import renew

        return renew(self._broker, names, ask, progress, everything=all_sessions)

    def forget(
        self, names: Sequence[str], *, all_sessions: bool = False
    ) -> tuple[ForgetResult, ...]:
        """See `Actions.forget`."""
        from xswitch.actions.sessions.forget import forget

        return forget(self._broker, names, everything=all_sessions)

    def credential_process(self, profile: str, ask: MfaPrompt) -> str:
        """See `Actions.credential_process`."""
        from xswitch.actions.credentials.credential_process import credential_process

        return credential_process(self._broker, profile, ask)

    def renew_in_background(self, profile: str) -> None:
        """See `Actions.renew_in_background`."""
        from xswitch.actions.credentials.credential_process import renew_in_background

        renew_in_background(self._broker, profile)

    def status(self) -> tuple[StatusRow, ...]:
        """See `Actions.status`."""
        return status(self._ports)

    def history(self) -> tuple[HistoryEntry, ...]:
        """See `Actions.history`."""
        return tuple(reversed(self._ports.history.load()))

    def config(self) -> ConfigView:
        """See `Actions.config`."""
        return self._ports.config.read()

    def undo_config(self) -> tuple[str, ...]:
        """See `Actions.undo_config`."""
        return self._ports.config.undo()

    @cached_property
    def access(self) -> RealAccess:
        """See `Actions.access`."""
        from xswitch.actions.access.facade import RealAccess

        return RealAccess(self._broker)

    def doctor(self) -> tuple[DoctorCheck, ...]:
        """See `Actions.doctor`."""
        from xswitch.actions.inspect.doctor import run_checks

        return run_checks(self._ports)

    def set_pin(self, profile: str, *, pinned: bool) -> None:
        """See `Actions.set_pin`."""
        self._ports.memory.set_pin(profile, pinned=pinned)

    def vault_info(self) -> VaultInfo:
        """See `Actions.vault_info`."""
        self._vault = self._ports.vault.info()
        return self._vault
