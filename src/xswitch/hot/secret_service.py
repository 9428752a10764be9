"""Reads a session from the Secret Service over D-Bus, with a deadline and almost no imports.

It searches as the `keyring` package does, in the default collection by the attributes `service` and
`username`, or gets a known item directly. The hot path and the vault share this reader, so it
imports no other xswitch module but `hot.dbus`.

Calls go out one at a time, from one process at a time. Since version 42, gnome-keyring registers a
client in a separate step, and a call that overtakes the registration ends the whole daemon
("publish_dispatch: assertion 'client' failed", "invoke_get_property_in_idle_cb: assertion failed").
Batched calls, or half a dozen clients at once, caused that within seconds. The first call is
therefore always a ReadAlias, which needs no registration, and no other call is sent before its
reply: gnome-keyring's main loop registers the client before it handles the next call. Source:
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

TYPE_CHECKING = False  # as in typing, without importing it
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
_UNUSED_ALIAS = b"xswitch"  # doesn't exist; only the arrival of the reply matters
_POLL_SECONDS = 0.002
# The algorithm, then its input as a variant: an empty string
_PLAIN_SESSION = text(b"plain") + b"\x01s\0" + bytes(3) + text(b"")


def read_secret(
    address: bytes, service: bytes, user: bytes, seconds: float, lock_path: bytes = b""
) -> tuple[str, bytes]:
    """Return (OK, secret) for `service` and `user`, else (another status of `hot.dbus`, why).

    Takes at most `seconds`. `lock_path` is the file by which processes take turns, b"" for none.
    """
    return _with_lock(
        seconds,
        lock_path,
        lambda until: _with_retries(_search_secret, address, service, user, until),
    )


def find_item(
    address: bytes, service: bytes, user: bytes, seconds: float, lock_path: bytes = b""
) -> tuple[str, bytes]:
    """Return (OK, item path) for `fetch_secret`, else as `read_secret` does."""
    return _with_lock(
        seconds, lock_path, lambda until: _with_retries(_locate_item, address, service, user, until)
    )


def fetch_secret(
    address: bytes, item: bytes, seconds: float, lock_path: bytes = b""
) -> tuple[str, bytes]:
    """Return a known item's secret as `read_secret` does, in two round trips after Hello."""
    return _with_lock(seconds, lock_path, lambda until: _fetch_known_item(address, item, until))


def _with_lock(
    seconds: float, lock_path: bytes, ask: "Callable[[float], tuple[str, bytes]]"
) -> tuple[str, bytes]:
    until = time.monotonic() + seconds
    lock = acquire_lock(lock_path, seconds / 2) if lock_path else -1
    try:
        return ask(until)
    except BusError as error:
        return error.status, error.why.encode()
    except TimeoutError:
        return NO_RESPONSE, b"it didn't answer within %.1f seconds" % seconds
    except OSError as error:
        return PROTOCOL_ERROR, b"the session bus can't be used: " + posix.strerror(
            error.errno or 0
        ).encode()
    except (ValueError, IndexError):
        return PROTOCOL_ERROR, b"the session bus doesn't speak D-Bus"
    finally:
        release_lock(lock)


def acquire_lock(path: bytes, seconds: float) -> int:
    """Wait for the lock on the file `path`; return its descriptor, or -1 after `seconds`.

    The lock is advisory, so callers continue without it. It belongs to the process (POSIX), so
    threads need a lock of their own.
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
    """Release the lock, if it was acquired."""
    if descriptor >= 0:
        posix.close(descriptor)


def _with_retries(
    conversation: "Callable[[bytes, bytes, bytes, float], tuple[str, bytes]]",
    address: bytes,
    service: bytes,
    user: bytes,
    until: float,
) -> tuple[str, bytes]:
    for tries in range(_TRIES):
        try:
            return conversation(address, service, user, until)
        except BusError as error:
            # A service that has replied before isn't absent: it has failed
            last = (
                BusError(PROTOCOL_ERROR, error.why)
                if tries and error.status == NOT_RUNNING
                else error
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
        status, item = _find_item_path(bus, service, user)
        return (OK, _get_secret(bus, item)) if status == OK else (status, item)
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
        raise BusError(PROTOCOL_ERROR, "ReadAlias: unexpected reply")
    return body.text()


def _parse_session_path(body: BodyReader) -> bytes:
    if body.signature != b"vo" or body.name() != b"s":
        raise BusError(PROTOCOL_ERROR, "OpenSession: unexpected reply")
    body.text()
    return body.text()


def _parse_locked(body: BodyReader) -> bool:
    if body.signature != b"v" or body.name() != b"b":
        raise BusError(PROTOCOL_ERROR, "Locked: unexpected reply")
    return body.number() != 0


def _parse_first_item(body: BodyReader) -> bytes:
    """Return the path of the first matching item, or b""."""
    if body.signature != b"ao":
        raise BusError(PROTOCOL_ERROR, "SearchItems: unexpected reply")
    return body.text() if body.number() else b""


def _parse_secret(body: BodyReader) -> bytes:
    if body.signature != b"(oayays)":
        raise BusError(PROTOCOL_ERROR, "GetSecret: unexpected reply")
    body.text()
    body.blob()
    return body.blob()
