"""An in-memory fake of each port of `xswitch.actions`, and a world made of them."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from xswitch.actions.api import Actions
from xswitch.actions.ports import Aws, Config, Iam, Ports, Process, SessionStorage, State
from xswitch.core.awsconfig.edit import apply_edits
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.errors import (
    AwsDeniedError,
    ConfigError,
    ExitCode,
    LockBusyError,
    MfaNeededError,
    NetworkError,
    XswitchError,
)
from xswitch.core.model import (
    AssumedRole,
    AssumeRoleRequest,
    CallerIdentity,
    CommandOutput,
    ConfigPaths,
    ConfigView,
    Credentials,
    CredentialSource,
    CredentialSourceKind,
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
    RoleUsage,
    Secret,
    Settings,
    UsageState,
    VaultInfo,
)
from xswitch.core.profiles.binding import ProfileBinding

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MFA_ARN = "arn:aws:iam::111111111111:mfa/dev"
GOOD_CODE = "123456"
CANARY = (
    "canary"  # in every secret the fakes make, so that tests can look for it where it must not be
)

CONFIG = f"""\
[profile dev]
region = eu-west-1

[profile payments]
role_arn = arn:aws:iam::222222222222:role/Admin
source_profile = dev
mfa_serial = {MFA_ARN}
region = eu-west-1

[profile reports]
role_arn = arn:aws:iam::222222222222:role/Reports
source_profile = dev
mfa_serial = {MFA_ARN}

[profile open]
role_arn = arn:aws:iam::333333333333:role/Open
source_profile = dev

[profile hub]
role_arn = arn:aws:iam::444444444444:role/Hub
source_profile = dev
mfa_serial = {MFA_ARN}

[profile spoke]
role_arn = arn:aws:iam::555555555555:role/team/Spoke
source_profile = hub
external_id = spoke-7

[profile broken]
role_arn = arn:aws:iam::666666666666:role/Broken
source_profile = nowhere
"""
CREDENTIALS = """\
[dev]
aws_access_key_id = AKIADEV
aws_secret_access_key = canary-base-secret
"""


class FakeClock:
    def __init__(self, start: datetime = NOW) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class FakeConfig:
    """Both files as strings, read and edited by the real core."""

    def __init__(self, config: str = CONFIG, credentials: str = CREDENTIALS) -> None:
        self.config = config
        self.credentials = credentials
        self.before: list[tuple[str, str]] = []
        self.applied: list[tuple[ProfileEdit, ...]] = []
        self.looked_at: list[tuple[FileKind, ...]] = []
        self.fail: XswitchError | None = None

    def paths(self) -> ConfigPaths:
        return ConfigPaths("/home/u/.aws/config", "/home/u/.aws/credentials")

    def read(self) -> ConfigView:
        return read_view(self.paths(), self.config, self.credentials)

    def text(self, kind: FileKind) -> str:
        return self.config if kind == "config" else self.credentials

    def default_paths(self) -> ConfigPaths:
        return ConfigPaths("/home/u/.aws/config", "/home/u/.aws/credentials")

    def fingerprint(self, *, settle: bool = False) -> str:
        del settle
        return str(hash((self.config, self.credentials)))

    def apply(self, edits: Sequence[ProfileEdit]) -> tuple[Problem, ...]:
        if self.fail is not None:
            raise self.fail
        self.before.append((self.config, self.credentials))
        self.config = apply_edits(self.config, "config", edits)
        self.credentials = apply_edits(self.credentials, "credentials", edits)
        self.applied.append(tuple(edits))
        return ()

    def remove_leftovers(self) -> tuple[str, ...]:
        return ()

    def ensure_writable(self, kinds: Collection[FileKind]) -> None:
        self.looked_at.append(tuple(kinds))
        if self.fail is not None:
            raise self.fail

    def undo(self) -> tuple[str, ...]:
        if not self.before:
            raise ConfigError("There is nothing to undo.")
        self.config, self.credentials = self.before.pop()
        return (self.paths().config,)


class FakeVault:
    """A dict; every call raises `fail`, and put also raises `fail_put`."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.fail: XswitchError | None = None
        self.fail_put: XswitchError | None = None
        self.forgetful = False

    def _check(self) -> None:
        if self.fail is not None:
            raise self.fail

    def info(self) -> VaultInfo:
        self._check()
        return VaultInfo("runtime", "runtime keyring", "/run/user/1000/xswitch")

    def get(self, key: str) -> str | None:
        self._check()
        return self.values.get(key)

    def put(self, key: str, value: str) -> None:
        self._check()
        if self.fail_put is not None:
            raise self.fail_put
        if not self.forgetful:
            self.values[key] = value

    def delete(self, key: str) -> None:
        self._check()
        self.values.pop(key, None)

    def clear(self, keys: Sequence[str], report: Callable[[XswitchError], None]) -> frozenset[str]:
        del keys
        if self.fail is not None:
            report(self.fail)
            return frozenset()
        removed = frozenset(self.values)
        self.values.clear()
        return removed


