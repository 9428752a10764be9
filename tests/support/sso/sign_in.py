"""Fakes of what a sign-in to Identity Center needs, and a world made of them."""

# ruff: noqa: ARG002 -- the fakes take what the ports take
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from support.actions import CANARY, FakeClock, World
from xswitch.actions.sso.sign_in import SignInOptions, SignInResult, sign_in
from xswitch.actions.sso.sign_in_ports import SignInPrompt, SsoPorts
from xswitch.actions.sso.tokens import AccessTokens
from xswitch.adapters.sso.oidc import BotoOidc
from xswitch.adapters.sso.shared_tokens import SharedTokenFiles
from xswitch.adapters.system.environment import SystemClock
from xswitch.core.errors import ErrorCode, XswitchError
from xswitch.core.errors.sso import sign_in_error
from xswitch.core.model import (
    BrowserState,
    DeviceAuthorization,
    DevicePoll,
    Secret,
    Settings,
    SharedSignIn,
    SignInGrant,
    SsoRegistration,
    SsoSession,
    SsoToken,
)
from xswitch.core.sso.authorization import AnswerKind, CallbackAnswer
from xswitch.core.sso.sign_in_record import SignInRecord
from xswitch.threads import Timeouts

START_URL = "https://corp.awsapps.com/start"
SESSION = SsoSession("corp", START_URL, "eu-west-1")
CONFIG = f"""\
[sso-session corp]
sso_start_url = {START_URL}
sso_region = eu-west-1

[profile dev-admin]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin
"""
ANSWER = CallbackAnswer(AnswerKind.CODE, code=Secret(f"{CANARY}-code"))


def a_token(
    clock: FakeClock, seconds: float = 3600, name: str = "first", *, refreshable: bool = True
) -> SsoToken:
    now = clock.now()
    return SsoToken(
        Secret(f"{CANARY}-access-{name}"),
        now + timedelta(seconds=seconds),
        "client",
        Secret(f"{CANARY}-client-secret"),
        now + timedelta(days=90),
        Secret(f"{CANARY}-refresh-{name}") if refreshable else None,
    )


@dataclass
class FakeOidc:
    """Gives tokens with numbers; `refusals` are raised by operation, once each."""

    clock: FakeClock
    calls: list[str] = field(default_factory=list)
    refusals: dict[str, list[XswitchError]] = field(default_factory=dict)
    polls: list[DevicePoll] = field(default_factory=list)
    token_seconds: float = 3600
    device_seconds: float = 600
    interval: int = 5
    lock: threading.Lock = field(default_factory=threading.Lock)

    def _called(self, operation: str) -> None:
        with self.lock:
            self.calls.append(operation)
            waiting = self.refusals.get(operation)
        if waiting:
            raise waiting[0] if len(waiting) == 1 else waiting.pop(0)

    def authorization_base(self, session: SsoSession) -> str:
        return f"https://oidc.{session.region}.amazonaws.com"

    def register(self, session: SsoSession, grant: SignInGrant, issuer_url: str) -> SsoRegistration:
        self._called(f"register {grant}")
        secret = Secret(f"{CANARY}-client-secret")
        end = self.clock.now() + timedelta(days=90)
        return SsoRegistration(grant, "client", secret, end, issuer_url, session.scopes)

    def start_device(
        self, session: SsoSession, registration: SsoRegistration, start_url: str
    ) -> DeviceAuthorization:
        assert registration.grant == "device_code"
        self._called("start_device")
        end = self.clock.now() + timedelta(seconds=self.device_seconds)
        url = f"{start_url}/#/device"
        return DeviceAuthorization(
            Secret(f"{CANARY}-device-code"),
            "ABCD-EFGH",
            url,
            f"{url}?user_code=ABCD-EFGH",
            end,
            self.interval,
        )

    def token_by_code(
        self,
        session: SsoSession,
        registration: SsoRegistration,
        code: Secret,
        verifier: Secret,
        redirect_uri: str,
    ) -> SsoToken:
        assert (registration.grant, code) == ("authorization_code", ANSWER.code)
        assert len(verifier.reveal()) == 64
        assert redirect_uri.startswith("http://127.0.0.1:")
        self._called("token_by_code")
        return self._token()

    def token_by_device_code(
        self, session: SsoSession, registration: SsoRegistration, device_code: Secret
    ) -> SsoToken | DevicePoll:
        assert device_code == Secret(f"{CANARY}-device-code")
        self._called("token_by_device_code")
        return self.polls.pop(0) if self.polls else self._token()

    def refresh(self, session: SsoSession, token: SsoToken) -> SsoToken:
        self._called("refresh")
        return self._token()

    def _token(self) -> SsoToken:
        return a_token(self.clock, self.token_seconds, f"number-{len(self.calls)}")


