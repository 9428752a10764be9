"""`login`: sign in to an Identity Center session, by the browser of this machine or by a code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from xswitch.actions.ports import Marks
from xswitch.actions.sso.sign_in_ports import OpenedBrowser, SignInPrompt, SignInUi, SsoPorts
from xswitch.actions.sso.tokens import AccessTokens
from xswitch.core.errors import (
    CancelledError,
    ConfigError,
    ErrorCode,
    LockBusyError,
    SignInError,
    SignInNeededError,
    VaultError,
)
from xswitch.core.errors.sso import login_command, sign_in_error
from xswitch.core.model import (
    BrowserState,
    DevicePoll,
    Secret,
    SignInGrant,
    SsoRegistration,
    SsoSession,
    SsoToken,
)
from xswitch.core.sso.authorization import (
    VERIFIER_BYTES,
    AnswerKind,
    CallbackAnswer,
    authorization_url,
    challenge,
    verifier,
)
from xswitch.core.sso.sign_in_record import (
    SignInRecord,
    sign_in_key,
    usable_registration,
)

APPROVAL_SECONDS = 600.0
"""How long a person may take, as in the AWS CLI."""
CLOSED_BROWSER_SECONDS = 120.0
"""How long xswitch still waits after the browser was closed: the URL may be open elsewhere."""
SLOW_DOWN_SECONDS = 5
"""Added to the interval of a device code each time (RFC 8628, section 3.5)."""
_STATE_BYTES = 32
_TICK_SECONDS = 0.2
_LOCK_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """Options of a sign-in."""

    device_code: bool = False
    """Sign in by a code, even if there is a browser."""
    no_browser: bool = False
    """Start no browser: the person opens the URL on this machine."""
    force: bool = False
    """Sign in again even if a sign-in is still valid."""
    share: bool = False
    """Also write the token to the cache of the AWS CLI, as the setting `share_sso_token` does."""


@dataclass(frozen=True, slots=True)
class SignInResult:
    """The result of a sign-in, without secrets."""

    session: SsoSession
    expires_at: datetime
    refreshable: bool
    """It's renewed without a person."""
    method: SignInGrant | None
    """How the person signed in; None if a sign-in was still valid."""
    shared: bool = False


def sign_in(
    ports: SsoPorts,
    session: SsoSession,
    options: SignInOptions,
    ui: SignInUi,
    monotonic: Callable[[], float] = time.monotonic,
) -> SignInResult:
    """Sign in to a session, and store its token.

    One sign-in to a session runs at a time across all processes; another one waits, and uses the
    first one's token. Raises SignInError, NetworkError, VaultError, CancelledError.
    """
    return _SignIn(ports, session, options, ui, monotonic).run()