class FakeIndex:
    def __init__(self) -> None:
        self.stored: dict[str, IndexEntry] = {}
        self.fail: XswitchError | None = None
        self.fail_remove: XswitchError | None = None
        self.written_by_newer: XswitchError | None = None

    def entries(self) -> Mapping[str, IndexEntry]:
        return dict(self.stored)

    def put(self, entry: IndexEntry) -> None:
        if self.fail is not None:
            raise self.fail
        self.stored[entry.key] = entry

    def remove(self, keys: Sequence[str]) -> None:
        if self.fail_remove is not None:
            raise self.fail_remove
        for key in keys:
            self.stored.pop(key, None)

    def clear(self) -> None:
        self.remove(list(self.stored))

    def newer(self) -> XswitchError | None:
        return self.written_by_newer


class FakeForgetMarks:
    """Counts how often a session, or all sessions, were forgotten."""

    def __init__(self) -> None:
        self.marks: dict[str, tuple[int, int]] = {}
        self.fail: XswitchError | None = None

    def read(self) -> Mapping[str, tuple[int, int]]:
        return dict(self.marks)

    def changed(self, since: Mapping[str, tuple[int, int]], key: str) -> bool:
        return any(self.marks.get(name) != since.get(name) for name in ("all", key))

    def mark(self, keys: Sequence[str]) -> None:
        if self.fail is not None:
            raise self.fail
        for key in keys:
            count, _ = self.marks.get(key, (0, 0))
            self.marks[key] = (count + 1, 0)

    def mark_all(self) -> None:
        self.mark(["all"])


class FakeLocks:
    """Locks between threads.

    Another process holds the `busy` names; `waiting` is called for each request.
    """

    def __init__(self) -> None:
        self.busy: set[str] = set()
        self.held: list[str] = []
        self.limits: list[float | None] = []
        self.waiting: Callable[[str], None] = lambda _: None
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, name: str, timeout_seconds: float | None = None) -> Iterator[None]:
        self.limits.append(timeout_seconds)
        self.waiting(name)
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        if name in self.busy or not lock.acquire(
            timeout=20 if timeout_seconds is None else timeout_seconds
        ):
            raise LockBusyError("Another xswitch is still working on the same session.")
        self.held.append(name)
        try:
            yield
        finally:
            lock.release()


