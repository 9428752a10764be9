"""Reads one session out of the Secret Service, over D-Bus, with a deadline and next to no imports.

It looks where the `keyring` package looks, in the default collection, for the attributes `service`
and `username`, in a plain session; or, knowing the item from before, asks that one at once. No
other xswitch module but `hot.dbus` is imported: the hot path and the vault share this reader.

One call at a time, and one process at a time, for gnome-keyring's sake: since version 42 it
registers a client in another step than it answers the client's calls, and a first call that
overtakes the registration ends the whole daemon ("publish_dispatch: assertion 'client' failed",
"invoke_get_property_in_idle_cb: assertion failed"). Calls sent in one batch, or half a dozen
clients at once, did that in seconds. So the first call is always a ReadAlias, which needs no
registration, and nothing else is said before it is answered: by then the registration, which
gnome-keyring's main loop puts before any call, is the next thing it does. Source:
specifications.freedesktop.org/secret-service-spec.
"""
# No `from __future__ import annotations` here: it would load a module.

import posix
import time

from xswitch.hot.dbus import (
    LOCKED,
    MISSING,
    NO_KEYRING,
    NO_RESPONSE,
    NOT_RUNNING,
    OK,
    PROTOCOL_ERROR,
    BodyReader,
    BusConnection,
    BusError,
    encode_dict,
    method_call,
    padded,
    text,
)

TYPE_CHECKING = False  # what typing calls so, without loading it
if TYPE_CHECKING:
    from collections.abc import Callable

_BUS = (b"org.freedesktop.DBus", b"/org/freedesktop/DBus", b"org.freedesktop.DBus")
_NAME = b"org.freedesktop.secrets"
_SERVICE = (_NAME, b"/org/freedesktop/secrets", b"org.freedesktop.Secret.Service")
_COLLECTION = (
    _NAME,
    b"/org/freedesktop/secrets/aliases/default",
    b"org.freedesktop.Secret.Collection",
)
_PROPERTIES = (_NAME, _COLLECTION[1], b"org.freedesktop.DBus.Properties")
_ITEM = b"org.freedesktop.Secret.Item"
_HELLO, _ALIAS, _STATE, _SEARCH, _SESSION, _GET = 1, 2, 3, 4, 5, 6
_TRIES = 3
_UNUSED_ALIAS = (
    b"xswitch"  # an alias that isn't there: the answer is not wanted, only that there is one
)
_POLL_SECONDS = 0.002
_PLAIN_SESSION = (
    text(b"plain") + b"\x01s\0" + bytes(3) + text(b"")
)  # an algorithm, then a variant: no input


def read_secret(
    address: bytes, service: bytes, user: bytes, seconds: float, turns: bytes = b""
) -> tuple[str, bytes]:
    """The secret kept under `service` and `user` as (OK, value).

    Else (another word of `hot.dbus`, why).

    Takes at most `seconds`. `turns` is the path of the file by which processes take turns, b"" for
    none.
    """
    return _with_lock(
        seconds, turns, lambda until: _with_retries(_search_secret, address, service, user, until)
    )


def find_item(
    address: bytes, service: bytes, user: bytes, seconds: float, turns: bytes = b""
) -> tuple[str, bytes]:
    """Where the secret is kept, for `fetch_secret`, as (OK, the item's path).

    Else as `read_secret`.
    """
    return _with_lock(
        seconds, turns, lambda until: _with_retries(_locate_item, address, service, user, until)
    )


def fetch_secret(
    address: bytes, item: bytes, seconds: float, turns: bytes = b""
) -> tuple[str, bytes]:
    """The secret of the item at this path, as `read_secret`.

    After the handshake (and a ReadAlias that goes out with Hello) two round trips.
    """
    return _with_lock(seconds, turns, lambda until: _fetch_known_item(address, item, until))


def _with_lock(
    seconds: float, turns: bytes, ask: "Callable[[float], tuple[str, bytes]]"
) -> tuple[str, bytes]:
    until = time.monotonic() + seconds
    turn = acquire_lock(turns, seconds / 2) if turns else -1
    try:
        return ask(until)
    except BusError as answer:
        return answer.word, answer.why.encode()
    except TimeoutError:
        return NO_RESPONSE, b"it said nothing for %.1f seconds" % seconds
    except OSError as error:
        return PROTOCOL_ERROR, b"the session bus can't be used: " + posix.strerror(
            error.errno or 0
        ).encode()
    except (ValueError, IndexError):
        return PROTOCOL_ERROR, b"the session bus speaks something else"
    finally:
        release_lock(turn)


