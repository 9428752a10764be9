"""The only module that connects use cases to adapters."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

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
from xswitch.adapters.state.forget_marks import FileForgetMarks
from xswitch.adapters.state.history import JsonHistory
from xswitch.adapters.state.index import JsonIndex
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.paths import AppPaths, home_folder, shared_config_paths, user_paths
from xswitch.adapters.state.portal_lists import FilePortalLists
from xswitch.adapters.state.private_files import sweep_below
from xswitch.adapters.state.prompt_files import PromptFileStore
from xswitch.adapters.state.settings import TomlSettings
from xswitch.adapters.state.usage import JsonUsage
from xswitch.adapters.system.background import DetachedRenewals
from xswitch.adapters.system.command_runner import run_command
from xswitch.adapters.system.environment import OsFileInspector, ProcessEnvironment, SystemClock
from xswitch.adapters.system.mfa_process import MfaProcess
from xswitch.adapters.system.mfa_prompts import TerminalPrompt
from xswitch.adapters.vault import open_vault
from xswitch.adapters.vault.hot_pointers import FileHotPointers
from xswitch.adapters.vault.runtime_places import RuntimePlaces
from xswitch.core.awsconfig.paths import default_paths
from xswitch.core.filenames import config_folder_name
from xswitch.core.model import Credentials, Endpoint, SsoSession, SsoToken

if TYPE_CHECKING:  # only the commands of Identity Center import them
    from xswitch.actions.sso.portals import PortalPorts
    from xswitch.actions.sso.ports import Portal
    from xswitch.actions.sso.sign_in_ports import (
        AwsCli,
        Browsers,
        Callbacks,
        Oidc,
        SignOut,
        SsoPorts,
        StartUrls,
    )


class _LazyIamSource:
    """Implements `IamSource` and imports its adapter on first use: most commands don't call IAM."""

    def __init__(self) -> None:
        self._source: IamSource | None = None

    def open(self, credentials: Credentials, endpoint: Endpoint) -> Iam:
        """Return an IAM client."""
        from xswitch.adapters.aws.iam import BotoIamSource  # noqa: PLC0415

        if self._source is None:
            self._source = BotoIamSource()
        return self._source.open(credentials, endpoint)


