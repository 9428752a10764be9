"""The token broker: a living token of a session, refreshed in silence, one refresh at a time.

Tokens come from the vault, then from the cache that AWS programs share. One with less than 15
minutes left is refreshed. Nothing here opens a browser or asks a question: where a person has to
sign in, that is the error, with the command.

Callers wait for another process's refresh without holding a lock: they look again whether the token
is there, so that hundreds of them go on at once when it is. They look rarely, and at the lock
often, because a look into the vault takes longer: hundreds of them leave the one that refreshes no
time else. A refresh that AWS refused is remembered, so that it is asked once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from xswitch.actions.ports import Marks
from xswitch.actions.sso.sign_in_ports import SsoPorts
from xswitch.core.errors import (
    ErrorCode,
    LockBusyError,
    NetworkError,
    SignInError,
    XswitchError,
)
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.model import IndexEntry, SsoSession, SsoToken
from xswitch.core.sso import sign_in_record
from xswitch.core.sso.hosts import check_start_url
from xswitch.core.sso.sign_in_record import (
    FailedRefresh,
    SignInRecord,
    access_digest,
    can_refresh,
    is_fresh,
    is_usable,
    refresh_digest,
    sign_in_key,
)

_FIRST_POLL_SECONDS, _MOST_POLL_SECONDS = 0.05, 0.2
"""How often a waiting caller tries the lock, at first and in the long run."""
_FIRST_LOOK_SECONDS, _MOST_LOOK_SECONDS = 0.1, 0.8
"""When a waiting caller looks into the vault again, at first and in the long run."""
_MAX_WAIT_SECONDS = 30.0
_REFUSED_CODES = (ErrorCode.SSO_GRANT, ErrorCode.SSO_CLIENT)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The tokens of a session as they are stored now."""

    record: SignInRecord
    shared: SsoToken | None
    shared_damaged: bool = False

    @property
    def candidates(self) -> tuple[SsoToken, ...]:
        return tuple(token for token in (self.record.token, self.shared) if token is not None)


