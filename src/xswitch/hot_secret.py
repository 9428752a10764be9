"""Reads one session out of the Secret Service, over D-Bus, with a deadline and next to no imports.

It looks where the `keyring` package looks, in the default collection, for the attributes `service` and `username`, in a plain session.
No other xswitch module but `hot_dbus` is imported: the hot path and the vault share this reader.

One call at a time, and one process at a time, for gnome-keyring's sake: version 42 registers a client in another step than it answers
the client's calls, and a first call that overtakes the registration ends the whole daemon ("publish_dispatch: assertion 'client'
failed", "invoke_get_property_in_idle_cb: assertion failed"). Calls sent in one batch, or half a dozen clients at once, did that in seconds.
Source: specifications.freedesktop.org/secret-service-spec.
"""
# No `from __future__ import annotations` here: it would load a module.

import posix
import time

from xswitch.hot_dbus import LOCKED, MISSING, MUTE, NO_KEYRING, ODD, OK, Answer, Body, Bus, call, dictionary, padded, text

_BUS = (b"org.freedesktop.DBus", b"/org/freedesktop/DBus", b"org.freedesktop.DBus")
_NAME = b"org.freedesktop.secrets"
_SERVICE = (_NAME, b"/org/freedesktop/secrets", b"org.freedesktop.Secret.Service")
_COLLECTION = (_NAME, b"/org/freedesktop/secrets/aliases/default", b"org.freedesktop.Secret.Collection")
_PROPERTIES = (_NAME, _COLLECTION[1], b"org.freedesktop.DBus.Properties")
_ITEM = b"org.freedesktop.Secret.Item"
_HELLO, _ALIAS, _STATE, _SEARCH, _SESSION, _GET = 1, 2, 3, 4, 5, 6
_TRIES = 3
_POLL_SECONDS = 0.002
_PLAIN_SESSION = text(b"plain") + b"\x01s\0" + bytes(3) + text(b"")  # an algorithm, then a variant: no input


def read(address: bytes, service: bytes, user: bytes, seconds: float, turns: bytes = b"") -> tuple[str, bytes]:
    """The secret kept under `service` and `user` as (OK, value); else (another word of `hot_dbus`, why).

    Takes at most `seconds`. `turns` is the path of the file by which processes take turns, b"" for none.
    """
    until = time.monotonic() + seconds
    turn = take_turn(turns, seconds / 2) if turns else -1
    try:
        return _patiently(address, service, user, until)
    except Answer as answer:
        return answer.word, answer.why.encode()
    except TimeoutError:
        return MUTE, b"it said nothing for %.1f seconds" % seconds
    except OSError as error:
        return ODD, b"the session bus can't be used: " + posix.strerror(error.errno or 0).encode()
    except (ValueError, IndexError):
        return ODD, b"the session bus speaks something else"
    finally:
        end_turn(turn)


def take_turn(path: bytes, seconds: float) -> int:
    """Wait for the lock on the file `path`; -1 when it can't be had in time, and then one goes without: it is a courtesy.

    The lock is the process's (POSIX): threads have to take turns among themselves first.
    """
    until = time.monotonic() + seconds
    try:
        descriptor = posix.open(path, posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK, 0o600)
    except OSError:
        return -1
    while True:
        try:
            posix.lockf(descriptor, posix.F_TLOCK, 0)
        except (BlockingIOError, PermissionError):
            if time.monotonic() < until:
                time.sleep(_POLL_SECONDS)
                continue
        except OSError:
            pass
        else:
            return descriptor
        posix.close(descriptor)
        return -1


def end_turn(descriptor: int) -> None:
    """Let the next one."""
    if descriptor >= 0:
        posix.close(descriptor)


def _patiently(address: bytes, service: bytes, user: bytes, until: float) -> tuple[str, bytes]:
    for _ in range(_TRIES - 1):
        try:
            return _conversation(address, service, user, until)
        except Answer as answer:
            if not answer.doubtful:
                raise
        time.sleep(_POLL_SECONDS)
    return _conversation(address, service, user, until)


def _conversation(address: bytes, service: bytes, user: bytes, until: float) -> tuple[str, bytes]:
    bus = Bus(address, until)
    try:
        bus.authenticate()
        bus.ask(_HELLO, call(_HELLO, _BUS, b"Hello"))
        # Nothing of a client's own is needed for this one, so the service has it registered before anything is.
        if _path(bus.ask(_ALIAS, call(_ALIAS, _SERVICE, b"ReadAlias", b"s", text(b"default")))) == b"/":
            raise Answer(NO_KEYRING, "it has no default keyring", doubtful=True)
        state = call(_STATE, _PROPERTIES, b"Get", b"ss", padded(text(_COLLECTION[2]), 4) + text(b"Locked"))
        if _locked(bus.ask(_STATE, state, gone=NO_KEYRING)):
            return LOCKED, b"its default keyring is locked"
        attributes = dictionary(((b"username", user), (b"service", service)))
        item = _first(bus.ask(_SEARCH, call(_SEARCH, _COLLECTION, b"SearchItems", b"a{ss}", attributes)))
        if not item:
            return MISSING, b""
        session = _opened(bus.ask(_SESSION, call(_SESSION, _SERVICE, b"OpenSession", b"sv", _PLAIN_SESSION)))
        get = call(_GET, (_NAME, item, _ITEM), b"GetSecret", b"o", text(session))
        return OK, _secret(bus.ask(_GET, get, gone=MISSING))
    finally:
        bus.close()


def _path(body: Body) -> bytes:
    if body.signature != b"o":
        raise Answer(ODD, "ReadAlias was answered in another form")
    return body.text()


def _opened(body: Body) -> bytes:
    if body.signature != b"vo" or body.name() != b"s":
        raise Answer(ODD, "OpenSession was answered in another form")
    body.text()
    return body.text()


def _locked(body: Body) -> bool:
    if body.signature != b"v" or body.name() != b"b":
        raise Answer(ODD, "Locked was answered in another form")
    return body.number() != 0


def _first(body: Body) -> bytes:
    """The path of the first item found, b"" when there is none."""
    if body.signature != b"ao":
        raise Answer(ODD, "SearchItems was answered in another form")
    return body.text() if body.number() else b""


def _secret(body: Body) -> bytes:
    if body.signature != b"(oayays)":
        raise Answer(ODD, "GetSecret was answered in another form")
    body.text()
    body.blob()
    return body.blob()
