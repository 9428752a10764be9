"""`logout`: end sign-ins, and delete their tokens from the vault and the shared cache."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from xswitch.actions.sso.sign_in_ports import SsoPorts
from xswitch.actions.sso.tokens import AccessTokens
from xswitch.core.errors import XswitchError
from xswitch.core.model import SsoSession, SsoToken
from xswitch.core.sso.sign_in_record import is_usable, sign_in_key


@dataclass(frozen=True, slots=True)
class SignOutResult:
    """The result of signing out of one session."""

    label: str
    was_signed_in: bool
    error: XswitchError | None = None
    """Why its end couldn't be told to AWS, or a file couldn't be deleted."""


def sign_out(ports: SsoPorts, sessions: Sequence[SsoSession]) -> tuple[SignOutResult, ...]:
    """Sign out of sessions: delete their tokens first, then tell the portal.

    Raises VaultError if the vault can't be used. Other failures are in the results.
    """
    return tuple(_sign_out(ports, session) for session in sessions)


def sign_out_of_removed(ports: SsoPorts, kept: Sequence[SsoSession]) -> tuple[SignOutResult, ...]:
    """Delete the sign-ins of sessions that the config no longer has, which only the index names."""
    known = {sign_in_key(session) for session in kept}
    results = []
    for key, entry in ports.storage.index.entries().items():
        if entry.kind == "sso_token" and key not in known:
            ports.storage.forget_marks.mark([key])
            ports.storage.delete(key)
            results.append(SignOutResult(entry.profile, was_signed_in=True))
    return tuple(results)


def _sign_out(ports: SsoPorts, session: SsoSession) -> SignOutResult:
    key = sign_in_key(session)
    error: XswitchError | None = None
    tokens: list[SsoToken] = []
    # A request that holds the lock sees the mark before it stores
    ports.storage.forget_marks.mark([key])
    own = AccessTokens(ports).load(session)
    shared = ports.shared.load(session).token
    tokens += [token for token in (own.token, shared) if token is not None]
    ports.storage.vault.delete(key)
    with suppress(XswitchError):
        ports.storage.index.remove([key])
    try:
        existed = ports.shared.delete(session)
    except XswitchError as failed:
        error, existed = failed, True
    now = ports.clock.now()
    ended = []
    for token in tokens:
        if not is_usable(token, now) or token.access_token in ended:
            continue
        ended.append(token.access_token)
        try:
            ports.sign_out.sign_out(session, token)
        except XswitchError as failed:
            error = error or failed
    return SignOutResult(session.label, own.token is not None or existed, error)