@dataclass
class FakeSts:
    """Issues sessions, and records its calls.

    It accepts each of `codes` once. `refuse` maps access key IDs and role ARNs to errors, `life`
    overrides the duration of sessions, and `around` runs before each response.
    """

    clock: FakeClock
    codes: set[str] = field(default_factory=lambda: {GOOD_CODE})
    refuse: dict[str, XswitchError] = field(default_factory=dict)
    life: int | None = None
    no_expiry: bool = False
    no_token: bool = False
    identity: str | None = None
    identity_error: XswitchError | None = None
    around: Callable[[], None] = lambda: None
    requests: list[AssumeRoleRequest] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    codes_seen: list[str] = field(default_factory=list)
    mfa_calls: list[int] = field(default_factory=list)
    identity_calls: int = 0
    endpoints: list[Endpoint] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._number = 0
        self._guard = threading.Lock()

    def assume_role(
        self, credentials: Credentials, request: AssumeRoleRequest, endpoint: Endpoint
    ) -> AssumedRole:
        self._asked(credentials, endpoint)
        self.requests.append(request)
        if request.mfa_serial is not None:
            assert request.mfa_code is not None
            self._code(request.mfa_code.reveal(), request.mfa_serial)
        self._maybe_refuse(request.role_arn)
        made = self._credentials("ASIAROLE", request.duration_seconds)
        account, name = request.role_arn.split(":")[4], request.role_arn.rpartition("/")[2]
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{request.session_name}"
        self.roles[made.access_key_id] = arn
        return AssumedRole(made, arn)

    def get_session_token(
        self,
        credentials: Credentials,
        serial: str,
        code: str,
        duration_seconds: int,
        endpoint: Endpoint,
    ) -> Credentials:
        self._asked(credentials, endpoint)
        assert not credentials.temporary
        self._code(code, serial)
        self.mfa_calls.append(duration_seconds)
        return self._credentials("ASIAMFA", duration_seconds)

    def get_caller_identity(self, credentials: Credentials, endpoint: Endpoint) -> CallerIdentity:
        self._asked(credentials, endpoint)
        self.identity_calls += 1
        if self.identity_error is not None:
            raise self.identity_error
        arn = self.identity or self.roles[credentials.access_key_id]
        return CallerIdentity(arn.split(":")[4], arn, "AROA:session")

    def _asked(self, credentials: Credentials, endpoint: Endpoint) -> None:
        self.around()
        self.keys.append(credentials.access_key_id)
        self.endpoints.append(endpoint)
        self._maybe_refuse(credentials.access_key_id)

    def _maybe_refuse(self, what: str) -> None:
        if what in self.refuse:
            raise self.refuse[what]

    def _code(self, code: str, serial: str) -> None:
        self.codes_seen.append(code)
        if code not in self.codes:
            raise AwsDeniedError(
                "AWS did not accept the MFA code.",
                why="invalid MFA one time pass code",
                code="mfa_wrong",
                hop=serial,
            )
        self.codes.discard(code)

    def _credentials(self, prefix: str, seconds: int) -> Credentials:
        with self._guard:
            self._number += 1
            number = self._number
        return Credentials(
            access_key_id=f"{prefix}{number}",
            secret_access_key=Secret(f"{CANARY}-secret-{number}"),
            session_token=None if self.no_token else Secret(f"{CANARY}-token-{number}"),
            expires_at=None
            if self.no_expiry
            else self.clock.now() + timedelta(seconds=seconds if self.life is None else self.life),
        )


class FakeBase:
    def __init__(self) -> None:
        self.temporary = False
        self.fail: XswitchError | None = None
        self.resolved: list[CredentialSource] = []
        self.given: dict[CredentialSourceKind, Credentials] = {}
        """Other credentials than the usual ones, by kind."""
        self.signed_in: list[CredentialSource] = []
        self.signed_out: XswitchError | None = None
        """Raised where a sign-in is needed."""
        self.at_sign_in: Callable[[], object] = lambda: None

    def resolve(self, base: CredentialSource, view: ConfigView, endpoint: Endpoint) -> Credentials:
        del view, endpoint
        self.resolved.append(base)
        if self.signed_out is not None and base.kind is CredentialSourceKind.SSO:
            raise self.signed_out
        if self.fail is not None:
            raise self.fail
        if base.kind in self.given:
            return self.given[base.kind]
        temporary = self.temporary or base.temporary or base.kind is CredentialSourceKind.SSO
        return Credentials(
            "AKIADEV",
            Secret(f"{CANARY}-base-secret"),
            Secret(f"{CANARY}-base-token") if temporary else None,
        )

    def ensure_sign_in(self, base: CredentialSource, view: ConfigView) -> None:
        del view
        if base.kind is not CredentialSourceKind.SSO:
            return
        self.signed_in.append(base)
        self.at_sign_in()
        if self.signed_out is not None:
            raise self.signed_out


class FakeSettings:
    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()

    def load(self) -> Settings:
        return self.settings