class AccessTokens:
    """Gets tokens of Identity Center sessions; safe for use by several threads and processes."""

    def __init__(self, ports: SsoPorts, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ports = ports
        self._monotonic = monotonic

    def token(self, session: SsoSession, rejected: SsoToken | None = None) -> SsoToken:
        """Return a token that lives, refreshed if that is due.

        `rejected` is one that the portal no longer accepts: it isn't returned again. Raises
        SignInNeededError, NetworkError, VaultError, at once and without a question.
        """
        check_start_url(session)
        tokens = self._load(session)
        if rejected is not None:
            tokens = self._mark_rejected(session, tokens, rejected)
        fresh = self._fresh(tokens, rejected)
        return fresh or self._refreshed(session, tokens, rejected)

    def stored(self, session: SsoSession) -> SsoToken | None:
        """Return the token that would be used now, without a refresh; None if there is none."""
        tokens = self._load(session)
        return self._fresh(tokens, None) or self._usable(tokens, None)

    # -- refresh

    def _refreshed(
        self, session: SsoSession, tokens: _Tokens, rejected: SsoToken | None
    ) -> SsoToken:
        now = self._monotonic()
        until = now + _MAX_WAIT_SECONDS
        look_seconds, look_at = _FIRST_LOOK_SECONDS, now + _FIRST_LOOK_SECONDS
        poll_seconds = _FIRST_POLL_SECONDS
        lock = _lock_name(session)
        while True:
            usable = self._usable(tokens, rejected)
            if not self._refreshable(tokens):
                if usable is not None:
                    return usable
                raise self._needed(session, tokens, rejected)
            try:
                with self._ports.storage.locks.hold(lock, 0):
                    return self._refresh_once(session, tokens, rejected)
            except LockBusyError:
                if usable is not None:
                    return usable
                if self._monotonic() >= until:
                    raise
            self._ports.sleep(poll_seconds)
            poll_seconds = min(1.5 * poll_seconds, _MOST_POLL_SECONDS)
            now = self._monotonic()
            if now < look_at:
                continue
            look_seconds = min(2 * look_seconds, _MOST_LOOK_SECONDS)
            look_at = now + look_seconds
            before, tokens = tokens, self._load(session)
            renewed = self._renewed(before, tokens, rejected)
            if renewed is not None:
                return renewed

    def _refresh_once(
        self, session: SsoSession, before: _Tokens, rejected: SsoToken | None
    ) -> SsoToken:
        """Refresh while holding the lock, unless another caller has since `before` was loaded."""
        marks = self._ports.storage.forget_marks.read()
        tokens = self._load(session)
        renewed = self._renewed(before, tokens, rejected)
        if renewed is not None:
            return renewed
        failure: XswitchError | None = None
        for token in self._refreshable(tokens):
            try:
                new = self._ports.oidc.refresh(session, token)
            except NetworkError as error:
                failure = error
                tokens = self._remember(session, tokens, token, error, marks)
                break
            except SignInError as error:
                if error.code not in _REFUSED_CODES:
                    failure = error
                    break
                tokens = self._remember(session, tokens, token, error, marks)
                continue
            replaced = _is_rejected(token, tokens, rejected)
            self._keep(session, tokens, token, new, marks, replaced=replaced)
            return new
        usable = self._usable(tokens, rejected)
        if usable is not None:
            return usable
        raise failure or self._needed(session, tokens, rejected)

    def _keep(  # noqa: PLR0913 -- what is known of a refresh
        self,
        session: SsoSession,
        tokens: _Tokens,
        old: SsoToken,
        new: SsoToken,
        marks: Marks,
        *,
        replaced: bool,
    ) -> None:
        """Store a refreshed token where the old one was; the old one may be of no use any more.

        `replaced` means that the portal had refused the old one.
        """
        record = replace(tokens.record, replacement=access_digest(new) if replaced else "")
        own, shared = (
            token is not None and refresh_digest(token) == refresh_digest(old)
            for token in (tokens.record.token, tokens.shared)
        )
        if shared:
            try:
                self._ports.shared.store(session, new)
            except XswitchError:
                own = True  # the cache can't be written
        if own:
            self.store(session, replace(record, token=new, failed=(), rejected=()), marks)
        elif replaced:
            self.store(session, record, marks)

    def _remember(
        self,
        session: SsoSession,
        tokens: _Tokens,
        token: SsoToken,
        error: XswitchError,
        marks: Marks,
    ) -> _Tokens:
        failed = FailedRefresh(
            refresh_digest(token),
            self._ports.clock.now(),
            refused=not isinstance(error, NetworkError),
            why=error.why or error.what,
        )
        record = tokens.record.with_failure(failed)
        with suppress(XswitchError):
            self.store(session, record, marks)
        return replace(tokens, record=record)

    def _mark_rejected(self, session: SsoSession, tokens: _Tokens, rejected: SsoToken) -> _Tokens:
        """Remember that the portal refuses a token, so that no later call, or sign-in, takes it."""
        if tokens.record.rejects(rejected):
            return tokens
        # A process that holds the lock is about to replace the token
        with suppress(XswitchError), self._ports.storage.locks.hold(_lock_name(session), 0):
            marks = self._ports.storage.forget_marks.read()
            tokens = self._load(session)
            if any(_same(one, rejected) for one in tokens.candidates):
                record = tokens.record.with_rejected(rejected)
                self.store(session, record, marks)
                tokens = replace(tokens, record=record)
        return tokens

    # -- storage

    def load(self, session: SsoSession) -> SignInRecord:
        """Return what the vault has of a session's sign-in."""
        key = sign_in_key(session)
        return sign_in_record.decode(self._ports.storage.vault.get(key), key)

    def store(self, session: SsoSession, record: SignInRecord, marks: Marks) -> None:
        """Store a sign-in, unless it was forgotten since the marks were read."""
        storage, key = self._ports.storage, sign_in_key(session)
        if storage.forget_marks.changed(marks, key):
            return
        storage.vault.put(key, sign_in_record.encode(key, record))
        if record.token is not None:
            with suppress(XswitchError):  # the index is a convenience
                storage.index.put(self._index_entry(session, record.token))
        # `forget` marks first and then deletes, so what it has missed is removed here
        if storage.forget_marks.changed(marks, key):
            storage.vault.delete(key)
            with suppress(XswitchError):
                storage.index.remove([key])

    def _index_entry(self, session: SsoSession, token: SsoToken) -> IndexEntry:
        now = self._ports.clock.now()
        return IndexEntry(
            sign_in_key(session),
            "sso_token",
            session.label,
            session.start_url,
            issued_at=now,
            expires_at=token.expires_at,
            last_used=now,
            refreshable=can_refresh(token, now),
        )

    def _load(self, session: SsoSession) -> _Tokens:
        shared = self._ports.shared.load(session)
        return _Tokens(self.load(session), shared.token, shared.damaged)

    # -- choice

    def _fresh(self, tokens: _Tokens, rejected: SsoToken | None) -> SsoToken | None:
        now = self._ports.clock.now()
        return next(
            (
                token
                for token in tokens.candidates
                if is_fresh(token, now) and not _is_rejected(token, tokens, rejected)
            ),
            None,
        )

    def _renewed(
        self, before: _Tokens, after: _Tokens, rejected: SsoToken | None
    ) -> SsoToken | None:
        """Return a fresh token, or a usable one that is new, however short it lives."""
        fresh = self._fresh(after, rejected)
        usable = self._usable(after, rejected)
        if fresh is not None or usable is None:
            return fresh
        return None if any(_same(usable, token) for token in before.candidates) else usable

    def _usable(self, tokens: _Tokens, rejected: SsoToken | None) -> SsoToken | None:
        now = self._ports.clock.now()
        usable = [
            token
            for token in tokens.candidates
            if is_usable(token, now) and not _is_rejected(token, tokens, rejected)
        ]
        return max(usable, key=lambda token: token.expires_at, default=None)

    def _refreshable(self, tokens: _Tokens) -> tuple[SsoToken, ...]:
        now = self._ports.clock.now()
        return tuple(token for token in tokens.candidates if tokens.record.may_refresh(token, now))

    def _needed(
        self, session: SsoSession, tokens: _Tokens, rejected: SsoToken | None
    ) -> XswitchError:
        now = self._ports.clock.now()
        failures = [tokens.record.failure(token, now) for token in tokens.candidates]
        for failed in failures:
            if failed is not None and not failed.refused:
                return NetworkError(
                    f"The sign-in to {session.label} couldn't be renewed.",
                    why=failed.why,
                    next_step="xswitch doctor",
                )
        if any(failures):
            return sign_in_needed(session.label, "The sign-in was ended, or its renewal refused.")
        if not tokens.candidates:
            damaged = tokens.shared_damaged
            return sign_in_needed(
                session.label,
                "The token file of the AWS CLI's cache can't be read." if damaged else "",
                ErrorCode.SSO_CACHE if damaged else None,
            )
        if any(_is_rejected(one, tokens, rejected) for one in tokens.candidates):
            return sign_in_needed(session.label, "The sign-in was ended.")
        return sign_in_needed(session.label, "The sign-in has expired.")


def _lock_name(session: SsoSession) -> str:
    return f"sso-{sign_in_key(session)}"


def _is_rejected(token: SsoToken, tokens: _Tokens, rejected: SsoToken | None) -> bool:
    return _same(token, rejected) or tokens.record.rejects(token)


def _same(token: SsoToken, other: SsoToken | None) -> bool:
    return other is not None and token.access_token == other.access_token
