"""Adapters that convert between the demo's time and the machine's, for `--advance`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from xswitch.core.model import Endpoint, ProbeResult, PromptState
from xswitch.emulator.clock import DemoClock


class _Probe(Protocol):
    def probe(self, endpoint: Endpoint) -> ProbeResult: ...


class _PromptFiles(Protocol):
    def write(self, state: PromptState) -> None: ...

    def remove(self, managed_profile: str) -> None: ...

    def clear(self) -> None: ...


class ShiftedProbe:
    """A probe whose server time is the demo's; servers date answers by the machine's clock."""

    def __init__(self, probe: _Probe, clock: DemoClock) -> None:
        self._probe = probe
        self._clock = clock

    def probe(self, endpoint: Endpoint) -> ProbeResult:
        """Probe the endpoint, in the demo's time. Raises NetworkError."""
        result = self._probe.probe(endpoint)
        if result.server_time is None:
            return result
        return replace(
            result, server_time=result.server_time + timedelta(seconds=self._clock.offset_seconds())
        )


class ShiftedPromptFiles:
    """Prompt files in the machine's time, by which shells count minutes."""

    def __init__(self, files: _PromptFiles, clock: DemoClock) -> None:
        self._files = files
        self._clock = clock

    def write(self, state: PromptState) -> None:
        """Write a managed profile's prompt file."""
        ahead = timedelta(seconds=self._clock.offset_seconds())
        expires_at = None if state.expires_at is None else state.expires_at - ahead
        renewable_until = None if state.renewable_until is None else state.renewable_until - ahead
        self._files.write(replace(state, expires_at=expires_at, renewable_until=renewable_until))

    def remove(self, managed_profile: str) -> None:
        """Remove a managed profile's prompt file."""
        self._files.remove(managed_profile)

    def clear(self) -> None:
        """Remove every prompt file."""
        self._files.clear()