class FakeMemory:
    def __init__(self) -> None:
        self.uses: dict[str, RoleUsage] = {}
        self.pins: set[str] = set()

    def load(self) -> UsageState:
        return UsageState(dict(self.uses), frozenset(self.pins))

    def record_use(self, profile: str, when: datetime) -> None:
        before = self.uses.get(profile)
        self.uses[profile] = RoleUsage(1 if before is None else before.count + 1, when)

    def set_pin(self, profile: str, *, pinned: bool) -> None:
        if pinned:
            self.pins.add(profile)
        else:
            self.pins.discard(profile)


class FakePromptFiles:
    def __init__(self) -> None:
        self.states: dict[str, PromptState] = {}
        self.fail: XswitchError | None = None

    def write(self, state: PromptState) -> None:
        if self.fail is not None:
            raise self.fail
        self.states[state.managed_profile] = state

    def remove(self, managed_profile: str) -> None:
        self.states.pop(managed_profile, None)

    def clear(self) -> None:
        self.states.clear()


class FakeHotPointers:
    def __init__(self) -> None:
        self.pointers: dict[str, tuple[str, str, str]] = {}
        self.sessions: dict[str, PointedSession] = {}
        self.failures: list[tuple[tuple[str, ...], int, str]] = []

    def write(self, managed_profile: str, session: PointedSession, vault: VaultInfo) -> None:
        self.pointers[managed_profile] = (session.key, session.fingerprint, vault.kind)
        self.sessions[managed_profile] = session

    def remove(self, managed_profile: str) -> None:
        self.pointers.pop(managed_profile, None)

    def share_failure(self, names: Sequence[str], exit_code: int, line: str) -> None:
        self.failures.append((tuple(names), exit_code, line))

    def clear(self) -> None:
        self.pointers.clear()


class FakeBackground:
    def __init__(self) -> None:
        self.started: list[str] = []
        self.bindings: list[ProfileBinding | None] = []

    def renew(self, managed_profile: str, binding: ProfileBinding | None) -> None:
        self.started.append(managed_profile)
        self.bindings.append(binding)


class FakeFolder:
    """A working folder at `place` with these files and folders."""

    def __init__(self, place: str = "/work") -> None:
        self.place = place
        self.files: set[str] = set()
        self.folders: set[str] = set()

    def path(self) -> str:
        return self.place

    def has(self, path: str, *, folders: bool) -> bool:
        found = posixpath.normpath(posixpath.join(self.place, path))
        return found in self.files or (folders and found in self.folders)


class FakeEnvironment:
    def __init__(self, **variables: str) -> None:
        self.set = dict(variables)
        self.running: frozenset[str] = frozenset()
        self.words: tuple[str, ...] = ("/opt/xswitch/bin/xswitch",)
        self.launcher: tuple[str, ...] = ()
        self.folder = FakeFolder()
        self.cache = ""

    def variables(self) -> Mapping[str, str]:
        return dict(self.set)

    def running_commands(self) -> frozenset[str]:
        return self.running

    def user_at_host(self) -> str:
        return "dana@host"

    def working_folder(self) -> FakeFolder:
        return self.folder

    def cache_folder(self) -> str:
        return self.cache

    def command(self) -> tuple[str, ...]:
        return self.words

    def credential_process(self) -> tuple[str, ...]:
        return self.launcher or (*self.words, "credential-process")


class FakePrompt:
    """Returns or raises these answers in turn; without one, it can't prompt."""

    def __init__(self, *answers: str | XswitchError) -> None:
        self.answers = list(answers)
        self.challenges: list[MfaChallenge] = []
        self.around: Callable[[], None] = lambda: None

    def can_ask(self) -> bool:
        return bool(self.answers)

    def code(self, challenge: MfaChallenge) -> str:
        self.around()
        if not self.answers:
            raise MfaNeededError("Nobody can be asked.", next_step="xswitch switch x")
        self.challenges.append(challenge)
        answer = self.answers.pop(0)
        if isinstance(answer, XswitchError):
            raise answer
        return answer


class FakeMfaCommand:
    def __init__(self) -> None:
        self.answer: str | XswitchError = GOOD_CODE
        self.commands: list[str] = []
        self.around: Callable[[], None] = lambda: None

    def run(self, command: str, challenge: MfaChallenge) -> str:
        del challenge
        self.around()
        self.commands.append(command)
        if isinstance(self.answer, XswitchError):
            raise self.answer
        return self.answer