class FakeShared:
    def __init__(self) -> None:
        self.tokens: dict[str, SsoToken] = {}
        self.damaged = False
        self.error: XswitchError | None = None
        """Raised where a token is stored."""

    def load(self, session: SsoSession) -> SharedSignIn:
        return SharedSignIn(self.tokens.get(session.cache_name), self.damaged)

    def store(self, session: SsoSession, token: SsoToken) -> None:
        if self.error is not None:
            raise self.error
        self.tokens[session.cache_name] = token

    def delete(self, session: SsoSession) -> bool:
        return self.tokens.pop(session.cache_name, None) is not None


@dataclass
class FakeCallbacks:
    """A callback that answers after some waits; `events` tells what came in which order."""

    events: list[str]
    answer: CallbackAnswer | None = ANSWER
    waits: int = 2
    repeated: int = 0
    error: XswitchError | None = None
    on_wait: Callable[[float], None] = lambda _: None
    redirect_uri: str = "http://127.0.0.1:4711/oauth/callback"

    @contextmanager
    def listen(self, session: SsoSession, state: Secret) -> Iterator[FakeCallbacks]:
        if self.error is not None:
            raise self.error
        assert len(state.reveal()) >= 32
        self.events.append("listens")
        try:
            yield self
        finally:
            self.events.append("closed")

    def wait(self, seconds: float) -> CallbackAnswer | None:
        self.on_wait(seconds)
        self.waits -= 1
        return self.answer if self.waits < 0 else None


@dataclass
class FakeBrowsers:
    events: list[str]
    there: bool = True
    error: XswitchError | None = None
    states: list[BrowserState] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def available(self, setting: str) -> bool:
        return self.there

    def open(self, url: str, setting: str, label: str) -> FakeBrowsers:
        self.events.append("browser")
        self.urls.append(url)
        if self.error is not None:
            raise self.error
        return self

    def state(self) -> BrowserState:
        return self.states.pop(0) if self.states else BrowserState.OPEN


@dataclass
class FakeUi:
    events: list[str]
    said: list[str] = field(default_factory=list)
    prompts: list[SignInPrompt] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    gives_up: bool = False

    def progress(self, text: str) -> None:
        self.said.append(text)

    def show(self, prompt: SignInPrompt) -> None:
        self.events.append("shown")
        self.prompts.append(prompt)

    def waiting(self, seconds_left: int) -> None:
        self.left.append(seconds_left)

    def cancelled(self) -> bool:
        return self.gives_up


class FakeStartUrls:
    def __init__(self) -> None:
        self.resolved: str | XswitchError = ""

    def resolve(self, session: SsoSession) -> str:
        if isinstance(self.resolved, XswitchError):
            raise self.resolved
        return self.resolved or session.start_url


class FakeSignOut:
    def __init__(self) -> None:
        self.ended: list[SsoToken] = []
        self.error: XswitchError | None = None

    def sign_out(self, session: SsoSession, token: SsoToken) -> None:
        self.ended.append(token)
        if self.error is not None:
            raise self.error


class FakeAwsCli:
    def __init__(self) -> None:
        self.profiles: list[str] = []
        self.status: int | None = 0

    def login(self, profile: str) -> int | None:
        self.profiles.append(profile)
        return self.status


class SsoWorld(World):
    """The fakes of `World`, and those of Identity Center; waiting moves the clock."""

    def __init__(self, config: str = CONFIG, settings: Settings | None = None) -> None:
        super().__init__(config, settings=settings)
        self.events: list[str] = []
        self.seconds = 0.0
        self.oidc = FakeOidc(self.clock)
        self.shared = FakeShared()
        self.callbacks = FakeCallbacks(self.events, on_wait=self.sleep)
        self.browsers = FakeBrowsers(self.events)
        self.ui = FakeUi(self.events)
        self.start_urls = FakeStartUrls()
        self.sign_out = FakeSignOut()
        self.aws_cli = FakeAwsCli()
        self.sso = SsoPorts(
            self.oidc,
            self.sign_out,
            self.start_urls,
            self.callbacks,
            self.browsers,
            self.shared,
            self.aws_cli,
            self.ports.storage,
            self.ports.config,
            self.clock,
            self.sleep,
            lambda size: bytes(range(size)),
        )
        self.tokens = AccessTokens(self.sso, self.monotonic)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.advance(seconds)

    def sign_in(self, options: SignInOptions | None = None) -> SignInResult:
        return sign_in(self.sso, SESSION, options or SignInOptions(), self.ui, self.monotonic)

    def store(self, token: SsoToken, record: SignInRecord | None = None) -> None:
        """Store a token as a sign-in does."""
        marks = self.forget_marks.read()
        self.tokens.store(SESSION, replace(record or SignInRecord(), token=token), marks)


def refused(code: ErrorCode = ErrorCode.SSO_GRANT) -> XswitchError:
    return sign_in_error("corp", code, why="says AWS")


def real_tokens(home: Path, timeouts: Timeouts) -> AccessTokens:
    """Return the token broker over real token files and the real service, with a fake vault."""
    world = SsoWorld()
    clock = SystemClock()
    return AccessTokens(
        replace(
            world.sso,
            oidc=BotoOidc(clock.now, timeouts),
            shared=SharedTokenFiles(str(home)),
            clock=clock,
        )
    )
