"""Reads one session out of the Secret Service, over D-Bus, with a deadline and next to no imports.

It looks where the `keyring` package looks, in the default collection, for the attributes `service` and `username`, in a plain session;
or, knowing the item from before, asks that one at once. No other xswitch module but `hot_dbus` is imported: the hot path and the vault
share this reader.

One call at a time, and one process at a time, for gnome-keyring's sake: since version 42 it registers a client in another step than it
answers the client's calls, and a first call that overtakes the registration ends the whole daemon ("publish_dispatch: assertion 'client'
failed", "invoke_get_property_in_idle_cb: assertion failed"). Calls sent in one batch, or half a dozen clients at once, did that in
seconds. So the first call is always a ReadAlias, which needs no registration, and nothing else is said before it is answered: by then
the registration, which gnome-keyring's main loop puts before any call, is the next thing it does.
Source: specifications.freedesktop.org/secret-service-spec.
"""
# No `from __future__ import annotations` here: it would load a module.

import posix
import time

from xswitch.hot.dbus import ABSENT, LOCKED, MISSING, MUTE, NO_KEYRING, ODD, OK, Answer, Body, Bus, call, dictionary, padded, text

TYPE_CHECKING = False  # what typing calls so, without loading it
if TYPE_CHECKING:
    from collections.abc import Callable

_BUS = (b"org.freedesktop.DBus", b"/org/freedesktop/DBus", b"org.freedesktop.DBus")
_NAME = b"org.freedesktop.secrets"
_SERVICE = (_NAME, b"/org/freedesktop/secrets", b"org.freedesktop.Secret.Service")
_COLLECTION = (_NAME, b"/org/freedesktop/secrets/aliases/default", b"org.freedesktop.Secret.Collection")
_PROPERTIES = (_NAME, _COLLECTION[1], b"org.freedesktop.DBus.Properties")
_ITEM = b"org.freedesktop.Secret.Item"
_HELLO, _ALIAS, _STATE, _SEARCH, _SESSION, _GET = 1, 2, 3, 4, 5, 6
_TRIES = 3
_NOBODYS = b"xswitch"  # an alias that isn't there: the answer is not wanted, only that there is one
_POLL_SECONDS = 0.002
_PLAIN_SESSION = text(b"plain") + b"\x01s\0" + bytes(3) + text(b"")  # an algorithm, then a variant: no input


def read(address: bytes, service: bytes, user: bytes, seconds: float, turns: bytes = b"") -> tuple[str, bytes]:
    """The secret kept under `service` and `user` as (OK, value); else (another word of `hot_dbus`, why).

    Takes at most `seconds`. `turns` is the path of the file by which processes take turns, b"" for none.
    """
    return _in_turn(seconds, turns, lambda until: _patiently(_search, address, service, user, until))


def find(address: bytes, service: bytes, user: bytes, seconds: float, turns: bytes = b"") -> tuple[str, bytes]:
    """Where the secret is kept, for `fetch`, as (OK, the item's path); else as `read`."""
    return _in_turn(seconds, turns, lambda until: _patiently(_place, address, service, user, until))


def fetch(address: bytes, item: bytes, seconds: float, turns: bytes = b"") -> tuple[str, bytes]:
    """The secret of the item at this path, as `read`: after the handshake (and a ReadAlias that goes out with Hello) two round trips."""
    return _in_turn(seconds, turns, lambda until: _known(address, item, until))


def _in_turn(seconds: float, turns: bytes, ask: "Callable[[float], tuple[str, bytes]]") -> tuple[str, bytes]:
    until = time.monotonic() + seconds
    turn = take_turn(turns, seconds / 2) if turns else -1
    try:
        return ask(until)
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


def _patiently(
    conversation: "Callable[[bytes, bytes, bytes, float], tuple[str, bytes]]", address: bytes, service: bytes, user: bytes, until: float
) -> tuple[str, bytes]:
    for tried in range(_TRIES):
        try:
            return conversation(address, service, user, until)
        except Answer as answer:
            # Who was there a moment ago is not absent but gone wrong.
            last = Answer(ODD, answer.why) if tried and answer.word == ABSENT else answer
        if not last.doubtful:
            break
        time.sleep(_POLL_SECONDS)
    raise last


def _known(address: bytes, item: bytes, until: float) -> tuple[str, bytes]:
    bus = Bus(address, until)
    try:
        alias = call(_ALIAS, _SERVICE, b"ReadAlias", b"s", text(_NOBODYS))
        bus.authenticate(call(_HELLO, _BUS, b"Hello") + alias)
        bus.wait(_HELLO)
        bus.wait(_ALIAS)
        return OK, _value(bus, item)
    finally:
        bus.close()


def _search(address: bytes, service: bytes, user: bytes, until: float) -> tuple[str, bytes]:
    bus = Bus(address, until)
    try:
        word, item = _item(bus, service, user)
        return (OK, _value(bus, item)) if word == OK else (word, item)
    finally:
        bus.close()


def _place(address: bytes, service: bytes, user: bytes, until: float) -> tuple[str, bytes]:
    bus = Bus(address, until)
    try:
        return _item(bus, service, user)
    finally:
        bus.close()


def _item(bus: Bus, service: bytes, user: bytes) -> tuple[str, bytes]:
    bus.authenticate(call(_HELLO, _BUS, b"Hello"))
    bus.wait(_HELLO)
    if _path(bus.ask(_ALIAS, call(_ALIAS, _SERVICE, b"ReadAlias", b"s", text(b"default")))) == b"/":
        raise Answer(NO_KEYRING, "it has no default keyring", doubtful=True)
    state = call(_STATE, _PROPERTIES, b"Get", b"ss", padded(text(_COLLECTION[2]), 4) + text(b"Locked"))
    if _locked(bus.ask(_STATE, state, gone=NO_KEYRING)):
        return LOCKED, b"its default keyring is locked"
    attributes = dictionary(((b"username", user), (b"service", service)))
    item = _first(bus.ask(_SEARCH, call(_SEARCH, _COLLECTION, b"SearchItems", b"a{ss}", attributes)))
    return (OK, item) if item else (MISSING, b"")


def _value(bus: Bus, item: bytes) -> bytes:
    session = _opened(bus.ask(_SESSION, call(_SESSION, _SERVICE, b"OpenSession", b"sv", _PLAIN_SESSION)))
    get = call(_GET, (_NAME, item, _ITEM), b"GetSecret", b"o", text(session))
    return _secret(bus.ask(_GET, get, gone=MISSING))


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