class FakeStsProbe:
    """Responds with the clock's time plus `skew` seconds, without a time if it's None."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.skew: float | None = 0
        self.fail: NetworkError | None = None
        self.reached: list[Endpoint] = []

    def probe(self, endpoint: Endpoint) -> ProbeResult:
        self.reached.append(endpoint)
        if self.fail is not None:
            raise self.fail
        return ProbeResult(
            None if self.skew is None else self._clock.now() + timedelta(seconds=self.skew), 42
        )


class FakeFileFacts:
    def __init__(self) -> None:
        self.facts: dict[str, FileInfo] = {}

    def inspect(self, path: str) -> FileInfo:
        folder = path.endswith("/state/xswitch")
        return self.facts.get(
            path,
            FileInfo(
                path,
                exists=not path.endswith(".xswitch-original"),
                folder=folder,
                mode=0o700 if folder else 0o600,
                executable=not folder,
            ),
        )

    def inspect_below(self, path: str) -> tuple[FileInfo, ...]:
        return tuple(fact for name, fact in self.facts.items() if name.startswith(f"{path}/"))


class FakeIamSource:
    """Returns the IAM set for an access key ID, and records the keys in `opened`."""

    def __init__(self) -> None:
        self.by_key: dict[str, Iam] = {}
        self.opened: list[tuple[str, Endpoint]] = []

    def open(self, credentials: Credentials, endpoint: Endpoint) -> Iam:
        self.opened.append((credentials.access_key_id, endpoint))
        return self.by_key[credentials.access_key_id]


class FakeHistory:
    def __init__(self) -> None:
        self.entries: list[HistoryEntry] = []

    def record(self, entry: HistoryEntry) -> None:
        self.entries.append(entry)

    def load(self) -> tuple[HistoryEntry, ...]:
        return tuple(self.entries)

    def newer(self) -> XswitchError | None:
        return None


class World:
    """All fakes, and the real use cases that run on them."""

    def __init__(
        self,
        config: str = CONFIG,
        credentials: str = CREDENTIALS,
        settings: Settings | None = None,
        **variables: str,
    ) -> None:
        self.clock = FakeClock()
        self.config = FakeConfig(config, credentials)
        self.vault = FakeVault()
        self.index = FakeIndex()
        self.locks = FakeLocks()
        self.sts = FakeSts(self.clock)
        self.base = FakeBase()
        self.settings = FakeSettings(settings)
        self.memory = FakeMemory()
        self.history = FakeHistory()
        self.prompt_files = FakePromptFiles()
        self.hot_pointers = FakeHotPointers()
        self.forget_marks = FakeForgetMarks()
        self.background = FakeBackground()
        self.environment = FakeEnvironment(**variables)
        self.mfa_command = FakeMfaCommand()
        self.sts_probe = FakeStsProbe(self.clock)
        self.file_facts = FakeFileFacts()
        self.iam = FakeIamSource()
        self.pauses: list[float] = []
        self.command_output = CommandOutput(ExitCode.MFA_NEEDED, "", "")
        self.commands_run: list[tuple[str, ...]] = []
        self.ports = Ports(
            Aws(self.sts, self.base, self.iam, self.sts_probe),
            SessionStorage(
                self.vault,
                self.index,
                self.locks,
                self.prompt_files,
                self.hot_pointers,
                self.forget_marks,
            ),
            Config(self.config, self.settings, self.environment),
            State(self.memory, self.history, ("/home/u/.local/state/xswitch",)),
            Process(
                self.clock,
                self.background,
                self.mfa_command,
                self.file_facts,
                self.pauses.append,
                lambda: "made-up-42",
                self.run_command,
            ),
        )
        self.actions = Actions(self.ports)

    def run_command(
        self, words: Sequence[str], variables: Mapping[str, str], seconds: float
    ) -> CommandOutput:
        assert variables == {"XSWITCH_STORED_ONLY": "1"}
        assert seconds > 0
        self.commands_run.append(tuple(words))
        return self.command_output