class _SignIn:
    def __init__(
        self,
        ports: SsoPorts,
        session: SsoSession,
        options: SignInOptions,
        ui: SignInUi,
        monotonic: Callable[[], float],
    ) -> None:
        self._ports = ports
        self._session = session
        self._options = options
        self._ui = ui
        self._monotonic = monotonic
        self._tokens = AccessTokens(ports, monotonic)
        self._settings = ports.config.settings.load()
        self._share = options.share or self._settings.share_sso_token

    def run(self) -> SignInResult:
        before = self._stored()
        if before is not None and not self._options.force:
            return self._result(self._living(before), None)
        marks = self._ports.storage.forget_marks.read()
        with self._turn():
            # Another xswitch may have signed in while this one waited
            now_stored = self._stored()
            if now_stored is not None and not _same(now_stored, before):
                return self._result(now_stored, None)
            issuer_url = self._ports.start_urls.resolve(self._session)
            record = SignInRecord() if self._options.force else self._tokens.load(self._session)
            token, registration = self._sign_in(record, issuer_url)
            self._store(record, token, registration, marks)
        return self._result(token, registration.grant)

    # -- what is there

    def _stored(self) -> SsoToken | None:
        return self._tokens.stored(self._session)

    def _living(self, stored: SsoToken) -> SsoToken:
        with suppress(SignInNeededError):
            return self._tokens.token(self._session)
        return stored

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock of the session's sign-in; wait for another process, for a while."""
        name = f"sso-sign-in-{sign_in_key(self._session)}"
        until = self._monotonic() + APPROVAL_SECONDS
        told = False
        while True:
            try:
                with self._ports.storage.locks.hold(name, 0):
                    yield
                    return
            except LockBusyError:
                if self._monotonic() >= until:
                    raise
            if not told:
                self._ui.progress(
                    f"waiting for another xswitch, which signs in to {self._session.label}"
                )
                told = True
            self._ensure_not_cancelled()
            self._ports.sleep(_LOCK_POLL_SECONDS)

    def _store(
        self, record: SignInRecord, token: SsoToken, registration: SsoRegistration, marks: Marks
    ) -> None:
        others = tuple(one for one in record.registrations if one.grant != registration.grant)
        if self._ports.storage.forget_marks.changed(marks, sign_in_key(self._session)):
            raise VaultError(
                f"{self._session.label} was signed out while you signed in, so nothing is kept.",
                next_step=login_command(self._session.label),
                code=ErrorCode.FORGOTTEN,
            )
        with self._ports.storage.locks.hold(f"sso-{sign_in_key(self._session)}"):
            self._tokens.store(self._session, SignInRecord(token, (*others, registration)), marks)

    def _result(self, token: SsoToken, method: SignInGrant | None) -> SignInResult:
        if self._share:
            self._share_token(token)
        return SignInResult(
            self._session,
            token.expires_at,
            token.refresh_token is not None,
            method,
            shared=self._share,
        )

    def _share_token(self, token: SsoToken) -> None:
        try:
            self._ports.shared.store(self._session, token)
        except ConfigError as error:
            raise ConfigError(
                f"You're signed in to {self._session.label}, but the AWS CLI and the SDKs don't"
                " have the token.",
                why=f"{error.what} {error.why}".rstrip(),
                next_step=error.next_step,
                code=error.code,
            ) from None

    # -- the two ways

    def _sign_in(self, record: SignInRecord, issuer_url: str) -> tuple[SsoToken, SsoRegistration]:
        setting = self._settings.browser
        by_hand = self._options.no_browser or setting == "print"
        if self._options.device_code or not (by_hand or self._ports.browsers.available(setting)):
            return self._by_device_code(record, issuer_url)
        try:
            return self._by_browser(record, issuer_url, opens=not by_hand)
        except SignInError as error:
            if error.code != ErrorCode.SSO_NO_BROWSER:
                raise
            self._ui.progress(f"{error.what} You can sign in with a code instead")
        return self._by_device_code(record, issuer_url)

    def _registration(
        self, record: SignInRecord, grant: SignInGrant, issuer_url: str
    ) -> SsoRegistration:
        known = usable_registration(
            record, self._session, grant, issuer_url, self._ports.clock.now()
        )
        return known or self._ports.oidc.register(self._session, grant, issuer_url)

    def _by_browser(
        self, record: SignInRecord, issuer_url: str, *, opens: bool
    ) -> tuple[SsoToken, SsoRegistration]:
        ports, session = self._ports, self._session
        registration = self._registration(record, "authorization_code", issuer_url)
        proof = verifier(ports.random(VERIFIER_BYTES))
        state = Secret(ports.random(_STATE_BYTES).hex())
        until = self._monotonic() + APPROVAL_SECONDS
        # It listens before the browser is started, which may answer at once
        with ports.callbacks.listen(session, state) as callback:
            url = authorization_url(
                ports.oidc.authorization_base(session),
                registration,
                callback.redirect_uri,
                state,
                challenge(proof),
            )
            self._show(url, browser_opened=opens)
            browser = (
                ports.browsers.open(url, self._settings.browser, session.label) if opens else None
            )
            answer = self._wait_for_answer(callback.wait, browser, until)
            self._ui.progress("the browser has answered; getting the token")
            # It still listens, so that a second answer gets its own page
            token = ports.oidc.token_by_code(
                session, registration, self._code(answer), proof, callback.redirect_uri
            )
            if callback.repeated:
                self._ui.progress("a second answer of the browser came, and wasn't used")
        return token, registration

    def _wait_for_answer(
        self,
        wait: Callable[[float], CallbackAnswer | None],
        browser: OpenedBrowser | None,
        until: float,
    ) -> CallbackAnswer:
        closed_at: float | None = None
        while True:
            now = self._monotonic()
            self._tick(until - now)
            answer = wait(_TICK_SECONDS)
            if answer is not None:
                return answer
            state = BrowserState.OPEN if browser is None else browser.state()
            if state is BrowserState.FAILED:
                raise sign_in_error(
                    self._session.label,
                    ErrorCode.SSO_NO_BROWSER,
                    detail="the program that opens it failed",
                )
            if state is BrowserState.CLOSED and closed_at is None:
                closed_at = now
                until = min(until, now + CLOSED_BROWSER_SECONDS)
                self._ui.progress("the browser was closed; open the URL again to go on")
            if now >= until:
                raise self._no_answer(closed=closed_at is not None)

    def _no_answer(self, *, closed: bool) -> SignInError:
        if closed:
            return sign_in_error(self._session.label, ErrorCode.SSO_WINDOW_CLOSED)
        return sign_in_error(
            self._session.label,
            ErrorCode.SSO_NO_ANSWER,
            detail=f"{APPROVAL_SECONDS / 60:.0f} minutes",
        )

    def _code(self, answer: CallbackAnswer) -> Secret:
        if answer.kind is AnswerKind.CODE and answer.code is not None:
            return answer.code
        if answer.kind is AnswerKind.ERROR:
            raise sign_in_error(self._session.label, ErrorCode.SSO_CALLBACK, detail=answer.error)
        raise sign_in_error(self._session.label, ErrorCode.SSO_STATE)

    def _by_device_code(
        self, record: SignInRecord, issuer_url: str
    ) -> tuple[SsoToken, SsoRegistration]:
        oidc, session = self._ports.oidc, self._session
        registration = self._registration(record, "device_code", issuer_url)
        device = oidc.start_device(session, registration, issuer_url)
        now = self._ports.clock.now()
        seconds = min(APPROVAL_SECONDS, (device.expires_at - now).total_seconds())
        until = self._monotonic() + seconds
        # A client that was approved before gets its token without a person, as in the AWS CLI
        found = oidc.token_by_device_code(session, registration, device.device_code)
        if isinstance(found, SsoToken):
            return found, registration
        self._ui.show(
            SignInPrompt(
                session.label,
                device.verification_url_complete,
                now + timedelta(seconds=seconds),
                user_code=device.user_code,
                short_url=device.verification_url,
            )
        )
        interval = device.interval_seconds
        while not isinstance(found, SsoToken):
            interval += SLOW_DOWN_SECONDS if found is DevicePoll.SLOW_DOWN else 0
            self._pause(min(interval, max(0.0, until - self._monotonic())), until)
            if self._monotonic() >= until:
                code = (
                    ErrorCode.SSO_NO_ANSWER
                    if seconds >= APPROVAL_SECONDS
                    else ErrorCode.SSO_CODE_EXPIRED
                )
                raise sign_in_error(
                    session.label, code, detail=f"{APPROVAL_SECONDS / 60:.0f} minutes"
                )
            found = oidc.token_by_device_code(session, registration, device.device_code)
        return found, registration

    # -- the person

    def _show(self, url: str, *, browser_opened: bool) -> None:
        until = self._ports.clock.now() + timedelta(seconds=APPROVAL_SECONDS)
        self._ui.show(SignInPrompt(self._session.label, url, until, browser_opened=browser_opened))

    def _pause(self, seconds: float, until: float) -> None:
        end = self._monotonic() + seconds
        while (left := end - self._monotonic()) > 0:
            self._tick(until - self._monotonic())
            self._ports.sleep(min(_TICK_SECONDS, left))

    def _tick(self, seconds_left: float) -> None:
        self._ensure_not_cancelled()
        self._ui.waiting(max(0, round(seconds_left)))

    def _ensure_not_cancelled(self) -> None:
        if self._ui.cancelled():
            raise CancelledError("The sign-in was cancelled.")


def _same(token: SsoToken, other: SsoToken | None) -> bool:
    return other is not None and token.access_token == other.access_token