def acquire_lock(path: bytes, seconds: float) -> int:
    """Wait for the lock on the file `path`.

    -1 when it can't be had in time, and then one goes without: it is a courtesy.

    The lock is the process's (POSIX): threads have to take turns among themselves first.
    """
    until = time.monotonic() + seconds
    try:
        descriptor = posix.open(
            path,
            posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK,
            0o600,
        )
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


def release_lock(descriptor: int) -> None:
    """Let the next one."""
    if descriptor >= 0:
        posix.close(descriptor)


def _with_retries(
    conversation: "Callable[[bytes, bytes, bytes, float], tuple[str, bytes]]",
    address: bytes,
    service: bytes,
    user: bytes,
    until: float,
) -> tuple[str, bytes]:
    for tried in range(_TRIES):
        try:
            return conversation(address, service, user, until)
        except BusError as answer:
            # Who was there a moment ago is not absent but gone wrong.
            last = (
                BusError(PROTOCOL_ERROR, answer.why)
                if tried and answer.word == NOT_RUNNING
                else answer
            )
        if not last.doubtful:
            break
        time.sleep(_POLL_SECONDS)
    raise last


def _fetch_known_item(address: bytes, item: bytes, until: float) -> tuple[str, bytes]:
    bus = BusConnection(address, until)
    try:
        alias = method_call(_ALIAS, _SERVICE, b"ReadAlias", b"s", text(_UNUSED_ALIAS))
        bus.authenticate(method_call(_HELLO, _BUS, b"Hello") + alias)
        bus.wait(_HELLO)
        bus.wait(_ALIAS)
        return OK, _get_secret(bus, item)
    finally:
        bus.close()


def _search_secret(address: bytes, service: bytes, user: bytes, until: float) -> tuple[str, bytes]:
    bus = BusConnection(address, until)
    try:
        word, item = _find_item_path(bus, service, user)
        return (OK, _get_secret(bus, item)) if word == OK else (word, item)
    finally:
        bus.close()


def _locate_item(address: bytes, service: bytes, user: bytes, until: float) -> tuple[str, bytes]:
    bus = BusConnection(address, until)
    try:
        return _find_item_path(bus, service, user)
    finally:
        bus.close()


def _find_item_path(bus: BusConnection, service: bytes, user: bytes) -> tuple[str, bytes]:
    bus.authenticate(method_call(_HELLO, _BUS, b"Hello"))
    bus.wait(_HELLO)
    if (
        _parse_alias_path(
            bus.ask(_ALIAS, method_call(_ALIAS, _SERVICE, b"ReadAlias", b"s", text(b"default")))
        )
        == b"/"
    ):
        raise BusError(NO_KEYRING, "it has no default keyring", doubtful=True)
    state = method_call(
        _STATE, _PROPERTIES, b"Get", b"ss", padded(text(_COLLECTION[2]), 4) + text(b"Locked")
    )
    if _parse_locked(bus.ask(_STATE, state, gone=NO_KEYRING)):
        return LOCKED, b"its default keyring is locked"
    attributes = encode_dict(((b"username", user), (b"service", service)))
    item = _parse_first_item(
        bus.ask(_SEARCH, method_call(_SEARCH, _COLLECTION, b"SearchItems", b"a{ss}", attributes))
    )
    return (OK, item) if item else (MISSING, b"")


def _get_secret(bus: BusConnection, item: bytes) -> bytes:
    session = _parse_session_path(
        bus.ask(_SESSION, method_call(_SESSION, _SERVICE, b"OpenSession", b"sv", _PLAIN_SESSION))
    )
    get = method_call(_GET, (_NAME, item, _ITEM), b"GetSecret", b"o", text(session))
    return _parse_secret(bus.ask(_GET, get, gone=MISSING))


def _parse_alias_path(body: BodyReader) -> bytes:
    if body.signature != b"o":
        raise BusError(PROTOCOL_ERROR, "ReadAlias was answered in another form")
    return body.text()


def _parse_session_path(body: BodyReader) -> bytes:
    if body.signature != b"vo" or body.name() != b"s":
        raise BusError(PROTOCOL_ERROR, "OpenSession was answered in another form")
    body.text()
    return body.text()


def _parse_locked(body: BodyReader) -> bool:
    if body.signature != b"v" or body.name() != b"b":
        raise BusError(PROTOCOL_ERROR, "Locked was answered in another form")
    return body.number() != 0


def _parse_first_item(body: BodyReader) -> bytes:
    """The path of the first item found, b"" when there is none."""
    if body.signature != b"ao":
        raise BusError(PROTOCOL_ERROR, "SearchItems was answered in another form")
    return body.text() if body.number() else b""


def _parse_secret(body: BodyReader) -> bytes:
    if body.signature != b"(oayays)":
        raise BusError(PROTOCOL_ERROR, "GetSecret was answered in another form")
    body.text()
    body.blob()
    return body.blob()
