"""The one place that names both use cases and adapters: from the environment to a world."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from xswitch.actions.api import Actions
from xswitch.actions.ports import (
    Aws,
    Clock,
    Config,
    Iam,
    IamSource,
    MfaPrompt,
    Ports,
    Process,
    PromptFiles,
    SessionStorage,
    State,
    StsProbe,
)
from xswitch.adapters.aws.sts import BotoSts, HttpStsProbe
from xswitch.adapters.config.store import FileConfigStore
from xswitch.adapters.providers.source import BotocoreProviders
from xswitch.adapters.state.history import JsonHistory
from xswitch.adapters.state.index import JsonIndex
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.paths import AppPaths, user_paths
from xswitch.adapters.state.prompt_files import PromptFileStore
from xswitch.adapters.state.settings import TomlSettings
from xswitch.adapters.state.usage import JsonUsage
from xswitch.adapters.system.background import DetachedRenewals
from xswitch.adapters.system.environment import OsFileInspector, ProcessEnvironment, SystemClock
from xswitch.adapters.system.mfa_process import MfaProcess
from xswitch.adapters.system.mfa_prompts import TerminalPrompt
from xswitch.adapters.vault import open_vault
from xswitch.adapters.vault.hot_pointers import FileHotPointers
from xswitch.core.awsconfig.paths import config_paths
from xswitch.core.model import Credentials, Endpoint


class _LazyIamSource:
    """The port `IamSource`, its adapter imported when IAM is first opened.

    Most commands never do.
    """

    def __init__(self) -> None:
        self._source: IamSource | None = None

    def open(self, credentials: Credentials, endpoint: Endpoint) -> Iam:
        """IAM as these credentials see it."""
        from xswitch.adapters.aws.iam import BotoIamSource  # noqa: PLC0415 -- see above

        if self._source is None:
            self._source = BotoIamSource()
        return self._source.open(credentials, endpoint)


def _new_id() -> str:
    import secrets  # noqa: PLC0415 -- only who sets access up needs one

    return secrets.token_hex(16)


class Services:
    """The machine and account of the user who runs this."""

    def __init__(
        self, environ: Mapping[str, str], tell: Callable[[str], None] | None = None
    ) -> None:
        self._environ = environ
        self._tell = tell
        self._environment = ProcessEnvironment()

    @cached_property
    def places(self) -> AppPaths:
        """Where xswitch keeps its own files."""
        return user_paths()

    @cached_property
    def clock(self) -> Clock:
        """The machine's clock, or the demo's, whose sessions can be made to end."""
        if not self._in_demo:
            return SystemClock()
        from xswitch.demo.inside import demo_clock  # noqa: PLC0415 -- only inside the demo

        return demo_clock(self._environ) or SystemClock()

    @cached_property
    def ports(self) -> Ports:
        """Every port, for real, each call told where somebody wants to know.

        Nothing is opened, asked or called yet.
        """
        if self._tell is None:
            return self._ports()
        from xswitch.actions.tracing import with_tracing  # noqa: PLC0415 -- only under --debug

        return with_tracing(self._ports(), self._tell, time.monotonic)

    def _ports(self) -> Ports:
        places, environ = self.places, self._environ
        # Locate works on texts
        paths = config_paths(environ, str(Path.home()), os.getcwd())  # noqa: PTH109
        locks = FileLocks(places.locks)
        settings = TomlSettings(places.settings)
        prompt_files: PromptFiles = PromptFileStore(places.prompt)
        sts_probe: StsProbe = HttpStsProbe()
        if self._in_demo:
            from xswitch.demo.shifted_adapters import ShiftedProbe, ShiftedPromptFiles  # noqa: PLC0415 -- only inside the demo
            from xswitch.emulator.clock import DemoClock  # noqa: PLC0415 -- only inside the demo

            if isinstance(self.clock, DemoClock):
                prompt_files, sts_probe = (
                    ShiftedPromptFiles(prompt_files, self.clock),
                    ShiftedProbe(sts_probe, self.clock),
                )
        return Ports(
            Aws(BotoSts(), BotocoreProviders(environ), _LazyIamSource(), sts_probe),
            SessionStorage(
                vault=open_vault(settings.load(), places, environ),
                index=JsonIndex(places.index, locks),
                locks=locks,
                prompt_files=prompt_files,
                hot_pointers=FileHotPointers(places.hot),
            ),
            Config(
                FileConfigStore(
                    paths, backups=places.backups, locks=places.locks, clock=self.clock
                ),
                settings,
                self._environment,
            ),
            State(
                JsonUsage(places.usage, locks),
                JsonHistory(places.history, locks),
                private_paths=tuple(
                    str(path)
                    for path in (
                        places.state,
                        places.index,
                        places.usage,
                        places.history,
                        places.locks,
                        places.backups,
                    )
                ),
            ),
            Process(
                clock=self.clock,
                background=DetachedRenewals(self._environment.command),
                mfa_process=MfaProcess(environ),
                file_inspector=OsFileInspector(),
                sleep=time.sleep,
                new_id=_new_id,
            ),
        )

    @cached_property
    def actions(self) -> Actions:
        """The use cases."""
        return Actions(self.ports)

    def mfa_prompt(self, code: str | None, next_step: str) -> MfaPrompt:
        """Return a prompt that uses `code`, or else asks on the terminal.

        `next_step` is the command to suggest without a terminal.
        """
        from xswitch.actions.sessions.mfa import FixedMfaCode, NoMfaPrompt  # noqa: PLC0415 -- few commands need a code

        return TerminalPrompt(NoMfaPrompt(next_step).code) if code is None else FixedMfaCode(code)

    def no_mfa_prompt(self, next_step: str) -> MfaPrompt:
        """Return a prompt that always fails, and suggests `next_step`."""
        from xswitch.actions.sessions.mfa import NoMfaPrompt  # noqa: PLC0415 -- few commands need a code

        return NoMfaPrompt(next_step)

    @property
    def notice(self) -> str:
        """What the demo says of itself on the screen."""
        if not self._in_demo:
            return ""
        from xswitch.demo.inside import notice  # noqa: PLC0415 -- only inside the demo

        return notice(self._environ)

    @property
    def totp_hint(self) -> Callable[[str], str] | None:
        """The current MFA code of the device whose serial number it gets, "" for one it doesn't know; in the demo."""
        if not self._in_demo:
            return None
        from xswitch.demo.inside import code_shown  # noqa: PLC0415 -- only inside the demo

        return lambda serial: code_shown(self._environ, serial)

    @property
    def _in_demo(self) -> bool:
        if "XSWITCH_DEMO" not in self._environ:
            return False
        from xswitch.demo.inside import is_demo  # noqa: PLC0415 -- only inside the demo

        return is_demo(self._environ)

    @property
    def command_words(self) -> tuple[str, ...]:
        """The words that start this xswitch from any folder."""
        return self._environment.command()

    @property
    def state_folder(self) -> str:
        """Where the prompt files are."""
        return str(self.places.state)


def build_services(
    environ: Mapping[str, str], tell: Callable[[str], None] | None = None
) -> Services:
    """The real world under this environment.

    `tell` gets a line, without secrets, for each call to it (`actions.tracing`).
    """
    return Services(environ, tell)