class _LazyPort:
    """A port that is made on its first call."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)


def _sso_ports(environ: Mapping[str, str], clock: Clock, ports: Ports) -> SsoPorts:
    """Return the ports of Identity Center, each imported on first use: few commands sign in."""
    from xswitch.actions.sso.sign_in_ports import SsoPorts  # noqa: PLC0415
    from xswitch.adapters.sso.shared_tokens import SharedTokenFiles  # noqa: PLC0415

    def oidc() -> Oidc:
        from xswitch.adapters.sso.oidc import BotoOidc  # noqa: PLC0415

        return BotoOidc(clock.now)

    def portal() -> SignOut:
        from xswitch.adapters.sso.portal_clients import PortalClient  # noqa: PLC0415

        return PortalClient()

    def start_urls() -> StartUrls:
        from xswitch.adapters.sso.start_urls import HttpStartUrls  # noqa: PLC0415

        return HttpStartUrls()

    def callbacks() -> Callbacks:
        from xswitch.adapters.sso.callback import LoopbackCallbacks  # noqa: PLC0415

        return LoopbackCallbacks()

    def browsers() -> Browsers:
        from xswitch.adapters.sso.browser import SystemBrowsers  # noqa: PLC0415

        return SystemBrowsers(environ)

    def aws_cli() -> AwsCli:
        from xswitch.adapters.sso.aws_cli import InstalledAwsCli  # noqa: PLC0415

        return InstalledAwsCli(environ)

    return SsoPorts(
        oidc=_LazyPort(oidc),
        sign_out=_LazyPort(portal),
        start_urls=_LazyPort(start_urls),
        callbacks=_LazyPort(callbacks),
        browsers=_LazyPort(browsers),
        shared=SharedTokenFiles(home_folder(environ) or None),
        aws_cli=_LazyPort(aws_cli),
        storage=ports.storage,
        config=ports.config,
        clock=clock,
        sleep=time.sleep,
        random=os.urandom,
    )


def _encoded(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}


def _new_id() -> str:
    import secrets  # noqa: PLC0415 -- only the setup of access needs it

    return secrets.token_hex(16)


def _remove_leftovers(paths: AppPaths) -> tuple[str, ...]:
    """Remove what killed writers left in the state folder and in folders of sessions."""
    from xswitch.adapters.vault.errors import VaultErrors  # noqa: PLC0415 -- only after a change
    from xswitch.adapters.vault.file_store import FileStore  # noqa: PLC0415 -- as above

    errors = VaultErrors(str(paths.settings))
    stores = [FileStore(folder, errors, memory=True) for folder in RuntimePlaces(paths).folders()]
    stores.append(FileStore(paths.state / "sessions", errors, memory=False))
    left = [path for store in stores for path in store.remove_leftovers()]
    return tuple(map(str, (*sweep_below(paths.state), *left)))


class Services:
    """Everything that a front end gets: use cases, clock, MFA prompts, and the demo's extras."""

    def __init__(
        self, environ: Mapping[str, str], log: Callable[[str], None] | None = None
    ) -> None:
        self._environ = environ
        self._log = log
        self._environment = ProcessEnvironment()

    @cached_property
    def _paths(self) -> AppPaths:
        return user_paths(self._environ)

    @cached_property
    def clock(self) -> Clock:
        """The machine's clock, or the demo's, which can be moved."""
        if not self._in_demo:
            return SystemClock()
        from xswitch.demo.inside import demo_clock  # noqa: PLC0415 -- only inside the demo

        return demo_clock(self._environ) or SystemClock()

    @cached_property
    def ports(self) -> Ports:
        """All ports. Creating them opens and calls nothing."""
        if self._log is None:
            return self._ports()
        from xswitch.actions.tracing import with_tracing  # noqa: PLC0415 -- only with --debug

        return with_tracing(self._ports(), self._log, time.monotonic)

    def _ports(self) -> Ports:
        app_paths, environ = self._paths, self._environ
        aws_paths = shared_config_paths(environ)
        locks = FileLocks(app_paths.locks)
        settings = TomlSettings(app_paths.settings)
        aws_default_paths = default_paths(home_folder(environ))
        config_folder = config_folder_name(aws_paths.config, aws_default_paths.config)
        prompt_files: PromptFiles = PromptFileStore(
            app_paths.prompt / config_folder, app_paths.prompt
        )
        index = JsonIndex(app_paths.index, locks)
        usage = JsonUsage(app_paths.usage, locks)
        history = JsonHistory(app_paths.history, locks)
        portal_lists = FilePortalLists(app_paths.portal)
        sts_probe: StsProbe = HttpStsProbe()
        if self._in_demo:
            # Imported only inside the demo
            from xswitch.demo.shifted_adapters import (  # noqa: PLC0415
                ShiftedProbe,
                ShiftedPromptFiles,
            )
            from xswitch.emulator.clock import DemoClock  # noqa: PLC0415

            if isinstance(self.clock, DemoClock):
                prompt_files, sts_probe = (
                    ShiftedPromptFiles(prompt_files, self.clock),
                    ShiftedProbe(sts_probe, self.clock),
                )
        return Ports(
            Aws(
                BotoSts(),
                BotocoreProviders(environ, sso_token=self._sso_token),
                _LazyIamSource(),
                sts_probe,
            ),
            SessionStorage(
                vault=open_vault(settings.load, app_paths, environ, alone=self._in_demo),
                index=index,
                locks=locks,
                prompt_files=prompt_files,
                hot_pointers=FileHotPointers(app_paths.hot, lambda: _encoded(environ)),
                forget_marks=FileForgetMarks(app_paths.forgotten),
            ),
            Config(
                FileConfigStore(
                    aws_paths,
                    default_paths=aws_default_paths,
                    backups=app_paths.backups,
                    locks=app_paths.locks,
                    clock=self.clock,
                ),
                settings,
                self._environment,
                portal_lists,
            ),
            State(
                usage,
                history,
                private_folders=tuple(map(str, app_paths.folders)),
                private_files=tuple(map(str, app_paths.files)),
                remove_leftovers=lambda: _remove_leftovers(app_paths),
                newer_files=lambda: tuple(
                    error
                    for file in (index, usage, history, RuntimePlaces(app_paths), portal_lists)
                    if (error := file.newer()) is not None
                ),
            ),
            Process(
                clock=self.clock,
                background=DetachedRenewals(self._environment.command),
                mfa_process=MfaProcess(environ),
                file_inspector=OsFileInspector(),
                sleep=time.sleep,
                new_id=_new_id,
                run_command=run_command,
            ),
        )

    @cached_property
    def actions(self) -> Actions:
        """The use cases."""
        return Actions(self.ports, lambda: self._sso, self._portal_ports)

    @cached_property
    def _sso(self) -> SsoPorts:
        ports = _sso_ports(self._environ, self.clock, self.ports)
        if self._log is None:
            return ports
        from xswitch.actions.sso.sign_in_ports import TRACED_SSO_PORTS  # noqa: PLC0415 -- as above
        from xswitch.actions.tracing import with_traced_fields  # noqa: PLC0415 -- as above

        return with_traced_fields(ports, TRACED_SSO_PORTS, self._log, time.monotonic)

    def _portal_ports(self) -> PortalPorts:
        from xswitch.actions.sso.discovery import DiscoveryPorts  # noqa: PLC0415 -- few list
        from xswitch.actions.sso.portals import PortalPorts  # noqa: PLC0415 -- as above
        from xswitch.adapters.sso.workers import ThreadWorkers  # noqa: PLC0415 -- as above
        from xswitch.adapters.system.background import DetachedListings  # noqa: PLC0415

        def pages() -> Portal:
            from xswitch.adapters.sso.portal_pages import PortalPages  # noqa: PLC0415

            return PortalPages(now=self.clock.now)

        def regions() -> tuple[str, ...]:
            from xswitch.adapters.sso.regions import portal_regions  # noqa: PLC0415

            return portal_regions()

        ports = self.ports
        return PortalPorts(
            discovery=DiscoveryPorts(
                _LazyPort(pages),
                FilePortalLists(self._paths.portal),
                ports.storage.locks,
                self.clock,
                ThreadWorkers,
            ),
            config=ports.config,
            token=self._sso_token,
            resolve_start_url=self._sso.start_urls.resolve,
            regions=regions,
            start_in_background=DetachedListings(self._environment.command).start,
            remove_leftovers=ports.remove_leftovers,
        )

    def _sso_token(self, session: SsoSession, rejected: SsoToken | None) -> SsoToken:
        from xswitch.actions.sso.tokens import AccessTokens  # noqa: PLC0415 -- few commands need it

        return AccessTokens(self._sso).token(session, rejected)

    def mfa_prompt(self, code: str | None, next_step: str) -> MfaPrompt:
        """Return a prompt that uses `code`, or else asks on the terminal.

        `next_step` is the command to suggest without a terminal.
        """
        # Few commands need a code
        from xswitch.actions.sessions.mfa import FixedMfaCode, NoMfaPrompt  # noqa: PLC0415

        return TerminalPrompt(NoMfaPrompt(next_step).code) if code is None else FixedMfaCode(code)

    def no_mfa_prompt(self, next_step: str) -> MfaPrompt:
        """Return a prompt that always fails, and suggests `next_step`."""
        from xswitch.actions.sessions.mfa import NoMfaPrompt  # noqa: PLC0415 -- as above

        return NoMfaPrompt(next_step)

    @property
    def notice(self) -> str:
        """A line that the screen always shows in the demo, "" elsewhere."""
        if not self._in_demo:
            return ""
        from xswitch.demo.inside import notice  # noqa: PLC0415 -- only inside the demo

        return notice(self._environ)

    @property
    def totp_hint(self) -> Callable[[str], str] | None:
        """In the demo, a function from an MFA device's serial number to its current code.

        The code is "" for an unknown device.
        """
        if not self._in_demo:
            return None
        from xswitch.demo.inside import code_shown  # noqa: PLC0415 -- only inside the demo

        return lambda serial: code_shown(self._environ, serial)

    @property
    def approve_sign_in(self) -> Callable[[str], str] | None:
        """In the demo, a function that approves the sign-in of a URL and returns who signed in."""
        if not self._in_demo:
            return None
        from xswitch.demo.approval import approve  # noqa: PLC0415 -- only inside the demo

        return approve

    @property
    def _in_demo(self) -> bool:
        if "XSWITCH_DEMO" not in self._environ:
            return False
        from xswitch.demo.inside import is_demo  # noqa: PLC0415 -- only inside the demo

        return is_demo(self._environ)

    @property
    def command_words(self) -> tuple[str, ...]:
        """The words that start this xswitch from any directory."""
        return self._environment.command()

    @property
    def state_folder(self) -> str:
        """The directory with the prompt files."""
        return str(self._paths.state)


def build_services(
    environ: Mapping[str, str], log: Callable[[str], None] | None = None
) -> Services:
    """Return the services for this environment.

    `log` gets a line without secrets for each call of a port (see `actions.tracing`).
    """
    return Services(environ, log)
